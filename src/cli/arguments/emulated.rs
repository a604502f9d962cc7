//! The arguments of what there is off z/OS only.

use super::ValueError;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A system off z/OS and a job of it.
#[derive(Debug, Args)]
pub struct System {
    /// System directory [default: ZWELNCH_SYSTEM, else one below the XDG state home]
    #[arg(long, value_name = "DIR")]
    pub system: Option<PathBuf>,
    /// Job, where the system runs several: its name, or its job id, as in STC00002
    #[arg(long, value_name = "NAME")]
    #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::jobs()))]
    pub job: Option<String>,
}

/// `status`.
#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    pub system: System,
    #[arg(long, value_enum, default_value = "text")]
    pub format: StatusFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum StatusFormat {
    /// For people
    Text,
    /// For tools
    Json,
    /// For Prometheus, as the port of components.launcher.metrics gives it
    Openmetrics,
}

#[derive(Debug, Args)]
pub struct Console {
    #[command(flatten)]
    pub system: System,
    /// Command to issue, as in `S ZWESLSTC,HAINST=lpar1`; none: interactive
    #[arg(trailing_var_arg = true)]
    pub command: Vec<String>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Demo {
    /// Where the sample instance lives; kept
    #[arg(long, value_name = "DIR", default_value = "zowe-demo")]
    pub dir: PathBuf,
    /// First port of the sample instance
    #[arg(long, value_name = "N", default_value_t = crate::demo::layout::DEFAULT_PORT_BASE)]
    pub port_base: u16,
    /// Two systems, LPR1 and LPR2, each with an HA instance; RO reaches the other
    #[arg(long)]
    pub sysplex: bool,
    /// Its operator console where the panel would be opened: on a terminal
    #[arg(long)]
    pub console: bool,
    #[command(subcommand)]
    pub command: Option<DemoCommand>,
}

/// `jcl`.
#[derive(Debug, Args)]
pub struct Jcl {
    /// Name of the member; --list shows all
    #[arg(default_value = "ZWESLSTC")]
    pub member: String,
    /// List the members with what they are for
    #[arg(long, conflicts_with_all = ["set_config", "set"])]
    pub list: bool,
    /// Value of CONFIG: a path, or FILE(...) and PARMLIB(...) joined with `:`
    #[arg(long, value_name = "VALUE")]
    pub set_config: Option<String>,
    /// Value of a symbol of its PROC or SET statements, several times for several
    #[arg(long, value_name = "SYMBOL=VALUE", value_parser = symbol)]
    pub set: Vec<(String, String)>,
}

/// `SYMBOL=VALUE`.
fn symbol(text: &str) -> Result<(String, String), ValueError> {
    let (name, value) = text.split_once('=').ok_or(ValueError::Symbol)?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

#[derive(Debug, Subcommand)]
pub enum DemoCommand {
    /// A small service, as the components of the sample instance run them
    Service {
        #[arg(value_enum)]
        kind: Service,
        /// How it calls itself
        #[arg(long, default_value = "demo")]
        name: String,
        /// http: port to listen on; pinger: port to call
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// pinger: what to call
        #[arg(long)]
        url: Option<String>,
        /// pinger, echo: seconds between calls or lines
        #[arg(long, default_value_t = 5.0)]
        every: f64,
        /// flaky: seconds to the crash
        #[arg(long, default_value_t = 30.0)]
        after: f64,
        /// flaky: file that remembers how it crashed last
        #[arg(long)]
        state: Option<PathBuf>,
        /// echo: text of its line
        #[arg(long, default_value = "")]
        text: String,
        /// http, discovery, gateway: name it is reached by; it listens at that address
        #[arg(long, default_value = "127.0.0.1")]
        host: String,
        /// http, gateway: Discovery Services to register with, with commas between; they are spoken to without TLS, https:// or not
        #[arg(long, value_name = "URLS")]
        register: Vec<String>,
        /// discovery: the others, with commas between; its own URL among them is passed over
        #[arg(long, value_name = "URLS")]
        peer: Vec<String>,
        /// http, discovery, gateway: seconds between renewals of its registration, whose lease is three times as long
        #[arg(long, default_value_t = 30.0)]
        renew: f64,
        /// discovery: how one element of a list is written in JSON; real ones do both
        #[arg(long, value_enum, default_value = "list")]
        shape: Shape,
        /// discovery: give and take no copies, to rehearse a registry that never agrees
        #[arg(long)]
        deaf: bool,
        /// gateway: what it calls its version
        #[arg(long)]
        version: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Shape {
    List,
    Object,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Service {
    Http,
    Pinger,
    Flaky,
    Echo,
    Discovery,
    Gateway,
}

#[derive(Debug, Subcommand)]
pub enum Internal {
    /// Runs the step of a started task
    Initiator { job_directory: PathBuf },
}
