//! `zwelnch jcl`: the members to install on z/OS, edited as a systems programmer would: CONFIG in STDENV, and the symbols of PROC and SET
//! statements.

use super::jcl::{self, LAST_COLUMN};
use crate::config::overlay::nearest;
use crate::platform::names::is_name;

/// What a member is to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    /// For a library of the PROCLIB concatenation.
    Procedure,
    /// To submit.
    Job,
    /// Not JCL: to be included in another product, or typed into it.
    Sample,
}

/// A member as it is shipped.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// At most 8 characters.
    pub name: &'static str,
    pub kind: MemberKind,
    pub purpose: &'static str,
    pub text: &'static str,
}

macro_rules! member {
    ($directory:literal, $name:literal, $kind:ident, $purpose:literal) => {
        Member { name: $name, kind: MemberKind::$kind, purpose: $purpose, text: include_str!(concat!("../../", $directory, "/", $name)) }
    };
}

/// All members, in the order in which an installation needs them.
pub static MEMBERS: &[Member] = &[
    member!("jcl", "ZWESLSTC", Procedure, "the started task, program from a load library"),
    member!("jcl", "ZWESLSTB", Procedure, "the started task, program from its USS path (BPXBATSL)"),
    member!("jcl", "ZWEINPAX", Job, "unpacks the pax archive into USS, copies the members to a library"),
    member!("jcl", "ZWEIBIND", Job, "makes the load module ZWELNCH with the binder"),
    member!("jcl", "ZWERACF", Job, "user, group and profiles, RACF"),
    member!("jcl", "ZWEACF2", Job, "user, group and rules, ACF2"),
    member!("jcl", "ZWETSS", Job, "user, group and permissions, Top Secret"),
    member!("jcl", "ZWEOPCMD", Job, "who may start, modify and stop, and switch traffic (OPERCMDS)"),
    member!("jcl", "ZWEINST", Job, "copies the PROC to PROCLIB and keeps the one that is there"),
    member!("samplib", "ZWEVIPA", Sample, "TCP/IP profile: a distributed DVIPA for two gateways"),
    member!("samplib", "ZWEAUTO", Sample, "NetView automation table for our messages"),
    member!("samplib", "ZWESAPOL", Sample, "Z System Automation policy"),
];

/// What is edited in a member before it is printed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Edit<'a> {
    /// Value of CONFIG in STDENV.
    pub config: Option<&'a str>,
    /// Symbols of PROC and SET statements and their values.
    pub symbols: &'a [(String, String)],
}

/// Why a member cannot be printed as requested.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    #[error("there is no member {name}{}; zwelnch jcl --list shows all",
        .nearest.as_ref().map(|name| format!(", did you mean {name}?")).unwrap_or_default())]
    Unknown { name: String, nearest: Option<String> },
    #[error("CONFIG is empty; give a path, or a list such as FILE(/path/zowe.yaml):PARMLIB(DATA.SET(MEMBER))")]
    Empty,
    #[error("character {at} of {what}, {character:?}, cannot stand in a line of a member; use printable characters")]
    Character { what: String, at: usize, character: char },
    #[error("CONFIG ends with {character:?}, which cannot be told from the sign that a line goes on; end it differently")]
    End { character: char },
    #[error("member {name} has no STDENV with CONFIG; those that have one: {}", with_config())]
    NoConfig { name: &'static str },
    #[error("member {name} has no symbol {symbol}; it has {}", .known.join(", "))]
    NoSymbol { name: &'static str, symbol: String, known: Vec<String> },
    #[error("{what} does not fit into the {LAST_COLUMN} columns of a line of member {name}; give a shorter value")]
    TooLong { name: &'static str, what: String },
    #[error(
        "line {line} of member {name} has {length} characters once its symbols are replaced, and z/OS reads {limit}; \
        give a shorter value: {text}"
    )]
    LineTooLong { name: &'static str, line: usize, length: usize, limit: usize, text: String },
}

/// The text of the member ZWESLSTC; with `set_config`, the CONFIG line of STDENV has that value, on as many lines of at most 71 columns as
/// it needs.
///
/// # Errors
/// [`MemberError`]: a value that STDENV cannot carry.
pub fn jcl_member(set_config: Option<&str>) -> Result<String, MemberError> {
    member("ZWESLSTC", &Edit { config: set_config, symbols: &[] })
}

/// The text of a member (its name in either case), edited.
///
/// # Errors
/// [`MemberError`]: there is no such member, or what should be edited is not in it or does not fit.
pub fn member(name: &str, edit: &Edit<'_>) -> Result<String, MemberError> {
    let found = MEMBERS.iter().find(|member| member.name.eq_ignore_ascii_case(name)).ok_or_else(|| {
        let names: Vec<String> = MEMBERS.iter().map(|member| member.name.to_owned()).collect();
        MemberError::Unknown { name: name.escape_debug().to_string(), nearest: nearest(name, &names) }
    })?;
    let mut lines: Vec<String> = found.text.lines().map(str::to_owned).collect();
    for (symbol, value) in edit.symbols {
        set_symbol(found, &mut lines, &symbol.to_ascii_uppercase(), value)?;
    }
    if let Some(value) = edit.config {
        set_config(found, &mut lines, value.trim())?;
    }
    if found.kind != MemberKind::Sample {
        measure(found, &lines)?;
    }
    Ok(lines.iter().map(|line| format!("{line}\n")).collect())
}

/// One line per member: name, what it is, what it is for.
pub fn member_list() -> String {
    let kind = |member: &Member| match member.kind {
        MemberKind::Procedure => "PROC",
        MemberKind::Job => "job",
        MemberKind::Sample => "sample",
    };
    MEMBERS.iter().map(|member| format!("{:<8}  {:<6}  {}\n", member.name, kind(member), member.purpose)).collect()
}

fn with_config() -> String {
    let has = |member: &&Member| member.text.lines().any(|line| line.starts_with(CONFIG));
    MEMBERS.iter().filter(has).map(|member| member.name).collect::<Vec<_>>().join(", ")
}

const CONFIG: &str = "CONFIG=";
const CONTINUATION: char = '\\';

fn set_config(member: &Member, lines: &mut Vec<String>, value: &str) -> Result<(), MemberError> {
    let at = lines.iter().position(|line| line.starts_with(CONFIG)).ok_or(MemberError::NoConfig { name: member.name })?;
    let config = config_lines(value)?;
    // BPXBATSL does not join lines: only the C runtime knows the continuation character.
    let joins = lines.iter().any(|line| line.starts_with("_CEE_ENVFILE_CONTINUATION="));
    if config.len() > 1 && !joins {
        return Err(MemberError::TooLong { name: member.name, what: "CONFIG".to_owned() });
    }
    lines.splice(at..=at, config);
    Ok(())
}

/// Names and values of a PROC or SET statement on one line: `//name PROC A=1,B=2` or `// SET A=1  comment`.
fn statement(line: &str) -> Option<(&str, Vec<(&str, &str)>)> {
    let rest = line.strip_prefix("//").filter(|rest| !rest.starts_with('*'))?;
    let operation = rest.split_whitespace().find(|word| matches!(*word, "PROC" | "SET"))?;
    let at = line.find(&format!(" {operation} "))? + operation.len() + 2;
    let operands_at = at + line.get(at..)?.find(|character| character != ' ')?;
    let (head, field) = line.split_at(operands_at);
    let mut quoted = false;
    let end = field.find(|character: char| {
        quoted ^= character == '\'';
        character == ' ' && !quoted
    });
    let field = field.get(..end.unwrap_or(field.len()))?;
    let mut quoted = false;
    let operands = field.split(|character: char| {
        quoted ^= character == '\'';
        character == ',' && !quoted
    });
    Some((head, operands.filter_map(|operand| operand.split_once('=')).collect()))
}

fn set_symbol(member: &Member, lines: &mut [String], symbol: &str, value: &str) -> Result<(), MemberError> {
    if let Some((at, character)) = value.chars().enumerate().find(|(_, character)| !(' '..='~').contains(character)) {
        return Err(MemberError::Character { what: symbol.to_owned(), at: at + 1, character });
    }
    let plain = !value.is_empty() && value.split('.').all(is_name);
    let value = if plain { value.to_owned() } else { format!("'{}'", value.replace('\'', "''").replace('&', "&&")) };
    let mut known = Vec::new();
    for line in lines {
        let Some((head, operands)) = statement(line) else { continue };
        known.extend(operands.iter().map(|(name, _)| (*name).to_owned()));
        if !operands.iter().any(|(name, _)| *name == symbol) {
            continue;
        }
        let edited = |(name, old): &(&str, &str)| format!("{name}={}", if *name == symbol { &value } else { *old });
        *line = format!("{head}{}", operands.iter().map(edited).collect::<Vec<_>>().join(","));
        return Ok(());
    }
    Err(MemberError::NoSymbol { name: member.name, symbol: symbol.escape_debug().to_string(), known })
}

/// Every line has room for what its symbols become: z/OS replaces them record by record, and has no place for what does not fit.
fn measure(member: &Member, lines: &[String]) -> Result<(), MemberError> {
    let symbols: Vec<(String, String)> = lines
        .iter()
        .filter_map(|line| statement(line))
        .flat_map(|(_, operands)| operands)
        .map(|(name, value)| (name.to_owned(), unquoted(value)))
        .collect();
    match jcl::longer_than_records(&lines.join("\n"), &symbols) {
        None => Ok(()),
        Some(long) => Err(MemberError::LineTooLong {
            name: member.name,
            line: long.line,
            length: long.length,
            limit: long.limit,
            text: lines.get(long.line - 1).cloned().unwrap_or_default(),
        }),
    }
}

/// The value that a symbol has: without the apostrophes around it.
fn unquoted(value: &str) -> String {
    match value.strip_prefix('\'').and_then(|value| value.strip_suffix('\'')) {
        Some(inside) => inside.replace("''", "'").replace("&&", "&"),
        None => value.to_owned(),
    }
}

/// `CONFIG=value` in lines of at most 71 columns; all but the last end with the continuation character.
fn config_lines(value: &str) -> Result<Vec<String>, MemberError> {
    if value.is_empty() {
        return Err(MemberError::Empty);
    }
    if let Some((at, character)) = value.chars().enumerate().find(|(_, character)| character.is_control()) {
        return Err(MemberError::Character { what: "CONFIG".to_owned(), at: at + 1, character });
    }
    if value.ends_with(CONTINUATION) {
        return Err(MemberError::End { character: CONTINUATION });
    }
    let mut characters: Vec<char> = format!("{CONFIG}{value}").chars().collect();
    let mut lines = Vec::new();
    while characters.len() > LAST_COLUMN {
        let mut cut = LAST_COLUMN - 1;
        // A continued line that begins like a statement or a delimiter would end STDENV.
        while cut > 1 && characters.get(cut) == Some(&'/') {
            cut -= 1;
        }
        let rest = characters.split_off(cut);
        lines.push(characters.iter().collect::<String>() + "\\");
        characters = rest;
    }
    lines.push(characters.into_iter().collect());
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mvs::jcl::{self, DataSource, Symbols};
    use crate::mvs::language_environment::read_environment_file;
    use proptest::prelude::*;

    /// CONFIG as seen by a program started from the member.
    fn config(member: &str) -> String {
        let step = jcl::read(member, &Symbols::default()).unwrap().step;
        let [DataSource::Instream(lines)] = step.data_definition("STDENV").unwrap().sources.as_slice() else { panic!() };
        let variables = read_environment_file(lines.iter().map(String::as_str));
        variables.into_iter().find(|(name, _)| name == "CONFIG").unwrap().1
    }

    #[test]
    fn without_a_value_the_member_is_as_it_is() {
        for member in MEMBERS {
            assert_eq!(super::member(&member.name.to_lowercase(), &Edit::default()).unwrap(), member.text);
        }
        assert_eq!(config(&jcl_member(None).unwrap()), "/etc/zowe/zowe.yaml");
    }

    #[test]
    fn what_stdenv_cannot_carry_is_refused() {
        assert_eq!(jcl_member(Some(" ")), Err(MemberError::Empty));
        assert_eq!(jcl_member(Some("/a\n/b")), Err(MemberError::Character { what: "CONFIG".into(), at: 3, character: '\n' }));
        assert_eq!(jcl_member(Some("/a\\")), Err(MemberError::End { character: '\\' }));
    }

    fn edited(name: &str, symbol: &str, value: &str) -> Result<String, MemberError> {
        member(name, &Edit { config: None, symbols: &[(symbol.to_owned(), value.to_owned())] })
    }

    #[test]
    fn symbols_of_proc_and_set_statements_are_edited() {
        let proc = edited("ZWESLSTC", "hainst", "lpar1").unwrap();
        assert!(proc.starts_with("//ZWESLSTC PROC HAINST='lpar1',RGN=0M\n"), "{proc}");
        let job = edited("ZWEIBIND", "LOAD", "SYS2.ZWE.LOAD").unwrap();
        assert!(job.contains("\n//         SET LOAD=SYS2.ZWE.LOAD\n"), "{job}");
        assert_eq!(edited("ZWEIBIND", "USER", "X").unwrap_err().to_string(), "member ZWEIBIND has no symbol USER; it has ROOT, LOAD");
        assert!(edited("ZWEAUTO", "A", "X").unwrap_err().to_string().starts_with("member ZWEAUTO has no symbol A"));
        let too_long = |name: &str, symbol: &str, value: &str| match edited(name, symbol, value) {
            Err(MemberError::LineTooLong { line, length, limit, text, .. }) => (line, length, limit, text),
            other => panic!("{other:?}"),
        };
        let set = format!("//         SET ROOT='/{}'", "x".repeat(80));
        assert_eq!(too_long("ZWEIBIND", "ROOT", &format!("/{}", "x".repeat(80))), (16, set.len(), 71, set));
        // The SET statement has room for these, the statement and the line of data that use them have not.
        let path = format!("/{}", "x".repeat(40));
        let used = "//PROGRAM  DD PATH='&ROOT./bin/zwelnch',".to_owned();
        assert_eq!(too_long("ZWEIBIND", "ROOT", &path), (30, used.len() - "&ROOT.".len() + path.len(), 71, used));
        let stc = "Y".repeat(50);
        let used = "  RDEFINE OPERCMDS MVS.START.STC.&STC..** UACC(NONE)".to_owned();
        let (_, length, limit, text) = too_long("ZWEOPCMD", "STC", &stc);
        assert_eq!((length, limit, text), (used.len() - "&STC.".len() + stc.len(), 80, used));
        // A data set's name of any length has room everywhere.
        let longest = format!("{}.ABCDEFGH", ["A2345678"; 4].join("."));
        assert_eq!(longest.len(), 44);
        for (name, symbol) in [("ZWEIBIND", "LOAD"), ("ZWEINPAX", "SAMP"), ("ZWEINST", "SAMP"), ("ZWEINST", "PROC"), ("ZWEINST", "BACK")] {
            assert!(edited(name, symbol, &longest).is_ok(), "{name} {symbol}");
        }
        assert_eq!(
            edited("ZWEIBIND", "ROOT", "/\u{e9}").unwrap_err(),
            MemberError::Character { what: "ROOT".into(), at: 2, character: '\u{e9}' }
        );
    }

    #[test]
    fn a_member_without_joined_lines_takes_a_config_of_one_line() {
        let set = |value: &str| member("ZWESLSTB", &Edit { config: Some(value), symbols: &[] });
        assert!(set("/a/zowe.yaml").unwrap().contains("\nCONFIG=/a/zowe.yaml\n"));
        assert_eq!(set(&format!("/{}", "x".repeat(80))).unwrap_err(), MemberError::TooLong { name: "ZWESLSTB", what: "CONFIG".into() });
        let none = member("ZWERACF", &Edit { config: Some("/a"), symbols: &[] }).unwrap_err().to_string();
        assert_eq!(none, "member ZWERACF has no STDENV with CONFIG; those that have one: ZWESLSTC, ZWESLSTB");
    }

    proptest! {
        #[test]
        fn any_value_of_a_symbol_arrives(value in "[ -%'-~]{0,16}") {
            let member = edited("ZWESLSTC", "HAINST", &value).unwrap();
            prop_assert!(member.lines().all(|line| line.len() <= LAST_COLUMN));
            let step = jcl::read(&member, &Symbols::default()).map_err(|errors| TestCaseError::fail(format!("{errors:?}")))?.step;
            prop_assert_eq!(step.parm, format!("ENVAR(_CEE_ENVFILE_S=DD:STDENV),POSIX(ON)/{value}"));
        }

        #[test]
        fn any_config_arrives_within_71_columns(value in "/[ -~/\\\\]{0,300}[!-\\[\\]-~]") {
            let member = jcl_member(Some(&value)).unwrap();
            for line in member.lines() {
                prop_assert!(line.chars().count() <= LAST_COLUMN, "{}", line);
            }
            prop_assert_eq!(config(&member), value);
        }
    }
}
