//! The launcher's own settings: one table says where each stands, its type, default and meaning; reading and checking come of it.

mod document;
mod table;
mod unread;

pub use document::document;
pub use table::*;

use super::{ComponentSettings, Configuration, LauncherSettings, OnFailure, Problem, secrets};
use crate::platform::ShareAs;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

/// A value that was read.
#[derive(Debug, Clone, PartialEq)]
enum Parsed {
    Seconds(Vec<Duration>),
    Numbers(Vec<i32>),
    Boolean(bool),
    Word(&'static str),
    Number(u64),
    Texts(Vec<String>),
    Text(String),
    Signal(i32),
    Mapping,
}

/// Reads a value as its kind.
fn parse(kind: Kind, value: &Value) -> Result<Parsed, &'static str> {
    match kind {
        Kind::Seconds => seconds(value).map(|time| Parsed::Seconds(vec![time])).ok_or("a whole number of seconds"),
        Kind::SecondsList => {
            let items = value.as_array().ok_or("a list of whole numbers of seconds")?;
            items.iter().map(seconds).collect::<Option<Vec<_>>>().map(Parsed::Seconds).ok_or("a list of whole numbers of seconds")
        }
        Kind::Number => number(value).map(|number| Parsed::Numbers(vec![number])).ok_or("a whole number"),
        Kind::NumberList => {
            let items = value.as_array().ok_or("a list of whole numbers")?;
            items.iter().map(number).collect::<Option<Vec<_>>>().map(Parsed::Numbers).ok_or("a list of whole numbers")
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
        Kind::Bytes => bytes(value).map(Parsed::Number).ok_or("a number of bytes, with K, M or G behind it if need be,"),
        Kind::Count => {
            let number = seconds(value).map(|number| number.as_secs()).filter(|number| *number <= 1000);
            number.map(Parsed::Number).ok_or("a whole number from 0 to 1000")
        }
        Kind::TimeZone => {
            let name = value.as_str().filter(|name| crate::output::time_zone(name).is_some());
            name.map(|name| Parsed::Text(name.to_string())).ok_or("a time zone that this system knows, or a POSIX TZ text,")
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
        Kind::Text => value.as_str().map(|text| Parsed::Text(text.to_string())).ok_or("a text"),
        Kind::Signal => {
            let expected = "the name of a signal, as in TERM or SIGTERM";
            value.as_str().and_then(crate::platform::unix::signal_number).map(Parsed::Signal).ok_or(expected)
        }
        Kind::Probe => Ok(Parsed::Mapping),
        Kind::Mapping if value.is_object() => Ok(Parsed::Mapping),
        Kind::Mapping => Err("a mapping"),
    }
}

fn seconds(value: &Value) -> Option<Duration> {
    number(value).and_then(|number| u64::try_from(number).ok()).map(Duration::from_secs)
}

/// 0 to 2^31 - 1.
fn number(value: &Value) -> Option<i32> {
    let number = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok()?,
        _ => return None,
    };
    i32::try_from(number).ok()
}

/// A number of bytes; None also for 0 and for more than 2^50.
fn bytes(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => {
            let digits = text.trim_end_matches(|character: char| !character.is_ascii_digit());
            let factor = match text[digits.len()..].trim() {
                "" => 1,
                "K" | "k" | "KiB" => 1 << 10,
                "M" | "m" | "MiB" => 1 << 20,
                "G" | "g" | "GiB" => 1 << 30,
                _ => return None,
            };
            digits.parse::<u64>().ok()?.checked_mul(factor)?
        }
        _ => return None,
    };
    (1..=1 << 50).contains(&number).then_some(number)
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

/// Asked for several times at each start of a component, so the table's texts are read once.
fn default_of(setting: &Setting) -> Option<Parsed> {
    static DEFAULTS: OnceLock<HashMap<usize, Option<Parsed>>> = OnceLock::new();
    let place = |setting: &Setting| std::ptr::from_ref(setting) as usize;
    let defaults = DEFAULTS.get_or_init(|| SETTINGS.iter().map(|setting| (place(setting), read_default(setting))).collect());
    defaults.get(&place(setting)).cloned().unwrap_or_else(|| read_default(setting))
}

fn read_default(setting: &Setting) -> Option<Parsed> {
    let document = super::yaml::read(setting.default, "default", 0, false).ok()?;
    parse(setting.kind, &document.root.to_value()).ok()
}

fn durations(parsed: Option<Parsed>) -> Vec<Duration> {
    match parsed {
        Some(Parsed::Seconds(times)) => times,
        _ => Vec::new(),
    }
}

fn numbers(parsed: Option<Parsed>) -> Vec<i32> {
    match parsed {
        Some(Parsed::Numbers(numbers)) => numbers,
        _ => Vec::new(),
    }
}

fn texts(parsed: Option<Parsed>) -> Vec<String> {
    match parsed {
        Some(Parsed::Texts(texts)) => texts,
        _ => Vec::new(),
    }
}

fn word(parsed: Option<Parsed>) -> &'static str {
    match parsed {
        Some(Parsed::Word(word)) => word,
        _ => "",
    }
}

fn signal(parsed: Option<Parsed>) -> Option<i32> {
    match parsed {
        Some(Parsed::Signal(number)) => Some(number),
        _ => None,
    }
}

/// What one of `zowe.launchScript.startupChecks` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartupCheck {
    /// A fault ends the start.
    Exit,
    Warn,
    Disabled,
}

impl Configuration {
    /// What a fault that one of the startup checks ([`CHECK_PORTS`] and its like) finds leads to.
    pub fn startup_check(&self, setting: &Setting) -> StartupCheck {
        match word(in_force(self, setting, "launcher")) {
            "warn" => StartupCheck::Warn,
            "disabled" => StartupCheck::Disabled,
            _ => StartupCheck::Exit,
        }
    }

    /// Whether the ports of a component must be free before it is started.
    pub fn validates_port_free(&self, component: &str) -> bool {
        in_force(self, &VALIDATE_PORT_FREE, component) != Some(Parsed::Boolean(false))
    }

    /// The one address at which they must be; None: where the component listens.
    pub fn vipa(&self, component: &str) -> Option<String> {
        match in_force(self, &VIPA, component) {
            Some(Parsed::Text(address)) if !address.trim().is_empty() => Some(address.trim().to_string()),
            _ => None,
        }
    }

    /// Where the value in force of a setting of the launcher, or of a component, was set and what it is; None: its default applies.
    pub fn setting_in_force(&self, setting: &Setting, component: &str) -> Option<(Vec<String>, &Value)> {
        setting.places.iter().find_map(|place| {
            let path = steps(place, component);
            let value = self.get(&path).filter(|value| parse(setting.kind, value).is_ok())?;
            Some((path.iter().map(|step| (*step).to_string()).collect(), value))
        })
    }

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
            stop_signal: signal(in_force(self, &STOP_SIGNAL, name)).unwrap_or(crate::platform::unix::SIGTERM),
            kill_signal: signal(in_force(self, &KILL_SIGNAL, name)).unwrap_or(crate::platform::unix::SIGKILL),
            stop_command: match in_force(self, &STOP_COMMAND, name) {
                Some(Parsed::Text(text)) if !text.trim().is_empty() => Some(text),
                _ => None,
            },
            validate_timeout: first(&VALIDATE_TIMEOUT),
            fatal_exit_codes: numbers(in_force(self, &FATAL_EXIT_CODES, name)),
            fatal_messages: texts(in_force(self, &FATAL_MESSAGES, name)).into_iter().filter(|text| !text.is_empty()).collect(),
            start_limit: numbers(in_force(self, &START_LIMIT_COUNT, name))
                .first()
                .and_then(|count| usize::try_from(*count).ok().filter(|count| *count > 0))
                .map(|count| (count, first(&START_LIMIT_SECONDS))),
            standard_input: in_force(self, &STANDARD_INPUT, name) == Some(Parsed::Boolean(true)),
            required: in_force(self, &REQUIRED, name) == Some(Parsed::Boolean(true)),
            depends_on: texts(in_force(self, &DEPENDS_ON, name)),
        }
    }

    /// Where the output of a component is also written to; None: nowhere but to SYSPRINT.
    pub fn component_log(&self, name: &str) -> Option<crate::output::LogSettings> {
        let number = |setting| match in_force(self, setting, name) {
            Some(Parsed::Number(number)) => number,
            _ => 0,
        };
        if in_force(self, &LOG_FILE, name) != Some(Parsed::Boolean(true)) {
            return None;
        }
        // A component's name is a file's name there, whatever it holds.
        let file = format!("{}-{}.log", name.replace('/', "_"), self.ha_instance.id);
        let count = u32::try_from(number(&LOG_COUNT)).unwrap_or_default();
        Some(crate::output::LogSettings { path: self.log_directory()?.join(file), size: number(&LOG_SIZE), count })
    }

    /// The zone of the stamps of SYSPRINT.
    pub fn time_zone(&self) -> jiff::tz::TimeZone {
        match in_force(self, &TIME_ZONE, "launcher") {
            Some(Parsed::Text(name)) => crate::output::time_zone(&name).unwrap_or(jiff::tz::TimeZone::UTC),
            _ => jiff::tz::TimeZone::UTC,
        }
    }

    /// The settings of the launcher itself.
    pub fn launcher_settings(&self) -> LauncherSettings {
        let boolean = |setting| in_force(self, setting, "launcher") == Some(Parsed::Boolean(true));
        let word = |setting| word(in_force(self, setting, "launcher"));
        LauncherSettings {
            sys_messages: texts(in_force(self, &SYS_MESSAGES, "launcher")),
            sys_message_trim: boolean(&SYS_MESSAGE_TRIM),
            wto: boolean(&WTO),
            stay_when_all_failed: word(&ON_ALL_FAILED) == "stay",
            reject_start_of_running: word(&START_RUNNING) == "reject",
            on_component_configure_fail: if word(&ON_CONFIGURE_FAIL) == "exit" { OnFailure::Exit } else { OnFailure::Warn },
            debug: matches!(word(&LOG_LEVEL), "debug" | "trace"),
            trace: word(&LOG_LEVEL) == "trace",
            stay_when_required_failed: word(&ON_REQUIRED_FAILED) == "stay",
            ignore_dependency_problems: word(&ON_DEPENDENCY_PROBLEM) == "ignore",
            dependency_timeout: durations(in_force(self, &DEPENDENCY_TIMEOUT, "launcher")).first().copied().unwrap_or_default(),
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
    problems.extend(job_name(configuration));
    problems.extend(unread::problems(configuration));
    problems
}

/// UNIX children carry a job name of 8 characters unchanged, so that an operator command hits them too.
fn job_name(configuration: &Configuration) -> Option<Problem> {
    let path = ["zowe", "job", "name"];
    let name = configuration.get(&path)?.as_str().filter(|name| name.chars().count() >= 8)?;
    let text = format!(
        "zowe.job.name: '{}' has 8 characters or more, so that the children of the job carry it too and operator commands can hit them; at most 7 are expected",
        name.escape_debug()
    );
    Some(Problem::warning(Some(configuration.place(&path)), text).about(&path))
}

fn problem(configuration: &Configuration, setting: &Setting, path: &[&str]) -> Option<Problem> {
    let value = configuration.get(path).filter(|value| !value.is_null())?;
    let expected = parse(setting.kind, value).err()?;
    let expected = match setting.kind {
        Kind::Choice(words) => format!("one of {}", words.iter().filter(|word| !word.is_empty()).copied().collect::<Vec<_>>().join(", ")),
        _ => expected.to_string(),
    };
    let text = format!("{}: {} is ignored; {expected} is expected", path.join("."), secrets::show(path, value));
    Some(Problem::warning(Some(configuration.place(path)), text).about(path))
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
