use super::*;
use crate::mvs::console::layout::tests::Glass;
use proptest::prelude::*;

#[test]
fn a_tail_shows_each_whole_line_once() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("SYSLOG");
    assert_eq!(Tail::open(&path, 10).1, Vec::<String>::new());
    let mut file = File::create(&path).unwrap();
    file.write_all(b"1\n2\n3\nbeg").unwrap();
    let (mut tail, lines) = Tail::open(&path, 2);
    assert_eq!(lines, ["2", "3"]);
    assert_eq!(tail.new_lines(), Vec::<String>::new());
    file.write_all(b"un\n\n4\n").unwrap();
    assert_eq!(tail.new_lines(), ["begun", "", "4"]);
    std::fs::write(&path, "new\n").unwrap();
    assert_eq!(tail.new_lines(), ["new"]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(tail.new_lines(), Vec::<String>::new());
}

#[test]
fn a_long_log_is_shown_from_a_whole_line_on() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("SYSLOG");
    std::fs::write(&path, format!("{}\n", "x".repeat(99)).repeat(1000)).unwrap();
    let (_, lines) = Tail::open(&path, 10_000);
    assert!(lines.len() > 600 && lines.iter().all(|line| line.len() == 99), "{}", lines.len());
}

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
    let screen = Screen::on(&system, 0, Box::new(io::sink()), width);
    let (scrolling, trouble) = screen.scroll(&system);
    assert!(trouble.is_none(), "{trouble:?}");
    let ids = ["STC00001".to_owned(), "STC00002".to_owned()];
    let waiting = {
        let screen = Arc::clone(&screen);
        let ids = ids.clone();
        std::thread::spawn(move || screen.wait_for_ends(&ids, &scrolling, Duration::from_secs(60)))
    };
    for id in &ids {
        system.append_syslog("A", id, "$HASP395 A ENDED - RC=0000").unwrap();
    }
    assert_eq!(waiting.join().unwrap(), Vec::<String>::new());
    let without = Scrolling { watch: None };
    assert_eq!(screen.wait_for_ends(&["STC00003".to_owned()], &without, Duration::from_millis(1)), ["STC00003"]);
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
        let screen = Screen::on(&system, 0, Box::new(sent.clone()), || 10);
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
    let screen = Screen::on(&system, 0, Box::new(sent.clone()), || WIDTH.load(Ordering::SeqCst));
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
