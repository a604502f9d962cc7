//! When a component counts as ready, and as alive: `components.<c>.launcher.readiness` and `liveness`, the manifest's keys of the same
//! names and its `messages.ready`, and what is known of Zowe's own components ([`super::known`]). Pure.

use super::{Component, known, split_words};
use crate::config::settings::STOP_COMMAND;
use crate::config::{Configuration, Location, Problem, lookup, overlay, show_value};
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::time::Duration;

/// What is asked, how often, and how many failures count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    pub kind: ProbeKind,
    /// Between two questions; default 5 s, at least 1 s.
    pub interval: Duration,
    /// For one question; default 5 s, at least 1 s.
    pub timeout: Duration,
    /// Texts of its output that come before it serves: it is ready if it still runs after this time. Only Zowe's own components have any.
    pub settling: Vec<(String, Duration)>,
    /// Failures one after the other that make a ready component not ready, or a live one dead; default 3, at least 1.
    pub failure_threshold: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
/// The ways in which a component is asked whether it is ready or alive.
pub enum ProbeKind {
    /// A line of the component's output, or of a file, says one of these texts ([`crate::output::AwaitedText`]); `*` in one stands for
    /// anything.
    Log { texts: Vec<String>, file: Option<PathBuf> },
    /// A connection is accepted.
    Tcp { host: String, port: u16 },
    /// A GET is answered with this status, or with any from 200 to 399.
    Http { secure: bool, host: String, port: u16, path: String, status: Option<u16> },
    /// A command of the component ends with 0.
    Command { file: String, arguments: Vec<String> },
}

/// Whether a probe is for readiness or for liveness: the key of both the configuration and the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    Readiness,
    Liveness,
}

impl Question {
    /// Its key below `components.<c>.launcher`.
    pub fn key(self) -> &'static str {
        match self {
            Question::Readiness => "readiness",
            Question::Liveness => "liveness",
        }
    }
}

/// The probe of a component; None: running counts as ready, and nothing asks whether it is alive.
///
/// # Errors
/// What is wrong with the setting, with its place: it is not used then.
pub fn probe(configuration: &Configuration, component: &Component, question: Question) -> Result<Option<Probe>, Vec<Problem>> {
    let path = ["components", component.name.as_str(), "launcher", question.key()];
    if let Some(value) = configuration.get(&path).filter(|value| !value.is_null()) {
        let place = |below: &[&str]| configuration.place(&path.iter().chain(below).copied().collect::<Vec<_>>());
        return Reader { configuration, component, question, shown: path.join("."), place: &place, problems: Vec::new() }.read(value);
    }
    let of_manifest = match question {
        Question::Readiness => &component.manifest.readiness,
        Question::Liveness => &component.manifest.liveness,
    };
    if !of_manifest.is_null() {
        let place = |below: &[&str]| component.place(&[question.key()].iter().chain(below).copied().collect::<Vec<_>>());
        return Reader { configuration, component, question, shown: question.key().to_owned(), place: &place, problems: Vec::new() }
            .read(of_manifest);
    }
    if question == Question::Liveness {
        return Ok(None);
    }
    let (texts, settling) = match component.manifest.ready_messages.clone() {
        texts if texts.is_empty() => known::texts(component),
        texts => (texts, Vec::new()),
    };
    Ok((!texts.is_empty()).then(|| Probe { kind: ProbeKind::Log { texts, file: None }, settling, ..Probe::default() }))
}

impl Default for Probe {
    fn default() -> Self {
        Probe {
            kind: ProbeKind::Log { texts: Vec::new(), file: None },
            settling: Vec::new(),
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(5),
            failure_threshold: 3,
        }
    }
}

/// What cannot be used of the probes of a component, as warnings.
pub(super) fn problems(configuration: &Configuration, component: &Component) -> Vec<Problem> {
    let of = |question| probe(configuration, component, question).err().unwrap_or_default();
    [Question::Readiness, Question::Liveness].into_iter().flat_map(of).collect()
}

/// Commands that would ask or end the component and cannot be run, as errors: of readiness, of liveness, of its stop. A start reports them
/// and goes on, because the component itself may work.
pub(super) fn unrunnable(configuration: &Configuration, component: &Component) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut add = |path: &[&str], place: Location, error: &super::ComponentError| {
        found.push(Problem::error(Some(place), format!("{}: {error}", path.join("."))).about(path));
    };
    for question in [Question::Readiness, Question::Liveness] {
        let Ok(Some(Probe { kind: ProbeKind::Command { file, .. }, .. })) = probe(configuration, component, question) else { continue };
        let Err(error) = component.script("its command", &file) else { continue };
        let path = ["components", component.name.as_str(), "launcher", question.key(), "command"];
        match configuration.get(&path) {
            Some(_) => add(&path, configuration.place(&path), &error),
            None => add(&path[3..], component.place(&path[3..]), &error),
        }
    }
    let settings = configuration.component_settings(&component.name);
    if let Some(Err(error)) = settings.stop_command.as_ref().map(|text| component.configured_command("its command", text)) {
        if let Some((path, _)) = configuration.setting_in_force(&STOP_COMMAND, &component.name) {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            add(&path, configuration.place(&path), &error);
        }
    }
    found
}

const KINDS: [&str; 5] = ["log", "tcp", "http", "https", "command"];
const OTHERS: [&str; 3] = ["interval", "timeout", "failureThreshold"];

struct Reader<'a> {
    configuration: &'a Configuration,
    component: &'a Component,
    question: Question,
    /// Path of the setting, for texts.
    shown: String,
    place: &'a dyn Fn(&[&str]) -> Location,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn read(mut self, value: &Value) -> Result<Option<Probe>, Vec<Problem>> {
        let probe = match value {
            // `readiness: none` takes back what the manifest says.
            Value::Bool(false) => None,
            Value::String(text) if text == "none" => None,
            Value::String(_) => self.log(value).map(|kind| Probe { kind, ..Probe::default() }),
            Value::Object(map) => self.mapping(map),
            _ => {
                self.odd(&[], value, "a text to wait for, or a mapping with one of log, tcp, http, https, command");
                None
            }
        };
        match probe.as_ref().map(|probe| &probe.kind) {
            Some(ProbeKind::Log { .. }) if self.question == Question::Liveness => {
                self.odd(&[], value, "tcp, http, https or command, as a line that was written says nothing of later,");
            }
            Some(ProbeKind::Http { .. }) if !crate::net::is_built() => {
                self.odd(&[], value, "another kind, as this program was built without HTTP (cargo feature http),");
            }
            _ => {}
        }
        if self.problems.is_empty() { Ok(probe) } else { Err(self.problems) }
    }

    fn odd(&mut self, below: &[&str], value: &Value, expected: &str) {
        let path: Vec<&str> = self.shown.split('.').chain(below.iter().copied()).collect();
        let text = format!("{}: {} is ignored; {expected} is expected", path.join("."), show_value(&path, value));
        self.problems.push(Problem::warning(Some((self.place)(below)), text).about(&path));
    }

    fn mapping(&mut self, map: &Map<String, Value>) -> Option<Probe> {
        for (key, value) in map.iter().filter(|(key, _)| !KINDS.contains(&key.as_str()) && !OTHERS.contains(&key.as_str())) {
            let known: Vec<String> = KINDS.iter().chain(&OTHERS).map(|key| (*key).to_owned()).collect();
            let hint = overlay::nearest(key, &known).map_or_else(|| known.join(", "), |nearest| format!("perhaps {nearest}"));
            self.odd(&[key], value, &hint);
        }
        let kinds: Vec<(&String, &Value)> = map.iter().filter(|(key, _)| KINDS.contains(&key.as_str())).collect();
        let [(key, value)] = kinds.as_slice() else {
            self.odd(&[], &Value::Object(map.clone()), "exactly one of log, tcp, http, https, command");
            return None;
        };
        let kind = match key.as_str() {
            "log" => self.log(value),
            "tcp" => self.tcp(value),
            "command" => self.command(value),
            secure => self.http(value, secure == "https"),
        };
        let default = Probe::default();
        Some(Probe {
            interval: self.seconds(map, "interval").unwrap_or(default.interval),
            timeout: self.seconds(map, "timeout").unwrap_or(default.timeout),
            failure_threshold: self.whole(map, "failureThreshold").unwrap_or(default.failure_threshold),
            kind: kind?,
            ..default
        })
    }

    fn whole(&mut self, map: &Map<String, Value>, key: &str) -> Option<u32> {
        let value = map.get(key).filter(|value| !value.is_null())?;
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok()).and_then(|number| u32::try_from(number).ok());
        if number.is_none_or(|number| number == 0 || number > i32::MAX as u32) {
            self.odd(&[key], value, "a whole number from 1 on");
        }
        number
    }

    fn seconds(&mut self, map: &Map<String, Value>, key: &str) -> Option<Duration> {
        self.whole(map, key).map(|seconds| Duration::from_secs(seconds.into()))
    }

    fn log(&mut self, value: &Value) -> Option<ProbeKind> {
        const EXPECTED: &str = "a text, a list of texts, or a mapping of message and file";
        let (texts, file) = match value {
            Value::Object(map) => (map.get("message").unwrap_or(&Value::Null), map.get("file").filter(|file| !file.is_null())),
            value => (value, None),
        };
        let texts: Option<Vec<String>> = match texts {
            Value::String(text) => Some(vec![text.clone()]),
            Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        let Some(texts) = texts.filter(|texts| !texts.is_empty() && texts.iter().all(|text| !text.trim_matches('*').is_empty())) else {
            self.odd(&["log"], value, EXPECTED);
            return None;
        };
        let file = match file {
            None => None,
            // Relative to the component's directory, as its commands are.
            Some(Value::String(file)) if !file.is_empty() => Some(self.component.directory.join(file)),
            Some(other) => {
                self.odd(&["log", "file"], other, "the path of a file");
                return None;
            }
        };
        Some(ProbeKind::Log { texts, file })
    }

    fn tcp(&mut self, value: &Value) -> Option<ProbeKind> {
        let (host, port) = self.host_and_port("tcp", value, false)?;
        Some(ProbeKind::Tcp { host, port })
    }

    fn http(&mut self, value: &Value, secure: bool) -> Option<ProbeKind> {
        let key = if secure { "https" } else { "http" };
        let (host, port) = self.host_and_port(key, value, secure)?;
        let path = match value {
            Value::String(path) => path.clone(),
            _ => value.get("path").and_then(Value::as_str).unwrap_or("/").to_owned(),
        };
        if !path.starts_with('/') || path.chars().any(|character| character.is_whitespace() || character.is_control()) {
            self.odd(&[key, "path"], &Value::String(path), "a path that begins with / and holds no blank");
            return None;
        }
        let status = match value.get("status").filter(|status| !status.is_null()) {
            None => None,
            Some(status) => match status.as_u64().filter(|status| (100..600).contains(status)) {
                Some(status) => u16::try_from(status).ok(),
                None => {
                    self.odd(&[key, "status"], status, "a status from 100 to 599");
                    return None;
                }
            },
        };
        Some(ProbeKind::Http { secure, host, port, path, status })
    }

    /// `true`, or nothing beside the key: the component's own port. A number: that port. A mapping: `port` and `host`.
    fn host_and_port(&mut self, key: &str, value: &Value, secure: bool) -> Option<(String, u16)> {
        let port = match value {
            Value::Null | Value::Bool(true) | Value::String(_) => None,
            Value::Object(map) => map.get("port").filter(|port| !port.is_null()),
            other => Some(other),
        };
        let own = ["components", self.component.name.as_str(), "port"];
        let of_manifest = lookup(&self.component.manifest.configs, &["port"]);
        let Some(port) = port.or_else(|| self.configuration.get(&own)).or(of_manifest) else {
            self.odd(&[key], value, "a port, as the component has none of its own,");
            return None;
        };
        let number =
            port.as_u64().or_else(|| port.as_str()?.parse().ok()).and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
        let Some(number) = number else {
            self.odd(&[key], port, "a port from 1 to 65535");
            return None;
        };
        let host = match value.get("host").filter(|host| !host.is_null()) {
            None => self.own_host(secure),
            Some(Value::String(host)) if !host.is_empty() && !host.contains(['/', ' ', '@']) => host.clone(),
            Some(other) => {
                self.odd(&[key, "host"], other, "a host name or an address");
                return None;
            }
        };
        Some((host, number))
    }

    /// Where the component listens; with a certificate to check it is the name that the certificate is made for.
    fn own_host(&self, secure: bool) -> String {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        if secure {
            let of_overlay = self.configuration.overlay().and_then(|overlay| overlay.get("hostname"));
            let external = self.configuration.get(&["zowe", "externalDomains"]).and_then(|domains| domains.get(0));
            if let Some(host) = text(of_overlay).or_else(|| text(external)) {
                return host;
            }
        }
        let addresses = super::ports::addresses(self.configuration, &self.component.name);
        let own = addresses.into_iter().find(|address| !matches!(address.as_str(), "0.0.0.0" | "::"));
        own.unwrap_or_else(|| "localhost".to_owned())
    }

    fn command(&mut self, value: &Value) -> Option<ProbeKind> {
        let mut words = split_words(value.as_str().unwrap_or_default()).into_iter();
        match words.next() {
            Some(file) if !value.as_str().unwrap_or_default().contains('\0') => {
                Some(ProbeKind::Command { file, arguments: words.collect() })
            }
            _ => {
                self.odd(&["command"], value, "a file of the component and its arguments");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::Manifest;
    use serde_json::json;

    fn component(manifest: Manifest) -> Component {
        Component {
            name: manifest.name.clone(),
            directory: "/zowe/components/c".into(),
            manifest_file: "/zowe/components/c/manifest.yaml".into(),
            manifest: manifest.into(),
            warnings: Vec::new(),
        }
    }

    fn read(launcher: &str) -> Result<Option<Probe>, Vec<String>> {
        let text = format!(
            "zowe: {{externalDomains: [zowe.example.com]}}\ncomponents:\n  c:\n    port: 7000\n    zowe: {{network: {{server: {{listenAddresses: [10.0.0.1]}}}}}}\n    launcher: {{readiness: {launcher}}}\n"
        );
        let configuration = crate::config::testing::load(&text);
        let result = probe(&configuration, &component(Manifest { name: "c".into(), ..Manifest::default() }), Question::Readiness);
        result.map_err(|problems| problems.iter().map(Problem::to_string).collect())
    }

    fn kind(launcher: &str) -> ProbeKind {
        read(launcher).unwrap().unwrap().kind
    }

    #[test]
    fn every_kind_is_read_in_its_short_and_long_form() {
        let log = |texts: &[&str], file: Option<&str>| ProbeKind::Log {
            texts: texts.iter().map(|text| (*text).to_owned()).collect(),
            file: file.map(PathBuf::from),
        };
        assert_eq!(kind("up and running"), log(&["up and running"], None));
        assert_eq!(kind("{log: [a, b*c]}"), log(&["a", "b*c"], None));
        assert_eq!(kind("{log: {message: a, file: logs/x}}"), log(&["a"], Some("/zowe/components/c/logs/x")));
        let tcp = |host: &str, port| ProbeKind::Tcp { host: host.into(), port };
        assert_eq!(kind("{tcp: 1}"), tcp("10.0.0.1", 1));
        assert_eq!(kind("{tcp: }"), tcp("10.0.0.1", 7000));
        assert_eq!(kind("{tcp: {host: h}}"), tcp("h", 7000));
        let http =
            |secure, host: &str, port, path: &str, status| ProbeKind::Http { secure, host: host.into(), port, path: path.into(), status };
        assert_eq!(kind("{http: /ready}"), http(false, "10.0.0.1", 7000, "/ready", None));
        assert_eq!(kind("{https: {port: 2, path: /a, status: 204}}"), http(true, "zowe.example.com", 2, "/a", Some(204)));
        assert_eq!(
            kind("{command: bin/ready.sh 'a b'}"),
            ProbeKind::Command { file: "bin/ready.sh".into(), arguments: vec!["a b".into()] }
        );
        let probe = read("{tcp: 1, interval: 2, timeout: 3, failureThreshold: 4}").unwrap().unwrap();
        assert_eq!((probe.interval.as_secs(), probe.timeout.as_secs(), probe.failure_threshold), (2, 3, 4));
        assert_eq!(read("none"), Ok(None));
        assert_eq!(read("false"), Ok(None));
    }

    #[test]
    fn what_cannot_be_used_is_said_with_its_place() {
        for (text, expected) in [
            ("7", "launcher.readiness: 7 is ignored; a text to wait for"),
            ("{tcp: 1, http: 2}", "exactly one of"),
            ("{interval: 3}", "exactly one of"),
            ("{tpc: 1, tcp: 1}", "launcher.readiness.tpc: 1 is ignored; perhaps tcp"),
            ("{tcp: 70000}", "a port from 1 to 65535"),
            ("{tcp: 1, interval: 0}", "a whole number from 1 on"),
            ("{log: '*'}", "a text, a list of texts"),
            ("{log: {file: x}}", "a text, a list of texts"),
            ("{log: {message: x, file: 3}}", "the path of a file"),
            ("{http: {path: x}}", "begins with /"),
            ("{http: {status: 20}}", "a status"),
            ("{https: {host: 'a/b'}}", "a host name"),
            ("{command: ' '}", "a file of the component"),
        ] {
            let problems = read(text).unwrap_err();
            assert!(problems.iter().any(|problem| problem.contains(expected) && problem.contains(":6:")), "{text}: {problems:?}");
        }
    }

    #[test]
    fn the_configuration_goes_before_the_manifest_and_that_before_what_is_known() {
        let empty = crate::config::testing::load("components: {}\n");
        let of = |manifest: Manifest| probe(&empty, &component(manifest), Question::Readiness).unwrap().map(|probe| probe.kind);
        let named = |name: &str| Manifest { name: name.into(), ..Manifest::default() };
        let log = |text: &str| Some(ProbeKind::Log { texts: vec![text.into()], file: None });
        assert_eq!(of(named("c")), None);
        assert_eq!(of(named("app-server")), log("ZWED0031I"));
        assert_eq!(of(Manifest { ready_messages: vec!["own".into()], ..named("gateway") }), log("own"));
        let both = Manifest { readiness: json!("mine"), ready_messages: vec!["own".into()], ..named("gateway") };
        assert_eq!(of(both), log("mine"));
        let over = crate::config::testing::load("components: {gateway: {launcher: {readiness: none}}}\n");
        assert_eq!(probe(&over, &component(named("gateway")), Question::Readiness).unwrap(), None);
        assert_eq!(probe(&empty, &component(named("gateway")), Question::Liveness).unwrap(), None);
        let log = crate::config::testing::load("components: {c: {launcher: {liveness: still there}}}\n");
        let problems = probe(&log, &component(named("c")), Question::Liveness).unwrap_err();
        assert!(problems[0].to_string().contains("says nothing of later"), "{problems:?}");
    }
}
