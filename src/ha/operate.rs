//! The operator commands that start and stop HA instances, wherever in the sysplex they run, and those for their components. Pure.
//! Contract: the seed document on starting and stopping. JOBNAME comes from `zowe.job.name`, the PROC from `zowe.setup.security.stcs.zowe`
//! and the system from `haInstances.<id>.sysname`.

use crate::config::{Configuration, LoadError, lookup, normalize_id, overlay};
use crate::config::{HaInstance, Problem};
use crate::message::{self, Message};
use crate::platform::names::is_name;
use serde_json::Value;
use std::collections::BTreeMap;

/// The longest operator command, in characters.
const COMMAND_LIMIT: usize = 126;

/// What is to be done with instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Start,
    Stop,
}

/// Which instances are meant.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// In any spelling. Empty: the only instance, or the one of this system.
    pub ids: &'a [String],
    /// Every instance of haInstances.
    pub all: bool,
    /// Instead of the configuration's PROC.
    pub member: Option<&'a str>,
    /// Instead of the configuration's job name; for one instance only.
    pub job: Option<&'a str>,
}

/// An instance as operators address it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressed {
    /// As haInstances spells it; None where there is no haInstances and none was given.
    pub id: Option<String>,
    /// None where the configuration names no system: then this system.
    pub sysname: Option<String>,
    pub job_name: String,
    /// Name of the PROC.
    pub member: String,
}

impl Addressed {
    /// Its name in messages.
    pub fn shown(&self) -> String {
        self.id.clone().unwrap_or_else(|| self.job_name.clone())
    }

    /// The operator command that starts or stops it, to be typed at a console of `own_sysname`.
    pub fn command(&self, operation: Operation, own_sysname: &str) -> String {
        let place = (self.sysname.as_deref(), self.job_name.as_str());
        command_text(operation, self.id.as_deref(), place, own_sysname, &self.member)
    }

    /// The operator command that hands a text to its launcher, to be typed at a console of `own_sysname`. The text keeps its case.
    ///
    /// # Errors
    /// [`OperateError::TooLong`].
    pub fn modify(&self, text: &str, own_sysname: &str) -> Result<String, OperateError> {
        let text = format!("F {},APPL='{}'", self.job_name, text.replace('\'', "''"));
        let command = routed(self.sysname.as_deref(), own_sysname, &text);
        if command.chars().count() > COMMAND_LIMIT { Err(OperateError::TooLong { command }) } else { Ok(command) }
    }
}

/// Why the commands cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    #[error("haInstances does not define '{id}'; defined: {}{}",
        .defined.join(", "), .nearest.as_ref().map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default())]
    Unknown { id: String, defined: Vec<String>, nearest: Option<String> },
    #[error("haInstances is not defined")]
    NoInstances,
    #[error("haInstances is not defined, so there is one instance, but {0} were named")]
    Several(usize),
    #[error("several HA instances are defined and none is this system's: name one with -i, or all of them with --all ({})", .0.join(", "))]
    Choose(Vec<String>),
    #[error("--job names the job of one instance, but there are {0}")]
    OneJob(usize),
    #[error("'{0}' is no job name; 1 to 8 of A-Z, 0-9, @, #, $ are expected, the first no digit")]
    JobName(String),
    #[error("{} characters are more than the 126 that an operator command may have: name fewer components", .command.chars().count())]
    TooLong { command: String },
    #[error("{0}")]
    Load(#[from] LoadError),
    #[error("{}", .0.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
    Unusable(Vec<Problem>),
}

impl OperateError {
    /// The messages of a command: for an unknown id and for a configuration that does not load, they are the launcher's own.
    pub fn messages(&self) -> Vec<Message> {
        match self {
            OperateError::Unknown { id, defined, nearest } => {
                vec![message::ha_instance_not_defined(id, defined.join(", ") + &crate::component::did_you_mean(nearest))]
            }
            OperateError::Load(why) => why.messages(),
            error => vec![message::plain_error(error)],
        }
    }
}

/// The default of zowe.job.name.
const JOB_NAME: &str = "ZWE1SV";

/// The PROC where a configuration names none.
const MEMBER: &str = "ZWESLSTC";

/// The PROC of an instance, in upper case: `zowe.setup.security.stcs.zowe`, else ZWESLSTC.
pub fn member_of(instance: &Configuration) -> String {
    let member = instance.get(&["zowe", "setup", "security", "stcs", "zowe"]).and_then(Value::as_str).map(str::trim);
    member.filter(|name| !name.is_empty()).unwrap_or(MEMBER).to_uppercase()
}

/// The system an instance runs on and the name of its job, both in upper case; no system where the configuration names none. `instance` is
/// the configuration as instance `id` of haInstances sees it. An empty `zowe.job.name` means the name of the PROC. The job name may be one
/// that z/OS does not accept.
pub fn place_of(instance: &Configuration, id: &str) -> (Option<String>, String) {
    let sysname = lookup(instance.base(), &["haInstances", id, "sysname"]).and_then(Value::as_str).map(str::to_uppercase);
    let job_name = match instance.get(&["zowe", "job", "name"]) {
        Some(Value::String(name)) if name.trim().is_empty() => member_of(instance),
        Some(Value::String(name)) => name.to_uppercase(),
        _ => JOB_NAME.to_owned(),
    };
    (sysname.filter(|name| !name.is_empty()), job_name)
}

/// The id as haInstances spells it.
///
/// # Errors
/// [`OperateError::NoInstances`] and [`OperateError::Unknown`].
pub fn defined_id(configuration: &Configuration, id: &str) -> Result<String, OperateError> {
    let defined = configuration.instance_ids();
    if defined.is_empty() {
        return Err(OperateError::NoInstances);
    }
    match defined.iter().find(|known| normalize_id(known) == normalize_id(id)) {
        Some(known) => Ok(known.clone()),
        None => Err(OperateError::Unknown { id: id.to_owned(), nearest: overlay::nearest(&normalize_id(id), &defined), defined }),
    }
}

/// The operator command that starts or stops a job, to be typed at a console of `own_sysname`. JOBNAME is omitted when it is the PROC's
/// name.
pub fn command_text(
    operation: Operation,
    id: Option<&str>,
    (sysname, job_name): (Option<&str>, &str),
    own_sysname: &str,
    member: &str,
) -> String {
    let command = match operation {
        Operation::Start => {
            let instance = id.map(|id| format!(",HAINST={}", symbol_value(id))).unwrap_or_default();
            let job = if job_name == member { String::new() } else { format!(",JOBNAME={job_name}") };
            format!("S {member}{instance}{job}")
        }
        Operation::Stop => format!("P {job_name}"),
    };
    routed(sysname, own_sysname, &command)
}

/// The command for a system, to be typed at a console of `own_sysname`.
pub fn routed(sysname: Option<&str>, own_sysname: &str, command: &str) -> String {
    match sysname {
        Some(sysname) if sysname != own_sysname => format!("RO {sysname},{command}"),
        _ => command.to_owned(),
    }
}

/// The instances that are wanted, in the order of haInstances.
///
/// # Errors
/// [`OperateError`]; it lists everything that is unusable.
pub fn addressed(configuration: &Configuration, wanted: Wanted<'_>, own_sysname: &str) -> Result<Vec<Addressed>, OperateError> {
    let defined = configuration.instance_ids();
    let mut found = if defined.is_empty() {
        vec![only_instance(configuration, wanted)?]
    } else {
        let all = every_instance(configuration, &defined, own_sysname)?;
        let chosen = chosen(configuration, wanted, &all, own_sysname)?;
        all.into_iter().filter(|instance| instance.id.as_ref().is_some_and(|id| chosen.contains(id))).collect()
    };
    if let Some(member) = wanted.member {
        found.iter_mut().for_each(|instance| instance.member = member.to_uppercase());
    }
    match (wanted.job.map(str::to_uppercase), found.as_mut_slice()) {
        (None, _) => {}
        (Some(job), [one]) if is_name(&job) => one.job_name = job,
        (Some(job), [_]) => return Err(OperateError::JobName(job)),
        (Some(_), several) => return Err(OperateError::OneJob(several.len())),
    }
    Ok(found)
}

/// The instance of a configuration without haInstances. Its job has the PROC's name where `zowe.job.name` gives it none: then START has no
/// JOBNAME.
fn only_instance(configuration: &Configuration, wanted: Wanted<'_>) -> Result<Addressed, OperateError> {
    if wanted.ids.len() > 1 {
        return Err(OperateError::Several(wanted.ids.len()));
    }
    let member = member_of(configuration);
    let job_name = configuration.get(&["zowe", "job", "name"]).and_then(Value::as_str).filter(|name| !name.trim().is_empty());
    let job_name = job_name.map_or_else(|| member.clone(), str::to_uppercase);
    let one = Addressed { id: wanted.ids.first().cloned(), sysname: None, job_name, member };
    if is_name(&one.job_name) || wanted.job.is_some() {
        return Ok(one);
    }
    let path = ["zowe", "job", "name"];
    Err(OperateError::Unusable(vec![no_job_name(configuration, &one.job_name).about(&path)]))
}

/// All instances; an error where two run on one system under one name, because P of one would stop the other.
fn every_instance(configuration: &Configuration, defined: &[String], own_sysname: &str) -> Result<Vec<Addressed>, OperateError> {
    let (mut all, mut problems) = (Vec::new(), Vec::new());
    let mut jobs: BTreeMap<(String, String), String> = BTreeMap::new();
    for id in defined {
        let instance = configuration.for_instance(&HaInstance { id: normalize_id(id), from_placeholder: false })?;
        let (sysname, job_name) = place_of(&instance, id);
        let path = ["zowe", "job", "name"];
        if !is_name(&job_name) {
            problems.push(no_job_name(&instance, &job_name).about(&path));
        }
        let system = sysname.clone().unwrap_or_else(|| own_sysname.to_owned());
        if let Some(other) = jobs.insert((system, job_name.clone()), id.clone()) {
            let text = format!(
                "zowe.job.name: {job_name} is the job name of HA instances {other} and {id}, which run on one system; give each its own in \
                haInstances.<id>.zowe.job.name, or address a running one by its job id with --job"
            );
            problems.push(Problem::error(Some(instance.place(&path)), text).about(&path));
        }
        all.push(Addressed { id: Some(id.clone()), sysname, job_name, member: member_of(&instance) });
    }
    if problems.is_empty() { Ok(all) } else { Err(OperateError::Unusable(problems)) }
}

fn no_job_name(instance: &Configuration, job_name: &str) -> Problem {
    let text = format!("zowe.job.name: '{}' is no job name; 1 to 8 of A-Z, 0-9, @, #, $ are expected", job_name.escape_debug());
    Problem::error(Some(instance.place(&["zowe", "job", "name"])), text)
}

/// The ids that are wanted, as haInstances spells them.
fn chosen(configuration: &Configuration, wanted: Wanted<'_>, all: &[Addressed], own_sysname: &str) -> Result<Vec<String>, OperateError> {
    let ids = |instances: Vec<&Addressed>| instances.into_iter().filter_map(|instance| instance.id.clone()).collect::<Vec<_>>();
    if wanted.all {
        return Ok(ids(all.iter().collect()));
    }
    if !wanted.ids.is_empty() {
        return wanted.ids.iter().map(|id| defined_id(configuration, id)).collect();
    }
    let is_named_so = |instance: &&Addressed| instance.id.as_ref().is_some_and(|id| normalize_id(id) == normalize_id(own_sysname));
    let candidates: [Vec<&Addressed>; 3] = [
        all.iter().collect(),
        all.iter().filter(|instance| instance.sysname.as_deref() == Some(own_sysname)).collect(),
        all.iter().filter(is_named_so).collect(),
    ];
    match candidates.into_iter().find(|candidates| candidates.len() == 1) {
        Some(only) => Ok(ids(only)),
        None => Err(OperateError::Choose(ids(all.iter().collect()))),
    }
}

/// In apostrophes unless it consists of letters and digits only.
fn symbol_value(id: &str) -> String {
    if id.bytes().all(|byte| byte.is_ascii_alphanumeric()) { id.to_uppercase() } else { format!("'{}'", id.replace('\'', "''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "zowe: {job: {name: ZWE1SV}}\ncomponents: {}\nhaInstances:\n  lpar1: {hostname: a, sysname: lpr1}\n  lpar-2: {hostname: b, sysname: LPR2, zowe: {job: {name: zwe1sv2}, setup: {security: {stcs: {zowe: zwenew}}}}}\n";
    const NONE: &str = "zowe: {}\ncomponents: {}\n";

    fn found(yaml: &str, wanted: Wanted<'_>, own_sysname: &str) -> Result<Vec<Addressed>, String> {
        let id = if yaml.contains("only:") { "only" } else { "lpar1" };
        let configuration = crate::config::testing::load_texts(&[yaml], id).unwrap();
        addressed(&configuration, wanted, own_sysname).map_err(|error| error.to_string())
    }

    fn texts(yaml: &str, wanted: Wanted<'_>, operation: Operation) -> Result<Vec<String>, String> {
        let found = found(yaml, wanted, "LPR1")?;
        Ok(found.iter().map(|instance| instance.command(operation, "LPR1")).collect())
    }

    fn of<'a>(ids: &'a [String]) -> Wanted<'a> {
        Wanted { ids, ..Wanted::default() }
    }

    const ALL: Wanted<'_> = Wanted { ids: &[], all: true, member: None, job: None };

    #[test]
    fn each_instance_by_its_own_job_name_on_its_own_system() {
        let start = ["S ZWESLSTC,HAINST=LPAR1,JOBNAME=ZWE1SV", "RO LPR2,S ZWENEW,HAINST='lpar-2',JOBNAME=ZWE1SV2"];
        assert_eq!(texts(TWO, ALL, Operation::Start).unwrap(), start);
        assert_eq!(texts(TWO, of(&["LPAR_2".into()]), Operation::Stop).unwrap(), ["RO LPR2,P ZWE1SV2"]);
        let member = Wanted { member: Some("mine"), ..ALL };
        assert!(texts(TWO, member, Operation::Start).unwrap().iter().all(|text| text.contains("S MINE,")));
    }

    #[test]
    fn without_a_name_the_instance_of_this_system_is_meant() {
        assert_eq!(texts(TWO, Wanted::default(), Operation::Stop).unwrap(), ["P ZWE1SV"]);
        let id = |yaml: &str, own: &str| found(yaml, Wanted::default(), own).map(|found| found[0].id.clone().unwrap());
        assert_eq!(id(TWO, "LPR2").unwrap(), "lpar-2");
        assert_eq!(id(&TWO.replace("sysname: LPR2, ", ""), "LPAR-2").unwrap(), "lpar-2");
        assert!(id(TWO, "LPR3").unwrap_err().contains("name one with -i, or all of them with --all (lpar1, lpar-2)"));
        let one = "zowe: {}\ncomponents: {}\nhaInstances: {only: {hostname: a, sysname: X}}\n";
        assert_eq!(id(one, "LPR3").unwrap(), "only");
    }

    #[test]
    fn without_ha_instances_there_is_one() {
        assert_eq!(texts(NONE, Wanted::default(), Operation::Start).unwrap(), ["S ZWESLSTC"]);
        assert_eq!(texts(NONE, ALL, Operation::Stop).unwrap(), ["P ZWESLSTC"]);
        let named = "zowe: {job: {name: zwe9}, setup: {security: {stcs: {zowe: zwestc2}}}}\ncomponents: {}\n";
        assert_eq!(texts(named, Wanted::default(), Operation::Start).unwrap(), ["S ZWESTC2,JOBNAME=ZWE9"]);
        let empty = named.replace("zwe9", "''");
        assert_eq!(texts(&empty, Wanted::default(), Operation::Start).unwrap(), ["S ZWESTC2"]);
        assert_eq!(texts(&empty, Wanted::default(), Operation::Stop).unwrap(), ["P ZWESTC2"]);
        assert_eq!(texts(NONE, of(&["lpar1".into()]), Operation::Start).unwrap(), ["S ZWESLSTC,HAINST=LPAR1"]);
        let job = Wanted { job: Some("zwe7"), ..Wanted::default() };
        assert_eq!(texts(NONE, job, Operation::Start).unwrap(), ["S ZWESLSTC,JOBNAME=ZWE7"]);
        assert!(texts(NONE, of(&["a".into(), "b".into()]), Operation::Stop).unwrap_err().contains("one instance"));
    }

    #[test]
    fn texts_for_a_launcher_keep_their_case_and_have_a_limit() {
        let two = &found(TWO, ALL, "LPR1").unwrap()[1];
        assert_eq!(two.modify("SEND(a,it's)", "LPR1").unwrap(), "RO LPR2,F ZWE1SV2,APPL='SEND(a,it''s)'");
        assert_eq!(two.modify("DISP", "LPR2").unwrap(), "F ZWE1SV2,APPL='DISP'");
        assert!(two.modify(&"x".repeat(120), "LPR2").unwrap_err().to_string().starts_with("137 characters"));
    }

    #[test]
    fn what_would_go_wrong_is_refused() {
        assert!(texts(TWO, of(&["lpar3".into()]), Operation::Stop).unwrap_err().contains("defined: lpar1, lpar-2; did you mean lpar1?"));
        let same = TWO.replace("LPR2", "LPR1").replace("zwe1sv2", "ZWE1SV");
        let error = texts(&same, of(&["lpar1".into()]), Operation::Stop).unwrap_err();
        assert!(error.contains(":5:") && error.contains("lpar1 and lpar-2, which run on one system"), "{error}");
        let long = TWO.replace("zwe1sv2", "toolongname");
        assert!(texts(&long, ALL, Operation::Start).unwrap_err().contains("'TOOLONGNAME' is no job name"));
        assert!(texts(&NONE.replace("{}\nc", "{job: {name: 1a}}\nc"), ALL, Operation::Start).unwrap_err().contains("'1A' is no job name"));
        let job = Wanted { job: Some("X"), ..ALL };
        assert!(texts(TWO, job, Operation::Stop).unwrap_err().contains("of one instance, but there are 2"));
    }
}
