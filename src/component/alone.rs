//! A component by itself, outside of any instance: what is wrong with its files, before it is installed or packed.

use super::seen::Seen;
use super::{CommandLine, Component, ComponentError};
use crate::config::node::Node;
use crate::config::{Configuration, Problem, read_mapping, unique};
use crate::platform::Platform;
use serde_json::Value;

impl Component {
    /// `commands.install`: run once, when the component is installed. None without it.
    ///
    /// # Errors
    /// [`ComponentError::FileMissing`] and [`ComponentError::Outside`].
    pub fn install_command(&self) -> Result<Option<CommandLine>, ComponentError> {
        let document = read_mapping(&self.manifest_file).map_err(ComponentError::Manifest)?;
        match document.root.at(&["commands", "install"]).map(Node::to_value) {
            Some(Value::String(text)) if !text.trim().is_empty() => self.configured_command("commands.install", &text).map(Some),
            _ => Ok(None),
        }
    }

    /// Everything that is wrong, or odd, with its files by themselves: commands that are missing, schemas that are not there, plug-ins of the
    /// app framework that cannot be read, scripts that a shell will stumble over, keys that the runtime's schema of manifests does not know.
    pub fn problems_of_files(&self, configuration: Option<&Configuration>, platform: &dyn Platform) -> Vec<Problem> {
        let mut problems = self.warnings.clone();
        problems.extend(configuration.iter().flat_map(|configuration| self.validate_manifest(configuration)));
        let seen = Seen::default();
        for (phase, command) in seen.commands(self).iter() {
            if let Err(error) = command {
                problems.extend(error.problems(Some(self.place(&["commands", phase.name()]))));
            }
        }
        if let Err(error) = self.install_command() {
            problems.extend(error.problems(Some(self.place(&["commands", "install"]))));
        }
        if let Err(errors) = self.schema_files() {
            problems.extend(errors.iter().flat_map(|error| error.problems(Some(self.place(&["schemas", "configs"])))));
        }
        for path in &self.manifest.app_framework_plugins {
            if let Err(error) = self.plugin_definition(path) {
                problems.push(Problem::error(Some(self.place(&["appfwPlugins"])), error.to_string()));
            }
        }
        for definition in &self.manifest.static_definitions {
            if let Err(error) = self.definition(&definition.file) {
                problems.push(Problem::error(Some(self.place(&["apimlServices", "static"])), error.to_string()));
            }
        }
        problems.extend(seen.scripts(self, platform).iter().cloned());
        unique(problems)
    }
}
