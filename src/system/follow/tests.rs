use super::*;
use crate::system::hardcopy::numbered;
use crate::system::parse_syslog_line;
use proptest::prelude::*;
use std::fs;
use std::io::Write;

fn system() -> (tempfile::TempDir, SystemDirectory) {
    let place = tempfile::tempdir().unwrap();
    let system = SystemDirectory::open(Some(place.path())).unwrap();
    (place, system)
}

fn all(follower: &mut Follower) -> (Vec<String>, Option<&'static str>) {
    let (mut lines, mut gap) = (Vec::new(), None);
    loop {
        let news = follower.news();
        if news.is_empty() {
            return (lines, gap);
        }
        lines.extend(news.lines);
        gap = gap.or(news.gap);
    }
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[test]
fn each_whole_line_comes_once() {
    let (_place, system) = system();
    assert_eq!(Follower::open(&system, 10).1, Vec::<String>::new());
    append(&system.syslog(), "1\n2\n3\nbeg");
    let (mut follower, lines) = Follower::open(&system, 2);
    assert_eq!(lines, ["2", "3"]);
    assert!(follower.news().is_empty());
    append(&system.syslog(), "un\n\n4\n");
    assert_eq!(all(&mut follower), (vec!["begun".into(), String::new(), "4".into()], None));
    fs::remove_file(system.syslog()).unwrap();
    assert!(follower.news().is_empty());
    append(&system.syslog(), "new\n");
    assert_eq!(all(&mut follower), (vec!["new".into()], Some(REMOVED)));
}

/// However late it is cut: what tells is what the file holds once it has been read.
#[test]
fn nothing_is_read_of_a_file_that_was_cut_and_has_grown_beyond_where_it_was_read_to() {
    let (_place, system) = system();
    append(&system.syslog(), "1\n2\n");
    let mut reading = Reading::open(&system.syslog()).unwrap();
    let mut bytes = b"begun ".to_vec();
    assert!(reading.read(&mut bytes).unwrap() && bytes == b"begun 1\n2\n");
    fs::write(system.syslog(), "3\n4\n5\n").unwrap();
    assert!(!reading.read(&mut bytes).unwrap());
    assert_eq!((bytes.as_slice(), reading.offset, reading.mark.as_slice()), (&b"begun 1\n2\n"[..], 4, &b"1\n2\n"[..]));
}

#[test]
fn a_long_log_is_shown_from_a_whole_line_on() {
    let (_place, system) = system();
    append(&system.syslog(), &format!("{}\n", "x".repeat(99)).repeat(1000));
    let (_, lines) = Follower::open(&system, 10_000);
    assert!(lines.len() > 600 && lines.iter().all(|line| line.len() == 99), "{}", lines.len());
}

#[test]
fn a_log_of_another_name_is_read_to_its_end_and_then_those_that_came_after_it() {
    let (_place, system) = system();
    let at = |name: &str| system.path().join(name);
    append(&at("SYSLOG-0"), "older\n");
    append(&system.syslog(), "1\n");
    let (mut follower, _) = Follower::open(&system, 0);
    append(&system.syslog(), "2\ntorn");
    fs::rename(system.syslog(), at("SYSLOG-2")).unwrap();
    append(&at("SYSLOG-1"), "3\n");
    append(&system.syslog(), "4\n");
    append(&at("SYSLOG-2"), "\nlate\n");
    assert_eq!(all(&mut follower), (["2", "torn", "late", "3", "4"].map(str::to_owned).to_vec(), None));
    append(&system.syslog(), "5\n");
    assert_eq!(all(&mut follower).0, ["5"]);
}

#[test]
fn what_was_cut_goes_on_in_its_copy_and_without_one_that_is_said() {
    let (_place, system) = system();
    append(&system.syslog(), "one\n");
    let (mut follower, _) = Follower::open(&system, 0);
    append(&system.syslog(), "two\nthr");
    assert_eq!(all(&mut follower).0, ["two"]);
    append(&system.syslog(), "ee\n");
    // As logrotate's copytruncate; longer than before when it is looked at.
    fs::copy(system.syslog(), system.path().join("SYSLOG.1")).unwrap();
    fs::write(system.syslog(), "four, and a line that is longer\n").unwrap();
    assert_eq!(all(&mut follower), (vec!["three".into(), "four, and a line that is longer".into()], None));
    fs::write(system.syslog(), "five\n").unwrap();
    assert_eq!(all(&mut follower), (vec!["five".into()], Some(CUT)));
    fs::write(system.syslog(), "six!\nseven\n").unwrap();
    assert_eq!(all(&mut follower), (vec!["six!".into(), "seven".into()], Some(CUT)));
}

#[test]
fn a_line_without_end_does_not_fill_the_memory() {
    let (_place, system) = system();
    let (mut follower, _) = Follower::open(&system, 0);
    append(&system.syslog(), &"x".repeat(3 * CHUNK));
    let (lines, _) = all(&mut follower);
    assert!(lines.len() >= 3 && follower.begun.len() <= LONGEST_LINE, "{}", lines.len());
}

/// Writers, and somebody who puts SYSLOG aside, at the same time: the reader misses nothing and gets nothing twice.
fn is_complete_while_it_is_put_aside(put_aside: impl Fn(&SystemDirectory, usize) + Sync) {
    let (_place, system) = system();
    fs::write(system.path().join("LIMITS"), "SYSLOG FILES 999\n").unwrap();
    let (mut follower, _) = Follower::open(&system, 0);
    let (writers, each) = (4, 100);
    let mut seen = Vec::new();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..writers)
            .map(|writer| {
                let (system, put_aside) = (&system, &put_aside);
                scope.spawn(move || {
                    for number in 0..each {
                        system.append_syslog(&format!("JOB{writer}"), "STC00001", &format!("line {number}")).unwrap();
                        if writer == 0 && number % 10 == 0 {
                            put_aside(system, number);
                        }
                    }
                })
            })
            .collect();
        while threads.iter().any(|thread| !thread.is_finished()) {
            let news = follower.news();
            assert_eq!(news.gap, None);
            seen.extend(news.lines);
        }
    });
    seen.extend(all(&mut follower).0);
    for writer in 0..writers {
        let job = format!("JOB{writer}");
        let lines = seen.iter().map(|line| parse_syslog_line(line).unwrap_or_else(|| panic!("torn: {line}")));
        let numbers: Vec<String> = lines.filter(|line| line.job_name == job).map(|line| line.text.to_owned()).collect();
        assert_eq!(numbers, (0..each).map(|number| format!("line {number}")).collect::<Vec<_>>(), "{job}");
    }
}

#[test]
fn nothing_is_lost_while_several_write_and_the_log_is_begun_anew() {
    is_complete_while_it_is_put_aside(|system, _| drop(system.begin_syslog('A').unwrap()));
}

#[test]
fn nothing_is_lost_while_several_write_and_somebody_renames_the_log_who_knows_of_no_lock() {
    is_complete_while_it_is_put_aside(|system, number| {
        fs::rename(system.syslog(), system.path().join(format!("SYSLOG-{number}"))).unwrap();
    });
}

#[derive(Debug, Clone)]
enum Step {
    Append(u8),
    BeginAnew,
    Rename,
    CopyAndCut,
    Look,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1u8..4).prop_map(Step::Append),
        1 => Just(Step::BeginAnew),
        1 => Just(Step::Rename),
        1 => Just(Step::CopyAndCut),
        2 => Just(Step::Look),
    ]
}

/// As logrotate does it: the numbers of the others go up first.
fn make_way(system: &SystemDirectory) -> PathBuf {
    for number in (1..50).rev() {
        let from = numbered(&system.syslog(), number);
        if from.exists() {
            fs::rename(from, numbered(&system.syslog(), number + 1)).unwrap();
        }
    }
    numbered(&system.syslog(), 1)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    /// Whatever becomes of the file between two looks, each line comes once and in order.
    #[test]
    fn every_line_comes_once_whatever_becomes_of_the_file(steps in prop::collection::vec(step(), 0..24)) {
        let (_place, system) = system();
        fs::write(system.path().join("LIMITS"), "SYSLOG FILES 99\n").unwrap();
        system.append_syslog("A", "", "first").unwrap();
        let (mut follower, _) = Follower::open(&system, 0);
        let (mut written, mut seen) = (0, Vec::new());
        let mut take = |follower: &mut Follower| {
            let (lines, gap) = all(follower);
            let texts = lines.iter().map(|line| parse_syslog_line(line).unwrap().text.to_owned());
            seen.extend(texts.filter(|text| text.starts_with("line ")));
            gap
        };
        for step in steps {
            match step {
                Step::Append(count) => for _ in 0..count {
                    system.append_syslog("A", "", &format!("line {written}")).unwrap();
                    written += 1;
                },
                Step::BeginAnew => drop(system.begin_syslog('A').unwrap()),
                Step::Rename => if system.syslog().exists() { fs::rename(system.syslog(), make_way(&system)).unwrap() },
                Step::CopyAndCut => if system.syslog().exists() {
                    fs::copy(system.syslog(), make_way(&system)).unwrap();
                    OpenOptions::new().write(true).open(system.syslog()).unwrap().set_len(0).unwrap();
                },
                Step::Look => prop_assert_eq!(take(&mut follower), None),
            }
        }
        prop_assert_eq!(take(&mut follower), None);
        prop_assert_eq!(seen, (0..written).map(|number| format!("line {number}")).collect::<Vec<_>>());
    }
}
