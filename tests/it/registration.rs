//! What components register in the workspace: who owns it, what it is made of, and what is wrong with it.

use crate::harness::{Instance, Running, run_to_end, text};
use std::fs;
use std::process::Output;

const DEFINITIONS: &str = "workspace/api-mediation/api-defs";

fn check(instance: &Instance) -> Output {
    instance.write_config();
    instance.launcher(&["check"]).output().unwrap()
}

fn definitions(instance: &Instance) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(instance.path(DEFINITIONS)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// As app-server and zss do it: their configure commands register what they bring.
const CONFIGURE: &str = r#"echo '{"identifier":"org.test.x","pluginLocation":"components/alpha/x","relativeTo":"$ZWE_zowe_runtimeDirectory"}' > "$ZWE_zowe_workspaceDirectory/app-server/plugins/org.test.x.json"
echo 'services: []' > "$ZWE_STATIC_DEFINITIONS_DIR/alpha.generated.$ZWE_haInstance_id.yml"
mkdir -p "$ZWE_zowe_workspaceDirectory/gateway/sharedLibs/alpha"
echo jar > "$ZWE_zowe_workspaceDirectory/gateway/sharedLibs/alpha/own.jar"
"#;

#[test]
fn what_configure_commands_write_stays_over_reload_restart_and_the_next_start() {
    let instance = Instance::new()
        .component("alpha", "exec sleep 1000", "value: 1")
        .component("beta", "exec sleep 1000", "")
        .extra("haInstances:\n  lpar1: {}\n  lpar2: {}\n");
    instance.manifest("alpha", "apimlServices: {static: [{file: d.yml}]}\ngatewaySharedLibs: [a.jar]\n");
    instance.manifest("beta", "apimlServices: {static: [{file: once.yml, once: true}]}\n");
    instance.script("alpha", "configure", CONFIGURE);
    fs::write(instance.component_directory("alpha").join("d.yml"), "services: [] # ${ZWE_haInstance_id}\n").unwrap();
    fs::write(instance.component_directory("alpha").join("a.jar"), "jar").unwrap();
    fs::write(instance.component_directory("beta").join("once.yml"), "services: []\n").unwrap();
    let expected = [
        "alpha.d_yml.lpar1.yml",
        "alpha.d_yml.lpar2.yml",
        "alpha.generated.lpar1.yml",
        "alpha.generated.lpar2.yml",
        "beta.once_yml.lpar1.yml",
    ];
    let all_there = || {
        assert_eq!(definitions(&instance), expected);
        for path in ["app-server/plugins/org.test.x.json", "gateway/sharedLibs/alpha/own.jar", "gateway/sharedLibs/alpha/a.jar"] {
            assert!(instance.path("workspace").join(path).exists(), "{path}");
        }
    };
    let mut first = instance.up();
    let mut command = instance.launcher(&["lpar2"]);
    command.env("JOBNAME", "ZWEB");
    let mut second = Running::spawn(command, instance.directory.path());
    second.wait_for("ZWEL0012I");
    all_there();
    assert!(instance.modify("RELOAD").contains("no component has changed"));
    all_there();
    let text = fs::read_to_string(instance.config()).unwrap();
    fs::write(instance.config(), text.replace("value: 1", "value: 2")).unwrap();
    instance.modify("RELOAD");
    first.wait_for_count("ZWEL0001I component alpha", 2);
    all_there();
    instance.modify("RESTART(beta)");
    first.wait_for_count("ZWEL0001I component beta", 2);
    all_there();
    for (job, running) in [("ZWEB", &mut second), ("ZWESLSTC", &mut first)] {
        instance.console(&format!("P {job}"));
        assert_eq!(running.wait_end(), 0);
        assert!(!running.all().contains("ZWEL0949W"), "{}", running.all());
    }
    let mut first = instance.up();
    all_there();
    // What has really gone is removed: alpha's definition for this instance, and nothing that its script wrote.
    instance.manifest("alpha", "gatewaySharedLibs: []\n");
    instance.modify("RELOAD");
    first.wait_for_count("ZWEL0001I component alpha", 2);
    assert_eq!(definitions(&instance), &expected[1..]);
    assert!(!instance.path("workspace/gateway/sharedLibs/alpha/a.jar").exists());
    assert!(instance.path("workspace/gateway/sharedLibs/alpha/own.jar").exists());
    instance.console("P ZWESLSTC");
    assert_eq!(first.wait_end(), 0);
}

#[test]
fn a_component_in_the_foreground_leaves_the_definitions_of_the_others() {
    let instance = Instance::new().component("alpha", "exec sleep 1000", "").component("beta", "exit 0", "");
    for name in ["alpha", "beta"] {
        instance.manifest(name, "apimlServices: {static: [{file: d.yml}]}\n");
        fs::write(instance.component_directory(name).join("d.yml"), "services: []\n").unwrap();
    }
    let mut running = instance.up();
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    let both = ["alpha.d_yml.lpar1.yml", "beta.d_yml.lpar1.yml"];
    assert_eq!(definitions(&instance), both);
    let mut command = instance.launcher(&["component", "run", "beta", "-i", "lpar1"]);
    command.env_remove("ZWELNCH_SYSTEM");
    let (code, text) = run_to_end(command);
    assert_eq!(code, 0, "{text}");
    assert_eq!(definitions(&instance), both);
}

#[test]
fn what_has_been_changed_by_something_else_is_left_and_told() {
    let instance = Instance::new().component("alpha", "exec sleep 1000", "").component("beta", "exec sleep 1000", "");
    instance.manifest("beta", "apimlServices: {static: [{file: d.yml}]}\n");
    fs::write(instance.component_directory("beta").join("d.yml"), "services: []\n").unwrap();
    let mut running = instance.up();
    let file = instance.path(DEFINITIONS).join("beta.d_yml.lpar1.yml");
    fs::write(&file, "services: [theirs]\n").unwrap();
    let text = fs::read_to_string(instance.config()).unwrap();
    fs::write(instance.config(), text.replace("  beta:\n    enabled: true", "  beta:\n    enabled: false")).unwrap();
    instance.modify("RELOAD");
    let line = running.wait_for("ZWEL0949W");
    assert!(line.contains("component beta") && line.contains("beta.d_yml.lpar1.yml' is left as it is"), "{line}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "services: [theirs]\n");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

#[test]
fn check_finds_what_cannot_be_registered_with_its_place() {
    let instance = Instance::new().component("alpha", "exec sleep 1000", "port: 7554").component("beta", "exec sleep 1000", "");
    let static_definitions = ["good.yml", "none.yml", "odd.yml", "must.yml", "broken.yml"];
    let files: String = static_definitions.map(|file| format!("  - file: {file}\n")).concat();
    instance
        .manifest("alpha", &format!("apimlServices:\n  static:\n{files}appfwPlugins: [{{path: web}}]\ngatewaySharedLibs: [none.jar]\n"));
    let directory = instance.component_directory("alpha");
    let write = |name: &str, text: &str| fs::write(directory.join(name), text).unwrap();
    write(
        "good.yml",
        "# ${ZWE_none}\nservices:\n- title: The ${NOBODY_S} `x`\n  url: https://${ZWE_haInstance_hostname}:${ZWE_configs_port}\n",
    );
    write("odd.yml", "services:\n- url: https://x:${ZWE_component_alpha_port}/$(id)\n  title: ${ZWE_nothing_like_it_at_all_anywhere}\n");
    write("must.yml", "services: []\nurl: ${ZWE_configs_prot:?no port}\n");
    write("broken.yml", "services:\n- url: %SCHEME%://${ZWE_configs_port}\n");
    fs::create_dir(directory.join("web")).unwrap();
    write("web/pluginDefinition.json", "{\"identifier\": \"org.test.web\",}");
    let output = check(&instance);
    let report = text(&output);
    assert_eq!(output.status.code(), Some(8), "{report}");
    for expected in [
        "alpha/manifest.yaml:7:5: component alpha: apimlServices.static[].file names 'none.yml', which cannot be read",
        "alpha/odd.yml:2:18: component alpha: no variable ZWE_component_alpha_port is set, nothing is put in its place; did you mean ZWE_components_alpha_port?",
        "alpha/odd.yml:2:46: component alpha: '$(id)' stays as it is: no command is run here",
        "alpha/odd.yml:3:10: component alpha: no variable ZWE_nothing_like_it_at_all_anywhere is set, nothing is put in its place",
        "alpha/must.yml:2:6: component alpha: ZWE_configs_prot has no value: no port; the definition is not registered; did you mean ZWE_configs_port?",
        "alpha/broken.yml:2:8: the static definition is no YAML",
        "gatewaySharedLibs names 'none.jar', which cannot be read",
        "web/pluginDefinition.json:1:",
    ] {
        assert!(report.contains(expected), "{expected:?} is missing in\n{report}");
    }
    assert!(!report.contains("good.yml"), "{report}");
    assert!(report.contains("3 errors, 5 warnings"), "{report}");
    // The start reports the same, and also that haInstances is not defined, and goes on, which is the default of onComponentConfigureFail.
    let mut running = instance.up();
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    let sysprint = running.all();
    assert_eq!((sysprint.matches("ZWEL0918E").count(), sysprint.matches("ZWEL0916W").count()), (3, 6), "{sysprint}");
    assert_eq!(definitions(&instance).len(), 3, "{sysprint}");
}

#[test]
fn what_the_component_s_own_commands_do_to_its_definitions_is_waited_for() {
    let instance = Instance::new().component("alpha", "exec sleep 1000", "");
    // As the definition for z/OSMF in API ML: it is YAML only after configure.
    instance.manifest(
        "alpha",
        "commands: {preConfigure: bin/before.sh, configure: bin/configure.sh}\napimlServices: {static: [{file: d.yml}, {file: made.yml}]}\n",
    );
    fs::write(instance.component_directory("alpha").join("d.yml"), "url: %SCHEME%://${MADE_BEFORE:?}\n").unwrap();
    instance.script("alpha", "before", "export MADE_BEFORE=host\necho 'url: ${MADE_BEFORE}' > made.yml\n");
    let edit = |scheme: &str| {
        let script = format!(
            "f=\"$ZWE_STATIC_DEFINITIONS_DIR/alpha.d_yml.$ZWE_haInstance_id.yml\"\nsed 's|%SCHEME%|{scheme}|' \"$f\" > \"$f.new\"\nmv \"$f.new\" \"$f\"\n"
        );
        instance.script("alpha", "configure", &script);
    };
    edit("https");
    let output = check(&instance);
    // made.yml is not there yet.
    assert!(text(&output).contains("1 error, 1 warning"), "{}", text(&output));
    let mut running = instance.up();
    let registered = instance.path(DEFINITIONS).join("alpha.d_yml.lpar1.yml");
    assert_eq!(fs::read_to_string(&registered).unwrap(), "url: https://host\n");
    assert_eq!(fs::read_to_string(instance.path(DEFINITIONS).join("alpha.made_yml.lpar1.yml")).unwrap(), "url: host\n");
    assert!(!running.all().contains("is no YAML"), "{}", running.all());
    edit("[");
    instance.modify("RESTART(alpha)");
    let line = running.wait_for("is no YAML");
    assert!(line.contains("ZWEL0916W") && line.contains("alpha.d_yml.lpar1.yml:"), "{line}");
    // It belongs to its component, however it was changed: it is removed with it.
    let config = fs::read_to_string(instance.config()).unwrap();
    running.wait_for_count("ZWEL0001I component alpha", 2);
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    fs::write(instance.config(), config.replace("enabled: true", "enabled: false") + "  beta:\n    enabled: true\n").unwrap();
    instance.script("beta", "start", "exec sleep 1000");
    let mut running = Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path());
    running.wait_for("ZWEL0012I");
    assert!(!registered.exists());
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}
