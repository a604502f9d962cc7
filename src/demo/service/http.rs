//! As much HTTP/1.1 as the sample needs: one request per connection, limited in time and size on both sides.

use super::message::Peer;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A client that is slower than this has its connection closed: the service answers one at a time.
const PATIENCE: Duration = Duration::from_secs(2);

/// Answers one connection and closes it; returns what to write to the log, which holds no control characters.
pub(super) fn answer(mut connection: TcpStream, name: &str, ha_instance: &str) -> String {
    let request = match read_request(&connection) {
        Ok(request) => request,
        Err(error) => return format!("dropped a connection - {error}"),
    };
    let (status, text) = respond(&request, name, ha_instance);
    let shown: String = request.chars().filter(|letter| !letter.is_control()).take(80).collect();
    let sent = connection.write_all(text.as_bytes()).and_then(|()| connection.shutdown(std::net::Shutdown::Write));
    match sent {
        Ok(()) => format!("answered '{shown}' with {status}"),
        Err(error) => format!("could not answer '{shown}' - {error}"),
    }
}

/// The status and the whole answer to a request line.
pub(super) fn respond(request: &str, name: &str, ha_instance: &str) -> (u16, String) {
    let mut words = request.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    let (status, reason, body) = match (method, path) {
        ("GET" | "HEAD", "/") => {
            (200, "OK", serde_json::json!({ "service": name, "haInstance": ha_instance, "message": format!("Hello from {name}") }))
        }
        ("GET" | "HEAD", "/application/health") => (200, "OK", serde_json::json!({ "status": "UP" })),
        ("GET" | "HEAD", _) => (404, "Not Found", serde_json::json!({ "error": "there is / and /application/health" })),
        _ => (405, "Method Not Allowed", serde_json::json!({ "error": "only GET and HEAD" })),
    };
    let body = format!("{body}\n");
    let allow = if status == 405 { "Allow: GET, HEAD\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{allow}Connection: close\r\n\r\n",
        body.len()
    );
    (status, if method == "HEAD" { head } else { head + &body })
}

/// A connection that is read until a moment, however slowly its bytes come.
struct Until<'a> {
    connection: &'a TcpStream,
    deadline: Instant,
}

impl Read for Until<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "no request came in time"));
        }
        self.connection.set_read_timeout(Some(left))?;
        self.connection.read(buffer)
    }
}

/// Reads the whole request, so that closing afterwards does not reset the connection under the client's answer. Its first line.
fn read_request(connection: &TcpStream) -> io::Result<String> {
    connection.set_write_timeout(Some(PATIENCE))?;
    let request = super::message::read(&mut Until { connection, deadline: Instant::now() + PATIENCE })?;
    let request = request.ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "it closed before it asked"))?;
    Ok(format!("{} {} HTTP/1.1", request.method, request.target))
}

/// What a pinger calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PingTarget {
    peer: Peer,
    path: String,
}

impl PingTarget {
    /// `http://host[:port][/path]`; None for anything else, including a URL with a blank or a control character.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("http://")?;
        if rest.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
            return None;
        }
        let (authority, path) = rest.find('/').map_or((rest, "/"), |position| rest.split_at(position));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, 80),
        };
        if host.is_empty() {
            return None;
        }
        Some(PingTarget { peer: Peer { host: host.to_string(), port }, path: path.to_string() })
    }

    /// Sends GET and returns the status.
    ///
    /// # Errors
    /// No connection, no answer within `patience`, or an answer that is not HTTP.
    pub(super) fn call(&self, patience: Duration) -> io::Result<u16> {
        self.peer.ask("GET", &self.path, "", "", patience).map(|(status, _)| status)
    }
}
