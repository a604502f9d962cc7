//! START: from a member of a procedure library to a job that runs under its initiator.

use super::answer::{Answering, Programs, jcl_error, tidy};
use super::begun;
use super::command::Start;
use super::initiator::StartedStep;
use super::jcl::{self, Procedure, Symbols};
use super::step::{INHERITED, input, output, read_bounded, target_of};
use crate::message::{self, mvs};
use crate::platform::unix::own_user_name;
use crate::system::{Follower, SystemDirectory};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the member means.
struct Source {
    job_name: String,
    procedure: Procedure,
    /// The member is a job: JESJCL shows its own JOB statement.
    is_job: bool,
}

/// Starts a job. Reports everything there is to report. True when it runs, or has run to its end.
pub(super) fn start(answer: &mut Answering<'_>, command: &Start, programs: &Programs) -> bool {
    let system = answer.system();
    let Some(Source { job_name, procedure, is_job }) = read_source(answer, command) else { return false };
    let identifier = command.identifier.clone().unwrap_or_else(|| job_name.clone());
    let step = &procedure.step;
    let step_name = if step.name.is_empty() { job_name.clone() } else { step.name.clone() };
    let Some(target) = target_of(answer, &job_name, step, programs) else { return false };
    // Removed before a directory is made that must stay.
    tidy(answer);
    let made = make_spool(system, &job_name, &procedure, command, is_job).and_then(|(job_id, directory, spool)| {
        let started = StartedStep {
            job_name: job_name.clone(),
            identifier: identifier.clone(),
            step_name,
            job_id: job_id.clone(),
            name: target.name,
            program: target.program,
            arguments: target.arguments,
            environment: target.environment,
            stdin: input(step, target.input, &spool, system.maker())?,
            sysprint: output(step, &target.output, &spool),
            syserr: output(step, &target.errors, &spool),
        };
        started.write(&directory, system.maker())?;
        Ok((job_id, directory))
    });
    let (job_id, directory) = match made {
        Ok(made) => made,
        Err(error) => {
            answer.say(&job_name, "", mvs::command_not_executed("START", error).text());
            return false;
        }
    };
    answer.say(&job_name, &job_id, mvs::job_assigned_to_user(&command.member, &job_name, own_user_name()).text());
    for path in &target.replaced {
        answer.say(&job_name, &job_id, message::runs_in_place_of(path).text());
    }
    let syslog = Follower::open(system, 0).0;
    match run_initiator(programs, system, &directory) {
        Ok(lines) => {
            answer.begun(&job_name, &job_id);
            for line in &lines {
                answer.note(line.clone());
            }
            !target.is_zwelnch || begun::is_taken(answer, &job_id, &directory, syslog, &lines)
        }
        Err(error) => {
            // The entry has no job.json yet, so nobody takes it for a job; leftovers of it do no harm.
            let _ = fs::remove_dir_all(&directory);
            answer.say(&job_name, &job_id, mvs::command_not_executed("START", error).text());
            false
        }
    }
}

/// Finds the member and reads it, as a procedure or as a job. None when it cannot be run, which has then been reported.
fn read_source(answer: &mut Answering<'_>, command: &Start) -> Option<Source> {
    let system = answer.system();
    let name = command.job_name.clone().unwrap_or_else(|| command.member.clone());
    answer.say(&name, "", mvs::job_on_reader(&command.member).text());
    let libraries = proclib_concatenation(system, std::env::var_os("ZWELNCH_PROCLIB"));
    let text = match find_member(&libraries, &command.member) {
        Ok(Some((library, text))) => {
            answer.say(&name, "", mvs::procedure_expanded(&command.member, library.display()).text());
            text
        }
        Ok(None) => {
            let libraries = libraries.iter().map(|library| library.display().to_string()).collect::<Vec<_>>().join(":");
            answer.say(&name, "", mvs::procedure_not_found(&command.member, libraries).text());
            jcl_error(answer, &name);
            return None;
        }
        Err(error) => {
            answer.say(&name, "", mvs::command_not_executed("START", error).text());
            return None;
        }
    };
    let symbols = symbols(system, command);
    let is_job = jcl::is_job(&text);
    let library = |member: &str| find_member(&libraries, member).map(|found| found.map(|(_, text)| text));
    let read = if is_job {
        jcl::read_started_job(&text, &symbols, &library).map(|(job, listing)| {
            let step = job.steps.into_iter().next().map(|step| step.step);
            (command.job_name.clone().unwrap_or(job.name), step, listing)
        })
    } else {
        jcl::read_with(&text, &symbols, Some(&library)).map(|procedure| (name.clone(), Some(procedure.step), procedure.listing))
    };
    match read {
        Ok((job_name, Some(step), listing)) => Some(Source { job_name, procedure: Procedure { step, listing }, is_job }),
        Ok(_) => None,
        Err(errors) => {
            for error in errors {
                answer.say(&name, "", error.message().text());
            }
            jcl_error(answer, &name);
            None
        }
    }
}

/// The system's own PROCLIB, then the directories that ZWELNCH_PROCLIB lists, separated by colons.
fn proclib_concatenation(system: &SystemDirectory, more: Option<std::ffi::OsString>) -> Vec<PathBuf> {
    let mut libraries = vec![system.proclib()];
    if let Some(more) = more {
        libraries.extend(std::env::split_paths(&more).filter(|path| !path.as_os_str().is_empty()));
    }
    libraries
}

fn find_member(libraries: &[PathBuf], member: &str) -> io::Result<Option<(PathBuf, String)>> {
    for library in libraries {
        let path = library.join(member);
        match read_bounded(&path) {
            Ok(text) => return Ok(Some((library.clone(), text))),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => return Err(io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display()))),
        }
    }
    Ok(None)
}

/// START's values and the system's own: SYSNAME, SYSCLONE (its last two characters), SYSUID.
fn symbols(system: &SystemDirectory, command: &Start) -> Symbols {
    let sysname = system.sysname();
    let clone = sysname.get(sysname.len().saturating_sub(2)..).unwrap_or(sysname);
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten();
    let user = user.map(|user| user.name.to_uppercase()).unwrap_or_default();
    let system = [("SYSNAME", sysname), ("SYSCLONE", clone), ("SYSUID", &user)];
    Symbols {
        overrides: command.symbols.clone(),
        system: system.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    }
}

/// A job id, its entry and its spool directory with JESJCL in it.
fn make_spool(
    system: &SystemDirectory,
    job_name: &str,
    procedure: &Procedure,
    command: &Start,
    is_job: bool,
) -> io::Result<(String, PathBuf, PathBuf)> {
    let job_id = system.next_job_id()?;
    // The entry first: a spool directory without one belongs to a job that has ended.
    let directory = system.create_job_directory(&job_id)?;
    let spool = system.spool_directory(job_name, &job_id);
    system.maker().directory(&spool)?;
    let symbols: String = command.symbols.iter().map(|(name, value)| format!(",{name}='{}'", value.replace('\'', "''"))).collect();
    let mut text = match is_job {
        false => format!("         //{job_name:<8} JOB MSGLEVEL=1\n         //STARTING EXEC {}{symbols}\n", command.member),
        true if symbols.is_empty() => String::new(),
        // What START adds to a job.
        true => format!("         //         SET {}\n", symbols.trim_start_matches(',')),
    };
    for line in &procedure.listing {
        text.push_str(line);
        text.push('\n');
    }
    system.maker().file(&spool.join("JESJCL"), text.as_bytes())?;
    Ok((job_id, directory, spool))
}

/// Starts the initiator and waits until it says that the job runs; returns the lines it has written to SYSLOG.
fn run_initiator(programs: &Programs, system: &SystemDirectory, directory: &Path) -> io::Result<Vec<String>> {
    let mut command = Command::new(&programs.initiator);
    command.args(&programs.initiator_arguments).arg(directory);
    command.env_clear().envs(INHERITED.iter().filter_map(|name| std::env::var_os(name).map(|value| (name, value))));
    command.env("ZWELNCH_SYSTEM", system.path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", programs.initiator.display())))?;
    let mut report = String::new();
    let read = child.stdout.take().map(|pipe| pipe.take(64 * 1024).read_to_string(&mut report));
    // The initiator lives as long as the job; it must be reaped if this process lives longer.
    std::thread::spawn(move || child.wait());
    if let Some(Err(error)) = read {
        return Err(error);
    }
    let mut lines = report.lines();
    match lines.next() {
        Some("STARTED") => Ok(lines.map(str::to_owned).collect()),
        Some(first) => Err(io::Error::other(first.strip_prefix("FAILED ").unwrap_or(first).to_owned())),
        None => Err(io::Error::other("the initiator ended without a word")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_library_that_has_a_member_wins() {
        let place = tempfile::tempdir().unwrap();
        let libraries = ["one", "two", "three"].map(|name| place.path().join(name));
        fs::create_dir_all(&libraries[1]).unwrap();
        fs::create_dir_all(&libraries[2]).unwrap();
        fs::write(libraries[2].join("A"), "three").unwrap();
        assert_eq!(find_member(&libraries, "A").unwrap(), Some((libraries[2].clone(), "three".into())));
        fs::write(libraries[1].join("A"), "two").unwrap();
        assert_eq!(find_member(&libraries, "A").unwrap(), Some((libraries[1].clone(), "two".into())));
        assert_eq!(find_member(&libraries, "B").unwrap(), None);
        fs::create_dir(libraries[1].join("C")).unwrap();
        assert!(find_member(&libraries, "C").is_err());
    }
}
