//! Whether a document describes an API as the programme asks: OpenAPI 2 or 3, every endpoint with its methods, parameters, answers and
//! error codes described.

use serde_json::Value;

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// How many gaps are named.
const SHOWN: usize = 5;

/// The version of OpenAPI; None: it is no such document.
pub(super) fn version(document: &Value) -> Option<&str> {
    let of = |key: &str| document[key].as_str();
    of("openapi").filter(|version| version.starts_with("3.")).or_else(|| of("swagger").filter(|version| version.starts_with("2.")))
}

/// Every operation: `GET /path`, its path item and itself.
fn operations(document: &Value) -> Vec<(String, &Value, &Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            if item[method].is_object() {
                found.push((format!("{} {path}", method.to_uppercase()), item, &item[method]));
            }
        }
    }
    found
}

fn has_text(value: &Value, keys: &[&str]) -> bool {
    keys.iter().any(|key| value[*key].as_str().is_some_and(|text| !text.trim().is_empty()))
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

/// What is not described, the first few; empty: nothing is missing.
pub(super) fn gaps(document: &Value) -> Vec<String> {
    let mut gaps = Vec::new();
    let operations = operations(document);
    if operations.is_empty() {
        gaps.push("it describes no endpoint".to_owned());
    }
    for (name, item, operation) in operations {
        if !has_text(operation, &["summary", "description"]) {
            gaps.push(format!("{name} has no summary and no description"));
        }
        let parameters = [&item["parameters"], &operation["parameters"]];
        for parameter in parameters.iter().filter_map(|list| list.as_array()).flatten().map(|parameter| resolved(document, parameter)) {
            if !has_text(parameter, &["description"]) {
                gaps.push(format!("{name}: parameter {} has no description", parameter["name"].as_str().unwrap_or("?")));
            }
        }
        let answers = operation["responses"].as_object();
        if answers.is_none_or(|answers| answers.is_empty()) {
            gaps.push(format!("{name} has no answers"));
            continue;
        }
        if !answers.into_iter().flatten().any(|(status, _)| status.starts_with(['4', '5']) || status == "default") {
            gaps.push(format!("{name} has no error code"));
        }
    }
    let more = gaps.len().saturating_sub(SHOWN);
    if more > 0 {
        gaps.truncate(SHOWN);
        gaps.push(format!("and {more} more"));
    }
    gaps
}

/// Segments of paths that are not in lowerCamelCase.
pub(super) fn other_cases(document: &Value) -> Vec<String> {
    let is_camel = |segment: &str| {
        segment.is_empty()
            || segment.starts_with('{')
            || (segment.starts_with(|letter: char| letter.is_ascii_lowercase())
                && segment.chars().all(|letter| letter.is_ascii_alphanumeric()))
    };
    let paths = document["paths"].as_object().into_iter().flatten().map(|(path, _)| path);
    let mut odd: Vec<String> = paths.flat_map(|path| path.split('/')).filter(|segment| !is_camel(segment)).map(str::to_owned).collect();
    odd.sort();
    odd.dedup();
    odd.truncate(SHOWN);
    odd
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_is_told_from_others_and_its_gaps_are_named() {
        assert_eq!(version(&json!({"openapi": "3.0.1"})), Some("3.0.1"));
        assert_eq!(version(&json!({"swagger": "2.0"})), Some("2.0"));
        assert_eq!(version(&json!({"swagger": "1.2"})), None);
        let whole = json!({"openapi": "3.0.0", "paths": {"/a/{id}": {
            "parameters": [{"$ref": "#/components/parameters/Id"}],
            "get": {"summary": "x", "responses": {"200": {"description": "x"}, "404": {"description": "x"}}}
        }}, "components": {"parameters": {"Id": {"name": "id", "description": "which"}}}});
        assert!(gaps(&whole).is_empty(), "{:?}", gaps(&whole));
        let poor =
            json!({"openapi": "3.0.0", "paths": {"/a": {"get": {"parameters": [{"name": "q"}], "responses": {"200": {}}}, "post": {}}}});
        assert_eq!(
            gaps(&poor),
            [
                "GET /a has no summary and no description",
                "GET /a: parameter q has no description",
                "GET /a has no error code",
                "POST /a has no summary and no description",
                "POST /a has no answers"
            ]
        );
        assert_eq!(gaps(&json!({"openapi": "3.0.0"})), ["it describes no endpoint"]);
        assert_eq!(other_cases(&json!({"paths": {"/dataSets/{a-b}/get_it": {}, "/x-y": {}}})), ["get_it", "x-y"]);
    }
}
