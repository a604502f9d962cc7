//! A journal that a launcher has written, and what the same launcher answered to DISP,JSON when it ended there.

use super::fold::Fold;
use crate::journal::read_from;
use serde_json::Value;
use zwelnch_panel::{Component, Condition, Lane, Level, Line, Update};

const JOURNAL: &str = include_str!("../../../tests/journals/demo.journal");
const ANSWER: &str = include_str!("../../../tests/journals/demo.status.json");

#[derive(Default)]
struct Told {
    components: Vec<Component>,
    events: Vec<Line>,
    log: Vec<Line>,
    chart: Vec<Lane>,
    head: String,
    ended: Option<String>,
    lost: Vec<String>,
}

impl Told {
    fn take(&mut self, updates: Vec<Update>) {
        for update in updates {
            match update {
                Update::Components(components) => self.components = components,
                Update::Events(lines) => self.events.extend(lines),
                Update::Log(lines) => self.log.extend(lines),
                Update::Chart(lanes) => self.chart = lanes,
                Update::Instance(instance) => self.head = format!("{} {} {}", instance.job, instance.instance, instance.system),
                Update::Ended(why) => self.ended = Some(why),
                Update::Lost(why) => self.lost.push(why),
                other => panic!("{other:?} comes of no journal"),
            }
        }
    }
}

fn folded(fold: &mut Fold, text: &str, told: &mut Told) {
    read_from(text.as_bytes(), &mut |line| {
        fold.take(line);
        Ok(())
    })
    .unwrap();
    told.take(fold.drain());
}

#[test]
fn the_rows_are_those_of_disp() {
    let (mut fold, mut told) = (Fold::new(None, false), Told::default());
    folded(&mut fold, JOURNAL, &mut told);
    let answer: Vec<Value> = serde_json::from_str(ANSWER).unwrap();
    assert_eq!(told.components.len(), answer.len());
    for (row, answered) in told.components.iter().zip(&answer) {
        let found = serde_json::json!([row.name, row.state, row.ready.unwrap_or(false), row.pid, row.restarts]);
        let expected = ["name", "state", "ready", "pid", "restarts"].map(|member| answered[member].clone());
        assert_eq!(found, Value::from(expected.to_vec()));
        let how = answered["lastEnd"]["how"].as_str();
        assert_eq!(row.last_end.as_ref().map(|end| end.contains(how.unwrap_or("?"))), how.map(|_| true), "{row:?} {answered}");
        assert_eq!(row.started.is_some(), row.pid.is_some());
    }
    let conditions: Vec<Condition> = told.components.iter().map(|row| row.condition).collect();
    assert_eq!(conditions, [Condition::Good, Condition::Good, Condition::Off, Condition::Good]);
    assert_eq!(told.head, "ZWESLSTC lpar1 LPR1");
    assert_eq!(fold.config(), Some("FILE(/home/demo/zowe-demo/zowe.yaml)"));
    assert_eq!((told.log.len(), told.ended, told.lost.len()), (0, None, 0));
    assert_eq!(told.events.len(), JOURNAL.lines().count());
    let failed = told.events.iter().find(|line| line.component == "flaky" && line.level == Level::Error).unwrap();
    assert!(failed.text.contains("exit code 3"), "{failed:?}");
    // The chart is that of `zwelnch chart`: lanes for the preparation and all components, greeter's and flaky's without a signal.
    let names: Vec<&str> = told.chart.iter().map(|lane| lane.name.as_str()).collect();
    assert_eq!(names[0], "prepare");
    assert!(["hello", "pinger", "greeter", "flaky"].iter().all(|name| names.contains(name)), "{names:?}");
    let greeter = told.chart.iter().find(|lane| lane.name == "greeter").unwrap();
    assert!(greeter.spans.iter().any(|span| span.to.is_none()) && !greeter.is_critical, "{greeter:?}");
}

/// Cut anywhere and continued, it comes to the same; what is no event is said, and once.
#[test]
fn pieces_come_to_the_same_as_the_whole() {
    let lines: Vec<&str> = JOURNAL.split_inclusive('\n').collect();
    let (mut whole, mut expected) = (Fold::new(None, false), Told::default());
    folded(&mut whole, JOURNAL, &mut expected);
    for cut in 0..lines.len() {
        let (mut fold, mut told) = (Fold::new(None, false), Told::default());
        folded(&mut fold, &lines[..cut].concat(), &mut told);
        folded(&mut fold, "no event\n", &mut told);
        folded(&mut fold, &lines[cut..].concat(), &mut told);
        assert_eq!((&told.components, &told.events, &told.chart), (&expected.components, &expected.events, &expected.chart), "{cut}");
        assert!(told.lost.len() == 1 && told.lost[0].starts_with("ZWEL1040W "), "{:?}", told.lost);
    }
}

#[test]
fn a_run_that_ends_leaves_nothing_running_and_the_next_begins_anew() {
    let (mut fold, mut told) = (Fold::new(Some("why".to_owned()), true), Told::default());
    folded(&mut fold, JOURNAL, &mut told);
    assert!(told.log.iter().any(|line| line.text.starts_with("ZWEL0901I ")), "the launcher's messages stand for the log");
    assert!(told.log.iter().any(|line| line.component == "flaky" && line.text.contains("DEMO002")), "last words too");
    let last = JOURNAL.lines().last().unwrap();
    let mut end: Value = serde_json::from_str(last).unwrap();
    let head = ["v", "time", "mono", "run", "instance"].map(|member| (member.to_owned(), end[member].take()));
    let mut end: serde_json::Map<String, Value> = head.into_iter().collect();
    end.insert("seq".into(), 100_000.into());
    end.insert("event".into(), "run".into());
    end.insert("edge".into(), "ended".into());
    end.insert("code".into(), 8.into());
    folded(&mut fold, &format!("{}\n", Value::from(end)), &mut told);
    assert_eq!(told.ended.as_deref(), Some("ended with condition code 8"));
    assert!(told.components.iter().all(|row| row.pid.is_none() && row.started.is_none() && row.condition == Condition::Off));
    let begins = JOURNAL.lines().next().unwrap();
    let mut next: Value = serde_json::from_str(begins).unwrap();
    next["run"] = "20261128T000000Z-1".into();
    folded(&mut fold, &format!("{next}\n"), &mut told);
    assert_eq!(told.components, []);
}
