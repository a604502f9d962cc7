use super::*;
use crate::journal::{Edge, Event, Record, VERSION, decode};
use proptest::prelude::*;

fn record(run: &str, seq: u64, mono: u64, event: Event) -> Record {
    let time = "2026-11-27T00:50:49.123456Z".parse().unwrap();
    Record { v: VERSION, seq, time, mono, run: run.into(), instance: "lpar1".into(), event }
}

/// A start from the journal's own lines, times in milliseconds.
fn starts(lines: &[(u64, serde_json::Value)]) -> Vec<Start> {
    let mut starts = Starts::default();
    for (number, (milliseconds, event)) in lines.iter().enumerate() {
        let mut line = serde_json::json!({
            "v": 1, "seq": number + 1, "time": "2026-11-27T00:50:49.123456Z", "mono": milliseconds * 1000, "run": "r", "instance": "lpar1"
        });
        event.as_object().unwrap().iter().for_each(|(key, value)| line[key] = value.clone());
        starts.take(&decode(line.to_string().as_bytes()).unwrap());
    }
    starts.finish()
}

/// Two components, the second waits for the first; a third whose readiness nothing signals; one that fails once.
fn sample(slow: u64) -> Start {
    use serde_json::json;
    let phase = |phase: &str, edge: &str| json!({"event": "phase", "phase": phase, "edge": edge});
    let step = |component: &str, step: &str, edge: &str| json!({"event": "step", "component": component, "step": step, "edge": edge});
    let state = |component: &str, to: &str| json!({"event": "state", "component": component, "from": "x", "to": to});
    let spawned = |component: &str| json!({"event": "spawned", "component": component, "pid": 1, "attempt": 1});
    let ready = |component: &str, how: &str| json!({"event": "ready", "component": component, "after_us": 1, "how": how});
    let waits = json!({"event": "message", "id": "ZWEL0903I", "severity": "I", "text": "ZWEL0903I component web waits for db, other"});
    let lines = [
        (0, json!({"event": "run", "edge": "begun", "version": "0.1.0", "pid": 7, "job": "ZWE1SV"})),
        (1, phase("prepare", "begun")),
        (1, phase("load", "begun")),
        (100, phase("load", "ended")),
        (100, phase("validate", "begun")),
        (110, step("db", "validate", "begun")),
        (110, step("web", "validate", "begun")),
        (150, step("web", "validate", "ended")),
        (200, step("db", "validate", "ended")),
        (200, phase("validate", "ended")),
        (200, phase("prepare", "ended")),
        (200, state("db", "starting")),
        (201, state("web", "waiting")),
        (201, waits),
        (202, state("still", "starting")),
        (203, state("flaky", "starting")),
        (210, spawned("db")),
        (210, state("db", "running")),
        (211, spawned("still")),
        (211, ready("still", "no signal")),
        (212, spawned("flaky")),
        (300, json!({"event": "ended", "component": "flaky", "pid": 1, "how": "exited", "code": 3, "up_us": 1, "next": "restart"})),
        (300, state("flaky", "back-off")),
        (1300, state("flaky", "starting")),
        (1310, spawned("flaky")),
        (1320, ready("flaky", "tcp")),
        // Told in this order by one turn of the owner.
        (1500 + slow, state("web", "starting")),
        (1501 + slow, ready("db", "log")),
        (1520 + slow, spawned("web")),
        (2020 + slow, ready("web", "https")),
        (2020 + slow, json!({"event": "whole", "from": "starting", "to": "ready"})),
        // What follows is no part of the start.
        (9000, json!({"event": "ended", "component": "db", "pid": 1, "how": "exited", "code": 3, "up_us": 1, "next": "restart"})),
        (9000, json!({"event": "of a later version"})),
    ];
    starts(&lines).pop().unwrap()
}

fn spans(start: &Start, name: &str) -> Vec<(Kind, u64, u64)> {
    let component = start.components.iter().find(|component| component.name == name).unwrap();
    component.spans.iter().map(|span| (span.kind, span.begun / 1000, span.ended / 1000)).collect()
}

#[test]
fn a_start_is_what_its_journal_says() {
    let start = sample(0);
    assert_eq!((start.ready, start.version.as_deref(), start.job.as_deref()), (Some(2_020_000), Some("0.1.0"), Some("ZWE1SV")));
    assert_eq!(
        start.phases.iter().map(|phase| (phase.name.as_str(), phase.length())).collect::<Vec<_>>(),
        [("load", 99_000), ("validate", 100_000)]
    );
    assert_eq!(spans(&start, "db"), [(Kind::Validate, 110, 200), (Kind::Starting, 200, 210), (Kind::Running, 210, 1501)]);
    let web = [(Kind::Validate, 110, 150), (Kind::Waiting, 201, 1500), (Kind::Starting, 1500, 1520), (Kind::Running, 1520, 2020)];
    assert_eq!(spans(&start, "web"), web);
    // Nothing was measured: a moment, not a time.
    assert_eq!(spans(&start, "still"), [(Kind::Starting, 202, 211), (Kind::Unsignalled, 211, 211)]);
    let flaky = [(Kind::Starting, 203, 212), (Kind::Failed, 212, 300), (Kind::Starting, 1300, 1310), (Kind::Running, 1310, 1320)];
    assert_eq!(spans(&start, "flaky"), flaky);
    assert_eq!(start.end(), 2_020_000);
}

#[test]
fn the_chain_is_what_the_whole_start_waited_for() {
    let chain = critical_chain(&sample(0));
    let shown: Vec<(&str, u64, Option<u64>)> =
        chain.iter().map(|link| (link.name.as_str(), link.at / 1000, link.took.map(|took| took / 1000))).collect();
    assert_eq!(shown, [("web", 2020, Some(520)), ("db", 1501, Some(1301)), ("validate", 200, Some(100)), ("load", 100, Some(99))]);
    assert_eq!(chain[2].slowest, Some(("db".to_owned(), 90_000)));
    let text = critical(&sample(0));
    for line in [
        "lpar1 ready after 2.020 s",
        "└─web @2.020 s +0.520 s",
        "  └─db @1.501 s +1.301 s",
        "    └─prepare: validate @0.200 s +0.100 s (slowest: db 0.090 s)",
        "      └─prepare: load @0.100 s +0.099 s",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line} in\n{text}");
    }
}

#[test]
fn what_is_slower_is_told_and_what_was_not_measured_is_not_compared() {
    let (before, now) = (sample(0), sample(400));
    let told = slower(&now, &before);
    let shown: Vec<(&str, u64)> = told.iter().map(|slower| (slower.what.as_str(), slower.now - slower.before)).collect();
    assert_eq!(shown, [("db: ready", 400_000), ("the whole start", 400_000)]);
    assert!(slower(&before, &now).is_empty());
    let shown = text(&now, Some((2, &told)));
    assert!(shown.contains("slower than in start 2:\n  db: ready +0.400 s: 1.701 s instead of 1.301 s\n"), "{shown}");
    assert!(text(&before, Some((2, &[]))).contains("nothing is slower than in start 2"));
    // Not measured is not 0.
    let still = shown.lines().find(|line| line.starts_with("still")).unwrap();
    assert!(still.ends_with("no signal") && still.contains(" -  "), "{still}");
    assert_eq!(json(&now, Some(&told))["slower"][0]["now"], 1_701_000);
}

#[test]
fn the_last_starts_are_kept() {
    let mut starts = Starts::default();
    let mut torn = Starts::default();
    for run in 0..15 {
        let name = format!("r{run}");
        starts.take(&record(&name, 1, 0, Event::run_begun("JOB", "SYS")));
        starts.take(&record(&name, 2, 1000 + run, Event::run_ended(0)));
        torn.take(&record(&name, 900, 5, Event::Unknown));
    }
    let starts = starts.finish();
    assert_eq!((starts.len(), starts[0].run.as_str(), starts[9].run.as_str()), (KEPT, "r14", "r5"));
    assert!(!starts[0].torn && torn.finish()[0].torn);
    assert!(text(&starts[0], None).contains("not ready: the launcher ended with condition code 0"));
}

#[test]
fn what_goes_on_is_shown_as_far_as_it_has_come() {
    let mut starts = Starts::default();
    let state = |to: &'static str| Event::State { component: "a".into(), from: "x".into(), to: to.into() };
    starts.take(&record("r", 1, 0, Event::run_begun("JOB", "SYS")));
    starts.take(&record("r", 2, 10_000, state("starting")));
    starts.take(&record("r", 3, 20_000, Event::Spawned { component: "a".into(), pid: 1, attempt: 1 }));
    starts.take(&record("r", 4, 90_000, Event::Phase { phase: "x".into(), edge: Edge::Begun, of: None, failed: false }));
    let start = starts.finish().remove(0);
    assert_eq!(spans(&start, "a"), [(Kind::Starting, 10, 20), (Kind::Running, 20, 90)]);
    assert!(start.components[0].spans[1].open && start.phases[0].open);
    let picture = svg(&start, None);
    // What knows no variables would draw all of it black.
    let rules: Vec<&str> = picture.split(['{', ';', '}']).collect();
    for pair in rules.windows(2) {
        let Some((property @ ("fill" | "stroke"), _)) = pair[1].split_once(":var(") else { continue };
        assert!(pair[0].starts_with(&format!("{property}:#")), "{pair:?}");
    }
    assert!(picture.contains("<title>a: runs, not ready yet, 0.070 s (from 0.020 s to 0.090 s), goes on</title>"), "{picture}");
    assert!(critical_chain(&start).iter().all(|link| link.is_phase));
}

#[test]
fn nothing_of_a_name_is_markup() {
    let mut start = sample(0);
    start.components[0].name = "<script>\"&'\u{1}\u{ffff}</script>".into();
    start.job = Some("]]><a".into());
    let picture = html(&start, None);
    assert!(
        picture.contains("&lt;script&gt;&quot;&amp;&#39;\u{fffd}\u{fffd}&lt;/script&gt;") && !picture.contains("<script>"),
        "{picture}"
    );
    assert!(!picture.contains("]]><a"));
}

fn any_span() -> impl Strategy<Value = Span> {
    let kinds = prop::sample::select(vec![Kind::Validate, Kind::Waiting, Kind::Starting, Kind::Running, Kind::Unsignalled, Kind::Failed]);
    let moment = prop_oneof![0..5_u64, 0..10_000_000_u64, 0..1_000_000_000_000_u64];
    (kinds, moment.clone(), moment, any::<bool>(), any::<bool>()).prop_map(|(kind, begun, length, open, failed)| Span {
        kind,
        name: kind.name().into(),
        begun,
        ended: begun + length,
        open,
        failed,
    })
}

proptest! {
    /// Whatever the journal holds, in order or not: bars of a lane do not overlap, and all are within the picture and in its lane.
    #[test]
    fn bars_keep_apart_and_inside(lanes in prop::collection::vec(prop::collection::vec(any_span(), 0..60), 0..12)) {
        let mut start = Start::default();
        for (number, mut spans) in lanes.into_iter().enumerate() {
            spans.sort_by_key(|span| span.begun);
            if number == 0 { start.phases = spans } else {
                let mut component = sample(0).components.remove(0);
                (component.name, component.spans) = (format!("c{number}"), spans);
                start.components.push(component);
            }
        }
        let picture = layout(&start);
        let total: usize = start.phases.len() + start.components.iter().map(|component| component.spans.len()).sum::<usize>();
        prop_assert_eq!(picture.bars.len(), total);
        let (mut lane, mut edge) = (usize::MAX, 0.0);
        for bar in &picture.bars {
            if bar.lane != lane {
                (lane, edge) = (bar.lane, 0.0);
            }
            prop_assert!(bar.x >= edge - 1e-6 && bar.width > 0.0, "{:?} begins before {}", bar, edge);
            edge = bar.x + bar.width;
            prop_assert!(bar.x >= 0.0 && edge <= picture.width + 1e-6, "{:?}", bar);
            let middle = picture.lanes[bar.lane].y;
            prop_assert!(bar.y >= 0.0 && bar.y < middle && bar.y + bar.height > middle && bar.y + bar.height <= picture.height);
        }
        for pair in picture.lanes.windows(2) {
            prop_assert!(pair[1].y - pair[0].y > 16.0);
        }
        prop_assert!(picture.marks.len() <= 11);
        prop_assert!(picture.marks.iter().all(|(x, _)| *x >= 0.0 && *x <= picture.width));
    }

    #[test]
    fn any_text_is_escaped(text in "\\PC*|[<>&\"']*") {
        let shown = escaped(&text);
        prop_assert!(!shown.contains(['<', '>', '"', '\'']));
        let back = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&");
        prop_assert_eq!(back, text);
    }
}
