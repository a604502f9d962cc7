//! Configurations with Zowe's own defaults and schemas, from `../shared/zowe` beside the checkout.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Where Zowe's files are; without them this says so and is None (ZWELNCH_REQUIRE_ALL=1: fails).
pub(crate) fn zowe() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/zowe");
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var("ZWELNCH_REQUIRE_ALL").as_deref() != Ok("1"), "{} is required", path.display());
    println!("skipped: {} is absent", path.display());
    None
}

/// A runtime directory with Zowe's schemas and defaults, and a user's file.
pub(crate) struct Site {
    pub(crate) directory: tempfile::TempDir,
}

impl Site {
    fn new(zowe: &Path) -> Site {
        let site = Site { directory: tempfile::tempdir().unwrap() };
        for (from, to) in [
            ("schemas/zowe-yaml-schema.json", "runtime/schemas/zowe-yaml-schema.json"),
            ("schemas/server-common.json", "runtime/schemas/server-common.json"),
            ("schemas/manifest-schema.json", "runtime/schemas/manifest-schema.json"),
            ("defaults.yaml", "runtime/files/defaults.yaml"),
        ] {
            site.write(to, &std::fs::read_to_string(zowe.join(from)).unwrap());
        }
        site
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.directory.path().join(relative)
    }

    fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn text(&self, relative: &str) -> String {
        std::fs::read_to_string(self.path(relative)).unwrap()
    }
}

/// Zowe's example with the values that a user must fill in.
pub(crate) fn example(zowe: &Path) -> Site {
    let site = Site::new(zowe);
    let runtime = format!("runtimeDirectory: \"{}\"", site.path("runtime").display());
    let text = std::fs::read_to_string(zowe.join("example-zowe.yaml")).unwrap();
    assert!(text.contains("runtimeDirectory: \"\""));
    let text = text.replacen("runtimeDirectory: \"\"", &runtime, 1).replace("\n  home: \"\"", "\n  home: \"/usr/lpp\"");
    site.write("zowe.yaml", &text);
    site
}

/// As many components, each installed with manifest and schema, configured, with a template, and overridden by each of the HA instances.
pub(crate) fn large(zowe: &Path, count: usize, instances: usize) -> Site {
    let site = Site::new(zowe);
    let base = example(zowe);
    let kept: String = base
        .text("zowe.yaml")
        .lines()
        .take_while(|line| !line.starts_with("components:"))
        .map(|line| format!("{line}\n"))
        .collect::<String>()
        .replace(&base.path("runtime").display().to_string(), &site.path("runtime").display().to_string());
    let mut text = kept;
    text.push_str("components:\n");
    for number in 0..count {
        let port = 10_000 + number;
        write!(
            text,
            "  c{number:03}:\n    enabled: true\n    port: {port}\n    debug: false\n    peer: ${{{{ components.c{:03}.port + 1 }}}}\n    \
             launcher:\n      restartIntervals: [1, 1, 5]\n      minUptime: 30\n    server:\n      ssl: {{enabled: true, keyAlias: \"k{number}\"}}\n      \
             hosts: [a.example.com, b.example.com]\n",
            (number + 1) % count
        )
        .unwrap();
        let home = format!("runtime/components/c{number:03}");
        site.write(
            &format!("{home}/manifest.yaml"),
            &format!(
                "name: c{number:03}\nid: org.example.c{number:03}\nversion: 1.0.0\ntitle: Component\ndescription: One of many\nlicense: EPL-2.0\n\
                 commands:\n  start: bin/start.sh\nschemas:\n  configs: schema.json\nconfigs:\n  timeout: 10\n"
            ),
        );
        site.write(&format!("{home}/bin/start.sh"), "sleep 1\n");
        site.write(&format!("{home}/schema.json"), &component_schema(number));
    }
    text.push_str("haInstances:\n");
    for instance in 0..instances {
        write!(text, "  lpar{instance}:\n    hostname: h{instance}.example.com\n    sysname: SYS{instance}\n    components:\n").unwrap();
        for number in 0..count {
            writeln!(text, "      c{number:03}: {{port: {}}}", 10_000 + 1_000 * (instance + 1) + number).unwrap();
        }
    }
    site.write("zowe.yaml", &text);
    site
}

fn component_schema(number: usize) -> String {
    format!(
        r#"{{"$schema": "https://json-schema.org/draft/2019-09/schema", "$id": "https://example.org/schemas/c{number:03}",
        "allOf": [{{"$ref": "https://zowe.org/schemas/v2/server-base"}}, {{"type": "object", "properties": {{"components": {{"type": "object",
        "properties": {{"c{number:03}": {{"type": "object", "properties": {{"port": {{"type": "integer"}}, "debug": {{"type": "boolean"}}}}}}}}}}}}}}]}}"#
    )
}
