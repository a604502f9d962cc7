//! Carries operator commands out: what the console does with what was typed.

use super::answer::{Answer, Answering, Programs};
use super::command::{JobTarget, SystemCommand, Systems, fold, parse};
use super::{display, initiator, start, vary};
use crate::message::{self, mvs};
use crate::system::{JobEnd, JobKind, JobRecord, Reply, Request, SystemDirectory, clock_time, julian_date, send, send_line};
use jiff::Timestamp;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io;
use std::time::Duration;

/// How long a job may take to say that it has taken a command; after that it is busy.
const BUSY_AFTER: Duration = Duration::from_secs(5);

/// The name under which SYSLOG shows lines that belong to no job.
const CONSOLE: &str = "CONSOLE";

/// Issues a command as typed at a console. The command and the lines of the answer also go to SYSLOG.
pub fn issue(system: &SystemDirectory, command: &str) -> Answer {
    match Programs::own() {
        Ok(programs) => issue_with(system, command, &programs),
        Err(error) => Answer { lines: vec![mvs::command_not_executed("CONSOLE", error).text().to_owned()], ..Answer::default() },
    }
}

/// [`issue`] with other programs than this one.
pub fn issue_with(system: &SystemDirectory, text: &str, programs: &Programs) -> Answer {
    let mut answer = Answering::new(system);
    answer.log(CONSOLE, "", text.trim());
    let command = match parse(text) {
        Ok(command) => command,
        Err(error) => {
            answer.say(CONSOLE, "", error.message().text());
            return answer.finish(false);
        }
    };
    let accepted = match command {
        SystemCommand::Start(command) => {
            let started = start::start(&mut answer, &command, programs);
            answer.begun(started.job_id);
            started.accepted
        }
        SystemCommand::Modify { target, text } => modify(&mut answer, &target, text),
        SystemCommand::Stop(target) => for_each_job(&mut answer, &target, |answer, job| pass_on(answer, job, &Request::Stop, "STOP")),
        SystemCommand::Cancel(target) => cancel(&mut answer, &target),
        SystemCommand::DisplayActivity => {
            let lines = display::activity(&system.jobs(), system.sysname(), Timestamp::now());
            answer.say_all(CONSOLE, "", &lines);
            true
        }
        SystemCommand::DisplayJob(target) => {
            let jobs = matching(system, &target);
            let lines = display::job(system, &jobs, &target, Timestamp::now());
            answer.say_all(CONSOLE, "", &lines);
            !jobs.is_empty()
        }
        SystemCommand::DisplayTime => {
            let now = Timestamp::now();
            answer.say(CONSOLE, "", mvs::time_is(clock_time(now), julian_date(now), system.sysname()).text());
            true
        }
        SystemCommand::DisplayTcpip(command) => vary::display(&mut answer, &command),
        SystemCommand::Vary(command) => vary::vary(&mut answer, &command),
        SystemCommand::Route { systems, command } => route(&mut answer, &systems, &command, programs),
    };
    answer.finish(accepted)
}

/// Has other systems of the sysplex carry a command out; their answers are the answer. Accepted when all of them accept it.
fn route(answer: &mut Answering<'_>, wanted: &Systems, command: &str, programs: &Programs) -> bool {
    let (known, problems) = answer.system().sysplex();
    let (names, shown) = match wanted {
        Systems::All => (known.keys().cloned().collect(), "*ALL".to_owned()),
        Systems::Named(names) => (names.clone(), names.join(",")),
    };
    if *wanted == Systems::All {
        for problem in problems {
            answer.say(CONSOLE, "", mvs::route_not_processed("?", problem).text());
        }
    }
    let several = names.len() > 1;
    if several {
        answer.say(CONSOLE, "", mvs::route_head(shown, fold(command)).text());
    }
    let mut accepted = true;
    for name in names {
        let Some(system) = known.get(&name) else {
            answer.say(CONSOLE, "", mvs::route_not_processed(&name, "IS NOT IN THIS SYSPLEX").text());
            accepted = false;
            continue;
        };
        let routed = issue_with(system, command, programs);
        accepted &= routed.accepted;
        if routed.broken {
            answer.break_off();
        }
        // They are in the log of the system that gave them; here they are the answer to what was typed.
        let is_here = name == answer.system().sysname();
        if several {
            answer.say(CONSOLE, "", &format!("{name:<8} RESPONSES {}", "-".repeat(53)));
        }
        routed.lines.into_iter().for_each(|line| if is_here { answer.note(line) } else { answer.say(CONSOLE, "", &line) });
    }
    accepted
}

fn modify(answer: &mut Answering<'_>, target: &JobTarget, text: Option<String>) -> bool {
    for_each_job(answer, target, |answer, job| match &text {
        Some(text) => pass_on(answer, job, &Request::Modify(text.clone()), "MODIFY"),
        None => {
            answer.say(&job.job_name, &job.job_id, mvs::modify_not_delivered(&job.job_name).text());
            false
        }
    })
}

/// As on z/OS, a command goes to every job whose name matches; accepted when all of them do it.
fn for_each_job(answer: &mut Answering<'_>, target: &JobTarget, mut act: impl FnMut(&mut Answering<'_>, &JobRecord) -> bool) -> bool {
    let jobs = matching(answer.system(), target);
    if jobs.is_empty() {
        answer.say(CONSOLE, "", mvs::not_active(target).text());
    }
    let mut accepted = !jobs.is_empty();
    for job in &jobs {
        accepted &= act(answer, job);
    }
    accepted
}

fn matching(system: &SystemDirectory, target: &JobTarget) -> Vec<JobRecord> {
    system.jobs().into_iter().filter(|job| target.matches(&job.job_name, &job.identifier, &job.job_id)).collect()
}

/// How a command names this job and no other: by its identifier or, where other jobs have the same identifier, by its id.
pub(super) fn unique_target(job: &JobRecord, jobs: &[JobRecord]) -> String {
    let same = jobs.iter().filter(|known| known.job_name == job.job_name && known.identifier == job.identifier).count();
    format!("{}.{}", job.job_name, if same > 1 { &job.job_id } else { &job.identifier })
}

fn pass_on(answer: &mut Answering<'_>, job: &JobRecord, request: &Request, command: &str) -> bool {
    report(answer, job, send(job.directory(), request, BUSY_AFTER), command)
}

/// Reports the result of a request to a job.
fn report(answer: &mut Answering<'_>, job: &JobRecord, result: io::Result<Reply>, command: &str) -> bool {
    match result {
        Ok(reply) => {
            // A job that took the command says itself why it does not do it.
            if !reply.taken {
                let why = if reply.why == "BUSY" || reply.why.is_empty() { "TASK BUSY" } else { reply.why.as_str() };
                answer.say(&job.job_name, &job.job_id, mvs::command_rejected(command, why).text());
            }
            answer.say_all(&job.job_name, &job.job_id, &reply.lines);
            if let Some(why) = &reply.broken {
                answer.break_off();
                answer.say(&job.job_name, &job.job_id, message::answer_broken_off(command, why).text());
            }
            reply.accepted
        }
        Err(error) => {
            let message = match error.kind() {
                io::ErrorKind::TimedOut => mvs::command_rejected(command, "TASK BUSY"),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused | io::ErrorKind::UnexpectedEof => mvs::not_active(&job.job_name),
                _ => mvs::command_not_executed(command, error),
            };
            answer.say(&job.job_name, &job.job_id, message.text());
            false
        }
    }
}

fn cancel(answer: &mut Answering<'_>, target: &JobTarget) -> bool {
    let jobs = matching(answer.system(), target);
    let job = match jobs.as_slice() {
        [] => {
            answer.say(CONSOLE, "", mvs::not_active(target).text());
            return false;
        }
        [job] => job,
        several => {
            answer.say(CONSOLE, "", mvs::duplicate_job_name(target, several.len()).text());
            return false;
        }
    };
    if job.kind == JobKind::StartedTask {
        match send_line(&job.directory().join(initiator::SOCKET), "CANCEL\n", BUSY_AFTER) {
            Ok(reply) if reply.accepted => {
                answer.say(&job.job_name, &job.job_id, mvs::cancel_accepted(&job.job_name).text());
                return true;
            }
            // Without an initiator the job is like one that was started from a shell.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {}
            result => return report(answer, job, result, "CANCEL"),
        }
    }
    cancel_without_initiator(answer, job)
}

/// Sends SIGKILL to the launcher itself, and writes the messages that nobody else would write.
fn cancel_without_initiator(answer: &mut Answering<'_>, job: &JobRecord) -> bool {
    let system = answer.system();
    let Some(grave) = system.take_over(job) else {
        // It has just ended, or somebody else is cancelling it.
        answer.say(&job.job_name, &job.job_id, mvs::not_active(&job.job_name).text());
        return false;
    };
    match grave.connect() {
        Ok(connection) => {
            let pid = if job.kind == JobKind::Shell { connection.peer_pid().unwrap_or(job.pid) } else { job.pid };
            if let Err(errno) = kill(Pid::from_raw(pid), Signal::SIGKILL) {
                grave.give_back();
                answer.say(&job.job_name, &job.job_id, mvs::command_not_executed("CANCEL", errno.desc()).text());
                return false;
            }
            answer.say(&job.job_name, &job.job_id, mvs::cancel_accepted(&job.job_name).text());
            connection.wait_for_end(BUSY_AFTER);
        }
        Err(_) => answer.say(&job.job_name, &job.job_id, mvs::cancel_accepted(&job.job_name).text()),
    }
    grave.remove();
    for line in system.announce_ended(&job.job_name, &job.identifier, &job.job_id, JobEnd::Cancelled) {
        answer.note(line);
    }
    true
}
