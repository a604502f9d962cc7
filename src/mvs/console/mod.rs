//! The operator console of a system off z/OS: one command, or many from a terminal or a pipe, with SYSLOG scrolling by.

mod complete;
mod editor;
mod ending;
mod history;
mod interactive;
mod jobs;
mod keys;
mod layout;
mod line;
mod modes;
mod pipe;
mod screen;
mod signals;
mod terminal;

pub use interactive::{ConsoleEnd, ConsoleOptions, ConsoleOutcome, help, interactive};
pub use jobs::{Jobs, completions};

use super::answer::Answer;
use super::command::{fold, verb};
use super::issue::{ask, issue};
use crate::system::SystemDirectory;
use nix::sys::signal::Signal;
use std::borrow::Cow;

/// Ends this process by the signal that has ended its console. Returns the code that a shell gives to such an end, for the case that the
/// signal does not end it.
pub fn end_by(signal: Signal) -> i32 {
    ending::end_by(signal)
}

/// Issues one command. Returns the lines of its answer and the exit code: 0 accepted, 8 refused, 12 when the answer broke off.
pub fn one_shot(system: &SystemDirectory, job: Option<&str>, command: &str) -> (Vec<String>, i32) {
    shown(issue(system, &for_job(job, command)))
}

/// The same for a program that asks, perhaps every few seconds: neither SYSLOG nor the launcher's SYSPRINT grows by it.
pub fn asked(system: &SystemDirectory, command: &str) -> (Vec<String>, i32) {
    shown(ask(system, command, None))
}

fn shown(answer: Answer) -> (Vec<String>, i32) {
    (answer.said(), answer.exit_code())
}

/// What a command means at a console for one job: a verb that needs a job gets the job's name, and anything that is not an operator command
/// is a command to the launcher.
fn for_job<'a>(job: Option<&str>, text: &'a str) -> Cow<'a, str> {
    let Some(job) = job else { return Cow::Borrowed(text) };
    let command = text.trim();
    let typed = fold(command.split([' ', ',']).next().unwrap_or_default());
    let alone = typed.len() == command.len();
    let word = typed.trim_start_matches('/');
    match (verb(word), alone) {
        _ if word.is_empty() => Cow::Borrowed(text),
        (Some("STOP"), true) => Cow::Owned(format!("P {job}")),
        (Some("CANCEL"), true) => Cow::Owned(format!("C {job}")),
        (Some("DISPLAY"), true) if word == "D" => Cow::Owned(format!("D A,{job}")),
        (Some("DISPLAY"), true) | (None, _) => Cow::Owned(format!("F {job},APPL={command}")),
        (Some(_), _) => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::super::command::VERBS;
    use super::*;

    #[test]
    fn every_verb_is_one_at_a_console_about_a_job_too() {
        for word in VERBS.iter().flat_map(|verb| [verb.name, verb.short]) {
            let command = format!("{word} X,Y");
            assert_eq!(for_job(Some("ZWE1"), &command), command);
        }
    }

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
            ("v tcpip,,sysplex,quiesce,port=7554", "v tcpip,,sysplex,quiesce,port=7554"),
            ("VARY TCPIP,,SYSPLEX,RESUME,PORT=1", "VARY TCPIP,,SYSPLEX,RESUME,PORT=1"),
            ("", ""),
        ] {
            assert_eq!(for_job(Some("ZWE1"), typed), meant, "{typed}");
            assert_eq!(for_job(None, typed), typed);
        }
    }
}
