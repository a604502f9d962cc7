//! Schemas that refer to each other: by `$id`, by `$anchor`, by a pointer into one, and, the files of one component, by their paths.

use jsonschema::Uri;
use jsonschema::uri::{from_str, resolve_against};
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Component, Path};
use std::sync::Arc;

/// Where a schema without an absolute `$id` is taken to be, so that `/schemas/v2/server-common` means Zowe's.
const HOME: &str = "https://zowe.org";

/// Keywords whose value is data, not a schema: a `$ref` in it is no reference.
const DATA: &[&str] = &["const", "enum", "default", "examples"];
/// Keywords whose value is a mapping from names that the author chooses to schemas.
const NAMES: &[&str] = &["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];

/// The meta-schemas, which are part of the validator.
const META_SCHEMAS: &[&str] = &["https://json-schema.org/", "http://json-schema.org/"];

/// All documents that may be referred to.
#[derive(Debug, Clone, Default)]
pub(in crate::config) struct Documents {
    /// By URI: without a fragment a schema with an `$id`, with one an anchor. The document and the pointer to the place in it.
    targets: HashMap<String, (Arc<Value>, String)>,
    /// Others that may be referred to, and that many share.
    shared: Option<Arc<Documents>>,
    /// Paths by which the files of a component may call each other, and the URI that each stands for.
    aliases: HashMap<String, String>,
}

/// A schema, and what it may refer to.
pub(in crate::config) type Root<'a> = (&'a Documents, Position<'a>);

/// A schema within its document.
#[derive(Debug, Clone)]
pub(in crate::config) struct Position<'a> {
    /// The base URI of relative references in it.
    pub(in crate::config) base: String,
    pub(in crate::config) schema: &'a Value,
}

impl Documents {
    /// None of its own yet, and what is shared.
    pub(super) fn beside(shared: &Arc<Documents>) -> Documents {
        Documents { shared: Some(Arc::clone(shared)), ..Documents::default() }
    }

    fn target(&self, uri: &str) -> Option<&(Arc<Value>, String)> {
        self.targets.get(uri).or_else(|| self.shared.as_ref()?.target(uri))
    }

    /// Adds a document with an absolute `$id` ([`identified`]).
    pub(in crate::config) fn add(&mut self, document: &Arc<Value>) {
        let base = id(document).unwrap_or_default().to_string();
        self.targets.insert(base.clone(), (Arc::clone(document), String::new()));
        self.index(document, document, &base, &mut Vec::new());
    }

    fn index(&mut self, document: &Arc<Value>, schema: &Value, base: &str, path: &mut Vec<String>) {
        let pointer = || path.iter().map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect::<String>();
        let mut own_base = None;
        if let Value::Object(map) = schema {
            if let Some(own) = id(schema).filter(|_| !path.is_empty()).and_then(|own| resolve(base, own)) {
                self.targets.insert(own.clone(), (Arc::clone(document), pointer()));
                own_base = Some(own);
            }
            if let Some(anchor) = map.get("$anchor").and_then(Value::as_str) {
                let base = own_base.as_deref().unwrap_or(base);
                self.targets.insert(format!("{base}#{anchor}"), (Arc::clone(document), pointer()));
            }
        }
        let base = own_base.as_deref().unwrap_or(base);
        let names = are_names(path);
        let mut enter = |step: String, child: &Value| {
            path.push(step);
            self.index(document, child, base, path);
            path.pop();
        };
        match schema {
            Value::Object(map) => {
                map.iter().filter(|(key, _)| names || !is_data(key)).for_each(|(key, child)| enter(key.clone(), child));
            }
            Value::Array(items) => items.iter().enumerate().for_each(|(index, child)| enter(index.to_string(), child)),
            _ => {}
        }
    }

    /// Lets one document of a component call another by its path: relative to the caller's own file, or by its name alone. Where an `$id`
    /// means the same, that goes first.
    pub(super) fn call_by_path(&mut self, caller: (&Path, &str), called: (&Path, &str)) {
        let name = called.0.file_name().map(|name| encoded(&name.to_string_lossy()));
        let relative = caller.0.parent().map(|directory| relative(directory, called.0));
        for path in [relative, name].into_iter().flatten() {
            if let Some(alias) = resolve(caller.1, &path) {
                self.aliases.entry(alias).or_insert_with(|| called.1.to_string());
            }
        }
    }

    /// The documents themselves.
    pub(in crate::config) fn all(&self) -> impl Iterator<Item = &Value> {
        let shared = self.shared.iter().flat_map(|shared| shared.targets.values());
        self.targets.values().chain(shared).filter(|(_, pointer)| pointer.is_empty()).map(|(document, _)| document.as_ref())
    }

    /// The position that a reference names in a schema whose base is `base`.
    pub(in crate::config) fn find(&self, base: &str, reference: &str) -> Option<Position<'_>> {
        self.at(&self.canonical(base, reference)?)
    }

    /// The position that an absolute URI names; its fragment is an anchor or a pointer.
    pub(in crate::config) fn at(&self, uri: &str) -> Option<Position<'_>> {
        let (resource, fragment) = uri.split_once('#').unwrap_or((uri, ""));
        let target = if fragment.is_empty() || fragment.starts_with('/') { resource } else { uri };
        let (document, pointer) = self.target(target)?;
        let schema = document.pointer(pointer)?;
        let schema = if fragment.starts_with('/') { schema.pointer(&decoded(fragment))? } else { schema };
        Some(Position { base: resource.to_string(), schema })
    }

    /// The absolute URI of a reference, a path already replaced by what it stands for.
    fn canonical(&self, base: &str, reference: &str) -> Option<String> {
        let uri = resolve(base, reference)?;
        let (resource, fragment) = uri.split_once('#').map_or((uri.as_str(), None), |(resource, fragment)| (resource, Some(fragment)));
        let resource = match self.aliases.get(resource) {
            Some(meant) if self.target(resource).is_none() => meant,
            _ => resource,
        };
        Some(fragment.map_or_else(|| resource.to_string(), |fragment| format!("{resource}#{fragment}")))
    }

    /// A document of which every reference to another one is absolute, and the references that name nothing, each with the path to it.
    pub(super) fn settle(&self, document: &Value) -> (Value, Vec<(Vec<String>, String)>) {
        let mut settled = document.clone();
        let mut lost = Vec::new();
        self.settle_in(&mut settled, id(document).unwrap_or_default(), &mut Vec::new(), &mut lost);
        (settled, lost)
    }

    fn settle_in(&self, schema: &mut Value, base: &str, path: &mut Vec<String>, lost: &mut Vec<(Vec<String>, String)>) {
        match schema {
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    path.push(index.to_string());
                    self.settle_in(item, base, path, lost);
                    path.pop();
                }
            }
            Value::Object(map) => {
                let own = map.get("$id").and_then(Value::as_str).and_then(|own| resolve(base, own));
                let base = own.as_deref().unwrap_or(base);
                if let Some(Value::String(reference)) = map.get_mut("$ref") {
                    let canonical = self.canonical(base, reference).unwrap_or_else(|| reference.clone());
                    let known = META_SCHEMAS.iter().any(|meta| canonical.starts_with(meta)) || self.at(&canonical).is_some();
                    if !known {
                        lost.push(([path.as_slice(), &["$ref".to_string()]].concat(), reference.clone()));
                    } else if !reference.starts_with('#') {
                        *reference = canonical;
                    }
                }
                let names = are_names(path);
                for (key, value) in map.iter_mut().filter(|(key, _)| names || !is_data(key)) {
                    path.push(key.clone());
                    self.settle_in(value, base, path, lost);
                    path.pop();
                }
            }
            _ => {}
        }
    }
}

/// The `$id` of a schema.
pub(super) fn id(schema: &Value) -> Option<&str> {
    schema.get("$id").and_then(Value::as_str)
}

/// A schema with an absolute `$id` without a fragment: its own (`id` too, which Zowe's configuration manager takes), or one made of the
/// path of its file.
pub(super) fn identified(mut schema: Value, file: &Path) -> Value {
    let place = format!("{HOME}{}", encoded(&file.to_string_lossy()));
    if let Value::Object(map) = &mut schema {
        let own = ["$id", "id"].iter().find_map(|key| map.get(*key).and_then(Value::as_str));
        let absolute = own.and_then(|own| resolve(&place, own)).unwrap_or(place);
        map.insert("$id".into(), Value::String(absolute.split('#').next().unwrap_or_default().to_string()));
    }
    schema
}

fn resolve(base: &str, reference: &str) -> Option<String> {
    let base: Uri<String> = from_str(base).ok()?;
    Some(resolve_against(&base.borrow(), reference).ok()?.as_str().to_string())
}

/// The way from a directory to a file, as a reference.
fn relative(directory: &Path, file: &Path) -> String {
    let (mut from, mut to) = (directory.components().peekable(), file.components().peekable());
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let up = from.filter(|step| matches!(step, Component::Normal(_))).map(|_| "..".to_string());
    up.chain(to.map(|step| encoded(&step.as_os_str().to_string_lossy()))).collect::<Vec<_>>().join("/")
}

/// A path as a URI holds it.
fn encoded(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The text of a fragment.
fn decoded(fragment: &str) -> String {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.bytes();
    while let Some(byte) = rest.next() {
        let after = rest.clone();
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        match (byte, digit(rest.next()), digit(rest.next())) {
            (b'%', Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_data(keyword: &str) -> bool {
    DATA.contains(&keyword)
}

/// True when the keys of what a path in a schema leads to are names, not keywords. A property may have the name of such a keyword too.
fn are_names(path: &[String]) -> bool {
    let naming = path.iter().rev().take_while(|step| NAMES.contains(&step.as_str())).count();
    naming % 2 == 1
}
