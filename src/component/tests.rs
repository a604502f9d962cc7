use super::*;
use crate::config::testing::*;
use crate::config::{Configuration, RunFacts, read_mapping};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A runtime directory with files (path, content) under `components`.
fn runtime(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, content) in files {
        write(&directory.path().join("components").join(path), content);
    }
    directory
}

fn write(path: &Path, content: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

fn locate(directory: &tempfile::TempDir, name: &str) -> Result<Component, ComponentError> {
    Component::locate(name, directory.path(), None)
}

#[test]
fn the_runtime_comes_before_the_extension_directory_and_yaml_before_json() {
    let directory =
        runtime(&[("a/manifest.json", r#"{"name":"a","id":"o.a","version":"2"}"#), ("a/manifest.yml", "name: a\nid: o.a\nversion: 1\n")]);
    let extension = directory.path().join("extensions");
    write(&extension.join("a/manifest.yaml"), "name: a\nid: ext\n");
    write(&extension.join("b/manifest.json"), r#"{"name":"b","id":"ext.b"}"#);
    let a = Component::locate("a", directory.path(), Some(&extension)).unwrap();
    assert_eq!((a.manifest.id.as_str(), a.manifest.version.as_deref()), ("o.a", Some("1")));
    assert_eq!(a.directory, directory.path().join("components/a"));
    assert_eq!(Component::locate("b", directory.path(), Some(&extension)).unwrap().manifest.id, "ext.b");
    match Component::locate("c", directory.path(), Some(&extension)) {
        Err(ComponentError::NotInstalled { places, .. }) => {
            assert_eq!(places, [directory.path().join("components/c"), extension.join("c")])
        }
        other => panic!("{other:?}"),
    }
    std::fs::create_dir_all(directory.path().join("components/empty")).unwrap();
    assert!(matches!(locate(&directory, "empty"), Err(ComponentError::ManifestMissing { .. })));
    for name in ["../a", "a/b", "", "..", "."] {
        assert!(matches!(locate(&directory, name), Err(ComponentError::BadName { .. })), "{name}");
    }
}

#[test]
fn a_json_manifest_may_be_indented_with_tabs() {
    let text = "{\n\t\"name\": \"a\",\n\t\"id\": \"o.a\",\n\t\"commands\": {\n\t\t\"start\": \"bin/start.sh\"\n\t}\n}\n";
    assert_eq!(locate(&runtime(&[("a/manifest.json", text)]), "a").unwrap().manifest.commands.len(), 1);
}

#[test]
fn a_manifest_with_odd_metadata_is_usable_and_says_so() {
    let text = "name: a\nversion: [1]\nbuild:\n  timestamp: {{build.timestamp}}\ncommands: {start: bin/start.sh, install: 7}\nschemas: {configs: s.json}\ngatewaySharedLibs: libs\nappfwPlugins: [{path: web}, {nopath: 1}]\napimlServices: {static: [{file: x.yml, once: true}, {file: y.yml}]}\ndependencies: {components: [{name: b, versionRange: ^1.0.0}, c]}\n";
    let component = locate(&runtime(&[("a/manifest.yaml", text)]), "a").unwrap();
    let manifest = &component.manifest;
    assert_eq!(manifest.commands, BTreeMap::from([(Phase::Start, "bin/start.sh".to_string())]));
    assert_eq!(
        (manifest.config_schemas.clone(), manifest.gateway_shared_libs.clone()),
        (vec!["s.json".to_string()], vec!["libs".to_string()])
    );
    assert_eq!(manifest.app_framework_plugins, ["web"]);
    assert_eq!(manifest.static_definitions.iter().map(|definition| definition.once).collect::<Vec<_>>(), [true, false]);
    assert_eq!(manifest.dependencies[0], Dependency { name: "b".into(), version_range: Some("^1.0.0".into()) });
    assert_eq!(manifest.dependencies[1].name, "c");
    let texts: Vec<String> = component.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 3, "{texts:#?}");
    assert!(texts.iter().all(|text| text.contains("manifest.yaml:")));
    assert!(component.warnings.iter().all(|problem| !problem.error));
}

#[test]
fn a_manifest_whose_name_or_commands_are_unusable_is_refused_with_all_places() {
    match locate(&runtime(&[("a/manifest.yaml", "name: [a]\nid: o.a\ncommands:\n  start: {x: 1}\n  validate: [y]\n")]), "a") {
        Err(ComponentError::Manifest(problems)) => {
            let texts: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
            for place in ["manifest.yaml:1:1:", "manifest.yaml:4:3:", "manifest.yaml:5:3:"] {
                assert!(texts.contains(place), "{place} in {texts}");
            }
        }
        other => panic!("{other:?}"),
    }
    for text in ["id: o.a\n", "name: a\nid: o\ncommands: x\n", "[", "- 1\n", ""] {
        assert!(matches!(locate(&runtime(&[("a/manifest.yaml", text)]), "a"), Err(ComponentError::Manifest(_))), "{text}");
    }
}

#[test]
fn commands_are_the_manifests_else_the_scripts_that_exist() {
    let manifest = "name: a\nid: o.a\ncommands: {start: \"bin/run.sh --mode 'a b'\", configure: bin/none.sh}\n";
    let directory = runtime(&[("a/manifest.yaml", manifest), ("a/bin/run.sh", ""), ("a/bin/validate.sh", ""), ("a/bin/configure.sh", "")]);
    let component = locate(&directory, "a").unwrap();
    let start = component.command(Phase::Start).unwrap().unwrap();
    assert_eq!((start.file, start.arguments), (component.directory.join("bin/run.sh"), vec!["--mode".to_string(), "a b".to_string()]));
    assert_eq!(component.command(Phase::Validate).unwrap().unwrap().file, component.directory.join("bin/validate.sh"));
    assert_eq!(component.command(Phase::PreConfigure).unwrap(), None);
    match component.command(Phase::Configure) {
        Err(ComponentError::CommandMissing { component, phase, file }) => {
            assert_eq!((component.as_str(), phase, file.ends_with("bin/none.sh")), ("a", Phase::Configure, true));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_of_a_manifest_stays_inside_its_directory_which_may_be_a_link() {
    let manifest =
        "name: a\nid: o.a\ncommands: {start: ../outside.sh, validate: bin/link.sh, configure: bin/in.sh, preConfigure: /bin/sh}\n";
    let directory = runtime(&[("real/manifest.yaml", manifest), ("real/bin/in.sh", ""), ("outside.sh", "")]);
    let components = directory.path().join("components");
    std::os::unix::fs::symlink(components.join("real"), components.join("a")).unwrap();
    std::os::unix::fs::symlink(components.join("outside.sh"), components.join("real/bin/link.sh")).unwrap();
    let component = locate(&directory, "a").unwrap();
    for phase in [Phase::Start, Phase::Validate, Phase::PreConfigure] {
        assert!(matches!(component.command(phase), Err(ComponentError::Outside { .. })), "{phase:?}");
    }
    assert_eq!(component.command(Phase::Configure).unwrap().unwrap().file, components.join("a/bin/in.sh"));
    assert!(component.file("x", "nothing").is_err());
    assert!(component.file("x", "").is_err());
    assert_eq!(component.file("x", "bin").unwrap(), components.join("a/bin"));
}

/// A configuration whose runtime directory is the one given.
fn configured(directory: &tempfile::TempDir, text: &str) -> Configuration {
    load(&format!("zowe: {{runtimeDirectory: {}}}\n{text}", directory.path().display()))
}

#[test]
fn defaults_of_the_manifest_fill_what_is_not_configured() {
    let manifest = "name: a-b\nid: o.a\nconfigs:\n  port: 1\n  list: [one, two]\n  deep: {x: 1, y: 2}\n  off: 5\n";
    let directory = runtime(&[("a-b/manifest.yaml", manifest)]);
    let configuration =
        configured(&directory, "components: {a-b: {enabled: true, list: [z], deep: {x: 7}, off: null, launcher: {shareAs: must}}}\n");
    let component = locate(&directory, "a-b").unwrap();
    let instance = configuration.instance_environment(&FakePlatform::default(), &RunFacts::default());
    let environment = environment(&component, &configuration, &instance);
    let get = |name: &str| environment.get(name).map(|value| value.to_str().unwrap());
    for prefix in ["ZWE_configs", "ZWE_components_a_b"] {
        for (name, value) in [
            ("port", Some("1")),
            ("list", Some("z")),
            ("list_0", Some("z")),
            ("list_1", None),
            ("deep_x", Some("7")),
            ("deep_y", Some("2")),
            ("off", Some("")),
        ] {
            assert_eq!(get(&format!("{prefix}_{name}")), value, "{prefix}_{name}");
        }
    }
    assert_eq!((get("ZWE_CLI_PARAMETER_COMPONENT"), get("_BPX_SHAREAS")), (Some("a-b"), Some("MUST")));
}

#[test]
fn a_survey_tells_who_plays_and_why_not_the_others() {
    let directory = runtime(&[
        ("web/manifest.yaml", "name: web\nid: o.web\ndependencies: {components: [{name: db}, {name: ghost}]}\n"),
        ("web/bin/start.sh", ""),
        ("db/manifest.yaml", "name: db\nid: o.db\n"),
        ("db/bin/start.sh", ""),
        ("library/manifest.yaml", "name: library\nid: o.l\n"),
        ("broken/manifest.yaml", "name: broken\nid: o.b\ncommands: {start: bin/none.sh}\n"),
        ("idle/manifest.yaml", "name: idle\nid: o.i\n"),
        ("spare/manifest.yaml", "name: [\n"),
    ]);
    let text = "components: {web: {enabled: true}, db: {enabled: true}, library: {enabled: true}, broken: {enabled: true}, idle: {enabled: false}, gone: {enabled: true}, launcher: {enabled: true}}\n";
    let survey = survey(&configured(&directory, text));
    assert_eq!(survey.launched, ["db", "web"]);
    assert_eq!(survey.in_play_names(), ["db", "web", "library", "broken"]);
    let reasons: BTreeMap<&str, &NotInPlay> = survey.not_launched.iter().map(|(name, reason)| (name.as_str(), reason)).collect();
    let expected = [
        ("broken", &NotInPlay::Unusable),
        ("gone", &NotInPlay::Unusable),
        ("idle", &NotInPlay::Disabled),
        ("library", &NotInPlay::NothingToStart),
    ];
    assert_eq!(reasons, BTreeMap::from(expected));
    let texts: String = survey.problems().iter().map(|problem| format!("{}{problem}\n", if problem.error { "E " } else { "W " })).collect();
    for needle in ["W ", "gone is not installed", "E ", "commands.start defined but the file is missing", "spare/manifest.yaml:"] {
        assert!(texts.contains(needle), "{needle} in {texts}");
    }
    assert_eq!(survey.problems().iter().filter(|problem| problem.error).count(), 1, "{texts}");
}

#[test]
fn cycles_are_named_and_fall_back_to_the_order_given() {
    let names: Vec<String> = ["a", "b", "c", "d"].map(String::from).into();
    let needs = |pairs: &[(&str, &str)]| {
        let mut map: BTreeMap<String, Vec<String>> = BTreeMap::new();
        pairs.iter().for_each(|(name, needed)| map.entry((*name).into()).or_default().push((*needed).into()));
        map
    };
    assert_eq!(order(&names, &needs(&[])), (names.clone(), vec![]));
    assert_eq!(order(&names, &needs(&[("a", "d"), ("b", "a")])).0, ["c", "d", "a", "b"]);
    let (ordered, problems) = order(&names, &needs(&[("a", "c"), ("c", "b"), ("b", "a"), ("d", "b")]));
    assert_eq!(ordered, ["a", "b", "c", "d"]);
    assert_eq!(problems, [["a", "c", "b", "a"]]);
    assert_eq!(order(&names, &needs(&[("b", "b")])).1.len(), 1);
}

proptest! {
    #[test]
    fn order_is_a_permutation_in_which_dependencies_come_first(count in 1usize..12, edges in prop::collection::vec((0usize..12, 0usize..12), 0..20)) {
        let names: Vec<String> = (0..count).map(|index| format!("c{index}")).collect();
        // Edges go from later to earlier positions of a shuffled line, so that there is no cycle.
        let place = |index: usize| (index * 7 + 3) % 13;
        let mut needs: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (from, to) in edges.into_iter().filter(|(from, to)| *from < count && *to < count && place(*from) > place(*to)) {
            needs.entry(names[from].clone()).or_default().push(names[to].clone());
        }
        let (ordered, problems) = order(&names, &needs);
        prop_assert!(problems.is_empty(), "{:?}", problems);
        let mut sorted = ordered.clone();
        sorted.sort();
        let mut expected = names.clone();
        expected.sort();
        prop_assert_eq!(sorted, expected);
        let position = |name: &String| ordered.iter().position(|other| other == name).unwrap();
        for (name, needed) in needs.iter().flat_map(|(name, list)| list.iter().map(move |needed| (name, needed))) {
            prop_assert!(position(needed) < position(name));
        }
    }

    #[test]
    fn any_graph_gives_every_name_once(count in 1usize..9, edges in prop::collection::vec((0usize..9, 0usize..10), 0..25)) {
        let names: Vec<String> = (0..count).map(|index| format!("c{index}")).collect();
        let mut needs: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (from, to) in edges {
            needs.entry(format!("c{from}")).or_default().push(format!("c{to}"));
        }
        let (mut ordered, _) = order(&names, &needs);
        ordered.sort();
        prop_assert_eq!(ordered, names);
    }
}

#[test]
fn every_manifest_of_the_corpus_is_used_or_refused_with_a_position() {
    let Some(folder) = shared("zowe/corpus/manifests") else { return };
    let (mut used, mut refused) = (0, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match read_mapping(&path).and_then(|document| manifest::read(&document.root, &path.display().to_string())) {
            Ok((manifest, _)) => {
                assert!(!manifest.name.is_empty());
                used += 1;
            }
            Err(problems) => {
                assert!(problems.iter().all(|problem| problem.place.as_ref().unwrap().to_string().contains(':')), "{problems:?}");
                refused.push(format!("{} {problems:?}", path.display()));
            }
        }
    }
    assert!(used >= 55 && refused.len() < 5, "{used} {refused:#?}");
    println!("{refused:#?}");
}

#[test]
#[cfg_attr(not(feature = "templates"), ignore = "its configurations have templates")]
fn component_schemas_are_found_and_checked() {
    let Some(golden) = GoldenRuntime::new(true) else { return };
    let case = golden.golden.join("01-plain");
    let configuration = golden.load(&case, "lpar1", &|text| text.replace("port: 9001", "port: 7")).unwrap();
    let runtime: PathBuf = configuration.runtime_directory().unwrap();
    let alpha = Component::locate("alpha", &runtime, None).unwrap();
    let problems = alpha.validate(&configuration);
    let errors: Vec<_> = problems.iter().filter(|problem| problem.error).collect();
    assert!(errors.iter().any(|problem| problem.text.starts_with("components.alpha.port: 7")), "{problems:#?}");
    let none = configuration.validate_against("alpha", &[]);
    assert!(none.len() == 1 && none[0].error, "STRICT by defaults.yaml: {none:?}");
    let lenient = load("components: {alpha: {}}\n").validate_against("alpha", &[]);
    assert!(lenient.len() == 1 && !lenient[0].error, "{lenient:?}");
    assert_eq!(json!(alpha.manifest.config_schemas), json!(["schemas/alpha.json"]));
}
