//! Carries operator commands out: what the console does with what was typed.

use super::answer::{Answer, Answering, Logged, Programs, StartedJob, Way, tidy};
use super::command::{JobTarget, SystemCommand, Systems, WriteLog, fold, parse};
use super::{display, initiator, start, vary};
use crate::console;
use crate::message::{self, mvs};
use crate::system::{
    CONSOLE, JobConnection, JobEnd, JobKind, JobRecord, Patience, Reply, Request, SystemDirectory, ask_job, clock_time, julian_date,
    send_line, send_telling,
};
use jiff::Timestamp;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io;
use std::time::{Duration, Instant};

/// How long a job may take to say that it has taken a command; after that it is busy.
const BUSY_AFTER: Duration = Duration::from_secs(5);

/// How long an initiator may take to make its socket anew; after that there is none.
const INITIATOR: Duration = Duration::from_secs(1);

/// Issues a command as typed at a console. It also goes to SYSLOG, and so does its answer, unless the command is a question.
pub fn issue(system: &SystemDirectory, command: &str) -> Answer {
    issue_within(system, command, None)
}

/// [`issue`] with a limit for the whole answer of a job; beyond it the answer counts as broken off.
pub fn issue_within(system: &SystemDirectory, command: &str, limit: Option<Duration>) -> Answer {
    by_this_program(system, command, Way { logged: Logged::All, limit, tell: &|_| {} })
}

/// Issues a command for a program that asks, perhaps every few seconds: neither SYSLOG nor the launcher's SYSPRINT grows by it. `limit`: as
/// for [`issue_within`].
pub fn ask(system: &SystemDirectory, command: &str, limit: Option<Duration>) -> Answer {
    by_this_program(system, command, Way { logged: Logged::Nothing, limit, tell: &|_| {} })
}

fn by_this_program(system: &SystemDirectory, command: &str, way: Way<'_>) -> Answer {
    match Programs::own() {
        Ok(programs) => carry_out(system, command, &programs, way),
        Err(error) => Answer { lines: vec![mvs::command_not_executed("CONSOLE", error).text().to_owned()], ..Answer::default() },
    }
}

/// [`issue`] with other programs than this one.
pub fn issue_with(system: &SystemDirectory, text: &str, programs: &Programs) -> Answer {
    issue_telling(system, text, programs, &|_| {})
}

/// [`issue_with`]; `tell` is called for each job that the command starts, here or by ROUTE on another system, as soon as it runs.
pub(super) fn issue_telling(system: &SystemDirectory, text: &str, programs: &Programs, tell: &dyn Fn(StartedJob)) -> Answer {
    carry_out(system, text, programs, Way { logged: Logged::All, limit: None, tell })
}

/// Whether a command changes nothing.
fn is_question(command: &SystemCommand) -> bool {
    match command {
        SystemCommand::DisplayActivity | SystemCommand::DisplayJob(_) | SystemCommand::DisplayTime | SystemCommand::DisplayTcpip(_) => true,
        SystemCommand::Modify { text: Some(text), .. } => console::parse(text).is_ok_and(|command| command.is_question()),
        SystemCommand::Route { command, .. } => parse(command).is_ok_and(|command| is_question(&command)),
        _ => false,
    }
}

fn carry_out(system: &SystemDirectory, text: &str, programs: &Programs, way: Way<'_>) -> Answer {
    let parsed = parse(text);
    let asks = parsed.as_ref().is_ok_and(is_question);
    // What changes something is always logged, and of a question its command at most.
    let logged = if asks { way.logged.min(Logged::Command) } else { Logged::All };
    let mut answer = Answering::new(system, text.trim(), Way { logged, ..way });
    let command = match parsed {
        Ok(command) => command,
        Err(error) => {
            answer.say(CONSOLE, "", error.message().text());
            return answer.finish(false);
        }
    };
    let accepted = match command {
        SystemCommand::Start(command) => start::start(&mut answer, &command, programs),
        SystemCommand::Modify { target, text } => modify(&mut answer, &target, text),
        SystemCommand::Stop(target) => for_each_job(&mut answer, &target, |answer, job| pass_on(answer, job, &Request::Stop, "STOP")),
        SystemCommand::Cancel(target) => cancel(&mut answer, &target),
        SystemCommand::DisplayActivity => {
            let jobs = known_jobs(&mut answer);
            let lines = display::activity(&jobs, system.sysname(), Timestamp::now());
            answer.say_all(CONSOLE, "", &lines);
            true
        }
        SystemCommand::DisplayJob(target) => {
            let jobs = matching(&mut answer, &target);
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
        SystemCommand::WriteLog(what) => write_log(&mut answer, what),
    };
    answer.finish(accepted)
}

/// Has other systems of the sysplex carry a command out; their answers are the answer. Accepted when all of them accept it.
fn route(answer: &mut Answering<'_>, wanted: &Systems, command: &str, programs: &Programs) -> bool {
    let (known, problems) = answer.system().sysplex();
    let (names, shown): (Vec<String>, String) = match wanted {
        Systems::All => (known.keys().cloned().collect(), "*ALL".to_owned()),
        Systems::Named(names) => (names.clone(), names.join(",")),
    };
    // Why a system is not known is said when it is asked for.
    if *wanted == Systems::All || names.iter().any(|name| !known.contains_key(name)) {
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
        let routed = carry_out(system, command, programs, answer.way());
        accepted &= routed.accepted;
        // They are in the log of the system that gave them; here they are the answer to what was typed.
        let is_here = name == answer.system().sysname();
        if several {
            answer.say(CONSOLE, "", &format!("{name:<8} RESPONSES {}", "-".repeat(53)));
        }
        if is_here {
            answer.take(routed);
        } else {
            if routed.broken {
                answer.break_off();
            }
            answer.say_all(CONSOLE, "", &routed.lines);
            routed.not_logged().iter().for_each(|message| answer.say(CONSOLE, "", message.text()));
        }
    }
    accepted
}

/// WRITELOG: a new SYSLOG is begun.
fn write_log(answer: &mut Answering<'_>, what: WriteLog) -> bool {
    let system = answer.system();
    let class = match what {
        WriteLog::Queue(class) => class.unwrap_or('A'),
        WriteLog::Start => {
            answer.say(CONSOLE, "", mvs::log_now_active().text());
            return true;
        }
        WriteLog::Close => {
            let why = "SYSLOG IS THE ONLY HARDCOPY LOG OF THIS SYSTEM";
            answer.say(CONSOLE, "", mvs::command_not_executed("WRITELOG", why).text());
            return false;
        }
    };
    let begun = system.begin_syslog(class);
    match &begun {
        // It is the first line of the new SYSLOG.
        Ok(line) => answer.note(line.clone()),
        Err(error) => answer.say(CONSOLE, "", message::limits_not_kept(error).text()),
    }
    tidy(answer);
    begun.is_ok()
}

fn modify(answer: &mut Answering<'_>, target: &JobTarget, text: Option<String>) -> bool {
    let asks = answer.way().logged == Logged::Nothing;
    for_each_job(answer, target, |answer, job| match &text {
        Some(text) if asks => {
            let patience = patience(answer);
            let reply = while_it_lives(job, patience.first, || ask_job(job.directory(), text, patience));
            report(answer, job, reply, "MODIFY")
        }
        Some(text) => pass_on(answer, job, &Request::Modify(text.clone()), "MODIFY"),
        None => {
            answer.say(&job.job_name, &job.job_id, mvs::modify_not_delivered(&job.job_name).text());
            false
        }
    })
}

/// As on z/OS, a command goes to every job whose name matches; accepted when all of them do it.
fn for_each_job(answer: &mut Answering<'_>, target: &JobTarget, mut act: impl FnMut(&mut Answering<'_>, &JobRecord) -> bool) -> bool {
    let jobs = matching(answer, target);
    if jobs.is_empty() {
        answer.say(CONSOLE, "", mvs::not_active(target).text());
    }
    let mut accepted = !jobs.is_empty();
    for job in &jobs {
        accepted &= act(answer, job);
    }
    accepted
}

/// The jobs that are meant. An id means its job alone, also where another job has such an identifier.
fn matching(answer: &mut Answering<'_>, target: &JobTarget) -> Vec<JobRecord> {
    let mut jobs = known_jobs(answer);
    jobs.retain(|job| target.matches(&job.job_name, &job.identifier, &job.job_id));
    match jobs.iter().position(|job| job.job_id == *target.identifier.as_ref().unwrap_or(&target.name)) {
        Some(at) => vec![jobs.swap_remove(at)],
        None => jobs,
    }
}

/// All jobs; what keeps others from being known is a part of the answer.
fn known_jobs(answer: &mut Answering<'_>) -> Vec<JobRecord> {
    let (jobs, problems) = answer.system().all_jobs();
    problems.iter().for_each(|problem| answer.say(CONSOLE, "", problem.text()));
    jobs
}

fn pass_on(answer: &mut Answering<'_>, job: &JobRecord, request: &Request, command: &str) -> bool {
    let patience = patience(answer);
    let mut told = |lines: &[String]| answer.say_all(&job.job_name, &job.job_id, lines);
    let mut reply = while_it_lives(job, patience.first, || send_telling(job.directory(), request, patience, &mut told));
    if let Ok(reply) = &mut reply {
        reply.lines.clear();
    }
    report(answer, job, reply, command)
}

fn patience(answer: &Answering<'_>) -> Patience {
    let limit = answer.way().limit;
    Patience { first: limit.map_or(BUSY_AFTER, |limit| limit.min(BUSY_AFTER)), whole: limit }
}

/// Asks again while nobody listens although the job lives: its socket was swept away, and is made anew.
fn while_it_lives(job: &JobRecord, limit: Duration, mut ask: impl FnMut() -> io::Result<Reply>) -> io::Result<Reply> {
    let until = Instant::now() + limit;
    loop {
        match ask() {
            Err(error) if is_unheard(&error) && job.is_alive() => {
                if Instant::now() > until {
                    return Err(io::Error::new(io::ErrorKind::TimedOut, error));
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            reply => return reply,
        }
    }
}

fn is_unheard(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
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
    let jobs = matching(answer, target);
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
        let socket = job.directory().join(initiator::SOCKET);
        match while_it_lives(job, INITIATOR, || send_line(&socket, "CANCEL\n", BUSY_AFTER)) {
            Ok(reply) if reply.accepted => {
                answer.say(&job.job_name, &job.job_id, mvs::cancel_accepted(&job.job_name).text());
                return true;
            }
            // Without an initiator the job is like one that was started from a shell.
            Err(error) if is_unheard(&error) || error.kind() == io::ErrorKind::TimedOut => {}
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
    let connection = grave.connect().ok();
    match connection.is_some() || grave.is_held() {
        true => {
            let peer = connection.as_ref().filter(|_| job.kind == JobKind::Shell).and_then(JobConnection::peer_pid);
            let pid = peer.unwrap_or(job.pid);
            if let Err(errno) = kill(Pid::from_raw(pid), Signal::SIGKILL) {
                grave.give_back();
                answer.say(&job.job_name, &job.job_id, mvs::command_not_executed("CANCEL", errno.desc()).text());
                return false;
            }
            answer.say(&job.job_name, &job.job_id, mvs::cancel_accepted(&job.job_name).text());
            match connection {
                Some(connection) => connection.wait_for_end(BUSY_AFTER),
                None => grave.wait_for_end(BUSY_AFTER),
            }
        }
        false => answer.say(&job.job_name, &job.job_id, mvs::cancel_accepted(&job.job_name).text()),
    }
    grave.remove();
    let (lines, told) = system.announce_ended(&job.job_name, &job.identifier, &job.job_id, JobEnd::Cancelled);
    match told {
        Ok(()) => lines.into_iter().for_each(|line| answer.note(line)),
        Err(error) => answer.say_unlogged(&job.job_name, &job.job_id, &lines, error),
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{JobDescription, read_line};
    use std::io::Write;

    /// A program that is newer than the launcher gets its answer all the same.
    #[test]
    fn a_launcher_that_knows_no_questions_is_asked_by_modify() {
        let place = tempfile::tempdir().unwrap();
        let system = SystemDirectory::open(Some(place.path())).unwrap();
        let kind = JobKind::StartedTask;
        let job = JobDescription { job_name: "ZWE1".into(), identifier: "ZWE1".into(), job_id: "STC00001".into(), kind, pid: 1 };
        let entry = system.register_job(job).unwrap();
        let answer = std::thread::scope(|scope| {
            let asked = scope.spawn(|| {
                let mut lines = Vec::new();
                while lines.len() < 2 {
                    let (mut stream, _) = entry.listener().accept().unwrap();
                    // A connection without a line only looks whether the job lives.
                    let Ok(Some(line)) = read_line(&stream, Duration::from_secs(10)) else { continue };
                    let is_known = line.starts_with("MODIFY ");
                    let reply =
                        if is_known { "ACCEPTED\nthe answer\n".to_owned() } else { "REJECTED not a request of this protocol\n".to_owned() };
                    stream.write_all(reply.as_bytes()).unwrap();
                    lines.push(line);
                }
                lines
            });
            let answer = ask(&system, "F ZWE1,APPL=DISP", None);
            assert_eq!(asked.join().unwrap(), ["ASK DISP\n", "MODIFY DISP\n"]);
            answer
        });
        assert!(answer.accepted && answer.lines == ["the answer"], "{answer:?}");
        assert!(!system.syslog().exists());
    }
}
