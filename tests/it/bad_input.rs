//! Bad input: one clear message each, and condition code 8.

use crate::harness::{Instance, PATIENCE, run_to_end, text, wait_until};
use std::time::Instant;

const SLEEPER: &str = "exec sleep 1000";

fn good() -> Instance {
    Instance::new().component("alpha", SLEEPER, "")
}

/// Replaces text of the written configuration and runs the launcher.
fn with_config(instance: &Instance, change: impl FnOnce(String) -> String) -> (i32, String) {
    instance.write_config();
    let yaml = std::fs::read_to_string(instance.config()).unwrap();
    std::fs::write(instance.config(), change(yaml)).unwrap();
    run_to_end(instance.launcher(&["lpar1"]))
}

fn assert_refused(result: &(i32, String), expected: &[&str]) {
    let (code, out) = result;
    assert_eq!(*code, 8, "{out}");
    for text in expected {
        assert!(out.contains(text), "{text:?} is missing in\n{out}");
    }
    assert!(!out.contains("ZWEL0006I"), "{out}");
}

#[test]
fn no_config() {
    let instance = good();
    let mut launcher = instance.launcher(&["lpar1"]);
    launcher.env_remove("CONFIG");
    assert_refused(&run_to_end(launcher), &["ZWEL0021I", "ZWEL0026E CONFIG env variable not found", "ZWEL0036E"]);
}

#[test]
fn arguments() {
    let instance = good();
    instance.write_config();
    let refusal = [
        "ZWEL0023I Zowe YAML config file is 'FILE(",
        "ZWEL0035E invalid command line arguments, provide HA_INSTANCE_ID as a first argument",
        "ZWEL0036E",
    ];
    assert_refused(&run_to_end(instance.launcher(&["lpar1", "lpar2"])), &refusal);
    assert_refused(&run_to_end(instance.launcher(&["launch"])), &refusal);
    // What CONFIG is was read before: it is said, as today's launcher says it.
    let (_, out) = run_to_end(instance.launcher(&["lpar1", "lpar2"]));
    let at = |text: &str| out.find(text).unwrap_or_else(|| panic!("{text} is missing in {out}"));
    assert!(at("ZWEL0023I Zowe YAML config file is") < at("ZWEL0035E") && !out.contains("ZWEL0024I"), "{out}");
}

#[test]
fn a_config_that_is_too_long() {
    let instance = good();
    let mut launcher = instance.launcher(&["lpar1"]);
    launcher.env("CONFIG", format!("FILE({})", "/x".repeat(9000)));
    assert_refused(&run_to_end(launcher), &["ZWEL0027E CONFIG env variable too large", "ZWEL0036E"]);
}

/// The ids of today's launcher and of the configuration manager for the same events.
#[test]
fn sources_that_cannot_be_opened_or_read() {
    let instance = good();
    instance.write_config();
    let refused = |config: String, expected: &[&str]| {
        let mut launcher = instance.launcher(&["lpar1"]);
        launcher.env("CONFIG", config);
        let expected: Vec<&str> = expected.iter().copied().chain(["ZWEL0072E Launcher Could not load configurations"]).collect();
        assert_refused(&run_to_end(launcher), &expected);
    };
    let missing = [
        "ZWEL0318E - failed to read '/no/such.yaml' - No such file or directory",
        "ZWEL0048E failed to open zowe.yaml - /no/such.yaml: No such file",
    ];
    refused("/no/such.yaml".to_owned(), &missing);
    // All of them at once, and what is wrong with those that can be read.
    std::fs::write(instance.path("broken.yaml"), "zowe: [").unwrap();
    std::fs::write(instance.path("binary.yaml"), [0x7f, b'E', b'L', b'F', 0, 1, 2, 0xff]).unwrap();
    let directory = instance.directory.path().display();
    let all = [
        missing[0],
        missing[1],
        "ZWEL0047E failed to parse zowe.yaml - ",
        "ZWEL0046E error reading zowe.yaml file - ",
        "it is a directory, and a file is expected",
    ];
    refused(format!("FILE(/no/such.yaml):FILE({directory}/broken.yaml):FILE({directory}/binary.yaml):FILE({directory})"), &all);
}

#[test]
fn a_schema_of_the_runtime_that_cannot_be_used() {
    let instance = good();
    std::fs::create_dir_all(instance.runtime().join("schemas")).unwrap();
    for text in ["{", r#"{"type": "nothing"}"#] {
        std::fs::write(instance.runtime().join("schemas/zowe-yaml-schema.json"), text).unwrap();
        let expected = ["ZWEL0073E Launcher Could not load schemas, status=5", "ZWEL0070E", "zowe-yaml-schema.json"];
        assert_refused(&instance.run_to_end(), &expected);
    }
}

#[test]
fn a_manifest_of_the_runtime_without_a_version() {
    let instance = good();
    let manifest = instance.runtime().join("manifest.json");
    for (text, why) in [(None, "No such file"), (Some("{"), "the file ends here"), (Some("{\"version\": 3}"), "it has no text version")] {
        text.into_iter().for_each(|text| std::fs::write(&manifest, text).unwrap());
        let running = instance.up();
        let line = running.wait_for("ZWEL0075W Could not read manifest.json version: ");
        assert!(line.contains(why) && line.contains("manifest.json:"), "{line}");
        assert!(running.all().contains("Zowe version unknown"), "{}", running.all());
    }
    std::fs::write(&manifest, "{\"version\": \"3.6.0\"}").unwrap();
    let running = instance.up();
    assert!(running.all().contains("Zowe version 3.6.0") && !running.all().contains("ZWEL0075W"), "{}", running.all());
}

#[test]
fn a_preparation_that_fails_is_told_as_the_command_that_it_was() {
    let instance = good();
    instance.script("alpha", "validate", "exit 3");
    instance.manifest("alpha", "commands: {start: bin/start.sh, validate: bin/validate.sh}\n");
    let expected =
        ["ZWEL0066W command 'zwe internal start prepare --config ", "' ended with code 8", "ZWEL0030E failed to prepare Zowe instance"];
    assert_refused(&instance.run_to_end(), &expected);
}

#[test]
fn a_parmlib_entry_without_a_member() {
    let instance = good();
    let mut launcher = instance.launcher(&["lpar1"]);
    launcher.env("CONFIG", "PARMLIB(A.B)");
    assert_refused(&run_to_end(launcher), &["ZWEL0068E PARMLIB() entries must have a member name", "ZWEL0036E"]);
}

#[test]
fn a_configuration_that_is_not_there() {
    let instance = good();
    assert_refused(&run_to_end(instance.launcher(&["lpar1"])), &["zowe.yaml", "ZWEL0072E Launcher Could not load configurations"]);
}

#[test]
fn an_unknown_ha_instance() {
    let instance = good().extra("haInstances:\n  lpar2: {hostname: b}\n  lpar3: {hostname: c}\n");
    let result = instance.run_to_end();
    assert_refused(&result, &["ZWEL0911E HA instance lpar1 is not defined in haInstances, defined: lpar2, lpar3"]);
}

#[test]
fn broken_yaml() {
    let result = with_config(&good(), |yaml| yaml + "a: [1,\nb: 2\n");
    assert_refused(&result, &["zowe.yaml:", "ZWEL0072E"]);
}

/// Text that does not belong to the document, as left by editors, copying and a surplus bracket: what a configuration becomes, and the line
/// to mend.
fn with_text_behind_the_root(yaml: &str) -> Vec<(String, String)> {
    let line = yaml.lines().position(|line| line == "components:").unwrap() + 1;
    let (head, tail) = yaml.split_once("components:\n").unwrap();
    let place = |line: usize, column: usize| format!("zowe.yaml:{line}:{column}: YAML syntax: ");
    let indented: String = head.lines().map(|line| format!(" {line}\n")).collect();
    vec![
        (format!("{indented}components:\n{tail}"), place(line, 1)),
        (format!("{head}%components:\n{tail}"), place(line, 1)),
        (format!("{head}\u{feff}components:\n{tail}"), place(line, 1)),
        ("{\"zowe\": {}}, \"components\": {}}\n".to_owned(), place(1, 13)),
        (format!("{{\"zowe\": {{}}}}\ncomponents:\n{tail}"), place(2, 1)),
    ]
}

#[test]
fn text_behind_the_root_is_refused_where_it_stands() {
    let instance = good();
    instance.write_config();
    let yaml = std::fs::read_to_string(instance.config()).unwrap();
    for (text, expected) in with_text_behind_the_root(&yaml) {
        std::fs::write(instance.config(), &text).unwrap();
        assert_refused(&run_to_end(instance.launcher(&["lpar1"])), &[expected.as_str(), "ZWEL0072E"]);
    }
    std::fs::write(instance.config(), &yaml).unwrap();
    // A manifest is judged in the same way; nothing runs.
    let check = || {
        let output = instance.launcher(&["check"]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let manifest = instance.path("runtime/components/alpha/manifest.yaml");
    for (text, expected) in [
        ("name: alpha\n...\ncommands: {start: bin/start.sh}\n", "WARNING PATHmanifest.yaml:3:1: what follows the '...' is not read"),
        (
            " name: alpha\ncommands: {start: bin/start.sh}\n",
            "manifest.yaml:2:1: YAML syntax: this line and what follows it would not be read",
        ),
        ("{\"name\": \"alpha\"}, \"commands\": {}}\n", "manifest.yaml:1:18: YAML syntax: this line and"),
    ] {
        std::fs::write(&manifest, text).unwrap();
        let expected = expected.replace("PATH", &format!("{}/", manifest.parent().unwrap().display()));
        assert!(check().contains(&expected), "{}", check());
    }
    // JSON's own name of the file.
    std::fs::rename(&manifest, manifest.with_extension("json")).unwrap();
    assert!(check().contains("manifest.json:1:18: YAML syntax: this line and"), "{}", check());
}

#[test]
fn a_reload_of_a_file_with_text_behind_the_root_stops_nothing() {
    let instance = good();
    let mut running = instance.up();
    let before = instance.pid("alpha");
    let yaml = std::fs::read_to_string(instance.config()).unwrap();
    for (text, expected) in with_text_behind_the_root(&yaml) {
        std::fs::write(instance.config(), &text).unwrap();
        let (answer, _) = instance.console("F ZWESLSTC,APPL=RELOAD");
        assert!(answer.contains(&expected) && answer.contains("ZWEL0988E"), "{answer}");
        assert_eq!(instance.pid("alpha"), before);
    }
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

#[test]
fn a_template_that_throws() {
    let result = with_config(&good(), |yaml| yaml + "a: ${{ nothing.there }}\n");
    assert_refused(&result, &["zowe.yaml:", "nothing", "ZWEL0072E"]);
}

#[test]
fn a_schema_violation() {
    let instance = good();
    std::fs::create_dir_all(instance.runtime().join("schemas")).unwrap();
    std::fs::write(
        instance.runtime().join("schemas/zowe-yaml-schema.json"),
        r#"{"$schema": "https://json-schema.org/draft/2019-09/schema", "$id": "https://zowe.org/schemas/v2/server-base", "type": "object",
            "properties": {"zowe": {"type": "object", "properties": {"externalPort": {"type": "integer"}, "job": {"type": "object"}}}}}"#,
    )
    .unwrap();
    std::fs::write(instance.runtime().join("schemas/server-common.json"), r#"{"$id": "https://zowe.org/schemas/v2/server-common"}"#)
        .unwrap();
    let result = with_config(&instance, |yaml| yaml.replace("zowe:\n", "zowe:\n  externalPort: many\n  job: 7\n"));
    assert_refused(&result, &["ZWEL0070E Configuration has validity exceptions:", "zowe.yaml:2:", "zowe.yaml:3:", "externalPort", "many"]);
}

#[test]
fn a_missing_runtime_directory() {
    let instance = good();
    let result = with_config(&instance, |yaml| yaml.replace("/runtime\n", "/nowhere\n"));
    let place = format!("ZWEL0032E failed to find ROOT_DIR='{}/nowhere', check if the dir exists", instance.directory.path().display());
    assert_refused(&result, &[&place]);
    let result = with_config(&instance, |yaml| yaml.replace("runtimeDirectory", "runDirectory"));
    assert_refused(&result, &["ZWEL0033E failed to get ROOT_DIR dir"]);
    let result = with_config(&instance, |yaml| {
        let line = yaml.lines().find(|line| line.contains("runtimeDirectory")).unwrap().to_owned();
        yaml.replace(&line, "  runtimeDirectory: ''")
    });
    assert_refused(&result, &["ZWEL0034E ROOT_DIR is empty string"]);
}

#[test]
fn an_unwritable_workspace() {
    let instance = good();
    // Below a file: not even root can make it.
    std::fs::write(instance.path("file"), "").unwrap();
    let result = with_config(&instance, |yaml| yaml.replace("/workspace\n", "/file/workspace\n"));
    assert_refused(&result, &["ZWEL0057E failed to create workspace dir '"]);
    // A directory where nobody can make files, root included.
    let result = with_config(&instance, |yaml| {
        let line = yaml.lines().find(|line| line.contains("workspaceDirectory")).unwrap().to_owned();
        yaml.replace(&line, "  workspaceDirectory: /proc/self")
    });
    assert_refused(&result, &["ZWEL0"]);
    let result = with_config(&instance, |yaml| yaml.replace("workspaceDirectory", "workDirectory"));
    assert_refused(&result, &["ZWEL0157E", "ZWEL0059E"]);
}

#[test]
fn a_validate_that_fails() {
    let instance = good().component("beta", SLEEPER, "");
    instance.script("alpha", "validate", "echo alpha is not well; exit 3");
    instance.script("beta", "validate", "echo beta neither; kill -9 $$");
    let result = instance.run_to_end();
    assert_refused(
        &result,
        &[
            "\nalpha is not well\n",
            "ZWEL0917E Component alpha commands.validate ended with rc=3.",
            "\nbeta neither\n",
            "ZWEL0917E Component beta commands.validate ended with rc=137.",
            "ZWEL0030E failed to prepare Zowe instance",
            "ZWEL0907I Zowe instance lpar1 has ended, condition code 8",
        ],
    );
}

#[test]
fn a_missing_command_file() {
    let instance = good();
    instance.manifest("alpha", "commands:\n  start: bin/nosuch.sh\n  validate: bin\n");
    let result = instance.run_to_end();
    assert_refused(
        &result,
        &[
            "ZWEL0172E Component alpha has commands.start defined but the file is missing. Looked for ",
            "/runtime/components/alpha/bin/nosuch.sh\n",
            "ZWEL0172E Component alpha has commands.validate defined but the file is missing. Looked for ",
            "/runtime/components/alpha/bin, which is a directory\n",
            "ZWEL0030E",
        ],
    );
}

#[test]
fn a_command_outside_of_the_component() {
    let instance = good();
    std::fs::write(instance.path("evil.sh"), "echo evil").unwrap();
    instance.manifest("alpha", "commands:\n  start: ../../../evil.sh\n");
    let (code, out) = instance.run_to_end();
    assert_eq!((code, out.contains("\nevil\n")), (8, false), "{out}");
    assert!(out.contains("ZWEL0918E Component alpha"), "{out}");
}

#[test]
fn no_component_to_start() {
    let instance = Instance::new();
    assert_refused(&instance.run_to_end(), &["ZWEL0018I", "ZWEL0029E start component list is empty"].map(|text| text));
}

#[test]
fn an_enabled_component_that_is_not_installed_is_a_warning_with_the_places() {
    let instance = good().extra("  missing:\n    enabled: true\n");
    let running = instance.up();
    let line = running.wait_for("ZWEL0915W component missing is enabled but not installed, looked in ");
    assert!(line.contains("/runtime/components/missing"), "{line}");
}

/// The launcher's own `config` with a key that is a template.
fn configured(templates: &str) -> (i32, String) {
    let instance = good().extra(templates);
    instance.write_config();
    run_to_end(instance.launcher(&["config", "-c", &instance.config().display().to_string(), "-i", "lpar1"]))
}

#[test]
fn the_template_functions_of_zowes_documentation_are_evaluated() {
    let form = "() => { const X = 'A'; switch (X) { case 'A': return 'one'; default: return 'two' } } ()";
    let (code, out) = configured(&format!(
        "site:\n  a: \"${{{{ {form}; }}}}\"\n  b: \"${{{{ {form} + '}}}}' }}}}\"\n  c: \"${{{{ [{form}.length, `x${{ {form} }}`] }}}}\"\n  d: \"pre-${{{{ true ? {form} : 0 }}}}\"\n  e: \"${{{{ () => {{\n      let p = os.realpath('/');\n      return p[1] == 0 ? p[0] : undefined;\n    }} ()\n    }}}}\"\n"
    ));
    assert_eq!(code, 0, "{out}");
    for text in ["a: one\n", "b: one}}\n", "  - 3\n", "  - xone\n", "d: pre-one\n", "e: /"] {
        assert!(out.contains(text), "{text} is missing in\n{out}");
    }
}

#[test]
fn an_error_of_syntax_is_shown_where_the_author_made_it() {
    let (code, out) = configured("site: \"${{ () => { return 1 } () + * 2 }}\"\n");
    assert_eq!(code, 8, "{out}");
    assert!(out.contains("zowe.yaml:") && out.contains("unexpected token in expression: '*' (line 1 column 29 of the template)"), "{out}");
}

/// Processor time of a process in user mode and in the kernel; None: it has ended.
fn ticks_used(pid: nix::unistd::Pid) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // From the state on, which is the third field: 14 and 15 are utime and stime.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    if matches!(fields.first(), Some(&"Z" | &"X")) {
        return None;
    }
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}

#[test]
fn time_in_which_the_launcher_is_not_run_is_not_a_templates() {
    use nix::sys::signal::{Signal, kill};
    let keys: String = (0..4000).map(|key| format!("  k{key}: \"${{{{ {key} }}}}\"\n")).collect();
    let instance = good().extra(&format!("site:\n{keys}"));
    instance.write_config();
    // Stopped at several points of its life, for longer than all templates may take. The points are ticks (10 ms) of processor time that it
    // has used, so that they are the same on a busy machine.
    let stopped = [2, 6, 12, 25].map(|ticks| {
        let mut command = instance.launcher(&["config", "-c", &instance.config().display().to_string()]);
        let child = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn().unwrap();
        let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
        let reached = || ticks_used(pid).is_none_or(|used| used >= ticks).then_some(());
        wait_until(Instant::now() + PATIENCE, reached).expect("neither runs nor ends");
        let _ = kill(pid, Signal::SIGSTOP);
        (child, pid)
    });
    // Nothing is awaited here: this is time that passes without the launcher.
    std::thread::sleep(std::time::Duration::from_millis(2200));
    for (child, pid) in stopped {
        let _ = kill(pid, Signal::SIGCONT);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn schemas_of_a_component_are_read_as_zowe_reads_them() {
    let instance = Instance::new().component("web", SLEEPER, "node: {level: high}");
    let directory = instance.component_directory("web");
    std::fs::write(directory.join("manifest.yaml"), "name: web\nid: org.test.web\nschemas: {configs: [top.json, part.json]}\n").unwrap();
    let top = "// Trailing commas and comments.\n{\"$id\": \"https://example.org/top\", \"properties\": {\"components\": {\"properties\": {\"web\": {\"properties\": {\"node\": {\"$ref\": \"part.json#node\"},},},},},},}\n";
    std::fs::write(directory.join("top.json"), top).unwrap();
    std::fs::write(
        directory.join("part.json"),
        "{\"$defs\": {\"n\": {\"$anchor\": \"node\", \"properties\": {\"level\": {\"type\": \"integer\"}}}}}",
    )
    .unwrap();
    instance.write_config();
    let config = instance.config().display().to_string();
    let (code, out) = run_to_end(instance.launcher(&["check", "-c", &config]));
    assert_eq!(code, 8, "{out}");
    assert!(out.contains("components.web.node.level: 'high' is not of type integer"), "{out}");
    assert_eq!(out.matches("top.json:1:1: the schema is not strict JSON").count(), 1, "{out}");
    let yaml = std::fs::read_to_string(instance.config()).unwrap();
    std::fs::write(instance.config(), yaml.replace("level: high", "level: 3")).unwrap();
    let (code, out) = run_to_end(instance.launcher(&["check", "-c", &config]));
    assert_eq!(code, 4, "only the warning is left: {out}");
}

#[test]
fn a_name_that_no_operator_can_type_is_refused() {
    for name in ["a,b", "a(b)", "a*", " a", "a b", "*", "a=b", "é"] {
        let instance = Instance::new().component("good", SLEEPER, "").extra(&format!("  '{name}': {{enabled: true}}\n"));
        instance.script(name, "start", SLEEPER);
        let (code, out) = instance.run_to_end();
        assert_eq!(code, 8, "{name}: {out}");
        assert!(out.contains(&format!("'{name}' is no component name; letters, digits, '-', '_' and '.' are expected")), "{name}: {out}");
        let check = text(&instance.launcher(&["check"]).output().unwrap());
        let line = check.lines().find(|line| line.contains("is no component name")).unwrap_or_else(|| panic!("{check}"));
        assert!(line.starts_with("ERROR ") && line.contains("zowe.yaml:"), "{line}");
        // Nobody has chosen that for such a name.
        std::fs::write(instance.config(), std::fs::read_to_string(instance.config()).unwrap().replacen("true}", "false}", 1)).unwrap();
        let check = text(&instance.launcher(&["check"]).output().unwrap());
        assert!(check.lines().any(|line| line.starts_with("WARNING ") && line.contains("is no component name")), "{check}");
    }
}

#[test]
fn names_that_differ_only_by_case_are_refused() {
    let instance = Instance::new().component("Good", SLEEPER, "").component("good", SLEEPER, "");
    let (code, out) = instance.run_to_end();
    assert_eq!(code, 8, "{out}");
    assert!(out.contains("components.good: the name differs from Good (") && out.contains(") only by case"), "{out}");
    let disabled = std::fs::read_to_string(instance.config()).unwrap().replacen("enabled: true", "enabled: false", 1);
    std::fs::write(instance.config(), disabled).unwrap();
    let check = instance.launcher(&["check"]).output().unwrap();
    assert_eq!(check.status.code(), Some(0), "{}", text(&check));
}

#[test]
fn what_cannot_be_looked_at_is_not_taken_for_missing() {
    // Loops of links: errors for every user, root too.
    let looped = |path: std::path::PathBuf| {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&path, &path).unwrap();
    };
    for (relative, named) in [
        ("runtime/files/defaults.yaml", "files/defaults.yaml"),
        ("runtime/schemas", "schemas/"),
        ("runtime/components/alpha/bin/validate.sh", "bin/validate.sh"),
        ("runtime/components/beta", "components/beta/manifest.yaml"),
        ("extensions", "extensions"),
    ] {
        let instance = good();
        instance.write_config();
        let yaml = std::fs::read_to_string(instance.config()).unwrap();
        let extensions = format!("zowe:\n  extensionDirectory: {}\n", instance.path("extensions").display());
        std::fs::write(instance.config(), yaml.replacen("zowe:\n", &extensions, 1) + "  beta: {enabled: true}\n").unwrap();
        std::fs::create_dir(instance.path("extensions")).unwrap();
        let before = text(&instance.launcher(&["check"]).output().unwrap());
        assert!(!before.contains("ERROR "), "{before}");
        if relative == "extensions" {
            std::fs::remove_dir(instance.path(relative)).unwrap();
        }
        looped(instance.path(relative));
        let check = instance.launcher(&["check"]).output().unwrap();
        let said = text(&check);
        let is_named = |line: &str| line.contains(named) && line.contains("Too many levels of symbolic links");
        assert!(said.lines().any(is_named), "{relative}: {said}");
        assert_eq!(check.status.code(), Some(8), "{said}");
        let (code, out) = run_to_end(instance.launcher(&["lpar1"]));
        assert_eq!(code, 8, "{out}");
        assert!(out.lines().any(is_named), "{relative}: {out}");
    }
}

#[test]
fn two_names_of_one_variable_are_a_warning_with_both_places() {
    let instance = Instance::new()
        .component("my-comp", SLEEPER, "port: 18101\nmy-port: 1\nmy_port: 2\nmy.port: 3")
        .component("my_comp", SLEEPER, "port: 18102")
        .component("other", SLEEPER, "a-b: 1");
    instance.manifest("other", "configs: {a_b: 2}\n");
    instance.write_config();
    let check = instance.launcher(&["check"]).output().unwrap();
    let said = text(&check);
    assert_eq!(check.status.code(), Some(4), "{said}");
    for (other, first) in [
        ("components.my_comp", "components.my-comp"),
        ("components.my-comp.my_port", "components.my-comp.my-port"),
        ("components.my-comp.my.port", "components.my-comp.my-port"),
        ("components.other.a_b", "components.other.a-b"),
    ] {
        let wanted = format!(" {other}: components see it by the same variable as {first} (");
        let lines: Vec<&str> = said.lines().filter(|line| line.contains(&wanted)).collect();
        assert!(
            matches!(lines.as_slice(), [line] if line.starts_with("WARNING ") && line.matches(".yaml:").count() == 2),
            "{wanted}\n{said}"
        );
    }
    assert_eq!(said.matches("by the same variable").count(), 4, "{said}");
}
