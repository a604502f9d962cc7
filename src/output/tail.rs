//! The last lines of a component, to show why it ended. A thousand components have one each, so it is limited and not stored as separate
//! lines.

/// The number of lines that are repeated.
pub(super) const LINES: usize = 10;
/// The number of bytes of one line that are repeated.
const COLUMNS: usize = 500;
/// Bytes kept; up to twice as many while the component writes.
const KEPT: usize = 2048;

#[derive(Debug, Default)]
pub(super) struct Tail {
    bytes: Vec<u8>,
}

impl Tail {
    /// Remembers the end of a block of whole lines.
    pub(super) fn push(&mut self, block: &[u8]) {
        if block.len() >= KEPT {
            self.bytes.clear();
        }
        let block = &block[block.len().saturating_sub(KEPT)..];
        if self.bytes.len() + block.len() > 2 * KEPT {
            self.bytes.drain(..self.bytes.len() + block.len() - KEPT);
        }
        // Not twice as much, as a vector would grow by itself.
        if self.bytes.len() + block.len() > self.bytes.capacity() {
            let wanted = (self.bytes.capacity() + block.len()).next_power_of_two().min(2 * KEPT);
            self.bytes.reserve_exact(wanted.saturating_sub(self.bytes.len()));
        }
        self.bytes.extend_from_slice(block);
    }

    /// The last lines, in order. Of a long line only the end is kept, and the beginning of that is shown.
    pub(super) fn lines(&self) -> Vec<&[u8]> {
        let mut lines: Vec<&[u8]> = self.bytes.split(|byte| *byte == b'\n').rev().filter(|line| !line.is_empty()).take(LINES).collect();
        lines.reverse();
        lines.iter().map(|line| &line[..line.len().min(COLUMNS)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ten_lines_whatever_the_blocks() {
        let mut tail = Tail::default();
        for number in 0..1000 {
            tail.push(format!("line {number}\n\n").as_bytes());
        }
        let expected: Vec<String> = (990..1000).map(|number| format!("line {number}")).collect();
        assert_eq!(tail.lines(), expected.iter().map(String::as_bytes).collect::<Vec<_>>());
        tail.push(format!("{}\nlast\n", "x".repeat(100_000)).as_bytes());
        assert_eq!(tail.lines(), [&[b'x'; 500][..], &b"last"[..]]);
        assert!(tail.bytes.capacity() <= 2 * KEPT);
    }
}
