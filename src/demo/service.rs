//! The services that the components of the sample run: `zwelnch demo service KIND`. They are part of the binary, so they run wherever it
//! does. Each ends by the default action of SIGTERM. Their output is for SYSPRINT: a time stamp, an id, a text.

mod client;
mod discovery;
mod gateway;
mod http;
mod message;
mod registry;
#[cfg(test)]
mod tests;

pub use registry::Shape;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Exit code of `ServiceKind::Flaky` when it does not end by a signal.
pub const FLAKY_EXIT_CODE: i32 = 3;

const FAILED: i32 = 8;

const LOCALHOST: &str = "127.0.0.1";

/// What a service does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceKind {
    /// Answers GET / and GET /application/health on 127.0.0.1 with JSON.
    Http,
    /// Calls a URL again and again and says when the answer changes.
    Pinger,
    /// Works for a while and crashes, alternately with exit code 3 and by a signal.
    Flaky,
    /// Writes a text again and again.
    Echo,
    /// A Discovery Service: Eureka's protocol over plain HTTP.
    Discovery,
    /// Forwards to the services that a Discovery Service knows.
    Gateway,
}

/// The options of all services; each uses its own.
#[derive(Debug, Clone)]
pub struct ServiceOptions {
    /// Its name in its lines and answers.
    pub name: String,
    /// Http: the port to listen on; 0 means any. Pinger: the port of 127.0.0.1 to call if there is no `url`.
    pub port: u16,
    /// Pinger: `http://host[:port][/path]`.
    pub url: Option<String>,
    /// Pinger and Echo: time between two calls or lines.
    pub every: Duration,
    /// Flaky: time from start to crash.
    pub after: Duration,
    /// Flaky: file that remembers how it crashed last; without one the process id decides.
    pub state: Option<PathBuf>,
    /// Echo: the text.
    pub text: String,
    /// Http, Discovery and Gateway: the host name under which they are reached; they listen at its address.
    pub host: String,
    /// Http and Gateway: Discovery Services to register with, each a URL or several separated by commas; without any, Http does not
    /// register.
    pub register: Vec<String>,
    /// Discovery: the other Discovery Services, in the same form; its own URL among them is ignored.
    pub peers: Vec<String>,
    /// Http, Discovery and Gateway: time between two renewals of the registration; its lease is three times as long.
    pub renew: Duration,
    /// Discovery: how a list with one element is written in JSON.
    pub shape: Shape,
    /// Discovery: neither send nor accept copies, for rehearsing a registry that never agrees.
    pub deaf: bool,
    /// Gateway: the version that it reports.
    pub version: Option<String>,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        ServiceOptions {
            name: "demo".to_string(),
            port: 0,
            url: None,
            every: Duration::from_secs(5),
            after: Duration::from_secs(30),
            state: None,
            text: String::new(),
            host: LOCALHOST.to_string(),
            register: Vec::new(),
            peers: Vec::new(),
            renew: Duration::from_secs(30),
            shape: Shape::List,
            deaf: false,
            version: None,
        }
    }
}

/// Runs a service on standard output until it ends; usually a signal ends the process first. Returns its exit code: 8 when it cannot work
/// or when nobody reads its output any more.
pub fn run(kind: ServiceKind, options: &ServiceOptions) -> i32 {
    let mut lines = Lines::new(io::stdout());
    let result = match kind {
        ServiceKind::Http => run_http(options, &mut lines),
        ServiceKind::Pinger => run_pinger(options, &mut lines),
        ServiceKind::Flaky => run_flaky(options, &mut lines),
        ServiceKind::Echo => run_echo(options, &mut lines),
        ServiceKind::Discovery => serve(options, discovery::run),
        ServiceKind::Gateway => serve(options, gateway::run),
    };
    result.unwrap_or(FAILED)
}

fn serve(options: &ServiceOptions, run: fn(&ServiceOptions, &Reporter) -> io::Result<()>) -> io::Result<i32> {
    let report = Reporter;
    Ok(match run(options, &report) {
        Ok(()) => 0,
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            report.line(&format!("DEMO0059E {} {error}", options.name));
            FAILED
        }
        Err(error) => {
            report.line(&format!(
                "DEMO0049E {} cannot listen on {}:{} - {error}; choose another port",
                options.name, options.host, options.port
            ));
            FAILED
        }
    })
}

/// The HA instance that the service is a part of.
fn ha_instance() -> String {
    std::env::var("ZWE_haInstance_id").unwrap_or_default()
}

/// `Lines` for services with several threads. Services that others depend on do not end because nobody reads their lines.
#[derive(Debug, Clone)]
pub struct Reporter;

impl Reporter {
    /// Writes a line of the service's log.
    pub fn line(&self, text: &str) {
        let _ = Lines::new(io::stdout().lock()).line(text);
    }
}

/// Writes whole lines at once, each flushed, so that a relay sees them as they come.
struct Lines<W: Write> {
    output: W,
}

impl<W: Write> Lines<W> {
    fn new(output: W) -> Self {
        Lines { output }
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        let stamp = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S%.3f");
        self.output.write_all(format!("{stamp} {text}\n").as_bytes())?;
        self.output.flush()
    }
}

fn run_http<W: Write>(options: &ServiceOptions, lines: &mut Lines<W>) -> io::Result<i32> {
    let name = &options.name;
    let discoveries = match message::Peer::parse_lists(&options.register) {
        Ok(discoveries) => discoveries,
        Err(error) => {
            lines.line(&format!("DEMO0059E {name} {error}"))?;
            return Ok(FAILED);
        }
    };
    let signals = if discoveries.is_empty() { None } else { Some(client::hold_signals()?) };
    let listener = match message::listen(&options.host, options.port) {
        Ok(listener) => listener,
        Err(error) => {
            lines.line(&format!("DEMO0009E {name} cannot listen on {}:{} - {error}; choose another port", options.host, options.port))?;
            return Ok(FAILED);
        }
    };
    lines.line(&format!("DEMO0001I {name} listens on {}", listener.local_addr()?))?;
    // Behind a gateway requests come by the thousand: only a service that runs alone reports each of them.
    let is_alone = signals.is_none();
    if let Some(signals) = signals {
        let (host, port) = (options.host.clone(), listener.local_addr()?.port());
        let registration =
            client::Registration { service: name.clone(), host, port, ha_instance: ha_instance(), discoveries, renew: options.renew };
        client::keep(registration, signals, Reporter);
    }
    let ha_instance = ha_instance();
    for connection in listener.incoming() {
        // A connection that has gone before it was accepted is no reason to end, and no reason to spin either.
        let Ok(connection) = connection else {
            std::thread::sleep(Duration::from_millis(100));
            continue;
        };
        let line = http::answer(connection, name, &ha_instance);
        if is_alone {
            lines.line(&format!("DEMO0002I {name} {line}"))?;
        }
    }
    Ok(0)
}

fn run_pinger<W: Write>(options: &ServiceOptions, lines: &mut Lines<W>) -> io::Result<i32> {
    let name = &options.name;
    let url = options.url.clone().unwrap_or_else(|| format!("http://127.0.0.1:{}/", options.port));
    let Some(target) = http::PingTarget::parse(&url) else {
        lines.line(&format!("DEMO0019E {name} cannot call '{url}': write http://host:port/path"))?;
        return Ok(FAILED);
    };
    lines.line(&format!("DEMO0011I {name} calls {url} every {} seconds", options.every.as_secs()))?;
    let mut reachable = None;
    loop {
        let begin = Instant::now();
        let result = target.call(Duration::from_secs(2));
        lines.line(&ping_line(name, &url, &result, begin.elapsed(), &mut reachable))?;
        std::thread::sleep(options.every.max(Duration::from_millis(10)));
    }
}

/// A change of state has its own id, which the sample's sysMessages name.
fn ping_line(name: &str, url: &str, result: &io::Result<u16>, elapsed: Duration, reachable: &mut Option<bool>) -> String {
    let before = reachable.replace(result.is_ok());
    match (result, before) {
        (Ok(status), Some(false)) => format!("DEMO0013I {name} {url} answers again, status {status}"),
        (Ok(status), _) => format!("DEMO0014I {name} {url} answers, status {status} after {} ms", elapsed.as_millis()),
        (Err(error), Some(false)) => format!("DEMO0015I {name} {url} still does not answer - {error}"),
        (Err(error), _) => format!("DEMO0012W {name} {url} does not answer - {error}; {name} goes on without"),
    }
}

fn run_flaky<W: Write>(options: &ServiceOptions, lines: &mut Lines<W>) -> io::Result<i32> {
    let name = &options.name;
    let crash = next_crash(options.state.as_deref());
    lines.line(&format!("DEMO0021I {name} works and crashes after {} seconds", options.after.as_secs()))?;
    for part in 1..=2 {
        std::thread::sleep(options.after / 3);
        lines.line(&format!("DEMO0022I {name} has done {part} of 3 parts of its work"))?;
    }
    std::thread::sleep(options.after / 3);
    match crash {
        Crash::ExitCode => {
            lines.line(&format!("DEMO0028E {name} gives up with exit code {FLAKY_EXIT_CODE}"))?;
            Ok(FLAKY_EXIT_CODE)
        }
        Crash::Signal => {
            lines.line(&format!("DEMO0029E {name} crashes"))?;
            std::process::abort()
        }
    }
}

/// How it crashes next time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Crash {
    ExitCode,
    Signal,
}

/// Alternates. If the state cannot be read or written, only the alternation is lost.
fn next_crash(state: Option<&Path>) -> Crash {
    let Some(state) = state else {
        return if std::process::id() % 2 == 0 { Crash::ExitCode } else { Crash::Signal };
    };
    let (crash, text) = match std::fs::read(state).as_deref() {
        Ok(b"exit code\n") => (Crash::Signal, "signal\n"),
        _ => (Crash::ExitCode, "exit code\n"),
    };
    let _ = crate::platform::files::write_atomically(state, text.as_bytes(), 0o600);
    crash
}

fn run_echo<W: Write>(options: &ServiceOptions, lines: &mut Lines<W>) -> io::Result<i32> {
    loop {
        lines.line(&format!("DEMO0031I {} {}", options.name, options.text))?;
        std::thread::sleep(options.every.max(Duration::from_millis(10)));
    }
}
