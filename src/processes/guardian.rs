//! The guardian: a small process of the same binary that outlives the launcher. However the launcher dies, the guardian ends every
//! component within its grace time, and then ends itself.
//!
//! It reads a pipe whose other end only the launcher holds. The launcher writes each process group that it creates and each that has gone;
//! end of file without a goodbye means that the launcher is dead. This needs only POSIX. Where the system reports processes (Linux), those
//! that have left their group are found as well, by the control group of the run or as `remains` says.

use super::remains::Remains;
use super::sweep::{self, Found};
use super::{GroupObserver, MARKER};
use crate::platform::{
    ChildEnvironment, ControlGroup, Ending, GroupOfChild, Pid, Platform, PreparedEnvironment, SignalTarget, SpawnRequest, WaitStatus, unix,
};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Its name in `ps`; its arguments follow.
pub const NAME: &str = "zwelnch-guardian";

/// The words after the name by which the program recognises this role.
pub const WORDS: [&str; 2] = ["internal", "guardian"];

/// One more word: the directory of the run's control group is its descriptor of this number.
const CONTROL_GROUP: (&str, i32) = ("control-group", 3);

/// What the launcher reports.
#[derive(Debug, Clone, PartialEq, Eq)]
enum GuardianNotice {
    /// The first part of all markers.
    Run(String),
    Made(Pid, Ending),
    Gone(Pid),
    /// An orphan outside all groups, with its start time.
    Strayed(Pid, u64),
    Goodbye,
}

/// One line each, shorter than what a pipe takes as a whole.
fn encode(record: &GuardianNotice) -> String {
    match record {
        GuardianNotice::Run(run) => format!("run {run}\n"),
        GuardianNotice::Made(group, ending) => {
            format!("+{group} {} {} {}\n", ending.signal, ending.kill_signal, ending.grace.as_millis())
        }
        GuardianNotice::Gone(group) => format!("-{group}\n"),
        GuardianNotice::Strayed(pid, start) => format!("~{pid} {start}\n"),
        GuardianNotice::Goodbye => "bye\n".to_owned(),
    }
}

fn decode(line: &str) -> Option<GuardianNotice> {
    if let Some(run) = line.strip_prefix("run ") {
        return Some(GuardianNotice::Run(run.to_owned()));
    }
    if let Some(group) = line.strip_prefix('-') {
        return Some(GuardianNotice::Gone(group.parse().ok()?));
    }
    if let Some((pid, start)) = line.strip_prefix('~').and_then(|stray| stray.split_once(' ')) {
        return Some(GuardianNotice::Strayed(pid.parse().ok()?, start.parse().ok()?));
    }
    if line == "bye" {
        return Some(GuardianNotice::Goodbye);
    }
    let mut words = line.strip_prefix('+')?.split(' ');
    let group = words.next()?.parse().ok()?;
    let signal = words.next()?.parse().ok()?;
    let kill_signal = words.next()?.parse().ok()?;
    let grace = Duration::from_millis(words.next()?.parse().ok()?);
    Some(GuardianNotice::Made(group, Ending { signal, kill_signal, grace }))
}

/// For the fuzzer.
#[cfg(any(test, fuzzing))]
pub fn fuzz(text: &str) {
    let mut guarded = Guarded::default();
    text.lines().filter_map(decode).for_each(|notice| guarded.learn(notice));
}

/// The launcher's end of the pipe.
pub struct Guardian {
    platform: Arc<dyn Platform>,
    program: PathBuf,
    run: String,
    /// Kept for the guardian that replaces one that was killed.
    groups: BTreeMap<Pid, Ending>,
    strays: BTreeMap<Pid, u64>,
    control_group: Option<Arc<dyn ControlGroup>>,
    environment: PreparedEnvironment,
    null: File,
    pipe: Option<File>,
    pid: Option<Pid>,
    /// Called with the reason when there is no guardian any more.
    lost: Box<dyn Fn(io::Error) + Send>,
    finished: bool,
}

impl Guardian {
    /// Starts the process. `run` is [`crate::processes::Processes::run`], with its control group if it has one; `lost` is called when a guardian that has ended cannot be
    /// replaced.
    ///
    /// # Errors
    /// The system's; those of [`Platform::own_program`].
    pub fn start(
        platform: Arc<dyn Platform>,
        run: &str,
        control_group: Option<Arc<dyn ControlGroup>>,
        lost: Box<dyn Fn(io::Error) + Send>,
    ) -> io::Result<Guardian> {
        let program = platform.own_program()?;
        let mut environment = unix::process::inherited_environment();
        environment.remove(MARKER);
        let mut guardian = Guardian {
            platform,
            program,
            run: run.to_owned(),
            groups: BTreeMap::new(),
            strays: BTreeMap::new(),
            control_group,
            environment: PreparedEnvironment::new(&environment)?,
            null: File::options().read(true).write(true).open("/dev/null")?,
            pipe: None,
            pid: None,
            lost,
            finished: false,
        };
        guardian.spawn()?;
        Ok(guardian)
    }

    fn spawn(&mut self) -> io::Result<()> {
        let (reader, writer) = unix::process::control_pipe()?;
        let mut writer = File::from(writer);
        let mut text = encode(&GuardianNotice::Run(self.run.clone()));
        for (group, ending) in &self.groups {
            text += &encode(&GuardianNotice::Made(*group, *ending));
        }
        for (pid, start) in &self.strays {
            text += &encode(&GuardianNotice::Strayed(*pid, *start));
        }
        // Written before it starts: if the launcher is killed at this very moment, the guardian knows what to end. What does not fit
        // follows later.
        let written = writer.write(text.as_bytes())?;
        let mut words = vec![NAME, WORDS[0], WORDS[1], &self.run];
        let mut descriptors = vec![(reader.as_fd(), 0), (self.null.as_fd(), 1), (self.null.as_fd(), 2)];
        let control_group = self.control_group.as_ref().map(|group| group.open()).transpose()?;
        if let Some(control_group) = &control_group {
            words.push(CONTROL_GROUP.0);
            descriptors.push((control_group.as_fd(), CONTROL_GROUP.1));
        }
        let nothing = PreparedEnvironment::default();
        let request = SpawnRequest {
            program: self.program.clone(),
            arguments: words.into_iter().map(OsString::from).collect(),
            environment: ChildEnvironment { base: &self.environment, own: &nothing, marker: None },
            descriptors,
            group: GroupOfChild::Ours,
            control_group: None,
        };
        self.pid = Some(self.platform.spawn(&request)?);
        self.pipe = Some(writer);
        self.write(text.get(written..).unwrap_or_default())
    }

    /// Never waits: a guardian that does not read (it was stopped) is useless, and is replaced. Needs no descriptor: a lack of descriptors
    /// must not cost us the guardian.
    fn write(&mut self, text: &str) -> io::Result<()> {
        self.pipe.as_mut().map_or(Ok(()), |pipe| pipe.write_all(text.as_bytes()))
    }

    fn tell(&mut self, record: &GuardianNotice) {
        self.tell_all(&encode(record));
    }

    fn tell_all(&mut self, text: &str) {
        if self.write(text).is_err() {
            self.dismiss();
        }
    }

    /// Ends the guardian; its end then brings another one. The pipe is closed after the signal: end of file alone would tell the guardian
    /// that the launcher is dead, and it would end every component.
    fn dismiss(&mut self) {
        if let Some(pid) = self.pid {
            self.platform.send(SignalTarget::Process(pid), unix::SIGKILL);
        }
        self.pipe = None;
    }
}

impl GroupObserver for Guardian {
    fn made(&mut self, group: Pid, ending: &Ending) {
        self.groups.insert(group, *ending);
        if self.pid.is_some() {
            self.tell(&GuardianNotice::Made(group, *ending));
        } else if self.spawn().is_err() {
            // The last one could not be replaced either, and that was reported then.
            self.dismiss();
        }
    }

    fn gone(&mut self, groups: &[Pid]) {
        let mut text = String::new();
        for group in groups {
            self.groups.remove(group);
            text += &encode(&GuardianNotice::Gone(*group));
        }
        self.tell_all(&text);
    }

    fn strayed(&mut self, pid: Pid) {
        let Some(process) = self.platform.process(pid) else { return };
        self.strays.insert(pid, process.start);
        self.tell(&GuardianNotice::Strayed(pid, process.start));
    }

    fn stray_ended(&mut self, pid: Pid) {
        if self.strays.remove(&pid).is_some() {
            self.tell(&GuardianNotice::Gone(pid));
        }
    }

    fn helper(&self) -> Option<Pid> {
        self.pid
    }

    fn helper_ended(&mut self, _: WaitStatus) {
        self.pid = None;
        self.pipe = None;
        if !self.finished {
            if let Err(error) = self.spawn() {
                self.dismiss();
                (self.lost)(error);
            }
        }
    }

    fn finish(&mut self) {
        self.finished = true;
        self.tell(&GuardianNotice::Goodbye);
        self.pipe = None;
    }
}

/// Whether the program was called to be the guardian; checked before anything else.
pub fn is_called(arguments: &[OsString]) -> bool {
    arguments.iter().skip(1).take(WORDS.len()).eq(WORDS.iter()) && arguments.first().is_some_and(|name| name == NAME)
}

/// The guardian's whole life. Returns when nothing is left to guard.
pub fn main() {
    unix::process::become_guardian();
    // What has brought it here, the loader above all, is not needed again.
    unix::give_back_memory();
    let mut guarded = Guarded::default();
    let mut lines = io::stdin().lock();
    let mut line = Vec::new();
    // A line cut off by the launcher's death has no end, and a pipe that cannot be read any more has ended too.
    while lines.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let record = line.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok()).and_then(decode);
        match record {
            Some(GuardianNotice::Goodbye) => return,
            Some(record) => guarded.learn(record),
            None => {}
        }
        line.clear();
    }
    let platform = crate::platform::NativePlatform::for_command();
    let control_group = control_group(&platform);
    let control_group = control_group.as_deref();
    let run = guarded.run.clone();
    let mut remains = Remains::new(&platform, run.as_deref(), control_group, &guarded.strays, BTreeSet::new());
    sweep::end(&platform, control_group, |at_once| guarded.look(&platform, &mut remains, at_once));
    if let Some(control_group) = control_group {
        // What could not be ended is in it, for the next start.
        let _ = control_group.remove();
    }
}

/// What the launcher has handed over; None where it has no control group.
fn control_group(platform: &dyn Platform) -> Option<Arc<dyn ControlGroup>> {
    let is_given = std::env::args_os().nth(WORDS.len() + 2).is_some_and(|word| word == CONTROL_GROUP.0);
    let descriptor = is_given.then(|| unix::process::inherited_descriptor(CONTROL_GROUP.1)).flatten()?;
    // The other ways to find what is left remain.
    platform.inherited_control_group(descriptor).ok()
}

/// What the guardian knows.
#[derive(Debug, Default)]
struct Guarded {
    run: Option<String>,
    groups: BTreeMap<Pid, Ending>,
    strays: BTreeMap<Pid, u64>,
    /// The longest grace time that was seen.
    longest: Ending,
}

impl Guarded {
    fn learn(&mut self, record: GuardianNotice) {
        match record {
            GuardianNotice::Run(run) => self.run = Some(run),
            GuardianNotice::Made(group, ending) => drop(self.groups.insert(group, ending)),
            GuardianNotice::Gone(pid) => {
                self.groups.remove(&pid);
                self.strays.remove(&pid);
            }
            GuardianNotice::Strayed(pid, start) => drop(self.strays.insert(pid, start)),
            GuardianNotice::Goodbye => {}
        }
    }

    /// What still lives. A group that has gone is forgotten, because its number may soon be reused.
    fn look(&mut self, platform: &dyn Platform, remains: &mut Remains<'_>, at_once: bool) -> Found {
        let mut found = Found::default();
        let Some(list) = remains.candidates(at_once) else {
            self.groups.retain(|group, _| platform.group_exists(*group));
            found.targets = self.groups.iter().map(|(group, ending)| (SignalTarget::Group(*group), *ending)).collect();
            return found;
        };
        found.is_uncertain = remains.is_uncertain();
        // Before any has gone.
        self.longest = self.groups.values().copied().max_by_key(|ending| ending.grace).unwrap_or(self.longest);
        self.groups.retain(|group, _| list.iter().any(|entry| !entry.is_dead && entry.group == *group));
        found.processes = remains.among(&list, |entry| self.groups.contains_key(&entry.group));
        let groups: BTreeMap<Pid, Pid> = list.iter().map(|entry| (entry.pid, entry.group)).collect();
        for pid in &found.processes {
            let of_group = groups.get(pid).and_then(|group| Some((SignalTarget::Group(*group), *self.groups.get(group)?)));
            let (target, ending) = of_group.unwrap_or((SignalTarget::Process(*pid), self.longest));
            found.targets.insert(target, ending);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record() -> impl Strategy<Value = GuardianNotice> {
        prop_oneof![
            "[0-9a-f]{1,8}-[0-9a-f]{1,8}".prop_map(GuardianNotice::Run),
            (2..i32::MAX, 1..64, 1..64, any::<u32>()).prop_map(|(group, signal, kill_signal, grace)| {
                GuardianNotice::Made(group, Ending { signal, kill_signal, grace: Duration::from_millis(grace.into()) })
            }),
            (2..i32::MAX).prop_map(GuardianNotice::Gone),
            (2..i32::MAX, any::<u64>()).prop_map(|(pid, start)| GuardianNotice::Strayed(pid, start)),
            Just(GuardianNotice::Goodbye),
        ]
    }

    proptest! {
        #[test]
        fn what_is_told_is_understood(record in record()) {
            let text = encode(&record);
            prop_assert!(text.len() < 512, "a pipe takes {text:?} as a whole");
            prop_assert_eq!(decode(text.strip_suffix('\n').unwrap()), Some(record));
        }

        #[test]
        fn anything_may_come(line in ".{0,30}") {
            let _ = decode(&line);
        }
    }

    #[test]
    fn it_knows_itself_by_its_name_and_words() {
        let called = |words: &[&str]| is_called(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert!(called(&[NAME, "internal", "guardian", "run"]));
        // An HA instance may be called internal.
        assert!(!called(&["ZWELNCH", "internal", "guardian"]));
        assert!(!called(&[NAME]));
    }
}
