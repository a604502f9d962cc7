//! The command line's definition: parsing, help and completion come of it.

mod ha;
mod operate;

pub use ha::{Compare, Expectation, Ha, Haproxy, Reach, Sysplex, Upgrade};
pub use operate::{Addressee, Instances, Launcher, Level, Status, System, Waiting};

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// The launcher of Zowe's started task ZWESLSTC.
///
/// `zwelnch HA_INSTANCE_ID` with CONFIG in the environment runs an instance, as the PROC does. Everything else is a command.
#[derive(Debug, Parser)]
#[command(name = "zwelnch", version, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

/// The definition, for those who need more of it than its values.
pub fn command() -> clap::Command {
    Arguments::command()
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run an HA instance in this process, from S to P (CONFIG names its configuration)
    Launch {
        /// A key of haInstances
        ha_instance_id: Vec<String>,
    },
    /// Lay out the sample instance, start it and become its operator console
    Demo(Demo),
    /// Operate a system: issue one command, or many
    Console(Console),
    /// Develop a component: write a new one, run one in the foreground
    Component {
        #[command(subcommand)]
        command: ComponentCommand,
    },
    /// Show the components of the running instances, job by job (F job,APPL=DISP)
    Status(Status),
    /// Start HA instances, each on its system under its job name (S ZWESLSTC,HAINST=...,JOBNAME=...), or components of one
    Start(Instances),
    /// Stop HA instances (P job), or components of one
    Stop(Instances),
    #[command(flatten)]
    Launcher(Launcher),
    /// Print the PROC to install, or another member for z/OS, edited
    Jcl {
        /// Name of the member; --list shows all
        #[arg(default_value = "ZWESLSTC")]
        member: String,
        /// List the members with what they are for
        #[arg(long, conflicts_with_all = ["set_config", "set"])]
        list: bool,
        /// Value of CONFIG: a path, or FILE(...) and PARMLIB(...) joined with `:`
        #[arg(long, value_name = "VALUE")]
        set_config: Option<String>,
        /// Value of a symbol of its PROC or SET statements, several times for several
        #[arg(long, value_name = "SYMBOL=VALUE", value_parser = symbol)]
        set: Vec<(String, String)>,
    },
    /// Find everything that is wrong with a configuration; nothing is started
    Check {
        /// HA instance, several times for several; without it all of haInstances
        #[arg(short = 'i', long = "ha-instance", value_name = "ID")]
        ha_instance: Vec<String>,
        /// Configuration as in CONFIG [default: the environment variable CONFIG]
        #[arg(short, long, value_name = "CONFIG")]
        config: Option<String>,
        #[arg(long, value_enum, default_value = "text")]
        format: ReportFormat,
        /// The start-up checks too, as zowe.launchScript.startupChecks has them: binds ports, reads certificates, runs java and node, asks
        /// z/OSMF
        #[arg(long)]
        startup: bool,
        /// Instead: what behaves differently than under ZWELNCH, for this configuration
        #[arg(long)]
        compare_zwelnch: bool,
        /// With --compare-zwelnch: what differs for every configuration alike, too
        #[arg(long, requires = "compare_zwelnch")]
        all: bool,
    },
    /// Print the merged and evaluated configuration
    Config {
        #[command(flatten)]
        selection: Selection,
        #[arg(long, value_enum, default_value = "yaml")]
        format: Format,
        /// One property only, as in zowe.job.name
        #[arg(long, value_name = "PROPERTY")]
        path: Option<String>,
        /// Each leaf on a line of its own, with the file, line and column that set it
        #[arg(long)]
        origin: bool,
        /// Print passwords and the like instead of masking them
        #[arg(long)]
        show_secrets: bool,
    },
    /// Print the environment variables that an instance or a component sees
    Env {
        #[command(flatten)]
        selection: Selection,
        /// A component, for the variables that it sees besides those of the instance
        component: Option<String>,
        /// Another HA instance: only what differs, `-` for the one named with -i, `+` for the other
        #[arg(long, value_name = "OTHER_ID")]
        diff: Option<String>,
        /// Print passwords and the like instead of masking them
        #[arg(long)]
        show_secrets: bool,
    },
    /// Print what a start would do: components in play, commands in their order, settings in force, files that are written
    Plan(Selection),
    /// High availability: compare configurations, look at instances, replace one without an interruption
    Ha {
        #[command(subcommand)]
        command: Ha,
    },
    /// Print man pages and shell completions
    Generate {
        #[command(subcommand)]
        document: Generated,
    },
    /// Parts of zwelnch that it runs itself
    #[command(hide = true)]
    Internal {
        #[command(subcommand)]
        command: Internal,
    },
}

/// What is wrong with the value of an option; clap says it with the option and the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum ValueError {
    #[error("SYMBOL=VALUE is expected, as in USER=ZWESVUSR")]
    Symbol,
    #[error("a number with s, m or h is expected, as in 90s")]
    Time,
    #[error("a time between 0 and some years is expected")]
    TimeRange,
    #[error("SERVICE=COUNT is expected, as in gateway=2")]
    Count,
}

/// `SYMBOL=VALUE`.
fn symbol(text: &str) -> Result<(String, String), ValueError> {
    let (name, value) = text.split_once('=').ok_or(ValueError::Symbol)?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

#[derive(Debug, Args)]
pub struct Selection {
    /// HA instance; without it the configuration itself, without an overlay
    #[arg(short = 'i', long = "ha-instance", value_name = "ID")]
    pub ha_instance: Option<String>,
    /// Configuration as in CONFIG [default: the environment variable CONFIG]
    #[arg(short, long, value_name = "CONFIG")]
    pub config: Option<String>,
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
    #[command(subcommand)]
    pub command: Option<DemoCommand>,
}

#[derive(Debug, Subcommand)]
pub enum ComponentCommand {
    /// Write a minimal component: manifest, scripts, schema, static definition
    New {
        /// Letters, digits, '-' and '_'
        name: String,
        /// Its directory; nothing in it is overwritten [default: ./NAME]
        dir: Option<PathBuf>,
    },
    /// Validate, configure and start one component of an instance in the foreground; Ctrl-C ends it, its exit code is the command's
    Run {
        /// An installed component, enabled or not
        name: String,
        /// HA instance whose configuration and workspace it runs with; the instance itself must not be running
        #[arg(short = 'i', long = "ha-instance", value_name = "ID")]
        ha_instance: String,
        /// Configuration as in CONFIG [default: the environment variable CONFIG]
        #[arg(short, long, value_name = "CONFIG")]
        config: Option<String>,
        /// Restart it when files of its directory change and it is still valid with them
        #[arg(long)]
        watch: bool,
    },
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

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Format {
    Yaml,
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ReportFormat {
    /// For people; problems with the source line and a caret on a terminal
    Text,
    /// For tools
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Generated {
    /// The man page in roff: of zwelnch, or of one of its commands
    Man {
        /// Words of the command, as in `ha compare`
        command: Vec<String>,
    },
    /// The completion script of a shell
    Completion {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
pub enum Internal {
    /// Runs the step of a started task
    Initiator { job_directory: PathBuf },
}
