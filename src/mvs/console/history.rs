//! The commands that were entered, in memory and in the system's file `history`.

use crate::system::{COMMAND_LIMIT, Maker};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The number of commands that are kept.
pub(super) const HISTORY: usize = 1000;

/// The number of bytes read from the end of the file: more than the kept commands can take.
const READ: u64 = (HISTORY * (4 * COMMAND_LIMIT + 1)) as u64;

/// The last commands, oldest first.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct History {
    entries: VecDeque<String>,
}

impl History {
    /// Adds a command; false when it should not be kept: empty, too long for a command, unprintable, or the same as the last one.
    pub(super) fn add(&mut self, command: &str) -> bool {
        let too_long = command.chars().count() > COMMAND_LIMIT;
        if command.trim().is_empty() || too_long || command.chars().any(char::is_control) {
            return false;
        }
        if self.entries.back().is_some_and(|last| last == command) {
            return false;
        }
        if self.entries.len() == HISTORY {
            self.entries.pop_front();
        }
        self.entries.push_back(command.to_owned());
        true
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, at: usize) -> Option<&str> {
        self.entries.get(at).map(String::as_str)
    }

    /// The last entry before `end` that holds a text, without regard to the case of letters; None for an empty text.
    pub(super) fn find(&self, text: &str, end: usize) -> Option<usize> {
        let text = text.to_lowercase();
        let holds = |at: &usize| self.entries.get(*at).is_some_and(|entry| entry.to_lowercase().contains(&text));
        (0..end.min(self.entries.len())).rev().find(holds).filter(|_| !text.is_empty())
    }

    fn from_text(text: &str) -> History {
        let mut history = History::default();
        for line in text.lines() {
            history.add(line);
        }
        history
    }

    fn text(&self) -> String {
        self.entries.iter().flat_map(|entry| [entry.as_str(), "\n"]).collect()
    }
}

/// The file: one command per line, newest last. All consoles of one system append to the same file.
#[derive(Debug)]
pub(super) struct HistoryFile {
    path: PathBuf,
    maker: Maker,
    /// The number of its lines, as far as this console knows.
    lines: usize,
}

impl HistoryFile {
    /// Reads the file; empty when it does not exist or cannot be read, because the console works without it.
    pub(super) fn load(path: PathBuf, maker: Maker) -> (HistoryFile, History) {
        let text = read_end(&path).unwrap_or_default();
        let history = History::from_text(&text);
        (HistoryFile { lines: text.lines().count(), path, maker }, history)
    }

    /// Appends a command, and shortens a file that has twice as many commands as are kept.
    ///
    /// # Errors
    /// The system's; then the command is missing only in later consoles.
    pub(super) fn append(&mut self, command: &str) -> io::Result<()> {
        let mut file = self.maker.append(&self.path)?;
        // One write, so that the lines of two consoles do not mix.
        file.write_all(format!("{command}\n").as_bytes())?;
        self.lines += 1;
        if self.lines >= 2 * HISTORY {
            self.shorten()?;
        }
        Ok(())
    }

    fn shorten(&mut self) -> io::Result<()> {
        // Read again, because other consoles have appended.
        let history = History::from_text(&read_end(&self.path)?);
        self.maker.replace(&self.path, history.text().as_bytes())?;
        self.lines = history.len();
        Ok(())
    }
}

fn read_end(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let from = file.metadata()?.len().saturating_sub(READ);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(READ).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // The first line may be only the rest of one.
    Ok(if from == 0 { text.into_owned() } else { text.split_once('\n').map_or("", |(_, rest)| rest).to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_what_may_be_typed_again_is_kept() {
        let mut history = History::default();
        assert!(history.add("D A,L"));
        assert!(!history.add("D A,L"));
        assert!(history.add("D T"));
        assert!(history.add("D A,L"));
        assert!(!history.add(" "));
        assert!(!history.add("D\x1b[2J"));
        assert!(history.add(&"é".repeat(COMMAND_LIMIT)));
        assert!(!history.add(&"x".repeat(COMMAND_LIMIT + 1)));
        assert_eq!(history.len(), 4);
        for number in 0..HISTORY {
            assert!(history.add(&number.to_string()));
        }
        assert_eq!((history.len(), history.get(0)), (HISTORY, Some("0")));
    }

    #[test]
    fn the_file_is_private_and_does_not_grow_for_ever() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("history");
        let (mut file, history) = HistoryFile::load(path.clone(), Maker::default());
        assert_eq!(history.len(), 0);
        for number in 0..2 * HISTORY - 1 {
            file.append(&format!("D {number}")).unwrap();
        }
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        // Another console's command, which the shortening must not lose.
        let (mut other, history) = HistoryFile::load(path.clone(), Maker::default());
        assert_eq!((history.len(), history.get(HISTORY - 1)), (HISTORY, Some("D 1998")));
        other.append("D OTHER").unwrap();
        file.append("D LAST").unwrap();
        let (shortened, history) = HistoryFile::load(path.clone(), Maker::default());
        assert_eq!((shortened.lines, history.len()), (HISTORY, HISTORY));
        assert_eq!([history.get(HISTORY - 2), history.get(HISTORY - 1)], [Some("D OTHER"), Some("D LAST")]);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_of_anything_does_no_harm() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("history");
        std::fs::write(&path, b"D A,L\n\x1b[2J\n\xff\xfe\n\n\n".repeat(200_000)).unwrap();
        let (_, history) = HistoryFile::load(path, Maker::default());
        assert!(history.len() <= HISTORY && (0..history.len()).all(|at| !history.get(at).unwrap().contains('\x1b')));
    }
}
