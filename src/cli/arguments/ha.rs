//! The arguments of `zwelnch ha`.

use super::sysplex::{Expectation, Reach, Replacement, Sysplex, time};
use super::{ReportFormat, Rollout};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Subcommand)]
pub enum Ha {
    /// Class every difference of two configurations: must differ, must be the same, allowed
    Compare(Compare),
    /// Show every HA instance: launcher, components, gateway, what its Discovery Service knows and lacks; exit code 4 unless all is well
    Status {
        #[command(flatten)]
        sysplex: Sysplex,
        #[command(flatten)]
        balancer: Balanced,
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
        /// json: one document at the end, nothing while it waits
        #[arg(long, value_enum, default_value = "text")]
        format: ReportFormat,
    },
    /// Replace an HA instance by its new version while its peers go on serving; the same command goes on where it was interrupted
    Upgrade(Box<Upgrade>),
    /// Replace every HA instance by its new version, one after the other, while the others serve
    Rollout(Box<Rollout>),
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
    #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::instances()))]
    pub a_instance: Option<String>,
    /// HA instance of B
    #[arg(long, value_name = "ID")]
    #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::instances()))]
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
    /// File that keeps who is drained over a reload of HAProxy [default: server-state beside the socket]
    #[arg(long, value_name = "PATH")]
    pub state_file: Option<String>,
    /// Path at which a gateway tells that it is well; 200, 401 and 403 are alive
    #[arg(long, value_name = "PATH", default_value = "/application/health")]
    pub health: String,
    /// Where clients connect: an address, * for all, or ADDRESS:PORT [port: zowe.externalPort]
    #[arg(long, value_name = "ADDRESS", default_value = "*")]
    pub bind: String,
}

/// What distributes the connections, where that is to be shown.
#[derive(Debug, Args)]
pub struct Balanced {
    /// Runtime socket of an HAProxy, asked instead of D TCPIP,,NETSTAT: a path, or HOST:PORT
    #[arg(long, value_name = "SOCKET", requires = "backend")]
    pub haproxy: Option<String>,
    /// Backend of the gateways in HAProxy; each server has the id of its HA instance
    #[arg(long, value_name = "NAME", requires = "haproxy")]
    pub backend: Option<String>,
    /// TCP/IP stack of D TCPIP, where a system has several
    #[arg(long, value_name = "JOB")]
    pub stack: Option<String>,
}

#[derive(Debug, Args)]
pub struct Upgrade {
    /// Configuration of the instance as it runs now
    #[arg(long, value_name = "CONFIG", required_unless_present = "show", default_value = "", hide_default_value = true)]
    pub old: String,
    /// Configuration of the instance as it is to be
    #[arg(long, value_name = "CONFIG", required_unless_present = "show", default_value = "", hide_default_value = true)]
    pub new: String,
    /// Configuration of the instances that go on serving: one for all of them, or ID=CONFIG for each
    #[arg(long, value_name = "[ID=]CONFIG", required_unless_present = "show")]
    pub peer: Vec<String>,
    /// HA instance to replace
    #[arg(
        short = 'i',
        long = "ha-instance",
        value_name = "ID",
        required_unless_present = "show",
        default_value = "",
        hide_default_value = true
    )]
    #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::instances()))]
    pub id: String,
    /// Show whose upgrade of this sysplex is under way, since when and at which step, and do nothing; exit code 4 when there is one
    #[arg(long, conflicts_with_all = ["plan", "step", "rollback"])]
    pub show: bool,
    /// With --show: configuration as in CONFIG, instead of --old, --new and --peer [default: the environment variable CONFIG]
    #[arg(short, long, value_name = "[ID=]CONFIG", requires = "show")]
    pub config: Vec<String>,
    /// Print every step and command, and do nothing
    #[arg(long)]
    pub plan: bool,
    /// With --plan
    #[arg(long, value_enum, default_value = "text", requires = "plan")]
    pub format: ReportFormat,
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
    #[command(flatten)]
    pub replacement: Replacement,
    /// Server of the instance in the backend [default: the HA instance's id]
    #[arg(long, value_name = "NAME", requires = "haproxy")]
    pub server: Option<String>,
    /// File that keeps the progress [default: one in $XDG_STATE_HOME/zwelnch or ~/.local/state/zwelnch]
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// A rollout makes it, which keeps others away
    #[arg(long, hide = true)]
    pub of_rollout: bool,
    /// The rollout makes another one at the same time
    #[arg(long, hide = true, requires = "of_rollout")]
    pub together: bool,
    #[command(flatten)]
    pub reach: Reach,
}
