//! The files of a new component: those of its kind with the name filled in.

use super::kinds::Kind;
use crate::lifecycle::workspace::make_directory;
use crate::platform::files;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Longer names give file and variable names that other tools cut.
const LONGEST_NAME: usize = 64;

/// How many of the existing files are named.
const SHOWN: usize = 10;

/// A component that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewComponent {
    pub name: String,
    /// Absolute.
    pub directory: PathBuf,
    /// Relative to the directory, in the order in which they were written.
    pub files: Vec<String>,
}

/// Why no component was written.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// The name cannot be the name of a component.
    #[error("'{}' cannot be the name of a component: {rule}", .name.escape_debug())]
    Name { name: String, rule: &'static str },
    /// The directory is not empty.
    #[error("{} is not empty and nothing is overwritten; there are: {}. Name another directory, or remove what is there",
        .directory.display(), .found.join(", "))]
    NotEmpty { directory: PathBuf, found: Vec<String> },
    /// The system's.
    #[error("'{}': {why}", .path.display())]
    Io { path: PathBuf, why: io::Error },
}

/// Writes a component of a kind into a directory, which must be empty if it exists; without a directory, into `./<name>`.
///
/// # Errors
/// [`ScaffoldError`]; nothing is ever overwritten.
pub fn new_component(name: &str, kind: Kind, directory: Option<&Path>) -> Result<NewComponent, ScaffoldError> {
    if let Some(rule) = broken_rule(name) {
        return Err(ScaffoldError::Name { name: name.to_owned(), rule });
    }
    let directory = directory.unwrap_or(Path::new(name));
    let directory = std::path::absolute(directory).map_err(|why| ScaffoldError::Io { path: directory.to_path_buf(), why })?;
    let found = entries(&directory)?;
    if !found.is_empty() {
        return Err(ScaffoldError::NotEmpty { directory, found });
    }
    if let Some(parent) = directory.parent() {
        std::fs::create_dir_all(parent).map_err(|why| ScaffoldError::Io { path: parent.to_path_buf(), why })?;
    }
    let mut files = Vec::new();
    for template in kind.templates() {
        let relative = fill(template.path, name, kind);
        let path = directory.join(&relative);
        write_new(&path, &fill(template.text, name, kind), template.mode).map_err(|why| ScaffoldError::Io { path, why })?;
        files.push(relative);
    }
    Ok(NewComponent { name: name.to_owned(), directory, files })
}

impl NewComponent {
    /// What was written, and what to type next.
    pub fn next_steps(&self) -> String {
        let NewComponent { name, directory, files } = self;
        let directory = directory.display();
        let mut text = format!("Component {name} is in {directory}:\n");
        for file in files {
            text += &format!("  {file}\n");
        }
        text += &format!(
            "\nNext:\n\
             1. Put it where the instance looks for extensions, zowe.extensionDirectory of zowe.yaml; a link will do:\n\
             \x20    ln -s '{directory}' EXTENSION_DIRECTORY/{name}\n\
             2. Enable it in zowe.yaml, under components:\n\
             \x20    {name}:\n\
             \x20      enabled: true\n\
             3. Check, and run it; it is restarted when you change a file:\n\
             \x20    zwelnch check -c zowe.yaml\n\
             \x20    zwelnch component run {name} -i HA_INSTANCE_ID -c zowe.yaml --watch\n\
             No instance at hand? `zwelnch demo` makes one, with the directories zowe-demo/extensions and zowe-demo/zowe.yaml.\n"
        );
        text
    }
}

/// The rule that a name breaks: it becomes a directory, a key of zowe.yaml and a part of variable names.
fn broken_rule(name: &str) -> Option<&'static str> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if !name.chars().all(is_plain) || !name.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        Some("letters, digits, '-' and '_' are expected, a letter or digit first")
    } else if name.len() > LONGEST_NAME {
        Some("it is longer than 64 characters")
    } else if name.bytes().all(|letter| letter.is_ascii_digit()) {
        Some("a number is read as one in YAML; put a letter into it")
    } else if name == "launcher" {
        Some("components.launcher holds settings of the launcher itself")
    } else {
        None
    }
}

/// The names in a directory; empty when it does not exist.
fn entries(directory: &Path) -> Result<Vec<String>, ScaffoldError> {
    let failed = |why| ScaffoldError::Io { path: directory.to_path_buf(), why };
    let found = files::entries(directory).map_err(failed)?;
    let mut names: Vec<String> = found.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let more = names.len().saturating_sub(SHOWN);
    if more > 0 {
        names.truncate(SHOWN);
        names.push(format!("and {more} more"));
    }
    Ok(names)
}

/// Writes a file that does not exist yet, and makes the directories on the way.
fn write_new(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let missing: Vec<&Path> = path.ancestors().skip(1).take_while(|parent| !files::may_be_directory(parent)).collect();
    missing.into_iter().rev().try_for_each(|parent| make_directory(parent, 0o750))?;
    let mut file = File::options().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())
}

fn fill(template: &str, name: &str, kind: Kind) -> String {
    let (program, remedy, unit) = kind.program();
    // A domain and a service id of API ML have no underscores; a service id has lower-case letters and digits only.
    let id = name.replace('_', "-");
    let service: String = name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    template
        .replace("@NAME@", name)
        .replace("@ID@", id.trim_end_matches('-'))
        .replace("@SERVICE@", &service)
        .replace("@PORT@", &port(name).to_string())
        .replace("@PROGRAM@", program)
        .replace("@REMEDY@", remedy)
        .replace("@UNIT@\n", unit)
}

/// The default port, 17100 to 17899: several new components of one instance rarely get the same one, and none gets one of the demo's.
fn port(name: &str) -> u32 {
    17100 + name.bytes().fold(0_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 800)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn a_name_is_refused_or_gives_files_that_name_it(name in "[a-zA-Z0-9_./ -]{0,8}|[a-z]{60,70}|[0-9]{1,4}") {
            let place = tempfile::tempdir().unwrap();
            let directory = place.path().join("here");
            match new_component(&name, Kind::Minimal, Some(&directory)) {
                Err(ScaffoldError::Name { .. }) => prop_assert!(!directory.exists()),
                Err(error) => prop_assert!(false, "{error}"),
                Ok(made) => {
                    let home = std::fs::canonicalize(&directory).unwrap();
                    for file in &made.files {
                        let path = std::fs::canonicalize(directory.join(file)).unwrap();
                        prop_assert!(path.starts_with(&home));
                        prop_assert!(!std::fs::read_to_string(path).unwrap().contains('@'));
                    }
                    let manifest: serde_json::Value = serde_yaml::from_str(&std::fs::read_to_string(directory.join("manifest.yaml")).unwrap()).unwrap();
                    prop_assert_eq!(manifest["name"].as_str(), Some(name.as_str()));
                    let is_refused = matches!(new_component(&name, Kind::Minimal, Some(&directory)), Err(ScaffoldError::NotEmpty { .. }));
                    prop_assert!(is_refused);
                }
            }
        }
    }
}
