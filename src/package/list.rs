//! `component list`: what is installed, where, which version, and for which HA instances it is enabled. Reads, and changes nothing.

use super::shown;
use crate::component::{Survey, survey};
use crate::config::{Configuration, HaInstance, normalize_id};
use serde_json::{Value, json};

/// One line.
struct Row {
    name: String,
    version: Option<String>,
    id: String,
    /// None: not installed.
    place: Option<(bool, String)>,
    /// By HA instance; one without an id where there are none.
    enabled: Vec<(Option<String>, bool)>,
}

/// Everything that is installed or configured, sorted by name.
fn rows(configuration: &Configuration) -> (Vec<Row>, Survey) {
    let seen = survey(configuration);
    let ids = configuration.instance_ids();
    let instances: Vec<(Option<String>, Configuration)> = ids
        .iter()
        .filter_map(|id| {
            let instance = HaInstance { id: normalize_id(id), from_placeholder: false };
            Some((Some(id.clone()), configuration.for_instance(&instance).ok()?))
        })
        .collect();
    let enabled = |name: &str| match instances.as_slice() {
        [] => vec![(None, configuration.is_enabled(name))],
        instances => instances.iter().map(|(id, seen)| (id.clone(), seen.is_enabled(name))).collect(),
    };
    let core = configuration.runtime_directory().map(|runtime| runtime.join("components")).unwrap_or_default();
    let mut rows: Vec<Row> = seen
        .installed
        .iter()
        .map(|component| Row {
            name: component.name.clone(),
            version: component.manifest.version.clone(),
            id: component.manifest.id.clone(),
            place: Some((component.directory.starts_with(&core), shown(&component.directory))),
            enabled: enabled(&component.name),
        })
        .collect();
    let absent: Vec<String> = configuration
        .component_names()
        .into_iter()
        .filter(|name| name != "launcher" && !rows.iter().any(|row| row.name == *name))
        .collect();
    rows.extend(absent.into_iter().map(|name| Row { version: None, id: String::new(), place: None, enabled: enabled(&name), name }));
    rows.sort_by(|left, right| left.name.cmp(&right.name));
    (rows, seen)
}

impl Row {
    /// `yes`, `no`, or the ids of those for which it is enabled.
    fn enabled_for(&self) -> String {
        if self.enabled.iter().all(|(_, enabled)| *enabled) {
            return "yes".to_owned();
        }
        let ids: Vec<&str> = self.enabled.iter().filter(|(_, enabled)| *enabled).filter_map(|(id, _)| id.as_deref()).collect();
        if ids.is_empty() { "no".to_owned() } else { ids.join(",") }
    }

    fn kind(&self) -> &'static str {
        match self.place {
            Some((true, _)) => "core",
            Some((false, _)) => "extension",
            None => "-",
        }
    }
}

/// For people: a line each, and below what is wrong with those that cannot be used.
pub fn list(configuration: &Configuration) -> String {
    let (rows, survey) = rows(configuration);
    let mut table = vec![["NAME", "VERSION", "KIND", "ENABLED", "WHERE"].map(str::to_owned)];
    for row in &rows {
        let place = row.place.as_ref().map_or_else(|| "not installed".to_owned(), |(_, place)| place.clone());
        let version = row.version.clone().unwrap_or_else(|| "-".to_owned());
        table.push([row.name.clone(), version, row.kind().to_owned(), row.enabled_for(), place]);
    }
    let width = |column: usize| table.iter().filter_map(|line| line.get(column)).map(|text| text.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..4).map(width).chain([0]).collect();
    let mut text = String::new();
    for line in &table {
        let cells: Vec<String> = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    for problem in survey.failures.iter().flat_map(crate::component::Failure::problems).chain(survey.warnings.iter().cloned()) {
        text.push_str(&format!("{problem}\n"));
    }
    text
}

/// For programs.
pub fn list_json(configuration: &Configuration) -> Value {
    let (rows, _) = rows(configuration);
    let component = |row: &Row| {
        let mut enabled = serde_json::Map::new();
        for (id, value) in row.enabled.iter().filter_map(|(id, value)| Some((id.clone()?, *value))) {
            enabled.insert(id, value.into());
        }
        json!({
            "name": row.name, "id": row.id, "version": row.version, "installed": row.place.is_some(), "kind": row.kind(),
            "directory": row.place.as_ref().map(|(_, place)| place), "enabled": row.enabled.iter().any(|(_, enabled)| *enabled),
            "enabledPerInstance": enabled,
        })
    };
    json!({ "components": rows.iter().map(component).collect::<Vec<_>>() })
}
