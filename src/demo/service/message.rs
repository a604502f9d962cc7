//! HTTP/1.1 for the sample's Discovery Service and gateway: one request per connection, with its body, limited in size and time.

use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

/// The limit of a head and of a body, in bytes.
const LIMIT: usize = 8 * 1024 * 1024;

/// A request that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub method: String,
    /// With its query.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The parts of the path after `prefix`, each decoded; None where the path does not begin with it.
    pub(super) fn steps(&self, prefix: &str) -> Option<Vec<String>> {
        let rest = self.path().strip_prefix(prefix)?;
        Some(rest.split('/').filter(|step| !step.is_empty()).map(decoded).collect())
    }

    /// A parameter of the query.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let query = self.target.split_once('?')?.1;
        query.split('&').find_map(|pair| pair.split_once('=').filter(|(known, _)| *known == name).map(|(_, value)| value))
    }
}

/// `%3A` is a colon.
fn decoded(step: &str) -> String {
    let mut bytes = Vec::with_capacity(step.len());
    let mut rest = step.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads a request; None: the connection ended before one came.
///
/// # Errors
/// The connection's; `InvalidData` for what is not HTTP, or is too large.
pub(super) fn read(connection: &mut impl Read) -> io::Result<Option<Request>> {
    let invalid = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why);
    let mut bytes = Vec::new();
    let mut block = [0; 8 * 1024];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if bytes.len() > 64 * 1024 {
            return Err(invalid("the head is too large"));
        }
        match connection.read(&mut block)? {
            0 if bytes.is_empty() => return Ok(None),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length => bytes.extend_from_slice(&block[..length]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some(version)) = (words.next(), words.next(), words.next()) else {
        return Err(invalid("it is no HTTP"));
    };
    if !version.starts_with("HTTP/1.") || !target.starts_with('/') {
        return Err(invalid("it is no HTTP/1.1"));
    }
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned())).collect();
    let mut request = Request { method: method.to_owned(), target: target.to_owned(), headers, body: bytes.split_off(end) };
    let length = request.header("content-length").map_or(Ok(0), str::parse).map_err(|_| invalid("its length is no number"))?;
    if length > LIMIT {
        return Err(invalid("the body is too large"));
    }
    while request.body.len() < length {
        match connection.read(&mut block)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => request.body.extend_from_slice(&block[..read]),
        }
    }
    Ok(Some(request))
}

/// An answer with its length, after which the connection is closed.
///
/// # Errors
/// The connection's.
pub(super) fn answer(connection: &mut impl Write, status: u16, kind: &str, body: &str) -> io::Result<()> {
    let reason = match status {
        200 => "OK",
        204 => "No Content",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        502 => "Bad Gateway",
        _ => "Status",
    };
    // An answer without content has no content length either.
    let content = if status == 204 { String::new() } else { format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len()) };
    let text = format!("HTTP/1.1 {status} {reason}\r\n{content}Connection: close\r\n\r\n{body}");
    connection.write_all(text.as_bytes())?;
    connection.flush()
}

/// Where a service is: `http://host:port` with or without a path. The sample has no TLS: `https` is treated as `http`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Peer {
    pub host: String,
    pub port: u16,
}

impl Peer {
    pub(super) fn parse(url: &str) -> Option<Peer> {
        let rest = url.trim().strip_prefix("https://").or_else(|| url.trim().strip_prefix("http://"))?;
        let (host, port) = rest.split('/').next()?.rsplit_once(':')?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Some(Peer { host: host.to_owned(), port: port.parse().ok()? }).filter(|peer| !peer.host.is_empty())
    }

    /// All peers of several lists that are separated by commas.
    ///
    /// # Errors
    /// `InvalidInput`: the first entry that is not a URL.
    pub(super) fn parse_lists(lists: &[String]) -> io::Result<Vec<Peer>> {
        let urls = lists.iter().flat_map(|list| list.split(',')).map(str::trim).filter(|url| !url.is_empty());
        let wrong = |url: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("cannot use '{url}': http://host:port/ is expected"));
        urls.map(|url| Peer::parse(url).ok_or_else(|| wrong(url))).collect()
    }

    /// # Errors
    /// The system's, or that the host has no address.
    pub(super) fn connect(&self, patience: Duration) -> io::Result<TcpStream> {
        let stream = TcpStream::connect_timeout(&(address_of(&self.host)?, self.port).into(), patience)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(stream)
    }

    /// Sends a request and returns the answer's status and body.
    ///
    /// # Errors
    /// The connection's; `InvalidData` for an answer that is not HTTP.
    pub(super) fn ask(&self, method: &str, target: &str, headers: &str, body: &str, patience: Duration) -> io::Result<(u16, String)> {
        let mut stream = self.connect(patience)?;
        let length = body.len();
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}:{}\r\n{headers}Content-Type: application/json\r\nContent-Length: {length}\r\n\
            Connection: close\r\n\r\n{body}",
            crate::net::url_host(&self.host),
            self.port
        );
        stream.write_all(request.as_bytes())?;
        let mut bytes = Vec::new();
        stream.take(LIMIT as u64).read_to_end(&mut bytes)?;
        let status = status(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is no HTTP"))?;
        let body = bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(&[][..], |end| &bytes[end + 4..]);
        Ok((status, String::from_utf8_lossy(body).into_owned()))
    }
}

/// An address of a host; the IPv4 one if it has both kinds.
///
/// # Errors
/// The resolver's, or that there is none.
pub(super) fn address_of(host: &str) -> io::Result<IpAddr> {
    let all: Vec<IpAddr> = (host, 0).to_socket_addrs()?.map(|address| address.ip()).collect();
    let first = all.iter().find(|address| address.is_ipv4()).or(all.first());
    first.copied().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address")))
}

/// Hands each connection to a thread of its own, for ever.
pub(super) fn serve<S: Send + Sync + 'static>(listener: &TcpListener, server: &Arc<S>, answer: fn(&S, TcpStream)) {
    for connection in listener.incoming() {
        // A connection that has gone before it was accepted is no reason to end, and no reason to spin either.
        let Ok(connection) = connection else {
            std::thread::sleep(Duration::from_millis(100));
            continue;
        };
        let server = Arc::clone(server);
        std::thread::spawn(move || answer(&server, connection));
    }
}

/// A listener at the host's own address.
///
/// # Errors
/// The system's.
pub(super) fn listen(host: &str, port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((address_of(host)?, port))
}

/// The status of an answer that begins `HTTP/1.1 200 `.
pub(super) fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    if !words.next()?.starts_with("HTTP/1.") {
        return None;
    }
    words.next()?.parse().ok().filter(|status| (100..=599).contains(status))
}
