//! The arguments of `zwelnch ha`.

use super::{ReportFormat, ValueError};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Debug, Subcommand)]
pub enum Ha {
    /// Class every difference of two configurations: must differ, must be the same, allowed
    Compare(Compare),
    /// Show every HA instance: launcher, components, gateway, what its Discovery Service knows and lacks; exit code 4 unless all is well
    Status {
        #[command(flatten)]
        sysplex: Sysplex,
        #[arg(long, value_enum, default_value = "text")]
        format: ReportFormat,
        /// Again and again, every so many seconds
        #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "5", require_equals = true, value_parser = time)]
        watch: Option<Duration>,
    },
    /// Wait until all Discovery Services agree and hold the expected services; exit code 8 with the differences when they do not in time
    Verify {
        #[command(flatten)]
        sysplex: Sysplex,
        #[command(flatten)]
        expectation: Expectation,
    },
    /// Replace an HA instance by its new version while its peers go on serving; the same command goes on where it was interrupted
    Upgrade(Box<Upgrade>),
    /// Print the configuration of an HAProxy in front of the gateways of all HA instances
    Haproxy(Haproxy),
}

#[derive(Debug, Args)]
pub struct Compare {
    /// Configuration of the instance that goes on serving, as in CONFIG
    pub a: String,
    /// Configuration of the instance that is replaced, as in CONFIG
    #[arg(required_unless_present = "write_b")]
    pub b: Option<String>,
    /// HA instance of A; without it A itself, without an overlay
    #[arg(long, value_name = "ID")]
    pub a_instance: Option<String>,
    /// HA instance of B
    #[arg(long, value_name = "ID")]
    pub b_instance: Option<String>,
    /// A property, as in java.home: a violation at or below it is meant, and not counted; may be given several times
    #[arg(long, value_name = "PROPERTY")]
    pub accept: Vec<String>,
    #[arg(long, value_enum, default_value = "text")]
    pub format: ReportFormat,
    /// Instead: write a configuration of B from that of A, what must differ left as choices to make; FILE must not exist
    #[arg(long, value_name = "FILE", conflicts_with_all = ["b", "a_instance", "b_instance", "accept", "format"])]
    pub write_b: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Haproxy {
    /// Configuration as in CONFIG [default: the environment variable CONFIG]
    #[arg(short, long, value_name = "CONFIG")]
    pub config: Option<String>,
    /// Name of the backend
    #[arg(long, value_name = "NAME", default_value = "gateway")]
    pub backend: String,
    /// Runtime socket, through which traffic is switched
    #[arg(long, value_name = "PATH", default_value = "/run/haproxy/admin.sock")]
    pub socket: String,
    /// Where clients connect: an address, * for all, or ADDRESS:PORT [port: zowe.externalPort]
    #[arg(long, value_name = "ADDRESS", default_value = "*")]
    pub bind: String,
}

/// The instances of a sysplex and how they are asked.
#[derive(Debug, Args)]
pub struct Sysplex {
    /// Configuration as in CONFIG: one for all HA instances, or one for each in the order of haInstances, or ID=CONFIG [default: the
    /// environment variable CONFIG]
    #[arg(short, long, value_name = "[ID=]CONFIG")]
    pub config: Vec<String>,
    #[command(flatten)]
    pub reach: Reach,
}

#[derive(Debug, Args)]
pub struct Reach {
    /// System directory whose console is used [default: ZWELNCH_SYSTEM, else one below the XDG state home]
    #[cfg(feature = "emulation")]
    #[arg(long, value_name = "DIR")]
    pub system: Option<PathBuf>,
    /// Client certificate, PEM [default: that of the instance's configuration]
    #[arg(long, value_name = "FILE", requires = "key")]
    pub certificate: Option<PathBuf>,
    /// Its private key, PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub key: Option<PathBuf>,
    /// Certificate authority that servers are verified against, PEM; may be given several times [default: the instance's trust store]
    #[arg(long, value_name = "FILE")]
    pub ca: Vec<PathBuf>,
}

impl Reach {
    /// The system directory that was named: where systems are directories.
    pub fn system(&self) -> Option<&Path> {
        #[cfg(feature = "emulation")]
        return self.system.as_deref();
        #[cfg(not(feature = "emulation"))]
        None
    }
}

#[derive(Debug, Args)]
pub struct Expectation {
    /// Service and how many instances of it are to be UP, besides those that the manifests tell; may be given several times
    #[arg(long, value_name = "SERVICE=COUNT", value_parser = count)]
    pub expect: Vec<(String, usize)>,
    /// How long the Discovery Services may take to agree: 90s, 5m
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = time)]
    pub timeout: Duration,
}

#[derive(Debug, Args)]
pub struct Upgrade {
    /// Configuration of the instance as it runs now
    #[arg(long, value_name = "CONFIG")]
    pub old: String,
    /// Configuration of the instance as it is to be
    #[arg(long, value_name = "CONFIG")]
    pub new: String,
    /// Configuration of the instances that go on serving: one for all of them, or ID=CONFIG for each
    #[arg(long, value_name = "[ID=]CONFIG", required = true)]
    pub peer: Vec<String>,
    /// HA instance to replace
    #[arg(short = 'i', long = "ha-instance", value_name = "ID")]
    pub id: String,
    /// Print every step and command, and do nothing
    #[arg(long)]
    pub plan: bool,
    /// Ask before each step
    #[arg(long, conflicts_with = "plan")]
    pub step: bool,
    /// Bring the old instance back, however far an interrupted upgrade had come
    #[arg(long, conflicts_with_all = ["plan", "step"])]
    pub rollback: bool,
    /// Stop where a step fails instead of rolling back
    #[arg(long)]
    pub no_rollback: bool,
    /// Property that may be equal, or may differ, after all; may be given several times
    #[arg(long, value_name = "PROPERTY")]
    pub accept: Vec<String>,
    /// How long connections may take to end before the old instance is stopped
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = time)]
    pub drain: Duration,
    /// How long an instance may take to end
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = time)]
    pub stop_timeout: Duration,
    /// How long the new instance may take to become ready
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = time)]
    pub ready_timeout: Duration,
    /// How long the old instance may take to become ready again in a rollback
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = time)]
    pub rollback_timeout: Duration,
    #[command(flatten)]
    pub expectation: Expectation,
    /// PROC of the old instance [default: its zowe.setup.security.stcs.zowe, else ZWESLSTC]
    #[arg(long, value_name = "MEMBER")]
    pub old_member: Option<String>,
    /// PROC of the new instance [default: its zowe.setup.security.stcs.zowe, else ZWESLSTC]
    #[arg(long, value_name = "MEMBER")]
    pub new_member: Option<String>,
    /// TCP/IP stack of VARY TCPIP, where the system has several
    #[arg(long, value_name = "JOB")]
    pub stack: Option<String>,
    /// Runtime socket of an HAProxy, used instead of VARY TCPIP: a path, or HOST:PORT
    #[arg(long, value_name = "SOCKET", requires = "backend")]
    pub haproxy: Option<String>,
    /// Backend of the gateways in HAProxy
    #[arg(long, value_name = "NAME", requires = "haproxy")]
    pub backend: Option<String>,
    /// Server of the instance in the backend [default: the HA instance's id]
    #[arg(long, value_name = "NAME", requires = "haproxy")]
    pub server: Option<String>,
    /// File that keeps the progress [default: one in $XDG_STATE_HOME/zwelnch or ~/.local/state/zwelnch]
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    #[command(flatten)]
    pub reach: Reach,
}

/// `90`, `90s`, `5m`, `1h`.
pub(super) fn time(text: &str) -> Result<Duration, ValueError> {
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..).unwrap_or_default() {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(ValueError::Time),
    };
    let number: f64 = digits.parse().map_err(|_| ValueError::Time)?;
    Duration::try_from_secs_f64(number * unit).map_err(|_| ValueError::TimeRange)
}

/// `SERVICE=COUNT`.
fn count(text: &str) -> Result<(String, usize), ValueError> {
    let (service, count) = text.split_once('=').ok_or(ValueError::Count)?;
    Ok((service.trim().to_owned(), count.trim().parse().map_err(|_| ValueError::Count)?))
}
