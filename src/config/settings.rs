//! The launcher's own settings: one table says where each stands, its type, default and meaning; reading and checking come of it.

use super::{ComponentSettings, Configuration, LauncherSettings, OnFailure, Problem, secrets};
use crate::platform::ShareAs;
use serde_json::Value;
use std::time::Duration;

/// What a setting may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number of seconds, 0 to 2^31 - 1, a text of digits too.
    Seconds,
    /// A list of them.
    SecondsList,
    Boolean,
    /// One of these words, without regard to case.
    Choice(&'static [&'static str]),
    /// A list of texts.
    TextList,
}

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Where it may stand, first match wins; `*` is the component's name.
    pub places: &'static [&'static str],
    pub kind: Kind,
    /// As it would be written in zowe.yaml.
    pub default: &'static str,
    pub meaning: &'static str,
}

macro_rules! of_component {
    ($key:literal) => {
        &[concat!("components.*.launcher.", $key), concat!("components.launcher.", $key), concat!("zowe.launcher.", $key)]
    };
}

pub static RESTART_INTERVALS: Setting = Setting {
    places: of_component!("restartIntervals"),
    kind: Kind::SecondsList,
    default: "[1, 1, 1, 5, 5, 10, 20, 60, 120, 240]",
    meaning: "seconds to wait before the first, second, ... restart of a component that fails; an empty list: never restart",
};
pub static MINIMUM_UPTIME: Setting = Setting {
    places: of_component!("minUptime"),
    kind: Kind::Seconds,
    default: "90",
    meaning: "seconds after which a component counts as up, so that the restart intervals begin anew",
};
pub static SHARE_AS: Setting = Setting {
    places: of_component!("shareAs"),
    kind: Kind::Choice(&["no", "yes", "must", ""]),
    default: "yes",
    meaning: "whether a component runs in the launcher's address space on z/OS (_BPX_SHAREAS)",
};
pub static STOP_GRACE: Setting = Setting {
    places: of_component!("stop.graceSeconds"),
    kind: Kind::Seconds,
    default: "20",
    meaning: "seconds between SIGTERM and SIGKILL when a component is stopped",
};
pub static SYS_MESSAGES: Setting = Setting {
    places: &["zowe.sysMessages"],
    kind: Kind::TextList,
    default: "[]",
    meaning: "texts; a line that holds one of them is also written to the operator's console",
};
pub static SYS_MESSAGE_TRIM: Setting = Setting {
    places: &["zowe.sysMessageTrim", "components.launcher.sysMessageTrim"],
    kind: Kind::Boolean,
    default: "false",
    meaning: "the console line begins at the matched text",
};
pub static WTO: Setting = Setting {
    places: &["components.launcher.wto"],
    kind: Kind::Boolean,
    default: "true",
    meaning: "messages of readiness and failure go to the operator's console",
};
pub static ON_ALL_FAILED: Setting = Setting {
    places: &["components.launcher.onAllFailed"],
    kind: Kind::Choice(&["exit", "stay"]),
    default: "exit",
    meaning: "what the launcher does when, after failures, nothing is left running and nothing will be",
};
pub static START_RUNNING: Setting = Setting {
    places: &["components.launcher.startRunning"],
    kind: Kind::Choice(&["restart", "reject"]),
    default: "restart",
    meaning: "what an operator's START of a running component does",
};
pub static ON_CONFIGURE_FAIL: Setting = Setting {
    places: &["zowe.launchScript.onComponentConfigureFail"],
    kind: Kind::Choice(&["warn", "exit"]),
    default: "warn",
    meaning: "what follows when a component's configure command fails",
};
pub static LOG_LEVEL: Setting = Setting {
    places: &["zowe.launchScript.logLevel"],
    kind: Kind::Choice(&["info", "debug", "trace"]),
    default: "info",
    meaning: "how much is logged while the instance is prepared",
};

/// All settings, in the order of the documentation.
pub static SETTINGS: &[&Setting] = &[
    &RESTART_INTERVALS,
    &MINIMUM_UPTIME,
    &SHARE_AS,
    &STOP_GRACE,
    &SYS_MESSAGES,
    &SYS_MESSAGE_TRIM,
    &WTO,
    &ON_ALL_FAILED,
    &START_RUNNING,
    &ON_CONFIGURE_FAIL,
    &LOG_LEVEL,
];

/// A value that was read.
#[derive(Debug, Clone, PartialEq)]
enum Parsed {
    Seconds(Vec<Duration>),
    Boolean(bool),
    Word(&'static str),
    Texts(Vec<String>),
}

/// Reads a value as its kind.
fn parse(kind: Kind, value: &Value) -> Result<Parsed, &'static str> {
    match kind {
        Kind::Seconds => seconds(value).map(|time| Parsed::Seconds(vec![time])).ok_or("a whole number of seconds"),
        Kind::SecondsList => {
            let items = value.as_array().ok_or("a list of whole numbers of seconds")?;
            items.iter().map(seconds).collect::<Option<Vec<_>>>().map(Parsed::Seconds).ok_or("a list of whole numbers of seconds")
        }
        Kind::Boolean => match value {
            Value::Bool(value) => Ok(Parsed::Boolean(*value)),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(Parsed::Boolean(true)),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(Parsed::Boolean(false)),
            _ => Err("true or false"),
        },
        Kind::Choice(words) => {
            let text = match value {
                Value::String(text) => text.as_str(),
                Value::Bool(true) => "yes",
                Value::Bool(false) => "no",
                _ => return Err("a word"),
            };
            words.iter().find(|word| word.eq_ignore_ascii_case(text)).map(|word| Parsed::Word(word)).ok_or("another word")
        }
        Kind::TextList => {
            let items = value.as_array().ok_or("a list of texts")?;
            let text = |item: &Value| match item {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            items.iter().map(text).collect::<Option<Vec<_>>>().map(Parsed::Texts).ok_or("a list of texts")
        }
    }
}

fn seconds(value: &Value) -> Option<Duration> {
    let number = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok()?,
        _ => return None,
    };
    if number <= i32::MAX as u64 { Some(Duration::from_secs(number)) } else { None }
}

/// The steps of a place; a component's name may hold dots.
fn steps<'a>(place: &'a str, component: &'a str) -> Vec<&'a str> {
    place.split('.').map(|step| if step == "*" { component } else { step }).collect()
}

/// The first usable value, places in order; None: the default applies. null counts as left out.
fn find(configuration: &Configuration, setting: &Setting, component: &str) -> Option<Parsed> {
    setting.places.iter().find_map(|place| {
        let value = configuration.get(&steps(place, component)).filter(|value| !value.is_null())?;
        parse(setting.kind, value).ok()
    })
}

/// The value in force: what is found, else the table's default, which a test proves readable.
fn in_force(configuration: &Configuration, setting: &Setting, component: &str) -> Option<Parsed> {
    find(configuration, setting, component).or_else(|| default_of(setting))
}

fn default_of(setting: &Setting) -> Option<Parsed> {
    let document = super::yaml::read(setting.default, "default", 0, false).ok()?;
    parse(setting.kind, &document.root.to_value()).ok()
}

fn durations(parsed: Option<Parsed>) -> Vec<Duration> {
    match parsed {
        Some(Parsed::Seconds(times)) => times,
        _ => Vec::new(),
    }
}

fn word(parsed: Option<Parsed>) -> &'static str {
    match parsed {
        Some(Parsed::Word(word)) => word,
        _ => "",
    }
}

impl Configuration {
    /// The settings of one component's supervision.
    pub fn component_settings(&self, name: &str) -> ComponentSettings {
        let first = |setting| durations(in_force(self, setting, name)).first().copied().unwrap_or_default();
        ComponentSettings {
            restart_intervals: durations(in_force(self, &RESTART_INTERVALS, name)),
            min_uptime: first(&MINIMUM_UPTIME),
            share_as: match word(in_force(self, &SHARE_AS, name)) {
                "no" => ShareAs::No,
                "must" => ShareAs::Must,
                _ => ShareAs::Yes,
            },
            stop_grace: first(&STOP_GRACE),
        }
    }

    /// The settings of the launcher itself.
    pub fn launcher_settings(&self) -> LauncherSettings {
        let boolean = |setting| in_force(self, setting, "launcher") == Some(Parsed::Boolean(true));
        let word = |setting| word(in_force(self, setting, "launcher"));
        LauncherSettings {
            sys_messages: match in_force(self, &SYS_MESSAGES, "launcher") {
                Some(Parsed::Texts(texts)) => texts,
                _ => Vec::new(),
            },
            sys_message_trim: boolean(&SYS_MESSAGE_TRIM),
            wto: boolean(&WTO),
            stay_when_all_failed: word(&ON_ALL_FAILED) == "stay",
            reject_start_of_running: word(&START_RUNNING) == "reject",
            on_component_configure_fail: if word(&ON_CONFIGURE_FAIL) == "exit" { OnFailure::Exit } else { OnFailure::Warn },
            debug: matches!(word(&LOG_LEVEL), "debug" | "trace"),
        }
    }
}

/// Values of settings that cannot be used: warnings, as the next place or the default applies.
pub(super) fn problems(configuration: &Configuration) -> Vec<Problem> {
    let mut problems = Vec::new();
    let components = configuration.component_names();
    for setting in SETTINGS {
        for place in setting.places {
            if place.contains('*') {
                components.iter().for_each(|name| problems.extend(problem(configuration, setting, &steps(place, name))));
            } else {
                problems.extend(problem(configuration, setting, &steps(place, "")));
            }
        }
    }
    problems
}

fn problem(configuration: &Configuration, setting: &Setting, path: &[&str]) -> Option<Problem> {
    let value = configuration.get(path).filter(|value| !value.is_null())?;
    let expected = parse(setting.kind, value).err()?;
    let expected = match setting.kind {
        Kind::Choice(words) => format!("one of {}", words.iter().filter(|word| !word.is_empty()).copied().collect::<Vec<_>>().join(", ")),
        _ => expected.to_string(),
    };
    let text = format!("{}: {} is ignored; {expected} is expected", path.join("."), secrets::show(path, value));
    Some(Problem::warning(Some(configuration.place(path)), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_value_of_its_kind() {
        for setting in SETTINGS {
            assert!(default_of(setting).is_some(), "{}", setting.places[0]);
        }
    }
}
