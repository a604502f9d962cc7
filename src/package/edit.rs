//! `enable` and `disable`: one property of a configuration is set, in the text of its first source, and nothing else of it is touched.

use super::{Stop, Subject};
use crate::component::{Component, ComponentError};
use crate::config::edit::{reads_as, set};
use crate::config::encoding::{decode, strip_padding};
use crate::config::node::{Node, NodeValue, Place};
use crate::config::{Configuration, Source, normalize_id, yaml};
use crate::message;
use crate::platform::Platform;
use crate::platform::ebcdic::{bytes_to_ibm_1047, to_ibm_1047};
use crate::platform::text_file::{self, Stored};
use std::sync::Arc;

/// For whom a component is enabled or disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// All HA instances that do not say otherwise.
    Global,
    /// One, by its id.
    Instance(&'a str),
}

/// Sets `components.NAME.enabled`, or that of an HA instance. `dry_run`: only shows what would change. True where
/// something was, or would be, changed.
///
/// # Errors
/// ZWEL0152E where no such component is installed; ZWEL1051E where the configuration cannot be edited, which is then as it was.
pub fn enable(subject: &mut Subject<'_>, name: &str, scope: Scope<'_>, enabled: bool, dry_run: bool) -> Result<bool, Stop> {
    let (runtime, extensions) = (subject.runtime(), subject.configuration.extension_directory());
    match Component::locate(name, &runtime, extensions.as_deref()) {
        Ok(_) => {}
        Err(ComponentError::NotInstalled { .. } | ComponentError::ManifestMissing { .. } | ComponentError::BadName { .. }) => {
            return Err(message::cannot_find_component(name.escape_debug()).into());
        }
        // It is there, and disabling it may be just what is needed.
        Err(_) if !enabled => {}
        Err(error) => return Err(message::package_refused(name, error).into()),
    }
    set_enabled(subject, name, scope, enabled, dry_run)
}

/// As [`enable`], for a component that need not be there yet, or any more. True where something was changed.
pub(super) fn set_enabled(subject: &mut Subject<'_>, name: &str, scope: Scope<'_>, enabled: bool, dry_run: bool) -> Result<bool, Stop> {
    let key = match scope {
        Scope::Global => None,
        Scope::Instance(id) => Some(instance_key(subject.configuration, id)?),
    };
    let mut path: Vec<&str> = key.iter().flat_map(|key| ["haInstances", key.as_str()]).collect();
    path.extend(["components", name, "enabled"]);
    let shown = path.join(".");
    let Some(source) = subject.configuration.sources.first().cloned() else { return Ok(false) };
    let failed = |why: String| Stop::from(message::configuration_not_edited(&shown, source.name(), why));
    let edit = edited(&source, &path, enabled, &*subject.platform).map_err(failed)?;
    let Some(edit) = edit else {
        subject.voice.say(message::property_is_set_already(&shown, enabled, source.name()));
        return Ok(false);
    };
    if dry_run {
        subject.voice.text(&difference(&source.name(), &edit.before, &edit.after));
        return Ok(true);
    }
    write(&source, &edit, &*subject.platform).map_err(failed)?;
    subject.voice.say(message::property_set(&shown, enabled, source.name()));
    Ok(true)
}

/// The key in haInstances that an id stands for.
fn instance_key(configuration: &Configuration, id: &str) -> Result<String, Stop> {
    let ids = configuration.instance_ids();
    let known = if ids.is_empty() { "none".to_owned() } else { ids.join(", ") };
    ids.into_iter()
        .find(|known| known == id || normalize_id(known) == normalize_id(id))
        .ok_or_else(|| message::ha_instance_not_known(id.escape_debug(), known).into())
}

/// A source before and after.
struct Edit {
    stored: Stored,
    before: String,
    after: String,
    /// As they are stored.
    bytes: Vec<u8>,
}

/// A way in which texts are stored; see [`decode`].
type Encoding = fn(&str) -> Vec<u8>;

const ENCODINGS: [Encoding; 4] = [
    |text| text.as_bytes().to_vec(),
    |text| [b"\xef\xbb\xbf", text.as_bytes()].concat(),
    |text| bytes_to_ibm_1047(text.as_bytes()),
    to_ibm_1047,
];

/// None where it stands there already.
fn edited(source: &Source, path: &[&str], enabled: bool, platform: &dyn Platform) -> Result<Option<Edit>, String> {
    let (stored, padded) = match source {
        Source::File(path) => (text_file::read_stored(path).map_err(|error| error.to_string())?, false),
        Source::Member { data_set, member } => {
            let bytes = platform.read_member(data_set, member).map_err(|error| error.to_string())?;
            (Stored::untagged(bytes), true)
        }
    };
    let text = decode(&stored.bytes).map_err(|error| format!("line {}: {}", error.line, error.reason))?;
    let encode = ENCODINGS.into_iter().find(|encode| encode(&text) == stored.bytes);
    let encode = encode.ok_or("its code page is not known; edit it by hand")?;
    let before = if padded { strip_padding(&text) } else { text.clone() };
    let Some(after) = with_value(&before, path, enabled)? else { return Ok(None) };
    let whole = if padded { pad(&after, &text)? } else { after.clone() };
    Ok(Some(Edit { stored, before, after, bytes: encode(&whole) }))
}

/// The text with the property set; None where it has the value. Pure.
fn with_value(text: &str, path: &[&str], enabled: bool) -> Result<Option<String>, String> {
    let document =
        yaml::read(text, "", 0, true).map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    if matches!(document.root.at(path).map(|node| &node.value), Some(NodeValue::Boolean(value)) if *value == enabled) {
        return Ok(None);
    }
    let intended = document.root.with(path, &Arc::new(Node::new(Place::default(), NodeValue::Boolean(enabled))));
    let crlf = text.contains("\r\n") && !text.replace("\r\n", "").contains('\n');
    set(text, path, if enabled { "true" } else { "false" }, None)
        .map(|text| if crlf { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text })
        .filter(|text| reads_as(text, &intended))
        .map(Some)
        .ok_or_else(|| {
            "the place where it belongs is written in a way that is not edited (an alias, a list, a text of several lines); edit it by hand"
                .to_owned()
        })
}

/// The lines of a text as records of the length that all records of the old one have; as they are where those have several lengths.
fn pad(text: &str, old: &str) -> Result<String, String> {
    let length = |line: &str| line.trim_end_matches('\n').chars().count();
    let mut lengths: Vec<usize> = old.split_inclusive('\n').map(length).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let [length_of_all] = lengths.as_slice() else { return Ok(text.to_owned()) };
    let mut padded = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches('\n');
        let Some(room) = length_of_all.checked_sub(length(line)) else {
            return Err(format!("a line would be longer than its records of {length_of_all} characters: {}", content.trim()));
        };
        padded.push_str(content);
        padded.push_str(&" ".repeat(room));
        padded.push_str(line.get(content.len()..).unwrap_or_default());
    }
    Ok(padded)
}

fn write(source: &Source, edit: &Edit, platform: &dyn Platform) -> Result<(), String> {
    let changed = "it was changed by somebody else at this moment; issue the command again";
    match source {
        Source::File(path) => text_file::exchange(path, &edit.stored, &edit.bytes).map_err(|error| error.to_string()),
        Source::Member { data_set, member } => {
            let read = || platform.read_member(data_set, member).map_err(|error| error.to_string());
            if read()? != edit.stored.bytes {
                return Err(changed.to_owned());
            }
            platform.write_member(data_set, member, &edit.bytes).map_err(|error| error.to_string())?;
            // What copies it may have cut lines.
            let now = decode(&read()?).map(|text| strip_padding(&text)).unwrap_or_default();
            if now == edit.after { Ok(()) } else { Err(format!("what {} holds now is not what was written; look at it", source.name())) }
        }
    }
}

/// What changes between two texts that differ in one place, as `diff -u` shows it. Pure.
fn difference(name: &str, before: &str, after: &str) -> String {
    const AROUND: usize = 2;
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = old.len().min(new.len()) - same;
    let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(old, new)| old == new).count();
    let (first, after_old, after_new) = (same.saturating_sub(AROUND), old.len() - tail, new.len() - tail);
    let last = (after_old + AROUND).min(old.len());
    let (old_lines, new_lines) = (last - first, last - first + after_new - after_old);
    let mut text = format!("--- {name}\n+++ {name}\n@@ -{},{old_lines} +{},{new_lines} @@\n", first + 1, first + 1);
    let part = |text: &mut String, sign: char, lines: Option<&[&str]>| {
        lines.unwrap_or_default().iter().for_each(|line| text.push_str(&format!("{sign}{line}\n")));
    };
    part(&mut text, ' ', old.get(first..same));
    part(&mut text, '-', old.get(same..after_old));
    part(&mut text, '+', new.get(same..after_new));
    part(&mut text, ' ', old.get(after_old..last));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing::shared;

    #[test]
    fn records_keep_their_length_and_what_does_not_fit_is_refused() {
        let old = "zowe: {}       \ncomponents:    \n";
        assert_eq!(pad("zowe: {}\nx: 1\n", old).unwrap(), "zowe: {}       \nx: 1           \n");
        assert!(pad("zowe: {}\nx: 12345678901234567\n", old).unwrap_err().contains("records of 15"));
        assert_eq!(pad("x: 12345678901234567\n", "a\nbb\n").unwrap(), "x: 12345678901234567\n");
    }

    #[test]
    fn line_ends_and_comments_stay() {
        let text = "# head\r\ncomponents: # all\r\n  x: # one\r\n    enabled: no # off\r\n";
        let on = with_value(text, &["components", "x", "enabled"], true).unwrap().unwrap();
        assert_eq!(on, text.replace("enabled: no #", "enabled: true #"));
        let more = with_value(text, &["components", "y", "enabled"], true).unwrap().unwrap();
        assert_eq!(more, text.replace("all\r\n", "all\r\n  y:\r\n    enabled: true\r\n"));
        assert_eq!(with_value(&on, &["components", "x", "enabled"], true).unwrap(), None);
        assert!(with_value("a: &x\n  components: 1\ncomponents: *x\n", &["components", "x", "enabled"], true).is_err());
    }

    /// Configurations as people have written them: what is not the one property reads as before, and every line of the old text is in the new.
    #[test]
    fn every_configuration_of_the_corpus_is_edited_and_nothing_else_of_it() {
        let Some(corpus) = shared("zowe/corpus/zoweyaml") else { return };
        let mut edited = 0;
        for entry in std::fs::read_dir(corpus).unwrap() {
            let path = entry.unwrap().path();
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            if yaml::read(&text, "", 0, true).map_or(true, |document| !document.root.is_mapping()) {
                continue;
            }
            for property in [&["components", "gateway", "enabled"][..], &["haInstances", "lpar9", "components", "new-one", "enabled"]] {
                let Some(after) = with_value(&text, property, false).unwrap_or_else(|why| panic!("{}: {why}", path.display())) else {
                    continue;
                };
                let kept = text.lines().filter(|line| !after.lines().any(|other| other == *line)).count();
                assert!(kept <= 1, "{}: {kept} lines have gone", path.display());
                edited += 1;
            }
        }
        assert!(edited >= 40, "{edited}");
    }

    #[test]
    fn a_difference_is_what_patch_takes() {
        let before = "a\nb\nc\nd\ne\n";
        assert_eq!(difference("f", before, "a\nb\nC\nx\nd\ne\n"), "--- f\n+++ f\n@@ -1,5 +1,6 @@\n a\n b\n-c\n+C\n+x\n d\n e\n");
        assert_eq!(difference("f", before, "a\nb\nc\nd\ne\nf\n"), "--- f\n+++ f\n@@ -4,2 +4,3 @@\n d\n e\n+f\n");
        assert_eq!(difference("f", before, "a\nb\ne\n"), "--- f\n+++ f\n@@ -1,5 +1,3 @@\n a\n b\n-c\n-d\n e\n");
    }
}
