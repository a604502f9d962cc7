//! The command line's definition: parsing, help and completion come of it.

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

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
    /// Show the components of a running instance (F job,APPL=DISP)
    Status {
        #[command(flatten)]
        system: System,
        #[arg(long, value_enum, default_value = "text")]
        format: ReportFormat,
    },
    /// Start HA instances, each on its system under its job name (S ZWESLSTC,HAINST=...,JOBNAME=...)
    Start(Instances),
    /// Stop HA instances (P job)
    Stop(Instances),
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

/// `SYMBOL=VALUE`.
fn symbol(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("SYMBOL=VALUE is expected, as in USER=ZWESVUSR")?;
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
pub struct System {
    /// System directory [default: ZWELNCH_SYSTEM, else one below the XDG state home]
    #[arg(long, value_name = "DIR")]
    pub system: Option<PathBuf>,
    /// Job, where the system runs several
    #[arg(long, value_name = "NAME")]
    pub job: Option<String>,
}

#[derive(Debug, Args)]
pub struct Instances {
    /// HA instance; may be given several times
    #[arg(short = 'i', long = "ha-instance", value_name = "ID", required_unless_present = "all")]
    pub ids: Vec<String>,
    /// All instances of haInstances
    #[arg(long, conflicts_with = "ids")]
    pub all: bool,
    /// Configuration as in CONFIG [default: the environment variable CONFIG]
    #[arg(short, long, value_name = "CONFIG")]
    pub config: Option<String>,
    /// Only print the operator commands, for somebody else to type
    #[arg(long)]
    pub print: bool,
    /// Name of the PROC
    #[arg(long, value_name = "MEMBER", default_value = "ZWESLSTC")]
    pub member: String,
    /// System directory whose console is used [default: ZWELNCH_SYSTEM, else one below the XDG state home]
    #[arg(long, value_name = "DIR")]
    pub system: Option<PathBuf>,
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
    /// How long an instance may take to become ready
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = time)]
    pub ready_timeout: Duration,
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
fn time(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..).unwrap_or_default() {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err("a number with s, m or h is expected, as in 90s".to_owned()),
    };
    let number: f64 = digits.parse().map_err(|_| "a number with s, m or h is expected, as in 90s".to_owned())?;
    Duration::try_from_secs_f64(number * unit).map_err(|_| "a time between 0 and some years is expected".to_owned())
}

/// `SERVICE=COUNT`.
fn count(text: &str) -> Result<(String, usize), String> {
    let wrong = || "SERVICE=COUNT is expected, as in gateway=2".to_owned();
    let (service, count) = text.split_once('=').ok_or_else(wrong)?;
    Ok((service.trim().to_owned(), count.trim().parse().map_err(|_| wrong())?))
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
