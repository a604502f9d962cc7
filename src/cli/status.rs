//! `zwelnch status`: the components of the jobs that run, job by job.

use super::arguments::{Status, StatusFormat};
use super::jobs::{components, instance_of, jobs_named, known_jobs, measured, open_system};
use super::terminal::{data, document, fail};
use crate::ha::measure;
use crate::metrics::{self, Form, exposition};
use crate::mvs::console::asked;
use crate::platform::NativePlatform;
use crate::system::{JobRecord, SystemDirectory};
use std::path::PathBuf;

/// The DISP answer of every job, or of those that are named.
pub(super) fn run(arguments: &Status) -> i32 {
    let system = match open_system(arguments.system.system.as_deref()) {
        Ok(system) => system,
        Err(code) => return code,
    };
    let all = known_jobs(&system);
    let named = arguments.system.job.as_deref();
    let jobs = jobs_named(&all, named);
    match (jobs.is_empty(), named) {
        (false, _) => {}
        (true, None) => return fail(format!("no job is running in {}", system.path().display())),
        (true, Some(name)) => return fail(format!("no job {name} is running in {}", system.path().display())),
    }
    match arguments.format {
        StatusFormat::Text => text(&system, &jobs),
        StatusFormat::Json => json(&system, &jobs),
        StatusFormat::Openmetrics => openmetrics(&system, &jobs),
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
        let (lines, answered) = asked(system, &format!("F {}.{},APPL=DISP", job.job_name, job.job_id));
        document(&lines.join("\n"));
        code = code.max(answered);
    }
    code
}

/// An array of all components of all jobs, each with its job and HA instance. A job that does not answer keeps nobody from being shown.
fn json(system: &SystemDirectory, jobs: &[&JobRecord]) -> i32 {
    let (mut all, mut code) = (Vec::new(), 0);
    for job in jobs {
        match components(system, job) {
            Ok(components) => all.extend(components),
            Err((lines, answered)) => {
                fail(format!("{} {}: {lines}", job.job_name, job.job_id));
                code = code.max(answered);
            }
        }
    }
    match serde_json::to_string_pretty(&all) {
        Ok(text) => {
            data(&text);
            code
        }
        Err(error) => fail(error),
    }
}

/// All jobs as one text for Prometheus; they differ by the label `ha_instance`.
fn openmetrics(system: &SystemDirectory, jobs: &[&JobRecord]) -> i32 {
    let (mut all, mut code) = (Vec::new(), 0);
    for job in jobs {
        match measured(system, job) {
            Ok(instance) => {
                let look = |workspace: &PathBuf| measure::upgrade(workspace, &NativePlatform::for_command());
                all.push(metrics::Instance { upgrade: instance.workspace.as_ref().map(look), ..instance });
            }
            Err((lines, answered)) => {
                fail(format!("{} {}: {lines}", job.job_name, job.job_id));
                code = code.max(answered);
            }
        }
    }
    data(exposition(&all, Form::OpenMetrics).trim_end());
    code
}
