//! One look at a block of component output, of which gigabytes may come: whether it can be shown as it is, and how many lines it has.

use super::printable;

/// What a block is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// It has only printable ASCII, tabs and line ends.
    pub(super) is_plain: bool,
    /// How many line ends it has.
    pub(super) lines: usize,
}

/// Bytes that are looked at side by side.
const LANES: usize = 32;
/// Bytes after which what was counted side by side is added up: a lane counts to 255.
const STEP: usize = 255 * LANES;

/// Looks at a block once, without a branch that depends on its bytes: the compiler makes a vector loop of it.
pub(super) fn examine(block: &[u8]) -> Block {
    let mut lines = 0;
    for (index, step) in block.chunks(STEP).enumerate() {
        let (is_text, ends) = look(step);
        // Tabs are rare enough to be looked for only where something is no text.
        if !is_text && !printable::is_plain(step) {
            return Block { is_plain: false, lines: lines + memchr::memchr_iter(b'\n', &block[index * STEP..]).count() };
        }
        lines += ends;
    }
    Block { is_plain: true, lines }
}

/// Whether a part of a block has only printable ASCII and line ends, and how many of these.
fn look(step: &[u8]) -> (bool, usize) {
    let (mut odd, mut ends) = ([0_u8; LANES], [0_u8; LANES]);
    let mut look_at = |bytes: &[u8; LANES]| {
        for ((byte, odd), ends) in bytes.iter().zip(&mut odd).zip(&mut ends) {
            let is_end = u8::from(*byte == b'\n');
            // 0x20 to 0x7e, in one comparison: what follows them is negative.
            let is_text = u8::from(byte.wrapping_add(1) as i8 > 0x20);
            *odd |= (is_text | is_end) ^ 1;
            *ends += is_end;
        }
    };
    let mut whole = step.chunks_exact(LANES);
    whole.by_ref().filter_map(|bytes| bytes.try_into().ok()).for_each(&mut look_at);
    let rest = whole.remainder();
    // Filled up with text.
    let mut last = [b' '; LANES];
    last[..rest.len()].copy_from_slice(rest);
    if !rest.is_empty() {
        look_at(&last);
    }
    (odd.iter().all(|odd| *odd == 0), ends.iter().map(|count| usize::from(*count)).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_rule(bytes: &[u8]) -> Block {
        let is_plain = bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\n'));
        Block { is_plain, lines: bytes.iter().filter(|byte| **byte == b'\n').count() }
    }

    #[test]
    fn every_byte_at_every_place() {
        for length in [1, LANES - 1, LANES, LANES + 1, STEP - 1, STEP, STEP + 1, STEP + LANES] {
            // All bytes of short blocks; of long ones, those at the edges of what is text.
            let edges = [0, 8, 9, 10, 11, 31, 32, 126, 127, 128, 255];
            let bytes: Vec<u8> = if length <= LANES + 1 { (0..=u8::MAX).collect() } else { edges.to_vec() };
            for byte in bytes {
                for place in [0, length / 2, length - 1] {
                    let mut bytes = vec![b'x'; length];
                    bytes[place] = byte;
                    assert_eq!(examine(&bytes), by_rule(&bytes), "{byte} at {place} of {length}");
                }
            }
            assert_eq!(examine(&vec![b'\n'; length]), Block { is_plain: true, lines: length });
        }
        assert_eq!(examine(b""), Block { is_plain: true, lines: 0 });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn as_byte_by_byte(bytes in prop::collection::vec(prop_oneof![9 => 0x20..0x7f_u8, 1 => any::<u8>()], 0..STEP + 3 * LANES)) {
            prop_assert_eq!(examine(&bytes), by_rule(&bytes));
        }
    }
}
