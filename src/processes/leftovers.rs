//! The record that a run keeps of its processes, so that the next run of the same HA instance can end what was left when both the launcher
//! and its guardian were killed. A process id alone identifies nothing: it is reused after a while, and means another process on another
//! system of the sysplex or after an IPL. So the record holds the system's name, the identity of its boot and each process's start time,
//! and a process that does not match in all of them is never touched. Where the run had a control group, its record names that too: what is
//! in it is of the run, whatever has become of it.

use super::GroupObserver;
use super::remains::Remains;
use super::sweep::{self, Found, SweepOutcome};
use crate::platform::files::write_and_append;
use crate::platform::private::PrivateDirectory;
use crate::platform::{ControlGroup, ControlGroupIdentity, Ending, Pid, Platform, ProcessEntry, SignalTarget};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// When the file has this many bytes, it is rewritten without what has gone.
const COMPACT_AT: u64 = 256 * 1024;

/// The most bytes of a record that are read.
const LIMIT: u64 = 64 * 1024 * 1024;

/// First word of the file.
const FORMAT: &str = "zwelnch-processes-1";

/// Where a process id is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub sysname: String,
    /// [`Platform::boot_identity`].
    pub boot: String,
}

impl Place {
    /// Where this program runs; None where the system has nothing that distinguishes one boot from another.
    pub fn here(platform: &dyn Platform) -> Option<Place> {
        platform.boot_identity().map(|boot| Place { sysname: platform.sysname(), boot })
    }
}

/// A record that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ProcessRecord {
    place: Place,
    run: String,
    launcher: Option<Launcher>,
    /// The leader's start time, and how the group is ended.
    groups: BTreeMap<Pid, (u64, Ending)>,
    /// Orphans outside all groups, with their start times.
    strays: BTreeMap<Pid, u64>,
    control_group: Option<ControlGroupIdentity>,
}

/// The launcher that keeps a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launcher {
    /// One word.
    pub job: String,
    pub pid: Pid,
    /// [`ProcessEntry::start`].
    pub start: u64,
}

impl Launcher {
    /// This process; None where the system does not tell when it started.
    pub fn own(platform: &dyn Platform, job: &str) -> Option<Launcher> {
        let own = platform.process(Pid::try_from(std::process::id()).ok()?)?;
        let job: String = job.split_whitespace().collect();
        Some(Launcher { job, pid: own.pid, start: own.start })
    }

    fn lives(&self, platform: &dyn Platform) -> bool {
        platform.process(self.pid).is_some_and(|entry| entry.start == self.start && !entry.is_dead)
    }
}

/// What the record of the previous run says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// The run has not ended: its launcher lives, whatever has become of its lock, and nothing of it was touched.
    Runs(Launcher),
    /// Nothing of it is left except what could not be ended.
    Ended(SweepOutcome),
}

/// `<.env>/.<ha>.processes`.
pub fn record_path(environment_directory: &Path, ha_id: &str) -> PathBuf {
    environment_directory.join(format!(".{ha_id}.processes"))
}

/// Where the record of another system is kept until the HA instance runs there again: `.<ha>.processes.<sysname>`.
fn kept_aside(path: &Path, sysname: &str) -> Option<PathBuf> {
    let is_name = !sysname.is_empty() && sysname.chars().all(|character| character.is_ascii_alphanumeric() || "@#$_-".contains(character));
    let mut name = path.file_name()?.to_owned();
    name.push(format!(".{sysname}"));
    is_name.then(|| path.with_file_name(name))
}

fn head(place: &Place, run: &str, launcher: Option<&Launcher>) -> String {
    let launcher = launcher.map_or_else(String::new, |launcher| format!("\t{} {} {}", launcher.pid, launcher.start, launcher.job));
    format!("{FORMAT}\t{}\t{}\t{run}{launcher}\n", place.sysname, place.boot)
}

fn contained(identity: &ControlGroupIdentity) -> String {
    format!("={} {}\n", identity.number, identity.path.display())
}

fn parse_contained(line: &str) -> Option<ControlGroupIdentity> {
    let (number, path) = line.strip_prefix('=')?.split_once(' ')?;
    Some(ControlGroupIdentity { path: path.into(), number: number.parse().ok()? })
}

fn strayed(pid: Pid, start: u64) -> String {
    format!("~{pid} {start}\n")
}

fn parse_strayed(line: &str) -> Option<(Pid, u64)> {
    let (pid, start) = line.strip_prefix('~')?.split_once(' ')?;
    Some((pid.parse().ok().filter(|pid| *pid > 1)?, start.parse().ok()?))
}

fn parse_launcher(text: &str) -> Option<Launcher> {
    let mut words = text.split(' ');
    let (pid, start) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(Launcher { job: words.next()?.to_owned(), pid, start })
}

fn made(group: Pid, start: u64, ending: &Ending) -> String {
    format!("+{group} {start} {} {} {}\n", ending.signal, ending.kill_signal, ending.grace.as_millis())
}

/// For the fuzzer.
#[cfg(any(test, fuzzing))]
pub fn fuzz(text: &str) {
    let _ = parse(text);
}

/// Reads a record. A last line without its end was being written when the system went down; a line that is none is passed over.
fn parse(text: &str) -> Option<ProcessRecord> {
    let mut lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    let mut head = lines.next()?.split('\t');
    if head.next() != Some(FORMAT) {
        return None;
    }
    let place = Place { sysname: head.next()?.to_owned(), boot: head.next()?.to_owned() };
    let run = head.next()?.to_owned();
    // A record of an earlier version does not have it.
    let launcher = head.next().and_then(parse_launcher);
    let mut record = ProcessRecord { place, run, launcher, groups: BTreeMap::new(), strays: BTreeMap::new(), control_group: None };
    for line in lines {
        if let Some(pid) = line.strip_prefix('-').and_then(|pid| pid.parse().ok()) {
            record.groups.remove(&pid);
            record.strays.remove(&pid);
        } else if let Some((group, fact)) = parse_made(line) {
            record.groups.insert(group, fact);
        } else if let Some((pid, start)) = parse_strayed(line) {
            record.strays.insert(pid, start);
        } else if let Some(identity) = parse_contained(line) {
            record.control_group = Some(identity);
        }
    }
    Some(record)
}

fn parse_made(line: &str) -> Option<(Pid, (u64, Ending))> {
    let mut words = line.strip_prefix('+')?.split(' ');
    let group = words.next()?.parse().ok().filter(|group| *group > 1)?;
    let start = words.next()?.parse().ok()?;
    let signal = words.next()?.parse().ok()?;
    let kill_signal = words.next()?.parse().ok()?;
    let grace = Duration::from_millis(words.next()?.parse().ok()?);
    Some((group, (start, Ending { signal, kill_signal, grace })))
}

/// The groups of a record whose leader is the one that was recorded.
fn led(record: &ProcessRecord, list: &[ProcessEntry]) -> BTreeSet<Pid> {
    let leads =
        |entry: &&ProcessEntry| record.groups.get(&entry.pid).is_some_and(|(start, _)| *start == entry.start && entry.group == entry.pid);
    list.iter().filter(leads).map(|entry| entry.pid).collect()
}

/// The part of a record that lives here. A group counts as a whole while its leader is the one that was recorded; otherwise, and for
/// processes that have left their group, only those of `remains` count.
fn living(record: &ProcessRecord, list: &[ProcessEntry], spared: &BTreeSet<Pid>, remains: &mut Remains<'_>) -> Found {
    let groups = led(record, list);
    let holds_spared: BTreeSet<Pid> = list.iter().filter(|entry| spared.contains(&entry.pid)).map(|entry| entry.group).collect();
    let longest = record.groups.values().map(|(_, ending)| *ending).max_by_key(|ending| ending.grace).unwrap_or_default();
    let processes = remains.among(list, |entry| groups.contains(&entry.group));
    let mut found = Found { processes, targets: BTreeMap::new(), is_uncertain: remains.is_uncertain() };
    let entries: BTreeMap<Pid, &ProcessEntry> = list.iter().map(|entry| (entry.pid, entry)).collect();
    for pid in &found.processes {
        let group = entries.get(pid).map(|entry| entry.group).filter(|group| groups.contains(group));
        let of_group = group.and_then(|group| Some((group, record.groups.get(&group)?.1)));
        let (target, ending) = match of_group {
            Some((group, ending)) if !holds_spared.contains(&group) => (SignalTarget::Group(group), ending),
            Some((_, ending)) => (SignalTarget::Process(*pid), ending),
            None => (SignalTarget::Process(*pid), longest),
        };
        found.targets.insert(target, ending);
    }
    found
}

/// This process and its ancestors, so that a launcher started by a component of the earlier run does not end itself.
fn own_line(list: &[ProcessEntry]) -> BTreeSet<Pid> {
    let mut line = BTreeSet::new();
    let mut next = Pid::try_from(std::process::id()).ok();
    while let Some(pid) = next.filter(|pid| line.insert(*pid)) {
        next = list.iter().find(|entry| entry.pid == pid).map(|entry| entry.parent);
    }
    line
}

/// Ends what the previous run has left on this system, each process within its own grace time. Blocks that long. A record of another system
/// is kept aside for a run there; one of another boot has no meaning any more.
///
/// # Errors
/// A record cannot be read (a missing one is not an error), or cannot be kept aside.
pub fn end(platform: &dyn Platform, place: &Place, path: &Path) -> io::Result<Before> {
    let mut outcome = SweepOutcome::default();
    let record = read(path)?;
    if let Some(launcher) = record.as_ref().and_then(|record| living_launcher(platform, place, record)) {
        return Ok(Before::Runs(launcher));
    }
    if let Some(record) = record {
        if record.place.sysname == place.sysname {
            outcome = end_recorded(platform, place, &record)?;
        } else if let Some(aside) = kept_aside(path, &record.place.sysname) {
            std::fs::rename(path, aside)?;
        }
    }
    if let Some(aside) = kept_aside(path, &place.sysname) {
        if let Some(record) = read(&aside)? {
            if let Some(launcher) = living_launcher(platform, place, &record) {
                return Ok(Before::Runs(launcher));
            }
            let earlier = end_recorded(platform, place, &record)?;
            outcome.processes.extend(earlier.processes);
            outcome.left.extend(earlier.left);
            std::fs::remove_file(&aside)?;
        }
    }
    Ok(Before::Ended(outcome))
}

/// The launcher of a record, if it runs here.
fn living_launcher(platform: &dyn Platform, place: &Place, record: &ProcessRecord) -> Option<Launcher> {
    record.launcher.clone().filter(|launcher| record.place == *place && launcher.lives(platform))
}

fn read(path: &Path) -> io::Result<Option<ProcessRecord>> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else { return Ok(None) };
    // It says what to end, so it must be our own.
    match PrivateDirectory::open(directory).and_then(|directory| directory.read(Path::new(name), LIMIT)) {
        Ok(bytes) => Ok(parse(&String::from_utf8_lossy(&bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn end_recorded(platform: &dyn Platform, place: &Place, record: &ProcessRecord) -> io::Result<SweepOutcome> {
    if record.place != *place {
        return Ok(SweepOutcome::default());
    }
    let recorded = record.control_group.as_ref().filter(|identity| identity.is_of_run(&record.run));
    let (control_group, trouble) = match recorded.map(|identity| platform.recorded_control_group(identity)).transpose() {
        Ok(found) => (found.flatten(), None),
        // What the rest of the record knows is ended all the same.
        Err(error) => (None, Some(error)),
    };
    let control_group = control_group.as_deref();
    let spared = own_line(&platform.process_list(&|_| false).unwrap_or_default());
    let mut remains = Remains::new(platform, Some(&record.run), control_group, &record.strays, spared.clone());
    let holds_spared = |group: &&dyn ControlGroup| group.processes().is_ok_and(|all| all.iter().any(|pid| spared.contains(pid)));
    let whole = control_group.filter(|group| !holds_spared(group));
    let outcome = sweep::end(platform, whole, |at_once| {
        let list = remains.candidates(at_once).unwrap_or_default();
        living(record, &list, &spared, &mut remains)
    });
    if let Some(control_group) = whole.filter(|_| outcome.left.is_empty()) {
        // It is empty: whatever keeps it, there is nothing to end in it any more.
        let _ = control_group.remove();
    }
    trouble.map_or(Ok(outcome), Err)
}

/// Keeps the record of this run: a line for each group that comes or goes, in one write for those that go together.
pub struct Recorder {
    platform: Arc<dyn Platform>,
    path: PathBuf,
    head: String,
    file: File,
    size: u64,
    groups: BTreeMap<Pid, (u64, Ending)>,
    strays: BTreeMap<Pid, u64>,
    /// Called with the first failure.
    failed: Option<Box<dyn FnOnce(io::Error) + Send>>,
}

impl Recorder {
    /// Begins the record of a run, mode 600; `failed` is called once when it cannot be kept any more.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn create(
        platform: Arc<dyn Platform>,
        place: &Place,
        run: &str,
        launcher: Option<&Launcher>,
        control_group: Option<&ControlGroupIdentity>,
        path: &Path,
        failed: Box<dyn FnOnce(io::Error) + Send>,
    ) -> io::Result<Recorder> {
        let head = head(place, run, launcher) + &control_group.map(contained).unwrap_or_default();
        let file = write_and_append(path, head.as_bytes(), 0o600)?;
        let size = head.len() as u64;
        Ok(Recorder {
            platform,
            path: path.to_path_buf(),
            head,
            file,
            size,
            groups: BTreeMap::new(),
            strays: BTreeMap::new(),
            failed: Some(failed),
        })
    }

    fn append(&mut self, line: &str) {
        self.size += line.len() as u64;
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.compact());
        if let Err(error) = written {
            if let Some(failed) = self.failed.take() {
                failed(error);
            }
        }
    }

    /// Rewrites the file when it has become large or does not exist any more.
    fn compact(&mut self) -> io::Result<()> {
        if self.size < COMPACT_AT && crate::platform::files::is_same(&self.file, &self.path)? {
            return Ok(());
        }
        let mut text = self.head.clone();
        for (group, (start, ending)) in &self.groups {
            text += &made(*group, *start, ending);
        }
        for (pid, start) in &self.strays {
            text += &strayed(*pid, *start);
        }
        self.file = write_and_append(&self.path, text.as_bytes(), 0o600)?;
        // The living do not count, so that a large instance does not rewrite its file for each line.
        self.size = 0;
        Ok(())
    }
}

impl GroupObserver for Recorder {
    fn made(&mut self, group: Pid, ending: &Ending) {
        // It has already gone, or the system does not report processes: it could not be recognised later.
        let Some(process) = self.platform.process(group) else { return };
        self.groups.insert(group, (process.start, *ending));
        self.append(&made(group, process.start, ending));
    }

    fn gone(&mut self, groups: &[Pid]) {
        let known = groups.iter().filter(|group| self.groups.remove(group).is_some());
        let text: String = known.map(|group| format!("-{group}\n")).collect();
        if !text.is_empty() {
            self.append(&text);
        }
    }

    fn strayed(&mut self, pid: Pid) {
        let Some(process) = self.platform.process(pid) else { return };
        self.strays.insert(pid, process.start);
        self.append(&strayed(pid, process.start));
    }

    fn stray_ended(&mut self, pid: Pid) {
        if self.strays.remove(&pid).is_some() {
            self.append(&format!("-{pid}\n"));
        }
    }

    fn finish(&mut self) {
        // Nothing is left to record.
        if self.groups.is_empty() && self.strays.is_empty() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::fake::FakePlatform;
    use proptest::prelude::*;

    fn place() -> Place {
        Place { sysname: "LPAR1".into(), boot: "b/pid:[1]".into() }
    }

    fn record(groups: &[(Pid, u64)]) -> ProcessRecord {
        let groups = groups.iter().map(|(pid, start)| (*pid, (*start, Ending::default()))).collect();
        ProcessRecord { place: place(), run: "r".into(), launcher: None, groups, strays: BTreeMap::new(), control_group: None }
    }

    fn entry(pid: Pid, group: Pid, start: u64) -> ProcessEntry {
        ProcessEntry { pid, parent: 1, group, session: 1, start, is_dead: false }
    }

    fn platform(marked: &[Pid]) -> FakePlatform {
        let variables = marked.iter().map(|pid| (*pid, (crate::processes::MARKER.to_owned(), "r.1".to_owned()))).collect();
        let mut platform = FakePlatform::default();
        platform.variables = variables;
        platform
    }

    fn found(record: &ProcessRecord, list: &[ProcessEntry], marked: &[Pid]) -> Vec<Pid> {
        let platform = platform(marked);
        let mut remains = Remains::new(&platform, Some("r"), None, &BTreeMap::new(), BTreeSet::from([99]));
        remains.candidates(false);
        living(record, list, &BTreeSet::from([99]), &mut remains).processes.into_iter().collect()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(steps in proptest::collection::vec((2..9, 0u64..50, 0..3), 0..40), cut in 0usize..9) {
            let launcher = Launcher { job: "ZWE1SV".into(), pid: 4, start: 11 };
            let identity = ControlGroupIdentity { path: "/sys/fs/cgroup/a b/zwelnch-r".into(), number: 77 };
            let mut text = head(&place(), "r", Some(&launcher)) + &contained(&identity);
            let mut expected = ProcessRecord { launcher: Some(launcher), control_group: Some(identity), ..record(&[]) };
            for (pid, start, kind) in steps {
                match kind {
                    0 => {
                        text += &made(pid, start, &Ending::default());
                        expected.groups.insert(pid, (start, Ending::default()));
                    }
                    1 => {
                        text += &strayed(pid, start);
                        expected.strays.insert(pid, start);
                    }
                    _ => {
                        text += &format!("-{pid}\n");
                        expected.groups.remove(&pid);
                        expected.strays.remove(&pid);
                    }
                }
            }
            // The line that was being written when everything ended.
            text += &made(7, 1234, &Ending::default())[..cut];
            prop_assert_eq!(parse(&text).unwrap(), expected);
        }

        #[test]
        fn anything_may_be_in_the_file(text in "\\PC{0,60}") {
            let _ = parse(&text);
            let _ = parse(&(head(&place(), "r", None) + &text));
            let _ = parse(&format!("{}\t{text}\n", head(&place(), "r", None).trim_end()));
        }
    }

    #[test]
    fn a_record_of_an_earlier_version_has_no_launcher() {
        let read = parse("zwelnch-processes-1\tLPAR1\tb/pid:[1]\tr\n+10 100 15 9 20000\n").unwrap();
        assert_eq!(read, record(&[(10, 100)]));
    }

    #[test]
    fn a_process_is_known_by_its_start_time() {
        let record = record(&[(10, 100), (20, 200)]);
        assert_eq!(found(&record, &[entry(10, 10, 100), entry(11, 10, 101), entry(20, 20, 201), entry(21, 20, 202)], &[]), [10, 11]);
    }

    #[test]
    fn without_its_leader_a_group_is_known_by_the_marker_only() {
        let record = record(&[(10, 100)]);
        let list = [entry(11, 10, 101), entry(12, 10, 101), entry(13, 13, 101)];
        assert_eq!(found(&record, &list, &[]), Vec::<Pid>::new());
        assert_eq!(found(&record, &list, &[12, 13]), [12, 13]);
    }

    #[test]
    fn the_launcher_itself_and_those_above_it_are_spared() {
        let record = record(&[(10, 100)]);
        let list = [entry(10, 10, 100), entry(99, 10, 102)];
        let platform = platform(&[10, 99]);
        let mut remains = Remains::new(&platform, Some("r"), None, &BTreeMap::new(), BTreeSet::from([99]));
        remains.candidates(false);
        let found = living(&record, &list, &BTreeSet::from([99]), &mut remains);
        assert_eq!(found.targets.into_keys().collect::<Vec<_>>(), [SignalTarget::Process(10)]);
    }
}
