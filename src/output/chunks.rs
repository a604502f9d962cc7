//! What comes out of the relay does not depend on how it went in, and what is done for it is counted, in writes and in kept memory.

use super::*;
use crate::platform::fake::FakePlatform;
use proptest::prelude::*;
use std::sync::atomic::AtomicUsize;

/// A machine may be busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a component may write: text, line ends of both kinds, controls, escape sequences, characters and parts of them, long lines. No escape
/// sequence is so long that a piece of a line can end within it without that being seen.
fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let piece = prop_oneof![
        4 => "[ -~\t\n]{0,300}".prop_map(String::into_bytes),
        2 => "[ -~]{0,80}\r?\n".prop_map(String::into_bytes),
        1 => "\\PC{0,9}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>().prop_filter("ESC", |byte| *byte != 0x1b), 0..40),
        1 => (prop::sample::select(b"x\0\xff\xc3\xe2\r\n".to_vec()), 0..70_000_usize).prop_map(|(byte, count)| vec![byte; count]),
        1 => prop::sample::select(vec![&b"\x1b[1;31m"[..], b"\x1b]0;title\x07", b"\x1b[", b"\r", b"\r\n", b"\n\n\n", b"\0", b"\xe2\x82", b"\xac"])
            .prop_map(<[u8]>::to_vec),
    ];
    prop::collection::vec(piece, 1..30)
}

/// All of it as if it had come at once, line by line, by the function whose rule is tested character by character.
fn printed(bytes: &[u8]) -> Vec<u8> {
    let mut whole = bytes.to_vec();
    if !bytes.is_empty() && !bytes.ends_with(b"\n") {
        whole.push(b'\n');
    }
    let mut out = Vec::new();
    for line in whole.split_inclusive(|byte| *byte == b'\n') {
        printable::append(&mut out, line);
    }
    out
}

/// A machine may be so slow that a line is shown in parts: as if it were not.
fn without_marks(text: &str) -> String {
    text.replace(" <c: no line end yet>\n<c: the line goes on> ", "").replace(" <c: no line end yet>\n", "\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_is_printed_does_not_depend_on_the_blocks(pieces in pieces()) {
        let platform = Arc::new(FakePlatform::default());
        let output = Output::start(platform.clone()).unwrap();
        let (reader, writer) = platform.output_pipe().unwrap();
        let mut writer = std::fs::File::from(writer);
        let directory = tempfile::tempdir().unwrap();
        let log = LogSettings { path: directory.path().join("c.log"), size: 1 << 30, count: 1 };
        let id = output.attach("c", reader, Attachment { log: Some(log.clone()), ..Attachment::default() });
        for piece in &pieces {
            writer.write_all(piece).unwrap();
        }
        drop(writer);
        output.drain(id);
        output.close_within(PATIENCE);
        let raw = pieces.concat();
        prop_assert_eq!(without_marks(&platform.sysprint_text()), String::from_utf8(printed(&raw)).unwrap());
        // The log file has the bytes themselves, and the end of the last line.
        let mut logged = raw;
        if !logged.is_empty() && !logged.ends_with(b"\n") {
            logged.push(b'\n');
        }
        prop_assert!(std::fs::read(&log.path).unwrap_or_default() == logged);
    }
}

/// Not one write for each line, nor for each small read: what waits is written together.
#[test]
fn lines_that_wait_are_written_in_blocks() {
    const LINE: &[u8] = b"a line of a component, which has been written by a system call of its own; there are many of them in a log\n";
    let platform = Arc::new(FakePlatform::default());
    let output = Output::start(platform.clone()).unwrap();
    let writes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&writes);
    platform.on_written(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let mut pipes = Vec::new();
    let mut bytes = 0;
    for number in 0..20 {
        let (reader, writer) = platform.output_pipe().unwrap();
        let mut writer = std::fs::File::from(writer);
        // Less than any pipe holds, before it is read.
        for _ in 0..60_000 / LINE.len() / 4 {
            writer.write_all(LINE).unwrap();
            bytes += LINE.len();
        }
        pipes.push((number, reader));
    }
    // Between two looks of the relay thread: its queue is taken as a whole.
    let ids: Vec<PipeId> =
        pipes.into_iter().map(|(number, reader)| output.attach(&format!("c{number}"), reader, Attachment::default())).collect();
    ids.into_iter().for_each(|id| output.drain(id));
    output.close_within(PATIENCE);
    assert_eq!(platform.sysprint().len(), bytes);
    let writes = writes.load(Ordering::SeqCst);
    // Each pipe may be found ready by itself, in a turn of its own.
    let most = 2 * 20 + bytes / relay::FULL;
    assert!(writes <= most, "{writes} writes of at most {most} for {} lines", bytes / LINE.len());
}

/// A thousand components have one of each: what a flood leaves behind is small.
#[test]
fn what_is_kept_of_a_component_after_a_flood_is_small() {
    let mut partial = partial::Partial::default();
    for _ in 0..3 {
        partial.push(&[b'x'; 300_000]).unwrap();
    }
    let mut length = 0;
    partial.take(|piece| length += piece.len()).unwrap();
    assert_eq!(length, 900_000);
    assert!(partial.capacity() <= 16 * 1024, "{}", partial.capacity());
    partial.push(&[b'x'; 100_000]).unwrap();
    partial.clear();
    assert!(partial.capacity() <= 16 * 1024, "{}", partial.capacity());
}
