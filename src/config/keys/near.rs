//! Whether a word is a slip of the pen for another one. Stricter than [`crate::config::overlay::nearest`], which is asked about words that
//! are certainly wrong: here that is not known.

/// The known word that a key was most likely meant to be: letters swapped, left out, doubled or mistaken, or another case. A number behind
/// (`port2`) makes another word.
pub(in crate::config) fn meant<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let slips = known.filter_map(|word| slip(key, word).map(|distance| (distance, word)));
    slips.min_by_key(|(distance, _)| *distance).map(|(_, word)| word)
}

/// The same where the user chooses the names: there a plural (`ports`) is another word too.
pub(in crate::config) fn meant_among_own<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    meant(key, known).filter(|word| singular(key) != singular(word) || key.eq_ignore_ascii_case(word))
}

/// How many slips it takes from one to the other; None where they are two words.
fn slip(key: &str, word: &str) -> Option<usize> {
    let (lower, known) = (key.to_lowercase(), word.to_lowercase());
    if lower == known {
        return (key != word).then_some(0);
    }
    if unnumbered(&lower) == unnumbered(&known) {
        return None;
    }
    let (length, of_known) = (lower.chars().count(), known.chars().count());
    let allowed = match length.min(of_known) {
        0..=2 => 0,
        3..=7 => 1,
        8..=13 => 2,
        _ => 3,
    };
    // Each letter more is a slip: the distance of most pairs need not be found.
    if length.abs_diff(of_known) > allowed {
        return None;
    }
    // Of short words many differ by one letter and mean something else: host and most, port and part.
    let mistaken = length == of_known && sorted(&lower) != sorted(&known);
    let short = of_known <= 3 || length <= 4 && mistaken;
    if short {
        return None;
    }
    let distance = strsim::damerau_levenshtein(&lower, &known);
    (distance <= allowed).then_some(distance)
}

fn unnumbered(word: &str) -> &str {
    word.trim_end_matches(|character: char| character.is_ascii_digit())
}

fn singular(word: &str) -> String {
    unnumbered(word).trim_end_matches('s').to_lowercase()
}

fn sorted(text: &str) -> Vec<char> {
    let mut letters: Vec<char> = text.chars().collect();
    letters.sort_unstable();
    letters
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slips_are_told_from_other_words() {
        for (key, word) in [
            ("enabeld", "enabled"),
            ("enable", "enabled"),
            ("Enabled", "enabled"),
            ("hoome", "home"),
            ("hme", "home"),
            ("prot", "port"),
            ("lauchScript", "launchScript"),
            ("comands", "commands"),
            ("readyness", "readiness"),
            ("apimlService", "apimlServices"),
            ("zowee", "zowe"),
            ("applid", "applId"),
            ("certifcate", "certificate"),
        ] {
            assert_eq!(meant(key, [word, "other"].into_iter()), Some(word), "{key}");
        }
        for (key, word) in [
            ("ports", "port"),
            ("port2", "port"),
            ("https", "http"),
            ("part", "port"),
            ("host", "port"),
            ("most", "host"),
            ("minTls", "maxTls"),
            ("launch", "launcher"),
            ("heapSize", "heap"),
            ("id", "ip"),
            ("certificates", "certificate"),
            ("port", "port"),
        ] {
            assert_eq!(meant_among_own(key, [word].into_iter()), None, "{key}");
        }
    }

    proptest! {
        #[test]
        fn two_letters_swapped_are_found_in_any_longer_word(word in "[a-z]{4,12}", at in 0usize..11) {
            let mut letters: Vec<char> = word.chars().collect();
            let at = at % (letters.len() - 1);
            letters.swap(at, at + 1);
            let swapped: String = letters.into_iter().collect();
            prop_assume!(swapped != word);
            prop_assert_eq!(meant(&swapped, [word.as_str()].into_iter()), Some(word.as_str()));
        }
    }
}
