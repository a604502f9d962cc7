//! `check`: everything wrong with a configuration in one report.

use crate::component::Survey;
use crate::config::{Configuration, LoadError, Problem, read_mapping};
use std::collections::HashSet;

/// A report and its exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Errors first, each `ERROR place: text` or `WARNING place: text`; the last line counts them.
    pub lines: Vec<String>,
    /// 0 nothing, 4 warnings only, 8 errors.
    pub exit_code: u8,
    pub problems: Vec<Problem>,
}

/// All problems of a configuration that loads: its own, its schemas', its components'.
pub fn check(configuration: &Configuration, survey: &Survey) -> Report {
    let mut problems = configuration.warnings.clone();
    for (name, path) in
        [("runtimeDirectory", configuration.runtime_directory()), ("workspaceDirectory", configuration.workspace_directory())]
    {
        let place = Some(configuration.place(&["zowe", name]));
        match path {
            None => problems.push(Problem::error(place, format!("zowe.{name} is not defined; the path of a directory is expected"))),
            Some(path) if name == "runtimeDirectory" && !path.is_dir() => {
                problems.push(Problem::error(place, format!("zowe.{name}: {} is no directory", path.display())));
            }
            Some(_) => {}
        }
    }
    problems.extend(configuration.validate());
    problems.extend(survey.problems());
    for component in &survey.in_play {
        problems.extend(component.validate(configuration));
        if let Ok(document) = read_mapping(&component.manifest_file) {
            problems.extend(configuration.validate_manifest(&document.root, &component.manifest_file.display().to_string()));
        }
    }
    report(problems)
}

/// The report of a configuration that does not load.
pub fn check_failed(error: &LoadError) -> Report {
    report(error.problems())
}

/// Repeats (a component's schema includes that of zowe.yaml) are left out; errors come first, otherwise the order stays.
fn report(problems: Vec<Problem>) -> Report {
    let mut seen = HashSet::new();
    let mut problems: Vec<Problem> = problems.into_iter().filter(|problem| seen.insert((problem.error, problem.to_string()))).collect();
    problems.sort_by_key(|problem| !problem.error);
    let errors = problems.iter().filter(|problem| problem.error).count();
    let warnings = problems.len() - errors;
    let mut lines: Vec<String> =
        problems.iter().map(|problem| format!("{} {problem}", if problem.error { "ERROR" } else { "WARNING" })).collect();
    lines.push(format!("{errors} errors, {warnings} warnings"));
    let exit_code = match (errors, warnings) {
        (0, 0) => 0,
        (0, _) => 4,
        _ => 8,
    };
    Report { lines, exit_code, problems }
}
