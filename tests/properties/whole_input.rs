//! Whether the whole input is accounted for: what follows the part that a reader has understood changes the result, is refused, or causes a
//! warning.

use crate::sources;
use proptest::prelude::*;
use zwelnch::config::{parse_sources, yaml};
use zwelnch::console;

/// What may follow something complete.
fn tails() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "k:",
        "x: 1",
        "- ",
        "}",
        "]",
        ",",
        "'",
        "\"",
        "%",
        "%YAML 1.2",
        "*a",
        "&a",
        "!",
        "|",
        ">",
        "?",
        ":",
        "---",
        "...",
        "# c",
        "\n",
        "\n\n",
        " ",
        "  ",
        "\t",
        "\r\n",
        "\u{feff}",
        "\u{85}",
        "(",
        ")",
        "é",
        "\u{7f}",
        "{a: 1}",
    ]);
    prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

/// Nothing but blanks, byte order marks and comments.
fn says_nothing(tail: &str) -> bool {
    let content = |line: &str| line.trim_start_matches('\u{feff}').trim().to_owned();
    tail.split(['\n', '\r', '\u{85}']).map(content).all(|line| line.is_empty() || line.starts_with('#'))
}

/// An end of the document with nothing behind it.
fn ends(tail: &str) -> bool {
    tail.split(['\n', '\r', '\u{85}'])
        .all(|line| says_nothing(line.strip_prefix("...").filter(|rest| !rest.starts_with("...")).unwrap_or(line)))
}

proptest! {
    #[test]
    fn behind_a_document(value in sources(), flow in any::<bool>(), tail in tails()) {
        let whole = match flow {
            true => format!("{}\n", yaml::written(&value)),
            false => format!("first: {}\nlast: x # c\n", yaml::written(&value)),
        };
        let before = yaml::read(&whole, "t", 0, false).unwrap().root.to_value();
        if let Ok(after) = yaml::read(&format!("{whole}{tail}"), "t", 0, false) {
            let same = after.root.to_value() == before;
            prop_assert!(!same || !after.warnings.is_empty() || says_nothing(&tail) || ends(&tail), "{}{}", whole, tail);
        }
    }

    #[test]
    fn behind_a_list_of_sources(tail in tails()) {
        let whole = "FILE(/a):PARMLIB(A.B(C))";
        let after = parse_sources(&format!("{whole}{tail}"));
        prop_assert!(after != parse_sources(whole) || tail.trim().is_empty(), "{}", tail);
    }

    #[test]
    fn behind_an_operators_command(
        whole in prop::sample::select(vec!["DISP", "D(a)", "DISP,JSON", "DISP,METRICS", "START(a)", "STOP(a,b)", "RESTART(a,CASCADE)", "RELOAD,CHECK", "LOGLEVEL(DEBUG)", "SEND(a,b)"]),
        tail in tails(),
    ) {
        let after = console::parse(&format!("{whole}{tail}"));
        prop_assert!(after != console::parse(whole) || tail.trim().is_empty(), "{}{}", whole, tail);
    }
}
