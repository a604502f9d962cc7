//! Lists in messages: what is told once for many is the number and the first few.

/// How many are named where nothing asks for another number.
pub const FEW: usize = 8;

/// Names with commas between, as they are up to `most` of them; of more the first ones, and how many there are besides.
pub fn several<T: AsRef<str>>(names: &[T], most: usize) -> String {
    // "and 1 more" would be no shorter than the name.
    let shown = if names.len() <= most + 1 { names.len() } else { most };
    let mut text = names.iter().take(shown).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    if shown < names.len() {
        text.push_str(&format!(" and {} more", names.len() - shown));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_few_and_how_many_more() {
        let names: Vec<String> = (1..=30_000).map(|number| number.to_string()).collect();
        assert_eq!(several(&names[..0], 2), "");
        assert_eq!(several(&names[..3], 2), "1, 2, 3");
        assert_eq!(several(&names[..4], 2), "1, 2 and 2 more");
        assert_eq!(several(&names, 3), "1, 2, 3 and 29997 more");
    }
}
