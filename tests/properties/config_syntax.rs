//! The syntax of CONFIG: what is well formed is read back, and what is broken is refused at the place where it is broken.

use proptest::prelude::*;
use std::path::PathBuf;
use zwelnch::config::{Source, SourceError, parse_sources};

/// An entry as it is written, and what it means.
fn entries() -> impl Strategy<Value = (String, Source)> {
    let keyword = |word: &'static str| prop_oneof![3 => Just(word.to_string()), 1 => Just(word.to_lowercase())];
    let path = "/[a-zA-Z0-9 ._$é-]{1,12}(:[a-z]{1,3})?(\\([a-z]{0,3}\\))?";
    let name = "[A-Z$#@][A-Z0-9$#@-]{0,7}";
    prop_oneof![
        (keyword("FILE"), path).prop_map(|(word, path)| (format!("{word}({path})"), Source::File(PathBuf::from(path)))),
        (keyword("PARMLIB"), prop::collection::vec(name, 1..4), name).prop_map(|(word, qualifiers, member)| {
            let data_set = qualifiers.join(".");
            (format!("{word}({data_set}({member}))"), Source::Member { data_set, member })
        }),
    ]
}

fn written(entries: &[(String, Source)]) -> String {
    entries.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(":")
}

proptest! {
    #[test]
    fn a_list_means_what_its_entries_mean(entries in prop::collection::vec(entries(), 1..6), padding in "[ \t]{0,80}") {
        let expected: Vec<Source> = entries.iter().map(|(_, source)| source.clone()).collect();
        prop_assert_eq!(parse_sources(&(written(&entries) + &padding)), Ok(expected));
    }

    #[test]
    fn a_bare_path_is_one_file_whatever_it_holds(path in "/[ -~é]{0,40}[!-~]") {
        prop_assert_eq!(parse_sources(&path), Ok(vec![Source::File(PathBuf::from(&path))]));
    }

    #[test]
    fn what_follows_an_entry_without_a_colon_is_refused_where_it_stands(
        before in prop::collection::vec(entries(), 1..4), garbage in "[a-zA-Z0-9)(/. ]{0,5}[a-z)(/.]",
    ) {
        let text = written(&before);
        let expected = text.chars().count() + 1;
        match parse_sources(&format!("{text}{garbage}")) {
            Err(SourceError::Syntax { column, .. }) => prop_assert_eq!(column, expected),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn an_empty_entry_is_refused_where_it_stands(before in prop::collection::vec(entries(), 1..4), after in prop::collection::vec(entries(), 0..3)) {
        let text = written(&before) + ":";
        let expected = text.chars().count() + 1;
        let tail = if after.is_empty() { String::new() } else { format!(":{}", written(&after)) };
        match parse_sources(&(text + &tail)) {
            Err(SourceError::Syntax { column, .. }) => prop_assert_eq!(column, expected),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn a_member_that_is_not_named_has_a_message_of_its_own(
        before in prop::collection::vec(entries(), 0..3), data_set in "[A-Z]{1,8}(\\.[A-Z]{1,8}){0,2}", form in 0..4usize, last in any::<bool>(),
    ) {
        // A list may only break off at its end.
        let unnamed = [format!("PARMLIB({data_set})"), format!("PARMLIB({data_set}())"), format!("PARMLIB({data_set}( ))"), format!("PARMLIB({data_set}()")];
        let entry = &unnamed[form];
        let mut parts: Vec<String> = before.iter().map(|(text, _)| text.clone()).collect();
        parts.push(entry.clone());
        if !last && form < 3 {
            parts.push("FILE(/x)".into());
        }
        prop_assert_eq!(parse_sources(&parts.join(":")), Err(SourceError::MemberMissing { entry: entry.clone() }));
    }

    #[test]
    fn an_entry_that_breaks_off_is_never_taken(before in prop::collection::vec(entries(), 0..3), (entry, _) in entries(), cut in 1..8usize) {
        let open = entry.find('(').unwrap() + 1;
        let kept: String = entry.chars().take((entry.chars().count() - cut.min(entry.chars().count())).max(open)).collect();
        // Cutting as far as the end of an inner bracket gives an entry that is whole: those are not meant.
        prop_assume!(kept.matches('(').count() > kept.matches(')').count());
        let mut parts: Vec<String> = before.iter().map(|(text, _)| text.clone()).collect();
        parts.push(kept);
        prop_assert!(parse_sources(&parts.join(":")).is_err());
    }
}
