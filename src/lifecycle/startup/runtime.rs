//! Java and node.js: found, running, and new enough for the Zowe that needs them.

use super::{Check, Finding, Property, Subject, text, version};
use crate::component::Component;
use crate::config::{Environment, encoding, zowe_version};
use crate::message::Severity;
use crate::platform::files::{FileKind, look};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest time to print a version: on a busy system a Java virtual machine takes seconds.
const BOUND: Duration = Duration::from_secs(10);
/// Bytes of the answer that are kept.
const ANSWER: u64 = 64 * 1024;

/// What is known of a runtime.
#[derive(Debug, Clone, Copy)]
pub(super) struct Runtime {
    check: Check,
    name: &'static str,
    program: &'static str,
    argument: &'static str,
    /// Its property is `<key>.home`.
    key: &'static str,
    variable: &'static str,
    /// Zowe's own components that run on it, by name.
    components: &'static [&'static str],
    version: fn(&str) -> Option<(String, u32)>,
}

pub(super) const JAVA: Runtime = Runtime {
    check: Check::Java,
    name: "Java",
    program: "java",
    argument: "-version",
    key: "java",
    variable: "JAVA_HOME",
    components: &["gateway", "zaas", "discovery", "api-catalog", "caching-service", "apiml"],
    version: version::java,
};

pub(super) const NODE: Runtime = Runtime {
    check: Check::Node,
    name: "node.js",
    program: "node",
    argument: "--version",
    key: "node",
    variable: "NODE_HOME",
    components: &["app-server"],
    version: version::node,
};

/// The release that app-server cannot run on, as Zowe's own start command says.
const UNFIT_NODE: &str = "v14.17.2";

/// The result of running it.
#[derive(Debug)]
enum Seen {
    NotFound,
    NotRun(io::Error),
    TimedOut,
    Failed { end: String, said: String },
    Said(String),
}

/// Where a program was looked for.
#[derive(Debug, PartialEq, Eq)]
enum Origin {
    Property,
    Variable,
    Path,
}

pub(super) async fn findings(subject: Subject<'_>, runtime: Runtime, is_made: bool) -> Vec<Finding> {
    if !is_made {
        return Vec::new();
    }
    let needed_by = needed_by(&subject.survey.in_play, &subject.survey.launched, runtime.components);
    let path = [runtime.key, "home"];
    let home = text(subject.configuration, &path);
    if needed_by.is_empty() && home.is_none() {
        return Vec::new();
    }
    let (program, origin) = locate(home, subject.environment, &runtime);
    let seen = match &program {
        Some(program) if crate::platform::files::may_be_file(program) => run(subject, program, &runtime).await,
        _ => Seen::NotFound,
    };
    let zowe = subject.configuration.runtime_directory().and_then(|directory| zowe_version(&directory));
    let minimum = version::minimum(zowe.as_deref(), runtime.check == Check::Java);
    let Some((severity, what)) = verdict(&runtime, &seen, minimum) else { return Vec::new() };
    let place = program.as_deref().map_or_else(String::new, |program| format!("{}: ", program.display()));
    let (source, advice) = advice(&runtime, &origin);
    let (severity, who) = match needed_by.as_slice() {
        [] => (Severity::Warning, String::new()),
        names => (severity, format!(", needed by {}", names.join(", "))),
    };
    let finding = Finding::new(runtime.check, severity, format!("{place}{what} ({source}{who}); {advice}"));
    let property = Property::of(subject.configuration, &path);
    vec![if home.is_some() { finding.about(&property) } else { finding }]
}

/// The components of Zowe that need it; a component of another vendor with the same name does not count.
fn needed_by(in_play: &[Component], launched: &[String], known: &[&str]) -> Vec<String> {
    let is_zowes = |component: &&Component| {
        known.contains(&component.name.as_str()) && component.manifest.id.starts_with("org.zowe") && launched.contains(&component.name)
    };
    in_play.iter().filter(is_zowes).map(|component| component.name.clone()).collect()
}

/// `<home>/bin/<program>` of the property, else of the variable, else from PATH.
fn locate(home: Option<&str>, environment: &Environment, runtime: &Runtime) -> (Option<PathBuf>, Origin) {
    if let Some(home) = home {
        return (Some(Path::new(home).join("bin").join(runtime.program)), Origin::Property);
    }
    let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    if let Some(home) = variable(runtime.variable) {
        return (Some(Path::new(home).join("bin").join(runtime.program)), Origin::Variable);
    }
    let directories = variable("PATH").map(|path| std::env::split_paths(path).collect::<Vec<_>>()).unwrap_or_default();
    // An empty entry means the working directory, where no runtime is.
    let candidates = directories.into_iter().filter(|directory| directory.is_absolute()).map(|directory| directory.join(runtime.program));
    (candidates.into_iter().find(|candidate| matches!(look(candidate), Ok(Some(FileKind::Regular)))), Origin::Path)
}

async fn run(subject: Subject<'_>, program: &Path, runtime: &Runtime) -> Seen {
    match subject.runner.run_program(program, &[runtime.argument], subject.environment, BOUND, ANSWER).await {
        Err(error) => Seen::NotRun(error),
        Ok((finished, _)) if finished.timed_out => Seen::TimedOut,
        Ok((finished, output)) => {
            let said = encoding::decode(&output).unwrap_or_else(|_| OsStr::from_bytes(&output).to_string_lossy().into_owned());
            if finished.status.success() { Seen::Said(said) } else { Seen::Failed { end: finished.status.end.to_string(), said } }
        }
    }
}

/// What is wrong, if anything.
fn verdict(runtime: &Runtime, seen: &Seen, minimum: Option<u32>) -> Option<(Severity, String)> {
    let name = runtime.name;
    let error = |text: String| Some((Severity::Error, text));
    match seen {
        Seen::NotFound => error(format!("{name} is not found")),
        Seen::NotRun(why) => error(format!("{name} cannot be run: {why}")),
        Seen::TimedOut => error(format!("{name} did not say its version within {} s and was ended", BOUND.as_secs())),
        Seen::Failed { end, said } => error(format!("{name} ended with {end} when asked for its version: '{}'", first_line(said))),
        Seen::Said(said) => match ((runtime.version)(said), minimum) {
            (Some((version, _)), _) if runtime.check == Check::Node && version == UNFIT_NODE => {
                error(format!("{name} {version} does not work with Zowe's app-server; any other release does"))
            }
            (Some((version, major)), Some(minimum)) if major < minimum => {
                error(format!("{name} {version} is too old: version {minimum} or newer is expected"))
            }
            (Some(_), _) => None,
            (None, _) => {
                Some((Severity::Warning, format!("{name} did not say its version in a form that is known: '{}'", first_line(said))))
            }
        },
    }
}

fn first_line(text: &str) -> String {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().chars().take(120).collect()
}

/// Where the program's path comes from, and what to do.
fn advice(runtime: &Runtime, origin: &Origin) -> (String, String) {
    let (key, variable) = (runtime.key, runtime.variable);
    match origin {
        Origin::Property => (format!("from {key}.home"), format!("correct {key}.home")),
        Origin::Variable => (format!("from {variable}"), format!("set {key}.home, or correct the variable {variable} in STDENV")),
        Origin::Path => ("from PATH".to_string(), format!("set {key}.home")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_property_comes_before_the_variable_and_the_path() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("java"), "").unwrap();
        let environment: Environment = [
            ("JAVA_HOME".to_string(), "/from/variable".into()),
            ("PATH".to_string(), format!("/nowhere::{}", directory.path().display()).into()),
        ]
        .into();
        assert_eq!(locate(Some("/from/property"), &environment, &JAVA), (Some("/from/property/bin/java".into()), Origin::Property));
        assert_eq!(locate(None, &environment, &JAVA), (Some("/from/variable/bin/java".into()), Origin::Variable));
        let no_variable: Environment = environment.into_iter().filter(|(name, _)| name == "PATH").collect();
        assert_eq!(locate(None, &no_variable, &JAVA), (Some(directory.path().join("java")), Origin::Path));
        assert_eq!(locate(None, &no_variable, &NODE), (None, Origin::Path));
    }

    #[test]
    fn verdicts() {
        let severity = |runtime, seen: Seen, minimum| verdict(runtime, &seen, minimum).map(|(severity, _)| severity);
        let said = |text: &str| Seen::Said(text.to_string());
        assert_eq!(severity(&JAVA, said("openjdk version \"17.0.1\""), Some(17)), None);
        assert_eq!(severity(&JAVA, said("java version \"1.8.0_1\""), Some(17)), Some(Severity::Error));
        assert_eq!(severity(&JAVA, said("java version \"1.8.0_1\""), None), None);
        assert_eq!(severity(&JAVA, said("hello"), Some(17)), Some(Severity::Warning));
        assert_eq!(severity(&NODE, said("v14.17.2"), Some(14)), Some(Severity::Error));
        assert_eq!(severity(&NODE, Seen::TimedOut, None), Some(Severity::Error));
        assert_eq!(severity(&NODE, Seen::NotFound, None), Some(Severity::Error));
    }
}
