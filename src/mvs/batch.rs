//! How BPXBATCH and its relatives read PARM and STDPARM; pure. Rules: z/OS UNIX System Services Command Reference, BPXBATCH.

use crate::message::{Message, mvs};

/// The programs that run another one by its path: BPXBATSL in the step's own address space, BPXBATA2 and BPXBATA8 authorized. Off z/OS they
/// do not differ.
pub const PROGRAMS: [&str; 4] = ["BPXBATCH", "BPXBATSL", "BPXBATA2", "BPXBATA8"];

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchProgram {
    /// `PGM path arguments`.
    Program { path: String, arguments: Vec<String> },
    /// `SH command`, for a login shell; without a command the shell reads STDIN.
    Shell { command: Option<String> },
}

/// Why nothing can be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    #[error("{program} takes PGM alone")]
    Shell { program: String },
    #[error("the parameter of {program} begins with neither SH nor PGM")]
    Keyword { program: String, found: String },
    #[error("PGM names no program")]
    NoProgram { program: String },
}

impl BatchError {
    /// The message that answers the START command.
    pub fn message(&self) -> Message {
        match self {
            BatchError::Shell { .. } => mvs::bpxbatch_keyword_rejected(),
            BatchError::Keyword { program, found } => {
                let found: String = found.chars().take(16).collect();
                mvs::command_not_executed(
                    "START",
                    format!("PARM OF {program} BEGINS WITH NEITHER SH NOR PGM BUT WITH '{}'", found.escape_debug()),
                )
            }
            BatchError::NoProgram { program } => {
                mvs::command_not_executed("START", format!("PARM OF {program} NAMES NO PROGRAM AFTER PGM"))
            }
        }
    }
}

/// Reads the parameter of `program`. STDPARM, where it is allocated, replaces PARM: its first line is split at blanks as PARM is, each
/// further line is one argument. PGMRC and SHRC are PGM and SH with a different exit code.
///
/// # Errors
/// [`BatchError`].
pub fn read(program: &str, parm: &str, stdparm: Option<&[String]>) -> Result<BatchProgram, BatchError> {
    let lines: Vec<&str> = match stdparm {
        Some(lines) => lines.iter().map(|line| line.trim_end()).filter(|line| !line.is_empty()).collect(),
        None => vec![parm.trim()],
    };
    let (first, more) = lines.split_first().unwrap_or((&"", &[]));
    let (keyword, rest) = first.trim_start().split_once(' ').unwrap_or((first.trim_start(), ""));
    let program = program.to_owned();
    match keyword.to_ascii_uppercase().as_str() {
        "SH" | "SHRC" | "" if program.starts_with("BPXBATA") => Err(BatchError::Shell { program }),
        "SH" | "SHRC" | "" => {
            let parts = std::iter::once(rest.trim()).chain(more.iter().copied()).filter(|part| !part.is_empty());
            let command = parts.collect::<Vec<_>>().join(" ");
            Ok(BatchProgram::Shell { command: Some(command).filter(|command| !command.is_empty()) })
        }
        "PGM" | "PGMRC" => {
            let mut words = rest.split_ascii_whitespace().chain(more.iter().copied()).map(str::to_owned);
            match words.next() {
                Some(path) => Ok(BatchProgram::Program { path, arguments: words.collect() }),
                None => Err(BatchError::NoProgram { program }),
            }
        }
        found => Err(BatchError::Keyword { program, found: found.to_owned() }),
    }
}

/// Whether a path is that of zwelnch, by its last part.
pub fn is_zwelnch(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.eq_ignore_ascii_case("zwelnch"))
}

/// A shell command in which `own` replaces every absolute path of zwelnch that does not exist here, and those paths. Words inside other
/// quoted text are left alone: how a shell would read them is unknown.
pub fn with_own_program(command: &str, exists: &dyn Fn(&str) -> bool, own: &str) -> (String, Vec<String>) {
    let quoted_own = format!("'{}'", own.replace('\'', "'\\''"));
    let (mut result, mut replaced, mut quote) = (String::new(), Vec::new(), None);
    let mut rest = command;
    while let Some(character) = rest.chars().next() {
        let begins = result.chars().last().is_none_or(|before| before.is_whitespace() || ";|&(=".contains(before));
        if quote.is_none() && begins {
            if let Some((path, length)) = leading_path(rest) {
                if is_zwelnch(path) && !exists(path) {
                    result.push_str(&quoted_own);
                    replaced.push(path.to_owned());
                    rest = rest.get(length..).unwrap_or_default();
                    continue;
                }
            }
        }
        match (quote, character) {
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
        result.push(character);
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
    }
    (result, replaced)
}

/// The absolute path at the beginning of a text, bare or wholly in quotes, and how many bytes it takes up with its quotes.
fn leading_path(text: &str) -> Option<(&str, usize)> {
    let open = text.chars().next().filter(|character| matches!(character, '\'' | '"'));
    let inside = if open.is_some() { text.get(1..)? } else { text };
    let end = inside.find(|character: char| match open {
        Some(open) => character == open,
        None => character.is_whitespace() || ";|&()<>'\"`$\\*?".contains(character),
    });
    let path = inside.get(..end.unwrap_or(inside.len()))?;
    let next = inside.get(path.len()..).and_then(|rest| rest.chars().next());
    let whole = match open {
        Some(open) => next == Some(open),
        None => next.is_none_or(|next| next.is_whitespace() || ";|&)".contains(next)),
    };
    (path.starts_with('/') && whole).then_some((path, path.len() + if open.is_some() { 2 } else { 0 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn program(path: &str, arguments: &[&str]) -> BatchProgram {
        BatchProgram::Program { path: path.into(), arguments: arguments.iter().map(|text| (*text).to_owned()).collect() }
    }

    fn shell(command: &str) -> BatchProgram {
        BatchProgram::Shell { command: Some(command.to_owned()).filter(|command| !command.is_empty()) }
    }

    #[test]
    fn parm_as_the_manual_has_it() {
        for (parm, expected) in [
            ("PGM /usr/lpp/zwelnch/bin/zwelnch launch lpar1", program("/usr/lpp/zwelnch/bin/zwelnch", &["launch", "lpar1"])),
            ("pgm  bin/a   b 'c d'", program("bin/a", &["b", "'c", "d'"])),
            ("PGMRC /a", program("/a", &[])),
            ("SH export A=b;  /c 'd  e'", shell("export A=b;  /c 'd  e'")),
            ("SH", shell("")),
            ("", shell("")),
        ] {
            assert_eq!(read("BPXBATCH", parm, None), Ok(expected), "{parm}");
        }
        assert_eq!(read("BPXBATSL", "PGM", None), Err(BatchError::NoProgram { program: "BPXBATSL".into() }));
        assert_eq!(read("BPXBATA8", "SH ls", None), Err(BatchError::Shell { program: "BPXBATA8".into() }));
        let error = read("BPXBATCH", "/usr/lpp/zwelnch/bin/zwelnch launch", None).unwrap_err();
        assert!(error.message().text().ends_with("BEGINS WITH NEITHER SH NOR PGM BUT WITH '/USR/LPP/ZWELNCH'"), "{}", error.message());
    }

    #[test]
    fn stdparm_stands_in_the_place_of_parm() {
        let read = |lines: &[&str]| {
            let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            read("BPXBATCH", "PGM /not/this", Some(&lines)).unwrap()
        };
        assert_eq!(read(&["PGM /a/zwelnch", "launch", "", "two words   "]), program("/a/zwelnch", &["launch", "two words"]));
        assert_eq!(read(&["PGM", "/a", "b"]), program("/a", &["b"]));
        assert_eq!(read(&["SH set -e;", "mkdir -p /a;  ", "cd /a"]), shell("set -e; mkdir -p /a; cd /a"));
        assert_eq!(read(&[]), shell(""));
    }

    #[test]
    fn a_path_of_zwelnch_that_is_not_here_is_replaced() {
        let here = |path: &str| path == "/here/zwelnch";
        for (command, expected) in [
            ("/x/zwelnch launch a", "'/o''wn' launch a"),
            ("cd /;\"/x/zwelnch\" launch", "cd /;'/o''wn' launch"),
            ("A=1 /x/y/ZWELNCH&&echo", "A=1 '/o''wn'&&echo"),
            ("/here/zwelnch x", "/here/zwelnch x"),
            ("echo '/x/zwelnch y'", "echo '/x/zwelnch y'"),
            ("/x/zwelnch$Y a/x/zwelnch", "/x/zwelnch$Y a/x/zwelnch"),
        ] {
            let (text, replaced) = with_own_program(command, &here, "/o'wn");
            assert_eq!(text.replace("'\\''", "''"), expected, "{command}");
            assert_eq!(replaced.is_empty(), text == command, "{command}");
        }
    }

    proptest! {
        #[test]
        fn any_parameter_is_read_or_refused(parm in any::<String>(), lines in prop::option::of(prop::collection::vec(any::<String>(), 0..4))) {
            if let Err(error) = read("BPXBATCH", &parm, lines.as_deref()) {
                prop_assert!(!error.message().text().contains('\n'));
            }
        }

        #[test]
        fn what_names_no_zwelnch_stays(command in "[ -~]{0,60}") {
            prop_assume!(!command.to_ascii_lowercase().contains("zwelnch"));
            prop_assert_eq!(with_own_program(&command, &|_| false, "/own").0, command);
        }
    }
}
