//! The environment of a child in two layers: the part that all components share is prepared once, and only the differences are given for
//! each. With a thousand components the shared part has thousands of variables, and making it anew for each start would be most of the cost
//! of the start.

use std::collections::BTreeMap;
use std::ffi::{CStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;

/// Names and values of variables. Values are bytes: they reach a component unchanged.
pub type Environment = BTreeMap<String, OsString>;

/// Variables in the system's form, `NAME=value` and a NUL byte each, in the order of their names. Immutable.
#[derive(Default)]
pub struct PreparedEnvironment {
    bytes: Vec<u8>,
    /// Where each entry begins, and how long its name is.
    entries: Vec<(usize, usize)>,
}

impl std::fmt::Debug for PreparedEnvironment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values can be secrets.
        formatter.debug_struct("PreparedEnvironment").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}

impl PreparedEnvironment {
    /// # Errors
    /// InvalidInput for a name or value with a NUL byte, or a name that is empty or contains `=`.
    pub fn new(environment: &Environment) -> io::Result<PreparedEnvironment> {
        let mut prepared = PreparedEnvironment::default();
        let size = environment.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
        prepared.bytes.reserve_exact(size);
        prepared.entries.reserve_exact(environment.len());
        for (name, value) in environment {
            prepared.push(name, value.as_bytes())?;
        }
        Ok(prepared)
    }

    fn push(&mut self, name: &str, value: &[u8]) -> io::Result<()> {
        if name.is_empty() || name.contains(['=', '\0']) || value.contains(&0) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{name:?} cannot be a variable of a process")));
        }
        self.entries.push((self.bytes.len(), name.len()));
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(b'=');
        self.bytes.extend_from_slice(value);
        self.bytes.push(0);
        Ok(())
    }

    fn name(&self, index: usize) -> &[u8] {
        let (begin, length) = self.entries[index];
        &self.bytes[begin..begin + length]
    }

    /// An entry, with the NUL byte at its end.
    fn entry(&self, index: usize) -> &[u8] {
        let begin = self.entries[index].0;
        let end = self.entries.get(index + 1).map_or(self.bytes.len(), |(next, _)| *next);
        &self.bytes[begin..end]
    }

    /// Where a name is; if it is not there, where it would be.
    fn find(&self, name: &[u8]) -> Result<usize, usize> {
        self.entries.binary_search_by(|(begin, length)| self.bytes[*begin..*begin + *length].cmp(name))
    }
}

/// The whole environment of one child.
#[derive(Debug, Clone, Copy)]
pub struct ChildEnvironment<'a> {
    pub base: &'a PreparedEnvironment,
    /// Takes precedence over `base`.
    pub own: &'a PreparedEnvironment,
    /// `NAME=value`; takes precedence over both.
    pub marker: Option<&'a CStr>,
}

impl<'a> ChildEnvironment<'a> {
    /// The entries of all layers, each name once.
    pub fn entries(&self) -> Vec<&'a CStr> {
        // Each has exactly one NUL byte, at its end.
        self.merged().into_iter().map(|entry| CStr::from_bytes_with_nul(entry).unwrap_or_default()).collect()
    }

    /// Where the entries are in memory, with a null at the end.
    #[cfg(zwelnch_linux)]
    pub fn pointers(&self) -> Vec<*const std::ffi::c_char> {
        self.merged().into_iter().map(|entry| entry.as_ptr().cast()).chain([std::ptr::null()]).collect()
    }

    /// The entries, NUL bytes included. The shared layer has thousands, the component's own a handful: so the places of these are looked for,
    /// and what is between two of them is taken as it is.
    fn merged(&self) -> Vec<&'a [u8]> {
        let (base, own) = (self.base, self.own);
        let mut merged = Vec::with_capacity(base.entries.len() + own.entries.len() + 1);
        let mut done = 0;
        for index in 0..own.entries.len() {
            let (end, next) = base.find(own.name(index)).map_or_else(|place| (place, place), |found| (found, found + 1));
            merged.extend((done..end).map(|index| base.entry(index)));
            merged.push(own.entry(index));
            done = next;
        }
        merged.extend((done..base.entries.len()).map(|index| base.entry(index)));
        if let Some(marker) = self.marker.map(CStr::to_bytes_with_nul) {
            if let Ok(found) = merged.binary_search_by(|entry| name_of(entry).cmp(name_of(marker))) {
                merged.remove(found);
            }
            merged.push(marker);
        }
        merged
    }
}

/// The name in `NAME=value`.
fn name_of(entry: &[u8]) -> &[u8] {
    &entry[..memchr::memchr(b'=', entry).unwrap_or(entry.len())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn environment() -> impl Strategy<Value = Environment> {
        proptest::collection::btree_map("[A-D_]{1,3}", "[^\\x00]{0,5}".prop_map(Into::into), 0..12)
    }

    proptest! {
        #[test]
        fn the_layers_are_what_one_map_extended_by_the_other_is(base in environment(), own in environment()) {
            let mut whole = base.clone();
            whole.extend(own.clone());
            let expected: Vec<Vec<u8>> =
                whole.iter().map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()].concat()).collect();
            let (base, own) = (PreparedEnvironment::new(&base).unwrap(), PreparedEnvironment::new(&own).unwrap());
            let entries: Vec<Vec<u8>> =
                ChildEnvironment { base: &base, own: &own, marker: None }.entries().iter().map(|entry| entry.to_bytes().to_vec()).collect();
            prop_assert_eq!(entries, expected);
        }
    }

    #[test]
    fn the_marker_wins() {
        let base = PreparedEnvironment::new(&Environment::from([("M".to_owned(), "1".into()), ("MM".to_owned(), "2".into())])).unwrap();
        let environment = ChildEnvironment { base: &base, own: &base, marker: Some(c"M=3") };
        assert_eq!(environment.entries(), [c"MM=2", c"M=3"]);
    }

    #[test]
    fn what_no_process_can_have_is_an_error() {
        for (name, value) in [("", "x"), ("A=B", "x"), ("A", "x\0y")] {
            assert!(PreparedEnvironment::new(&Environment::from([(name.to_owned(), value.into())])).is_err(), "{name:?}");
        }
    }
}
