//! Configuration: from CONFIG to what a component sees. Contract: reference/configuration.md.

use crate::platform::{Platform, ShareAs};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Names and values of variables. Values are bytes: they reach a component unchanged.
pub type Environment = BTreeMap<String, OsString>;

/// One place of the CONFIG list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `FILE(path)`, or a bare path.
    File(PathBuf),
    /// `PARMLIB(data.set(member))`.
    Member { data_set: String, member: String },
}

/// The HA instance that is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HaInstance {
    /// Lower-cased; characters other than letters and digits are `_`.
    pub id: String,
    /// True when it was a placeholder (HAINST left out) and `id` is the system's name.
    pub from_placeholder: bool,
}

/// Something wrong or odd in a configuration.
#[derive(Debug, Clone)]
pub struct Problem {
    pub error: bool,
    /// `file:line:column` of what set the value, where known.
    pub place: Option<String>,
    /// What is wrong and what is expected, without secrets.
    pub text: String,
}

/// A configuration as one HA instance sees it: merged, evaluated, overlaid; not yet validated.
#[derive(Debug, Clone)]
pub struct Configuration {
    pub sources: Vec<Source>,
    pub ha_instance: HaInstance,
    /// Merged and evaluated, without the overlay.
    pub base: Value,
    /// With the overlay of `ha_instance`.
    pub value: Value,
    /// The overlay alone (`haInstances.<id>`), as evaluated; None where there is none.
    pub overlay: Option<Value>,
    /// What is odd but usable.
    pub warnings: Vec<Problem>,
}

/// Settings of one component's supervision. First match wins: `haInstances.<id>.components.<c>.launcher.X`,
/// `components.<c>.launcher.X`, `components.launcher.X`, `zowe.launcher.X`, default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentSettings {
    /// Default 1 1 1 5 5 10 20 60 120 240 s; empty: never restart.
    pub restart_intervals: Vec<Duration>,
    /// Default 90 s.
    pub min_uptime: Duration,
    /// Default yes.
    pub share_as: ShareAs,
    /// Time between SIGTERM and SIGKILL: `launcher.stop.graceSeconds`, default 20 s.
    pub stop_grace: Duration,
}

/// What `zowe.launchScript.onComponentConfigureFail` and the like choose between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    Warn,
    Exit,
}

/// Settings of the launcher itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LauncherSettings {
    /// `zowe.sysMessages`.
    pub sys_messages: Vec<String>,
    /// `zowe.sysMessageTrim` or `components.launcher.sysMessageTrim`; default false.
    pub sys_message_trim: bool,
    /// `components.launcher.wto`; default true.
    pub wto: bool,
    /// `components.launcher.onAllFailed`: true for `stay`; default false (`exit`).
    pub stay_when_all_failed: bool,
    /// `components.launcher.startRunning`: true for `reject`; default false (a START of a running component restarts it).
    pub reject_start_of_running: bool,
    /// `zowe.launchScript.onComponentConfigureFail`; default warn.
    pub on_component_configure_fail: OnFailure,
    /// `zowe.launchScript.logLevel` is debug or trace.
    pub debug: bool,
}

/// What [`Configuration::load`] needs.
pub struct LoadRequest<'a> {
    pub sources: &'a [Source],
    pub ha_instance: &'a HaInstance,
    pub platform: &'a dyn Platform,
}
