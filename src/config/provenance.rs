//! Who set a value: the user's sources or the runtime's defaults, as a text or by a template.

use super::node::NodeValue;
use super::{Configuration, Location, load, lookup};

impl Configuration {
    /// [`Configuration::place`] without the overlay.
    pub fn base_place(&self, path: &[&str]) -> Location {
        load::show(&self.names, self.base_tree.place_of(path))
    }

    /// True if a source of the user, and not the runtime's `files/defaults.yaml`, sets the value, the overlay left aside.
    pub fn is_set_by_user(&self, path: &[&str]) -> bool {
        let source = self.base_tree.place_of(path).source;
        lookup(self.base(), path).is_some() && usize::try_from(source).is_ok_and(|source| source < self.sources.len())
    }

    /// The text of the template that gave the value at a path, or a part of it, without the overlay; None for what no template gave.
    pub fn template_at(&self, path: &[&str]) -> Option<&str> {
        (0..=path.len()).find_map(|count| match &self.raw_tree.at(path.get(..count)?)?.value {
            NodeValue::Template(text) => Some(text.as_str()),
            _ => None,
        })
    }
}
