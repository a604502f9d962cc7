//! The screen of `zwelnch panel`. It shows what it is told ([`Update`]) and says what its user wants ([`Request`]); where that comes from
//! and goes to is a [`Source`]'s. The state is pure ([`App`]), the terminal is at the edge ([`run`]).

mod app;
mod input;
mod keys;
mod model;
mod order;
mod pane;
mod sixteen;
mod terminal;
mod theme;
mod view;

#[cfg(test)]
mod tests;

pub use app::App;
pub use model::{Component, Condition, Instance, Lane, Level, Line, Request, Row, Source, Span, Table, Update};
pub use terminal::{Error, Left, Options, Sender, Updates, end_by, run, updates};
pub use theme::Theme;

use std::time::SystemTime;

/// What the screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum View {
    Components,
    Log,
    Events,
    Chart,
    HighAvailability,
    Configuration,
    System,
}

impl View {
    /// In the order of their keys.
    pub const ALL: [View; 7] =
        [View::Components, View::Log, View::Events, View::Chart, View::HighAvailability, View::Configuration, View::System];

    /// As its tab is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            View::Components => "components",
            View::Log => "log",
            View::Events => "events",
            View::Chart => "chart",
            View::HighAvailability => "HA",
            View::Configuration => "configuration",
            View::System => "system",
        }
    }
}

/// What time it is while a frame is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) now: SystemTime,
}
