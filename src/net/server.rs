//! A small server: GET and HEAD over HTTP/1.1, with or without TLS, on a thread of its own. Everything of a connection is bounded: their
//! number, the size of a request's head, the time from the first byte to the last. Bodies of requests are not read.

use super::{Answer, Handler, Identity, Question, ServeError};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio_rustls::TlsAcceptor;

/// Connections at a time; more wait in the system's queue.
const CONNECTIONS: usize = 16;
/// Of the head of a request: 16 KiB and 64 headers.
const HEAD: usize = 16 * 1024;
const HEADERS: usize = 64;
/// From the first byte of a request to the end of its head.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// From the connection to the end of the answer, TLS included.
const CONNECTION: Duration = Duration::from_secs(15);
/// Until the next connection is awaited when the system has refused one: no descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// A listening socket; nobody is answered yet.
pub(super) fn listen(address: SocketAddr) -> std::io::Result<std::net::TcpListener> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(64)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

pub(super) fn tls(identity: &Identity) -> Result<Arc<ServerConfig>, ServeError> {
    let refused = |error: rustls::Error| ServeError::Identity(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(refused)?;
    let (chain, key) = super::client::parts(identity);
    Ok(Arc::new(builder.with_no_client_auth().with_single_cert(chain, key).map_err(refused)?))
}

/// Answers until `closed` tells, or its other end has gone.
pub(super) fn run(
    listeners: Vec<std::net::TcpListener>,
    tls: Option<Arc<ServerConfig>>,
    handler: Handler,
    told: Arc<dyn Fn(std::io::Error) + Send + Sync>,
    closed: oneshot::Receiver<()>,
) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let tls = tls.map(TlsAcceptor::from);
        let permits = Arc::new(Semaphore::new(CONNECTIONS));
        for listener in listeners {
            let listener = TcpListener::from_std(listener)?;
            tokio::spawn(accept(listener, tls.clone(), Arc::clone(&permits), Arc::clone(&handler), Arc::clone(&told)));
        }
        // It ends when the launcher does, or when another server takes its place.
        let _ = closed.await;
        Ok(())
    })
    // Dropping the runtime closes what is open.
}

async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    permits: Arc<Semaphore>,
    handler: Handler,
    told: Arc<dyn Fn(std::io::Error) + Send + Sync>,
) {
    let mut refused = false;
    while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                refused = false;
                let (tls, handler) = (tls.clone(), Arc::clone(&handler));
                tokio::spawn(async move {
                    let _permit = permit;
                    // Who takes too long, or speaks something else, is left alone: it is no matter of the operators'.
                    let _ = tokio::time::timeout(CONNECTION, connection(stream, tls, handler)).await;
                });
            }
            Err(error) => {
                if !std::mem::replace(&mut refused, true) {
                    told(error);
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, handler: Handler) {
    match tls {
        None => exchange(stream, handler).await,
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                exchange(stream, handler).await;
            }
        }
    }
}

async fn exchange(stream: impl AsyncRead + AsyncWrite + Unpin, handler: Handler) {
    let service = service_fn(move |request: Request<Incoming>| {
        let handler = Arc::clone(&handler);
        async move { Ok::<_, Infallible>(answer(&request, handler).await) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.keep_alive(false).max_buf_size(HEAD).max_headers(HEADERS).timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    // The client has gone, or what it sent was no request.
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: &Request<Incoming>, handler: Handler) -> Response<Full<Bytes>> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let question = Question {
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        // A header that came several times is one list.
        accept: request.headers().get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join(","),
    };
    let Answer { status, content_type, body } = match is_read {
        true => handler(question).await,
        false => Answer::text(405, "GET or HEAD\n"),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !is_read {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}
