//! Jobs on the other systems of the sysplex: those that a console has started there by RO are stopped there when the console ends.

use crate::mvs::answer::Programs;
use crate::mvs::issue::{issue_with, unique_target};
use crate::platform::unix::watch::watch_file;
use crate::system::{JobRecord, SystemDirectory};
use std::collections::BTreeSet;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How often a system whose SYSLOG cannot be watched is checked.
const WITHOUT_WATCH: Duration = Duration::from_millis(250);

/// The other systems and the jobs that ran there when the console began.
pub(super) struct Others(Vec<(SystemDirectory, BTreeSet<String>)>);

impl Others {
    pub(super) fn of(system: &SystemDirectory) -> Others {
        let others = system.sysplex().0.into_values().filter(|other| other.path() != system.path());
        Others(others.map(|other| (other.clone(), ids(&other.jobs()))).collect())
    }

    /// Stops every job that has started since, and cancels those that do not stop within `limit`. Returns the ids of those that are left,
    /// with their system.
    pub(super) fn stop(&self, programs: &Programs, limit: Duration) -> Vec<String> {
        let mut left = Vec::new();
        for (system, before) in &self.0 {
            let ours = || -> Vec<JobRecord> { system.jobs().into_iter().filter(|job| !before.contains(&job.job_id)).collect() };
            for (verb, limit) in [("P", limit), ("C", Duration::from_secs(10))] {
                let all = system.jobs();
                for job in ours() {
                    issue_with(system, &format!("{verb} {}", unique_target(&job, &all)), programs);
                }
                wait(system, limit, || ours().is_empty());
            }
            left.extend(ours().into_iter().map(|job| format!("{} on {}", job.job_id, system.sysname())));
        }
        left
    }
}

fn ids(jobs: &[JobRecord]) -> BTreeSet<String> {
    jobs.iter().map(|job| job.job_id.clone()).collect()
}

/// SYSLOG reports the end of a job, so this checks again whenever SYSLOG grows.
fn wait(system: &SystemDirectory, limit: Duration, is_over: impl Fn() -> bool) {
    let deadline = Instant::now() + limit;
    let (sender, grown) = mpsc::channel();
    let watch = watch_file(system.path(), "SYSLOG", move || {
        // Nobody waits any more.
        let _ = sender.send(());
    });
    while !is_over() {
        let remaining = deadline.saturating_duration_since(Instant::now());
        if remaining.is_zero() {
            return;
        }
        let pause = if watch.is_ok() { remaining } else { remaining.min(WITHOUT_WATCH) };
        let _ = grown.recv_timeout(pause);
    }
}
