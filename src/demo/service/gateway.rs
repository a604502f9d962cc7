//! The sample's gateway: forwards `/{service}/...` to an instance of that service that its Discovery Service knows.

use super::client::{self, Registration};
use super::message::{self, Peer, Request};
use super::{Reporter, ServiceOptions};
use crate::ha::registry;
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// The time limit of one answer from a service, and of one question to a Discovery Service.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two queries of the registry.
const FETCH: Duration = Duration::from_secs(1);

/// Between two lines of a stream.
const BEAT: Duration = Duration::from_millis(100);

/// An instance of a service to forward to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    service: String,
    peer: Peer,
    /// Belongs to the same HA instance: preferred.
    is_own: bool,
}

struct Server {
    name: String,
    version: Option<String>,
    ha_instance: String,
    routes: RwLock<Vec<Route>>,
    next: AtomicUsize,
}

/// Serves until the process ends.
///
/// # Errors
/// The system's, when it cannot listen.
pub(super) fn run(options: &ServiceOptions, report: &Reporter) -> io::Result<()> {
    let discoveries = Peer::parse_lists(&options.register)?;
    if discoveries.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "has no Discovery Service: name one with --register"));
    }
    let signals = client::hold_signals()?;
    let listener = message::listen(&options.host, options.port)?;
    let server = Arc::new(Server {
        name: options.name.clone(),
        version: options.version.clone(),
        ha_instance: super::ha_instance(),
        routes: RwLock::new(Vec::new()),
        next: AtomicUsize::new(0),
    });
    let registration = Registration {
        service: options.name.clone(),
        host: options.host.clone(),
        port: listener.local_addr()?.port(),
        ha_instance: super::ha_instance(),
        discoveries: discoveries.clone(),
        renew: options.renew,
    };
    report.line(&format!("DEMO0051I {} listens on {}", options.name, listener.local_addr()?));
    client::keep(registration, signals, report.clone());
    let learning = Arc::clone(&server);
    std::thread::spawn(move || learning.learn(&discoveries));
    message::serve(&listener, &server, Server::serve);
    Ok(())
}

/// The possible targets, from an answer of the registry in JSON.
pub(super) fn routes(answer: &Value, ha_instance: &str) -> Vec<Route> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let instances = registry::instances(answer).unwrap_or_default().into_iter().map(|(_, instance)| instance);
    let instances = instances.filter(|instance| text(instance, "status") == "UP");
    let route = |instance: &Value| {
        let port = instance.get("port").and_then(|port| port.get("$")).and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok())?;
        let own = instance.get("metadata").map(|metadata| text(metadata, "haInstance")).is_some_and(|own| own == ha_instance);
        Some(Route { service: text(instance, "app").to_lowercase(), peer: Peer { host: text(instance, "hostName"), port }, is_own: own })
    };
    instances.filter_map(route).collect()
}

impl Server {
    fn routes(&self) -> Vec<Route> {
        self.routes.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A registry does not announce changes, so the registries are asked in turn until one answers.
    fn learn(&self, discoveries: &[Peer]) {
        loop {
            let answers = discoveries.iter().map(|peer| peer.ask("GET", "/eureka/apps", "Accept: application/json\r\n", "", PATIENCE));
            if let Some((_, body)) = answers.flatten().find(|(status, _)| *status == 200) {
                let answer: Value = serde_json::from_str(&body).unwrap_or_default();
                *self.routes.write().unwrap_or_else(PoisonError::into_inner) = routes(&answer, &self.ha_instance);
            }
            std::thread::sleep(FETCH);
        }
    }

    fn serve(&self, mut connection: TcpStream) {
        let bounded = connection.set_read_timeout(Some(PATIENCE)).and_then(|()| connection.set_write_timeout(Some(PATIENCE)));
        let _ = connection.set_nodelay(true);
        let Ok(Some(request)) = bounded.and_then(|()| message::read(&mut connection)) else { return };
        // A client that has gone is nobody's fault.
        let _ = self.respond(&request, &mut connection);
    }

    fn respond(&self, request: &Request, connection: &mut TcpStream) -> io::Result<()> {
        let routes = self.routes();
        let count = |service: &str| routes.iter().filter(|route| route.service == service).count();
        let body = match request.path() {
            "/" => json!({"service": self.name, "haInstance": self.ha_instance, "version": self.version}),
            "/application/health" => json!({"status": "UP", "components": {"gateway": {"status": "UP", "details": {
                "gateway": "UP", "gatewayCount": count(&self.name).max(1), "discovery": if routes.is_empty() { "DOWN" } else { "UP" },
            }}}}),
            "/gateway/api/v1/services" => {
                let mut names: Vec<&str> = routes.iter().map(|route| route.service.as_str()).collect();
                names.sort_unstable();
                names.dedup();
                names.into_iter().map(|name| json!({"serviceId": name, "instances": count(name)})).collect()
            }
            "/stream" => return stream(request, connection),
            path => {
                let (service, rest) = path.trim_start_matches('/').split_once('/').unwrap_or((path.trim_start_matches('/'), ""));
                return self.forward(request, &service.to_lowercase(), rest, &routes, connection);
            }
        };
        message::answer(connection, 200, "application/json", &format!("{body}\n"))
    }

    /// Tries the instances of its own HA instance first, then the others, until one answers.
    fn forward(&self, request: &Request, service: &str, rest: &str, routes: &[Route], connection: &mut TcpStream) -> io::Result<()> {
        let mut candidates: Vec<&Route> = routes.iter().filter(|route| route.service == service).collect();
        if candidates.is_empty() {
            let error = json!({"error": format!("no instance of service {service} is known")});
            return message::answer(connection, 404, "application/json", &format!("{error}\n"));
        }
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % candidates.len();
        candidates.rotate_left(turn);
        candidates.sort_by_key(|route| !route.is_own);
        let query = request.target.split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
        let mut faults = Vec::new();
        for route in candidates {
            let mut fault = |error: io::Error| faults.push(format!("{}:{}: {error}", route.peer.host, route.peer.port));
            let mut upstream = match route.peer.connect(PATIENCE) {
                Ok(upstream) => upstream,
                Err(error) => {
                    fault(error);
                    continue;
                }
            };
            let head = format!(
                "{} /{rest}{query} HTTP/1.1\r\nHost: {}:{}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                request.method,
                crate::net::url_host(&route.peer.host),
                route.peer.port,
                request.header("content-type").unwrap_or("application/json"),
                request.body.len()
            );
            let mut block = [0; 16 * 1024];
            let sent = upstream.write_all(head.as_bytes()).and_then(|()| upstream.write_all(&request.body));
            match sent.and_then(|()| upstream.read(&mut block)) {
                Ok(0) => fault(io::ErrorKind::UnexpectedEof.into()),
                Err(error) => fault(error),
                Ok(length) => {
                    // From the first byte on, this instance's answer is the one.
                    connection.write_all(&block[..length])?;
                    return io::copy(&mut upstream, connection).map(drop);
                }
            }
        }
        let error = json!({"error": format!("no instance of service {service} answers: {}", faults.join("; "))});
        message::answer(connection, 502, "application/json", &format!("{error}\n"))
    }
}

/// A line every tenth of a second; stands in for the web sockets and long requests of real gateways.
fn stream(request: &Request, connection: &mut TcpStream) -> io::Result<()> {
    let seconds: u64 = request.parameter("seconds").and_then(|seconds| seconds.parse().ok()).unwrap_or(10);
    let end = Instant::now() + Duration::from_secs(seconds.min(86_400));
    connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")?;
    while Instant::now() < end {
        connection.write_all(b"6\r\nalive\n\r\n")?;
        std::thread::sleep(BEAT);
    }
    connection.write_all(b"0\r\n\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_the_instances_that_are_up() {
        let instance = |ha: &str, status: &str, port: u16| json!({"app": "HELLO", "hostName": "a", "status": status, "port": {"$": port, "@enabled": "true"}, "metadata": {"haInstance": ha}});
        let answer = json!({"applications": {"application": {"instance": [instance("lpar1", "UP", 1), instance("lpar2", "UP", 2), instance("lpar1", "DOWN", 3)]}}});
        let found: Vec<(u16, bool)> = routes(&answer, "lpar2").into_iter().map(|route| (route.peer.port, route.is_own)).collect();
        assert_eq!(found, [(1, false), (2, true)]);
    }
}
