//! The variables that Zowe has added since 3.1 and that are more than a property by another name: `ZWE_ALLOWED_DOMAINS` and those of z/OSMF
//! (docs/contract/configuration.md, "Variables since Zowe 3.1"; bin/libs/configmgr.ts and component.ts of zowe-install-packaging).

use super::typing::scalar_text;
use super::{Configuration, Environment, SINGLE_SERVICE, lookup};
use serde_json::Value;
use std::collections::HashSet;
use std::ffi::OsStr;

/// PATH if the launcher inherits none, as STDENV of a started task has none. Zowe's public tools also put the working directory into it,
/// where anybody's program would be found.
const PATH: &str = "/bin:/usr/bin";

/// How a user is identified to z/OSMF: the values of `ZOSMF_AUTHENTICATION_SCHEME`.
const AUTHENTICATION_SCHEMES: [&str; 2] = ["zosmf", "httpBasicPassTicket"];

impl Configuration {
    /// The domains that API ML lets services register from, each once: of all HA instances, of this one's clients, of z/OSMF, of what the
    /// instance listens at, and those that the site allows besides.
    pub(super) fn allowed_domains(&self) -> String {
        let instances = self.get(&["haInstances"]).and_then(Value::as_object);
        let hosts = instances.into_iter().flat_map(|instances| instances.values()).filter_map(|one| lookup(one, &["hostname"]));
        let others = [
            ["zowe", "externalDomains"].as_slice(),
            &["zOSMF", "host"],
            &["zowe", "network", "server", "listenAddresses"],
            &["zowe", "network", "allowedDomains"],
        ];
        let (mut domains, mut seen) = (Vec::new(), HashSet::new());
        for value in hosts.chain(others.into_iter().filter_map(|path| self.get(path))) {
            let items = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
            for domain in items.iter().map(scalar_text) {
                let domain = domain.trim().to_string();
                // A comma at an end would make an empty domain in the list, which matches every host.
                if !domain.is_empty() && !domain.starts_with(',') && !domain.ends_with(',') && seen.insert(domain.clone()) {
                    domains.push(domain);
                }
            }
        }
        domains.join(",")
    }

    /// Whether AT-TLS encrypts what a component sends, by the setting for clients; if there is none, by the one for servers. Both may be
    /// set for the component or for the instance.
    pub fn is_client_attls(&self, component: &str) -> bool {
        let [client, server] = ["client", "server"].map(|side| {
            let below = ["zowe", "network", side, "tls", "attls"];
            let own: Vec<&str> = ["components", component].into_iter().chain(below).collect();
            [below.as_slice(), &own].map(|path| switch(self.get(path)))
        });
        client.contains(&Some(true)) || (!client.contains(&Some(false)) && server.contains(&Some(true)))
    }

    /// Whether AT-TLS encrypts what clients send to a component.
    pub fn is_server_attls(&self, component: &str) -> bool {
        let below = ["zowe", "network", "server", "tls", "attls"];
        let own: Vec<&str> = ["components", component].into_iter().chain(below).collect();
        switch(self.get(&own)).or_else(|| switch(self.get(&below))).unwrap_or(false)
    }

    /// The variables that say how components connect to z/OSMF, and how they identify users.
    pub(super) fn zosmf_variables(&self, inherited: Option<&Environment>) -> Vec<(&'static str, String)> {
        let given = |name: &str| inherited.and_then(|inherited| inherited.get(name)).and_then(|value| value.to_str()).unwrap_or_default();
        let property = |path: &[&str]| self.get(path).map(scalar_text).unwrap_or_default();
        let first = |texts: [String; 3]| texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
        // The component that asks z/OSMF: by itself, or within the one service.
        let is_attls = ["zaas", SINGLE_SERVICE].into_iter().any(|name| {
            let asks = name != SINGLE_SERVICE || self.is_suppressed("zaas");
            asks && self.is_client_attls(name)
        });
        let otherwise = if is_attls { "http" } else { "https" };
        let scheme = first([given("ZOSMF_SCHEME").into(), property(&["zOSMF", "scheme"]), otherwise.into()]);
        let is_secure = scheme != "http";
        let provider = ["apiml", "gateway"].map(|name| property(&["components", name, "apiml", "security", "auth", "provider"]));
        let [of_service, of_gateway] = provider;
        // Only an unknown word in the first place is passed over.
        let provider = if ["saf", "zosmf", "dummy"].contains(&of_service.as_str()) { of_service } else { of_gateway };
        let otherwise = if provider == "saf" { "httpBasicPassTicket" } else { "zosmf" };
        let inherited = Some(given("ZOSMF_AUTHENTICATION_SCHEME")).filter(|scheme| AUTHENTICATION_SCHEMES.contains(scheme));
        let authentication =
            first([inherited.unwrap_or_default().into(), property(&["zOSMF", "authentication", "scheme"]), otherwise.into()]);
        vec![
            ("ZOSMF_SCHEME", scheme),
            ("ZOSMF_SECURE_PORT_ENABLED", is_secure.to_string()),
            ("ZOSMF_NON_SECURE_PORT_ENABLED", (!is_secure).to_string()),
            ("ZOSMF_AUTHENTICATION_SCHEME", authentication),
        ]
    }
}

/// A switch that is on or off; None for anything else.
fn switch(value: Option<&Value>) -> Option<bool> {
    match value {
        Some(Value::Bool(value)) => Some(*value),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    }
}

/// PATH with the programs of Java and node.js before everything else, each once, or [`PATH`].
pub(super) fn path(environment: &Environment) -> std::ffi::OsString {
    let inherited = environment.get("PATH").filter(|path| !path.is_empty()).map_or_else(|| OsStr::new(PATH), |path| path.as_os_str());
    let mut directories: Vec<_> = std::env::split_paths(inherited).collect();
    for home in ["NODE_HOME", "JAVA_HOME"] {
        let Some(home) = environment.get(home).filter(|home| !home.is_empty()) else { continue };
        let programs = std::path::Path::new(home).join("bin");
        if !directories.contains(&programs) {
            directories.insert(0, programs);
        }
    }
    // A directory with a colon in its name cannot stand in PATH.
    std::env::join_paths(directories).unwrap_or_else(|_| inherited.to_owned())
}
