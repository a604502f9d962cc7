//! `ha compare A --write-b FILE`: makes B's configuration from A's, with what must differ left open as choices.

use super::{rules, running};
use crate::config::choice::CHOICE;
use crate::config::edit::{self, reads_as};
use crate::config::node::{Node, NodeValue, Place};
use crate::config::variables::scalar_text;
use crate::config::{self, Configuration, HaInstance, Source, lookup, normalize_id, yaml};
use crate::ha::target::TargetError;
use crate::platform::Platform;
use crate::platform::text_file::{self, TextFile};
use serde_json::Value;
use std::fs::{OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A property that is left to be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Keys from the root.
    pub path: Vec<String>,
    /// Begins with [`CHOICE`]: what to choose, and what A has.
    pub text: String,
    /// The comment that the file has above it.
    comment: Option<&'static str>,
}

/// The text of B's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub text: String,
    pub choices: Vec<Choice>,
    /// False where A has several sources or is written in a way that could not be edited: then comments and order are lost.
    pub comments_kept: bool,
}

/// Why B's configuration was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("{0}")]
    Compare(#[from] TargetError),
    #[error("{config}: its values cannot be written as YAML again; copy the file and change {properties} in the copy")]
    NotExpressible { config: String, properties: String },
    #[error("'{}' exists; name a file that does not, nothing is overwritten", .0.display())]
    Exists(PathBuf),
    #[error("cannot write '{}' - {source}; check the owner and mode of its directory and the free space of the file system",
        path.display())]
    Write { path: PathBuf, source: io::Error },
}

const INTERFACE_COMMENT: &str = "While the levels differ only one of A and B may run it; in the end one instance of B has to.";

/// What must be decided for B, in the order of the report: everything that collides when A is compared with itself, in every overlay too,
/// and where the user interfaces run. `a` is without an overlay.
fn choices(a: &Configuration) -> Vec<Choice> {
    let mut choices: Vec<Choice> = Vec::new();
    let own_path = |path: &Path| path.to_path_buf();
    let properties = rules::must_differ([a, a]);
    let proclib = properties.iter().any(|property| property.path.last().is_some_and(|key| key == "proclib"));
    for property in &properties {
        let path: Vec<&str> = property.path.iter().map(String::as_str).collect();
        // The names of the members in it keep the two apart.
        let needed = proclib && path.ends_with(&["stcs", "zowe"]);
        if path.last() != Some(&"proclib") && (needed || property.collision([a, a], &own_path).is_some()) && !follows(a, &path) {
            choices.push(Choice {
                path: property.path.clone(),
                text: words(&path, a.get(&path), property.defaults[0].as_deref()),
                comment: None,
            });
        }
    }
    // Each instance has a choice of its own: one answer for all would let it run in both or nowhere.
    let ids = a.instance_ids();
    for name in rules::USER_INTERFACES {
        let path = ["components", name, "enabled"];
        if let Some(value) = a.get(&path).filter(|_| ids.is_empty()) {
            choices.push(interface(&path, value));
        }
    }
    for id in ids {
        // An id that is not unique keeps A from loading.
        let Ok(instance) = a.for_instance(&HaInstance { id: normalize_id(&id), from_placeholder: false }) else { continue };
        let within = |path: &[&str]| -> Vec<String> { ["haInstances", &id].iter().chain(path).map(|step| (*step).to_owned()).collect() };
        let set = |path: &[String]| {
            lookup(a.base(), &path.iter().map(String::as_str).collect::<Vec<_>>()).filter(|value| !value.is_null()).cloned()
        };
        for property in rules::must_differ([&instance, &instance]) {
            let path: Vec<&str> = property.path.iter().map(String::as_str).collect();
            let own = within(&path);
            if path.last() == Some(&"proclib") || property.collision([&instance, &instance], &own_path).is_none() {
                continue;
            }
            if let Some(value) = set(&own).filter(|_| !follows(a, &own.iter().map(String::as_str).collect::<Vec<_>>())) {
                choices.push(Choice { text: words(&path, Some(&value), None), path: own, comment: None });
            }
        }
        for name in rules::USER_INTERFACES.into_iter().filter(|name| !running::instances(a, name).is_empty()) {
            let own = within(&["components", name, "enabled"]);
            let value = Value::Bool(instance.is_enabled(name));
            choices.push(interface(&own.iter().map(String::as_str).collect::<Vec<_>>(), &value));
        }
    }
    choices
}

/// True for a template of something that must differ: it follows when that is chosen.
fn follows(a: &Configuration, path: &[&str]) -> bool {
    const ROOTS: [&str; 5] =
        ["zowe.runtimeDirectory", "zowe.workspaceDirectory", "zowe.logDirectory", "zowe.job.name", "zowe.setup.dataset"];
    a.template_at(path).is_some_and(|template| ROOTS.iter().any(|root| template.contains(root)))
}

fn interface(path: &[&str], value: &Value) -> Choice {
    let text = format!("{CHOICE} true or false; A has {}", scalar_text(value));
    Choice { path: path.iter().map(|step| (*step).to_owned()).collect(), text, comment: Some(INTERFACE_COMMENT) }
}

fn words(path: &[&str], value: Option<&Value>, default: Option<&str>) -> String {
    let what = match path {
        [.., "runtimeDirectory"] => "the directory that B's level is installed in",
        [.., "workspaceDirectory" | "logDirectory"] => "a directory of B's own, not within A's",
        [.., "job", "name"] => "a job name of B's own, at most 7 characters",
        [.., "stcs", _] => "a started task of B's own",
        [.., "prefix"] => "the data set prefix of B's level",
        _ => "a data set of B's own",
    };
    let has = match (value, default) {
        (Some(value), _) => format!("A has '{}'", scalar_text(value)),
        (None, Some(default)) => format!("A has none, which is '{default}'"),
        (None, None) => "A has none".to_owned(),
    };
    // Otherwise it would be a template again.
    if has.contains("${{") { format!("{CHOICE} {what}") } else { format!("{CHOICE} {what}; {has}") }
}

/// Writes a configuration of B, made from A's, to a file that must not exist yet.
///
/// # Errors
/// [`WriteError`]; then no file is left behind.
pub fn draft(config: &str, platform: &dyn Platform, file: &Path) -> Result<Draft, WriteError> {
    let a = super::load(&super::Side { config: config.to_owned(), ha_instance: None }, platform)?;
    let draft = drafted(&a, config, platform)?;
    write(&draft, &a.sources, file)?;
    Ok(draft)
}

/// B's configuration from A's sources; `config` names A in errors.
fn drafted(a: &Configuration, config: &str, platform: &dyn Platform) -> Result<Draft, WriteError> {
    let merged = config::UserSources::read(&a.sources, platform)
        .into_merged()
        .map_err(|why| TargetError::Load { config: config.to_owned(), why: config::LoadError::Sources(why) })?;
    let choices = choices(a);
    let mut intended = Arc::clone(&merged);
    for choice in &choices {
        let path: Vec<&str> = choice.path.iter().map(String::as_str).collect();
        intended = intended.with(&path, &Arc::new(Node::new(Place::default(), NodeValue::Text(choice.text.clone()))));
    }
    let head = head(a);
    let single = match a.sources.as_slice() {
        [only] => config::source_text(&only.name(), platform),
        _ => None,
    };
    if let Some(text) =
        single.and_then(|text| edited(&text, &choices)).map(|text| head.clone() + &text).filter(|text| reads_as(text, &intended))
    {
        return Ok(Draft { text, choices, comments_kept: true });
    }
    let mut text = head;
    emit(&intended, 0, &mut text);
    if reads_as(&text, &intended) {
        return Ok(Draft { text, choices, comments_kept: false });
    }
    let properties = choices.iter().map(|choice| choice.path.join(".")).collect::<Vec<_>>().join(", ");
    Err(WriteError::NotExpressible { config: config.to_owned(), properties })
}

fn head(a: &Configuration) -> String {
    let sources: Vec<String> = a.sources.iter().map(|source| source.name().escape_debug().to_string()).collect();
    format!(
        "# Configuration of instance B, made from {} by zwelnch ha compare --write-b.\n# Put a value in place of each text that begins \
        {CHOICE}, then compare the two again.\n",
        sources.join(", ")
    )
}

fn edited(text: &str, choices: &[Choice]) -> Option<String> {
    // Each addition goes to the beginning of its mapping, so the last one is added first.
    choices.iter().rev().try_fold(text.to_owned(), |text, choice| {
        let path: Vec<&str> = choice.path.iter().map(String::as_str).collect();
        edit::set(&text, &path, &yaml::written(&choice.text.as_str().into()), choice.comment)
    })
}

/// Mappings in block style and everything else as JSON, which is also YAML. A template must not be in single quotes, which a YAML writer
/// uses for text that it would have to escape.
fn emit(node: &Node, column: usize, text: &mut String) {
    let NodeValue::Mapping(entries) = &node.value else { return };
    for entry in entries {
        text.push_str(&format!("{}{}:", " ".repeat(column), edit::written(&entry.key)));
        match &entry.value.value {
            NodeValue::Mapping(inner) if !inner.is_empty() => {
                text.push('\n');
                emit(&entry.value, column + 2, text);
            }
            _ => text.push_str(&format!(" {}\n", yaml::written(&entry.value.to_value()))),
        }
    }
}

/// Mode 640, or the narrowest mode of A's files if that is narrower: the file holds A's passwords.
fn write(draft: &Draft, sources: &[Source], path: &Path) -> Result<(), WriteError> {
    let mode_of = |source: &Source| match source {
        // Where the mode is unknown, the narrowest one.
        Source::File(path) => Some(std::fs::metadata(path).map_or(0o600, |metadata| metadata.permissions().mode())),
        Source::Member { .. } => None,
    };
    let mode = sources.iter().filter_map(mode_of).fold(0o640, |mode, own| mode & own) | 0o600;
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => WriteError::Exists(path.to_path_buf()),
        _ => WriteError::Write { path: path.to_path_buf(), source },
    };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    // The file gets its wider mode only when it is complete, whatever the umask.
    let filled = text_file::write_into(&mut file, path, draft.text.as_bytes(), TextFile::Configuration);
    let written = filled.and_then(|()| file.set_permissions(Permissions::from_mode(mode)));
    written.map_err(|error| {
        // The first error is what matters.
        let _ = std::fs::remove_file(path);
        failed(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing::{FakePlatform, load_texts, shared};

    fn draft_of(text: &str) -> Result<Draft, WriteError> {
        let directory = tempfile::tempdir().unwrap();
        let (a, b) = (directory.path().join("a.yaml"), directory.path().join("b.yaml"));
        std::fs::write(&a, text).unwrap();
        let draft = draft(&a.display().to_string(), &FakePlatform::default(), &b)?;
        assert_eq!(config::encoding::decode(&std::fs::read(&b).unwrap()).unwrap(), draft.text);
        Ok(draft)
    }

    #[test]
    #[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
    fn what_cannot_be_edited_in_place_is_written_anew() {
        let text = "# gone\nzowe:\n  workspaceDirectory: &w |-\n    /w\n  logDirectory: *w\n  job: {name: \"${{ 1 }}\", prefix: '1.5'}\nlist: [1, {\"a b\": null}]\nempty: {}\n";
        let draft = draft_of(text).unwrap();
        assert!(!draft.comments_kept && !draft.text.contains("gone"), "{}", draft.text);
        let kept = "  job:\n    name: \"CHOOSE: a job name of B's own, at most 7 characters; A has '1'\"\n    prefix: \"1.5\"\n  runtimeDirectory: \"CHOOSE: the directory that B's level is installed in; A has none\"\nlist: [1,{\"a b\":null}]\nempty: {}\n";
        assert!(draft.text.contains(kept), "{}", draft.text);
    }

    #[test]
    fn a_value_that_looks_like_a_template_is_not_repeated() {
        let draft = draft_of("zowe:\n  workspaceDirectory: |-\n    /${{w\n").unwrap();
        let path = draft.choices.iter().find(|choice| choice.path.ends_with(&["workspaceDirectory".to_owned()])).unwrap();
        assert_eq!(path.text, "CHOOSE: a directory of B's own, not within A's");
        // What our YAML writer cannot express is kept where the text is kept, and refused where it would have to be written anew.
        assert!(draft_of("zowe: {}\nx: !!float 1.5\ny: |\n  ${{\n").unwrap().comments_kept);
        let error = draft_of("zowe:\n  workspaceDirectory: |-\n    /w\nx: !!float 1.5\n").unwrap_err();
        assert!(error.to_string().contains("change zowe.runtimeDirectory, zowe.workspaceDirectory, zowe.job.name in the copy"), "{error}");
    }

    #[test]
    fn a_proclib_that_stays_needs_another_started_task() {
        let choices = draft_of("zowe: {setup: {dataset: {proclib: USER.PROCLIB}}}\n").unwrap().choices;
        let paths: Vec<String> = choices.iter().map(|choice| choice.path.join(".")).collect();
        assert_eq!(paths, ["zowe.runtimeDirectory", "zowe.workspaceDirectory", "zowe.job.name", "zowe.setup.security.stcs.zowe"]);
    }

    /// Configurations as people have written them.
    #[test]
    fn every_configuration_of_the_corpus_that_loads_is_edited_in_place() {
        let Some(corpus) = shared("zowe/corpus/zoweyaml") else { return };
        let (mut drafts, mut rewritten) = (0, Vec::new());
        for entry in std::fs::read_dir(corpus).unwrap() {
            let path = entry.unwrap().path();
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            if load_texts(&[&text], "").map_or(true, |loaded| loaded.for_instance(&HaInstance::none()).is_err()) {
                continue;
            }
            let draft = draft_of(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            drafts += 1;
            if !draft.comments_kept {
                rewritten.push(path);
            }
        }
        assert!(drafts >= 20, "{drafts}");
        assert!(rewritten.is_empty(), "{rewritten:?} of {drafts}");
    }
}
