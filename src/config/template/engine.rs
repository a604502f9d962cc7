//! QuickJS: one run for all templates of a configuration, bounded in time and memory. It has no access to files or processes beyond
//! the helpers. What the bounds cannot stop: one built-in call over a huge array runs to its end.

use super::scan::{self, Part};
use crate::platform::Platform;
use rquickjs::{CatchResultExt, Context, Ctx, Error, Function, Object, Runtime};
use serde_json::{Value, json};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// For all templates of a configuration together.
pub const TIME_LIMIT: Duration = Duration::from_secs(2);
/// Bytes that the engine may hold.
pub const MEMORY_LIMIT: usize = 64 * 1024 * 1024;
/// Bytes of stack that JavaScript may use, of the thread's own.
const SCRIPT_STACK: usize = 1024 * 1024;
const THREAD_STACK: usize = 4 * 1024 * 1024;

/// A template and where it stands.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Keys and indexes from the root.
    pub path: Vec<Value>,
    /// The path joined with dots.
    pub name: String,
    pub parts: Vec<Part>,
}

/// What became of one template.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Value(Value),
    /// undefined, a function, NaN: no value of a configuration; the word for it.
    NoValue(String),
    Failed(String),
    /// Another template, which it refers to, failed; or the time was used up before its turn.
    NotEvaluated,
}

/// A question that a template asks of the system, and where the answer, JSON, goes.
type Question = (String, String, mpsc::Sender<String>);

/// Evaluates templates in order; each sees the configuration `tree` (JSON, any value in the templates' places) as globals.
///
/// # Errors
/// When there is no engine to be had: no thread, no memory.
pub fn evaluate(tree: &Value, definitions: &[Definition], wanted: &[usize], platform: &dyn Platform) -> Result<Vec<Outcome>, String> {
    let (sender, receiver) = mpsc::channel::<Question>();
    let tree = tree.to_string();
    // The engine has its own thread: its stack is as large as the limit says, and the platform need not outlive it.
    std::thread::scope(|scope| {
        let engine = std::thread::Builder::new()
            .name("templates".into())
            .stack_size(THREAD_STACK)
            .spawn_scoped(scope, move || run(&tree, definitions, wanted, &sender))
            .map_err(|error| format!("cannot start the template engine: {error}"))?;
        while let Ok((kind, argument, reply)) = receiver.recv() {
            // An engine that was interrupted does not wait for the answer.
            let _ = reply.send(answer(&kind, &argument, platform).to_string());
        }
        engine.join().map_err(|_| "the template engine ended unexpectedly".to_string())?
    })
}

/// The helpers of `os`, `std` and `zos` that configurations in the wild use.
fn answer(kind: &str, argument: &str, platform: &dyn Platform) -> Value {
    match kind {
        "realpath" => match std::fs::canonicalize(argument) {
            Ok(path) => json!([path.to_string_lossy(), 0]),
            Err(error) => json!(["", error.raw_os_error().unwrap_or(22)]),
        },
        "getenv" => std::env::var_os(argument).map_or(Value::Null, |value| Value::String(value.to_string_lossy().into_owned())),
        "symbol" => {
            let name = argument.trim_start_matches('&').trim_end_matches('.');
            match platform.resolve_symbol(name) {
                None if name.eq_ignore_ascii_case("SYSNAME") => Value::String(platform.sysname()),
                value => value.map_or(Value::Null, Value::String),
            }
        }
        "zosVersion" => json!(platform.zos_version()),
        _ => json!(platform.security_manager()),
    }
}

fn run(tree: &str, definitions: &[Definition], wanted: &[usize], sender: &mpsc::Sender<Question>) -> Result<Vec<Outcome>, String> {
    let no_engine = |error: Error| format!("cannot make a template engine: {error}");
    let runtime = Runtime::new().map_err(no_engine)?;
    runtime.set_memory_limit(MEMORY_LIMIT);
    runtime.set_max_stack_size(SCRIPT_STACK);
    let deadline = Rc::new(Cell::new(Some(Instant::now() + TIME_LIMIT)));
    let watched = Rc::clone(&deadline);
    runtime.set_interrupt_handler(Some(Box::new(move || watched.get().is_some_and(|at| Instant::now() >= at))));
    let context = Context::full(&runtime).map_err(no_engine)?;
    context.with(|ctx| {
        let functions = prepare(&ctx, tree, definitions, sender.clone()).catch(&ctx).map_err(|error| {
            format!("cannot hand the configuration to the template engine: {error}; it may hold {} MiB", MEMORY_LIMIT / 1024 / 1024)
        })?;
        Ok(evaluate_all(&ctx, &functions, definitions.len(), wanted, &deadline))
    })
}

/// Runs the prelude; gives its functions `outcome` and `blame`.
fn prepare<'js>(
    ctx: &Ctx<'js>,
    tree: &str,
    definitions: &[Definition],
    sender: mpsc::Sender<Question>,
) -> rquickjs::Result<(Function<'js>, Function<'js>)> {
    let helper = Function::new(ctx.clone(), move |kind: String, argument: String| {
        let (reply, answer) = mpsc::channel();
        match sender.send((kind, argument, reply)) {
            Ok(()) => answer.recv().unwrap_or_else(|_| "null".into()),
            Err(_) => "null".into(),
        }
    })?;
    let prelude: Function = ctx.eval(include_str!("prelude.js"))?;
    let functions: Object = prelude.call((tree, definitions_json(definitions), helper))?;
    Ok((functions.get("outcome")?, functions.get("blame")?))
}

/// In the reason of templates that refer to each other, which holds nothing but names; the prelude says it.
pub(super) const CIRCLE: &str = "the templates refer to each other in a circle: ";

/// How an expression may be meant: as one (in brackets, so that `{` begins an object), as an arrow function called without brackets, and
/// as statements of which the last one gives the value (`function a() { ... }; a()`, as the app server's defaults have it).
fn forms(code: &str) -> Vec<String> {
    let bracketed = format!("({code}\n)");
    [Some(bracketed), scan::arrow_call(code.trim()), Some(code.to_string())].into_iter().flatten().collect()
}

fn definitions_json(definitions: &[Definition]) -> String {
    let part = |part: &Part| match part {
        Part::Text(text) => json!({ "text": text }),
        // The line end ends a comment that the expression may end with.
        Part::Expression(code) => json!({ "text": null, "forms": forms(code) }),
    };
    let definition = |definition: &Definition| json!({ "path": definition.path, "name": definition.name, "parts": definition.parts.iter().map(part).collect::<Vec<_>>() });
    Value::Array(definitions.iter().map(definition).collect()).to_string()
}

fn evaluate_all<'js>(
    ctx: &Ctx<'js>,
    functions: &(Function<'js>, Function<'js>),
    count: usize,
    wanted: &[usize],
    deadline: &Cell<Option<Instant>>,
) -> Vec<Outcome> {
    let mut outcomes = vec![Outcome::NotEvaluated; count];
    for index in wanted {
        let result: rquickjs::Result<String> = functions.0.call((*index,));
        match result {
            Ok(text) => set(&mut outcomes, *index, outcome(&text)),
            Err(_) => {
                // Not to be caught in JavaScript: interrupted, or no memory even to say so.
                let _ = ctx.catch();
                let late = deadline.get().is_some_and(|at| Instant::now() >= at);
                deadline.set(None);
                let blamed: i64 = functions.1.call(()).unwrap_or(-1);
                let blamed = usize::try_from(blamed).ok().filter(|blamed| *blamed < count).unwrap_or(*index);
                let reason = if late {
                    format!("runs longer than the {} s that all templates have together", TIME_LIMIT.as_secs())
                } else {
                    format!("needs more than the {} MiB that templates may use", MEMORY_LIMIT / 1024 / 1024)
                };
                set(&mut outcomes, blamed, Outcome::Failed(reason));
                return outcomes;
            }
        }
    }
    outcomes
}

fn set(outcomes: &mut [Outcome], index: usize, outcome: Outcome) {
    if let Some(place) = outcomes.get_mut(index) {
        *place = outcome;
    }
}

fn outcome(text: &str) -> Outcome {
    let (kind, rest) = text.split_at_checked(1).unwrap_or(("d", ""));
    match kind {
        "v" => match serde_json::from_str(rest) {
            Ok(value) => Outcome::Value(value),
            Err(error) => Outcome::Failed(format!("gives what is no value of a configuration: {error}")),
        },
        "u" => Outcome::NoValue(rest.to_string()),
        "e" => Outcome::Failed(rest.to_string()),
        _ => Outcome::NotEvaluated,
    }
}
