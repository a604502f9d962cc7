//! `zwelnch status`: the components of the jobs that run, job by job.

use super::arguments::{ReportFormat, Status};
use super::configuration::open_system;
use super::terminal::{document, fail};
use crate::mvs::console::one_shot;
use crate::system::{JobRecord, SystemDirectory};
use serde_json::Value;

/// The DISP answer of every job, or of those that are named.
pub(super) fn run(arguments: &Status) -> i32 {
    let system = match open_system(arguments.system.system.as_deref()) {
        Ok(system) => system,
        Err(code) => return code,
    };
    let all = system.jobs();
    let named = arguments.system.job.as_deref();
    let jobs = jobs_named(&all, named);
    match (jobs.is_empty(), named) {
        (false, _) => {}
        (true, None) => return fail(format!("no job is running in {}", system.path().display())),
        (true, Some(name)) => return fail(format!("no job {name} is running in {}", system.path().display())),
    }
    match arguments.format {
        ReportFormat::Text => text(&system, &jobs),
        ReportFormat::Json => json(&system, &jobs),
    }
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
pub(super) fn listed(system: &SystemDirectory, jobs: &[&JobRecord]) -> String {
    let one = |job: &&JobRecord| match instance_of(&components(system, job).unwrap_or_default()) {
        Some(id) => format!("{} ({}, HA instance {id})", job.job_id, job.job_name),
        None => format!("{} ({})", job.job_id, job.job_name),
    };
    jobs.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn text(system: &SystemDirectory, jobs: &[&JobRecord]) -> i32 {
    let mut code = 0;
    for job in jobs {
        if jobs.len() > 1 {
            let components = components(system, job).unwrap_or_default();
            let instance = instance_of(&components).map(|id| format!(", HA instance {id}")).unwrap_or_default();
            document(&format!("{} {}{instance}:", job.job_name, job.job_id));
        }
        let (lines, answered) = one_shot(system, None, &format!("F {}.{},APPL=DISP", job.job_name, job.job_id));
        document(&lines.join("\n"));
        code = code.max(answered);
    }
    code
}

/// An array of all components of all jobs, each with its job and HA instance.
fn json(system: &SystemDirectory, jobs: &[&JobRecord]) -> i32 {
    let mut all = Vec::new();
    for job in jobs {
        match components(system, job) {
            Ok(components) => all.extend(components),
            Err((lines, code)) => {
                fail(lines);
                return code;
            }
        }
    }
    match serde_json::to_string_pretty(&all) {
        Ok(text) => {
            document(&text);
            0
        }
        Err(error) => fail(error),
    }
}

/// What a job's launcher says of its components, each with the job's name and id.
///
/// # Errors
/// What was answered instead, and the exit code.
fn components(system: &SystemDirectory, job: &JobRecord) -> Result<Vec<Value>, (String, i32)> {
    let (lines, code) = one_shot(system, None, &format!("F {}.{},APPL=DISP,JSON", job.job_name, job.job_id));
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

/// The HA instance that a job runs; None while it has no components yet.
fn instance_of(components: &[Value]) -> Option<&str> {
    components.first()?.get("haInstance")?.as_str()
}
