//! The values that a setting may have: how they are read, and how documentation and warnings describe them.

use crate::config::OnFailure;
use crate::output::Zone;
use crate::platform::ShareAs;
use crate::platform::operator_command::{Interface, NoInterface};
use serde_json::Value;
use std::net::IpAddr;
use std::time::Duration;

/// The values of a setting.
pub(super) struct Kind<T: 'static> {
    read: Read<T>,
    /// In a warning, before "is expected".
    expected: &'static str,
    /// In the documentation.
    document: &'static str,
    /// For editors: the JSON Schema of the values; empty where the words make it.
    schema: &'static str,
}

enum Read<T: 'static> {
    Value(fn(&Value) -> Option<T>),
    /// It says itself why a value is none of them.
    Told(fn(&Value) -> Result<T, String>),
    /// One of these words, without regard to case; true and false are `yes` and `no`.
    Words(&'static [(&'static str, T)]),
}

impl<T> Kind<T> {
    const fn new(read: fn(&Value) -> Option<T>, expected: &'static str, document: &'static str, schema: &'static str) -> Self {
        Kind { read: Read::Value(read), expected, document, schema }
    }

    const fn words(words: &'static [(&'static str, T)]) -> Self {
        Kind { read: Read::Words(words), expected: "", document: "", schema: "" }
    }

    /// The JSON Schema of its values, for editors: it refuses nothing that [`Kind::read`] takes, and takes little that it refuses.
    pub(super) fn schema(&self) -> Value {
        let Read::Words(words) = &self.read else {
            // That each is JSON is proven by a test.
            return serde_json::from_str(self.schema).unwrap_or_default();
        };
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let either = |letter: char| format!("[{}{}]", letter.to_ascii_lowercase(), letter.to_ascii_uppercase());
        let letter = |letter: char| if letter.is_ascii_alphabetic() { either(letter) } else { letter.to_string() };
        let any_case: Vec<String> = words.iter().map(|word| word.chars().map(letter).collect()).collect();
        // Editors offer what is enumerated; YAML 1.1 may have read yes and no as booleans.
        let is_switch = |word: &&str| ["yes", "no"].contains(word);
        let mut forms = vec![
            serde_json::json!({ "enum": words.iter().filter(|word| !word.is_empty()).collect::<Vec<_>>() }),
            serde_json::json!({ "type": "string", "pattern": format!("^({})$", any_case.join("|")) }),
        ];
        if words.iter().any(is_switch) {
            forms.push(serde_json::json!({ "type": "boolean" }));
        }
        serde_json::json!({ "anyOf": forms })
    }

    /// What is expected, as a warning says it.
    fn expected(&self) -> String {
        match &self.read {
            Read::Value(_) | Read::Told(_) => format!("{} is expected", self.expected),
            Read::Words(words) => {
                let words: Vec<&str> = words.iter().map(|(word, _)| *word).filter(|word| !word.is_empty()).collect();
                format!("one of {} is expected", words.join(", "))
            }
        }
    }

    /// The same as the documentation says it.
    pub(super) fn document(&self) -> String {
        match &self.read {
            Read::Value(_) | Read::Told(_) => self.document.to_string(),
            Read::Words(words) => {
                let shown = |(word, _): &(&str, T)| if word.is_empty() { "`''`".to_string() } else { format!("`{word}`") };
                format!("one of {}", words.iter().map(shown).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl<T: Clone> Kind<T> {
    /// None where the value is none of them.
    pub(super) fn read(&self, value: &Value) -> Option<T> {
        match &self.read {
            Read::Value(read) => read(value),
            Read::Told(read) => read(value).ok(),
            Read::Words(words) => {
                let text = match value {
                    Value::String(text) => text.as_str(),
                    Value::Bool(true) => "yes",
                    Value::Bool(false) => "no",
                    _ => return None,
                };
                words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, meaning)| meaning.clone())
            }
        }
    }

    /// Why a value is none of them, as a warning says it.
    pub(super) fn refusal(&self, value: &Value) -> Option<String> {
        match (&self.read, value) {
            (Read::Told(read), Value::String(_)) => read(value).err(),
            _ => self.read(value).is_none().then(|| self.expected()),
        }
    }
}

/// 0 to 2^31 - 1, a text of digits too.
const WHOLE: &str = r#"{"anyOf": [{"type": "integer", "minimum": 0, "maximum": 2147483647}, {"type": "string", "pattern": "^[0-9]+$"}]}"#;
const WHOLE_LIST: &str = r#"{"type": "array", "items":
    {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 2147483647}, {"type": "string", "pattern": "^[0-9]+$"}]}}"#;
const SIZE: &str =
    r#"{"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^[0-9]+[ \t]*(K|k|KiB|M|m|MiB|G|g|GiB)?$"}]}"#;
const PROBE_SCHEMA: &str = include_str!("probe.schema.json");

/// A whole number of seconds, 0 to 2^31 - 1, a text of digits too.
pub(super) static SECONDS: Kind<Duration> =
    Kind::new(seconds, "a whole number of seconds", "a whole number of seconds, 0 to 2147483647", WHOLE);
pub(super) static SECONDS_LIST: Kind<Vec<Duration>> = Kind::new(
    |value| value.as_array()?.iter().map(seconds).collect(),
    "a list of whole numbers of seconds",
    "a list of whole numbers of seconds, each 0 to 2147483647",
    WHOLE_LIST,
);
/// A whole number, 0 to 2^31 - 1, a text of digits too.
pub(super) static NUMBER: Kind<i32> = Kind::new(number, "a whole number", "a whole number, 0 to 2147483647", WHOLE);
pub(super) static NUMBER_LIST: Kind<Vec<i32>> = Kind::new(
    |value| value.as_array()?.iter().map(number).collect(),
    "a list of whole numbers",
    "a list of whole numbers, each 0 to 2147483647",
    WHOLE_LIST,
);
/// Routing or descriptor codes, as the parameter list of WTO has them.
pub(super) static WTO_CODES: Kind<Vec<u32>> = Kind::new(
    |value| {
        value
            .as_array()?
            .iter()
            .map(|code| number(code).and_then(|code| u32::try_from(code).ok()).filter(|code| (1..=16).contains(code)))
            .collect()
    },
    "a list of whole numbers from 1 to 16",
    "a list of whole numbers, each 1 to 16",
    r#"{"type": "array", "items": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 16}, {"type": "string", "pattern": "^0*([1-9]|1[0-6])$"}]}}"#,
);
pub(super) static BOOLEAN: Kind<bool> = Kind::new(
    boolean,
    "true or false",
    "`true` or `false`",
    r#"{"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": "^([tT][rR][uU][eE]|[fF][aA][lL][sS][eE])$"}]}"#,
);
/// A whole number of bytes, or a text of one with K, M or G (KiB, MiB, GiB) behind it.
pub(super) static BYTES: Kind<u64> = Kind::new(
    bytes,
    "a number of bytes, with K, M or G behind it if need be,",
    "a whole number of bytes, or one with `K`, `M` or `G` (KiB, MiB, GiB) behind it",
    SIZE,
);
/// As [`BYTES`], 1 MiB to 1 GiB.
pub(super) static LINE_BYTES: Kind<u64> = Kind::new(
    |value| bytes(value).filter(|bytes| (1 << 20..=1 << 30).contains(bytes)),
    "1M to 1G, a number of bytes, with K, M or G behind it if need be,",
    "a whole number of bytes, or one with `K`, `M` or `G` (KiB, MiB, GiB) behind it, `1M` to `1G`",
    SIZE,
);
pub(super) static COUNT: Kind<u32> = Kind::new(
    |value| number(value).and_then(|number| u32::try_from(number).ok()).filter(|number| *number <= 1000),
    "a whole number from 0 to 1000",
    "a whole number, 0 to 1000",
    r#"{"anyOf": [{"type": "integer", "minimum": 0, "maximum": 1000}, {"type": "string", "pattern": "^0*([0-9]{1,3}|1000)$"}]}"#,
);
/// 0: none.
pub(super) static PORT: Kind<u16> = Kind::new(
    |value| number(value).and_then(|number| u16::try_from(number).ok()),
    "a port from 1 to 65535, or 0,",
    "a port, 1 to 65535; 0: none",
    r#"{"anyOf": [{"type": "integer", "minimum": 0, "maximum": 65535}, {"type": "string", "pattern": "^[0-9]+$"}]}"#,
);
/// Names are not looked up.
pub(super) static IP_ADDRESSES: Kind<Vec<IpAddr>> = Kind::new(
    |value| value.as_array()?.iter().map(|address| address.as_str()?.trim().parse().ok()).collect(),
    "a list of IP addresses, as in ['127.0.0.1', '::1'],",
    "a list of IP addresses, as in `['127.0.0.1', '::1']`; names are not looked up",
    r#"{"type": "array", "items": {"type": "string", "pattern": "^[ \\t]*[0-9a-fA-F:.]+[ \\t]*$"}}"#,
);
/// How large a journal becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalLimits {
    /// Bytes of a file.
    pub size: u64,
    /// Earlier files.
    pub count: u32,
}

/// The sizes that apply where none are given.
const JOURNAL: JournalLimits = JournalLimits { size: 10 << 20, count: 3 };

/// None: no journal.
pub(super) static JOURNALS: Kind<Option<JournalLimits>> = Kind::new(
    journal,
    "false, or a mapping of size (bytes, with K, M or G behind it if need be, at least 64K) and count (0 to 1000)",
    "`false`, or a mapping of `size`, the bytes of the file beyond which a new one is begun (`64K` or more), and `count`, how many earlier \
    ones are kept (0 to 1000), `.1` the youngest",
    r#"{"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": "^([tT][rR][uU][eE]|[fF][aA][lL][sS][eE])$"},
        {"type": "object", "additionalProperties": false, "properties": {"size": {"type": ["integer", "string"]}, "count": {"type": ["integer", "string"]}}}]}"#,
);
pub(super) static TEXT_LIST: Kind<Vec<String>> =
    Kind::new(texts, "a list of texts", "a list of texts", r#"{"type": "array", "items": {"type": ["string", "number"]}}"#);
pub(super) static TEXT: Kind<String> = Kind::new(|value| value.as_str().map(str::to_owned), "a text", "a text", r#"{"type": "string"}"#);
/// `TERM` or `SIGTERM`, without regard to case; its number on this system.
pub(super) static SIGNAL: Kind<i32> = Kind::new(
    |value| value.as_str().and_then(crate::platform::unix::signal_number),
    "the name of a signal, as in TERM or SIGTERM",
    "the name of a signal, with or without `SIG`, as in `TERM`",
    r#"{"type": "string", "pattern": "^[A-Za-z0-9+-]+$"}"#,
);
pub(super) static TIME_ZONES: Kind<Zone> = Kind {
    read: Read::Told(|value| Zone::named(value.as_str().unwrap_or_default())),
    expected: "a text such as 'Europe/Berlin' or '+02:00'",
    schema: r#"{"type": "string"}"#,
    document: "a name of the IANA time zone database that the system has, hours ahead of UTC such as `+02:00`, or a POSIX TZ text such as \
    `CET-1CEST,M3.5.0,M10.5.0/3`. POSIX counts hours behind UTC: `UTC+2`, `GMT+1`, `CET+1` and their like, by which people mean hours \
    ahead, are refused; `Etc/GMT+2`, and an unknown name with hours, are warned of with what they mean",
};
/// None: all of them, in their order.
pub(super) static CONSOLE_INTERFACES: Kind<Option<Interface>> = Kind {
    read: Read::Told(|value| match value.as_str() {
        Some(text) if text.trim().is_empty() => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|error: NoInterface| error.to_string()),
        None => Err("the name of a console interface, or the path of a program is expected".to_owned()),
    }),
    expected: "the name of a console interface, or the path of a program",
    schema: r#"{"type": "string"}"#,
    document: "`opercmd.rex`, `zoweax`, `opercmd` (IBM Z Open Automation Utilities), `tsocmd`, or the absolute path of a program of the site \
    that is called with the command as its one argument; empty: each of the four in this order",
};
/// Names and values, kept as they are written.
pub(super) static MAPPING: Kind<()> = Kind::new(
    |value| value.is_object().then_some(()),
    "a mapping",
    "a mapping of names to texts, numbers, booleans or null",
    r#"{"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}}"#,
);
/// Read by floor 2, which knows the component.
pub(super) static PROBE: Kind<()> = Kind::new(
    |_| Some(()),
    "",
    "a text that a line of the component's output holds (`*` stands for anything), `none`, or a mapping of one of `log` (text, list of \
    texts, or `message` and `file`), `tcp` (`port`, `host`), `http`, `https` (`port`, `host`, `path`, `status`), `command`, and `interval` (5 s), `timeout` (5 s), `failureThreshold` (3)",
    PROBE_SCHEMA,
);

pub(super) static SHARE_AS_WORDS: Kind<ShareAs> =
    Kind::words(&[("no", ShareAs::No), ("yes", ShareAs::Yes), ("must", ShareAs::Must), ("", ShareAs::Yes)]);
pub(super) static ON_FAILURE: Kind<OnFailure> = Kind::words(&[("warn", OnFailure::Warn), ("exit", OnFailure::Exit)]);
pub(super) static STAY: Kind<bool> = Kind::words(&[("exit", false), ("stay", true)]);
pub(super) static IGNORE: Kind<bool> = Kind::words(&[("exit", false), ("ignore", true)]);
pub(super) static REJECT: Kind<bool> = Kind::words(&[("restart", false), ("reject", true)]);
pub(super) static STRICT: Kind<bool> = Kind::words(&[("COMPONENT-COMPAT", false), ("STRICT", true)]);

/// The values of `zowe.launchScript.logLevel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogLevel {
    #[default]
    Info,
    Debug,
    Trace,
}
pub(super) static LOG_LEVELS: Kind<LogLevel> =
    Kind::words(&[("info", LogLevel::Info), ("debug", LogLevel::Debug), ("trace", LogLevel::Trace), ("", LogLevel::Info)]);

/// The values of each of `zowe.launchScript.startupChecks`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StartupCheck {
    /// A fault ends the start.
    #[default]
    Exit,
    Warn,
    Disabled,
}
pub(super) static STARTUP_CHECK: Kind<StartupCheck> =
    Kind::words(&[("exit", StartupCheck::Exit), ("warn", StartupCheck::Warn), ("disabled", StartupCheck::Disabled)]);

fn journal(value: &Value) -> Option<Option<JournalLimits>> {
    let Value::Object(map) = value else { return Some(boolean(value)?.then_some(JOURNAL)) };
    let mut limits = JOURNAL;
    for (key, value) in map {
        match key.as_str() {
            "size" => limits.size = bytes(value).filter(|size| *size >= 64 << 10)?,
            "count" => limits.count = number(value).and_then(|number| u32::try_from(number).ok()).filter(|count| *count <= 1000)?,
            _ => return None,
        }
    }
    Some(Some(limits))
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    let text = |item: &Value| match item {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    value.as_array()?.iter().map(text).collect()
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
