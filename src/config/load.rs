//! From a list of sources to a configuration as one HA instance sees it.

use super::node::{Node, NodeValue, Place};
use super::overlay::{self, Found};
use super::problem::Cause;
use super::yaml::{self, Document};
use super::{
    Configuration, HaInstance, LoadRequest, Location, Problem, SingleService, Source, encoding, json, lookup, merge, runtime_file, template,
};
use crate::platform::Platform;
use crate::platform::files::{FileKind, look};
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// Why a configuration cannot be used: everything wrong of one kind.
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
        let mut names: Vec<String> = request.sources.iter().map(Source::name).collect();
        let (mut documents, mut problems, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
        let mut take = |read: Result<Document, Vec<Problem>>, documents: &mut Vec<Arc<Node>>| match read {
            Ok(document) => {
                warnings.extend(document.warnings);
                documents.push(document.root);
            }
            Err(found) => problems.extend(found),
        };
        for (index, source) in request.sources.iter().enumerate() {
            take(read_source(source, index, request.platform), &mut documents);
        }
        // What can be read of the user's list says where the defaults are, so that their faults too stand in the one report.
        if let Some(file) = merge::merge_list(&documents).and_then(|user| defaults_file(&user, request.platform)) {
            let source = Source::File(file);
            names.push(source.name());
            take(read_source(&source, request.sources.len(), request.platform), &mut documents);
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
        let evaluation = template::evaluate(&merged, request.platform, &|place| show(&names, place));
        warnings.extend(evaluation.warnings);
        let configuration = Configuration {
            sources: request.sources.to_vec(),
            ha_instance: HaInstance::none(),
            base: evaluation.root.to_value(),
            value: serde_json::Value::Null,
            overlay: None,
            warnings,
            tree: Arc::clone(&evaluation.root),
            base_tree: evaluation.root,
            raw_tree: merged,
            names: names.into(),
            schemas: Arc::new(OnceLock::new()),
            single_service: SingleService::Off,
        };
        let overlaid = configuration.for_instance(request.ha_instance);
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
        let ambiguous: Vec<Problem> = overlay::ambiguous(base)
            .into_iter()
            .map(|(key, place, first)| {
                let text = format!("the HA instance '{key}' differs from '{first}' only by case or special characters; rename one of them");
                Problem::error(Some(show(&self.names, place)), text).about(&["haInstances", &key])
            })
            .collect();
        if !ambiguous.is_empty() {
            return Err(LoadError::HaInstances(ambiguous));
        }
        let id = &ha_instance.id;
        // What concerns the overlay is told of this instance alone.
        let mut warnings: Vec<Problem> =
            self.warnings.iter().filter(|problem| problem.property.as_deref() != Some(OVERLAY)).cloned().collect();
        let overlay = match overlay::find(base, id) {
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
        let overlay = overlay.map(|node| node.to_value());
        if *ha_instance != HaInstance::none() {
            tree = self.with_caching_peers(tree, overlay.as_ref());
        }
        let mut configuration =
            Configuration { ha_instance: ha_instance.clone(), value: tree.to_value(), overlay, warnings, tree, ..self.clone() };
        if configuration.runtime_directory() != self.runtime_directory() {
            configuration.schemas = Arc::new(OnceLock::new());
        }
        configuration.single_service = configuration.find_single_service();
        Ok(configuration)
    }

    /// The ids of haInstances, as they are written.
    pub fn instance_ids(&self) -> Vec<String> {
        lookup(&self.base, &["haInstances"])
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

/// What warnings about the overlay are about.
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

/// The runtime directory that the sources name, silently: ZWEL0021I shows its version before anything else is said. None when anything is
/// wrong with them.
pub fn runtime_directory_of(sources: &[Source], platform: &dyn Platform) -> Option<std::path::PathBuf> {
    let documents: Option<Vec<_>> =
        sources.iter().enumerate().map(|(index, source)| read_source(source, index, platform).ok().map(|document| document.root)).collect();
    let runtime = template::evaluate_one(&merge::merge_list(&documents?)?, &["zowe", "runtimeDirectory"], platform)?;
    runtime.as_str().filter(|path| !path.is_empty()).map(std::path::PathBuf::from)
}

/// The user's sources merged, without the runtime's defaults and with templates as they are written.
///
/// # Errors
/// [`LoadError::Sources`] with everything wrong with them.
pub fn merged_sources(sources: &[Source], platform: &dyn Platform) -> Result<Arc<Node>, LoadError> {
    let (mut documents, mut problems) = (Vec::new(), Vec::new());
    for (index, source) in sources.iter().enumerate() {
        match read_source(source, index, platform) {
            Ok(document) => documents.push(document.root),
            Err(found) => problems.extend(found),
        }
    }
    match merge::merge_list(&documents) {
        Some(merged) if problems.is_empty() => Ok(merged),
        _ => Err(LoadError::Sources(problems)),
    }
}

/// The runtime's own defaults: the user's list alone says where the runtime is.
fn defaults_file(user: &Arc<Node>, platform: &dyn Platform) -> Option<std::path::PathBuf> {
    let runtime = template::evaluate_one(user, &["zowe", "runtimeDirectory"], platform)?;
    let runtime = runtime.as_str().filter(|path| !path.is_empty())?;
    runtime_file(Path::new(runtime), "files/defaults.yaml")
}

fn read_source(source: &Source, index: usize, platform: &dyn Platform) -> Result<Document, Vec<Problem>> {
    let name = source.name();
    let failed = |(why, cause): (String, Cause)| {
        vec![Problem::error(Some(Location::whole(&name)), format!("cannot be read: {why}")).caused_by(cause)]
    };
    let cause = |error: &std::io::Error, why: String| match error.kind() {
        std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof => (why, Cause::NotRead),
        _ => (why.clone(), Cause::NotOpened(why)),
    };
    let (bytes, padded) = match source {
        Source::File(path) => {
            let read = read_file(path);
            (read.map_err(|error| failed(cause(&error, unreadable(path, &error))))?, false)
        }
        Source::Member { data_set, member } => {
            (platform.read_member(data_set, member).map_err(|error| failed(cause(&error, error.to_string())))?, true)
        }
    };
    parse(&bytes, &name, u32::try_from(index).unwrap_or(u32::MAX), padded, true)
}

/// Why a file of CONFIG cannot be read, and what may have been meant.
fn unreadable(path: &Path, error: &std::io::Error) -> String {
    let inside = path.join("zowe.yaml");
    if matches!(look(&inside), Ok(Some(FileKind::Regular))) {
        return format!("{error}; did you mean {}?", inside.display());
    }
    let text = path.display().to_string();
    if error.kind() == std::io::ErrorKind::NotFound && text.contains(":/") {
        return format!("{error}; a list of files is written FILE({})", text.replace(":/", "):FILE(/"));
    }
    error.to_string()
}

/// The mapping in a file's bytes; `padded` for records of a data set, whose trailing blanks are no text.
///
/// # Errors
/// Everything wrong, with line and column.
fn parse(bytes: &[u8], name: &str, source: u32, padded: bool, templates: bool) -> Result<Document, Vec<Problem>> {
    let text = encoding::decode(bytes).map_err(|error| {
        vec![Problem::error(Some(Location::new(name, error.line, error.column)), error.reason).caused_by(Cause::NotRead)]
    })?;
    let text = if padded { encoding::strip_padding(&text) } else { text };
    let document = yaml::read(&text, name, source, templates)?;
    if document.root.is_mapping() {
        return Ok(document);
    }
    let place = document.root.place;
    let text = "a mapping is expected at the top, such as 'zowe:'".to_string();
    Err(vec![Problem::error(Some(Location::new(name, place.line, place.column)), text)])
}

/// A YAML or JSON file that is no configuration, such as a manifest: no templates. Its positions begin with its path. One whose name ends
/// with `.json` is read as JSON, and as YAML where it is none.
///
/// # Errors
/// Everything wrong with it.
pub fn read_mapping(file: &Path) -> Result<Document, Vec<Problem>> {
    let name = file.display().to_string();
    let bytes = read_file(file).map_err(|error| vec![Problem::error(Some(Location::whole(&name)), format!("cannot be read: {error}"))])?;
    let is_json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let document = if is_json { encoding::decode(&bytes).ok().and_then(|text| json::parse(&text, &name).ok()) } else { None };
    match document.filter(|document| document.root.is_mapping()) {
        Some(document) => Ok(document),
        None => parse(&bytes, &name, 0, false, false),
    }
}

/// The text of a source by its name as positions have it: a path, or `data.set(member)`. None when it cannot be read any more.
pub fn source_text(name: &str, platform: &dyn Platform) -> Option<String> {
    let member = || {
        let (data_set, member) = name.strip_suffix(')')?.split_once('(')?;
        platform.read_member(data_set, member).ok()
    };
    let (bytes, padded) = match read_file(Path::new(name)) {
        Ok(bytes) => (bytes, false),
        Err(_) => (member()?, true),
    };
    let text = encoding::decode(&bytes).ok()?;
    Some(if padded { encoding::strip_padding(&text) } else { text })
}

/// At most [`yaml::MAXIMUM_SIZE`] bytes of a regular file: a pipe or device could block or never end.
pub(super) fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let metadata = std::fs::metadata(path)?;
    if crate::platform::files::kind(&metadata) == crate::platform::files::FileKind::Directory {
        return Err(std::io::Error::new(std::io::ErrorKind::IsADirectory, "it is a directory, and a file is expected"));
    }
    if crate::platform::files::kind(&metadata) != crate::platform::files::FileKind::Regular {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let limit = yaml::MAXIMUM_SIZE as u64;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, format!("it is larger than {} MiB", limit / 1024 / 1024)));
    }
    Ok(bytes)
}
