//! A line that has begun and not ended. Lines have no length limit; what is held in memory has one.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Beyond this a line goes on in an unlinked temporary file: one component's endless line must not make the launcher grow.
pub(super) const IN_MEMORY: usize = 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct Partial {
    /// The beginning of the line, or its end when there is a spill file.
    bytes: Vec<u8>,
    spill: Option<File>,
    /// Bytes of the spill file that count: a write that failed half-way leaves more.
    spilled: u64,
}

impl Partial {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.spill.is_none()
    }

    /// All of a line that is shorter than `limit`, and in memory.
    pub(super) fn short(&self, limit: usize) -> Option<&[u8]> {
        (self.spill.is_none() && self.bytes.len() < limit).then_some(&self.bytes)
    }

    /// Forgets a line that [`Partial::short`] has given.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Appends a piece without a line end.
    ///
    /// # Errors
    /// The temporary file's; nothing is lost then, what was held before and the piece are still there.
    pub(super) fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(piece);
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

    /// Hands the line on in pieces and is empty afterwards.
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
        self.bytes.clear();
        result
    }
}
