//! `zwelnch support`: one archive for those who are to help from afar. It needs no running instance, starts nothing, and changes nothing
//! but the one file that it writes. Everything passes the masks of `mask`; what could not be had is listed in the archive itself.

mod archive;
mod files;
mod mask;

pub use archive::{Missing, Reason};

use crate::component;
use crate::config::{self, Configuration, HaInstance, LoadRequest, Source, secrets};
use crate::console::VERBS;
use crate::ha::operate::{Addressed, Wanted, addressed};
use crate::ha::operator::Operator;
use crate::inspect::zos_install::{self, Place};
use crate::inspect::{self, ConfigView, Format};
use crate::lifecycle::workspace::ENVIRONMENT_DIRECTORY;
use crate::platform::Platform;
use crate::platform::unix::process::inherited_environment;
use archive::Archive;
use files::{LOG_LIMIT, Reader};
use mask::Masker;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a launcher may take to answer one question.
const ANSWER: Duration = Duration::from_secs(20);

/// The most files of a log directory.
const LOGS: usize = 60;

/// How deep listings go: the files of a component, not those of node modules.
const RUNTIME_DEPTH: usize = 3;
const WORKSPACE_DEPTH: usize = 4;
const LOGS_DEPTH: usize = 1;

/// The most HA instances whose configuration is shown with its overlay.
const INSTANCES: usize = 32;

/// What is collected, and by whom.
pub struct Request<'a> {
    pub platform: &'a dyn Platform,
    /// CONFIG as given and its sources; why there are none.
    pub config: Result<(String, Vec<Source>), String>,
    /// HA instances; none: all of haInstances.
    pub ids: &'a [String],
    /// Where launchers are asked; why there is no such place.
    pub operator: Result<&'a dyn Operator, String>,
    /// Jobs that are known to run, by the names by which commands reach them; none where the system does not tell.
    pub jobs: Vec<String>,
    /// Off z/OS: the system directory, with its SYSLOG, spool and history.
    pub system: Option<&'a Path>,
    /// Lines about the program: its version, its build, its system.
    pub versions: String,
    /// Seconds since 1970.
    pub now: u64,
    /// The directory that the archive unpacks to.
    pub root: String,
}

/// The archive, complete.
#[derive(Debug)]
pub struct Collected {
    pub tar: Vec<u8>,
    /// How many files it has.
    pub files: usize,
    /// What is not in it; also in its `not-collected.txt`.
    pub missing: Vec<Missing>,
}

/// Collects everything. It reads files and asks launchers, each with a bound.
pub fn collect(request: &Request<'_>) -> Collected {
    let loaded = load(request);
    let masker = Masker::new(known_secrets(&loaded));
    let mut archive = Archive::default();
    let mut reader = Reader { archive: &mut archive, masker: &masker, platform: request.platform };
    reader.text("versions.txt", &request.versions);
    let environment = inherited_environment();
    reader.text("environment.txt", &inspect::environment(&environment, false));
    configuration(&mut reader, request, &loaded);
    if let Ok(loaded) = &loaded {
        records(&mut reader, loaded);
        installation(&mut reader, &loaded.base);
    }
    launchers(&mut reader, request, loaded.as_ref().ok().map(|loaded| &loaded.base));
    match request.system {
        Some(system) => emulated_system(&mut reader, system),
        None if request.platform.is_zos() => reader.archive.note(
            Reason::Absent,
            "SYSPRINT and SYSLOG",
            "they are in the spool of JES, which this program does not read: save the job's output with SDSF (XDC) and send it too",
        ),
        None => {}
    }
    if let Ok(loaded) = &loaded {
        if let Some(logs) = loaded.base.log_directory() {
            reader.directory("logs", &logs, LOGS, |_| true);
        } else {
            reader.archive.note(Reason::Absent, "zowe.logDirectory", "it is not set: components have no log files of their own");
        }
    }
    let missing = missing_text(&archive.missing);
    archive.add("not-collected.txt", masker.text(&missing));
    archive.add("README.txt", readme(&archive));
    Collected { tar: archive.tar(&request.root, request.now), files: archive.files().count(), missing: archive.missing }
}

/// The configuration without an overlay and the HA instances that are meant.
struct Loaded {
    base: Configuration,
    instances: Vec<HaInstance>,
}

fn load(request: &Request<'_>) -> Result<Loaded, String> {
    let (_, sources) = request.config.as_ref().map_err(Clone::clone)?;
    let none = HaInstance::none();
    let base = Configuration::load(&LoadRequest { sources, ha_instance: &none, platform: request.platform });
    let base = base.map_err(|_| "the configuration does not load; check.txt says why".to_owned())?;
    let named: Vec<HaInstance> = request.ids.iter().map(|id| config::ha_instance(id, request.platform)).collect();
    let instances = inspect::instances_of(&base, &named);
    Ok(Loaded { base, instances })
}

/// Values that are secret by the name of their property or variable.
fn known_secrets(loaded: &Result<Loaded, String>) -> Vec<String> {
    let variables = inherited_environment();
    let secret = |(name, value): (&String, &std::ffi::OsString)| {
        let value = value.to_string_lossy().into_owned();
        (secrets::is_secret_name(name) || secrets::is_secret_text(&value)).then_some(value)
    };
    let mut found: Vec<String> = variables.iter().filter_map(secret).collect();
    if let Ok(loaded) = loaded {
        found.extend(secrets::values(loaded.base.value()));
        for instance in &loaded.instances {
            found.extend(loaded.base.for_instance(instance).iter().flat_map(|configuration| secrets::values(configuration.value())));
        }
    }
    found
}

fn configuration(reader: &mut Reader<'_>, request: &Request<'_>, loaded: &Result<Loaded, String>) {
    let (config_text, sources) = match &request.config {
        Ok(config) => config,
        Err(why) => return reader.archive.note(Reason::Absent, "configuration", why),
    };
    let named: Vec<HaInstance> = request.ids.iter().map(|id| config::ha_instance(id, request.platform)).collect();
    reader.text("check.txt", &inspect::check(sources, &named, request.platform, None).text());
    let place = Place { root: None, procedure: None, config: Some(config_text) };
    reader.text("check-zos-install.txt", &zos_install::report(&zos_install::gather(place, request.platform)).text());
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(why) => return reader.archive.note(Reason::Unreadable, "configuration", why),
    };
    let view = ConfigView { format: Format::Yaml, ..ConfigView::default() };
    answer(reader, "configuration/zowe.yaml", inspect::config(&loaded.base, view));
    answer(reader, "configuration/origins.txt", inspect::config(&loaded.base, ConfigView { origin: true, ..view }));
    let survey = component::survey(&loaded.base);
    let list = survey.installed.iter().map(|component| {
        let version = component.manifest.version.as_deref().unwrap_or("-");
        let enabled = if loaded.base.is_enabled_anywhere(&component.name) { "enabled" } else { "not enabled" };
        format!("{} {version} {enabled} {}\n", component.name, component.manifest_file.display())
    });
    let list = format!("# component version enabled manifest\n{}", list.collect::<String>());
    reader.text("components.txt", &list);
    for instance in loaded.instances.iter().take(INSTANCES) {
        let id = if instance.id.is_empty() { "instance" } else { &instance.id };
        match loaded.base.for_instance(instance) {
            Ok(configuration) => {
                let view = ConfigView { overlaid: true, ..view };
                answer(reader, &format!("configuration/{id}/zowe.yaml"), inspect::config(&configuration, view));
                let survey = component::survey(&configuration);
                let environment = inspect::environment_of(&configuration, &survey, request.platform, config_text, None, None);
                let shown = environment.map(|environment| inspect::environment(&environment, false));
                answer(reader, &format!("configuration/{id}/environment.txt"), shown);
                reader.text(&format!("configuration/{id}/plan.txt"), &inspect::plan(&configuration, request.platform).0);
            }
            Err(error) => {
                let why: Vec<String> = error.messages().iter().map(ToString::to_string).collect();
                reader.archive.note(Reason::Unreadable, &format!("configuration of HA instance {id}"), &why.join("; "));
            }
        }
    }
    if loaded.instances.len() > INSTANCES {
        let why = format!("of {} the first {INSTANCES} are in the archive; name others with -i", loaded.instances.len());
        reader.archive.note(Reason::Cut, "HA instances", &why);
    }
}

fn answer(reader: &mut Reader<'_>, name: &str, answer: Result<String, inspect::InspectError>) {
    match answer {
        Ok(text) => reader.text(name, &text),
        Err(error) => reader.archive.note(Reason::Unreadable, name, &error.to_string()),
    }
}

/// The locks and the records of processes in the workspace. What else is there holds secrets in clear, and is only listed.
fn records(reader: &mut Reader<'_>, loaded: &Loaded) {
    let mut seen: Vec<PathBuf> = Vec::new();
    for instance in &loaded.instances {
        let workspace = loaded.base.for_instance(instance).ok().and_then(|configuration| configuration.workspace_directory());
        let Some(workspace) = workspace.filter(|workspace| !seen.contains(workspace)) else { continue };
        reader.directory("records", &workspace.join(ENVIRONMENT_DIRECTORY), LOGS, |name| {
            name.ends_with(".lock") || name.ends_with(".processes") || name.contains(".processes.")
        });
        reader.listing("listings/workspace.txt", &workspace, WORKSPACE_DEPTH);
        seen.push(workspace);
    }
}

fn installation(reader: &mut Reader<'_>, base: &Configuration) {
    if let Some(runtime) = base.runtime_directory() {
        reader.file("runtime/manifest.json", &runtime, &runtime.join("manifest.json"), LOG_LIMIT, Some("the runtime has none"));
        reader.listing("listings/runtime.txt", &runtime, RUNTIME_DEPTH);
    }
    if let Some(extensions) = base.extension_directory() {
        reader.listing("listings/extensions.txt", &extensions, RUNTIME_DEPTH);
    }
    if let Some(logs) = base.log_directory() {
        reader.listing("listings/logs.txt", &logs, LOGS_DEPTH);
    }
}

/// What the launchers of this system answer; of another system's only the command is given.
fn launchers(reader: &mut Reader<'_>, request: &Request<'_>, base: Option<&Configuration>) {
    let operator = match &request.operator {
        Ok(operator) => *operator,
        Err(why) => return reader.archive.note(Reason::Absent, "answers of launchers", why),
    };
    let own = operator.sysname();
    let mut asked: Vec<String> = Vec::new();
    for instance in configured_launchers(reader, request, base, &own) {
        if let Some(other) = instance.sysname.as_ref().filter(|name| **name != own) {
            let why = format!("it is of system {other}, this is {own}: run `zwelnch support` there too");
            reader.archive.note(Reason::Absent, &format!("answers of HA instance {}", instance.shown()), &why);
            continue;
        }
        // Started without JOBNAME, a job has the name of its PROC.
        let named = [instance.job_name.clone(), instance.member.clone()];
        let job = named.iter().find(|name| request.jobs.contains(name)).unwrap_or(&instance.job_name).clone();
        let answered = ask(reader, operator, &Addressed { job_name: job.clone(), ..instance.clone() }, &own);
        if !answered && request.jobs.is_empty() && instance.member != job {
            ask(reader, operator, &Addressed { job_name: instance.member.clone(), ..instance }, &own);
        }
        asked.push(job);
    }
    for job in request.jobs.iter().filter(|job| !asked.contains(job)) {
        ask(reader, operator, &Addressed { id: None, sysname: None, job_name: job.clone(), member: String::new() }, &own);
    }
}

fn configured_launchers(reader: &mut Reader<'_>, request: &Request<'_>, base: Option<&Configuration>, own: &str) -> Vec<Addressed> {
    let Some(base) = base else {
        if request.jobs.is_empty() {
            reader.archive.note(Reason::Absent, "answers of launchers", "without a configuration it is not known how they are called");
        }
        return Vec::new();
    };
    let all = request.ids.is_empty() && !base.instance_ids().is_empty();
    match addressed(base, Wanted { ids: request.ids, all, member: None, job: None }, own) {
        Ok(found) => found,
        Err(error) => {
            reader.archive.note(Reason::Absent, "answers of launchers", &error.to_string());
            Vec::new()
        }
    }
}

/// Whether the first question was answered: the others would only say the same, each after its time.
fn ask(reader: &mut Reader<'_>, operator: &dyn Operator, instance: &Addressed, own: &str) -> bool {
    let has = |word: &str| VERBS.iter().any(|(form, _)| form.split(['(', ',']).next() == Some(word));
    let questions = ["DISP", "DISP,DETAIL(*)", "HEALTH"].into_iter().filter(|text| has(text.split(',').next().unwrap_or_default()));
    for question in questions {
        let what = format!("{question} of {} (job {})", instance.shown(), instance.job_name);
        let answered = instance.modify(question, own).map_err(|error| error.to_string());
        let answered = answered.and_then(|command| operator.ask(&command, Some(ANSWER)).map_err(|error| error.to_string()));
        match answered {
            Ok(answer) if answer.accepted && !answer.broken => {
                let name = format!("answers/{}-{}.txt", instance.shown(), question.replace(",", "-").replace("(*)", ""));
                reader.text(&name, &(answer.lines.join("\n") + "\n"));
            }
            Ok(answer) => {
                let why = if answer.broken { "the answer broke off" } else { "refused: it does not run?" };
                let reason = if answer.broken { Reason::Unreadable } else { Reason::Absent };
                reader.archive.note(reason, &what, &format!("{why} ({})", answer.lines.join("; ")));
                return false;
            }
            Err(why) => {
                reader.archive.note(Reason::Unreadable, &what, &why);
                return false;
            }
        }
    }
    true
}

/// SYSLOG, the output of the latest jobs, and what was typed at the console of a system directory.
fn emulated_system(reader: &mut Reader<'_>, system: &Path) {
    for name in ["SYSLOG", "history", "SYSNAME", "SYSPLEX", "LIMITS"] {
        reader.file(&format!("system/{name}"), system, &system.join(name), LOG_LIMIT, None);
    }
    let spool = system.join("spool");
    let jobs = match crate::platform::files::entries(&spool) {
        Ok(jobs) => jobs,
        Err(error) => return reader.archive.note(Reason::Unreadable, &spool.display().to_string(), &error.to_string()),
    };
    let changed = |path: &Path| path.symlink_metadata().map(|metadata| std::os::unix::fs::MetadataExt::mtime(&metadata)).unwrap_or(0);
    let mut jobs: Vec<(i64, PathBuf)> = jobs.iter().map(|entry| (changed(&entry.path()), entry.path())).collect();
    jobs.sort_by(|one, other| other.cmp(one));
    if jobs.is_empty() {
        reader.archive.note(Reason::Absent, "SYSPRINT", "no job of this system has written one: its launcher may write to standard output");
    }
    const JOBS: usize = 6;
    if jobs.len() > JOBS {
        let why = format!("of {} jobs the output of the {JOBS} latest is in the archive", jobs.len());
        reader.archive.note(Reason::Cut, &spool.display().to_string(), &why);
    }
    for (_, job) in jobs.into_iter().take(JOBS) {
        let name = job.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for output in ["JESJCL", "SYSPRINT", "SYSERR"] {
            reader.file(&format!("system/spool/{name}/{output}"), &job, &job.join(output), 2 * LOG_LIMIT, None);
        }
    }
    reader.listing("listings/system.txt", system, 3);
}

fn missing_text(missing: &[Missing]) -> String {
    let mut text = String::from("# What is not in this archive, and why.\n");
    let mut sorted: Vec<&Missing> = missing.iter().collect();
    sorted.sort_by_key(|missing| missing.reason);
    for Missing { reason, what, why } in sorted {
        let word = match reason {
            Reason::Unreadable => "not read",
            Reason::Cut => "in part",
            Reason::Absent => "not there",
        };
        text += &crate::output::one_line(&format!("{word}: {what}: {why}"));
        text.push('\n');
    }
    text
}

fn readme(archive: &Archive) -> String {
    let mut text = String::from(
        "Made by `zwelnch support`.\n\n\
         Values that are secret by the name of their property, variable or option (passwords, tokens, private keys, credentials) are\n\
         replaced by ********, wherever they stand. Names of users, hosts, files and ports are not. Read it before you send it.\n\n\
         not-collected.txt  what could not be had, and why\n\n\
         Bytes and names of the files:\n",
    );
    for (name, length) in archive.files() {
        text += &format!("{length:>9} {name}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_sorted_by_weight_and_each_is_a_line() {
        let missing = |reason, what: &str| Missing { reason, what: what.into(), why: "w\nx".into() };
        let text = missing_text(&[missing(Reason::Absent, "a"), missing(Reason::Unreadable, "b"), missing(Reason::Cut, "c")]);
        let words: Vec<&str> = text.lines().skip(1).filter_map(|line| line.split(':').next()).collect();
        assert_eq!(words, ["not read", "in part", "not there"]);
    }
}
