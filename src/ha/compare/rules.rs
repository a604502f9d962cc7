//! What must differ, may differ and must be the same, property by property. Contract: docs/contract/high-availability.md, "What two
//! configurations may share". The rules for single properties in the mappings that it names:
//!
//! | property | rule |
//! |---|---|
//! | `zowe.runtimeDirectory`, `zowe.workspaceDirectory` | set on both sides, and neither in the other |
//! | `zowe.logDirectory` | the same, where either side sets it: without one nothing is written |
//! | `zowe.job.name` | differs, with ZWE1SV for one that is not set: P of one would stop the other |
//! | `zowe.job.prefix` | may be the same: it only names address spaces |
//! | `zowe.setup.dataset.*` | data sets that both name differ; unset `loadlib`, `authLoadlib` are the prefix with SZWELOAD, SZWEAUTH |
//! | `zowe.setup.dataset.proclib` | may be the same where the members put into it differ (`stcs.zowe`) |
//! | `zowe.setup.dataset.parmlibMembers.*` | may be the same: the parmlib differs |
//! | `zowe.setup.security.stcs.*` | differ where either side sets them: the PROC of one would start the other |
//! | `zowe.setup.security.*` otherwise | may be the same: groups and users are the site's |
//! | `zowe.extensionDirectory`, `zowe.setup.certificate.pkcs12.directory` | may differ: directories, too |
//! | `components.{api-catalog,app-server}.enabled` | may differ, and must not both be true while the levels differ |
//!
//! All of it holds below `haInstances.<id>` as well.

use super::Group;
use crate::config::variables::scalar_text;
use crate::config::{Configuration, settings};
use serde_json::Value;
use std::path::Path;

/// Mappings and properties in which a difference is wanted or harmless.
const MAY_DIFFER: [&[&str]; 9] = [
    &["zowe", "setup", "dataset"],
    &["zowe", "setup", "datasets"],
    &["zowe", "setup", "security"],
    &["zowe", "runtimeDirectory"],
    &["zowe", "logDirectory"],
    &["zowe", "workspaceDirectory"],
    &["zowe", "job"],
    &["zowe", "extensionDirectory"],
    &["zowe", "setup", "certificate", "pkcs12", "directory"],
];

/// The documents use one spelling and the schema the other.
const DATA_SETS: [&str; 2] = ["dataset", "datasets"];

/// Security settings that are compared. Those whose difference does not affect security are not listed.
const SECURITY: [&[&str]; 10] = [
    &["zowe", "certificate"],
    &["zowe", "verifyCertificates"],
    &["zowe", "useConfigmgr"],
    &["zowe", "externalDomains"],
    &["zowe", "network"],
    &["zowe", "setup", "certificate"],
    &["zowe", "rbacProfileIdentifier"],
    &["zowe", "cookieIdentifier"],
    &["components", "gateway", "apiml", "security"],
    &["zOSMF"],
];

/// Only one instance of each may run while the levels differ.
pub(super) const USER_INTERFACES: [&str; 2] = ["api-catalog", "app-server"];

/// How two values are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Paths: one that lies inside the other counts as the same.
    Directory,
    /// Names of jobs, members, data sets: case and apostrophes do not matter.
    Name,
}

/// A property that must differ, as one pair of configurations has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Property {
    pub path: Vec<String>,
    kind: Kind,
    /// What applies to A and to B when it is not set.
    pub defaults: [Option<String>; 2],
    /// Also checked where neither side sets it.
    required: bool,
}

impl Property {
    fn new(path: &[&str], kind: Kind, required: bool) -> Property {
        Property { path: path.iter().map(|step| (*step).to_owned()).collect(), kind, defaults: [None, None], required }
    }

    fn or(self, default: &str) -> Property {
        Property { defaults: [Some(default.to_owned()), Some(default.to_owned())], ..self }
    }

    /// Why the two values collide; None where they do not. `resolve` gives the canonical path of a directory.
    pub(super) fn collision(&self, sides: [&Configuration; 2], resolve: &dyn Fn(&Path) -> std::path::PathBuf) -> Option<Option<String>> {
        let steps: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let set = sides.map(|side| side.get(&steps).map(scalar_text).filter(|text| !text.is_empty()));
        if set.iter().all(Option::is_none) && !self.required {
            return None;
        }
        let [default_a, default_b] = &self.defaults;
        let [a, b] = set;
        match (a.or_else(|| default_a.clone()), b.or_else(|| default_b.clone())) {
            (None, None) => Some(None),
            (Some(a), Some(b)) if self.kind == Kind::Name => (name(&a) == name(&b)).then_some(None),
            (Some(a), Some(b)) => {
                let (left, right) = (resolve(Path::new(&a)), resolve(Path::new(&b)));
                if left == right {
                    let note = format!("both are {}", left.display());
                    return Some((a != b).then_some(note));
                }
                let inside = |inner: &str, outer: &str| Some(Some(format!("that of {inner} is inside that of {outer}")));
                match (left.starts_with(&right), right.starts_with(&left)) {
                    (true, _) => inside("A", "B"),
                    (_, true) => inside("B", "A"),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// As z/OS compares names.
fn name(text: &str) -> String {
    text.trim().trim_matches('\'').to_uppercase()
}

/// Every property that must differ between two configurations, in the order in which it is reported.
pub(super) fn must_differ(sides: [&Configuration; 2]) -> Vec<Property> {
    let mut properties = vec![
        Property::new(&["zowe", "runtimeDirectory"], Kind::Directory, true),
        Property::new(&["zowe", "workspaceDirectory"], Kind::Directory, true),
        Property::new(&["zowe", "logDirectory"], Kind::Directory, false),
        Property::new(&["zowe", "job", "name"], Kind::Name, true).or(settings::Row::default_text(&settings::JOB_NAME)),
    ];
    let started_tasks = [("zowe", "ZWESLSTC"), ("zis", "ZWESISTC"), ("aux", "ZWESASTC")];
    let stc = |key| ["zowe", "setup", "security", "stcs", key];
    properties.extend(started_tasks.map(|(key, default)| Property::new(&stc(key), Kind::Name, false).or(default)));
    let same_started_task = Property::new(&stc("zowe"), Kind::Name, true).or("ZWESLSTC").collision(sides, &Path::to_path_buf).is_some();
    for mapping in DATA_SETS {
        let value = |side: &Configuration, key: &str| side.get(&["zowe", "setup", mapping, key]).and_then(Value::as_str).map(str::to_owned);
        let mut keys: Vec<String> = Vec::new();
        for side in sides {
            for (key, value) in side.get(&["zowe", "setup", mapping]).and_then(Value::as_object).into_iter().flatten() {
                if value.is_string() && !keys.contains(key) && (key != "proclib" || same_started_task) {
                    keys.push(key.clone());
                }
            }
        }
        for key in keys {
            let suffix = match key.as_str() {
                "loadlib" => Some("SZWELOAD"),
                "authLoadlib" => Some("SZWEAUTH"),
                _ => None,
            };
            let default = |side| suffix.and_then(|suffix| Some(format!("{}.{suffix}", value(side, "prefix")?)));
            let property = Property::new(&["zowe", "setup", mapping, &key], Kind::Name, false);
            properties.push(Property { defaults: sides.map(default), ..property });
        }
    }
    properties
}

/// A path without `haInstances.<id>` before it.
pub(super) fn overlaid<'a>(path: &'a [&'a str]) -> &'a [&'a str] {
    match path {
        ["haInstances", _, rest @ ..] if !rest.is_empty() => rest,
        path => path,
    }
}

/// True for a property that may differ, wherever it is set.
pub(super) fn may_differ(path: &[&str]) -> bool {
    let path = overlaid(path);
    let interface = matches!(path, ["components", name, "enabled"] if USER_INTERFACES.contains(name));
    interface || MAY_DIFFER.iter().any(|prefix| path.starts_with(prefix))
}

/// What a property is about.
pub(super) fn group(path: &[&str]) -> Group {
    let own = overlaid(path);
    let security = SECURITY.iter().any(|prefix| own.starts_with(prefix))
        || matches!(own, ["components", _, "certificate", ..] | ["components", _, "zowe", "network", ..]);
    if security {
        Group::Security
    } else if path.first() == Some(&"haInstances") || own.starts_with(&["components", "caching-service", "storage"]) {
        // The instances share what is in the caching service.
        Group::HighAvailability
    } else {
        Group::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlay_is_as_what_it_lies_over() {
        assert!(may_differ(&["haInstances", "a", "zowe", "job", "name"]) && may_differ(&["zowe", "job", "prefix"]));
        assert!(may_differ(&["haInstances", "a", "components", "app-server", "enabled"]));
        assert!(!may_differ(&["haInstances", "a", "hostname"]) && !may_differ(&["haInstances", "zowe"]) && !may_differ(&["zowe", "jobs"]));
        assert_eq!(group(&["haInstances", "a", "hostname"]), Group::HighAvailability);
        assert_eq!(group(&["haInstances", "a", "zOSMF", "host"]), Group::Security);
        assert_eq!(group(&["components", "x", "certificate", "keystore"]), Group::Security);
        assert_eq!(group(&["components", "x", "port"]), Group::Other);
    }
}
