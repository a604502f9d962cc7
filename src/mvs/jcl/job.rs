//! What the statements of a batch job mean that a procedure does not have: JOB, IF/THEN/ELSE/ENDIF, EXPORT, symbols in in-stream data, and,
//! in a job that START finds in the place of a procedure, the call of one.

use super::call::Calls;
use super::procedure::{Reading, check_keyword, sort};
use super::statement::{Statement, statements};
use super::{DataSource, JclError, LINE_LIMIT, Library, Position, RECORD_LENGTH, Step, Symbols};

/// Keywords of JOB.
const JOB_KEYWORDS: &[&str] = &[
    "ADDRSPC", "BYTES", "CARDS", "CCSID", "CLASS", "COND", "EMAIL", "GROUP", "JESLOG", "JOBRC", "LINES", "MEMLIMIT", "MSGCLASS",
    "MSGLEVEL", "NOTIFY", "PAGES", "PASSWORD", "PERFORM", "PRTY", "RD", "REGION", "REGIONX", "RESTART", "SCHENV", "SECLABEL", "SYSAFF",
    "SYSTEM", "TIME", "TYPRUN", "UJOBCORR", "USER",
];

/// A batch job with all symbols replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub name: String,
    /// CLASS, MSGCLASS and whatever else was said on JOB.
    pub keywords: Vec<(String, String)>,
    pub steps: Vec<JobStep>,
}

/// A step of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStep {
    pub step: Step,
    /// The IF statements it stands in, outermost first; `NOT (...)` for what follows ELSE.
    pub conditions: Vec<String>,
}

/// Reads a batch job: every step of it, with all symbols replaced.
///
/// # Errors
/// Every error of the job, in the order of its lines; at least one.
pub fn read_job(text: &str, symbols: &Symbols) -> Result<Job, Vec<JclError>> {
    read_with(text, symbols, None).map(|(job, _)| job)
}

/// Whether the first statement of a member is JOB: then START runs it as it is.
pub fn is_job(text: &str) -> bool {
    let first = text.lines().find(|line| line.starts_with("//") && !line.starts_with("//*"));
    first.and_then(|line| line.split_ascii_whitespace().nth(1)) == Some("JOB")
}

/// Reads a job that START is to run: its one step, which may be that of a procedure. The symbols of START take the place of SET statements
/// before the first EXEC, of EXEC and of PROC, whether anything uses them or not. Also its listing for JESJCL.
///
/// # Errors
/// As [`read_job`]; a job of more than one step, or with conditions, is one.
pub fn read_started_job(text: &str, symbols: &Symbols, library: &Library<'_>) -> Result<(Job, Vec<String>), Vec<JclError>> {
    let (job, listing) = read_with(text, symbols, Some(library))?;
    let at = Position { line: 1, column: 1 };
    let why = match job.steps.as_slice() {
        [step] if step.conditions.is_empty() => return Ok((job, listing)),
        [_] => "A STEP THAT DEPENDS ON A CONDITION CANNOT BE RUN OFF Z/OS",
        _ => "A JOB WITH MORE THAN ONE STEP CANNOT BE RUN OFF Z/OS",
    };
    Err(vec![JclError::Member { at, why: why.to_owned() }])
}

fn read_with(text: &str, symbols: &Symbols, library: Option<&Library<'_>>) -> Result<(Job, Vec<String>), Vec<JclError>> {
    if let Some((index, _)) = text.lines().enumerate().nth(LINE_LIMIT) {
        let at = Position { line: index + 1, column: 1 };
        return Err(vec![JclError::Member { at, why: format!("MEMBER HAS MORE THAN {LINE_LIMIT} LINES") }]);
    }
    let (statements, errors) = statements(text);
    let mut reading = Reading::new(symbols, errors);
    reading.is_job = true;
    let (calls, in_procedures) = match library {
        Some(library) => Calls::new(text, &statements, library),
        None => (None, Vec::new()),
    };
    let mut job = Reader {
        reading,
        job: None,
        open: Vec::new(),
        exported: Exported::Nothing,
        visible: Vec::new(),
        conditions: Vec::new(),
        start: if calls.is_some() { symbols.overrides.clone() } else { Vec::new() },
        calls,
    };
    job.define_start_symbols();
    let lines: Vec<&str> = text.lines().collect();
    for (index, statement) in statements.iter().enumerate() {
        if job.calls.is_some() {
            job.reading.list(index, statement, &lines, "//");
        }
        if in_procedures.contains(&index) {
            continue;
        }
        let result = job.statement(index, statement);
        job.reading.errors.extend(result.err());
    }
    if let Some((_, at)) = job.open.pop() {
        job.reading.errors.push(JclError::Member { at, why: "THE IF STATEMENT HAS NO ENDIF".to_owned() });
    }
    let Reader { reading: Reading { steps, mut errors, listing, .. }, job, conditions, .. } = job;
    if steps.is_empty() && errors.is_empty() {
        errors.push(JclError::NoSteps { at: Position { line: text.lines().count().max(1), column: 1 } });
    }
    match job {
        Some((name, keywords)) if errors.is_empty() => {
            let steps = steps.into_iter().zip(conditions).map(|(step, conditions)| JobStep { step, conditions }).collect();
            Ok((Job { name, keywords, steps }, listing))
        }
        _ => {
            sort(&mut errors);
            Err(errors)
        }
    }
}

/// Which symbols EXPORT makes known to in-stream data.
enum Exported {
    Nothing,
    All,
    Named(Vec<String>),
}

struct Reader<'a> {
    reading: Reading<'a>,
    /// Name and keywords of the JOB statement.
    job: Option<(String, Vec<(String, String)>)>,
    /// IF statements that have no ENDIF yet: their conditions and where they stand.
    open: Vec<(String, Position)>,
    exported: Exported,
    /// Symbols that in-stream data sees: those that were set after their EXPORT.
    visible: Vec<(String, String)>,
    /// One for each step.
    conditions: Vec<Vec<String>>,
    /// Symbols of the START command, which hold against SET, EXEC and PROC.
    start: Vec<(String, String)>,
    /// In a job that START runs: the procedures that it may call.
    calls: Option<Calls<'a>>,
}

impl Reader<'_> {
    /// The SET statement that START puts into a job.
    fn define_start_symbols(&mut self) {
        self.reading.defined.extend(self.start.iter().cloned());
    }

    fn statement(&mut self, index: usize, statement: &Statement) -> Result<(), JclError> {
        let member = |why: &str| Err(JclError::Member { at: statement.at, why: why.to_owned() });
        match statement.operation.as_str() {
            "JOB" if index == 0 => self.job_statement(statement),
            "JOB" => member("A SECOND JOB STATEMENT IN ONE MEMBER"),
            _ if index == 0 => {
                // What follows is read all the same, with its errors.
                let first = member("THE FIRST STATEMENT OF A JOB IS JOB");
                first.and(self.other(statement))
            }
            _ => self.other(statement),
        }
    }

    fn other(&mut self, statement: &Statement) -> Result<(), JclError> {
        let at = statement.at;
        let alone = |why: &str| JclError::Member { at, why: why.to_owned() };
        match statement.operation.as_str() {
            "IF" => {
                let text: Vec<String> = statement.operands.iter().map(|operand| operand.text()).collect();
                if text.iter().all(String::is_empty) {
                    return Err(alone("THE IF STATEMENT HAS NO CONDITION"));
                }
                self.open.push((text.join(","), at));
            }
            "ELSE" => {
                let (condition, _) = self.open.last_mut().ok_or_else(|| alone("ELSE STANDS OUTSIDE OF AN IF STATEMENT"))?;
                *condition = format!("NOT {condition}");
            }
            "ENDIF" => drop(self.open.pop().ok_or_else(|| alone("ENDIF STANDS OUTSIDE OF AN IF STATEMENT"))?),
            "EXPORT" => self.export(statement)?,
            "SET" => {
                let before = self.reading.defined.len();
                let result = self.reading.set(statement);
                let set = self.reading.defined.get(before..).unwrap_or_default();
                self.visible.extend(set.iter().filter(|(name, _)| self.exported.has(name)).cloned());
                if self.reading.steps.is_empty() && self.open.is_empty() {
                    self.define_start_symbols();
                }
                result?;
            }
            "EXEC" => {
                let steps = self.reading.steps.len();
                let result = match &mut self.calls {
                    Some(calls) => calls.exec(&mut self.reading, statement, &self.start),
                    None => self.reading.exec(statement),
                };
                if self.reading.steps.len() > steps {
                    self.conditions.push(self.open.iter().map(|(condition, _)| condition.clone()).collect());
                }
                result?;
            }
            "DD" => {
                match &mut self.calls {
                    Some(calls) => calls.dd(&mut self.reading, statement)?,
                    None => self.reading.dd(statement)?,
                }
                self.instream(statement)?;
            }
            "JCLLIB" | "OUTPUT" => drop(self.reading.resolve(statement)?),
            other => return Err(JclError::Operation { at, operation: other.to_owned() }),
        }
        Ok(())
    }

    fn job_statement(&mut self, statement: &Statement) -> Result<(), JclError> {
        let mut keywords = Vec::new();
        self.job = Some((statement.name.clone(), Vec::new()));
        if statement.name.is_empty() {
            return Err(JclError::Label { at: statement.at, label: "MISSING ON THE JOB STATEMENT".to_owned() });
        }
        for resolved in self.reading.resolve(statement)? {
            check_keyword(&resolved, JOB_KEYWORDS, "JOB")?;
            let value = resolved.value()?.joined();
            keywords.extend(resolved.keyword().map(|keyword| (keyword.to_owned(), value)));
        }
        self.job = Some((statement.name.clone(), keywords));
        Ok(())
    }

    /// `EXPORT SYMLIST=*` or `EXPORT SYMLIST=(A,B)`.
    fn export(&mut self, statement: &Statement) -> Result<(), JclError> {
        for resolved in self.reading.resolve(statement)? {
            check_keyword(&resolved, &["SYMLIST"], "EXPORT")?;
            let names = resolved.value()?.joined();
            match (&mut self.exported, names.as_str()) {
                (_, "*") => self.exported = Exported::All,
                (Exported::All, _) => {}
                (Exported::Named(known), names) => known.extend(names.split(',').map(str::to_owned)),
                (Exported::Nothing, names) => self.exported = Exported::Named(names.split(',').map(str::to_owned).collect()),
            }
        }
        Ok(())
    }

    /// Replaces the symbols of in-stream data that asks for it with `SYMBOLS=`.
    fn instream(&mut self, statement: &Statement) -> Result<(), JclError> {
        if !statement.operands.iter().any(|operand| operand.keyword.as_deref() == Some("SYMBOLS")) {
            return Ok(());
        }
        let source = self.reading.steps.last_mut().and_then(|step| step.data_definitions.last_mut()?.sources.last_mut());
        let Some(DataSource::Instream(lines)) = source else { return Ok(()) };
        for (index, line) in lines.iter_mut().enumerate() {
            *line = replaced(line, &self.visible);
            if line.chars().count() > RECORD_LENGTH {
                let at = Position { line: statement.lines.1 + index + 1, column: 1 };
                let why = format!("WITH ITS SYMBOLS REPLACED THE LINE HAS MORE THAN {RECORD_LENGTH} CHARACTERS");
                return Err(JclError::Member { at, why });
            }
        }
        Ok(())
    }
}

impl Exported {
    fn has(&self, name: &str) -> bool {
        match self {
            Exported::Nothing => false,
            Exported::All => true,
            Exported::Named(names) => names.iter().any(|known| known == name),
        }
    }
}

/// A line of in-stream data with `&NAME` and `&NAME.` replaced. Names that are not known stay: data may hold `&` of its own.
fn replaced(line: &str, symbols: &[(String, String)]) -> String {
    let mut result = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        result.push_str(before);
        let after = &from[1..];
        let length = after.bytes().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"@#$".contains(byte)).count();
        let (name, tail) = after.split_at(length);
        match symbols.iter().rev().find(|(known, _)| known == name) {
            Some((_, value)) => {
                result.push_str(value);
                rest = tail.strip_prefix('.').unwrap_or(tail);
            }
            None => {
                result.push('&');
                result.push_str(name);
                rest = tail;
            }
        }
    }
    result + rest
}
