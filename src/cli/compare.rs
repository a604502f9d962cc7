//! `zwelnch ha compare`.

use super::arguments::{Compare, ReportFormat};
use super::configuration::absolute_config;
use super::terminal::{data, document, fail, fail_with, say};
use crate::config::choice::CHOICE;
use crate::ha::compare::write::{self, WriteError};
use crate::ha::compare::{self, Options, Side};
use crate::ha::target::TargetError;
use crate::message;
use crate::platform::NativePlatform;
use crate::platform::text_file;
use std::path::Path;

/// The report of two configurations, 8 with any violation; or a configuration for B.
pub(super) fn run(arguments: Compare) -> i32 {
    let a = absolute_config(&arguments.a);
    match (arguments.b, arguments.write_b) {
        (Some(b), _) => {
            let a = Side { config: a, ha_instance: arguments.a_instance };
            let b = Side { config: absolute_config(&b), ha_instance: arguments.b_instance };
            report(&a, &b, &Options { accept: arguments.accept }, arguments.format)
        }
        (None, Some(file)) => write_b(&a, &file),
        // The definition of the arguments excludes this.
        (None, None) => fail("the configuration of B is missing"),
    }
}

fn report(a: &Side, b: &Side, options: &Options, format: ReportFormat) -> i32 {
    let platform = NativePlatform::for_command();
    let (a, b) = match (compare::load(a, &platform), compare::load(b, &platform)) {
        (Ok(a), Ok(b)) => (a, b),
        (a, b) => return [a, b].iter().filter_map(|side| side.as_ref().err()).map(refused).max().unwrap_or(8),
    };
    let comparison = compare::between(&a, &b, options);
    match format {
        ReportFormat::Text => document(&comparison.text()),
        ReportFormat::Json => data(&comparison.json()),
    };
    comparison.exit_code().into()
}

fn write_b(a: &str, file: &Path) -> i32 {
    match write::draft(a, &NativePlatform::for_command(), file) {
        Ok(draft) => {
            let mut text = format!("{} is written from {a}.\n", file.display());
            if !draft.comments_kept {
                text.push_str("Comments and the order of A are lost: it has several sources, or could not be edited in place.\n");
            }
            text.push_str(&format!("Choices to make, each a text that begins {CHOICE}\n"));
            for choice in &draft.choices {
                text.push_str(&format!("  {}: {}\n", choice.path.join("."), choice.text));
            }
            text.push_str(&format!("Then: zwelnch ha compare {a} {}\n", file.display()));
            document(&text);
            if let Some((path, why)) = text_file::untagged() {
                say(&message::files_not_tagged(path.display(), why));
            }
            0
        }
        Err(WriteError::Compare(error)) => refused(&error),
        Err(error) => fail(error),
    }
}

/// Says line by line why a configuration cannot be compared.
fn refused(error: &TargetError) -> i32 {
    fail_with(&error.messages())
}
