//! Who hears what the launcher says, besides SYSPRINT and the operator.

use crate::message::Message;

/// Called with everything that is said, on whatever thread says it. It must not wait.
pub trait OutputListener: Send + Sync {
    /// A message, as it is issued.
    fn message(&self, message: &Message);

    /// The last lines of a component that ended unasked, made printable.
    fn last_words(&self, component: &str, lines: &[&[u8]]);
}
