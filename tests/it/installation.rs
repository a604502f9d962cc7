//! Zowe as it is installed: every component of `../shared/zowe/components` with its own manifest, schemas, plug-in and static definitions,
//! under the full defaults.yaml, with two HA instances on one workspace. The commands are the tests' own: they ask, bind, write and print
//! what the real ones do, so no Java is needed.

use crate::harness::{Instance, PATIENCE, PortRange, Running, none_left, pid_in, program, run_to_end, skip, wait_until};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const INSTANCES: [(&str, &str); 2] = [("lpar1", "ZWE1SV"), ("lpar2", "ZWE2SV")];

/// A component that is launched, what it writes once it serves (from its sources), and one of its settings whose value may change.
const SERVERS: [(&str, &str, &str); 7] = [
    (
        "discovery",
        "<ZWEADS1:main:33554529> ZWESVUSR INFO  (o.z.a.p.s.ServiceStartupEventHandler) ZWEAM000I Discovery Service has been started in 11.3 seconds",
        "sslDebug: ",
    ),
    (
        "gateway",
        "<ZWEAGW1:main:33554530> ZWESVUSR INFO  (o.z.a.g.GatewayServiceApplication) Started GatewayServiceApplication in 21.0 seconds (process running for 22.9)",
        "sslDebug: ",
    ),
    (
        "zaas",
        "<ZWEAZS1:main:33554531> ZWESVUSR INFO  (o.z.a.p.s.ServiceStartupEventHandler) ZWEAM000I ZAAS has been started in 13.8 seconds",
        "sslDebug: ",
    ),
    (
        "api-catalog",
        "<ZWEAAC1:main:33554532> ZWESVUSR INFO  (o.z.a.p.s.ServiceStartupEventHandler) ZWEAM000I API Catalog Service has been started in 9.6 seconds",
        "sslDebug: ",
    ),
    (
        "caching-service",
        "<ZWEACS1:main:33554533> ZWESVUSR INFO  (o.z.a.p.s.ServiceStartupEventHandler) ZWEAM000I Caching Service has been started in 8.2 seconds",
        "sslDebug: ",
    ),
    (
        "app-server",
        "<ZWED:33554534> ZWESVUSR INFO (_zsf.bootstrap,webapp.js:213) ZWED0031I - Server is ready at https://0.0.0.0:7556, Plugins successfully loaded: 100% (12/12)",
        "node: {rootRedirectURL: ",
    ),
    (
        "zss",
        "<ZWES:33554535> ZWESVUSR INFO (zss.c:1441) ZWES1014I ZIS status - Ok (name=ZWESIS_STD, cmsRC=0, description=Ok, clientVersion=2)",
        "crossMemoryServerName: ",
    ),
];

/// Like API ML's validate scripts: is my own port free?
const VALIDATE: &str = r#"hex=$(printf '%04X' "$ZWE_configs_port")
if grep -q ":$hex 0\{8,32\}:0000 0A" /proc/net/tcp /proc/net/tcp6; then
  echo "Port $ZWE_configs_port is already in use by process"
  exit 1
fi
"#;

/// initInstance.js registers the plug-ins of app-server itself; zss is registered by app-server's configure off z/OS.
const CONFIGURE_APP_SERVER: &str = r#"mkdir -p "$ZWE_zowe_workspaceDirectory/app-server/plugins"
for definition in "$ZWE_zowe_runtimeDirectory"/components/app-server/plugins/*/pluginDefinition.json; do
  identifier=$(sed -n 's/^ *"identifier": *"\([^"]*\)".*/\1/p' "$definition" | head -n 1)
  printf '{"identifier": "%s", "pluginLocation": "%s"}\n' "$identifier" "${definition%/*}" > "$ZWE_zowe_workspaceDirectory/app-server/plugins/$identifier.json"
done
printf 'services: []\n' > "$ZWE_STATIC_DEFINITIONS_DIR/zss.apiml_static_reg_yaml_template.$ZWE_CLI_PARAMETER_HA_INSTANCE.yml"
[ -n "$ZWE_NO_SUCH_DEBUG" ] && set -x
"#;

/// The discovery's own configure makes YAML of what was registered for it.
const CONFIGURE_DISCOVERY: &str = r#"definition="$ZWE_STATIC_DEFINITIONS_DIR/discovery.zosmf_static_definition_yaml_template.$ZWE_CLI_PARAMETER_HA_INSTANCE.yml"
sed "s|%ZOSMF_SCHEME%|${ZOSMF_SCHEME:-https}|; s|/\"\$|/|; s|docs\"\$|docs|" "$definition" > "$definition.tmp" && cat "$definition.tmp" > "$definition" && rm "$definition.tmp"
"#;

/// The variables and the configuration are printed, as real components do; then the port is bound, then it says that it serves.
fn start(name: &str, line: &str) -> String {
    format!(
        r#"env
cat "$ZWE_CLI_PARAMETER_CONFIG"
{program} demo service http --name {name} --port "$ZWE_configs_port" 2>&1 | while IFS= read -r line; do
  printf '%s\n' "$line"
  case "$line" in *'listens on'*) printf '2026-11-26 00:00:00.000 %s\n' '{line}' ;; esac
done
"#,
        program = program()
    )
}

fn shared() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/zowe");
    if shared.join("components").is_dir() {
        return Some(shared);
    }
    skip(&format!("{} is missing", shared.display()));
    None
}

/// Copies a tree, and fills in what a build fills in.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else if entry.file_name() == "manifest.yaml" {
            let text = fs::read_to_string(from).unwrap().replace("{{build.timestamp}}", "1729000000").replace("{{build.version}}", "3.1.0");
            fs::write(to, text.replace("{{build.", "").replace("}}", "")).unwrap();
        } else {
            fs::write(to, fs::read(from).unwrap()).unwrap();
        }
    }
}

struct Installation {
    instance: Instance,
    ports: Vec<(String, [u16; 2])>,
    _range: PortRange,
}

impl Installation {
    fn new(shared: &Path) -> Installation {
        let instance = Instance::new();
        let runtime = instance.runtime();
        copy(&shared.join("components"), &runtime.join("components"));
        copy(&shared.join("schemas"), &runtime.join("schemas"));
        fs::create_dir_all(runtime.join("files")).unwrap();
        fs::copy(shared.join("defaults.yaml"), runtime.join("files/defaults.yaml")).unwrap();
        fs::write(
            runtime.join("manifest.json"),
            r#"{"name":"Zowe","version":"3.1.0","build":{"branch":"v3.x/rc","number":"1","commitHash":"c"}}"#,
        )
        .unwrap();
        fs::create_dir_all(instance.component_directory("apiml-sample-extension").join("bin")).unwrap();
        fs::write(instance.component_directory("apiml-sample-extension").join("bin/apiml-sample-extension.jar"), "jar").unwrap();
        for (name, line, _) in SERVERS {
            let bin = instance.component_directory(name).join("bin");
            fs::create_dir_all(&bin).unwrap();
            fs::write(bin.join("start.sh"), start(name, line)).unwrap();
            fs::write(bin.join("validate.sh"), VALIDATE).unwrap();
        }
        for (name, text) in [("app-server", CONFIGURE_APP_SERVER), ("discovery", CONFIGURE_DISCOVERY), ("zss", ":\n")] {
            fs::write(instance.component_directory(name).join("bin/configure.sh"), text).unwrap();
        }
        // Below the ports that the system assigns to connections: a validate command must find each of them free every time.
        let range = PortRange::find();
        let ports = (1..).step_by(2).zip(SERVERS).map(|(n, (name, ..))| (name.to_owned(), [range.base + n, range.base + n + 1])).collect();
        Installation { instance, ports, _range: range }
    }

    /// zowe.yaml like example-zowe.yaml, with two HA instances; `value` is the value of the changed setting of `changed`.
    fn configure(&self, validation: &str, changed: &str, value: &str) {
        let directory = self.instance.directory.path().display();
        let mut yaml = format!(
            "zowe:
  setup:
    dataset: {{prefix: IBMUSER.ZWEV3, proclib: USER.PROCLIB, parmlib: IBMUSER.ZWEV3.CUST.PARMLIB, jcllib: IBMUSER.ZWEV3.CUST.JCLLIB,
      loadlib: IBMUSER.ZWEV3.SZWELOAD, authLoadlib: IBMUSER.ZWEV3.SZWEAUTH, authPluginLib: IBMUSER.ZWEV3.CUST.ZWESAPL}}
  runtimeDirectory: {directory}/runtime
  logDirectory: {directory}/logs
  workspaceDirectory: {directory}/workspace
  extensionDirectory: {directory}/extensions
  externalDomains: [localhost]
  configmgr: {{validation: {validation}}}
  sysMessages: [ZWEL0021I, ZWEL0018I, ZWES1601I, ZWEAM000I, ZWED0031I, ZWES1013I]
  launchScript: {{onComponentConfigureFail: exit, startupChecks: {{default: disabled}}}}
  certificate:
    keystore: {{type: PKCS12, file: /keystore/localhost.keystore.p12, password: secret-of-the-store, alias: localhost}}
    truststore: {{type: PKCS12, file: /keystore/localhost.truststore.p12, password: secret-of-the-store}}
    pem: {{key: /keystore/localhost.key, certificate: /keystore/localhost.cer, certificateAuthorities: /keystore/ca.cer}}
zOSMF: {{host: zosmf.example.com, port: 443, applId: IZUDFLT}}
components:
  apiml-sample-extension: {{enabled: true}}
  explorer-ip: {{enabled: true}}
"
        );
        for (name, _, key) in SERVERS {
            let value = if name == changed { value } else { "first" };
            let closing = "}".repeat(key.matches('{').count());
            yaml += &format!("  {name}:\n    {key}{value}{closing}\n");
        }
        yaml += "haInstances:\n";
        for (index, (id, _)) in INSTANCES.iter().enumerate() {
            yaml += &format!("  {id}:\n    hostname: localhost\n    sysname: {}\n    components:\n", id.to_uppercase());
            for (name, ports) in &self.ports {
                yaml += &format!("      {name}: {{port: {}}}\n", ports[index]);
            }
        }
        fs::write(self.instance.config(), yaml).unwrap();
    }

    fn start(&self, id: &str, job: &str) -> Running {
        let mut launcher = self.instance.launcher(&[id]);
        launcher.env("JOBNAME", job);
        Running::spawn(launcher, self.instance.directory.path())
    }

    fn modify(&self, job: &str, text: &str) -> String {
        let (answer, code) = self.instance.console(&format!("F {job},APPL={text}"));
        assert_eq!(code, 0, "{answer}");
        answer
    }

    fn pids(&self, job: &str) -> Vec<Option<i32>> {
        let answer = self.modify(job, "DISP");
        SERVERS.iter().map(|(name, ..)| pid_in(&answer, name)).collect()
    }

    /// The table's word for the state of a component.
    fn is_ready(&self, job: &str, name: &str) -> bool {
        let table = self.modify(job, "DISP");
        table.lines().any(|line| line.contains("ZWEL0920I") && line.contains(&format!(" {name} ")) && line.contains(" ready "))
    }

    /// What is registered, and the files that components read.
    fn workspace(&self) -> BTreeSet<String> {
        let root = self.instance.path("workspace");
        let mut found = BTreeSet::new();
        let mut left = vec![root.clone()];
        while let Some(directory) = left.pop() {
            for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
                let path = entry.path();
                if path.is_dir() {
                    left.push(path);
                } else {
                    found.insert(path.strip_prefix(&root).unwrap().display().to_string());
                }
            }
        }
        found
    }

    /// The value of a component's changed setting in the environment of its running process.
    fn value_in_process(&self, pid: i32, name: &str) -> Option<String> {
        let (_, _, key) = SERVERS.iter().find(|(server, ..)| *server == name)?;
        let path: Vec<&str> = key.split(['{', ':', ' ']).filter(|part| !part.is_empty()).collect();
        let variable = format!("ZWE_configs_{}=", path.join("_"));
        let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
        let found = environment.split(|byte| *byte == 0).find(|entry| entry.starts_with(variable.as_bytes()))?;
        Some(String::from_utf8_lossy(&found[variable.len()..]).into_owned())
    }
}

/// One life of both instances.
fn live(validation: &str) {
    let Some(shared) = shared() else { return };
    let installation = Installation::new(&shared);
    installation.configure(validation, "", "");
    let mut check = Command::new(program());
    check.args(["check", "-c"]).arg(installation.instance.config());
    let (code, report) = run_to_end(check);
    assert!(code == 0 || code == 4, "{code}\n{report}");
    let mut running: Vec<Running> = INSTANCES.iter().map(|(id, job)| installation.start(id, job)).collect();
    for (launcher, (id, _)) in running.iter().zip(INSTANCES) {
        let line = launcher.wait_for("ZWEL0901I");
        assert!(line.contains(&format!("instance {id} is ready for work, 7 of 7 components ready")), "{line}");
        assert!(!launcher.all().contains("ZWEL0317E"), "{}", launcher.all());
    }
    let before = installation.workspace();
    let (first, second) = (&running[0], INSTANCES[0].1);
    for (number, (name, ..)) in SERVERS.iter().enumerate() {
        for (verb, value) in [("RESTART", "second"), ("RELOAD", "third")] {
            let pids = installation.pids(second);
            installation.configure(validation, name, value);
            let command = if verb == "RESTART" { format!("RESTART({name})") } else { verb.to_owned() };
            installation.modify(second, &command);
            let back = wait_until(Instant::now() + PATIENCE, || {
                let now = installation.pids(second)[number].filter(|pid| pids[number] != Some(*pid))?;
                (installation.value_in_process(now, name).as_deref() == Some(value) && installation.is_ready(second, name)).then_some(())
            });
            assert!(back.is_some(), "{verb} of {name}:\n{}", first.all());
            let now = installation.pids(second);
            let moved: Vec<&str> =
                SERVERS.iter().enumerate().filter(|(index, _)| now[*index] != pids[*index]).map(|(_, server)| server.0).collect();
            // A RELOAD also restarts the component changed before, whose setting goes back to what it was.
            assert!(moved.contains(name) && (verb == "RELOAD" || moved.len() == 1), "{verb} of {name} restarted {moved:?}");
            // Others that it restarts may still be configured, and write their files anew.
            let lost = || before.difference(&installation.workspace()).cloned().collect::<Vec<String>>();
            let whole = wait_until(Instant::now() + PATIENCE, || lost().is_empty().then_some(()));
            assert!(whole.is_some(), "{verb} of {name} lost {:?}", lost());
        }
    }
    let definition =
        installation.instance.path("workspace/api-mediation/api-defs/discovery.zosmf_static_definition_yaml_template.lpar1.yml");
    let text = fs::read_to_string(definition).unwrap();
    assert!(text.contains("https://zosmf.example.com:443/") && !text.contains("%ZOSMF_SCHEME%"), "{text}");
    installation.modify(second, "STOP(zss)");
    first.wait_for("ZWEL0002I component zss stopped");
    for (_, job) in INSTANCES {
        installation.instance.console(&format!("P {job}"));
    }
    for launcher in &mut running {
        assert_eq!(launcher.wait_end(), 0, "{}", launcher.all());
    }
    // The record of what runs is gone with it.
    let lost: Vec<String> = before.difference(&installation.workspace()).filter(|file| !file.ends_with(".processes")).cloned().collect();
    assert!(lost.is_empty(), "P lost {lost:?}");
    assert!(none_left(installation.instance.directory.path()));
}

#[test]
fn zowe_as_installed_starts_restarts_and_reloads_when_validation_is_strict() {
    live("STRICT");
}

#[test]
fn zowe_as_installed_starts_restarts_and_reloads_when_validation_is_component_compat() {
    live("COMPONENT-COMPAT");
}
