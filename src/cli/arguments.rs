//! The command line's definition: parsing, help and completion come of it.

mod chart;
#[cfg(feature = "emulation")]
mod emulated;
mod ha;
mod operate;
mod package;
mod rollout;
mod seeing;
mod support;
mod sysplex;

pub(super) use chart::{Chart, ChartFormat};
#[cfg(feature = "emulation")]
pub(super) use emulated::{Console, Demo, DemoCommand, Internal, Jcl, Service, Shape, Status, StatusFormat};
pub(super) use ha::{Balanced, Compare, Ha, Haproxy, Upgrade};
pub(super) use operate::{Addressee, Instances, Launcher, Level, Waiting};
pub(super) use package::{Asking, Editing, Package};
pub(super) use rollout::Rollout;
#[cfg(feature = "emulation")]
pub(super) use seeing::Panel;
pub(super) use seeing::{EventFormat, Events, Explain, Logs, Seen, Why};
pub(super) use support::{Installation, Support};
pub(super) use sysplex::{Expectation, Reach, Sysplex};

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
#[cfg(feature = "emulation")]
use std::path::PathBuf;

/// The launcher of Zowe's started task ZWESLSTC.
///
/// `zwelnch HA_INSTANCE_ID` with CONFIG in the environment runs an instance, as the PROC does. Everything else is a command.
#[derive(Debug, Parser)]
#[command(name = "zwelnch", version, arg_required_else_help = true)]
pub struct Arguments {
    /// Colours by severity; auto: on a terminal, unless NO_COLOR is set or TERM is dumb
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto", hide_default_value = true)]
    pub color: Color,
    #[command(subcommand)]
    pub command: Subcommands,
}

/// The definition, for those who need more of it than its values.
pub fn command() -> clap::Command {
    Arguments::command()
}

#[derive(Debug, Subcommand)]
pub enum Subcommands {
    /// Run an HA instance in this process, from S to P (CONFIG names its configuration)
    Launch {
        /// A key of haInstances
        ha_instance_id: Vec<String>,
    },
    /// Lay out the sample instance, start it and show it: on a terminal in the panel, else with an operator console
    #[cfg(feature = "emulation")]
    Demo(Demo),
    /// Operate a system: issue one command, or many
    #[cfg(feature = "emulation")]
    Console(Console),
    /// Watch an instance and operate it on a screen of its own: components, logs, events, chart, HA, configuration, jobs
    #[cfg(feature = "emulation")]
    Panel(Panel),
    /// Components: install, enable, list them; develop one: write a new one, run it in the foreground, pack it
    Component {
        #[command(subcommand)]
        command: ComponentCommand,
    },
    /// Show the components of the running instances, job by job (F job,APPL=DISP)
    #[cfg(feature = "emulation")]
    Status(Status),
    /// Show where the time of a start went: a picture of its parts, and what it waited for
    Chart(Chart),
    /// Show what the launcher has done: the events of its journal
    Events(Events),
    /// Show the lines of SYSPRINT with the names of their components
    Logs(Logs),
    /// Tell why a component failed last: its end, its last words, the rule that applied, what comes next, what to do
    Why(Why),
    /// Explain a message: its text, the reason, what to do
    Explain(Explain),
    /// Start HA instances, each on its system under its job name (S ZWESLSTC,HAINST=...,JOBNAME=...), or components of one
    Start(Instances),
    /// Stop HA instances (P job), or components of one
    Stop(Instances),
    #[command(flatten)]
    Launcher(Launcher),
    /// Print the PROC to install, or another member for z/OS, edited
    #[cfg(feature = "emulation")]
    Jcl(Jcl),
    /// Find everything that is wrong with a configuration; nothing is started
    Check {
        /// HA instance, several times for several; without it all of haInstances
        #[arg(short = 'i', long = "ha-instance", value_name = "ID")]
        #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::instances()))]
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
        /// With --startup: the system directory whose HA instances run on this machine, as `zwelnch demo` makes one [default:
        /// ZWELNCH_SYSTEM, else one below the XDG state home, else the system of this machine's name]
        #[cfg(feature = "emulation")]
        #[arg(long, value_name = "DIR", requires = "startup")]
        system: Option<PathBuf>,
        /// Instead: what behaves differently than under ZWELNCH, for this configuration
        #[arg(long)]
        compare_zwelnch: bool,
        /// With --compare-zwelnch: what differs for every configuration alike, too
        #[arg(long, requires = "compare_zwelnch")]
        all: bool,
        #[command(flatten)]
        installation: Installation,
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
        #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::components()))]
        component: Option<String>,
        #[arg(long, value_enum, default_value = "text")]
        format: ReportFormat,
        /// Another HA instance: only what differs, `-` for the one named with -i, `+` for the other
        #[arg(long, value_name = "OTHER_ID")]
        #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::instances()))]
        diff: Option<String>,
        /// Print passwords and the like instead of masking them
        #[arg(long)]
        show_secrets: bool,
    },
    /// Print what a start would do: components in play, commands in their order, settings in force, files that are written
    Plan {
        #[command(flatten)]
        selection: Selection,
        #[arg(long, value_enum, default_value = "text")]
        format: ReportFormat,
    },
    /// High availability: compare configurations, look at instances, replace one without an interruption
    Ha {
        #[command(subcommand)]
        command: Ha,
    },
    /// Collect what others need to help from afar into one tar, secrets masked; works without a running instance
    Support(Support),
    /// Print man pages, shell completions, and JSON Schemas for editors
    Generate {
        #[command(subcommand)]
        document: Generated,
    },
    /// Parts of zwelnch that it runs itself
    #[cfg(feature = "emulation")]
    #[command(hide = true)]
    Internal {
        #[command(subcommand)]
        command: Internal,
    },
}

/// What is wrong with the value of an option; clap says it with the option and the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum ValueError {
    #[cfg(feature = "emulation")]
    #[error("SYMBOL=VALUE is expected, as in USER=ZWESVUSR")]
    Symbol,
    #[error("a number with s, m or h is expected, as in 90s")]
    Time,
    #[error("a time between 0 and some years is expected")]
    TimeRange,
    #[error("SERVICE=COUNT is expected, as in gateway=2")]
    Count,
    #[error("a path is expected, as in /application/health")]
    Path,
}

#[derive(Debug, Args)]
pub struct Selection {
    /// HA instance; without it the configuration itself, without an overlay
    #[arg(short = 'i', long = "ha-instance", value_name = "ID")]
    #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::instances()))]
    pub ha_instance: Option<String>,
    /// Configuration as in CONFIG [default: the environment variable CONFIG]
    #[arg(short, long, value_name = "CONFIG")]
    pub config: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum ComponentCommand {
    /// Write a component that runs: manifest, scripts, schema, static definition
    #[cfg(feature = "emulation")]
    New {
        /// Letters, digits, '-' and '_'
        name: String,
        /// What it is; a minimal service made of scripts, where it is not said
        #[arg(long, value_enum)]
        kind: Option<NewKind>,
        /// Its directory; nothing in it is overwritten [default: ./NAME]
        dir: Option<PathBuf>,
    },
    /// Run the whole life of a component in a throw-away instance and report each part as a test case; exit code 8: one has failed
    #[cfg(feature = "emulation")]
    Test {
        /// The component's directory; a copy of it is tested
        #[arg(default_value = ".")]
        dir: PathBuf,
        /// A zowe.yaml with what the component needs besides: its own properties, java.home and the like; others are not started
        #[arg(short, long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// How long the component may take to be ready and to answer: 90s, 5m
        #[arg(long, value_name = "TIME", default_value = "60s", value_parser = sysplex::time)]
        timeout: std::time::Duration,
        /// Write the report as XML in the form of JUnit, for CI
        #[arg(long, value_name = "FILE")]
        junit: Option<PathBuf>,
        #[arg(long, value_enum, default_value = "text")]
        format: ReportFormat,
        /// Keep the throw-away instance, to look at its SYSPRINT and workspace
        #[arg(long)]
        keep: bool,
    },
    /// Judge a component by the criteria of Zowe's conformance programme, as far as a program can; exit code 8: a required one is not met
    #[cfg(feature = "emulation")]
    Conform {
        /// The component's directory
        #[arg(default_value = ".")]
        dir: PathBuf,
        /// Run a copy of it in a throw-away instance too: what it answers, writes and leaves
        #[arg(long)]
        run: bool,
        /// What its service ids and API ids have to begin with
        #[arg(long, value_name = "PREFIX")]
        vendor: Option<String>,
        /// A zowe.yaml with what the component needs besides
        #[arg(short, long, value_name = "FILE", requires = "run")]
        config: Option<PathBuf>,
        /// How long the component may take to be ready: 90s, 5m
        #[arg(long, value_name = "TIME", default_value = "60s", value_parser = sysplex::time)]
        timeout: std::time::Duration,
        #[arg(long, value_enum, default_value = "text")]
        format: ConformFormat,
    },
    /// Validate, configure and start one component of an instance in the foreground; Ctrl-C ends it, its exit code is the command's
    Run {
        /// An installed component, enabled or not
        #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::components()))]
        name: String,
        /// HA instance whose configuration and workspace it runs with; the instance itself must not be running
        #[arg(short = 'i', long = "ha-instance", value_name = "ID")]
        #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::instances()))]
        ha_instance: String,
        /// Configuration as in CONFIG [default: the environment variable CONFIG]
        #[arg(short, long, value_name = "CONFIG")]
        config: Option<String>,
        /// Restart it when files of its directory change and it is still valid with them
        #[arg(long)]
        watch: bool,
        /// The launcher's own lines too: each step of the preparation, starts and ends
        #[arg(short, long)]
        verbose: bool,
    },
    #[command(flatten)]
    Package(Package),
}

/// `component new --kind`.
#[cfg(feature = "emulation")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NewKind {
    /// A service in JavaScript, with unit tests
    Node,
    /// A service in Python, with unit tests
    Python,
    /// A service in Java, run from its source
    Java,
    /// The registration of a service that runs elsewhere
    Static,
    /// A library for the Gateway
    Library,
    /// A plug-in of the application framework
    App,
}

#[cfg(feature = "emulation")]
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ConformFormat {
    /// For people
    Text,
    /// For tools
    Json,
    /// To hand in
    Markdown,
}

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
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
    /// The JSON Schema of a file, for editors
    Schema {
        #[arg(value_enum)]
        file: Described,
    },
    /// The completion script of a shell
    Completion {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

/// Files that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Described {
    /// manifest.yaml of a component
    Manifest,
    /// zowe.yaml, with the settings of the launcher
    Zowe,
}
