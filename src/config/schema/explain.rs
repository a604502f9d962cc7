//! From errors of the validator to findings at the values that are wrong.

use super::documents::{Documents, Position};
use super::meant::{self, Discriminator};
use crate::config::overlay::nearest;
use crate::config::{Location, Problem, secrets};
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

/// At most as many forms of a value are spelt out if it is not known which one was meant.
const MAXIMUM_FORMS: usize = 4;

/// One violation: where, and what is expected there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    pub(super) path: Vec<String>,
    /// None if showing the value does not help (a key too many, a key that is missing).
    pub(super) value: Option<Value>,
    pub(super) text: String,
}

impl Finding {
    pub(super) fn problem(&self, place: &dyn Fn(&[&str]) -> Location, error: bool) -> Problem {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let place = Some(place(&path));
        let name = if path.is_empty() { "the configuration".to_string() } else { path.join(".") };
        let value = self.value.as_ref().map(|value| format!(" {}", secrets::show(&path, value))).unwrap_or_default();
        let problem = if error {
            Problem::error(place, format!("{name}:{value} {}", self.text.trim_start()))
        } else {
            Problem::warning(place, format!("{name}:{value} is accepted, though {}", self.text.trim_start()))
        };
        problem.about(&path)
    }
}

/// What to say of a key that a schema refuses, by its path and the keys that the schema knows beside it; None for one that is known all the
/// same.
pub(super) type Refused<'a> = &'a dyn Fn(&[String], &[String]) -> Option<String>;

/// All violations of a schema by `value`; `documents` are those that the schema refers to, itself included.
pub(super) fn findings(documents: &Documents, validator: &Validator, value: &Value, refused: Refused<'_>) -> Vec<Finding> {
    let explainer = Explainer { documents, refused };
    let mut findings = Vec::new();
    let errors: Vec<ValidationError<'_>> = validator.iter_errors(value).collect();
    explainer.explain_all(errors.iter(), 0, &mut findings);
    let mut unique: Vec<Finding> = Vec::new();
    for finding in findings {
        if !unique.contains(&finding) {
            unique.push(finding);
        }
    }
    unique
}

struct Explainer<'a> {
    documents: &'a Documents,
    refused: Refused<'a>,
}

/// The errors of one alternative.
type Branch = [ValidationError<'static>];

impl<'a> Explainer<'a> {
    /// Explains errors of one value together, of which those from `before` on are findings already: a key that a part of the schema knows
    /// counts as not known only because another value made the part fail, and is told only where nothing else is.
    fn explain_all<'e, 'v: 'e>(&self, errors: impl Iterator<Item = &'e ValidationError<'v>>, before: usize, findings: &mut Vec<Finding>) {
        let (unevaluated, plain): (Vec<_>, Vec<_>) =
            errors.partition(|error| matches!(error.kind(), ValidationErrorKind::UnevaluatedProperties { .. }));
        plain.iter().for_each(|error| self.explain(error, findings));
        for error in unevaluated {
            let known = self.known_keys(error);
            let mut of_error = Vec::new();
            self.explain(error, &mut of_error);
            let others = findings.len() > before;
            findings.extend(of_error.into_iter().filter(|finding| !others || finding.path.last().is_none_or(|key| !known.contains(key))));
        }
    }

    /// Turns one error into findings at the values that are wrong: of alternatives (oneOf, anyOf), those of the one that was meant.
    fn explain(&self, error: &ValidationError<'_>, findings: &mut Vec<Finding>) {
        let path: Vec<String> = pointer(error.instance_path().as_str());
        let child = |key: &str| path.iter().cloned().chain([key.to_string()]).collect::<Vec<_>>();
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let known = self.known_keys(error);
                for path in unexpected.iter().map(|key| child(key)) {
                    if let Some(hint) = (self.refused)(&path, &known) {
                        findings.push(Finding { path, value: None, text: format!("is not a known key here{hint}") });
                    }
                }
            }
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                self.alternatives(error, context, path, findings);
            }
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().map_or_else(|| property.to_string(), str::to_string);
                let text = format!("the key '{name}' is required here and missing{}", self.condition(error));
                findings.push(Finding { path, value: None, text });
            }
            kind => {
                let text = expectation(kind, error) + &missing_blank(kind, error) + &self.condition(error);
                findings.push(Finding { path, value: Some(error.instance().as_ref().clone()), text });
            }
        }
    }

    /// What is wrong with a value that fits none of its alternatives.
    fn alternatives(
        &self,
        error: &ValidationError<'_>,
        context: &[Vec<ValidationError<'static>>],
        path: Vec<String>,
        findings: &mut Vec<Finding>,
    ) {
        let value = error.instance().as_ref();
        let discriminators = self.discriminators(error);
        let whole = |text: String| Finding { path: path.clone(), value: Some(value.clone()), text };
        let wrong_type = |branch: &Branch| branch.iter().any(|error| is_type_error_at(error, path.len()));
        if context.iter().all(|branch| wrong_type(branch)) {
            let types = types(context.iter().flatten().filter(|error| is_type_error_at(error, path.len())));
            let blank = if types.split(" or ").any(|kind| kind == "object") { blank_behind(value) } else { String::new() };
            return findings.push(whole(format!("is not of type {types}{blank}")));
        }
        let rank = |(index, branch): (usize, &Vec<ValidationError<'static>>)| {
            (wrong_type(branch), meant::fit(&discriminators, index, value), branch.iter().map(|error| self.weight(error)).sum::<usize>())
        };
        let ranks: Vec<_> = context.iter().enumerate().map(rank).collect();
        let Some(best) = ranks.iter().min() else { return findings.push(whole("fits no form that the schema allows".into())) };
        let tied: Vec<&Branch> = ranks.iter().zip(context).filter(|(rank, _)| *rank == best).map(|(_, branch)| branch.as_slice()).collect();
        let complaints: Vec<(&Discriminator, String)> = discriminators
            .iter()
            .filter_map(|discriminator| discriminator.complaint(value).map(|complaint| (discriminator, complaint)))
            .collect();
        let below = |discriminator: &Discriminator| path.iter().chain(&discriminator.path).cloned().collect::<Vec<_>>();
        if best.1.is_foreign() && !complaints.is_empty() {
            // It is not known which alternative was meant, only that the word is wrong.
            findings.extend(complaints.iter().map(|(discriminator, complaint)| Finding {
                path: below(discriminator),
                value: discriminator.word(value).cloned(),
                text: complaint.clone(),
            }));
            return;
        }
        if let [branch] = tied.as_slice() {
            let before = findings.len();
            let mut rest = Vec::new();
            for error in *branch {
                let place = pointer(error.instance_path().as_str());
                match complaints.iter().find(|(discriminator, _)| below(discriminator) == place) {
                    Some((_, complaint)) => {
                        findings.push(Finding { path: place, value: Some(error.instance().as_ref().clone()), text: complaint.clone() });
                    }
                    None => rest.push(error),
                }
            }
            self.explain_all(rest.into_iter(), before, findings);
            return;
        }
        findings.push(whole(self.forms(&tied, context.len(), &path)));
    }

    /// What each of several alternatives expects, if none fits better than the others.
    fn forms(&self, branches: &[&Branch], count: usize, path: &[String]) -> String {
        let mut forms: Vec<String> = Vec::new();
        for branch in branches.iter().take(MAXIMUM_FORMS) {
            let mut findings = Vec::new();
            self.explain_all(branch.iter(), 0, &mut findings);
            let texts = findings.iter().map(|finding| match finding.path.get(path.len()..) {
                Some([]) | None => finding.text.clone(),
                Some(deeper) => format!("{} {}", deeper.join("."), finding.text),
            });
            let form = texts.collect::<Vec<_>>().join(" and ");
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
        match forms.as_slice() {
            [form] => form.clone(),
            _ => format!("fits none of the {count} forms that the schema allows: it {}", forms.join(", or ")),
        }
    }

    /// How much is wrong by one error: a key that an alternative does not know tells more than a value that it does not like.
    fn weight(&self, error: &ValidationError<'static>) -> usize {
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let known = self.known_keys(error);
                let weigh = |key: &String| match nearest(key, &known) {
                    Some(near) if near == *key => 0,
                    Some(_) => 1,
                    None => 2,
                };
                unexpected.iter().map(weigh).sum()
            }
            _ => 1,
        }
    }

    /// The schema that a keyword stands in, by an error of the keyword.
    fn schema_of(&self, error: &ValidationError<'_>) -> Option<Position<'a>> {
        let (schema, _) = error.absolute_keyword_location()?.as_str().rsplit_once('/')?;
        self.documents.at(schema)
    }

    fn discriminators(&self, error: &ValidationError<'_>) -> Vec<Discriminator> {
        let alternatives = self.schema_of(error).and_then(|position| {
            let alternatives = position.schema.get(error.kind().keyword())?.as_array()?;
            Some(meant::discriminators(self.documents, &position.base, alternatives))
        });
        alternatives.unwrap_or_default()
    }

    /// The keys that the schema knows where another one was found.
    fn known_keys(&self, error: &ValidationError<'_>) -> Vec<String> {
        let mut known = Vec::new();
        if let Some(position) = self.schema_of(error) {
            let everywhere = matches!(error.kind(), ValidationErrorKind::UnevaluatedProperties { .. });
            self.keys(&position, everywhere, 0, &mut known);
        }
        known
    }

    fn keys(&self, position: &Position<'_>, everywhere: bool, depth: usize, known: &mut Vec<String>) {
        known.extend(position.schema.get("properties").and_then(Value::as_object).into_iter().flat_map(|map| map.keys().cloned()));
        if !everywhere || depth > 16 {
            return;
        }
        if let Some(target) = position.schema.get("$ref").and_then(Value::as_str).and_then(|to| self.documents.find(&position.base, to)) {
            self.keys(&target, true, depth + 1, known);
        }
        for part in ["allOf", "anyOf", "oneOf"].iter().filter_map(|keyword| position.schema.get(*keyword)?.as_array()).flatten() {
            self.keys(&Position { base: position.base.clone(), schema: part }, true, depth + 1, known);
        }
    }

    /// The condition that leads to an error below `then` or `else`, if it can be put in words.
    fn condition(&self, error: &ValidationError<'_>) -> String {
        let told = || {
            let location = error.absolute_keyword_location()?.as_str();
            let (at, negated) = ["/then/", "/else/"].iter().filter_map(|word| Some((location.rfind(word)?, *word == "/else/"))).max()?;
            let condition = self.documents.at(&format!("{}/if", location.get(..at)?))?;
            let required = |key: &str| {
                let names = condition.schema.get("required").and_then(Value::as_array);
                names.is_some_and(|names| names.iter().any(|name| name.as_str() == Some(key)))
            };
            let words = condition.schema.get("properties")?.as_object()?.iter().map(|(key, property)| {
                let verb = if negated { "is not" } else { "is" };
                let or_missing = if negated || required(key) { "" } else { " or not given" };
                let word = match (property.get("const"), property.get("enum").and_then(Value::as_array), property.get("pattern")) {
                    (Some(word), ..) => word.to_string(),
                    (_, Some(words), _) => words.iter().map(Value::to_string).collect::<Vec<_>>().join(" or "),
                    (.., Some(pattern)) => format!("like {}", pattern.as_str()?),
                    _ => return None,
                };
                Some(format!("{key} {verb} {word}{or_missing}"))
            });
            let words: Option<Vec<String>> = words.collect();
            words.filter(|words| !words.is_empty()).map(|words| format!(", where {}", words.join(" and ")))
        };
        told().unwrap_or_default()
    }
}

/// True for an error that says that the value itself, at a path of `depth` steps, is of another type.
fn is_type_error_at(error: &ValidationError<'_>, depth: usize) -> bool {
    matches!(error.kind(), ValidationErrorKind::Type { .. }) && pointer(error.instance_path().as_str()).len() == depth
}

/// The types that errors ask for, each once.
fn types<'e>(errors: impl Iterator<Item = &'e ValidationError<'static>>) -> String {
    let mut types: Vec<String> = Vec::new();
    for error in errors {
        let found = match error.kind() {
            ValidationErrorKind::Type { kind: TypeKind::Single(kind) } => vec![kind.to_string()],
            ValidationErrorKind::Type { kind: TypeKind::Multiple(kinds) } => kinds.iter().map(|kind| kind.to_string()).collect(),
            _ => Vec::new(),
        };
        for kind in found {
            if !types.contains(&kind) {
                types.push(kind);
            }
        }
    }
    types.join(" or ")
}

/// For a text where keys are expected: that a blank is missing in it, where it looks so.
fn missing_blank(kind: &ValidationErrorKind, error: &ValidationError<'_>) -> String {
    let wants_keys = matches!(kind, ValidationErrorKind::Type { kind: TypeKind::Single(kind) } if kind.to_string() == "object");
    if wants_keys { blank_behind(error.instance().as_ref()) } else { String::new() }
}

fn blank_behind(value: &Value) -> String {
    let key = value.as_str().and_then(crate::config::node::missing_blank);
    key.map(|key| format!("; a blank is missing behind '{key}:'")).unwrap_or_default()
}

fn expectation(kind: &ValidationErrorKind, error: &ValidationError<'_>) -> String {
    match kind {
        ValidationErrorKind::Type { kind: TypeKind::Single(kind) } => format!("is not of type {kind}"),
        ValidationErrorKind::Type { kind: TypeKind::Multiple(kinds) } => {
            format!("is not of type {}", kinds.iter().map(|kind| kind.to_string()).collect::<Vec<_>>().join(" or "))
        }
        ValidationErrorKind::Enum { options } => meant::not_one_of(
            error.instance().as_ref(),
            &options.as_array().map_or_else(|| vec![options.as_ref()], |all| all.iter().collect()),
        ),
        ValidationErrorKind::Constant { expected_value } => meant::not_one_of(error.instance().as_ref(), &[expected_value.as_ref()]),
        ValidationErrorKind::Minimum { limit } => format!("is less than the minimum of {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("is greater than the maximum of {limit}"),
        ValidationErrorKind::MinLength { limit } => format!("is shorter than {limit} characters"),
        ValidationErrorKind::MaxLength { limit } => format!("is longer than {limit} characters"),
        ValidationErrorKind::Pattern { pattern } => format!("does not match the pattern {pattern}"),
        ValidationErrorKind::OneOfMultipleValid { .. } => "fits more than one of the forms of which the schema allows one".into(),
        _ => error.masked_with("the value").to_string(),
    }
}

/// The steps of a JSON pointer.
fn pointer(text: &str) -> Vec<String> {
    text.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}
