//! Lifecycle scripts run by our launcher and by the original shell text of Zowe's server commands (bin/commands/internal/start of
//! zowe-install-packaging, 3.1 to the newest): the same verdict, the same exported variables, the same output; each difference is listed
//! here with its reason.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use zwelnch::component::CommandLine;
use zwelnch::lifecycle::{Script, Then, script_text, workspace};

type Variables = BTreeMap<String, String>;

/// Variables that a script does not export: the shell's own, and what the server commands export (`rc`) or leave out of their snapshot.
const NOT_COMPARED: &[&str] = &["PWD", "OLDPWD", "SHLVL", "_", "rc", "USER", "LOGNAME"];

/// Every shell that is here, by the name `sh`, as it is called.
fn shells() -> impl Iterator<Item = &'static str> {
    ["/bin/sh", "/bin/dash", "/bin/bash"].into_iter().filter(|shell| Path::new(shell).exists())
}

fn shell(program: &str, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg0("sh").env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", "/").env("GIVEN", "given");
    command.current_dir(directory).stdin(Stdio::null());
    command
}

/// A component's directory with one script, and a library that scripts find sourced.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new(script: &str) -> Place {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("lib.sh"), "library_function() { echo from the library; }\n").unwrap();
        fs::create_dir(directory.path().join("component")).unwrap();
        fs::write(directory.path().join("component/script.sh"), script).unwrap();
        Place { directory }
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    fn ours(&self, program: &str, then: Then) -> Output {
        let script = Script {
            instance_env: None,
            library: Some(self.path("lib.sh").into()),
            directory: self.path("component").into(),
            command: CommandLine { file: self.path("component/script.sh").into(), arguments: Vec::new() },
            then,
        };
        shell(program, self.directory.path()).arg("-c").arg(script_text(&script)).output().unwrap()
    }

    /// `sh -c` with the text of validate and preConfigure; `tail` is what follows for configure.
    fn zowe(&self, program: &str, tail: &str) -> Output {
        let (library, directory, script) = (self.path("lib.sh"), self.path("component"), self.path("component/script.sh"));
        shell(program, self.directory.path()).arg("-c").arg(format!(". {library} && cd {directory} && . {script}{tail}")).output().unwrap()
    }

    /// The start command's text, which the server command writes to the shell's standard input.
    fn zowe_start(&self, program: &str) -> Output {
        let text = fs::read_to_string(self.path("component/script.sh")).unwrap();
        let whole = format!("cd {} ; . \"{}\" ; {text} ; wait;", self.path("component"), self.path("lib.sh"));
        let mut child =
            shell(program, self.directory.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(whole.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }
}

/// The exports in what `export -p` printed, as the start of the component sources them.
fn exports_of(program: &str, output: &[u8]) -> Option<Variables> {
    let is_export = |line: &&str| line.starts_with("export ") || line.starts_with("declare -x ");
    let text = String::from_utf8_lossy(output).lines().filter(is_export).map(|line| format!("{line}\n")).collect::<String>();
    if text.is_empty() {
        return None;
    }
    let mut child = Command::new(program);
    let output = child.arg0("sh").env_clear().arg("-c").arg(text + "exec /usr/bin/env -0").output().unwrap();
    let variables = output.stdout.split(|byte| *byte == 0).filter_map(|line| {
        let line = String::from_utf8_lossy(line).into_owned();
        line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
    });
    Some(compared(variables))
}

fn compared(variables: impl Iterator<Item = (String, String)>) -> Variables {
    variables.filter(|(name, _)| !NOT_COMPARED.contains(&name.as_str())).collect()
}

const EXITS: &str =
    "the exports of a script that ends with exit are kept by ours; the public tool takes none of them, as export -p is not reached";
const REPLACED: &str = "";

/// Script, and why the exports differ; empty: they do not differ.
const CONFIGURE: &[(&str, &str)] = &[
    ("export A=1\n", ""),
    ("export A=1\n[ -n \"$NONE\" ] && set -x\n", ""),
    ("export A=1\n[ -n \"$NONE\" ] && set -x", ""),
    ("export A=1\nfalse\n", ""),
    ("export A=1\n(exit 9)\n", ""),
    ("f() { return 7; }\nexport A=1\nf\n", ""),
    ("export A=1\nnosuchcommand\n", ""),
    ("export A=1\nreturn 0\nexport B=2\n", ""),
    ("export A=1\nreturn 4\nexport B=2\n", ""),
    ("export A=1\nfalse\nreturn\n", ""),
    ("export A=1\nexit 0\n", EXITS),
    ("export A=1\nexit 3\n", EXITS),
    ("export A=1\nfalse\nexit\n", EXITS),
    ("export A=1\nif true; then exit 6; fi\n", EXITS),
    ("set -e\nexport A=1\nfalse\nexport B=2\n", EXITS),
    ("set -e\nexport A=1\n[ -n \"$NONE\" ] && :\n", EXITS),
    ("set -e\nexport A=1\n[ -n \"$NONE\" ] && :\ntrue\n", ""),
    ("set -e\nexport A=1\nreturn 4\n", EXITS),
    ("set -u\nexport A=1\necho \"$NONE\"\nexport B=2\n", EXITS),
    ("trap 'echo bye' EXIT\nexport A=1\n", ""),
    ("trap 'false' EXIT\nexport A=1\n", ""),
    ("trap 'exit 5' EXIT\nexport A=1\n", ""),
    ("trap 'echo bye' EXIT\nexport A=1\nexit 0\n", REPLACED),
    ("A=1\nset -a\nB=2\nset +a\n", ""),
    ("unset GIVEN HOME\n", ""),
    ("cd /\nexport A=1\n", ""),
    ("export A=\"it's \\\"quoted\\\" \\$HOME  two  \"\n", ""),
    ("readonly A=1\nexport A\n", ""),
    ("export A=1\nif true; then\n", EXITS),
    ("export A=1\n. ./nosuch\nexport B=2\n", EXITS),
    ("export A=1\nkill -9 $$\n", REPLACED),
    ("export A=1\nexec true\n", REPLACED),
    ("export A=1\nexec false\n", REPLACED),
    ("library_function\nexport A=\"$GIVEN\"\n", ""),
];

#[test]
fn configure_ends_and_exports_as_under_the_server_commands() {
    for program in shells() {
        for (script, reason) in CONFIGURE {
            let place = Place::new(script);
            let file = place.directory.path().join("snapshot");
            let then = Then::Snapshot { program: crate::harness::program().into(), file: file.clone() };
            let (ours, zowe) = (place.ours(program, then), place.zowe(program, " ; export rc=$? ; export -p"));
            assert_eq!(ours.status.success(), zowe.status.success(), "{program}: {script}: {ours:?} and {zowe:?}");
            // A signal is a code of its own in both.
            assert!(ours.status.code() == zowe.status.code(), "{program}: {script}: {ours:?} and {zowe:?}");
            let read = fs::read(&file).ok().and_then(|text| workspace::parse_snapshot(&text).ok());
            let ours = read.map(|environment| {
                compared(environment.into_iter().map(|(name, value)| (name, AsRef::<OsStr>::as_ref(&value).to_string_lossy().into_owned())))
            });
            let zowe = exports_of(program, &zowe.stdout);
            if ours != zowe {
                assert!(*reason == EXITS && zowe.is_none() && ours.is_some(), "{program}: {script}: {ours:?} and {zowe:?}");
            }
        }
    }
}

#[test]
fn validate_ends_as_under_the_server_commands() {
    for program in shells() {
        for (script, _) in CONFIGURE {
            let place = Place::new(script);
            let (ours, zowe) = (place.ours(program, Then::Nothing), place.zowe(program, ""));
            assert_eq!(ours.status, zowe.status, "{program}: {script}");
            assert_eq!(ours.stdout, zowe.stdout, "{program}: {script}");
        }
    }
}

/// How a start script does under the public text.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Start {
    /// As under ours.
    Same,
    /// Its code there is that of `wait`, which nobody checks; ours reports the code with which a component really ended.
    Code,
    /// The public text is no shell syntax with it: `&` or a line end before ` ; wait;`. The scripts of components end with a line end; what
    /// they left in the background was then not waited for.
    Syntax,
}

const START: &[(&str, Start)] = &[
    ("echo up $GIVEN", Start::Same),
    ("library_function\necho up; exit 3", Start::Same),
    ("echo up\nexit 0", Start::Same),
    ("(echo background) & true", Start::Same),
    ("(echo background; exit 4) & true", Start::Code),
    ("(echo background) &", Start::Syntax),
    ("(echo background) &\n", Start::Syntax),
    ("echo up\n", Start::Syntax),
    ("echo up\nfalse", Start::Code),
    ("[ -n \"$NONE\" ] && set -x", Start::Code),
    ("set -e\nfalse\necho never", Start::Same),
    ("trap 'echo bye' EXIT\necho up", Start::Same),
    ("trap 'echo bye; exit 5' EXIT\necho up", Start::Same),
    ("pwd | sed 's|.*/||'", Start::Same),
    ("echo \"$# arguments\"", Start::Same),
    ("exec echo replaced", Start::Same),
];

#[test]
fn start_does_what_it_does_under_the_server_commands() {
    for program in shells() {
        for (script, how) in START {
            let place = Place::new(script);
            let (ours, zowe) = (place.ours(program, Then::Wait), place.zowe_start(program));
            let same = (ours.stdout == zowe.stdout, ours.status.code() == zowe.status.code());
            let expected = match how {
                Start::Same => same == (true, true),
                Start::Code => same == (true, false),
                Start::Syntax => ours.status.success() && !zowe.status.success(),
            };
            assert!(expected, "{program}: {script}: {how:?}: {ours:?} and {zowe:?}");
        }
    }
}
