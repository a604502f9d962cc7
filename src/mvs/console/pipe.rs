//! Standard input that is no terminal with a line editor: a pipe, a file, or a terminal that can only write lines.

use super::ending::Ending;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{self, BufRead, Read};
use std::os::fd::AsFd;

/// Standard input until a signal ends the console, which is the end of the input then.
pub(super) struct Pipe<'a>(pub(super) &'a Ending);

impl Read for Pipe<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let stdin = io::stdin();
        loop {
            let mut ready = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN), PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
            match poll(&mut ready, PollTimeout::NONE) {
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
                Ok(_) if ready[0].any().unwrap_or(true) => return Ok(0),
                // Not through std's buffer: poll does not know what that holds.
                Ok(_) => match nix::unistd::read(&stdin, buffer) {
                    Err(Errno::EINTR | Errno::EAGAIN) => {}
                    read => return Ok(read?),
                },
            }
        }
    }
}

/// The next line with its end; empty at the end of the input. Of a longer line only the first `limit` bytes.
///
/// # Errors
/// The system's.
pub(super) fn read_line(input: &mut dyn BufRead, limit: u64) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    Read::take(&mut *input, limit).read_until(b'\n', &mut line)?;
    if line.last() != Some(&b'\n') && line.len() as u64 == limit {
        skip_line(input)?;
    }
    Ok(line)
}

/// Skips the rest of a line.
fn skip_line(input: &mut dyn BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let length = buffer.len();
        match memchr::memchr(b'\n', buffer) {
            Some(at) => {
                input.consume(at + 1);
                return Ok(());
            }
            None if length == 0 => return Ok(()),
            None => input.consume(length),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_end_does_not_fill_the_memory() {
        let mut input = io::Cursor::new([vec![b'x'; 100_000], b"\nnext\nlast".to_vec()].concat());
        assert_eq!(read_line(&mut input, 100).unwrap(), vec![b'x'; 100]);
        assert_eq!(read_line(&mut input, 100).unwrap(), b"next\n");
        assert_eq!(read_line(&mut input, 100).unwrap(), b"last");
        assert_eq!(read_line(&mut input, 100).unwrap(), b"");
        assert_eq!(read_line(&mut io::Cursor::new(b"no end"), 3).unwrap(), b"no ");
    }
}
