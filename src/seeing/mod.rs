//! What has happened, for people who look: the events of a journal, the lines of SYSPRINT by component, the story of a failure, and what a
//! message means; the chart of a start. All of it is read from files, so it can be asked while an instance runs and when it has ended.
//! docs/seeing.md.

pub mod chart;
mod events;
mod explain;
mod follow;
mod lines;
#[cfg(feature = "emulation")]
mod place;
mod preparing;
mod since;
mod story;
mod words;

pub use events::{EventFormat, EventQuery, events};
pub use explain::{Explained, all_ids, explain};
pub use lines::{LineQuery, SysprintFiles, SysprintLine, lines, lines_of_files};
#[cfg(feature = "emulation")]
pub use place::{Found, in_spool};
pub use preparing::Preparing;
pub use since::{SinceError, parse_since};
pub use story::{Story, story};
pub use words::{end, stamp, what, words};

use crate::journal::{Line, read_all, read_from};
use std::io;
use std::path::PathBuf;

/// Where events come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    File(PathBuf),
    /// Standard input, to its end.
    Input,
}

impl Source {
    /// Reads all that there is now.
    ///
    /// # Errors
    /// Why it cannot be read; that of whoever takes the lines.
    fn read(&self, take: &mut dyn FnMut(Line) -> io::Result<()>) -> io::Result<()> {
        match self {
            Source::File(path) => read_all(path, take),
            Source::Input => read_from(io::stdin().lock(), take),
        }
    }
}

/// The starts that a journal holds, the last one first; and what is odd about it, if something is.
///
/// # Errors
/// Why it cannot be read.
pub fn starts(source: &Source) -> io::Result<(Vec<chart::Start>, Option<String>)> {
    let (mut starts, mut oddities) = (chart::Starts::default(), events::Oddities::default());
    source.read(&mut |line| {
        match line {
            Ok(record) => starts.take(&record),
            Err(odd) => oddities.note(odd),
        }
        Ok(())
    })?;
    Ok((starts.finish(), oddities.told()))
}

/// Whether somebody wants to see a component: no names mean all of them, `*` in a name stands for anything.
fn is_wanted(names: &[String], component: &str) -> bool {
    names.is_empty() || !crate::console::select(&[component], names).found.is_empty()
}
