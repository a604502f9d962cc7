//! Component packages as `zwe components` handles them: list, install, upgrade, uninstall, enable, disable, search; and packing one. What is
//! decided (what an archive may hold, how files are tagged, what a handler is told, how a configuration is edited) is a function of its input;
//! the shell around it (`unpack`, `install`, `uninstall`) does the files. Contract: docs/contract/components.md.

pub mod archive;
mod edit;
mod hook;
mod install;
mod list;
#[cfg(feature = "emulation")]
mod pack;
mod place;
mod read;
pub mod registry;
mod tags;
mod tar;
mod uninstall;
mod unpack;
mod zip;

pub use edit::{Scope, enable};
pub use install::{Installation, install};
pub use list::{list, list_json};
#[cfg(feature = "emulation")]
pub use pack::{Packing, pack};
pub use registry::{Asked, search};
pub use tags::{Tagging, report as tag_report, tagging_of};
pub use uninstall::{Removal, uninstall};

use crate::config::Configuration;
use crate::message::Message;
use crate::platform::Platform;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a command works on.
pub struct Subject<'a> {
    /// Without an overlay.
    pub configuration: &'a Configuration,
    /// CONFIG as it was given.
    pub config: &'a str,
    /// The system.
    pub platform: Arc<dyn Platform>,
    /// Who hears of it.
    pub voice: &'a mut dyn Voice,
}

/// Reads an archive, for the fuzzer: small bounds, and nothing is laid down.
#[cfg(all(any(test, fuzzing), feature = "emulation"))]
pub fn fuzz_archive(bytes: &[u8]) {
    use std::io::{Read, Write, sink};
    let bounds = archive::Bounds { entries: 1000, bytes: 1 << 20, ..archive::Bounds::default() };
    let Ok(mut file) = crate::platform::unix::temporary_file() else { return };
    if file.write_all(bytes).is_err() {
        return;
    }
    let mut take = |entry: &archive::Entry, content: &mut dyn Read| {
        let steps = archive::steps(&entry.name, &bounds)?;
        assert!(steps.iter().all(|step| !step.is_empty() && step != ".." && !step.contains(['/', '\0'])));
        std::io::copy(content, &mut sink()).map(drop).map_err(archive::Refusal::from)
    };
    let _ = read::read(&file, bounds, &mut take);
}

/// Where a command says what it does.
pub trait Voice {
    /// A message of the catalogue.
    fn say(&mut self, message: Message);
    /// A line of an answer: what was done, what a script has written.
    fn text(&mut self, text: &str);
}

/// Why a command ends before its time: what is said, and its exit code.
#[derive(Debug, Clone)]
pub struct Stop {
    /// Said last, in this order.
    pub messages: Vec<Message>,
    /// 1 to 255.
    pub code: i32,
}

impl From<Message> for Stop {
    fn from(message: Message) -> Stop {
        Stop { code: code_of(&message), messages: vec![message] }
    }
}

/// The exit code of zwe for a message of its own: the number modulo 256. 8 for ours.
pub fn code_of(message: &Message) -> i32 {
    let number: i32 = message.id().chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0);
    match number {
        // zwe has its number, and ends with another code.
        315 => 255,
        1..900 => number % 256,
        _ => 8,
    }
}

impl Subject<'_> {
    /// `zowe.runtimeDirectory`.
    fn runtime(&self) -> PathBuf {
        self.configuration.runtime_directory().unwrap_or_default()
    }

    /// `zowe.extensionDirectory`, absolute.
    fn extensions(&self) -> Result<PathBuf, Stop> {
        let named = self.configuration.extension_directory().ok_or_else(crate::message::extension_directory_not_defined)?;
        let absolute = std::path::absolute(&named).unwrap_or(named);
        if absolute.parent().is_none() {
            return Err(crate::message::install_in_root().into());
        }
        Ok(absolute)
    }
}

/// How a path is shown.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
