//! Debug lines: how many are written, and what is kept out of them.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{PoisonError, RwLock};

/// How much is written besides messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    #[default]
    Info,
    /// Each step, command and decision, with its reason (ZLDEBUG=ON, zowe.launchScript.logLevel: debug).
    Debug,
    /// Everything that support may ask for: every property and variable, each answer of a probe (zowe.launchScript.logLevel: trace).
    Trace,
}

/// Written instead of a secret.
const MASK: &str = "********";

/// The current verbosity, and the secrets that no debug line shows, wherever they occur in it.
#[derive(Debug, Default)]
pub(super) struct Debugging {
    level: AtomicU8,
    secrets: RwLock<Vec<String>>,
}

impl Debugging {
    pub(super) fn set(&self, verbosity: Verbosity) {
        self.level.store(verbosity as u8, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> Verbosity {
        match self.level.load(Ordering::Relaxed) {
            0 => Verbosity::Info,
            1 => Verbosity::Debug,
            _ => Verbosity::Trace,
        }
    }

    /// Adds secrets; the longest are searched for first, because one may be part of another.
    pub(super) fn hide(&self, secrets: impl IntoIterator<Item = String>) {
        let mut known = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        known.extend(secrets);
        known.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        known.dedup();
    }

    pub(super) fn masked(&self, text: String) -> String {
        let known = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        known
            .iter()
            .filter(|secret| !secret.is_empty())
            .fold(text, |text, secret| if text.contains(secret.as_str()) { text.replace(secret.as_str(), MASK) } else { text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let debugging = Debugging::default();
        debugging.hide(["sesame".to_owned(), "open sesame".to_owned(), String::new()]);
        debugging.hide(["sesame".to_owned()]);
        assert_eq!(debugging.masked("a=open sesame b='sesame' --p=sesames".into()), "a=******** b='********' --p=********s");
        assert_eq!(debugging.get(), Verbosity::Info);
        debugging.set(Verbosity::Trace);
        assert!(debugging.get() >= Verbosity::Debug && debugging.get() == Verbosity::Trace);
    }
}
