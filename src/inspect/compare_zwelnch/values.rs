//! Differences that concern a single value of a configuration.

use super::Difference;
use crate::config::settings::{MINIMUM_UPTIME, ON_ALL_FAILED, RESTART_INTERVALS, Row, SETTINGS, SHARE_AS, START_RUNNING};
use crate::config::{Configuration, Source};
use serde_json::Value;

/// All of them.
pub(super) fn differences(configuration: &Configuration) -> Vec<Difference> {
    let mut differences: Vec<Difference> = no_instances(configuration).into_iter().collect();
    differences.extend(member_names(configuration));
    differences.extend(line_breaks(configuration));
    differences.extend(ignored_variables(configuration));
    differences.extend(derived_peers(configuration));
    differences.extend(job_suffixes(configuration));
    differences.extend(console_limit(configuration));
    differences.extend(own_settings(configuration));
    differences
}

/// An id was given, and there is no haInstances.
fn no_instances(configuration: &Configuration) -> Option<Difference> {
    let instance = &configuration.ha_instance;
    let named = !instance.id.is_empty() && !instance.from_placeholder && configuration.instance_ids().is_empty();
    named.then(|| {
        let before = format!("ran '{}' without an overlay, silently, as there is no haInstances", instance.id);
        Difference::new("no-overlay", None, before, "does the same and says so (ZWEL0916W)")
            .about(&["haInstances"])
            .action("leave HAINST out on START, or define haInstances")
    })
}

/// Up to version 3.2 all members of CONFIG had to be of one name.
fn member_names(configuration: &Configuration) -> Option<Difference> {
    let members: Vec<&String> = configuration
        .sources
        .iter()
        .filter_map(|source| match source {
            Source::Member { member, .. } => Some(member),
            Source::File(_) => None,
        })
        .collect();
    let differ = members.iter().any(|member| Some(member) != members.first());
    let before = "up to version 3.2 wanted the same member name in all PARMLIB entries (ZWEL0067E)";
    differ.then(|| Difference::new("parmlib-members", None, before, "takes any names").action("nothing, unless you go back to 3.2"))
}

/// Texts with a line break, which became lines of a file that a shell read.
fn line_breaks(configuration: &Configuration) -> Vec<Difference> {
    let mut differences = Vec::new();
    let origins = configuration.origins(true, &[]).unwrap_or_default();
    for origin in origins {
        let path: Vec<&str> = origin.path.iter().map(String::as_str).collect();
        // Overlays are seen where they are laid over the rest, and zowe.environments has a rule of its own.
        if matches!(path.as_slice(), ["haInstances", ..] | ["zowe", "environments", ..]) {
            continue;
        }
        if origin.value.as_str().is_some_and(|text| text.trim_end_matches('\n').contains('\n')) {
            let before = "let what follows the line break become variables of its own";
            let now = "keeps the whole text as the value of one variable";
            let found = Difference::new("line-break", Some(origin.place), before, now).about(&path);
            differences.push(found.action("see whether something relies on a variable that was made like that"));
        }
    }
    differences
}

/// Entries of zowe.environments that become no variable.
fn ignored_variables(configuration: &Configuration) -> Vec<Difference> {
    let Some(map) = configuration.get(&["zowe", "environments"]).and_then(Value::as_object) else { return Vec::new() };
    let ignored = map.iter().filter(|(_, value)| value.is_array() || value.is_object());
    let difference = |(name, value): (&String, &Value)| {
        let path = ["zowe", "environments", name.as_str()];
        let what = if value.is_array() { "list" } else { "mapping" };
        let found = Difference::new(
            "environments-ignored",
            Some(configuration.place(&path)),
            format!("passed over the {what}, silently"),
            "passes over it and says so (ZWEL0916W)",
        );
        found.about(&path).action("write a text, or take the entry out")
    };
    ignored.map(difference).collect()
}

/// Peers of the caching service that are derived from haInstances.
fn derived_peers(configuration: &Configuration) -> Option<Difference> {
    let path = ["components", "caching-service", "storage", "infinispan", "initialHosts"];
    let value = configuration.get(&path)?;
    let of_base = crate::config::lookup(configuration.base(), &path);
    let of_overlay = configuration.overlay().and_then(|overlay| crate::config::lookup(overlay, &path));
    let set = [of_base, of_overlay].into_iter().flatten().any(|set| set == value);
    (!set).then(|| {
        let place = Some(configuration.place(&path));
        let now = format!("derives it from haInstances: {}", value.as_str().unwrap_or_default());
        let found = Difference::new("derived-peers", place, "left it unset: each caching service had no peers", now);
        found.about(&path).action("see whether the addresses are those that the services reach each other by")
    })
}

/// Suffixes of address spaces, which Zowe left to the components.
fn job_suffixes(configuration: &Configuration) -> Vec<Difference> {
    let mut differences = Vec::new();
    for name in configuration.component_names().iter().filter(|name| configuration.is_enabled(name)) {
        let path = ["components", name.as_str(), "zowe", "job", "suffix"];
        if let Some(suffix) = configuration.get(&path).and_then(Value::as_str) {
            let now = format!("starts the component in an address space whose name ends with it: {suffix}");
            let found = Difference::new("job-suffix", Some(configuration.place(&path)), "left it to the component to use it", now);
            differences.push(found.about(&path).action("see whether rules of security and automation know the name"));
        }
    }
    differences
}

/// Lines that matched zowe.sysMessages went to the console without a bound.
fn console_limit(configuration: &Configuration) -> Option<Difference> {
    let texts = &configuration.launcher_settings().sys_messages;
    (!texts.is_empty()).then(|| {
        let path = ["zowe", "sysMessages"];
        let now = "sends 50 lines of a component at once and 10 a second after that, and counts the others (ZWEL0991W); SYSPRINT has all";
        let before = "sent every line that matched to the console, however many";
        Difference::new("console-limit", Some(configuration.place(&path)), before, now)
            .about(&path)
            .action("make the texts exact where a component writes many lines that match")
    })
}

/// Settings of the launcher that ZWELNCH did not know.
fn own_settings(configuration: &Configuration) -> Vec<Difference> {
    /// Settings that it knew, and those that bring its behaviour back.
    const KNOWN: [&dyn Row; 5] = [&RESTART_INTERVALS, &MINIMUM_UPTIME, &SHARE_AS, &START_RUNNING, &ON_ALL_FAILED];
    let is_own = |setting: &&&dyn Row| {
        !KNOWN.iter().any(|known| std::ptr::addr_eq(*known, **setting))
            && setting.places().iter().any(|place| place.starts_with("components."))
    };
    let mut components = configuration.component_names();
    components.retain(|name| configuration.is_enabled(name));
    components.push("launcher".to_owned());
    let mut differences: Vec<Difference> = Vec::new();
    for setting in SETTINGS.iter().filter(is_own) {
        for component in &components {
            let Some((path, _)) = configuration.setting_in_force(*setting, component) else { continue };
            let steps: Vec<&str> = path.iter().map(String::as_str).collect();
            // `job_suffixes` reports zowe.job.suffix.
            if !steps.contains(&"launcher") {
                continue;
            }
            let now = format!("reads it: {}", setting.meaning());
            let found = Difference::new("own-setting", Some(configuration.place(&steps)), "did not know this setting", now).about(&steps);
            if !differences.contains(&found) {
                differences.push(found);
            }
        }
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_several_names_are_told() {
        let mut configuration = crate::config::testing::load("zowe: {}\n");
        let member = |name: &str| Source::Member { data_set: "A.B".into(), member: name.into() };
        configuration.sources = vec![member("ONE"), Source::File("/x".into()), member("ONE")];
        assert!(member_names(&configuration).is_none());
        configuration.sources.push(member("TWO"));
        assert_eq!(member_names(&configuration).unwrap().kind, "parmlib-members");
    }
}
