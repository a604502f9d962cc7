//! How many descriptors the launcher may have open. Each component has a pipe, and a soft limit of 1,024, which is common, would be used up
//! by a thousand of them: the launcher takes what the hard limit allows. Components do not inherit that: programs that close or select
//! every
//! possible descriptor would be slow or fail, so their shells begin with the limit that the launcher was started with.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::sync::OnceLock;

/// The soft limit from before [`raise`].
static BEFORE: OnceLock<u64> = OnceLock::new();

/// Raises the soft limit to the hard one. Called before anything is started; where the system refuses, all stays as it was, and what
/// does not
/// fit is said when it is opened.
pub(super) fn raise() {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return };
    if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() {
        let _ = BEFORE.set(soft);
    }
}

/// The soft limit that children get back, if it was raised.
pub(super) fn limit_of_children() -> Option<u64> {
    BEFORE.get().copied()
}
