//! What a component has to register: static API definitions, shared libraries, plug-ins of the app framework. Reads the component's files
//! and writes nothing; [`crate::lifecycle::registration`] does the registration.

use super::references::{Expansion, Finding, FindingKind, expand};
use super::{Component, Manifest, Phase};
use crate::config::{Configuration, Environment, Location, Problem, encoding, json, overlay, yaml};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Keys of a manifest, for messages.
pub const DEFINITIONS_KEY: &str = "apimlServices.static[].file";
/// The key of the manifest that names plug-ins, for texts.
pub const PLUGINS_KEY: &str = "appfwPlugins[].path";

/// Largest definition in bytes: a larger file is a mistake in the manifest.
const TEXT_LIMIT: u64 = 4 * 1024 * 1024;

/// Why a file that a manifest names cannot be registered.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("component {component}: {key} names '{path}', which cannot be read - {source}; correct the manifest or install the file")]
    Read { component: String, key: &'static str, path: String, source: io::Error },
    #[error("component {component}: {key} names '{path}', which is outside of the component's directory; correct the manifest")]
    Outside { component: String, key: &'static str, path: String },
    #[error("component {component}: {key} names '{path}', which is larger than {limit} bytes")]
    TooLarge { component: String, key: &'static str, path: String, limit: u64 },
    #[error("component {component}: {key} names '{path}': {place}: {why}")]
    NotText { component: String, key: &'static str, path: String, place: Location, why: String },
    #[error("component {component}: '{path}/pluginDefinition.json': {why}")]
    PluginDefinition { component: String, path: String, why: String },
}

/// A static definition as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The file, as messages name it.
    pub file: String,
    pub text: String,
}

/// The parts of a `pluginDefinition.json` that are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginDefinition {
    /// Can be the name of a file.
    pub identifier: String,
    /// Mistakes in it that do not keep it from being used.
    pub warnings: Vec<Problem>,
}

impl Component {
    /// A path of the manifest with its links resolved; it must end inside of the component's directory.
    ///
    /// # Errors
    /// [`FileError::Read`] and [`FileError::Outside`].
    pub fn inside(&self, key: &'static str, path: &str) -> Result<PathBuf, FileError> {
        self.inside_path(key, &self.directory.join(path))
    }

    /// The same of a path below the component's directory.
    ///
    /// # Errors
    /// As [`Component::inside`].
    pub fn inside_path(&self, key: &'static str, path: &Path) -> Result<PathBuf, FileError> {
        let shown = || path.strip_prefix(&self.directory).unwrap_or(path).display().to_string();
        let read = |source| FileError::Read { component: self.name.clone(), key, path: shown(), source };
        let root = self.directory.canonicalize().map_err(read)?;
        let resolved = path.canonicalize().map_err(read)?;
        if resolved.starts_with(&root) {
            Ok(resolved)
        } else {
            Err(FileError::Outside { component: self.name.clone(), key, path: shown() })
        }
    }

    /// The static definition that the manifest names, decoded.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn definition(&self, name: &str) -> Result<Definition, FileError> {
        let key = DEFINITIONS_KEY;
        let (component, path) = (|| self.name.clone(), || name.to_owned());
        let file = self.inside(key, name)?;
        let read = |source| FileError::Read { component: component(), key, path: path(), source };
        regular_file(&file).map_err(read)?;
        let mut bytes = Vec::new();
        std::fs::File::open(&file).map_err(read)?.take(TEXT_LIMIT + 1).read_to_end(&mut bytes).map_err(read)?;
        if bytes.len() as u64 > TEXT_LIMIT {
            return Err(FileError::TooLarge { component: component(), key, path: path(), limit: TEXT_LIMIT });
        }
        let file = self.directory.join(name).display().to_string();
        match encoding::decode(&bytes) {
            Ok(text) => Ok(Definition { file, text }),
            Err(error) => {
                let place = Location::new(file, error.line, error.column);
                Err(FileError::NotText { component: component(), key, path: path(), place, why: error.reason })
            }
        }
    }

    /// The description of the plug-in in a directory that the manifest names.
    ///
    /// # Errors
    /// Why it cannot be read or used.
    pub fn plugin_definition(&self, path: &str) -> Result<PluginDefinition, FileError> {
        let refuse = |why: String| FileError::PluginDefinition { component: self.name.clone(), path: path.to_owned(), why };
        let file = self.inside(PLUGINS_KEY, &format!("{}/pluginDefinition.json", path.trim_end_matches('/')))?;
        let document = json::read(&file).map_err(|problem| {
            let place = problem.place.filter(|place| place.line > 0);
            let place = place.map_or_else(String::new, |place| format!("line {} column {}: ", place.line, place.column));
            refuse(format!("{place}{}; correct the JSON", problem.text))
        })?;
        let value = document.root.to_value();
        let identifier = value["identifier"].as_str().ok_or_else(|| refuse("the string 'identifier' is missing; add it".to_owned()))?;
        if !is_file_word(identifier) {
            return Err(refuse(format!(
                "identifier '{}' cannot be a file name; use letters, digits, '.', '-' and '_'",
                identifier.escape_debug()
            )));
        }
        Ok(PluginDefinition { identifier: identifier.to_owned(), warnings: document.warnings })
    }

    /// What will fail, or is odd, in the registration, with the places in the manifest and in the definitions. `environment` is the
    /// component's, or a part of it; `whole`: all of it, for definitions that refer to what is not in that part.
    pub fn registration_problems(&self, environment: &Environment, whole: &dyn Fn() -> Environment) -> Vec<Problem> {
        let mut problems = Vec::new();
        // Definitions are registered after preConfigure, and may refer to what it exports.
        let may_be_set_later = matches!(self.command(Phase::PreConfigure), Ok(Some(_)));
        let is_edited_later = may_be_set_later || matches!(self.command(Phase::Configure), Ok(Some(_)));
        for (index, definition) in self.manifest.static_definitions.iter().enumerate() {
            match self.definition(&definition.file) {
                Err(error) => problems.push(self.at(&["apimlServices", "static", &index.to_string(), "file"], &error)),
                Ok(definition) => {
                    let mut expansion = definition.expand(environment);
                    if may_be_set_later {
                        expansion.findings.retain(|finding| !may_be_exported(finding, environment));
                    }
                    let mut found = definition.problems(self, &expansion, environment);
                    if !found.is_empty() && definition.text.contains("haInstances") {
                        let whole = whole();
                        expansion = definition.expand(&whole);
                        if may_be_set_later {
                            expansion.findings.retain(|finding| !may_be_exported(finding, &whole));
                        }
                        found = definition.problems(self, &expansion, &whole);
                    }
                    let fails = found.iter().any(|problem| problem.error);
                    found.iter_mut().for_each(|problem| problem.error &= !may_be_set_later);
                    problems.extend(found);
                    if !fails && !is_edited_later {
                        problems.extend(no_yaml(&expansion.text, &definition.file));
                    }
                }
            }
        }
        let manifest = &self.manifest;
        for (key, paths) in [
            ("gatewaySharedLibs", &manifest.gateway_shared_libs),
            ("zaasSharedLibs", &manifest.zaas_shared_libs),
            ("discoverySharedLibs", &manifest.discovery_shared_libs),
        ] {
            for (index, path) in paths.iter().enumerate() {
                if let Err(error) = self.inside(key, path) {
                    problems.push(self.at(&[key, &index.to_string()], &error));
                }
            }
        }
        for (index, path) in manifest.app_framework_plugins.iter().enumerate() {
            match self.plugin_definition(path) {
                Ok(plugin) => problems.extend(plugin.warnings),
                Err(error) => problems.push(self.at(&["appfwPlugins", &index.to_string(), "path"], &error)),
            }
        }
        problems
    }

    fn at(&self, path: &[&str], error: &FileError) -> Problem {
        Problem::error(Some(self.place(path)), error.to_string())
    }
}

impl Manifest {
    /// Whether there is anything to register.
    pub fn registers_anything(&self) -> bool {
        let libraries = [&self.gateway_shared_libs, &self.zaas_shared_libs, &self.discovery_shared_libs];
        !self.static_definitions.is_empty() || !self.app_framework_plugins.is_empty() || libraries.iter().any(|paths| !paths.is_empty())
    }
}

impl Definition {
    /// With its references replaced.
    pub fn expand(&self, environment: &Environment) -> Expansion {
        expand(&self.text, &|name| environment.get(name).map(|value| value.to_string_lossy()))
    }

    /// The problems of its references: an error for one that must be replaced and cannot be, warnings for the others. Comments are passed
    /// over. In what is for people only Zowe's variables (ZWE_) count, because Zowe's own definition for z/OSMF has others there.
    pub fn problems(&self, component: &Component, expansion: &Expansion, environment: &Environment) -> Vec<Problem> {
        let lines: Vec<&str> = if expansion.findings.is_empty() { Vec::new() } else { self.text.split('\n').collect() };
        let line_of = |finding: &Finding| {
            let index = usize::try_from(finding.line.saturating_sub(1)).unwrap_or(usize::MAX);
            lines.get(index).copied().unwrap_or_default().trim_start()
        };
        let mut problems = Vec::new();
        for finding in &expansion.findings {
            let line = line_of(finding);
            let place = Some(finding.place(&self.file));
            let is_prose = is_for_people(line);
            problems.push(match &finding.kind {
                FindingKind::Required { name, word } => {
                    let word = if word.is_empty() { "it must have one" } else { word };
                    let text = format!("component {}: {name} has no value: {word}; the definition is not registered", component.name);
                    Problem::error(place, text + &did_you_mean(name, environment))
                }
                _ if line.starts_with('#') => continue,
                FindingKind::Unset { name } => {
                    let nearest = did_you_mean(name, environment);
                    if !name.starts_with("ZWE_") && is_prose {
                        continue;
                    }
                    let text = format!("component {}: no variable {name} is set, nothing is put in its place", component.name);
                    Problem::warning(place, text + &nearest)
                }
                FindingKind::Stays { what, .. } if is_prose && what.starts_with('`') => continue,
                FindingKind::Stays { what, why } => {
                    Problem::warning(place, format!("component {}: '{what}' stays as it is: {why}", component.name))
                }
                FindingKind::Escaped { what } => {
                    let text = "the backslash stays and the reference after it is replaced, as Zowe's server commands do";
                    Problem::warning(place, format!("component {}: '{what}': {text}", component.name))
                }
            });
        }
        problems
    }
}

/// Whether what a line of a definition says is read by people alone: descriptions, titles, and values of several words, as no id, path or
/// address is.
fn is_for_people(line: &str) -> bool {
    let entry = line.trim_start_matches(['-', ' ']);
    let Some((key, value)) = entry.split_once(": ") else { return false };
    let value = value.split(" #").next().unwrap_or_default().trim();
    matches!(key, "description" | "title") || value.contains(' ')
}

/// Whether a reference has no value yet, and may get one from the exports of preConfigure: its name is none of Zowe's, and no slip either.
fn may_be_exported(finding: &Finding, environment: &Environment) -> bool {
    matches!(&finding.kind, FindingKind::Unset { name } if !name.starts_with("ZWE_") && did_you_mean(name, environment).is_empty())
}

/// A warning for a definition that the Discovery Service cannot read; `file` is what its place begins with.
pub fn no_yaml(text: &str, file: &str) -> Option<Problem> {
    let problem = yaml::read(text, file, 0, false).err()?.into_iter().next()?;
    let text = format!("the static definition is no YAML that the Discovery Service can read: {}", problem.text);
    Some(Problem::warning(problem.place, text))
}

fn did_you_mean(name: &str, environment: &Environment) -> String {
    let known: Vec<String> = environment.keys().cloned().collect();
    overlay::nearest(name, &known).map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"))
}

/// What `check` says of the registration of the components in play; the start says the same of each when it is configured.
pub(super) fn problems(configuration: &Configuration, survey: &super::Survey, platform: &dyn crate::platform::Platform) -> Vec<Problem> {
    let components = survey.in_play.iter().filter(|component| component.manifest.registers_anything());
    if components.clone().next().is_none() {
        return Vec::new();
    }
    let inherited = crate::platform::unix::process::inherited_environment();
    // As at a start: a definition may refer to the name of the merged file, as to every other variable.
    let merged = configuration.workspace_directory().map(|workspace| workspace.join(".env/.zowe-merged.yaml"));
    let config = crate::config::display_sources(&configuration.sources);
    let all = |configuration: &Configuration| {
        super::instance_environment(platform, configuration, survey, (&config, merged.as_deref()), Some(&inherited))
    };
    // There may be many HA instances, and a definition that refers to one of them is seldom.
    let without_others = all(&configuration.without_instances());
    let of_component = |component: &Component, instance: &Environment| super::environment(component, configuration, instance);
    let found = |component: &Component| {
        component.registration_problems(&of_component(component, &without_others), &|| of_component(component, &all(configuration)))
    };
    components.flat_map(found).collect()
}

/// Refuses everything but regular files: reading a FIFO or a device could block or never end.
pub(crate) fn regular_file(path: &Path) -> io::Result<()> {
    let metadata = std::fs::metadata(path)?;
    if crate::platform::files::kind(&metadata) == crate::platform::files::FileKind::Regular {
        Ok(())
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"))
    }
}

fn is_file_word(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 200
        && !name.starts_with('.')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || ".-_".contains(letter))
}
