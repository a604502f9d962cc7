//! docs/configuration.md, from the table of settings. A test writes and compares it.

use super::{Row, SETTINGS};
use std::fmt::Write;

const HEAD: &str = "\
# Settings of the launcher

Generated from the table of settings (`src/config/settings/table.rs`) by the test `configuration_document`; do not edit by hand.
`ZWELNCH_BLESS=1 cargo test configuration_document` writes it anew.

These are the properties of zowe.yaml that the launcher itself reads; components read many more. `zwelnch check` reports everything
that is wrong with a configuration, `zwelnch plan -i ID` shows the settings in force.

- Where a setting has several places, the first one that is set wins. `<component>` is the name of a component.
- `haInstances.<id>` is laid over all of them for that HA instance: any setting can differ by instance.
- A value that cannot be used is reported as a warning; the next place, or the default, applies.
- A key beside these that nothing reads is reported as a warning with the nearest name.
- `components.launcher` is no component; it holds settings of the launcher where every schema allows them.
- Peers are derived from haInstances: `ZWE_DISCOVERY_SERVICES_LIST` (`https://<hostname>:<port>/eureka/` of each instance whose discovery is
  enabled; left alone where the launcher inherits one) and, where the caching service has `storage.mode: infinispan`,
  `components.caching-service.storage.infinispan.initialHosts` (`<hostname>[<jgroups.port>]` of each such instance; left alone where it is set).
  `zwelnch config -i ID --origin` and `zwelnch env -i ID` show both.
- Configurations and manifests are read by the rules of libyaml, as Zowe's own tools read them: what those refuse is refused, with line and
  column. Beyond them, a key that stands twice, digits beyond 64 bits, and text behind the end of the content that neither `---` nor `...`
  keeps apart are errors. One document is read: what follows `---` or `...` is warned of, and so is `<<`, which merges nothing.
- Besides: `CONFIG` (or `INSTANCE_DIR`) in STDENV says where the configuration is, and `ZLDEBUG=ON` there turns debug lines on.

";

/// The whole of docs/configuration.md.
pub fn document() -> String {
    let mut page = HEAD.to_string();
    for setting in SETTINGS {
        // Writing to a String cannot fail.
        let _ = section(&mut page, *setting);
    }
    page
}

fn section(page: &mut String, setting: &dyn Row) -> std::fmt::Result {
    let places: Vec<String> = setting.places().iter().map(|place| format!("`{}`", place.replace('*', "<component>"))).collect();
    let name = setting.places().first().map_or("", |place| key(place));
    writeln!(page, "## {name}\n\n{}.\n", capital(setting.meaning()))?;
    writeln!(page, "- Place: {}\n- Value: {}\n- Default: `{}`\n", places.join(", then "), setting.values(), setting.default_text())
}

/// The part of a place behind the container that settings share.
fn key(place: &str) -> &str {
    ["components.*.launcher.", "components.launcher.", "zowe.launchScript.", "zowe."]
        .iter()
        .find_map(|container| place.strip_prefix(container))
        .unwrap_or(place)
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
