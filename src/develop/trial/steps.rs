//! What cases are made of: waiting for what has to happen, and saying what has happened instead.

use super::TrialError;
use super::bench::{Bench, Started, Unmet};
use super::endpoint::{ask, endpoints};
use crate::console::in_words;
use crate::journal::{Edge, Event};
use std::time::{Duration, Instant};

/// Between two questions to an endpoint or to DISP.
const PAUSE: Duration = Duration::from_millis(100);

/// What the preparation may take: a validate command alone may take 300 s.
pub(super) const PREPARATION: Duration = Duration::from_secs(360);

/// How long processes and ports may take to be gone once the job has ended.
const GONE: Duration = Duration::from_secs(5);

/// How long a component that gives no sign of readiness has to run to count as up.
const SETTLING: Duration = Duration::from_secs(1);

pub(super) type Verdict = Result<String, Not>;

/// What came of a case, if it did not pass.
pub(super) enum Not {
    Failed(String),
    Skipped(String),
    /// Nothing more can be tested.
    Broken(TrialError),
}

impl From<TrialError> for Not {
    fn from(error: TrialError) -> Not {
        Not::Broken(error)
    }
}

pub(super) fn skipped<T>(why: &str) -> Result<T, Not> {
    Err(Not::Skipped(why.to_owned()))
}

pub(super) fn unmet(bench: &Bench, started: &Started, what: &str, why: Unmet) -> Not {
    let why = match why {
        Unmet::Interrupted => return Not::Broken(TrialError::Interrupted),
        Unmet::Journal(error) => return Not::Broken(TrialError::Instance(format!("its journal: {error}"))),
        Unmet::Late(limit) => format!("{what} after {}", in_words(limit)),
        Unmet::Ended => format!("{what}: the launcher has ended"),
    };
    Not::Failed(format!("{why}\n{}", bench.evidence(started)).trim_end().to_owned())
}

/// The end of a step of the component.
pub(super) fn step_ended(bench: &Bench, started: &mut Started, wanted: &str) -> Verdict {
    let name = bench.name();
    let of_step = |event: &Event| match event {
        Event::Step { component, step, edge: Edge::Ended, code, result, .. } if component == name && step == wanted => {
            Some((*code, result.clone()))
        }
        _ => None,
    };
    // A component without such a command has no step; the part of the preparation ends all the same.
    let is_over = |event: &Event| matches!(event, Event::Phase { phase, edge: Edge::Ended, .. } if phase == wanted);
    let ended = bench.wait(started, PREPARATION, |events| {
        events.iter().find_map(of_step).or_else(|| events.iter().any(is_over).then_some((None, None)))
    });
    match ended {
        Ok((None | Some(0), result)) => Ok(result.unwrap_or_else(|| "it has no such command".to_owned())),
        Ok((Some(_), result)) => {
            Err(Not::Failed(format!("{}\n{}", result.unwrap_or_default(), bench.evidence(started)).trim_end().to_owned()))
        }
        Err(why) => Err(unmet(bench, started, &format!("its {wanted} command has not ended"), why)),
    }
}

/// The process of a start after the first so many of them, and which start it is.
pub(super) fn spawned(events: &[Event], name: &str, after: usize) -> Option<(i32, usize)> {
    let of = |event: &Event| match event {
        Event::Spawned { component, pid, .. } if component == name => Some(*pid),
        _ => None,
    };
    events.iter().filter_map(of).enumerate().nth(after).map(|(index, pid)| (pid, index))
}

/// How many starts there were.
pub(super) fn starts(events: &[Event], name: &str) -> usize {
    events.iter().filter(|event| matches!(event, Event::Spawned { component, .. } if component == name)).count()
}

/// Waits until it is ready after its start of that number, from 0.
pub(super) fn wait_ready(bench: &Bench, started: &mut Started, after: usize) -> Verdict {
    let name = bench.name().to_owned();
    let ready = |events: &[Event]| {
        let is_start = |event: &Event| matches!(event, Event::Spawned { component, .. } if *component == name);
        let begin = events.iter().enumerate().filter(|(_, event)| is_start(event)).map(|(index, _)| index).nth(after)?;
        events.get(begin..)?.iter().find_map(|event| match event {
            Event::Ready { component, after_us, how } if *component == name => Some((*after_us, how.clone())),
            _ => None,
        })
    };
    match bench.wait(started, bench.limit, ready) {
        Ok((_, how)) if how == "no signal" => stays(bench, started, after),
        Ok((after, how)) => Ok(format!("after {} ({how})", in_words(Duration::from_micros(after)))),
        Err(why) => Err(unmet(bench, started, "it is not ready", why)),
    }
}

/// Whether a component that gives no sign of its own stays up after its start of that number.
fn stays(bench: &Bench, started: &mut Started, after: usize) -> Verdict {
    let name = bench.name().to_owned();
    let ended = |events: &[Event]| {
        let pid = spawned(events, &name, after)?.0;
        events
            .iter()
            .any(|event| matches!(event, Event::Ended { component, pid: ended, .. } if *component == name && *ended == pid))
            .then_some(())
    };
    match bench.wait(started, SETTLING, ended) {
        Err(Unmet::Late(_)) => Ok("it runs; nothing tells when it serves (no `readiness` in the manifest)".to_owned()),
        Err(why) => Err(unmet(bench, started, "it does not stay up", why)),
        Ok(()) => Err(Not::Failed(format!("it does not stay up\n{}", bench.evidence(started)).trim_end().to_owned())),
    }
}

/// Whether one of its endpoints answers, or comes to answer in time.
pub(super) fn answers(bench: &Bench, id: &str) -> Verdict {
    let endpoints = endpoints(bench, id);
    if endpoints.is_empty() {
        return skipped("it has no port and no static definition");
    }
    let promised = endpoints.iter().any(|endpoint| endpoint.is_promised);
    let begun = Instant::now();
    loop {
        let asked: Vec<Result<String, String>> = endpoints.iter().map(ask).collect();
        let bad: Vec<&str> = asked.iter().filter_map(|asked| asked.as_ref().err()).map(String::as_str).collect();
        let good: Vec<&str> = asked.iter().filter_map(|asked| asked.as_ref().ok()).map(String::as_str).collect();
        if !good.is_empty() && (bad.is_empty() || !promised) {
            return Ok(good.join("\n"));
        }
        if bench.is_interrupted() {
            return Err(TrialError::Interrupted.into());
        }
        if begun.elapsed() > bench.limit {
            return Err(Not::Failed(bad.join("\n")));
        }
        std::thread::sleep(PAUSE);
    }
}

/// Waits until DISP shows that it is ready.
pub(super) fn is_up(bench: &Bench, started: &Started) -> Result<(), Not> {
    let begun = Instant::now();
    loop {
        let state = bench.state(started.job);
        if state.as_ref().is_some_and(|(_, ready)| *ready) {
            return Ok(());
        }
        if bench.is_interrupted() {
            return Err(TrialError::Interrupted.into());
        }
        if begun.elapsed() > bench.limit {
            let state = state.map_or_else(|| "not known".to_owned(), |(state, _)| state);
            return Err(Not::Failed(format!("its state is: {state}\n{}", bench.evidence(started)).trim_end().to_owned()));
        }
        std::thread::sleep(PAUSE);
    }
}

/// Nothing of a component that has ended may be left.
pub(super) fn left(bench: &Bench, id: &str) -> Result<(), Not> {
    let begun = Instant::now();
    loop {
        let processes = bench.processes();
        let taken = |port: &u16| std::net::TcpListener::bind(("0.0.0.0", *port)).err().map(|error| format!("port {port}: {error}"));
        let ports: Vec<String> = bench.all_ports(id).iter().filter_map(taken).collect();
        if processes.is_empty() && ports.is_empty() {
            return Ok(());
        }
        if begun.elapsed() > GONE {
            let processes = processes.iter().map(|(pid, command)| format!("process {pid}: {command}"));
            return Err(Not::Failed(format!("still there: {}", processes.chain(ports).collect::<Vec<_>>().join("\n"))));
        }
        std::thread::sleep(PAUSE);
    }
}
