//! The cases, in their order: each one leaves the instance as the next one needs it.

use super::TrialError;
use super::bench::{Bench, Started, Surroundings, Unmet};
use super::report::{Case, Outcome};
use super::steps::{Not, PREPARATION, Verdict, answers, is_up, left, skipped, spawned, starts, step_ended, unmet, wait_ready};
use super::tree::Snapshot;
use crate::component::Phase;
use crate::console::in_words;
use crate::inspect;
use crate::journal::Event;
use crate::platform::NativePlatform;
use crate::platform::files::may_be_file;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A value that is whole only where everything is quoted.
const ODD_VALUE: &str = "it's \"$HOME\" `id` \\ \u{e9}\u{4e16} *";

/// Names of directories that are whole only where everything is quoted.
const ODD_DIRECTORIES: [&str; 2] = ["a work's \"$HOME\" \u{e9}\u{4e16}", "the log's \"$HOME\" \u{e9}\u{4e16}"];

const SHELLS: [(&str, &str); 2] = [("shell-dash", "dash"), ("shell-bash", "bash")];

/// Tells of cases as they end.
struct Teller<'a> {
    told: &'a mut dyn FnMut(Case),
    /// Why no later case can be tested.
    broken: Option<TrialError>,
}

impl Teller<'_> {
    /// Runs a case; true: it has passed.
    fn case(&mut self, name: &'static str, expected: impl Into<String>, mend: &'static str, run: impl FnOnce() -> Verdict) -> bool {
        if self.broken.is_some() {
            return false;
        }
        let begun = Instant::now();
        let (outcome, seen) = match run() {
            Ok(seen) => (Outcome::Passed, seen),
            Err(Not::Failed(seen)) => (Outcome::Failed, seen),
            Err(Not::Skipped(why)) => (Outcome::Skipped, why),
            Err(Not::Broken(error)) => {
                self.broken = Some(error);
                return false;
            }
        };
        (self.told)(Case { name, outcome, expected: expected.into(), seen, mend, took: begun.elapsed() });
        outcome == Outcome::Passed
    }
}

/// Runs all of them.
pub(super) fn run(bench: &mut Bench, told: &mut dyn FnMut(Case)) -> Result<(), TrialError> {
    let mut teller = Teller { told, broken: None };
    let before = bench.snapshot()?;
    let is_sound = teller.case(
        "check",
        "no errors in the manifest, its files and the configuration",
        "correct what is named; `zwelnch check` shows it with file and line",
        || check(bench),
    );
    let has_start = matches!(bench.component().command(Phase::Start), Ok(Some(_)));
    let mut started = if is_sound { bench.start(0).ok() } else { None };
    let lives = life(bench, &mut teller, &mut started, is_sound, has_start);
    let altered = operated(bench, &mut teller, &mut started, lives);
    ended(bench, &mut teller, started, (lives, has_start));
    teller.case(
        "writes",
        "nothing but the workspace and the logs is written to: the component's directory and the runtime may be read-only",
        "write below $ZWE_zowe_workspaceDirectory (with $ZWE_haInstance_id in the name) or $ZWE_zowe_logDirectory",
        || if is_sound { writes(bench, &before, &altered) } else { skipped("the check failed") },
    );
    for (name, shell) in SHELLS {
        teller.case(
            name,
            format!("it is ready, and stops, with {shell} as the shell of its commands"),
            "keep to what POSIX has in a shell, or begin with `exec bash script`",
            || match find(shell) {
                _ if !lives => skipped("it did not come up with the usual shell"),
                None => skipped(&format!("{shell} is not installed")),
                Some(path) => again(bench, Surroundings { shell: Some(path), ..Surroundings::default() }),
            },
        );
    }
    teller.case(
        "odd-names",
        "it is ready, and stops, where directories and variables have blanks, quotes, $ and letters beyond ASCII",
        "put double quotes around every variable: \"$ZWE_zowe_workspaceDirectory\"",
        || match lives {
            false => skipped("it did not come up with usual names"),
            true => again(bench, Surroundings { directories: ODD_DIRECTORIES, variable: ODD_VALUE, ..Surroundings::default() }),
        },
    );
    teller.broken.map_or(Ok(()), Err)
}

fn check(bench: &Bench) -> Verdict {
    let report = inspect::check(&bench.sources()?, &[], &NativePlatform::for_command(), None);
    let (errors, _) = report.counts();
    let text = report.text();
    if errors > 0 { Err(Not::Failed(text.trim_end().to_owned())) } else { Ok(text.trim_end().to_owned()) }
}

/// From validate to its first answer; true: it is up.
fn life(bench: &Bench, teller: &mut Teller<'_>, started: &mut Option<Started>, is_sound: bool, has_start: bool) -> bool {
    let needs = if is_sound { "the instance could not be started" } else { "the check failed" };
    let mut is_well = started.is_some();
    for (step, expected) in [
        ("validate", "its validate command, if it has one, ends with 0"),
        ("configure", "its configure command, if it has one, ends with 0"),
    ] {
        let well = is_well;
        is_well &=
            teller.case(step, expected, "see its last lines; the command runs in the component's directory with its environment", || {
                let Some(started) = started.as_mut().filter(|_| well) else { return skipped(needs) };
                step_ended(bench, started, step)
            });
    }
    let well = is_well;
    is_well &= teller.case("start", "its start command runs", "see its last lines; let the script end in `exec program`", || {
        let Some(started) = started.as_mut().filter(|_| well) else { return skipped("it is not configured") };
        if !has_start {
            return skipped("it has no start command");
        }
        let pid = bench.wait(started, PREPARATION, |events| spawned(events, bench.name(), 0));
        pid.map(|(pid, _)| format!("process {pid}")).map_err(|why| unmet(bench, started, "it was not started", why))
    });
    let limit = bench.limit;
    let well = is_well;
    is_well &= teller.case(
        "ready",
        format!("it is ready within {}", in_words(limit)),
        "say when it serves: `readiness` in the manifest; give it more time with --timeout",
        || {
            let Some(started) = started.as_mut().filter(|_| well) else { return skipped("it was not started") };
            wait_ready(bench, started, 0)
        },
    );
    let well = is_well;
    teller.case(
        "endpoint",
        "its health check, or its port, answers over HTTP or HTTPS",
        "let it listen on ZWE_configs_port, and name its health check in the static definition (healthCheckRelativeUrl)",
        || match started.as_ref().filter(|_| well) {
            Some(started) => answers(bench, started.id),
            None => skipped("it is not ready"),
        },
    );
    is_well
}

/// RESTART, a kill, a second HA instance, a validate command that fails. Returns the files that were altered for it.
fn operated(bench: &Bench, teller: &mut Teller<'_>, started: &mut Option<Started>, lives: bool) -> Vec<PathBuf> {
    let mut altered = Vec::new();
    const DOWN: &str = "it did not come up";
    teller.case(
        "restart",
        "RESTART stops, validates, configures and starts it, and it is ready again",
        "let validate pass once the component is down, and free the port when it ends",
        || {
            let Some(started) = started.as_mut().filter(|_| lives) else { return skipped(DOWN) };
            let before = starts(&started.events, bench.name());
            let (lines, accepted) = bench.issue(&format!("F {},APPL=RESTART({})", started.job, bench.name()));
            if !accepted {
                return Err(Not::Failed(lines.join("\n")));
            }
            wait_ready(bench, started, before)
        },
    );
    teller.case(
        "kill",
        "after SIGKILL it is started again and comes up",
        "let it start over what a killed process leaves: files with process ids, sockets, locks, children that hold its port",
        || {
            let Some(started) = started.as_mut().filter(|_| lives) else { return skipped(DOWN) };
            let before = starts(&started.events, bench.name());
            let Some((pid, _)) = before.checked_sub(1).and_then(|last| spawned(&started.events, bench.name(), last)) else {
                return skipped("it is not running");
            };
            if let Err(error) = kill(Pid::from_raw(pid), Signal::SIGKILL) {
                return Err(Not::Failed(format!("process {pid} cannot be killed: {error}")));
            }
            let seen = wait_ready(bench, started, before)?;
            let answer = match answers(bench, started.id) {
                Err(Not::Skipped(_)) => None,
                answer => Some(answer?),
            };
            Ok([Some(seen), answer].into_iter().flatten().collect::<Vec<_>>().join("\n"))
        },
    );
    teller.case(
        "two-instances",
        "a second HA instance runs beside it on the same workspace, and its end leaves the first one running",
        "put $ZWE_haInstance_id into the name of every file in the workspace, and take every port from the configuration",
        || match started.as_mut().filter(|_| lives) {
            Some(started) => two(bench, started),
            None => skipped(DOWN),
        },
    );
    teller.case(
        "failing-validate",
        "a RESTART that its validate command refuses leaves it running",
        "let validate change nothing, and let it start again as it was",
        || match started.as_mut().filter(|_| lives) {
            Some(started) => failing_validate(bench, started, &mut altered),
            None => skipped(DOWN),
        },
    );
    altered
}

fn two(bench: &Bench, first: &mut Started) -> Verdict {
    let mut second = bench.start(1).map_err(Not::Failed)?;
    let result = wait_ready(bench, &mut second, 0).and_then(|seen| {
        for id in [first.id, second.id] {
            match answers(bench, id) {
                Err(Not::Skipped(_)) | Ok(_) => {}
                Err(Not::Failed(why)) => return Err(Not::Failed(format!("HA instance {id}: {why}"))),
                Err(broken) => return Err(broken),
            }
        }
        Ok(seen)
    });
    let stopped = bench.stop(&mut second);
    let seen = result?;
    stopped.map_err(|why| unmet(bench, &second, "the second HA instance does not end", why))?;
    is_up(bench, first).map(|()| format!("the second one: {seen}"))
}

/// The copy of the component gets a validate command that fails, and its own back.
fn failing_validate(bench: &Bench, started: &mut Started, altered: &mut Vec<PathBuf>) -> Verdict {
    let component = bench.component();
    let file = match component.command(Phase::Validate) {
        Ok(Some(command)) => command.file,
        _ => component.directory.join("bin/validate.sh"),
    };
    let failed = |why| Not::Broken(TrialError::Io { path: file.clone(), why });
    let kept = crate::platform::files::unless_missing(std::fs::read(&file)).map_err(failed)?;
    if let Some(parent) = file.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
        altered.push(parent.to_path_buf());
    }
    altered.push(file.clone());
    std::fs::write(&file, "echo 'this validate command fails on purpose: zwelnch component test'\nexit 8\n").map_err(failed)?;
    let (lines, accepted) = bench.issue(&format!("F {},APPL=RESTART({})", started.job, bench.name()));
    let up = is_up(bench, started);
    match kept {
        Some(content) => std::fs::write(&file, content).map_err(failed)?,
        None => std::fs::remove_file(&file).map_err(failed)?,
    }
    up?;
    if accepted {
        return Err(Not::Failed(format!("RESTART was accepted\n{}", lines.join("\n"))));
    }
    Ok("RESTART was refused, and it runs as before".to_owned())
}

fn ended(bench: &Bench, teller: &mut Teller<'_>, started: Option<Started>, (lives, has_start): (bool, bool)) {
    let Some(mut started) = started else {
        teller.case("stop", STOP_EXPECTED, STOP_MEND, || skipped("it was not started"));
        return;
    };
    teller.case("stop", STOP_EXPECTED, STOP_MEND, || {
        let begin = started.events.len();
        let stopped = bench.stop(&mut started);
        let (code, took) = match stopped {
            Ok(stopped) => stopped,
            // It had ended before, as an earlier case tells.
            Err(Unmet::Ended) if !lives => return skipped("the launcher has ended before"),
            Err(why) => return Err(unmet(bench, &started, "the instance does not end", why)),
        };
        if !lives && has_start {
            return skipped("it did not come up");
        }
        let is_killed = |event: &Event| matches!(event, Event::Ended { component, signal: Some(signal), .. } if component == bench.name() && signal == "SIGKILL");
        if started.events.iter().skip(begin).any(is_killed) {
            return Err(Not::Failed(format!("SIGTERM did not end it: it was killed when the grace time was over, after {}", in_words(took))));
        }
        if code != Some(0) {
            return Err(Not::Failed(format!("the launcher ended with condition code {}", code.map_or("?".to_owned(), |code| code.to_string()))));
        }
        left(bench, started.id).map(|()| format!("after {}, no process and no port is left", in_words(took)))
    });
}

const STOP_EXPECTED: &str = "P ends it within the grace time, and leaves no process and no port";
const STOP_MEND: &str = "let the start script end in `exec program`, and the program in SIGTERM; keep ZWELNCH_RUN in the environment of what \
    becomes a daemon";

fn writes(bench: &Bench, before: &[(PathBuf, Snapshot); 2], altered: &[PathBuf]) -> Verdict {
    let is_ours = |path: &Path| altered.iter().any(|altered| altered == path);
    let changes: Vec<String> =
        before.iter().zip(&bench.snapshot()?).flat_map(|((root, then), (_, now))| then.changes(now, root, &is_ours)).collect();
    if changes.is_empty() {
        Ok("the component's directory and the runtime are as they were".to_owned())
    } else {
        Err(Not::Failed(changes.join("\n")))
    }
}

/// A start, an answer and a stop in other surroundings.
fn again(bench: &mut Bench, surroundings: Surroundings) -> Verdict {
    bench.surround(surroundings)?;
    let mut started = bench.start(0).map_err(Not::Failed)?;
    let result = wait_ready(bench, &mut started, 0).and_then(|seen| match answers(bench, started.id) {
        Ok(_) | Err(Not::Skipped(_)) => Ok(seen),
        Err(why) => Err(why),
    });
    let stopped = bench.stop(&mut started);
    let seen = result?;
    stopped.map_err(|why| unmet(bench, &started, "the instance does not end", why))?;
    left(bench, started.id).map(|()| seen)
}

/// A program in PATH.
fn find(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|directory| directory.join(name))
        .find(|path| path.is_absolute() && may_be_file(path))
}
