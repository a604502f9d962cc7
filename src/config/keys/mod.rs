//! Keys that nothing reads: what was meant, and where they belong. This module gives the hint for keys that a schema refuses, and finds
//! misspelt keys that no schema refuses. Rules: docs/operations.md, "check".

mod hints;
mod manifest;
mod moved;
pub(super) mod names;
mod near;
mod walk;

#[cfg(test)]
mod tests;

pub(super) use hints::Keys;
#[cfg(test)]
pub(super) use manifest::KNOWN as KNOWN_OF_MANIFEST;
pub(super) use manifest::{nearest_of_manifest, reads_of_manifest, slips_of_manifest};

use super::settings::SETTINGS;
use crate::platform::files::entries;
use serde_json::{Map, Value};
use std::sync::OnceLock;

/// Problems by the address of the part of a configuration that they were found in.
pub(super) type Walked = std::collections::HashMap<usize, Vec<super::Problem>>;

/// A component as far as its keys are concerned.
pub struct ComponentKeys<'a> {
    pub name: &'a str,
    /// `configs` of its manifest.
    pub configs: &'a Value,
    /// The files of its `schemas.configs`: the first is the schema, the others are there to be referred to.
    pub schemas: Vec<std::path::PathBuf>,
}

/// Components of all versions of Zowe: none of these names is a misspelling of another, whether installed or not.
const COMPONENTS: &[&str] = &[
    "api-catalog",
    "apiml",
    "app-server",
    "caching-service",
    "cloud-gateway",
    "discovery",
    "explorer-ip",
    "explorer-jes",
    "explorer-mvs",
    "explorer-uss",
    "files-api",
    "gateway",
    "jobs-api",
    "launcher",
    "metrics-service",
    "zaas",
    "zss",
];

/// Keys that Zowe's documentation names, whatever the schemas of a runtime say; `*` is a name that the user chooses. The launcher's own
/// settings are added to these.
pub(super) const DOCUMENTED: &[&str] = &[
    "zowe.setup.dataset.prefix",
    "zowe.setup.dataset.proclib",
    "zowe.setup.dataset.parmlib",
    "zowe.setup.dataset.parmlibMembers.zis",
    "zowe.setup.dataset.jcllib",
    "zowe.setup.dataset.loadlib",
    "zowe.setup.dataset.authLoadlib",
    "zowe.setup.dataset.authPluginLib",
    "zowe.setup.security.product",
    "zowe.setup.security.groups.admin",
    "zowe.setup.security.groups.stc",
    "zowe.setup.security.groups.sysProg",
    "zowe.setup.security.users.zowe",
    "zowe.setup.security.users.zis",
    "zowe.setup.security.stcs.zowe",
    "zowe.setup.security.stcs.zis",
    "zowe.setup.security.stcs.aux",
    "zowe.setup.certificate.pkcs12",
    "zowe.setup.certificate.keyring",
    "zowe.setup.certificate.dname",
    "zowe.setup.certificate.validity",
    "zowe.setup.certificate.san",
    "zowe.setup.certificate.importCertificateAuthorities",
    "zowe.setup.vsam.storageClass",
    "zowe.setup.vsam.volume",
    "zowe.setup.zis",
    "zowe.runtimeDirectory",
    "zowe.logDirectory",
    "zowe.workspaceDirectory",
    "zowe.extensionDirectory",
    "zowe.extensionRegistry.defaultHandler",
    "zowe.extensionRegistry.handlers",
    "zowe.externalDomains",
    "zowe.externalPort",
    "zowe.certificate.keystore.alias",
    "zowe.certificate.truststore",
    "zowe.certificate.pem.certificateAuthorities",
    "zowe.verifyCertificates",
    "zowe.rbacProfileIdentifier",
    "zowe.cookieIdentifier",
    "zowe.network.server.listenAddresses",
    "zowe.network.server.vipaIp",
    "zowe.network.server.validatePortFree",
    "zowe.network.server.tls.attls",
    "zowe.network.client.tls.attls",
    "zowe.network.allowedDomains",
    "java.home",
    "node.home",
    "zOSMF.host",
    "zOSMF.port",
    "zOSMF.scheme",
    "zOSMF.applId",
    "zOSMF.authentication.scheme",
    "components.*.enabled",
    "components.*.port",
    "components.*.certificate",
    "components.*.launcher",
    "components.*.zowe.network",
    "components.*.zowe.job",
    "haInstances.*.hostname",
    "haInstances.*.sysname",
    "haInstances.*.components",
];

/// Names of components that are configured, or have a directory.
pub(super) fn component_names(configuration: &super::Configuration) -> Vec<String> {
    let mut names = configuration.component_names();
    let places = [configuration.runtime_directory().map(|runtime| runtime.join("components")), configuration.extension_directory()];
    // What cannot be read is reported where components are looked for.
    for entry in places.iter().flatten().flat_map(|place| entries(place).unwrap_or_default()) {
        names.extend(entry.file_name().into_string().ok().filter(|name| !name.starts_with('.')));
    }
    names
}

/// The documented keys and those of our own settings, in the form of a schema.
fn documented() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut root = Value::Object(Map::new());
        for path in DOCUMENTED.iter().chain(SETTINGS.iter().flat_map(|setting| setting.places())) {
            path.split('.').fold(&mut root, add);
        }
        root
    })
}

/// A key of a schema, made where there is none.
fn add<'a>(schema: &'a mut Value, step: &str) -> &'a mut Value {
    let (keyword, key) = if step == "*" { ("patternProperties", "") } else { ("properties", step) };
    let properties = member(schema, keyword);
    member(properties, key)
}

fn member<'a>(value: &'a mut Value, key: &str) -> &'a mut Value {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map.entry(key).or_insert_with(|| Value::Object(Map::new())),
        other => other,
    }
}

/// The keys that a value has, in the form of a schema.
fn schema_of(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let properties: Map<String, Value> = map.iter().map(|(key, value)| (key.clone(), schema_of(value))).collect();
            serde_json::json!({ "properties": properties })
        }
        _ => Value::Object(Map::new()),
    }
}
