//! A first word that is no command: an HA instance id as the PROC gives it, or a command that is mistyped.

use crate::config::{self, overlay};
use crate::launcher::Start;
use crate::message;
use crate::platform::{NativePlatform, Platform};

/// Why the words do not start a launcher; None: they do, and the launcher says what is wrong with the id. On z/OS every word is an id, as
/// in the PROC.
pub(super) fn refusal(words: &[String]) -> Option<String> {
    let platform = NativePlatform::for_command();
    let word = words.first().filter(|_| !platform.is_zos())?;
    let known: Vec<String> = super::command()
        .get_subcommands()
        .filter(|known| !known.is_hide_set())
        .flat_map(|known| std::iter::once(known.get_name()).chain(known.get_visible_aliases()))
        .map(str::to_owned)
        .collect();
    let config = Start::from_environment(Vec::new(), None).config;
    let why = judge(word, &known, || config.as_deref().map_or(Defined::NoConfiguration, |config| defined_as(word, config, &platform)));
    if why.is_none() && config.is_none() {
        let hint = format!("{} is no command, zwelnch help lists them; as an HA instance id it needs CONFIG", word.escape_debug());
        super::terminal::say(&message::plain_error(hint));
    }
    why
}

/// What CONFIG says of a word as an id.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Defined {
    /// haInstances has it.
    Yes,
    /// There is no haInstances: any id is accepted.
    AnyId,
    /// haInstances has other ids.
    No(Vec<String>),
    NoConfiguration,
    /// Its sources cannot be read.
    Unreadable,
}

fn defined_as(word: &str, config: &str, platform: &dyn Platform) -> Defined {
    let Ok(sources) = config::parse_sources(config) else { return Defined::Unreadable };
    let Ok(root) = config::UserSources::read(&sources, platform).into_merged() else { return Defined::Unreadable };
    match overlay::Index::new(&root).find(&config::ha_instance(config::first_argument(word), platform).id) {
        overlay::Found::Overlay { .. } => Defined::Yes,
        overlay::Found::NoInstances => Defined::AnyId,
        overlay::Found::Unknown { defined, .. } => Defined::No(defined),
    }
}

/// Why a word is a mistyped command rather than an id. `defined` reads CONFIG, and is called only if the word resembles a command.
fn judge(word: &str, commands: &[String], defined: impl FnOnce() -> Defined) -> Option<String> {
    let nearest = overlay::nearest(word, commands)?;
    let defined = defined();
    if defined == Defined::AnyId && !is_slip(word, &nearest) {
        return None;
    }
    let shown = word.escape_debug();
    let id = match defined {
        Defined::Yes => return None,
        Defined::AnyId => format!("an HA instance of that name is started by zwelnch launch {shown}"),
        Defined::No(defined) => format!("it is no HA instance either, haInstances defines {}", defined.join(", ")),
        Defined::NoConfiguration => "as an HA instance id it needs CONFIG".to_owned(),
        Defined::Unreadable => format!("an HA instance of that name is started by zwelnch launch {shown}, once CONFIG can be read"),
    };
    Some(format!("there is no command {shown}, did you mean {nearest}? ({id})"))
}

/// One slip of the finger, two in a long word. If any id is accepted, a word that is less like a command is an id: `ha1`, `lpar`.
fn is_slip(word: &str, command: &str) -> bool {
    let slips = match command.chars().count() {
        0..=3 => 0,
        4..=6 => 1,
        _ => 2,
    };
    strsim::damerau_levenshtein(&word.to_lowercase(), command) <= slips
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands() -> Vec<String> {
        super::super::command().get_subcommands().map(|known| known.get_name().to_owned()).collect()
    }

    #[test]
    fn a_slip_is_a_command_that_is_mistyped() {
        for (word, meant) in [("chek", "check"), ("relaod", "reload"), ("Strat", "start"), ("genrate", "generate"), ("plann", "plan")] {
            let why = judge(word, &commands(), || Defined::AnyId).unwrap();
            assert!(why.contains(&format!("did you mean {meant}?")) && why.contains(&format!("zwelnch launch {word}")), "{why}");
        }
        assert!(judge("confg", &commands(), || Defined::NoConfiguration).unwrap().contains("needs CONFIG"));
        assert!(judge("stop1", &commands(), || Defined::No(vec!["lpar1".into()])).unwrap().contains("haInstances defines lpar1"));
    }

    #[test]
    fn ids_are_ids() {
        for word in ["lpar1", "lpar", "ha1", "sys1", "dev", "prod", "zos1", "__ha_instance_id__", "a"] {
            assert_eq!(judge(word, &commands(), || Defined::AnyId), None, "{word}");
        }
        assert_eq!(judge("chek", &commands(), || Defined::Yes), None, "a defined id is one, whatever it is like");
        assert_eq!(judge("xyzzy", &commands(), || Defined::No(vec!["lpar1".into()])), None, "the launcher says it: ZWEL0911E");
    }
}
