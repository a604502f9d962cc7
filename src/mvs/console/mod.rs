//! The operator console of a system off z/OS: one command, or many from a terminal or a pipe, with SYSLOG scrolling by.

mod complete;
mod editor;
mod history;
mod interactive;
mod keys;
mod layout;
mod line;
mod others;
mod screen;
mod terminal;

pub use interactive::{ConsoleEnd, ConsoleOptions, ConsoleOutcome, interactive};

use super::command::fold;
use super::issue::{Answer, issue};
use crate::platform::unix::system::SystemDirectory;
use std::borrow::Cow;

/// Issues one command. Returns the lines of its answer and the exit code that tells acceptance: 0, else 8.
pub fn one_shot(system: &SystemDirectory, job: Option<&str>, command: &str) -> (Vec<String>, i32) {
    let Answer { accepted, lines, .. } = issue(system, &for_job(job, command));
    (lines, if accepted { 0 } else { 8 })
}

/// What a command means at a console that is about one job: a verb that needs a job gets its name, and what is no operator command at
/// all is a command to the launcher.
fn for_job<'a>(job: Option<&str>, text: &'a str) -> Cow<'a, str> {
    let Some(job) = job else { return Cow::Borrowed(text) };
    let command = text.trim();
    let verb = fold(command.split([' ', ',']).next().unwrap_or_default());
    let alone = verb.len() == command.len();
    match verb.trim_start_matches('/') {
        "" => Cow::Borrowed(text),
        "P" | "STOP" if alone => Cow::Owned(format!("P {job}")),
        "C" | "CANCEL" if alone => Cow::Owned(format!("C {job}")),
        "D" if alone => Cow::Owned(format!("D A,{job}")),
        "DISPLAY" if alone => Cow::Owned(format!("F {job},APPL={command}")),
        "S" | "START" | "F" | "MODIFY" | "P" | "STOP" | "C" | "CANCEL" | "D" | "DISPLAY" | "RO" | "ROUTE" => Cow::Borrowed(text),
        _ => Cow::Owned(format!("F {job},APPL={command}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_console_about_one_job_takes_short_commands() {
        for (typed, meant) in [
            ("DISP", "F ZWE1,APPL=DISP"),
            ("start(gateway)", "F ZWE1,APPL=start(gateway)"),
            ("STOP(gateway)", "F ZWE1,APPL=STOP(gateway)"),
            ("DISPLAY", "F ZWE1,APPL=DISPLAY"),
            ("P", "P ZWE1"),
            ("stop", "P ZWE1"),
            ("D", "D A,ZWE1"),
            ("D A,L", "D A,L"),
            ("P OTHER", "P OTHER"),
            ("F OTHER,APPL=DISP", "F OTHER,APPL=DISP"),
            ("S ZWESLSTC", "S ZWESLSTC"),
            ("RO LPR2,D T", "RO LPR2,D T"),
            ("", ""),
        ] {
            assert_eq!(for_job(Some("ZWE1"), typed), meant, "{typed}");
            assert_eq!(for_job(None, typed), typed);
        }
    }
}
