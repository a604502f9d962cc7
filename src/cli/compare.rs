//! `zwelnch ha compare`.

use super::arguments::{Compare, ReportFormat};
use super::commands::absolute_config;
use super::terminal::{document, fail};
use crate::config::Configuration;
use crate::ha::compare::{self, CompareError, Options, Side};
use crate::platform::NativePlatform;

/// The report of two configurations; 8 with any violation.
pub(super) fn run(arguments: Compare) -> i32 {
    let platform = NativePlatform::for_command();
    let side = |config: &str, ha_instance: Option<String>| Side { config: absolute_config(config), ha_instance };
    let a = compare::load(&side(&arguments.a, arguments.a_instance), &platform);
    let b = compare::load(&side(&arguments.b, arguments.b_instance), &platform);
    let (a, b) = match (a, b) {
        (Ok(a), Ok(b)) => (a, b),
        (a, b) => return [a, b].into_iter().filter_map(Result::err).map(|error| refused(&error)).max().unwrap_or(8),
    };
    report(&a, &b, &Options { accept: arguments.accept }, arguments.format)
}

fn report(a: &Configuration, b: &Configuration, options: &Options, format: ReportFormat) -> i32 {
    let comparison = compare::between(a, b, options);
    document(&match format {
        ReportFormat::Text => comparison.text(),
        ReportFormat::Json => comparison.json(),
    });
    comparison.exit_code().into()
}

/// Says line by line why a configuration cannot be compared.
fn refused(error: &CompareError) -> i32 {
    match error {
        CompareError::Source { .. } => fail(error),
        CompareError::Load { config, why } => why
            .problems()
            .into_iter()
            .map(|problem| if problem.place.is_some() { fail(problem) } else { fail(format!("{config}: {problem}")) })
            .max()
            .unwrap_or(8),
    }
}
