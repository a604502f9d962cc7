//! Processes and their ends: one reaper thread for the whole program, so that no end is ever missed, overwritten or taken by somebody else.
//!
//! A component is its process group and, where the system gives us the orphans below us (Linux), the processes that have left the group:
//! such a process becomes our child when its parent ends, and the variable [`MARKER`] in its environment says whose it was. This is looked
//! up only when a leader has ended: components that live on cost nothing.

use super::tree::with_descendants;
use crate::platform::fault::{Faults, OnFault};
use crate::platform::unix::{SIGCONT, SIGKILL};
use crate::platform::{Ending, Pid, Platform, SignalTarget, SpawnRequest, StopSignal, WaitStatus};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::CString;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Variable in every process that is started here, `<run>.<number of the start>`.
pub const MARKER: &str = "ZWELNCH_RUN";

/// How long a helper of the launcher (the guardian) may take to end after it was told to.
const HELPER_PATIENCE: Duration = Duration::from_secs(5);

/// The most checks of our children in a row, so that something that creates processes all the time does not hold the reaper up.
const MOST_LOOKS: usize = 64;

/// How often, at intervals of a tenth of a millisecond, a process without a marker is checked before that is believed.
const LAST_BREATHS: usize = 20;

/// Called once, by the reaper thread, when the process has ended. Must not block.
pub type OnEnd = Box<dyn FnOnce(WaitStatus) + Send>;

/// Called by the reaper thread for a process that was not spawned here: an orphan that the system has given to us.
pub type OnStray = Box<dyn Fn(Pid) + Send>;

/// Is told of every process group as it comes and goes, in that order, on any thread: must not block.
pub trait GroupObserver: Send {
    /// A group was made, and how it is ended.
    fn made(&mut self, group: Pid, ending: &Ending);
    /// Nothing of it is left.
    fn gone(&mut self, group: Pid);
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

/// All child processes.
pub struct Processes {
    platform: Arc<dyn Platform>,
    run: String,
    table: Mutex<Table>,
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
    observers: Vec<Box<dyn GroupObserver>>,
    on_stray: Option<OnStray>,
    /// Counts spawns: the reaper, when there are no children, waits for it to change. Also the number of the start in the marker.
    spawns: u64,
    /// The groups by the number of their start.
    by_number: HashMap<u64, Pid>,
}

struct Group {
    number: u64,
    ending: Ending,
    leader_ended: bool,
    /// The last signal it was sent.
    told: Option<StopSignal>,
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
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let run = format!("{:x}-{:x}", std::process::id(), since_epoch.as_nanos());
        let processes = Arc::new(Processes {
            platform,
            run,
            table: Mutex::new(Table::default()),
            spawned: Condvar::new(),
            ended: Condvar::new(),
            faults: Faults::default(),
        });
        let for_thread = Arc::clone(&processes);
        std::thread::Builder::new().name("reaper".to_owned()).stack_size(128 * 1024).spawn(move || {
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
        let pid = self.platform.spawn(&request)?;
        table.waiting.insert(pid, on_end);
        table.spawns = number;
        table.groups.insert(pid, Group { number, ending, leader_ended: false, told: None });
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
        let mut table = self.lock();
        let Some(known) = table.groups.get_mut(&group) else { return false };
        known.told = Some(signal);
        let (ending, number) = (known.ending, known.number);
        if signal == StopSignal::Kill && ending.kill_signal != SIGKILL {
            let processes = Arc::clone(self);
            let spawned = std::thread::Builder::new()
                .name("kill".to_owned())
                .stack_size(128 * 1024)
                .spawn(move || processes.make_sure(group, number));
            if spawned.is_err() {
                self.kill(self.targets(&table, group));
            }
        }
        if signal == StopSignal::Kill {
            self.adopt(&mut table);
        }
        self.tell(self.targets(&table, group), &ending, signal)
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
                self.kill(self.targets(&table, group));
                return;
            }
            table = self.ended.wait_timeout(table, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// True while a process of the group, or one that has left it, exists. The leader's corpse does not count.
    pub fn exists(&self, group: Pid) -> bool {
        let mut table = self.lock();
        self.forget_if_gone(&mut table, group);
        table.groups.contains_key(&group)
    }

    /// Ends everything that was created here, at once.
    pub fn kill_all(&self) {
        let mut table = self.lock();
        self.adopt(&mut table);
        let groups: Vec<Pid> = table.groups.keys().copied().collect();
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
                let groups: Vec<Pid> = table.groups.keys().copied().collect();
                groups.iter().for_each(|group| self.forget_if_gone(&mut table, *group));
                let mut targets = self.unclaimed(&table);
                targets.extend(table.groups.keys().flat_map(|group| self.targets(&table, *group)));
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
        if self.platform.group_exists(group) {
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

    /// Looks for orphans that the system has given to us: children that we did not create and that are in none of our groups. An orphan
    /// that ends at this moment leaves its own children to us, so this repeats until it finds nothing new.
    fn adopt(&self, table: &mut Table) {
        let helpers: Vec<Pid> = table.observers.iter().filter_map(|observer| observer.helper()).collect();
        let mut seen = BTreeSet::new();
        for _ in 0..MOST_LOOKS {
            let known =
                |pid| table.waiting.contains_key(&pid) || table.adopted.contains_key(&pid) || helpers.contains(&pid) || seen.contains(&pid);
            let list = self.platform.children(&known).unwrap_or_default();
            if list.is_empty() {
                return;
            }
            for entry in list {
                seen.insert(entry.pid);
                if !entry.is_dead && !table.groups.contains_key(&entry.group) {
                    self.adopt_one(table, entry.pid);
                }
            }
        }
    }

    fn adopt_one(&self, table: &mut Table, pid: Pid) {
        let Some(marker) = self.marker_of(pid) else { return };
        let number = marker.and_then(|marker| marker.strip_prefix(&self.run)?.strip_prefix('.')?.parse::<u64>().ok());
        let group = number.and_then(|number| table.by_number.get(&number).copied());
        table.adopted.insert(pid, group);
        if number.is_some() && group.is_none() {
            // It belongs to a component that is considered down: it has come after the last check for that.
            self.kill(self.trees(table, &[pid]));
            return;
        }
        let of = group.and_then(|group| table.groups.get(&group));
        if let Some((signal, ending)) = of.and_then(|of| Some((of.told?, of.ending))) {
            self.tell(self.trees(table, &[pid]), &ending, signal);
        }
    }

    /// The marker of a process, if it has one; None when it has ended. A process that is ending has no variables any more although it is
    /// not dead yet: so one that seems to have no marker is asked a moment longer, because what it leaves must be found before its group is
    /// forgotten.
    fn marker_of(&self, pid: Pid) -> Option<Option<String>> {
        for _ in 0..LAST_BREATHS {
            let marker = self.platform.variable_of(pid, MARKER);
            if marker.is_some() {
                return Some(marker);
            }
            if self.platform.process(pid).is_none_or(|entry| entry.is_dead) {
                return None;
            }
            std::thread::sleep(Duration::from_micros(100));
        }
        Some(None)
    }

    /// True when there was something to signal. Processes are killed from below, because the youngest one is the one that would get away.
    fn tell(&self, mut targets: Vec<SignalTarget>, ending: &Ending, signal: StopSignal) -> bool {
        if signal == StopSignal::Kill {
            targets.reverse();
        }
        // All of them, whether or not one has received it.
        targets.into_iter().filter(|target| send(&*self.platform, *target, ending, signal)).count() > 0
    }

    /// Forgets a group of which nothing is left, and reports it.
    fn forget_if_gone(&self, table: &mut Table, group: Pid) {
        let is_gone = table.groups.get(&group).is_some_and(|group| group.leader_ended)
            && !table.adopted.values().any(|of| *of == Some(group))
            && !self.platform.group_exists(group);
        if is_gone {
            if let Some(gone) = table.groups.remove(&group) {
                table.by_number.remove(&gone.number);
            }
            for observer in &mut table.observers {
                observer.gone(group);
            }
        }
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
        let (mut leaders, mut strays) = (Vec::new(), Vec::new());
        while let Some((pid, status)) = self.platform.reap() {
            if let Some(on_end) = table.waiting.remove(&pid) {
                if let Some(group) = table.groups.get_mut(&pid) {
                    group.leader_ended = true;
                }
                leaders.push((pid, on_end, status));
            } else if let Some(observer) = table.observers.iter_mut().find(|observer| observer.helper() == Some(pid)) {
                observer.helper_ended(status);
            } else {
                table.adopted.remove(&pid);
                strays.push(pid);
            }
        }
        let remaining: Vec<Pid> = table.groups.iter().filter(|(_, group)| group.leader_ended).map(|(pid, _)| *pid).collect();
        // A process that ended may have left children to us. That matters only for what is about to be forgotten and for what orphans
        // leave.
        if !remaining.is_empty() || !strays.is_empty() {
            self.adopt(&mut table);
        }
        for group in remaining {
            self.forget_if_gone(&mut table, group);
        }
        if let Some(on_stray) = &table.on_stray {
            strays.into_iter().for_each(on_stray);
        }
        drop(table);
        for (_, on_end, status) in leaders {
            on_end(status);
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
