//! In which order components are shown.

use crate::model::Component;
use std::cmp::Ordering;

/// A column of the components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Column {
    /// As the instance starts them.
    #[default]
    Instance,
    Name,
    /// What is wrong first.
    State,
    Uptime,
    Restarts,
    Cpu,
    Memory,
}

/// The order that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Order {
    pub column: Column,
    pub reversed: bool,
}

impl Order {
    /// By the next column.
    pub fn next(&mut self) {
        use Column::{Cpu, Instance, Memory, Name, Restarts, State, Uptime};
        self.column = match self.column {
            Instance => Name,
            Name => State,
            State => Uptime,
            Uptime => Restarts,
            Restarts => Cpu,
            Cpu => Memory,
            Memory => Instance,
        };
        self.reversed = false;
    }

    /// Equal ones stay as the instance has them. Figures begin with the greatest, and what has none comes last.
    pub fn sort(self, rows: &mut Vec<&Component>) {
        let order = |left: &&Component, right: &&Component| match self.column {
            Column::Instance => Ordering::Equal,
            Column::Name => left.name.cmp(&right.name),
            Column::State => left.condition.cmp(&right.condition),
            Column::Uptime => right.started.cmp(&left.started),
            Column::Restarts => right.restarts.cmp(&left.restarts),
            Column::Cpu => right.cpu.unwrap_or(-1.0).total_cmp(&left.cpu.unwrap_or(-1.0)),
            Column::Memory => right.memory.cmp(&left.memory),
        };
        rows.sort_by(order);
        if self.reversed {
            rows.reverse();
        }
    }
}
