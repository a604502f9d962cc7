//! The throw-away instance: a system directory of its own with the sample's runtime, a copy of the component, and a zowe.yaml with two HA
//! instances on one workspace.

use super::tree::{self, Snapshot};
use super::{TrialError, TrialRequest};
use crate::component::{Component, Listener, Phase, all_listeners};
use crate::config::{Configuration, HaInstance, LoadRequest, Source, parse_sources, read_mapping};
use crate::demo::layout::{DEFAULT_PORT_BASE, LayoutOptions, SYSNAME, lay_out};
use crate::ha::operator::Operator;
use crate::journal::{Edge, Event, Follower, Line};
use crate::lifecycle::SHELL_VARIABLE;
use crate::mvs;
use crate::mvs::console::one_shot;
use crate::platform::NativePlatform;
use crate::platform::files::{may_be_file, write_atomically};
use crate::system::SystemDirectory;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Map, Value, json};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const MANIFESTS: [&str; 3] = ["manifest.yaml", "manifest.yml", "manifest.json"];

/// The HA instances and their jobs.
pub(super) const INSTANCES: [(&str, &str); 2] = [("one", "ZWETST1"), ("two", "ZWETST2")];

/// The component of the sample's runtime that runs beside one with nothing to start. It has no port.
const COMPANION: &str = "greeter";

/// Between two looks at a journal. It is a file that another process writes.
const PAUSE: Duration = Duration::from_millis(20);

/// How long a stop may take: the grace time, and what the launcher itself needs.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// What a component finds around it.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    /// None: what the launcher takes by itself.
    pub shell: Option<PathBuf>,
    /// Names of the directories for the workspace and for logs.
    pub directories: [&'static str; 2],
    /// A variable of zowe.environments.
    pub variable: &'static str,
}

impl Default for Surroundings {
    fn default() -> Self {
        Surroundings { shell: None, directories: ["workspace", "logs"], variable: "test" }
    }
}

/// Why something that was waited for has not come.
#[derive(Debug)]
pub(super) enum Unmet {
    Late(Duration),
    /// The launcher has ended.
    Ended,
    Journal(std::io::Error),
    Interrupted,
}

/// See the module.
pub(super) struct Bench {
    pub(super) home: PathBuf,
    system: SystemDirectory,
    component: Component,
    /// The sources of CONFIG, ours first.
    config: String,
    /// What listens, and its port in each HA instance.
    ports: Vec<(Vec<String>, [u16; 2])>,
    others: Vec<String>,
    program: PathBuf,
    pub limit: Duration,
    surroundings: Surroundings,
    keep: bool,
    interrupted: Arc<AtomicBool>,
}

/// A started HA instance.
pub(super) struct Started {
    pub id: &'static str,
    pub job: &'static str,
    follower: Follower,
    /// What has happened since its start.
    pub events: Vec<Event>,
}

impl Bench {
    pub(super) fn new(request: &TrialRequest<'_>) -> Result<Bench, TrialError> {
        let io = |path: &Path| {
            let path = path.to_path_buf();
            move |why| TrialError::Io { path, why }
        };
        let origin = request.directory.canonicalize().map_err(io(request.directory))?;
        let manifest = MANIFESTS.iter().map(|name| origin.join(name)).find(|file| may_be_file(file));
        let manifest = manifest.ok_or_else(|| TrialError::NoManifest(request.directory.to_path_buf()))?;
        let home = make_home()?;
        let made = Bench::make(request, &origin, &manifest, &home);
        if made.is_err() {
            // What keeps it from being removed is less than why it was not made.
            let _ = std::fs::remove_dir_all(&home);
        }
        made
    }

    fn make(request: &TrialRequest<'_>, origin: &Path, manifest: &Path, home: &Path) -> Result<Bench, TrialError> {
        let instance = |why: &dyn std::fmt::Display| TrialError::Instance(why.to_string());
        let shown = |problems: Vec<crate::config::Problem>| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let document = read_mapping(manifest).map_err(|problems| TrialError::Manifest(shown(problems)))?;
        let name = match document.root.to_value().get("name") {
            Some(Value::String(name)) if crate::component::is_component_name(name) => name.clone(),
            _ => return Err(TrialError::Manifest(format!("{}: it names no component (name)", manifest.display()))),
        };
        let member = |config: &str| mvs::jcl_member(Some(config)).map_err(std::io::Error::other);
        let options = LayoutOptions { program: request.program, port_base: DEFAULT_PORT_BASE, member: &member, sysplex: false };
        lay_out(home, &options).map_err(|error| instance(&error))?;
        tree::copy(origin, &home.join("extensions").join(&name))?;
        let own = home.join("zowe.yaml");
        let mut config = format!("FILE({})", own.display());
        let mut others = Vec::new();
        if let Some(theirs) = request.config {
            let theirs = std::path::absolute(theirs).map_err(|error| instance(&error))?;
            let document = read_mapping(&theirs).map_err(|problems| TrialError::Manifest(shown(problems)))?;
            let components = document.root.to_value().get("components").and_then(Value::as_object).cloned().unwrap_or_default();
            others = components.keys().filter(|other| **other != name && *other != "launcher").cloned().collect();
            config += &format!(":FILE({})", theirs.display());
        }
        let component = Component::locate(&name, &home.join("runtime"), Some(&home.join("extensions")));
        let component = component.map_err(|error| TrialError::Manifest(error.to_string()))?;
        let system = SystemDirectory::open(Some(home)).map_err(|error| instance(&error))?;
        let mut bench = Bench {
            home: home.to_path_buf(),
            system,
            component,
            config,
            ports: Vec::new(),
            others,
            program: request.program.to_path_buf(),
            limit: request.limit,
            surroundings: Surroundings::default(),
            keep: request.keep,
            interrupted: Arc::clone(&request.interrupted),
        };
        bench.write()?;
        let listeners: Vec<Listener> = match bench.load() {
            Ok(configuration) => all_listeners(&configuration, std::slice::from_ref(&bench.component)),
            // The check says why it does not load.
            Err(_) => Vec::new(),
        };
        let of_component = listeners.into_iter().filter(|listener| listener.component == name);
        bench.ports = of_component.map(|listener| free_ports().map(|ports| (listener.path, ports))).collect::<Result<_, _>>()?;
        bench.write()?;
        Ok(bench)
    }

    pub(super) fn name(&self) -> &str {
        &self.component.name
    }

    pub(super) fn version(&self) -> Option<&str> {
        self.component.manifest.version.as_deref()
    }

    pub(super) fn component(&self) -> &Component {
        &self.component
    }

    pub(super) fn workspace(&self) -> PathBuf {
        self.home.join(self.surroundings.directories[0])
    }

    /// The component's own port in an HA instance.
    pub(super) fn port(&self, id: &str) -> Option<u16> {
        self.all_ports(id).first().copied()
    }

    /// All its ports there.
    pub(super) fn all_ports(&self, id: &str) -> Vec<u16> {
        let index = INSTANCES.iter().position(|(known, _)| *known == id).unwrap_or_default();
        self.ports.iter().map(|(_, ports)| ports[index]).collect()
    }

    pub(super) fn sources(&self) -> Result<Vec<Source>, TrialError> {
        parse_sources(&self.config).map_err(|error| TrialError::Instance(error.to_string()))
    }

    fn load(&self) -> Result<Configuration, TrialError> {
        let (sources, none, platform) = (self.sources()?, HaInstance::none(), NativePlatform::for_command());
        let loaded = Configuration::load(&LoadRequest { sources: &sources, ha_instance: &none, platform: &platform });
        loaded.map_err(|error| TrialError::Instance(error.messages().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))
    }

    /// The same instance in other surroundings; nothing of it may run.
    pub(super) fn surround(&mut self, surroundings: Surroundings) -> Result<(), TrialError> {
        self.surroundings = surroundings;
        self.write()
    }

    /// Writes zowe.yaml and the PROC.
    fn write(&self) -> Result<(), TrialError> {
        let path = self.home.join("zowe.yaml");
        let text = format!("{:#}\n", self.configuration());
        write_atomically(&path, text.as_bytes(), 0o600).map_err(|why| TrialError::Io { path, why })?;
        let member = mvs::jcl_member(Some(&self.config)).map_err(|error| TrialError::Instance(error.to_string()))?;
        let shell = self.surroundings.shell.as_ref().map(|shell| format!("{SHELL_VARIABLE}={}\n", shell.display()));
        let lines = member.lines().map(|line| {
            let is_begin = line.starts_with("//STDENV ");
            format!("{line}\n{}", shell.as_deref().filter(|_| is_begin).unwrap_or_default())
        });
        let path = self.home.join("PROCLIB/ZWESLSTC");
        write_atomically(&path, lines.collect::<String>().as_bytes(), 0o600).map_err(|why| TrialError::Io { path, why })
    }

    /// zowe.yaml. JSON is YAML, and every name can stand in it.
    fn configuration(&self) -> Value {
        let name = self.name();
        let below = |directory: &str| self.home.join(directory).display().to_string();
        let [workspace, logs] = self.surroundings.directories;
        let mut components: Map<String, Value> = self.others.iter().map(|other| (other.clone(), json!({ "enabled": false }))).collect();
        if !matches!(self.component.command(Phase::Start), Ok(Some(_))) {
            // A launcher with nothing to start would end.
            components.insert(COMPANION.into(), json!({ "enabled": true }));
        }
        components.insert("launcher".into(), json!({ "onDependencyProblem": "ignore", "onAllFailed": "stay", "journal": true }));
        components.insert(name.into(), json!({ "enabled": true, "launcher": { "restartIntervals": [1, 1, 1, 1, 1, 1] } }));
        let instance = |index: usize| {
            let mut overlay = json!({ "hostname": "localhost", "sysname": SYSNAME, "zowe": { "job": { "name": INSTANCES[index].1 } } });
            for (path, ports) in &self.ports {
                put(&mut overlay, path, ports[index].into());
            }
            overlay
        };
        json!({
            "zowe": {
                "runtimeDirectory": below("runtime"),
                "workspaceDirectory": below(workspace),
                "logDirectory": below(logs),
                "extensionDirectory": below("extensions"),
                "externalDomains": ["localhost"],
                "configmgr": { "validation": "COMPONENT-COMPAT" },
                "launchScript": { "startupChecks": { "default": "warn" }, "onComponentConfigureFail": "exit" },
                "environments": {
                    "ZWELNCH_PROGRAM": self.program.display().to_string(),
                    "ZWELNCH_TEST": self.home.display().to_string(),
                    "ZWELNCH_TEST_VALUE": self.surroundings.variable,
                },
            },
            "components": components,
            "haInstances": { INSTANCES[0].0: instance(0), INSTANCES[1].0: instance(1) },
        })
    }

    /// The runtime directory and the component, as they are now.
    pub(super) fn snapshot(&self) -> Result<[(PathBuf, Snapshot); 2], TrialError> {
        let of = |root: PathBuf| Snapshot::take(&root).map(|snapshot| (root, snapshot));
        Ok([of(self.home.join("runtime"))?, of(self.component.directory.clone())?])
    }

    /// Issues an operator command; its answer, and whether it was accepted.
    pub(super) fn issue(&self, command: &str) -> (Vec<String>, bool) {
        let (lines, code) = one_shot(&self.system, None, command);
        (lines, code == 0)
    }

    /// Starts an HA instance.
    pub(super) fn start(&self, index: usize) -> Result<Started, String> {
        let (id, job) = INSTANCES[index];
        let journal = self.home.join(self.surroundings.directories[1]).join(format!("zwelnch-{id}.journal"));
        let follower = Follower::at_end(&journal).map_err(|error| error.to_string())?;
        let (lines, accepted) = self.issue(&format!("S ZWESLSTC,HAINST={id},JOBNAME={job}"));
        if !accepted {
            return Err(lines.join("\n"));
        }
        Ok(Started { id, job, follower, events: Vec::new() })
    }

    /// Waits until what has happened answers a question; `limit` counts from now.
    pub(super) fn wait<T>(&self, started: &mut Started, limit: Duration, answer: impl Fn(&[Event]) -> Option<T>) -> Result<T, Unmet> {
        let begun = Instant::now();
        loop {
            // Asked before the journal is read: what it has written by then is read.
            let lives = self.lives(started.job);
            let events = &mut started.events;
            let mut take = |line: Line| {
                events.extend(line.ok().map(|record| record.event));
                Ok(())
            };
            started.follower.news(&mut take).map_err(Unmet::Journal)?;
            if let Some(answer) = answer(&started.events) {
                return Ok(answer);
            }
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(Unmet::Interrupted);
            }
            if !lives {
                return Err(Unmet::Ended);
            }
            if begun.elapsed() > limit {
                return Err(Unmet::Late(limit));
            }
            std::thread::sleep(PAUSE);
        }
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    pub(super) fn lives(&self, job: &str) -> bool {
        self.system.jobs().iter().any(|record| record.job_name == job && record.is_alive())
    }

    /// What DISP shows of the component: its state, and whether it is ready.
    pub(super) fn state(&self, job: &str) -> Option<(String, bool)> {
        let launcher = crate::ha::status::launcher_of(None, job, &self.system as &dyn Operator, Duration::from_secs(10));
        let crate::ha::status::Launcher::Active(components) = launcher else { return None };
        let found = components.into_iter().find(|component| component.name == self.name());
        found.map(|component| (component.state, component.ready))
    }

    /// Stops an HA instance and waits for its end: the condition code and the time it took.
    pub(super) fn stop(&self, started: &mut Started) -> Result<(Option<i32>, Duration), Unmet> {
        let begun = Instant::now();
        self.issue(&format!("P {}", started.job));
        let code = self.wait(started, STOP_LIMIT, |events| {
            events.iter().find_map(|event| match event {
                Event::Run { edge: Edge::Ended, code, .. } => Some(*code),
                _ => None,
            })
        });
        let took = begun.elapsed();
        // The job itself ends a moment after its last event.
        while self.lives(started.job) && begun.elapsed() < STOP_LIMIT {
            std::thread::sleep(PAUSE);
        }
        Ok((code?, took))
    }

    /// Ends what still runs and removes the instance; where it is, if it is kept.
    pub(super) fn close(self) -> Option<PathBuf> {
        for (_, job) in INSTANCES {
            if self.lives(job) {
                self.issue(&format!("P {job}"));
                let begun = Instant::now();
                while self.lives(job) && begun.elapsed() < STOP_LIMIT {
                    std::thread::sleep(PAUSE);
                }
            }
        }
        for (pid, _) in self.processes() {
            // It may have ended meanwhile.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        if self.keep {
            return Some(self.home);
        }
        // What cannot be removed is where it was.
        std::fs::remove_dir_all(&self.home).err().map(|_| self.home)
    }
}

/// Sets a property below a mapping.
fn put(value: &mut Value, path: &[String], new: Value) {
    let Some((key, rest)) = path.split_first() else {
        *value = new;
        return;
    };
    if !value.is_object() {
        *value = json!({});
    }
    if let Value::Object(map) = value {
        put(map.entry(key.clone()).or_insert(Value::Null), rest, new);
    }
}

/// Two ports that are free now.
fn free_ports() -> Result<[u16; 2], TrialError> {
    let failed = |error: std::io::Error| TrialError::Instance(format!("no port is free - {error}"));
    let bind = || std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(failed);
    let (first, second) = (bind()?, bind()?);
    Ok([first.local_addr().map_err(failed)?.port(), second.local_addr().map_err(failed)?.port()])
}

/// A new directory that only this user may enter.
fn make_home() -> Result<PathBuf, TrialError> {
    let place = std::env::temp_dir();
    let place = place.canonicalize().map_err(|why| TrialError::Io { path: place.clone(), why })?;
    let mut number = 0;
    loop {
        let path = place.join(format!("zwelnch-test-{}-{number}", std::process::id()));
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && number < 1000 => number += 1,
            Err(why) => return Err(TrialError::Io { path, why }),
        }
    }
}
