//! `ha compare` with the built binary: what it says and where, its exit codes, and a configuration of B made from A's.

use crate::harness::program;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Two installations of different levels in a directory of their own.
struct Pair {
    directory: tempfile::TempDir,
}

const DEFAULTS: &str = "zowe:\n  setup:\n    security:\n      stcs: {zowe: ZWESLSTC, zis: ZWESISTC}\n  job: {name: ZWE1SV, prefix: ZWE1}\n  verifyCertificates: STRICT\ncomponents:\n  api-catalog: {enabled: true, port: 7552}\n  app-server: {enabled: true}\n";

const CONFIGURATION: &str = "\
# The site's own words.
zowe:
  runtimeDirectory: @/runtime-N  # installed here
  workspaceDirectory: @/workspace-N
  logDirectory: ${{ zowe.workspaceDirectory }}/logs
  job:
    name: ZWENSV
  setup:
    dataset: {prefix: USER.ZWEN}
    security:
      stcs:
        zowe: ZWESLSN
        zis: ZWESISN
  certificate:
    keystore: {file: \"${{ zowe.runtimeDirectory }}/keystore.p12\", password: hunter2}
components:
  gateway: {enabled: true, port: 7554}
haInstances:
  lpar1:
    hostname: one.example.com
    sysname: LPR1
  LPAR2:
    hostname: two.example.com
    sysname: LPR2
    components: {gateway: {port: 17554}}
";

struct Answer {
    code: i32,
    out: String,
    err: String,
}

impl Pair {
    fn new() -> Pair {
        let pair = Pair { directory: tempfile::Builder::new().prefix("zwelnch-it-").tempdir().unwrap() };
        for (number, level) in [("1", "3.1.0"), ("2", "3.2.0")] {
            let runtime = pair.path(&format!("runtime-{number}"));
            fs::create_dir_all(runtime.join("files")).unwrap();
            fs::write(runtime.join("files/defaults.yaml"), DEFAULTS).unwrap();
            fs::write(runtime.join("manifest.json"), format!("{{\"version\": \"{level}\"}}")).unwrap();
            let yaml = CONFIGURATION.replace("-N", &format!("-{number}")).replace("ZWEN", &format!("ZWE{number}"));
            // Replaced last, because the directory's name may contain anything.
            let yaml = yaml.replace("SN\n", &format!("S{number}\n")).replace('@', &pair.directory.path().display().to_string());
            let file = if number == "1" { "a.yaml" } else { "b.yaml" };
            fs::write(pair.path(file), yaml).unwrap();
        }
        pair.edit("b.yaml", "  gateway:", "  api-catalog: {enabled: false}\n  app-server: {enabled: false}\n  gateway:");
        pair
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{from} in {text}");
        fs::write(self.path(name), text.replacen(from, to, 1)).unwrap();
    }

    fn ask(&self, arguments: &[&str]) -> Answer {
        let output = Command::new(program()).args(arguments).current_dir(self.directory.path()).env_remove("CONFIG").output().unwrap();
        let string = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Answer { code: output.status.code().unwrap(), out: string(&output.stdout), err: string(&output.stderr) }
    }

    fn compare(&self, arguments: &[&str]) -> Answer {
        self.ask(&[&["ha", "compare", "a.yaml", "b.yaml"], arguments].concat())
    }

    /// `file:line:column` of a text that occurs once in a file.
    fn position(&self, name: &str, needle: &str) -> String {
        let text = self.read(name);
        let (index, line) = text.lines().enumerate().find(|(_, line)| line.contains(needle)).unwrap();
        format!("{}:{}:{}", self.path(name).display(), index + 1, line.find(needle).unwrap() + 1)
    }
}

#[test]
fn a_proper_pair_is_allowed_and_its_levels_are_said() {
    let pair = Pair::new();
    let answer = pair.compare(&["--a-instance", "LPAR1", "--b-instance", "lpar2"]);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{}", answer.out);
    for needle in [
        "A: @/a.yaml, HA instance lpar1, Zowe 3.1.0\n",
        "B: @/b.yaml, HA instance lpar2, Zowe 3.2.0\n",
        "The levels differ: the API Catalog and the Desktop may run in one of A and B only.\n",
        "allowed: zowe.job.name\n",
        "allowed: components.api-catalog.enabled: ATTENTION: A runs it in lpar1, LPAR2, B in no instance: when all are replaced nobody has it; \
         true in one overlay of B, haInstances.ID.components.api-catalog.enabled\n",
        "allowed: zowe.certificate.keystore.file: follows from what may differ: the template is the same\n",
        "0 violations, 0 accepted, ",
    ] {
        let needle = needle.replace('@', &pair.directory.path().display().to_string());
        assert!(answer.out.contains(&needle), "{needle} in {}", answer.out);
    }
    assert!(!pair.path("workspace-1").exists());
}

#[test]
fn each_violation_has_its_class_and_its_place_on_both_sides() {
    let pair = Pair::new();
    fs::create_dir(pair.path("workspace-1")).unwrap();
    std::os::unix::fs::symlink(pair.path("workspace-1"), pair.path("link")).unwrap();
    pair.edit("b.yaml", "/workspace-2", "/link/");
    pair.edit("b.yaml", "name: ZWE2SV", "prefix: ZWE2");
    pair.edit("a.yaml", "name: ZWE1SV", "prefix: ZWE1");
    pair.edit("b.yaml", "api-catalog: {enabled: false}", "api-catalog: {port: 7552}");
    pair.edit("b.yaml", "one.example.com", "uno.example.com");
    pair.edit("b.yaml", "hunter2", "hunter3");
    pair.edit("b.yaml", "sysname: LPR2", "sysname: LPR2\n    java: {home: /java}");
    let answer = pair.compare(&[]);
    assert_eq!((answer.code, answer.err.as_str()), (8, ""), "{}", answer.out);
    let defaults = |number| format!("{}:5:9", pair.path(&format!("runtime-{number}/files/defaults.yaml")).display());
    let expected = [
        (
            "must differ: zowe.workspaceDirectory: both are ",
            pair.position("a.yaml", "workspaceDirectory"),
            pair.position("b.yaml", "workspaceDirectory"),
            "'",
        ),
        ("must differ: zowe.job.name\n", defaults(1), defaults(2), "'ZWE1SV'"),
        (
            "UI service active on both with mixed levels: components.api-catalog.enabled\n",
            format!("{}:8:17", pair.path("runtime-1/files/defaults.yaml").display()),
            format!("{}:8:17", pair.path("runtime-2/files/defaults.yaml").display()),
            "true",
        ),
        (
            "must be the same: haInstances.lpar1.hostname (high availability)\n",
            pair.position("a.yaml", "hostname: one"),
            pair.position("b.yaml", "hostname: uno"),
            "'uno.example.com'",
        ),
        (
            "must be the same: haInstances.LPAR2.java.home (high availability)\n",
            pair.position("a.yaml", "LPAR2"),
            pair.position("b.yaml", "home: /java"),
            "'/java'",
        ),
        (
            "must be the same: zowe.certificate.keystore.password (security)\n",
            pair.position("a.yaml", "password"),
            pair.position("b.yaml", "password"),
            "********",
        ),
    ];
    let mut after = 0;
    for (head, a, b, value) in expected {
        let at = answer.out[after..].find(head).unwrap_or_else(|| panic!("{head} after {after} in {}", answer.out)) + after;
        let lines: Vec<&str> = answer.out[at..].lines().take(3).collect();
        assert!(lines[1].starts_with(&format!("  A {a}  ")), "{a} in {lines:?}");
        assert!(lines[2].starts_with(&format!("  B {b}  ")) && lines[2].contains(value), "{b} {value} in {lines:?}");
        after = at;
    }
    assert!(answer.out.contains("  (not set)\n") && !answer.out.contains("hunter"), "{}", answer.out);
    for class in ["must differ", "must be the same", "UI service active on both with mixed levels"] {
        assert!(answer.out.contains(&format!("\nTo do, {class}: ")), "{}", answer.out);
    }
    assert!(answer.out.contains("\n7 violations, 0 accepted, "), "{}", answer.out);

    let json = pair.compare(&["--format", "json", "--accept", "haInstances", "--accept", "zowe.certificate.keystore.password"]);
    let report: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        (json.code, &report["violations"], &report["mixedLevels"], &report["b"]["level"]),
        (8, &4.into(), &true.into(), &"3.2.0".into())
    );
    let hostname =
        report["differences"].as_array().unwrap().iter().find(|found| found["property"] == "haInstances.lpar1.hostname").unwrap();
    assert_eq!(
        (&hostname["accepted"], &hostname["class"], &hostname["group"]),
        (&true.into(), &"must be the same".into(), &"high availability".into())
    );
    assert_eq!((&hostname["a"]["value"], &hostname["a"]["line"]), (&"one.example.com".into(), &20.into()));
    assert!(!json.out.contains("hunter"));
}

#[test]
fn what_cannot_be_compared_is_said_with_what_there_is() {
    let pair = Pair::new();
    let answer = pair.compare(&["--b-instance", "lpar3"]);
    assert_eq!((answer.code, answer.out.as_str()), (8, ""));
    assert!(
        answer.err.contains("ZWEL0911E HA instance lpar3 is not defined in haInstances, defined: lpar1, LPAR2; did you mean lpar1? (in ")
            && answer.err.contains("b.yaml)"),
        "{}",
        answer.err
    );
    fs::write(pair.path("b.yaml"), "a: [\n").unwrap();
    fs::remove_file(pair.path("a.yaml")).unwrap();
    let answer = pair.compare(&[]);
    assert_eq!(answer.code, 8);
    assert!(answer.err.contains("a.yaml: No such file") && answer.err.contains("b.yaml:2:1: YAML syntax"), "{}", answer.err);
    assert_eq!(pair.ask(&["ha", "compare", "a.yaml"]).code, 8, "neither B nor --write-b");
    // An unknown level may be a different one.
    let pair = Pair::new();
    fs::remove_file(pair.path("runtime-2/manifest.json")).unwrap();
    pair.edit("b.yaml", "app-server: {enabled: false}", "app-server: {enabled: true}");
    let answer = pair.compare(&[]);
    assert_eq!(answer.code, 8);
    assert!(answer.out.contains("The level of B is not known") && answer.out.contains("UI service active on both"), "{}", answer.out);
}

/// Makes each choice in B's configuration.
fn choose(pair: &Pair, file: &str) {
    let directory = pair.directory.path().display().to_string();
    let mut text = String::new();
    for line in pair.read(file).lines() {
        // In a flow mapping several choices are in one line.
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("\"CHOOSE:") {
            let value = match before.trim().trim_end_matches(':').rsplit([' ', '{']).next().unwrap() {
                "runtimeDirectory" => format!("{directory}/runtime-2"),
                "workspaceDirectory" => format!("{directory}/workspace-2"),
                "logDirectory" => format!("{directory}/logs-2"),
                "enabled" => "false".to_owned(),
                name => format!("{}9", &name[..3]),
            };
            text.push_str(&format!("{before}{value}"));
            rest = after.split_once('"').unwrap().1;
        }
        text.push_str(&format!("{rest}\n"));
    }
    fs::write(pair.path(file), text).unwrap();
}

fn violations(answer: &Answer) -> Vec<&str> {
    let lines = answer.out.lines().filter(|line| line.starts_with("must") || line.starts_with("UI"));
    lines.collect()
}

#[test]
fn a_configuration_of_b_is_made_from_that_of_a() {
    let pair = Pair::new();
    pair.edit("a.yaml", "hostname: two", "zowe: {job: {name: ZWEL2}}\n    hostname: two");
    pair.edit("a.yaml", "        zis: ZWESIS1\n", "");
    fs::set_permissions(pair.path("a.yaml"), fs::Permissions::from_mode(0o664)).unwrap();
    let answer = pair.ask(&["ha", "compare", "a.yaml", "--write-b", "new.yaml"]);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{}", answer.out);
    assert!(
        answer.out.contains("  zowe.job.name: CHOOSE: a job name of B's own, at most 7 characters; A has 'ZWE1SV'\n"),
        "{}",
        answer.out
    );
    assert_eq!(fs::metadata(pair.path("new.yaml")).unwrap().permissions().mode() & 0o777, 0o640);
    let text = pair.read("new.yaml");
    for kept in ["# The site's own words.\n", "  # installed here\n", "${{ zowe.workspaceDirectory }}/logs\n", "password: hunter2"] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
    for added in ["zis: \"CHOOSE:", "    # While the levels differ only one", "haInstances:\n  lpar1:"] {
        assert!(text.contains(added), "{added} in {text}");
    }

    // Each choice that is not made is reported with its place, and nothing else is; nothing runs on it.
    let answer = pair.ask(&["ha", "compare", "a.yaml", "new.yaml"]);
    assert_eq!(answer.code, 8);
    let expected = [
        "zowe.runtimeDirectory",
        "zowe.workspaceDirectory",
        "zowe.job.name",
        "zowe.setup.dataset.prefix",
        "zowe.setup.security.stcs.zis",
        "zowe.setup.security.stcs.zowe",
        "haInstances.LPAR2.components.api-catalog.enabled",
        "haInstances.LPAR2.components.app-server.enabled",
        "haInstances.LPAR2.zowe.job.name",
        "haInstances.lpar1.components.api-catalog.enabled",
        "haInstances.lpar1.components.app-server.enabled",
    ];
    let mut found = violations(&answer);
    found.sort_unstable();
    let mut lines = expected.map(|path| format!("must differ: {path}: choice not made"));
    lines.sort_unstable();
    assert_eq!(found, lines, "{}", answer.out);
    assert!(answer.out.contains(&pair.position("new.yaml", "runtimeDirectory")), "{}", answer.out);
    let check = pair.ask(&["check", "-c", "new.yaml"]);
    assert_eq!(check.code, 8);
    assert!(
        check.out.contains("zowe.job.name: a choice is not made; put the value in place of the text that begins CHOOSE:"),
        "{}",
        check.out
    );

    // Both answered false is a proper pair as long as A runs beside B, and told.
    choose(&pair, "new.yaml");
    let answer = pair.ask(&["ha", "compare", "a.yaml", "new.yaml"]);
    for name in ["api-catalog", "app-server"] {
        assert!(
            answer.out.contains(&format!("allowed: components.{name}.enabled: ATTENTION: A runs it in lpar1, LPAR2, B in no")),
            "{}",
            answer.out
        );
    }
    for instances in [&[][..], &["--a-instance", "lpar1", "--b-instance", "lpar2"], &["--a-instance", "lpar2", "--b-instance", "lpar2"]] {
        let answer = pair.ask(&[&["ha", "compare", "a.yaml", "new.yaml"], instances].concat());
        assert_eq!((answer.code, violations(&answer)), (0, Vec::new()), "{}", answer.out);
    }

    let before = pair.read("new.yaml");
    let again = pair.ask(&["ha", "compare", "a.yaml", "--write-b", "new.yaml"]);
    assert_eq!((again.code, pair.read("new.yaml")), (8, before));
    assert!(again.err.contains("'new.yaml' exists; name a file that does not, nothing is overwritten"), "{}", again.err);
    std::os::unix::fs::symlink(pair.path("elsewhere.yaml"), pair.path("link.yaml")).unwrap();
    assert_eq!(pair.ask(&["ha", "compare", "a.yaml", "--write-b", "link.yaml"]).code, 8);
    assert!(!pair.path("elsewhere.yaml").exists());
    let nowhere = pair.ask(&["ha", "compare", "a.yaml", "--write-b", "no/such/new.yaml"]);
    assert!(nowhere.code == 8 && nowhere.err.contains("cannot write 'no/such/new.yaml'"), "{}", nowhere.err);
}

#[test]
fn several_sources_become_one_without_the_defaults_of_the_runtime() {
    let pair = Pair::new();
    fs::write(pair.path("site.yaml"), "zowe: {job: {name: ZWESITE}, externalPort: 443, sysMessages: ['a: b']}\n").unwrap();
    fs::set_permissions(pair.path("site.yaml"), fs::Permissions::from_mode(0o600)).unwrap();
    let file = |name: &str| format!("FILE({})", pair.path(name).display());
    let config = format!("{}:{}", file("site.yaml"), file("a.yaml"));
    let answer = pair.ask(&["ha", "compare", &config, "--write-b", "new.yaml"]);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{}", answer.out);
    assert!(answer.out.contains("Comments and the order of A are lost") && answer.out.contains("A has 'ZWESITE'"), "{}", answer.out);
    let text = pair.read("new.yaml");
    assert!(
        text.contains("externalPort: 443") && text.contains("${{ zowe.workspaceDirectory }}") && !text.contains("verifyCertificates"),
        "{text}"
    );
    assert_eq!(fs::metadata(pair.path("new.yaml")).unwrap().permissions().mode() & 0o777, 0o600, "as narrow as A's narrowest file");
    choose(&pair, "new.yaml");
    let answer = pair.ask(&["ha", "compare", &config, "new.yaml"]);
    assert_eq!((answer.code, violations(&answer)), (0, Vec::new()), "{}", answer.out);
}

#[test]
fn peers_of_the_caching_service_are_shown_with_where_they_come_from() {
    let pair = Pair::new();
    pair.edit(
        "a.yaml",
        "  gateway:",
        "  caching-service: {enabled: true, storage: {mode: infinispan, infinispan: {jgroups: {port: 7600}}}}\n  gateway:",
    );
    let env = pair.ask(&["env", "-c", "a.yaml", "-i", "lpar1"]);
    let line = "ZWE_components_caching_service_storage_infinispan_initialHosts=one.example.com[7600],two.example.com[7600]\n";
    assert!(env.out.contains(line), "{}{}", env.out, env.err);
    let origin = pair.ask(&["config", "-c", "a.yaml", "-i", "lpar2", "--origin"]);
    let expected = format!(
        "\"components.caching-service.storage.infinispan.initialHosts\": \"one.example.com[7600],two.example.com[7600]\" # {}\n",
        pair.position("a.yaml", "haInstances")
    );
    assert!(origin.out.contains(&expected), "{expected} in {}", origin.out);
    component_sees_peers(&pair, line);
}

/// What the component's own start script reads.
fn component_sees_peers(pair: &Pair, line: &str) {
    let directory: &Path = &pair.path("runtime-1/components/caching-service");
    fs::create_dir_all(directory.join("bin")).unwrap();
    fs::write(directory.join("bin/start.sh"), "").unwrap();
    let manifest = "name: caching-service\nid: x\ncommands: {start: bin/start.sh}\nconfigs:\n  storage: {mode: inMemory, infinispan: {initialHosts: null}}\n";
    fs::write(directory.join("manifest.yaml"), manifest).unwrap();
    let env = pair.ask(&["env", "-c", "a.yaml", "-i", "lpar1", "caching-service"]);
    let own = line.replace("components_caching_service", "configs");
    assert!(env.out.contains(line) && env.out.contains(&own), "{}{}", env.out, env.err);
}
