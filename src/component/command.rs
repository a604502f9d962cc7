//! The commands of a component, and the files that its manifest names: all inside its directory.

use super::{CommandLine, Component, ComponentError, Phase};
use crate::config::keys::ComponentKeys;
use crate::config::{Configuration, Location, Problem, read_mapping};
use crate::platform::files::{FileKind, kind, look, unless_missing};
use std::path::PathBuf;

impl Component {
    /// The command of a phase: the manifest's, else `bin/{validate,configure,start}.sh` where that file exists; None without either.
    ///
    /// # Errors
    /// [`ComponentError::CommandMissing`] (ZWEL0172E) when the manifest's file is not there, [`ComponentError::Outside`] when it lies
    /// outside the component's directory.
    pub fn command(&self, phase: Phase) -> Result<Option<CommandLine>, ComponentError> {
        let what = format!("commands.{}", phase.name());
        let Some(text) = self.manifest.commands.get(&phase) else {
            let Some(fallback) = phase.fallback() else { return Ok(None) };
            return match look(&self.directory.join(fallback)) {
                Ok(None | Some(FileKind::Directory | FileKind::SymbolicLink | FileKind::Other)) => Ok(None),
                // The reason why it cannot be looked at is given with it.
                Ok(Some(FileKind::Regular)) | Err(_) => {
                    self.script(&what, fallback).map(|file| Some(CommandLine { file, arguments: Vec::new() }))
                }
            };
        };
        let mut words = split_words(text).into_iter();
        let relative = words.next().unwrap_or_default();
        let path = self.directory.join(&relative);
        if let Ok(None | Some(FileKind::Directory | FileKind::SymbolicLink | FileKind::Other)) = look(&path) {
            return Err(ComponentError::CommandMissing { component: self.name.clone(), phase, file: path });
        }
        let file = self.script(&what, &relative)?;
        Ok(Some(CommandLine { file, arguments: words.collect() }))
    }

    /// A file of the component that is run as a command: [`Component::file`], and a regular file that can be read, as it is sourced.
    ///
    /// # Errors
    /// [`ComponentError::FileMissing`] with the reason, and [`ComponentError::Outside`].
    pub fn script(&self, what: &str, relative: &str) -> Result<PathBuf, ComponentError> {
        let file = self.file(what, relative)?;
        let reason = match look(&file) {
            Ok(Some(FileKind::Regular)) => match std::fs::File::open(&file) {
                Ok(_) => return Ok(file),
                Err(error) => error.to_string(),
            },
            Ok(Some(FileKind::Directory)) => "it is a directory".to_owned(),
            Ok(Some(_)) => "it is no regular file".to_owned(),
            Ok(None) => "it is not there any more".to_owned(),
            Err(error) => error.to_string(),
        };
        Err(ComponentError::FileMissing { component: self.name.clone(), what: what.to_string(), file, reason })
    }

    /// A command that the configuration gives for this component, as `launcher.stop.command`: a file in the component's directory and its
    /// arguments. `what` is the setting, for the error.
    ///
    /// # Errors
    /// [`ComponentError::FileMissing`] and [`ComponentError::Outside`].
    pub fn configured_command(&self, what: &str, text: &str) -> Result<CommandLine, ComponentError> {
        let mut words = split_words(text).into_iter();
        let file = self.script(what, &words.next().unwrap_or_default())?;
        Ok(CommandLine { file, arguments: words.collect() })
    }

    /// A file or directory that the manifest names, which must lie inside the component's directory once links are resolved (the directory
    /// itself may be a link). `what` is the manifest's key, for the error. The path is not resolved: scripts look at their own `$0`.
    ///
    /// # Errors
    /// [`ComponentError::FileMissing`] and [`ComponentError::Outside`].
    pub fn file(&self, what: &str, relative: &str) -> Result<PathBuf, ComponentError> {
        let file = self.directory.join(relative);
        let missing = |reason: String| ComponentError::FileMissing {
            component: self.name.clone(),
            what: what.to_string(),
            file: file.clone(),
            reason,
        };
        if relative.is_empty() || relative.contains('\0') {
            return Err(missing("a path is expected".into()));
        }
        if self.is_plainly_inside(relative) {
            return Ok(file);
        }
        let home = std::fs::canonicalize(&self.directory).map_err(|error| missing(error.to_string()))?;
        let resolved = std::fs::canonicalize(&file).map_err(|error| missing(error.to_string()))?;
        if !resolved.starts_with(&home) {
            return Err(ComponentError::Outside { component: self.name.clone(), what: what.to_string(), file: resolved });
        }
        Ok(file)
    }

    /// Whether a path leads to something below the component's directory with no link on its way: most do, and to resolve every step from
    /// the root of the file system costs many times as much as to look at these.
    fn is_plainly_inside(&self, relative: &str) -> bool {
        let mut at = self.directory.clone();
        relative.split('/').all(|step| {
            at.push(step);
            // Why something cannot be looked at is found out, and said, by resolving it.
            let found = unless_missing(std::fs::symlink_metadata(&at));
            !matches!(step, "" | "." | "..") && matches!(found, Ok(Some(metadata)) if kind(&metadata) != FileKind::SymbolicLink)
        })
    }

    /// What a path names in the manifest, or its nearest parent; the file as a whole when it cannot be read any more. Reads the manifest
    /// anew: call it only to report a problem.
    pub fn place(&self, path: &[&str]) -> Location {
        let file = self.manifest_file.display().to_string();
        match read_mapping(&self.manifest_file) {
            Ok(document) => {
                let place = document.root.place_of(path);
                Location::new(file, place.line, place.column)
            }
            Err(_) => Location::whole(file),
        }
    }

    /// Where the configuration violates this component's schemas, and schemas that cannot be used. A component without any is an error or a
    /// warning by `zowe.configmgr.validation`.
    pub fn validate(&self, configuration: &Configuration) -> Vec<Problem> {
        match self.schema_files() {
            Ok(files) => configuration.validate_against(&self.name, &files),
            Err(errors) => {
                let place = self.place(&["schemas", "configs"]);
                errors.iter().flat_map(|error| error.problems(Some(place.clone()))).collect()
            }
        }
    }

    /// Where the manifest violates the runtime directory's schema of manifests. Reads it anew; one that cannot be read is reported by
    /// whoever locates it.
    pub fn validate_manifest(&self, configuration: &Configuration) -> Vec<Problem> {
        match read_mapping(&self.manifest_file) {
            Ok(document) => configuration.validate_manifest(&document.root, &self.manifest_file.display().to_string()),
            Err(_) => Vec::new(),
        }
    }

    /// The keys that its configuration may have.
    pub(super) fn keys(&self) -> ComponentKeys<'_> {
        let schemas = self.schema_files().unwrap_or_default();
        ComponentKeys { name: &self.name, configs: &self.manifest.configs, schemas }
    }

    /// The files of `schemas.configs`.
    ///
    /// # Errors
    /// All that are missing or outside.
    pub fn schema_files(&self) -> Result<Vec<PathBuf>, Vec<ComponentError>> {
        let (mut files, mut errors) = (Vec::new(), Vec::new());
        for relative in &self.manifest.config_schemas {
            match self.file("schemas.configs", relative) {
                Ok(file) => files.push(file),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(files) } else { Err(errors) }
    }
}

/// The words of a command text, split at blanks; quotes keep blanks together. Nothing else of a shell's syntax is known here, and no shell
/// sees the words unquoted.
pub(super) fn split_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in text.chars() {
        match quote {
            Some(open) if character == open => quote = None,
            Some(_) => word.get_or_insert_with(String::new).push(character),
            None if matches!(character, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_with(String::new);
            }
            None if character.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_with(String::new).push(character),
        }
    }
    words.extend(word);
    words
}
