//! What operators may say to the launcher (the text after `APPL=`) and what they are answered. Pure. Contract: reference/lifecycle.md,
//! section Operator commands.

mod display;

pub use display::{ComponentView, display, in_words};

/// A command that was understood. Names are as typed; [`find_component`] matches them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Start(String),
    Stop(String),
    Restart(String),
    Display,
}

/// Why a text is no command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// ZWEL0041E
    #[error("verb without a usable value")]
    BadValue,
    /// ZWEL0042E
    #[error("no command of the launcher")]
    NotRecognized,
}

/// The verbs, for completion and help.
pub const VERBS: [(&str, &str); 4] = [
    ("DISP", "show the components"),
    ("START(component)", "start a component, or restart a running one as it was prepared"),
    ("STOP(component)", "stop a component"),
    ("RESTART(component)", "read the configuration anew, then validate, stop, configure and start a component"),
];

/// Reads the text of a MODIFY. Verbs are taken in any case: a system upper-cases them unless the operator quoted the text.
///
/// # Errors
/// [`CommandError`], which is answered with ZWEL0041E or ZWEL0042E.
pub fn parse(text: &str) -> Result<Command, CommandError> {
    let text = text.trim();
    let (verb, value) = match text.find('(') {
        Some(open) => (text[..open].trim_end(), Some(&text[open + 1..])),
        None => (text, None),
    };
    let of_component: fn(String) -> Command = match verb.to_ascii_uppercase().as_str() {
        "DISP" | "DISPLAY" => return if value.is_none() { Ok(Command::Display) } else { Err(CommandError::BadValue) },
        "START" => Command::Start,
        "STOP" => Command::Stop,
        "RESTART" => Command::Restart,
        _ => return Err(CommandError::NotRecognized),
    };
    let name = value.and_then(|value| value.strip_suffix(')')).map(str::trim).filter(|name| !name.is_empty() && !name.contains(['(', ')']));
    name.map(|name| of_component(name.to_owned())).ok_or(CommandError::BadValue)
}

/// The index of the component an operator named: without regard to case, an exact match first.
pub fn find_component<'a>(names: impl Iterator<Item = &'a str> + Clone, typed: &str) -> Option<usize> {
    names.clone().position(|name| name == typed).or_else(|| names.clone().position(|name| name.eq_ignore_ascii_case(typed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn commands_of_the_contract() {
        assert_eq!(parse("DISP"), Ok(Command::Display));
        assert_eq!(parse(" display "), Ok(Command::Display));
        assert_eq!(parse("START(GATEWAY)"), Ok(Command::Start("GATEWAY".into())));
        assert_eq!(parse("STOP( app-server )"), Ok(Command::Stop("app-server".into())));
        assert_eq!(parse("restart(c)"), Ok(Command::Restart("c".into())));
    }

    #[test]
    fn a_verb_without_a_value_is_not_an_unknown_verb() {
        for text in ["START", "START()", "START( )", "STOP(c001", "RESTART", "DISP(", "START(a)b", "START((a)"] {
            assert_eq!(parse(text), Err(CommandError::BadValue), "{text}");
        }
        for text in ["", "BOGUS x", "STARTED(c)", "(c)", "STAR(c)", "DISPL"] {
            assert_eq!(parse(text), Err(CommandError::NotRecognized), "{text}");
        }
    }

    #[test]
    fn names_match_without_regard_to_case() {
        let names = ["Alpha", "alpha", "beta"];
        assert_eq!(find_component(names.iter().copied(), "alpha"), Some(1));
        assert_eq!(find_component(names.iter().copied(), "BETA"), Some(2));
        assert_eq!(find_component(names.iter().copied(), "gamma"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC*") {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_written_is_read(name in "[a-zA-Z0-9._-]{1,60}", blanks in " {0,3}") {
            prop_assert_eq!(parse(&format!("STOP{blanks}({blanks}{name}{blanks}){blanks}")), Ok(Command::Stop(name)));
        }
    }
}
