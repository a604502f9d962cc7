//! What the address space of a component is called on z/OS (`_BPX_JOBNAME`): `zowe.job.prefix` and a suffix.

use crate::config::{Configuration, SINGLE_SERVICE};
use serde_json::Value;

/// Suffixes of Zowe's own components, as their start scripts have them. Others begin with X, which they choose themselves
/// (`components.<name>.zowe.job.suffix`).
const SUFFIXES: [(&str, &str); 13] = [
    ("api-catalog", "AC"),
    ("apiml", "AG"),
    ("app-server", "DS"),
    ("caching-service", "CS"),
    ("cloud-gateway", "CG"),
    ("discovery", "AD"),
    ("explorer-ip", "EI"),
    ("files-api", "EF"),
    ("gateway", "AG"),
    ("jobs-api", "EJ"),
    ("metrics-service", "MS"),
    ("zaas", "AZ"),
    ("zss", "SZ"),
];

/// The prefix where the configuration has none.
const PREFIX: &str = "ZWE1";

/// The job name of a component: `suffix` is that of the configuration. None when neither it nor the component is known to have one, or
/// when the two together are no job name (1 to 8 of A-Z, 0-9, @, #, $, the first no digit).
pub(super) fn job_name(component: &str, prefix: Option<&str>, suffix: Option<&str>) -> Option<String> {
    let known = || SUFFIXES.iter().find(|(name, _)| *name == component).map(|(_, suffix)| *suffix);
    let suffix = suffix.or_else(known)?;
    let name = format!("{}{suffix}", prefix.unwrap_or(PREFIX)).to_ascii_uppercase();
    crate::platform::names::is_name(&name).then_some(name)
}

/// The name of a component's address space on z/OS, which is that of the one service for its parts. None: the system's choice, which is the
/// launcher's with a digit.
pub fn job_name_of(component: &str, configuration: &Configuration) -> Option<String> {
    let runs_as = if configuration.is_suppressed(component) { SINGLE_SERVICE } else { component };
    let text = |path: &[&str]| configuration.get(path).and_then(Value::as_str);
    job_name(runs_as, text(&["zowe", "job", "prefix"]), text(&["components", runs_as, "zowe", "job", "suffix"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_of_zowe_have_the_names_of_their_scripts() {
        assert_eq!(job_name("gateway", None, None).as_deref(), Some("ZWE1AG"));
        assert_eq!(job_name("discovery", Some("ZWE2"), None).as_deref(), Some("ZWE2AD"));
        assert_eq!(job_name("api-catalog", Some("zwex"), None).as_deref(), Some("ZWEXAC"));
        assert_eq!(job_name("zss", Some(""), None).as_deref(), Some("SZ"));
        assert!(SUFFIXES.is_sorted());
    }

    /// getJobnameForComponent of zowe-install-packaging.
    #[test]
    fn parts_of_the_one_service_have_its_name() {
        let of = |text: &str, name: &str| job_name_of(name, &crate::config::testing::load(text));
        let text = "zowe: {job: {prefix: ZWE2}}\ncomponents: {apiml: {enabled: true}, discovery: {zowe: {job: {suffix: XX}}}}\n";
        for name in ["apiml", "gateway", "discovery", "api-catalog", "caching-service", "zaas"] {
            assert_eq!(of(text, name).as_deref(), Some("ZWE2AG"), "{name}");
        }
        assert_eq!(of(text, "zss").as_deref(), Some("ZWE2SZ"));
        let parts = text.replace("enabled: true", "enabled: false");
        assert_eq!(["gateway", "discovery", "zaas"].map(|name| of(&parts, name).unwrap()), ["ZWE2AG", "ZWE2XX", "ZWE2AZ"]);
        let own = text.replace("enabled: true", "enabled: true, zowe: {job: {suffix: XA}}");
        assert_eq!(of(&own, "zaas").as_deref(), Some("ZWE2XA"));
    }

    #[test]
    fn the_configuration_wins() {
        assert_eq!(job_name("gateway", Some("ZWE1"), Some("XGW")).as_deref(), Some("ZWE1XGW"));
        assert_eq!(job_name("mine", None, Some("xabc")).as_deref(), Some("ZWE1XABC"));
        assert_eq!(job_name("mine", None, None), None);
    }

    #[test]
    fn what_is_no_job_name_is_none() {
        for (prefix, suffix) in [("TOOLONG", "AG"), ("1ZWE", "AG"), ("ZWE", "a-b"), ("", "")] {
            assert_eq!(job_name("gateway", Some(prefix), Some(suffix)), None, "{prefix}{suffix}");
        }
    }
}
