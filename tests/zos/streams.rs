//! Descriptors 0 to 2 of a command, as a shell or BPXBATCH gives them: what stands in the pipe or file is what an EBCDIC program sees there,
//! read by the C library's iconv.

use crate::code_pages::converted_back;
use crate::harness::{Instance, program};
use crate::launcher::{Zos, emulator, set_tag, tag_of};
use std::fs::{self, File};
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// `zwelnch` with these arguments, and the system's side in the directory of an instance.
fn command(zos: &Zos, arguments: &[&str]) -> Command {
    let words = emulator();
    let mut words = words.iter().flat_map(|words| words.split(' '));
    let mut command = match words.next() {
        Some(emulator) => {
            let mut command = Command::new(emulator);
            command.args(words).arg(program());
            command
        }
        None => Command::new(program()),
    };
    command.args(arguments).env("ZWELNCH_ZOS_STUB", zos.instance.path("zos")).env_remove("ZWELNCH_SYSTEM").stdin(Stdio::null());
    command
}

fn zos() -> Zos {
    let instance = Instance::new().component("alpha", "exit", "");
    instance.write_config();
    Zos::new(instance)
}

fn check(zos: &Zos) -> Command {
    let mut command = command(zos, &["check", "-c"]);
    command.arg(zos.instance.config());
    command
}

/// A text as a program that reads IBM-1047 sees it; None where iconv is missing.
fn seen(bytes: &[u8]) -> Option<String> {
    assert!(!bytes.is_empty() && bytes.ends_with(&[0x15]) && !bytes.contains(&b'\n'), "{bytes:?}");
    converted_back(bytes).map(|bytes| String::from_utf8(bytes).unwrap())
}

fn is_report(text: &str) {
    assert!(text.contains("0 errors, ") && text.ends_with('\n'), "{text}");
}

#[test]
fn what_check_writes_into_a_pipe_is_read_by_more() {
    let zos = zos();
    let Output { stdout, stderr, .. } = check(&zos).output().unwrap();
    let Some(text) = seen(&stdout) else { return };
    is_report(&text);
    // A message on standard error, and what clap says.
    assert!(stderr.is_empty() || seen(&stderr).is_some());
    for (arguments, wanted) in [(&["check", "-c", "/nowhere"][..], "/nowhere"), (&["check", "--nonsense"], "--nonsense")] {
        let Output { stdout, stderr, .. } = command(&zos, arguments).output().unwrap();
        let said = if stderr.is_empty() { stdout } else { stderr };
        assert!(seen(&said).unwrap().contains(wanted), "{arguments:?}");
    }
    let help = command(&zos, &["check", "--help"]).output().unwrap();
    assert!(seen(&help.stdout).unwrap().contains("Usage: zwelnch check"));
}

#[test]
fn a_file_behind_a_redirection_is_in_ibm_1047_and_tagged() {
    let zos = zos();
    let into = |file: File| check(&zos).stdout(file).stderr(Stdio::null()).status().unwrap();
    let at = |name: &str| zos.instance.path(name);
    let text_of = |path: &Path| seen(&fs::read(path).unwrap());
    // > file
    into(File::create(at("new")).unwrap());
    assert_eq!(tag_of(&zos, &at("new")), Some((1047, true)));
    let Some(text) = text_of(&at("new")) else { return };
    is_report(&text);
    // >> file: what is there is nobody's to tag.
    fs::write(at("old"), [0xc1, 0x15]).unwrap();
    into(File::options().append(true).open(at("old")).unwrap());
    assert_eq!(text_of(&at("old")).unwrap(), format!("A\n{text}"));
    assert_eq!(tag_of(&zos, &at("old")), None);
    // A reader who has said that it takes ASCII gets it.
    let ascii = File::create(at("ascii")).unwrap();
    set_tag(&zos, &at("ascii"), 819, true);
    into(ascii);
    assert_eq!(fs::read_to_string(at("ascii")).unwrap(), text);
    // _TAG_REDIR_OUT=txt: the shell has tagged it.
    let tagged = File::create(at("tagged")).unwrap();
    set_tag(&zos, &at("tagged"), 1047, true);
    into(tagged);
    assert_eq!(text_of(&at("tagged")).unwrap(), text);
}

#[test]
fn where_the_system_refuses_to_convert_the_bytes_are_the_same() {
    let zos = zos();
    let by_system = check(&zos).output().unwrap();
    let system = command(&zos, &["check", "--nonsense"]).output().unwrap();
    for (mut command, expected) in [(check(&zos), by_system), (command(&zos, &["check", "--nonsense"]), system)] {
        zos.fail("fcntl.cvton", 3, nix::libc::EINVAL);
        let here = command.output().unwrap();
        assert!(!zos.instance.path("zos/fail/fcntl.cvton").exists(), "nobody has asked for it");
        assert_eq!((here.stdout, here.stderr), (expected.stdout, expected.stderr));
    }
}

/// What a component writes for the launcher is told line by line, and the launcher's own helpers answer it as they are.
#[test]
fn the_launchers_own_helpers_are_left_alone() {
    let zos = zos();
    let answer = command(&zos, &["internal", "bind", "127.0.0.1:0"]).output().unwrap();
    assert!(String::from_utf8(answer.stdout).unwrap().ends_with('\n'));
}

/// The two ends of a terminal. nix has it only with features that the build for z/OS must do without.
fn terminal() -> (OwnedFd, OwnedFd) {
    let (mut master, mut slave) = (-1, -1);
    // SAFETY: the call writes two descriptors, which are nobody else's, and takes nulls for what may be left out.
    unsafe {
        let done = nix::libc::openpty(&mut master, &mut slave, std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
        assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
        (OwnedFd::from_raw_fd(master), OwnedFd::from_raw_fd(slave))
    }
}

#[test]
fn a_terminal_shows_ebcdic_and_keeps_its_tag() {
    let zos = zos();
    let (master, slave) = terminal();
    let mut child = {
        let mut command = check(&zos);
        // Our own copy of the slave goes with the command.
        command.stdout(slave).stderr(Stdio::null()).spawn().unwrap()
    };
    let mut bytes = Vec::new();
    // Where nobody has the slave any more, reading ends with an error.
    let _ = std::io::Read::read_to_end(&mut File::from(master), &mut bytes);
    child.wait().unwrap();
    let Some(text) = converted_back(&bytes) else { return };
    // It may be coloured.
    assert!(String::from_utf8(text).unwrap().contains("0 errors, "));
    assert!(!zos.instance.path("zos/tags").exists(), "a terminal was tagged");
}
