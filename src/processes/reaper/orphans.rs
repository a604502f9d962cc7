//! Orphans below us: whose they are, and what becomes of them.

use super::{LAST_BREATHS, MARKER, MOST_LOOKS, Processes, Table};
use crate::platform::control_group::number_below;
use crate::platform::{Pid, ProcessEntry};
use crate::processes::tree::with_descendants;
use std::collections::BTreeSet;
use std::time::Duration;

impl Processes {
    /// Looks for orphans that the system has given to us: children that we did not create and that are in none of our groups. An orphan
    /// that ends at this moment leaves its own children to us, so this repeats until it finds nothing new.
    pub(super) fn adopt(&self, table: &mut Table) {
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
                    self.adopt_one(table, &entry);
                }
            }
        }
    }

    /// Looks for orphans while nothing has ended: where there are no control groups, what launcher and guardian leave when they are killed
    /// can be found only by a record of it.
    pub fn look_for_orphans(&self) {
        if self.containment.is_err() {
            self.adopt(&mut self.lock());
        }
    }

    fn adopt_one(&self, table: &mut Table, entry: &ProcessEntry) {
        let pid = entry.pid;
        let Some(number) = self.number_of(pid) else { return };
        let by_kin = || table.below.get(&(pid, entry.start)).or_else(|| table.adopted.get(&entry.session)?.as_ref()).copied();
        let group = number.map_or_else(by_kin, |number| table.by_number.get(&number).copied());
        table.adopted.insert(pid, group);
        if self.containment.is_err() {
            table.observers.iter_mut().for_each(|observer| observer.strayed(pid));
        }
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

    /// The number of the start that an orphan comes from, if it can be told; None when it has ended.
    fn number_of(&self, pid: Pid) -> Option<Option<u64>> {
        let contained = self.containment.is_ok().then(|| self.platform.control_group_of(pid)).flatten();
        if let Some(number) = contained.and_then(|path| number_below(&path, &self.run)) {
            return Some(Some(number));
        }
        let marker = self.marker_of(pid)?;
        Some(marker.and_then(|marker| marker.strip_prefix(&self.run)?.strip_prefix('.')?.parse().ok()))
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

    /// Where there are no control groups: remembers what is below the leader and outside its group, for when it has lost its parent.
    pub(super) fn note_below(&self, table: &mut Table, group: Pid) {
        if table.groups.get(&group).is_none_or(|known| known.control_group.is_some()) {
            return;
        }
        let pids = with_descendants(&*self.platform, &[group], &|pid| pid != group && table.waiting.contains_key(&pid));
        let entries = pids.into_iter().filter_map(|pid| self.platform.process(pid));
        table.below.extend(entries.filter(|entry| entry.group != group).map(|entry| ((entry.pid, entry.start), group)));
    }
}
