//! Every setting that the launcher reads: the one place that says where it stands, its type, default and meaning.

use super::kind::{self, JournalLimits, LogLevel, StartupCheck};
use super::{Row, Setting};
use crate::config::OnFailure;
use crate::output::Zone;
use crate::platform::ShareAs;
use crate::platform::operator_command::Interface;
use std::net::IpAddr;
use std::time::Duration;

macro_rules! of_component {
    ($key:literal) => {
        &[concat!("components.*.launcher.", $key), concat!("components.launcher.", $key), concat!("zowe.launcher.", $key)]
    };
}

pub static RESTART_INTERVALS: Setting<Vec<Duration>> = Setting::new(
    of_component!("restartIntervals"),
    &kind::SECONDS_LIST,
    "[1, 1, 1, 5, 5, 10, 20, 60, 120, 240]",
    "seconds to wait before the first, second, ... restart of a component that fails; an empty list: never restart",
);
pub static MINIMUM_UPTIME: Setting<Duration> = Setting::new(
    of_component!("minUptime"),
    &kind::SECONDS,
    "90",
    "seconds after which a component counts as up, so that the restart intervals begin anew",
);
pub static SHARE_AS: Setting<ShareAs> = Setting::new(
    of_component!("shareAs"),
    &kind::SHARE_AS_WORDS,
    "yes",
    "whether a component runs in the launcher's address space on z/OS (_BPX_SHAREAS)",
);
pub static STOP_GRACE: Setting<Duration> = Setting::new(
    of_component!("stop.graceSeconds"),
    &kind::SECONDS,
    "20",
    "seconds between the stop signal and the kill signal when a component is stopped",
);
pub static STOP_SIGNAL: Setting<i32> =
    Setting::new(of_component!("stop.signal"), &kind::SIGNAL, "TERM", "signal that asks all processes of a component to end");
pub static KILL_SIGNAL: Setting<i32> = Setting::new(
    of_component!("stop.killSignal"),
    &kind::SIGNAL,
    "KILL",
    "signal after the grace time; where it does not end the component, SIGKILL follows 5 seconds later",
);
pub static STOP_COMMAND: Setting<String> = Setting::new(
    of_component!("stop.command"),
    &kind::TEXT,
    "''",
    "command that asks a component to end, before the stop signal: a file in the component's directory and arguments; it runs with the \
    component's environment and ZWELNCH_PID, at most for three quarters of the grace time",
);
pub static READINESS: Setting<()> = Setting::new(
    &["components.*.launcher.readiness"],
    &kind::PROBE,
    "none",
    "when the component counts as ready; without it the manifest's `readiness`, its `messages.ready` or what is known of Zowe's own \
    components applies, and else running is ready",
);
pub static LIVENESS: Setting<()> = Setting::new(
    &["components.*.launcher.liveness"],
    &kind::PROBE,
    "none",
    "how it is seen that the component is still alive; after failureThreshold failures one after the other it is restarted",
);
pub static VALIDATE_TIMEOUT: Setting<Duration> = Setting::new(
    &["components.*.launcher.validateTimeout", "components.launcher.validateTimeout"],
    &kind::SECONDS,
    "300",
    "seconds that a component's validate command may take; it is ended then and counts as failed",
);
pub static DEPENDS_ON: Setting<Vec<String>> = Setting::new(
    &["components.*.launcher.dependsOn"],
    &kind::TEXT_LIST,
    "[]",
    "names of components that must be ready before this one is started, besides those that its manifest names",
);
pub static FATAL_EXIT_CODES: Setting<Vec<i32>> = Setting::new(
    of_component!("fatalExitCodes"),
    &kind::NUMBER_LIST,
    "[]",
    "exit codes after which a component is not started again until an operator does",
);
pub static FATAL_MESSAGES: Setting<Vec<String>> = Setting::new(
    of_component!("fatalMessages"),
    &kind::TEXT_LIST,
    "[]",
    "texts (`*` stands for anything); a component that has written a line that holds one of them is not started again when it ends",
);
pub static START_LIMIT_COUNT: Setting<i32> = Setting::new(
    of_component!("startLimit.count"),
    &kind::NUMBER,
    "0",
    "so many starts within startLimit.seconds and a component that fails again stays down, however long it was up between them; 0: no limit",
);
pub static START_LIMIT_SECONDS: Setting<Duration> =
    Setting::new(of_component!("startLimit.seconds"), &kind::SECONDS, "3600", "the time for startLimit.count");
pub static REQUIRED: Setting<bool> = Setting::new(
    &["components.*.launcher.required"],
    &kind::BOOLEAN,
    "false",
    "whether the instance is of no use without this component: see onRequiredFailed",
);
pub static STANDARD_INPUT: Setting<bool> = Setting::new(
    &["components.*.launcher.stdin"],
    &kind::BOOLEAN,
    "false",
    "whether the component reads lines that operators send it (SEND) from its standard input, which is empty otherwise",
);
pub static ON_REQUIRED_FAILED: Setting<bool> = Setting::new(
    &["components.launcher.onRequiredFailed"],
    &kind::STAY,
    "exit",
    "what follows when a required component has failed for good: the launcher ends with condition code 12, or the instance stays degraded",
);
pub static ON_DEPENDENCY_PROBLEM: Setting<bool> = Setting::new(
    &["components.launcher.onDependencyProblem"],
    &kind::IGNORE,
    "exit",
    "what follows when components depend on each other in a circle, or on one that is unknown or not enabled: the launcher does not start, \
    or it does not wait for them",
);
pub static SYS_MESSAGES: Setting<Vec<String>> = Setting::new(
    &["zowe.sysMessages"],
    &kind::TEXT_LIST,
    "[]",
    "texts; a line that holds one of them is also written to the operator's console; `*` in a text stands for anything within the line",
);
pub static SYS_MESSAGE_TRIM: Setting<bool> = Setting::new(
    &["zowe.sysMessageTrim", "components.launcher.sysMessageTrim"],
    &kind::BOOLEAN,
    "false",
    "the console line begins at the matched text",
);
pub static WTO: Setting<bool> =
    Setting::new(&["components.launcher.wto"], &kind::BOOLEAN, "true", "messages of readiness and failure go to the operator's console");
pub static WTO_ROUTE_CODES: Setting<Vec<u32>> = Setting::new(
    &["components.launcher.wtoRouteCodes"],
    &kind::WTO_CODES,
    "[]",
    "routing codes of the messages that go to the operator's console on z/OS; none, as ZWELNCH has it: the system's default",
);
pub static WTO_DESCRIPTOR_CODES: Setting<Vec<u32>> =
    Setting::new(&["components.launcher.wtoDescriptorCodes"], &kind::WTO_CODES, "[]", "descriptor codes of them");
pub static ON_ALL_FAILED: Setting<bool> = Setting::new(
    &["components.launcher.onAllFailed"],
    &kind::STAY,
    "exit",
    "what the launcher does when, after failures, nothing is left running and nothing will be",
);
pub static START_RUNNING: Setting<bool> =
    Setting::new(&["components.launcher.startRunning"], &kind::REJECT, "restart", "what an operator's START of a running component does");
pub static ON_CONFIGURE_FAIL: Setting<OnFailure> = Setting::new(
    &["zowe.launchScript.onComponentConfigureFail"],
    &kind::ON_FAILURE,
    "warn",
    "what follows when a component's configure command fails",
);
pub static LOG_LEVEL: Setting<LogLevel> =
    Setting::new(&["zowe.launchScript.logLevel"], &kind::LOG_LEVELS, "info", "how much is logged while the instance is prepared");

pub static LOG_FILE: Setting<bool> = Setting::new(
    &["components.*.launcher.log.file", "components.launcher.log.file"],
    &kind::BOOLEAN,
    "false",
    "whether a component's output is also written, as it is, to `<zowe.logDirectory>/<component>-<HA instance>.log`",
);
pub static LOG_SIZE: Setting<u64> = Setting::new(
    &["components.*.launcher.log.size", "components.launcher.log.size"],
    &kind::BYTES,
    "10M",
    "bytes of a component's log file beyond which a new one is begun",
);
pub static LOG_COUNT: Setting<u32> = Setting::new(
    &["components.*.launcher.log.count", "components.launcher.log.count"],
    &kind::COUNT,
    "5",
    "how many earlier log files of a component are kept, `.1` the youngest",
);
pub static JOURNAL: Setting<Option<JournalLimits>> = Setting::new(
    &["components.launcher.journal"],
    &kind::JOURNALS,
    "{size: 10M, count: 3}",
    "whether every decision of the launcher is an event in `<zowe.logDirectory>/zwelnch-<HA instance>.journal` (the workspace's where there is \
    no log directory), which `zwelnch events`, `logs` and `why` read; see docs/seeing.md",
);
pub static MAX_LINE: Setting<u64> = Setting::new(
    &["components.launcher.maxLine"],
    &kind::LINE_BYTES,
    "16M",
    "bytes of a component's line, as SYSPRINT shows it, beyond which the line is relayed in pieces that are marked",
);
pub static ZONE: Setting<Zone> = Setting::new(
    &["components.launcher.timezone"],
    &kind::TIME_ZONES,
    "UTC",
    "the time zone of the launcher's own stamps on SYSPRINT; in any other than UTC they end in its offset, as in `+02:00`",
);
pub static CONSOLE_THROUGH: Setting<Option<Interface>> = Setting::new(
    &["components.launcher.consoleThrough"],
    &kind::CONSOLE_INTERFACES,
    "''",
    "which program issues the operator commands of start, stop, restart, ha and the like on z/OS",
);

pub static METRICS_PORT: Setting<u16> = Setting::new(
    &["components.launcher.metrics.port"],
    &kind::PORT,
    "0",
    "port of the launcher's metrics and health: /metrics for Prometheus, /livez, /readyz and /health; 0: nothing is served, and no thread \
    is kept for it",
);
pub static METRICS_ADDRESSES: Setting<Vec<IpAddr>> = Setting::new(
    &["components.launcher.metrics.listenAddresses"],
    &kind::IP_ADDRESSES,
    "['127.0.0.1']",
    "addresses of that port; as soon as one of them is not of the loopback interface, all are served with TLS and the certificate of the \
    instance (zowe.certificate, PEM or PKCS12), and without one nothing is served",
);

pub static ENVIRONMENTS: Setting<()> = Setting::new(
    &["zowe.environments"],
    &kind::MAPPING,
    "{}",
    "variables for every component, byte for byte; names of letters, digits and '_', the first no digit",
);
pub static JOB_NAME: Setting<String> = Setting::new(
    &["zowe.job.name"],
    &kind::TEXT,
    "ZWE1SV",
    "job name of the instance; at most 7 characters, as UNIX children carry one of 8 unchanged and are hit by operator commands",
);
pub static JOB_PREFIX: Setting<String> = Setting::new(&["zowe.job.prefix"], &kind::TEXT, "ZWE1", "what job names of components begin with");
pub static JOB_SUFFIX: Setting<String> = Setting::new(
    &["components.*.zowe.job.suffix"],
    &kind::TEXT,
    "that of Zowe's own component, as AG for gateway; none for others",
    "what follows zowe.job.prefix in the name of the component's address space on z/OS (_BPX_JOBNAME), 8 characters with it; those of \
    extensions begin with X",
);
pub static DEPENDENCY_TIMEOUT: Setting<Duration> = Setting::new(
    &["zowe.launchScript.dependencyReadyTimeoutSeconds"],
    &kind::SECONDS,
    "600",
    "seconds that a component waits for those it depends on to be ready; it is started then all the same",
);
pub static VALIDATION: Setting<bool> = Setting::new(
    &["zowe.configmgr.validation"],
    &kind::STRICT,
    "COMPONENT-COMPAT",
    "whether a component without a schema of its own is an error (STRICT) or a warning",
);

macro_rules! startup_check {
    ($key:literal, $meaning:literal) => {
        Setting::new(
            &[concat!("zowe.launchScript.startupChecks.", $key), "zowe.launchScript.startupChecks.default"],
            &kind::STARTUP_CHECK,
            "exit",
            $meaning,
        )
    };
}

pub static CHECK_PORTS: Setting<StartupCheck> =
    startup_check!("ports", "what follows when two components, or HA instances of one system, have the same port, or a port is in use");
pub static CHECK_ZOSMF: Setting<StartupCheck> = startup_check!("zosmf", "what follows when z/OSMF does not answer");
pub static CHECK_CERTIFICATE: Setting<StartupCheck> = startup_check!("certificate", "what follows when the certificate cannot be used");
pub static CHECK_USER: Setting<StartupCheck> = startup_check!("user", "what follows when the started task's user is not fit for it");
pub static CHECK_JAVA: Setting<StartupCheck> = startup_check!("java", "what follows when Java is not found or not fit");
pub static CHECK_NODE: Setting<StartupCheck> = startup_check!("node", "what follows when node.js is not found or not fit");
pub static CHECK_COMPONENTS: Setting<StartupCheck> = startup_check!(
    "components",
    "what follows when a component that is enabled has no usable manifest, or is not installed (where neither place is set: a warning)"
);
pub static CHECK_DIRECTORIES: Setting<StartupCheck> = startup_check!(
    "directories",
    "what follows when zowe.runtimeDirectory, workspaceDirectory, logDirectory and extensionDirectory are not apart from each other, \
    everybody may write to one, this user cannot read or write one, or a file system has no room"
);
pub static CHECK_ATTLS: Setting<StartupCheck> = startup_check!(
    "attls",
    "what follows when AT-TLS is on for a component and its port has no rule, or the other way round; it can be asked on z/OS alone, by \
    bin/utils/attls-test of the runtime directory"
);
pub static CHECK_MEMORY: Setting<StartupCheck> = startup_check!(
    "memory",
    "what follows when the user may not have the memory that Zowe asks for: 4 GiB above the bar (MEMLIMIT) and 250000 KiB of address space \
    on z/OS, 4 GiB of address space elsewhere"
);
pub static VALIDATE_PORT_FREE: Setting<bool> = Setting::new(
    &[
        "components.*.zowe.network.server.validatePortFree",
        "zowe.network.server.validatePortFree",
        "zowe.network.validatePortFree",
        "zowe.environments.ZWE_NETWORK_VALIDATE_PORT_FREE",
    ],
    &kind::BOOLEAN,
    "true",
    "whether it is looked at before a start that the ports of a component are free; false where a distributed VIPA or the like makes them \
    look taken",
);
pub static VIPA: Setting<String> = Setting::new(
    &[
        "components.*.zowe.network.server.vipaIp",
        "zowe.network.server.vipaIp",
        "zowe.network.vipaIp",
        "zowe.environments.ZWE_NETWORK_VIPA_IP",
    ],
    &kind::TEXT,
    "''",
    "the one address at which the ports have to be free, in place of those that a component listens at",
);
pub static CHECK_ZOSMF_JWT: Setting<StartupCheck> = startup_check!("zosmfjwt", "what follows when z/OSMF gives no JSON web tokens");

/// All settings, in the order of the documentation.
pub static SETTINGS: &[&dyn Row] = &[
    &RESTART_INTERVALS,
    &MINIMUM_UPTIME,
    &SHARE_AS,
    &STOP_GRACE,
    &DEPENDS_ON,
    &ON_DEPENDENCY_PROBLEM,
    &FATAL_EXIT_CODES,
    &FATAL_MESSAGES,
    &START_LIMIT_COUNT,
    &START_LIMIT_SECONDS,
    &REQUIRED,
    &STANDARD_INPUT,
    &ON_REQUIRED_FAILED,
    &STOP_SIGNAL,
    &KILL_SIGNAL,
    &STOP_COMMAND,
    &VALIDATE_TIMEOUT,
    &READINESS,
    &LIVENESS,
    &SYS_MESSAGES,
    &SYS_MESSAGE_TRIM,
    &WTO,
    &WTO_ROUTE_CODES,
    &WTO_DESCRIPTOR_CODES,
    &LOG_FILE,
    &LOG_SIZE,
    &LOG_COUNT,
    &JOURNAL,
    &MAX_LINE,
    &ZONE,
    &CONSOLE_THROUGH,
    &METRICS_PORT,
    &METRICS_ADDRESSES,
    &ON_ALL_FAILED,
    &START_RUNNING,
    &ON_CONFIGURE_FAIL,
    &LOG_LEVEL,
    &DEPENDENCY_TIMEOUT,
    &CHECK_PORTS,
    &CHECK_ZOSMF,
    &CHECK_CERTIFICATE,
    &CHECK_USER,
    &CHECK_JAVA,
    &CHECK_NODE,
    &CHECK_ZOSMF_JWT,
    &CHECK_COMPONENTS,
    &CHECK_DIRECTORIES,
    &CHECK_ATTLS,
    &CHECK_MEMORY,
    &VALIDATE_PORT_FREE,
    &VIPA,
    &VALIDATION,
    &ENVIRONMENTS,
    &JOB_NAME,
    &JOB_PREFIX,
    &JOB_SUFFIX,
];
