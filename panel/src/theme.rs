//! How things look: with sixteen colours or none, on dark and on light terminals. The text's own colour is the terminal's.

use crate::model::{Condition, Level};
use ratatui::style::{Color, Modifier, Style};

/// Whether there is colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    Colours,
    None,
}

impl Theme {
    /// As NO_COLOR and the kind of terminal want it.
    #[must_use]
    pub fn of(no_color: bool, term: &str) -> Theme {
        if no_color || term.is_empty() || term == "dumb" || term.starts_with("vt") { Theme::None } else { Theme::Colours }
    }

    fn colour(self, colour: Color) -> Style {
        match self {
            Theme::Colours => Style::new().fg(colour),
            Theme::None => Style::new(),
        }
    }

    #[must_use]
    pub fn condition(self, condition: Condition) -> Style {
        match condition {
            Condition::Good => self.colour(Color::Green),
            Condition::Busy => self.colour(Color::Yellow),
            Condition::Failed => self.colour(Color::Red).add_modifier(Modifier::BOLD),
            Condition::Off => Style::new().add_modifier(Modifier::DIM),
        }
    }

    #[must_use]
    pub fn level(self, level: Level) -> Style {
        match level {
            Level::Error => self.colour(Color::Red).add_modifier(Modifier::BOLD),
            Level::Warning => self.colour(Color::Yellow),
            Level::Information => Style::new(),
            Level::Debug => Style::new().add_modifier(Modifier::DIM),
        }
    }

    /// Headings, and letters that are keys.
    #[must_use]
    pub fn heading(self) -> Style {
        self.colour(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// Times and what is said beside.
    #[must_use]
    pub fn quiet(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// The row that is chosen.
    #[must_use]
    pub fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// What was looked for.
    #[must_use]
    pub fn found(self) -> Style {
        match self {
            Theme::Colours => Style::new().fg(Color::Black).bg(Color::Yellow),
            Theme::None => Style::new().add_modifier(Modifier::REVERSED),
        }
    }
}
