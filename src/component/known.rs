//! What Zowe's own components write once they serve, by their sources. Pure. docs/operations.md has the same table for people.

use super::Component;
use super::version_range::{Version, VersionRange};
use std::time::Duration;

/// One text by which a component says that it serves.
struct Serves {
    component: &'static str,
    /// A message id, or a part of a line (see [`crate::output::AwaitedText`]).
    text: &'static str,
    /// The versions that write it, in npm's notation; where the manifest gives none, every text counts.
    versions: &'static str,
    /// 0: it serves. Else the text comes too early: it serves if it still runs so many seconds later.
    settling: u64,
}

const fn at_once(component: &'static str, text: &'static str, versions: &'static str) -> Serves {
    Serves { component, text, versions, settling: 0 }
}

/// What was read where:
/// - API ML (zowe/api-layer, tags v2.0.7 to v3.0.39, and the logs in its documentation of 2025 and 2026): `ServiceStartupEventHandler`
///   writes ZWEAM000I when a service's ApplicationReadyEvent comes; zaas, and the gateway before 3.0.21, wait for z/OSMF with it where that
///   authenticates. The gateway of 3.0.21 on is another program and has no such handler; `GatewayServiceApplication` lets Spring Boot write
///   `Started GatewayServiceApplication in n seconds` once its port is open. Its `GatewayHealthIndicator` writes ZWEAM001I at the first
///   look at its health with discovery, zaas **and a catalog** in the registry, so never where there is no catalog.
/// - API ML as one service (apiml): the same ZWEAM001I, `Started ApimlApplication` from Spring Boot where INFO of its own classes is not
///   filtered, and ZWEAM000I of each service within it as soon as that one has come up: seen 17 s before a BindException of the gateway's
///   port ended the process, hence the time to settle.
/// - app-server (zowe/zlux-server-framework, lib/index.js, v1.9.0 to v3.0.0): ZWED0031I is written when the last plug-in has been loaded,
///   by the first worker only. ZWED0021I, the registration with discovery, comes before any plug-in is loaded and says nothing of it.
/// - zss (zowe/zss, c/zss.c, v1.28 to v3.0.0): ZWES1014I is written just before the loop that serves, whatever the log levels and whether
///   or not ZIS answers. ZWES1013I is the first line of all, before even the configuration is read: with a bad one, or with its port taken,
///   zss ends within seconds of it.
const KNOWN: &[Serves] = &[
    at_once("gateway", "ZWEAM000I", "<3.0.21 || >3.0.39"),
    at_once("gateway", "Started GatewayServiceApplication", ">=3.0.21"),
    at_once("gateway", "ZWEAM001I", "*"),
    at_once("zaas", "ZWEAM000I", "*"),
    at_once("discovery", "ZWEAM000I", "*"),
    at_once("api-catalog", "ZWEAM000I", "*"),
    at_once("caching-service", "ZWEAM000I", "*"),
    at_once("metrics-service", "ZWEAM000I", "*"),
    at_once("apiml", "ZWEAM001I", "*"),
    at_once("apiml", "Started ApimlApplication", "*"),
    Serves { component: "apiml", text: "ZWEAM000I", versions: "*", settling: 30 },
    at_once("app-server", "ZWED0031I", "*"),
    at_once("zss", "ZWES1014I", "*"),
    Serves { component: "zss", text: "ZWES1013I", versions: "*", settling: 10 },
];

/// The texts that say that a component serves, and those that say so after a while.
pub(super) fn texts(component: &Component) -> (Vec<String>, Vec<(String, Duration)>) {
    let version = component.manifest.version.as_deref().and_then(Version::parse);
    let is_written = |serves: &&Serves| {
        // The table's own ranges are read by a test.
        version.is_none_or(|version| VersionRange::parse(serves.versions).is_ok_and(|range| range.holds(version.released())))
    };
    let (at_once, settling): (Vec<&Serves>, Vec<&Serves>) =
        KNOWN.iter().filter(|serves| serves.component == component.name).filter(is_written).partition(|serves| serves.settling == 0);
    (
        at_once.into_iter().map(|serves| serves.text.to_owned()).collect(),
        settling.into_iter().map(|serves| (serves.text.to_owned(), Duration::from_secs(serves.settling))).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::Manifest;

    fn of(name: &str, version: Option<&str>) -> (Vec<String>, Vec<(String, Duration)>) {
        let manifest = Manifest { name: name.into(), version: version.map(str::to_owned), ..Manifest::default() };
        texts(&Component {
            name: name.into(),
            directory: "/zowe/c".into(),
            manifest_file: "/zowe/c/manifest.yaml".into(),
            manifest: manifest.into(),
            warnings: Vec::new(),
        })
    }

    #[test]
    fn ranges_are_ranges_and_texts_are_looked_for() {
        for serves in KNOWN {
            assert!(VersionRange::parse(serves.versions).is_ok(), "{}", serves.text);
            assert!(crate::output::is_message_id(serves.text) || serves.text.starts_with("Started "), "{}", serves.text);
        }
    }

    #[test]
    fn by_version_where_the_manifest_tells_it() {
        let gateway = |version| of("gateway", version).0;
        let (service, spring, whole) = ("ZWEAM000I", "Started GatewayServiceApplication", "ZWEAM001I");
        assert_eq!(gateway(None), [service, spring, whole]);
        assert_eq!(gateway(Some("{{build.version}}")), [service, spring, whole]);
        assert_eq!(gateway(Some("2.18.0")), [service, whole]);
        assert_eq!(gateway(Some("3.0.20-SNAPSHOT")), [service, whole]);
        for version in ["3.0.21", "3.0.21-SNAPSHOT", "3.0.39"] {
            assert_eq!(gateway(Some(version)), [spring, whole], "{version}");
        }
        assert_eq!(gateway(Some("3.2.10")), [service, spring, whole]);
        assert_eq!(of("app-server", Some("3.0.0")), (vec!["ZWED0031I".into()], Vec::new()));
        assert_eq!(of("zss", None), (vec!["ZWES1014I".into()], vec![("ZWES1013I".into(), Duration::from_secs(10))]));
        assert_eq!(of("mine", None), (Vec::new(), Vec::new()));
    }
}
