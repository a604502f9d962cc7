//! START: from a member of a procedure library to a job that runs under its initiator.

use super::command::Start;
use super::initiator::StartedStep;
use super::issue::{Answering, Programs};
use super::jcl::{self, DataSource, Procedure, Step, Symbols};
use super::language_environment::{EnvironmentFile, read_environment_file, read_parm};
use crate::message::mvs;
use crate::platform::unix::system::{SystemDirectory, is_name, own_user_name};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Most bytes of a member or environment file.
const FILE_LIMIT: u64 = 1024 * 1024;

/// What a started task inherits of the environment of who starts it.
const INHERITED: &[&str] = &["PATH", "HOME", "LOGNAME", "TMPDIR", "LANG", "ZWELNCH_DATASETS"];

/// The environment of a program and its arguments.
type Surroundings = (Vec<(String, String)>, Vec<String>);

/// Why a step's environment cannot be had: the DD and the reason.
type NotFound = (String, String);

/// Starts a job. Says all that there is to say; the job's id when it runs.
pub(super) fn start(answer: &mut Answering<'_>, command: &Start, programs: &Programs) -> Option<String> {
    let system = answer.system();
    let job_name = command.job_name.clone().unwrap_or_else(|| command.member.clone());
    let identifier = command.identifier.clone().unwrap_or_else(|| job_name.clone());
    answer.say(&job_name, "", mvs::hasp100(&command.member).text());
    let libraries = proclib_concatenation(system, std::env::var_os("ZWELNCH_PROCLIB"));
    let text = match find_member(&libraries, &command.member) {
        Ok(Some((library, text))) => {
            answer.say(&job_name, "", mvs::iefc001i(&command.member, library.display()).text());
            text
        }
        Ok(None) => {
            let libraries = libraries.iter().map(|library| library.display().to_string()).collect::<Vec<_>>().join(":");
            answer.say(&job_name, "", mvs::iefc612i(&command.member, libraries).text());
            return jcl_error(answer, &job_name);
        }
        Err(error) => {
            answer.say(&job_name, "", mvs::iee707i("START", error).text());
            return None;
        }
    };
    let procedure = match jcl::read(&text, &symbols(system, command)) {
        Ok(procedure) => procedure,
        Err(errors) => {
            for error in errors {
                answer.say(&job_name, "", error.message().text());
            }
            return jcl_error(answer, &job_name);
        }
    };
    let step = &procedure.step;
    if step.program != "ZWELNCH" {
        answer.say(&job_name, "", mvs::csv003i(&step.program).text());
        let time = crate::platform::unix::system::clock_time(jiff::Timestamp::now());
        answer.say(&job_name, "", mvs::ief450i(&job_name, &step.name, "S806", "00000004", time).text());
        return None;
    }
    let (environment, arguments) = match environment_and_arguments(system, step) {
        Ok(found) => found,
        Err((name, why)) => {
            answer.say(&job_name, "", mvs::ief212i(&job_name, &step.name, name, why).text());
            return jcl_error(answer, &job_name);
        }
    };
    let sysprint = !matches!(step.data_definition("SYSPRINT").and_then(|dd| dd.sources.first()), Some(DataSource::Dummy));
    let syserr = !matches!(step.data_definition("SYSERR").and_then(|dd| dd.sources.first()), Some(DataSource::Dummy));
    let made = make_spool(system, &job_name, &procedure, command).and_then(|(job_id, spool)| {
        let started = StartedStep {
            job_name: job_name.clone(),
            identifier: identifier.clone(),
            step_name: if step.name.is_empty() { job_name.clone() } else { step.name.clone() },
            job_id: job_id.clone(),
            program: programs.launcher.clone(),
            arguments,
            environment,
            sysprint: if sysprint { spool.join("SYSPRINT") } else { PathBuf::from("/dev/null") },
            syserr: if syserr { spool.join("SYSERR") } else { PathBuf::from("/dev/null") },
        };
        let directory = system.create_job_directory(&job_id)?;
        started.write(&directory)?;
        Ok((job_id, directory))
    });
    let (job_id, directory) = match made {
        Ok(made) => made,
        Err(error) => {
            answer.say(&job_name, "", mvs::iee707i("START", error).text());
            return None;
        }
    };
    answer.say(&job_name, &job_id, mvs::ief695i(&command.member, &job_name, own_user_name()).text());
    match run_initiator(programs, system, &directory) {
        Ok(lines) => {
            for line in lines {
                answer.note(line);
            }
            Some(job_id)
        }
        Err(error) => {
            // The entry has no job.json yet, so nobody takes it for a job; what is left of it does no harm.
            let _ = fs::remove_dir_all(&directory);
            answer.say(&job_name, &job_id, mvs::iee707i("START", error).text());
            None
        }
    }
}

fn jcl_error(answer: &mut Answering<'_>, job_name: &str) -> Option<String> {
    answer.say(job_name, "", mvs::ief452i(job_name).text());
    answer.say(job_name, "", mvs::iee122i().text());
    None
}

/// The system's own PROCLIB, then the directories that ZWELNCH_PROCLIB lists with colons between.
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

/// The text of an ordinary file of at most 1 MiB.
fn read_bounded(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not an ordinary file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(FILE_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("more than {FILE_LIMIT} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
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

/// The whole environment of the step's program, and its arguments: a few variables of ours, those of ENVAR, those of `_CEE_ENVFILE`.
fn environment_and_arguments(system: &SystemDirectory, step: &Step) -> Result<Surroundings, NotFound> {
    let parm = read_parm(&step.parm);
    let mut environment: Vec<(String, String)> = Vec::new();
    let mut set = |name: &str, value: String| {
        environment.retain(|(known, _)| known != name);
        environment.push((name.to_owned(), value));
    };
    for name in INHERITED {
        if let Ok(value) = std::env::var(name) {
            set(name, value);
        }
    }
    set("ZWELNCH_SYSTEM", system.path().display().to_string());
    for (name, value) in parm.variables {
        set(&name, value);
    }
    let lines = match &parm.environment_file {
        Some(EnvironmentFile::DataDefinition(name)) => data_lines(step, name)?,
        Some(EnvironmentFile::Path(path)) => path_lines(path).map_err(|why| (path.clone(), why))?,
        None => Vec::new(),
    };
    for (name, value) in read_environment_file(lines.iter().map(String::as_str)) {
        set(&name, value);
    }
    Ok((environment, parm.arguments))
}

/// The lines of a data definition, all that is concatenated to it included. One that is missing has none, as on z/OS.
fn data_lines(step: &Step, name: &str) -> Result<Vec<String>, NotFound> {
    let mut lines = Vec::new();
    for source in step.data_definition(name).map(|dd| dd.sources.as_slice()).unwrap_or_default() {
        match source {
            DataSource::Instream(data) => lines.extend(data.iter().cloned()),
            DataSource::Path(path) => lines.extend(path_lines(path).map_err(|why| (name.to_owned(), why))?),
            DataSource::DataSet { name: data_set, .. } => {
                let root = std::env::var_os("ZWELNCH_DATASETS").map(PathBuf::from);
                let path = data_set_path(root.as_deref(), data_set).map_err(|why| (name.to_owned(), why))?;
                lines.extend(path_lines(&path.display().to_string()).map_err(|why| (name.to_owned(), why))?);
            }
            DataSource::Sysout(_) | DataSource::Dummy | DataSource::Other => {}
        }
    }
    Ok(lines)
}

fn path_lines(path: &str) -> Result<Vec<String>, String> {
    let text = read_bounded(Path::new(path)).map_err(|error| format!("{path}: {error}"))?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// Where `A.B(MEM)` or `A.B` is: a file in a directory, or a file, under the root of data sets. Names cannot lead out of it.
fn data_set_path(root: Option<&Path>, name: &str) -> Result<PathBuf, String> {
    let root = root.ok_or_else(|| format!("{name}: ZWELNCH_DATASETS is not set"))?;
    let (data_set, member) = match name.split_once('(') {
        Some((data_set, rest)) => (data_set, Some(rest.strip_suffix(')').ok_or_else(|| format!("{name} is not a data set name"))?)),
        None => (name, None),
    };
    let good = data_set.split('.').all(is_name) && data_set.len() <= 44 && member.is_none_or(is_name);
    if !good {
        return Err(format!("{name} is not a data set name"));
    }
    let path = root.join(data_set);
    Ok(member.map_or_else(|| path.clone(), |member| path.join(member)))
}

/// A job id and its spool directory with JESJCL in it.
fn make_spool(system: &SystemDirectory, job_name: &str, procedure: &Procedure, command: &Start) -> io::Result<(String, PathBuf)> {
    let job_id = system.next_job_id()?;
    let spool = system.spool_directory(job_name, &job_id);
    DirBuilder::new().mode(0o700).create(&spool)?;
    let symbols: String = command.symbols.iter().map(|(name, value)| format!(",{name}='{}'", value.replace('\'', "''"))).collect();
    let mut text = format!("         //{job_name:<8} JOB MSGLEVEL=1\n         //STARTING EXEC {}{symbols}\n", command.member);
    for line in &procedure.listing {
        text.push_str(line);
        text.push('\n');
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(spool.join("JESJCL"))?.write_all(text.as_bytes())?;
    Ok((job_id, spool))
}

/// Starts the initiator and waits until it says that the job runs; the lines it has written to SYSLOG.
fn run_initiator(programs: &Programs, system: &SystemDirectory, directory: &Path) -> io::Result<Vec<String>> {
    let mut command = Command::new(&programs.initiator);
    command.args(&programs.initiator_arguments).arg(directory);
    command.env_clear().envs(INHERITED.iter().filter_map(|name| std::env::var_os(name).map(|value| (name, value))));
    command.env("ZWELNCH_SYSTEM", system.path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", programs.initiator.display())))?;
    let mut report = String::new();
    let read = child.stdout.take().map(|pipe| pipe.take(64 * 1024).read_to_string(&mut report));
    // The initiator lives as long as the job; somebody has to reap it if this process lives longer.
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
    fn data_sets_are_directories_that_names_cannot_leave() {
        let root = Some(Path::new("/data"));
        assert_eq!(data_set_path(root, "A.B(MEM)").unwrap(), Path::new("/data/A.B/MEM"));
        assert_eq!(data_set_path(root, "A.B").unwrap(), Path::new("/data/A.B"));
        for name in ["..", "A/B", "A.B(../C)", "A.B(C", "a.b", "A..B", ""] {
            assert!(data_set_path(root, name).is_err(), "{name}");
        }
        assert!(data_set_path(None, "A.B").is_err());
    }

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
