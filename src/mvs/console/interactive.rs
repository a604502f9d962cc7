//! The console for many commands: from a terminal with a line editor, or from a pipe line by line.

use super::editor::{Editor, Input};
use super::for_job;
use super::others::Others;
use super::screen::{Screen, Scrolling};
use crate::console::REFUSED;
use crate::message::mvs;
use crate::mvs::answer::{Answer, Programs};
use crate::mvs::command::{SystemCommand, parse};
use crate::mvs::issue::{issue_with, unique_target};
use crate::system::{COMMAND_LIMIT, SystemDirectory};
use std::io::{self, BufRead, IsTerminal, Read};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// Lines of SYSLOG that a console shows when it starts.
const LAST_LINES: usize = 10;

/// How long the console of a terminal waits for an answer before the next command can be typed; SYSLOG shows the answer when it comes. This
/// is longer than a job may be busy.
const ANSWER_LIMIT: Duration = Duration::from_secs(6);

/// How long a console that ends waits for a START that is under way.
const START_LIMIT: Duration = Duration::from_secs(40);

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
        }
    }
}

/// How a console ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsoleEnd {
    /// QUIT or EXIT.
    Quit,
    /// End of file, or Ctrl-D.
    EndOfInput,
}

/// The state when the console ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleOutcome {
    pub end: ConsoleEnd,
    /// Ids of the jobs that the console started.
    pub started: Vec<String>,
    /// Those of them that were told to stop but did not end.
    pub left: Vec<String>,
    /// The worst exit code of a command; 0 on a terminal, where a person saw what was refused.
    pub worst: i32,
}

impl ConsoleOutcome {
    /// 0, or 8 when a job is left that should have stopped.
    pub fn code(&self) -> i32 {
        if self.left.is_empty() { 0 } else { REFUSED }
    }

    /// [`ConsoleOutcome::code`], or the code of the worst command of a pipe.
    pub fn exit_code(&self) -> i32 {
        self.code().max(self.worst)
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
    let others = Others::of(system);
    let screen = Screen::open(system, LAST_LINES);
    screen.write(&options.banner);
    let on_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    // A terminal that cannot move its cursor is treated like a pipe.
    let mut editor = if on_terminal { Editor::open(system, options.job.as_deref(), &screen).ok() } else { None };
    let (scrolling, trouble) = screen.scroll(system);
    if let Some(error) = trouble {
        screen.write(&[format!("SYSLOG is shown after each command only: {error}")]);
    }
    let mut console = Console {
        system,
        programs,
        screen,
        scrolling,
        job: options.job.as_deref(),
        started: Vec::new(),
        worst: 0,
        goes_on: on_terminal,
        pending: Vec::new(),
    };
    for command in &options.first_commands {
        console.command(command);
    }
    let end = match &mut editor {
        Some(editor) => console.read_terminal(editor)?,
        None => console.read_pipe(&mut io::stdin().lock())?,
    };
    // From here on the terminal has its original modes: Ctrl-C ends the waiting for jobs.
    drop(editor);
    let worst = if on_terminal { 0 } else { console.worst };
    // To stop the jobs that were started, they must all be known.
    console.collect(if options.stop_at_end { START_LIMIT } else { Duration::ZERO });
    let mut left = Vec::new();
    if options.stop_at_end {
        left = console.stop_started(options.stop_limit);
        left.extend(others.stop(&console.programs, options.stop_limit));
    }
    console.screen.show_news();
    Ok(ConsoleOutcome { end, started: console.started, left, worst })
}

struct Console<'a> {
    system: &'a SystemDirectory,
    programs: Programs,
    screen: Arc<Screen>,
    scrolling: Scrolling,
    job: Option<&'a str>,
    started: Vec<String>,
    worst: i32,
    /// While an answer takes long, the next command can already be typed.
    goes_on: bool,
    /// Answers that have not come yet.
    pending: Vec<Pending>,
}

/// A command that is being carried out.
struct Pending {
    answer: mpsc::Receiver<Answer>,
    /// It may start a job.
    starts: bool,
}

impl Console<'_> {
    /// Commands as they are typed, until the console is left.
    fn read_terminal(&mut self, editor: &mut Editor) -> io::Result<ConsoleEnd> {
        loop {
            match editor.next()? {
                Input::Line(line) => {
                    if self.line(&line) {
                        return Ok(ConsoleEnd::Quit);
                    }
                }
                Input::End => return Ok(ConsoleEnd::EndOfInput),
            }
        }
    }

    /// Commands line by line up to the end of the input.
    fn read_pipe(&mut self, input: &mut dyn BufRead) -> io::Result<ConsoleEnd> {
        // Room for the longest command in any characters, and enough more to see that one is too long.
        const LIMIT: u64 = 4 * COMMAND_LIMIT as u64 + 64;
        loop {
            let mut line = Vec::new();
            if Read::take(&mut *input, LIMIT).read_until(b'\n', &mut line)? == 0 {
                return Ok(ConsoleEnd::EndOfInput);
            }
            if line.last() != Some(&b'\n') && line.len() as u64 == LIMIT {
                skip_line(input)?;
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
            "HELP" | "?" => self.screen.write(&help(self.job)),
            _ => self.command(line),
        }
        false
    }

    fn command(&mut self, text: &str) {
        let command = for_job(self.job, text).into_owned();
        self.collect(Duration::ZERO);
        if !self.goes_on {
            let answer = issue_with(self.system, &command, &self.programs);
            return self.take(answer);
        }
        let starts = matches!(parse(&command), Ok(SystemCommand::Start(_) | SystemCommand::Route { .. }));
        let (sender, receiver) = mpsc::channel();
        let (system, programs) = (self.system.clone(), self.programs.clone());
        let worker = std::thread::Builder::new().name("answer".to_owned()).spawn(move || {
            // The console has gone.
            let _ = sender.send(issue_with(&system, &command, &programs));
        });
        if let Err(error) = worker {
            self.screen.write(&[mvs::command_not_executed("CONSOLE", error).text().to_owned()]);
            return;
        }
        match receiver.recv_timeout(ANSWER_LIMIT) {
            Ok(answer) => self.take(answer),
            Err(_) => {
                self.screen.show_news();
                self.pending.push(Pending { answer: receiver, starts });
            }
        }
    }

    fn take(&mut self, answer: Answer) {
        self.worst = self.worst.max(answer.exit_code());
        self.started.extend(answer.job_id);
        self.screen.show_news();
        // The answer comes with SYSLOG, unless SYSLOG could not be written.
        if !answer.logged {
            self.screen.write(&answer.lines);
        }
    }

    /// Takes the answers that have arrived meanwhile. Answers to commands that may have started jobs are waited for, at most for `limit`.
    fn collect(&mut self, limit: Duration) {
        let deadline = Instant::now() + limit;
        for pending in std::mem::take(&mut self.pending) {
            let patience = if pending.starts { deadline.saturating_duration_since(Instant::now()) } else { Duration::ZERO };
            match pending.answer.recv_timeout(patience) {
                Ok(answer) => self.take(answer),
                Err(mpsc::RecvTimeoutError::Timeout) => self.pending.push(pending),
                Err(mpsc::RecvTimeoutError::Disconnected) => {}
            }
        }
    }

    /// Stops the jobs that this console started, then cancels those that do not stop; returns those that are still there.
    fn stop_started(&mut self, limit: Duration) -> Vec<String> {
        let mut left = self.started.clone();
        for (verb, limit) in [("P", limit), ("C", Duration::from_secs(10))] {
            // This also reports the ends of jobs that had nobody left to report them.
            let jobs = self.system.jobs();
            let running: Vec<String> = left.into_iter().filter(|id| jobs.iter().any(|job| job.job_id == *id)).collect();
            for job in jobs.iter().filter(|job| running.contains(&job.job_id)) {
                self.command(&format!("{verb} {}", unique_target(job, &jobs)));
            }
            left = self.screen.wait_for_ends(&running, &self.scrolling, limit);
            if left.is_empty() {
                break;
            }
        }
        left
    }
}

/// Skips the rest of a line.
fn skip_line(input: &mut dyn BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let length = buffer.len();
        match memchr::memchr(b'\n', buffer) {
            Some(at) => {
                input.consume(at + 1);
                return Ok(());
            }
            None if length == 0 => return Ok(()),
            None => input.consume(length),
        }
    }
}

fn help(job: Option<&str>) -> Vec<String> {
    let mut lines: Vec<String> = [
        "S member[.id][,JOBNAME=name][,symbol=value...]   start a procedure of PROCLIB",
        "F job[.id],APPL=DISP                             components of the launcher, their state",
        "F job[.id],APPL=START(c) STOP(c) RESTART(c)      start (running: restart), stop, restart anew configured",
        "P job[.id]                                       stop in order; .id: its identifier, or its job id",
        "C job[.id]                                       cancel: end at once",
        "D A,L    D A,job    D T                          all jobs, one job, the time",
        "RO system,command    RO *ALL,command             have other systems of the sysplex do it",
        "V TCPIP,,SYSPLEX,QUIESCE,PORT=n   RESUME         no new connections to the listener at a port; new ones again",
        "D TCPIP,,NETSTAT,CONN,PORT=n                     its connections",
        "D TCPIP,,NETSTAT,VDPT                            whether listeners get new connections (RDY)",
        "HELP     QUIT                                    this list; leave the console, jobs go on",
        "Lower case becomes upper case except inside apostrophes.",
    ]
    .map(str::to_owned)
    .to_vec();
    if let Some(job) = job {
        lines.push(format!("This console is about {job}: DISP, START(c) and so on go to it; P, C and D alone mean it."));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_end_does_not_fill_the_memory() {
        let mut input = io::Cursor::new([vec![b'x'; 100_000], b"\nnext\n".to_vec()].concat());
        skip_line(&mut input).unwrap();
        let mut rest = String::new();
        input.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "next\n");
        skip_line(&mut io::Cursor::new(b"no end")).unwrap();
    }

    #[test]
    fn help_fits_a_terminal() {
        assert!(help(Some("ZWESLSTC")).iter().all(|line| line.len() <= 110));
    }
}
