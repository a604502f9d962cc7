//! Whether one of several texts begins somewhere, for texts that begin alike, as message ids do: in most logs each line has such a beginning
//! without being wanted, and an automaton would be begun for each of them. Pure.

/// The most different first bytes.
const FIRST: usize = 3;
/// The shortest text that tells itself from others by its beginning, and the most bytes of it that are looked at at once.
const SHORTEST: usize = 4;
const WINDOW: usize = 8;
/// The words of the table of beginnings.
const WORDS: usize = 64;

#[derive(Debug)]
pub(super) struct Sieve {
    first: Vec<u8>,
    /// Has the bytes of a window that all keys are long enough for.
    mask: u64,
    /// A bit for each beginning; others may have the same bit.
    beginnings: [u64; WORDS],
    /// The same exactly: a log may hold one in every line that has the bit of another.
    windows: Vec<u64>,
    keys: Vec<Box<[u8]>>,
}

impl Sieve {
    /// None for texts that are too short or begin too differently.
    pub(super) fn new(keys: &[&[u8]]) -> Option<Sieve> {
        let shortest = keys.iter().map(|key| key.len()).min().filter(|shortest| *shortest >= SHORTEST)?;
        let mut first: Vec<u8> = keys.iter().map(|key| key[0]).collect();
        first.sort_unstable();
        first.dedup();
        if first.len() > FIRST {
            return None;
        }
        let mask = u64::MAX >> (8 * WINDOW.saturating_sub(shortest));
        let mut beginnings = [0; WORDS];
        let windows: Vec<u64> = keys.iter().map(|key| window(key) & mask).collect();
        for window in &windows {
            let (word, bit) = place(*window);
            beginnings[word] |= bit;
        }
        Some(Sieve { first, mask, beginnings, windows, keys: keys.iter().map(|key| (*key).into()).collect() })
    }

    /// Where the first of them begins.
    pub(super) fn find(&self, text: &[u8]) -> Option<usize> {
        let is_one = |at: &usize| {
            let window = window(&text[*at..]) & self.mask;
            let (word, bit) = place(window);
            let is_known = self.beginnings[word] & bit != 0 && self.windows.contains(&window);
            is_known && self.keys.iter().any(|key| text[*at..].starts_with(key))
        };
        match self.first[..] {
            [one] => memchr::memchr_iter(one, text).find(is_one),
            [one, two] => memchr::memchr2_iter(one, two, text).find(is_one),
            [one, two, three] => memchr::memchr3_iter(one, two, three, text).find(is_one),
            _ => None,
        }
    }
}

/// The first bytes of a text, with zeros where it ends before.
fn window(text: &[u8]) -> u64 {
    match text.first_chunk::<WINDOW>() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => text.iter().rev().fold(0, |window, byte| window << 8 | u64::from(*byte)),
    }
}

/// The place of a beginning in the table.
fn place(window: u64) -> (usize, u64) {
    // The upper bits of a product depend on all bits of what is multiplied.
    let hash = window.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52;
    (hash as usize / 64, 1 << (hash % 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_begins_alike_is_told_apart() {
        let sieve = Sieve::new(&[b"ZWEAM000I", b"ZWED0031I", b"ZWESVSM"]).unwrap();
        for (text, at) in [
            ("2026-11-27 <ZWEADS1:1> ZWEAM000I up", Some(23)),
            ("<ZWEADS1:1> ZWEAM000J up", None),
            ("ZZWESVSM", Some(1)),
            ("ZWESVS", None),
            ("Z", None),
            ("", None),
            ("x ZWED0031I", Some(2)),
        ] {
            assert_eq!(sieve.find(text.as_bytes()), at, "{text}");
        }
        assert!(Sieve::new(&[]).is_none() && Sieve::new(&[b"abc"]).is_none());
        assert!(Sieve::new(&[b"abcd", b"bcde", b"cdef"]).is_some() && Sieve::new(&[b"abcd", b"bcde", b"cdef", b"defg"]).is_none());
    }

    proptest! {
        #[test]
        fn it_finds_what_a_search_of_every_place_finds(
            keys in prop::collection::vec("[ab]{4,10}", 1..5),
            text in prop::collection::vec(prop::sample::select(b"aabb\n\0".to_vec()), 0..80),
        ) {
            let keys: Vec<&[u8]> = keys.iter().map(String::as_bytes).collect();
            let expected = (0..text.len()).find(|at| keys.iter().any(|key| text[*at..].starts_with(key)));
            prop_assert_eq!(Sieve::new(&keys).unwrap().find(&text), expected);
        }
    }
}
