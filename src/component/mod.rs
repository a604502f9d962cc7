//! A component: its manifest, where it lives, its commands, its environment. Contract: reference/lifecycle.md, section Components.

use serde_json::Value;
use std::path::PathBuf;

/// A step of a component's life that a manifest can give a command for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    Validate,
    PreConfigure,
    Configure,
    Start,
}

impl Phase {
    /// As in `commands.<name>` of a manifest.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Validate => "validate",
            Phase::PreConfigure => "preConfigure",
            Phase::Configure => "configure",
            Phase::Start => "start",
        }
    }
}

/// One entry of `apimlServices.static`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticDefinition {
    /// Relative to the component's directory.
    pub file: String,
    /// Written once for the workspace, not once an HA instance.
    pub once: bool,
}

/// One entry of `dependencies.components`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    pub name: String,
    pub version_range: Option<String>,
}

/// What the launcher uses of manifest.yaml, manifest.yml or manifest.json. Everything else is tolerated.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Manifest {
    pub name: String,
    pub id: String,
    pub version: Option<String>,
    /// `commands.<phase>`: the text as written, a path relative to the component's directory and arguments.
    pub commands: std::collections::BTreeMap<Phase, String>,
    /// `schemas.configs`, one path or a list.
    pub config_schemas: Vec<String>,
    /// `configs`: defaults of the component's properties.
    pub configs: Value,
    pub static_definitions: Vec<StaticDefinition>,
    pub gateway_shared_libs: Vec<String>,
    pub zaas_shared_libs: Vec<String>,
    pub discovery_shared_libs: Vec<String>,
    /// `appfwPlugins[].path`.
    pub app_framework_plugins: Vec<String>,
    pub dependencies: Vec<Dependency>,
}

/// An installed component.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    pub name: String,
    /// Absolute.
    pub directory: PathBuf,
    /// The manifest's file.
    pub manifest_file: PathBuf,
    pub manifest: Manifest,
}

/// A command file that exists, and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// Absolute, inside the component's directory.
    pub file: PathBuf,
    pub arguments: Vec<String>,
}
