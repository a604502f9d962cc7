//! Issues operator commands by the first program that can: see [`crate::platform::operator_command`].

use super::{ZosPlatform, run};
use crate::platform::CommandAnswer;
use crate::platform::operator_command::{Interface, ORDER, Places, Verdict, shown, verdict};
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// How long a program may take for one command. SDSF and TSO/E wait seconds for an answer, and try other consoles.
const LONGEST: Duration = Duration::from_secs(60);
/// What it needs at least to be begun.
const SHORTEST: Duration = Duration::from_secs(5);

/// Which interfaces there are for this run.
#[derive(Debug, Default)]
pub(super) struct Interfaces {
    /// zowe.runtimeDirectory.
    runtime: OnceLock<PathBuf>,
    /// The only one that may be used.
    chosen: OnceLock<Interface>,
    /// The one that has done it before.
    proven: Mutex<Option<Interface>>,
}

/// What came of one interface.
enum Outcome {
    Done(CommandAnswer),
    /// Its program is not there.
    Absent(String),
    Refused(String),
}

impl Interfaces {
    /// The first one is kept: a run has one runtime directory.
    pub(super) fn use_runtime(&self, runtime: &std::path::Path) {
        let _ = self.runtime.set(runtime.to_path_buf());
    }

    /// The first choice is kept.
    pub(super) fn choose(&self, interface: Interface) {
        let _ = self.chosen.set(interface);
    }

    fn places(&self) -> Places {
        let runtime = self.runtime.get().cloned().or_else(|| std::env::var_os("ZWE_zowe_runtimeDirectory").map(PathBuf::from));
        Places { runtime, path: std::env::var_os("PATH"), zoau_home: std::env::var_os("ZOAU_HOME").map(PathBuf::from) }
    }

    /// The one that was chosen, or all: what has worked before comes first.
    fn in_order(&self) -> Vec<Interface> {
        if let Some(chosen) = self.chosen.get() {
            return vec![chosen.clone()];
        }
        let proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let others = ORDER.into_iter().filter(|interface| Some(interface) != proven.as_ref());
        proven.iter().cloned().chain(others).collect()
    }

    /// # Errors
    /// All refusals, each with its interface: NotFound where there is none at all, else PermissionDenied.
    pub(super) fn issue(&self, platform: &ZosPlatform, command: &str, limit: Option<Duration>) -> io::Result<CommandAnswer> {
        let limit = limit.map_or(LONGEST, |limit| limit.clamp(SHORTEST, LONGEST));
        let places = self.places();
        let (mut refusals, mut kind) = (Vec::new(), io::ErrorKind::NotFound);
        for interface in self.in_order() {
            match by(&interface, platform, &places, command, limit) {
                Outcome::Done(answer) => {
                    *self.proven.lock().unwrap_or_else(PoisonError::into_inner) = Some(interface);
                    return Ok(answer);
                }
                Outcome::Absent(why) => refusals.push(format!("{interface}: {why}")),
                Outcome::Refused(why) => {
                    kind = io::ErrorKind::PermissionDenied;
                    refusals.push(format!("{interface}: {why}"));
                }
            }
        }
        Err(io::Error::new(kind, refusals.join("; ")))
    }
}

fn by(interface: &Interface, platform: &ZosPlatform, places: &Places, command: &str, limit: Duration) -> Outcome {
    let programs = interface.programs(places);
    for program in &programs {
        for attempt in 0..2 {
            let arguments = match interface.arguments(command, &platform.user_id, attempt) {
                Ok(arguments) => arguments,
                Err(why) => return Outcome::Refused(why),
            };
            let ran = match run::run(platform, program, &arguments, limit) {
                Ok(ran) => ran,
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(error) => return Outcome::Refused(format!("{} cannot be run: {error}", program.display())),
            };
            let through = format!("{interface} ({})", program.display());
            match verdict(interface, &ran) {
                Verdict::Answered(lines) => return Outcome::Done(CommandAnswer { lines, through, unclear: None }),
                Verdict::Unclear(why) => return Outcome::Done(CommandAnswer { lines: ran.lines, through, unclear: Some(why) }),
                Verdict::InUse(_) if attempt == 0 => {}
                Verdict::InUse(why) | Verdict::Refused(why) => return Outcome::Refused(why),
            }
        }
    }
    Outcome::Absent(match (programs.is_empty(), interface) {
        (true, Interface::OpercmdRex) => "it is below the runtime directory, which is not known".to_owned(),
        (true, _) => "not in PATH".to_owned(),
        (false, _) => format!("not there: {}", shown(&programs)),
    })
}
