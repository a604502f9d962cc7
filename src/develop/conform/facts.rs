//! What there is to judge: the manifest, the definitions and the files of a component, and what was seen while it ran.

use super::super::trial::Observation;
use super::ConformError;
use crate::component::{Component, ComponentError, expand};
use crate::config::{encoding, lookup, read_mapping, yaml};
use crate::platform::files::{FileKind, entries, look, read_bounded};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The largest text that is read, in bytes.
pub(super) const TEXT_LIMIT: u64 = 4 * 1024 * 1024;

/// How many files of a plug-in are looked into, and how deep.
const MOST_FILES: usize = 5000;
const DEEPEST: usize = 12;

/// A static definition as it will be registered, as far as that can be told.
pub(super) struct Defined {
    /// As the manifest names it.
    pub file: String,
    /// As it is written.
    pub text: String,
    /// None: it becomes YAML when the component's own commands have changed it.
    pub value: Option<Value>,
}

/// A plug-in of the application framework.
pub(super) struct PluginFacts {
    pub directory: PathBuf,
    /// Null where it cannot be read.
    pub definition: Value,
}

pub(super) struct Facts {
    pub component: Component,
    pub manifest: Value,
    pub defined: Vec<Defined>,
    pub plugins: Vec<PluginFacts>,
    pub vendor: Option<String>,
    pub observation: Option<Observation>,
}

impl Facts {
    pub(super) fn read(directory: &Path, vendor: Option<&str>, observation: Option<Observation>) -> Result<Facts, ConformError> {
        let directory = directory.canonicalize().map_err(|_| ConformError::NoManifest(directory.to_path_buf()))?;
        let component = Component::in_directory(&directory).map_err(|error| match error {
            ComponentError::ManifestMissing { directory, .. } => ConformError::NoManifest(directory),
            error => ConformError::Manifest(error.to_string()),
        })?;
        let shown = |problems: Vec<crate::config::Problem>| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let document = read_mapping(&component.manifest_file).map_err(|problems| ConformError::Manifest(shown(problems)))?;
        let manifest = document.root.to_value();
        let defined = component.manifest.static_definitions.iter().filter_map(|definition| defined(&component, &definition.file)).collect();
        let plugin = |path: &String| {
            let directory = component.directory.join(path);
            let definition = read_bounded(&directory.join("pluginDefinition.json"), TEXT_LIMIT).ok();
            let definition = definition.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
            PluginFacts { directory, definition }
        };
        let plugins = component.manifest.app_framework_plugins.iter().map(plugin).collect();
        Ok(Facts { component, manifest, defined, plugins, vendor: vendor.map(str::to_owned), observation })
    }

    pub(super) fn name(&self) -> &str {
        &self.component.name
    }

    /// A text of the manifest that is not empty; a number as its digits.
    pub(super) fn text(&self, path: &[&str]) -> Option<String> {
        match lookup(&self.manifest, path)? {
            Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    pub(super) fn is_service(&self) -> bool {
        self.manifest.get("apimlServices").is_some_and(|services| !services.is_null())
    }

    pub(super) fn is_plugin(&self) -> bool {
        !self.component.manifest.app_framework_plugins.is_empty()
    }

    /// The services of all definitions: those that were registered while it ran, else those of its files.
    pub(super) fn services(&self) -> Vec<&Value> {
        let registered = self.observation.iter().flat_map(|observation| &observation.definitions);
        let of = |value: &'_ Value| value["services"].as_array().map(Vec::len).unwrap_or_default();
        let registered: Vec<&Value> = registered.filter(|value| of(value) > 0).collect();
        let all =
            if registered.is_empty() { self.defined.iter().filter_map(|defined| defined.value.as_ref()).collect() } else { registered };
        all.into_iter().flat_map(|value| value["services"].as_array().into_iter().flatten()).collect()
    }

    /// The ids of all its services, as they are written.
    pub(super) fn service_ids(&self) -> Vec<String> {
        let dynamic = lookup(&self.manifest, &["apimlServices", "dynamic"]).and_then(Value::as_array).into_iter().flatten();
        let of = |service: &Value| service["serviceId"].as_str().map(str::to_owned);
        let mut ids: Vec<String> = dynamic.filter_map(of).chain(self.services().into_iter().filter_map(of)).collect();
        ids.dedup();
        ids
    }

    /// Why nothing can be said of the definitions, if that is so.
    pub(super) fn undefined(&self) -> Option<String> {
        if !self.services().is_empty() {
            return None;
        }
        match self.defined.iter().find(|defined| defined.value.is_none()) {
            Some(defined) => Some(format!("{} is no YAML before its own commands have changed it", defined.file)),
            None => Some("it has no static definition; look at what it registers with the Discovery Service".to_owned()),
        }
    }
}

fn defined(component: &Component, file: &str) -> Option<Defined> {
    let definition = component.definition(file).ok()?;
    // What is not known before the start is some word that fits anywhere.
    let value_of = |name: &str| {
        let property = name.strip_prefix("ZWE_configs_")?;
        let path: Vec<&str> = property.split('_').collect();
        match lookup(&component.manifest.configs, &path)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    };
    let expanded = expand(&definition.text, &|name| Some(value_of(name).unwrap_or_else(|| "1".to_owned()).into()));
    let value = yaml::read(&expanded.text, file, 0, false).ok().map(|document| document.root.to_value());
    Some(Defined { file: file.to_owned(), text: definition.text, value })
}

/// The files below a directory that have one of these ends, and whether there were more than are looked at.
pub(super) fn files_below(root: &Path, ends: &[&str]) -> (Vec<PathBuf>, bool) {
    let (mut found, mut left, mut count) = (Vec::new(), vec![(root.to_path_buf(), 0)], 0);
    while let Some((directory, depth)) = left.pop() {
        for entry in entries(&directory).unwrap_or_default() {
            count += 1;
            if count > MOST_FILES {
                return (found, true);
            }
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().to_lowercase());
            match look(&path) {
                Ok(Some(FileKind::Directory)) if depth < DEEPEST && name != "node_modules" && name != ".git" => {
                    left.push((path, depth + 1))
                }
                Ok(Some(FileKind::Regular)) if ends.iter().any(|end| name.ends_with(end)) => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    (found, false)
}

/// The text of a file in any code page that is read.
pub(super) fn text_of(file: &Path) -> Option<String> {
    let bytes = read_bounded(file, TEXT_LIMIT).ok()?;
    encoding::decode(&bytes).ok()
}
