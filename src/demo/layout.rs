//! Writes the sample instance into a directory, which is at the same time the system directory of `zwelnch console --system`.
//!
//! ```text
//! <directory>/           0700
//!   SYSNAME              the name of this system
//!   PROCLIB/ZWESLSTC     the PROC, edited to name zowe.yaml
//!   zowe.yaml            the configuration, with lpar1 and lpar2
//!   runtime/             what is installed
//!   extensions/          for components of your own
//!   logs/ workspace/     what the instance writes (made at its start)
//!   .sample.json         what was written last, to tell what has been changed since
//!   SYSPLEX              with --sysplex: names the second system
//!   LPR2/                with --sysplex: the second system, of the same configuration
//! ```
//!
//! A file that the user has changed is never overwritten; an unchanged one is brought up to date, so that another program path, another
//! port or a newer sample takes effect.

#[cfg(test)]
mod tests;

use super::sample::{CONFIGURATION_TEMPLATE, sample_files};
use crate::lifecycle::workspace::make_directory;
use crate::platform::files::{fingerprint, write_atomically};
use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The first port of the demo is the one after this.
pub const DEFAULT_PORT_BASE: u16 = 17000;

/// The name of the demo's system.
pub const SYSNAME: &str = "LPR1";

/// The name of the second system, and of its directory.
pub const SECOND_SYSNAME: &str = "LPR2";

/// The highest offset that a port of the demo has from the port base.
const HIGHEST_PORT_OFFSET: u16 = 24;

const RECORD: &str = ".sample.json";

/// Makes the text of the PROC from the value of CONFIG: `mvs::jcl_member`, passed in because only the layout knows the value.
pub type MemberText<'a> = &'a dyn Fn(&str) -> io::Result<String>;

/// How the sample instance is laid out.
pub struct LayoutOptions<'a> {
    /// The zwelnch program, which start scripts run; absolute.
    pub program: &'a Path,
    /// 1024 to 65511; components listen on ports up to 24 above it.
    pub port_base: u16,
    pub member: MemberText<'a>,
    /// Two systems instead of one.
    pub sysplex: bool,
}

/// What [`lay_out`] has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The demo's directory, absolute.
    pub directory: PathBuf,
    /// Its zowe.yaml.
    pub configuration: PathBuf,
    /// Files written, relative to the directory.
    pub written: Vec<String>,
    /// Files that differ from the sample because the user has changed them: kept, relative to the directory.
    pub kept: Vec<String>,
}

/// Lays the sample instance out, or brings an existing one up to date.
///
/// # Errors
/// The system's, with the path in words; `InvalidInput` for a path that a configuration cannot hold (not UTF-8, control characters, `${{`)
/// and for a port base out of range; what `member` returns.
pub fn lay_out(directory: &Path, options: &LayoutOptions<'_>) -> io::Result<Layout> {
    let directory = absolute(directory)?;
    let directory_text = usable(&directory)?;
    let program = usable(options.program)?;
    if !(1024..=u16::MAX - HIGHEST_PORT_OFFSET).contains(&options.port_base) {
        return Err(invalid(format!("port base {} is out of range, use 1024 to {}", options.port_base, u16::MAX - HIGHEST_PORT_OFFSET)));
    }
    let configuration = directory.join("zowe.yaml");
    let member = (options.member)(usable(&configuration)?)?;
    let zowe_yaml = fill(CONFIGURATION_TEMPLATE, &placeholders(directory_text, program, options));

    if let Some(parent) = directory.parent() {
        std::fs::create_dir_all(parent).map_err(|error| naming(parent, &error))?;
    }
    make(&directory, 0o700)?;
    for name in ["PROCLIB", "spool", "jobs"] {
        make(&directory.join(name), 0o700)?;
    }
    make(&directory.join("extensions"), 0o750)?;

    let mut record = read_record(&directory.join(RECORD))?;
    let mut layout = Layout { directory: directory.clone(), configuration, written: Vec::new(), kept: Vec::new() };
    let sysname = format!("{SYSNAME}\n");
    let mut made = vec![("SYSNAME", sysname.as_str(), 0o600), ("PROCLIB/ZWESLSTC", &member, 0o600), ("zowe.yaml", &zowe_yaml, 0o600)];
    let second_sysname = format!("{SECOND_SYSNAME}\n");
    if options.sysplex {
        for name in ["", "/PROCLIB", "/spool", "/jobs"] {
            make(&directory.join(format!("{SECOND_SYSNAME}{name}")), 0o700)?;
        }
        made.push(("SYSPLEX", &second_sysname, 0o600));
        made.push(("LPR2/SYSNAME", &second_sysname, 0o600));
        made.push(("LPR2/SYSPLEX", "..\n", 0o600));
        made.push(("LPR2/PROCLIB/ZWESLSTC", &member, 0o600));
    }
    let installed = sample_files().iter().map(|file| (file.path, file.content, 0o640));
    for (name, content, mode) in made.into_iter().chain(installed) {
        let path = directory.join(name);
        let present = read_if_there(&path)?;
        match decide(present.as_deref(), record.get(name).map(String::as_str), content.as_bytes()) {
            Decision::Leave => {}
            Decision::Keep => {
                layout.kept.push(name.to_string());
                continue;
            }
            Decision::Write => {
                make_parents(&directory, name)?;
                write_atomically(&path, content.as_bytes(), mode).map_err(|error| naming(&path, &error))?;
                layout.written.push(name.to_string());
            }
        }
        record.insert(name.to_string(), fingerprint(content.bytes()));
    }
    let record_path = directory.join(RECORD);
    let text = serde_json::to_vec_pretty(&record).map_err(io::Error::other)?;
    write_atomically(&record_path, &text, 0o600).map_err(|error| naming(&record_path, &error))?;
    Ok(layout)
}

/// What to do with a file.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Write,
    /// It already has the content.
    Leave,
    /// The user has changed it.
    Keep,
}

fn decide(present: Option<&[u8]>, recorded: Option<&str>, wanted: &[u8]) -> Decision {
    match present {
        None => Decision::Write,
        Some(present) if present == wanted => Decision::Leave,
        Some(present) if recorded == Some(fingerprint(present.iter().copied()).as_str()) => Decision::Write,
        Some(_) => Decision::Keep,
    }
}

/// If the record is missing or broken, every file looks changed, so nothing is lost.
fn read_record(path: &Path) -> io::Result<BTreeMap<String, String>> {
    Ok(read_if_there(path)?.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default())
}

fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(naming(path, &error)),
    }
}

/// The directories between the demo's directory and a file of the runtime.
fn make_parents(directory: &Path, name: &str) -> io::Result<()> {
    let mut parent = directory.to_path_buf();
    let mut steps: Vec<&str> = name.split('/').collect();
    steps.pop();
    for step in steps {
        parent.push(step);
        make(&parent, 0o750)?;
    }
    Ok(())
}

fn make(path: &Path, mode: u32) -> io::Result<()> {
    make_directory(path, mode).map_err(|error| naming(path, &error))
}

fn naming(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("'{}': {error}", path.display()))
}

fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// The absolute path, without `.` and `..` parts (`./zowe-demo` is shown to users as they would type it elsewhere).
fn absolute(path: &Path) -> io::Result<PathBuf> {
    if path.as_os_str().is_empty() {
        return Err(invalid("the directory's name is empty".to_string()));
    }
    let mut plain = PathBuf::new();
    for part in std::path::absolute(path)?.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    Ok(plain)
}

/// The path as text that YAML and STDENV can hold.
fn usable(path: &Path) -> io::Result<&str> {
    let why = match path.to_str() {
        None => "is not UTF-8",
        Some(text) if text.chars().any(char::is_control) => "holds a control character",
        Some(text) if text.contains("${{") => "holds '${{', which begins a template in zowe.yaml",
        Some(text) if !text.starts_with('/') => "is not absolute",
        Some(text) => return Ok(text),
    };
    Err(invalid(format!("path '{}' {why}: choose another one", path.display())))
}

/// The one place that defines the demo's ports: each service listens on one port for an instance without overlay, and on one for each HA
/// instance.
fn placeholders(directory: &str, program: &str, options: &LayoutOptions<'_>) -> BTreeMap<&'static str, String> {
    let within = |name: &str| yaml_string(&format!("{}/{name}", directory.trim_end_matches('/')));
    let port = |offset: u16| (options.port_base + offset).to_string();
    BTreeMap::from([
        ("RUNTIME", within("runtime")),
        ("LOGS", within("logs")),
        ("WORKSPACE", within("workspace")),
        ("EXTENSIONS", within("extensions")),
        ("PROGRAM", yaml_string(program)),
        ("SYSPLEX", options.sysplex.to_string()),
        // An upgrade should be rehearsed with components that stay up.
        ("FLAKY", (!options.sysplex).to_string()),
        ("HELLO_PORT", port(1)),
        ("DISCOVERY_PORT", port(2)),
        ("GATEWAY_PORT", port(3)),
        ("HELLO_PORT_LPAR1", port(11)),
        ("DISCOVERY_PORT_LPAR1", port(12)),
        ("GATEWAY_PORT_LPAR1", port(13)),
        ("HELLO_PORT_LPAR2", port(21)),
        ("DISCOVERY_PORT_LPAR2", port(22)),
        ("GATEWAY_PORT_LPAR2", port(23)),
        ("EXTERNAL_PORT", port(HIGHEST_PORT_OFFSET)),
    ])
}

/// A double-quoted YAML scalar.
fn yaml_string(text: &str) -> String {
    crate::config::yaml::written(&text.into())
}

/// Replaces each `@NAME@` in one pass, so that a value that looks like a placeholder stays a value.
fn fill(template: &str, values: &BTreeMap<&'static str, String>) -> String {
    let mut result = String::with_capacity(template.len() + 512);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('@') {
        result.push_str(before);
        match after.split_once('@').and_then(|(name, remaining)| Some((values.get(name)?, remaining))) {
            Some((value, remaining)) => {
                result.push_str(value);
                rest = remaining;
            }
            None => {
                result.push('@');
                rest = after;
            }
        }
    }
    result.push_str(rest);
    result
}
