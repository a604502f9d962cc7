//! The relay, tested with pipes of the test's own and a platform that collects.

use super::*;
use crate::message;
use crate::platform::fake::FakePlatform;
use std::io::Write;

fn setup() -> (Arc<FakePlatform>, Output) {
    let platform = Arc::new(FakePlatform::default());
    let output = Output::start(platform.clone()).unwrap();
    (platform, output)
}

fn pipe(platform: &FakePlatform) -> (OwnedFd, std::fs::File) {
    let (reader, writer) = platform.output_pipe().unwrap();
    (reader, std::fs::File::from(writer))
}

#[test]
fn a_message_has_the_sysprint_form() {
    let (platform, output) = setup();
    output.message(message::component_started("gateway"));
    output.close();
    let text = platform.sysprint_text();
    let (stamp, rest) = text.split_at(23);
    assert!(stamp.parse::<jiff::civil::DateTime>().is_ok(), "{stamp}");
    assert_eq!(rest, format!(" <ZWELNCH:{}> TESTER INFO ZWEL0001I component gateway started\n", std::process::id()));
}

#[test]
fn the_ruler_is_that_of_the_c_launcher() {
    // Its "500" ends at column 501: kept, because support compares by eye.
    let golden = std::fs::read_to_string("../shared/golden/_launcher/no-runtime.txt");
    assert_eq!((RULER.len(), golden.map(|text| text.contains(&format!("INFO {RULER}\n"))).unwrap_or(true)), (501, true));
}

#[test]
fn what_a_full_sysprint_did_not_take_is_counted_and_said_when_it_takes_lines_again() {
    let (platform, output) = setup();
    platform.sysprint_is_full.store(true, Ordering::SeqCst);
    for name in ["a", "b"] {
        output.message(message::component_started(name));
        output.flush();
    }
    platform.sysprint_is_full.store(false, Ordering::SeqCst);
    output.message(message::component_started("c"));
    output.flush();
    output.message(message::component_started("d"));
    output.close();
    let text = platform.sysprint_text();
    let said: Vec<&str> = text.lines().filter_map(|line| Some(&line[line.find(" ZWEL")? + 1..])).collect();
    let lost = "ZWEL0954W about 2 lines before these were not written to SYSPRINT - no storage space";
    assert_eq!(said, ["ZWEL0001I component c started", lost, "ZWEL0001I component d started"]);
    assert!(platform.wtos().iter().any(|text| text.contains(lost)), "{:?}", platform.wtos());
}

#[test]
fn what_a_sysprint_that_stays_full_did_not_take_is_told_at_the_console() {
    let (platform, output) = setup();
    platform.sysprint_is_full.store(true, Ordering::SeqCst);
    for name in ["a", "b", "c"] {
        output.message(message::component_started(name));
        output.flush();
    }
    output.close();
    let lost = |n: usize| format!("ZWEL0954W about {n} lines before these were not written to SYSPRINT - no storage space");
    assert_eq!(platform.wtos(), [lost(1), lost(3)], "when it begins, and at the end");
}

#[test]
fn lines_in_pieces_of_several_pipes_stay_whole() {
    let (platform, output) = setup();
    let (first, mut to_first) = pipe(&platform);
    let (second, mut to_second) = pipe(&platform);
    let (first, second) = (output.attach("a", first, Attachment::default()), output.attach("b", second, Attachment::default()));
    for round in 0..200 {
        write!(to_first, "first {round} ").unwrap();
        output.flush();
        write!(to_second, "second {round}\nsecond half ").unwrap();
        output.flush();
        writeln!(to_first, "end").unwrap();
        writeln!(to_second, "end").unwrap();
        output.flush();
    }
    output.drain(first);
    output.drain(second);
    output.close();
    let text = platform.sysprint_text();
    let of = |name: &str| text.lines().filter(|line| line.starts_with(name)).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(of("first"), (0..200).map(|round| format!("first {round} end")).collect::<Vec<_>>());
    let expected: Vec<String> = (0..200).flat_map(|round| [format!("second {round}"), "second half end".to_owned()]).collect();
    assert_eq!(of("second"), expected);
    assert_eq!(text.lines().count(), 600);
}

#[test]
fn a_line_beyond_memory_is_not_split_and_not_mixed() {
    let (platform, output) = setup();
    let (long, mut to_long) = pipe(&platform);
    let (short, mut to_short) = pipe(&platform);
    output.attach("long", long, Attachment::default());
    output.attach("short", short, Attachment::default());
    let piece = vec![b'x'; 300_000];
    for _ in 0..20 {
        to_long.write_all(&piece).unwrap();
        writeln!(to_short, "short").unwrap();
        output.flush();
    }
    to_long.write_all(b"\n").unwrap();
    drop((to_long, to_short));
    output.close();
    let text = platform.sysprint_text();
    let lengths: Vec<usize> = text.lines().filter(|line| line.starts_with('x')).map(str::len).collect();
    assert_eq!(lengths, [20 * 300_000]);
    assert_eq!(text.lines().filter(|line| *line == "short").count(), 20);
    assert_eq!(text.lines().count(), 21);
}

/// The bytes of a line by the relay's own rule, written independently.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
}

#[test]
fn a_line_beyond_its_limit_goes_on_in_marked_pieces_of_which_none_is_longer() {
    let (platform, output) = setup();
    output.set_max_line(2 * 1024 * 1024);
    let directory = tempfile::tempdir().unwrap();
    let settings = LogSettings { size: 1 << 24, ..log_settings(&directory) };
    let (reader, mut writer) = pipe(&platform);
    let id = output.attach("c", reader, Attachment { log: Some(settings.clone()), ..Attachment::default() });
    // A character of three bytes is at every place where a piece may be cut, and printing turns one byte into four.
    let line = ["€\x01x".repeat(1_000_000).as_bytes(), b"\r\n"].concat();
    writer.write_all(&line).unwrap();
    writer.write_all(b"next\n").unwrap();
    output.drain(id);
    output.close_within(Duration::from_secs(120));
    let text = platform.sysprint_text();
    let lines: Vec<&str> = text.lines().collect();
    assert!((4..=6).contains(&lines.len()), "{}", lines.len());
    let (next, pieces) = lines.split_last().unwrap();
    assert_eq!(*next, "next");
    let mut joined = String::new();
    for (index, piece) in pieces.iter().enumerate() {
        assert!(piece.len() < 3 * 1024 * 1024);
        let piece = if index == 0 { piece } else { piece.strip_prefix("<c: the line goes on> ").unwrap() };
        joined += if index + 1 == pieces.len() { piece } else { piece.strip_suffix(" <c: the line is too long>").unwrap() };
    }
    assert!(joined == format!("€{}x", hexadecimal(&[1])).repeat(1_000_000));
    let logged = std::fs::read(&settings.path).unwrap();
    assert!(logged == [&line[..], b"next\n"].concat(), "the log file has every byte and no mark");
}

#[test]
fn a_line_without_its_end_is_shown_after_a_silence_and_goes_on_marked() {
    let (platform, output) = setup();
    output.set_rules(WtoRules::new(&["needle".into(), "Enter".into()], false, true));
    let (sender, receiver) = mpsc::channel();
    let watch = Watch { texts: vec!["needle*here".into()], echoes: vec![], matched: Arc::new(move |_, index| sender.send(index).unwrap()) };
    let directory = tempfile::tempdir().unwrap();
    let settings = log_settings(&directory);
    let (reader, mut writer) = pipe(&platform);
    let id = output.attach("c", reader, Attachment { log: Some(settings.clone()), watch: Some(watch), ..Attachment::default() });
    let until = |wanted: &str| {
        let deadline = std::time::Instant::now() + Duration::from_secs(120);
        while !platform.sysprint_text().ends_with(wanted) {
            assert!(std::time::Instant::now() < deadline, "{wanted:?} is not the end of {:?}", platform.sysprint_text());
            std::thread::yield_now();
        }
    };
    writer.write_all(b"\x1b[32mEnter\x1b[0m a nee").unwrap();
    until("Enter a nee <c: no line end yet>\n");
    writer.write_all(b"dle \xe2\x82").unwrap();
    until("<c: the line goes on> dle  <c: no line end yet>\n");
    writer.write_all(b"\xac here\r").unwrap();
    until("<c: the line goes on> € here <c: no line end yet>\n");
    writer.write_all(b"\nwhole\n").unwrap();
    until("yet>\nwhole\n");
    writer.write_all(b"last").unwrap();
    until("last <c: no line end yet>\n");
    output.drain(id);
    output.message(message::component_stopped("c"));
    output.close();
    let text = platform.sysprint_text();
    assert!(text.contains("last <c: no line end yet>\n2"), "{text}");
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [0], "what is watched for is found across the pieces");
    assert_eq!(platform.wtos(), ["Enter a nee"], "one line is one line on the console");
    let raw = b"\x1b[32mEnter\x1b[0m a needle \xe2\x82\xac here\r\nwhole\nlast\n";
    assert_eq!(std::fs::read(&settings.path).unwrap(), raw);
}

#[test]
fn others_have_their_turn_while_one_line_does_not_end() {
    let (platform, output) = setup();
    let (endless, to_endless) = pipe(&platform);
    let (other, mut to_other) = pipe(&platform);
    output.attach("endless", endless, Attachment::default());
    output.attach("other", other, Attachment::default());
    let going = Arc::new(AtomicBool::new(true));
    let (goes, mut to_endless) = (Arc::clone(&going), to_endless);
    let flood = std::thread::spawn(move || {
        let zeros = vec![0; 65536];
        let mut written = 0_usize;
        while goes.load(Ordering::SeqCst) {
            to_endless.write_all(&zeros).unwrap();
            written += zeros.len();
        }
        written
    });
    let seen = |wanted: &str| memchr::memmem::rfind(&platform.sysprint(), wanted.as_bytes()).is_some();
    for round in 0..3 {
        let line = format!("tick {round}.");
        writeln!(to_other, "{line}").unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(120);
        while !seen(&line) {
            assert!(std::time::Instant::now() < deadline, "{line}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    going.store(false, Ordering::SeqCst);
    let written = flood.join().unwrap();
    drop(to_other);
    output.close_within(Duration::from_secs(120));
    let text = platform.sysprint_text();
    assert_eq!(text.matches("\\x00").count(), written, "every byte");
    assert_eq!(text.lines().filter(|line| line.starts_with("tick ")).count(), 3, "in lines of their own");
}

/// Counted in bytes and not in time: between a line's arrival in its pipe, which is at the end of a write here, and its place on SYSPRINT
/// there is at most what one flooding pipe may have printed in its turn, however many of them there are.
#[test]
fn a_line_waits_for_the_turn_of_one_flood_however_many_there_are() {
    const FLOODS: usize = 12;
    const TICKS: usize = 10;
    const MAX_LINE: usize = 1024 * 1024;
    let (platform, output) = setup();
    output.set_max_line(MAX_LINE as u64);
    let going = Arc::new(AtomicBool::new(true));
    let mut floods = Vec::new();
    for number in 0..FLOODS {
        let (reader, mut writer) = pipe(&platform);
        output.attach(&format!("flood{number}"), reader, Attachment::default());
        let block = [&b"\0"[..], b"\xc3(\xff\x80", b"\x80", b"a line\n"][number % 4].repeat(16 * 1024);
        let goes = Arc::clone(&going);
        floods.push(std::thread::spawn(move || {
            while goes.load(Ordering::SeqCst) {
                writer.write_all(&block).unwrap();
            }
        }));
    }
    let (reader, mut writer) = pipe(&platform);
    output.attach("other", reader, Attachment::default());
    let (sender, waited) = mpsc::channel();
    let (mut tick, mut since) = (0, 0);
    platform.on_written(move |block| {
        let end = memchr::memmem::find(block, format!("tick {tick}\n").as_bytes());
        since += end.unwrap_or(block.len());
        if tick == 0 || end.is_some() {
            // An error: the test has ended.
            let _ = sender.send(since);
            (tick, since) = (tick + 1, 0);
            writeln!(writer, "tick {tick}").unwrap();
        }
    });
    let patience = Duration::from_secs(120);
    let waited: Vec<usize> = (0..=TICKS).map(|_| waited.recv_timeout(patience).unwrap()).skip(1).collect();
    going.store(false, Ordering::SeqCst);
    floods.into_iter().for_each(|flood| flood.join().unwrap());
    output.close_within(patience);
    // A byte takes up to four columns. Pipes that are not known to flood have a short turn each.
    let bound = 4 * (relay::TURN + FLOODS * relay::SHORT_TURN) + MAX_LINE + 2 * relay::FULL;
    assert!(waited.iter().all(|waited| *waited <= bound), "{waited:?} of {bound}");
}

#[test]
fn empty_lines_and_a_last_line_without_end_survive_and_odd_bytes_are_shown() {
    let (platform, output) = setup();
    let (reader, mut writer) = pipe(&platform);
    let id = output.attach("c", reader, Attachment::default());
    writer.write_all(b"a\n\n\0b\xff\x1b[31mred\x1b[0m\nlast").unwrap();
    output.drain(id);
    output.message(message::component_stopped("c"));
    output.close();
    let text = platform.sysprint_text();
    assert!(text.starts_with("a\n\n\\x00b\\xffred\nlast\n2"), "{text}");
}

fn log_settings(directory: &tempfile::TempDir) -> LogSettings {
    LogSettings { path: directory.path().join("c-lpar1.log"), size: 1 << 20, count: 2 }
}

#[test]
fn the_log_file_has_every_byte_and_is_rotated_on_request() {
    let (platform, output) = setup();
    let directory = tempfile::tempdir().unwrap();
    let settings = log_settings(&directory);
    let (reader, mut writer) = pipe(&platform);
    let id = output.attach("c", reader, Attachment { log: Some(settings.clone()), ..Attachment::default() });
    let bytes = b"\x1b[31mred\x1b[0m\r\n\0\xff\xc3\n\n";
    writer.write_all(bytes).unwrap();
    output.drain(id);
    output.rotate_logs(|failures| assert!(failures.is_empty(), "{failures:?}"));
    output.flush();
    writer.write_all(b"new\n").unwrap();
    output.close();
    assert_eq!(std::fs::read(directory.path().join("c-lpar1.log.1")).unwrap(), bytes);
    assert_eq!(std::fs::read(&settings.path).unwrap(), b"new\n");
}

#[test]
fn a_log_file_that_cannot_be_written_is_said_once_and_sysprint_goes_on() {
    let (platform, output) = setup();
    let settings = LogSettings { path: "/dev/null/c.log".into(), size: 1, count: 2 };
    let (reader, mut writer) = pipe(&platform);
    output.attach("c", reader, Attachment { log: Some(settings), ..Attachment::default() });
    for number in 0..3 {
        writeln!(writer, "line {number}").unwrap();
        output.flush();
    }
    drop(writer);
    output.close();
    let text = platform.sysprint_text();
    assert_eq!(text.matches("ZWEL0992W component c: its log file cannot be written - /dev/null/c.log: ").count(), 1, "{text}");
    assert_eq!(text.matches("line ").count(), 3);
}

#[test]
fn a_pipe_that_cannot_be_read_is_told_of() {
    let (platform, output) = setup();
    // The end to write into: reading it is refused.
    let (_reader, writer) = platform.output_pipe().unwrap();
    let id = output.attach("c", writer, Attachment { pid: Some(7), ..Attachment::default() });
    output.drain(id);
    output.close();
    let text = platform.sysprint_text();
    assert!(text.contains("ZWEL0050E cannot read output from comp c(7) - "), "{text}");
}

#[test]
fn watched_texts_are_reported_once_each_with_the_rules_of_now() {
    let (platform, output) = setup();
    let (reader, mut writer) = pipe(&platform);
    let (sender, receiver) = mpsc::channel();
    let matched = Arc::new(move |pipe, index| sender.send((pipe, index)).unwrap());
    let watch =
        Watch { texts: vec!["Started*seconds".into(), "fatal".into(), "started".into()], echoes: vec!["  started".into()], matched };
    let id = output.attach("c", reader, Attachment { watch: Some(watch), ..Attachment::default() });
    output.set_rules(WtoRules::new(&["ZWE*up".into()], false, true));
    writer.write_all(b"  started\nseconds Started\nZWEA000I is up, Started Gateway in 3 seconds\n").unwrap();
    writer.write_all(b"started\nstarted\nZWEA001I is up, fatal and started\nfatal\nZWEA002I up\n").unwrap();
    output.drain(id);
    output.close();
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [(id, 0), (id, 2), (id, 1)]);
    let expected = ["ZWEA000I is up, Started Gateway in 3 seconds", "ZWEA001I is up, fatal and started", "ZWEA002I up"];
    assert_eq!(platform.wtos(), expected);
}

#[test]
fn the_last_lines_are_repeated_on_request_also_when_the_pipe_was_closed_before() {
    for closed in [true, false] {
        let (platform, output) = setup();
        output.set_rules(WtoRules::new(&["line ".into()], false, true));
        let (reader, mut writer) = pipe(&platform);
        let id = output.attach("c", reader, Attachment::default());
        for number in 0..30 {
            writeln!(writer, "line {number}").unwrap();
        }
        let mut kept = Some(writer);
        if closed {
            kept = None;
            // The end of the pipe is an event of the selector, which the first flush may come before.
            (0..10).for_each(|_| output.flush());
        }
        output.drain_and_repeat(id);
        output.drain_and_repeat(id);
        output.close();
        drop(kept);
        let text = platform.sysprint_text();
        let (_, repeated) = text.split_once("ZWEL0993I component c: its last 10 lines were:\n").unwrap();
        let lines: Vec<&str> = repeated.lines().collect();
        let expected: Vec<String> = (20..30).map(|number| format!("    | line {number}")).collect();
        assert_eq!(lines[..10], expected);
        assert!(lines[10].ends_with("INFO ZWEL0994I component c: end of its last lines") && lines.len() == 11, "{text}");
        assert_eq!(platform.wtos().len(), 30, "never on the console");
    }
}

#[test]
fn a_flood_to_the_console_is_held_back_and_counted() {
    let (platform, output) = setup();
    output.set_rules(WtoRules::new(&["needle".into()], false, true));
    let (reader, mut writer) = pipe(&platform);
    output.attach("c", reader, Attachment::default());
    for number in 0..500 {
        writeln!(writer, "needle {number}").unwrap();
    }
    drop(writer);
    output.lines(b"needle of the launcher\n".to_vec());
    output.close();
    let wtos = platform.wtos();
    let count = |text: &str| wtos.iter().filter(|wto| wto.starts_with(text)).count();
    let told: u64 = platform
        .sysprint_text()
        .lines()
        .filter_map(|line| line.split_once("ZWEL0991W component c: ")?.1.split(' ').next()?.parse::<u64>().ok())
        .sum();
    assert!(count("needle ") >= 51 && count("needle of the launcher") == 1 && told > 0, "{wtos:?}");
    assert_eq!(count("needle ") as u64 - 1 + told, 500);
    assert_eq!(count("ZWEL0991W"), 1);
}

#[test]
fn stamps_are_in_the_zone_that_is_set() {
    let (platform, output) = setup();
    output.set_zone(Zone::named("ZZZ-12").unwrap());
    output.message(message::component_stopped("c"));
    output.close();
    let stamp: jiff::civil::DateTime = platform.sysprint_text()[..23].parse().unwrap();
    let ahead = stamp.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().duration_since(jiff::Timestamp::now());
    assert!((ahead.as_hours() - 11).abs() <= 1, "{ahead}");
    let lines = platform.sysprint_text();
    assert!(lines.lines().all(|line| &line[23..30] == "+12:00 "), "{lines}");
    assert_eq!(
        lines.matches("ZWEL0957I time stamps are in the time zone 'ZZZ-12' from here on, now +12:00 from UTC").count(),
        1,
        "{lines}"
    );
}

/// A SYSPRINT that accepts nothing until it is told to.
#[test]
fn what_waits_for_a_sysprint_that_nobody_reads_is_bounded_and_counted() {
    let platform = Arc::new(FakePlatform::default());
    let output = Output::start(platform.clone()).unwrap();
    let blocked = platform.block_sysprint();
    output.message(message::component_stopped("first"));
    let text = "x".repeat(1000);
    for _ in 0..20_000 {
        output.lines(text.clone().into_bytes());
    }
    output.message(message::launcher_stopped());
    output.message(message::no_launcher_context());
    drop(blocked);
    output.close();
    let sysprint = platform.sysprint_text();
    let written = sysprint.lines().filter(|line| line.starts_with('x')).count();
    assert!((1000..=2 * QUEUED / 1000).contains(&written), "{written}");
    let told: usize = sysprint.lines().filter_map(|line| line.split_once("ZWEL0990W ")?.1.split(' ').next()?.parse::<usize>().ok()).sum();
    assert_eq!(written + told, 20_000 + usize::from(!sysprint.contains("ZWEL0022I")));
    assert!(sysprint.contains("ZWEL0036E"), "what ends the launcher is never left out");
}

#[test]
fn the_operator_gets_what_the_rules_say() {
    let (platform, output) = setup();
    output.set_rules(WtoRules::new(&["ZWEL0001I".into(), "needle".into()], false, false));
    output.message(message::component_started("c"));
    output.message(message::component_stopped("c"));
    output.message(message::instance_ended("lpar1", 0));
    output.message(message::launcher_stopped());
    output.message(message::no_launcher_context());
    output.lines(b"a needle\nnothing\n".to_vec());
    output.close();
    let expected = ["ZWEL0001I component c started", "ZWEL0036E failed to initialize launcher context", "a needle"];
    assert_eq!(platform.wtos(), expected);
}

#[test]
fn an_end_does_not_wait_for_a_sysprint_that_is_not_read_and_says_what_is_lost() {
    let (platform, output) = setup();
    let blocked = platform.block_sysprint();
    output.message(message::component_started("gateway"));
    output.lines(b"one\ntwo\n".to_vec());
    output.message(message::internal_error("a fault"));
    output.close_within(Duration::from_secs(1));
    let wtos = platform.wtos();
    assert!(wtos.iter().any(|text| text.contains("ZWEL0925E internal error: a fault")), "{wtos:?}");
    assert!(wtos.iter().any(|text| text.contains("ZWEL0965W up to 4 lines are lost")), "{wtos:?}");
    drop(blocked);
}
