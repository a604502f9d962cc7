//! As much HTTP/1.1 as the sample needs: one request per connection, limited in time and size on both sides.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const HEAD_LIMIT: usize = 8 * 1024;

/// A client that is slower than this has its connection closed, because the service answers one at a time.
const PATIENCE: Duration = Duration::from_secs(2);

/// Answers one connection and closes it; returns what to write to the log, which holds no control characters.
pub(super) fn answer(mut connection: TcpStream, name: &str, ha_instance: &str) -> String {
    let head = match read_head(&mut connection) {
        Ok(head) => head,
        Err(error) => return format!("dropped a connection - {error}"),
    };
    let request = head.lines().next().unwrap_or_default();
    let (status, text) = respond(request, name, ha_instance);
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

/// Reads up to the empty line, so that closing afterwards does not reset the connection under the client's answer.
fn read_head(connection: &mut TcpStream) -> io::Result<String> {
    let deadline = Instant::now() + PATIENCE;
    connection.set_write_timeout(Some(PATIENCE))?;
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || head.len() > HEAD_LIMIT {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "no request came in time, or too large a one"));
        }
        connection.set_read_timeout(Some(left))?;
        match connection.read(&mut buffer)? {
            0 => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it closed before it asked")),
            length => head.extend_from_slice(&buffer[..length]),
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// What a pinger calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PingTarget {
    host: String,
    port: u16,
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
        Some(PingTarget { host: host.to_string(), port, path: path.to_string() })
    }

    /// Sends GET and returns the status.
    ///
    /// # Errors
    /// No connection, no answer within `patience`, or an answer that is not HTTP.
    pub(super) fn call(&self, patience: Duration) -> io::Result<u16> {
        let address = super::message::address_of(&self.host)?;
        let mut connection = TcpStream::connect_timeout(&(address, self.port).into(), patience)?;
        connection.set_read_timeout(Some(patience))?;
        connection.set_write_timeout(Some(patience))?;
        let host = crate::net::url_host(&self.host);
        write!(connection, "GET {} HTTP/1.1\r\nHost: {host}:{}\r\nConnection: close\r\n\r\n", self.path, self.port)?;
        let mut answer = Vec::new();
        connection.take(HEAD_LIMIT as u64).read_to_end(&mut answer)?;
        super::message::status(&answer).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is no HTTP"))
    }
}
