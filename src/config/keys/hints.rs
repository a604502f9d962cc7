//! Where a key that is not known at its place belongs.

use super::names::{self, Part};
use super::{COMPONENTS, documented, moved, near};
use crate::config::overlay;
use crate::config::schema::Root;
use serde_json::Value;

/// A hint names at most as many places where a key is known; more would not help.
const MAXIMUM_PLACES: usize = 3;

/// The keys that one configuration may have.
pub(in crate::config) struct Keys<'a> {
    /// The top level, as the runtime's schema of configurations defines it.
    pub(super) ruled: Vec<Part<'a>>,
    /// The top level, as everything else defines it: documentation, the launcher's own settings, defaults.
    pub(super) known: Vec<Part<'a>>,
    /// Names of components: configured, installed, and those of Zowe.
    pub(super) components: Vec<String>,
}

impl<'a> Keys<'a> {
    /// `schema`: that of configurations, where there is one; `defaults`: the keys of the runtime's own defaults, in the form of a schema.
    pub(in crate::config) fn new(schema: Option<Root<'a>>, defaults: &'a Value, components: impl Iterator<Item = String>) -> Self {
        let known = [names::plain(documented()), names::plain(defaults)].concat();
        let components = components.chain(COMPONENTS.iter().map(|name| (*name).to_owned())).collect();
        Keys { ruled: schema.map(names::whole).unwrap_or_default(), known, components }
    }

    /// All names at a place.
    pub(super) fn names(ruled: &[Part<'a>], known: &[Part<'a>]) -> Vec<&'a str> {
        let mut names = names::keys(ruled);
        names.extend(names::keys(known).into_iter().filter(|key| !names.contains(key)).collect::<Vec<_>>());
        names
    }

    fn names_at(&self, path: &[&str]) -> Vec<&'a str> {
        Self::names(&names::at(&self.ruled, path), &names::at(&self.known, path))
    }

    /// The sections of the top level.
    pub(super) fn sections(&self) -> Vec<&'a str> {
        Self::names(&self.ruled, &self.known)
    }

    /// The hint for a key that is refused at its place: what was meant, or where it belongs; empty if there is none. `known`: the keys that
    /// are known to stand there, besides those that are found.
    pub(in crate::config) fn hint(&self, path: &[String], known: &[String]) -> String {
        let Some((key, parent)) = path.split_last() else { return String::new() };
        let parent: Vec<&str> = parent.iter().map(String::as_str).collect();
        let mut names = self.names_at(&parent);
        if names.contains(&key.as_str()) {
            // Another alternative of the schema has it.
            return String::new();
        }
        names.extend(known.iter().map(String::as_str));
        let slip = || near::meant(key, names.iter().copied()).map(|name| format!("did you mean {name}?"));
        let like = || {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            overlay::nearest(key, &names).map(|name| format!("did you mean {name}?"))
        };
        let hint = self.misplaced(&parent, key).or_else(slip).or_else(|| self.elsewhere(&parent, key)).or_else(like);
        hint.or_else(|| self.like_elsewhere(&parent, key)).map(|hint| format!("; {hint}")).unwrap_or_default()
    }

    /// Where a key belongs that is certainly at the wrong place: a key of an earlier version, a path written as one key, a section below
    /// the top level, a component at the top level.
    pub(super) fn misplaced(&self, parent: &[&str], key: &str) -> Option<String> {
        moved::moved(parent, key).or_else(|| self.dotted(parent, key)).or_else(|| self.section(parent, key))
    }

    /// `components.one.port: 1` as one key.
    fn dotted(&self, parent: &[&str], key: &str) -> Option<String> {
        let steps: Vec<&str> = key.split('.').collect();
        let (last, above) = steps.split_last()?;
        let first = above.first()?;
        if steps.iter().any(|step| step.is_empty()) {
            return None;
        }
        let is_component = |name: &str| self.components.iter().any(|known| known == name);
        let whole: Vec<&str> = if self.names_at(parent).contains(first) || (parent == ["components"] && is_component(first)) {
            parent.iter().chain(above).copied().collect()
        } else if self.sections().contains(first) {
            above.to_vec()
        } else if parent.is_empty() && is_component(first) {
            ["components"].iter().chain(above).copied().collect()
        } else if parent.is_empty() && self.names_at(&["zowe"]).contains(first) {
            ["zowe"].iter().chain(above).copied().collect()
        } else {
            return None;
        };
        Some(format!("dots in a key do not nest it: write {last} below {}, each key on a line of its own", whole.join(".")))
    }

    fn section(&self, parent: &[&str], key: &str) -> Option<String> {
        let sections = self.sections();
        if !parent.is_empty() && sections.contains(&key) {
            return Some(format!("{key} belongs at the top level, at the left margin"));
        }
        if parent.is_empty() && self.components.iter().any(|name| name == key) {
            return Some(format!("a component belongs below components (components.{key})"));
        }
        None
    }

    /// The hint for a key of `zowe` at the top level.
    pub(super) fn of_zowe(&self, parent: &[&str], key: &str) -> Option<String> {
        let is_its = parent.is_empty() && self.names_at(&["zowe"]).contains(&key);
        is_its.then(|| format!("it belongs below zowe (zowe.{key})"))
    }

    /// The hint for a key that is known at other places.
    fn elsewhere(&self, parent: &[&str], key: &str) -> Option<String> {
        let mut paths: Vec<Vec<&str>> = Vec::new();
        for root in [&self.ruled, &self.known] {
            for path in names::paths_of(root.clone(), key, 5) {
                let in_overlay = path.first() == Some(&"haInstances") && path.len() > 2;
                if path != parent && !in_overlay && !paths.contains(&path) {
                    paths.push(path);
                }
            }
        }
        let of_one_component = |path: &Vec<&str>| path.len() > 1 && path.first() == Some(&"components") && path.get(1) != Some(&"*");
        if !paths.iter().all(of_one_component) {
            paths.retain(|path| !of_one_component(path));
        }
        paths.sort_by_key(Vec::len);
        let shown = |path: &Vec<&str>| match path.as_slice() {
            [] => "at the top level, at the left margin".to_owned(),
            path => format!("below {}", named(path)),
        };
        let found: Vec<String> = paths.iter().take(MAXIMUM_PLACES).map(shown).collect();
        match (found.as_slice(), paths.first()) {
            ([], _) | (_, None) => None,
            ([one], Some(path)) if !path.is_empty() => Some(format!("it belongs {one} ({}.{key})", named(path))),
            _ => Some(format!("it belongs {}", found.join(", or "))),
        }
    }

    /// The hint for a misspelt key that belongs elsewhere: keys of `zowe`, and of components, at the top level.
    fn like_elsewhere(&self, parent: &[&str], key: &str) -> Option<String> {
        if !parent.is_empty() {
            return None;
        }
        let like = |place: &str, names: Vec<&str>| near::meant(key, names.into_iter()).map(|name| format!("did you mean {place}.{name}?"));
        like("zowe", self.names_at(&["zowe"]))
            .or_else(|| like("components", self.components.iter().map(String::as_str).collect()))
            .or_else(|| like("haInstances.<id>", self.names_at(&["haInstances", "*"])))
    }
}

/// A path in which names that the user chooses stand in angle brackets.
fn named(path: &[&str]) -> String {
    let step = |(index, step): (usize, &&str)| match *step {
        "*" if index > 0 && path.first() == Some(&"haInstances") => "<id>".to_owned(),
        "*" => "<name>".to_owned(),
        step => step.to_owned(),
    };
    path.iter().enumerate().map(step).collect::<Vec<_>>().join(".")
}
