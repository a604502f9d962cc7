//! A year of operating one instance, compressed: what it leaves in its directories and holds open is counted all the time. The same for the
//! pure parts, on a simulated clock, is in `src/output/year.rs`.

use crate::harness::{Instance, PATIENCE, Running, Sequence, processes_of, wait_until};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

const SIZE: u64 = 4096;
const COUNT: u64 = 2;
/// The journal has bounds of its own: the least that may be set.
const JOURNAL_SIZE: u64 = 64 * 1024;
const JOURNAL_COUNT: u64 = 1;

/// Ends after some lines, and is started again, and again.
const RESTLESS: &str =
    "i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo line $i 0123456789012345678901234567890123456789; done; sleep 0.05; exit 1";
/// Writes when it is told to end, too.
const STEADY: &str = "echo up; trap 'echo down; exit 0' TERM; while :; do sleep 1000 & wait $!; done";

/// Regular files below a directory with their sizes, by path.
fn files(directory: &Path) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(at) = open.pop() {
        // What is gone again is not counted.
        for entry in fs::read_dir(&at).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => open.push(entry.path()),
                Ok(metadata) if metadata.is_file() => {
                    let name = entry.path().strip_prefix(directory).unwrap().to_string_lossy().into_owned();
                    found.insert(name, metadata.len());
                }
                _ => {}
            }
        }
    }
    found
}

/// What is counted: descriptors of the launcher, and files in each directory of the instance.
#[derive(Debug)]
struct Count {
    descriptors: usize,
    logs: BTreeMap<String, u64>,
    workspace: BTreeMap<String, u64>,
    system: BTreeMap<String, u64>,
}

impl Count {
    fn now(instance: &Instance, launcher: u32) -> Count {
        Count {
            descriptors: fs::read_dir(format!("/proc/{launcher}/fd")).unwrap().count(),
            logs: files(&instance.path("logs")),
            workspace: files(&instance.path("workspace")),
            system: files(&instance.system()),
        }
    }
}

/// One round: what operators and schedulers do, in an order of chance.
fn round(instance: &Instance, random: &mut Sequence) {
    for _ in 0..6 {
        match random.below(8) {
            0 => assert!(instance.modify("LOGROTATE").contains("ZWEL0989I log files are rotated")),
            1 => drop(instance.modify("RESTART(steady)")),
            2 => drop(instance.modify("DISP,DETAIL")),
            3 => drop(instance.modify("NONSENSE")),
            4 => drop(instance.modify("STOP(steady)")),
            5 => drop(instance.modify("RELOAD")),
            6 => drop(instance.console("D A,L")),
            _ => drop(instance.modify("LOGLEVEL(DEBUG)")),
        }
    }
    instance.modify("LOGLEVEL(INFO)");
    instance.modify("START(steady)");
}

#[test]
fn a_year_of_operating_leaves_no_more_than_its_first_days() {
    let rounds = if std::env::var_os("ZWELNCH_FULL").is_some() { 400 } else { 8 };
    let log = format!("launcher:\n  log: {{file: true, size: {SIZE}, count: {COUNT}}}\n  minUptime: 0\n  restartIntervals: [0]");
    let journal = "journal: {size: 64K, count: 1}";
    let instance =
        Instance::new().component("restless", RESTLESS, &log).component("steady", STEADY, &log).component("launcher", "", journal);
    instance.write_config();
    let zowe = format!("zowe:\n  logDirectory: {}\n", instance.path("logs").display());
    fs::write(instance.config(), fs::read_to_string(instance.config()).unwrap().replacen("zowe:\n", &zowe, 1)).unwrap();
    let mut running = Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path());
    running.wait_for("ZWEL0012I");
    running.wait_for_count("ZWEL0001I component restless started", 5);
    let launcher = running.child.id();
    let mut random = Sequence(2026);
    round(&instance, &mut random);
    let first = Count::now(&instance, launcher);
    let mut most_descriptors = first.descriptors;
    for number in 1..=rounds {
        round(&instance, &mut random);
        let count = Count::now(&instance, launcher);
        most_descriptors = most_descriptors.max(count.descriptors);
        // Whole lines: the last may be the one that is over the bound only if it is longer than a file may be.
        for (part, each, files) in [(".log", SIZE, 2 * (COUNT + 1)), (".journal", JOURNAL_SIZE, JOURNAL_COUNT + 1)] {
            let of_it = count.logs.iter().filter(|(name, _)| name.contains(part));
            let bytes: Vec<u64> = of_it.map(|(_, bytes)| *bytes).collect();
            assert!(!bytes.is_empty() && bytes.len() as u64 <= files, "round {number}: {:?}", count.logs);
            assert!(bytes.iter().all(|bytes| *bytes <= each), "round {number}: {:?}", count.logs);
        }
        assert!(count.workspace.len() <= first.workspace.len() + 4, "round {number}: {:?}\n{:?}", count.workspace, first.workspace);
        // Files only: the bytes of SYSLOG and of the spool have bounds of their own.
        assert!(count.system.len() <= first.system.len() + 4, "round {number}: {:?}\n{:?}", count.system, first.system);
        let workspace = |count: &Count| count.workspace.values().sum::<u64>();
        assert!(workspace(&count) <= 2 * workspace(&first) + 65_536, "round {number}: {:?}\n{:?}", count.workspace, first.workspace);
    }
    assert!(most_descriptors < first.descriptors + 20, "{most_descriptors} descriptors, {} in the first round", first.descriptors);
    // At rest it is what it was at the beginning.
    instance.modify("STOP(restless,steady)");
    let at_rest = || {
        let open = Count::now(&instance, launcher).descriptors;
        (processes_of(instance.directory.path()).len() <= 2 && open <= first.descriptors).then_some(())
    };
    let rests = wait_until(Instant::now() + PATIENCE, at_rest);
    assert!(rests.is_some(), "{:?}\n{:?}", Count::now(&instance, launcher), processes_of(instance.directory.path()));
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    assert_eq!(processes_of(instance.directory.path()), Vec::<i32>::new());
}
