use super::definitions::{DefinitionName, definition_word};
use super::files::file_names;
use super::*;
use crate::component::{Manifest, StaticDefinition};
use crate::lifecycle::workspace::make_directories;
use proptest::prelude::*;
use std::ffi::OsString;
use std::os::unix::fs::{PermissionsExt, symlink};
use tempfile::TempDir;

mod ownership;

proptest! {
    #[test]
    fn a_definition_s_name_is_read_back(component in "[a-z][a-z0-9._-]{0,10}", file in "[a-zA-Z0-9/._ -]{1,20}", ha_id in "[a-z0-9_]{1,8}") {
        let definition = definition_word(&file);
        let name = DefinitionName { component: &component, definition: &definition, ha_id: &ha_id };
        let file_name = name.file_name();
        prop_assert_eq!(DefinitionName::parse(&file_name), Some(name));
    }
}

/// Whatever its code page.
fn text_of(path: &Path) -> String {
    crate::config::encoding::decode(&std::fs::read(path).unwrap()).unwrap()
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
        Component {
            name: "alpha".into(),
            manifest_file: directory.join("manifest.yaml"),
            directory,
            manifest: manifest.into(),
            warnings: Vec::new(),
        }
    }

    fn register(&self, manifest: Manifest, ha_id: &str) -> Result<Vec<String>, RegistrationError> {
        result(self.outcome(manifest, ha_id, &[]))
    }

    fn outcome(&self, manifest: Manifest, ha_id: &str, ha_ids: &[&str]) -> RegistrationOutcome {
        let environment = Environment::from([("ZWE_haInstance_id".to_string(), OsString::from(ha_id))]);
        let ha_ids: Vec<String> = ha_ids.iter().map(|id| (*id).to_owned()).collect();
        let (workspace, runtime) = (self.workspace(), self.runtime());
        register(&self.alpha(manifest), &environment, Place { workspace: &workspace, runtime: &runtime, ha_id, ha_ids: &ha_ids })
    }

    fn remove_stale(&self, ha_id: &str, installed: &[Component], in_play: &[Component], is_wanted: bool) -> RegistrationOutcome {
        let (workspace, runtime) = (self.workspace(), self.runtime());
        let place = Place { workspace: &workspace, runtime: &runtime, ha_id, ha_ids: &[] };
        remove_stale(place, installed, in_play, &|_| is_wanted)
    }

    fn list(&self, ha_id: &str) -> PathBuf {
        list_path(&self.workspace(), "alpha", ha_id)
    }

    /// As another instance has left it.
    fn write_list(&self, ha_id: &str, files: &[(&str, &str)]) {
        let files: std::collections::BTreeMap<&str, String> =
            files.iter().map(|(path, content)| (*path, owned::digest_of(content.as_bytes()))).collect();
        std::fs::create_dir_all(self.list(ha_id).parent().unwrap()).unwrap();
        std::fs::write(self.list(ha_id), serde_json::json!({ "files": files }).to_string()).unwrap();
        std::fs::set_permissions(self.list(ha_id), std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn definitions(&self) -> Vec<String> {
        file_names(&self.workspace().join(DEFINITIONS)).unwrap()
    }

    fn read(&self, name: &str) -> String {
        text_of(&self.workspace().join(name))
    }

    fn mode(&self, name: &str) -> u32 {
        std::fs::metadata(self.workspace().join(name)).unwrap().permissions().mode() & 0o7777
    }
}

fn result(outcome: RegistrationOutcome) -> Result<Vec<String>, RegistrationError> {
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
fn everything_that_cannot_be_registered_is_named_and_the_rest_is() {
    let house = House::new();
    house.component_file("good.yml", "x");
    let manifest = Manifest {
        static_definitions: ["none.yml", "good.yml"].map(|file| StaticDefinition { file: file.into(), once: false }).to_vec(),
        gateway_shared_libs: vec!["absent.jar".into()],
        app_framework_plugins: vec!["absent".into()],
        ..Manifest::default()
    };
    let outcome = house.outcome(manifest, "lpar1", &[]);
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
    // A link that something has put there leads nothing away, and stays.
    house.register(libraries(&["libs"]), "lpar1").unwrap();
    let outside = house.directory.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("precious"), "x").unwrap();
    symlink(&outside, target.join("link")).unwrap();
    house.register(libraries(&[]), "lpar1").unwrap();
    assert_eq!(file_names(&target).unwrap(), ["link"]);
    assert!(outside.join("precious").exists());
}

#[test]
fn a_plugin_that_the_component_has_no_more_goes_and_others_stay() {
    let house = House::new();
    house.component_file("web/pluginDefinition.json", r#"{"identifier": "org.peer.web"}"#);
    house.component_file("desk/pluginDefinition.json", r#"{"identifier": "org.peer.desk"}"#);
    let plugins =
        |paths: &[&str]| Manifest { app_framework_plugins: paths.iter().map(|path| (*path).into()).collect(), ..Manifest::default() };
    house.register(plugins(&["web", "desk"]), "lpar1").unwrap();
    let pointers = house.workspace().join(POINTERS);
    std::fs::write(pointers.join("foreign.json"), r#"{"identifier": "foreign", "pluginLocation": "components/alpha/x"}"#).unwrap();
    house.register(plugins(&["web"]), "lpar1").unwrap();
    assert_eq!(file_names(&pointers).unwrap(), ["foreign.json", "org.peer.web.json"]);
    // It has another identifier now.
    house.component_file("web/pluginDefinition.json", "{\"identifier\": \"org.peer.new\", // and a comma too many\n}");
    let outcome = house.outcome(plugins(&["web"]), "lpar1", &[]);
    assert_eq!((outcome.errors.len(), outcome.warnings.len()), (0, 1), "{outcome:?}");
    assert_eq!(file_names(&pointers).unwrap(), ["foreign.json", "org.peer.new.json"]);
    // What could not be read keeps what there was.
    std::fs::remove_file(house.runtime().join("components/alpha/web/pluginDefinition.json")).unwrap();
    assert_eq!(house.outcome(plugins(&["web"]), "lpar1", &[]).errors.len(), 1);
    assert_eq!(file_names(&pointers).unwrap(), ["foreign.json", "org.peer.new.json"]);
}

#[test]
fn definitions_and_plugins_may_be_in_ibm_1047() {
    let house = House::new();
    let ebcdic = |text: &str| crate::platform::ebcdic::to_ibm_1047(text);
    house.component_file("d.yml", "");
    house.component_file("web/pluginDefinition.json", "");
    let directory = house.runtime().join("components/alpha");
    std::fs::write(directory.join("d.yml"), ebcdic("title: \u{e4}\nid: ${ZWE_haInstance_id}\n")).unwrap();
    std::fs::write(directory.join("web/pluginDefinition.json"), ebcdic("{\"identifier\": \"org.peer.web\"}")).unwrap();
    let manifest = Manifest { app_framework_plugins: vec!["web".into()], ..definition("d.yml", false) };
    house.register(manifest, "lpar1").unwrap();
    assert_eq!(house.read("api-mediation/api-defs/alpha.d_yml.lpar1.yml"), "title: \u{e4}\nid: lpar1\n");
    assert!(house.workspace().join(POINTERS).join("org.peer.web.json").exists());
    std::fs::write(directory.join("d.yml"), [0xff, 0xfe, b'a', 0]).unwrap();
    let error = house.register(definition("d.yml", false), "lpar1").unwrap_err().to_string();
    assert!(error.contains("d.yml:1:1: is UTF-16"), "{error}");
}

#[test]
fn a_reference_that_must_have_a_value_keeps_its_definition_from_being_registered() {
    let house = House::new();
    house.component_file("d.yml", "a: 1\nurl: ${ZWE_haInstance_ids:?no id}\n");
    // A variable of the site without a value is told of too, as docs/extension-developer.md says, unless only people read it; the definition
    // is registered.
    house.component_file("e.yml", "a: ${ZWE_none}\nb: `date`\nc: ${OF_A_SITE}\nd: \"made at ${OF_A_SITE}\" # ${OF_A_SITE}\n");
    let manifest = Manifest {
        static_definitions: ["d.yml", "e.yml"].map(|file| StaticDefinition { file: file.into(), once: false }).to_vec(),
        ..Manifest::default()
    };
    let outcome = house.outcome(manifest, "lpar1", &[]);
    let error = outcome.errors[0].to_string();
    assert!(
        error.contains("d.yml:2:6: component alpha: ZWE_haInstance_ids has no value: no id")
            && error.ends_with("did you mean ZWE_haInstance_id?"),
        "{error}"
    );
    assert_eq!(outcome.warnings.len(), 3, "{outcome:?}");
    assert_eq!(house.definitions(), ["alpha.e_yml.lpar1.yml"]);
}

#[test]
fn the_real_plugin_definitions_are_registered() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/zowe/components");
    if !shared.is_dir() {
        assert!(std::env::var_os("ZWELNCH_REQUIRE_ALL").is_none(), "{} is missing", shared.display());
        println!("skipped: {} is missing", shared.display());
        return;
    }
    let mut found = vec![shared.clone()];
    let mut definitions = Vec::new();
    while let Some(directory) = found.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.push(path);
            } else if path.file_name().unwrap() == "pluginDefinition.json" {
                definitions.push(path.parent().unwrap().to_path_buf());
            }
        }
    }
    assert!(definitions.len() >= 15, "{definitions:?}");
    let house = House::new();
    let paths: Vec<String> = definitions.iter().map(|path| path.strip_prefix(&shared).unwrap().to_string_lossy().into_owned()).collect();
    let manifest = Manifest { app_framework_plugins: paths, ..Manifest::default() };
    let component = Component {
        name: "all".into(),
        manifest_file: shared.join("gateway/manifest.yaml"),
        directory: shared,
        manifest: manifest.into(),
        warnings: Vec::new(),
    };
    let (workspace, runtime) = (house.workspace(), house.runtime());
    let place = Place { workspace: &workspace, runtime: &runtime, ha_id: "lpar1", ha_ids: &[] };
    let outcome = register(&component, &Environment::new(), place);
    assert!(outcome.errors.is_empty(), "{outcome:?}");
    assert_eq!(outcome.notes.len(), definitions.len());
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
    let workspace = house.workspace();
    let place = Place { workspace: &workspace, runtime: &elsewhere, ha_id: "lpar1", ha_ids: &[] };
    result(register(&house.alpha(manifest), &Environment::new(), place)).unwrap();
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
        assert!(matches!(error, RegistrationError::File(FileError::Outside { .. })), "{path}: {error}");
    }
    let libraries = Manifest { gateway_shared_libs: vec!["libs".into()], ..Manifest::default() };
    assert!(matches!(house.register(libraries, "lpar1").unwrap_err(), RegistrationError::File(FileError::Outside { .. })));
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
            manifest: definition(file, false).into(),
            warnings: Vec::new(),
        };
        let (workspace, runtime) = (house.workspace(), shared.join("_runtime"));
        let place = Place { workspace: &workspace, runtime: &runtime, ha_id: "lpar1", ha_ids: &[] };
        result(register(&component, &variables("lpar1", port), place)).unwrap();
    }
    let golden = shared.join("03-ha-overlay/ws.lpar1/ws/api-mediation/api-defs");
    let names = file_names(&golden).unwrap();
    assert_eq!(house.definitions(), names);
    for name in names {
        let expected = std::fs::read_to_string(golden.join(&name)).unwrap();
        assert_eq!(house.read(&format!("{DEFINITIONS}/{name}")).trim_end(), expected.trim_end(), "{name}");
    }
}
