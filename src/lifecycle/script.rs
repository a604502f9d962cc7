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
    /// Write the exported variables to a file: `program internal snapshot file code`, which ends with that code.
    Snapshot {
        program: PathBuf,
        file: PathBuf,
    },
}

/// The text after `sh -c`. Everything that comes from a configuration, a manifest or the file system is quoted.
///
/// The command is sourced, so that it needs no execute bit and shares the shell with the library. The snapshot is taken at the end of the
/// text, because the command may set a trap of its own, and also by a trap, so that a command that ends with `exit` leaves one too. A
/// program takes it, because no shell prints its variables exactly in a form that every other shell reads.
///
/// Zowe's server commands go on after a configure command (`. FILE ; export rc=$? ; export -p`), so the code of its last command, or of a
/// `return`, does not count there, and there are scripts whose last command is a test that is false. Only `exit` counts, and the shell's
/// own exit (`set -e`).
pub fn script_text(script: &Script) -> String {
    let mut text = String::new();
    let snapshot = match &script.then {
        Then::Snapshot { program, file } => Some(format!("{} internal snapshot {} $_zwelnch_code", quote_path(program), quote_path(file))),
        Then::Nothing | Then::Wait => None,
    };
    if let Some(snapshot) = &snapshot {
        text +=
            &format!("_zwelnch_taken=\ntrap {} 0\n", quote(&format!("_zwelnch_code=$?; [ -n \"$_zwelnch_taken\" ] || exec {snapshot}")));
    }
    if let Some(file) = &script.instance_env {
        text += &format!("set -a\n. {}\nset +a\n", quote_path(file));
    }
    if let Some(library) = &script.library {
        text += &format!(". {}\n", quote_path(library));
    }
    text += &format!("cd {} || exit 1\n", quote_path(&script.directory));
    let arguments: Vec<String> = script.command.arguments.iter().map(|argument| quote(argument)).collect();
    // Also without arguments: positional parameters that the library has set must not reach the command.
    text += &format!("set -- {}\n", arguments.join(" "));
    if script.then == Then::Wait {
        text += BEFORE_START;
    }
    text += &format!(". {}\n", quote_path(&script.command.file));
    if script.then == Then::Wait {
        text += AFTER_START;
    }
    if let Some(snapshot) = &snapshot {
        text += &format!("_zwelnch_code=0\n{snapshot}\n_zwelnch_code=$?\n_zwelnch_taken=yes\nexit $_zwelnch_code\n");
    }
    text
}

/// If a sourced file ends with a pipeline, only bash tells the codes of its parts. `set -o pipefail` would tell them too, but the script
/// itself would run under it, and a `server | grep -q ready` in it would mean something else.
const BEFORE_START: &str = "_zwelnch_parts=
if [ -n \"${BASH_VERSION:-}\" ]; then trap '_zwelnch_parts=\"${PIPESTATUS[@]}\"' RETURN; fi
";

/// The code of a start command is the first of these that is not 0: its own; that of a part of its last pipeline (`server | tee log`); that
/// of the last process it left in the background, for which it waits as for all others. A signal that the script traps interrupts `wait`
/// and ends nothing; 127 says that the process has been waited for already.
const AFTER_START: &str = "_zwelnch_code=$?
set +eu
if [ -n \"$_zwelnch_parts\" ]; then
trap - RETURN
IFS=' '
for _zwelnch_part in $_zwelnch_parts; do if [ $_zwelnch_code = 0 ]; then _zwelnch_code=$_zwelnch_part; fi; done
fi
if [ -n \"$!\" ]; then
while wait $!; _zwelnch_part=$?; [ $_zwelnch_part -gt 128 ] && kill -0 $! 2>/dev/null; do :; done
if [ $_zwelnch_code = 0 ] && [ $_zwelnch_part != 127 ]; then _zwelnch_code=$_zwelnch_part; fi
fi
wait
exit $_zwelnch_code
";

/// One shell word that means exactly this text.
pub(super) fn quote(text: &str) -> String {
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
    use std::os::unix::process::CommandExt;
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
        // As the runner has it: bash under the name sh is another shell.
        let out = Command::new(shell).arg0("sh").arg("-c").arg(script_text(&script)).output().unwrap();
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
    fn the_snapshot_is_taken_once_however_the_command_ends() {
        let directory = tempfile::tempdir().unwrap();
        // Stands for this program: it says what it was called with.
        let program = directory.path().join("program");
        std::fs::write(&program, "#!/bin/sh\necho \"$* $V\"\nexit $4\n").unwrap();
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let then = || Then::Snapshot { program: program.clone(), file: "file".into() };
        for shell in shells() {
            for (text, expected, code) in [
                ("export V=1", "internal snapshot file 0 1\n", 0),
                ("export V=1; exit 3", "internal snapshot file 3 1\n", 3),
                ("export V=1; return 4", "internal snapshot file 0 1\n", 0),
                ("export V=1; test -n ''", "internal snapshot file 0 1\n", 0),
                ("set -e; export V=1; false", "internal snapshot file 1 1\n", 1),
                ("trap 'echo own trap' 0; export V=1", "internal snapshot file 0 1\nown trap\n", 0),
            ] {
                assert_eq!(run(shell, text, &[], then()), (expected.to_owned(), Some(code)), "{shell}: {text}");
            }
        }
    }

    #[test]
    fn waits_for_what_runs_in_the_background_even_without_a_last_line_end() {
        for shell in shells() {
            let (out, code) = run(shell, "(read x < /dev/null; echo done) &", &[], Then::Wait);
            assert_eq!((out.as_str(), code), ("done\n", Some(0)), "{shell}");
        }
    }

    #[test]
    fn the_code_is_that_of_what_ended_badly() {
        for shell in shells() {
            for (text, code) in [
                ("(exit 3) &", 3),
                ("(exit 3) & (exit 0) &", 0),
                ("(exit 4) &\nwait $!", 4),
                ("true &\nwait $!\nset -u", 0),
                ("set -e\nset -u\n(exit 5) &", 5),
                ("(exit 5) &\nreturn 6", 6),
                ("IFS=:\ntrue", 0),
                ("false || true", 0),
                // The wait is interrupted, the process lives on.
                ("trap 'echo x' USR1\n(kill -USR1 $$; sleep 0.2; exit 7) &", 7),
            ] {
                assert_eq!(run(shell, text, &[], Then::Wait).1, Some(code), "{shell}: {text}");
            }
        }
    }

    #[test]
    fn a_server_piped_into_tee_ends_with_its_own_code_where_the_shell_tells() {
        let text = "f() { :; }\nf\nIFS=,\n(echo line; exit 9) | cat";
        assert_eq!(run("/bin/bash", text, &[], Then::Wait), ("line\n".to_owned(), Some(9)));
        // A pipeline further up is the script's own affair.
        assert_eq!(run("/bin/bash", "(exit 9) | cat\ntrue", &[], Then::Wait).1, Some(0));
        // dash parses what is for bash and goes on.
        assert_eq!(run("/bin/sh", text, &[], Then::Wait).0, "line\n");
    }
}
