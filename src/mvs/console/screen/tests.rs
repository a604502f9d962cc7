use super::*;
use crate::mvs::console::layout::tests::Glass;
use proptest::prelude::*;

#[test]
fn a_line_as_on_a_console() {
    let line = crate::system::syslog_line(jiff::Timestamp::UNIX_EPOCH, "LPAR1", "A", "STC00001", "$HASP373 A STARTED");
    assert_eq!(shown(&line), "00.00.00 STC00001 $HASP373 A STARTED");
    assert_eq!(shown("anything"), "anything");
}

#[test]
fn the_screen_is_told_that_jobs_have_ended() {
    let place = tempfile::tempdir().unwrap();
    let system = SystemDirectory::open(Some(place.path())).unwrap();
    let screen = Screen::on(&system, 0, Box::new(io::sink()), width, false);
    let _watch = screen.scroll(&system).unwrap();
    let ids = ["STC00001".to_owned(), "STC00002".to_owned()];
    let entries = ids.each_ref().map(|id| system.register_job(description(id)).unwrap());
    let waiting = {
        let (screen, system, ids) = (Arc::clone(&screen), system.clone(), ids.clone());
        std::thread::spawn(move || screen.wait_for_ends(&system, &ids, Duration::from_secs(60)))
    };
    for id in &ids {
        system.append_syslog("A", id, "$HASP395 A ENDED - RC=0000").unwrap();
    }
    assert_eq!(waiting.join().unwrap(), Vec::<String>::new());
    drop(entries);
}

/// Its $HASP395 was never written.
#[test]
fn a_job_that_has_gone_is_not_waited_for_however_silent_syslog_is() {
    let place = tempfile::tempdir().unwrap();
    let system = SystemDirectory::open(Some(place.path())).unwrap();
    let screen = Screen::on(&system, 0, Box::new(io::sink()), width, false);
    let ids = ["STC00003".to_owned()];
    let entry = system.register_job(description(&ids[0])).unwrap();
    assert_eq!(screen.wait_for_ends(&system, &ids, Duration::from_millis(1)), ids);
    std::fs::create_dir(system.syslog()).unwrap();
    entry.end().unwrap();
    let begun = Instant::now();
    assert_eq!(screen.wait_for_ends(&system, &ids, Duration::from_secs(3600)), Vec::<String>::new());
    assert!(begun.elapsed() >= LAST_LINE, "the line may come a moment later");
}

fn description(job_id: &str) -> crate::system::JobDescription {
    let kind = crate::system::JobKind::StartedTask;
    crate::system::JobDescription { job_name: "A".into(), identifier: "A".into(), job_id: job_id.into(), kind, pid: 1 }
}

#[derive(Clone, Default)]
struct Sent(Arc<Mutex<Vec<u8>>>);

impl Sent {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

impl Write for Sent {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug, Clone)]
enum Step {
    Type(String),
    Lines(Vec<String>),
    Enter,
    End,
    Resized,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => "[a-z ,é中]{0,30}".prop_map(Step::Type),
        4 => prop::collection::vec("[A-Z]{1,25}", 0..4).prop_map(Step::Lines),
        1 => Just(Step::Enter),
        1 => Just(Step::End),
        1 => Just(Step::Resized),
    ]
}

proptest! {
    /// The log grows by whole lines, in order, and what is typed is below it, whichever came first.
    #[test]
    fn lines_go_above_what_is_typed(steps in prop::collection::vec(step(), 0..20)) {
        let place = tempfile::tempdir().unwrap();
        let system = SystemDirectory::open(Some(place.path())).unwrap();
        let sent = Sent::default();
        let screen = Screen::on(&system, 0, Box::new(sent.clone()), || 10, false);
        let mut glass = Glass::new(10);
        let mut log = String::new();
        let mut typed: Option<String> = None;
        for step in steps {
            match step {
                Step::Type(text) => {
                    screen.show_typed(&text, text.len());
                    typed = Some(text);
                }
                Step::Lines(lines) => {
                    screen.write(&lines);
                    lines.iter().for_each(|line| log.extend([line.as_str(), "\n"]));
                }
                Step::Enter => {
                    let text = typed.take().unwrap_or_default();
                    screen.entered(&text);
                    log.extend([text.as_str(), "\n"]);
                }
                Step::End => {
                    screen.end_typing();
                    typed = None;
                }
                Step::Resized => screen.resized(),
            }
            glass.write(&sent.take());
            let mut expected = Glass::new(10);
            expected.write(&log);
            expected.write(&layout::draw(typed.as_deref().unwrap_or_default(), typed.as_ref().map_or(0, String::len), 10));
            prop_assert_eq!(glass.text(), expected.text());
            prop_assert_eq!((glass.row, glass.column), (expected.row, expected.column));
        }
    }
}

#[test]
fn another_width_is_reckoned_with() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static WIDTH: AtomicUsize = AtomicUsize::new(10);
    let place = tempfile::tempdir().unwrap();
    let system = SystemDirectory::open(Some(place.path())).unwrap();
    let sent = Sent::default();
    let screen = Screen::on(&system, 0, Box::new(sent.clone()), || WIDTH.load(Ordering::SeqCst), false);
    screen.show_typed("0123456789ab", 12);
    assert_eq!(sent.take(), "0123456789ab");
    WIDTH.store(5, Ordering::SeqCst);
    screen.resized();
    assert_eq!(sent.take(), "\r\x1b[2A\x1b[J0123456789ab");
    // After a stop the cursor is wherever others have left it.
    screen.resumed();
    assert_eq!(sent.take(), "\r\x1b[J0123456789ab");
    screen.clear();
    assert_eq!(sent.take(), "\x1b[H\x1b[2J0123456789ab");
    screen.end_typing();
    sent.take();
    screen.resized();
    screen.resumed();
    assert_eq!(sent.take(), "");
}

#[test]
fn severity_is_a_colour_and_a_command_is_bold() {
    for (line, style) in [
        ("14.34.06 STC00001 ZWEL0905E component flaky(9080) ended unasked", "31"),
        ("14.34.06 STC00001 ZWEL0902W Zowe instance lpar1 is degraded", "33"),
        ("14.33.36 STC00001 ZWEL0001I component hello started", ""),
        ("14.33.36          $HASP100 ZWESLSTC ON STCINRDR", ""),
        ("14.33.36          IEF695I START ZWESLSTC", ""),
        ("14.33.40          F ZWESLSTC,APPL=DISP", "1"),
        ("ZWEL0935E the console is gone", "31"),
        ("anything else that is said", ""),
        ("", ""),
    ] {
        let expected = if style.is_empty() { line.to_owned() } else { format!("\x1b[{style}m{line}\x1b[0m") };
        assert_eq!(coloured(line), expected);
    }
}

#[test]
fn a_row_of_disp_fits() {
    let at = jiff::Timestamp::UNIX_EPOCH;
    let line = |text: &str| crate::system::syslog_line(at, "LPAR1", "A", "STC00001", text);
    let row = "ZWEL0920I flaky      back-off  no     -     -       3         in 1s  exit code 3, 1m 20s ago";
    assert_eq!(fitted(&line(row), 120), "  flaky      back-off  no     -     -       3         in 1s  exit code 3, 1m 20s ago");
    let cut = fitted(&line(row), 80);
    assert!(cut.width() == 79 && cut.ends_with('…') && cut.contains("in 1s  exit code"), "{cut}");
    assert_eq!(fitted(&line("ZWEL0010I launcher has"), 80), "00.00.00 STC00001 ZWEL0010I launcher has");
}

/// One echo of a command: that of SYSLOG, or, where SYSLOG has none, the one that is shown before the answer.
#[test]
fn what_was_issued_is_shown_once() {
    let place = tempfile::tempdir().unwrap();
    let system = SystemDirectory::open(Some(place.path())).unwrap();
    let sent = Sent::default();
    let screen = Screen::on(&system, 0, Box::new(sent.clone()), || 80, false);
    screen.show_typed("A> D T", 6);
    screen.issued("D T");
    assert_eq!(sent.take(), "A> D T\r\x1b[J");
    system.append_syslog(crate::system::CONSOLE, "", "D T").unwrap();
    let answer = Answer { unlogged: vec!["IEE136I".into()], ..Answer::default() };
    screen.show_answer(&answer);
    let shown = sent.take();
    assert_eq!((shown.matches("D T").count(), shown.matches("IEE136I").count()), (1, 1), "{shown}");
    screen.issued("D A,L");
    screen.show_answer(&answer);
    assert_eq!(sent.take(), "D A,L\nIEE136I\n");
}
