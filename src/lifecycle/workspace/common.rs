//! What the files of all components have in common, made ready once: each holds the whole configuration, so that anything that is done anew
//! for each of them grows with the square of their number. Pure.

use super::shell_format::{FormatError, HEADER, add_instance_line};
use crate::config::Environment;
use serde_json::Value;

/// The lines of instance files that the variables of all components are in.
#[derive(Debug)]
pub(super) struct CommonVariables<'a> {
    lines: Vec<u8>,
    /// The names in their order, and where in `lines` that of each ends.
    ends: Vec<(&'a str, usize)>,
}

impl<'a> CommonVariables<'a> {
    /// # Errors
    /// [`FormatError`] for a name or value that no environment can hold.
    pub(super) fn new(environment: &'a Environment) -> Result<Self, FormatError> {
        let (mut lines, mut ends) = (Vec::new(), Vec::with_capacity(environment.len()));
        for (name, value) in environment {
            add_instance_line(&mut lines, name, value)?;
            ends.push((name.as_str(), lines.len()));
        }
        Ok(CommonVariables { lines, ends })
    }

    /// [`super::format_instance`] of them, and of the component's own in their place and beside them.
    ///
    /// # Errors
    /// [`FormatError`] for a name or value that no environment can hold.
    pub(super) fn file(&self, own: &Environment) -> Result<Vec<u8>, FormatError> {
        let mut text = Vec::with_capacity(HEADER.len() + self.lines.len() + 64 * own.len());
        text.extend_from_slice(HEADER);
        let (mut done, mut written) = (0, 0);
        for (name, value) in own {
            let rest = self.ends.get(done..).unwrap_or_default();
            let before = rest.partition_point(|(common, _)| *common < name.as_str());
            let end = before.checked_sub(1).and_then(|last| rest.get(last)).map_or(written, |(_, end)| *end);
            text.extend_from_slice(self.lines.get(written..end).unwrap_or_default());
            (done, written) = (done + before, end);
            add_instance_line(&mut text, name, value)?;
            if let Some((_, end)) = self.ends.get(done).filter(|(common, _)| common == name) {
                (done, written) = (done + 1, *end);
            }
        }
        text.extend_from_slice(self.lines.get(written..).unwrap_or_default());
        Ok(text)
    }
}

/// The configuration of an instance as JSON, and with a component's own properties in it.
#[derive(Debug)]
pub(super) struct InstanceJson<'a> {
    value: &'a Value,
    pub(super) text: Vec<u8>,
}

/// The property that a component's own properties are put under.
const CONFIGS: &str = "configs";

impl<'a> InstanceJson<'a> {
    /// # Errors
    /// A value that JSON cannot express.
    pub(super) fn new(value: &'a Value) -> serde_json::Result<Self> {
        Ok(InstanceJson { value, text: serde_json::to_vec_pretty(value)? })
    }

    /// The same with `configs` before everything else; where the configuration itself has that, it has it there.
    ///
    /// # Errors
    /// A value that JSON cannot express.
    pub(super) fn with(&self, configs: &Value) -> serde_json::Result<Vec<u8>> {
        let instance = self.value.as_object();
        let (Some(rest), true) =
            (self.text.strip_prefix(b"{\n"), instance.is_some_and(|instance| !instance.is_empty() && !instance.contains_key(CONFIGS)))
        else {
            let mut whole = serde_json::Map::new();
            whole.insert(CONFIGS.to_owned(), configs.clone());
            whole.extend(instance.cloned().unwrap_or_default());
            return serde_json::to_vec_pretty(&whole);
        };
        let own = serde_json::to_vec_pretty(configs)?;
        let mut text = Vec::with_capacity(self.text.len() + own.len() * 2);
        text.extend_from_slice(b"{\n  \"configs\": ");
        for (number, line) in own.split(|byte| *byte == b'\n').enumerate() {
            // Within a text a line break is escaped: every line is one of the writer's own.
            text.extend_from_slice(if number == 0 { b"" } else { b"\n  " });
            text.extend_from_slice(line);
        }
        text.extend_from_slice(b",\n");
        text.extend_from_slice(rest);
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use std::ffi::OsString;

    fn any_environment() -> impl Strategy<Value = Environment> {
        let name = prop_oneof!["[A-C]{1,2}", "[A-Ca-z_.=-]{0,2}"];
        prop::collection::btree_map(name, "[a'\n\\x00-\\x02 ]{0,4}".prop_map(OsString::from), 0..8)
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), any::<i32>().prop_map(Value::from), "[a\n\"\\\\{},:]{0,6}".prop_map(Value::from)];
        leaf.prop_recursive(3, 24, 4, |inner| {
            let key = prop_oneof![Just("configs".to_owned()), "[a-c\n]{0,2}"];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((key, inner), 0..4).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_file_is_what_all_its_variables_together_give(common in any_environment(), own in any_environment()) {
            let whole: Environment = common.clone().into_iter().chain(own.clone()).collect();
            let (expected, common) = (super::super::format_instance(&whole), CommonVariables::new(&common));
            match common.and_then(|common| common.file(&own)) {
                Ok(text) => prop_assert_eq!(Ok(text), expected),
                // What the component replaces may have been at fault, which is said of the file of the instance too.
                Err(_) => prop_assume!(true),
            }
        }

        #[test]
        fn own_properties_stand_before_the_rest(instance in any_value(), configs in any_value()) {
            let mut whole = serde_json::Map::new();
            whole.insert("configs".to_owned(), configs.clone());
            whole.extend(instance.as_object().cloned().unwrap_or_default());
            let text = InstanceJson::new(&instance).unwrap().with(&configs).unwrap();
            prop_assert_eq!(String::from_utf8(text).unwrap(), serde_json::to_string_pretty(&whole).unwrap());
        }
    }

    #[test]
    fn faults_are_told() {
        let of = |name: &str, value: &str| Environment::from([(name.to_owned(), OsString::from(value))]);
        assert_eq!(CommonVariables::new(&of("A=B", "x")).unwrap_err(), FormatError::Name("A=B".into()));
        let common = of("A", "1");
        let common = CommonVariables::new(&common).unwrap();
        assert_eq!(common.file(&of("S", "pass\0word")), Err(FormatError::Value("S".into())));
        assert_eq!(common.file(&of("A", "2")).unwrap(), b"#!/bin/sh\nA=2\n");
        assert_eq!(InstanceJson::new(&json!({})).unwrap().with(&json!(1)).unwrap(), b"{\n  \"configs\": 1\n}");
    }
}
