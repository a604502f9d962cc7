//! Whether an instance serves: `/readyz` in the form of Kubernetes, `/health` in that of Spring, which API ML has.

use super::{Component, Instance, PREPARING};
use serde_json::{Value, json};
use std::fmt::Write;

/// What is said of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Up,
    /// It should be ready and is not.
    Down,
    /// An operator has stopped it: nobody misses it.
    OutOfService,
}

impl Verdict {
    /// In the words of Spring.
    fn name(self) -> &'static str {
        match self {
            Verdict::Up => "UP",
            Verdict::Down => "DOWN",
            Verdict::OutOfService => "OUT_OF_SERVICE",
        }
    }
}

/// The health of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Why the instance as a whole does not serve, whatever its components do.
    pub whole: Option<String>,
    /// Name, verdict, state.
    pub components: Vec<(String, Verdict, String)>,
}

impl Instance {
    /// Whether it serves: it is being supervised, something of it is wanted, and all of that is ready.
    pub fn health(&self) -> Health {
        let verdict = |component: &Component| match component {
            Component { ready: true, .. } => Verdict::Up,
            Component { wanted: true, .. } => Verdict::Down,
            _ => Verdict::OutOfService,
        };
        let of = |component: &Component| (component.name.clone(), verdict(component), component.state.clone());
        let components: Vec<_> = self.components.iter().map(of).collect();
        let whole = match self.state.as_str() {
            PREPARING => Some("the prepare step goes on".to_owned()),
            "stopping" | "ended" => Some(format!("the instance is {}", self.state)),
            _ if !self.components.iter().any(|component| component.wanted) => Some("no component is to run".to_owned()),
            _ => None,
        };
        Health { whole, components }
    }
}

impl Health {
    /// Whether it serves.
    pub fn is_up(&self) -> bool {
        self.whole.is_none() && self.components.iter().all(|(_, verdict, _)| *verdict != Verdict::Down)
    }

    /// As Kubernetes' own `/readyz`: what is missing, or with `verbose` everything.
    pub fn readyz(&self, verbose: bool) -> String {
        if self.is_up() && !verbose {
            return "ok".to_owned();
        }
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = match &self.whole {
            Some(why) => writeln!(text, "[-]instance failed: {why}"),
            None if verbose => writeln!(text, "[+]instance ok"),
            None => Ok(()),
        };
        for (name, verdict, state) in &self.components {
            let _ = match verdict {
                Verdict::Down => writeln!(text, "[-]{name} failed: {state}"),
                Verdict::Up if verbose => writeln!(text, "[+]{name} ok"),
                Verdict::OutOfService if verbose => writeln!(text, "[+]{name} not wanted: {state}"),
                _ => Ok(()),
            };
        }
        text + if self.is_up() { "readyz check passed\n" } else { "readyz check failed\n" }
    }

    /// As API ML's `/application/health`.
    pub fn json(&self) -> Value {
        let of = |(name, verdict, state): &(String, Verdict, String)| {
            (name.clone(), json!({"status": verdict.name(), "details": {"state": state}}))
        };
        let components: serde_json::Map<String, Value> = self.components.iter().map(of).collect();
        let mut health = json!({"status": if self.is_up() { "UP" } else { "DOWN" }});
        if let Some(why) = &self.whole {
            health["details"] = json!({"reason": why});
        }
        health["components"] = Value::Object(components);
        health
    }
}
