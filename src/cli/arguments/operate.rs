//! The arguments of the commands that operate instances and their components.

use super::sysplex::time;
use crate::platform::operator_command::Interface;
use clap::{Args, Subcommand, ValueEnum};
use std::path::Path;
#[cfg(feature = "emulation")]
use std::path::PathBuf;
use std::time::Duration;

/// Which instances, and at which console.
#[derive(Debug, Default, Args)]
pub struct Addressee {
    /// HA instance; may be given several times [default: the only one, else that of this system]
    #[arg(short = 'i', long = "ha-instance", value_name = "ID")]
    #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::instances()))]
    pub ids: Vec<String>,
    /// All instances of haInstances
    #[arg(long, conflicts_with = "ids")]
    pub all: bool,
    /// Job by its name, off z/OS also by its job id, as in STC00002 [default: zowe.job.name]
    #[arg(long, value_name = "NAME", conflicts_with_all = ["all"])]
    #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::jobs()))]
    pub job: Option<String>,
    /// Configuration as in CONFIG [default: the environment variable CONFIG]
    #[arg(short, long, value_name = "CONFIG")]
    pub config: Option<String>,
    /// Only print the operator commands, for somebody else to type
    #[arg(long)]
    pub print: bool,
    /// On z/OS: what issues operator commands, opercmd.rex, zoweax, opercmd (ZOAU), tsocmd, or the path of a program [default:
    /// components.launcher.consoleThrough, else the first that can]
    #[arg(long, value_name = "NAME")]
    pub console_through: Option<Interface>,
    /// System directory whose console is used [default: ZWELNCH_SYSTEM, else one below the XDG state home]
    #[cfg(feature = "emulation")]
    #[arg(long, value_name = "DIR")]
    pub system: Option<PathBuf>,
}

impl Addressee {
    /// The system directory that was named: where systems are directories.
    pub fn system(&self) -> Option<&Path> {
        #[cfg(feature = "emulation")]
        return self.system.as_deref();
        #[cfg(not(feature = "emulation"))]
        None
    }
}

/// Whether the command waits for what it has begun.
#[derive(Debug, Default, Args)]
pub struct Waiting {
    /// Wait until what is started is ready, or what is stopped has ended, and show the progress
    #[arg(long, conflicts_with = "print")]
    pub wait: bool,
    /// How long that may take: 90s, 5m [default: 10m for a start, 5m for a stop]
    #[arg(long, value_name = "TIME", requires = "wait", value_parser = time)]
    pub timeout: Option<Duration>,
}

/// `start` and `stop`: without a component, of instances.
#[derive(Debug, Default, Args)]
pub struct Instances {
    /// Component, or a pattern as in 'api-*'; none: the HA instance itself. HA instances are named with -i
    #[arg(value_name = "COMPONENT")]
    #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::components()))]
    pub components: Vec<String>,
    #[command(flatten)]
    pub addressee: Addressee,
    #[command(flatten)]
    pub waiting: Waiting,
    /// Name of the PROC [default: zowe.setup.security.stcs.zowe, else ZWESLSTC]
    #[arg(long, value_name = "MEMBER", conflicts_with = "components")]
    pub member: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Level {
    Debug,
    Info,
}

/// What a launcher is told: F job,APPL=..., typed in a shell.
#[derive(Debug, Subcommand)]
pub enum Launcher {
    /// Restart components with the configuration as it is now (F job,APPL=RESTART(...))
    Restart {
        /// Component, or a pattern as in 'api-*'
        #[arg(value_name = "COMPONENT", required = true)]
        #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::components()))]
        components: Vec<String>,
        /// Those that depend on them too
        #[arg(long)]
        cascade: bool,
        #[command(flatten)]
        addressee: Addressee,
        #[command(flatten)]
        waiting: Waiting,
    },
    /// Read the configuration anew and apply what has changed (F job,APPL=RELOAD)
    Reload {
        /// Only tell what would be done
        #[arg(long)]
        check: bool,
        #[command(flatten)]
        addressee: Addressee,
    },
    /// Show components as the operator sees them (F job,APPL=DISP)
    #[command(visible_alias = "display")]
    Disp {
        /// Component, or a pattern as in 'api-*'; none: all of them
        #[arg(value_name = "COMPONENT")]
        #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::components()))]
        components: Vec<String>,
        /// Processes, CPU, memory, ports and the last end of each
        #[arg(long)]
        detail: bool,
        #[command(flatten)]
        addressee: Addressee,
    },
    /// Send a line to the standard input of a component (F job,APPL=SEND(...))
    Send {
        #[arg(value_name = "COMPONENT")]
        #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::components()))]
        component: String,
        /// The line; several words are joined with blanks
        #[arg(required = true)]
        line: Vec<String>,
        #[command(flatten)]
        addressee: Addressee,
    },
    /// Write debug lines, or not (F job,APPL=LOGLEVEL(...))
    Loglevel {
        #[arg(value_enum)]
        level: Level,
        #[command(flatten)]
        addressee: Addressee,
    },
    /// Begin new log files of components (F job,APPL=LOGROTATE)
    Logrotate {
        #[command(flatten)]
        addressee: Addressee,
    },
}
