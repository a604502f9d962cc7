//! A line that has begun and not ended: a limit for what is held of it, and a lower limit for what is held in memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Beyond this a line continues in an unlinked temporary file, so that one component's endless line does not make the launcher grow.
pub(super) const IN_MEMORY: usize = 1024 * 1024;

/// What is known about the pieces of a line that were shown before its end.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// The beginning of the line as it was shown: a wanted text may lie on both sides of the cut.
    pub(super) text: Vec<u8>,
    /// Whether any of it is on SYSPRINT, and in the component's log file.
    pub(super) printed: bool,
    pub(super) logged: bool,
    /// Whether it has been on the console.
    pub(super) told: bool,
    /// The incomplete character or escape sequence at the end of the last piece.
    pub(super) torn: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Partial {
    /// The beginning of the line, or its end if there is a spill file.
    bytes: Vec<u8>,
    spill: Option<File>,
    /// The bytes of the spill file that count: a write that failed half-way leaves more.
    spilled: u64,
    /// The greatest length that what is held will have when printed.
    columns: u64,
    /// Set when the line's beginning has been shown.
    pub(super) shown: Option<Shown>,
}

impl Partial {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.spill.is_none()
    }

    /// The whole line, if it is shorter than `limit`, in memory, and not shown in part.
    pub(super) fn short(&self, limit: usize) -> Option<&[u8]> {
        (self.spill.is_none() && self.shown.is_none() && self.bytes.len() < limit).then_some(&self.bytes)
    }

    /// Whether it has reached the maximum length of a line.
    pub(super) fn is_full(&self, limit: u64) -> bool {
        self.columns >= limit
    }

    /// Forgets a line that [`Partial::short`] has given.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        // A thousand components have one each.
        self.bytes.shrink_to(16 * 1024);
        self.columns = 0;
    }

    /// The bytes of memory that it takes.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Appends a piece without a line end.
    ///
    /// # Errors
    /// The temporary file's; nothing is lost then: what was held before and the piece are still there.
    pub(super) fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(piece);
        self.columns += super::printable::columns(piece);
        if self.bytes.len() <= IN_MEMORY {
            return Ok(());
        }
        if self.spill.is_none() {
            self.spill = Some(crate::platform::unix::temporary_file()?);
        }
        if let Some(file) = &mut self.spill {
            file.write_all(&self.bytes)?;
            self.spilled += self.bytes.len() as u64;
        }
        self.bytes.clear();
        self.bytes.shrink_to(64 * 1024);
        Ok(())
    }

    /// Passes on in pieces what is held, and holds nothing afterwards.
    ///
    /// # Errors
    /// The temporary file's.
    pub(super) fn take(&mut self, mut piece: impl FnMut(&[u8])) -> io::Result<()> {
        let result = match self.spill.take() {
            None => Ok(()),
            Some(mut file) => {
                let mut buffer = vec![0; 256 * 1024];
                let spilled = std::mem::take(&mut self.spilled);
                file.seek(SeekFrom::Start(0)).and_then(|_| {
                    let mut file = file.take(spilled);
                    loop {
                        match file.read(&mut buffer)? {
                            0 => return Ok(()),
                            length => piece(&buffer[..length]),
                        }
                    }
                })
            }
        };
        piece(&self.bytes);
        self.clear();
        result
    }
}
