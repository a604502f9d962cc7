//! What is left of a run whose launcher has gone, look after look. Where it had a control group, that tells; in any case a process is of the
//! run if it has the run's marker in its environment, was recorded, is below one of the run, or is in a session that one of the run began:
//! `env -i setsid` gets away from one of these, not from all.

use super::MARKER;
use crate::platform::unix::SIGKILL;
use crate::platform::{ControlGroup, Pid, Platform, ProcessEntry, SignalTarget};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// See the module.
pub(super) struct Remains<'a> {
    platform: &'a dyn Platform,
    run: Option<&'a str>,
    control_group: Option<&'a dyn ControlGroup>,
    /// Never touched, and not counted.
    spared: BTreeSet<Pid>,
    /// Every process of the run that was ever found, with its start time.
    known: BTreeMap<Pid, u64>,
    /// Those that were seen with the marker in the last look.
    marked: BTreeSet<Pid>,
    /// Processes that are not of the run, since when they are passed over: what creates processes all the time is found only by a look that
    /// is faster.
    foreign: (Instant, BTreeSet<Pid>),
    /// Whether in the last look a process had ended before it could be told whose it was.
    is_uncertain: bool,
}

/// How long processes are passed over: much less than it takes until a number is used again.
const PASSED_OVER: Duration = Duration::from_secs(1);

impl<'a> Remains<'a> {
    /// `recorded`: processes that were known to be of the run, with their start times.
    pub(super) fn new(
        platform: &'a dyn Platform,
        run: Option<&'a str>,
        control_group: Option<&'a dyn ControlGroup>,
        recorded: &BTreeMap<Pid, u64>,
        spared: BTreeSet<Pid>,
    ) -> Remains<'a> {
        // Only those that live identify their sessions.
        let lives = |pid: &Pid, start: &u64| platform.process(*pid).is_some_and(|entry| entry.start == *start);
        let known = recorded.iter().filter(|(pid, start)| lives(pid, start)).map(|(pid, start)| (*pid, *start)).collect();
        let foreign = (Instant::now(), BTreeSet::new());
        Remains { platform, run, control_group, spared, known, marked: BTreeSet::new(), foreign, is_uncertain: false }
    }

    /// The processes of the system that may be of the run; None: the system does not tell. The marker of each is read as soon as it is seen, the
    /// youngest first, because what creates processes all the time leaves each only a moment. For the same reason `at_once` ends those that
    /// have it with SIGKILL.
    pub(super) fn candidates(&mut self, at_once: bool) -> Option<Vec<ProcessEntry>> {
        if self.foreign.0.elapsed() > PASSED_OVER {
            self.foreign = (Instant::now(), BTreeSet::new());
        }
        let (marked, judged) = (RefCell::new(BTreeSet::new()), RefCell::new(BTreeSet::new()));
        let list = self.platform.process_list(&|pid| {
            let is_foreign = self.foreign.1.contains(&pid);
            if !is_foreign && !self.spared.contains(&pid) {
                judged.borrow_mut().insert(pid);
                if self.is_marked(pid) {
                    marked.borrow_mut().insert(pid);
                    if at_once {
                        self.platform.send(SignalTarget::Process(pid), SIGKILL);
                    }
                }
            }
            is_foreign
        });
        self.marked = marked.into_inner();
        let living: BTreeSet<Pid> = list.iter().flatten().filter(|entry| !entry.is_dead).map(|entry| entry.pid).collect();
        self.is_uncertain = !judged.into_inner().is_subset(&living);
        list
    }

    /// See [`Found::is_uncertain`](super::sweep::Found::is_uncertain), of the last look.
    pub(super) fn is_uncertain(&self) -> bool {
        self.is_uncertain
    }

    /// Those that are of the run and live; `is_in_group` knows the others by their process group. What is in the control group need not be in
    /// the list: it may have been created since.
    pub(super) fn among(&mut self, list: &[ProcessEntry], is_in_group: impl Fn(&ProcessEntry) -> bool) -> BTreeSet<Pid> {
        let spared = &self.spared;
        // Without it the other ways remain.
        let contained = self.control_group.and_then(|group| group.processes().ok()).unwrap_or_default();
        let mut found: BTreeSet<Pid> = contained.into_iter().filter(|pid| !spared.contains(pid)).collect();
        let living: Vec<&ProcessEntry> = list.iter().filter(|entry| !entry.is_dead && !spared.contains(&entry.pid)).collect();
        let is_of_run = |entry: &&&ProcessEntry| is_in_group(entry) || self.is_known(entry) || self.marked.contains(&entry.pid);
        found.extend(living.iter().filter(is_of_run).map(|entry| entry.pid));
        self.known.extend(started(&living, &found));
        let starts: BTreeMap<Pid, u64> = list.iter().map(|entry| (entry.pid, entry.start)).collect();
        // A session keeps its number while a process is in it, also without the one that began it.
        let begun = |known: &BTreeMap<Pid, u64>, session: Pid| {
            known.get(&session).is_some_and(|start| starts.get(&session).is_none_or(|found| found == start))
        };
        loop {
            let more: BTreeSet<Pid> = living
                .iter()
                .filter(|entry| !found.contains(&entry.pid))
                .filter(|entry| found.contains(&entry.parent) || begun(&self.known, entry.session))
                .map(|entry| entry.pid)
                .collect();
            if more.is_empty() {
                // The dead stay dead; a dead leader still tells whose its group is.
                let others = list.iter().filter(|entry| !found.contains(&entry.pid) && !spared.contains(&entry.pid) && !is_in_group(entry));
                self.foreign.1.extend(others.map(|entry| entry.pid));
                return found;
            }
            self.known.extend(started(&living, &more));
            found.extend(more);
        }
    }

    fn is_known(&self, entry: &ProcessEntry) -> bool {
        self.known.get(&entry.pid) == Some(&entry.start)
    }

    fn is_marked(&self, pid: Pid) -> bool {
        let marker = self.run.and_then(|run| Some((run, self.platform.variable_of(pid, MARKER)?)));
        marker.is_some_and(|(run, marker)| marker.strip_prefix(run).is_some_and(|rest| rest.starts_with('.')))
    }
}

fn started(living: &[&ProcessEntry], found: &BTreeSet<Pid>) -> Vec<(Pid, u64)> {
    living.iter().filter(|entry| found.contains(&entry.pid)).map(|entry| (entry.pid, entry.start)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::fake::FakePlatform;

    fn entry(pid: Pid, parent: Pid, session: Pid, start: u64) -> ProcessEntry {
        ProcessEntry { pid, parent, group: pid, session, start, is_dead: false }
    }

    fn found(remains: &mut Remains<'_>, list: &[ProcessEntry], groups: &[Pid]) -> Vec<Pid> {
        remains.among(list, |entry| groups.contains(&entry.group)).into_iter().collect()
    }

    #[test]
    fn what_is_below_one_of_the_run_and_what_is_in_a_session_of_it_is_of_it() {
        let platform = FakePlatform::default();
        let mut remains = Remains::new(&platform, None, None, &BTreeMap::new(), BTreeSet::from([99]));
        let list =
            [entry(10, 1, 5, 1), entry(20, 10, 20, 2), entry(30, 20, 30, 3), entry(40, 1, 20, 4), entry(5, 1, 5, 0), entry(50, 5, 5, 0)];
        assert_eq!(found(&mut remains, &list, &[10]), [10, 20, 30, 40], "not who is in the session of the launcher");
        // Those above have ended meanwhile, and what they left has another parent now.
        assert_eq!(found(&mut remains, &[entry(30, 1, 30, 3), entry(41, 1, 20, 5), entry(42, 1, 42, 9)], &[]), [30, 41]);
        // Another process with the number of one that was known, and its session.
        assert_eq!(found(&mut remains, &[entry(20, 1, 20, 77), entry(21, 20, 20, 78)], &[]), Vec::<Pid>::new());
    }

    #[test]
    fn a_process_that_ended_before_it_was_judged_makes_a_look_uncertain_once() {
        let mut platform = FakePlatform::default();
        let none = ("OTHER".to_owned(), String::new());
        platform.variables = [(10, none.clone()), (20, none)].into();
        platform.dead = [20].into();
        let mut remains = Remains::new(&platform, Some("r"), None, &BTreeMap::new(), BTreeSet::from([99]));
        let list = remains.candidates(false).unwrap();
        assert!(found(&mut remains, &list, &[]).is_empty() && remains.is_uncertain());
        // The same one that is still not reaped says nothing about what it left.
        remains.candidates(false).unwrap();
        assert!(!remains.is_uncertain());
    }

    #[test]
    fn a_spared_process_and_what_is_below_it_is_not_touched() {
        let platform = FakePlatform::default();
        let mut remains = Remains::new(&platform, None, None, &BTreeMap::new(), BTreeSet::from([99]));
        assert_eq!(found(&mut remains, &[entry(10, 1, 5, 1), entry(99, 10, 99, 2), entry(30, 99, 99, 3)], &[10]), [10]);
        // Not even at once, although a component of the run has started it.
        let mut platform = FakePlatform::default();
        platform.variables = [10, 99].into_iter().map(|pid| (pid, (MARKER.to_owned(), "r.1".to_owned()))).collect();
        let mut remains = Remains::new(&platform, Some("r"), None, &BTreeMap::new(), BTreeSet::from([99]));
        let list = remains.candidates(true).unwrap();
        assert_eq!(found(&mut remains, &list, &[]), [10]);
        assert_eq!(platform.sent(), [(SignalTarget::Process(10), SIGKILL)]);
    }
}
