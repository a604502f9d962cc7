//! Processes and their ends: one reaper thread for the whole program, so that no end is ever missed, overwritten or taken by somebody else.
//!
//! A component is its process group and, where the system gives us the orphans below us (Linux), the processes that have left the group:
//! such a process becomes our child when its parent ends. Whose it was is said by the control group that it was born in, if we may make
//! one for each component ([`super::containment`]); otherwise by the variable [`MARKER`] in its environment, by its session, or by what was
//! below the component when that was told to end. This is looked up only when a leader has ended: components that live on cost nothing.

mod contained;
mod orphans;

use super::containment::Containment;
use super::tree::with_descendants;
use crate::platform::fault::{Faults, OnFault};
use crate::platform::thread::{self, Stack};
use crate::platform::unix::{SIGCONT, SIGKILL};
use crate::platform::{ControlGroup, Ending, Pid, Platform, SignalTarget, SpawnRequest, StopSignal, WaitStatus};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::CString;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Variable in every process that is started here, `<run>.<number of the start>`.
pub const MARKER: &str = "ZWELNCH_RUN";

/// How long a helper of the launcher (the guardian) may take to end after it was told to.
const HELPER_PATIENCE: Duration = Duration::from_secs(5);

/// So many groups are signalled before whoever waits for the table may have it.
const SIGNALS_AT_ONCE: usize = 256;

/// The most checks of our children in a row, so that something that creates processes all the time does not hold the reaper up.
const MOST_LOOKS: usize = 64;

/// How often, at intervals of a tenth of a millisecond, a process without a marker is checked before that is believed.
const LAST_BREATHS: usize = 20;

/// Called once, by the reaper thread, when the process has ended. `remains`: others of its group, or that have left it, still lived then.
/// Must not block.
pub type OnEnd = Box<dyn FnOnce(WaitStatus, bool) + Send>;

/// Called when something has ended that was not spawned here, and may have been the last of a group: an orphan that the system has given to
/// us, or the last process of a control group.
pub type OnStray = Box<dyn Fn() + Send>;

/// Called once when no control groups can be made any more, with the reason.
pub type OnUncontained = Box<dyn FnOnce(io::Error) + Send>;

/// Is told of every process group as it comes and goes, in that order, on any thread: must not block.
pub trait GroupObserver: Send {
    /// A group was made, and how it is ended.
    fn made(&mut self, group: Pid, ending: &Ending);
    /// Nothing of these is left.
    fn gone(&mut self, groups: &[Pid]);
    /// An orphan was found that only its number tells from others.
    fn strayed(&mut self, pid: Pid) {
        let _ = pid;
    }
    /// It has ended.
    fn stray_ended(&mut self, pid: Pid) {
        let _ = pid;
    }
    /// A child of the observer itself, which is not an orphan.
    fn helper(&self) -> Option<Pid> {
        None
    }
    /// Its own child has ended.
    fn helper_ended(&mut self, status: WaitStatus) {
        let _ = status;
    }
    /// The launcher ends in order: no more groups will come.
    fn finish(&mut self) {}
}

/// The process and the time: no other run has both.
fn new_run() -> String {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:x}", std::process::id(), since_epoch.as_nanos())
}

/// All child processes.
pub struct Processes {
    platform: Arc<dyn Platform>,
    run: String,
    table: Mutex<Table>,
    /// Ok where control groups are in force; else why not.
    containment: Result<Containment, io::Error>,
    spawned: Condvar,
    /// Signalled when a process has ended.
    ended: Condvar,
    faults: Faults,
}

#[derive(Default)]
struct Table {
    waiting: HashMap<Pid, OnEnd>,
    /// Groups of which something is left.
    groups: BTreeMap<Pid, Group>,
    /// Orphans outside all groups, each with the group it has left, if that is known.
    adopted: HashMap<Pid, Option<Pid>>,
    /// Processes outside a group, with their start times, that were below it when it was told to end; each with that group.
    below: HashMap<(Pid, u64), Pid>,
    on_uncontained: Option<OnUncontained>,
    observers: Vec<Box<dyn GroupObserver>>,
    on_stray: Option<OnStray>,
    /// Counts spawns: the reaper, when there are no children, waits for it to change. Also the number of the start in the marker.
    spawns: u64,
    /// The groups by the number of their start.
    by_number: HashMap<u64, Pid>,
    /// The groups whose leader has ended.
    leaderless: BTreeSet<Pid>,
}

struct Group {
    number: u64,
    ending: Ending,
    leader_ended: bool,
    /// The last signal it was sent.
    told: Option<StopSignal>,
    control_group: Option<Contained>,
}

/// The control group of a process group.
struct Contained {
    control_group: Arc<dyn ControlGroup>,
    /// No process is in it, and the leader has ended: so none will come.
    is_empty: bool,
    is_watched: bool,
}

impl Group {
    fn is_populated(&self) -> bool {
        self.control_group.as_ref().is_some_and(|contained| !contained.is_empty)
    }
}

/// What is left after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Processes that were still there when their components had ended.
    pub found: usize,
}

impl Processes {
    /// Starts the reaper thread.
    ///
    /// # Errors
    /// When the system refuses the thread.
    pub fn start(platform: Arc<dyn Platform>) -> io::Result<Arc<Processes>> {
        let none = io::Error::new(io::ErrorKind::Unsupported, "they were not asked for");
        Self::start_as(platform, new_run(), Err(none))
    }

    /// The same, with control groups for what will be created, where the system lets us make them.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start_contained(platform: Arc<dyn Platform>) -> io::Result<Arc<Processes>> {
        let run = new_run();
        let containment = platform.make_control_group(&run).and_then(Containment::new);
        let processes = Self::start_as(platform, run, containment)?;
        if processes.containment.is_ok() {
            let for_thread = Arc::clone(&processes);
            thread::spawn("control groups", Stack::Small, move || {
                for_thread.faults.outlive("control group", || {
                    if let Ok(containment) = &for_thread.containment {
                        containment.attend(|group| for_thread.emptied(group));
                    }
                });
            })?;
        }
        Ok(processes)
    }

    fn start_as(platform: Arc<dyn Platform>, run: String, containment: io::Result<Containment>) -> io::Result<Arc<Processes>> {
        let processes = Arc::new(Processes {
            platform,
            run,
            table: Mutex::new(Table::default()),
            containment,
            spawned: Condvar::new(),
            ended: Condvar::new(),
            faults: Faults::default(),
        });
        let for_thread = Arc::clone(&processes);
        thread::spawn("reaper", Stack::Small, move || {
            for_thread.faults.outlive("reaper", || for_thread.reap());
        })?;
        Ok(processes)
    }

    /// Sets who is told of a panic of the reaper thread: ends may have been missed.
    pub fn on_fault(&self, on_fault: OnFault) {
        self.faults.listen(on_fault);
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The part of the [`MARKER`] before the dot: it identifies this run of the launcher within this boot.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The control group of this run; why there is none.
    pub fn control_group(&self) -> Result<&Arc<dyn ControlGroup>, &io::Error> {
        self.containment.as_ref().map(Containment::run)
    }

    /// Sets who is told when a process could not be created in a control group, and was created without.
    pub fn on_uncontained(&self, on_uncontained: OnUncontained) {
        self.lock().on_uncontained = Some(on_uncontained);
    }

    /// Creates a process that leads a group; `on_end` is called when it ends, however soon that is. [`MARKER`] is added to its environment.
    ///
    /// # Errors
    /// Those of [`Platform::spawn`].
    pub fn spawn(&self, request: SpawnRequest<'_>, ending: Ending, on_end: OnEnd) -> io::Result<Pid> {
        // The lock is held across the spawn so that the reaper cannot see the end before the table knows the process.
        let mut table = self.lock();
        let number = table.spawns + 1;
        let marker = CString::new(format!("{MARKER}={}.{number}", self.run))?;
        let mut request: SpawnRequest<'_> = request;
        request.environment.marker = Some(&marker);
        let (pid, control_group) = self.spawn_contained(&mut table, request, number)?;
        table.waiting.insert(pid, on_end);
        // Of an earlier one with this number something outside its process group may be left.
        table.leaderless.remove(&pid);
        table.spawns = number;
        table.groups.insert(pid, Group { number, ending, leader_ended: false, told: None, control_group });
        table.by_number.insert(number, pid);
        for observer in &mut table.observers {
            observer.made(pid, &ending);
        }
        self.spawned.notify_one();
        Ok(pid)
    }

    /// Adds an observer, which is told of all groups, starting with those that exist already.
    pub fn observe(&self, mut observer: Box<dyn GroupObserver>) {
        let mut table = self.lock();
        for (pid, group) in &table.groups {
            observer.made(*pid, &group.ending);
        }
        table.observers.push(observer);
        // Its helper is a child to wait for.
        table.spawns += 1;
        self.spawned.notify_one();
    }

    /// Sends a component's signal to everything that is left of it, and to anything found of it later. True when there was something to
    /// send it to. If a kill signal does not end it within 5 s, SIGKILL follows, so that a stop always ends.
    pub fn signal(self: &Arc<Self>, group: Pid, signal: StopSignal) -> bool {
        self.signal_in(&mut self.lock(), &[(group, signal)]) > 0
    }

    /// The same to several: what ends meanwhile is reaped together, and what is looked at for each end is looked at once.
    pub fn signal_each(self: &Arc<Self>, signals: &[(Pid, StopSignal)]) {
        for some in signals.chunks(SIGNALS_AT_ONCE) {
            self.signal_in(&mut self.lock(), some);
        }
    }

    /// How many there was something to send it to.
    fn signal_in(self: &Arc<Self>, table: &mut Table, signals: &[(Pid, StopSignal)]) -> usize {
        let known: Vec<(Pid, StopSignal)> = signals.iter().copied().filter(|(group, _)| table.groups.contains_key(group)).collect();
        let mut ended = BTreeSet::new();
        for (group, signal) in &known {
            if self.prepare_signal(table, *group, *signal) {
                ended.insert(*group);
            }
        }
        if known.iter().any(|(_, signal)| *signal == StopSignal::Kill) {
            self.adopt(table);
        }
        let send = |(group, signal): &(Pid, StopSignal)| {
            let Some(ending) = table.groups.get(group).map(|known| known.ending) else { return false };
            let mut targets = self.targets(table, *group);
            let is_ended = ended.contains(group);
            if *signal == StopSignal::Kill && !is_ended {
                targets.extend(self.contained(table, *group));
            }
            self.tell(targets, &ending, *signal) || is_ended
        };
        known.iter().filter(|known| send(known)).count()
    }

    /// What comes before the signal itself. True when the control group has ended all that was in it.
    fn prepare_signal(self: &Arc<Self>, table: &mut Table, group: Pid, signal: StopSignal) -> bool {
        let Some(known) = table.groups.get_mut(&group) else { return false };
        known.told = Some(signal);
        let (ending, number) = (known.ending, known.number);
        match signal {
            StopSignal::Terminate => self.note_below(table, group),
            StopSignal::Kill if ending.kill_signal == SIGKILL => return self.kill_control_group(table, group),
            StopSignal::Kill => {
                let processes = Arc::clone(self);
                let spawned = thread::spawn("kill", Stack::Small, move || processes.make_sure(group, number));
                if spawned.is_err() {
                    self.kill_group(table, group);
                }
            }
        }
        false
    }

    /// Sends SIGKILL to all that is left of a group.
    fn kill_group(&self, table: &Table, group: Pid) {
        let mut targets = self.targets(table, group);
        if !self.kill_control_group(table, group) {
            targets.extend(self.contained(table, group));
        }
        self.kill(targets);
    }

    /// Sends SIGKILL to a group that is still there after a while.
    fn make_sure(&self, group: Pid, number: u64) {
        let deadline = Instant::now() + HELPER_PATIENCE;
        let mut table = self.lock();
        while table.groups.get(&group).is_some_and(|group| group.number == number) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                // Anything found of it later is ended in the same way.
                if let Some(known) = table.groups.get_mut(&group) {
                    known.ending.kill_signal = SIGKILL;
                }
                self.kill_group(&table, group);
                return;
            }
            table = self.ended.wait_timeout(table, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// True while a process of the group, or one that has left it, exists. The leader's corpse does not count.
    pub fn exists(&self, group: Pid) -> bool {
        let mut table = self.lock();
        self.forget_gone(&mut table, &[group]);
        table.groups.contains_key(&group)
    }

    /// Ends everything that was created here, at once.
    pub fn kill_all(&self) {
        let mut table = self.lock();
        self.adopt(&mut table);
        let groups: Vec<Pid> = table.groups.keys().copied().collect();
        if let Ok(containment) = &self.containment {
            // If it fails, the signals below remain.
            if containment.run().kill().is_err() {
                self.kill(containment.run().processes().unwrap_or_default().into_iter().map(SignalTarget::Process).collect());
            }
        }
        for group in groups {
            self.kill(self.targets(&table, group));
        }
        self.kill(self.unclaimed(&table));
    }

    fn kill(&self, targets: Vec<SignalTarget>) {
        for target in targets.into_iter().rev() {
            self.platform.send(target, SIGKILL);
        }
    }

    /// Sets who is told of orphans that ended.
    pub fn on_stray(&self, on_stray: OnStray) {
        self.lock().on_stray = Some(on_stray);
    }

    /// The end of a run: processes that have outlived their components get SIGTERM, and SIGKILL after the grace time; then the observers
    /// are told that nothing follows, and their helpers end. Blocks until that is done.
    pub fn finish(&self) -> Swept {
        let mut table = self.lock();
        self.adopt(&mut table);
        let ending = Ending::default();
        let mut found = BTreeSet::new();
        for (signal, patience) in [(StopSignal::Terminate, ending.grace), (StopSignal::Kill, HELPER_PATIENCE)] {
            let deadline = Instant::now() + patience;
            let mut told = BTreeSet::new();
            loop {
                self.adopt(&mut table);
                let groups: Vec<Pid> = table.leaderless.iter().copied().collect();
                self.forget_gone(&mut table, &groups);
                let mut targets = self.unclaimed(&table);
                targets.extend(table.groups.keys().flat_map(|group| self.targets(&table, *group)));
                // One question for all; only if something is in it, each below it is asked.
                let populated =
                    self.containment.as_ref().ok().filter(|containment| !containment.run().is_empty().is_ok_and(|is_empty| is_empty));
                if let Some(containment) = populated {
                    targets.extend(containment.run().processes().unwrap_or_default().into_iter().map(SignalTarget::Process));
                    if signal == StopSignal::Kill {
                        // If it fails, the signals below remain.
                        let _ = containment.run().kill();
                    }
                }
                let left = deadline.saturating_duration_since(Instant::now());
                if targets.is_empty() || left.is_zero() {
                    break;
                }
                for target in targets.into_iter().rev().filter(|target| told.insert(*target)) {
                    send(&*self.platform, target, &ending, signal);
                    found.insert(target);
                }
                table = self.ended.wait_timeout(table, left).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        if let Ok(containment) = &self.containment {
            // What is not empty remains for the next start, as its record says.
            let _ = containment.run().remove();
        }
        table.observers.iter_mut().for_each(|observer| observer.finish());
        let deadline = Instant::now() + HELPER_PATIENCE;
        while table.observers.iter().any(|observer| observer.helper().is_some()) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            table = self.ended.wait_timeout(table, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        Swept { found: found.len() }
    }

    /// The group, and the processes that have left it, with all their descendants.
    fn targets(&self, table: &Table, group: Pid) -> Vec<SignalTarget> {
        let mut targets = Vec::new();
        // A leader that was not reaped is there, if only as a corpse.
        let is_led = table.groups.get(&group).is_some_and(|known| !known.leader_ended);
        if is_led || self.platform.group_exists(group) {
            targets.push(SignalTarget::Group(group));
        }
        let roots: Vec<Pid> = table.adopted.iter().filter(|(_, of)| **of == Some(group)).map(|(pid, _)| *pid).collect();
        targets.extend(self.trees(table, &roots));
        targets
    }

    /// The orphans whose component is unknown.
    fn unclaimed(&self, table: &Table) -> Vec<SignalTarget> {
        let roots: Vec<Pid> = table.adopted.iter().filter(|(_, of)| of.is_none()).map(|(pid, _)| *pid).collect();
        self.trees(table, &roots)
    }

    fn trees(&self, table: &Table, roots: &[Pid]) -> Vec<SignalTarget> {
        let pids = with_descendants(&*self.platform, roots, &|pid| table.waiting.contains_key(&pid));
        pids.into_iter().map(SignalTarget::Process).collect()
    }

    /// True when there was something to signal. Processes are killed from below, because the youngest one is the one that would get away.
    fn tell(&self, mut targets: Vec<SignalTarget>, ending: &Ending, signal: StopSignal) -> bool {
        if signal == StopSignal::Kill {
            targets.reverse();
        }
        // All of them, whether or not one has received it.
        targets.into_iter().filter(|target| send(&*self.platform, *target, ending, signal)).count() > 0
    }

    /// Forgets those groups of which nothing is left, and reports them together.
    fn forget_gone(&self, table: &mut Table, groups: &[Pid]) {
        let gone: Vec<Pid> = groups.iter().copied().filter(|group| self.is_gone(table, *group)).collect();
        if gone.is_empty() {
            return;
        }
        for group in &gone {
            table.leaderless.remove(group);
            if let Some(gone) = table.groups.remove(group) {
                table.by_number.remove(&gone.number);
                if let (Some(contained), Ok(containment)) = (gone.control_group, &self.containment) {
                    containment.remove(contained.control_group);
                }
            }
        }
        table.below.retain(|_, of| !gone.contains(of));
        for observer in &mut table.observers {
            observer.gone(&gone);
        }
    }

    /// Nothing of a group is left.
    fn is_gone(&self, table: &Table, group: Pid) -> bool {
        table.groups.get(&group).is_some_and(|group| group.leader_ended && !group.is_populated())
            && !table.adopted.values().any(|of| *of == Some(group))
            && !self.platform.group_exists(group)
    }

    fn reap(&self) {
        loop {
            let spawns = self.lock().spawns;
            if self.platform.wait_for_end() {
                self.reap_ended();
            } else {
                let mut table = self.lock();
                while table.spawns == spawns {
                    table = self.spawned.wait(table).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// Reaps everything that has ended by now. The lock is held from the reaping to the change of the table, so that nobody signals a
    /// process whose id is free again.
    fn reap_ended(&self) {
        let mut table = self.lock();
        let (mut leaders, mut strays) = (Vec::new(), 0);
        while let Some((pid, status)) = self.platform.reap() {
            if let Some(on_end) = table.waiting.remove(&pid) {
                if let Some(group) = table.groups.get_mut(&pid) {
                    group.leader_ended = true;
                    table.leaderless.insert(pid);
                }
                leaders.push((pid, on_end, status));
            } else if let Some(observer) = table.observers.iter_mut().find(|observer| observer.helper() == Some(pid)) {
                observer.helper_ended(status);
            } else {
                if table.adopted.remove(&pid).is_some() {
                    table.observers.iter_mut().for_each(|observer| observer.stray_ended(pid));
                }
                strays += 1;
            }
        }
        // A process that ended may have left children to us. That matters only for what is about to be forgotten and for what orphans
        // leave; where a control group says that nothing of a component is left, it has left none.
        let left = leaders.iter().filter(|(pid, ..)| !self.look_into(&mut table, *pid)).count();
        if left > 0 || strays > 0 || self.containment.is_err() && !table.leaderless.is_empty() {
            self.adopt(&mut table);
        }
        let leaderless: Vec<Pid> = table.leaderless.iter().copied().collect();
        self.forget_gone(&mut table, &leaderless);
        let leaders: Vec<(OnEnd, WaitStatus, bool)> =
            leaders.into_iter().map(|(pid, on_end, status)| (on_end, status, table.groups.contains_key(&pid))).collect();
        if let Some(on_stray) = table.on_stray.as_ref().filter(|_| strays > 0) {
            on_stray();
        }
        drop(table);
        for (on_end, status, remains) in leaders {
            on_end(status, remains);
        }
        self.ended.notify_all();
    }
}

/// Sends the signal that a [`StopSignal`] means for a component. A process that is stopped by a signal learns of the request to end when it
/// is continued.
pub fn send(platform: &dyn Platform, target: SignalTarget, ending: &Ending, signal: StopSignal) -> bool {
    match signal {
        StopSignal::Terminate => {
            let sent = platform.send(target, ending.signal);
            platform.send(target, SIGCONT);
            sent
        }
        StopSignal::Kill => platform.send(target, ending.kill_signal),
    }
}
