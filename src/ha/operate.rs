//! The operator commands that start and stop HA instances, wherever in the sysplex they run. Pure. Contract: the seed document on starting
//! and stopping, with JOBNAME from `zowe.job.name` and the system from `haInstances.<id>.sysname`.

use crate::config::{Configuration, LoadError, lookup, normalize_id, overlay};
use crate::config::{HaInstance, Problem};
use serde_json::Value;
use std::collections::BTreeMap;

/// What is to be done with instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Start,
    Stop,
}

/// One operator command for one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorCommand {
    /// As haInstances spells it.
    pub id: String,
    /// None where the configuration names no system: this one.
    pub sysname: Option<String>,
    pub job_name: String,
    /// To be typed at a console of `own_sysname`.
    pub text: String,
}

/// Why the commands cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    #[error("haInstances does not define '{id}'; defined: {}{}", .defined.join(", "), .nearest.as_ref().map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default())]
    Unknown { id: String, defined: Vec<String>, nearest: Option<String> },
    #[error("haInstances is not defined: name no instance, S and P of the started task itself will do")]
    NoInstances,
    #[error("{0}")]
    Load(#[from] LoadError),
    #[error("{}", .0.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
    Unusable(Vec<Problem>),
}

/// The default of zowe.job.name.
const JOB_NAME: &str = "ZWE1SV";

/// The system an instance runs on and the name of its job, both in upper case; no system where the configuration names none. `instance` is
/// the configuration as instance `id` of haInstances sees it. The job name may be none that z/OS takes.
pub fn place_of(instance: &Configuration, id: &str) -> (Option<String>, String) {
    let sysname = lookup(&instance.base, &["haInstances", id, "sysname"]).and_then(Value::as_str).map(str::to_uppercase);
    let job_name = instance.get(&["zowe", "job", "name"]).and_then(Value::as_str).filter(|name| !name.is_empty());
    (sysname.filter(|name| !name.is_empty()), job_name.unwrap_or(JOB_NAME).to_uppercase())
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

/// The operator command that starts or stops a job, to be typed at a console of `own_sysname`.
pub fn command_text(operation: Operation, id: &str, (sysname, job_name): (Option<&str>, &str), own_sysname: &str, member: &str) -> String {
    let command = match operation {
        Operation::Start => format!("S {member},HAINST={},JOBNAME={job_name}", symbol_value(id)),
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

/// Makes the commands, in the order of haInstances; `ids` empty: for all of them. `member` is the PROC's name.
///
/// # Errors
/// [`OperateError`]; everything unusable at once.
pub fn commands(
    configuration: &Configuration,
    ids: &[String],
    own_sysname: &str,
    member: &str,
    operation: Operation,
) -> Result<Vec<OperatorCommand>, OperateError> {
    let defined = configuration.instance_ids();
    if defined.is_empty() {
        return Err(OperateError::NoInstances);
    }
    for id in ids {
        defined_id(configuration, id)?;
    }
    let wanted = |known: &String| ids.is_empty() || ids.iter().any(|id| normalize_id(id) == normalize_id(known));
    let (mut commands, mut problems) = (Vec::new(), Vec::new());
    let mut jobs: BTreeMap<(String, String), String> = BTreeMap::new();
    for id in &defined {
        let instance = configuration.for_instance(&HaInstance { id: normalize_id(id), from_placeholder: false })?;
        let (sysname, job_name) = place_of(&instance, id);
        let path = ["zowe", "job", "name"];
        let mut refuse = |text: String| problems.push(Problem::error(Some(instance.place(&path)), text).about(&path));
        if !is_name(&job_name) {
            refuse(format!("zowe.job.name: '{}' is no job name; 1 to 8 of A-Z, 0-9, @, #, $ are expected", job_name.escape_debug()));
        }
        let system = sysname.clone().unwrap_or_else(|| own_sysname.to_owned());
        // P of one would stop the other.
        if let Some(other) = jobs.insert((system, job_name.clone()), id.clone()) {
            refuse(format!(
                "zowe.job.name: {job_name} is the job name of HA instances {other} and {id}, which run on one system; give each its own in haInstances.<id>.zowe.job.name"
            ));
        }
        if !wanted(id) {
            continue;
        }
        let text = command_text(operation, id, (sysname.as_deref(), &job_name), own_sysname, member);
        commands.push(OperatorCommand { id: id.clone(), sysname, job_name, text });
    }
    if problems.is_empty() { Ok(commands) } else { Err(OperateError::Unusable(problems)) }
}

/// True for 1 to 8 of A-Z, 0-9, @, #, $, the first no digit.
fn is_name(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_uppercase() || matches!(byte, b'@' | b'#' | b'$');
    text.len() <= 8 && text.bytes().next().is_some_and(letter) && text.bytes().all(|byte| letter(byte) || byte.is_ascii_digit())
}

/// In apostrophes where it is more than letters and digits, which need none.
fn symbol_value(id: &str) -> String {
    if id.bytes().all(|byte| byte.is_ascii_alphanumeric()) { id.to_uppercase() } else { format!("'{}'", id.replace('\'', "''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "zowe: {job: {name: ZWE1SV}}\ncomponents: {}\nhaInstances:\n  lpar1: {hostname: a, sysname: lpr1}\n  lpar-2: {hostname: b, sysname: LPR2, zowe: {job: {name: zwe1sv2}}}\n";

    fn texts(yaml: &str, ids: &[&str], operation: Operation) -> Result<Vec<String>, String> {
        let configuration = crate::config::testing::load_texts(&[yaml], "lpar1").unwrap();
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let commands = commands(&configuration, &ids, "LPR1", "ZWESLSTC", operation).map_err(|error| error.to_string())?;
        Ok(commands.into_iter().map(|command| command.text).collect())
    }

    #[test]
    fn each_instance_by_its_own_job_name_on_its_own_system() {
        let start = ["S ZWESLSTC,HAINST=LPAR1,JOBNAME=ZWE1SV", "RO LPR2,S ZWESLSTC,HAINST='lpar-2',JOBNAME=ZWE1SV2"];
        assert_eq!(texts(TWO, &[], Operation::Start).unwrap(), start);
        assert_eq!(texts(TWO, &["LPAR_2"], Operation::Stop).unwrap(), ["RO LPR2,P ZWE1SV2"]);
    }

    #[test]
    fn what_would_go_wrong_is_refused() {
        assert!(texts(TWO, &["lpar3"], Operation::Stop).unwrap_err().contains("defined: lpar1, lpar-2; did you mean lpar1?"));
        let same = TWO.replace("LPR2", "LPR1").replace("zwe1sv2", "ZWE1SV");
        let error = texts(&same, &["lpar1"], Operation::Stop).unwrap_err();
        assert!(error.contains(":5:") && error.contains("lpar1 and lpar-2, which run on one system"), "{error}");
        let long = TWO.replace("zwe1sv2", "toolongname");
        assert!(texts(&long, &[], Operation::Start).unwrap_err().contains("'TOOLONGNAME' is no job name"));
        let none = "zowe: {}\ncomponents: {}\n";
        assert!(texts(none, &[], Operation::Start).unwrap_err().contains("haInstances is not defined"));
    }
}
