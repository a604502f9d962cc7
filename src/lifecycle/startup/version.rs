//! Versions as java and node print them.

/// The first line of `java -version` that holds one, for example `openjdk version "17.0.4.1" 2022-08-12`: the text between the quotes and
/// the major version, 8 for `1.8.0_331`. Lines before it (`Picked up JAVA_TOOL_OPTIONS`) are passed over.
pub(super) fn java(output: &str) -> Option<(String, u32)> {
    let quoted = output.lines().find_map(|line| line.split_once("version \"")?.1.split_once('"').map(|(version, _)| version))?;
    let mut numbers = quoted.split(['.', '-', '_', '+']).map(str::parse::<u32>);
    let major = match (numbers.next()?.ok()?, numbers.next()) {
        (1, Some(Ok(minor))) => minor,
        (major, _) => major,
    };
    Some((quoted.to_string(), major))
}

/// The first line of `node --version` that is one, for example `v18.17.0`, and the major version.
pub(super) fn node(output: &str) -> Option<(String, u32)> {
    output.lines().map(str::trim).find_map(|line| {
        let major = line.strip_prefix('v')?.split(['.', '-']).next()?.parse().ok()?;
        Some((line.to_string(), major))
    })
}

/// What Zowe's own start command asks of a runtime (bin/libs/java_ci.ts and node.ts of zowe-install-packaging, and its release notes):
/// from version 3 on Java 17 and node.js 18, in version 2 Java 8 and node.js 14.
pub(super) fn minimum(zowe_version: Option<&str>, of_java: bool) -> Option<u32> {
    let zowe: u32 = zowe_version?.trim_start_matches('v').split('.').next()?.parse().ok()?;
    match (zowe, of_java) {
        (0 | 1, _) => None,
        (2, true) => Some(8),
        (2, false) => Some(14),
        (_, true) => Some(17),
        (_, false) => Some(18),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn versions_of_java() {
        let cases = [
            ("java version \"1.8.0_331\"\nJava(TM) SE Runtime Environment (build 8.0.7.10 - pmz6480sr7fp10)\nIBM J9 VM", "1.8.0_331", 8),
            ("openjdk version \"17.0.4.1\" 2022-08-12\nIBM Semeru Runtime Certified Edition for z/OS 17.0.4.1", "17.0.4.1", 17),
            ("java version \"17.0.10\" 2024-01-02", "17.0.10", 17),
            ("openjdk version \"21-ea\" 2023-09-19", "21-ea", 21),
            ("Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version \"11.0.2+9\"", "11.0.2+9", 11),
            ("openjdk version \"9\"", "9", 9),
            ("java version \"1\"", "1", 1),
        ];
        for (output, version, major) in cases {
            assert_eq!(java(output), Some((version.to_string(), major)), "{output}");
        }
        for output in ["", "no java", "java version 17", "java version \"\"", "java version \"x.y\"", "java version \"17"] {
            assert_eq!(java(output), None, "{output}");
        }
    }

    #[test]
    fn versions_of_node() {
        assert_eq!(node("v18.17.0\n"), Some(("v18.17.0".to_string(), 18)));
        assert_eq!(node("warning: x\nv20.0.0-nightly"), Some(("v20.0.0-nightly".to_string(), 20)));
        assert_eq!(node("18.17.0"), None);
        assert_eq!(node("version 4"), None);
    }

    #[test]
    fn minimum_by_the_version_of_zowe() {
        assert_eq!(minimum(Some("3.2.0"), true), Some(17));
        assert_eq!(minimum(Some("v2.18.0"), false), Some(14));
        assert_eq!(minimum(Some("2.0.0+x"), true), Some(8));
        assert_eq!(minimum(Some("0.1.0"), true), None);
        assert_eq!(minimum(None, true), None);
    }

    proptest! {
        #[test]
        fn no_output_is_too_strange(output in "\\PC*") {
            java(&output);
            node(&output);
            minimum(Some(&output), true);
        }

        #[test]
        fn what_a_modern_java_prints_is_read(major in 2u32..1000, rest in "[0-9.]{0,8}") {
            let found = java(&format!("openjdk version \"{major}.{rest}\""));
            prop_assert_eq!(found.map(|(_, major)| major), Some(major));
        }
    }
}
