use super::*;
use crate::config::testing::*;
use crate::config::{Configuration, LoadRequest, Source};

/// The real components beside the golden runtime's, with the real schemas and defaults.
struct RealRuntime {
    golden: GoldenRuntime,
    components: Vec<(String, Value, Vec<std::path::PathBuf>)>,
}

impl RealRuntime {
    fn new() -> Option<RealRuntime> {
        let (golden, real) = (GoldenRuntime::new(true)?, shared("zowe/components")?);
        let components = golden.directory.path().join("runtime/components");
        let mut found = Vec::new();
        for entry in std::fs::read_dir(real).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            copy_tree(&entry.path(), &components.join(&name));
            let manifest = crate::config::read_mapping(&components.join(&name).join("manifest.yaml")).unwrap().root.to_value();
            let schemas = match &manifest["schemas"]["configs"] {
                Value::String(file) => vec![file.clone()],
                files => files.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
            };
            let schemas = schemas.iter().map(|file| components.join(&name).join(file)).collect();
            found.push((name, manifest["configs"].clone(), schemas));
        }
        Some(RealRuntime { golden, components: found })
    }

    fn load(&self, text: &str) -> Option<Configuration> {
        let file = self.golden.directory.path().join("zowe.yaml");
        std::fs::write(&file, self.golden.placed(text)).unwrap();
        let request = LoadRequest { sources: &[Source::File(file)], ha_instance: &instance("lpar1"), platform: &FakePlatform::default() };
        Configuration::load(&request).ok()
    }

    /// What is said of the keys of a configuration: by schemas, of unknown keys alone, and besides.
    fn said(&self, configuration: &Configuration) -> Vec<String> {
        let components: Vec<ComponentKeys<'_>> =
            self.components.iter().map(|(name, configs, schemas)| ComponentKeys { name, configs, schemas: schemas.clone() }).collect();
        let refused = configuration.validate().into_iter().filter(|problem| problem.text.contains("is not a known key"));
        refused.chain(configuration.unread_keys(&components)).map(|problem| problem.text).collect()
    }

    fn of(&self, text: &str) -> Vec<String> {
        let head = "zowe: {runtimeDirectory: '@RUNTIME@', extensionDirectory: '@EXTENSIONS@', workspaceDirectory: '@WORKSPACE@'";
        let text = match text.strip_prefix("zowe: {") {
            Some(rest) => format!("{head}, {rest}"),
            None => format!("{head}}}\n{text}"),
        };
        self.said(&self.load(&text).unwrap_or_else(|| panic!("{text}")))
    }
}

/// A configuration, and what must be said of the one key that is wrong in it.
const WRONG: &[(&str, &str)] = &[
    // Paths as one key, as documentation prints them.
    (
        "components.gateway.apiml.security.x509.externalMapperUser: X\n",
        "write externalMapperUser below components.gateway.apiml.security.x509",
    ),
    ("zowe: {zowe.job.name: X}\n", "write name below zowe.job"),
    ("zowe: {job.name: X}\n", "write name below zowe.job"),
    ("zowe.job.name: X\n", "write name below zowe.job"),
    ("job.name: X\n", "write name below zowe.job"),
    ("gateway.port: 1\n", "write port below components.gateway"),
    ("zOSMF: {zOSMF.host: x}\n", "write host below zOSMF"),
    ("java.home: /x\n", "write home below java"),
    ("components: {gateway.port: 1}\n", "write port below components.gateway"),
    ("components: {gateway: {apiml.security.auth.provider: saf}}\n", "write provider below components.gateway.apiml.security.auth"),
    ("components: {gateway: {components.gateway.port: 1}}\n", "write port below components.gateway"),
    // Sections and keys at the wrong place.
    ("zowe: {haInstances: {a: {}}}\n", "haInstances belongs at the top level"),
    ("zowe: {components: {gateway: {}}}\n", "components belongs at the top level"),
    ("java: {node: {home: /x}}\n", "node belongs at the top level"),
    ("components: {zOSMF: {host: x}}\n", "zOSMF belongs at the top level"),
    ("components: {gateway: {haInstances: {}}}\n", "haInstances belongs at the top level"),
    ("runtimeDirectory: /x\n", "it belongs below zowe (zowe.runtimeDirectory)"),
    ("externalDomains: [x]\n", "it belongs below zowe (zowe.externalDomains)"),
    ("launchScript: {logLevel: info}\n", "it belongs below zowe (zowe.launchScript)"),
    ("zowe: {logLevel: debug}\n", "it belongs below zowe.launchScript (zowe.launchScript.logLevel)"),
    ("zowe: {setup: {dataset: {security: {}}}}\n", "it belongs below zowe.setup (zowe.setup.security)"),
    ("zowe: {setup: {dataset: {stcs: {zowe: X}}}}\n", "it belongs below zowe.setup.security (zowe.setup.security.stcs)"),
    ("alpha: {enabled: true}\n", "a component belongs below components (components.alpha)"),
    ("gateway: {enabled: true}\n", "a component belongs below components (components.gateway)"),
    ("hostname: x\n", "it belongs below haInstances.<id> (haInstances.<id>.hostname)"),
    ("zowe: {host: x}\n", "it belongs below zOSMF (zOSMF.host)"),
    ("port: 1\n", "it belongs below zOSMF, or below components.<name>"),
    ("crossMemoryServerName: X\n", "it belongs below components.zss (components.zss.crossMemoryServerName)"),
    // Of earlier versions.
    ("zowe: {jobPrefix: X}\n", "belongs into zowe.job.prefix"),
    ("zowe: {setup: {mvs: {hlq: X}}}\n", "belongs into zowe.setup.dataset"),
    ("ROOT_DIR: /x\n", "belongs into zowe.runtimeDirectory"),
    ("KEYSTORE_DIRECTORY: /x\n", "belongs into zowe.setup.certificate.pkcs12.directory"),
    // Slips of the pen.
    ("zowe: {lauchScript: {}}\n", "did you mean launchScript?"),
    ("zowe: {configmgr: {validation: STRICT, validatoin: STRICT}}\n", "did you mean validation?"),
    ("zowe: {network: {server: {listenAdresses: [1.2.3.4]}}}\n", "did you mean listenAddresses?"),
    ("runtimeDirectry: /x\n", "did you mean zowe.runtimeDirectory?"),
    ("compnents: {}\n", "did you mean components?"),
    ("gatway: {enabled: true}\n", "did you mean components.gateway?"),
    ("java: {hoome: /x}\n", "did you mean home?"),
    ("java: {securityFile: /x}\n", "known here: home"),
    ("components: {gateway: {enabeld: true}}\n", "did you mean enabled?"),
    ("components: {gateway: {Enabled: true}}\n", "did you mean enabled?"),
    ("components: {gateway: {prot: 1}}\n", "did you mean port?"),
    ("components: {gateway: {sslDebgu: x}}\n", "did you mean sslDebug?"),
    ("components: {gateway: {apiml: {security: {auht: {}}}}}\n", "did you mean auth?"),
    ("components: {gateway: {apiml: {gateway: {registry: {cachePeroidSec: 1}}}}}\n", "did you mean cachePeriodSec?"),
    ("components: {zss: {certifcate: {}}}\n", "did you mean certificate?"),
    ("components: {mine: {enabeld: true}}\n", "did you mean enabled?"),
    ("components: {mine: {zowe: {job: {sufix: X}}}}\n", "did you mean suffix?"),
    ("components: {gatway: {port: 1}}\n", "no component of this name is installed; did you mean gateway?"),
    ("haInstances: {lpar1: {hostnam: x, sysname: x}}\n", "did you mean haInstances.<id>.hostname?"),
    ("haInstances: {lpar1: {hostname: x, sysname: x, components: {zss: {enbled: true}}}}\n", "did you mean enabled?"),
];

/// What is nobody's business but the component's, or right.
const RIGHT: &[&str] = &[
    "components: {mine: {ports: [1], host: x, part: x, port2: 1, launch: x, my.own.key: 1, certificates: [x], node: {a: 1}, java: {}}}\n",
    "components: {app-server: {logLevels: {org.zowe.terminal.tn3270.*: 5, _zsf.auth: 1}, node: {https: {port: 1}}, agent: {host: x}}}\n",
    "components: {gateway: {apiml: {service: {corsEnabled: true}, security: {auth: {zosmfServiceId: x}}}, server: {maxConnectionsPerRoute: 1}}}\n",
    "components: {caching-service: {storage: {infinispan: {initialHosts: x}, vsam: {name: x}}}, explorer-jes: {}, jobs-api: {}, cloud-gateway: {}}\n",
    "components: {org.example.thing: {enabled: true}, launcher: {wto: true}}\n",
    "zowe: {environments: {enabeld: 1, a.b: 2, JAVA_HOME: x}, setup: {zis: {parmlib: {keys: {key.sample.1: list}}}}}\n",
    "zowe: {extensionRegistry: {defaultHandler: npm, handlers: {npm: {registry: x, path: /x}}}}\n",
    "haInstances: {lpar1: {hostname: x, sysname: x, zowe: {job: {name: X}}}, lpar2: {hostname: y, sysname: y}}\n",
];

#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn a_key_at_the_wrong_place_is_told_where_it_belongs() {
    let Some(runtime) = RealRuntime::new() else { return };
    for (text, expected) in WRONG {
        let said = runtime.of(text);
        assert!(said.len() == 1 && said[0].contains(expected), "{text}{expected}\n{said:#?}");
    }
}

#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn what_may_be_meant_is_left_alone() {
    let Some(runtime) = RealRuntime::new() else { return };
    for text in RIGHT {
        assert_eq!(runtime.of(text), [""; 0], "{text}");
    }
}

#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn the_configurations_of_zowe_and_its_repositories_have_no_slips() {
    let (Some(runtime), Some(zowe)) = (RealRuntime::new(), shared("zowe")) else { return };
    let mut checked = 0;
    let verdicts = std::fs::read_to_string(zowe.join("corpus/zoweyaml.tsv")).unwrap();
    let valid = verdicts.lines().filter(|line| line.trim_end().ends_with("\tvalid")).filter_map(|line| line.split('\t').next());
    let mut files: Vec<_> = valid.map(|name| zowe.join("corpus/zoweyaml").join(name)).collect();
    files.extend([zowe.join("defaults.yaml"), zowe.join("example-zowe.yaml")]);
    let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samplib");
    files.extend([own.join("zowe.yaml"), own.join("demo/zowe.yaml")]);
    for file in files {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        let with_runtime = |line: &str| match line.trim_start().strip_prefix("runtimeDirectory:") {
            Some(_) => format!("{}runtimeDirectory: '@RUNTIME@'\n", &line[..line.len() - line.trim_start().len()]),
            None => format!("{line}\n"),
        };
        let mut text: String = text.lines().map(with_runtime).collect();
        if !text.contains("runtimeDirectory:") {
            text = text.replacen("zowe:\n", "zowe:\n  runtimeDirectory: '@RUNTIME@'\n", 1);
        }
        let Some(configuration) = runtime.load(&text) else { continue };
        assert!(configuration.runtime_directory().is_some(), "{text}");
        assert_eq!(runtime.said(&configuration), [""; 0], "{}", file.display());
        checked += 1;
    }
    assert!(checked >= 10, "only {checked} configurations were looked at");
}

#[test]
fn the_golden_cases_have_no_slips() {
    let Some(golden) = GoldenRuntime::new(true) else { return };
    for case in golden.cases() {
        // This one is there for the sake of its unknown key.
        if case.ends_with("12-bad-unknown-key") {
            continue;
        }
        let Ok(configuration) = golden.load(&case, "lpar1", &str::to_string) else { continue };
        let found: Vec<String> = configuration.unread_keys(&[]).into_iter().map(|problem| problem.text).collect();
        assert_eq!(found, [""; 0], "{}", case.display());
    }
}

#[test]
fn without_schemas_only_what_is_like_a_known_key_is_said() {
    let said = |text: &str| load(text).unread_keys(&[]).into_iter().map(|problem| problem.text).collect::<Vec<_>>();
    assert_eq!(said("zowe: {mine: 1}\nother: 1\njava: {more: 1}\ncomponents: {a: {own: 1}}\n"), [""; 0]);
    for (text, expected) in [
        ("zowe: {lauchScript: {}}\n", "zowe.lauchScript: nothing is known to read this key; did you mean launchScript?"),
        ("java: {hoome: x}\n", "java.hoome: nothing is known to read this key; did you mean home?"),
        ("components.a.port: 1\n", "write port below components.a"),
        ("components: {a: {enabeld: true}}\n", "components.a.enabeld: no schema and no component knows this key; did you mean enabled?"),
        ("zowe: {haInstances: {}}\n", "haInstances belongs at the top level"),
        ("runtimeDirectory: /x\n", "it belongs below zowe (zowe.runtimeDirectory)"),
        ("gateway: {port: 1}\n", "a component belongs below components (components.gateway)"),
    ] {
        let said = said(text);
        assert!(said.len() == 1 && said[0].contains(expected), "{text}{said:#?}");
    }
}

#[test]
fn the_defaults_of_a_manifest_are_known_and_are_what_was_meant() {
    let configuration = load("components: {a: {storage: {szie: 1, mode: x}, stroage: 1}}\n");
    let configs = serde_json::json!({"storage": {"size": 1}});
    let found = configuration.unread_keys(&[ComponentKeys { name: "a", configs: &configs, schemas: Vec::new() }]);
    let found: Vec<&str> = found.iter().map(|problem| problem.text.rsplit("; ").next().unwrap()).collect();
    assert_eq!(found, ["did you mean size?", "did you mean storage?"]);
}

#[test]
fn manifests_of_the_corpus_have_no_slips() {
    let Some(folder) = shared("zowe/corpus/manifests") else { return };
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        let Ok(document) = crate::config::read_mapping(&file) else { continue };
        let found = slips_of_manifest(&document.root, "m");
        assert!(found.is_empty(), "{}: {found:#?}", file.display());
        read += 1;
    }
    assert!(read > 20, "{read}");
}

#[test]
fn slips_in_a_manifest_are_found_at_any_level() {
    let text = "name: a\ncomands: {start: x}\nreadyness: x\napimlService: {static: []}\nconfigs: {comands: 1, naem: 2}\ncommands: {strat: x}\napimlServices: {static: [{fiel: x}]}\ndependencies: {components: [{name: x, versionrange: 1}]}\nmesages: {ready: [x]}\nvendor: me\n";
    let document = crate::config::yaml::read(text, "m", 0, false).unwrap();
    let found: Vec<String> = slips_of_manifest(&document.root, "m").iter().map(|problem| problem.to_string()).collect();
    for expected in [
        "m:2:1: comands: nothing reads this key of a manifest; did you mean commands?",
        "did you mean readiness?",
        "did you mean apimlServices?",
        "commands.strat: nothing reads this key of a manifest; did you mean start?",
        "apimlServices.static.0.fiel: nothing reads this key of a manifest; did you mean file?",
        "did you mean versionRange?",
        "did you mean messages?",
    ] {
        assert!(found.iter().any(|text| text.contains(expected)), "{expected} in {found:#?}");
    }
    assert_eq!(found.len(), 7, "{found:#?}");
}

#[test]
fn what_a_schema_would_refuse_is_told_while_the_component_is_not_in_play() {
    let directory = tempfile::tempdir().unwrap();
    let schema = directory.path().join("a.json");
    let text = r#"{"properties": {"components": {"properties": {"a": {"properties": {"enabled": true, "size": true}, "additionalProperties": false}}}}}"#;
    std::fs::write(&schema, text).unwrap();
    let configs = Value::Null;
    let unread = |text: &str| {
        let found = load(text).unread_keys(&[ComponentKeys { name: "a", configs: &configs, schemas: vec![schema.clone()] }]);
        found.into_iter().map(|problem| problem.text).collect::<Vec<_>>()
    };
    let told = "components.a.enabeld: no schema and no component knows this key; did you mean enabled?";
    assert_eq!(unread("components: {a: {enabeld: true, size: 1}}\n"), [told]);
    assert_eq!(unread("components: {a: {enabled: true, enabeld: true}}\n"), [""; 0], "its schema refuses it");
}

#[test]
fn keys_of_a_manifest_that_stand_in_the_wrong_place() {
    let text = "name: a\nstart: bin/start.sh\nport: 1\nenabled: true\ndependency: []\nserviceId: x\nconfigs: {start: 1, enabled: 2}\ncommands: {start: x}\n";
    let document = crate::config::yaml::read(text, "m", 0, false).unwrap();
    let found: Vec<String> = slips_of_manifest(&document.root, "m").iter().map(|problem| problem.to_string()).collect();
    for expected in [
        "m:2:1: start: nothing reads this key of a manifest; a command belongs below commands (commands.start)",
        "m:3:1: port: nothing reads this key of a manifest; a default of the component's properties belongs below configs (configs.port)",
        "m:4:1: enabled: nothing reads this key of a manifest; a component is enabled in zowe.yaml (components.<name>.enabled)",
        "m:5:1: dependency: nothing reads this key of a manifest; did you mean dependencies?",
        "m:6:1: serviceId: ",
    ] {
        assert!(found.iter().any(|text| text.starts_with(expected)), "{expected} in {found:#?}");
    }
    assert_eq!(found.len(), 5, "{found:#?}");
}
