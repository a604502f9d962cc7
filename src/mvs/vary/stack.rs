//! The file TCPIP of a system directory: which balancer stands for the sysplex distributor, and which of its servers for the listeners of
//! this system. One setting a line, `#` begins a comment:
//!
//! ```text
//! BALANCER haproxy SOCKET BACKEND     SOCKET: a path, relative to the system directory or absolute, or host:port
//! PORT 7554 SERVER lpar2 [JOBNAME ZWE1AG]
//! STACK TCPIP                         the name of the stack; TCPIP where it is not given
//! ```

use crate::console::tcpip::Vary;
use crate::mvs::step::read_bounded;
use crate::net::haproxy::{Address, is_haproxy_name};
use crate::platform::names::is_name;
use crate::system::SystemDirectory;
use std::io;
use std::path::Path;

/// Where the file is in a system directory.
const FILE: &str = "TCPIP";

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    pub name: String,
    pub balancer: Address,
    /// The balancer's backend that the listeners of all systems belong to.
    pub backend: String,
    /// In the order of the file.
    pub listeners: Vec<Listener>,
}

/// A listener of this system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    pub port: u16,
    /// The balancer's server that stands for it.
    pub server: String,
    /// The address space that listens; None: any name matches.
    pub job_name: Option<String>,
}

impl Listener {
    /// The job that NETSTAT shows: the job's name, else as much of the server's name as can be one.
    pub(super) fn user(&self) -> String {
        let name = || self.server.to_ascii_uppercase().chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        self.job_name.clone().unwrap_or_else(name)
    }
}

/// What is wrong with a line of the file.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    #[error("{} HAS NO VALUE", shown(.0))]
    NoValue(String),
    #[error("PORT {0} STANDS TWICE; JOBNAME TELLS LISTENERS OF ONE PORT APART")]
    PortTwice(u16),
    #[error("{} IS NO NAME OF A {kind}", shown(.word))]
    NoName { word: String, kind: &'static str },
    #[error("{} STANDS TWICE", shown(.0))]
    Twice(String),
    #[error("{} IS NOT KNOWN; BALANCER, PORT OR STACK IS EXPECTED", shown(.0))]
    Unknown(String),
    #[error("BALANCER haproxy SOCKET BACKEND IS MISSING")]
    NoBalancer,
    #[error("BALANCER haproxy SOCKET BACKEND IS EXPECTED")]
    Balancer,
    #[error("BALANCER {} IS NOT KNOWN; haproxy IS", shown(.0))]
    UnknownBalancer(String),
    #[error("PORT number SERVER name [JOBNAME name] IS EXPECTED")]
    Port,
    #[error("{} IS NO PORT; 1 TO 65535 IS EXPECTED", shown(.0))]
    NoPort(String),
    #[error("{} IS NO JOB NAME", shown(.0))]
    NoJobName(String),
}

/// Why there is no stack to vary.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    #[error("NO SYSPLEX DISTRIBUTOR FOR SYSTEM {system}: {file} IS MISSING; IT NAMES THE BALANCER AND ITS SERVERS")]
    Missing { system: String, file: String },
    #[error("{file} CANNOT BE READ: {error}")]
    Read { file: String, error: io::Error },
    #[error("{file}:{line}: {why}")]
    Line { file: String, line: usize, why: LineError },
    #[error("NO STACK {name} ON THIS SYSTEM, IT HAS {known}")]
    Name { name: String, known: String },
    #[error("NOTHING LISTENS AT PORT {port}{}; {file} HAS {known}",
        .job_name.as_ref().map(|name| format!(" AS JOB {name}")).unwrap_or_default())]
    Port { port: u16, job_name: Option<String>, file: String, known: String },
}

impl Stack {
    /// What the file of a system says.
    ///
    /// # Errors
    /// [`StackError`].
    pub fn of(system: &SystemDirectory) -> Result<Stack, StackError> {
        let path = system.path().join(FILE);
        let file = path.display().to_string();
        let text = read_bounded(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StackError::Missing { system: system.sysname().to_owned(), file: file.clone() },
            _ => StackError::Read { file: file.clone(), error },
        })?;
        Stack::parse(&text, system.path()).map_err(|(line, why)| StackError::Line { file, line, why })
    }

    /// Reads the file's text. `directory`: where a relative SOCKET is.
    ///
    /// # Errors
    /// The number of a line, from 1, and what is wrong with it.
    pub fn parse(text: &str, directory: &Path) -> Result<Stack, (usize, LineError)> {
        let (mut name, mut balancer, mut listeners) = (None, None, Vec::<Listener>::new());
        let mut last = 1;
        for (number, line) in (1..).zip(text.lines()) {
            last = number;
            let line = line.split('#').next().unwrap_or_default().trim();
            let Some((setting, rest)) = line.split_once(char::is_whitespace) else {
                if line.is_empty() {
                    continue;
                }
                return Err((number, LineError::NoValue(line.to_owned())));
            };
            match setting.to_ascii_uppercase().as_str() {
                "BALANCER" if balancer.is_none() => balancer = Some(read_balancer(rest.trim(), directory).map_err(|why| (number, why))?),
                "PORT" => {
                    let listener = read_port(rest).map_err(|why| (number, why))?;
                    let is_same = |known: &Listener| known.port == listener.port && known.job_name == listener.job_name;
                    if listeners.iter().any(is_same) {
                        return Err((number, LineError::PortTwice(listener.port)));
                    }
                    listeners.push(listener);
                }
                "STACK" if name.is_none() && is_name(rest.trim()) => name = Some(rest.trim().to_owned()),
                "STACK" if name.is_none() => return Err((number, LineError::NoName { word: rest.to_owned(), kind: "STACK" })),
                "STACK" | "BALANCER" => return Err((number, LineError::Twice(setting.to_owned()))),
                _ => return Err((number, LineError::Unknown(setting.to_owned()))),
            }
        }
        match balancer {
            Some((balancer, backend)) => Ok(Stack { name: name.unwrap_or_else(|| FILE.to_owned()), balancer, backend, listeners }),
            None => Err((last, LineError::NoBalancer)),
        }
    }

    /// The listeners that a command means.
    ///
    /// # Errors
    /// [`StackError`] when it names a stack that does not exist, or when there are no listeners.
    pub(super) fn listeners(&self, command: &Vary) -> Result<Vec<&Listener>, StackError> {
        self.check_name(command.stack.as_deref())?;
        let is_meant = |listener: &&Listener| {
            let job = command.job_name.as_ref().zip(listener.job_name.as_ref()).is_none_or(|(wanted, known)| wanted == known);
            listener.port == command.port && job
        };
        let found: Vec<&Listener> = self.listeners.iter().filter(is_meant).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let mut known: Vec<String> = self.listeners.iter().map(|listener| listener.port.to_string()).collect();
        known.dedup();
        let known = if known.is_empty() { "NO PORT".to_owned() } else { format!("PORT {}", known.join(", ")) };
        Err(StackError::Port { port: command.port, job_name: command.job_name.clone(), file: FILE.to_owned(), known })
    }

    pub(super) fn check_name(&self, wanted: Option<&str>) -> Result<(), StackError> {
        match wanted {
            Some(name) if name != self.name => Err(StackError::Name { name: name.to_owned(), known: self.name.clone() }),
            _ => Ok(()),
        }
    }
}

/// How a message shows a word of the file.
fn shown(word: &str) -> String {
    word.trim().chars().take(40).collect::<String>().escape_debug().to_string()
}

/// `haproxy SOCKET BACKEND`; the path may have blanks.
fn read_balancer(text: &str, directory: &Path) -> Result<(Address, String), LineError> {
    let (kind, rest) = text.split_once(char::is_whitespace).ok_or(LineError::Balancer)?;
    let (socket, backend) = rest.trim().rsplit_once(char::is_whitespace).ok_or(LineError::Balancer)?;
    if !kind.eq_ignore_ascii_case("haproxy") {
        return Err(LineError::UnknownBalancer(kind.to_owned()));
    }
    if !is_haproxy_name(backend) {
        return Err(LineError::NoName { word: backend.to_owned(), kind: "BACKEND" });
    }
    let address = match Address::parse(socket.trim()) {
        Address::Unix(path) => Address::Unix(directory.join(path)),
        tcp @ Address::Tcp(_) => tcp,
    };
    Ok((address, backend.to_owned()))
}

/// `p SERVER name [JOBNAME name]`
fn read_port(text: &str) -> Result<Listener, LineError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is = |word: &str, expected: &str| word.eq_ignore_ascii_case(expected);
    let (port, server, job_name) = match words.as_slice() {
        [port, keyword, server] if is(keyword, "SERVER") => (port, server, None),
        [port, keyword, server, job, name] if is(keyword, "SERVER") && is(job, "JOBNAME") => {
            (port, server, Some(name.to_ascii_uppercase()))
        }
        _ => return Err(LineError::Port),
    };
    let port = super::port_number(port).ok_or_else(|| LineError::NoPort((*port).to_owned()))?;
    if !is_haproxy_name(server) {
        return Err(LineError::NoName { word: (*server).to_owned(), kind: "SERVER" });
    }
    match job_name.as_deref().filter(|name| !is_name(name)) {
        Some(name) => Err(LineError::NoJobName(name.to_owned())),
        None => Ok(Listener { port, server: (*server).to_owned(), job_name }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Stack, (usize, String)> {
        Stack::parse(text, Path::new("/systems/lpr1")).map_err(|(line, why)| (line, why.to_string()))
    }

    fn command(text: &str) -> Vary {
        super::super::parse_vary(text).unwrap()
    }

    #[test]
    fn settings_are_read_with_comments_and_in_any_order() {
        let stack = parse(
            "# both\n\nPORT 7554 SERVER lpar1  # ours\nbalancer HAProxy ../a b/admin.sock gateway\nport 7555 server lpar3 jobname zwe3ag\n",
        );
        let stack = stack.unwrap();
        assert_eq!((stack.name.as_str(), stack.backend.as_str()), ("TCPIP", "gateway"));
        assert_eq!(stack.balancer, Address::Unix("/systems/lpr1/../a b/admin.sock".into()));
        assert_eq!(stack.listeners[1], Listener { port: 7555, server: "lpar3".into(), job_name: Some("ZWE3AG".into()) });
        assert_eq!(parse("BALANCER haproxy localhost:99 g\nSTACK TCPIPB").unwrap().balancer, Address::Tcp("localhost:99".into()));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let good = "BALANCER haproxy /s g\nPORT 1 SERVER a\n";
        for (text, line, what) in [
            (String::new(), 1, "BALANCER haproxy SOCKET BACKEND IS MISSING"),
            ("\nPORT 1 SERVER a\n".to_owned(), 2, "IS MISSING"),
            ("BALANCER nginx /s g".to_owned(), 1, "nginx IS NOT KNOWN"),
            ("BALANCER haproxy /s".to_owned(), 1, "IS EXPECTED"),
            ("BALANCER haproxy /s g;h".to_owned(), 1, "IS NO NAME OF A BACKEND"),
            (format!("{good}PORT 0 SERVER a"), 3, "0 IS NO PORT"),
            (format!("{good}PORT 7 a"), 3, "IS EXPECTED"),
            (format!("{good}PORT 7 SERVER a;b"), 3, "IS NO NAME OF A SERVER"),
            (format!("{good}PORT 7 SERVER a JOBNAME 1"), 3, "IS NO JOB NAME"),
            (format!("{good}PORT 1 SERVER b"), 3, "PORT 1 STANDS TWICE"),
            (format!("{good}BALANCER haproxy /s g"), 3, "BALANCER STANDS TWICE"),
            (format!("{good}STACK lower"), 3, "IS NO NAME OF A STACK"),
            (format!("{good}FROB x"), 3, "FROB IS NOT KNOWN"),
            (format!("{good}STACK"), 3, "STACK HAS NO VALUE"),
        ] {
            let (at, why) = parse(&text).unwrap_err();
            assert!(at == line && why.contains(what), "{text:?}: {at}: {why}");
        }
    }

    #[test]
    fn a_command_means_the_listeners_of_its_port_stack_and_job() {
        let text = "BALANCER haproxy /s g\nPORT 1 SERVER a JOBNAME A\nPORT 1 SERVER b JOBNAME B\nPORT 2 SERVER c\n";
        let stack = parse(text).unwrap();
        let meant = |text: &str| {
            let found = stack.listeners(&command(&format!("TCPIP,{text}"))).map_err(|error| error.to_string())?;
            Ok::<_, String>(found.into_iter().map(|listener| listener.server.as_str()).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(meant(",SYSPLEX,QUIESCE,PORT=1").unwrap(), "a b");
        assert_eq!(meant("TCPIP,SYSPLEX,QUIESCE,PORT=1,JOBNAME=B").unwrap(), "b");
        assert_eq!(meant(",SYSPLEX,RESUME,PORT=2,JOBNAME=ANY").unwrap(), "c");
        assert_eq!(meant(",SYSPLEX,RESUME,PORT=3").unwrap_err(), "NOTHING LISTENS AT PORT 3; TCPIP HAS PORT 1, 2");
        assert_eq!(meant(",SYSPLEX,RESUME,PORT=1,JOBNAME=C").unwrap_err(), "NOTHING LISTENS AT PORT 1 AS JOB C; TCPIP HAS PORT 1, 2");
        assert_eq!(meant("OTHER,SYSPLEX,RESUME,PORT=1").unwrap_err(), "NO STACK OTHER ON THIS SYSTEM, IT HAS TCPIP");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_at_one_of_its_lines(text in "((BALANCER|PORT|STACK|haproxy|SERVER|[a-z0-9/#;é]{1,6})[ \t\n]{0,2}){0,20}") {
            if let Err((line, why)) = parse(&text) {
                prop_assert!(line >= 1 && line <= text.lines().count().max(1));
                prop_assert!(!why.contains('\n'));
            }
        }
    }
}
