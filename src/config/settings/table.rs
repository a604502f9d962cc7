//! Every setting that the launcher reads: the one place that says where it stands, its type, default and meaning.

/// What a setting may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number of seconds, 0 to 2^31 - 1, a text of digits too.
    Seconds,
    /// A list of them.
    SecondsList,
    /// A whole number, 0 to 2^31 - 1, a text of digits too.
    Number,
    /// A list of them.
    NumberList,
    Boolean,
    /// One of these words, without regard to case.
    Choice(&'static [&'static str]),
    /// A whole number of bytes, or a text of one with K, M or G (KiB, MiB, GiB) behind it.
    Bytes,
    /// A whole number, 0 to 1000.
    Count,
    /// A list of texts.
    TextList,
    Text,
    /// The name of a signal of this system, `TERM` or `SIGTERM`, without regard to case.
    Signal,
    /// A name of the IANA time zone database, or a POSIX TZ text.
    TimeZone,
    /// Names and values, kept as they are written.
    Mapping,
    /// A text to wait for, or a mapping: read by floor 2, which knows the component.
    Probe,
}

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Where it may stand, first match wins; `*` is the component's name.
    pub places: &'static [&'static str],
    pub kind: Kind,
    /// As it would be written in zowe.yaml.
    pub default: &'static str,
    pub meaning: &'static str,
}

macro_rules! of_component {
    ($key:literal) => {
        &[concat!("components.*.launcher.", $key), concat!("components.launcher.", $key), concat!("zowe.launcher.", $key)]
    };
}

pub static RESTART_INTERVALS: Setting = Setting {
    places: of_component!("restartIntervals"),
    kind: Kind::SecondsList,
    default: "[1, 1, 1, 5, 5, 10, 20, 60, 120, 240]",
    meaning: "seconds to wait before the first, second, ... restart of a component that fails; an empty list: never restart",
};
pub static MINIMUM_UPTIME: Setting = Setting {
    places: of_component!("minUptime"),
    kind: Kind::Seconds,
    default: "90",
    meaning: "seconds after which a component counts as up, so that the restart intervals begin anew",
};
pub static SHARE_AS: Setting = Setting {
    places: of_component!("shareAs"),
    kind: Kind::Choice(&["no", "yes", "must", ""]),
    default: "yes",
    meaning: "whether a component runs in the launcher's address space on z/OS (_BPX_SHAREAS)",
};
pub static STOP_GRACE: Setting = Setting {
    places: of_component!("stop.graceSeconds"),
    kind: Kind::Seconds,
    default: "20",
    meaning: "seconds between the stop signal and the kill signal when a component is stopped",
};
pub static STOP_SIGNAL: Setting = Setting {
    places: of_component!("stop.signal"),
    kind: Kind::Signal,
    default: "TERM",
    meaning: "signal that asks all processes of a component to end",
};
pub static KILL_SIGNAL: Setting = Setting {
    places: of_component!("stop.killSignal"),
    kind: Kind::Signal,
    default: "KILL",
    meaning: "signal after the grace time; where it does not end the component, SIGKILL follows 5 seconds later",
};
pub static STOP_COMMAND: Setting = Setting {
    places: of_component!("stop.command"),
    kind: Kind::Text,
    default: "''",
    meaning: "command that asks a component to end, before the stop signal: a file in the component's directory and arguments; it runs with the component's environment and ZWELNCH_PID, at most for three quarters of the grace time",
};
pub static READINESS: Setting = Setting {
    places: &["components.*.launcher.readiness"],
    kind: Kind::Probe,
    default: "none",
    meaning: "when the component counts as ready; without it the manifest's `readiness`, its `messages.ready` or what is known of Zowe's own components applies, and else running is ready",
};
pub static LIVENESS: Setting = Setting {
    places: &["components.*.launcher.liveness"],
    kind: Kind::Probe,
    default: "none",
    meaning: "how it is seen that the component is still alive; after failureThreshold failures one after the other it is restarted",
};
pub static VALIDATE_TIMEOUT: Setting = Setting {
    places: &["components.*.launcher.validateTimeout", "components.launcher.validateTimeout"],
    kind: Kind::Seconds,
    default: "300",
    meaning: "seconds that a component's validate command may take; it is ended then and counts as failed",
};
pub static DEPENDS_ON: Setting = Setting {
    places: &["components.*.launcher.dependsOn"],
    kind: Kind::TextList,
    default: "[]",
    meaning: "names of components that must be ready before this one is started, besides those that its manifest names",
};
pub static FATAL_EXIT_CODES: Setting = Setting {
    places: of_component!("fatalExitCodes"),
    kind: Kind::NumberList,
    default: "[]",
    meaning: "exit codes after which a component is not started again until an operator does",
};
pub static FATAL_MESSAGES: Setting = Setting {
    places: of_component!("fatalMessages"),
    kind: Kind::TextList,
    default: "[]",
    meaning: "texts (`*` stands for anything); a component that has written a line that holds one of them is not started again when it ends",
};
pub static START_LIMIT_COUNT: Setting = Setting {
    places: of_component!("startLimit.count"),
    kind: Kind::Number,
    default: "0",
    meaning: "so many starts within startLimit.seconds and a component that fails again stays down, however long it was up between them; 0: no limit",
};
pub static START_LIMIT_SECONDS: Setting =
    Setting { places: of_component!("startLimit.seconds"), kind: Kind::Seconds, default: "3600", meaning: "the time for startLimit.count" };
pub static REQUIRED: Setting = Setting {
    places: &["components.*.launcher.required"],
    kind: Kind::Boolean,
    default: "false",
    meaning: "whether the instance is of no use without this component: see onRequiredFailed",
};
pub static STANDARD_INPUT: Setting = Setting {
    places: &["components.*.launcher.stdin"],
    kind: Kind::Boolean,
    default: "false",
    meaning: "whether the component reads lines that operators send it (SEND) from its standard input, which is empty otherwise",
};
pub static ON_REQUIRED_FAILED: Setting = Setting {
    places: &["components.launcher.onRequiredFailed"],
    kind: Kind::Choice(&["exit", "stay"]),
    default: "exit",
    meaning: "what follows when a required component has failed for good: the launcher ends with condition code 12, or the instance stays degraded",
};
pub static ON_DEPENDENCY_PROBLEM: Setting = Setting {
    places: &["components.launcher.onDependencyProblem"],
    kind: Kind::Choice(&["exit", "ignore"]),
    default: "exit",
    meaning: "what follows when components depend on each other in a circle, or on one that is unknown or not enabled: the launcher does not start, or it does not wait for them",
};
pub static SYS_MESSAGES: Setting = Setting {
    places: &["zowe.sysMessages"],
    kind: Kind::TextList,
    default: "[]",
    meaning: "texts; a line that holds one of them is also written to the operator's console; `*` in a text stands for anything within the line",
};
pub static SYS_MESSAGE_TRIM: Setting = Setting {
    places: &["zowe.sysMessageTrim", "components.launcher.sysMessageTrim"],
    kind: Kind::Boolean,
    default: "false",
    meaning: "the console line begins at the matched text",
};
pub static WTO: Setting = Setting {
    places: &["components.launcher.wto"],
    kind: Kind::Boolean,
    default: "true",
    meaning: "messages of readiness and failure go to the operator's console",
};
pub static ON_ALL_FAILED: Setting = Setting {
    places: &["components.launcher.onAllFailed"],
    kind: Kind::Choice(&["exit", "stay"]),
    default: "exit",
    meaning: "what the launcher does when, after failures, nothing is left running and nothing will be",
};
pub static START_RUNNING: Setting = Setting {
    places: &["components.launcher.startRunning"],
    kind: Kind::Choice(&["restart", "reject"]),
    default: "restart",
    meaning: "what an operator's START of a running component does",
};
pub static ON_CONFIGURE_FAIL: Setting = Setting {
    places: &["zowe.launchScript.onComponentConfigureFail"],
    kind: Kind::Choice(&["warn", "exit"]),
    default: "warn",
    meaning: "what follows when a component's configure command fails",
};
pub static LOG_LEVEL: Setting = Setting {
    places: &["zowe.launchScript.logLevel"],
    kind: Kind::Choice(&["info", "debug", "trace", ""]),
    default: "info",
    meaning: "how much is logged while the instance is prepared",
};

pub static LOG_FILE: Setting = Setting {
    places: &["components.*.launcher.log.file", "components.launcher.log.file"],
    kind: Kind::Boolean,
    default: "false",
    meaning: "whether a component's output is also written, as it is, to `<zowe.logDirectory>/<component>-<HA instance>.log`",
};
pub static LOG_SIZE: Setting = Setting {
    places: &["components.*.launcher.log.size", "components.launcher.log.size"],
    kind: Kind::Bytes,
    default: "10M",
    meaning: "bytes of a component's log file beyond which a new one is begun",
};
pub static LOG_COUNT: Setting = Setting {
    places: &["components.*.launcher.log.count", "components.launcher.log.count"],
    kind: Kind::Count,
    default: "5",
    meaning: "how many earlier log files of a component are kept, `.1` the youngest",
};
pub static TIME_ZONE: Setting = Setting {
    places: &["components.launcher.timezone"],
    kind: Kind::TimeZone,
    default: "UTC",
    meaning: "the time zone of the launcher's own stamps on SYSPRINT",
};

pub static ENVIRONMENTS: Setting = Setting {
    places: &["zowe.environments"],
    kind: Kind::Mapping,
    default: "{}",
    meaning: "variables for every component, byte for byte; names of letters, digits and '_', the first no digit",
};
pub static JOB_NAME: Setting = Setting {
    places: &["zowe.job.name"],
    kind: Kind::Text,
    default: "ZWE1SV",
    meaning: "job name of the instance; at most 7 characters, as UNIX children carry one of 8 unchanged and are hit by operator commands",
};
pub static JOB_PREFIX: Setting =
    Setting { places: &["zowe.job.prefix"], kind: Kind::Text, default: "ZWE1", meaning: "what job names of components begin with" };
pub static JOB_SUFFIX: Setting = Setting {
    places: &["components.*.zowe.job.suffix"],
    kind: Kind::Text,
    default: "that of Zowe's own component, as AG for gateway; none for others",
    meaning: "what follows zowe.job.prefix in the name of the component's address space on z/OS (_BPX_JOBNAME), 8 characters with it; those of extensions begin with X",
};
pub static DEPENDENCY_TIMEOUT: Setting = Setting {
    places: &["zowe.launchScript.dependencyReadyTimeoutSeconds"],
    kind: Kind::Seconds,
    default: "600",
    meaning: "seconds that a component waits for those it depends on to be ready; it is started then all the same",
};
pub static VALIDATION: Setting = Setting {
    places: &["zowe.configmgr.validation"],
    kind: Kind::Choice(&["COMPONENT-COMPAT", "STRICT"]),
    default: "COMPONENT-COMPAT",
    meaning: "whether a component without a schema of its own is an error (STRICT) or a warning",
};

macro_rules! startup_check {
    ($key:literal, $meaning:literal) => {
        Setting {
            places: &[concat!("zowe.launchScript.startupChecks.", $key), "zowe.launchScript.startupChecks.default"],
            kind: Kind::Choice(&["exit", "warn", "disabled"]),
            default: "exit",
            meaning: $meaning,
        }
    };
}

pub static CHECK_PORTS: Setting =
    startup_check!("ports", "what follows when two components, or HA instances of one system, have the same port, or a port is in use");
pub static CHECK_ZOSMF: Setting = startup_check!("zosmf", "what follows when z/OSMF does not answer");
pub static CHECK_CERTIFICATE: Setting = startup_check!("certificate", "what follows when the certificate cannot be used");
pub static CHECK_USER: Setting = startup_check!("user", "what follows when the started task's user is not fit for it");
pub static CHECK_JAVA: Setting = startup_check!("java", "what follows when Java is not found or not fit");
pub static CHECK_NODE: Setting = startup_check!("node", "what follows when node.js is not found or not fit");
pub static CHECK_COMPONENTS: Setting = startup_check!(
    "components",
    "what follows when a component that is enabled has no usable manifest, or is not installed (where neither place is set: a warning)"
);
pub static CHECK_DIRECTORIES: Setting = startup_check!(
    "directories",
    "what follows when zowe.runtimeDirectory, workspaceDirectory, logDirectory and extensionDirectory are not apart from each other, everybody may write to one, this user cannot read or write one, or a file system has no room"
);
pub static CHECK_ATTLS: Setting = startup_check!(
    "attls",
    "what follows when AT-TLS is on for a component and its port has no rule, or the other way round; it can be asked on z/OS alone, by bin/utils/attls-test of the runtime directory"
);
pub static CHECK_MEMORY: Setting = startup_check!(
    "memory",
    "what follows when the user may not have the memory that Zowe asks for: 4 GiB above the bar (MEMLIMIT) and 250000 KiB of address space on z/OS, 4 GiB of address space elsewhere"
);
pub static VALIDATE_PORT_FREE: Setting = Setting {
    places: &[
        "components.*.zowe.network.server.validatePortFree",
        "zowe.network.server.validatePortFree",
        "zowe.network.validatePortFree",
        "zowe.environments.ZWE_NETWORK_VALIDATE_PORT_FREE",
    ],
    kind: Kind::Boolean,
    default: "true",
    meaning: "whether it is looked at before a start that the ports of a component are free; false where a distributed VIPA or the like makes them look taken",
};
pub static VIPA: Setting = Setting {
    places: &[
        "components.*.zowe.network.server.vipaIp",
        "zowe.network.server.vipaIp",
        "zowe.network.vipaIp",
        "zowe.environments.ZWE_NETWORK_VIPA_IP",
    ],
    kind: Kind::Text,
    default: "''",
    meaning: "the one address at which the ports have to be free, in place of those that a component listens at",
};
pub static CHECK_ZOSMF_JWT: Setting = startup_check!("zosmfjwt", "what follows when z/OSMF gives no JSON web tokens");

/// All settings, in the order of the documentation.
pub static SETTINGS: &[&Setting] = &[
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
    &LOG_FILE,
    &LOG_SIZE,
    &LOG_COUNT,
    &TIME_ZONE,
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
