//! A year of the pure parts, on a simulated clock: stamps, log files and restarts, a million events of them with ZWELNCH_FULL, else fewer.
//! The clock is set forward and back, the zone changes to summer time and from it, logrotate and people have their hands on the files.
//! Bytes, files, descriptors and the supervisor's state are counted all the time.

use super::clock::Clock;
use super::log_file::LogFile;
use super::{LogSettings, Zone};
use crate::platform::{End, Pid, StopSignal, WaitStatus};
use crate::supervisor::{Action, Effect, Event, Instance, InstancePolicy, Judgement, Moment, NewMember, Policy};
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
const COMPONENTS: usize = 4;
const SIZE: u64 = 4096;
const COUNT: u32 = 3;
/// The longest line.
const LINE: u64 = 100;

/// A reproducible sequence: Knuth's MMIX generator.
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

struct World {
    directory: tempfile::TempDir,
    random: Sequence,
    /// Since the launcher's start.
    running: Duration,
    /// What the clock shows is that far ahead of it, in milliseconds since 1970.
    epoch: i64,
    zone: Zone,
    clock: Clock,
    last_stamp: Timestamp,
    set_backs: u64,
    /// The most that stamps were ahead of the clock.
    hidden: Duration,
    logs: Vec<LogFile>,
    /// The number of the last line of each component.
    lines: Vec<u64>,
    instance: Instance,
    pids: BTreeMap<usize, Pid>,
    next_pid: Pid,
    restarts: u64,
    faults: u64,
}

impl World {
    fn new() -> World {
        let directory = tempfile::tempdir().unwrap();
        let path = |index: usize| directory.path().join(format!("logs/c{index}.log"));
        let log = |index| LogFile::new(LogSettings { path: path(index), size: SIZE, count: COUNT });
        let mut instance = Instance::new(InstancePolicy { stay_when_all_failed: true, stay_when_required_failed: true });
        for index in 0..COMPONENTS {
            let policy = Policy {
                restart_intervals: [1, 60, 3600].map(Duration::from_secs).to_vec(),
                min_uptime: Duration::from_secs(90),
                stop_grace: Duration::from_secs(20),
                reject_start_of_running: false,
                fatal_exit_codes: vec![3],
                start_limit: None,
                patience: Duration::from_secs(600),
                has_readiness: false,
            };
            instance.add(NewMember { name: format!("c{index}"), policy, required: false });
        }
        instance.connect(&[(1, vec![0]), (3, vec![1, 2])]);
        World {
            logs: (0..COMPONENTS).map(log).collect(),
            directory,
            random: Sequence(20_260_101),
            running: Duration::ZERO,
            epoch: 1_767_225_600_000,
            zone: Zone::named("Europe/Berlin").unwrap(),
            clock: Clock::default(),
            last_stamp: Timestamp::UNIX_EPOCH,
            set_backs: 0,
            hidden: Duration::ZERO,
            lines: vec![0; COMPONENTS],
            instance,
            pids: BTreeMap::new(),
            next_pid: 100,
            restarts: 0,
            faults: 0,
        }
    }

    fn now(&self) -> Moment {
        Moment(self.running)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("logs").join(name)
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_millisecond(self.epoch + i64::try_from(self.running.as_millis()).unwrap()).unwrap()
    }

    /// A line of the launcher's: what its stamp says is the time, to the second at least, and never goes back unsaid.
    fn stamp(&mut self) {
        let wall = self.wall();
        let (time, set_back) = self.clock.time(wall, self.running);
        assert!(time >= self.last_stamp || set_back.is_some(), "{time} after {}", self.last_stamp);
        let ahead = time.duration_since(wall).unsigned_abs();
        assert!(ahead <= Duration::from_secs(1) && time >= wall, "{time} at {wall}");
        self.hidden = self.hidden.max(ahead);
        self.set_backs += u64::from(set_back.is_some());
        let stamp = self.zone.stamp(time);
        // With its offset, the stamp alone says the time.
        assert_eq!(stamp.replacen(' ', "T", 1).parse::<Timestamp>().unwrap(), time, "{stamp}");
        self.last_stamp = time;
    }

    fn write(&mut self, index: usize) {
        if !self.pids.contains_key(&index) {
            return;
        }
        self.lines[index] += 1;
        let padding = usize::try_from(self.random.below(LINE - 30)).unwrap();
        let line = format!("{} {}\n", self.lines[index], "x".repeat(padding));
        let fault = self.logs[index].write(line.as_bytes(), true, self.running).err();
        self.faults += u64::from(fault.is_some());
        self.stamp();
    }

    /// What somebody does to a component's log files.
    fn meddle(&mut self, index: usize) {
        let log = self.path(&format!("c{index}.log"));
        let first = self.path(&format!("c{index}.log.1"));
        match self.random.below(8) {
            // logrotate: rename, create, copytruncate; then, mostly, LOGROTATE.
            0 => drop(fs::rename(&log, self.path("moved"))),
            1 => {
                let _ = fs::rename(&log, self.path("moved"));
                File::create(&log).unwrap();
            }
            2 => drop(File::options().write(true).open(&log).map(|file| file.set_len(0).unwrap())),
            3 => drop(fs::remove_file(&log)),
            4 => {
                fs::remove_dir_all(self.path("")).unwrap();
            }
            5 => {
                let _ = fs::remove_file(&first);
                fs::create_dir(&first).unwrap();
            }
            6 => drop(fs::hard_link(&log, &first)),
            _ => {}
        }
        if self.random.below(4) > 0 {
            let fault = self.logs[index].rotate(self.running).err();
            self.faults += u64::from(fault.is_some());
        }
        // Compressed elsewhere, or seen and cleaned up.
        fs::create_dir_all(self.path("")).unwrap();
        let _ = fs::remove_file(self.path("moved"));
        let _ = fs::remove_dir(&first);
        if fs::metadata(&first).is_ok_and(|metadata| std::os::unix::fs::MetadataExt::nlink(&metadata) > 1) {
            fs::remove_file(&first).unwrap();
        }
    }

    fn apply(&mut self, effects: Vec<Effect>) {
        let mut todo: VecDeque<Effect> = effects.into();
        while let Some(effect) = todo.pop_front() {
            let Effect::Component(index, action) = effect else { continue };
            let event = match action {
                Action::Spawn => {
                    self.next_pid += 1;
                    self.restarts += 1;
                    self.pids.insert(index, self.next_pid);
                    Event::Spawned(self.next_pid)
                }
                Action::Validate => Event::Judged(Judgement::Good),
                Action::Configure => Event::Configured(true),
                Action::Signal(pid, StopSignal::Terminate | StopSignal::Kill) if self.pids.get(&index) == Some(&pid) => {
                    self.pids.remove(&index);
                    ended(pid, 143)
                }
                _ => continue,
            };
            todo.extend(self.instance.step(index, event, self.now()));
        }
        self.instance.settle(self.now());
        // As the owner does.
        self.instance.take_transitions();
    }

    fn event(&mut self) {
        let index = usize::try_from(self.random.below(COMPONENTS as u64)).unwrap();
        match self.random.below(1000) {
            0..900 => self.write(index),
            900..940 => {
                if let Some(pid) = self.pids.remove(&index) {
                    let code = i32::try_from(self.random.below(4)).unwrap();
                    let effects = self.instance.step(index, ended(pid, code), self.now());
                    self.apply(effects);
                }
            }
            940..970 => {
                let order = [Event::Start, Event::Stop, Event::Change { start: true }, Event::Start];
                let order = &order[usize::try_from(self.random.below(4)).unwrap()];
                let effects = self.instance.order(order, &[index], self.now());
                self.apply(effects);
            }
            970..985 => {
                // By some milliseconds, as daemons do, or by hours, as people do.
                let step = i64::try_from(self.random.below(4000)).unwrap() - 2000;
                self.stamp();
                self.epoch += step * if self.random.below(3) == 0 { 3600 } else { 1 };
                self.stamp();
            }
            _ => self.meddle(index),
        }
    }

    /// Lets time pass, with the timers that are due in it.
    fn pass(&mut self, until: Duration) {
        while let Some(due) = self.instance.deadline().filter(|due| due.0 <= until) {
            self.running = self.running.max(due.0);
            let effects = self.instance.timers(self.now());
            self.apply(effects);
        }
        self.running = until;
    }

    /// Files and bytes in the log directory, descriptors of this process there, and how much there is to tell of the supervisor.
    fn count(&self) -> [u64; 4] {
        let (mut files, mut bytes) = (0, 0);
        for entry in fs::read_dir(self.path("")).unwrap().flatten() {
            files += 1;
            bytes += entry.metadata().map_or(0, |metadata| metadata.len());
        }
        [files, bytes, descriptors_below(self.directory.path()), format!("{:?}", self.instance).len() as u64]
    }
}

fn ended(pid: Pid, code: i32) -> Event {
    Event::Ended { pid, status: WaitStatus { raw: code << 8, end: End::Exited(code) }, remains: false }
}

fn descriptors_below(directory: &Path) -> u64 {
    let open = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    open.filter(|entry| fs::read_link(entry.path()).is_ok_and(|target| target.starts_with(directory))).count() as u64
}

#[test]
fn a_year_leaves_no_more_than_a_day() {
    let events: u32 = if std::env::var_os("ZWELNCH_FULL").is_some() { 1_000_000 } else { 30_000 };
    let mut world = World::new();
    let effects = world.instance.begin(world.now());
    world.apply(effects);
    let mut most = [0; 4];
    for number in 1..=events {
        world.event();
        world.pass(YEAR / events * number);
        if number % (events / 300) == 0 {
            // Only what is in the way makes a file grow, and that for no more than a minute beyond its being there.
            let count = world.count();
            assert!(count[0] <= (COMPONENTS as u64) * u64::from(COUNT + 1), "event {number}: {count:?}");
            assert!(count[1] <= count[0] * (SIZE + 2 * LINE), "event {number}: {count:?}");
            assert!(count[2] <= COMPONENTS as u64, "event {number}: {count:?}");
            most = std::array::from_fn(|index| count[index].max(most[index]));
        }
    }
    assert!(most[3] < 8 * 1024, "the supervisor's state has grown to {} characters", most[3]);
    let busy = [world.restarts, world.set_backs, world.faults].map(|count| count > u64::from(events) / 1000);
    assert_eq!(busy, [true; 3], "restarts {}, set back {}, faults {}", world.restarts, world.set_backs, world.faults);
    assert!(world.hidden > Duration::from_millis(500), "{:?}", world.hidden);
    for index in 0..COMPONENTS {
        let mut numbers: Vec<u64> = Vec::new();
        for name in (0..=COUNT).rev().map(|number| if number > 0 { format!("c{index}.log.{number}") } else { format!("c{index}.log") }) {
            let text = fs::read_to_string(world.path(&name)).unwrap_or_default();
            numbers.extend(text.lines().filter_map(|line| line.split(' ').next()?.parse::<u64>().ok()));
        }
        assert!(numbers.is_sorted_by(|one, next| one < next), "c{index}: {numbers:?}");
    }
}
