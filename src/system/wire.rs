//! How a command reaches a job: each command has its own connection to the job's control socket. The client writes one line; the server
//! answers `ACCEPTED` or `REJECTED <why>` on the first line, then the lines of the answer, and closes. A connection that is closed without
//! a line only checks whether the job lives.
//!
//! A client that writes `CODED` as a second line wants to know the result of the command. A server that can tell says `ACCEPTED CODED`, and
//! every further line has a mark: `-` a line of the answer, `.` the job is still at work, `=` and a code the end: 0 the command was carried
//! out, 8 it was refused. A coded answer without its end has broken off. Older clients and servers do not know this and lose nothing.

use super::COMMAND_LIMIT;
use crate::platform::unix::socket::connect;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// The name of the control socket in a job's entry.
pub(super) const CONTROL: &str = "control";

/// The most bytes of an answer that are read; the rest is dropped.
const ANSWER_LIMIT: u64 = 1024 * 1024;

/// How long a job may be silent while an answer is awaited. A job that is at work says so every [`KEEP_ALIVE`].
const SILENCE: Duration = Duration::from_secs(60);

/// How often a server says that an answer is still to come.
pub const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// The second line of a request whose sender understands coded answers.
const CODED: &str = "CODED\n";

/// The first line of a reply: the request was passed on.
pub const ACCEPTED: &str = "ACCEPTED\n";

/// The same, and a coded answer follows.
pub const ACCEPTED_CODED: &str = "ACCEPTED CODED\n";

/// The only line of a reply: the job has too much to do already.
pub const BUSY: &str = "REJECTED BUSY\n";

/// Why a line is rejected that is no request, also one that only later versions know.
const NOT_A_REQUEST: &str = "not a request of this protocol";

/// What an operator may ask of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The text after `APPL=`: 1 to 126 characters, no control characters.
    Modify(String),
    /// The same for a command that changes nothing, from a program that asks often: SYSPRINT keeps nothing of it.
    Ask(String),
    Stop,
    /// Answered, without lines, once the launcher has found its configuration good and begins to prepare components.
    Await,
}

/// A line of an answer as a server writes it to a client of either kind.
pub fn encode_line(text: &str, coded: bool) -> String {
    format!("{}{text}\n", if coded { "-" } else { "" })
}

/// The line of a coded answer that says that the answer is still to come.
pub const AT_WORK: &str = ".\n";

/// The last line of a coded answer.
pub fn encode_end(accepted: bool) -> &'static str {
    if accepted { "=0\n" } else { "=8\n" }
}

/// What the job said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// The command was passed on.
    pub taken: bool,
    /// It was passed on and, where the job tells, it was not refused.
    pub accepted: bool,
    /// Why it was not even passed on; empty when it was.
    pub why: String,
    pub lines: Vec<String>,
    /// Why the answer broke off; then the result of the command is unknown.
    pub broken: Option<String>,
}

/// How long a client waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For the first line: if it does not come in time, the job is busy.
    pub first: Duration,
    /// For the whole answer; None: as long as the job says that it is at work.
    pub whole: Option<Duration>,
}

/// Parses a request line without its line end; None for anything else.
pub fn decode_request(line: &str) -> Option<Request> {
    let line = line.strip_suffix('\n').unwrap_or(line);
    match line {
        "STOP" => return Some(Request::Stop),
        "AWAIT" => return Some(Request::Await),
        _ => {}
    }
    let (made, text): (fn(String) -> Request, _) = match line.strip_prefix("ASK ") {
        Some(text) => (Request::Ask, text),
        None => (Request::Modify, line.strip_prefix("MODIFY ")?),
    };
    let good = !text.trim().is_empty() && text.chars().count() <= COMMAND_LIMIT && !text.chars().any(char::is_control);
    good.then(|| made(text.to_owned()))
}

/// The line of a request, with its line end; None when its text cannot be sent ([`Request::Modify`]).
pub fn encode_request(request: &Request) -> Option<String> {
    let line = match request {
        Request::Stop => "STOP\n".to_owned(),
        Request::Await => "AWAIT\n".to_owned(),
        Request::Modify(text) => format!("MODIFY {text}\n"),
        Request::Ask(text) => format!("ASK {text}\n"),
    };
    decode_request(&line).map(|_| line)
}

/// Server: reads the request line of a connection, waiting at most `timeout`. None when the peer closed without sending one.
///
/// # Errors
/// The system's; InvalidData for a line that is not a request.
pub fn read_request(stream: &UnixStream, timeout: Duration) -> io::Result<Option<Request>> {
    Ok(read_any_request(stream, timeout)?.map(|(request, _)| request))
}

/// Server: [`read_request`], and whether the peer understands a coded answer.
///
/// # Errors
/// As [`read_request`].
pub fn read_any_request(stream: &UnixStream, timeout: Duration) -> io::Result<Option<(Request, bool)>> {
    let Some((line, coded)) = read_lines(stream, timeout)? else { return Ok(None) };
    let request = decode_request(&line).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, NOT_A_REQUEST))?;
    Ok(Some((request, coded)))
}

/// Server: reads one line, with its line end and of at most 1024 bytes, from a peer that may be slow or hostile; None when the peer closed.
///
/// # Errors
/// The system's; InvalidData for bytes that are not UTF-8.
pub fn read_line(stream: &UnixStream, timeout: Duration) -> io::Result<Option<String>> {
    Ok(read_lines(stream, timeout)?.map(|(line, _)| line))
}

/// The first line, and whether `CODED` came with it: both lines are one write, so nothing more is awaited.
fn read_lines(stream: &UnixStream, timeout: Duration) -> io::Result<Option<(String, bool)>> {
    let mut reader = BufReader::new(Timed::new(stream, timeout).take(1024));
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    let coded = reader.buffer() == CODED.as_bytes();
    String::from_utf8(line).map(|line| Some((line, coded))).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Server: the user as whom the process at the other end runs.
#[cfg(zwelnch_linux)]
pub(super) fn peer_user(stream: &UnixStream) -> io::Result<u32> {
    Ok(nix::sys::socket::getsockopt(stream, nix::sys::socket::sockopt::PeerCredentials)?.uid())
}

#[cfg(not(zwelnch_linux))]
pub(super) fn peer_user(stream: &UnixStream) -> io::Result<u32> {
    Ok(nix::unistd::getpeereid(stream)?.0.as_raw())
}

/// Client: the process that listens at the other end; None where the system does not tell.
pub(super) fn peer_pid(stream: &UnixStream) -> Option<i32> {
    #[cfg(zwelnch_linux)]
    {
        nix::sys::socket::getsockopt(stream, nix::sys::socket::sockopt::PeerCredentials).ok().map(|peer| peer.pid())
    }
    #[cfg(not(zwelnch_linux))]
    {
        let _ = stream;
        None
    }
}

/// Client: sends a request to the job of an entry (`jobs/<JOBID>`) and waits for its answer, however long that takes once the job has taken
/// the request.
///
/// # Errors
/// `TimedOut` when the first line does not come within `timeout`: the job is busy. `ConnectionRefused`, `NotFound` or
/// `UnexpectedEof` when it is gone. InvalidInput for a text that cannot be sent.
pub fn send(job: &Path, request: &Request, timeout: Duration) -> io::Result<Reply> {
    send_patiently(job, request, Patience { first: timeout, whole: None })
}

/// Puts a question to a job, of which its SYSPRINT keeps nothing; a launcher of an earlier version does not know that, and is asked by MODIFY.
///
/// # Errors
/// As [`send`].
pub fn ask_job(job: &Path, text: &str, patience: Patience) -> io::Result<Reply> {
    let reply = send_patiently(job, &Request::Ask(text.to_owned()), patience)?;
    if reply.taken || reply.why != NOT_A_REQUEST {
        return Ok(reply);
    }
    send_patiently(job, &Request::Modify(text.to_owned()), patience)
}

/// [`send`] with a limit for the whole answer; beyond it the answer counts as broken off.
///
/// # Errors
/// As [`send`].
pub fn send_patiently(job: &Path, request: &Request, patience: Patience) -> io::Result<Reply> {
    send_telling(job, request, patience, &mut |_| {})
}

/// The same. `told`: called with the next lines of the answer as soon as nothing more is to be had without waiting, so that what a command
/// leads to is not seen before what is answered to it; all calls together are given all lines.
///
/// # Errors
/// As [`send`].
pub fn send_telling(job: &Path, request: &Request, patience: Patience, told: &mut dyn FnMut(&[String])) -> io::Result<Reply> {
    let line = encode_request(request).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the text cannot be sent to a job"))?;
    exchange(&job.join(CONTROL), &(line + CODED), patience, told)
}

/// Sends one line, with its line end, to any socket that speaks this protocol.
///
/// # Errors
/// As [`send`].
pub fn send_line(path: &Path, line: &str, timeout: Duration) -> io::Result<Reply> {
    exchange(path, line, Patience { first: timeout, whole: None }, &mut |_| {})
}

fn exchange(path: &Path, request: &str, patience: Patience, told: &mut dyn FnMut(&[String])) -> io::Result<Reply> {
    let mut stream = connect_to(path)?;
    stream.set_write_timeout(Some(patience.first))?;
    let written = stream.write_all(request.as_bytes());
    let mut reader = BufReader::new(Timed::new(&stream, patience.first).take(ANSWER_LIMIT));
    let mut first = Vec::new();
    let read = reader.read_until(b'\n', &mut first);
    if !first.ends_with(b"\n") {
        // A job that is too busy for the request says so without reading it; then it does not matter why the request could not be sent.
        written.and(read).map_err(busy_or_gone)?;
    }
    let (mut reply, coded) = decode_first_line(&first)?;
    let deadline = patience.whole.and_then(|whole| Instant::now().checked_add(whole));
    let mut line = Vec::new();
    let mut count = 0;
    loop {
        if count < reply.lines.len() && !reader.buffer().contains(&b'\n') && !is_readable(&stream) {
            told(reply.lines.get(count..).unwrap_or_default());
            count = reply.lines.len();
        }
        let left = deadline.map_or(SILENCE, |deadline| deadline.saturating_duration_since(Instant::now()).min(SILENCE));
        if left.is_zero() {
            reply.broken = Some("it took too long".to_owned());
            break;
        }
        reader.get_mut().get_mut().restart(left);
        line.clear();
        match reader.read_until(b'\n', &mut line) {
            // Only a coded answer tells that it is complete.
            Ok(0) if coded => reply.broken = Some("the job closed the connection".to_owned()),
            Ok(0) => {}
            Ok(_) if !coded => {
                reply.lines.push(text_of(&line));
                continue;
            }
            Ok(_) => match line.split_first() {
                Some((b'-', text)) => {
                    reply.lines.push(text_of(text));
                    continue;
                }
                Some((b'.', _)) => continue,
                Some((b'=', code)) => reply.accepted = code == b"0\n",
                _ => reply.broken = Some("a line of it is not of this protocol".to_owned()),
            },
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let is_late = deadline.is_some_and(|deadline| Instant::now() >= deadline);
                reply.broken = Some(match busy_or_gone(error) {
                    error if error.kind() == io::ErrorKind::TimedOut && is_late => "it took too long".to_owned(),
                    error if error.kind() == io::ErrorKind::TimedOut => format!("nothing came for {} seconds", left.as_secs().max(1)),
                    error => error.to_string(),
                })
            }
        }
        break;
    }
    reply.accepted &= reply.broken.is_none();
    if count < reply.lines.len() {
        told(reply.lines.get(count..).unwrap_or_default());
    }
    Ok(reply)
}

/// Whether there is something to read at this moment.
fn is_readable(stream: &UnixStream) -> bool {
    let mut ready = [PollFd::new(stream.as_fd(), PollFlags::POLLIN)];
    poll(&mut ready, PollTimeout::ZERO).is_ok_and(|count| count > 0)
}

/// Reads from a connection; all of them together end in time, however slowly the bytes come.
struct Timed<'a> {
    stream: &'a UnixStream,
    until: Option<Instant>,
}

impl<'a> Timed<'a> {
    fn new(stream: &'a UnixStream, time: Duration) -> Timed<'a> {
        Timed { stream, until: Instant::now().checked_add(time) }
    }

    fn restart(&mut self, time: Duration) {
        self.until = Instant::now().checked_add(time);
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(left)?;
        self.stream.read(buffer)
    }
}

fn text_of(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end_matches('\n').to_owned()
}

/// The reply as far as its first line tells, and whether the rest is coded.
fn decode_first_line(line: &[u8]) -> io::Result<(Reply, bool)> {
    let text = text_of(line);
    let taken = Reply { taken: true, accepted: true, ..Reply::default() };
    match text.as_str() {
        "ACCEPTED" => Ok((taken, false)),
        "ACCEPTED CODED" => Ok((taken, true)),
        "" => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the job closed the connection without an answer")),
        text => match text.strip_prefix("REJECTED") {
            Some(why) => Ok((Reply { why: why.trim().to_owned(), ..Reply::default() }, false)),
            None => Err(io::Error::new(io::ErrorKind::InvalidData, "the job's answer is not of this protocol")),
        },
    }
}

fn busy_or_gone(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => io::Error::new(io::ErrorKind::TimedOut, error),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => io::Error::new(io::ErrorKind::UnexpectedEof, error),
        _ => error,
    }
}

/// Connects without ever waiting: a listener whose queue is full gives `TimedOut` at once.
pub(super) fn connect_to(path: &Path) -> io::Result<UnixStream> {
    connect(path, false).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => io::Error::new(io::ErrorKind::TimedOut, "the job's queue of commands is full"),
        _ => error,
    })
}
