//! The processes that are made here, from their beginning to their end: the one reaper that hears of every end, the guardian that outlives
//! the launcher, the record by which the next run finds what was left, and the sweep by which both end it. What single processes are is the
//! platform's to tell; the contract is docs/contract/lifecycle.md, "Supervision".

pub mod guardian;
pub mod leftovers;
mod reaper;
mod sweep;
mod tree;

pub use reaper::{GroupObserver, MARKER, OnEnd, OnStray, Processes, Swept, send};
pub use tree::{of_component, with_descendants};
