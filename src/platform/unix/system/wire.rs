//! How a command reaches a job: one connection a command to the job's control socket. The client writes one line; the server answers
//! `ACCEPTED` or `REJECTED <why>` on the first line, then the lines of the answer, and closes. A connection that is closed without a
//! line is only a look whether the job lives.

use super::{COMMAND_LIMIT, JobRecord};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Most bytes of an answer that are read; the rest is dropped.
const ANSWER_LIMIT: u64 = 1024 * 1024;

/// How long an answer may take from its first line to its last.
const ANSWER_TIME: Duration = Duration::from_secs(60);

/// What an operator may want of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The text after `APPL=`: 1 to 126 characters, none of them a control character.
    Modify(String),
    Stop,
}

/// What the job said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub accepted: bool,
    /// Why it was rejected; empty when it was not.
    pub why: String,
    pub lines: Vec<String>,
}

/// A request line without its line end; None for anything that is not one.
pub fn decode_request(line: &str) -> Option<Request> {
    let line = line.strip_suffix('\n').unwrap_or(line);
    if line == "STOP" {
        return Some(Request::Stop);
    }
    let text = line.strip_prefix("MODIFY ")?;
    let good = !text.trim().is_empty() && text.chars().count() <= COMMAND_LIMIT && !text.chars().any(char::is_control);
    good.then(|| Request::Modify(text.to_owned()))
}

/// The line of a request, with its line end; None when its text cannot be sent ([`Request::Modify`]).
pub fn encode_request(request: &Request) -> Option<String> {
    let line = match request {
        Request::Stop => "STOP\n".to_owned(),
        Request::Modify(text) => format!("MODIFY {text}\n"),
    };
    decode_request(&line).map(|_| line)
}

/// Server: reads the request line of a connection, waiting for it at most `timeout`. None when the peer closed without one.
///
/// # Errors
/// The system's; InvalidData for a line that is no request.
pub fn read_request(stream: &UnixStream, timeout: Duration) -> io::Result<Option<Request>> {
    match read_line(stream, timeout)? {
        None => Ok(None),
        Some(line) => {
            decode_request(&line).map(Some).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not a request of this protocol"))
        }
    }
}

/// Server: reads one line, with its line end and of at most 1024 bytes, from a peer that may be slow or hostile; None when it closed.
///
/// # Errors
/// The system's; InvalidData for bytes that are no UTF-8.
pub fn read_line(stream: &UnixStream, timeout: Duration) -> io::Result<Option<String>> {
    stream.set_read_timeout(Some(timeout))?;
    let mut line = Vec::new();
    BufReader::new(stream.take(1024)).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    String::from_utf8(line).map(Some).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Server: true when the process at the other end runs under our user id or is root's.
///
/// # Errors
/// The system's.
pub fn peer_is_allowed(stream: &UnixStream) -> io::Result<bool> {
    let peer = peer_user(stream)?;
    Ok(peer == 0 || peer == nix::unistd::geteuid().as_raw())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn peer_user(stream: &UnixStream) -> io::Result<u32> {
    Ok(nix::sys::socket::getsockopt(stream, nix::sys::socket::sockopt::PeerCredentials)?.uid())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn peer_user(stream: &UnixStream) -> io::Result<u32> {
    Ok(nix::unistd::getpeereid(stream)?.0.as_raw())
}

/// Client: the process that listens at the other end; None where the system does not tell.
pub(super) fn peer_pid(stream: &UnixStream) -> Option<i32> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        nix::sys::socket::getsockopt(stream, nix::sys::socket::sockopt::PeerCredentials).ok().map(|peer| peer.pid())
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = stream;
        None
    }
}

/// Client: sends a request to a job and waits for its answer.
///
/// # Errors
/// `TimedOut` when the first line does not come within `timeout`: the job is busy. `ConnectionRefused`, `NotFound` or
/// `UnexpectedEof` when it is gone. InvalidInput for a text that cannot be sent.
pub fn send(job: &JobRecord, request: &Request, timeout: Duration) -> io::Result<Reply> {
    let line = encode_request(request).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the text cannot be sent to a job"))?;
    send_line(&job.directory().join("control"), &line, timeout)
}

/// [`send`] for any socket that speaks this protocol; `line` ends with a line end.
///
/// # Errors
/// As [`send`].
pub fn send_line(path: &Path, line: &str, timeout: Duration) -> io::Result<Reply> {
    let mut stream = connect_to(path)?;
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(timeout))?;
    stream.set_read_timeout(Some(timeout))?;
    stream.write_all(line.as_bytes()).map_err(busy_or_gone)?;
    let mut reader = BufReader::new((&stream).take(ANSWER_LIMIT));
    let mut first = Vec::new();
    reader.read_until(b'\n', &mut first).map_err(busy_or_gone)?;
    let mut reply = decode_first_line(&first)?;
    let deadline = Instant::now() + ANSWER_TIME;
    loop {
        let mut bytes = Vec::new();
        match reader.read_until(b'\n', &mut bytes) {
            Ok(0) => break,
            Ok(_) => reply.lines.push(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned()),
            // The command was taken; what was said of it so far is the answer.
            Err(_) => break,
        }
        if Instant::now() > deadline {
            break;
        }
    }
    Ok(reply)
}

fn decode_first_line(line: &[u8]) -> io::Result<Reply> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches('\n');
    if text == "ACCEPTED" {
        return Ok(Reply { accepted: true, why: String::new(), lines: Vec::new() });
    }
    match text.strip_prefix("REJECTED") {
        Some(why) => Ok(Reply { accepted: false, why: why.trim().to_owned(), lines: Vec::new() }),
        None if text.is_empty() => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the job closed the connection without an answer")),
        None => Err(io::Error::new(io::ErrorKind::InvalidData, "the job's answer is not of this protocol")),
    }
}

fn busy_or_gone(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => io::Error::new(io::ErrorKind::TimedOut, error),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => io::Error::new(io::ErrorKind::UnexpectedEof, error),
        _ => error,
    }
}

/// Connects without ever waiting: a listener whose queue is full is `TimedOut` at once. The stream is non-blocking.
pub(super) fn connect_to(path: &Path) -> io::Result<UnixStream> {
    let (_directory, short) = reachable(path)?;
    let descriptor = unix_socket(true)?;
    match connect(descriptor.as_raw_fd(), &UnixAddr::new(&short)?) {
        Ok(()) => Ok(UnixStream::from(descriptor)),
        Err(nix::errno::Errno::EAGAIN) => Err(io::Error::new(io::ErrorKind::TimedOut, "the job's queue of commands is full")),
        Err(errno) => Err(errno.into()),
    }
}

/// A Unix stream socket, closed at exec.
pub(super) fn unix_socket(nonblocking: bool) -> io::Result<OwnedFd> {
    #[cfg(target_os = "linux")]
    {
        let flags = if nonblocking { SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK } else { SockFlag::SOCK_CLOEXEC };
        Ok(socket(AddressFamily::Unix, SockType::Stream, flags, None)?)
    }
    #[cfg(not(target_os = "linux"))]
    {
        use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
        let descriptor = socket(AddressFamily::Unix, SockType::Stream, SockFlag::empty(), None)?;
        fcntl(&descriptor, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
        if nonblocking {
            fcntl(&descriptor, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        Ok(descriptor)
    }
}

/// A path to the socket that is short enough for `sockaddr_un`, and the open directory that the path leans on, to be kept until it
/// has been used.
pub(super) fn reachable(path: &Path) -> io::Result<(Option<OwnedFd>, PathBuf)> {
    // 108 bytes on Linux, 104 elsewhere, one of them for the NUL.
    const LIMIT: usize = 100;
    if path.as_os_str().len() <= LIMIT {
        return Ok((None, path.to_path_buf()));
    }
    let too_long = || super::SystemError::PathTooLong { path: path.display().to_string(), limit: LIMIT };
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Err(too_long().into()) };
    if !cfg!(target_os = "linux") {
        return Err(too_long().into());
    }
    let directory = OwnedFd::from(std::fs::File::open(parent)?);
    let short = PathBuf::from(format!("/proc/self/fd/{}", directory.as_fd().as_raw_fd())).join(name);
    Ok((Some(directory), short))
}
