//! What differs for every configuration alike: `--all` lists it.

/// A difference that no configuration sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct General {
    /// As [`super::Difference::kind`].
    pub kind: &'static str,
    /// What ZWELNCH did.
    pub before: &'static str,
    /// What this launcher does.
    pub now: &'static str,
}

macro_rules! general {
    ($($kind:literal, $before:literal, $now:literal;)*) => {
        &[$(General { kind: $kind, before: $before, now: $now }),*]
    };
}

/// In the order of an instance's life.
pub const GENERAL: &[General] = general! {
    "second-instance", "started the same HA instance twice on one workspace", "refuses the second one (ZWEL0910E)";
    "leftovers", "left everything running when it was cancelled or killed, and started beside it", "has a guardian end it, and ends what is left at the next start (ZWEL0912I)";
    "errors-at-once", "stopped at the first kind of error, without file and line", "says all that is wrong at once, with file, line and column";
    "path-dot", "gave components a PATH with the directory '.' in it where the started task has none", "gives them /bin:/usr/bin after those of java and node: never '.'";
    "configure-output", "hung when a configure script wrote more than 60 kB", "relays output of any length";
    "configure-exports", "kept no exported variable of a configure script that ended with exit or set -e, nor those of preConfigure for configure", "keeps them, and gives them to the commands that follow";
    "configure-directory", "took a configure command whose directory cannot be entered for one that succeeded", "says that it failed (ZWEL0317E)";
    "references", "put null in the place of ${NAME:+text} without a value, and left nested references in static definitions alone", "replaces references as a shell's here-document does, and tells what stays";
    "configs-overlay", "left the HA instance's overlay out of configs in .configs-<ha>.json, though not out of ZWE_configs_ variables", "writes what the variables say";
    "snapshot-mode", "left the variables of components, passwords among them, readable for everybody in the workspace", "writes them for their owner only";
    "shared-workspace", "let two instances write the same files of a shared workspace at once", "writes each file whole or not at all, under a lock where it is shared";
    "stop-while-preparing", "took P only when the components had been started", "ends at once, also while it prepares";
    "ready", "said that processes exist (ZWEL0001I, ZWEL0007I), and nothing of readiness", "says when a component and the instance are ready (ZWEL0900I, ZWEL0901I), and when they are not (ZWEL0902W)";
    "lost-ends", "lost ends of components that came at one moment, and noticed them late or never while output came", "notices each end, at once";
    "real-end", "reported the status of the wrapping shell, often 0, and could leave the old process beside a new one", "watches all processes of a component and says how the one that matters ended (ZWEL0905E)";
    "stop-reaches-all", "stopped the process that it had started: one that ignored the signal or had left its group lived on", "stops all processes of a component, and says which of them had to be killed";
    "stopped-once", "said ZWEL0002I twice for one stop", "says it once";
    "commands-wait", "let all operator commands wait for up to 20 seconds while a component stopped (IEE342I)", "answers commands at once, whatever goes on";
    "answers", "answered on SYSPRINT only", "answers the console that asked, too";
    "display", "listed names and PIDs", "lists a table too: state, readiness, uptime, restarts, last end";
    "new-commands", "knew START, STOP and DISP", "knows RESTART, RELOAD, SEND, LOGLEVEL, LOGROTATE and HELP too";
    "lines", "split lines at 4096 bytes, left out empty ones and what followed a NUL, and took texts of components for formats", "relays every line whole and as it is";
    "whole-line", "searched the first 126 characters of a line for zowe.sysMessages (up to version 3.2)", "searches the whole line";
    "last-line", "left out ZWEL0022I after a signal", "always says it; ZWEL0907I with the condition code follows";
};
