//! Families of samples as text: OpenMetrics 1.0 and the older text format of Prometheus, which differ in the names of their families and in
//! the end. (prometheus-client writes the first alone, and what is written here is all of it.)

use std::fmt::Write;

/// The form that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    OpenMetrics,
    /// Prometheus 0.0.4.
    Text,
}

impl Form {
    /// The form that a client takes, by its header `Accept`: OpenMetrics where it is named and not refused. (Weights are not compared:
    /// Prometheus itself names OpenMetrics wherever it can read it.)
    pub fn accepted(accept: &str) -> Form {
        let takes = |range: &str| {
            let mut parts = range.split(';').map(str::trim);
            let named = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/openmetrics-text"));
            let refused = parts.any(|parameter| parameter.strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0)));
            named && !refused
        };
        if accept.split(',').any(takes) { Form::OpenMetrics } else { Form::Text }
    }

    /// `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Form::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Form::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// What a family is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Gauge,
    /// Its samples end in `_total`.
    Counter,
    /// Its samples end in `_info` and are 1.
    Info,
}

/// Samples of one name.
#[derive(Debug)]
pub(super) struct Family {
    /// Without the ending that its kind brings.
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) kind: Kind,
    pub(super) samples: Vec<Sample>,
}

#[derive(Debug)]
pub(super) struct Sample {
    pub(super) labels: Vec<(&'static str, String)>,
    pub(super) value: f64,
}

impl Family {
    fn ending(&self) -> &'static str {
        match self.kind {
            Kind::Gauge => "",
            Kind::Counter => "_total",
            Kind::Info => "_info",
        }
    }

    /// The unit is the last word of the name, where there is one.
    fn unit(&self) -> Option<&'static str> {
        ["seconds", "bytes"].into_iter().find(|unit| self.name.strip_suffix(unit).is_some_and(|rest| rest.ends_with('_')))
    }
}

/// The families that have samples.
pub(super) fn write(families: &[Family], form: Form) -> String {
    let mut text = String::new();
    for family in families.iter().filter(|family| !family.samples.is_empty()) {
        // Writing to a String cannot fail.
        let _ = write_family(&mut text, family, form);
    }
    if form == Form::OpenMetrics {
        text.push_str("# EOF\n");
    }
    text
}

fn write_family(text: &mut String, family: &Family, form: Form) -> std::fmt::Result {
    let (name, ending) = (family.name, family.ending());
    let (head, kind) = match (form, family.kind) {
        (Form::OpenMetrics, Kind::Counter) => (name.to_owned(), "counter"),
        (Form::OpenMetrics, Kind::Info) => (name.to_owned(), "info"),
        (Form::Text, Kind::Counter) => (format!("{name}{ending}"), "counter"),
        (_, Kind::Gauge | Kind::Info) => (format!("{name}{ending}"), "gauge"),
    };
    writeln!(text, "# TYPE {head} {kind}")?;
    if let (Form::OpenMetrics, Some(unit)) = (form, family.unit()) {
        writeln!(text, "# UNIT {head} {unit}")?;
    }
    writeln!(text, "# HELP {head} {}", escaped(family.help))?;
    for sample in &family.samples {
        write!(text, "{name}{ending}")?;
        for (index, (label, value)) in sample.labels.iter().enumerate() {
            write!(text, "{}{label}=\"{}\"", if index == 0 { "{" } else { "," }, escaped(value))?;
        }
        text.push_str(if sample.labels.is_empty() { " " } else { "} " });
        writeln!(text, "{}", number(sample.value))?;
    }
    Ok(())
}

/// As both formats want it in help and labels.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        // The shortest text that gives this number again, never with an exponent.
        value.to_string()
    }
}
