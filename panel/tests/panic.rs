//! A panic: the terminal is the user's again before its text comes.
#![allow(clippy::unwrap_used)]

use nix::sys::termios::{LocalFlags, tcgetattr};
use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use zwelnch_panel::{Options, Request, Source, Theme, run, updates};

struct Failing;

impl Source for Failing {
    fn request(&self, _: Request) {
        panic!("the source has failed");
    }

    fn complete(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

#[test]
#[ignore = "the test below runs it, on a terminal"]
fn a_panel_whose_source_fails() {
    let (sender, updates) = updates();
    drop(run(Options { theme: Theme::None, leave: None }, &Failing, &sender, &updates));
}

#[test]
fn a_panic_gives_the_terminal_back_first() {
    let size = nix::pty::Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    let pty = nix::pty::openpty(Some(&size), None).unwrap();
    let usual = tcgetattr(&pty.slave).unwrap();
    let slave = || Stdio::from(pty.slave.try_clone().unwrap());
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "a_panel_whose_source_fails", "--ignored", "--nocapture"]).env("TERM", "xterm").env("RUST_BACKTRACE", "0");
    let mut child = command.stdin(slave()).stdout(slave()).stderr(slave()).spawn().unwrap();
    drop((command, pty.slave));
    let mut master = File::from(pty.master);
    let (mut seen, mut typed) = (String::new(), false);
    let mut buffer = [0; 4096];
    // EIO: the last process on the other side has gone.
    while let Ok(length @ 1..) = master.read(&mut buffer) {
        seen.push_str(&String::from_utf8_lossy(&buffer[..length]));
        if seen.contains("configuration") && !std::mem::replace(&mut typed, true) {
            assert!(!tcgetattr(&master).unwrap().local_flags.contains(LocalFlags::ICANON));
            master.write_all(b"2").unwrap();
        }
    }
    assert!(!child.wait().unwrap().success(), "{seen:?}");
    let (given_back, said) = (seen.find("\u{1b}[?1049l").unwrap(), seen.find("the source has failed").unwrap());
    assert!(given_back < said && seen[..said].contains("\u{1b}[?25h"), "{seen:?}");
    let after = tcgetattr(&master).unwrap();
    assert_eq!((after.local_flags, after.input_flags, after.output_flags), (usual.local_flags, usual.input_flags, usual.output_flags));
}
