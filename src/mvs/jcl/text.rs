//! Text with places.

use super::Position;

/// A piece of a statement, each character with its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub characters: Vec<(char, Position)>,
}

impl Text {
    pub(super) fn string(&self) -> String {
        self.characters.iter().map(|(character, _)| *character).collect()
    }
}
