//! The sample's Discovery Service: Eureka's protocol, as much of it as services, gateways and peers use.

use super::client::{self, Registration};
use super::message::{self, Peer, Request};
use super::registry::{Shape, Store, Which};
use super::{Reporter, ServiceOptions};
use crate::ha::registry;
use serde_json::Value;
use std::io;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The time limit of one copy to a peer.
const PATIENCE: Duration = Duration::from_secs(1);

/// A client that is slower than this gets no answer.
const CLIENT_PATIENCE: Duration = Duration::from_secs(5);

/// Marks what a peer has copied; it is not copied further.
const REPLICATION: &str = "x-netflix-discovery-replication";

struct Server {
    store: Mutex<Store>,
    /// Each with whether the last copy reached it.
    peers: Vec<(Peer, AtomicBool)>,
    shape: Shape,
    /// Neither sends nor accepts copies: a registry that never agrees.
    deaf: bool,
    report: Reporter,
}

/// Serves until the process ends.
///
/// # Errors
/// The system's, when it cannot listen.
pub(super) fn run(options: &ServiceOptions, report: &Reporter) -> io::Result<()> {
    let signals = client::hold_signals()?;
    let listener = message::listen(&options.host, options.port)?;
    let port = listener.local_addr()?.port();
    let own = Peer { host: options.host.clone(), port };
    let peers = Peer::parse_lists(&options.peers)?.into_iter().filter(|peer| *peer != own);
    let server = Arc::new(Server {
        store: Mutex::new(Store::default()),
        peers: peers.map(|peer| (peer, AtomicBool::new(true))).collect(),
        shape: options.shape,
        deaf: options.deaf,
        report: report.clone(),
    });
    server.fetch();
    let registration = Registration {
        service: options.name.clone(),
        host: options.host.clone(),
        port,
        ha_instance: super::ha_instance(),
        discoveries: vec![own],
        renew: options.renew,
    };
    report.line(&format!("DEMO0041I {} listens on {}", options.name, listener.local_addr()?));
    client::keep(registration, signals, report.clone());
    message::serve(&listener, &server, Server::serve);
    Ok(())
}

impl Server {
    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what the first peer that answers knows: instances that renewed there renew here from now on.
    fn fetch(&self) {
        if self.deaf {
            return;
        }
        for (peer, _) in &self.peers {
            let Ok((200, body)) = peer.ask("GET", "/eureka/apps", "Accept: application/json\r\n", "", PATIENCE) else { continue };
            let answer: Value = serde_json::from_str(&body).unwrap_or_default();
            let mut count = 0;
            for (_, instance) in registry::instances(&answer).unwrap_or_default() {
                let app = instance.get("app").and_then(Value::as_str).unwrap_or_default();
                count += usize::from(!app.is_empty() && self.store().register(app, instance, Instant::now()));
            }
            self.report.line(&format!("DEMO0042I {count} instances are known from {}:{}", peer.host, peer.port));
            return;
        }
    }

    fn serve(&self, mut connection: TcpStream) {
        let bounded = connection.set_read_timeout(Some(CLIENT_PATIENCE)).and_then(|()| connection.set_write_timeout(Some(CLIENT_PATIENCE)));
        let Ok(Some(request)) = bounded.and_then(|()| message::read(&mut connection)) else { return };
        let (status, kind, body) = self.respond(&request);
        let is_copy = request.header(REPLICATION) == Some("true");
        if request.method != "GET" && status < 300 && !is_copy && !self.deaf {
            self.copy(&request);
        }
        let _ = message::answer(&mut connection, status, kind, &body);
    }

    fn respond(&self, request: &Request) -> (u16, &'static str, String) {
        const JSON: &str = "application/json";
        if request.path() == "/application/health" {
            return (200, JSON, r#"{"status":"UP","components":{"discoveryComposite":{"status":"UP"}}}"#.to_owned());
        }
        let Some(steps) = request.steps("/eureka/") else {
            return (404, JSON, r#"{"error":"there is /eureka/apps and /application/health"}"#.to_owned());
        };
        if self.deaf && request.header(REPLICATION) == Some("true") {
            return (200, JSON, String::new());
        }
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        let done = |known: bool| (if known { 200 } else { 404 }, JSON, String::new());
        let now = Instant::now();
        let mut store = self.store();
        for evicted in store.evict(now) {
            self.report.line(&format!("DEMO0043W {evicted} is evicted: its lease has run out"));
        }
        let which = match steps.as_slice() {
            ["apps"] => Some(Which::All),
            ["apps", "delta"] => Some(Which::Changed),
            ["apps", app] => Some(Which::Application(app)),
            ["apps", app, id] => Some(Which::Instance(app, id)),
            ["instances", id] => Some(Which::AnyInstance(id)),
            ["vips", name] => Some(Which::Virtual(name, false)),
            ["svips", name] => Some(Which::Virtual(name, true)),
            _ => None,
        };
        if let Some(which) = which.filter(|_| request.method == "GET") {
            let found = if request.header("accept").is_some_and(|accept| accept.contains(JSON)) {
                store.json(which, self.shape).map(|value| (200, JSON, value.to_string()))
            } else {
                store.xml(which).map(|text| (200, "application/xml", text))
            };
            return found.unwrap_or((404, JSON, String::new()));
        }
        match (request.method.as_str(), steps.as_slice()) {
            ("POST", ["apps", app]) => {
                let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
                if store.register(app, &body["instance"], now) {
                    (204, JSON, String::new())
                } else {
                    (400, JSON, r#"{"error":"an instance with an instanceId or a hostName is expected"}"#.to_owned())
                }
            }
            ("PUT", ["apps", app, id]) => done(store.renew(app, id, request.parameter("lastDirtyTimestamp"), now)),
            ("DELETE", ["apps", app, id]) => done(store.cancel(app, id, now)),
            ("PUT", ["apps", app, id, "status"]) => done(store.override_status(app, id, request.parameter("value"), now)),
            ("DELETE", ["apps", app, id, "status"]) => done(store.override_status(app, id, None, now)),
            _ => (if which.is_some() { 405 } else { 404 }, JSON, String::new()),
        }
    }

    /// Passes a change on to every peer. A peer that does not know a renewed instance gets its full registration.
    fn copy(&self, request: &Request) {
        let marked = format!("{REPLICATION}: true\r\n");
        let body = String::from_utf8_lossy(&request.body);
        for (peer, reached) in &self.peers {
            let answer = peer.ask(&request.method, &request.target, &marked, &body, PATIENCE);
            let is_reached = answer.is_ok();
            if reached.swap(is_reached, Ordering::SeqCst) != is_reached {
                let (id, word) = if is_reached { ("DEMO0045I", "is reached again") } else { ("DEMO0044W", "is not reached") };
                self.report.line(&format!("{id} peer {}:{} {word}", peer.host, peer.port));
            }
            if !matches!(answer, Ok((404, _))) || request.method != "PUT" {
                continue;
            }
            if let Some([app, id]) = request.steps("/eureka/apps").as_deref() {
                let known = self.store().json(Which::Instance(app, id), Shape::List);
                if let Some(instance) = known {
                    let _ = peer.ask("POST", &format!("/eureka/apps/{app}"), &marked, &instance.to_string(), PATIENCE);
                }
            }
        }
    }
}
