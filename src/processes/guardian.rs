//! The guardian: a small process of the same binary that outlives the launcher. However the launcher dies, the guardian ends every
//! component within its grace time, and then ends itself.
//!
//! It reads a pipe whose other end only the launcher holds. The launcher writes each process group that it creates and each that has gone;
//! end of file without a goodbye means that the launcher is dead. This needs only POSIX. Where the system reports processes (Linux), those
//! that have left their group are found by [`MARKER`] as well.

use super::sweep::{self, Found};
use super::{GroupObserver, MARKER};
use crate::platform::{
    ChildEnvironment, Ending, GroupOfChild, Pid, Platform, PreparedEnvironment, SignalTarget, SpawnRequest, WaitStatus, unix,
};
use std::collections::BTreeMap;
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

/// What the launcher reports.
#[derive(Debug, Clone, PartialEq, Eq)]
enum GuardianNotice {
    /// The first part of all markers.
    Run(String),
    Made(Pid, Ending),
    Gone(Pid),
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
    environment: PreparedEnvironment,
    null: File,
    pipe: Option<File>,
    pid: Option<Pid>,
    /// Called with the reason when there is no guardian any more.
    lost: Box<dyn Fn(io::Error) + Send>,
    finished: bool,
}

impl Guardian {
    /// Starts the process. `run` is [`crate::processes::Processes::run`]; `lost` is called when a guardian that has ended cannot be
    /// replaced.
    ///
    /// # Errors
    /// The system's; NotFound when this program does not know its own file.
    pub fn start(platform: Arc<dyn Platform>, run: &str, lost: Box<dyn Fn(io::Error) + Send>) -> io::Result<Guardian> {
        let program = platform.own_program().ok_or(io::ErrorKind::NotFound)?;
        let mut environment = unix::process::inherited_environment();
        environment.remove(MARKER);
        let mut guardian = Guardian {
            platform,
            program,
            run: run.to_owned(),
            groups: BTreeMap::new(),
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
        // Written before it starts: if the launcher is killed at this very moment, the guardian knows what to end. What does not fit
        // follows later.
        let written = writer.write(text.as_bytes())?;
        let words = [NAME, WORDS[0], WORDS[1], &self.run];
        let nothing = PreparedEnvironment::default();
        let request = SpawnRequest {
            program: self.program.clone(),
            arguments: words.into_iter().map(OsString::from).collect(),
            environment: ChildEnvironment { base: &self.environment, own: &nothing, marker: None },
            descriptors: vec![(reader.as_fd(), 0), (self.null.as_fd(), 1), (self.null.as_fd(), 2)],
            group: GroupOfChild::Ours,
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
        if self.write(&encode(record)).is_err() {
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

    fn gone(&mut self, group: Pid) {
        self.groups.remove(&group);
        self.tell(&GuardianNotice::Gone(group));
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
    let platform = unix::UnixPlatform::for_command();
    sweep::end(&platform, || guarded.look(&platform));
}

/// What the guardian knows.
#[derive(Debug, Default)]
struct Guarded {
    run: Option<String>,
    groups: BTreeMap<Pid, Ending>,
}

impl Guarded {
    fn learn(&mut self, record: GuardianNotice) {
        match record {
            GuardianNotice::Run(run) => self.run = Some(run),
            GuardianNotice::Made(group, ending) => drop(self.groups.insert(group, ending)),
            GuardianNotice::Gone(group) => drop(self.groups.remove(&group)),
            GuardianNotice::Goodbye => {}
        }
    }

    /// What still lives. A group that has gone is forgotten, because its number may soon be reused.
    fn look(&mut self, platform: &dyn Platform) -> Found {
        let mut found = Found::default();
        let Some(list) = platform.process_list(&|_| false) else {
            self.groups.retain(|group, _| platform.group_exists(*group));
            found.targets = self.groups.iter().map(|(group, ending)| (SignalTarget::Group(*group), *ending)).collect();
            return found;
        };
        let living: Vec<_> = list.iter().filter(|entry| !entry.is_dead).collect();
        self.groups.retain(|group, _| living.iter().any(|entry| entry.group == *group));
        let longest = self.groups.values().max_by_key(|ending| ending.grace).copied().unwrap_or_default();
        for entry in living {
            if let Some(ending) = self.groups.get(&entry.group) {
                found.targets.insert(SignalTarget::Group(entry.group), *ending);
                found.processes.insert(entry.pid);
            } else if self.run.as_deref().is_some_and(|run| is_of_run(platform, entry.pid, run)) {
                found.targets.insert(SignalTarget::Process(entry.pid), longest);
                found.processes.insert(entry.pid);
            }
        }
        found
    }
}

/// Whether a process or one of its ancestors was started by a run of the launcher.
pub(super) fn is_of_run(platform: &dyn Platform, pid: Pid, run: &str) -> bool {
    platform.variable_of(pid, MARKER).is_some_and(|marker| marker.strip_prefix(run).is_some_and(|rest| rest.starts_with('.')))
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
