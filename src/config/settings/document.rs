//! docs/configuration.md, from the table of settings. A test writes and compares it.

use super::{Kind, SETTINGS, Setting};
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
        let _ = section(&mut page, setting);
    }
    page
}

fn section(page: &mut String, setting: &Setting) -> std::fmt::Result {
    let places: Vec<String> = setting.places.iter().map(|place| format!("`{}`", place.replace('*', "<component>"))).collect();
    let name = setting.places.first().map_or("", |place| key(place));
    writeln!(page, "## {name}\n\n{}.\n", capital(setting.meaning))?;
    writeln!(page, "- Place: {}\n- Value: {}\n- Default: `{}`\n", places.join(", then "), value(setting.kind), setting.default)
}

/// What a place names, without the container that all settings of a component share.
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

fn value(kind: Kind) -> String {
    match kind {
        Kind::Seconds => "a whole number of seconds, 0 to 2147483647".into(),
        Kind::SecondsList => "a list of whole numbers of seconds, each 0 to 2147483647".into(),
        Kind::Number => "a whole number, 0 to 2147483647".into(),
        Kind::NumberList => "a list of whole numbers, each 0 to 2147483647".into(),
        Kind::Boolean => "`true` or `false`".into(),
        Kind::Choice(words) => {
            let shown = |word: &&str| if word.is_empty() { "`''`".to_string() } else { format!("`{word}`") };
            format!("one of {}", words.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        Kind::Bytes => "a whole number of bytes, or one with `K`, `M` or `G` (KiB, MiB, GiB) behind it".into(),
        Kind::Count => "a whole number, 0 to 1000".into(),
        Kind::TimeZone => "a name of the IANA time zone database that the system has, or a POSIX TZ text such as `CET-1CEST,M3.5.0,M10.5.0/3`".into(),
        Kind::TextList => "a list of texts".into(),
        Kind::Signal => "the name of a signal, with or without `SIG`, as in `TERM`".into(),
        Kind::Text => "a text".into(),
        Kind::Probe => "a text that a line of the component's output holds (`*` stands for anything), `none`, or a mapping of one of `log` (text, list of texts, or `message` and `file`), `tcp` (`port`, `host`), `http`, `https` (`port`, `host`, `path`, `status`), `command`, and `interval` (5 s), `timeout` (5 s), `failureThreshold` (3)".into(),
        Kind::Mapping => "a mapping of names to texts, numbers, booleans or null".into(),
    }
}
