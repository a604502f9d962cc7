//! Zowe's own schemas and components, and references in all the forms that there are.

use super::documents::identified;
use super::*;
use crate::component::Component;
use crate::config::testing::{FakePlatform, copy_tree, instance, shared};
use crate::config::{LoadRequest, Source};
use serde_json::json;

/// A runtime directory with Zowe's schemas and defaults, and all its components.
struct Runtime {
    directory: tempfile::TempDir,
}

impl Runtime {
    fn new() -> Option<Runtime> {
        let zowe = shared("zowe")?;
        let directory = tempfile::tempdir().unwrap();
        copy_tree(&zowe.join("schemas"), &directory.path().join("schemas"));
        copy_tree(&zowe.join("components"), &directory.path().join("components"));
        std::fs::create_dir(directory.path().join("files")).unwrap();
        std::fs::copy(zowe.join("defaults.yaml"), directory.path().join("files/defaults.yaml")).unwrap();
        Some(Runtime { directory })
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A configuration of which `more` follows the keys of `zowe`.
    fn load(&self, more: &str) -> Configuration {
        let file = self.path().join("zowe.yaml");
        let text = format!(
            "zowe:\n  runtimeDirectory: {}\n  workspaceDirectory: /w\n  logDirectory: /l\n  extensionDirectory: /e\n  externalDomains: [localhost]\n{more}\n",
            self.path().display()
        );
        std::fs::write(&file, text).unwrap();
        let request = LoadRequest { sources: &[Source::File(file)], ha_instance: &instance("x"), platform: &FakePlatform::default() };
        Configuration::load(&request).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Errors and warnings of the runtime's own schema.
    fn found(&self, more: &str) -> (Vec<String>, Vec<String>) {
        let problems = self.load(more).validate();
        let (errors, warnings): (Vec<_>, Vec<_>) = problems.into_iter().partition(|problem| problem.error);
        let texts = |problems: Vec<Problem>| problems.into_iter().map(|problem| problem.text).collect();
        (texts(errors), texts(warnings))
    }
}

#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn every_component_of_zowe_fits_the_full_defaults() {
    let Some(runtime) = Runtime::new() else { return };
    let mut components = 0;
    for mode in ["STRICT", "COMPONENT-COMPAT"] {
        let configuration = runtime.load(&format!("  configmgr: {{validation: {mode}}}\n"));
        assert_eq!(configuration.validate(), [], "{mode}");
        for entry in std::fs::read_dir(runtime.path().join("components")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let component = Component::locate(&name, runtime.path(), None).unwrap();
            let problems = component.validate(&configuration);
            if name == "app-server" {
                assert_eq!(problems.len(), 1, "{problems:#?}");
                let text = problems[0].to_string();
                assert!(!problems[0].error && text.contains("schemas/app-server-config.json:33:76:"), "{text}");
                assert!(text.contains("a comma with no value behind it (line 33"), "{text}");
            } else {
                assert_eq!(problems, [], "{mode} {name}");
            }
            components += 1;
        }
    }
    assert_eq!(components, 26);
}

/// Where haInstances is checked once for all HA instances, the same is found as in the whole.
#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn what_is_found_apart_is_what_is_found_in_the_whole() {
    let Some(runtime) = Runtime::new() else { return };
    let configuration = runtime.load(
        "  job: {name: 5}\nnode: 1\ncomponents: {zss: {enabled: maybe, port: high}, gateway: 7}\nhaInstances:\n  x: {hostname: [a], sysnme: b}\n  \
         y: {hostname: 7, sysname: {}, components: {zss: {port: [1]}}, zowe: {job: {prefix: 9}}}\n  z: up\n",
    );
    let schemas = of(&configuration);
    let names = ["zss", "gateway", "app-server"];
    let located = names.map(|name| Component::locate(name, runtime.path(), None).unwrap());
    let own = located.map(|component| schemas.of_component(&component.schema_files().unwrap()));
    let all: Vec<&Compiled> =
        schemas.base.iter().filter_map(|base| base.as_ref().ok()).chain(own.iter().filter_map(|own| own.compiled.as_ref())).collect();
    assert_eq!(all.len(), 4);
    let shown = |problems: Vec<Problem>| {
        let mut shown: Vec<String> = problems.iter().map(|problem| format!("{} {problem}", problem.error)).collect();
        shown.sort();
        shown
    };
    for schema in all {
        let root = schema.documents.at(&schema.id).unwrap();
        assert!(apart::is_apart(&schema.documents, &root), "{}", schema.id);
        let hint = |path: &[String], known: &[String]| {
            Some(
                keys::Keys::new(schemas.root(), &configuration.default_keys(), keys::component_names(&configuration).into_iter())
                    .hint(path, known),
            )
        };
        let whole = shown(check(configuration.value(), true, &|path| configuration.place(path), &hint, schema));
        // What the base says is said by itself.
        if !schema.beside_base {
            assert!(
                whole.iter().any(|text| text.contains("haInstances")) && whole.iter().any(|text| text.contains("zowe.job")),
                "{whole:#?}"
            );
        }
        assert_eq!(shown(check_configuration(&configuration, schema)), whole, "{}", schema.id);
    }
    for linked in
        [r#"{"if": {}}"#, r#"{"allOf": [{"dependentSchemas": {}}]}"#, r#"{"unevaluatedProperties": false}"#, r##"{"$ref": "#/none"}"##]
    {
        let schema = serde_json::from_str(linked).unwrap();
        assert!(!apart::is_apart(&Documents::default(), &Position { base: String::new(), schema: &schema }), "{linked}");
    }
}

/// The whole schema of a component, with all that it refers to, as the validator takes it by itself.
fn whole(schemas: &Schemas, files: &[PathBuf]) -> Compiled {
    let all: Vec<Schema> = files.iter().map(|file| read_schema(file).unwrap()).chain(schemas.shared.iter().cloned()).collect();
    let all: Vec<&Schema> = all.iter().collect();
    let documents = documents_of(&all, &[]);
    let settled: Vec<Value> = all.iter().map(|schema| settle(schema, &documents).unwrap()).collect();
    let others = all[1..].iter().zip(&settled[1..]).map(|(schema, content)| (schema.id(), content));
    let validator = directly(&settled[0], Some(&registry(others).unwrap())).unwrap();
    let id = all[0].id().to_owned();
    Compiled { id, documents, validator, beside_base: false, is_apart: OnceLock::new(), of_instances: OnceLock::new() }
}

#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn what_is_said_of_a_component_is_what_its_whole_schema_says() {
    let Some(runtime) = Runtime::new() else { return };
    let (mut beside, mut found) = (0, 0);
    for more in [
        "",
        "  job: {name: 5}\nnode: 1\ncomponents: {zss: {enabled: maybe, port: high}, gateway: 7, app-server: {port: x, dataserviceAuthentication: 7}}\n",
        "  job: {nmae: 5}\ncomponents: {zss: {enabled: null, prot: 1}, discovery: {port: [1], debug: 7, heap: {}}, explorer-jes: {port: x}}\n",
        "components: {api-catalog: {port: {}, apiml: 4}, caching-service: {storage: 4, mode: x}, zaas: {port: -1, apiml: {security: 5}}}\n\
         haInstances: {x: {hostname: 7, components: {zss: {port: [1]}, gateway: {port: x}}}}\n",
    ] {
        let configuration = runtime.load(more);
        let schemas = of(&configuration);
        let of_base = configuration.validate();
        for entry in std::fs::read_dir(runtime.path().join("components")).unwrap() {
            let component = Component::locate(&entry.unwrap().file_name().into_string().unwrap(), runtime.path(), None).unwrap();
            let files = component.schema_files().unwrap();
            let shown = |problems: Vec<Problem>| {
                let all = of_base.iter().cloned().chain(problems).collect();
                crate::config::unique(all).iter().map(|problem| format!("{} {problem}", problem.error)).collect::<Vec<_>>()
            };
            let of_whole = check_configuration(&configuration, &whole(schemas, &files));
            let warnings = files.iter().flat_map(|file| read_schema(file).unwrap().warnings);
            found += of_whole.len();
            let ours = shown(component.validate(&configuration));
            assert_eq!(ours, shown(warnings.chain(of_whole).collect()), "{} {more}", component.name);
            beside += usize::from(schemas.of_component(&files).compiled.as_ref().is_some_and(|compiled| compiled.beside_base));
        }
        assert!(sound::is_sound(&schemas.shared.last().unwrap().content), "Zowe's own needs no meta-schema");
    }
    assert!(beside > 20 && found > 20, "{beside} {found}");
}

/// The errors and warnings of a component's schemas, the first of them the schema, for a configuration in which `node.level` is a text.
fn by_references(files: &[(&str, &str)]) -> Vec<Problem> {
    let directory = tempfile::tempdir().unwrap();
    let schemas = directory.path().join("schemas");
    std::fs::create_dir(&schemas).unwrap();
    let common = r#"{"$id": "https://zowe.org/schemas/v2/server-common", "$defs": {"n": {"$anchor": "number", "type": "integer"}}}"#;
    let base = r#"{"$id": "https://zowe.org/schemas/v2/server-base", "type": "object"}"#;
    std::fs::write(schemas.join("server-common.json"), common).unwrap();
    std::fs::write(schemas.join("zowe-yaml-schema.json"), base).unwrap();
    let own = directory.path().join("components/a/of a");
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| own.join(name)).collect();
    for (path, (_, text)) in paths.iter().zip(files) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let text = format!("zowe: {{runtimeDirectory: {}}}\nnode: {{level: high}}\n", directory.path().display());
    std::fs::write(directory.path().join("zowe.yaml"), text).unwrap();
    let sources = [Source::File(directory.path().join("zowe.yaml"))];
    let request = LoadRequest { sources: &sources, ha_instance: &instance("x"), platform: &FakePlatform::default() };
    Configuration::load(&request).unwrap().validate_against("a", &paths)
}

/// A schema of the whole whose `node` is what a reference says.
fn top(id: &str, reference: &str) -> String {
    format!(
        r#"{{{id} "allOf": [{{"$ref": "https://zowe.org/schemas/v2/server-base"}}, {{"properties": {{"node": {{"$ref": "{reference}"}}}}}}]}}"#
    )
}

const PART: &str = r#""$anchor": "root", "properties": {"level": {"$ref": "/schemas/v2/server-common#number"}}, "$defs": {"l": {"$anchor": "node", "properties": {"level": {"type": "integer"}}}}"#;

#[test]
fn a_wrong_value_is_found_through_every_form_of_reference() {
    let ours = r#""$id": "https://zowe.org/schemas/v2/top","#;
    let other = r#""$id": "https://example.org/x/top","#;
    for (id, own, reference) in [
        // By $id: absolute, by path, relative.
        (ours, r#""$id": "https://zowe.org/schemas/v2/part","#, "https://zowe.org/schemas/v2/part"),
        (ours, r#""$id": "https://zowe.org/schemas/v2/part","#, "/schemas/v2/part"),
        (ours, r#""$id": "https://zowe.org/schemas/v2/part","#, "part"),
        (ours, r#""$id": "https://zowe.org/schemas/v2/part","#, "part#"),
        (ours, r#""id": "https://zowe.org/schemas/v2/part","#, "/schemas/v2/part"),
        // By $anchor and by pointer.
        (ours, r#""$id": "https://zowe.org/schemas/v2/part","#, "/schemas/v2/part#node"),
        (ours, r#""$id": "https://zowe.org/schemas/v2/part","#, "/schemas/v2/part#/$defs/l"),
        (ours, r#""$id": "https://zowe.org/schemas/v2/part","#, "part#root"),
        // By the path of the file, whatever its $id, if it has one.
        (ours, r#""$id": "https://zowe.org/else/where","#, "parts/part.json"),
        (ours, r#""$id": "https://zowe.org/else/where","#, "./parts/part.json#node"),
        (ours, r#""$id": "https://zowe.org/else/where","#, "part.json#/$defs/l"),
        (ours, "", "parts/part.json"),
        (other, r#""$id": "https://zowe.org/else/where","#, "parts/part.json#root"),
        (other, "", "part.json#node"),
        ("", "", "parts/part.json#node"),
        ("", r#""$id": "/schemas/v2/part","#, "/schemas/v2/part"),
        // Zowe's own from a schema without an $id.
        ("", "", "parts/part.json"),
    ] {
        let found = by_references(&[("top.json", &top(id, reference)), ("parts/part.json", &format!("{{{own} {PART}}}"))]);
        assert_eq!(found.len(), 1, "{id} {own} {reference}: {found:#?}");
        assert_eq!(found[0].text, "node.level: 'high' is not of type integer", "{id} {own} {reference}");
    }
}

#[test]
fn the_others_are_no_schemas_of_the_configuration() {
    let part = r#"{"$id": "https://example.org/part", "required": ["nothing"], "properties": {"node": {"type": "integer"}}}"#;
    let found = by_references(&[("top.json", r#"{"$id": "https://example.org/top"}"#), ("part.json", part)]);
    assert_eq!(found, []);
    // In a circle.
    let part =
        r##"{"$id": "https://example.org/part", "$anchor": "a", "properties": {"level": {"type": "integer"}, "x": {"$ref": "top"}}}"##;
    let found = by_references(&[("top.json", &top(r#""$id": "https://example.org/top","#, "part#a")), ("part.json", part)]);
    assert_eq!(found.len(), 1, "{found:#?}");
}

#[test]
fn references_that_lead_nowhere_are_all_named_where_they_stand() {
    let text = "{\n \"$id\": \"https://example.org/top\",\n \"properties\": {\n  \"a\": {\"$ref\": \"part\"},\n  \"default\": {\"$ref\": \"#nowhere\"},\n  \"b\": {\"default\": {\"$ref\": \"data\"}}}}";
    let found = by_references(&[("top.json", text)]);
    let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(shown.len(), 2, "{shown:#?}");
    assert!(shown[0].contains("top.json:4:9: ") && shown[0].contains("'part' leads nowhere"), "{shown:#?}");
    assert!(shown[1].contains("top.json:5:15: ") && shown[1].contains("'#nowhere'"), "{shown:#?}");
}

#[test]
fn slips_of_each_file_are_told_once() {
    let part = r#"{"$id": "https://example.org/part", "properties": {"level": {"type": "integer",},},}"#;
    let text = format!("// the top\n{}", top(r#""$id": "https://example.org/top","#, "part"));
    let found = by_references(&[("top.json", &text), ("part.json", part)]);
    let shown: Vec<String> = found.iter().map(|problem| format!("{} {problem}", problem.error)).collect();
    assert_eq!(shown.len(), 3, "{shown:#?}");
    assert!(shown[0].starts_with("false ") && shown[0].contains("top.json:1:1: the schema is not strict JSON"), "{shown:#?}");
    assert!(shown[1].starts_with("false ") && shown[1].contains("part.json:1:79: ") && shown[1].contains("and 2 more"), "{shown:#?}");
    assert!(shown[2].starts_with("true ") && shown[2].contains("node.level"), "{shown:#?}");
    let found = by_references(&[("top.json", "{\"a\": }")]);
    assert!(found[0].error && found[0].to_string().contains("top.json:1:7: the schema is no JSON: a value is expected"), "{found:#?}");
}

#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn a_certificate_is_explained_by_its_type() {
    let Some(runtime) = Runtime::new() else { return };
    let certificate = |keystore: &str, truststore: &str, pem: &str| {
        let store = |kind: &str| format!("{{type: {kind}, file: /k.p12, password: pw");
        format!("  certificate:\n    keystore: {}, alias: a}}\n    truststore: {}}}\n{pem}", store(keystore), store(truststore))
    };
    let pem = "    pem: {key: /k, certificate: /c, certificateAuthorities: /ca}\n";
    assert_eq!(runtime.found(&certificate("PKCS12", "PKCS12", pem)), (vec![], vec![]));
    let (errors, warnings) = runtime.found(&certificate("PKCS12", "PKCS12", ""));
    assert_eq!((errors, warnings), (vec!["zowe.certificate: the key 'pem' is required here and missing".to_string()], vec![]));
    let (errors, _) = runtime.found(&certificate("PKSC12", "PKCS12", pem));
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(errors[0].starts_with("zowe.certificate.keystore.type: 'PKSC12' is not one of \"PKCS12\", \"JCEKS\""), "{errors:#?}");
    assert!(errors[0].ends_with("did you mean PKCS12?"), "{errors:#?}");
    // A word like none of them: nothing else can be said.
    let (errors, _) = runtime.found(&certificate("SOMETHING", "PKCS12", ""));
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(errors[0].contains("'SOMETHING' is not one of"), "{errors:#?}");
    // Meant for a keyring, with two mistakes of its own.
    let keyring = "  certificate:\n    keystore: {type: JCERACFKS, file: 'safkeyring://Z/R', alias: a, password: other}\n    truststore: {type: JCERACFKS, file: /file}\n";
    let (errors, _) = runtime.found(keyring);
    assert_eq!(errors.len(), 2, "{errors:#?}");
    assert!(errors[0].starts_with("zowe.certificate.keystore.password: ********"), "{errors:#?}");
    assert!(errors[1].starts_with("zowe.certificate.truststore.file: '/file' does not match"), "{errors:#?}");
    // The two types contradict each other.
    let (errors, _) = runtime.found(&certificate("PKCS12", "JCERACFKS", pem));
    assert_eq!(errors, ["zowe.certificate.truststore.type: 'JCERACFKS' is not \"PKCS12\""]);
}

#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn a_setup_certificate_is_explained_by_its_type_and_defaults_are_not_blamed() {
    let Some(runtime) = Runtime::new() else { return };
    let (errors, warnings) = runtime.found("  setup: {certificate: {type: PKCS12, pkcs12: {import: {keystore: 5}}}}\n");
    assert_eq!(errors, ["zowe.setup.certificate.pkcs12.import.keystore: 5 is not of type null or string"]);
    assert_eq!(warnings, Vec::<String>::new());
    let (errors, _) = runtime.found("  setup: {certificate: {type: PKCS12, pkcs12: {import: {keystroe: /k}}}}\n");
    assert_eq!(errors, ["zowe.setup.certificate.pkcs12.import.keystroe: is not a known key here; did you mean keystore?"]);
    let (errors, _) = runtime.found("  setup: {certificate: {type: JCERACFKS, keyring: {onwer: Z}}}\n");
    assert_eq!(errors, ["zowe.setup.certificate.keyring.onwer: is not a known key here; did you mean owner?"]);
    let (errors, _) = runtime.found("  setup: {certificate: {type: JCERACFKS}}\n");
    assert_eq!(errors, ["zowe.setup.certificate: the key 'keyring' is required here and missing"]);
    // Nulls that the user wrote are told.
    let (errors, warnings) = runtime.found("  setup: {certificate: {type: JCERACFKS, keyring: {owner: null}}}\n");
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(warnings, ["zowe.setup.certificate.keyring.owner: null is accepted, though is not of type string"]);
}

#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn other_alternatives_of_zowes_schema_are_explained_too() {
    let Some(runtime) = Runtime::new() else { return };
    for (text, expected) in [
        ("  setup: {vsam: {name: 5}}\n", "zowe.setup.vsam.name: 5 is not of type null or string"),
        ("  network: {server: {tls: {attls: true, ciphers: []}}}\n", "zowe.network.server.tls.ciphers: is not a known key here"),
        (
            "  network: {server: {tls: {attls: false, maxTls: TLSv1}}}\n",
            "zowe.network.server.tls.maxTls: 'TLSv1' is not one of \"TLSv1.2\", \"TLSv1.3\"; did you mean TLSv1.2?",
        ),
        ("  network: {server: {tls: {ciphres: []}}}\n", "zowe.network.server.tls.ciphres: is not a known key here; did you mean ciphers?"),
        (
            "  network: {server: {tls: {attls: maybe}}}\n",
            "zowe.network.server.tls.attls: 'maybe' is not one of true, \"\", \"false\", false",
        ),
        ("  network: {server: {tls: 5}}\n", "zowe.network.server.tls: 5 is not of type object"),
    ] {
        let (errors, warnings) = runtime.found(text);
        assert_eq!((errors, warnings), (vec![expected.to_string()], vec![]), "{text}");
    }
    let (errors, _) = runtime.found("  setup: {vsam: {name: not a data set}}\n");
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(
        errors[0].contains("fits none of the 3 forms that the schema allows: it is longer than 0 characters, or does not match"),
        "{errors:#?}"
    );
}

#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn a_mistake_in_a_component_is_told_once_by_all_schemas() {
    let Some(runtime) = Runtime::new() else { return };
    let problems = |more: &str| {
        let configuration = runtime.load(more);
        let mut problems = configuration.validate();
        for name in ["app-server", "zss", "gateway", "launcher"] {
            problems.extend(Component::locate(name, runtime.path(), None).unwrap().validate(&configuration));
        }
        let errors = crate::config::unique(problems).into_iter().filter(|problem| problem.error).map(|problem| problem.text);
        errors.collect::<Vec<_>>()
    };
    assert_eq!(problems("  exteralPort: 1\n"), ["zowe.exteralPort: is not a known key here; did you mean externalPort?"]);
    assert_eq!(
        problems("components: {zss: {agent: {https: {port: many}}}}\n"),
        ["components.zss.agent.https.port: 'many' is not of type integer or null"]
    );
    let errors = problems("components: {app-server: {node: {https: {port: 70000, ciphers: 5}}}}\n");
    assert_eq!(errors.len(), 2, "{errors:#?}");
    let errors = problems("components: {zss: {agent: {jwt: {retryIntervalSecnods: 5}}}}\n");
    assert_eq!(errors, ["components.zss.agent.jwt.retryIntervalSecnods: is not a known key here; did you mean retryIntervalSeconds?"]);
}

/// What a schema alone finds.
fn texts(schema: &Value, value: &Value) -> Vec<String> {
    let mut schema = identified(schema.clone(), Path::new("/x.json"));
    patterns::plain(&mut schema);
    let schema = Arc::new(schema);
    let mut documents = Documents::default();
    documents.add(&schema);
    let validator = jsonschema::options().with_draft(Draft::Draft201909).build(&schema).unwrap();
    let place = |_: &[&str]| Location::whole("x");
    let refused = |path: &[String], known: &[String]| {
        let meant = path.last().and_then(|key| crate::config::overlay::nearest(key, known));
        Some(meant.map_or_else(String::new, |name| format!("; did you mean {name}?")))
    };
    findings(&documents, &validator, value, &refused).iter().map(|finding| finding.problem(&place, true).text).collect()
}

#[test]
fn the_condition_of_a_then_is_told() {
    let schema = json!({
        "properties": {"on": {"type": "boolean"}},
        "allOf": [{"if": {"properties": {"on": {"const": true}}}, "then": {"required": ["url"]}, "else": {"properties": {"url": {"maxLength": 0}}}}]
    });
    assert_eq!(
        texts(&schema, &json!({"on": true})),
        ["the configuration: the key 'url' is required here and missing, where on is true or not given"]
    );
    assert_eq!(texts(&schema, &json!({"on": false, "url": "x"})), ["url: 'x' is longer than 0 characters, where on is not true"]);
}

#[test]
fn every_alternative_of_a_plug_in_definition_is_explained() {
    let Some(zowe) = shared("zowe") else { return };
    let document = json::read(&zowe.join("components/app-server/schemas/plugindefinition-schema.json")).unwrap();
    let schema = document.root.to_value();
    let mut checked = 0;
    let folder = zowe.join("components/app-server/plugins");
    for entry in std::fs::read_dir(folder).unwrap() {
        let definition = json::read(&entry.unwrap().path().join("pluginDefinition.json")).unwrap().root.to_value();
        let before = texts(&schema, &definition);
        // Of a definition that fits, a misspelt type and a wrong value are told alone.
        if !before.is_empty() {
            continue;
        }
        let mut wrong = definition.clone();
        wrong["pluginVersion"] = json!(5);
        let found = texts(&schema, &wrong);
        assert_eq!(found, ["pluginVersion: 5 is not of type string"], "{definition}");
        let mut wrong = definition.clone();
        let kind = definition["pluginType"].as_str().unwrap();
        wrong["pluginType"] = json!(format!("{kind}x"));
        let found = texts(&schema, &wrong);
        assert!(found.len() == 1 && found[0].ends_with(&format!("did you mean {kind}?")), "{found:#?}");
        checked += 1;
    }
    assert!(checked > 3, "only {checked} definitions fit");
}

#[test]
fn needless_backslashes_of_a_pattern_are_none() {
    let schema = json!({"pattern": "^\\~\\<[\\:\\-\\d]+\\.\\\\$"});
    assert_eq!(texts(&schema, &json!("~<:-1.\\")), Vec::<String>::new());
    assert_eq!(texts(&schema, &json!("~<:-1x\\")).len(), 1);
}
