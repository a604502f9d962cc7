//! The console for many commands: from a terminal with a line editor, or from a pipe line by line.

use super::complete::CONSOLE_COMMANDS;
use super::editor::{Editor, Input};
use super::ending::Ending;
use super::for_job;
use super::pipe::{Pipe, read_line};
use super::screen::Screen;
use crate::console::{self, REFUSED};
use crate::message::{self, mvs};
use crate::mvs::answer::{Answer, Programs, StartedJob};
use crate::mvs::command::{SystemCommand, VERBS, Verb, parse};
use crate::mvs::issue::{issue_telling, issue_with};
use crate::platform::files::may_exist;
use crate::platform::thread::{self, Stack};
use crate::system::{COMMAND_LIMIT, SystemDirectory};
use nix::sys::signal::Signal;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// Said after Ctrl-C: how such a console is left.
const STOPS: &str =
    "Ctrl-D, or QUIT, leaves this console and stops the jobs that it has started. P job stops one of them; HELP lists the commands.";
const GOES_ON: &str = "Ctrl-D, or QUIT, leaves this console; jobs go on. P job stops one of them; HELP lists the commands.";

/// Lines of SYSLOG that a console shows when it starts.
const LAST_LINES: usize = 10;

/// How long the console of a terminal waits for an answer before the next command can be typed; SYSLOG shows the answer when it comes. This
/// is longer than a job may be busy.
const ANSWER_LIMIT: Duration = Duration::from_secs(6);

/// How long a console that ends waits for a START that is under way.
const START_LIMIT: Duration = Duration::from_secs(40);

/// How long the console waits for jobs that it has cancelled.
const CANCEL_LIMIT: Duration = Duration::from_secs(10);

/// How often jobs that were told to stop are asked for, and how long SYSLOG may then take to say how they ended.
const ASK_AGAIN: Duration = Duration::from_millis(250);
const LAST_LINE: Duration = Duration::from_secs(2);

/// How soon a wait sees that a signal has come.
const SLICE: Duration = Duration::from_millis(100);

/// How to run a console.
#[derive(Debug, Clone)]
pub struct ConsoleOptions {
    /// The job that the console is about, for commands in short form.
    pub job: Option<String>,
    /// Lines to show first.
    pub banner: Vec<String>,
    /// Commands issued before any is read, as if they were typed.
    pub first_commands: Vec<String>,
    /// When the console ends, it stops the jobs that it started, here or by RO on other systems, and waits for them.
    pub stop_at_end: bool,
    /// How long it waits for them before it cancels them.
    pub stop_limit: Duration,
    /// The programs of started tasks; None for this executable.
    pub programs: Option<Programs>,
    /// Lines are coloured by their severity.
    pub colour: bool,
}

impl Default for ConsoleOptions {
    fn default() -> Self {
        ConsoleOptions {
            job: None,
            banner: Vec::new(),
            first_commands: Vec::new(),
            stop_at_end: false,
            stop_limit: Duration::from_secs(60),
            programs: None,
            colour: false,
        }
    }
}

/// How a console ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsoleEnd {
    /// QUIT or EXIT.
    Quit,
    /// End of file, Ctrl-D, or the terminal has gone.
    EndOfInput,
    /// A signal; the caller is to end by it.
    Signal(Signal),
}

/// The state when the console ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleOutcome {
    pub end: ConsoleEnd,
    /// Ids of the jobs that the console started; on other systems with their names.
    pub started: Vec<String>,
    /// Those of them that were told to stop but did not end.
    pub left: Vec<String>,
    /// The worst exit code of a command; 0 on a terminal, where a person saw what was refused.
    pub worst: i32,
}

impl ConsoleOutcome {
    /// The code of the worst command of a pipe; at least 8 when a job is left that should have stopped.
    pub fn exit_code(&self) -> i32 {
        if self.left.is_empty() { self.worst } else { self.worst.max(REFUSED) }
    }
}

/// Runs a console on standard input and output until it is left.
///
/// # Errors
/// When this executable's path is not known, or standard input cannot be read.
pub fn interactive(system: &SystemDirectory, options: &ConsoleOptions) -> io::Result<ConsoleOutcome> {
    let programs = match &options.programs {
        Some(programs) => programs.clone(),
        None => Programs::own()?,
    };
    // Before anything is started that would have to be stopped.
    let ending = Ending::open()?;
    let screen = Screen::open(system, LAST_LINES, options.colour);
    screen.write(&options.banner);
    let on_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    // A terminal that cannot move its cursor is treated like a pipe.
    let hint = if options.stop_at_end { STOPS } else { GOES_ON };
    let mut editor = if on_terminal { Editor::open(system, options.job.as_deref(), &screen, hint).ok() } else { None };
    if editor.is_some() {
        screen.fit();
    }
    let scrolling = screen.scroll(system);
    if let Err(error) = &scrolling {
        screen.write(&[format!("SYSLOG is shown after each command only: {error}")]);
    }
    let (teller, told) = mpsc::channel();
    // What came before there was a watch.
    screen.show_news();
    let mut console = Console {
        system,
        programs,
        ending: &ending,
        screen,
        job: options.job.as_deref(),
        stops: options.stop_at_end,
        teller,
        told,
        started: Vec::new(),
        worst: 0,
        answer_limit: on_terminal.then_some(ANSWER_LIMIT),
        pending: Vec::new(),
    };
    for command in &options.first_commands {
        if ending.signal().is_none() {
            console.command(command);
        }
    }
    let read = match &mut editor {
        Some(editor) => console.read_terminal(editor),
        None => console.read_pipe(&mut BufReader::new(Pipe(&ending))),
    };
    // From here on the terminal has its original modes: Ctrl-C hurries the end.
    drop(editor);
    let worst = if on_terminal { 0 } else { console.worst };
    let left = if options.stop_at_end { console.stop_started(options.stop_limit) } else { Vec::new() };
    if !left.is_empty() {
        console.screen.write(&[message::jobs_left_running(left.join(", ")).to_string()]);
    }
    console.collect(Duration::ZERO);
    console.screen.show_news();
    drop(scrolling);
    let started = console.started.iter().map(|job| console.shown(job)).collect();
    // What was started is stopped before an error of reading is one.
    let end = ending.signal().map_or(read, |signal| Ok(ConsoleEnd::Signal(signal)))?;
    Ok(ConsoleOutcome { end, started, left, worst })
}

pub(super) struct Console<'a> {
    pub(super) system: &'a SystemDirectory,
    pub(super) programs: Programs,
    pub(super) ending: &'a Ending,
    pub(super) screen: Arc<Screen>,
    pub(super) job: Option<&'a str>,
    /// What it has started is stopped at its end.
    pub(super) stops: bool,
    /// Jobs are told of as soon as they run, which may be long before their START is answered.
    pub(super) teller: mpsc::Sender<StartedJob>,
    pub(super) told: mpsc::Receiver<StartedJob>,
    pub(super) started: Vec<StartedJob>,
    pub(super) worst: i32,
    /// After this the next command can already be typed; None: each command is answered before the next.
    pub(super) answer_limit: Option<Duration>,
    /// Answers that have not come yet.
    pub(super) pending: Vec<Pending>,
}

/// A command that is being carried out.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) answer: mpsc::Receiver<Answer>,
    /// It may start a job.
    pub(super) starts: bool,
}

impl Console<'_> {
    /// Commands as they are typed, until the console is left.
    fn read_terminal(&mut self, editor: &mut Editor) -> io::Result<ConsoleEnd> {
        while self.ending.signal().is_none() {
            match editor.next(self.ending)? {
                Input::Line(line) => {
                    if self.line(&line) {
                        return Ok(ConsoleEnd::Quit);
                    }
                }
                Input::End => break,
            }
        }
        Ok(ConsoleEnd::EndOfInput)
    }

    /// Commands line by line up to the end of the input.
    fn read_pipe(&mut self, input: &mut dyn BufRead) -> io::Result<ConsoleEnd> {
        // Room for the longest command in any characters, and enough more to see that one is too long.
        const LIMIT: u64 = 4 * COMMAND_LIMIT as u64 + 64;
        loop {
            let line = read_line(input, LIMIT)?;
            // A line that the signal has cut is not one.
            if line.is_empty() || self.ending.signal().is_some() {
                return Ok(ConsoleEnd::EndOfInput);
            }
            if self.line(&String::from_utf8_lossy(&line)) {
                return Ok(ConsoleEnd::Quit);
            }
        }
    }

    /// Carries out a line; true when it says to leave.
    fn line(&mut self, line: &str) -> bool {
        let line = line.trim();
        match line.to_ascii_uppercase().as_str() {
            "" => self.screen.show_news(),
            "QUIT" | "EXIT" => return true,
            "HELP" | "?" => self.screen.write(&help(self.system, self.job, self.stops)),
            _ => self.command(line),
        }
        false
    }

    /// Carries out a command. Its answer is waited for until a signal comes that has not come yet.
    fn command(&mut self, text: &str) {
        let command = for_job(self.job, text).into_owned();
        self.collect(Duration::ZERO);
        let starts = may_start(&command);
        let (sender, answer) = mpsc::channel();
        let (system, programs, teller) = (self.system.clone(), self.programs.clone(), self.teller.clone());
        let screen = Arc::clone(&self.screen);
        let worker = thread::spawn("answer", Stack::Usual, move || {
            // For both: the console has gone.
            let tell = |job| drop(teller.send(job));
            let answer = issue_telling(&system, &command, &programs, &tell);
            screen.show_answer(&answer);
            let _ = sender.send(answer);
        });
        if let Err(error) = worker {
            self.screen.write(&[mvs::command_not_executed("CONSOLE", error).text().to_owned()]);
            self.worst = self.worst.max(REFUSED);
            return;
        }
        if let Some(pending) = self.wait_for_answer(Pending { answer, starts }, self.answer_limit) {
            self.screen.show_news();
            self.pending.push(pending);
        }
    }

    /// Waits for an answer, at most for `limit` and until a signal comes; gives it back when it has not come.
    fn wait_for_answer(&mut self, pending: Pending, limit: Option<Duration>) -> Option<Pending> {
        let (begun, signal, typed) = (Instant::now(), self.ending.signal(), self.ending.typed());
        loop {
            let left = limit.map_or(SLICE, |limit| limit.saturating_sub(begun.elapsed()).min(SLICE));
            match pending.answer.recv_timeout(left) {
                Ok(answer) => self.take(&answer),
                // Its thread has failed; SYSLOG has what came of it until then.
                Err(mpsc::RecvTimeoutError::Disconnected) => self.worst = self.worst.max(REFUSED),
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let is_late = limit.is_some_and(|limit| begun.elapsed() >= limit);
                    if is_late || self.ending.signal() != signal || self.ending.is_hurried(typed) {
                        return Some(pending);
                    }
                    continue;
                }
            }
            return None;
        }
    }

    fn take(&mut self, answer: &Answer) {
        self.worst = self.worst.max(answer.exit_code());
    }

    /// Takes the answers that have arrived meanwhile, and waits at most for `limit` for the others.
    fn collect(&mut self, limit: Duration) {
        let deadline = Instant::now() + limit;
        for pending in std::mem::take(&mut self.pending) {
            let left = deadline.saturating_duration_since(Instant::now());
            let late = self.wait_for_answer(pending, Some(left));
            self.pending.extend(late);
        }
        self.started.extend(self.told.try_iter());
    }

    /// A job as it is reported.
    fn shown(&self, job: &StartedJob) -> String {
        if job.system.path() == self.system.path() { job.job_id.clone() } else { format!("{} on {}", job.job_id, job.system.sysname()) }
    }

    /// Stops the jobs that this console started, here and on other systems, and cancels those that do not stop; returns those that are still
    /// there. Their ids say which they are: others may have the same names.
    pub(super) fn stop_started(&mut self, limit: Duration) -> Vec<String> {
        let (deadline, typed) = (Instant::now() + START_LIMIT, self.ending.typed());
        let (mut known, mut left) = (0, Vec::new());
        loop {
            self.collect(Duration::ZERO);
            let jobs: Vec<StartedJob> = self.started.iter().skip(known).cloned().collect();
            known = self.started.len();
            left.extend(self.stop(jobs, limit));
            // A START that is under way may be about to start one, or another one: RO starts them one after the other. One key more cancels
            // what runs, the next one ends this too.
            let is_over = Instant::now() >= deadline || self.ending.is_hurried(typed + 1);
            if is_over || !self.pending.iter().any(|pending| pending.starts) {
                return left;
            }
            self.collect(SLICE);
        }
    }

    fn stop(&mut self, jobs: Vec<StartedJob>, limit: Duration) -> Vec<String> {
        let ended: Vec<String> = jobs.iter().filter(|job| job.system.path() == self.system.path()).map(|job| job.job_id.clone()).collect();
        let mut left = jobs;
        for (verb, limit) in [("P", limit), ("C", CANCEL_LIMIT)] {
            let typed = self.ending.typed();
            // This also reports the ends of jobs that had nobody left to report them.
            left.retain(StartedJob::is_there);
            for job in &left {
                let command = format!("{verb} {}.{}", job.job_name, job.job_id);
                if job.system.path() == self.system.path() {
                    self.command(&command);
                } else {
                    issue_with(&job.system, &command, &self.programs);
                }
            }
            let deadline = Instant::now() + limit;
            let is_over = || Instant::now() >= deadline || self.ending.is_hurried(typed);
            while left.iter().any(StartedJob::is_there) && !is_over() {
                std::thread::sleep(ASK_AGAIN);
            }
        }
        left.retain(StartedJob::is_there);
        let ended = ended.into_iter().filter(|id| left.iter().all(|job| job.job_id != *id)).collect::<Vec<_>>();
        self.screen.wait_for_ends(self.system, &ended, LAST_LINE);
        left.iter().map(|job| self.shown(job)).collect()
    }
}

/// Whether a command may start a job.
pub(super) fn may_start(command: &str) -> bool {
    matches!(parse(command), Ok(SystemCommand::Start(_) | SystemCommand::Route { .. }))
}

/// What may be typed at a console of a system.
pub fn help(system: &SystemDirectory, job: Option<&str>, stops: bool) -> Vec<String> {
    let there = There { others: system.sysplex().0.len() > 1, balancer: may_exist(&system.path().join("TCPIP")) };
    help_of(&there, job, stops)
}

/// What a system has of what not every one has.
struct There {
    /// Other systems of its sysplex.
    others: bool,
    /// A balancer that VARY switches.
    balancer: bool,
}

/// What may be typed, from the tables of those who read it; what would only be refused is left out.
fn help_of(there: &There, job: Option<&str>, stops: bool) -> Vec<String> {
    let line = |form: &str, what: &str| format!("{form:<47}  {what}");
    let is_of_use = |verb: &&Verb| match verb.name {
        "ROUTE" => there.others,
        "VARY" => there.balancer,
        _ => true,
    };
    let forms = VERBS.iter().filter(is_of_use).flat_map(|verb| verb.help);
    let mut lines: Vec<String> = forms.map(|(form, what)| line(form, what)).collect();
    lines.push("A job with the launcher takes, as text of F job,APPL=text:".to_owned());
    lines.extend(console::VERBS.iter().map(|(form, what)| format!("  {form:<27}{what}")));
    let own = CONSOLE_COMMANDS.join("     ");
    let leave = if stops { "this list; leave, what it started is stopped" } else { "this list; leave the console, jobs go on" };
    lines.push(line(&own, leave));
    lines.push("Lower case becomes upper case except inside apostrophes.".to_owned());
    if let Some(job) = job {
        lines.push(format!("This console is about {job}: DISP, START(c) and so on go to it; P, C and D alone mean it."));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_fits_a_terminal_and_has_every_verb() {
        let help = help_of(&There { others: true, balancer: true }, Some("ZWESLSTC"), false);
        assert!(help.iter().all(|line| line.len() <= 110), "{help:#?}");
        for verb in VERBS {
            assert!(help.iter().any(|line| line.starts_with(&format!("{} ", verb.short))), "{}", verb.name);
        }
        assert!(help.iter().any(|line| line.starts_with("HELP     QUIT") && line.ends_with("jobs go on")), "{help:#?}");
        let alone = help_of(&There { others: false, balancer: false }, None, true);
        assert!(!alone.iter().any(|line| line.starts_with("RO ") || line.starts_with("V ")), "{alone:#?}");
        assert!(alone.iter().any(|line| line.starts_with("HELP     QUIT") && line.ends_with("what it started is stopped")), "{alone:#?}");
        for (form, _) in console::VERBS {
            assert!(help.iter().any(|line| line.trim_start().starts_with(form)), "{form}");
        }
    }
}
