//! What operators may say to the launcher (the text after `APPL=`) and what they are answered. Pure. Contract: docs/contract/lifecycle.md,
//! "Operator commands".

mod detail;
mod display;
mod names;
pub mod tcpip;

pub use detail::{ComponentDetail, detail};
pub use display::{ComponentView, display, in_words, json};
pub use names::{Selection, select};

use crate::config::overlay::nearest;

/// Exit code of a console whose command was refused.
pub const REFUSED: i32 = 8;

/// Exit code of a console that does not know what came of its command.
pub const UNKNOWN: i32 = 12;

/// A command that was understood. Names are as typed, `*` in one stands for anything; [`select`] matches them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Start(Vec<String>),
    Stop(Vec<String>),
    Restart {
        names: Vec<String>,
        /// Those that depend on them are taken along.
        cascade: bool,
    },
    /// No names: all components.
    Display(Vec<String>),
    Detail(Vec<String>),
    /// For `zwelnch status --format json`.
    DisplayJson,
    /// For `zwelnch status --format openmetrics`.
    DisplayMetrics,
    Reload {
        /// Only tell what would be done.
        check: bool,
    },
    /// Whether debug lines are written.
    LogLevel {
        debug: bool,
    },
    /// Reopen the components' log files.
    LogRotate,
    /// A line for a component's standard input.
    Send {
        name: String,
        line: String,
    },
    Help,
}

impl Command {
    /// It changes nothing.
    pub fn is_question(&self) -> bool {
        matches!(self, Command::Display(_) | Command::Detail(_) | Command::DisplayJson | Command::DisplayMetrics | Command::Help)
    }
}

/// Why a text is no command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// ZWEL0041E
    #[error("verb without a usable value")]
    BadValue,
    /// ZWEL0042E; what may have been meant.
    #[error("no command of the launcher")]
    NotRecognized(Option<String>),
}

/// The commands with their forms: [`parse`] knows their words from here, and so do completion and help.
pub const VERBS: &[(&str, &str)] = &[
    ("DISP", "show the components; DISP(name,...) only these"),
    ("DISP,DETAIL(name,...)", "processes, CPU, memory, ports and the last end of components"),
    ("START(name,...)", "start components, or restart running ones as they were prepared"),
    ("STOP(name,...)", "stop components, those that depend on others of them first"),
    ("RESTART(name,...)", "read the configuration anew, then stop, validate, configure and start components"),
    ("RESTART(name,...,CASCADE)", "the same, with those that depend on them"),
    ("RELOAD", "read the configuration anew and apply what has changed; RELOAD,CHECK only tells"),
    ("SEND(name,text)", "send a line to the standard input of a component with launcher.stdin: true"),
    ("LOGLEVEL(debug|info)", "write debug lines, or not"),
    ("LOGROTATE", "begin new log files of components"),
    ("HELP", "these lines"),
];

/// What may be typed in place of a word of [`VERBS`].
const ALIASES: [(&str, &str); 2] = [("DISPLAY", "DISP"), ("D", "DISP")];

/// The words of the commands.
fn words() -> impl Iterator<Item = &'static str> {
    VERBS.iter().filter_map(|(form, _)| form.split(['(', ',']).next())
}

/// The word of a command, whatever it was typed as.
fn word(typed: &str) -> Option<&'static str> {
    let word = ALIASES.iter().find(|(alias, _)| *alias == typed).map_or(typed, |(_, word)| word);
    words().find(|known| *known == word)
}

/// The word of [`VERBS`] that a text begins with, whatever follows.
pub fn word_of(text: &str) -> Option<&'static str> {
    let end = text.trim_start().find(['(', ',', ' ']).unwrap_or(text.trim_start().len());
    word(&text.trim_start()[..end].to_ascii_uppercase())
}

/// Reads the text of a MODIFY: `VERB`, `VERB,OPTION`, `VERB(values)` or `VERB,OPTION(values)`. Verbs are taken in any case: a system
/// upper-cases them unless the operator quoted the text.
///
/// # Errors
/// [`CommandError`], which is answered with ZWEL0041E or ZWEL0042E.
pub fn parse(text: &str) -> Result<Command, CommandError> {
    let text = text.trim();
    let (head, values) = match text.find('(') {
        Some(open) => (text[..open].trim_end(), Some(&text[open + 1..])),
        None => (text, None),
    };
    let (verb, option) = match head.split_once(',') {
        Some((verb, option)) => (verb.trim(), Some(option.trim().to_ascii_uppercase())),
        None => (head, None),
    };
    let typed = verb.to_ascii_uppercase();
    let Some(verb) = word(&typed) else {
        // `D` resembles every short word, so it is never offered as what was meant.
        let known: Vec<String> = words().chain(["DISPLAY"]).map(str::to_owned).collect();
        let word = typed.split([' ', ',']).next().unwrap_or_default();
        return Err(CommandError::NotRecognized(nearest(word, &known)));
    };
    if verb == "SEND" && option.is_none() {
        return send(values.unwrap_or_default()).ok_or(CommandError::BadValue);
    }
    let values = match values {
        Some(values) => Some(split(values).ok_or(CommandError::BadValue)?),
        None => None,
    };
    command(verb, option.as_deref(), values).ok_or(CommandError::BadValue)
}

fn command(verb: &str, option: Option<&str>, values: Option<Vec<String>>) -> Option<Command> {
    match (verb, option, values) {
        ("DISP", None, values) => Some(Command::Display(values.unwrap_or_default())),
        ("DISP", Some("DETAIL"), Some(names)) => Some(Command::Detail(names)),
        ("DISP", Some("JSON"), None) => Some(Command::DisplayJson),
        ("DISP", Some("METRICS"), None) => Some(Command::DisplayMetrics),
        ("START", None, Some(names)) => Some(Command::Start(names)),
        ("STOP", None, Some(names)) => Some(Command::Stop(names)),
        ("RESTART", None, Some(mut names)) => {
            // A component of that name is still restarted by RESTART(cascade).
            let cascade = names.len() > 1 && names.last().is_some_and(|name| name.eq_ignore_ascii_case("CASCADE"));
            if cascade {
                names.pop();
            }
            Some(Command::Restart { names, cascade })
        }
        ("RELOAD", None, None) => Some(Command::Reload { check: false }),
        ("RELOAD", Some("CHECK"), None) => Some(Command::Reload { check: true }),
        ("LOGLEVEL", None, Some(level)) => match level.as_slice() {
            [level] if level.eq_ignore_ascii_case("debug") => Some(Command::LogLevel { debug: true }),
            [level] if level.eq_ignore_ascii_case("info") => Some(Command::LogLevel { debug: false }),
            _ => None,
        },
        ("LOGROTATE", None, None) => Some(Command::LogRotate),
        ("HELP", None, None) => Some(Command::Help),
        _ => None,
    }
}

/// `name,text)`: the text is everything up to the last parenthesis, blanks, commas and parentheses included.
fn send(values: &str) -> Option<Command> {
    let (name, line) = values.strip_suffix(')')?.split_once(',')?;
    let (name, line) = (name.trim().to_owned(), line.to_owned());
    (!name.is_empty() && !name.contains(['(', ')', '*'])).then_some(Command::Send { name, line })
}

/// The values before the closing parenthesis; None when there is none, or an empty value, or another parenthesis.
fn split(values: &str) -> Option<Vec<String>> {
    let values = values.strip_suffix(')')?;
    let names: Vec<String> = values.split(',').map(|name| name.trim().to_owned()).collect();
    let usable = |name: &String| !name.is_empty() && !name.contains(['(', ')']);
    names.iter().all(usable).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn commands_of_the_contract() {
        for (text, command) in [
            ("DISP", Command::Display(Vec::new())),
            (" display ", Command::Display(Vec::new())),
            ("D(a, B*)", Command::Display(names(&["a", "B*"]))),
            ("Disp , Detail ( a )", Command::Detail(names(&["a"]))),
            ("DISP,JSON", Command::DisplayJson),
            ("DISP,METRICS", Command::DisplayMetrics),
            ("START(GATEWAY)", Command::Start(names(&["GATEWAY"]))),
            ("STOP( app-server , zss)", Command::Stop(names(&["app-server", "zss"]))),
            ("restart(c)", Command::Restart { names: names(&["c"]), cascade: false }),
            ("RESTART(c,cascade)", Command::Restart { names: names(&["c"]), cascade: true }),
            ("RESTART(cascade)", Command::Restart { names: names(&["cascade"]), cascade: false }),
            ("RELOAD", Command::Reload { check: false }),
            ("RELOAD,CHECK", Command::Reload { check: true }),
            ("LOGLEVEL(DEBUG)", Command::LogLevel { debug: true }),
            ("help", Command::Help),
            ("SEND( c ,a (b), c)", Command::Send { name: "c".into(), line: "a (b), c".into() }),
            ("send(c,)", Command::Send { name: "c".into(), line: String::new() }),
        ] {
            assert_eq!(parse(text), Ok(command), "{text}");
        }
    }

    #[test]
    fn every_command_that_help_lists_is_one() {
        for (text, _) in VERBS {
            let typed = text.replace("debug|info", "debug").replace(",...", "");
            assert!(parse(&typed).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_verb_without_a_value_is_not_an_unknown_verb() {
        for text in [
            "START",
            "START()",
            "START( )",
            "STOP(c001",
            "RESTART",
            "DISP(",
            "START(a)b",
            "START((a)",
            "STOP(a,,b)",
            "DISP,DETAIL",
            "RELOAD,NOW",
            "RELOAD(a)",
            "LOGLEVEL(loud)",
            "LOGLEVEL",
            "START,NOW(a)",
        ] {
            assert_eq!(parse(text), Err(CommandError::BadValue), "{text}");
        }
    }

    #[test]
    fn an_unknown_verb_is_answered_with_the_nearest() {
        for (text, nearest) in [
            ("STARTED(c)", Some("START")),
            ("STAR(c)", Some("START")),
            ("DISPL", Some("DISP")),
            ("RELAOD,CHECK", Some("RELOAD")),
            ("", None),
            ("XYZZY x", None),
            ("(c)", None),
        ] {
            assert_eq!(parse(text), Err(CommandError::NotRecognized(nearest.map(str::to_owned))), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC*") {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_written_is_read(list in prop::collection::vec("[a-zA-Z0-9._*-]{1,20}", 1..5), blanks in " {0,3}") {
            let text = format!("STOP{blanks}({blanks}{}{blanks}){blanks}", list.join(&format!("{blanks},{blanks}")));
            prop_assert_eq!(parse(&text), Ok(Command::Stop(list)));
        }
    }
}
