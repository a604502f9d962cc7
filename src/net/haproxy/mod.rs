//! A client of HAProxy's runtime API (management guide, "Unix Socket commands"): one command a connection, bounded time, the answer read to
//! its end. What the answers mean is in `state`, which is pure.

mod state;

pub use state::{ServerState, parse_counters, parse_servers, parse_session_counts, parse_sessions};

use crate::platform::thread::{self, Stack};
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// From the connection to the end of the answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How much of an answer is read, in bytes: some 60,000 sessions.
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;

/// Where HAProxy takes commands: a `stats socket` of its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// Path of a unix socket.
    Unix(PathBuf),
    /// `host:port`.
    Tcp(String),
}

impl Address {
    /// `host:port` where the text has no slash and ends with a port, else a path.
    pub fn parse(text: &str) -> Address {
        let port = text.rsplit_once(':').and_then(|(host, port)| port.parse::<u16>().ok().filter(|_| !host.is_empty()));
        if port.is_some() && !text.contains('/') { Address::Tcp(text.to_owned()) } else { Address::Unix(PathBuf::from(text)) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Unix(path) => write!(formatter, "{}", path.display()),
            Address::Tcp(address) => formatter.write_str(address),
        }
    }
}

/// Why HAProxy was not asked, or did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HaproxyError {
    #[error(
        "HAProxy's socket {socket} is not there: start HAProxy, or name the path that its configuration has in `stats socket PATH level admin`"
    )]
    NoSocket { socket: String },
    #[error(
        "HAProxy does not listen at {socket} (connection refused): start it; a socket file alone is what an HAProxy that has ended leaves"
    )]
    NotListening { socket: String },
    #[error(
        "HAProxy's socket {socket} may not be used by this user: run the command as HAProxy's user, or give `stats socket` a user or group of yours"
    )]
    NotPermitted { socket: String },
    #[error("HAProxy at {socket} did not answer '{command}' within {} s: see whether it is stopped or overloaded", TIMEOUT.as_secs())]
    TimedOut { socket: String, command: String },
    #[error("HAProxy at {socket} cannot be asked '{command}': {why}")]
    Failed { socket: String, command: String, why: String },
    #[error("what answers at {socket} is not HAProxy's runtime API: '{command}' gave '{answer}'; name the path of a `stats socket`")]
    NotHaproxy { socket: String, command: String, answer: String },
    #[error("HAProxy's socket {socket} does not allow changes: set `level admin` on its `stats socket` and reload HAProxy")]
    Level { socket: String },
    #[error("HAProxy at {socket} has no backend {backend}; it has {}", list(.known))]
    Backend { socket: String, backend: String, known: Vec<String> },
    #[error("backend {backend} of HAProxy at {socket} has no server {server}; it has {}", list(.known))]
    Server { socket: String, backend: String, server: String, known: Vec<String> },
    #[error("HAProxy at {socket} refused '{command}': {answer}")]
    Refused { socket: String, command: String, answer: String },
    #[error("HAProxy at {socket} took '{command}' but shows {backend}/{server} as {shown}: see whether something else changes its state")]
    Unconfirmed { socket: String, command: String, backend: String, server: String, shown: String },
    #[error("'{name}' cannot be the name of a backend or server of HAProxy: letters, digits, '-', '_', '.' and ':' are expected")]
    Name { name: String },
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The state that a server is to have for new connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// No new connections; those that exist stay.
    Drain,
    /// New connections as its health check allows.
    Ready,
}

impl Wanted {
    fn word(self) -> &'static str {
        match self {
            Wanted::Drain => "drain",
            Wanted::Ready => "ready",
        }
    }

    fn is_reached(self, state: &ServerState) -> bool {
        match self {
            Wanted::Drain => !state.takes_new_connections(),
            Wanted::Ready => !state.is_forced_away(),
        }
    }
}

/// The text of the command that gives a server a state.
pub fn set_state_command(backend: &str, server: &str, wanted: Wanted) -> String {
    format!("set server {backend}/{server} state {}", wanted.word())
}

/// True for what HAProxy takes as the name of a backend or server. Nothing else may stand in a command: `;` would end it.
pub fn is_haproxy_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':'))
}

/// One HAProxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    address: Address,
}

impl Client {
    /// A client of the runtime socket at an address; connects when it is asked something.
    pub fn new(address: Address) -> Client {
        Client { address }
    }

    /// Where the socket is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The servers of a backend, in the order of the configuration.
    ///
    /// # Errors
    /// [`HaproxyError`].
    pub fn servers(&self, backend: &str) -> Result<Vec<ServerState>, HaproxyError> {
        let command = format!("show servers state {}", named(backend)?);
        let answer = self.ask(&command)?;
        match parse_servers(&answer) {
            Some(servers) => Ok(servers),
            None if answer.contains("find backend") => {
                let known = parse_session_counts(&self.ask("show stat")?).unwrap_or_default().into_iter();
                let known = known.filter(|(_, server, _)| server == "BACKEND").map(|(backend, ..)| backend).collect();
                Err(HaproxyError::Backend { socket: self.address.to_string(), backend: backend.to_owned(), known })
            }
            None => Err(self.not_haproxy(&command, &answer)),
        }
    }

    /// One server of a backend.
    ///
    /// # Errors
    /// [`HaproxyError`].
    pub fn server(&self, backend: &str, server: &str) -> Result<ServerState, HaproxyError> {
        named(server)?;
        let servers = self.servers(backend)?;
        let known = servers.iter().map(|state| state.name.clone()).collect();
        servers.into_iter().find(|state| state.name == server).ok_or_else(|| HaproxyError::Server {
            socket: self.address.to_string(),
            backend: backend.to_owned(),
            server: server.to_owned(),
            known,
        })
    }

    /// Gives a server a state, and reads it back.
    ///
    /// # Errors
    /// [`HaproxyError`]; when HAProxy took the command and did not answer in time it is not known which state the server has.
    pub fn set_state(&self, backend: &str, server: &str, wanted: Wanted) -> Result<ServerState, HaproxyError> {
        let command = set_state_command(named(backend)?, named(server)?, wanted);
        let answer = self.ask(&command)?;
        if !answer.is_empty() {
            // HAProxy's other answers name a backend or server that does not exist; this look-up says the same, and which ones exist.
            self.server(backend, server)?;
            return Err(HaproxyError::Refused { socket: self.address.to_string(), command, answer: one_line(&answer) });
        }
        let state = self.server(backend, server)?;
        if wanted.is_reached(&state) {
            return Ok(state);
        }
        let (socket, shown) = (self.address.to_string(), state.to_string());
        Err(HaproxyError::Unconfirmed { socket, command, backend: backend.to_owned(), server: server.to_owned(), shown })
    }

    /// How many connections a server has now.
    ///
    /// # Errors
    /// [`HaproxyError`].
    pub fn connections(&self, backend: &str, server: &str) -> Result<u64, HaproxyError> {
        let answer = self.ask("show stat")?;
        let counts = parse_session_counts(&answer).ok_or_else(|| self.not_haproxy("show stat", &answer))?;
        match counts.iter().find(|(in_backend, name, _)| in_backend == backend && name == server) {
            Some((.., count)) => Ok(*count),
            // Says which of the two is not there.
            None => self.server(backend, server).and(Err(self.not_haproxy("show stat", "no line of a server that it has"))),
        }
    }

    /// What was counted of each server of a backend since HAProxy was started: see [`parse_counters`].
    ///
    /// # Errors
    /// [`HaproxyError`].
    pub fn counters(&self, backend: &str) -> Result<Vec<(String, u64, u64)>, HaproxyError> {
        let answer = self.ask("show stat")?;
        parse_counters(&answer, named(backend)?).ok_or_else(|| self.not_haproxy("show stat", &answer))
    }

    /// Which process answers: its id and when it began. Another one after a reload or restart.
    ///
    /// # Errors
    /// [`HaproxyError`].
    pub fn process(&self) -> Result<String, HaproxyError> {
        const COMMAND: &str = "show info";
        let answer = self.ask(COMMAND)?;
        let is_meant = |line: &&str| ["Pid:", "Start_time_sec:"].iter().any(|name| line.starts_with(name));
        let lines: Vec<&str> = answer.lines().filter(is_meant).collect();
        if lines.is_empty() { Err(self.not_haproxy(COMMAND, &answer)) } else { Ok(lines.join(" ")) }
    }

    /// The other ends of a server's connections, as HAProxy shows them (`address:port`).
    ///
    /// # Errors
    /// [`HaproxyError`].
    pub fn sessions(&self, backend: &str, server: &str) -> Result<Vec<String>, HaproxyError> {
        Ok(parse_sessions(&self.ask("show sess")?, backend, server))
    }

    /// Finds out, without changing anything, whether states can be set at this socket.
    ///
    /// # Errors
    /// [`HaproxyError::Level`], and whatever keeps it from being asked.
    pub fn check_level(&self) -> Result<(), HaproxyError> {
        const COMMAND: &str = "show cli level";
        let answer = self.ask(COMMAND)?;
        match answer.as_str() {
            "admin" => Ok(()),
            "user" | "operator" => Err(HaproxyError::Level { socket: self.address.to_string() }),
            other => Err(self.not_haproxy(COMMAND, other)),
        }
    }

    fn not_haproxy(&self, command: &str, answer: &str) -> HaproxyError {
        HaproxyError::NotHaproxy { socket: self.address.to_string(), command: command.to_owned(), answer: one_line(answer) }
    }

    /// The answer without the empty lines around it.
    fn ask(&self, command: &str) -> Result<String, HaproxyError> {
        let deadline = Instant::now() + TIMEOUT;
        let answer = connect(&self.address, deadline).and_then(|stream| exchange(stream, command, deadline));
        let answer = answer.map_err(|error| self.explain(command, &error))?;
        let answer = String::from_utf8_lossy(&answer).trim().to_owned();
        if answer == "Permission denied" { Err(HaproxyError::Level { socket: self.address.to_string() }) } else { Ok(answer) }
    }

    fn explain(&self, command: &str, error: &io::Error) -> HaproxyError {
        let (socket, command) = (self.address.to_string(), command.to_owned());
        match error.kind() {
            ErrorKind::NotFound => HaproxyError::NoSocket { socket },
            ErrorKind::ConnectionRefused => HaproxyError::NotListening { socket },
            ErrorKind::PermissionDenied => HaproxyError::NotPermitted { socket },
            ErrorKind::TimedOut | ErrorKind::WouldBlock => HaproxyError::TimedOut { socket, command },
            _ => HaproxyError::Failed { socket, command, why: error.to_string() },
        }
    }
}

fn named(name: &str) -> Result<&str, HaproxyError> {
    if is_haproxy_name(name) { Ok(name) } else { Err(HaproxyError::Name { name: one_line(name) }) }
}

/// What an error text shows of an answer.
fn one_line(text: &str) -> String {
    let mut line: String = text.lines().next().unwrap_or_default().chars().take(120).collect();
    line = line.escape_debug().to_string();
    if line.is_empty() { "nothing".to_owned() } else { line }
}

/// A connection over TCP or a unix socket.
trait Connection: Read + Write + Send {
    /// Sets the time-out of the next read or write.
    fn limit(&self, left: Duration) -> io::Result<()>;
}

impl Connection for UnixStream {
    fn limit(&self, left: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(left)).and_then(|()| self.set_write_timeout(Some(left)))
    }
}

impl Connection for TcpStream {
    fn limit(&self, left: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(left)).and_then(|()| self.set_write_timeout(Some(left)))
    }
}

/// The time that is left, never nothing: a time-out of zero would mean none.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}

fn connect(address: &Address, deadline: Instant) -> io::Result<Box<dyn Connection>> {
    let address = address.clone();
    let (sender, receiver) = mpsc::channel();
    // Looking up a name, and connecting to a unix socket whose queue is full, have no time-out: if the time is over, this thread is
    // abandoned.
    thread::spawn("haproxy", Stack::Usual, move || {
        // If nobody waits any more, the connection is dropped and so closed.
        let _ = sender.send(open(&address, deadline));
    })?;
    receiver.recv_timeout(left(deadline)?).unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}

fn open(address: &Address, deadline: Instant) -> io::Result<Box<dyn Connection>> {
    match address {
        Address::Unix(path) => Ok(Box::new(crate::platform::unix::socket::connect(path, true)?)),
        Address::Tcp(address) => {
            let mut last = io::Error::other("its host has no address");
            for address in address.to_socket_addrs().map_err(|error| io::Error::other(error.to_string()))? {
                match TcpStream::connect_timeout(&address, left(deadline)?) {
                    Ok(stream) => return Ok(Box::new(stream)),
                    Err(error) => last = error,
                }
            }
            Err(last)
        }
    }
}

fn exchange(mut stream: Box<dyn Connection>, command: &str, deadline: Instant) -> io::Result<Vec<u8>> {
    stream.limit(left(deadline)?)?;
    stream.write_all(format!("{command}\n").as_bytes())?;
    let mut answer = Vec::new();
    let mut block = vec![0; 64 * 1024];
    while answer.len() < ANSWER_LIMIT {
        stream.limit(left(deadline)?)?;
        match stream.read(&mut block) {
            Ok(0) => return Ok(answer),
            Ok(count) => answer.extend_from_slice(block.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other(format!("its answer has more than {ANSWER_LIMIT} bytes")))
}

#[cfg(test)]
mod tests;
