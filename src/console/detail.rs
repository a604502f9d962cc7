//! The answer to DISP,DETAIL.

use super::display::{ComponentView, in_words};
use crate::message::{self, Message};
use crate::platform::ProcessFacts;
use std::path::PathBuf;

/// One component as DISP,DETAIL shows it.
#[derive(Debug, Clone)]
pub struct ComponentDetail {
    pub view: ComponentView,
    /// Failures in a row.
    pub failures: usize,
    /// How many restart intervals it has.
    pub intervals: usize,
    /// Its processes; empty where the system does not tell.
    pub processes: Vec<ProcessFacts>,
    /// What it depends on, and those of them that are not ready.
    pub needs: Vec<String>,
    pub unmet: Vec<String>,
    pub needed_by: Vec<String>,
    /// The file that holds its environment.
    pub environment: PathBuf,
    /// Ports that the configuration gives it: property and number.
    pub ports: Vec<(String, u16)>,
}

/// The lines for one component.
pub fn detail(component: &ComponentDetail) -> Vec<Message> {
    let view = &component.view;
    let none = || "none".to_owned();
    let list = |names: &[String]| if names.is_empty() { none() } else { names.join(", ") };
    let mut lines = vec![("COMPONENT", view.name.clone()), ("STATE", view.state.to_owned())];
    lines.push(("READY", if view.ready { "yes" } else { "no" }.to_owned()));
    if !component.unmet.is_empty() {
        lines.push(("WAITS FOR", list(&component.unmet)));
    }
    lines.push(("UPTIME", view.uptime.map_or_else(none, in_words)));
    lines.push(("RESTARTS", format!("{}, {} failures in a row, {} intervals", view.restarts, component.failures, component.intervals)));
    lines.push(("NEXT", view.next_attempt.map_or_else(none, |next| format!("in {}", in_words(next)))));
    lines.push(("LAST END", view.last_end.map_or_else(none, |(end, ago)| format!("{end}, {} ago", in_words(ago)))));
    lines.push(("NEEDS", list(&component.needs)));
    lines.push(("NEEDED BY", list(&component.needed_by)));
    let ports: Vec<String> = component.ports.iter().map(|(name, port)| format!("{port} ({name})")).collect();
    lines.push(("PORTS", list(&ports)));
    lines.push(("ENVIRONMENT", component.environment.display().to_string()));
    if component.processes.is_empty() {
        lines.push(("PID", view.pid.map_or_else(none, |pid| pid.to_string())));
    }
    for process in &component.processes {
        let (cpu, memory) = (in_words(process.cpu), process.resident_bytes / 1024);
        lines.push(("PID", format!("{}, CPU {cpu}, memory {memory} KiB, {}", process.pid, process.name.escape_debug())));
    }
    lines.into_iter().map(|(name, value)| message::detail_line(format!("{name:<11}  {value}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::End;
    use std::time::Duration;

    #[test]
    fn everything_that_is_known_is_told() {
        let view = ComponentView {
            name: "web".into(),
            state: "ready",
            waits_for: Vec::new(),
            ready: true,
            pid: Some(7),
            uptime: Some(Duration::from_secs(61)),
            restarts: 1,
            next_attempt: None,
            last_end: Some((End::Exited(3), Duration::from_secs(62))),
        };
        let one = |pid: i32| ProcessFacts {
            pid,
            parent: 1,
            group: 7,
            name: "sh\n".into(),
            cpu: Duration::from_millis(1500),
            resident_bytes: 4096 * 1024,
        };
        let component = ComponentDetail {
            view,
            failures: 0,
            intervals: 2,
            processes: vec![one(7), one(8)],
            needs: vec!["db".into()],
            unmet: Vec::new(),
            needed_by: Vec::new(),
            environment: "/w/.env".into(),
            ports: vec![("components.web.port".into(), 7554)],
        };
        let lines: Vec<String> = detail(&component).iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "ZWEL0986I COMPONENT    web",
                "ZWEL0986I STATE        ready",
                "ZWEL0986I READY        yes",
                "ZWEL0986I UPTIME       1m 1s",
                "ZWEL0986I RESTARTS     1, 0 failures in a row, 2 intervals",
                "ZWEL0986I NEXT         none",
                "ZWEL0986I LAST END     exit code 3, 1m 2s ago",
                "ZWEL0986I NEEDS        db",
                "ZWEL0986I NEEDED BY    none",
                "ZWEL0986I PORTS        7554 (components.web.port)",
                "ZWEL0986I ENVIRONMENT  /w/.env",
                "ZWEL0986I PID          7, CPU 1.5s, memory 4096 KiB, sh\\n",
                "ZWEL0986I PID          8, CPU 1.5s, memory 4096 KiB, sh\\n",
            ]
        );
    }
}
