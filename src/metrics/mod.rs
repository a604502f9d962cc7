//! What is measured of an instance, as one value: as Prometheus reads it (`exposition`) and as the question whether it serves (`health`).
//! Pure: the launcher's owner makes the value, whoever was asked shows it.

mod exposition;
mod families;
mod health;

pub use exposition::Form;
pub use health::{Health, Verdict};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// States of an instance, in their order: before its components are started, and then those of [`crate::console`]'s DISP.
pub const INSTANCE_STATES: [&str; 6] = [PREPARING, "starting", "ready", "degraded", "stopping", "ended"];

/// The state of an instance whose components are not there yet.
pub const PREPARING: &str = "preparing";

/// States of a component, in the words of DISP.
pub const COMPONENT_STATES: [&str; 12] = [
    "stopped",
    "waiting",
    "starting",
    "running",
    "ready",
    "restarting",
    "stopping",
    "validating",
    "configuring",
    "back-off",
    "failed",
    "fatal",
];

/// An instance at one moment. Times are in seconds; moments in seconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Instance {
    pub ha_instance: String,
    /// Of the launcher.
    pub version: String,
    /// One of [`INSTANCE_STATES`].
    pub state: String,
    /// When the launcher began.
    pub started_at: f64,
    /// From the first start command to the moment when all were ready; None: not yet.
    pub ready_after: Option<f64>,
    /// Operators' commands by their word; what is no command counts as `unknown`.
    pub commands: BTreeMap<String, u64>,
    /// The whole prepare step; None while it goes on.
    pub prepared_in: Option<f64>,
    /// Its parts, in their order.
    pub phases: Vec<(String, f64)>,
    /// Where the instance works; None until that is known.
    pub workspace: Option<PathBuf>,
    /// What is known of an upgrade there: whoever shows the value looks for it, the owner reads no file.
    #[serde(skip)]
    pub upgrade: Option<Upgrade>,
    /// On the wire each of them is a line of its own.
    #[serde(skip)]
    pub components: Vec<Component>,
}

/// States of an upgrade of the sysplex.
pub const UPGRADE_STATES: [&str; 4] = ["none", "at_work", "unfinished", "unknown"];

/// Steps of an upgrade, in their order, and the way back.
pub const UPGRADE_STEPS: [&str; 11] =
    ["check", "quiesce", "drain", "stop-old", "start-new", "quiesce-new", "ready", "verify", "resume", "final", "roll-back"];

/// How far an upgrade of the sysplex has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upgrade {
    /// One of [`UPGRADE_STATES`].
    pub state: &'static str,
    /// One of [`UPGRADE_STEPS`]; None where it is in none of them, or does not tell.
    pub step: Option<&'static str>,
}

/// A component at the same moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Component {
    pub name: String,
    /// One of [`COMPONENT_STATES`].
    pub state: String,
    /// Nobody has stopped it.
    pub wanted: bool,
    /// Its process runs.
    pub up: bool,
    pub ready: bool,
    /// Starts after the first.
    pub restarts: u64,
    /// Ends of its process that nobody asked for.
    pub unasked_ends: u64,
    /// When its process was made the last time.
    pub started_at: Option<f64>,
    /// From the decision to start it to its process, the last time.
    pub start_took: Option<f64>,
    /// From its process to the signal that it is ready, the last time; None: not yet, or nothing signals it.
    pub ready_took: Option<f64>,
    /// How its process last ended: one of the two, or none.
    pub exit_code: Option<i32>,
    pub exit_signal: Option<i32>,
    pub lines: u64,
    /// As it wrote them.
    pub bytes: u64,
    /// How long its validate and configure commands took in the prepare step.
    pub phases: Vec<(String, f64)>,
}

impl Instance {
    /// One line of JSON for the instance and one for each component.
    pub fn lines(&self) -> Vec<String> {
        // Serializing these types cannot fail.
        let head = serde_json::to_string(self).unwrap_or_default();
        let of = |component: &Component| serde_json::to_string(component).unwrap_or_default();
        std::iter::once(head).chain(self.components.iter().map(of)).collect()
    }

    /// Reads what [`Instance::lines`] has made.
    ///
    /// # Errors
    /// The first line that cannot be read.
    pub fn read<'a>(mut lines: impl Iterator<Item = &'a str>) -> Result<Instance, serde_json::Error> {
        let mut instance: Instance = serde_json::from_str(lines.next().unwrap_or_default())?;
        instance.components = lines.map(serde_json::from_str).collect::<Result<_, _>>()?;
        Ok(instance)
    }
}

/// The instances as Prometheus reads them.
pub fn exposition(instances: &[Instance], form: Form) -> String {
    exposition::write(&families::families(instances), form)
}

#[cfg(test)]
mod tests;
