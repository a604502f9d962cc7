//! Which components an operator means.

/// What an operator's names and patterns match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Indices of the components, each once, in their own order.
    pub found: Vec<usize>,
    /// Names and patterns that match no component, as typed.
    pub unknown: Vec<String>,
}

/// Matches names as typed, without regard to case, an exact match first; `*` stands for anything.
pub fn select(names: &[&str], typed: &[String]) -> Selection {
    let mut selection = Selection::default();
    let mut chosen = vec![false; names.len()];
    for text in typed {
        let indices: Vec<usize> = if text.contains('*') {
            (0..names.len())
                .filter(|index| names.get(*index).is_some_and(|name| matches(&text.to_lowercase(), &name.to_lowercase())))
                .collect()
        } else {
            let exact = names.iter().position(|name| name == text);
            exact.or_else(|| names.iter().position(|name| name.eq_ignore_ascii_case(text))).into_iter().collect()
        };
        if indices.is_empty() {
            selection.unknown.push(text.clone());
        }
        for index in indices {
            if let Some(chosen) = chosen.get_mut(index) {
                *chosen = true;
            }
        }
    }
    selection.found = (0..names.len()).filter(|index| chosen.get(*index) == Some(&true)).collect();
    selection
}

/// Whether a pattern fits the whole name. The pieces between the stars are looked for from left to right, the first and the last at the
/// ends.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for piece in middle.split('*') {
        match name.find(piece) {
            Some(at) => name = &name[at + piece.len()..],
            None => return false,
        }
    }
    name.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_match_without_regard_to_case() {
        let names = ["Alpha", "alpha", "beta", "api-catalog"];
        let of = |typed: &[&str]| {
            let typed: Vec<String> = typed.iter().map(|text| (*text).to_owned()).collect();
            let selection = select(&names, &typed);
            (selection.found, selection.unknown)
        };
        assert_eq!(of(&["alpha"]), (vec![1], vec![]));
        assert_eq!(of(&["BETA", "gamma"]), (vec![2], vec!["gamma".to_owned()]));
        assert_eq!(of(&["*A", "beta"]), (vec![0, 1, 2], vec![]));
        assert_eq!(of(&["A*"]), (vec![0, 1, 3], vec![]));
        assert_eq!(of(&["*"]), (vec![0, 1, 2, 3], vec![]));
        assert_eq!(of(&["a*ca*log", "z*"]), (vec![3], vec!["z*".to_owned()]));
    }

    proptest! {
        #[test]
        fn a_star_stands_for_anything(pieces in prop::collection::vec("[a-z]{0,4}", 2..5), filler in "[a-z]{0,4}") {
            prop_assert!(matches(&pieces.join("*"), &pieces.join(&filler)));
        }

        #[test]
        fn a_pattern_needs_its_ends(name in "[a-c]{1,6}") {
            let misses = [format!("{name}x*"), format!("*x{name}")];
            prop_assert!(!matches(&misses[0], &name) && !matches(&misses[1], &name));
        }
    }
}
