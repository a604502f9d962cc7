//! Requests over HTTP and HTTPS, with bounded time and bounded answers: for z/OSMF, probes and registries; a small server ([`Server`]); and a
//! client of HAProxy's runtime API.
//!
//! TLS and HTTP are the cargo feature `http`, on by default; without it every request ends in [`HttpError::NotBuilt`].

pub mod address;
#[cfg(feature = "http")]
mod client;
mod names;
#[cfg(feature = "http")]
mod server;
#[cfg(feature = "http")]
mod verifier;

pub mod haproxy;

use crate::platform::thread::{self, Stack};
pub use names::{Cover, Names};
use std::borrow::Cow;
use std::future::Future;
use std::net::{Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// How much of an answer's body is kept where the caller does not say, in bytes; the rest is not read.
pub const BODY_LIMIT: usize = 64 * 1024;

/// A host as it stands in a URL, or before a colon and a port: an address of IPv6 in brackets, anything else as it is.
pub fn url_host(host: &str) -> Cow<'_, str> {
    // `%` begins a zone, which only an address of this system's own links has.
    let address = host.split('%').next().unwrap_or_default();
    if address.parse::<Ipv6Addr>().is_ok() { Cow::Owned(format!("[{host}]")) } else { Cow::Borrowed(host) }
}

/// A certificate with its private key, shown to servers that ask for one.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// In DER, the client's own first.
    pub chain: Vec<Vec<u8>>,
    /// In DER.
    pub key: Vec<u8>,
    /// What the key's PEM block is called: `PRIVATE KEY`, `RSA PRIVATE KEY` or `EC PRIVATE KEY`.
    pub key_label: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without its key.
        write!(formatter, "Identity({} certificates)", self.chain.len())
    }
}

/// How a server's certificate is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// It must be issued by a certificate authority that this system trusts; with `host_name` it must also cover the host's name.
    System { host_name: bool },
    /// It must be one of these certificates, or be issued by one of them; each is in DER. `host_name` as above.
    Roots { certificates: Vec<Vec<u8>>, host_name: bool },
    /// Not at all: any certificate is accepted.
    Unchecked,
}

/// A GET request.
#[derive(Debug, Clone)]
pub struct Request {
    /// `http://` or `https://`.
    pub url: String,
    pub headers: Vec<(String, String)>,
    /// From the look-up of the host's name to the end of the body.
    pub timeout: Duration,
    /// Without meaning for `http://`.
    pub trust: Trust,
    /// Without meaning for `http://` too. None: a server that insists on a client certificate refuses the connection.
    pub identity: Option<Identity>,
    /// How much of the body is kept, in bytes; the rest is not read.
    pub body_limit: usize,
    /// Addresses of the URL's host, if the caller has looked them up already; if empty, the name is looked up.
    pub addresses: Vec<SocketAddr>,
}

impl Request {
    /// A request without headers or identity, and [`BODY_LIMIT`].
    pub fn new(url: String, timeout: Duration, trust: Trust) -> Request {
        Request { url, headers: Vec::new(), timeout, trust, identity: None, body_limit: BODY_LIMIT, addresses: Vec::new() }
    }
}

/// What the server answered. Redirections are answers too: none is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// At most as many bytes as the request says.
    pub body: Vec<u8>,
    /// Why the body may have more than was read, where the connection ended before its end: without close_notify, or in the middle.
    pub cut_short: Option<String>,
    /// What of the server's certificate could not be judged here, and was let pass.
    pub not_judged: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Not a URL, or a header that cannot be sent.
    #[error("{url} cannot be asked for: {why}")]
    Request { url: String, why: String },
    /// No certificate to check the server's against.
    #[error("{0}")]
    Trust(String),
    #[error("no answer within {seconds} s")]
    TimedOut { seconds: u64 },
    /// The server's certificate is not one to be trusted.
    #[error("its certificate is refused: {0}")]
    Certificate(String),
    /// It is there, but this program knows too little to say whether it is good: that says nothing about the server.
    #[error("cannot be judged here: {0}")]
    NotJudged(String),
    /// Our own certificate and key cannot be used.
    #[error("the client certificate cannot be used: {0}")]
    Identity(String),
    /// No connection, no TLS, or no HTTP; every cause, outermost first.
    #[error("{0}")]
    Failed(String),
    /// The program was built without the feature `http`.
    #[error("this program was built without HTTP (cargo feature http)")]
    NotBuilt,
}

/// A prepared TLS configuration, for a caller that sends the same request again and again.
#[derive(Debug, Clone)]
#[cfg(feature = "http")]
pub struct Tls {
    configuration: rustls::ClientConfig,
    notes: verifier::Notes,
}
/// Without the feature `http` there is none.
#[derive(Debug, Clone)]
#[cfg(not(feature = "http"))]
pub enum Tls {}

/// Prepares the TLS configuration of a client without an identity. It may read the files of the system's certificate authorities, so the
/// owner task must not call it.
///
/// # Errors
/// [`HttpError::Trust`].
#[cfg(feature = "http")]
pub fn tls(trust: &Trust) -> Result<Tls, HttpError> {
    client::configuration(trust, None)
}

/// As with the feature `http`.
///
/// # Errors
/// Always [`HttpError::NotBuilt`].
#[cfg(not(feature = "http"))]
pub fn tls(_: &Trust) -> Result<Tls, HttpError> {
    Err(HttpError::NotBuilt)
}

/// Sends a request and reads the answer. The server is checked as `tls` says, not as the request says. Touches no file once the host's
/// addresses are given. Needs a tokio runtime with I/O and time; [`get_blocking`] brings its own.
///
/// # Errors
/// [`HttpError`].
#[cfg(feature = "http")]
pub async fn get_over(request: &Request, tls: Tls) -> Result<Response, HttpError> {
    client::get(request, tls).await
}

/// As with the feature `http`; there is no value to call it with.
///
/// # Errors
/// None.
#[cfg(not(feature = "http"))]
pub async fn get_over(_: &Request, tls: Tls) -> Result<Response, HttpError> {
    match tls {}
}

#[cfg(feature = "http")]
async fn get(request: &Request) -> Result<Response, HttpError> {
    // Without TLS no certificate is checked, and reading the system's authorities takes longer than the request.
    let is_secure = request.url.starts_with("https:");
    let trust = if is_secure { &request.trust } else { &Trust::Unchecked };
    client::get(request, client::configuration(trust, request.identity.as_ref().filter(|_| is_secure))?).await
}

#[cfg(not(feature = "http"))]
async fn get(_: &Request) -> Result<Response, HttpError> {
    Err(HttpError::NotBuilt)
}

/// Sends a request and reads the answer on this thread, which must not be one of a tokio runtime.
///
/// # Errors
/// [`HttpError`].
pub fn get_blocking(request: &Request) -> Result<Response, HttpError> {
    block_on(get(request))
}

/// Runs a future to its end on this thread. What it has begun on threads of its own and given up, as the look-up of a name that no server
/// answers, is left to itself: nobody waits for it.
fn block_on<T>(future: impl Future<Output = Result<T, HttpError>>) -> Result<T, HttpError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| HttpError::Failed(error.to_string()))?;
    let answer = runtime.block_on(future);
    runtime.shutdown_background();
    answer
}

/// Does work on a thread of its own and waits for it so long; work that takes longer is left to itself.
///
/// # Errors
/// [`HttpError::TimedOut`]; [`HttpError::Failed`] where there is no thread to be had.
pub fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Result<T, HttpError> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let work = move || drop(sender.send(work()));
    thread::spawn("asking", Stack::Usual, work).map_err(|error| HttpError::Failed(error.to_string()))?;
    receiver.recv_timeout(limit).map_err(|error| match error {
        std::sync::mpsc::RecvTimeoutError::Timeout => HttpError::TimedOut { seconds: limit.as_secs() },
        std::sync::mpsc::RecvTimeoutError::Disconnected => HttpError::Failed("it ended without an answer".to_owned()),
    })
}

/// What a client asks a [`Server`] for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub path: String,
    /// Behind the question mark; empty where there is none.
    pub query: String,
    /// The header `Accept`; empty where there is none.
    pub accept: String,
}

/// What a [`Server`] answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
}

impl Answer {
    /// Plain text.
    pub fn text(status: u16, body: impl Into<String>) -> Answer {
        Answer { status, content_type: "text/plain; charset=utf-8", body: body.into() }
    }
}

/// Answers a question, on the server's thread, where it must not block.
pub type Handler = Arc<dyn Fn(Question) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("it cannot listen at {address}: {why}")]
    Listen { address: SocketAddr, why: std::io::Error },
    /// Certificate and key cannot be used.
    #[error("the certificate cannot be used: {0}")]
    Identity(String),
    #[error("the system gives it no thread: {0}")]
    Thread(std::io::Error),
    /// The program was built without the feature `http`.
    #[error("this program was built without HTTP (cargo feature http)")]
    NotBuilt,
}

/// A server with a thread of its own; dropping it ends both.
#[derive(Debug)]
pub struct Server {
    close: Option<tokio::sync::oneshot::Sender<()>>,
    thread: std::thread::JoinHandle<()>,
}

impl Server {
    /// Listens at addresses and answers GET and HEAD. `told` is called on its thread when the system refuses connections, once until it
    /// takes some again.
    ///
    /// # Errors
    /// [`ServeError`].
    #[cfg(feature = "http")]
    pub fn start(
        addresses: &[SocketAddr],
        identity: Option<&Identity>,
        handler: Handler,
        told: Arc<dyn Fn(std::io::Error) + Send + Sync>,
    ) -> Result<Server, ServeError> {
        let tls = identity.map(server::tls).transpose()?;
        let listen = |address: &SocketAddr| server::listen(*address).map_err(|why| ServeError::Listen { address: *address, why });
        let listeners = addresses.iter().map(listen).collect::<Result<_, _>>()?;
        let (close, closed) = tokio::sync::oneshot::channel();
        let run = move || {
            if let Err(error) = server::run(listeners, tls, handler, Arc::clone(&told), closed) {
                told(error);
            }
        };
        let thread = thread::spawn("metrics", Stack::Usual, run).map_err(ServeError::Thread)?;
        Ok(Server { close: Some(close), thread })
    }

    /// As with the feature `http`.
    ///
    /// # Errors
    /// Always [`ServeError::NotBuilt`].
    #[cfg(not(feature = "http"))]
    pub fn start(
        _: &[SocketAddr],
        _: Option<&Identity>,
        _: Handler,
        _: Arc<dyn Fn(std::io::Error) + Send + Sync>,
    ) -> Result<Server, ServeError> {
        Err(ServeError::NotBuilt)
    }

    /// Ends it and waits for that: its addresses are free then.
    pub fn close(mut self) {
        drop(self.close.take());
        // A panic there has ended it too.
        let _ = self.thread.join();
    }
}

/// Whether this program can speak HTTP at all.
pub fn is_built() -> bool {
    cfg!(feature = "http")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The look-up of a name is work on another thread that cannot be ended: a name server that never answers holds nobody up.
    #[test]
    fn what_never_answers_is_not_waited_for() {
        let (release, held) = std::sync::mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        let limit = Duration::from_millis(1);
        let blocked = Arc::clone(&held);
        let answer = block_on(async move {
            let look_up = tokio::task::spawn_blocking(move || blocked.lock().unwrap().recv().is_err());
            tokio::time::timeout(limit, look_up).await.map_err(|_| HttpError::TimedOut { seconds: 0 })
        });
        assert!(matches!(answer, Err(HttpError::TimedOut { .. })));
        assert_eq!(within(limit, move || held.lock().unwrap().recv().is_err()), Err(HttpError::TimedOut { seconds: 0 }));
        assert_eq!(within(Duration::MAX, || 7), Ok(7));
        // Only now may they end.
        drop(release);
    }

    /// RFC 3986, 3.2.2: only a literal address of IPv6 stands in brackets.
    #[test]
    fn addresses_of_ipv6_stand_in_brackets() {
        for (host, expected) in [
            ("::1", "[::1]"),
            ("2001:db8::2", "[2001:db8::2]"),
            ("::ffff:192.0.2.1", "[::ffff:192.0.2.1]"),
            ("fe80::1%eth0", "[fe80::1%eth0]"),
            ("[::1]", "[::1]"),
            ("192.0.2.1", "192.0.2.1"),
            ("zowe.example.com", "zowe.example.com"),
            ("zowe.example.com:443", "zowe.example.com:443"),
            ("", ""),
        ] {
            assert_eq!(url_host(host), expected);
        }
    }
}
