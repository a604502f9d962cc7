//! QuickJS: one run for all templates of a configuration, bounded in time and memory. It has no access to files or processes beyond the
//! helpers. The engine does not interrupt a single call of a built-in over a huge array: its thread is abandoned then.

use super::arrows;
use super::scan::{self, Part};
use super::tokens::{Kind, Lexer};
use super::{Definition, Evaluated};
use crate::platform::thread::{self, Stack};
use crate::platform::{CpuClock, Platform};
use rquickjs::context::EvalOptions;
use rquickjs::{CatchResultExt, Context, Ctx, Function, Object, Runtime};
use serde_json::{Value, json};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// CPU time for all templates of a configuration together.
pub const TIME_LIMIT: Duration = Duration::from_secs(2);
/// Bytes that the engine may hold.
pub const MEMORY_LIMIT: usize = 64 * 1024 * 1024;
/// Bytes of stack that JavaScript may use, of the thread's own.
const SCRIPT_STACK: usize = 1024 * 1024;
const THREAD_STACK: usize = 4 * 1024 * 1024;

/// CPU time after which an engine that could not be interrupted is abandoned.
const ABANDONED_AFTER: Duration = TIME_LIMIT.saturating_mul(2);
/// Interval at which the CPU time is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// What the engine's thread sends.
enum Said {
    /// Its CPU time, before anything else.
    Begun(CpuClock),
    /// A question that a template asks of the system, and where the answer, JSON, goes.
    Question(String, String, mpsc::Sender<String>),
    Done(Result<Vec<Evaluated>, EngineError>),
}

/// Why there is no engine to be had.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No thread.
    #[error("cannot start the template engine: {0}")]
    NotStarted(std::io::Error),
    #[error("the template engine ended unexpectedly")]
    Ended,
    #[error("cannot make a template engine: {0}")]
    NotMade(String),
    #[error("cannot hand the configuration to the template engine: {0}; it may hold {limit} MiB", limit = MEMORY_LIMIT / 1024 / 1024)]
    NotHanded(String),
}

/// Evaluates templates in order; each sees the configuration `tree` (JSON, any value in the templates' places) as globals.
///
/// # Errors
/// [`EngineError`].
pub fn evaluate(
    tree: &Value,
    definitions: &[Definition],
    wanted: &[usize],
    platform: &dyn Platform,
) -> Result<Vec<Evaluated>, EngineError> {
    let (sender, receiver) = mpsc::channel::<Said>();
    let turn = Arc::new(AtomicUsize::new(usize::MAX));
    let work = Work { tree: tree.to_string(), definitions: definitions.to_vec(), wanted: wanted.to_vec(), turn: Arc::clone(&turn) };
    // The engine has its own thread, whose stack is as large as the limit says, and which can be abandoned.
    thread::spawn("templates", Stack::Bytes(THREAD_STACK), move || {
        // The receiver has gone if the engine was abandoned.
        let _ = sender.send(Said::Begun(CpuClock::of_this_thread()));
        let _ = sender.send(Said::Done(run(&work, &sender)));
    })
    .map_err(EngineError::NotStarted)?;
    let mut clock = None;
    loop {
        match receiver.recv_timeout(LOOK) {
            Ok(Said::Begun(begun)) => clock = Some(begun),
            // An engine that was interrupted does not wait for the answer.
            Ok(Said::Question(kind, argument, reply)) => drop(reply.send(answer(&kind, &argument, platform).to_string())),
            Ok(Said::Done(outcomes)) => return outcomes,
            Err(mpsc::RecvTimeoutError::Disconnected) => return Err(EngineError::Ended),
            Err(mpsc::RecvTimeoutError::Timeout) if clock.is_some_and(|clock| clock.elapsed() >= ABANDONED_AFTER) => {
                return Ok(abandoned(definitions, wanted, turn.load(Ordering::Relaxed)));
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
    }
}

/// The results of the templates of an engine that was abandoned while it evaluated one of them.
fn abandoned(definitions: &[Definition], wanted: &[usize], turn: usize) -> Vec<Evaluated> {
    let mut outcomes = vec![Evaluated::NotEvaluated; definitions.len()];
    let blamed = if turn < definitions.len() { turn } else { wanted.first().copied().unwrap_or_default() };
    let reason = format!(
        "takes more than the {} s of CPU time that all templates have together, in one call that cannot be interrupted; its thread is \
         abandoned and uses a processor until this program ends",
        TIME_LIMIT.as_secs()
    );
    set(&mut outcomes, blamed, Evaluated::Failed(reason));
    outcomes
}

/// Answers the helpers of `os`, `std` and `zos` that public configurations use.
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

/// What is evaluated.
struct Work {
    /// JSON.
    tree: String,
    definitions: Vec<Definition>,
    wanted: Vec<usize>,
    /// The template that is being evaluated.
    turn: Arc<AtomicUsize>,
}

fn run(work: &Work, sender: &mpsc::Sender<Said>) -> Result<Vec<Evaluated>, EngineError> {
    let runtime = Runtime::new().map_err(|error| EngineError::NotMade(error.to_string()))?;
    runtime.set_memory_limit(MEMORY_LIMIT);
    runtime.set_max_stack_size(SCRIPT_STACK);
    let limit = Rc::new(TimeLimit { clock: CpuClock::of_this_thread(), late: Cell::new(false), over: Cell::new(false) });
    let watched = Rc::clone(&limit);
    runtime.set_interrupt_handler(Some(Box::new(move || watched.interrupts())));
    let context = Context::full(&runtime).map_err(|error| EngineError::NotMade(error.to_string()))?;
    context.with(|ctx| {
        let functions = prepare(&ctx, work, sender.clone()).catch(&ctx).map_err(|error| EngineError::NotHanded(error.to_string()))?;
        Ok(evaluate_all(&ctx, &functions, work, &limit))
    })
}

/// Interrupts templates that take too much CPU time. Time in which this thread does not run, on a busy or a stopped system, does not count.
struct TimeLimit {
    clock: CpuClock,
    /// The time was used up.
    late: Cell<bool>,
    /// Evaluation is over: code that reports the results is not interrupted.
    over: Cell<bool>,
}

impl TimeLimit {
    fn interrupts(&self) -> bool {
        if !self.over.get() && self.clock.elapsed() >= TIME_LIMIT {
            self.late.set(true);
        }
        self.late.get() && !self.over.get()
    }
}

/// Evaluates a text as Zowe's configuration manager does: as a script, whose last statement gives the value.
fn script<'js>(ctx: Ctx<'js>, code: String) -> rquickjs::Result<rquickjs::Value<'js>> {
    let mut options = EvalOptions::default();
    options.global = true;
    options.strict = false;
    options.filename = Some("template".into());
    ctx.eval_with_options(code, options)
}

/// The functions that the prelude defines.
struct Functions<'js> {
    outcome: Function<'js>,
    blame: Function<'js>,
    complaint: Function<'js>,
}

/// Runs the prelude.
fn prepare<'js>(ctx: &Ctx<'js>, work: &Work, sender: mpsc::Sender<Said>) -> rquickjs::Result<Functions<'js>> {
    let helper = Function::new(ctx.clone(), move |kind: String, argument: String| {
        let (reply, answer) = mpsc::channel();
        match sender.send(Said::Question(kind, argument, reply)) {
            Ok(()) => answer.recv().unwrap_or_else(|_| "null".into()),
            Err(_) => "null".into(),
        }
    })?;
    let prelude: Function = ctx.eval(include_str!("prelude.js"))?;
    let script = Function::new(ctx.clone(), script)?;
    let turn = Arc::clone(&work.turn);
    // -1: none.
    let turn = Function::new(ctx.clone(), move |index: i32| turn.store(usize::try_from(index).unwrap_or(usize::MAX), Ordering::Relaxed))?;
    let functions: Object = prelude.call((work.tree.as_str(), definitions_json(&work.definitions), helper, script, turn))?;
    Ok(Functions { outcome: functions.get("outcome")?, blame: functions.get("blame")?, complaint: functions.get("complaint")? })
}

/// True when an expression begins with a brace, which begins a block in a script.
fn begins_with_brace(code: &str) -> bool {
    let first = Lexer::new(code).next_token().ok().flatten();
    first.is_some_and(|token| token.kind == Kind::Punctuator && code.get(token.start..token.end) == Some("{"))
}

fn definitions_json(definitions: &[Definition]) -> String {
    let part = |part: &Part| match part {
        Part::Text(text) => json!({ "text": text }),
        Part::Expression(code) => {
            let rewritten = arrows::in_parentheses(code).map(|rewritten| rewritten.text);
            json!({ "text": null, "code": code, "rewritten": rewritten, "brace": begins_with_brace(code) })
        }
    };
    let definition = |definition: &Definition| json!({ "path": definition.path, "name": definition.name, "parts": definition.parts.iter().map(part).collect::<Vec<_>>() });
    Value::Array(definitions.iter().map(definition).collect()).to_string()
}

fn evaluate_all<'js>(ctx: &Ctx<'js>, functions: &Functions<'js>, work: &Work, limit: &TimeLimit) -> Vec<Evaluated> {
    let (definitions, wanted) = (&work.definitions, &work.wanted);
    let mut outcomes = vec![Evaluated::NotEvaluated; definitions.len()];
    for index in wanted {
        let result: rquickjs::Result<String> = functions.outcome.call((*index,));
        match result {
            Ok(text) => {
                let complaint = |code: &str| functions.complaint.call::<_, String>((code,)).ok();
                set(&mut outcomes, *index, outcome(&text, definitions.get(*index), &complaint));
            }
            Err(_) => {
                // An error that JavaScript cannot catch: interrupted, or no memory left to report it.
                let _ = ctx.catch();
                limit.over.set(true);
                let blamed: i64 = functions.blame.call(()).unwrap_or(-1);
                let blamed = usize::try_from(blamed).ok().filter(|blamed| *blamed < definitions.len()).unwrap_or(*index);
                let reason = if limit.late.get() {
                    format!("takes more than the {} s of CPU time that all templates have together", TIME_LIMIT.as_secs())
                } else {
                    format!("needs more than the {} MiB of memory that templates may use", MEMORY_LIMIT / 1024 / 1024)
                };
                set(&mut outcomes, blamed, Evaluated::Failed(reason));
                return outcomes;
            }
        }
    }
    outcomes
}

fn set(outcomes: &mut [Evaluated], index: usize, outcome: Evaluated) {
    if let Some(place) = outcomes.get_mut(index) {
        *place = outcome;
    }
}

/// `complaint` tells what is wrong with the syntax of a text, nothing for one that is right.
fn outcome(text: &str, definition: Option<&Definition>, complaint: &dyn Fn(&str) -> Option<String>) -> Evaluated {
    let (kind, rest) = text.split_at_checked(1).unwrap_or(("d", ""));
    let value = |wrap: fn(Value) -> Evaluated| match serde_json::from_str(rest) {
        Ok(value) => wrap(value),
        Err(error) => Evaluated::Failed(format!("gives what is no value of a configuration: {error}")),
    };
    match kind {
        "v" => value(Evaluated::Value),
        "b" => value(Evaluated::Block),
        "u" => Evaluated::NoValue(rest.to_string()),
        "e" => Evaluated::Failed(rest.to_string()),
        "s" => {
            let (part, error) = rest.split_once(':').unwrap_or(("", rest));
            let place = definition.zip(part.parse().ok()).and_then(|(definition, part)| place(&definition.parts, part, error, complaint));
            Evaluated::Failed(match place {
                Some((line, column)) => format!("{error} (line {line} column {column} of the template)"),
                None => error.to_string(),
            })
        }
        _ => Evaluated::NotEvaluated,
    }
}

/// Where in the author's text an error of syntax of one part stands, which the engine does not tell: at the first token up to which the
/// error is the same whatever follows.
fn place(parts: &[Part], part: usize, error: &str, complaint: &dyn Fn(&str) -> Option<String>) -> Option<(usize, usize)> {
    let Part::Expression(code) = parts.get(part)? else { return None };
    let rewritten = arrows::in_parentheses(code);
    let read = rewritten.as_ref().map_or(code.as_str(), |rewritten| rewritten.text.as_str());
    if complaint(read)? != error {
        return None;
    }
    let mut lexer = Lexer::new(read);
    let mut tokens = Vec::new();
    let byte = loop {
        match lexer.next_token() {
            Ok(Some(token)) => tokens.push(token),
            Ok(None) => break read.trim_end().len(),
            Err(_) => break lexer.position(),
        }
    };
    let is_settled = |end: usize| {
        let before = read.get(..end).unwrap_or_default();
        [" )", " 0", " }", " ;"].iter().all(|more| complaint(&format!("{before}{more}")).as_deref() == Some(error))
    };
    let settled = tokens.partition_point(|token| !is_settled(token.end));
    let byte = tokens.get(settled).map_or(byte, |token| token.start);
    let byte = rewritten.as_ref().map_or(byte, |rewritten| rewritten.original(byte));
    Some(scan::position(parts, part, byte))
}
