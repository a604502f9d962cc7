//! The relay against pipes of the test's own and a platform that collects.

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
    output.message(message::zwel0001i("gateway"));
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
fn lines_in_pieces_of_several_pipes_stay_whole() {
    let (platform, output) = setup();
    let (first, mut to_first) = pipe(&platform);
    let (second, mut to_second) = pipe(&platform);
    let (first, second) = (output.attach("a", first), output.attach("b", second));
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
    output.attach("long", long);
    output.attach("short", short);
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

#[test]
fn empty_lines_nul_bytes_and_a_last_line_without_end_survive() {
    let (platform, output) = setup();
    let (reader, mut writer) = pipe(&platform);
    let id = output.attach("c", reader);
    writer.write_all(b"a\n\n\0b\xff\nlast").unwrap();
    output.drain(id);
    output.message(message::zwel0002i("c"));
    output.close();
    let bytes = platform.sysprint();
    assert!(bytes.starts_with(b"a\n\n\0b\xff\nlast\n2"), "{}", String::from_utf8_lossy(&bytes));
}

#[test]
fn the_operator_gets_what_the_rules_say() {
    let (platform, output) = setup();
    output.set_rules(WtoRules::new(&["ZWEL0001I".into(), "needle".into()], false, false));
    output.message(message::zwel0001i("c"));
    output.message(message::zwel0002i("c"));
    output.message(message::zwel0907i("lpar1", 0));
    output.message(message::zwel0022i());
    output.message(message::zwel0036e());
    output.lines(b"a needle\nnothing\n".to_vec());
    output.close();
    let expected = ["ZWEL0001I component c started", "ZWEL0036E failed to initialize launcher context", "a needle"];
    assert_eq!(platform.wtos(), expected);
}
