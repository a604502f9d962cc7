//! A PROC as its text tells: enough of JCL to find the step, its PARM, and the records of STDENV. Pure. The reader of the emulated system
//! is not part of the program for z/OS; what is not understood here is left to z/OS.

use std::collections::BTreeMap;

/// The last column of a statement, of which 72 is for continuation.
const LAST_COLUMN: usize = 71;

/// The length of a record.
const RECORD: usize = 80;

/// What was found in a member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Procedure {
    /// Symbols of the PROC statement and their defaults.
    pub(super) symbols: BTreeMap<String, String>,
    /// Operands of the first EXEC statement, by name, and its line.
    pub(super) exec: BTreeMap<String, String>,
    pub(super) exec_line: u32,
    /// Data set names and paths of data definitions.
    pub(super) definitions: BTreeMap<String, String>,
    /// Records of STDENV with their line numbers; None: there is no such in-stream data.
    pub(super) stdenv: Option<Vec<(u32, String)>>,
    /// Line and what is wrong with it.
    pub(super) faults: Vec<(u32, String)>,
}

/// Reads a member.
pub(super) fn read(text: &str) -> Procedure {
    let mut found = Procedure::default();
    let mut statement: Option<Statement> = None;
    let mut data: Option<Data> = None;
    for (number, line) in (1_u32..).zip(text.lines()) {
        let line = line.trim_end();
        let is_statement = line.starts_with("//") || (line.starts_with("/*") && data.is_none());
        columns(&mut found, number, line, is_statement);
        if let Some(open) = &data {
            let ends = line.starts_with(&open.delimiter);
            let next = open.delimiter == "/*" && line.starts_with("//");
            if !ends && !next {
                if open.is_stdenv {
                    found.stdenv.get_or_insert_default().push((number, line.to_owned()));
                }
                continue;
            }
            data = None;
            if ends {
                continue;
            }
        }
        let Some(body) = line.strip_prefix("//").filter(|body| !body.starts_with('*')) else { continue };
        let body: String = body.chars().take(LAST_COLUMN - 2).collect();
        let open = statement.take().filter(|open| open.goes_on);
        let current = match open {
            Some(open) if body.starts_with(' ') => open.continued(&body),
            _ => Statement::begun(number, &body),
        };
        if !current.goes_on {
            data = found.take(&current);
        }
        statement = Some(current);
    }
    found
}

fn columns(found: &mut Procedure, number: u32, line: &str, is_statement: bool) {
    let length = line.chars().count();
    let numbered = length == RECORD && line.chars().skip(72).all(|character| character.is_ascii_digit());
    if numbered {
        found
            .faults
            .push((number, "columns 73 to 80 have numbers, which are part of the value in STDENV: NUM OFF or UNNUM in the editor".into()));
    } else if length > RECORD {
        found.faults.push((number, format!("has {length} characters, and a record has {RECORD}: the rest is lost in the library")));
    } else if is_statement && length > LAST_COLUMN && !line.starts_with("//*") {
        found.faults.push((number, format!("goes to column {length}; z/OS reads a statement up to column {LAST_COLUMN}")));
    }
}

/// In-stream data that is being read.
struct Data {
    delimiter: String,
    is_stdenv: bool,
}

/// A statement, its continuations joined.
struct Statement {
    line: u32,
    name: String,
    operation: String,
    operands: String,
    goes_on: bool,
    quoted: bool,
}

impl Statement {
    fn begun(line: u32, body: &str) -> Statement {
        let name_length = body.find(' ').unwrap_or(body.len());
        let rest = body[name_length..].trim_start();
        let operation_length = rest.find(' ').unwrap_or(rest.len());
        let (operation, operands) = rest.split_at(operation_length);
        let mut statement = Statement {
            line,
            name: body[..name_length].to_owned(),
            operation: operation.to_owned(),
            operands: String::new(),
            goes_on: false,
            quoted: false,
        };
        statement.add(operands.trim_start());
        statement
    }

    fn continued(mut self, body: &str) -> Statement {
        let text = body.trim_start().to_owned();
        self.add(&text);
        self
    }

    /// Adds operands up to the comment behind them.
    fn add(&mut self, text: &str) {
        let mut end = text.len();
        for (at, character) in text.char_indices() {
            self.quoted ^= character == '\'';
            if character == ' ' && !self.quoted {
                end = at;
                break;
            }
        }
        self.operands.push_str(&text[..end]);
        self.goes_on = self.quoted || text[..end].ends_with(',');
    }

    /// `NAME=value` at the outermost level, quotes of a value taken off.
    fn keywords(&self) -> Vec<(String, String)> {
        let (mut parts, mut begin, mut depth, mut quoted) = (Vec::new(), 0, 0_i32, false);
        for (at, character) in self.operands.char_indices() {
            match character {
                '\'' => quoted = !quoted,
                '(' if !quoted => depth += 1,
                ')' if !quoted => depth -= 1,
                ',' if !quoted && depth == 0 => {
                    parts.push(&self.operands[begin..at]);
                    begin = at + 1;
                }
                _ => {}
            }
        }
        parts.push(&self.operands[begin..]);
        let unquoted = |value: &str| match value.strip_prefix('\'').and_then(|value| value.strip_suffix('\'')) {
            Some(inner) => inner.replace("''", "'"),
            None => value.to_owned(),
        };
        let keyword = |part: &&str| part.split_once('=').map(|(name, value)| (name.to_owned(), unquoted(value)));
        parts.iter().filter_map(keyword).collect()
    }
}

impl Procedure {
    fn take(&mut self, statement: &Statement) -> Option<Data> {
        let keywords = || statement.keywords().into_iter().collect::<BTreeMap<_, _>>();
        match statement.operation.as_str() {
            "PROC" => self.symbols = keywords(),
            "EXEC" if self.exec.is_empty() => {
                self.exec = keywords();
                self.exec_line = statement.line;
            }
            "DD" => {
                let keywords = keywords();
                let first = statement.operands.split(',').next().unwrap_or_default();
                let is_stdenv = statement.name == "STDENV";
                if first == "*" || first == "DATA" {
                    if is_stdenv {
                        self.stdenv.get_or_insert_default();
                    }
                    let delimiter = keywords.get("DLM").cloned().unwrap_or_else(|| "/*".to_owned());
                    return Some(Data { delimiter, is_stdenv });
                }
                if let Some(target) = keywords.get("DSN").or(keywords.get("DSNAME")).or(keywords.get("PATH")) {
                    self.definitions.insert(statement.name.clone(), target.clone());
                }
            }
            _ => {}
        }
        None
    }

    /// A text with symbols replaced: those of the PROC statement, some given at START instead.
    pub(super) fn replaced(&self, text: &str, given: &[(&str, &str)]) -> String {
        let mut replaced = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('&') {
            let (before, behind) = rest.split_at(at);
            replaced.push_str(before);
            let name: String = behind[1..].chars().take_while(|one| one.is_ascii_alphanumeric() || "@#$".contains(*one)).collect();
            let value = given.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            match value.or_else(|| self.symbols.get(&name).cloned()) {
                Some(value) if !name.is_empty() => {
                    replaced.push_str(&value);
                    let end = &behind[1 + name.len()..];
                    rest = end.strip_prefix('.').unwrap_or(end);
                }
                _ => {
                    replaced.push('&');
                    rest = &behind[1..];
                }
            }
        }
        replaced + rest
    }

    /// The variables of STDENV with their lines, as Language Environment reads them; a line that goes on has its continuation joined.
    pub(super) fn variables(&self) -> Vec<(u32, String, String)> {
        let mut found: Vec<(u32, String, String)> = Vec::new();
        let mut open: Option<(u32, String)> = None;
        let mut mark: Option<String> = None;
        for (line, record) in self.stdenv.iter().flatten() {
            let (begun, text) = match open.take() {
                Some((begun, text)) => (begun, text + record),
                None => (*line, record.clone()),
            };
            if let Some(rest) = mark.as_ref().and_then(|mark| text.strip_suffix(mark.as_str())) {
                open = Some((begun, rest.to_owned()));
                continue;
            }
            if text.starts_with('#') {
                continue;
            }
            if let Some((name, value)) = text.split_once('=') {
                if name == "_CEE_ENVFILE_CONTINUATION" {
                    mark = Some(value.to_owned()).filter(|mark| !mark.is_empty());
                }
                found.push((begun, name.to_owned(), value.to_owned()));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_members_are_read() {
        let found = read(include_str!("../../../jcl/ZWESLSTC"));
        assert!(found.faults.is_empty(), "{:?}", found.faults);
        assert_eq!(found.exec["PGM"], "ZWELNCH");
        assert_eq!(found.replaced(&found.exec["REGION"], &[]), "0M");
        assert_eq!(found.definitions["STEPLIB"], "ZWE.SZWELOAD");
        assert_eq!(found.symbols["HAINST"], "__ha_instance_id__");
        let variables = found.variables();
        assert!(variables.iter().any(|(_, name, value)| name == "CONFIG" && value == "/etc/zowe/zowe.yaml"), "{variables:?}");
        assert_eq!(found.replaced("&HAINST..x & &NONE", &[("HAINST", "a")]), "a.x & &NONE");
        let other = read(include_str!("../../../jcl/ZWESLSTB"));
        assert_eq!(other.exec["PGM"], "BPXBATSL");
        assert!(other.replaced(&other.exec["PARM"], &[]).ends_with("zwelnch launch __ha_instance_id__"));
    }

    #[test]
    fn lines_of_stdenv_go_on() {
        let text = "//STDENV DD *\n_CEE_ENVFILE_CONTINUATION=\\\nCONFIG=FILE(/a):\\\nFILE(/b)\n# no\nX=1\n/*\n// PEND\n";
        let variables = read(text).variables();
        assert_eq!(variables[1], (3, "CONFIG".into(), "FILE(/a):FILE(/b)".into()));
        assert_eq!(variables[2].1, "X");
    }

    #[test]
    fn columns_are_looked_at() {
        let number = format!("{:<72}00010000\n", "CONFIG=/x");
        let long = format!("//A EXEC PGM=B,PARM='{}'\n", "x".repeat(60));
        let text = format!("//STDENV DD *\n{number}{}\n/*\n{long}", "y".repeat(81));
        let faults: Vec<u32> = read(&text).faults.iter().map(|(line, _)| *line).collect();
        assert_eq!(faults, [2, 3, 5]);
    }
}
