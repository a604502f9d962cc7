//! `zwelnch explain`: what a message of the catalogue means.

use crate::message::{ENTRIES, Entry, mvs};

/// What there is of an id.
#[derive(Debug)]
pub enum Explained {
    Known(Vec<&'static Entry>),
    /// The nearest ids.
    Unknown(Vec<&'static str>),
}

fn entries() -> impl Iterator<Item = &'static Entry> {
    ENTRIES.iter().chain(mvs::ENTRIES).copied()
}

/// The id and the text of every message.
pub fn all_ids() -> Vec<(&'static str, &'static str)> {
    entries().map(|entry| (entry.id, entry.text)).collect()
}

/// Without the letter of the severity.
fn stem(id: &str) -> &str {
    let is_letter = |last: char| last.is_ascii_alphabetic();
    match id.strip_suffix(is_letter) {
        Some(stem) if stem.ends_with(|last: char| last.is_ascii_digit()) => stem,
        _ => id,
    }
}

/// Finds an id, in either case, with the letter of its severity or without it, or with a wrong one; `905` means ZWEL0905.
pub fn explain(id: &str) -> Explained {
    let mut wanted = id.trim().to_ascii_uppercase();
    if !stem(&wanted).is_empty() && stem(&wanted).bytes().all(|byte| byte.is_ascii_digit()) {
        wanted = format!("ZWEL{:0>4}", stem(&wanted));
    }
    let known: Vec<&'static Entry> = entries().filter(|entry| entry.id == wanted || stem(entry.id) == stem(&wanted)).collect();
    if !known.is_empty() {
        return Explained::Known(known);
    }
    let mut near: Vec<(usize, u64, &'static str)> = entries()
        .map(|entry| {
            let number = |id: &str| stem(id).trim_start_matches(|first: char| !first.is_ascii_digit()).parse::<u64>().unwrap_or_default();
            (strsim::levenshtein(stem(entry.id), stem(&wanted)), number(entry.id).abs_diff(number(&wanted)), entry.id)
        })
        .filter(|(distance, ..)| *distance <= 2)
        .collect();
    near.sort_unstable();
    Explained::Unknown(near.into_iter().take(3).map(|(.., id)| id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(id: &str) -> Vec<&'static str> {
        match explain(id) {
            Explained::Known(entries) => entries.iter().map(|entry| entry.id).collect(),
            Explained::Unknown(_) => Vec::new(),
        }
    }

    #[test]
    fn an_id_is_known_in_every_spelling() {
        for spelt in ["ZWEL0905E", "ZWEL0905", "zwel0905e", "ZWEL0905W", "905", "0905E"] {
            assert_eq!(ids(spelt), ["ZWEL0905E"], "{spelt}");
        }
        assert_eq!(ids("$HASP395"), ["$HASP395"]);
        // Every one finds at least itself.
        assert!(all_ids().iter().all(|(id, _)| ids(id).contains(id)));
    }

    #[test]
    fn an_unknown_one_has_neighbours() {
        let Explained::Unknown(near) = explain("ZWEL0908X9") else { panic!() };
        assert!(near.len() <= 3);
        let Explained::Unknown(near) = explain("ZWEL8905E") else { panic!() };
        assert!(near.contains(&"ZWEL0905E"), "{near:?}");
        let Explained::Unknown(near) = explain("nonsense") else { panic!() };
        assert!(near.is_empty());
    }
}
