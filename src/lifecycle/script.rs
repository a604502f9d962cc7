//! The text that the shell is given to run a lifecycle command. POSIX shell only: it must mean the same to dash, bash and the z/OS shell.

use crate::component::CommandLine;
use std::path::{Path, PathBuf};

/// What a lifecycle command runs with.
#[derive(Debug, Clone)]
pub struct Script {
    /// `<instance directory>/instance.env`, sourced first (v1 style).
    pub instance_env: Option<PathBuf>,
    /// `<runtime>/bin/libs/configmgr-index.sh` if it exists.
    pub library: Option<PathBuf>,
    /// The component's directory, where the command runs.
    pub directory: PathBuf,
    pub command: CommandLine,
    pub then: Then,
}

/// What follows the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    Nothing,
    /// Wait for what the command left running in the background, then end with the command's own code.
    Wait,
    /// Write the exported variables to a file: `program internal snapshot file`.
    Snapshot {
        program: PathBuf,
        file: PathBuf,
    },
}

/// The text after `sh -c`. Everything that comes from a configuration, a manifest or the file system is quoted.
///
/// The command is sourced, so that it needs no execute bit and shares the shell with the library. The snapshot is taken by a trap, so
/// that a command that ends with `exit` leaves one too; by a program, because no shell prints its variables exactly in a form that every
/// other one reads.
pub fn script_text(script: &Script) -> String {
    let mut text = String::new();
    if let Then::Snapshot { program, file } = &script.then {
        let body =
            format!("_zwelnch_code=$?; {} internal snapshot {} || exit 125; exit $_zwelnch_code", quote_path(program), quote_path(file));
        text += &format!("trap {} 0\n", quote(&body));
    }
    if let Some(file) = &script.instance_env {
        text += &format!("set -a\n. {}\nset +a\n", quote_path(file));
    }
    if let Some(library) = &script.library {
        text += &format!(". {}\n", quote_path(library));
    }
    text += &format!("cd {} || exit 1\n", quote_path(&script.directory));
    let arguments: Vec<String> = script.command.arguments.iter().map(|argument| quote(argument)).collect();
    // Without arguments too: what the library left in them must not reach the command.
    text += &format!("set -- {}\n", arguments.join(" "));
    text += &format!(". {}\n", quote_path(&script.command.file));
    if script.then == Then::Wait {
        text += "_zwelnch_code=$?\nwait\nexit $_zwelnch_code\n";
    }
    text
}

/// One shell word that means exactly this text.
pub fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn quote_path(path: &Path) -> String {
    // Paths that are not UTF-8 do not occur: they come from YAML, which is.
    quote(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

        #[test]
        fn a_quoted_word_is_one_word_of_the_shell(text in "[^\\x00]{0,40}") {
            let out = Command::new("/bin/sh").arg("-c").arg(format!("printf %s {}", quote(&text))).output().unwrap();
            prop_assert_eq!(String::from_utf8(out.stdout).unwrap(), text);
        }
    }

    fn run(shell: &str, file_text: &str, arguments: &[&str], then: Then) -> (String, Option<i32>) {
        let directory = tempfile::Builder::new().prefix("it's a \"dir\" $HOME ").tempdir().unwrap();
        let file = directory.path().join("bin start.sh");
        std::fs::write(&file, file_text).unwrap();
        let script = Script {
            instance_env: None,
            library: None,
            directory: directory.path().to_path_buf(),
            command: CommandLine { file, arguments: arguments.iter().map(|text| (*text).to_owned()).collect() },
            then,
        };
        let out = Command::new(shell).arg("-c").arg(script_text(&script)).output().unwrap();
        (String::from_utf8(out.stdout).unwrap() + &String::from_utf8(out.stderr).unwrap(), out.status.code())
    }

    fn shells() -> impl Iterator<Item = &'static str> {
        ["/bin/sh", "/bin/dash", "/bin/bash"].into_iter().filter(|shell| Path::new(shell).exists())
    }

    #[test]
    fn sourced_in_its_directory_with_arguments_as_written() {
        for shell in shells() {
            let (out, code) = run(shell, "echo \"$#:$1:$2\"; test -f 'bin start.sh'; exit 7", &["a b", "$HOME'"], Then::Wait);
            assert_eq!((out.as_str(), code), ("2:a b:$HOME'\n", Some(7)), "{shell}");
        }
    }

    #[test]
    fn waits_for_what_runs_in_the_background_even_without_a_last_line_end() {
        for shell in shells() {
            let (out, code) = run(shell, "(read x < /dev/null; echo done) &", &[], Then::Wait);
            assert_eq!((out.as_str(), code), ("done\n", Some(0)), "{shell}");
        }
    }
}
