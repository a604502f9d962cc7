//! From a list of sources to a configuration as one HA instance sees it.

use super::node::{Node, NodeValue, Place};
use super::overlay::{self, Found};
use super::read::{UserSources, read_source};
use super::{
    Configuration, HaInstance, LoadRequest, Location, Problem, SingleService, Source, View, lookup, merge, runtime_file, template, yaml,
};
use crate::platform::Platform;
use std::sync::{Arc, OnceLock};

/// Why a configuration cannot be used: all problems of one kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Sources that cannot be read, are no text, no YAML or no mapping.
    #[error("{}", list(.0))]
    Sources(Vec<Problem>),
    /// Templates that fail.
    #[error("{}", list(.0))]
    Templates(Vec<Problem>),
    /// Two ids in haInstances that differ only by case.
    #[error("{}", list(.0))]
    HaInstances(Vec<Problem>),
    /// ZWEL0911E: an id was given that haInstances does not define.
    #[error("HA instance '{id}' is not defined in haInstances, defined: {}{}", .defined.join(", "), suggestion(.nearest))]
    UnknownHaInstance { id: String, defined: Vec<String>, nearest: Option<String> },
}

impl LoadError {
    /// All that is wrong, as a report lists it.
    pub fn problems(&self) -> Vec<Problem> {
        match self {
            LoadError::Sources(problems) | LoadError::Templates(problems) | LoadError::HaInstances(problems) => problems.clone(),
            LoadError::UnknownHaInstance { .. } => vec![Problem::error(None, self.to_string())],
        }
    }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

fn suggestion(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!("; did you mean '{name}'?")).unwrap_or_default()
}

/// A place with the name of its source.
pub(super) fn show(names: &[String], place: Place) -> Location {
    let name = usize::try_from(place.source).ok().and_then(|source| names.get(source)).map_or("", String::as_str);
    Location::new(name, place.line, place.column)
}

impl Configuration {
    /// Reads, merges and evaluates the sources, with `<zowe.runtimeDirectory>/files/defaults.yaml` as right-most one where it exists, and
    /// lays the HA instance's overlay over the result. Not yet validated.
    ///
    /// # Errors
    /// [`LoadError`]; each problem with file, line and column.
    pub fn load(request: &LoadRequest<'_>) -> Result<Configuration, LoadError> {
        Configuration::from_sources(UserSources::read(request.sources, request.platform), request.ha_instance, request.platform)
    }

    /// The same of sources that were read before.
    ///
    /// # Errors
    /// As [`Configuration::load`].
    pub fn from_sources(read: UserSources, ha_instance: &HaInstance, platform: &dyn Platform) -> Result<Configuration, LoadError> {
        let UserSources { sources, mut names, mut documents, mut problems, mut warnings, runtime, .. } = read;
        // The sources that can be read say where the defaults are, so that faults of the defaults stand in the same report.
        if let Some(file) = runtime.and_then(|runtime| runtime_file(&runtime, "files/defaults.yaml")) {
            let source = Source::File(file);
            names.push(source.name());
            match read_source(&source, sources.len(), platform) {
                Ok(document) => {
                    warnings.extend(document.warnings);
                    documents.push(document.root);
                }
                Err(found) => problems.extend(found),
            }
        }
        if !problems.is_empty() {
            return Err(LoadError::Sources(problems));
        }
        let Some(merged) = merge::merge_list(&documents) else {
            return Err(LoadError::Sources(vec![Problem::error(None, "CONFIG names no source".into())]));
        };
        if merged.weight() > yaml::MAXIMUM_WEIGHT {
            let text = "the configuration is too large with its aliases written out".to_string();
            return Err(LoadError::Sources(vec![Problem::error(None, text)]));
        }
        let evaluation = template::evaluate(&merged, platform, &|place| show(&names, place));
        warnings.extend(evaluation.warnings);
        let base_tree = View::new(evaluation.root);
        let configuration = Configuration {
            sources,
            ha_instance: HaInstance::none(),
            warnings,
            tree: base_tree.clone(),
            base_tree,
            overlay_tree: None,
            raw_tree: merged,
            names: names.into(),
            schemas: Arc::new(OnceLock::new()),
            single_service: SingleService::Off,
            in_force: Arc::default(),
            judged: Arc::default(),
            of_all: Arc::default(),
        };
        let overlaid = configuration.for_instance(ha_instance);
        if evaluation.errors.is_empty() {
            return overlaid;
        }
        let mut errors = evaluation.errors;
        errors.extend(overlaid.err().iter().flat_map(LoadError::problems));
        Err(LoadError::Templates(errors))
    }

    /// The same configuration as another HA instance sees it; nothing is read again. [`HaInstance::none`] gives it without an overlay.
    ///
    /// # Errors
    /// [`LoadError::HaInstances`] and [`LoadError::UnknownHaInstance`].
    pub fn for_instance(&self, ha_instance: &HaInstance) -> Result<Configuration, LoadError> {
        let base = &self.base_tree;
        let overlays = self.of_all.overlays.get_or_init(|| overlay::Index::new(base));
        let ambiguous: Vec<Problem> = overlays
            .ambiguous
            .iter()
            .map(|(key, place, first)| {
                let text = format!("the HA instance '{key}' differs from '{first}' only by case or special characters; rename one of them");
                Problem::error(Some(show(&self.names, *place)), text).about(&["haInstances", key])
            })
            .collect();
        if !ambiguous.is_empty() {
            return Err(LoadError::HaInstances(ambiguous));
        }
        let id = &ha_instance.id;
        // Warnings about an overlay are those of this instance's overlay only.
        let mut warnings: Vec<Problem> =
            self.warnings.iter().filter(|problem| problem.property.as_deref() != Some(OVERLAY)).cloned().collect();
        let overlay = match overlays.find(id) {
            _ if *ha_instance == HaInstance::none() => None,
            Found::Overlay { node, .. } => Some(node),
            Found::NoInstances => {
                let text = format!("haInstances is not defined: HA instance '{id}' runs without an overlay");
                warnings.push(Problem::warning(None, text).about(&[OVERLAY]));
                None
            }
            Found::Unknown { defined, .. } if ha_instance.from_placeholder => {
                let text = format!(
                    "no HA instance was named, and haInstances has no entry for this system, '{id}': it runs without an overlay; defined: {}",
                    defined.join(", ")
                );
                let place = show(&self.names, base.place_of(&["haInstances"]));
                warnings.push(Problem::warning(Some(place), text).about(&[OVERLAY]));
                None
            }
            Found::Unknown { defined, nearest } => return Err(LoadError::UnknownHaInstance { id: id.clone(), defined, nearest }),
        };
        let mut tree = overlay.as_ref().map_or_else(|| Arc::clone(base), |node| overlay::apply(base, node));
        let overlay_tree = overlay.map(View::new);
        if *ha_instance != HaInstance::none() {
            tree = self.with_caching_peers(tree, overlay_tree.as_ref().map(View::value));
        }
        let mut configuration = Configuration {
            ha_instance: ha_instance.clone(),
            overlay_tree,
            warnings,
            tree: View::beside(base, tree),
            in_force: Arc::default(),
            judged: Arc::default(),
            ..self.clone()
        };
        if configuration.runtime_directory() != self.runtime_directory() {
            configuration.schemas = Arc::new(OnceLock::new());
        }
        configuration.single_service = configuration.find_single_service();
        Ok(configuration)
    }

    /// The id of this HA instance as haInstances has it; None where it is not there.
    pub fn written_id(&self) -> Option<String> {
        match self.of_all.overlays.get()?.find(&self.ha_instance.id) {
            Found::Overlay { key, .. } => Some(key),
            Found::NoInstances | Found::Unknown { .. } => None,
        }
    }

    /// The ids of haInstances, as they are written.
    pub fn instance_ids(&self) -> Vec<String> {
        lookup(self.base(), &["haInstances"])
            .and_then(serde_json::Value::as_object)
            .map(|map| map.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// Every leaf at or below a path (an empty mapping or list is one) with what set it, in document order: with the overlay, or without.
    /// None when the path names nothing.
    pub fn origins(&self, overlaid: bool, path: &[&str]) -> Option<Vec<Origin>> {
        let root = if overlaid { &self.tree } else { &self.base_tree };
        let mut origins = Vec::new();
        let mut steps: Vec<String> = path.iter().map(|step| (*step).to_string()).collect();
        leaves(root.at(path)?, root.place_of(path), &mut steps, &mut |steps, node, place| {
            origins.push(Origin { path: steps.to_vec(), value: node.to_value(), place: show(&self.names, place) });
        });
        Some(origins)
    }
}

/// The property that warnings about the overlay name.
const OVERLAY: &str = "haInstances";

/// A leaf of a configuration and what set it.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// Keys and indexes from the root.
    pub path: Vec<String>,
    pub value: serde_json::Value,
    pub place: Location,
}

fn leaves(node: &Node, place: Place, steps: &mut Vec<String>, visit: &mut dyn FnMut(&[String], &Node, Place)) {
    match &node.value {
        NodeValue::Mapping(entries) if !entries.is_empty() => {
            for entry in entries {
                steps.push(entry.key.clone());
                leaves(&entry.value, entry.place, steps, visit);
                steps.pop();
            }
        }
        NodeValue::Sequence(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                steps.push(index.to_string());
                leaves(item, item.place, steps, visit);
                steps.pop();
            }
        }
        _ => visit(steps, node, place),
    }
}
