//! What the panel is told, and what it asks for. Nothing here knows where it comes from: a journal, a console, a file on another system.

use std::time::SystemTime;

/// What a row's colour says. The words beside it say the same: colour is never alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Condition {
    /// Ended in error, or has something that is wrong.
    Failed,
    /// On its way, or running and not ready.
    Busy,
    /// As it should be.
    Good,
    /// Not running, and not meant to.
    #[default]
    Off,
}

/// One component, as its instance last told of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Component {
    pub name: String,
    pub condition: Condition,
    /// The word that DISP shows.
    pub state: String,
    /// Whether it is ready; without a value it says nothing of that.
    pub ready: Option<bool>,
    pub pid: Option<i32>,
    /// When its process was created.
    pub started: Option<SystemTime>,
    /// How often it was restarted in this run.
    pub restarts: u64,
    /// In hundredths of one processor.
    pub cpu: Option<f64>,
    /// In bytes.
    pub memory: Option<u64>,
    pub port: Option<u16>,
    /// How its last process ended.
    pub last_end: Option<String>,
}

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    Debug,
    #[default]
    Information,
    Warning,
    Error,
}

/// A line of output, or an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// As it is to be shown: the source knows the time zone.
    pub time: String,
    /// Empty: the launcher's own.
    pub component: String,
    pub level: Level,
    pub text: String,
}

/// A span of a start, in microseconds after its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// `validate`, `start`, …
    pub name: String,
    pub from: u64,
    /// Without a value: not ended yet, or nobody tells.
    pub to: Option<u64>,
}

/// One lane of the chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    pub name: String,
    /// Whether the start took as long as it did because of this one.
    pub is_critical: bool,
    pub spans: Vec<Span>,
}

/// A table whose meaning only its source knows: HA instances, settings, jobs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
    /// What is to be said below it: an upgrade in progress, why there is nothing.
    pub notes: Vec<String>,
}

/// A row of a [`Table`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    pub condition: Option<Condition>,
    pub cells: Vec<String>,
}

/// Who is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Instance {
    pub job: String,
    pub instance: String,
    pub system: String,
    pub version: String,
    /// Why no commands reach it, as a message; without a value they do. A journal that is read from afar takes none.
    pub refusal: Option<String>,
}

/// What is new.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    Instance(Instance),
    /// All components, in the instance's order; replaces what was known.
    Components(Vec<Component>),
    /// One of them has changed.
    Component(Component),
    Log(Vec<Line>),
    Events(Vec<Line>),
    Chart(Vec<Lane>),
    HighAvailability(Table),
    Configuration(Table),
    System(Table),
    /// Lines of SYSLOG.
    SystemLog(Vec<Line>),
    /// What a command was answered.
    Answer {
        command: String,
        lines: Vec<String>,
    },
    /// Something was not seen, and why.
    Lost(String),
    /// The source has ended, and why; what is shown stays.
    Ended(String),
}

/// What the user wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// An operator command, as it would be typed.
    Command(String),
    /// Start, stop or restart a component: the source knows how it is said to its instance.
    Start(String),
    Stop(String),
    Restart(String),
    Display(String),
    /// What a view shows is wanted anew.
    Refresh(crate::View),
}

/// Where updates come from and requests go to.
pub trait Source {
    /// Never waits: what it leads to comes as an [`Update`].
    fn request(&self, request: Request);
    /// What may stand where the cursor is: whole lines that begin with what is typed.
    fn complete(&self, typed: &str) -> Vec<String>;
}

/// The bytes as people read them: `812K`, `1.4G`.
#[must_use]
pub(crate) fn bytes(count: u64) -> String {
    let mut value = count as f64;
    for unit in ["B", "K", "M", "G"] {
        if value < 999.5 {
            return if unit == "B" || value >= 9.95 { format!("{value:.0}{unit}") } else { format!("{value:.1}{unit}") };
        }
        value /= 1024.0;
    }
    format!("{value:.1}T")
}

/// How long ago, in its largest unit, and in how many seconds that text will be another.
#[must_use]
pub(crate) fn age(seconds: u64) -> (String, u64) {
    let (unit, letter) = match seconds {
        0..60 => (1, 's'),
        60..3_600 => (60, 'm'),
        3_600..86_400 => (3_600, 'h'),
        _ => (86_400, 'd'),
    };
    (format!("{}{letter}", seconds / unit), unit - seconds % unit)
}

/// Microseconds as people read them: `3.21s`, `45ms`.
#[must_use]
pub(crate) fn duration(microseconds: u64) -> String {
    match microseconds {
        0..10_000 => format!("{:.1}ms", microseconds as f64 / 1e3),
        10_000..1_000_000 => format!("{}ms", microseconds / 1_000),
        1_000_000..60_000_000 => format!("{:.2}s", microseconds as f64 / 1e6),
        _ => format!("{}min {}s", microseconds / 60_000_000, microseconds / 1_000_000 % 60),
    }
}
