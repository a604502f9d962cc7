//! A small Discovery Service for the tests. It speaks Eureka's protocol (register, renew, cancel, evict, copies to peers) and answers in
//! XML and in both JSON shapes.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Always lists.
    Lists,
    /// A single element is written without a list, and numbers as texts.
    Singles,
    /// XML, whatever was asked for.
    Xml,
}

struct Lease {
    instance: Value,
    renewed: Instant,
    duration: Duration,
}

struct State {
    shape: Shape,
    leases: BTreeMap<(String, String), Lease>,
    /// Where changes are copied to.
    peers: Vec<u16>,
    /// `METHOD path` of every request.
    requests: Vec<String>,
}

/// Runs until the test's process ends.
#[derive(Clone)]
pub(crate) struct Registry {
    pub port: u16,
    state: Arc<Mutex<State>>,
}

pub(crate) type Tls = Arc<rustls::ServerConfig>;

impl Registry {
    pub(crate) fn start(shape: Shape, tls: Option<Tls>) -> Registry {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State { shape, leases: BTreeMap::new(), peers: Vec::new(), requests: Vec::new() };
        let registry = Registry { port, state: Arc::new(Mutex::new(state)) };
        let serving = registry.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (registry, tls) = (serving.clone(), tls.clone());
                std::thread::spawn(move || registry.serve(stream, tls));
            }
        });
        registry
    }

    /// From now on changes of this registry also go to `other`, and to no one else.
    pub(crate) fn copy_to(&self, other: Option<&Registry>) {
        self.state.lock().unwrap().peers = other.into_iter().map(|other| other.port).collect();
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }

    fn serve(&self, mut stream: TcpStream, tls: Option<Tls>) {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let Some(tls) = tls else {
            self.exchange(&mut stream);
            return;
        };
        let mut connection = rustls::ServerConnection::new(tls).unwrap();
        self.exchange(&mut rustls::Stream::new(&mut connection, &mut stream));
        connection.send_close_notify();
        let _ = connection.write_tls(&mut stream);
    }

    fn exchange(&self, stream: &mut (impl Read + Write)) {
        let Some((head, body)) = read_message(stream) else { return };
        let mut words = head.split_whitespace();
        let (method, path) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
        let head = head.to_lowercase();
        let is_copy = head.contains("x-netflix-discovery-replication: true");
        let (status, kind, answer) = self.answer(&method, &path, &body, head.contains("accept: application/json"));
        let peers = {
            let mut state = self.state.lock().unwrap();
            state.requests.push(format!("{method} {path}"));
            if is_copy || method == "GET" || status >= 400 { Vec::new() } else { state.peers.clone() }
        };
        for peer in peers {
            send(peer, &method, &path, &body, true);
        }
        let length = answer.len();
        let _ =
            write!(stream, "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}");
        let _ = stream.flush();
    }

    fn answer(&self, method: &str, path: &str, body: &str, json: bool) -> (u16, &'static str, String) {
        let mut state = self.state.lock().unwrap();
        state.leases.retain(|_, lease| lease.renewed.elapsed() < lease.duration);
        let parts: Vec<&str> = path.trim_start_matches("/eureka/apps").split('/').filter(|part| !part.is_empty()).collect();
        let none = |status| (status, "text/plain", String::new());
        match (method, parts.as_slice()) {
            ("GET", _) if path.starts_with("/application/health") => (200, "application/json", r#"{"status":"UP"}"#.to_owned()),
            ("GET", []) if json && state.shape != Shape::Xml => (200, "application/json", state.json().to_string()),
            ("GET", []) => (200, "application/xml", state.xml()),
            ("POST", [app]) => {
                let instance = serde_json::from_str::<Value>(body).unwrap_or_default()["instance"].clone();
                let id = instance["instanceId"].as_str().unwrap_or_default().to_owned();
                let duration = Duration::from_secs(instance["leaseInfo"]["durationInSecs"].as_u64().unwrap_or(90));
                state.leases.insert((app.to_uppercase(), id), Lease { instance, renewed: Instant::now(), duration });
                none(204)
            }
            ("PUT", [app, id]) => match state.leases.get_mut(&(app.to_uppercase(), (*id).to_owned())) {
                Some(lease) => {
                    lease.renewed = Instant::now();
                    none(200)
                }
                None => none(404),
            },
            ("DELETE", [app, id]) => none(if state.leases.remove(&(app.to_uppercase(), (*id).to_owned())).is_some() { 200 } else { 404 }),
            _ => none(404),
        }
    }

    pub(crate) fn register(&self, app: &str, id: &str, host: &str, lease: Duration) {
        let instance = json!({"instance": {
            "app": app.to_uppercase(), "instanceId": id, "hostName": host, "ipAddr": "127.0.0.1", "vipAddress": app, "status": "UP",
            "overriddenstatus": "UNKNOWN", "port": {"$": 80, "@enabled": "false"}, "securePort": {"$": 7554, "@enabled": "true"},
            "leaseInfo": {"renewalIntervalInSecs": 1, "durationInSecs": lease.as_secs()},
        }});
        assert_eq!(send(self.port, "POST", &format!("/eureka/apps/{}", app.to_uppercase()), &instance.to_string(), false), 204);
    }

    pub(crate) fn renew(&self, app: &str, id: &str) -> u16 {
        send(self.port, "PUT", &format!("/eureka/apps/{}/{id}", app.to_uppercase()), "", false)
    }

    pub(crate) fn cancel(&self, app: &str, id: &str) -> u16 {
        send(self.port, "DELETE", &format!("/eureka/apps/{}/{id}", app.to_uppercase()), "", false)
    }
}

impl State {
    fn by_application(&self) -> BTreeMap<&str, Vec<&Value>> {
        let mut all: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for ((app, _), lease) in &self.leases {
            all.entry(app).or_default().push(&lease.instance);
        }
        all
    }

    fn json(&self) -> Value {
        let single = self.shape == Shape::Singles;
        let in_shape = |mut items: Vec<Value>| if single && items.len() == 1 { items.remove(0) } else { Value::Array(items) };
        let instance = |value: &Value| {
            let mut value = value.clone();
            for port in ["port", "securePort"] {
                if single {
                    value[port]["$"] = value[port]["$"].to_string().into();
                } else {
                    value[port]["@enabled"] = (value[port]["@enabled"] == "true").into();
                }
            }
            value
        };
        let applications = self.by_application().into_iter();
        let applications =
            applications.map(|(app, all)| json!({"name": app, "instance": in_shape(all.into_iter().map(instance).collect())}));
        json!({"applications": {"versions__delta": "1", "apps__hashcode": "", "application": in_shape(applications.collect())}})
    }

    fn xml(&self) -> String {
        let mut text = "<applications><versions__delta>1</versions__delta>".to_owned();
        for (app, all) in self.by_application() {
            text += &format!("<application><name>{app}</name>");
            for one in all {
                let word = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
                text += &format!(
                    "<instance><instanceId>{}</instanceId><hostName>{}</hostName><app>{app}</app><status>{}</status><port enabled=\"false\">80</port><securePort enabled=\"true\">{}</securePort></instance>",
                    word("instanceId"),
                    word("hostName"),
                    word("status"),
                    one["securePort"]["$"],
                );
            }
            text += "</application>";
        }
        text + "</applications>"
    }
}

fn read_message(stream: &mut impl Read) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut block = [0; 4096];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        match stream.read(&mut block) {
            Ok(length) if length > 0 => bytes.extend_from_slice(&block[..length]),
            _ => return None,
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
    while bytes.len() < end + length {
        match stream.read(&mut block) {
            Ok(length) if length > 0 => bytes.extend_from_slice(&block[..length]),
            _ => return None,
        }
    }
    Some((head, String::from_utf8_lossy(&bytes[end..]).into_owned()))
}

/// Sends a request without TLS and returns the status of the answer; 0: no answer.
fn send(port: u16, method: &str, path: &str, body: &str, copy: bool) -> u16 {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return 0 };
    let copied = if copy { "x-netflix-discovery-replication: true\r\n" } else { "" };
    let length = body.len();
    let _ = write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{copied}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer.split_whitespace().nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}
