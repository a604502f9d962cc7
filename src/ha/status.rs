//! `zwelnch ha status`: every HA instance, its launcher, its components, its gateway, and what its Discovery Service knows.

use super::ask::{self, Access, AskError};
use super::operate::routed;
use super::operator::{Operator, is_refusal};
use super::registry::{self, Lacking, Registration};
use super::target::Target;
use super::traffic::seen::{self as traffic, Balancer, Seen};
use crate::message::{FEW, several};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// What is known of a launcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Launcher {
    /// It answers DISP: its components, each with the name of its state.
    Active(Vec<ComponentState>),
    /// The system knows no such job.
    NotActive,
    /// Its system or the console cannot be asked; the text says why.
    Unknown(String),
}

/// A component as its launcher shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentState {
    pub name: String,
    /// [`crate::supervisor::Machine::name`].
    pub state: String,
    pub ready: bool,
}

impl Launcher {
    /// (components ready, components)
    pub fn ready(&self) -> Option<(usize, usize)> {
        match self {
            Launcher::Active(components) => Some((components.iter().filter(|component| component.ready).count(), components.len())),
            _ => None,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Launcher::Active(_) => "active",
            Launcher::NotActive => "not active",
            Launcher::Unknown(_) => "unknown",
        }
    }
}

/// Asks a launcher by `F job,APPL=DISP` on its system. It asks for the table, not for JSON, because a z/OS console cuts long lines.
pub fn launcher(target: &Target, operator: &dyn Operator, limit: Duration) -> Launcher {
    launcher_of(target.sysname.as_deref(), &target.job_name, operator, limit)
}

/// The same for any job. `sysname`: None where it runs on the console's own system.
pub fn launcher_of(sysname: Option<&str>, job: &str, operator: &dyn Operator, limit: Duration) -> Launcher {
    let command = routed(sysname, &operator.sysname(), &format!("F {job},APPL=DISP"));
    let lines = match operator.ask(&command, Some(limit)) {
        // Components that it did not come to are not missing.
        Ok(answer) if answer.broken => return Launcher::Unknown(answer.lines.last().map_or(String::new(), |line| line.trim().to_owned())),
        Ok(answer) => answer.lines,
        Err(error) => return Launcher::Unknown(error.to_string()),
    };
    read_answer(&lines)
}

/// Pure: reads the answer of DISP. A line may begin with a time stamp or a job name.
fn read_answer(lines: &[String]) -> Launcher {
    let row = |line: &String| {
        let mut words = line.split_whitespace().skip_while(|word| *word != "ZWEL0920I").skip(1);
        let (name, state, ready) = (words.next()?, words.next()?, words.next()?);
        (name != "COMPONENT").then(|| ComponentState { name: name.to_owned(), state: state.to_owned(), ready: ready == "yes" })
    };
    let components: Vec<ComponentState> = lines.iter().filter_map(row).collect();
    if !components.is_empty() || lines.iter().any(|line| line.contains("ZWEL0010I") || line.contains("ZWEL0920I")) {
        return Launcher::Active(components);
    }
    if lines.iter().any(|line| line.contains("IEE341I")) {
        return Launcher::NotActive;
    }
    match lines.iter().find(|line| is_refusal(line)).or(lines.first()) {
        Some(line) => Launcher::Unknown(line.trim().to_owned()),
        None => Launcher::Unknown("no answer from its system".to_owned()),
    }
}

/// What is known of an instance.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceStatus {
    pub id: String,
    pub sysname: String,
    pub job_name: String,
    pub level: Option<String>,
    pub launcher: Launcher,
    /// The gateway's address, and what is wrong with it; None: the instance runs no gateway.
    pub gateway: Option<(String, Result<(), AskError>)>,
    /// The same for the Discovery Service, with what it knows.
    pub discovery: Option<(String, Result<Vec<Registration>, AskError>)>,
    /// Whether new connections come to it.
    pub traffic: Seen,
    /// What its Discovery Service lacks that another one has.
    pub lacking: Vec<Lacking>,
}

impl InstanceStatus {
    /// True when nothing is wrong with it.
    pub fn is_good(&self) -> bool {
        let ready = self.launcher.ready().is_some_and(|(ready, all)| ready == all);
        let answers = self.gateway.as_ref().is_none_or(|(_, answer)| answer.is_ok());
        let knows = self.discovery.as_ref().is_none_or(|(_, answer)| answer.is_ok());
        ready && answers && knows && self.traffic.is_good() && self.lacking.is_empty()
    }
}

/// Asks every instance, all at the same time. `launcher`: how each launcher is asked. `own_sysname`: of the system that asks.
pub fn gather(
    targets: &[(Target, Access)],
    own_sysname: &str,
    launcher: &(dyn Fn(&Target) -> Launcher + Sync),
    timeout: Duration,
) -> Vec<InstanceStatus> {
    let mut all: Vec<InstanceStatus> = std::thread::scope(|scope| {
        let asked: Vec<_> = targets
            .iter()
            .map(|(target, access)| {
                scope.spawn(move || InstanceStatus {
                    id: target.id.clone(),
                    sysname: target.sysname.clone().unwrap_or_else(|| own_sysname.to_owned()),
                    job_name: target.job_name.clone(),
                    level: target.level.clone(),
                    launcher: launcher(target),
                    gateway: target.gateway.clone().map(|address| {
                        let answer = ask::gateway(&address, access, timeout);
                        (address, answer)
                    }),
                    discovery: target.discovery.clone().map(|address| {
                        let answer = ask::discovery(&address, access, timeout);
                        (address, answer)
                    }),
                    traffic: Seen::NotTold,
                    lacking: Vec::new(),
                })
            })
            .collect();
        asked.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let known = registries(&all);
    for lacking in registry::compare(&known) {
        if let Some(status) = all.iter_mut().find(|status| status.id == lacking.registry) {
            status.lacking.push(lacking);
        }
    }
    all
}

/// Adds what the balancer says of each. `targets`: those of [`gather`].
pub fn add_traffic(all: &mut [InstanceStatus], targets: &[(Target, Access)], operator: &dyn Operator, balancer: &Balancer) {
    let targets: Vec<&Target> = targets.iter().map(|(target, _)| target).collect();
    let told = traffic::seen(&targets, operator, balancer);
    for (target, seen) in targets.iter().zip(told) {
        if let Some(status) = all.iter_mut().find(|status| status.id == target.id) {
            status.traffic = seen;
        }
    }
}

/// The answers that came, by instance.
fn registries(all: &[InstanceStatus]) -> BTreeMap<String, Vec<Registration>> {
    let known = all.iter().filter_map(|status| match &status.discovery {
        Some((_, Ok(registrations))) => Some((status.id.clone(), registrations.clone())),
        _ => None,
    });
    known.collect()
}

/// The columns of [`row`].
pub const COLUMNS: [&str; 10] = ["INSTANCE", "SYSTEM", "JOB", "LEVEL", "LAUNCHER", "READY", "GATEWAY", "TRAFFIC", "SERVICES", "LACKS"];

/// A table, followed by what is wrong, one line each.
pub fn table(all: &[InstanceStatus]) -> String {
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    rows.extend(all.iter().map(row));
    let mut text = aligned(&rows);
    for status in all {
        for line in faults(status) {
            text.push_str(&format!("{}: {line}\n", status.id));
        }
    }
    text
}

/// Columns as wide as their widest cell, two blanks between.
fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let widths: Vec<usize> = (0..N).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// An instance as a row of a table, with [`COLUMNS`].
pub fn row(status: &InstanceStatus) -> [String; 10] {
    let none = || "-".to_owned();
    let services = |registrations: &Vec<Registration>| {
        let up = registrations.iter().filter(|registration| registration.status == "UP").count();
        format!("{up} up of {}", registrations.len())
    };
    [
        status.id.clone(),
        status.sysname.clone(),
        status.job_name.clone(),
        status.level.clone().unwrap_or_else(none),
        status.launcher.word().to_owned(),
        status.launcher.ready().map_or_else(none, |(ready, all)| format!("{ready}/{all}")),
        match &status.gateway {
            None => none(),
            Some((_, Ok(()))) => "answers".to_owned(),
            Some((_, Err(AskError::Status(status)))) => format!("answers {status}"),
            Some((_, Err(_))) => "no answer".to_owned(),
        },
        status.traffic.to_string(),
        match &status.discovery {
            None => none(),
            Some((_, Ok(registrations))) => services(registrations),
            Some((_, Err(_))) => "no answer".to_owned(),
        },
        if status.lacking.is_empty() { none() } else { status.lacking.len().to_string() },
    ]
}

/// What is wrong with an instance, one line each.
pub fn faults(status: &InstanceStatus) -> Vec<String> {
    let mut lines = Vec::new();
    match &status.launcher {
        // Off z/OS the console is that of a directory, and there may be another one.
        Launcher::Unknown(why) if cfg!(feature = "emulation") && why.contains("IEE499I") => {
            lines.push(format!("the launcher's state is not known: {why}; --system DIR names the system whose console is asked"));
        }
        Launcher::Unknown(why) => lines.push(format!("the launcher's state is not known: {why}")),
        Launcher::NotActive => lines.push(format!("job {} is not active on {}", status.job_name, status.sysname)),
        Launcher::Active(components) => {
            let late = components.iter().filter(|component| !component.ready);
            lines.extend(late.map(|component| format!("component {} is {}", component.name, component.state)));
        }
    }
    if let Some((address, Err(why))) = &status.gateway {
        lines.push(format!("gateway {address}: {why}{}", why.hint()));
    }
    match &status.traffic {
        Seen::Kept(how) => lines.push(format!("the balancer gives it no new connections: {how}")),
        Seen::Unknown(why) => lines.push(format!("whether it gets new connections is not known: {why}")),
        Seen::Flows | Seen::NotTold => {}
    }
    if let Some((address, Err(why))) = &status.discovery {
        lines.push(format!("Discovery Service {address}: {why}{}", why.hint()));
    }
    lines.extend(lacks(&status.lacking));
    lines
}

/// What one registry lacks, in words: one line each or, if there are many, one line for those it does not have and one for each status it
/// has.
pub fn lacks(lacking: &[Lacking]) -> Vec<String> {
    let here = |status: Option<&String>| status.map_or_else(|| "lacks".to_owned(), |status| format!("has {status}"));
    let name = |one: &Lacking| format!("{} {}", one.registration.service, one.registration.instance);
    if lacking.len() <= FEW {
        let line = |one: &Lacking| {
            let known_to = several(&one.known_to, FEW);
            format!("its registry {} {}, which is UP in the registry of {known_to}", here(one.status_here.as_ref()), name(one))
        };
        return lacking.iter().map(line).collect();
    }
    let mut kinds: BTreeMap<Option<&String>, Vec<&Lacking>> = BTreeMap::new();
    lacking.iter().for_each(|one| kinds.entry(one.status_here.as_ref()).or_default().push(one));
    let line = |(status, all): (Option<&String>, Vec<&Lacking>)| {
        let names: Vec<String> = all.iter().map(|one| name(one)).collect();
        format!("its registry {} {} instances that are UP in the registries of others: {}", here(status), all.len(), several(&names, FEW))
    };
    kinds.into_iter().map(line).collect()
}

/// Everything, for tools.
pub fn json(all: &[InstanceStatus]) -> Value {
    let answer = |address: &str, fault: Option<&AskError>| json!({"address": address, "answers": fault.is_none(), "fault": fault.map(AskError::to_string)});
    let instances = all.iter().map(|status| {
        let (state, why) = match &status.launcher {
            Launcher::Unknown(why) => ("unknown", Some(why)),
            known => (known.word(), None),
        };
        let components = match &status.launcher {
            Launcher::Active(components) => components.as_slice(),
            _ => &[],
        };
        let components = components.iter().map(|one| json!({"name": one.name, "state": one.state, "ready": one.ready}));
        let gateway = status.gateway.as_ref().map(|(address, answered)| answer(address, answered.as_ref().err()));
        let discovery = status.discovery.as_ref().map(|(address, answered)| {
            let mut value = answer(address, answered.as_ref().err());
            let registrations = answered.as_deref().unwrap_or_default().iter();
            value["registrations"] = registrations
                .map(|one| json!({"service": one.service, "instance": one.instance, "host": one.host, "port": one.port, "status": one.status}))
                .collect();
            value
        });
        let flows = match &status.traffic {
            Seen::Flows => Some(true),
            Seen::Kept(_) => Some(false),
            Seen::NotTold | Seen::Unknown(_) => None,
        };
        let lacking = status.lacking.iter().map(|one| {
            json!({"service": one.registration.service, "instance": one.registration.instance, "knownTo": *one.known_to, "statusHere": one.status_here})
        });
        json!({
            "id": status.id,
            "system": status.sysname,
            "job": status.job_name,
            "level": status.level,
            "launcher": {"state": state, "why": why, "components": components.collect::<Vec<_>>()},
            "gateway": gateway,
            "traffic": {"flows": flows, "shown": status.traffic.to_string()},
            "discovery": discovery,
            "lacking": lacking.collect::<Vec<_>>(),
            "good": status.is_good(),
        })
    });
    json!({"good": all.iter().all(InstanceStatus::is_good), "instances": instances.collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::{self, ComponentView};

    fn lines(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_launcher_is_known_by_what_disp_answers() {
        let answer = lines(&[
            "ZWEL0010I launcher has the following components:",
            "ZWEL0011I     name =          gateway, PID = 7",
            "ZWEL0920I COMPONENT  STATE     READY  PID  UPTIME  RESTARTS  NEXT  LAST END",
            "12.14.29 STC00001 ZWEL0920I gateway    ready     yes    7    2.9s    0         -     -",
            "ZWEL0920I zss        back-off  no     -    -       3         in 1s exit co",
        ]);
        assert_eq!(read_answer(&answer).ready(), Some((1, 2)));
        assert!(matches!(read_answer(&answer), Launcher::Active(all) if all[1].state == "back-off"));
        // Whatever a launcher shows can be read.
        let shown = |state| ComponentView {
            name: "gateway".into(),
            state,
            waits_for: Vec::new(),
            ready: state == "ready",
            pid: None,
            uptime: None,
            restarts: 0,
            next_attempt: None,
            last_end: None,
        };
        let display = console::display(&[shown("ready"), shown("fatal")]);
        let display: Vec<String> = display.iter().map(|message| message.text().chars().take(126).collect()).collect();
        assert_eq!(read_answer(&display).ready(), Some((1, 2)));
        assert_eq!(read_answer(&lines(&["IEE341I ZWE1SV            NOT ACTIVE"])), Launcher::NotActive);
        assert_eq!(read_answer(&[]), Launcher::Unknown("no answer from its system".into()));
        let gone = "IEE499I ROUTE COMMAND NOT PROCESSED: SYSTEM LPR9 IS NOT IN THIS SYSPLEX";
        assert_eq!(read_answer(&lines(&[gone])), Launcher::Unknown(gone.into()));
    }

    #[test]
    fn the_table_says_what_is_wrong_below() {
        let registration =
            Registration { service: "hello".into(), instance: "a:hello:1".into(), host: "a".into(), status: "UP".into(), port: Some(1) };
        let good = InstanceStatus {
            id: "lpar1".into(),
            sysname: "LPR1".into(),
            job_name: "ZWE1SV".into(),
            level: Some("3.1.0".into()),
            launcher: Launcher::Active(Vec::new()),
            gateway: Some(("https://a:7554".into(), Ok(()))),
            discovery: Some(("https://a:7553".into(), Ok(vec![registration.clone()]))),
            traffic: Seen::Flows,
            lacking: Vec::new(),
        };
        let lacking = Lacking { registry: "lpar2".into(), registration, known_to: ["lpar1".into()].into(), status_here: None };
        let bad = InstanceStatus {
            id: "lpar2".into(),
            launcher: Launcher::NotActive,
            gateway: Some(("https://b:7554".into(), Err(AskError::Http(crate::net::HttpError::Failed("connection refused".into()))))),
            traffic: Seen::Kept("drain, UP".into()),
            lacking: vec![lacking],
            ..good.clone()
        };
        let quiesced = InstanceStatus { traffic: Seen::Kept("quiesced or down".into()), ..good.clone() };
        assert!(!quiesced.is_good());
        assert!(good.is_good() && !bad.is_good());
        let text = table(&[good.clone(), bad.clone()]);
        for expected in [
            "lpar1     LPR1    ZWE1SV  3.1.0  active      0/0    answers    flows      1 up of 1  -\n",
            "lpar2: the balancer gives it no new connections: drain, UP\n",
            "lpar2: job ZWE1SV is not active on LPR1\n",
            "lpar2: gateway https://b:7554: connection refused\n",
            "lpar2: its registry lacks hello a:hello:1, which is UP in the registry of lpar1\n",
        ] {
            assert!(text.contains(expected), "{expected} is missing in\n{text}");
        }
        let json = json(&[good, bad]);
        assert_eq!((&json["good"], &json["instances"][1]["lacking"][0]["service"]), (&Value::Bool(false), &Value::from("hello")));
    }
}
