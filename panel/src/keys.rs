//! What a key means. One table: the screen's foot, the help and the program cannot differ.

use crate::View;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key does where no text is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    View(View),
    NextView,
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
    Left,
    Right,
    Open,
    Back,
    Filter,
    Next,
    Previous,
    Command,
    Help,
    Quit,
    Refresh,
    Follow,
    Wrap,
    Sort,
    Reverse,
    Faults,
    /// A letter of the NP column.
    Line(char),
}

/// Which views a key belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Where {
    Everywhere,
    Components,
    Lines,
}

/// A key, what it does and the words for it.
pub(crate) struct Binding {
    pub code: KeyCode,
    pub control: bool,
    pub place: Where,
    pub action: Action,
    /// As it is shown; empty: another line of the table shows it.
    pub label: &'static str,
    pub meaning: &'static str,
}

const fn key(code: KeyCode, place: Where, action: Action, label: &'static str, meaning: &'static str) -> Binding {
    Binding { code, control: false, place, action, label, meaning }
}

const fn control(letter: char, place: Where, action: Action, label: &'static str, meaning: &'static str) -> Binding {
    Binding { code: KeyCode::Char(letter), control: true, place, action, label, meaning }
}

use Where::{Components, Everywhere, Lines};

/// All of them. The first that fits counts.
pub(crate) const BINDINGS: &[Binding] = &[
    key(KeyCode::Char('1'), Everywhere, Action::View(View::Components), "1", "components"),
    key(KeyCode::Char('2'), Everywhere, Action::View(View::Log), "2", "log"),
    key(KeyCode::Char('3'), Everywhere, Action::View(View::Events), "3", "events"),
    key(KeyCode::Char('4'), Everywhere, Action::View(View::Chart), "4", "chart of the last start"),
    key(KeyCode::Char('5'), Everywhere, Action::View(View::HighAvailability), "5", "HA instances"),
    key(KeyCode::Char('6'), Everywhere, Action::View(View::Configuration), "6", "configuration"),
    key(KeyCode::Char('7'), Everywhere, Action::View(View::System), "7", "system: jobs and SYSLOG"),
    key(KeyCode::Tab, Everywhere, Action::NextView, "Tab", "next view"),
    key(KeyCode::Up, Everywhere, Action::Up, "up, k", "a line up"),
    key(KeyCode::Char('k'), Everywhere, Action::Up, "", ""),
    key(KeyCode::Down, Everywhere, Action::Down, "down, j", "a line down"),
    key(KeyCode::Char('j'), Everywhere, Action::Down, "", ""),
    key(KeyCode::PageUp, Everywhere, Action::PageUp, "PgUp, F7", "a page up"),
    key(KeyCode::F(7), Everywhere, Action::PageUp, "", ""),
    key(KeyCode::PageDown, Everywhere, Action::PageDown, "PgDn, F8", "a page down"),
    key(KeyCode::F(8), Everywhere, Action::PageDown, "", ""),
    key(KeyCode::Home, Everywhere, Action::Top, "Home, g", "the first line"),
    key(KeyCode::Char('g'), Everywhere, Action::Top, "", ""),
    key(KeyCode::End, Everywhere, Action::Bottom, "End, G", "the last line; a log follows again"),
    key(KeyCode::Char('G'), Everywhere, Action::Bottom, "", ""),
    key(KeyCode::Left, Everywhere, Action::Left, "left, F10", "to the left"),
    key(KeyCode::F(10), Everywhere, Action::Left, "", ""),
    key(KeyCode::Right, Everywhere, Action::Right, "right, F11", "to the right"),
    key(KeyCode::F(11), Everywhere, Action::Right, "", ""),
    key(KeyCode::Enter, Everywhere, Action::Open, "Enter", "the row's log, or what stands in NP"),
    key(KeyCode::Esc, Everywhere, Action::Back, "Esc, F3", "back; takes back a filter or a letter in NP"),
    key(KeyCode::F(3), Everywhere, Action::Back, "", ""),
    key(KeyCode::Char('/'), Everywhere, Action::Filter, "/", "only rows with this (an expression); in a log: find it"),
    key(KeyCode::Char('n'), Everywhere, Action::Next, "n, F5", "the next place that was found"),
    key(KeyCode::F(5), Everywhere, Action::Next, "", ""),
    key(KeyCode::Char('N'), Everywhere, Action::Previous, "N", "the place before"),
    key(KeyCode::Char(':'), Everywhere, Action::Command, ":", "an operator command; Tab completes, up and down recall"),
    key(KeyCode::Char('?'), Everywhere, Action::Help, "?, F1", "this help"),
    key(KeyCode::F(1), Everywhere, Action::Help, "", ""),
    key(KeyCode::Char('q'), Everywhere, Action::Quit, "q, Ctrl-C", "leave the panel"),
    control('c', Everywhere, Action::Quit, "", ""),
    control('r', Everywhere, Action::Refresh, "Ctrl-R", "ask anew for what the view shows"),
    key(KeyCode::Char('f'), Lines, Action::Follow, "f", "follow what is new, or stand still"),
    key(KeyCode::Char('w'), Lines, Action::Wrap, "w", "wrap long lines, or not"),
    key(KeyCode::Char('o'), Components, Action::Sort, "o", "order by the next column"),
    key(KeyCode::Char('O'), Components, Action::Reverse, "O", "the other way round"),
    control('z', Components, Action::Faults, "Ctrl-Z", "only what is not as it should be"),
    key(KeyCode::Char('S'), Components, Action::Line('S'), "S", "in NP: start"),
    key(KeyCode::Char('P'), Components, Action::Line('P'), "P", "in NP: stop (asks)"),
    key(KeyCode::Char('R'), Components, Action::Line('R'), "R", "in NP: restart (asks)"),
    key(KeyCode::Char('D'), Components, Action::Line('D'), "D", "in NP: display"),
    key(KeyCode::Char('L'), Components, Action::Line('L'), "L", "in NP: its log"),
    key(KeyCode::Char('l'), Components, Action::Open, "", ""),
];

/// What the key means in the view.
#[must_use]
pub(crate) fn action(key: KeyEvent, view: View) -> Option<Action> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let fits = |binding: &&Binding| binding.code == key.code && binding.control == control && belongs(binding.place, view);
    BINDINGS.iter().find(fits).map(|binding| binding.action)
}

/// Whether what belongs to a place is there in the view.
#[must_use]
pub(crate) fn belongs(place: Where, view: View) -> bool {
    match place {
        Everywhere => true,
        Components => view == View::Components,
        Lines => matches!(view, View::Log | View::Events),
    }
}

/// The lines of the help, for the view.
pub(crate) fn help(view: View) -> impl Iterator<Item = (&'static str, &'static str)> {
    BINDINGS
        .iter()
        .filter(move |binding| !binding.label.is_empty() && belongs(binding.place, view))
        .map(|binding| (binding.label, binding.meaning))
}
