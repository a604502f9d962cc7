//! The control groups of a run: one for all of it, and below that one for each process that is created here. What that process creates is in
//! the same one, whatever it does to its session, its parent or its environment. A thread waits for those whose leader has ended to become
//! empty, and removes what is not needed any more.

use crate::platform::control_group::is_populated;
use crate::platform::unix::process::{control_pipe, wait_for_change};
use crate::platform::{ControlGroup, Pid};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

/// What the thread is to do.
enum Job {
    /// To tell when it has become empty.
    Watch(Pid, Arc<dyn ControlGroup>),
    Remove(Arc<dyn ControlGroup>),
}

/// See the module.
pub(super) struct Containment {
    run: Arc<dyn ControlGroup>,
    jobs: Mutex<Sender<Job>>,
    wake: File,
    /// The thread has been woken and has not looked yet: one byte does for all that is ordered meanwhile.
    is_woken: AtomicBool,
    orders: Mutex<Option<(Receiver<Job>, File)>>,
}

impl Containment {
    /// # Errors
    /// The system's.
    pub(super) fn new(run: Arc<dyn ControlGroup>) -> io::Result<Containment> {
        let (woken, wake) = control_pipe()?;
        let (jobs, orders) = channel();
        let orders = Mutex::new(Some((orders, File::from(woken))));
        Ok(Containment { run, jobs: Mutex::new(jobs), wake: File::from(wake), is_woken: AtomicBool::new(false), orders })
    }

    /// The control group of the run.
    pub(super) fn run(&self) -> &Arc<dyn ControlGroup> {
        &self.run
    }

    /// Makes the control group of one process, and opens it.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn make(&self, number: u64) -> io::Result<(Arc<dyn ControlGroup>, File)> {
        let made = self.run.make(&number.to_string())?;
        match made.open() {
            Ok(open) => Ok((made, open)),
            Err(error) => {
                self.remove(made);
                Err(error)
            }
        }
    }

    /// What `attend` was given is told when it has become empty.
    pub(super) fn watch(&self, group: Pid, control_group: &Arc<dyn ControlGroup>) {
        self.order(Job::Watch(group, Arc::clone(control_group)));
    }

    /// Removes an empty one, later.
    pub(super) fn remove(&self, control_group: Arc<dyn ControlGroup>) {
        self.order(Job::Remove(control_group));
    }

    fn order(&self, job: Job) {
        // The thread has ended only if it has panicked, which was told; and a full pipe wakes it too.
        let _ = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).send(job);
        if !self.is_woken.swap(true, Ordering::AcqRel) {
            let _ = (&self.wake).write(&[0]);
        }
    }

    /// The life of the thread. `on_empty` is told of each that was watched.
    pub(super) fn attend(&self, on_empty: impl Fn(Pid)) {
        let Some((orders, mut woken)) = self.orders.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let mut watched: Vec<(Pid, Arc<dyn ControlGroup>, File)> = Vec::new();
        loop {
            let files: Vec<&File> = watched.iter().map(|(_, _, events)| events).collect();
            if wait_for_change(&files, woken.as_fd()) {
                // At least one byte is there, so this does not wait.
                let _ = woken.read(&mut [0; 512]);
                // Before the orders are taken: what comes later wakes again.
                self.is_woken.store(false, Ordering::Release);
            }
            for job in orders.try_iter() {
                match job {
                    Job::Watch(group, control_group) => match control_group.events() {
                        Ok(events) => watched.push((group, control_group, events)),
                        // It has gone, or there are no descriptors left: its processes are looked for as where there are no control groups.
                        Err(_) => on_empty(group),
                    },
                    // What is not empty yet is removed at the end of the run.
                    Job::Remove(control_group) => drop(control_group.remove()),
                }
            }
            watched.retain(|(group, _, events)| {
                let populated = is_populated(events).is_ok_and(|populated| populated);
                if !populated {
                    on_empty(*group);
                }
                populated
            });
        }
    }
}
