//! The screen as a buffer of cells: what stands where, after which keys.
#![allow(clippy::unwrap_used)]

use crate::model::{Component, Condition, Instance, Lane, Level, Line, Request, Row, Source, Span, Table, Update, age, bytes, duration};
use crate::pane::{KEPT, Pane};
use crate::{App, Clock, Theme, View, view};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};
use std::cell::RefCell;
use std::time::{Duration, SystemTime};

#[derive(Default)]
struct Asked(RefCell<Vec<Request>>);

impl Source for Asked {
    fn request(&self, request: Request) {
        if !matches!(request, Request::Refresh(_)) {
            self.0.borrow_mut().push(request);
        }
    }

    fn complete(&self, typed: &str) -> Vec<String> {
        let all = ["F ZWESLSTC,APPL=START(gateway)", "F ZWESLSTC,APPL=STOP(gateway)", "P ZWESLSTC"];
        all.into_iter().filter(|line| line.starts_with(typed)).map(str::to_owned).collect()
    }
}

struct Panel {
    app: App,
    asked: Asked,
    terminal: Terminal<TestBackend>,
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
}

fn component(name: &str, state: &str, condition: Condition, up: u64) -> Component {
    Component {
        name: name.to_owned(),
        condition,
        state: state.to_owned(),
        ready: Some(condition == Condition::Good),
        pid: Some(4_711),
        started: Some(now() - Duration::from_secs(up)),
        restarts: up / 10,
        cpu: Some(up as f64 / 3.0),
        memory: Some(up << 20),
        port: Some(7_554),
        last_end: (condition == Condition::Failed).then(|| "exit code 1".to_owned()),
    }
}

impl Panel {
    fn new(width: u16, height: u16) -> Panel {
        let terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let mut panel = Panel { app: App::new(Theme::Colours), asked: Asked::default(), terminal };
        let instance = |text: &str| text.to_owned();
        panel.app.apply(Update::Instance(Instance {
            job: instance("ZWESLSTC"),
            instance: instance("lpar1"),
            system: instance("ZOS1"),
            version: instance("3.3.0"),
            refusal: None,
        }));
        panel.app.apply(Update::Components(vec![
            component("gateway", "ACTIVE", Condition::Good, 59),
            component("zss", "FAILED", Condition::Failed, 7_200),
            component("app-server", "STARTING", Condition::Busy, 3),
        ]));
        panel
    }

    fn press(&mut self, keys: &str) {
        for character in keys.chars() {
            let code = match character {
                '\n' => KeyCode::Enter,
                '\t' => KeyCode::Tab,
                '\u{1b}' => KeyCode::Esc,
                other => KeyCode::Char(other),
            };
            self.app.key(KeyEvent::new(code, KeyModifiers::NONE), &self.asked);
        }
    }

    fn control(&mut self, letter: char) {
        self.app.key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL), &self.asked);
    }

    fn screen(&mut self) -> String {
        let app = &mut self.app;
        self.terminal
            .draw(|frame| {
                view::draw(app, frame, Clock { now: now() });
            })
            .unwrap();
        let buffer = self.terminal.backend().buffer();
        let rows = buffer.content.chunks(usize::from(buffer.area.width));
        rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned() + "\n").collect()
    }

    fn asked(&self) -> Vec<Request> {
        self.asked.0.take()
    }
}

fn line(component: &str, text: &str) -> Line {
    Line { time: "2026-11-27 01:02:03.456".to_owned(), component: component.to_owned(), level: Level::Information, text: text.to_owned() }
}

#[test]
fn components_fit_eighty_columns() {
    let mut panel = Panel::new(80, 24);
    let screen = panel.screen();
    let expected = "\
ZWESLSTC  lpar1 on ZOS1  3.3.0  1 running  1 on their way  1 failed
1 components 2 log 3 events 4 chart 5 HA 6 configuration 7 system
NP NAME       STATE    READY     PID   UP RST  CPU%  MEM  PORT LAST END
   gateway    ACTIVE   yes      4711  59s   5  19.7  59M  7554 -
   zss        FAILED   no       4711   2h 720 2400~ 7.0G  7554 exit code 1
   app-server STARTING no       4711   3s   0   1.0 3.0M  7554 -
";
    assert!(screen.starts_with(expected), "{screen}");
    let foot = "l log  S start  P stop  R restart  D disp  / filter  : command  ? help  q leave\n";
    assert!(screen.ends_with(foot), "{screen}");
    // The words say it, and so does the colour; the chosen row is the first.
    let buffer = panel.terminal.backend().buffer();
    assert_eq!(buffer[(14, 4)].fg, Color::Red);
    assert!(buffer[(14, 3)].modifier.contains(Modifier::REVERSED));
    // Nothing happens before the three seconds are four.
    let app = &mut panel.app;
    let mut changes = None;
    panel.terminal.draw(|frame| changes = view::draw(app, frame, Clock { now: now() })).unwrap();
    assert_eq!(changes, Some(1));
}

#[test]
fn without_colour_nothing_is_coloured() {
    let mut panel = Panel::new(80, 24);
    panel.app.theme = Theme::of(true, "xterm-256color");
    panel.app.apply(Update::Log(vec![Line { level: Level::Error, ..line("zss", "bad") }]));
    for keys in ["1", "2", "3", "4", "5", "6", "7", "?"] {
        panel.press(keys);
        panel.screen();
        let buffer = panel.terminal.backend().buffer();
        assert!(buffer.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset), "{keys}");
    }
}

#[test]
fn what_is_stopped_is_what_was_chosen_wherever_its_row_went() {
    let mut panel = Panel::new(80, 24);
    panel.press("jP");
    assert!(panel.screen().contains("\nP  zss"), "{}", panel.screen());
    // The order changes under the user's hand.
    let mut components = panel.app.components().to_vec();
    components.reverse();
    components.insert(0, component("aaa", "ACTIVE", Condition::Good, 1));
    panel.app.apply(Update::Components(components));
    panel.press("\n");
    assert!(panel.screen().ends_with("Stop zss?  y: yes, any other key: no\n"), "{}", panel.screen());
    assert_eq!(panel.asked(), []);
    panel.press("\n");
    assert_eq!(panel.asked(), [], "Enter is no confirmation");
    panel.press("P\ny");
    assert_eq!(panel.asked(), [Request::Stop("zss".to_owned())]);
    panel.press("R\nyS\nD\n");
    let zss = || "zss".to_owned();
    assert_eq!(panel.asked(), [Request::Restart(zss()), Request::Start(zss()), Request::Display(zss())]);
    // A journal from afar takes none.
    panel.app.instance.refusal = Some("only its journal is read".to_owned());
    panel.press("P\nyR\nyS\n:P ZWESLSTC\n");
    assert_eq!(panel.asked(), []);
    assert!(panel.screen().contains("only its journal is read"));
}

#[test]
fn a_command_is_completed_recalled_and_answered() {
    let mut panel = Panel::new(80, 24);
    panel.press(":F\t");
    assert!(panel.screen().ends_with(":F ZWESLSTC,APPL=ST\n"), "{}", panel.screen());
    assert!(panel.screen().contains("F ZWESLSTC,APPL=START(gateway)  F ZWESLSTC,APPL=STOP(gateway)"));
    panel.press("O\t\n");
    let command = "F ZWESLSTC,APPL=STOP(gateway)".to_owned();
    assert_eq!(panel.asked(), [Request::Command(command.clone())]);
    panel.app.apply(Update::Answer { command, lines: (1..=30).map(|number| format!("line {number}")).collect() });
    let screen = panel.screen();
    assert!(screen.contains("- F ZWESLSTC,APPL=STOP(gateway) ---"), "{screen}");
    assert!(screen.contains("line 8\n22 more lines"), "{screen}");
    panel.press("\u{1b}:");
    panel.app.key(KeyEvent::new(KeyCode::Up, KeyModifiers::NONE), &panel.asked);
    assert!(panel.screen().ends_with(":F ZWESLSTC,APPL=STOP(gateway)\n"));
    panel.control('w');
    panel.press("ä)\n");
    assert_eq!(panel.asked(), [Request::Command("F ZWESLSTC,APPL=STOP(ä)".to_owned())]);
}

#[test]
fn rows_are_filtered_ordered_and_faults_alone() {
    let mut panel = Panel::new(80, 24);
    let names = |panel: &Panel| panel.app.rows().iter().map(|row| row.name.clone()).collect::<Vec<_>>();
    panel.press("/SS|gate\n");
    assert_eq!(names(&panel), ["gateway", "zss"]);
    // No expression: as it stands.
    panel.press("/(\n");
    assert_eq!(names(&panel), [""; 0]);
    assert!(panel.screen().contains("Esc takes the filter back"));
    panel.press("\u{1b}o");
    assert_eq!(names(&panel), ["app-server", "gateway", "zss"]);
    panel.press("O");
    assert_eq!(names(&panel), ["zss", "gateway", "app-server"]);
    panel.press("o");
    assert_eq!(names(&panel), ["zss", "app-server", "gateway"], "what is wrong comes first");
    panel.control('z');
    assert_eq!(names(&panel), ["zss", "app-server"]);
}

#[test]
fn a_log_stands_still_while_it_is_read() {
    let mut panel = Panel::new(80, 10);
    panel.app.apply(Update::Log(
        (0..100).map(|number| line(if number % 2 == 0 { "zss" } else { "gateway" }, &format!("text {number}"))).collect(),
    ));
    panel.press("2");
    assert!(panel.screen().contains("01:02:03 gateway          text 99\n"), "{}", panel.screen());
    panel.press("k");
    assert!(!panel.screen().contains("text 99"));
    panel.app.apply(Update::Log(vec![line("zss", "text 100"), line("gateway", "text 101")]));
    assert!(panel.screen().contains("standing still, 2 new lines"), "{}", panel.screen());
    assert!(panel.screen().contains("text 98") && !panel.screen().contains("text 99"));
    panel.press("G");
    assert!(panel.screen().contains("text 101") && panel.screen().contains("following"));
    // One component's.
    panel.press("1jl");
    let screen = panel.screen();
    assert!(screen.contains("Log of zss") && screen.contains("text 100") && !screen.contains("text 101"), "{screen}");
    panel.press("/TEXT 4\n");
    assert!(panel.screen().contains("text 48"), "the last one before: {}", panel.screen());
    panel.press("n");
    assert!(panel.screen().contains("text 4\n"), "around the end: {}", panel.screen());
    panel.press("/nowhere\n");
    assert!(panel.screen().ends_with("nowhere was not found\n"));
    panel.press("\u{1b}\u{1b}");
    assert_eq!(panel.app.view, View::Components);
}

#[test]
fn long_lines_are_wrapped_or_scrolled() {
    let mut panel = Panel::new(40, 10);
    panel.app.apply(Update::Log(vec![line("zss", &("0123456789".repeat(5) + "日本語"))]));
    panel.press("1jl");
    panel.press("w");
    let screen = panel.screen();
    assert!(screen.contains("01:02:03 0123456789012345678901234567890\n         1234567890123456789日"), "{screen}");
    panel.press("w");
    panel.app.key(KeyEvent::new(KeyCode::Right, KeyModifiers::NONE), &panel.asked);
    assert!(panel.screen().contains("01:02:03 012345678901234567890123456789"), "{}", panel.screen());
}

/// Whatever comes and whatever is pressed, at any size: it is drawn, and no more is kept than the bound.
#[test]
fn any_keys_at_any_size() {
    let mut state = 88_172_645_463_325_252_u64;
    let mut random = move |bound: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % bound
    };
    for (width, height) in [(1, 1), (2, 3), (20, 5), (80, 24), (300, 80)] {
        let mut panel = Panel::new(width, height);
        for _ in 0..100 {
            match random(12) {
                0 => panel.app.apply(Update::Log(vec![line(["zss", "gateway", ""][random(3) as usize], "a\u{301}日 (x) ZWEL0001I"); 7])),
                1 => panel.app.apply(Update::Component(component(
                    ["b", "c", "zss"][random(3) as usize],
                    "ACTIVE",
                    Condition::Good,
                    random(100_000),
                ))),
                2 => {
                    panel.app.apply(Update::Components(vec![component("zss", "ACTIVE", Condition::Good, random(100)); random(3) as usize]))
                }
                3 => panel.app.apply(Update::Answer { command: "D A,L".to_owned(), lines: vec!["x".to_owned(); random(40) as usize] }),
                4 => panel.app.apply(Update::Chart(vec![lane(random(9), None), lane(3, Some(random(9) + 3))])),
                5 => {
                    let row = Row { condition: None, cells: vec!["日本".to_owned(); random(4) as usize] };
                    let table = Table {
                        columns: vec!["A".to_owned(); random(3) as usize],
                        rows: vec![row; random(50) as usize],
                        notes: vec!["n".to_owned(); 3],
                    };
                    panel.app.apply(if random(2) == 0 { Update::System(table) } else { Update::Configuration(table) });
                }
                _ => {
                    let keys = "1234567jkgGfwoOnN/:?\n\t\u{1b}SPRDLlyx(";
                    let key = keys.chars().nth(random(keys.chars().count() as u64) as usize).unwrap();
                    panel.press(&key.to_string());
                    let more = [
                        KeyCode::PageUp,
                        KeyCode::PageDown,
                        KeyCode::Left,
                        KeyCode::Right,
                        KeyCode::Home,
                        KeyCode::End,
                        KeyCode::Backspace,
                    ];
                    panel.app.key(KeyEvent::new(more[random(7) as usize], KeyModifiers::NONE), &panel.asked);
                }
            }
            panel.screen();
        }
    }
}

#[test]
fn a_pane_has_a_bound() {
    let mut pane = Pane::default();
    pane.add(vec![line("a", "first")]);
    pane.draw(5, 80);
    pane.stand_still();
    pane.add((0..KEPT + 10).map(|number| line("a", &number.to_string())).collect());
    assert_eq!(pane.count(), KEPT);
    assert_eq!(pane.draw(5, 80)[0].text, "10", "what was looked at is gone: the oldest that there is");
}

fn lane(from: u64, to: Option<u64>) -> Lane {
    Lane { name: format!("c{from}"), is_critical: to.is_some(), spans: vec![Span { name: "start".to_owned(), from, to }] }
}

#[test]
fn a_start_is_a_chart() {
    let mut panel = Panel::new(80, 24);
    panel.press("4");
    assert!(panel.screen().contains("No start is known"));
    panel.app.apply(Update::Chart(vec![lane(0, Some(2_000_000)), lane(1_000_000, Some(4_000_000)), lane(500_000, None)]));
    let screen = panel.screen();
    let rows: Vec<&str> = screen.lines().skip(3).take(3).collect();
    // Half of the time is half of the columns.
    let at = |row: &str, mark: char| row[19..].find(mark).unwrap();
    assert_eq!((at(rows[0], 's'), rows[0].matches('-').count()), (0, 25), "{screen}");
    assert_eq!((at(rows[1], 's'), rows[1].matches('-').count()), (12, 39), "{screen}");
    assert_eq!(at(rows[2], '>'), 6, "{screen}");
    assert!(
        rows[0].ends_with("2.00s") && rows[1].ends_with("4.00s") && rows[2].ends_with("no signal") && rows[0].starts_with('*'),
        "{screen}"
    );
}

#[test]
fn a_table_shows_what_its_source_says() {
    let mut panel = Panel::new(80, 24);
    panel.press("6");
    assert!(panel.screen().contains("Not known yet"));
    let row = |name: &str, value: &str| Row { condition: None, cells: vec![name.to_owned(), value.to_owned(), "zowe.yaml:3".to_owned()] };
    let rows = (0..60).map(|number| row(&format!("zowe.key{number}"), "7554")).collect();
    panel.app.apply(Update::Configuration(Table {
        columns: ["KEY", "VALUE", "FROM"].map(str::to_owned).into(),
        rows,
        notes: vec!["a note".to_owned()],
    }));
    assert!(panel.screen().contains("KEY         VALUE  FROM\nzowe.key0   7554   zowe.yaml:3\n"), "{}", panel.screen());
    panel.press("G");
    assert!(panel.screen().contains("zowe.key59"));
    panel.press("/key7$\n");
    assert!(panel.screen().contains("zowe.key7 ") && !panel.screen().contains("zowe.key8"), "{}", panel.screen());
}

#[test]
fn the_help_lists_each_key_once() {
    let mut panel = Panel::new(80, 50);
    panel.press("?");
    let screen = panel.screen();
    for (label, meaning) in crate::keys::help(View::Components) {
        assert_eq!(screen.matches(&format!("{label:>12}  {meaning}")).count(), 1, "{label}: {screen}");
    }
    panel.press("x");
    assert!(!panel.screen().contains("closes this"));
}

#[test]
fn figures_are_read_by_people() {
    assert_eq!([0, 999, 1_024, 10_200, 123_456_789, u64::MAX].map(bytes), ["0B", "999B", "1.0K", "10K", "118M", "16777216.0T"]);
    assert_eq!([0, 59, 60, 3_599, 86_399, 200_000].map(|seconds| age(seconds).0), ["0s", "59s", "1m", "59m", "23h", "2d"]);
    assert_eq!([0, 60, 61, 3_700].map(|seconds| age(seconds).1), [1, 60, 59, 3_500]);
    assert_eq!([0, 45_678, 3_210_000, 61_000_000].map(duration), ["0.0ms", "45ms", "3.21s", "1min 1s"]);
}

/// Each view on a terminal of 80 columns and 24 rows, as `panel/screens` has it; `ZWELNCH_BLESS=1` writes that anew. Without colour it is the
/// same text.
#[test]
fn each_view_is_as_it_was() {
    for theme in [Theme::Colours, Theme::of(true, "xterm")] {
        let mut panel = Panel::new(80, 24);
        panel.app.theme = theme;
        let level = |level, line: Line| Line { level, ..line };
        panel.app.apply(Update::Log(vec![
            line("gateway", "up on port 7554, with a line that is longer than eighty columns have room for"),
            level(Level::Error, line("zss", "ZWES1004E cannot open the door")),
            line("", "ZWEL0901I Zowe instance lpar1 is ready for work"),
        ]));
        panel.app.apply(Update::Events(vec![line("zss", "running -> back-off"), level(Level::Warning, line("", "ZWEL0902W degraded"))]));
        panel.app.apply(Update::Chart(vec![lane(0, Some(2_000_000)), lane(500_000, None)]));
        let row = |condition, cells: &[&str]| Row { condition, cells: cells.iter().map(|cell| (*cell).to_owned()).collect() };
        let table = |columns: &[&str], rows, notes: &[&str]| Table {
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            rows,
            notes: notes.iter().map(|note| (*note).to_owned()).collect(),
        };
        panel.app.apply(Update::HighAvailability(table(
            &["INSTANCE", "SYSTEM", "JOB", "LEVEL", "LAUNCHER", "READY", "GATEWAY", "TRAFFIC", "SERVICES", "LACKS"],
            vec![
                row(Some(Condition::Good), &["lpar1", "LPR1", "ZWE1SV", "3.3.0", "active", "5/5", "answers", "flows", "12 up of 12", "-"]),
                row(Some(Condition::Failed), &["lpar2", "LPR2", "ZWE1SV2", "3.3.0", "not active", "-", "no answer", "-", "-", "-"]),
            ],
            &["lpar2: job ZWE1SV2 is not active on LPR2"],
        )));
        let long = "/a/path/that/is/very/long/indeed/and/goes/on/and/on/beyond/all/columns";
        panel.app.apply(Update::Configuration(table(
            &["PROPERTY", "VALUE", "FROM"],
            vec![
                row(None, &["zowe.runtimeDirectory", long, "instance/zowe.yaml:3"]),
                row(None, &["zowe.externalPort", "7554", "files/defaults.yaml:9"]),
            ],
            &["CONFIG is /a/zowe.yaml"],
        )));
        panel.app.apply(Update::System(table(&["JOB", "JOBID"], vec![row(Some(Condition::Good), &["ZWESLSTC", "STC00001"])], &[])));
        panel.app.apply(Update::SystemLog(vec![line("ZWESLSTC", "01:02:03 STC00001 $HASP373 ZWESLSTC STARTED")]));
        for (key, name) in ["1", "2", "3", "4", "5", "6", "7", "?"].into_iter().zip([
            "components",
            "log",
            "events",
            "chart",
            "ha",
            "configuration",
            "system",
            "help",
        ]) {
            panel.press(key);
            let (screen, path) = (panel.screen(), format!("{}/screens/{name}.txt", env!("CARGO_MANIFEST_DIR")));
            if std::env::var_os("ZWELNCH_BLESS").is_some() {
                std::fs::write(&path, &screen).unwrap();
            }
            assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), screen, "{name}");
        }
    }
}
