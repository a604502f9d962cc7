//! One upgrade of a rollout: `zwelnch ha upgrade`, as a person would type it, in a process of its own. When the rollout is killed, it
//! brings its instance to an end all the same, and the rollout finds what became of it.

use super::Arguments;
use crate::ha::rollout::record::{Rollout, Store};
use crate::ha::rollout::{Replaced, Way};
use crate::platform::code_page::decode_lines;
use crate::platform::thread::{self, Stack};
use crate::platform::{End, NativePlatform, Platform, RunningProgram};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::mpsc::Sender;

/// The longest line that is read of an upgrade, in bytes; the rest of it is another line.
const LINE_LIMIT: u64 = 64 * 1024;

/// Exit codes of `ha upgrade`.
const HALTED: i32 = 12;

/// The options that each upgrade of a rollout has.
pub(super) fn options(arguments: &Arguments, absolute: &dyn Fn(&PathBuf) -> String) -> Vec<String> {
    let mut options = Vec::new();
    let mut add = |name: &str, value: String| options.extend([name.to_owned(), value]);
    let reach = &arguments.sysplex.reach;
    let times = [
        ("--drain", arguments.replacement.drain),
        ("--stop-timeout", arguments.replacement.stop_timeout),
        ("--ready-timeout", arguments.replacement.ready_timeout),
        ("--rollback-timeout", arguments.replacement.rollback_timeout),
        ("--timeout", arguments.replacement.expectation.timeout),
    ];
    for (name, time) in times {
        add(name, format!("{}ms", time.as_millis()));
    }
    for (service, count) in &arguments.replacement.expectation.expect {
        add("--expect", format!("{service}={count}"));
    }
    if let Some(stack) = &arguments.replacement.stack {
        add("--stack", stack.clone());
    }
    for (name, file) in [("--certificate", &reach.certificate), ("--key", &reach.key)] {
        if let Some(file) = file {
            add(name, absolute(file));
        }
    }
    for file in &reach.ca {
        add("--ca", absolute(file));
    }
    if let Some(through) = &reach.console_through {
        add("--console-through", through.to_string());
    }
    if let Some(system) = reach.system() {
        add("--system", absolute(&system.to_owned()));
    }
    options
}

/// The call of one upgrade.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) way: Way,
    arguments: Vec<String>,
}

impl Call {
    /// The replacement of instance `index`, one of `which`. `peers`: CONFIG of each other instance that runs; who is in neither is left
    /// out.
    pub(super) fn new(rollout: &Rollout, which: &[usize], index: usize, way: Way, store: &Store, peers: &BTreeMap<String, String>) -> Call {
        let instance = &rollout.instances[index];
        let (old, new) = if way == Way::Back { (&instance.after, &instance.before) } else { (&instance.before, &instance.after) };
        let mut arguments: Vec<String> = ["ha", "upgrade"].map(str::to_owned).to_vec();
        let mut add = |name: &str, value: &str| arguments.extend([name.to_owned(), value.to_owned()]);
        for (name, value) in [("--old", &old.config), ("--new", &new.config), ("--ha-instance", &instance.id)] {
            add(name, value);
        }
        if peers.is_empty() {
            add("--peer", &old.config);
        }
        for (id, config) in peers {
            add("--peer", &format!("{id}={config}"));
        }
        for (name, member) in [("--old-member", &old.member), ("--new-member", &new.member)] {
            if !member.is_empty() {
                add(name, member);
            }
        }
        if let Some((socket, backend)) = &rollout.options.haproxy {
            add("--haproxy", socket);
            add("--backend", backend);
        }
        for accepted in &rollout.options.accept {
            add("--accept", accepted);
        }
        if !peers.is_empty() {
            for other in rollout.instances.iter().filter(|other| other.id != instance.id && !peers.contains_key(&other.id)) {
                add("--accept", &other.id);
            }
        }
        if way == Way::Back {
            // What is taken back is sick: what the registries miss of it is no reason to leave it where it is.
            arguments.extend(["--accept".to_owned(), instance.id.clone()]);
        }
        arguments.extend(rollout.options.upgrade.iter().cloned());
        arguments.extend(["--state".to_owned(), store.upgrade_path(rollout.number, &instance.id, way == Way::Back).display().to_string()]);
        if way == Way::RollBack {
            arguments.push("--rollback".to_owned());
        }
        if which.len() > 1 {
            arguments.push("--together".to_owned());
        }
        Call { id: instance.id.clone(), way, arguments }
    }

    /// What is expected of the registries while others of the same turn come back too.
    pub(super) fn expect(&mut self, services: &BTreeMap<String, usize>) {
        let named: Vec<String> = self.arguments.iter().filter_map(|argument| Some(argument.split_once('=')?.0.to_owned())).collect();
        for (service, count) in services.iter().filter(|(service, _)| !named.contains(service)) {
            self.arguments.extend(["--expect".to_owned(), format!("{service}={count}")]);
        }
    }

    /// As it can be typed.
    pub(super) fn shown(&self) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:=,@#$%+".contains(&byte) && byte != b'$';
        let quoted = |word: &String| {
            if !word.is_empty() && word.bytes().all(plain) { word.clone() } else { format!("'{}'", word.replace('\'', r"'\''")) }
        };
        format!("zwelnch {}", self.arguments.iter().map(quoted).collect::<Vec<_>>().join(" "))
    }

    /// Makes the upgrade; every line that it says is sent, with the id of its instance.
    pub(super) fn run(&self, lines: &Sender<(String, String)>) -> Replaced {
        match self.made(lines) {
            Ok(replaced) => replaced,
            Err(error) => Replaced::Halted(format!("its upgrade could not be run: {error}")),
        }
    }

    fn made(&self, lines: &Sender<(String, String)>) -> std::io::Result<Replaced> {
        let program = NativePlatform::for_command().own_program()?;
        let arguments: Vec<_> = self.arguments.iter().map(Into::into).chain(["--of-rollout".into()]).collect();
        let mut child = RunningProgram::begin(&program, &arguments, &[], true)?;
        let errors = child.errors();
        let (id, sender) = (self.id.clone(), lines.clone());
        let read = move || each_line(errors, |line| drop(sender.send((id.clone(), line.to_owned()))));
        let reading = thread::spawn("upgrade", Stack::Usual, read)?;
        let said = each_line(child.output(), |line| drop(lines.send((self.id.clone(), line.to_owned()))));
        let errors = reading.join().unwrap_or_default();
        let code = match child.wait(None)? {
            Some(End::Exited(code)) => Some(code),
            _ => None,
        };
        // Without its message id, which stands before it in the log already.
        let text = |line: &String| match line.split_once(' ') {
            Some((id, text)) if id.starts_with("ZWEL") => text.to_owned(),
            _ => line.clone(),
        };
        let why: Vec<String> = errors.iter().map(text).collect();
        let why = if why.is_empty() { said.last().cloned().unwrap_or_default() } else { why.join("; ") };
        let is_back = said.iter().any(|line| line.starts_with("Rolled back:"));
        Ok(match code {
            Some(0) if is_back && self.way != Way::RollBack => Replaced::RolledBack(why),
            Some(0) => Replaced::Done,
            Some(HALTED) => Replaced::Halted(why),
            Some(_) if is_back => Replaced::RolledBack(why),
            Some(8) if said.iter().any(|line| line.starts_with("Refused;")) => Replaced::Refused(why),
            // It may have begun: it is looked at when the rollout goes on.
            Some(8) => Replaced::Refused(why),
            code => {
                Replaced::Halted(format!("its upgrade ended with {}: {why}", code.map_or("a signal".to_owned(), |code| code.to_string())))
            }
        })
    }
}

/// All lines, to the bound of each; the last ones are given back.
fn each_line(source: Option<impl Read>, mut take: impl FnMut(&str)) -> Vec<String> {
    const KEPT: usize = 20;
    let Some(source) = source else { return Vec::new() };
    let mut reader = BufReader::new(source);
    let mut kept: Vec<String> = Vec::new();
    loop {
        let mut line = Vec::new();
        match reader.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return kept,
            Ok(_) => {}
        }
        let text = decode_lines(&line);
        let text = text.trim_end_matches('\n');
        take(text);
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push(text.to_owned());
    }
}
