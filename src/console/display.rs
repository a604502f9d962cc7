//! The answer to DISP.

use crate::message::{self, Message};
use crate::platform::{End, Pid};
use std::time::Duration;

/// One component as DISP shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentView {
    pub name: String,
    /// One word, [`crate::supervisor::Machine::name`].
    pub state: &'static str,
    /// Those that go down before it.
    pub waits_for: Vec<String>,
    pub ready: bool,
    pub pid: Option<Pid>,
    /// How long the process has been up.
    pub uptime: Option<Duration>,
    pub restarts: u64,
    /// Time to the next attempt to start it.
    pub next_attempt: Option<Duration>,
    /// How it ended last, and how long ago.
    pub last_end: Option<(End, Duration)>,
}

/// First the two messages of the C launcher, because automation reads them; then the table.
pub fn display(components: &[ComponentView]) -> Vec<Message> {
    let mut answer = vec![message::component_list_head()];
    for component in components {
        answer.push(message::component_list_line(&component.name, component.pid.unwrap_or(-1)));
    }
    if components.is_empty() {
        return answer;
    }
    let rows: Vec<[String; 8]> = components.iter().map(row).collect();
    let head = ["COMPONENT", "STATE", "READY", "PID", "UPTIME", "RESTARTS", "NEXT", "LAST END"];
    let mut widths = head.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: [&str; 8]| {
        let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        message::status_line(padded.join("  ").trim_end())
    };
    answer.push(line(head));
    answer.extend(rows.iter().map(|row| line(row.each_ref().map(String::as_str))));
    answer
}

/// A component as `zwelnch status --format json` shows it: one line of JSON. Times are in seconds.
pub fn json(component: &ComponentView, ha_instance: &str) -> String {
    let seconds = |time: Duration| (time.as_secs_f64() * 1000.0).round() / 1000.0;
    serde_json::json!({
        "name": component.name,
        "haInstance": ha_instance,
        "state": component.state,
        "ready": component.ready,
        "pid": component.pid,
        "uptimeSeconds": component.uptime.map(seconds),
        "restarts": component.restarts,
        "nextAttemptSeconds": component.next_attempt.map(seconds),
        "lastEnd": component.last_end.map(|(end, ago)| serde_json::json!({"how": end.to_string(), "agoSeconds": seconds(ago)})),
    })
    .to_string()
}

fn row(component: &ComponentView) -> [String; 8] {
    let none = || "-".to_owned();
    [
        component.name.clone(),
        match component.waits_for.as_slice() {
            [] => component.state.to_owned(),
            names => format!("{} (waits for {})", component.state, names.join(", ")),
        },
        if component.ready { "yes" } else { "no" }.to_owned(),
        component.pid.map_or_else(none, |pid| pid.to_string()),
        component.uptime.map_or_else(none, in_words),
        component.restarts.to_string(),
        component.next_attempt.map_or_else(none, |next| format!("in {}", in_words(next))),
        component.last_end.map_or_else(none, |(end, ago)| format!("{end}, {} ago", in_words(ago))),
    ]
}

/// Two units at most: `3d 4h`, `4m 5s`, `5s`. Below ten seconds with a tenth.
pub fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match seconds {
        0..=9 => format!("{}.{}s", seconds, duration.subsec_millis() / 100),
        10..=59 => format!("{seconds}s"),
        60..=3599 => format!("{minutes}m {}s", seconds % 60),
        3600..=86_399 => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_to_go_down_says_for_whom() {
        let waits = ComponentView {
            name: "a".into(),
            state: "stopping",
            waits_for: vec!["b".into(), "c".into()],
            ready: false,
            pid: Some(7),
            uptime: Some(Duration::from_secs(75)),
            restarts: 0,
            next_attempt: None,
            last_end: None,
        };
        let last = display(&[waits]).pop().map(|line| line.to_string());
        let row = "ZWEL0920I a          stopping (waits for b, c)  no     7    1m 15s  0         -     -";
        assert_eq!(last.as_deref(), Some(row));
    }

    #[test]
    fn the_answer_begins_as_that_of_the_c_launcher() {
        let components = [
            ComponentView {
                name: "c000".into(),
                state: "running",
                waits_for: Vec::new(),
                ready: true,
                pid: Some(13657),
                uptime: Some(Duration::from_secs(75)),
                restarts: 2,
                next_attempt: None,
                last_end: Some((End::Signaled(9), Duration::from_secs(80))),
            },
            ComponentView {
                name: "component-with-a-rather-long-name".into(),
                state: "back-off",
                waits_for: Vec::new(),
                ready: false,
                pid: None,
                uptime: None,
                restarts: 0,
                next_attempt: Some(Duration::from_millis(4300)),
                last_end: Some((End::Exited(3), Duration::from_millis(700))),
            },
        ];
        let lines: Vec<String> = display(&components).iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "ZWEL0010I launcher has the following components:",
                "ZWEL0011I     name =             c000, PID = 13657",
                "ZWEL0011I     name = component-with-a, PID = -1",
                "ZWEL0920I COMPONENT                          STATE     READY  PID    UPTIME  RESTARTS  NEXT     LAST END",
                "ZWEL0920I c000                               running   yes    13657  1m 15s  2         -        signal SIGKILL, 1m 20s ago",
                "ZWEL0920I component-with-a-rather-long-name  back-off  no     -      -       0         in 4.3s  exit code 3, 0.7s ago",
            ]
        );
    }
}
