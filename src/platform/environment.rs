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

    fn entry(&self, index: usize) -> &CStr {
        let begin = self.entries[index].0;
        let end = self.entries.get(index + 1).map_or(self.bytes.len(), |(next, _)| *next);
        // `push` has put exactly one NUL byte there, at the end.
        CStr::from_bytes_with_nul(&self.bytes[begin..end]).unwrap_or_default()
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
        let mut entries = self.merged();
        if let Some(marker) = self.marker {
            let marker_text = marker.to_bytes();
            let length = marker_text.iter().position(|byte| *byte == b'=').map_or(marker_text.len(), |position| position + 1);
            entries.retain(|entry| !entry.to_bytes().starts_with(&marker_text[..length]));
            entries.push(marker);
        }
        entries
    }

    fn merged(&self) -> Vec<&'a CStr> {
        let (base, own) = (self.base, self.own);
        let mut merged = Vec::with_capacity(base.entries.len() + own.entries.len() + 1);
        let (mut of_base, mut of_own) = (0, 0);
        loop {
            let order = match (of_base < base.entries.len(), of_own < own.entries.len()) {
                (false, false) => return merged,
                (true, false) => std::cmp::Ordering::Less,
                (false, true) => std::cmp::Ordering::Greater,
                (true, true) => base.name(of_base).cmp(own.name(of_own)),
            };
            if order == std::cmp::Ordering::Less {
                merged.push(base.entry(of_base));
            } else {
                merged.push(own.entry(of_own));
                of_own += 1;
            }
            of_base += usize::from(order != std::cmp::Ordering::Greater);
        }
    }
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
