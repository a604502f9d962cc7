//! Carries out what the panel's user wants. Nothing here lets the screen wait: what takes its time is done on threads.

use super::fold::Fold;
use super::follow;
use super::measure;
use super::shared::{Board, Shared};
use super::tables;
use super::target::{Source as JournalSource, Target};
use crate::message;
use crate::mvs::console::{Jobs, completions};
use crate::output::printable;
use crate::platform::thread::{self, Stack};
use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use zwelnch_panel::{Request, Source, Update, View};

/// Commands that may wait for their answers at the same time.
const AT_ONCE: usize = 8;

/// The source of a panel.
pub(super) struct World {
    shared: Arc<Shared>,
    requests: Sender<Request>,
    job: Option<String>,
}

impl World {
    /// Begins to follow an instance. `jobs`: what commands start is remembered there. `commands` are issued first, and `welcome` is shown.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(super) fn begin(
        target: Target,
        jobs: Option<Arc<Jobs>>,
        sender: &zwelnch_panel::Sender,
        commands: Vec<String>,
        welcome: Vec<String>,
    ) -> io::Result<World> {
        let refusal = target.system.is_none().then(|| message::panel_takes_no_commands().text().to_owned());
        let is_only_source = target.spool.is_none() && target.source != JournalSource::Unknown;
        let (measure, woken) = mpsc::sync_channel(1);
        let board = Board {
            fold: Fold::new(refusal.clone(), is_only_source),
            facts: HashMap::new(),
            ports: HashMap::new(),
            job: target.job.clone(),
            config: target.config.clone(),
            view: View::Components,
        };
        let shared = Arc::new(Shared { sender: sender.clone(), system: target.system.clone(), jobs, board: Mutex::new(board), measure });
        let job = target.job.clone();
        let (requests, wanted) = mpsc::channel();
        let (to_serve, to_measure, to_follow) = (Arc::clone(&shared), Arc::clone(&shared), Arc::clone(&shared));
        if target.system.is_some() {
            thread::spawn("panel-measure", Stack::Usual, move || measure::run(&to_measure, &woken))?;
        }
        thread::spawn("panel-requests", Stack::Usual, move || Desk::new(to_serve).serve(&wanted))?;
        let refresh = requests.clone();
        let first = zwelnch_panel::Instance {
            job: job.as_deref().map_or_else(String::new, |job| printable(job.split('.').next().unwrap_or_default()).into_owned()),
            refusal,
            ..zwelnch_panel::Instance::default()
        };
        let is_started_here = !commands.is_empty();
        thread::spawn("panel-files", Stack::Usual, move || {
            to_follow.send(Update::Instance(first));
            if !welcome.is_empty() {
                to_follow.send(Update::Answer { command: "zwelnch demo".to_owned(), lines: welcome });
            }
            follow::run(&to_follow, &target, &|view| drop(refresh.send(Request::Refresh(view))));
        })?;
        if is_started_here {
            let to_start = Arc::clone(&shared);
            thread::spawn("panel-start", Stack::Usual, move || start(&to_start, commands))?;
        }
        Ok(World { shared, requests, job })
    }
}

/// Issues the first commands; only what is refused is worth a word, as the rest is seen.
fn start(shared: &Shared, commands: Vec<String>) {
    for command in commands {
        let (Some(system), Some(jobs)) = (&shared.system, &shared.jobs) else { return };
        let (lines, code) = jobs.issue(system, None, &command);
        if code != 0 {
            let lines = lines.iter().map(|line| printable(line).into_owned()).collect();
            shared.send(Update::Answer { command, lines });
        }
    }
}

impl Source for World {
    fn request(&self, request: Request) {
        // Who takes them has gone: the program ends.
        let _ = self.requests.send(request);
    }

    fn complete(&self, typed: &str) -> Vec<String> {
        let Some(system) = &self.shared.system else { return Vec::new() };
        let names: Vec<String> = self.shared.board().fold.components().iter().map(|component| component.name.clone()).collect();
        let job = self.job.as_deref().map(|job| job.split('.').next().unwrap_or_default());
        completions(system, job, typed, &names)
    }
}

/// Takes requests and gives each to a thread.
struct Desk {
    shared: Arc<Shared>,
    under_way: Arc<AtomicUsize>,
    /// Of each view that is asked for: whether somebody is at it.
    asked: HashMap<View, Arc<AtomicBool>>,
}

impl Desk {
    fn new(shared: Arc<Shared>) -> Desk {
        Desk { shared, under_way: Arc::default(), asked: HashMap::new() }
    }

    fn serve(&mut self, wanted: &Receiver<Request>) {
        while let Ok(request) = wanted.recv() {
            let is_open = match request {
                Request::Command(command) => self.command(command),
                Request::Start(name) => self.command(format!("START({name})")),
                Request::Stop(name) => self.command(format!("STOP({name})")),
                Request::Restart(name) => self.command(format!("RESTART({name})")),
                Request::Display(name) => self.command(format!("DISP,DETAIL({name})")),
                Request::Refresh(view) => self.refresh(view),
            };
            if !is_open {
                return;
            }
        }
    }

    fn command(&self, command: String) -> bool {
        if self.under_way.load(Ordering::SeqCst) >= AT_ONCE {
            return self.shared.lost(&format!("an answer to {command}"), "so many commands wait for theirs; it was not issued");
        }
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let (shared, under_way, issued) = (Arc::clone(&self.shared), Arc::clone(&self.under_way), command.clone());
        let spawned = thread::spawn("panel-answer", Stack::Usual, move || {
            let lines = shared.issue(&issued);
            under_way.fetch_sub(1, Ordering::SeqCst);
            shared.send(Update::Answer { command: issued, lines })
        });
        match spawned {
            Ok(_) => true,
            Err(error) => {
                self.under_way.fetch_sub(1, Ordering::SeqCst);
                self.shared.lost(&format!("an answer to {command}"), error)
            }
        }
    }

    fn refresh(&mut self, view: View) -> bool {
        {
            let mut board = self.shared.board();
            board.view = view;
            if board.config.is_none() && self.shared.system.is_some() {
                board.config = board.fold.config().map(str::to_owned);
            }
        }
        let ask: fn(&Shared) -> Update = match view {
            View::Components => {
                // One that waits is as good as two.
                let _ = self.shared.measure.try_send(());
                ports
            }
            View::HighAvailability => |shared| Update::HighAvailability(tables::high_availability(shared)),
            View::Configuration => |shared| Update::Configuration(tables::configuration(shared)),
            View::System => |shared| {
                let job = shared.board().job.clone();
                Update::System(tables::system(shared.system.as_ref(), job.as_deref()))
            },
            View::Log | View::Events | View::Chart => return true,
        };
        let at_it = Arc::clone(self.asked.entry(view).or_default());
        if at_it.swap(true, Ordering::SeqCst) {
            return true;
        }
        let (shared, done) = (Arc::clone(&self.shared), Arc::clone(&at_it));
        let spawned = thread::spawn("panel-table", Stack::Usual, move || {
            let update = ask(&shared);
            done.store(false, Ordering::SeqCst);
            shared.send(update)
        });
        match spawned {
            Ok(_) => true,
            Err(error) => {
                at_it.store(false, Ordering::SeqCst);
                self.shared.lost(view.name(), error)
            }
        }
    }
}

/// The components with their ports.
fn ports(shared: &Shared) -> Update {
    let (config, ha_instance, names) = {
        let board = shared.board();
        let names: Vec<String> = board.fold.components().iter().map(|component| component.name.clone()).collect();
        (board.config.clone(), board.fold.ha_instance().map(str::to_owned), names)
    };
    if let Some(config) = config.filter(|_| shared.system.is_some()) {
        let ports = tables::ports(&config, ha_instance.as_deref(), &names);
        shared.board().ports = ports;
    }
    shared.components()
}
