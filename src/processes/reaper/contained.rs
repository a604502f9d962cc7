//! Processes in control groups of their own: from birth to the end of the last one.

use super::{Contained, Processes, Table};
use crate::platform::{Pid, SignalTarget, SpawnRequest};
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;

impl Processes {
    /// Creates it in a control group of its own. If that is not possible, it is worth more than its control group, and is created without.
    pub(super) fn spawn_contained(
        &self,
        table: &mut Table,
        request: SpawnRequest<'_>,
        number: u64,
    ) -> io::Result<(Pid, Option<Contained>)> {
        let Ok(containment) = &self.containment else { return Ok((self.platform.spawn(&request)?, None)) };
        let made = containment.make(number);
        let mut request: SpawnRequest<'_> = request;
        let why = match &made {
            Ok((control_group, open)) => {
                request.control_group = Some(open.as_fd());
                let spawned = self.platform.spawn(&request);
                let control_group = Arc::clone(control_group);
                match spawned {
                    Ok(pid) => return Ok((pid, Some(Contained { control_group, is_empty: false, is_watched: false }))),
                    Err(error) => {
                        containment.remove(control_group);
                        error
                    }
                }
            }
            Err(error) => io::Error::new(error.kind(), error.to_string()),
        };
        request.control_group = None;
        // If it is refused without as well, the first error had another cause, and the second one says which.
        let pid = self.platform.spawn(&request)?;
        if let Some(on_uncontained) = table.on_uncontained.take() {
            on_uncontained(why);
        }
        Ok((pid, None))
    }

    /// Ends all of a component's control group, if there is something in it. True when that was done; otherwise it is sent signals as where
    /// there is none.
    pub(super) fn kill_control_group(&self, table: &Table, group: Pid) -> bool {
        let Some(contained) = table.groups.get(&group).and_then(|known| known.control_group.as_ref()) else { return false };
        contained.control_group.is_empty().is_ok_and(|is_empty| !is_empty) && contained.control_group.kill().is_ok()
    }

    /// What is in a component's control group.
    pub(super) fn contained(&self, table: &Table, group: Pid) -> Vec<SignalTarget> {
        let contained = table.groups.get(&group).and_then(|known| known.control_group.as_ref());
        let processes = contained.and_then(|contained| contained.control_group.processes().ok()).unwrap_or_default();
        processes.into_iter().map(SignalTarget::Process).collect()
    }

    /// Asks the control group of a group whose leader has ended, and has it watched if there is something in it: its end is an event then,
    /// so it is asked once. True when it says that nothing is left.
    pub(super) fn look_into(&self, table: &mut Table, group: Pid) -> bool {
        let contained = table.groups.get_mut(&group).and_then(|known| known.control_group.as_mut());
        let (Some(contained), Ok(containment)) = (contained, &self.containment) else { return false };
        if !contained.is_empty && !contained.is_watched {
            contained.is_empty = contained.control_group.is_empty().is_ok_and(|is_empty| is_empty);
            if !contained.is_empty {
                contained.is_watched = true;
                containment.watch(group, &contained.control_group);
            }
        }
        contained.is_empty
    }

    /// The control group of a group has become empty, or cannot be watched.
    pub(super) fn emptied(&self, group: Pid) {
        let mut table = self.lock();
        if let Some(contained) = table.groups.get_mut(&group).and_then(|known| known.control_group.as_mut()) {
            contained.is_empty = true;
        }
        self.forget_gone(&mut table, &[group]);
        if let Some(on_stray) = &table.on_stray {
            on_stray();
        }
        drop(table);
        self.ended.notify_all();
    }
}
