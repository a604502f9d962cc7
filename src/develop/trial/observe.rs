//! A component that is run once and looked at, for those who judge it: what it registers, what its documents say, what it leaves.

use super::bench::Bench;
use super::steps::{Not, left, wait_ready};
use super::{TrialError, TrialRequest};
use crate::config::read_mapping;
use crate::console::in_words;
use crate::lifecycle::workspace::{directories, make_directories};
use crate::net::{Request, Trust, get_blocking};
use crate::platform::files::{entries, unless_missing};
use serde_json::Value;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

/// What a request for a document may take, and its largest size in bytes.
const REQUEST: Duration = Duration::from_secs(10);
const DOCUMENT_LIMIT: usize = 4 * 1024 * 1024;

/// What was seen.
#[derive(Debug, Clone)]
pub struct Observation {
    /// Whether it came up.
    pub ready: Result<String, String>,
    /// The static definitions that it had registered, as the Discovery Service reads them.
    pub definitions: Vec<Value>,
    /// The documents of its APIs, by the URLs of its definitions.
    pub documents: Vec<(String, Result<Value, String>)>,
    /// How it ended.
    pub stopped: Result<String, String>,
    /// Changes in the runtime and in its own directory.
    pub written: Vec<String>,
    /// Directories of the workspace whose mode or owner is not the launcher's.
    pub changed_modes: Vec<String>,
}

/// Runs a component once.
///
/// # Errors
/// [`TrialError`]. A component that does not come up is no error.
pub fn observe(request: &TrialRequest<'_>) -> Result<Observation, TrialError> {
    let bench = Bench::new(request)?;
    let observed = look(&bench);
    bench.close();
    observed
}

fn look(bench: &Bench) -> Result<Observation, TrialError> {
    let before = bench.snapshot()?;
    let told = |seen: Result<String, Not>| match seen {
        Ok(seen) => Ok(Ok(seen)),
        Err(Not::Failed(why) | Not::Skipped(why)) => Ok(Err(why)),
        Err(Not::Broken(error)) => Err(error),
    };
    let mut started = match bench.start(0) {
        Ok(started) => started,
        Err(why) => return Err(TrialError::Instance(why)),
    };
    let ready = told(wait_ready(bench, &mut started, 0));
    let definitions = definitions(bench, started.id);
    let is_ready = matches!(ready, Ok(Ok(_)));
    let documents = if is_ready { documents(&definitions) } else { Vec::new() };
    let stopped = match bench.stop(&mut started) {
        Ok((Some(0), took)) if is_ready => told(left(bench, started.id).map(|()| format!("after {}", in_words(took))))?,
        Ok((code, _)) => Err(format!("the launcher ended with condition code {}", code.map_or("?".to_owned(), |code| code.to_string()))),
        Err(_) => Err("the instance did not end as it should".to_owned()),
    };
    let written = before.iter().zip(&bench.snapshot()?).flat_map(|((root, then), (_, now))| then.changes(now, root, &|_| false)).collect();
    Ok(Observation { ready: ready?, definitions, documents, stopped, written, changed_modes: changed_modes(bench)? })
}

fn definitions(bench: &Bench, id: &str) -> Vec<Value> {
    let (begin, end) = (format!("{}.", bench.name()), format!(".{id}.yml"));
    let is_its = |name: &str| name.starts_with(&begin) && name.ends_with(&end);
    let files = entries(&bench.workspace().join("api-mediation/api-defs")).unwrap_or_default();
    let files = files.iter().filter(|entry| is_its(&entry.file_name().to_string_lossy()));
    files.filter_map(|entry| read_mapping(&entry.path()).ok()).map(|document| document.root.to_value()).collect()
}

fn documents(definitions: &[Value]) -> Vec<(String, Result<Value, String>)> {
    let services = definitions.iter().flat_map(|definition| definition["services"].as_array().into_iter().flatten());
    let apis = services.flat_map(|service| service["apiInfo"].as_array().into_iter().flatten());
    let urls = apis.filter_map(|api| ["swaggerUrl", "openApiUrl"].iter().find_map(|key| api[*key].as_str()));
    urls.map(|url| (url.to_owned(), document(url))).collect()
}

fn document(url: &str) -> Result<Value, String> {
    let mut request = Request::new(url.to_owned(), REQUEST, Trust::Unchecked);
    request.body_limit = DOCUMENT_LIMIT;
    let response = get_blocking(&request).map_err(|error| error.to_string())?;
    if response.status != 200 {
        return Err(format!("it is answered with {}", response.status));
    }
    let text = String::from_utf8_lossy(&response.body);
    serde_json::from_str(&text).or_else(|_| match crate::config::yaml::read(&text, url, 0, false) {
        Ok(document) if document.root.is_mapping() => Ok(document.root.to_value()),
        _ => Err("it is neither JSON nor YAML".to_owned()),
    })
}

/// Compares the workspace with one that nobody but the launcher has touched.
fn changed_modes(bench: &Bench) -> Result<Vec<String>, TrialError> {
    let workspace = bench.workspace();
    let untouched = workspace.with_extension("untouched");
    make_directories(&untouched).map_err(|error| TrialError::Instance(error.to_string()))?;
    let seen = |path: &Path| {
        let found = unless_missing(std::fs::metadata(path)).map_err(|why| TrialError::Io { path: path.to_path_buf(), why })?;
        Ok::<_, TrialError>(found.map(|metadata| (metadata.mode(), metadata.uid())))
    };
    let whole = |root: &Path| std::iter::once(root.to_path_buf()).chain(directories(root)).collect::<Vec<_>>();
    let pairs = whole(&workspace).into_iter().zip(whole(&untouched));
    let mut changed = Vec::new();
    for (theirs, ours) in pairs {
        let (is, was) = (seen(&theirs)?, seen(&ours)?);
        if is.is_some() && is != was {
            changed.push(theirs);
        }
    }
    let name = |path: &Path| match path.strip_prefix(&workspace) {
        Ok(below) if !below.as_os_str().is_empty() => format!("workspace/{}", below.display()),
        _ => "workspace".to_owned(),
    };
    Ok(changed.iter().map(|path| name(path)).collect())
}
