//! What the system tells of processes: on Linux from /proc, elsewhere nothing, and then only process groups are known.

use crate::platform::{Pid, ProcessEntry};

/// All processes but those that `skip` knows already (reading one costs some microseconds).
#[cfg(target_os = "linux")]
pub(super) fn list(skip: &dyn Fn(Pid) -> bool) -> Option<Vec<ProcessEntry>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").ok()? {
        let Some(pid) = entry.ok()?.file_name().to_str().and_then(|name| name.parse::<Pid>().ok()) else { continue };
        if !skip(pid) {
            // None: it has gone meanwhile.
            found.extend(self::entry(pid));
        }
    }
    Some(found)
}

/// The children of this process but those that `skip` knows: a handful of reads however many processes the system has. None where the
/// kernel was built without it. Whole as long as nobody reaps meanwhile, for the dead stay in these lists until then.
#[cfg(target_os = "linux")]
pub(super) fn children(skip: &dyn Fn(Pid) -> bool) -> Option<Vec<ProcessEntry>> {
    let mut found = Vec::new();
    for task in std::fs::read_dir("/proc/self/task").ok()? {
        let file = task.ok()?.path().join("children");
        match std::fs::read_to_string(&file) {
            Ok(text) => {
                let pids = text.split_ascii_whitespace().filter_map(|pid| pid.parse::<Pid>().ok());
                found.extend(pids.filter(|pid| !skip(*pid)).filter_map(entry));
            }
            // The kernel does not tell, or the thread has ended meanwhile and its children are another's.
            Err(_) => return None,
        }
    }
    Some(found)
}

/// The children of any process; none of one that has gone. None where the kernel was built without it.
#[cfg(target_os = "linux")]
pub(super) fn children_of(pid: Pid) -> Option<Vec<Pid>> {
    let of_task = |task: &std::path::Path| std::fs::read_to_string(task.join("children"));
    let pids = |text: &str| text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<Pid>>();
    let tasks = std::path::PathBuf::from(format!("/proc/{pid}/task"));
    let Ok(first) = of_task(&tasks.join(pid.to_string())) else {
        return of_task(std::path::Path::new("/proc/thread-self")).ok().map(|_| Vec::new());
    };
    let mut found = pids(&first);
    for task in std::fs::read_dir(&tasks).into_iter().flatten().flatten().filter(|task| *task.file_name() != *pid.to_string()) {
        // A thread that has ended meanwhile has left its children to another.
        found.extend(of_task(&task.path()).map(|text| pids(&text)).unwrap_or_default());
    }
    Some(found)
}

#[cfg(target_os = "linux")]
pub(super) fn entry(pid: Pid) -> Option<ProcessEntry> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    parse_stat(pid, &stat)
}

/// The value of a variable in the environment that a process began with; None also for a process of somebody else.
#[cfg(target_os = "linux")]
pub(super) fn variable(pid: Pid, name: &str) -> Option<String> {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let entry = environment
        .split(|byte| *byte == 0)
        .find(|entry| entry.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'=')))?;
    String::from_utf8(entry[name.len() + 1..].to_vec()).ok()
}

/// The boot, and the namespace that process ids are of: two containers of one machine have the same boot.
#[cfg(target_os = "linux")]
pub(super) fn boot_identity() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{}/{}", boot.trim(), namespace.display()))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn list(_: &dyn Fn(Pid) -> bool) -> Option<Vec<ProcessEntry>> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(super) fn children(_: &dyn Fn(Pid) -> bool) -> Option<Vec<ProcessEntry>> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(super) fn children_of(_: Pid) -> Option<Vec<Pid>> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(super) fn entry(_: Pid) -> Option<ProcessEntry> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(super) fn variable(_: Pid, _: &str) -> Option<String> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(super) fn boot_identity() -> Option<String> {
    None
}

/// proc_pid_stat(5). The name of the program is in parentheses and may hold anything, parentheses too.
#[cfg(any(target_os = "linux", test))]
fn parse_stat(pid: Pid, stat: &[u8]) -> Option<ProcessEntry> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let text = std::str::from_utf8(&stat[end + 1..]).ok()?;
    // From field 3 on.
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    Some(ProcessEntry {
        pid,
        is_dead: matches!(*fields.first()?, "Z" | "X"),
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        start: fields.get(19)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_be_called_anything() {
        let stat = b"7 (a) R 1 (x) S 3 4 5 0 -1 4194560 6 0 0 0 1 2 3 4 20 0 1 0 12345 9 9";
        let expected = ProcessEntry { pid: 7, parent: 3, group: 4, start: 12345, is_dead: false };
        assert_eq!(parse_stat(7, stat), Some(expected));
        assert_eq!(parse_stat(7, b"7 (a"), None);
        assert_eq!(parse_stat(7, b"7 (a) Z 1"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_found_with_its_parent_and_environment() {
        let own = Pid::try_from(std::process::id()).unwrap();
        let found = list(&|_| false).unwrap().into_iter().find(|entry| entry.pid == own).unwrap();
        assert_eq!(found.parent, nix::unistd::getppid().as_raw());
        assert_eq!(entry(own), Some(found));
        assert_eq!(list(&|pid| pid == own).unwrap().iter().filter(|entry| entry.pid == own).count(), 0);
        assert_eq!(variable(own, "PATH"), std::env::var("PATH").ok());
        assert_eq!(variable(own, "PAT"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn children_are_found_whatever_thread_made_them() {
        let spawn = || std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let mut made = vec![spawn(), std::thread::spawn(spawn).join().unwrap()];
        let pids: Vec<Pid> = made.iter().map(|child| Pid::try_from(child.id()).unwrap()).collect();
        if let Some(found) = children(&|pid| pid == pids[0]) {
            let found: Vec<Pid> = found.into_iter().map(|entry| entry.pid).collect();
            assert!(found.contains(&pids[1]) && !found.contains(&pids[0]), "{found:?}");
        }
        for child in &mut made {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}
