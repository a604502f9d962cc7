//! Reading the sources of CONFIG, and other files that hold a mapping.

use super::file::read_file;
use super::node::Node;
use super::problem::Cause;
use super::yaml::{self, Document};
use super::{Location, Problem, Source, encoding, json, merge, template};
use crate::platform::Platform;
use crate::platform::files::{FileKind, look};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The user's list of sources, read and merged once for all uses.
#[derive(Debug)]
pub struct UserSources {
    pub(super) sources: Vec<Source>,
    pub(super) names: Vec<String>,
    /// Of those that can be read.
    pub(super) documents: Vec<Arc<Node>>,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
    /// Merged, with templates as they are written; None where nothing can be read.
    merged: Option<Arc<Node>>,
    /// `zowe.runtimeDirectory`, which must come from this list; it may be a template.
    pub(super) runtime: Option<PathBuf>,
}

impl UserSources {
    /// Reads a list of sources, left-most first; what is wrong with them is kept.
    pub fn read(sources: &[Source], platform: &dyn Platform) -> UserSources {
        let (mut documents, mut problems, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
        for (index, source) in sources.iter().enumerate() {
            match read_source(source, index, platform) {
                Ok(document) => {
                    warnings.extend(document.warnings);
                    documents.push(document.root);
                }
                Err(found) => problems.extend(found),
            }
        }
        let merged = merge::merge_list(&documents);
        let runtime = merged.as_ref().and_then(|user| template::evaluate_one(user, &["zowe", "runtimeDirectory"], platform));
        let runtime = runtime.as_ref().and_then(serde_json::Value::as_str).filter(|path| !path.is_empty()).map(PathBuf::from);
        let names = sources.iter().map(Source::name).collect();
        UserSources { sources: sources.to_vec(), names, documents, problems, warnings, merged, runtime }
    }

    /// The runtime directory that the list names. None if anything is wrong with the list; loading reports that.
    pub fn runtime_directory(&self) -> Option<&Path> {
        self.runtime.as_deref().filter(|_| self.problems.is_empty())
    }

    /// The sources merged, without the runtime's defaults and with templates as they are written.
    ///
    /// # Errors
    /// Everything wrong with them.
    pub fn into_merged(self) -> Result<Arc<Node>, Vec<Problem>> {
        match self.merged {
            Some(merged) if self.problems.is_empty() => Ok(merged),
            _ => Err(self.problems),
        }
    }
}

pub(super) fn read_source(source: &Source, index: usize, platform: &dyn Platform) -> Result<Document, Vec<Problem>> {
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
