//! Reading a manifest: strict about what the launcher uses (name, commands), tolerant about everything else. A build time stamp that
//! was never filled in (`{{build.timestamp}}`, to YAML a mapping used as a key) must not keep a component from running.

use super::{Dependency, Manifest, Phase, StaticDefinition};
use crate::config::node::{Node, NodeValue};
use crate::config::{Location, Problem};
use serde_json::Value;
use std::collections::BTreeMap;

/// What the launcher uses of a manifest, and warnings. `name` is what positions begin with.
///
/// # Errors
/// Everything that makes it unusable, with line and column.
pub(super) fn read(root: &Node, name: &str) -> Result<(Manifest, Vec<Problem>), Vec<Problem>> {
    let mut reader = Reader { root, file: name, errors: Vec::new(), warnings: Vec::new() };
    let manifest = reader.manifest();
    if reader.errors.is_empty() { Ok((manifest, reader.warnings)) } else { Err(reader.errors) }
}

struct Reader<'a> {
    root: &'a Node,
    file: &'a str,
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl Reader<'_> {
    fn manifest(&mut self) -> Manifest {
        let name = self.name();
        let commands = self.commands();
        let id = self.text(&["id"]);
        if id.is_none() {
            self.warn(&["id"], "the key 'id' is missing; a text such as org.example.component is expected");
        }
        Manifest {
            name,
            id: id.unwrap_or_default(),
            version: self.text(&["version"]),
            commands,
            config_schemas: self.texts(&["schemas", "configs"]),
            configs: self.configs(),
            config_ports: self.config_ports(),
            static_definitions: self.static_definitions(),
            service_ids: self.service_ids(),
            gateway_shared_libs: self.texts(&["gatewaySharedLibs"]),
            zaas_shared_libs: self.texts(&["zaasSharedLibs"]),
            discovery_shared_libs: self.texts(&["discoverySharedLibs"]),
            app_framework_plugins: self.each(&["appfwPlugins"], |reader, path| reader.field(path, "path")),
            dependencies: self.each(&["dependencies", "components"], Reader::dependency),
            ready_messages: self.texts(&["messages", "ready"]),
            readiness: self.root.at(&["readiness"]).map_or(Value::Null, Node::to_value),
            liveness: self.root.at(&["liveness"]).map_or(Value::Null, Node::to_value),
        }
    }

    fn place(&self, path: &[&str]) -> Location {
        let place = self.root.place_of(path);
        Location::new(self.file, place.line, place.column)
    }

    fn fail(&mut self, path: &[&str], text: &str) {
        let place = self.place(path);
        self.errors.push(Problem::error(Some(place), text.to_string()));
    }

    fn warn(&mut self, path: &[&str], text: &str) {
        let place = self.place(path);
        self.warnings.push(Problem::warning(Some(place), text.to_string()));
    }

    /// A value that is there and not null.
    fn value(&self, path: &[&str]) -> Option<&NodeValue> {
        self.root.at(path).map(|node| &node.value).filter(|value| !matches!(value, NodeValue::Null))
    }

    fn name(&mut self) -> String {
        match self.value(&["name"]) {
            Some(NodeValue::Text(name)) if !name.is_empty() => return name.clone(),
            // A name of digits only is a number to YAML.
            Some(NodeValue::Integer(name)) => return name.to_string(),
            Some(_) => self.fail(&["name"], "name: the name of the component is expected, a text"),
            None => self.fail(&["name"], "the key 'name' is missing; the name of the component is expected"),
        }
        String::new()
    }

    fn commands(&mut self) -> BTreeMap<Phase, String> {
        let mut commands = BTreeMap::new();
        match self.value(&["commands"]) {
            None => return commands,
            Some(NodeValue::Mapping(_)) => {}
            Some(_) => {
                self.fail(&["commands"], "commands: a mapping is expected, such as 'start: bin/start.sh'");
                return commands;
            }
        }
        for phase in Phase::ALL {
            let path = ["commands", phase.name()];
            match self.value(&path) {
                None => {}
                Some(NodeValue::Text(text)) if text.trim().is_empty() => {}
                Some(NodeValue::Text(text)) if !text.contains('\0') => {
                    commands.insert(phase, text.clone());
                }
                Some(_) => self.fail(&path, &format!("commands.{}: the path of a file is expected, a text", phase.name())),
            }
        }
        commands
    }

    fn configs(&mut self) -> Value {
        match self.value(&["configs"]) {
            None => Value::Null,
            Some(NodeValue::Mapping(_)) => self.root.at(&["configs"]).map_or(Value::Null, Node::to_value),
            Some(_) => {
                self.warn(&["configs"], "configs: a mapping is expected; it is ignored");
                Value::Null
            }
        }
    }

    /// The keys below `configs` that are ports by their names, with their places.
    fn config_ports(&self) -> Vec<(Vec<String>, Location)> {
        let mut found = Vec::new();
        if let Some(configs) = self.root.at(&["configs"]) {
            ports_below(configs, &mut Vec::new(), self.file, &mut found);
        }
        found
    }

    /// A text; a number is taken as its digits, anything else is a warning.
    fn text(&mut self, path: &[&str]) -> Option<String> {
        match self.value(path)? {
            NodeValue::Text(text) => return Some(text.clone()),
            NodeValue::Integer(number) => return Some(number.to_string()),
            NodeValue::Float(number) => return Some(number.to_string()),
            _ => {}
        }
        self.warn(path, &format!("{}: a text is expected; it is ignored", path.join(".")));
        None
    }

    /// One text or a list of texts.
    fn texts(&mut self, path: &[&str]) -> Vec<String> {
        if let Some(NodeValue::Text(text)) = self.value(path) {
            return vec![text.clone()];
        }
        self.each(path, Reader::text)
    }

    /// Applies a reader to each element of a list.
    fn each<T>(&mut self, path: &[&str], read: impl Fn(&mut Self, &[&str]) -> Option<T>) -> Vec<T> {
        let count = match self.value(path) {
            None => return Vec::new(),
            Some(NodeValue::Sequence(items)) => items.len(),
            Some(_) => {
                self.warn(path, &format!("{}: a list is expected; it is ignored", path.join(".")));
                return Vec::new();
            }
        };
        (0..count)
            .filter_map(|index| {
                let index = index.to_string();
                let path: Vec<&str> = path.iter().copied().chain([index.as_str()]).collect();
                read(self, &path)
            })
            .collect()
    }

    /// A text under a key that an element must have.
    fn field(&mut self, path: &[&str], key: &str) -> Option<String> {
        let path: Vec<&str> = path.iter().copied().chain([key]).collect();
        let text = self.text(&path);
        if text.is_none() && self.value(&path).is_none() {
            self.warn(&path, &format!("{}: a text is expected; the entry is ignored", path.join(".")));
        }
        text
    }

    fn static_definitions(&mut self) -> Vec<StaticDefinition> {
        self.each(&["apimlServices", "static"], |reader, path| {
            let file = reader.field(path, "file")?;
            let once: Vec<&str> = path.iter().copied().chain(["once"]).collect();
            let once = matches!(reader.value(&once), Some(NodeValue::Boolean(true)));
            Some(StaticDefinition { file, once })
        })
    }

    /// The ids in `apimlServices.dynamic`, in lower case. Only other programs use them otherwise, so elements that are odd are passed over.
    fn service_ids(&self) -> Vec<String> {
        let Some(NodeValue::Sequence(items)) = self.value(&["apimlServices", "dynamic"]) else { return Vec::new() };
        let id = |index: usize| match self.value(&["apimlServices", "dynamic", &index.to_string(), "serviceId"]) {
            Some(NodeValue::Text(id)) => Some(id.trim().to_lowercase()).filter(|id| !id.is_empty()),
            _ => None,
        };
        (0..items.len()).filter_map(id).collect()
    }

    fn dependency(&mut self, path: &[&str]) -> Option<Dependency> {
        if let Some(NodeValue::Text(name)) = self.value(path) {
            return Some(Dependency { name: name.clone(), version_range: None });
        }
        let name = self.field(path, "name")?;
        let range: Vec<&str> = path.iter().copied().chain(["versionRange"]).collect();
        Some(Dependency { name, version_range: self.text(&range) })
    }
}

fn ports_below(node: &Node, path: &mut Vec<String>, file: &str, found: &mut Vec<(Vec<String>, Location)>) {
    let NodeValue::Mapping(entries) = &node.value else { return };
    for entry in entries {
        path.push(entry.key.clone());
        if is_port_key(&entry.key) {
            found.push((path.clone(), Location::new(file, entry.place.line, entry.place.column)));
        }
        ports_below(&entry.value, path, file, found);
        path.pop();
    }
}

/// Whether a key looks as if its value were a port.
pub(super) fn is_port_key(key: &str) -> bool {
    key == "port" || key.ends_with("Port")
}
