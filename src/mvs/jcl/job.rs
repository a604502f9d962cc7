//! The statements of a batch job that a procedure does not have: JOB and, in a job that START finds instead of a procedure, the call of a
//! procedure.

use super::call::Calls;
use super::procedure::{Reading, check_keyword, sort};
use super::statement::{Statement, statements};
use super::{JclError, LINE_LIMIT, Library, Position, Step, Symbols};

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
    /// The IF statements that enclose it, outermost first; `NOT (...)` for what follows ELSE.
    pub conditions: Vec<String>,
}

/// Reads a batch job: all of its steps, with all symbols replaced.
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

/// Reads a job that START is to run: its one step, which may come from a procedure. The symbols of START replace those of SET statements
/// before the first EXEC, of EXEC and of PROC, whether or not anything uses them. Also returns its listing for JESJCL.
///
/// # Errors
/// As [`read_job`]; a job with more than one step, or with conditions, is an error.
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
    let mut reading = Reading::new(symbols, errors, text, library);
    reading.is_job = true;
    let (calls, in_procedures) = match library {
        Some(library) => Calls::new(text, &statements, library),
        None => (None, Vec::new()),
    };
    let mut job = Reader {
        reading,
        job: None,
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
    job.reading.errors.extend(job.reading.conditions.end());
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

struct Reader<'a> {
    reading: Reading<'a>,
    /// Name and keywords of the JOB statement.
    job: Option<(String, Vec<(String, String)>)>,
    /// One for each step.
    conditions: Vec<Vec<String>>,
    /// Symbols of the START command, which take precedence over SET, EXEC and PROC.
    start: Vec<(String, String)>,
    /// In a job that START runs: the procedures that it may call.
    calls: Option<Calls<'a>>,
}

impl Reader<'_> {
    /// The SET statement that START adds to a job.
    fn define_start_symbols(&mut self) {
        self.reading.defined.extend(self.start.iter().cloned());
    }

    fn statement(&mut self, index: usize, statement: &Statement) -> Result<(), JclError> {
        let member = |why: &str| Err(JclError::Member { at: statement.at, why: why.to_owned() });
        match statement.operation.as_str() {
            "JOB" if index == 0 => self.job_statement(statement),
            "JOB" => member("A SECOND JOB STATEMENT IN ONE MEMBER"),
            _ if index == 0 => {
                // What follows is still read, with its errors.
                let first = member("THE FIRST STATEMENT OF A JOB IS JOB");
                first.and(self.other(statement))
            }
            _ => self.other(statement),
        }
    }

    fn other(&mut self, statement: &Statement) -> Result<(), JclError> {
        match statement.operation.as_str() {
            "IF" | "ELSE" | "ENDIF" => self.reading.conditions.statement(statement)?,
            "INCLUDE" => {
                let group = self.reading.include(statement)?;
                for inner in &group.statements {
                    if self.calls.is_some() {
                        self.reading.list_lines(&group.text, inner, "XX");
                    }
                    let result = self.other(inner);
                    self.reading.errors.extend(result.err());
                }
                self.reading.included(group);
            }
            "EXPORT" => self.reading.export(statement)?,
            "SET" => {
                let result = self.reading.set(statement);
                if self.reading.steps.is_empty() && !self.reading.conditions.are_open() {
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
                    self.conditions.push(self.reading.conditions.texts());
                }
                result?;
            }
            "DD" => {
                match &mut self.calls {
                    Some(calls) => calls.dd(&mut self.reading, statement)?,
                    None => self.reading.dd(statement)?,
                }
                self.reading.replace_instream(statement)?;
            }
            "JCLLIB" | "OUTPUT" => drop(self.reading.resolve(statement)?),
            other => return Err(JclError::Operation { at: statement.at, operation: other.to_owned() }),
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
}
