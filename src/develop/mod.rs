//! The inner loop of an extension developer: `zwelnch component new` writes a component to begin with. (`component run` is a run of the
//! launcher with only that component: [`crate::launcher::run_component`].)

mod scaffold;

pub use scaffold::{NewComponent, ScaffoldError, new_component};
