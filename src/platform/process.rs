//! Processes and their ends: one reaper thread for the whole program, so that no end is ever missed, overwritten or taken by somebody else.

use super::{Pid, Platform, SpawnRequest, WaitStatus};
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Called once, by the reaper thread, when the process has ended. Must not block.
pub type OnEnd = Box<dyn FnOnce(WaitStatus) + Send>;

/// Called by the reaper thread for a process that was not spawned here: an orphan that the system gave to us.
pub type OnStray = Box<dyn Fn(Pid) + Send>;

/// All child processes.
pub struct Processes {
    platform: Arc<dyn Platform>,
    table: Mutex<Table>,
    spawned: Condvar,
}

#[derive(Default)]
struct Table {
    waiting: HashMap<Pid, OnEnd>,
    on_stray: Option<OnStray>,
    /// Counts spawns: the reaper, told that there are no children, waits for it to change.
    spawns: u64,
}

impl Processes {
    /// Starts the reaper thread.
    ///
    /// # Errors
    /// When the system refuses the thread.
    pub fn start(platform: Arc<dyn Platform>) -> io::Result<Arc<Processes>> {
        let processes = Arc::new(Processes { platform, table: Mutex::new(Table::default()), spawned: Condvar::new() });
        let for_thread = Arc::clone(&processes);
        std::thread::Builder::new().name("reaper".to_owned()).stack_size(128 * 1024).spawn(move || for_thread.reap())?;
        Ok(processes)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates a process; `on_end` is called when it ends, however soon that is.
    ///
    /// # Errors
    /// Those of [`Platform::spawn`].
    pub fn spawn(&self, request: &SpawnRequest<'_>, on_end: OnEnd) -> io::Result<Pid> {
        // The lock is held across the spawn so that the reaper cannot see the end before the table knows the process.
        let mut table = self.lock();
        let pid = self.platform.spawn(request)?;
        table.waiting.insert(pid, on_end);
        table.spawns += 1;
        self.spawned.notify_one();
        Ok(pid)
    }

    /// Ends every process group that was made here and whose leader has not been reaped.
    pub fn kill_all(&self) {
        for pid in self.lock().waiting.keys() {
            self.platform.signal_group(*pid, super::StopSignal::Kill);
        }
    }

    /// Who is told of orphans that ended.
    pub fn on_stray(&self, on_stray: OnStray) {
        self.lock().on_stray = Some(on_stray);
    }

    fn reap(&self) {
        loop {
            let spawns = self.lock().spawns;
            match self.platform.wait_any() {
                Some((pid, status)) => {
                    let mut table = self.lock();
                    let on_end = table.waiting.remove(&pid);
                    if let (None, Some(on_stray)) = (&on_end, &table.on_stray) {
                        on_stray(pid);
                    }
                    drop(table);
                    if let Some(on_end) = on_end {
                        on_end(status);
                    }
                }
                None => {
                    let mut table = self.lock();
                    while table.spawns == spawns {
                        table = self.spawned.wait(table).unwrap_or_else(PoisonError::into_inner);
                    }
                }
            }
        }
    }
}
