//! The arguments of the commands that show what has happened.

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use std::path::PathBuf;

/// Whose journal.
#[derive(Debug, Default, Args)]
pub struct Seen {
    /// HA instance [default: the only one, else that of this system]
    #[arg(short = 'i', long = "ha-instance", value_name = "ID")]
    pub ha_instance: Option<String>,
    /// Configuration as in CONFIG, which says where the journal is [default: the environment variable CONFIG]
    #[arg(short, long, value_name = "CONFIG")]
    pub config: Option<String>,
    /// System directory whose last job is asked, in place of a configuration [default: ZWELNCH_SYSTEM, else one below the XDG state home]
    #[cfg(feature = "emulation")]
    #[arg(long, value_name = "DIR")]
    pub system: Option<PathBuf>,
    /// Job, where the system has had several: its name, or its job id, as in STC00002
    #[cfg(feature = "emulation")]
    #[arg(long, value_name = "NAME")]
    pub job: Option<String>,
}

/// `events`.
#[derive(Debug, Args)]
pub struct Events {
    /// Only what concerns this component, several times for several; `*` stands for anything
    #[arg(long, value_name = "COMPONENT")]
    pub component: Vec<String>,
    /// Go on with events as they happen
    #[arg(short, long)]
    pub follow: bool,
    /// Since when: 10m, 2h, 3d back from now, or a time in UTC, as in 14:30 or '2026-11-27 14:30:00'
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<Timestamp>,
    /// Only the last N
    #[arg(short = 'n', long = "lines", value_name = "N")]
    pub last: Option<usize>,
    #[arg(long, value_enum, default_value = "text")]
    pub format: EventFormat,
    /// This journal; `-`: one that comes on standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ha_instance", "config"])]
    pub journal: Option<PathBuf>,
    #[command(flatten)]
    pub seen: Seen,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum EventFormat {
    /// For people, a line each
    Text,
    /// For tools, an object a line, as in the journal
    Json,
}

/// `logs`.
#[derive(Debug, Args)]
pub struct Logs {
    /// Component, or a pattern as in 'api-*'; none: all of them and the launcher
    #[arg(value_name = "COMPONENT")]
    pub components: Vec<String>,
    /// Go on with lines as they come
    #[arg(short, long)]
    pub follow: bool,
    /// Since when: 10m, 2h, 3d back from now, or a time in UTC, as in 14:30 or '2026-11-27 14:30:00'
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<Timestamp>,
    /// Only lines that match a regular expression
    #[arg(long, value_name = "REGEX")]
    pub grep: Option<regex::Regex>,
    /// Only the last N
    #[arg(short = 'n', long = "lines", value_name = "N")]
    pub last: Option<usize>,
    #[command(flatten)]
    pub seen: Seen,
}

/// `panel`.
#[cfg(feature = "emulation")]
#[derive(Debug, Args)]
pub struct Panel {
    /// Only this journal, of an instance that runs elsewhere; `-`: one that comes on standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ha_instance", "config", "system", "job"])]
    pub journal: Option<PathBuf>,
    #[command(flatten)]
    pub seen: Seen,
}

/// `why`.
#[derive(Debug, Args)]
pub struct Why {
    /// The component whose last failure is told
    pub component: String,
    /// This journal; `-`: one that comes on standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ha_instance", "config"])]
    pub journal: Option<PathBuf>,
    #[command(flatten)]
    pub seen: Seen,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// Message id, with or without the letter of its severity
    #[arg(value_name = "ID", required_unless_present = "list")]
    pub ids: Vec<String>,
    /// List all messages
    #[arg(long, conflicts_with = "ids")]
    pub list: bool,
}

fn since(text: &str) -> Result<Timestamp, crate::seeing::SinceError> {
    crate::seeing::parse_since(text, Timestamp::now())
}
