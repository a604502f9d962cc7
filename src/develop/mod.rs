//! The inner loop of an extension developer: `zwelnch component new` writes a component to begin with, `zwelnch component test` runs its
//! whole life in a throw-away instance, `zwelnch component conform` judges it by the criteria of Zowe's conformance programme. (`component run` is a run of the
//! launcher with only that component: [`crate::launcher::run_component`].)

mod conform;
mod kinds;
mod scaffold;
mod trial;

pub use conform::{ConformError, ConformReport, conform};
pub use kinds::Kind;
pub use scaffold::{NewComponent, ScaffoldError, new_component};
pub use trial::{Case, Observation, Outcome, Report, TrialError, TrialRequest, observe, test_component};
