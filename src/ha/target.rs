//! One HA instance as its peers and operators see it: where it runs, under what name, and at which addresses it answers. Pure except for
//! reading configurations and manifests.

use super::operate::{OperateError, defined_id, member_of, place_of};
use crate::component;
use crate::config::variables::scalar_text;
use crate::config::{self, Configuration, HaInstance, LoadError, LoadRequest, normalize_id};
use crate::message::{self, Message};
use crate::platform::Platform;
use serde_json::Value;
use std::collections::BTreeSet;

/// An HA instance of a sysplex.
#[derive(Debug, Clone)]
pub struct Target {
    /// As haInstances spells it.
    pub id: String,
    /// Its configuration, as in CONFIG.
    pub config: String,
    pub configuration: Configuration,
    /// None where the configuration names no system: then it is the system on which commands are issued.
    pub sysname: Option<String>,
    pub job_name: String,
    /// Its PROC: `zowe.setup.security.stcs.zowe`, else ZWESLSTC.
    pub member: String,
    pub hostname: String,
    /// `scheme://host:port` of its gateway; None where the instance runs none.
    pub gateway: Option<String>,
    /// The same for its Discovery Service.
    pub discovery: Option<String>,
    /// The names its components register under, each once, in lower case.
    pub services: BTreeSet<String>,
    /// The version of its runtime directory's manifest.json.
    pub level: Option<String>,
}

/// Why there is no such instance.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    #[error("{config}: {why}")]
    Source { config: String, why: config::SourceError },
    #[error("{config}: {why}")]
    Load { config: String, why: LoadError },
    #[error("{config}: {why}")]
    Instance { config: String, why: OperateError },
    #[error(
        "{configurations} configurations for the {instances} instances of haInstances ({ids}): give one for all, one for each in that \
        order, or name the instance of each, as in -c {first}=CONFIG"
    )]
    Count { configurations: usize, instances: usize, ids: String, first: String },
    #[error("HA instance {id} has two configurations, {first} and {second}; give it one")]
    Twice { id: String, first: String, second: String },
}

impl TargetError {
    /// The messages of a command: where the launcher would report the same, its words, with the configuration that is meant.
    pub fn messages(&self) -> Vec<Message> {
        match self {
            TargetError::Source { why, .. } => vec![why.message()],
            TargetError::Load { config, why: LoadError::UnknownHaInstance { id, defined, nearest } }
            | TargetError::Instance { config, why: OperateError::Unknown { id, defined, nearest } } => {
                let nearest = component::did_you_mean(nearest);
                vec![message::ha_instance_not_defined(id, format!("{}{nearest} (in {config})", defined.join(", ")))]
            }
            TargetError::Load { why, .. } => why.messages(),
            error => vec![message::plain_error(error)],
        }
    }
}

/// Reads a configuration without an overlay.
///
/// # Errors
/// [`TargetError::Source`] and [`TargetError::Load`].
pub fn load(config: &str, platform: &dyn Platform) -> Result<Configuration, TargetError> {
    load_for(config, &HaInstance::none(), platform)
}

/// Reads a configuration as an HA instance sees it.
///
/// # Errors
/// [`TargetError::Source`] and [`TargetError::Load`].
pub fn load_for(config: &str, ha_instance: &HaInstance, platform: &dyn Platform) -> Result<Configuration, TargetError> {
    let sources = config::parse_sources(config).map_err(|why| TargetError::Source { config: config.to_owned(), why })?;
    let request = LoadRequest { sources: &sources, ha_instance, platform };
    Configuration::load(&request).map_err(|why| TargetError::Load { config: config.to_owned(), why })
}

impl Target {
    /// The instance `id` of a configuration that was read without an overlay from `config`. Reads manifests.
    ///
    /// # Errors
    /// [`TargetError::Instance`] and [`TargetError::Load`].
    pub fn new(config: &str, whole: &Configuration, id: &str) -> Result<Target, TargetError> {
        let id = defined_id(whole, id).map_err(|why| TargetError::Instance { config: config.to_owned(), why })?;
        let wanted = HaInstance { id: normalize_id(&id), from_placeholder: false };
        let configuration = whole.for_instance(&wanted).map_err(|why| TargetError::Load { config: config.to_owned(), why })?;
        let (sysname, job_name) = place_of(&configuration, &id);
        let hostname = configuration.hostname();
        let address = |name: &str| address(&configuration, name, &hostname);
        let services = services(&configuration);
        Ok(Target {
            member: member_of(&configuration),
            gateway: address("gateway"),
            discovery: address("discovery"),
            level: configuration.runtime_directory().and_then(|runtime| config::zowe_version(&runtime)),
            config: config.to_owned(),
            id,
            sysname,
            job_name,
            services,
            hostname,
            configuration,
        })
    }

    /// `components.<name>.port`; None where it is not set or not a port.
    pub fn port(&self, name: &str) -> Option<u16> {
        port(&self.configuration, name)
    }

    /// Its name in messages: `lpar1 (job ZWE1SV on LPR1)`.
    pub fn shown(&self) -> String {
        match &self.sysname {
            Some(sysname) => format!("{} (job {} on {sysname})", self.id, self.job_name),
            None => format!("{} (job {})", self.id, self.job_name),
        }
    }
}

fn port(configuration: &Configuration, name: &str) -> Option<u16> {
    let value = configuration.get(&["components", name, "port"])?;
    scalar_text(value).parse().ok().filter(|port| *port > 0)
}

/// In single-service mode the one process has the ports of all parts.
fn serves(configuration: &Configuration, name: &str) -> bool {
    configuration.is_enabled(name) || configuration.is_suppressed(name)
}

/// `components.<name>.scheme` is for stand-ins: Zowe's own components speak HTTPS.
fn address(configuration: &Configuration, name: &str, hostname: &str) -> Option<String> {
    if !serves(configuration, name) || hostname.is_empty() {
        return None;
    }
    let scheme = configuration.get(&["components", name, "scheme"]).and_then(Value::as_str).unwrap_or("https");
    let host = crate::net::url_host(hostname);
    port(configuration, name).map(|port| format!("{scheme}://{host}:{port}"))
}

/// The services in the manifests of the components that are launched, and of those that run as a part of one.
fn services(configuration: &Configuration) -> BTreeSet<String> {
    let survey = component::survey(configuration);
    let runs = |name: &str| survey.launched.iter().any(|launched| launched == name) || configuration.is_suppressed(name);
    let running = survey.installed.iter().filter(|component| runs(&component.name));
    running.flat_map(|component| component.manifest.service_ids.iter().cloned()).collect()
}

/// One configuration of a command line: `CONFIG`, or `ID=CONFIG`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub id: Option<String>,
    pub config: String,
}

/// All instances that the configurations define: one configuration for all, one for each instance in the order of haInstances, or each with
/// its id.
///
/// # Errors
/// [`TargetError`].
pub fn targets(named: &[Named], platform: &dyn Platform) -> Result<Vec<Target>, TargetError> {
    let loaded: Vec<Configuration> = named.iter().map(|named| load(&named.config, platform)).collect::<Result<_, _>>()?;
    let Some(first) = loaded.first() else { return Ok(Vec::new()) };
    let ids = first.instance_ids();
    let without_id = named.iter().filter(|named| named.id.is_none()).count();
    let mut chosen: Vec<(String, usize)> = Vec::new();
    if without_id == 0 {
        for (index, one) in named.iter().enumerate() {
            let id = one.id.as_deref().unwrap_or_default();
            let id = defined_id(&loaded[index], id).map_err(|why| TargetError::Instance { config: one.config.clone(), why })?;
            if let Some((_, other)) = chosen.iter().find(|(known, _)| *known == id) {
                return Err(TargetError::Twice { id, first: named[*other].config.clone(), second: one.config.clone() });
            }
            chosen.push((id, index));
        }
    } else if named.len() == 1 || (without_id == named.len() && named.len() == ids.len()) {
        if ids.is_empty() {
            return Err(TargetError::Instance { config: named[0].config.clone(), why: OperateError::NoInstances });
        }
        chosen = ids.into_iter().enumerate().map(|(index, id)| (id, index.min(named.len() - 1))).collect();
    } else {
        let first = ids.first().cloned().unwrap_or_else(|| "ID".to_owned());
        return Err(TargetError::Count { configurations: named.len(), instances: ids.len(), ids: ids.join(", "), first });
    }
    chosen.into_iter().map(|(id, index)| Target::new(&named[index].config, &loaded[index], &id)).collect()
}

/// The instances of haInstances other than `id`.
pub fn others(whole: &Configuration, id: &str) -> Vec<String> {
    whole.instance_ids().into_iter().filter(|known| normalize_id(known) != normalize_id(id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "zowe:\n  externalDomains: [dvipa]\n  setup: {security: {stcs: {zowe: zwenew}}}\ncomponents:\n  gateway: {enabled: true, port: 7554}\n  discovery: {enabled: true, port: 7553, scheme: http}\nhaInstances:\n  lpar1: {hostname: one, sysname: lpr1}\n  lpar2: {hostname: 'fe80::1', sysname: LPR2, zowe: {job: {name: zwe1sv2}}, components: {gateway: {port: 7654}, discovery: {enabled: false}}}\n";

    fn target(id: &str) -> Result<Target, TargetError> {
        let whole = config::testing::load_texts(&[TWO], "lpar1").unwrap();
        Target::new("FILE(/a)", &whole, id)
    }

    #[test]
    fn addresses_and_names_are_those_of_the_instance() {
        let one = target("LPAR1").unwrap();
        assert_eq!((one.id.as_str(), one.member.as_str(), one.job_name.as_str()), ("lpar1", "ZWENEW", "ZWE1SV"));
        assert_eq!(one.gateway.as_deref(), Some("https://one:7554"));
        assert_eq!(one.discovery.as_deref(), Some("http://one:7553"));
        assert_eq!(one.shown(), "lpar1 (job ZWE1SV on LPR1)");
        let two = target("lpar2").unwrap();
        assert_eq!(two.gateway.as_deref(), Some("https://[fe80::1]:7654"));
        assert_eq!((two.discovery, two.job_name.as_str()), (None, "ZWE1SV2"));
        assert!(target("lpar3").unwrap_err().to_string().contains("defined: lpar1, lpar2"));
    }
}
