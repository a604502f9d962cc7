//! What components use, from the list of processes: only while somebody looks at them and a process of theirs runs.

use super::shared::{Facts, Shared};
use crate::platform::{NativePlatform, Platform, ProcessFacts};
use crate::processes::of_component;
use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use zwelnch_panel::View;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(2);

/// By component: its process, and the time on processors of all that it has.
type Known = HashMap<String, (i32, Duration)>;

/// Measures until the panel has ended.
pub(super) fn run(shared: &Shared, woken: &Receiver<()>) {
    let platform = NativePlatform::for_command();
    let mut before: Option<(Instant, Known)> = None;
    while woken.recv().is_ok() {
        loop {
            let pids: Vec<(String, i32)> = {
                let board = shared.board();
                let running = board.fold.components().iter().filter_map(|component| Some((component.name.clone(), component.pid?)));
                if board.view == View::Components { running.collect() } else { Vec::new() }
            };
            if pids.is_empty() {
                before = None;
                break;
            }
            let due = before.as_ref().map_or(Duration::ZERO, |(at, _)| EVERY.saturating_sub(at.elapsed()));
            if due.is_zero() {
                let (now, table) = (Instant::now(), platform.process_table());
                let used = used(&table, &pids);
                let passed = before.as_ref().map(|(at, _)| now.duration_since(*at));
                let facts = facts(&used, before.as_ref().map(|(_, used)| used), passed);
                before = Some((now, used.into_iter().map(|(name, (pid, cpu, _))| (name, (pid, cpu))).collect()));
                let is_new = {
                    let mut board = shared.board();
                    let is_new = board.facts != facts;
                    board.facts = facts;
                    is_new
                };
                if is_new && !shared.send(shared.components()) {
                    return;
                }
            }
            match woken.recv_timeout(if due.is_zero() { EVERY } else { due }) {
                Ok(()) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

/// By component: its process, the time on processors of all that it has, and their memory.
fn used(table: &[ProcessFacts], pids: &[(String, i32)]) -> HashMap<String, (i32, Duration, u64)> {
    let of = |(name, pid): &(String, i32)| {
        let all = of_component(table, *pid);
        (name.clone(), (*pid, all.iter().map(|one| one.cpu).sum(), all.iter().map(|one| one.resident_bytes).sum()))
    };
    pids.iter().map(of).collect()
}

/// What was used since the look before; nothing is known of the processor where it was another process.
fn facts(used: &HashMap<String, (i32, Duration, u64)>, before: Option<&Known>, passed: Option<Duration>) -> HashMap<String, Facts> {
    let share = |name: &String, pid: i32, cpu: Duration| {
        let (known, earlier) = before?.get(name)?;
        let passed = passed.filter(|passed| !passed.is_zero() && *known == pid)?;
        let share = cpu.saturating_sub(*earlier).as_secs_f64() / passed.as_secs_f64() * 100.0;
        // As it is shown: what cannot be seen is no news.
        Some((share * 10.0).round() / 10.0)
    };
    used.iter().map(|(name, (pid, cpu, memory))| (name.clone(), (share(name, *pid, *cpu), *memory))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_of_one_process_between_two_looks() {
        let second = Duration::from_secs;
        let used = HashMap::from([("a".to_owned(), (7, second(3), 10)), ("b".to_owned(), (9, second(3), 20))]);
        let before = HashMap::from([("a".to_owned(), (7, second(2))), ("b".to_owned(), (8, second(1)))]);
        let facts = facts(&used, Some(&before), Some(second(4)));
        assert_eq!(facts["a"], (Some(25.0), 10));
        assert_eq!(facts["b"], (None, 20), "another process than before");
    }
}
