//! `--notify PROGRAM`: run without a shell; what happened is in its environment, and nowhere else.

use super::world::Sysplex;
use crate::ha::rollout::record::Rollout;
use crate::ha::rollout::{Outcome, World};
use crate::platform::{End, RunningProgram};
use std::path::Path;
use std::time::Duration;

/// How long it may run.
const LIMIT: Duration = Duration::from_secs(60);

pub(super) fn notify(program: &Path, rollout: &Rollout, outcome: &Outcome, record: &Path, world: &mut Sysplex<'_>) {
    let why = match outcome {
        Outcome::RolledBack(why) | Outcome::Refused(why) | Outcome::Halted(why) => why.as_str(),
        Outcome::Done | Outcome::Paused => "",
    };
    let variables = [
        ("EVENT", outcome.word().to_owned()),
        ("NUMBER", rollout.number.to_string()),
        ("TO", rollout.to.clone()),
        ("UPGRADED", rollout.upgraded().to_string()),
        ("COUNT", rollout.count().to_string()),
        ("TEXT", rollout.words()),
        // The system takes no zero byte in a variable.
        ("WHY", why.replace('\0', " ")),
        ("RECORD", record.display().to_string()),
    ];
    let variables = variables.map(|(name, value)| (format!("ZWELNCH_ROLLOUT_{name}"), value));
    let shown = program.display();
    let line = match run(program, &variables) {
        Ok(Some(code)) => format!("notified: {shown} ended with {code}"),
        Ok(None) => format!("{shown} was not done after {} s and was ended", LIMIT.as_secs()),
        Err(error) => format!("{shown} could not be run: {error}"),
    };
    world.say(None, &line);
}

/// None: it took too long.
fn run(program: &Path, variables: &[(String, String)]) -> std::io::Result<Option<String>> {
    let end = RunningProgram::begin(program, &[], variables, false)?.wait(Some(LIMIT))?;
    Ok(end.map(|end| match end {
        End::Exited(code) => format!("exit code {code}"),
        End::Signaled(_) => "a signal".to_owned(),
    }))
}
