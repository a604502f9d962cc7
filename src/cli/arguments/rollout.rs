//! The arguments of `zwelnch ha rollout`.

use super::ReportFormat;
use super::sysplex::{Replacement, Sysplex, time};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Args)]
pub struct Rollout {
    /// Configuration of all instances as they are to be
    #[arg(
        long,
        value_name = "CONFIG",
        required_unless_present_any = ["resume", "undo", "pause", "history"],
        default_value = "",
        hide_default_value = true
    )]
    pub to: String,
    /// HA instances to replace, in this order [default: all, in the order of haInstances]
    #[arg(long, value_name = "ID,...", value_delimiter = ',')]
    pub instances: Vec<String>,
    /// How many are replaced at the same time, once the first one has proved itself; one that serves is always left
    #[arg(long, value_name = "COUNT", default_value = "1")]
    pub max_unavailable: usize,
    /// How long a new version is compared with its peers before the next instance is replaced
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    pub soak: Duration,
    /// How many errors more than its peers a new version may have during its soak; beyond that it is taken back and the rollout ends
    #[arg(long, value_name = "COUNT", default_value = "0")]
    pub max_errors: u64,
    /// Path that each gateway is asked for during a soak, besides its health; a status of 500 and above is an error; may be given several
    /// times
    #[arg(long, value_name = "PATH", value_parser = probe_path)]
    pub probe: Vec<String>,
    /// HA instance that is replaced first, and alone
    #[arg(long, value_name = "ID")]
    #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::instances()))]
    pub canary: Option<String>,
    /// Pause after so many instances; exit code 4
    #[arg(long, value_name = "COUNT")]
    pub pause_after: Option<usize>,
    /// Take up a rollout that is paused, halted, rolled back or was killed
    #[arg(long, conflicts_with_all = ["to", "undo", "pause", "history", "plan"])]
    pub resume: bool,
    /// Bring back what was before the last rollout, also after it was done; the last instance first
    #[arg(long, conflicts_with_all = ["to", "pause", "history"])]
    pub undo: bool,
    /// Ask the rollout that is under way to pause before its next instance
    #[arg(long, conflicts_with_all = ["to", "history", "plan"])]
    pub pause: bool,
    /// Show the last 20 rollouts and what each has changed
    #[arg(long, conflicts_with_all = ["to", "plan"])]
    pub history: bool,
    /// Print the order, each command and how long it may take, and do nothing
    #[arg(long)]
    pub plan: bool,
    /// text, or json: one document a line while it runs
    #[arg(long, value_enum, default_value = "text")]
    pub format: ReportFormat,
    /// Property that may be equal, or may differ, after all; or HA instance that may be left out because it does not run, or is upgraded
    /// anew after somebody has brought it back; may be given several times
    #[arg(long, value_name = "PROPERTY")]
    pub accept: Vec<String>,
    /// Program that is run when the rollout is halted, paused, rolled back or done, for 60 s at most; what happened is in variables that
    /// begin with ZWELNCH_ROLLOUT_
    #[arg(long, value_name = "PROGRAM")]
    pub notify: Option<PathBuf>,
    #[command(flatten)]
    pub replacement: Replacement,
    /// Directory that keeps the records and the audit log [default: one in $XDG_STATE_HOME/zwelnch or ~/.local/state/zwelnch]
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    #[command(flatten)]
    pub sysplex: Sysplex,
}

/// What a gateway may be asked for.
fn probe_path(text: &str) -> Result<String, super::ValueError> {
    let is_path = text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_path { Ok(text.to_owned()) } else { Err(super::ValueError::Path) }
}
