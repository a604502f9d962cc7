use super::*;
use crate::platform::files;
use proptest::prelude::*;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::mpsc;

fn settings(path: &Path, size: u64, count: u32) -> LogSettings {
    LogSettings { path: path.to_path_buf(), size, count }
}

fn state(number: u64) -> Event {
    Event::State { component: "alpha".into(), from: "running".into(), to: format!("state {number}").into() }
}

/// A journal whose trouble comes to the receiver.
fn journal() -> (Journal, mpsc::Receiver<Message>) {
    let (sender, receiver) = mpsc::channel();
    let journal = Journal::new();
    // The test may be over.
    journal.on_trouble(move |message| drop(sender.send(message)));
    (journal, receiver)
}

fn records(path: &Path) -> Vec<Record> {
    let mut records = Vec::new();
    read_all(path, &mut |line| {
        records.push(line.unwrap());
        Ok(())
    })
    .unwrap();
    records
}

/// Every event is there or counted, in its order.
fn check_whole(records: &[Record]) -> (u64, u64) {
    let (mut next, mut lost) = (records[0].seq, 0);
    let mut mono = 0;
    for record in records {
        assert!(record.mono >= mono, "{record:?}");
        mono = record.mono;
        if let Event::Lost { count, .. } = record.event {
            lost += count;
            next += count;
            assert_eq!(record.seq + 1, next, "{record:?}");
        } else {
            assert_eq!(record.seq, next, "{record:?}");
            next += 1;
        }
    }
    (next - 1, lost)
}

#[test]
fn what_was_told_before_and_after_is_in_a_file_of_ours_alone() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("zwelnch-lpar1.journal");
    let (journal, trouble) = journal();
    journal.tell(Event::run_begun("ZWESLSTC", "LPR1"));
    journal.open(settings(&path, 1 << 20, 2), "lpar1").unwrap();
    (0..100).for_each(|number| journal.tell(state(number)));
    journal.tell(Event::run_ended(0));
    assert!(journal.close().is_none());
    journal.tell(state(0));
    let records = records(&path);
    assert_eq!(check_whole(&records), (102, 0));
    assert_eq!((&records[0].instance[..], &records[3].event), ("lpar1", &state(2)));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("{\"v\":1,\"seq\":1,\"time\":\"2") && text.lines().all(|line| line.ends_with('}')), "{text}");
    assert!(
        text.lines().nth(1).unwrap().contains("\"instance\":\"lpar1\",\"event\":\"state\",\"component\":\"alpha\",\"from\":"),
        "{text}"
    );
    assert!(trouble.try_recv().is_err());
}

#[test]
fn a_journal_that_is_off_keeps_nothing() {
    let journal = Journal::none();
    journal.tell(state(1));
    assert!(journal.shared.lock().waiting.is_empty() && journal.close().is_none());
}

#[test]
fn links_and_other_names_are_refused_and_what_they_lead_to_is_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    fs::write(at("precious"), "mine").unwrap();
    symlink(at("precious"), at("link")).unwrap();
    fs::hard_link(at("precious"), at("second")).unwrap();
    fs::create_dir(at("directory")).unwrap();
    nix::unistd::mkfifo(&at("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for (name, why) in [("link", "is a symbolic link"), ("second", "has a second name"), ("directory", ""), ("fifo", ""), ("none/file", "")]
    {
        let (journal, trouble) = journal();
        journal.open(settings(&at(name), 1 << 20, 2), "lpar1").unwrap();
        journal.tell(state(1));
        let said = trouble.recv().unwrap();
        assert!(said.id() == "ZWEL1000W" && said.text().contains(why), "{said}");
        let last = journal.close().unwrap();
        assert!(last.id() == "ZWEL1001W" && last.text().contains(" 1 events "), "{last}");
    }
    assert_eq!(fs::read_to_string(at("precious")).unwrap(), "mine");
}

#[test]
fn a_wider_mode_is_narrowed() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("journal");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let (journal, _trouble) = journal();
    journal.open(settings(&path, 1 << 20, 2), "lpar1").unwrap();
    journal.tell(state(1));
    journal.close();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(records(&path).len(), 1);
}

#[test]
fn what_cannot_be_written_is_counted_said_once_and_told_when_it_can_be_again() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("journal");
    // No new file can be begun: what is in its way is not ours to rename.
    let obstacle = place.path().join("journal.1");
    fs::create_dir(&obstacle).unwrap();
    fs::write(&path, vec![b'\n'; 64 * 1024]).unwrap();
    let (journal, trouble) = journal();
    journal.open(settings(&path, 64 * 1024, 1), "lpar1").unwrap();
    for number in 1..=3 {
        journal.tell(state(number));
        // Each is a write of its own.
        while !journal.shared.lock().waiting.is_empty() {
            std::thread::yield_now();
        }
    }
    let said = trouble.recv().unwrap();
    assert!(said.id() == "ZWEL1000W" && said.text().contains("journal.1 is a directory"), "{said}");
    fs::remove_dir(&obstacle).unwrap();
    journal.tell(state(4));
    let over = trouble.recv().unwrap();
    assert_eq!((over.id(), trouble.try_recv().is_err()), ("ZWEL1001W", true), "once: {over}");
    journal.tell(state(5));
    assert!(journal.close().is_none());
    let records = records(&path);
    let Event::Lost { count, why } = &records[0].event else { panic!("{records:?}") };
    assert!((1..=3).contains(count) && why.contains("is a directory"), "{records:?}");
    assert_eq!((records[0].seq, records[0].seq), (*count, *count));
    assert_eq!(records.last().unwrap().event, state(5));
    assert_eq!(records.last().unwrap().seq, 5);
}

#[test]
fn a_flood_keeps_its_bounds_and_what_is_lost_is_counted() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("journal");
    let (journal, _trouble) = journal();
    journal.open(settings(&path, 256 * 1024, 3), "lpar1").unwrap();
    let told = 60_000;
    let mut most = 0;
    for number in 0..told {
        journal.tell(state(number));
        most = most.max(journal.shared.lock().bytes);
    }
    journal.close();
    // The writer may need more time than whoever closes it waits for.
    let end = Instant::now() + Duration::from_secs(120);
    let last = || {
        let mut last = 0;
        let whole = read_all(&path, &mut |line| line.map(|record| last = record.seq).map_err(|_| io::Error::other("half a line")));
        whole.is_ok() && last == told
    };
    while !last() {
        assert!(Instant::now() < end, "the last event does not come");
        std::thread::yield_now();
    }
    assert!(most <= QUEUED, "{most}");
    let sizes: Vec<u64> = files::entries(place.path()).unwrap().iter().map(|entry| entry.metadata().unwrap().len()).collect();
    assert!(sizes.len() <= 4 && sizes.iter().all(|size| *size <= 256 * 1024), "{sizes:?}");
    assert_eq!(check_whole(&records(&path)).0, told, "the last is there, and nothing is missing before it that is not counted");
}

#[test]
fn it_is_begun_anew_where_somebody_has_moved_it_away() {
    let place = tempfile::tempdir().unwrap();
    let (path, moved) = (place.path().join("journal"), place.path().join("old"));
    let mut file = file::JournalFile::new(settings(&path, 1 << 20, 2));
    file.write(b"one\n").unwrap();
    fs::rename(&path, &moved).unwrap();
    file.write(b"two\n").unwrap();
    fs::remove_file(&path).unwrap();
    file.write(b"three\n").unwrap();
    assert_eq!((fs::read_to_string(&moved).unwrap(), fs::read_to_string(&path).unwrap()), ("one\n".into(), "three\n".into()));
}

#[test]
fn a_follower_sees_each_event_once_across_rotations() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("journal");
    let (journal, _trouble) = journal();
    journal.open(settings(&path, 64 * 1024, 20), "lpar1").unwrap();
    let mut follower = Follower::new(&path);
    let mut seen = Vec::new();
    for number in 0..5000 {
        journal.tell(state(number));
        if number % 250 == 0 {
            follower
                .news(&mut |line| {
                    seen.push(line.unwrap());
                    Ok(())
                })
                .unwrap();
        }
    }
    journal.close();
    let mut news = |seen: &mut Vec<Record>| {
        follower.news(&mut |line| {
            seen.push(line.unwrap());
            Ok(())
        })
    };
    assert!(news(&mut seen).unwrap());
    assert!(path.with_extension("1").exists() || place.path().join("journal.1").exists(), "it was rotated");
    assert_eq!((check_whole(&seen), seen.len()), ((5000, 0), 5000));
    // Copied and cut, as logrotate does: what comes is seen, what was seen is not seen again.
    let all = fs::read(&path).unwrap();
    fs::write(&path, &all[..all.iter().position(|byte| *byte == b'\n').unwrap() + 1]).unwrap();
    let before = seen.len();
    news(&mut seen).unwrap();
    assert_eq!(seen.len(), before);
}

#[test]
fn every_kind_is_read_as_it_was_written_and_unknown_ones_are_known_as_such() {
    let all = [
        Event::run_begun("J", "S"),
        Event::run_ended(12),
        Event::Phase { phase: "load".into(), edge: Edge::Ended, of: None, failed: true },
        Event::Step {
            component: "a".into(),
            step: "validate".into(),
            edge: Edge::Ended,
            result: Some("exit code 8".into()),
            code: Some(8),
        },
        state(1),
        Event::Whole { from: "starting".into(), to: "ready".into() },
        Event::Spawned { component: "a".into(), pid: 7, attempt: 2 },
        Event::Unspawned { component: "a".into(), why: "x".into(), next: "restart".into(), delay_us: Some(1) },
        Event::Ready { component: "a".into(), after_us: 5, how: "log".into() },
        Event::Ended {
            component: "a".into(),
            pid: 7,
            how: How::Signal,
            code: None,
            signal: Some("SIGKILL".into()),
            up_us: 9,
            asked: false,
            next: "restart".into(),
            delay_us: Some(1),
            rule: Some("restartIntervals".into()),
            failures: Some(1),
            intervals: Some(10),
            min_uptime_us: Some(90),
        },
        Event::Words { component: "a".into(), lines: vec!["ä\u{1b}\"".into()] },
        Event::Probe { component: "a".into(), kind: "liveness".into(), passed: false, detail: "no".into() },
        Event::Command { text: "DISP".into(), from: "uid 0".into(), answer: vec!["x".into()], more: 3, refused: true },
        Event::Configuration { differences: vec!["x".into()], check: true },
        Event::Traffic { step: "drain".into(), edge: Some(Edge::Begun), failed: false, target: None, detail: String::new() },
        Event::Message { id: "ZWEL0001I".into(), severity: "I".into(), text: "ZWEL0001I x".into() },
        Event::Lost { count: 2, why: "full".into() },
    ];
    for event in all {
        let record = Record {
            v: VERSION,
            seq: 1,
            time: "2026-11-27T00:50:49.123456Z".parse().unwrap(),
            mono: 1,
            run: "r".into(),
            instance: "i".into(),
            event,
        };
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(decode(text.as_bytes()), Ok(record), "{text}");
    }
    let line = |v: u32, event: &str| {
        format!("{{\"v\":{v},\"seq\":1,\"time\":\"2026-11-27T00:50:49Z\",\"mono\":1,\"run\":\"r\",\"instance\":\"i\",{event}}}")
    };
    let unknown = decode(line(1, "\"event\":\"weather\",\"rain\":[1]").as_bytes()).unwrap();
    assert_eq!(unknown.event, Event::Unknown);
    let more = decode(line(1, "\"event\":\"whole\",\"from\":\"a\",\"to\":\"b\",\"why\":{}").as_bytes()).unwrap();
    assert_eq!(more.event, Event::Whole { from: "a".into(), to: "b".into() });
    assert_eq!(decode(line(2, "\"event\":9").as_bytes()), Err(Odd::OtherVersion(2)));
    assert!(matches!(decode(b"{\"v\":1"), Err(Odd::NoEvent(_))));
}

#[test]
fn long_texts_and_answers_are_cut_and_what_is_left_out_is_counted() {
    let Event::Command { answer, more, .. } =
        (Event::Command { text: String::new(), from: String::new(), answer: vec!["ä".repeat(9000); 500], more: 0, refused: false })
            .bounded()
    else {
        panic!()
    };
    assert_eq!(answer.len() as u64 + more, 500);
    assert!(answer.iter().map(String::len).sum::<usize>() <= 40 * 1024 && answer[0].ends_with(" ..."));
}

/// A journal as text: whole lines.
fn text_of(count: u64) -> Vec<u8> {
    let mut text = Vec::new();
    for seq in 1..=count {
        let record =
            Record { v: VERSION, seq, time: Timestamp::UNIX_EPOCH, mono: seq, run: "r".into(), instance: "i".into(), event: state(seq) };
        serde_json::to_writer(&mut text, &record).unwrap();
        text.push(b'\n');
    }
    text
}

proptest! {
    /// Nothing in a file makes the reader fail, and what is whole is read.
    #[test]
    fn whatever_is_in_it_is_read(bytes in proptest::collection::vec(any::<u8>(), 0..2000), count in 0u64..20, cut in 0usize..200) {
        let whole = text_of(count);
        // A line that was torn by the end of its writer, what has nothing to do with it, and whole lines.
        let torn = &whole[..whole.len().saturating_sub(cut)];
        let mut all = torn.to_vec();
        all.push(b'\n');
        all.extend(&bytes);
        all.push(b'\n');
        all.extend(&whole);
        let (mut good, mut odd) = (0, 0);
        read_from(&all[..], &mut |line| { if line.is_ok() { good += 1 } else { odd += 1 }; Ok(()) }).unwrap();
        let kept = torn.iter().filter(|byte| **byte == b'\n').count() as u64;
        prop_assert!(good == kept + count || good == kept + count + 1, "{good} {kept} {count} {odd}");
    }

    /// In blocks of any size the same lines are found.
    #[test]
    fn blocks_do_not_matter(count in 0u64..20, size in 1usize..300) {
        struct Slow<'a>(&'a [u8], usize);
        impl io::Read for Slow<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let length = self.1.min(buffer.len()).min(self.0.len());
                buffer[..length].copy_from_slice(&self.0[..length]);
                self.0 = &self.0[length..];
                Ok(length)
            }
        }
        let text = text_of(count);
        let mut seen = 0;
        read_from(Slow(&text, size), &mut |line| { seen += 1; line.map(drop).map_err(io::Error::other) }).unwrap();
        prop_assert_eq!(seen, count);
    }
}

#[test]
fn a_line_without_end_takes_no_memory() {
    let mut told = Vec::new();
    let endless = io::Read::take(io::repeat(b'x'), 8 * LINE_LIMIT as u64);
    read_from(io::Read::chain(endless, &b"\n"[..]), &mut |line| {
        told.push(line);
        Ok(())
    })
    .unwrap();
    assert_eq!(told, [Err(Odd::TooLong)]);
}
