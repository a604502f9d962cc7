//! Arguments that several commands of `zwelnch ha` have: the instances of a sysplex, how they are asked, and what is expected of them.

use super::ValueError;
use crate::platform::operator_command::Interface;
use clap::Args;
use std::path::{Path, PathBuf};
use std::time::Duration;

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
    /// On z/OS: what issues operator commands, opercmd.rex, zoweax, opercmd (ZOAU), tsocmd, or the path of a program [default:
    /// components.launcher.consoleThrough, else the first that can]
    #[arg(long, value_name = "NAME")]
    pub console_through: Option<Interface>,
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

/// How an instance is replaced by its new version.
#[derive(Debug, Args)]
pub struct Replacement {
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
    /// TCP/IP stack of VARY TCPIP, where a system has several
    #[arg(long, value_name = "JOB")]
    pub stack: Option<String>,
    /// Runtime socket of an HAProxy, used instead of VARY TCPIP: a path, or HOST:PORT
    #[arg(long, value_name = "SOCKET", requires = "backend")]
    pub haproxy: Option<String>,
    /// Backend of the gateways in HAProxy; a server has the id of its HA instance
    #[arg(long, value_name = "NAME", requires = "haproxy")]
    pub backend: Option<String>,
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
