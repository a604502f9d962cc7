//! The file: ours alone, bounded, and begun anew when others have moved it away.

use crate::output::{LogSettings, shift_files};
use crate::platform::files::is_same;
use crate::platform::private;
use std::fs::File;
use std::io::{self, Write};

/// The least size of a file: one line is shorter.
const LEAST: u64 = 64 * 1024;

pub(super) struct JournalFile {
    settings: LogSettings,
    file: Option<File>,
    /// A line that was written in part could not be taken back.
    is_torn: bool,
}

impl JournalFile {
    pub(super) fn new(settings: LogSettings) -> JournalFile {
        JournalFile { settings, file: None, is_torn: false }
    }

    /// Appends whole lines, in as many files as they need.
    ///
    /// # Errors
    /// Why not all of them are in the file.
    pub(super) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let limit = self.settings.size.max(LEAST);
        let mut rest = lines;
        while !rest.is_empty() {
            let size = self.size()?;
            let room = usize::try_from(limit.saturating_sub(size)).unwrap_or(usize::MAX);
            let fits =
                if rest.len() <= room { rest.len() } else { memchr::memrchr(b'\n', &rest[..room]).map_or(0, |position| position + 1) };
            if fits == 0 && size > 0 {
                self.begin_anew()?;
                continue;
            }
            // A line that is longer than a file may be stands alone.
            let fits = if fits == 0 { memchr::memchr(b'\n', rest).map_or(rest.len(), |position| position + 1) } else { fits };
            self.append(&rest[..fits], size)?;
            rest = &rest[fits..];
        }
        Ok(())
    }

    /// The size of the file that has the name; opens it where it is not open.
    fn size(&mut self) -> io::Result<u64> {
        if let Some(file) = &self.file {
            if is_same(file, &self.settings.path)? {
                return Ok(file.metadata()?.len());
            }
        }
        self.file = None;
        let file = private::append_own(&self.settings.path)?;
        let size = file.metadata()?.len();
        self.file = Some(file);
        Ok(size)
    }

    fn append(&mut self, lines: &[u8], size: u64) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Err(io::ErrorKind::NotFound.into()) };
        if self.is_torn {
            file.write_all(b"\n")?;
            self.is_torn = false;
        }
        file.write_all(lines).inspect_err(|_| {
            // Half a line is no line.
            self.is_torn = file.set_len(size).is_err();
        })
    }

    fn begin_anew(&mut self) -> io::Result<()> {
        shift_files(&self.settings.path, self.settings.count).map_err(io::Error::other)?;
        self.file = None;
        Ok(())
    }
}
