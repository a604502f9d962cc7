//! What the panel knows and where its user stands. Pure: keys and updates in, requests out, a frame drawn from it; no clock, no file.

use crate::View;
use crate::input::{Input, Purpose, Typed};
use crate::keys::{Action, action};
use crate::model::{Component, Condition, Instance, Lane, Request, Source, Table, Update};
use crate::order::{Column, Order};
use crate::pane::Pane;
use crate::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent};
use regex::Regex;

/// Something that ends what others may be using, asked for once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    pub question: String,
    /// Without a value: the panel is left.
    pub request: Option<Request>,
}

/// A table and where one is in it.
#[derive(Debug, Default)]
pub struct Sheet {
    pub table: Table,
    pub chosen: usize,
    /// The first row shown; kept by drawing.
    pub top: usize,
    /// Whether it was ever told: before, it is on its way.
    pub is_known: bool,
}

/// A command and what it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub command: String,
    pub lines: Vec<String>,
}

/// The panel.
#[derive(Debug)]
pub struct App {
    pub theme: Theme,
    pub view: View,
    /// The views that Esc goes back to.
    back: Vec<View>,
    pub instance: Instance,
    components: Vec<Component>,
    /// By its name: rows move, and what is stopped must be what was chosen.
    pub chosen: Option<String>,
    /// The letter in the NP column, and whose row it stands in.
    pub line_command: Option<(String, char)>,
    pub order: Order,
    pub only_faults: bool,
    pub filter: Option<Regex>,
    pub log: Pane,
    pub events: Pane,
    pub system_log: Pane,
    pub chart: Vec<Lane>,
    pub chart_top: usize,
    pub high_availability: Sheet,
    pub configuration: Sheet,
    pub system: Sheet,
    pub input: Option<Input>,
    history: Vec<String>,
    pub confirmation: Option<Confirmation>,
    /// The help, and its first line.
    pub help: Option<usize>,
    pub answer: Option<Answer>,
    /// One line of what went wrong or was done.
    pub notice: Option<String>,
    pub ended: Option<String>,
    /// Rows of the body when it was drawn last.
    pub body: usize,
    pub left: bool,
    /// What is asked before it is left, where that ends what others may be using.
    pub leave: Option<String>,
}

impl App {
    /// A panel that has been told nothing yet.
    #[must_use]
    pub fn new(theme: Theme) -> App {
        App {
            theme,
            leave: None,
            view: View::Components,
            back: Vec::new(),
            instance: Instance::default(),
            components: Vec::new(),
            chosen: None,
            line_command: None,
            order: Order::default(),
            only_faults: false,
            filter: None,
            log: Pane::default(),
            events: Pane::default(),
            system_log: Pane::default(),
            chart: Vec::new(),
            chart_top: 0,
            high_availability: Sheet::default(),
            configuration: Sheet::default(),
            system: Sheet::default(),
            input: None,
            history: Vec::new(),
            confirmation: None,
            help: None,
            answer: None,
            notice: None,
            ended: None,
            body: 20,
            left: false,
        }
    }

    /// Takes in what is new.
    pub fn apply(&mut self, update: Update) {
        let fill = |sheet: &mut Sheet, table: Table| {
            sheet.chosen = sheet.chosen.min(table.rows.len().saturating_sub(1));
            (sheet.table, sheet.is_known) = (table, true);
        };
        match update {
            // A new run: what was said of the end of the one before is over.
            Update::Instance(instance) => (self.instance, self.ended) = (instance, None),
            Update::Components(components) => self.components = components,
            Update::Component(component) => match self.components.iter_mut().find(|known| known.name == component.name) {
                Some(known) => *known = component,
                None => self.components.push(component),
            },
            Update::Log(lines) => self.log.add(lines),
            Update::Events(lines) => self.events.add(lines),
            Update::SystemLog(lines) => self.system_log.add(lines),
            Update::Chart(lanes) => self.chart = lanes,
            Update::HighAvailability(table) => fill(&mut self.high_availability, table),
            Update::Configuration(table) => fill(&mut self.configuration, table),
            Update::System(table) => fill(&mut self.system, table),
            Update::Answer { command, lines } => self.answer = Some(Answer { command, lines }),
            Update::Lost(text) => self.notice = Some(text),
            Update::Ended(text) => self.ended = Some(text),
        }
    }

    /// The components that are shown, in the order that is wanted.
    #[must_use]
    pub fn rows(&self) -> Vec<&Component> {
        let wanted = |component: &&Component| {
            (!self.only_faults || matches!(component.condition, Condition::Failed | Condition::Busy))
                && self.filter.as_ref().is_none_or(|filter| filter.is_match(&component.name) || filter.is_match(&component.state))
        };
        let mut rows: Vec<&Component> = self.components.iter().filter(wanted).collect();
        self.order.sort(&mut rows);
        rows
    }

    /// All components that are known.
    #[must_use]
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// The row that is chosen, among [`App::rows`].
    #[must_use]
    pub fn chosen_row(&self) -> usize {
        let rows = self.rows();
        self.chosen.as_ref().and_then(|name| rows.iter().position(|row| row.name == *name)).unwrap_or(0)
    }

    fn chosen_name(&self) -> Option<String> {
        let rows = self.rows();
        rows.get(self.chosen_row()).map(|row| row.name.clone())
    }

    /// One key.
    pub fn key(&mut self, key: KeyEvent, source: &dyn Source) {
        self.notice = None;
        if let Some(confirmation) = self.confirmation.take() {
            return match key.code {
                KeyCode::Char('y' | 'Y') => match confirmation.request {
                    Some(request) => source.request(request),
                    None => self.left = true,
                },
                _ => self.notice = Some("Nothing was done".to_owned()),
            };
        }
        if let Some(input) = &mut self.input {
            return match input.key(key, &self.history, source) {
                Typed::Going => {}
                Typed::Left => self.input = None,
                Typed::Done(purpose, text) => {
                    self.input = None;
                    self.typed(purpose, &text, source);
                }
            };
        }
        match action(key, self.view) {
            Some(action) => self.act(action, source),
            None => self.help = None,
        }
    }

    fn typed(&mut self, purpose: Purpose, text: &str, source: &dyn Source) {
        let text = text.trim();
        if purpose == Purpose::Command {
            if !text.is_empty() {
                self.history.retain(|line| line != text);
                self.history.push(text.to_owned());
                self.command(Request::Command(text.to_owned()), source);
            }
            return;
        }
        let expression = match text {
            "" => None,
            text => match regex::RegexBuilder::new(text).case_insensitive(true).size_limit(1 << 20).build() {
                Ok(expression) => Some(expression),
                // What is no expression is looked for as it stands.
                Err(_) => regex::RegexBuilder::new(&regex::escape(text)).case_insensitive(true).build().ok(),
            },
        };
        match self.pane() {
            Some(pane) => {
                (pane.find, pane.found) = (expression, None);
                if pane.find.is_some() && !pane.find_next(true) {
                    self.notice = Some(format!("{text} was not found"));
                }
            }
            None => self.filter = expression,
        }
    }

    fn command(&mut self, request: Request, source: &dyn Source) {
        match &self.instance.refusal {
            None => source.request(request),
            Some(refusal) => self.notice = Some(refusal.clone()),
        }
    }

    fn pane(&mut self) -> Option<&mut Pane> {
        match self.view {
            View::Log => Some(&mut self.log),
            View::Events => Some(&mut self.events),
            _ => None,
        }
    }

    fn sheet(&mut self) -> Option<&mut Sheet> {
        match self.view {
            View::HighAvailability => Some(&mut self.high_availability),
            View::Configuration => Some(&mut self.configuration),
            View::System => Some(&mut self.system),
            _ => None,
        }
    }

    fn show(&mut self, view: View, source: &dyn Source) {
        if view != self.view {
            self.back.retain(|other| *other != view);
            self.back.push(self.view);
            self.view = view;
            self.line_command = None;
            self.filter = None;
            self.answer = None;
        }
        source.request(Request::Refresh(view));
    }

    fn act(&mut self, action: Action, source: &dyn Source) {
        if let Some(top) = &mut self.help {
            return match action {
                Action::Up => *top = top.saturating_sub(1),
                Action::Down => *top += 1,
                Action::PageUp => *top = top.saturating_sub(self.body),
                Action::PageDown => *top += self.body,
                Action::Quit => self.leave(),
                _ => self.help = None,
            };
        }
        match action {
            Action::View(view) => {
                if view == View::Log {
                    self.log.show(None);
                }
                self.show(view, source);
            }
            Action::NextView => {
                let next = View::ALL.iter().position(|view| *view == self.view).map_or(0, |at| (at + 1) % View::ALL.len());
                self.show(View::ALL[next], source);
            }
            Action::Help => self.help = Some(0),
            Action::Quit => self.leave(),
            Action::Refresh => source.request(Request::Refresh(self.view)),
            Action::Back => self.go_back(source),
            Action::Filter => self.input = Some(Input::new(Purpose::Filter)),
            Action::Command => {
                // The answer to the one before has been read.
                self.answer = None;
                self.input = Some(Input::new(Purpose::Command));
            }
            Action::Open => self.open(source),
            Action::Line(letter) => self.line_command = self.chosen_name().map(|name| (name, letter)),
            Action::Sort => self.order.next(),
            Action::Reverse => self.order.reversed = !self.order.reversed,
            Action::Faults => self.only_faults = !self.only_faults,
            Action::Next | Action::Previous => {
                if self.pane().is_some_and(|pane| pane.find.is_some() && !pane.find_next(action == Action::Previous)) {
                    self.notice = Some("It was not found".to_owned());
                }
            }
            Action::Follow => {
                if let Some(pane) = self.pane() {
                    if pane.follows() { pane.stand_still() } else { pane.follow() }
                }
            }
            Action::Wrap => {
                if let Some(pane) = self.pane() {
                    pane.wrap = !pane.wrap;
                }
            }
            Action::Left | Action::Right => {
                if let Some(pane) = self.pane() {
                    pane.left =
                        if action == Action::Left { pane.left.saturating_sub(20) } else { (pane.left + 20).min(crate::pane::LONGEST) };
                }
            }
            Action::Up => self.go(-1),
            Action::Down => self.go(1),
            Action::PageUp => self.page(-1),
            Action::PageDown => self.page(1),
            Action::Top => self.go_to_end(true),
            Action::Bottom => self.go_to_end(false),
        }
    }

    fn leave(&mut self) {
        match self.leave.clone() {
            Some(question) => self.confirmation = Some(Confirmation { question, request: None }),
            None => self.left = true,
        }
    }

    fn go_back(&mut self, source: &dyn Source) {
        if self.line_command.take().is_some() || self.answer.take().is_some() || self.filter.take().is_some() {
            return;
        }
        if self.pane().is_some_and(|pane| pane.find.take().is_some()) {
            return;
        }
        if let Some(view) = self.back.pop() {
            self.view = view;
            source.request(Request::Refresh(view));
        }
    }

    /// Enter: what stands in NP, or the row's log.
    fn open(&mut self, source: &dyn Source) {
        if self.view != View::Components {
            return;
        }
        let Some((name, letter)) = self.line_command.take().or_else(|| self.chosen_name().map(|name| (name, 'L'))) else { return };
        match letter {
            'S' => self.command(Request::Start(name), source),
            'D' => self.command(Request::Display(name), source),
            'P' | 'R' if self.instance.refusal.is_some() => self.command(Request::Stop(name), source),
            'P' => self.ask(format!("Stop {name}?"), Request::Stop(name)),
            'R' => self.ask(format!("Restart {name}?"), Request::Restart(name)),
            _ => {
                self.log.show(Some(name));
                self.show(View::Log, source);
            }
        }
    }

    fn ask(&mut self, question: String, request: Request) {
        self.confirmation = Some(Confirmation { question, request: Some(request) });
    }

    fn go(&mut self, by: isize) {
        if let Some(pane) = self.pane() {
            return pane.scroll(by);
        }
        if self.view == View::Chart {
            self.chart_top = self.chart_top.saturating_add_signed(by).min(self.chart.len().saturating_sub(1));
        } else if let Some(sheet) = self.sheet() {
            sheet.chosen = sheet.chosen.saturating_add_signed(by).min(sheet.table.rows.len().saturating_sub(1));
        } else {
            let row = self.chosen_row().saturating_add_signed(by);
            let rows = self.rows();
            self.chosen = rows.get(row.min(rows.len().saturating_sub(1))).map(|row| row.name.clone());
        }
    }

    fn page(&mut self, direction: isize) {
        let by = direction * isize::try_from(self.body.saturating_sub(1).max(1)).unwrap_or(1);
        match self.pane() {
            Some(pane) => pane.page(direction),
            None => self.go(by),
        }
    }

    fn go_to_end(&mut self, first: bool) {
        match self.pane() {
            Some(pane) => {
                if first {
                    pane.go_to_first();
                } else {
                    pane.follow();
                }
            }
            None => self.go(if first { isize::MIN } else { isize::MAX }),
        }
    }

    /// What the order column's heading shows.
    #[must_use]
    pub fn is_ordered_by(&self, column: Column) -> bool {
        self.order.column == column
    }
}
