//! `zwelnch status`: the components of the jobs that run, job by job.

use super::arguments::{ReportFormat, Status};
use super::emulated::open_system;
use super::jobs::{components, instance_of, jobs_named};
use super::terminal::{data, document, fail};
use crate::mvs::console::one_shot;
use crate::system::{JobRecord, SystemDirectory};

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
            data(&text);
            0
        }
        Err(error) => fail(error),
    }
}
