//! The tables of D A,L and D A,job; pure except for the path of the spool.

use super::command::JobTarget;
use crate::message::mvs;
use crate::system::{JobKind, JobRecord, SystemDirectory, clock_time, julian_date};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// D A,L: one line per job.
pub(super) fn activity(jobs: &[JobRecord], sysname: &str, now: Timestamp) -> Vec<String> {
    let count = |kind| jobs.iter().filter(|job| job.kind == kind).count();
    let mut lines = vec![
        mvs::activity_head(clock_time(now), julian_date(now), sysname).text().to_owned(),
        " JOBS     STARTED  SHELL".to_owned(),
        format!(" {:05}    {:05}    {:05}", jobs.len(), count(JobKind::StartedTask), count(JobKind::Shell)),
    ];
    if !jobs.is_empty() {
        lines.push(" JOBNAME  IDENT    JOBID    S STARTED             OWNER".to_owned());
    }
    lines.extend(jobs.iter().map(|job| {
        format!(
            " {:<8} {:<8} {:<8} {} {} {}",
            job.job_name,
            job.identifier,
            job.job_id,
            kind_letter(job.kind),
            date_and_time(job.started),
            job.owner
        )
    }));
    lines
}

/// D A,job: the jobs with a name, in full.
pub(super) fn job(system: &SystemDirectory, jobs: &[JobRecord], target: &JobTarget, now: Timestamp) -> Vec<String> {
    if jobs.is_empty() {
        return vec![mvs::not_active(target).text().to_owned()];
    }
    let mut lines = vec![mvs::job_activity_head(clock_time(now), julian_date(now), system.sysname()).text().to_owned()];
    for job in jobs {
        let seconds = now.duration_since(job.started).as_secs().max(0);
        lines.push(format!(" {:<8} {:<8} {:<8} {}", job.job_name, job.identifier, job.job_id, kind_letter(job.kind)));
        lines.push(format!("  PID={} OWNER={}", job.pid, job.owner));
        lines.push(format!("  STARTED={} UTC ELAPSED={}", date_and_time(job.started), elapsed(seconds)));
        let spool = system.spool_directory(&job.job_name, &job.job_id);
        lines.push(match job.kind {
            JobKind::StartedTask => format!("  SPOOL={}", spool.display()),
            JobKind::Shell => "  SPOOL=NONE, ITS OUTPUT GOES TO ITS SHELL".to_owned(),
        });
    }
    lines
}

fn kind_letter(kind: JobKind) -> char {
    match kind {
        JobKind::StartedTask => 'S',
        JobKind::Shell => 'U',
    }
}

fn date_and_time(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `hhh:mm:ss`
fn elapsed(seconds: i64) -> String {
    format!("{:03}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_columns() {
        assert_eq!(elapsed(3_725), "001:02:05");
        assert_eq!(date_and_time(Timestamp::UNIX_EPOCH), "1970-01-01 00:00:00");
        let lines = activity(&[], "LPAR1", Timestamp::UNIX_EPOCH);
        assert_eq!(lines[0], "IEE114I 00.00.00 1970.001 ACTIVITY ON LPAR1");
        assert_eq!(lines[2], " 00000    00000    00000");
    }
}
