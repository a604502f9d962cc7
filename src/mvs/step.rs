//! What a step runs, and with what: PGM=ZWELNCH, or a program or a shell command by BPXBATCH and its relatives; its environment and its
//! streams.

use super::answer::{Answering, Programs, jcl_error};
use super::batch;
use super::jcl::{DataSource, Step};
use super::language_environment::{EnvironmentFile, read_environment_file, read_parm};
use crate::message::mvs;
use crate::platform::files::{FileKind, kind};
use crate::platform::names::is_name;
use crate::system::{Maker, SystemDirectory};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The variables that a started task inherits from the environment of its starter.
pub(super) const INHERITED: &[&str] = &["PATH", "HOME", "LOGNAME", "TMPDIR", "LANG", "ZWELNCH_DATASETS"];

/// The largest member or environment file, in bytes.
const FILE_LIMIT: u64 = 1024 * 1024;

/// The program that has no path: on z/OS it is in a load library.
const LAUNCHER: &str = "ZWELNCH";

/// The shell of BPXBATCH.
const SHELL: &str = "/bin/sh";

/// The environment of a program and its arguments.
type Surroundings = (Vec<(String, String)>, Vec<String>);

/// Why a step's environment is not available: the DD and the reason.
type NotFound = (String, LinesError);

/// The program that a step runs, and with what.
pub(super) struct StepProgram {
    /// Its zeroth argument.
    pub name: String,
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// Names of the DD statements of its standard streams; a stream that is not allocated is the null device, except for the launcher's own
    /// output.
    pub input: &'static str,
    pub output: Stream,
    pub errors: Stream,
    /// It is a launcher, so it reports whether it has taken its configuration.
    pub is_zwelnch: bool,
    /// Paths of zwelnch instead of which this program runs.
    pub replaced: Vec<String>,
}

/// Where an output stream goes.
pub(super) struct Stream {
    data_definition: &'static str,
    /// Goes to the spool even without the DD statement.
    always: bool,
}

/// What the step runs. None when it cannot run, which has then been reported.
pub(super) fn target_of(answer: &mut Answering<'_>, job_name: &str, step: &Step, programs: &Programs) -> Option<StepProgram> {
    let system = answer.system();
    let is_batch = batch::PROGRAMS.contains(&step.program.as_str());
    if step.program != LAUNCHER && !is_batch {
        answer.say(job_name, "", mvs::module_not_found(&step.program).text());
        let time = crate::system::clock_time(jiff::Timestamp::now());
        answer.say(job_name, "", mvs::program_abended(job_name, &step.name, "S806", "00000004", time).text());
        return None;
    }
    let not_found = |answer: &mut Answering<'_>, (name, why): NotFound| {
        answer.say(job_name, "", mvs::data_set_not_found(job_name, &step.name, name, why).text());
        jcl_error(answer, job_name);
    };
    if !is_batch {
        return match environment_and_arguments(system, step) {
            Ok((environment, arguments)) => Some(StepProgram {
                name: LAUNCHER.to_owned(),
                program: programs.launcher.clone(),
                arguments,
                environment,
                input: "SYSIN",
                output: Stream { data_definition: "SYSPRINT", always: true },
                errors: Stream { data_definition: "SYSERR", always: true },
                is_zwelnch: true,
                replaced: Vec::new(),
            }),
            Err(error) => {
                not_found(answer, error);
                None
            }
        };
    }
    let read = || -> Result<_, NotFound> {
        let variables = read_environment_file(data_lines(step, "STDENV")?.iter().map(String::as_str));
        let parameter = if step.data_definition("STDPARM").is_some() { Some(data_lines(step, "STDPARM")?) } else { None };
        Ok((variables, parameter))
    };
    let (variables, parameter) = match read() {
        Ok(read) => read,
        Err(error) => {
            not_found(answer, error);
            return None;
        }
    };
    let target = match batch::read(&step.program, &step.parm, parameter.as_deref()) {
        Ok(target) => target,
        Err(error) => {
            answer.say(job_name, "", error.message().text());
            return None;
        }
    };
    let environment = with_own_variables(system, variables);
    match batch_target(target, environment, programs) {
        Ok(target) => Some(target),
        Err((path, why)) => {
            answer.say(job_name, "", mvs::bpxbatch_spawn_failed(path, why).text());
            None
        }
    }
}

/// The program that BPXBATCH runs.
///
/// # Errors
/// The path of the program and why it cannot be run.
fn batch_target(
    target: batch::BatchProgram,
    environment: Vec<(String, String)>,
    programs: &Programs,
) -> Result<StepProgram, (String, String)> {
    let made = |name: String, program: PathBuf, arguments: Vec<String>, is_zwelnch: bool, replaced: Vec<String>| StepProgram {
        name,
        program,
        arguments,
        environment: environment.clone(),
        input: "STDIN",
        output: Stream { data_definition: "STDOUT", always: false },
        errors: Stream { data_definition: "STDERR", always: false },
        is_zwelnch,
        replaced,
    };
    match target {
        batch::BatchProgram::Program { path, arguments } => {
            let home = environment.iter().find(|(name, _)| name == "HOME").map_or("/", |(_, home)| home.as_str());
            let program = Path::new(home).join(&path);
            let is_zwelnch = batch::is_zwelnch(&path);
            let here = fs::metadata(&program);
            match &here {
                Ok(file) if kind(file) == FileKind::Regular => Ok(made(path, program, arguments, is_zwelnch, Vec::new())),
                Ok(_) => Err((path, "NOT AN ORDINARY FILE".to_owned())),
                Err(error) if is_zwelnch && matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                    Ok(made(path.clone(), programs.launcher.clone(), arguments, true, vec![path]))
                }
                Err(error) => Err((path, error.to_string())),
            }
        }
        batch::BatchProgram::Shell { command: None } => Ok(made("-sh".to_owned(), SHELL.into(), vec!["-l".to_owned()], false, Vec::new())),
        batch::BatchProgram::Shell { command: Some(command) } => {
            let own = programs.launcher.display().to_string();
            let (command, replaced) = batch::with_own_program(&command, &|path| crate::platform::files::may_exist(Path::new(path)), &own);
            let is_zwelnch =
                !replaced.is_empty() || command.split_ascii_whitespace().any(|word| batch::is_zwelnch(word.trim_matches(['"', '\''])));
            Ok(made("sh".to_owned(), SHELL.into(), vec!["-l".to_owned(), "-c".to_owned(), command], is_zwelnch, replaced))
        }
    }
}

/// The file of a standard input: a path, or in-stream data, which is put on the spool.
pub(super) fn input(step: &Step, name: &str, spool: &Path, maker: Maker) -> io::Result<PathBuf> {
    match step.data_definition(name).and_then(|dd| dd.sources.first()) {
        Some(DataSource::Path(path)) => Ok(path.into()),
        Some(DataSource::Instream(lines)) => {
            let path = spool.join(name);
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            maker.file(&path, text.as_bytes())?;
            Ok(path)
        }
        _ => Ok("/dev/null".into()),
    }
}

/// The file of an output stream.
pub(super) fn output(step: &Step, stream: &Stream, spool: &Path) -> PathBuf {
    match step.data_definition(stream.data_definition).and_then(|dd| dd.sources.first()) {
        Some(DataSource::Dummy) => "/dev/null".into(),
        Some(DataSource::Path(path)) if !stream.always => path.into(),
        None if !stream.always => "/dev/null".into(),
        _ => spool.join(stream.data_definition),
    }
}

/// The whole environment of the step's program, and its arguments: a few variables of ours, those of ENVAR, those of `_CEE_ENVFILE`.
fn environment_and_arguments(system: &SystemDirectory, step: &Step) -> Result<Surroundings, NotFound> {
    let parm = read_parm(&step.parm);
    let lines = match &parm.environment_file {
        Some(EnvironmentFile::DataDefinition(name)) => records(step, name)?,
        Some(EnvironmentFile::Path(path)) => path_lines(path).map_err(|why| (path.clone(), why))?,
        None => Vec::new(),
    };
    let keeps_blanks = matches!(&parm.environment_file_variable, Some((name, _)) if name == "_CEE_ENVFILE");
    let lines = lines.iter().map(|line| if keeps_blanks { line } else { line.trim_end_matches(' ') });
    let variables = parm.variables.into_iter().chain(parm.environment_file_variable).chain(read_environment_file(lines));
    Ok((with_own_variables(system, variables), parm.arguments))
}

/// Variables of a step, after those that every started task has.
fn with_own_variables(system: &SystemDirectory, variables: impl IntoIterator<Item = (String, String)>) -> Vec<(String, String)> {
    let inherited = INHERITED.iter().filter_map(|name| std::env::var(name).ok().map(|value| ((*name).to_owned(), value)));
    let own = std::iter::once(("ZWELNCH_SYSTEM".to_owned(), system.path().display().to_string()));
    let mut environment: Vec<(String, String)> = Vec::new();
    for (name, value) in inherited.chain(own).chain(variables) {
        environment.retain(|(known, _)| *known != name);
        environment.push((name, value));
    }
    environment
}

/// The lines of a data definition as [`records`] gives them, without the blanks of fixed-length records.
fn data_lines(step: &Step, name: &str) -> Result<Vec<String>, NotFound> {
    let mut lines = records(step, name)?;
    lines.iter_mut().for_each(|line| line.truncate(line.trim_end_matches(' ').len()));
    Ok(lines)
}

/// The records of a data definition, including all that is concatenated to it. One that is missing has none, as on z/OS. In-stream data and
/// data sets have records of 80 bytes, filled up with blanks.
fn records(step: &Step, name: &str) -> Result<Vec<String>, NotFound> {
    let padded = |line: String| format!("{line:80}");
    let mut lines = Vec::new();
    for source in step.data_definition(name).map(|dd| dd.sources.as_slice()).unwrap_or_default() {
        match source {
            DataSource::Instream(data) => lines.extend(data.iter().cloned().map(padded)),
            DataSource::Path(path) => lines.extend(path_lines(path).map_err(|why| (name.to_owned(), why))?),
            DataSource::DataSet { name: data_set, .. } => {
                let root = std::env::var_os("ZWELNCH_DATASETS").map(PathBuf::from);
                let path = data_set_path(root.as_deref(), data_set).map_err(|why| (name.to_owned(), why))?;
                let data = path_lines(&path.display().to_string()).map_err(|why| (name.to_owned(), why))?;
                lines.extend(data.into_iter().map(padded));
            }
            DataSource::Sysout(_) | DataSource::Dummy | DataSource::Other => {}
        }
    }
    Ok(lines)
}

/// Why the lines of a data definition are not available.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinesError {
    #[error("{path}: {why}")]
    Read { path: String, why: io::Error },
    #[error("{0}: ZWELNCH_DATASETS is not set")]
    NoDataSets(String),
    #[error("{0} is not a data set name")]
    NoDataSetName(String),
}

fn path_lines(path: &str) -> Result<Vec<String>, LinesError> {
    let text = read_bounded(Path::new(path)).map_err(|why| LinesError::Read { path: path.to_owned(), why })?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// Where `A.B(MEM)` or `A.B` is below the root of data sets: a file in a directory, or a file. Names cannot lead out of the root.
fn data_set_path(root: Option<&Path>, name: &str) -> Result<PathBuf, LinesError> {
    let root = root.ok_or_else(|| LinesError::NoDataSets(name.to_owned()))?;
    let bad = || LinesError::NoDataSetName(name.to_owned());
    let (data_set, member) = match name.split_once('(') {
        Some((data_set, rest)) => (data_set, Some(rest.strip_suffix(')').ok_or_else(bad)?)),
        None => (name, None),
    };
    let good = data_set.split('.').all(is_name) && data_set.len() <= 44 && member.is_none_or(is_name);
    if !good {
        return Err(bad());
    }
    let path = root.join(data_set);
    Ok(member.map_or_else(|| path.clone(), |member| path.join(member)))
}

/// The text of an ordinary file of at most 1 MiB.
pub(super) fn read_bounded(path: &Path) -> io::Result<String> {
    let bytes = crate::platform::files::read_bounded(path, FILE_LIMIT)?;
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
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
}
