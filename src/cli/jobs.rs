//! The jobs of a system directory: which are meant, and how a message names them.

use super::address_error::AddressError;
use super::terminal::{document, fail, say};
use crate::ha::operate::Addressed;
use crate::metrics;
use crate::mvs::console::asked;
use crate::system::{JobRecord, SystemDirectory};
use serde_json::Value;
use std::path::Path;

/// Opens a system directory, which is made where there is none; the exit code, after the reason, where that cannot be done.
pub(super) fn open_system(path: Option<&Path>) -> Result<SystemDirectory, i32> {
    SystemDirectory::open(path).map_err(fail)
}

/// After an answer that a job is not active: shows the jobs that run, as another one may have been meant.
pub(super) fn show_running(system: &SystemDirectory, found: &[Addressed]) {
    let jobs = known_jobs(system);
    let is_meant = |job: &&JobRecord| found.iter().any(|instance| instance.job_name == job.job_name);
    if !jobs.is_empty() && !jobs.iter().any(|job| is_meant(&job)) {
        let all: Vec<&JobRecord> = jobs.iter().collect();
        document(&format!("running here, to be named with --job: {}", listed(system, &all)));
    }
}

/// The jobs of a system; says what keeps others from being known.
pub(super) fn known_jobs(system: &SystemDirectory) -> Vec<JobRecord> {
    let (jobs, problems) = system.all_jobs();
    problems.iter().for_each(say);
    jobs
}

/// The named job, by name, identifier or id, or the only one that there is.
pub(super) fn one_job(system: &SystemDirectory, named: Option<&str>) -> Result<Addressed, AddressError> {
    let jobs = known_jobs(system);
    let meant = jobs_named(&jobs, named);
    match (meant.as_slice(), named) {
        ([job], _) => Ok(Addressed { id: None, sysname: None, job_name: target_of(job, &jobs), member: String::new() }),
        ([], Some(name)) => Err(AddressError::NoSuchJob { name: name.to_owned(), system: system.path().to_owned() }),
        ([], None) => Err(AddressError::NoJob(system.path().to_owned())),
        (several, _) => Err(AddressError::SeveralJobs(listed(system, several))),
    }
}

/// How a command addresses a job: by its name if no other job has it, else with its id.
pub(super) fn target_of(job: &JobRecord, jobs: &[JobRecord]) -> String {
    let alone = |known: &&JobRecord| known.job_name == job.job_name || known.identifier == job.job_name;
    if jobs.iter().filter(alone).count() == 1 { job.job_name.clone() } else { format!("{}.{}", job.job_name, job.job_id) }
}

/// Jobs with a name, an identifier or an id, in either case; without one, all of them.
pub(super) fn jobs_named<'a>(jobs: &'a [JobRecord], named: Option<&str>) -> Vec<&'a JobRecord> {
    let is =
        |job: &JobRecord, name: &str| [&job.job_name, &job.identifier, &job.job_id].iter().any(|known| known.eq_ignore_ascii_case(name));
    let meant = |job: &&JobRecord| match named {
        None => true,
        Some(name) => match name.split_once('.') {
            Some((name, which)) => job.job_name.eq_ignore_ascii_case(name) && is(job, which) && !which.eq_ignore_ascii_case(&job.job_name),
            None => is(job, name),
        },
    };
    jobs.iter().filter(meant).collect()
}

/// Jobs as a message names them, so that each can be told from the others: `STC00001 (ZWESLSTC, HA instance lpar1)`.
fn listed(system: &SystemDirectory, jobs: &[&JobRecord]) -> String {
    let one = |job: &&JobRecord| match instance_of(&components(system, job).unwrap_or_default()) {
        Some(id) => format!("{} ({}, HA instance {id})", job.job_id, job.job_name),
        None => format!("{} ({})", job.job_id, job.job_name),
    };
    jobs.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What a job's launcher says of its components, each with the job's name and id.
///
/// # Errors
/// What was answered instead, and the exit code.
pub(super) fn components(system: &SystemDirectory, job: &JobRecord) -> Result<Vec<Value>, (String, i32)> {
    let (lines, code) = asked(system, &format!("F {}.{},APPL=DISP,JSON", job.job_name, job.job_id));
    if code != 0 {
        return Err((lines.join("; "), code));
    }
    let objects = lines.iter().filter_map(|line| line.find('{').map(|at| &line[at..]));
    let components: Result<Vec<Value>, _> = objects.map(serde_json::from_str).collect();
    let mut components = components.map_err(|error| (error.to_string(), 8))?;
    for component in components.iter_mut().filter_map(Value::as_object_mut) {
        component.insert("job".to_owned(), job.job_name.clone().into());
        component.insert("jobId".to_owned(), job.job_id.clone().into());
    }
    Ok(components)
}

/// What a job's launcher measures.
///
/// # Errors
/// As for [`components`].
pub(super) fn measured(system: &SystemDirectory, job: &JobRecord) -> Result<metrics::Instance, (String, i32)> {
    let (lines, code) = asked(system, &format!("F {}.{},APPL=DISP,METRICS", job.job_name, job.job_id));
    if code != 0 {
        return Err((lines.join("; "), code));
    }
    let objects = lines.iter().filter_map(|line| line.find('{').map(|at| &line[at..]));
    metrics::Instance::read(objects).map_err(|error| (error.to_string(), 8))
}

/// The HA instance that a job runs; None while it has no components yet.
pub(super) fn instance_of(components: &[Value]) -> Option<&str> {
    components.first()?.get("haInstance")?.as_str()
}
