//! The start-up checks: what can keep a good configuration from running on this system. Each is switched by
//! `zowe.launchScript.startupChecks.<check>`: `exit`, `warn` or `disabled`.
//!
//! What to look at, and what the result means, are functions of the configuration and of what was seen. Looking has a time limit, and all
//! checks are made at the same time.

mod attls;
mod ber;
mod certificate;
mod directories;
mod key_store;
mod memory;
mod pem;
mod pkcs12;
mod ports;
mod private_key;
mod ring;
mod runtime;
mod store_error;
mod user;
mod version;
mod zosmf;

#[cfg(any(test, fuzzing))]
pub use key_store::fuzz_key_store;
pub use key_store::{IdentityError, TrustStore, client_identity, pem_identity, pem_trust, trust_store};
pub use ports::{WORDS as BIND_WORDS, answer as bind_answer};
pub use zosmf::{server_trust, trust_with};

use super::Runner;
use crate::component::Survey;
use crate::config::settings::{self, Setting, StartupCheck};
use crate::config::{Configuration, Environment, Location, Problem};
use crate::message::{self, Message, Severity};
use crate::platform::Platform;
use crate::platform::thread::{self, Stack};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Time after which a check that reads files or binds ports is given up, because a file system can hang.
const BOUND: Duration = Duration::from_secs(60);

/// One of the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    User,
    Ports,
    Java,
    Node,
    Certificate,
    Zosmf,
    ZosmfJwt,
    Directories,
    Attls,
    Memory,
}

impl Check {
    /// As in `zowe.launchScript.startupChecks.<name>`.
    pub fn name(self) -> &'static str {
        match self {
            Check::User => "user",
            Check::Ports => "ports",
            Check::Java => "java",
            Check::Node => "node",
            Check::Certificate => "certificate",
            Check::Zosmf => "zosmf",
            Check::ZosmfJwt => "zosmfjwt",
            Check::Directories => "directories",
            Check::Attls => "attls",
            Check::Memory => "memory",
        }
    }

    fn setting(self) -> &'static Setting<StartupCheck> {
        match self {
            Check::User => &settings::CHECK_USER,
            Check::Ports => &settings::CHECK_PORTS,
            Check::Java => &settings::CHECK_JAVA,
            Check::Node => &settings::CHECK_NODE,
            Check::Certificate => &settings::CHECK_CERTIFICATE,
            Check::Zosmf => &settings::CHECK_ZOSMF,
            Check::ZosmfJwt => &settings::CHECK_ZOSMF_JWT,
            Check::Directories => &settings::CHECK_DIRECTORIES,
            Check::Attls => &settings::CHECK_ATTLS,
            Check::Memory => &settings::CHECK_MEMORY,
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub check: Check,
    /// Error: the instance cannot be started. Warning: odd. Info: not looked at.
    pub severity: Severity,
    /// The property it is about, where it is about one, and what set it.
    pub property: Option<Vec<String>>,
    pub place: Option<Location>,
    /// What is wrong and what to do, without secrets.
    pub text: String,
    /// ZWEL0302W says it, in place of ZWEL0951W.
    is_user_of_zosmf: bool,
}

impl Finding {
    fn new(check: Check, severity: Severity, text: impl Into<String>) -> Finding {
        Finding { check, severity, property: None, place: None, text: text.into(), is_user_of_zosmf: false }
    }

    /// The same, about a property.
    fn about(mut self, property: &Property) -> Finding {
        self.property = Some(property.path.clone());
        self.place = Some(property.place.clone());
        self
    }

    /// For SYSPRINT.
    pub fn message(&self) -> Message {
        if self.is_user_of_zosmf {
            return message::runs_as_izusvr();
        }
        let why = match &self.place {
            Some(place) => format!("{}: {}", place, one_line(&self.text)),
            None => one_line(&self.text),
        };
        match self.severity {
            Severity::Error => message::startup_check_failed(self.check, why),
            Severity::Warning => message::startup_check_warning(self.check, why),
            Severity::Info | Severity::Debug => message::startup_check_note(self.check, why),
        }
    }

    /// For the report of `check`.
    pub fn problem(&self) -> Problem {
        let make = if self.severity == Severity::Error { Problem::error } else { Problem::warning };
        Problem {
            property: self.property.as_ref().map(|path| path.join(".")),
            ..make(self.place.clone(), format!("startup check {}: {}", self.check, self.text))
        }
    }
}

/// Makes a text of a file name, a server or a program one line.
fn one_line(text: &str) -> String {
    text.chars().flat_map(|character| if character.is_control() { character.escape_default().collect() } else { vec![character] }).collect()
}

/// A property and what set it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Property {
    path: Vec<String>,
    place: Location,
}

impl Property {
    fn of(configuration: &Configuration, path: &[&str]) -> Property {
        Property { path: path.iter().map(|step| (*step).to_string()).collect(), place: configuration.place(path) }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.path.join("."))
    }
}

/// A text of the configuration that is not empty.
fn text<'a>(configuration: &'a Configuration, path: &[&str]) -> Option<&'a str> {
    configuration.get(path).and_then(serde_json::Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

/// A path of the configuration; relative ones are below the runtime directory, which a run has as its working directory.
fn resolved(configuration: &Configuration, path: &str) -> PathBuf {
    configuration.runtime_directory().map_or_else(|| PathBuf::from(path), |runtime| runtime.join(path))
}

/// What the checks look at.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    pub platform: &'a dyn Platform,
    pub configuration: &'a Configuration,
    pub survey: &'a Survey,
    /// The variables that all components have in common.
    pub environment: &'a Environment,
    /// Runs java and node.
    pub runner: &'a Runner,
}

impl fmt::Debug for Subject<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The configuration holds passwords.
        formatter.debug_struct("Subject").finish_non_exhaustive()
    }
}

/// Makes all checks that are not disabled, at once; ends after little more than a minute, even if the system hangs. Findings are in the
/// order of [`Check`]. Needs a tokio runtime with time.
pub async fn check(subject: Subject<'_>) -> Vec<Finding> {
    let configuration = subject.configuration;
    let is_made = |check: Check| configuration.startup_check(check.setting()) != StartupCheck::Disabled;
    let mut findings = Vec::new();
    if is_made(Check::User) {
        findings.extend(user::findings(&subject.platform.user_id(), user::is_superuser(), subject.platform.is_zos()));
    }
    if is_made(Check::Memory) {
        let platform = subject.platform;
        findings.extend(memory::findings(platform.memory_limits(), &platform.user_id(), platform.is_zos()));
    }
    let directories = is_made(Check::Directories).then(|| directories::plan(configuration));
    let certificates = is_made(Check::Certificate).then(|| certificate::plan(configuration, subject.survey));
    let zosmf =
        zosmf::plan(configuration, &subject.survey.launched).and_then(|plan| plan.only(is_made(Check::Zosmf), is_made(Check::ZosmfJwt)));
    let others = tokio::join!(
        ports(subject, is_made(Check::Ports)),
        runtime::findings(subject, runtime::JAVA, is_made(Check::Java)),
        runtime::findings(subject, runtime::NODE, is_made(Check::Node)),
        on_thread(Check::Certificate, BOUND, certificates.map(|plan| move || certificate::findings(&plan))),
        on_thread(Check::Zosmf, BOUND, zosmf.map(|plan| move || zosmf::findings(&plan))),
        on_thread(Check::Directories, BOUND, directories.map(|plan| move || directories::findings(&plan))),
        attls::findings(subject, is_made(Check::Attls)),
    );
    let others = [others.0, others.1, others.2, others.3, others.4, others.5, others.6];
    findings.extend(others.into_iter().flatten());
    findings.sort_by_key(|finding| finding.check);
    for finding in &mut findings {
        if configuration.startup_check(finding.check.setting()) == StartupCheck::Warn && finding.severity == Severity::Error {
            finding.severity = Severity::Warning;
        }
    }
    findings
}

/// Binds the ports of what will be launched, except where the configuration says that they are not to be looked at.
async fn ports(subject: Subject<'_>, is_made: bool) -> Vec<Finding> {
    if !is_made {
        return Vec::new();
    }
    let (listeners, left_out) = crate::component::listeners_to_check(subject.configuration, subject.survey);
    let mut findings = Vec::from_iter(ports::left_out(&left_out));
    match seen_on_thread(Check::Ports, BOUND, move || ports::look(listeners, &crate::platform::unix::bind)).await {
        Ok(seen) => findings.extend(ports::findings(subject, seen).await),
        Err(finding) => findings.push(finding),
    }
    findings
}

/// What may block, on a thread of its own; nothing where there is no work.
async fn on_thread(check: Check, bound: Duration, work: Option<impl FnOnce() -> Vec<Finding> + Send + 'static>) -> Vec<Finding> {
    let Some(work) = work else { return Vec::new() };
    seen_on_thread(check, bound, work).await.unwrap_or_else(|finding| vec![finding])
}

/// Runs what may block on a thread of its own, which is left to itself when the time is over: a blocking task of tokio's would keep the
/// launcher from ending.
///
/// # Errors
/// The finding that says that the check was not made.
async fn seen_on_thread<T: Send + 'static>(check: Check, bound: Duration, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Finding> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let spawned = thread::spawn(format!("check-{check}"), Stack::Usual, move || {
        // Nobody waits any more.
        let _ = sender.send(work());
    });
    let not_made = |why: String| Finding::new(check, Severity::Warning, format!("was not made: {why}"));
    spawned.map_err(|error| not_made(error.to_string()))?;
    match tokio::time::timeout(bound, receiver).await {
        Ok(Ok(seen)) => Ok(seen),
        Ok(Err(_)) => Err(not_made("internal error, contact support".to_string())),
        Err(_) => Err(not_made(format!("no end after {} s; a file system or name server that hangs?", bound.as_secs()))),
    }
}

#[cfg(test)]
mod tests;
