//! The encoding that key stores and keys have: DER, and as Java reads it too BER, whose lengths may be open and whose strings in pieces.

use std::borrow::Cow;

/// How deep open lengths and pieces may be nested: far deeper than any key store is.
const DEPTH: usize = 16;
/// The bit of a tag that says that its content is made of elements.
const CONSTRUCTED: u8 = 0x20;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const BMP_STRING: u8 = 0x1e;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// `[0]`, made of elements.
pub(super) const CONTEXT_0: u8 = 0xa0;

/// One element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
}

/// The element that bytes begin with, and what is behind it.
pub(super) fn first(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    split(bytes, DEPTH)
}

fn split(bytes: &[u8], depth: usize) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&length, rest) = rest.split_first()?;
    // Tags of several bytes do not occur.
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (length, rest) = match length {
        0x80 => return open(tag, rest, depth),
        0x81..=0x88 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            let length = digits.iter().fold(0_u64, |sum, digit| (sum << 8) | u64::from(*digit));
            (usize::try_from(length).ok()?, rest)
        }
        0x89.. => return None,
        short => (usize::from(short), rest),
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((Element { tag, content }, rest))
}

/// An element of open length, up to the two zeros that end it.
fn open(tag: u8, bytes: &[u8], depth: usize) -> Option<(Element<'_>, &[u8])> {
    let depth = depth.checked_sub(1).filter(|_| tag & CONSTRUCTED != 0)?;
    let mut rest = bytes;
    loop {
        if let Some(after) = rest.strip_prefix(&[0, 0]) {
            let content = bytes.get(..bytes.len() - rest.len())?;
            return Some((Element { tag, content }, after));
        }
        rest = split(rest, depth)?.1;
    }
}

impl<'a> Element<'a> {
    /// The element, if it has this tag.
    pub(super) fn of(self, tag: u8) -> Option<Element<'a>> {
        (self.tag == tag).then_some(self)
    }

    /// The elements that it is made of.
    pub(super) fn elements(self) -> Option<Vec<Element<'a>>> {
        let (mut found, mut rest) = (Vec::new(), self.content);
        while !rest.is_empty() {
            let (element, after) = first(rest)?;
            found.push(element);
            rest = after;
        }
        Some(found)
    }

    /// The bytes of a string of octets, in one piece or in several; `[0]` may stand for its tag.
    pub(super) fn octets(self) -> Option<Cow<'a, [u8]>> {
        self.octets_within(DEPTH)
    }

    fn octets_within(self, depth: usize) -> Option<Cow<'a, [u8]>> {
        if !matches!(self.tag & !CONSTRUCTED, OCTET_STRING | 0x80) {
            return None;
        }
        if self.tag & CONSTRUCTED == 0 {
            return Some(Cow::Borrowed(self.content));
        }
        let depth = depth.checked_sub(1)?;
        let pieces = self.elements()?.into_iter().map(|piece| piece.octets_within(depth)).collect::<Option<Vec<_>>>()?;
        Some(Cow::Owned(pieces.concat()))
    }

    /// A number that is not negative.
    pub(super) fn number(self) -> Option<u64> {
        let digits = self.of(INTEGER)?.content;
        let is_small = !digits.is_empty() && digits.len() <= 8 && digits.first().is_some_and(|first| *first < 0x80);
        is_small.then(|| digits.iter().fold(0, |sum, digit| (sum << 8) | u64::from(*digit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn open_lengths_and_strings_in_pieces_are_the_same_as_closed_ones() {
        let closed = [0x30, 0x07, 0x04, 0x02, 1, 2, 0x02, 0x01, 5];
        let opened = [0x30, 0x80, 0x24, 0x80, 0x04, 1, 1, 0x04, 1, 2, 0, 0, 0x02, 0x01, 5, 0, 0, 9];
        for bytes in [&closed[..], &opened] {
            let elements = first(bytes).unwrap().0.of(SEQUENCE).unwrap().elements().unwrap();
            assert_eq!((elements[0].octets().unwrap().as_ref(), elements[1].number()), (&[1, 2][..], Some(5)));
        }
        assert_eq!(first(&opened).unwrap().1, [9]);
        assert_eq!(first(&[0x30, 0x80].repeat(1000)), None, "nested without an end");
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Some((element, rest)) = first(&bytes) {
                prop_assert!(element.content.len() + rest.len() < bytes.len());
                let _ = (element.elements(), element.octets(), element.number());
            }
        }
    }
}
