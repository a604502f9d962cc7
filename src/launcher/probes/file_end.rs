//! A text that is waited for in a file.

use super::no_answer::NoAnswer;
use crate::output::AwaitedText;
use std::collections::VecDeque;
use std::fs::Metadata;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Looks for texts in what is appended to a file from now on. A file that takes its place, or that is begun anew, is read from its
/// beginning.
pub(in super::super) struct FileEnd {
    file: PathBuf,
    texts: Vec<AwaitedText>,
    /// Device and inode.
    identity: Option<(u64, u64)>,
    position: u64,
    /// What stands before the position: a file that was truncated and has grown beyond it has something else there.
    before: VecDeque<u8>,
    /// The beginning of a line whose end is not there yet.
    partial: VecDeque<u8>,
}

/// Of one line, and of what is read at a time.
const LINE_LIMIT: usize = 64 * 1024;
/// Bytes by which a file is known again.
const KNOWN_BEFORE: usize = 1024;

impl FileEnd {
    pub(super) fn new(file: PathBuf, texts: &[String]) -> FileEnd {
        let texts = texts.iter().filter_map(|text| AwaitedText::new(text)).collect();
        let mut end = FileEnd { file, texts, identity: None, position: 0, before: VecDeque::new(), partial: VecDeque::new() };
        // What cannot be read now is read from its beginning when it can.
        let _ = end.skip();
        end
    }

    fn skip(&mut self) -> std::io::Result<()> {
        let file = std::fs::File::open(&self.file)?;
        let metadata = file.metadata()?;
        let known = usize::try_from(metadata.len()).map_or(KNOWN_BEFORE, |length| length.min(KNOWN_BEFORE));
        let mut before = vec![0; known];
        file.read_exact_at(&mut before, metadata.len() - known as u64)?;
        (self.identity, self.position, self.before) = (Some((metadata.dev(), metadata.ino())), metadata.len(), before.into());
        Ok(())
    }

    /// Whether it is the file that was read before, up to the position.
    fn is_same(&mut self, file: &std::fs::File, metadata: &Metadata) -> std::io::Result<bool> {
        if self.identity != Some((metadata.dev(), metadata.ino())) || metadata.len() < self.position {
            return Ok(false);
        }
        let mut before = vec![0; self.before.len()];
        file.read_exact_at(&mut before, self.position - self.before.len() as u64)?;
        Ok(before == *self.before.make_contiguous())
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    pub(super) fn look(&mut self) -> Result<(), NoAnswer> {
        match self.find() {
            Ok(true) => Ok(()),
            Ok(false) => Err(NoAnswer::TextNotThere(self.file.clone())),
            Err(source) => Err(NoAnswer::File { file: self.file.clone(), source }),
        }
    }

    fn find(&mut self) -> std::io::Result<bool> {
        let mut file = std::fs::File::open(&self.file)?;
        let metadata = file.metadata()?;
        if !self.is_same(&file, &metadata)? {
            self.position = 0;
            self.before.clear();
            self.partial.clear();
        }
        self.identity = Some((metadata.dev(), metadata.ino()));
        file.seek(SeekFrom::Start(self.position))?;
        let mut block = vec![0; LINE_LIMIT];
        loop {
            let read = file.read(&mut block)?;
            if read == 0 {
                return Ok(false);
            }
            self.position += read as u64;
            self.before.extend(&block[..read]);
            self.before.drain(..self.before.len().saturating_sub(KNOWN_BEFORE));
            self.partial.extend(&block[..read]);
            while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.partial.drain(..=end).collect();
                if self.texts.iter().any(|text| text.is_said_in(&line)) {
                    return Ok(true);
                }
            }
            // A text at the end of a line that never ends counts as well.
            let line = self.partial.make_contiguous();
            if self.texts.iter().any(|text| text.is_said_in(line)) {
                return Ok(true);
            }
            if self.partial.len() > LINE_LIMIT {
                self.partial.drain(..self.partial.len() - LINE_LIMIT);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_file_is_followed_however_it_is_begun_anew() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("m.log");
        let old = "an old line\n".repeat(20);
        let new = format!("{}UP NOW\n{}", "a new line\n".repeat(9), "and more\n".repeat(60));
        let text = ["UP NOW".to_owned()];
        let found = |begin: &dyn Fn()| {
            std::fs::write(&file, old.clone() + "UP NOW\n").unwrap();
            let mut end = FileEnd::new(file.clone(), &text);
            let before = end.look().is_ok();
            begin();
            (before, end.look().is_ok())
        };
        let appended = || std::fs::OpenOptions::new().append(true).open(&file).unwrap().write_all(new.as_bytes()).unwrap();
        assert_eq!(found(&appended), (false, true));
        assert_eq!(found(&|| std::fs::write(&file, &new).unwrap()), (false, true), "truncated");
        let rolled = || {
            std::fs::rename(&file, directory.path().join("m.1")).unwrap();
            std::fs::write(&file, &new).unwrap();
        };
        assert_eq!(found(&rolled), (false, true));
        let removed = || std::fs::remove_file(&file).unwrap();
        assert_eq!(found(&removed), (false, false));
        let mut end = FileEnd::new(file.clone(), &text);
        assert!(end.look().is_err_and(|why| why.to_string().contains("m.log")));
        std::fs::write(&file, "UP").unwrap();
        assert!(end.look().is_err());
        std::fs::write(&file, "UP NOW").unwrap();
        assert!(end.look().is_ok(), "a line without its end");
    }
}
