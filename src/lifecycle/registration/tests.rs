use super::*;
use crate::component::{Manifest, StaticDefinition};
use crate::lifecycle::workspace::make_directories;
use proptest::prelude::*;
use std::ffi::OsString;
use std::os::unix::fs::{PermissionsExt, symlink};
use tempfile::TempDir;

fn replaced(text: &str, variables: &[(&str, &str)]) -> String {
    let lookup = |name: &str| variables.iter().find(|pair| pair.0 == name).map(|pair| pair.1.as_bytes().to_vec());
    String::from_utf8(replace_references(text.as_bytes(), &lookup)).unwrap()
}

#[test]
fn references_are_replaced_as_a_shell_does() {
    let variables = [("A", "one"), ("B_2", "two"), ("EMPTY", ""), ("LOOP", "${A} $A")];
    for (text, expected) in [
        ("$A ${A} ${B_2}x $B_2.x", "one one twox two.x"),
        (
            "[$NONE] [${NONE}] [${NONE:-fallback}] [${EMPTY:-fallback}] [${EMPTY-fallback}] [${NONE-x}]",
            "[] [] [fallback] [fallback] [] [x]",
        ),
        ("${NONE:-${A}-${NONE:-${B_2}}}!", "one-two!"),
        ("${A:-unused ${NONE}}", "one"),
        ("${NONE:-}|${NONE:-a:-b}", "|a:-b"),
        // A value is text: it is not replaced again.
        ("$LOOP", "${A} $A"),
        ("${NONE:-{}}", "{}"),
    ] {
        assert_eq!(replaced(text, &variables), expected, "{text}");
    }
}

#[test]
fn what_is_no_reference_stays() {
    for text in
        ["$", "$$", "cost: 5$", "${", "${A", "${}", "${.x}", "$1", "${1}", "${A:=x}", "${A:+x}", "${#A}", "$(id)", "`id`", "}", "a{b}c"]
    {
        assert_eq!(replaced(text, &[("A", "one"), ("id", "no")]), text, "{text}");
    }
}

#[test]
fn a_text_of_unfinished_or_deep_references_takes_no_longer_than_another() {
    let unfinished = "${A:-".repeat(200_000);
    assert_eq!(replaced(&unfinished, &[]), unfinished);
    let deep = format!("{}x{}", "${N:-".repeat(100_000), "}".repeat(100_000));
    assert!(replaced(&deep, &[]).contains('x'));
}

/// What `sh` makes of the same text in a here-document.
fn by_shell(text: &str, variables: &[(String, String)]) -> String {
    let script = format!("cat <<ZWE_END_OF_TEXT\n{text}\nZWE_END_OF_TEXT\n");
    let output = std::process::Command::new("sh")
        .arg("-c")
        .arg(script)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim_end_matches('\n').to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_shell_agrees(
        pieces in prop::collection::vec(prop_oneof![
            "[a-z :/-]{1,6}",
            Just("$VA".to_string()), Just("${VA}".to_string()), Just("${VB:-x}".to_string()), Just("${VC:-${VA}${VB-y}}".to_string()),
            Just("${VC-${VB:-deep ${VA:-er}}}".to_string()),
        ], 1..8),
        values in prop::collection::vec("[ a-z$'{}]{0,5}", 3),
        known in prop::collection::vec(any::<bool>(), 3),
    ) {
        let text = pieces.concat();
        prop_assume!(!text.ends_with(' '));
        let variables: Vec<(String, String)> = ["VA", "VB", "VC"].iter().zip(values).zip(known)
            .filter(|(_, known)| *known).map(|((name, value), _)| (name.to_string(), value)).collect();
        let borrowed: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        prop_assert_eq!(replaced(&text, &borrowed), by_shell(&text, &variables));
    }

    #[test]
    fn any_bytes_are_taken(text in prop::collection::vec(prop_oneof![Just(b'$'), Just(b'{'), Just(b'}'), Just(b':'), Just(b'-'), any::<u8>()], 0..80)) {
        let without = replace_references(&text, &|_| None);
        prop_assert!(without.len() <= text.len());
    }

    #[test]
    fn a_definition_s_name_is_read_back(component in "[a-z][a-z0-9._-]{0,10}", file in "[a-zA-Z0-9/._ -]{1,20}", ha_id in "[a-z0-9_]{1,8}") {
        let definition = definition_word(&file);
        let name = DefinitionName { component: &component, definition: &definition, ha_id: &ha_id };
        let file_name = name.file_name();
        prop_assert_eq!(DefinitionName::parse(&file_name), Some(name));
    }
}

struct House {
    directory: TempDir,
}

impl House {
    fn new() -> Self {
        let house = House { directory: TempDir::new().unwrap() };
        make_directories(&house.workspace()).unwrap();
        std::fs::create_dir_all(house.runtime().join("components/alpha")).unwrap();
        std::fs::write(house.runtime().join("components/alpha/manifest.yaml"), "name: alpha\n").unwrap();
        house
    }

    fn workspace(&self) -> PathBuf {
        self.directory.path().join("ws")
    }

    fn runtime(&self) -> PathBuf {
        self.directory.path().join("runtime")
    }

    fn component_file(&self, name: &str, content: &str) {
        let path = self.runtime().join("components/alpha").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn alpha(&self, manifest: Manifest) -> Component {
        let directory = self.runtime().join("components/alpha");
        Component { name: "alpha".into(), manifest_file: directory.join("manifest.yaml"), directory, manifest, warnings: Vec::new() }
    }

    fn register(&self, manifest: Manifest, ha_id: &str) -> Result<Vec<String>, RegistrationError> {
        let environment = Environment::from([("ZWE_haInstance_id".to_string(), OsString::from(ha_id))]);
        result(register(&self.alpha(manifest), &environment, &self.workspace(), &self.runtime(), ha_id))
    }

    fn definitions(&self) -> Vec<String> {
        file_names(&self.workspace().join(DEFINITIONS)).unwrap()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.workspace().join(name)).unwrap()
    }

    fn mode(&self, name: &str) -> u32 {
        std::fs::metadata(self.workspace().join(name)).unwrap().permissions().mode() & 0o7777
    }
}

fn result(outcome: Outcome) -> Result<Vec<String>, RegistrationError> {
    outcome.errors.into_iter().next().map_or(Ok(outcome.notes), Err)
}

fn definition(file: &str, once: bool) -> Manifest {
    Manifest { static_definitions: vec![StaticDefinition { file: file.into(), once }], ..Manifest::default() }
}

#[test]
fn a_definition_is_written_for_each_instance_and_replaced_at_the_next_start() {
    let house = House::new();
    house.component_file("bin/alpha-static.yml.template", "id: ${ZWE_haInstance_id}\n");
    house.register(definition("bin/alpha-static.yml.template", false), "lpar1").unwrap();
    house.register(definition("bin/alpha-static.yml.template", false), "lpar2").unwrap();
    assert_eq!(house.definitions(), ["alpha.bin_alpha_static_yml_template.lpar1.yml", "alpha.bin_alpha_static_yml_template.lpar2.yml"]);
    let lpar2 = "api-mediation/api-defs/alpha.bin_alpha_static_yml_template.lpar2.yml";
    assert_eq!(house.read(lpar2), "id: lpar2\n");
    assert_eq!(house.mode(lpar2), 0o770);
    house.component_file("bin/alpha-static.yml.template", "new: ${ZWE_haInstance_id}\n");
    house.register(definition("bin/alpha-static.yml.template", false), "lpar2").unwrap();
    assert_eq!(house.read(lpar2), "new: lpar2\n");
}

#[test]
fn a_definition_wanted_once_is_there_once_and_its_owner_renews_it() {
    let house = House::new();
    house.component_file("defs.yml", "id: ${ZWE_haInstance_id}\n");
    house.register(definition("defs.yml", true), "lpar2").unwrap();
    house.register(definition("defs.yml", true), "lpar1").unwrap();
    assert_eq!(house.definitions(), ["alpha.defs_yml.lpar2.yml"]);
    house.component_file("defs.yml", "new: ${ZWE_haInstance_id}\n");
    house.register(definition("defs.yml", true), "lpar2").unwrap();
    assert_eq!(house.read("api-mediation/api-defs/alpha.defs_yml.lpar2.yml"), "new: lpar2\n");
}

#[test]
fn two_instances_that_wrote_it_at_once_leave_one() {
    let house = House::new();
    let directory = house.workspace().join(DEFINITIONS);
    let name = |ha_id| DefinitionName { component: "alpha", definition: "defs_yml", ha_id };
    for order in [["lpar1", "lpar2"], ["lpar2", "lpar1"]] {
        for ha_id in ["lpar1", "lpar2"] {
            std::fs::write(directory.join(name(ha_id).file_name()), "x").unwrap();
        }
        for ha_id in order {
            keep_one(&directory, &name(ha_id)).unwrap();
        }
        assert_eq!(house.definitions(), ["alpha.defs_yml.lpar1.yml"]);
    }
}

#[test]
fn only_this_instance_s_definitions_of_disabled_components_are_removed() {
    let house = House::new();
    let directory = house.workspace().join(DEFINITIONS);
    for name in
        ["alpha.d_yml.lpar1.yml", "beta.d_yml.lpar1.yml", "be.ta.d_yml.lpar1.yml", "beta.d_yml.lpar2.yml", "manual.yml", "a.lpar1.yml"]
    {
        std::fs::write(directory.join(name), "x").unwrap();
    }
    std::fs::write(directory.join("alpha.dropped_yml.lpar1.yml"), "x").unwrap();
    let notes =
        result(remove_stale(&house.workspace(), &house.runtime(), "lpar1", &[house.alpha(definition("d.yml", false))], &[])).unwrap();
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert_eq!(house.definitions(), ["a.lpar1.yml", "alpha.d_yml.lpar1.yml", "beta.d_yml.lpar2.yml", "manual.yml"]);
}

#[test]
fn everything_that_cannot_be_registered_is_named_and_the_rest_is() {
    let house = House::new();
    house.component_file("good.yml", "x");
    let manifest = Manifest {
        static_definitions: ["none.yml", "good.yml"].map(|file| StaticDefinition { file: file.into(), once: false }).to_vec(),
        gateway_shared_libs: vec!["absent.jar".into()],
        app_framework_plugins: vec!["absent".into()],
        ..Manifest::default()
    };
    let outcome = register(&house.alpha(manifest), &Environment::new(), &house.workspace(), &house.runtime(), "lpar1");
    assert_eq!((outcome.errors.len(), outcome.notes.len()), (3, 1), "{outcome:?}");
    assert_eq!(house.definitions(), ["alpha.good_yml.lpar1.yml"]);
}

#[test]
fn a_library_that_the_component_has_no_more_is_gone() {
    let house = House::new();
    house.component_file("libs/old.jar", "old");
    house.component_file("libs/deep/old.jar", "old");
    house.component_file("libs/kept.jar", "kept");
    let libraries =
        |paths: &[&str]| Manifest { gateway_shared_libs: paths.iter().map(|path| (*path).into()).collect(), ..Manifest::default() };
    house.register(libraries(&["libs"]), "lpar1").unwrap();
    let target = house.workspace().join("gateway/sharedLibs/alpha");
    // Being written by another instance.
    std::fs::write(target.join(".kept.jar.123.4.tmp"), "half").unwrap();
    house.component_file("libs/new.jar", "new");
    std::fs::remove_file(house.runtime().join("components/alpha/libs/old.jar")).unwrap();
    std::fs::remove_dir_all(house.runtime().join("components/alpha/libs/deep")).unwrap();
    house.register(libraries(&["libs"]), "lpar1").unwrap();
    assert_eq!(file_names(&target).unwrap(), [".kept.jar.123.4.tmp", "kept.jar", "manifest.yaml", "new.jar"]);
    std::fs::remove_file(target.join(".kept.jar.123.4.tmp")).unwrap();
    house.register(libraries(&[]), "lpar1").unwrap();
    assert!(!target.exists());
    // A link is removed, what it leads to is not.
    house.register(libraries(&["libs"]), "lpar1").unwrap();
    let outside = house.directory.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("precious"), "x").unwrap();
    symlink(&outside, target.join("link")).unwrap();
    house.register(libraries(&["libs"]), "lpar1").unwrap();
    assert!(outside.join("precious").exists() && !target.join("link").exists());
}

#[test]
fn what_a_component_that_is_enabled_nowhere_has_registered_goes() {
    let house = House::new();
    house.component_file("libs/a.jar", "a");
    house.component_file("web/pluginDefinition.json", r#"{"identifier": "org.peer.web"}"#);
    house.component_file("desk/pluginDefinition.json", r#"{"identifier": "org.peer.desk"}"#);
    let manifest =
        Manifest { zaas_shared_libs: vec!["libs".into()], app_framework_plugins: vec!["web".into(), "desk".into()], ..Manifest::default() };
    house.register(manifest.clone(), "lpar1").unwrap();
    let pointers = house.workspace().join("app-server/plugins");
    std::fs::write(pointers.join("foreign.json"), r#"{"identifier": "foreign", "pluginLocation": "/opt/foreign"}"#).unwrap();
    let alpha = house.alpha(Manifest { app_framework_plugins: vec!["web".into()], ..manifest.clone() });
    result(remove_stale(&house.workspace(), &house.runtime(), "lpar1", &[alpha], &[])).unwrap();
    assert_eq!(file_names(&pointers).unwrap(), ["foreign.json", "org.peer.web.json"]);
    result(remove_stale(&house.workspace(), &house.runtime(), "lpar1", &[], &[&house.alpha(manifest)])).unwrap();
    assert_eq!(file_names(&pointers).unwrap(), ["foreign.json"]);
    assert!(!house.workspace().join("zaas/sharedLibs/alpha").exists());
}

#[test]
fn shared_libraries_are_really_copied_files_and_directories_with_the_manifest() {
    let house = House::new();
    house.component_file("libs/gamma.jar", "jar");
    house.component_file("libs/deep/more.jar", "more");
    house.component_file("single.jar", "single");
    let manifest = Manifest {
        gateway_shared_libs: vec!["libs".into(), "single.jar".into()],
        zaas_shared_libs: vec!["single.jar".into()],
        discovery_shared_libs: vec!["libs/".into()],
        ..Manifest::default()
    };
    house.register(manifest, "lpar1").unwrap();
    for (name, content) in [
        ("gateway/sharedLibs/alpha/gamma.jar", "jar"),
        ("gateway/sharedLibs/alpha/deep/more.jar", "more"),
        ("gateway/sharedLibs/alpha/single.jar", "single"),
        ("gateway/sharedLibs/alpha/manifest.yaml", "name: alpha\n"),
        ("zaas/sharedLibs/alpha/single.jar", "single"),
        ("zaas/sharedLibs/alpha/manifest.yaml", "name: alpha\n"),
        ("discovery/sharedLibs/alpha/gamma.jar", "jar"),
    ] {
        assert_eq!(house.read(name), content, "{name}");
        assert_eq!(house.mode(name), 0o644, "{name}");
    }
    assert_eq!(house.mode("gateway/sharedLibs/alpha"), 0o750);
}

#[test]
fn a_plugin_s_pointer_names_its_directory_relative_to_the_runtime_where_it_lies_there() {
    let house = House::new();
    house.component_file("web/pluginDefinition.json", r#"{"identifier": "org.peer.gamma.plugin"}"#);
    let manifest = Manifest { app_framework_plugins: vec!["web".into()], ..Manifest::default() };
    house.register(manifest.clone(), "lpar1").unwrap();
    assert_eq!(
        house.read("app-server/plugins/org.peer.gamma.plugin.json"),
        "{\n  \"identifier\": \"org.peer.gamma.plugin\",\n  \"pluginLocation\": \"components/alpha/web\",\n  \
         \"relativeTo\": \"$ZWE_zowe_runtimeDirectory\"\n}"
    );
    let elsewhere = house.directory.path().join("elsewhere");
    result(register(&house.alpha(manifest), &Environment::new(), &house.workspace(), &elsewhere, "lpar1")).unwrap();
    let pointer: serde_json::Value = serde_json::from_str(&house.read("app-server/plugins/org.peer.gamma.plugin.json")).unwrap();
    assert_eq!(pointer["pluginLocation"], house.runtime().join("components/alpha/web").to_string_lossy().as_ref());
    assert!(pointer.get("relativeTo").is_none());
}

#[test]
fn a_plugin_in_the_component_s_own_directory_is_named_without_a_dot() {
    let house = House::new();
    house.component_file("pluginDefinition.json", r#"{"identifier": "org.peer.own"}"#);
    house.register(Manifest { app_framework_plugins: vec![".".into()], ..Manifest::default() }, "lpar1").unwrap();
    assert!(house.read("app-server/plugins/org.peer.own.json").contains("\"components/alpha\""));
}

#[test]
fn a_plugin_definition_cannot_name_its_way_out() {
    let house = House::new();
    for (content, expected) in [
        (r#"{"identifier": "../../x"}"#, "cannot be a file name"),
        (r#"{"identifier": ""}"#, "cannot be a file name"),
        (r#"{"identifier": 5}"#, "is missing"),
        ("{\n  oops", "line 2 column"),
    ] {
        house.component_file("web/pluginDefinition.json", content);
        let error = house.register(Manifest { app_framework_plugins: vec!["web".into()], ..Manifest::default() }, "lpar1").unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert!(file_names(&house.workspace().join("app-server/plugins")).unwrap().is_empty());
}

#[test]
fn paths_of_a_manifest_stay_inside_the_component() {
    let house = House::new();
    let outside = house.directory.path().join("secret.yml");
    std::fs::write(&outside, "secret").unwrap();
    symlink(&outside, house.runtime().join("components/alpha/link.yml")).unwrap();
    house.component_file("libs/ok.jar", "ok");
    symlink(&outside, house.runtime().join("components/alpha/libs/evil.jar")).unwrap();
    let absolute = outside.to_string_lossy().into_owned();
    for path in ["../../../secret.yml", "link.yml", absolute.as_str()] {
        let error = house.register(definition(path, false), "lpar1").unwrap_err();
        assert!(matches!(error, RegistrationError::Outside { .. }), "{path}: {error}");
    }
    let libraries = Manifest { gateway_shared_libs: vec!["libs".into()], ..Manifest::default() };
    assert!(matches!(house.register(libraries, "lpar1").unwrap_err(), RegistrationError::Outside { .. }));
    assert!(!house.workspace().join("gateway/sharedLibs/alpha/evil.jar").exists());
    assert!(house.definitions().is_empty());
}

#[test]
fn what_is_missing_is_named() {
    let house = House::new();
    let error = house.register(definition("none.yml", false), "lpar1").unwrap_err();
    assert!(error.to_string().contains("component alpha: apimlServices.static[].file names 'none.yml'"), "{error}");
}

/// Compares with what the public tool wrote for golden case 03.
#[test]
fn golden_static_definitions() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/golden");
    if !shared.is_dir() {
        assert!(std::env::var_os("ZWELNCH_REQUIRE_ALL").is_none(), "{} is missing", shared.display());
        println!("skipped: {} is missing", shared.display());
        return;
    }
    let variables = |ha_id: &str, port: &str| {
        [
            ("ZWE_haInstance_hostname", format!("{ha_id}.example.com")),
            ("ZWE_haInstance_id", ha_id.into()),
            ("ZWE_components_alpha_port", port.into()),
        ]
        .into_iter()
        .map(|(name, value): (&str, String)| (name.to_string(), OsString::from(value)))
        .collect::<Environment>()
    };
    let house = House::new();
    for (name, file, port) in [("alpha", "bin/alpha-static.yml.template", "9101"), ("nostart", "defs.yml", "0")] {
        let directory = shared.join("_runtime/components").join(name);
        let component = Component {
            name: name.into(),
            manifest_file: directory.join("manifest.yaml"),
            directory,
            manifest: definition(file, false),
            warnings: Vec::new(),
        };
        result(register(&component, &variables("lpar1", port), &house.workspace(), &shared.join("_runtime"), "lpar1")).unwrap();
    }
    let golden = shared.join("03-ha-overlay/ws.lpar1/ws/api-mediation/api-defs");
    let names = file_names(&golden).unwrap();
    assert_eq!(house.definitions(), names);
    for name in names {
        let expected = std::fs::read_to_string(golden.join(&name)).unwrap();
        assert_eq!(house.read(&format!("{DEFINITIONS}/{name}")).trim_end(), expected.trim_end(), "{name}");
    }
}
