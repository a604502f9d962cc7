//! Linux's /proc, read only here: which processes exist, who descends from whom, and what each uses.

use crate::platform::{Pid, ProcessEntry, ProcessFacts};
use nix::unistd::{SysconfVar, sysconf};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// All processes except those that `skip` already knows (reading one takes some microseconds).
pub(super) fn list(skip: &dyn Fn(Pid) -> bool) -> Option<Vec<ProcessEntry>> {
    // A process without an entry has ended meanwhile. The youngest are read first: they may be the shortest-lived.
    let mut found: Vec<ProcessEntry> =
        youngest_first(pids()?, newest_pid()).into_iter().filter(|pid| !skip(*pid)).filter_map(entry).collect();
    found.sort_unstable_by_key(|entry| entry.pid);
    Some(found)
}

/// Process ids are given away in a circle: those beyond the newest are from the round before.
fn youngest_first(mut pids: Vec<Pid>, newest: Option<Pid>) -> Vec<Pid> {
    pids.sort_unstable_by_key(|pid| (newest.is_some_and(|newest| *pid > newest), std::cmp::Reverse(*pid)));
    pids
}

/// The process id that was given away last, as proc_loadavg(5) has it.
fn newest_pid() -> Option<Pid> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split_ascii_whitespace().last()?.parse().ok()
}

/// Every readable process, with what it uses; a process that ends meanwhile is left out.
pub(super) fn table() -> Vec<ProcessFacts> {
    let ticks = unit(SysconfVar::CLK_TCK, 100);
    let page = unit(SysconfVar::PAGE_SIZE, 4096);
    pids().unwrap_or_default().into_iter().filter_map(|pid| Stat::parse(&read_stat(pid)?)?.facts(ticks, page)).collect()
}

/// The children of this process except those that `skip` already knows: a handful of reads, however many processes the system has. None
/// where the kernel was built without such lists. Complete as long as nobody reaps meanwhile, because the dead stay in these lists until
/// then.
pub(super) fn children(skip: &dyn Fn(Pid) -> bool) -> Option<Vec<ProcessEntry>> {
    let mut found = Vec::new();
    for task in std::fs::read_dir("/proc/self/task").ok()? {
        // An error: the kernel does not tell, or the thread has ended meanwhile and another one has its children.
        found.extend(children_of_task(&task.ok()?.path())?.into_iter().filter(|pid| !skip(*pid)).filter_map(entry));
    }
    Some(found)
}

/// The children of any process; empty for a process that has gone. None where the kernel was built without such lists.
pub(super) fn children_of(pid: Pid) -> Option<Vec<Pid>> {
    let tasks = PathBuf::from(format!("/proc/{pid}/task"));
    let Some(mut found) = children_of_task(&tasks.join(pid.to_string())) else {
        return children_of_task(Path::new("/proc/thread-self")).map(|_| Vec::new());
    };
    for task in std::fs::read_dir(&tasks).into_iter().flatten().flatten().filter(|task| *task.file_name() != *pid.to_string()) {
        // A thread that has ended meanwhile has left its children to another one.
        found.extend(children_of_task(&task.path()).unwrap_or_default());
    }
    Some(found)
}

pub(super) fn entry(pid: Pid) -> Option<ProcessEntry> {
    Stat::parse(&read_stat(pid)?)?.entry()
}

/// The value of a variable in the environment with which a process began; also None for a process of another user.
pub(super) fn variable(pid: Pid, name: &str) -> Option<String> {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let entry = environment
        .split(|byte| *byte == 0)
        .find(|entry| entry.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'=')))?;
    String::from_utf8(entry[name.len() + 1..].to_vec()).ok()
}

/// The boot, and the namespace of the process ids: two containers on one machine have the same boot.
pub(super) fn boot_identity() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{}/{}", boot.trim(), namespace.display()))
}

fn pids() -> Option<Vec<Pid>> {
    let entries: Result<Vec<_>, _> = std::fs::read_dir("/proc").ok()?.collect();
    Some(entries.ok()?.iter().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect())
}

fn children_of_task(task: &Path) -> Option<Vec<Pid>> {
    let text = std::fs::read_to_string(task.join("children")).ok()?;
    Some(text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect())
}

fn unit(variable: SysconfVar, default: u64) -> u64 {
    sysconf(variable).ok().flatten().and_then(|value| u64::try_from(value).ok()).filter(|value| *value > 0).unwrap_or(default)
}

fn read_stat(pid: Pid) -> Option<Vec<u8>> {
    use std::io::Read;
    // About fifty numbers, which the kernel hands over as a whole.
    let mut stat = vec![0; 4096];
    let length = std::fs::File::open(format!("/proc/{pid}/stat")).ok()?.read(&mut stat).ok()?;
    stat.truncate(length);
    Some(stat)
}

/// proc_pid_stat(5). The name of the program is in parentheses and may contain anything, including parentheses.
struct Stat<'a> {
    pid: Pid,
    name: &'a [u8],
    /// From field 3 on.
    fields: Vec<&'a str>,
}

impl Stat<'_> {
    fn parse(stat: &[u8]) -> Option<Stat<'_>> {
        let begin = stat.iter().position(|byte| *byte == b'(')?;
        let end = stat.iter().rposition(|byte| *byte == b')').filter(|end| *end > begin)?;
        let pid = std::str::from_utf8(&stat[..begin]).ok()?.trim().parse().ok()?;
        let fields = std::str::from_utf8(&stat[end + 1..]).ok()?.split_ascii_whitespace().collect();
        Some(Stat { pid, name: &stat[begin + 1..end], fields })
    }

    /// A field by its number in the manual.
    fn field<T: std::str::FromStr>(&self, number: usize) -> Option<T> {
        self.fields.get(number - 3)?.parse().ok()
    }

    fn entry(&self) -> Option<ProcessEntry> {
        Some(ProcessEntry {
            pid: self.pid,
            is_dead: matches!(*self.fields.first()?, "Z" | "X"),
            parent: self.field(4)?,
            group: self.field(5)?,
            session: self.field(6)?,
            start: self.field(22)?,
        })
    }

    fn facts(&self, ticks: u64, page: u64) -> Option<ProcessFacts> {
        let cpu = self.field::<u64>(14)?.saturating_add(self.field(15)?);
        Some(ProcessFacts {
            pid: self.pid,
            parent: self.field(4)?,
            group: self.field(5)?,
            name: String::from_utf8_lossy(self.name).into_owned(),
            cpu: Duration::from_millis(cpu.saturating_mul(1000) / ticks),
            resident_bytes: self.field::<u64>(24)?.saturating_mul(page),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_be_called_anything() {
        let stat = b"42 (a) (b c) S 7 41 41 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 1 0 12345 1000 3 18446744073709551615 1 1";
        let stat = Stat::parse(stat).unwrap();
        assert_eq!(stat.entry(), Some(ProcessEntry { pid: 42, parent: 7, group: 41, session: 41, start: 12345, is_dead: false }));
        let facts = stat.facts(100, 4096).unwrap();
        assert_eq!((facts.pid, facts.parent, facts.group, facts.name.as_str()), (42, 7, 41, "a) (b c"));
        assert_eq!((facts.cpu, facts.resident_bytes), (Duration::from_secs(2), 12_288));
        assert!(Stat::parse(b"7 (a").is_none() && Stat::parse(b"7 )a(").is_none() && Stat::parse(b"").is_none());
        let short = Stat::parse(b"7 (a) Z 1").unwrap();
        assert_eq!((short.entry(), short.facts(100, 4096)), (None, None));
    }

    #[test]
    fn the_youngest_come_first_also_after_the_numbers_have_begun_anew() {
        assert_eq!(youngest_first(vec![1, 300, 310, 900, 32_000], Some(310)), [310, 300, 1, 32_000, 900]);
        // One was created after the question for the newest.
        assert_eq!(youngest_first(vec![1, 300, 311], Some(310)), [300, 1, 311]);
        assert_eq!(youngest_first(vec![1, 300, 310], None), [310, 300, 1]);
        // Asked for first, so that nothing newer is in the list of those below it.
        let before = newest_pid().unwrap();
        let child = std::process::Command::new("true").spawn().unwrap();
        let pid = Pid::try_from(child.id()).unwrap();
        child.wait_with_output().unwrap();
        let after = newest_pid().unwrap();
        let is_between = if before <= after { (before..=after).contains(&pid) } else { pid > before || pid <= after };
        assert!(is_between, "{before} {pid} {after}");
    }

    #[test]
    fn this_process_is_found_with_its_parent_and_environment() {
        let own = Pid::try_from(std::process::id()).unwrap();
        let found = list(&|_| false).unwrap().into_iter().find(|entry| entry.pid == own).unwrap();
        assert_eq!(found.parent, nix::unistd::getppid().as_raw());
        assert_eq!(entry(own), Some(found));
        assert_eq!(list(&|pid| pid == own).unwrap().iter().filter(|entry| entry.pid == own).count(), 0);
        assert_eq!(variable(own, "PATH"), std::env::var("PATH").ok());
        assert_eq!(variable(own, "PAT"), None);
        // qemu-user invents /proc/self/stat, without sizes.
        let emulated = std::env::var_os("ZWELNCH_EMULATOR").is_some();
        assert!(table().iter().any(|facts| facts.pid == own && (facts.resident_bytes > 0 || emulated)));
    }

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
