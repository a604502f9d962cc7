//! Who descends from whom.

use crate::platform::{Pid, Platform, ProcessFacts};
use std::collections::{BTreeSet, HashMap};

/// Processes and all their descendants, parents first and each once, according to `children`.
fn descent(roots: &[Pid], mut children: impl FnMut(Pid) -> Vec<Pid>) -> Vec<Pid> {
    let (mut found, mut seen, mut next) = (Vec::new(), BTreeSet::new(), roots.to_vec());
    while let Some(pid) = next.pop() {
        if seen.insert(pid) {
            found.push(pid);
            next.extend(children(pid));
        }
    }
    found
}

fn by_parent(processes: impl Iterator<Item = (Pid, Pid)>) -> HashMap<Pid, Vec<Pid>> {
    let mut children: HashMap<Pid, Vec<Pid>> = HashMap::new();
    for (parent, pid) in processes {
        children.entry(parent).or_default().push(pid);
    }
    children
}

/// Processes and all their descendants, parents first. Uses the lists of children where the system has them: a process that forks all the
/// time can only be caught by something faster than a walk over all processes. That walk skips what `skip` names.
pub fn with_descendants(platform: &dyn Platform, roots: &[Pid], skip: &dyn Fn(Pid) -> bool) -> Vec<Pid> {
    let mut all: Option<HashMap<Pid, Vec<Pid>>> = None;
    descent(roots, |pid| {
        platform.children_of(pid).unwrap_or_else(|| {
            let all = all.get_or_insert_with(|| {
                let list = platform.process_list(skip).unwrap_or_default();
                by_parent(list.iter().filter(|entry| !entry.is_dead).map(|entry| (entry.parent, entry.pid)))
            });
            all.remove(&pid).unwrap_or_default()
        })
    })
}

/// The processes of a component: those of its group, and all their descendants.
pub fn of_component(table: &[ProcessFacts], leader: Pid) -> Vec<ProcessFacts> {
    let group: Vec<Pid> = table.iter().filter(|process| process.group == leader).map(|process| process.pid).collect();
    let mut children = by_parent(table.iter().map(|process| (process.parent, process.pid)));
    let pids: BTreeSet<Pid> = descent(&group, |pid| children.remove(&pid).unwrap_or_default()).into_iter().collect();
    table.iter().filter(|process| pids.contains(&process.pid)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_left_the_group_is_of_the_component_all_the_same() {
        let one = |pid, parent, group| ProcessFacts {
            pid,
            parent,
            group,
            name: String::new(),
            cpu: std::time::Duration::ZERO,
            resident_bytes: 0,
        };
        let table = [one(1, 0, 1), one(30, 20, 30), one(10, 1, 10), one(20, 10, 20), one(40, 1, 40), one(50, 1, 10)];
        let pids: Vec<Pid> = of_component(&table, 10).iter().map(|process| process.pid).collect();
        assert_eq!(pids, [30, 10, 20, 50]);
    }

    #[test]
    fn a_circle_of_readings_at_different_times_ends() {
        assert_eq!(descent(&[1], |pid| vec![pid % 3 + 1]), [1, 2, 3]);
    }

    #[test]
    #[cfg(zwelnch_linux)]
    fn this_process_is_below_its_parent() {
        let own = nix::unistd::getpid().as_raw();
        let parent = nix::unistd::getppid().as_raw();
        let platform = crate::platform::unix::UnixPlatform::for_command();
        assert!(with_descendants(&platform, &[parent], &|_| false).contains(&own));
        assert!(!with_descendants(&platform, &[own], &|_| false).contains(&parent));
    }
}
