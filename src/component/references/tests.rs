use super::*;
use proptest::prelude::*;

fn expanded(text: &str, variables: &[(&str, &str)]) -> Expansion {
    let lookup = |name: &str| variables.iter().find(|pair| pair.0 == name).map(|pair| Cow::Borrowed(pair.1));
    expand(text, &lookup)
}

fn replaced(text: &str, variables: &[(&str, &str)]) -> String {
    expanded(text, variables).text
}

const VARIABLES: &[(&str, &str)] =
    &[("A", "one"), ("B_2", "two"), ("EMPTY", ""), ("LOOP", "${A} $A"), ("PATH_1", "/a/b.c/d.e"), ("STAR", "o*")];

#[test]
fn references_are_replaced_as_a_shell_does() {
    for (text, expected) in [
        ("$A ${A} ${B_2}x $B_2.x", "one one twox two.x"),
        (
            "[$NONE] [${NONE}] [${NONE:-fallback}] [${EMPTY:-fallback}] [${EMPTY-fallback}] [${NONE-x}]",
            "[] [] [fallback] [fallback] [] [x]",
        ),
        ("${NONE:-${A}-${NONE:-${B_2}}}!", "one-two!"),
        ("${A:-unused ${NONE}}", "one"),
        ("${NONE:-}|${NONE:-a:-b}", "|a:-b"),
        // A value is text: it is not replaced again.
        ("$LOOP", "${A} $A"),
        ("${NONE:-{}}", "{}"),
        ("${A:+ (TLS)}|${EMPTY:+x}|${EMPTY+x}|${NONE+x}|${A+${B_2}}", " (TLS)||x||two"),
        ("${NONE:=x y} $NONE ${NONE:-z}, ${EMPTY=x}|${EMPTY:=y}|$EMPTY", "x y x y x y, |y|y"),
        ("${A:?no A} ${EMPTY?x}|", "one |"),
        ("${#A} ${#EMPTY} ${#PATH_1}", "3 0 10"),
        ("${PATH_1#*/} ${PATH_1##*/} ${PATH_1%.*} ${PATH_1%%.*} ${PATH_1%/x}", "a/b.c/d.e d.e /a/b.c/d /a/b /a/b.c/d.e"),
        ("${A#[no]} ${A%[!x-z]} ${A#?} ${A##$STAR}| ${A%${NONE:-e}} ${A%}", "ne on ne | on one"),
        (r#"${NONE:-"a}b"} ${NONE:-a\}b\x} ${NONE:-'c'}"#, r"a}b a}b\x 'c'"),
    ] {
        let expansion = expanded(text, VARIABLES);
        assert_eq!(expansion.text, expected, "{text}");
        let kinds: Vec<_> = expansion.findings.iter().filter(|finding| !matches!(finding.kind, FindingKind::Unset { .. })).collect();
        assert!(kinds.is_empty(), "{text}: {kinds:?}");
    }
}

#[test]
fn what_is_text_to_a_shell_too_stays_and_is_not_told() {
    for text in ["$", "cost: 5$", "}", "a{b}c", "$.", "$ x", "$\"x", "one ` two", "it's \\d"] {
        assert_eq!(expanded(text, VARIABLES), Expansion { text: text.into(), findings: Vec::new() }, "{text}");
    }
}

#[test]
fn what_only_a_shell_would_replace_stays_and_is_told() {
    for text in [
        "$$",
        "${",
        "${A",
        "${}",
        "${.x}",
        "$1",
        "${1}",
        "$(id)",
        "`id`",
        "$((1+2))",
        "${A:1}",
        "${A/o/x}",
        "${!A}",
        "${A^}",
        "${A@Q}",
        "${A:}",
        "${#A-x}",
        "${#}",
        "$?",
        "${A%'e'}",
        "${A%[[:alpha:]]}",
        "${A%[^x]}",
        "${NONE:-$(id)}",
        "${NONE:-`id`}",
    ] {
        let expansion = expanded(text, VARIABLES);
        let told = matches!(expansion.findings.as_slice(), [Finding { line: 1, kind: FindingKind::Stays { .. }, .. }]);
        assert!(told, "{text}: {expansion:?}");
        assert_eq!(expansion.text, text.strip_prefix("${NONE:-").map_or(text, |text| text.strip_suffix('}').unwrap()), "{text}");
    }
}

#[test]
fn findings_have_their_places() {
    let text = "a: $A\nü: ${NONE} \\${A}\n  ${NONE:?give a\n value} $(id) ${NONE:-${N2}}";
    let found: Vec<_> =
        expanded(text, VARIABLES).findings.into_iter().map(|finding| (finding.line, finding.column, finding.kind)).collect();
    assert_eq!(
        found,
        [
            (2, 4, FindingKind::Unset { name: "NONE".into() }),
            (2, 12, FindingKind::Escaped { what: "\\${A}".into() }),
            (3, 3, FindingKind::Required { name: "NONE".into(), word: "give a\n value".into() }),
            (4, 9, FindingKind::Stays { what: "$(id)".into(), why: "no command is run here" }),
            (4, 23, FindingKind::Unset { name: "N2".into() }),
        ]
    );
    assert!(expanded(text, VARIABLES).text.contains(r"\one"));
}

#[test]
fn a_text_of_unfinished_or_deep_references_takes_no_longer_than_another() {
    for unfinished in ["${A:-".repeat(200_000), "$(".repeat(400_000), "${A%[".repeat(200_000), "\"${A:-\\".repeat(200_000)] {
        let expansion = expanded(&unfinished, &[]);
        assert_eq!(expansion.text, unfinished);
        assert!(expansion.findings.len() <= MAXIMUM_FINDINGS);
    }
    assert_eq!(replaced(&"`".repeat(1_000_000), &[]).len(), 1_000_000);
    let deep = format!("{}x{}", "${N:-".repeat(100_000), "}".repeat(100_000));
    assert!(replaced(&deep, &[]).contains('x'));
    let long = "a".repeat(2_000_000);
    let expansion = expanded("${V%%*b*}", &[("V", &long)]);
    assert!(matches!(expansion.findings.as_slice(), [Finding { kind: FindingKind::Stays { .. }, .. }]));
}

/// What a shell makes of the same text in a here-document; None where it gives up.
fn by_shell(shell: &str, text: &str, variables: &[(&str, &str)]) -> Option<String> {
    let script = format!("cat <<ZWE_END_OF_TEXT\n{text}\nZWE_END_OF_TEXT\n");
    let output = std::process::Command::new(shell)
        .arg("-c")
        .arg(script)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap().strip_suffix('\n').unwrap().to_owned())
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("VA"), Just("VB"), Just("VC"), Just("NONE")].prop_map(str::to_owned)
}

/// A reference of any kind, with words that hold references, quotation marks and braces.
fn reference() -> impl Strategy<Value = String> {
    let plain = prop_oneof![
        name().prop_map(|name| format!("${name}")),
        name().prop_map(|name| format!("${{{name}}}")),
        name().prop_map(|name| format!("${{#{name}}}")),
    ];
    plain.prop_recursive(4, 24, 3, |inner| {
        let word = prop::collection::vec(
            prop_oneof![
                3 => "[a-z :/'.-]{0,5}",
                1 => "\"[a-z} ]{0,4}\"",
                1 => prop_oneof![Just("\\}"), Just("\\\\"), Just("\\$"), Just("\\x"), Just("{"), Just("\\\"")].prop_map(str::to_owned),
                2 => inner,
            ],
            0..3,
        )
        .prop_map(|words| words.concat());
        let pattern = prop::collection::vec(
            prop_oneof!["[a-c/.*?-]{1,2}", "\\[!?[a-c]{1,3}\\]", name().prop_map(|name| format!("${{{name}}}"))],
            0..3,
        )
        .prop_map(|parts| parts.concat());
        prop_oneof![
            (name(), "(:?[-+=]|:\\?)", word).prop_map(|(name, operator, word)| format!("${{{name}{operator}{word}}}")),
            (name(), "(##?|%%?)", pattern).prop_map(|(name, operator, pattern)| format!("${{{name}{operator}{pattern}}}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_shell_agrees(
        pieces in prop::collection::vec(prop_oneof!["[a-z :/\"'{-]{1,6}".prop_map(|text| text), reference()], 1..6),
        values in prop::collection::vec("[ a-c$'{}/.*?\"\\[]{0,6}", 3),
        known in prop::collection::vec(any::<bool>(), 3),
    ) {
        let text = pieces.concat();
        let variables: Vec<(&str, &str)> =
            ["VA", "VB", "VC"].into_iter().zip(values.iter().map(String::as_str)).zip(known).filter(|(_, known)| *known).map(|(pair, _)| pair).collect();
        let expansion = expanded(&text, &variables);
        let has = |kind: fn(&FindingKind) -> bool| expansion.findings.iter().any(|finding| kind(&finding.kind));
        // What stays is told: there is nothing to compare.
        if has(|kind| matches!(kind, FindingKind::Stays { .. })) {
            return Ok(());
        }
        let ended = has(|kind| matches!(kind, FindingKind::Required { .. }));
        let shells = ["/bin/sh", "/bin/dash", "/bin/bash"].into_iter().filter(|shell| std::path::Path::new(shell).exists());
        let by_shells: Vec<Option<String>> = shells.map(|shell| by_shell(shell, &text, &variables)).collect();
        let expected = by_shells.first().cloned().unwrap_or_default();
        // Where shells are not of one mind (bash and a single apostrophe after '=') none of them is right.
        if by_shells.iter().all(|one| *one == expected) {
            prop_assert_eq!(Some(expansion.text).filter(|_| !ended), expected, "{} {:?}", &text, &variables);
        }
    }

    #[test]
    fn any_text_is_taken(text in "[${}:\\-+=?%#`()\"'\\\\A\\[\\]!*ü\n]{0,80}", value in prop::option::of("[a-z*\\[\\]!-]{0,8}")) {
        let expansion = expand(&text, &|_| value.clone().map(Cow::Owned));
        for finding in expansion.findings {
            prop_assert!(finding.line >= 1 && finding.column >= 1);
        }
    }
}
