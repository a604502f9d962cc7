//! The processes that are created here, from beginning to end: the one reaper that learns of every end, the guardian that outlives the
//! launcher, the record by which the next run finds what was left, and the sweep by which both end it. The platform reports on single
//! processes; the contract is docs/contract/lifecycle.md, "Supervision".

mod containment;
pub mod guardian;
pub mod leftovers;
mod reaper;
mod remains;
mod sweep;
mod tree;

pub use reaper::{GroupObserver, MARKER, OnEnd, OnStray, OnUncontained, Processes, Swept, send};
pub use tree::{of_component, with_descendants};
