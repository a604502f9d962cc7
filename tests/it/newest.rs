//! What Zowe has changed since 3.1, with the built binary: API ML as one service, variables, umask, start-up checks.

use crate::harness::{Instance, run_to_end, text};
use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

const SLEEPER: &str = "exec sleep 1000";

/// Lays YAML over an instance's configuration and returns CONFIG.
fn laid_over(instance: &Instance, yaml: &str) -> String {
    instance.write_config();
    fs::write(instance.path("over.yaml"), yaml).unwrap();
    format!("FILE({}):FILE({})", instance.path("over.yaml").display(), instance.config().display())
}

fn answer(instance: &Instance, config: &str, arguments: &[&str]) -> (i32, String) {
    let output = instance.launcher(arguments).env("CONFIG", config).output().unwrap();
    (output.status.code().unwrap(), text(&output))
}

/// Anybody may run the tests, root too, so the check of the user is off.
fn checks(settings: &str) -> String {
    format!("zowe: {{launchScript: {{startupChecks: {{user: disabled, {settings}}}}}}}\n")
}

/// `ZWE_...=value` lines.
fn variables(text: &str) -> BTreeMap<String, String> {
    text.lines().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// API ML as one service with three of its parts, and a component that depends on one of them. Every command records its name.
fn one_service() -> Instance {
    let write = |what: &str| format!("echo {what} $ZWE_CLI_PARAMETER_COMPONENT $_BPX_JOBNAME >> \"$ZWE_zowe_workspaceDirectory/said\"\n");
    let mut instance = Instance::new();
    for (name, settings) in [("sample", "launcher: {dependsOn: [gateway]}"), ("gateway", "port: 17554"), ("discovery", "")] {
        instance = instance.component(name, &(write("start") + SLEEPER), settings);
    }
    let ready = "launcher: {readiness: one service is up}\nport: 17554";
    instance = instance.component("apiml", &(write("start") + "echo one service is up\n" + SLEEPER), ready);
    for name in ["gateway", "discovery"] {
        instance.script(name, "validate", &write("validate"));
        instance.script(name, "configure", &write("configure"));
    }
    let definition = "services: [{serviceId: zosmf, scheme: '${ZOSMF_SCHEME}'}]\n";
    for name in ["gateway", "discovery", "apiml"] {
        // z/OSMF's is discovery's and the one service's.
        let file = if name == "gateway" { "gateway.yml" } else { "zosmf.yml" };
        // A port that comes of the part's manifest counts like a configured one.
        let port = if name == "discovery" { "configs: {port: 17553}\n" } else { "" };
        instance.manifest(name, &format!("apimlServices: {{static: [{{file: {file}}}]}}\n{port}"));
        fs::write(instance.component_directory(name).join(file), definition).unwrap();
    }
    instance
}

#[test]
fn api_ml_as_one_service_has_its_parts_configured_and_not_started() {
    let instance = one_service();
    // Whatever its own `enabled` says.
    let config = laid_over(&instance, "components: {gateway: {enabled: false}}\n");
    let (code, report) = answer(&instance, &config, &["check"]);
    assert!(code == 0 && report.contains("0 errors, 0 warnings"), "{report}");
    let (_, plan) = answer(&instance, &config, &["plan", "-i", "lpar1"]);
    for needle in ["  gateway: part of component apiml, which is enabled", "validate gateway:", "configure discovery:", "start apiml:"] {
        assert!(plan.contains(needle), "{needle} in {plan}");
    }
    assert!(!plan.contains("start gateway:") && !plan.contains("discovery.zosmf_yml") && plan.contains("apiml.zosmf_yml"), "{plan}");

    let mut command = instance.launcher(&["lpar1"]);
    command.env("CONFIG", &config);
    let mut running = crate::harness::Running::spawn(command, instance.directory.path());
    running.wait_for("ZWEL0001I component sample started");
    let out = running.all();
    assert!(out.contains("ZWEL0016I start component list: 'apiml,sample'"), "{out}");
    assert!(out.contains("ZWEL0903I component sample waits for apiml"), "{out}");
    running.wait_for("ZWEL0901I");
    let said = crate::harness::wait_until(std::time::Instant::now() + crate::harness::PATIENCE, || {
        fs::read_to_string(instance.path("workspace/said")).ok().filter(|said| said.contains("start sample"))
    });
    let said = said.unwrap();
    for line in ["validate gateway ZWE1AG", "validate discovery ZWE1AG", "configure gateway ZWE1AG", "configure discovery ZWE1AG"] {
        assert!(said.contains(line), "{line} in {said}");
    }
    assert!(said.contains("start apiml ZWE1AG") && !said.contains("start gateway") && !said.contains("start discovery"), "{said}");
    let definitions = instance.path("workspace/api-mediation/api-defs");
    let mut names: Vec<String> =
        fs::read_dir(&definitions).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["apiml.zosmf_yml.lpar1.yml", "gateway.gateway_yml.lpar1.yml"]);
    assert!(fs::read_to_string(definitions.join(&names[0])).unwrap().contains("scheme: 'https'"));

    let (_, env) = answer(&instance, &config, &["env", "-i", "lpar1", "sample"]);
    let env = variables(&env);
    let mut enabled: Vec<&str> = env["ZWE_ENABLED_COMPONENTS"].split(',').collect();
    enabled.sort_unstable();
    assert_eq!(enabled, ["api-catalog", "apiml", "caching-service", "discovery", "gateway", "sample", "zaas"]);
    assert_eq!(env["ZWE_LAUNCH_COMPONENTS"], "apiml,sample");

    let answered = instance.modify("DISP,DETAIL(apiml)");
    assert!(answered.contains("17554 (components.gateway.port), 17553 (components.discovery.port)"), "{answered}");
    let answered = instance.modify("STOP(gateway)");
    assert!(
        answered.contains("ZWEL0054W") && answered.contains("ZWEL0953I component gateway runs as part of component apiml"),
        "{answered}"
    );
    let answered = instance.modify("RESTART(apiml)");
    assert!(!answered.contains("ZWEL0054W"), "{answered}");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

#[test]
fn a_runtime_without_the_one_service_runs_the_parts_and_says_so() {
    let instance = Instance::new().component("gateway", SLEEPER, "port: 17654");
    let config = laid_over(&instance, "components: {apiml: {enabled: true}}\n");
    let (code, report) = answer(&instance, &config, &["check"]);
    assert!(code == 4 && report.contains("over.yaml:1:22: components.apiml.enabled: API ML as one process is not installed"), "{report}");
    let (_, env) = answer(&instance, &config, &["env", "-i", "lpar1"]);
    let env = variables(&env);
    assert_eq!((env["ZWE_ENABLED_COMPONENTS"].as_str(), env["ZWE_LAUNCH_COMPONENTS"].as_str()), ("gateway", "gateway"));
}

/// Only what belongs to a component: names that its shell and the test's own environment add are left out.
const OF_SHELL: &[&str] = &["PWD", "OLDPWD", "SHLVL", "_", "HOME", "ZWELNCH_SYSTEM", "ZWELNCH_RUN", "IFS", "OPTIND", "PS4", "LINENO"];

#[test]
fn env_shows_what_a_start_sets() {
    let homes = "java: {home: /opt/java}\nnode: {home: /opt/node}\nzOSMF: {host: zosmf.example.com, port: 443, scheme: http}\n";
    let network = "haInstances: {lpar1: {hostname: one, sysname: A, components: {web: {port: 2, list: [x]}}}, lpar2: {hostname: two}}\n";
    let dump = "env > \"$ZWE_zowe_workspaceDirectory/environment\"\numask > \"$ZWE_zowe_workspaceDirectory/umask\"\n: > \"$ZWE_zowe_workspaceDirectory/file\"\n";
    let instance =
        Instance::new().component("web", &format!("{dump}echo dumped\n{SLEEPER}"), "port: 1\nlist: [a, b]").extra(homes).extra(network);
    instance.write_config();
    let mut command = instance.launcher(&["lpar1"]);
    // As a started task: without what a shell would give it.
    command.env_remove("PATH");
    let mut running = crate::harness::Running::spawn(command, instance.directory.path());
    running.wait_for("dumped");
    let out = running.all();
    assert!(out.contains("ZWEL0075W Could not read manifest.json version: "), "{out}");
    let given = variables(&fs::read_to_string(instance.path("workspace/environment")).unwrap());
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);

    let config = instance.config().display().to_string();
    let (_, shown) = answer(&instance, &config, &["env", "-i", "lpar1", "web"]);
    let shown = variables(&shown);
    let differing: Vec<String> = given
        .keys()
        .chain(shown.keys())
        .filter(|name| !OF_SHELL.contains(&name.as_str()) && given.get(*name) != shown.get(*name))
        .map(|name| format!("{name}: given {:?}, shown {:?}", given.get(name), shown.get(name)))
        .collect();
    assert!(differing.is_empty(), "{differing:#?}");
    let workspace = instance.path("workspace");
    for (name, value) in [
        ("ZWE_ALLOWED_DOMAINS", "one,two,zosmf.example.com".to_string()),
        ("ZWE_HA_INSTANCE_CONFIG", format!("{}/.env/.zowe-lpar1-merged.yaml", workspace.display())),
        ("ZWE_CLI_PARAMETER_CONFIG", format!("{}/.env/.zowe-merged.yaml", workspace.display())),
        ("ZWE_PRIVATE_CONFIG_ORIG", config.clone()),
        ("PATH", "/opt/java/bin:/opt/node/bin:/bin:/usr/bin".to_string()),
        ("ZOSMF_SCHEME", "http".to_string()),
        ("ZOSMF_SECURE_PORT_ENABLED", "false".to_string()),
        ("ZOSMF_NON_SECURE_PORT_ENABLED", "true".to_string()),
        ("ZOSMF_AUTHENTICATION_SCHEME", "zosmf".to_string()),
        ("USER", nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap().name),
    ] {
        assert_eq!(given[name], value, "{name}");
    }

    // The whole configuration as this instance sees it, arrays replaced, haInstances kept.
    let file = workspace.join(".env/.zowe-lpar1-merged.yaml");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let merged: serde_json::Value = serde_yaml::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(merged["components"]["web"]["port"], 2);
    assert_eq!(merged["components"]["web"]["list"], serde_json::json!(["x"]));
    assert_eq!(merged["haInstances"]["lpar2"]["hostname"], "two");
    assert!(merged.get("hostname").is_none() && merged.get("sysname").is_none(), "{merged}");
    let base: serde_json::Value = serde_yaml::from_str(&fs::read_to_string(workspace.join(".env/.zowe-merged.yaml")).unwrap()).unwrap();
    assert_eq!(base["components"]["web"]["port"], 1);

    // The group may write what components make, whatever this test was started with.
    let umask = fs::read_to_string(workspace.join("umask")).unwrap();
    let umask = u32::from_str_radix(umask.trim(), 8).unwrap();
    assert_eq!(umask & 0o772, 0o002, "{umask:o}");
    assert_eq!(fs::metadata(workspace.join("file")).unwrap().permissions().mode() & 0o660, 0o660);
}

#[test]
fn the_umask_of_stdenv_is_kept() {
    let instance = Instance::new().component("web", "umask", "launcher: {restartIntervals: []}");
    for (inherited, variable, expected) in [
        ("0022", "", "0002"),
        ("0077", "", "0007"),
        ("0027", "", "0007"),
        ("0000", "", "0002"),
        ("0022", "0027", "0027"),
        ("0022", "9", "0002"),
    ] {
        instance.write_config();
        let launcher = instance.launcher(&["lpar1"]);
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(format!("umask {inherited}; exec \"$0\" lpar1")).arg(launcher.get_program()).env_clear();
        for (name, value) in launcher.get_envs() {
            command.env(name, value.unwrap());
        }
        if !variable.is_empty() {
            command.env("_EDC_UMASK_DFLT", variable);
        }
        let (_, out) = run_to_end(command);
        assert!(out.lines().any(|line| line == expected), "{inherited} {variable}: {out}");
    }
}

#[test]
fn ports_that_are_not_to_be_looked_at_are_not() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let instance = Instance::new().component("web", SLEEPER, &format!("port: {port}")).component("db", SLEEPER, &format!("port: {port}"));
    let with = |yaml: &str| answer(&instance, &laid_over(&instance, &(checks("default: exit") + yaml)), &["check", "--startup"]);
    // Two of one port, in use.
    let (code, report) = with("");
    assert!(code == 8 && report.contains("a port of its own is expected") && report.contains("is in use at address 0.0.0.0"), "{report}");
    for yaml in [
        "  network: {server: {validatePortFree: false}}\n",
        "  network: {server: {validatePortFree: 'false'}}\n",
        "  network: {validatePortFree: false}\n",
        "  environments: {ZWE_NETWORK_VALIDATE_PORT_FREE: false}\n",
    ] {
        let (code, report) = answer(
            &instance,
            &laid_over(&instance, &format!("zowe:\n  launchScript: {{startupChecks: {{user: disabled}}}}\n{yaml}")),
            &["check", "--startup"],
        );
        assert!(code == 0 && report.contains("0 errors, 0 warnings"), "{yaml}: {report}");
        assert!(
            report.contains("components.web.port, components.db.port: not looked at, as zowe.network.server.validatePortFree is false"),
            "{report}"
        );
    }
    // Of one component alone.
    let own = "components: {web: {zowe: {network: {server: {validatePortFree: false}}}}}\n";
    let (code, report) = with(own);
    assert!(code == 8 && report.contains("components.db.port: port") && !report.contains("components.web.port: port"), "{report}");
}

#[test]
fn a_vipa_narrows_the_look_to_its_address() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let instance = Instance::new().component("web", SLEEPER, &format!("port: {port}"));
    for (yaml, is_free) in [
        ("zowe: {network: {server: {vipaIp: 127.0.0.9}}}", true),
        ("zowe: {network: {vipaIp: 127.0.0.9}}", true),
        ("zowe: {environments: {ZWE_NETWORK_VIPA_IP: 127.0.0.9}}", true),
        ("components: {web: {zowe: {network: {server: {vipaIp: 127.0.0.9}}}}}", true),
        ("zowe: {network: {server: {vipaIp: 127.0.0.1}}}", false),
        ("zowe: {network: {server: {vipaIp: 127.0.0.9}}}\ncomponents: {web: {zowe: {network: {server: {vipaIp: 127.0.0.1}}}}}", false),
    ] {
        let instance_config = laid_over(&instance, &format!("{yaml}\n"));
        fs::write(instance.path("checks.yaml"), checks("default: exit")).unwrap();
        let config = format!("FILE({}):{instance_config}", instance.path("checks.yaml").display());
        let (code, report) = answer(&instance, &config, &["check", "--startup"]);
        assert_eq!((code == 0, report.contains("is in use at address 127.0.0.1")), (is_free, !is_free), "{yaml}: {report}");
    }
}

#[test]
fn directories_that_are_not_apart_or_open_to_everybody_end_the_start() {
    let instance = Instance::new().component("web", "exit 0", "launcher: {restartIntervals: []}");
    let logs = instance.path("runtime/logs");
    let with = |level: &str| {
        format!("zowe:\n  logDirectory: {}\n  launchScript: {{startupChecks: {{user: disabled, directories: {level}}}}}\n", logs.display())
    };
    let (code, report) = answer(&instance, &laid_over(&instance, &with("exit")), &["check", "--startup"]);
    assert!(code == 8 && report.contains("over.yaml:2:3: startup check directories: zowe.logDirectory:"), "{report}");
    assert!(report.contains("lies within zowe.runtimeDirectory"), "{report}");
    let launch = |level: &str| {
        let mut command = instance.launcher(&["lpar1"]);
        command.env("CONFIG", laid_over(&instance, &with(level)));
        run_to_end(command)
    };
    let (code, out) = launch("exit");
    assert!(code == 8 && out.contains("ZWEL0950E startup check directories: ") && out.contains("ZWEL0030E"), "{out}");
    let (_, out) = launch("warn");
    assert!(out.contains("ZWEL0951W startup check directories: ") && out.contains("ZWEL0001I component web started"), "{out}");
    let (_, out) = launch("disabled");
    assert!(!out.contains("startup check directories") && out.contains("ZWEL0001I component web started"), "{out}");

    // Made by the starts above; now anybody may write there.
    fs::set_permissions(instance.path("workspace"), fs::Permissions::from_mode(0o777)).unwrap();
    let (code, report) = answer(&instance, &laid_over(&instance, &checks("default: exit")), &["check", "--startup"]);
    assert!(code == 8 && report.contains("workspace may be written to by everybody; chmod o-w it"), "{report}");
}

#[test]
fn a_user_with_little_memory_is_told() {
    let instance = Instance::new().component("web", "exit 0", "launcher: {restartIntervals: []}");
    let limited = |level: &str, arguments: &str| {
        let config = laid_over(&instance, &checks(&format!("memory: {level}")));
        let launcher = instance.launcher(&[]);
        let mut command = Command::new("/bin/sh");
        // 3 GiB of address space.
        command.arg("-c").arg(format!("ulimit -v 3145728; exec \"$0\" {arguments}")).arg(launcher.get_program()).env_clear();
        for (name, value) in launcher.get_envs() {
            command.env(name, value.unwrap());
        }
        command.env("CONFIG", config);
        run_to_end(command)
    };
    let (code, out) = limited("exit", "check --startup");
    assert!(code == 8 && out.contains("startup check memory: user ") && out.contains("may have 3 GiB of address space"), "{out}");
    let (code, out) = limited("exit", "lpar1");
    assert!(code == 8 && out.contains("ZWEL0950E startup check memory: ") && out.contains("ZWEL0030E"), "{out}");
    let (_, out) = limited("warn", "lpar1");
    assert!(out.contains("ZWEL0951W startup check memory: ") && out.contains("ZWEL0001I component web started"), "{out}");
    let (_, out) = limited("disabled", "lpar1");
    assert!(!out.contains("startup check memory") && out.contains("ZWEL0001I component web started"), "{out}");
}

#[test]
fn components_that_are_not_good_weigh_what_the_site_says() {
    let instance = Instance::new().component("web", "exit 0", "launcher: {restartIntervals: []}").component("bad", "exit 0", "");
    fs::write(instance.component_directory("bad").join("manifest.yaml"), "name: [\n").unwrap();
    let with = |level: &str, component: &str| {
        let others = if component == "gone" { "bad: {enabled: false}, " } else { "" };
        laid_over(&instance, &(checks(level) + &format!("components: {{{others}{component}: {{enabled: true}}}}\n")))
    };
    let launch = |level: &str, component: &str| {
        let mut command = instance.launcher(&["lpar1"]);
        command.env("CONFIG", with(level, component));
        run_to_end(command)
    };
    let started = "ZWEL0001I component web started";
    // No policy was chosen: what is not installed is left out, and what is broken is an error, as before.
    let (_, out) = launch("ports: exit", "gone");
    assert!(out.contains("ZWEL0915W component gone is enabled but not installed") && out.contains(started), "{out}");
    let (code, out) = launch("ports: exit", "bad");
    assert!(code == 8 && out.contains("ZWEL0918E Component bad"), "{out}");
    for level in ["components: exit", "default: exit", "default: warn, components: exit"] {
        let (code, out) = launch(level, "gone");
        assert!(code == 8 && out.contains("ZWEL0950E startup check components: ") && out.contains("gone is not installed"), "{out}");
        let (code, report) = answer(&instance, &with(level, "gone"), &["check", "--startup"]);
        assert!(code == 8 && report.contains("gone is not installed"), "{report}");
    }
    let (_, out) = launch("components: warn", "bad");
    assert!(out.contains("ZWEL0951W startup check components: ") && out.contains("bad/manifest.yaml:") && out.contains(started), "{out}");
    for component in ["bad", "gone"] {
        let (_, out) = launch("components: disabled", component);
        assert!(!out.contains("ZWEL0915W") && !out.contains("startup check components") && out.contains(started), "{out}");
    }
}

#[test]
fn attls_rules_are_not_known_off_zos_and_that_is_no_error() {
    let instance = Instance::new().component("web", SLEEPER, "port: 17755");
    let attls = "  network: {server: {tls: {attls: true}}}\n";
    let config = laid_over(&instance, &format!("zowe:\n  launchScript: {{startupChecks: {{user: disabled}}}}\n{attls}"));
    let (code, report) = answer(&instance, &config, &["check", "--startup"]);
    assert!(
        code == 0 && report.contains("INFO startup check attls: was not made for components.web.port: AT-TLS is a service of z/OS"),
        "{report}"
    );
    let (code, report) = answer(&instance, &laid_over(&instance, &checks("attls: exit")), &["check", "--startup"]);
    assert!(code == 0 && !report.contains("attls"), "{report}");
}
