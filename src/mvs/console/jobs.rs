//! The console of somebody who has a screen of their own, the panel: what may be typed, and jobs that are stopped at the end.

use super::complete::complete;
use super::editor::KnownNames;
use super::ending::Ending;
use super::for_job;
use super::interactive::{Console, ConsoleEnd, ConsoleOptions, ConsoleOutcome, Pending, may_start};
use super::screen::Screen;
use crate::message;
use crate::mvs::answer::{Programs, StartedJob};
use crate::mvs::issue::issue_telling;
use crate::system::SystemDirectory;
use nix::sys::signal::Signal;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};

/// The lines that begin with what is typed at a console about a job and may go on so, by the names that the system has now. `components`:
/// those of the job, so that nobody has to ask it.
#[must_use]
pub fn completions(system: &SystemDirectory, job: Option<&str>, typed: &str, components: &[String]) -> Vec<String> {
    let (at, candidates) = complete(typed, job, &KnownNames::new(system, components));
    let before = typed.get(..at).unwrap_or_default();
    candidates.into_iter().map(|candidate| format!("{before}{candidate}")).collect()
}

/// The jobs that commands have started, and the STARTs that are under way.
#[derive(Debug)]
pub struct Jobs(Mutex<Started>);

#[derive(Debug)]
struct Started {
    teller: mpsc::Sender<StartedJob>,
    told: mpsc::Receiver<StartedJob>,
    pending: Vec<Pending>,
}

impl Default for Jobs {
    fn default() -> Jobs {
        let (teller, told) = mpsc::channel();
        Jobs(Mutex::new(Started { teller, told, pending: Vec::new() }))
    }
}

impl Jobs {
    fn lock(&self) -> MutexGuard<'_, Started> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Issues a command as [`super::one_shot`] does; what it starts is remembered.
    pub fn issue(&self, system: &SystemDirectory, job: Option<&str>, command: &str) -> (Vec<String>, i32) {
        let command = for_job(job, command).into_owned();
        let programs = match Programs::own() {
            Ok(programs) => programs,
            Err(error) => return (vec![message::mvs::command_not_executed("CONSOLE", error).text().to_owned()], crate::console::REFUSED),
        };
        let (sender, answer) = mpsc::channel();
        let teller = {
            let mut started = self.lock();
            started.pending.retain(|pending| matches!(pending.answer.try_recv(), Err(mpsc::TryRecvError::Empty)));
            started.pending.push(Pending { answer, starts: may_start(&command) });
            started.teller.clone()
        };
        let tell = |job| drop(teller.send(job));
        let answer = issue_telling(system, &command, &programs, &tell);
        let _ = sender.send(answer.clone());
        (answer.said(), answer.exit_code())
    }

    /// Stops what was started and waits for it, as a console does that is left; SYSLOG is shown meanwhile. `end`: the signal that ends all
    /// this, if one has come.
    ///
    /// # Errors
    /// The system refuses to tell of signals, or does not know the path of this program.
    pub fn stop(&self, system: &SystemDirectory, options: &ConsoleOptions, end: Option<Signal>) -> io::Result<ConsoleOutcome> {
        let ending = Ending::open()?;
        let screen = Screen::open(system, 0, options.colour);
        let scrolling = screen.scroll(system);
        let (teller, told) = mpsc::channel();
        let started = std::mem::replace(&mut *self.lock(), Started { teller, told, pending: Vec::new() });
        let mut console = Console {
            system,
            programs: Programs::own()?,
            ending: &ending,
            screen,
            job: None,
            stops: true,
            teller: started.teller,
            told: started.told,
            started: Vec::new(),
            worst: 0,
            answer_limit: None,
            pending: started.pending,
        };
        let left = console.stop_started(options.stop_limit);
        if !left.is_empty() {
            console.screen.write(&[message::jobs_left_running(left.join(", ")).to_string()]);
        }
        console.screen.show_news();
        drop(scrolling);
        let end = ending.signal().or(end).map_or(ConsoleEnd::Quit, ConsoleEnd::Signal);
        let started = console.started.iter().map(|job| job.job_id.clone()).collect();
        Ok(ConsoleOutcome { end, started, left, worst: 0 })
    }
}
