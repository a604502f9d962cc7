//! The arguments of `zwelnch support` and `check --zos-install`.

use super::sysplex::time;
use clap::Args;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Debug, Args)]
pub struct Support {
    /// HA instance, several times for several; without it all of haInstances
    #[arg(short = 'i', long = "ha-instance", value_name = "ID")]
    #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::instances()))]
    pub ids: Vec<String>,
    /// Configuration as in CONFIG [default: the environment variable CONFIG; without one, what there is besides]
    #[arg(short, long, value_name = "CONFIG")]
    pub config: Option<String>,
    /// The archive; it must not exist [default: zwelnch-support-SYSTEM-DATE-TIME.tar here]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the archive if it exists
    #[arg(long, requires = "output")]
    pub force: bool,
    /// How long the whole may take: 90s, 5m
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = time)]
    pub timeout: Duration,
    /// System directory whose console is used [default: ZWELNCH_SYSTEM, else one below the XDG state home]
    #[cfg(feature = "emulation")]
    #[arg(long, value_name = "DIR")]
    pub system: Option<PathBuf>,
}

impl Support {
    /// The system directory that was named: where systems are directories.
    pub fn system(&self) -> Option<&Path> {
        #[cfg(feature = "emulation")]
        return self.system.as_deref();
        #[cfg(not(feature = "emulation"))]
        None
    }
}

/// What `check --zos-install` looks at.
#[derive(Debug, Args)]
pub struct Installation {
    /// Instead: what an installation on z/OS lacks: program, PROC, files, tags, sizes, and the profiles to verify
    #[arg(long, conflicts_with_all = ["startup", "compare_zwelnch", "ha_instance"])]
    pub zos_install: bool,
    /// With --zos-install: the PROC, a file or "//'USER.PROCLIB(ZWESLSTC)'"
    #[arg(long, value_name = "MEMBER", requires = "zos_install")]
    pub proc: Option<String>,
    /// With --zos-install: directory with a copy of the installation's file systems, /usr/lpp and so on
    #[arg(long, value_name = "DIR", requires = "zos_install")]
    pub root: Option<PathBuf>,
}
