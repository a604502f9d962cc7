//! docs/states.md: what follows what, as answered by the machines themselves. A test writes and compares it.

use super::{
    Action, Before, Event, Instance, InstanceNote, InstancePolicy, Judgement, Machine, Moment, NewMember, Note, Policy, Reply, StartLimit,
    State, WaitsFor, Wanted,
};
use crate::platform::{End, StopSignal, WaitStatus};
use std::fmt::Write;
use std::time::Duration;

const HEAD: &str = "\
# States of a component and of an instance

Generated from the state machines (`src/supervisor`) by the test `states_document`; do not edit by hand.
`ZWELNCH_BLESS=1 cargo test states_document` writes it anew.

DISP shows these states. A component is a function of its state, what happens and the time; the tables are what that function answers.
What is not listed changes nothing. The component of the tables has a readiness check, two restart intervals (the first is not used up
where nothing else is said), exit code 8 among its `fatalExitCodes` and a start limit of 3.

";

const PID: i32 = 100;
const START_LIMIT: StartLimit = StartLimit { count: 3, within: Duration::from_secs(3600) };

fn policy(restart_intervals: &[u64]) -> Policy {
    Policy {
        restart_intervals: restart_intervals.iter().copied().map(Duration::from_secs).collect(),
        min_uptime: Duration::from_secs(90),
        stop_grace: Duration::from_secs(20),
        reject_start_of_running: false,
        fatal_exit_codes: vec![8],
        start_limit: Some(START_LIMIT),
        patience: Duration::from_secs(600),
        has_readiness: true,
    }
}

/// The whole of docs/states.md.
pub fn document() -> String {
    let mut page = HEAD.to_string();
    // Writing to a String cannot fail.
    let _ = components(&mut page).and_then(|()| instances(&mut page));
    page
}

/// Each state with what may be wanted in it, and what is special about it.
fn states() -> Vec<(&'static str, State, Wanted)> {
    let since = Moment(Duration::from_secs(1));
    let ready = State::Ready { pid: PID, since };
    let stopping = |leader_ended| State::Stopping { pid: PID, since, kill_at: Some(Moment::default()), leader_ended };
    let validating = |before| State::Validating { before };
    let (change, away) = (Wanted::Changed { up: true }, Wanted::Changed { up: false });
    vec![
        ("down; nobody wants it up", State::Stopped, Wanted::Down),
        ("starts when all that it depends on is ready", State::Waiting { until: Moment::default() }, Wanted::Up),
        ("its process is being made", State::Starting, Wanted::Up),
        ("STOP came while its process was being made", State::Starting, Wanted::Down),
        (
            "its process runs, its readiness check has not passed",
            State::Running { pid: PID, since, ready_by: Some(Moment::default()) },
            Wanted::Up,
        ),
        ("its process runs and does its work; without a readiness check as soon as it runs", ready.clone(), Wanted::Up),
        ("is to go down, after what depends on it", ready.clone(), Wanted::Down),
        ("is to go down, after what depends on it, and starts again as prepared", ready.clone(), Wanted::Restarted),
        ("is to go down, after what depends on it, for a change", ready, change),
        ("was told to end, stays down", stopping(false), Wanted::Down),
        ("its first process has ended, others of its group live", stopping(true), Wanted::Down),
        ("was told to end, starts again as prepared", stopping(false), Wanted::Restarted),
        ("was told to end for a change, which is judged then", stopping(false), change),
        ("was told to end, as the new configuration does not have it", stopping(false), away),
        ("was told to end because it did not live any more", stopping(false), Wanted::Up),
        ("down for a change; its validate command runs, or those of what changes with it", validating(Before::Up), change),
        ("down before the change too", validating(Before::Stopped), change),
        ("had failed before the change", validating(Before::Failed), change),
        ("had been stopped before the change and stays so", validating(Before::Stopped), away),
        ("the new configuration does not have it", validating(Before::Up), away),
        ("its configure command runs", State::Configuring, change),
        ("its configure command runs, STOP came meanwhile", State::Configuring, Wanted::Down),
        ("its configure command runs, it had been stopped before", State::Configuring, away),
        ("ended unasked, waits for its interval", State::BackOff { until: Moment::default(), remains: None }, Wanted::Up),
        ("restart intervals or start limit used up", State::Failed, Wanted::Up),
        ("ended in a way that no restart mends", State::Fatal, Wanted::Up),
    ]
}

/// What a component waits for, in words.
fn wait(waits_for: WaitsFor) -> &'static str {
    match waits_for {
        WaitsFor::Dependencies => "all that it depends on to be ready",
        WaitsFor::Dependents => "what depends on it and goes down too to be down",
        WaitsFor::Process => "its process to be made",
        WaitsFor::Readiness => "its readiness check to pass",
        WaitsFor::ProcessEnd => "the end of its processes",
        WaitsFor::Judgement => "the change to be judged",
        WaitsFor::Configure => "the end of its configure command",
        WaitsFor::BackOff => "its interval to be over",
    }
}

fn events() -> Vec<(&'static str, Event)> {
    let ended = |code: i32, remains| Event::Ended { pid: PID, status: WaitStatus { raw: code << 8, end: End::Exited(code) }, remains };
    vec![
        ("START", Event::Start),
        ("STOP", Event::Stop),
        ("RESTART or RELOAD, the new configuration is good", Event::Change { start: true }),
        ("RELOAD, the new configuration does not have it", Event::Change { start: false }),
        ("second signal to the launcher", Event::KillNow),
        ("dependencies are ready", Event::DependenciesReady),
        ("what depends on it is down", Event::DependentsDown),
        ("process made", Event::Spawned(PID)),
        ("process refused by the system", Event::SpawnFailed("EAGAIN".into())),
        ("the change is good", Event::Judged(Judgement::Good)),
        ("the change is not good", Event::Judged(Judgement::Back)),
        ("the change is good and does not have it", Event::Judged(Judgement::Away)),
        ("configured", Event::Configured(true)),
        ("configure failed", Event::Configured(false)),
        ("readiness check passes", Event::ReadyReported(PID)),
        ("readiness check fails", Event::ReadyLost(PID)),
        ("liveness check fails", Event::LivenessFailed(PID, String::new())),
        ("process ends", ended(0, false)),
        ("process ends, others of its group live", ended(0, true)),
        ("process ends with a fatal exit code", ended(8, false)),
        ("last process of the group ends", Event::GroupGone(PID)),
        ("time", Event::Timer),
    ]
}

fn components(page: &mut String) -> std::fmt::Result {
    writeln!(page, "## A component")?;
    let now = Moment(Duration::from_secs(10));
    for (meaning, state, wanted) in states() {
        let before = Machine::in_state(policy(&[1, 5]), state, wanted);
        writeln!(page, "\n### {}: {meaning}\n", before.name())?;
        if let Some(waits_for) = before.waits_for() {
            writeln!(page, "It waits for {}.\n", wait(waits_for))?;
        }
        writeln!(page, "| event | next state | what is done |\n|---|---|---|")?;
        for (name, event) in events() {
            let mut machine = before.clone();
            let actions = machine.step(event.clone(), now);
            row(page, name, &before, &machine, &actions)?;
            let out =
                matches!(event, Event::Ended { status, remains: false, .. } if status.success()) || matches!(event, Event::SpawnFailed(_));
            if out && matches!(machine.state(), State::BackOff { .. }) {
                let mut machine = before.clone();
                machine.policy = policy(&[]);
                let actions = machine.step(event, now);
                row(page, &format!("{name}, no interval left"), &before, &machine, &actions)?;
            }
        }
    }
    Ok(())
}

fn row(page: &mut String, event: &str, before: &Machine, after: &Machine, actions: &[Action]) -> std::fmt::Result {
    if before.state() == after.state() && actions.is_empty() {
        return Ok(());
    }
    let done: Vec<String> = actions.iter().map(action).collect();
    let done = if done.is_empty() { "nothing".to_string() } else { done.join(", ") };
    writeln!(page, "| {event} | {} | {done} |", after.name())
}

fn action(action: &Action) -> String {
    match action {
        Action::Await => "wait for dependencies".into(),
        Action::Spawn => "make its process".into(),
        Action::Validate => "have the change judged once all of it is down".into(),
        Action::Configure => "run its configure command".into(),
        Action::Signal(_, StopSignal::Terminate) => "SIGTERM to its group".into(),
        Action::Signal(_, StopSignal::Kill) => "SIGKILL to its group".into(),
        Action::Note(note) => note_text(note),
        Action::Reply(reply) => match reply {
            Reply::BeingStarted | Reply::BeingStopped | Reply::BeingRestarted => "answer ZWEL0923I".into(),
            Reply::AlreadyRunning => "answer ZWEL0039E".into(),
            Reply::NotRunning => "answer ZWEL0921I".into(),
            Reply::Waiting => "answer ZWEL0903I".into(),
        },
    }
}

fn note_text(note: &Note) -> String {
    match note {
        Note::Started => "ZWEL0001I",
        Note::Ready(_) => "ZWEL0900I",
        Note::NotReady(_) => "ZWEL0983W",
        Note::Stopped => "ZWEL0002I",
        Note::Restored => "ZWEL0945W",
        Note::Ended { unasked_after: None, .. } => "ZWEL0004I",
        Note::Ended { .. } => "ZWEL0004I, ZWEL0905E",
        Note::NextAttempt(_) => "ZWEL0005I",
        Note::RetriesExhausted => "ZWEL0038E",
        Note::StartLimitReached(_) => "ZWEL0980E",
        Note::Fatal(_) => "ZWEL0981E",
        Note::NotAlive(_) => "ZWEL0982E",
        Note::WaitedInVain(_) => "ZWEL0904W",
        Note::StartFailed(_) => "ZWEL0040E",
        Note::RestartFailed(_) => "ZWEL0040E, ZWEL0049E",
        Note::WillKill(_) => "ZWEL0063W",
    }
    .into()
}

/// An instance of two components, the second of which needs the first, and a description of it.
fn instances(page: &mut String) -> std::fmt::Result {
    writeln!(
        page,
        "\n## An instance\n\n\
         Two components without readiness checks, `b` needs `a`; each line goes on from the one before, 20 seconds later.\n\n\
         | event | state | a | b | what is said |\n|---|---|---|---|---|"
    )?;
    let mut instance = Instance::new(InstancePolicy::default());
    let plain = Policy { has_readiness: false, restart_intervals: vec![Duration::from_secs(1)], ..policy(&[]) };
    for name in ["a", "b"] {
        instance.add(NewMember { name: name.into(), policy: plain.clone(), required: false });
    }
    instance.connect(&[(1, vec![0])]);
    let ended = |pid, code: i32| Event::Ended { pid, status: WaitStatus { raw: code << 8, end: End::Exited(code) }, remains: false };
    type Step<'a> = (&'a str, Box<dyn Fn(&mut Instance, Moment)>);
    let event =
        |index, event: Event| Box::new(move |instance: &mut Instance, now| drop(instance.step(index, event.clone(), now))) as Box<_>;
    let steps: Vec<Step> = vec![
        ("all are started", Box::new(|instance, now| drop(instance.begin(now)))),
        ("process of a made", event(0, Event::Spawned(1))),
        ("process of b made", event(1, Event::Spawned(2))),
        ("process of a ends", event(0, ended(1, 1))),
        ("its interval is over", event(0, Event::Timer)),
        ("process of a made", event(0, Event::Spawned(3))),
        ("20 seconds go by", Box::new(|instance, now| drop(instance.timers(now)))),
        ("STOP(b)", event(1, Event::Stop)),
        ("process of b ends", event(1, ended(2, 0))),
        ("START(b)", event(1, Event::Start)),
        ("process of b made", event(1, Event::Spawned(4))),
        ("P", Box::new(|instance, now| drop(instance.end(now)))),
        ("process of b ends", event(1, ended(4, 0))),
        ("process of a ends", event(0, ended(3, 0))),
    ];
    for (second, (name, step)) in (1_u64..).zip(steps) {
        let now = Moment(Duration::from_secs(second * 20));
        step(&mut instance, now);
        let said: Vec<&str> = instance
            .settle(now)
            .iter()
            .map(|note| match note {
                InstanceNote::AllStarted { failed: false } => "ZWEL0007I",
                InstanceNote::AllStarted { .. } => "ZWEL0052W",
                InstanceNote::Ready { .. } => "ZWEL0901I",
                InstanceNote::Degraded(_) => "ZWEL0902W",
                InstanceNote::End(_) => "ZWEL0906E",
            })
            .collect();
        let state = |index: usize| instance.member(index).map_or("", |member| member.machine.name());
        writeln!(page, "| {name} | {} | {} | {} | {} |", instance.phase().name(), state(0), state(1), said.join(", "))?;
    }
    Ok(())
}
