//! The grammar of what may be typed at the operator console; pure. Folding and operands are as on z/OS (MVS System Commands): lower case
//! becomes upper case except inside apostrophes.

pub use super::command_error::CommandError;
use super::vary;
use crate::console::tcpip::Vary;
use crate::platform::names::{is_name, is_system_name};
use crate::system::COMMAND_LIMIT;

/// A verb. What reads, completes or explains commands takes the verbs from [`VERBS`].
pub struct Verb {
    pub name: &'static str,
    /// What may be typed instead.
    pub short: &'static str,
    /// Its forms, and what each does.
    pub help: &'static [(&'static str, &'static str)],
}

/// All verbs.
pub const VERBS: &[Verb] = &[
    Verb { name: "START", short: "S", help: &[("S member[.id][,JOBNAME=name][,symbol=value...]", "start a procedure of PROCLIB")] },
    Verb { name: "MODIFY", short: "F", help: &[("F job[.id],APPL=text", "hand a text to a job")] },
    Verb { name: "STOP", short: "P", help: &[("P job[.id]", "stop in order; .id: its identifier, or its job id")] },
    Verb { name: "CANCEL", short: "C", help: &[("C job[.id]", "cancel: end at once")] },
    Verb {
        name: "DISPLAY",
        short: "D",
        help: &[
            ("D A,L    D A,job    D T", "all jobs, one job, the time"),
            ("D TCPIP,,NETSTAT,CONN,PORT=n", "connections of the listener at a port"),
            ("D TCPIP,,NETSTAT,VDPT", "whether listeners get new connections (RDY)"),
        ],
    },
    Verb { name: "ROUTE", short: "RO", help: &[("RO system,command    RO *ALL,command", "have other systems of the sysplex do it")] },
    Verb {
        name: "VARY",
        short: "V",
        help: &[("V TCPIP,,SYSPLEX,QUIESCE,PORT=n   RESUME", "no new connections to the listener at a port; new ones again")],
    },
    Verb { name: "WRITELOG", short: "W", help: &[("W [class]", "begin a new SYSLOG; the old one is SYSLOG.1")] },
];

/// The full verb for a folded first word.
pub fn verb(word: &str) -> Option<&'static str> {
    VERBS.iter().find(|known| known.name == word || known.short == word).map(|known| known.name)
}

/// A parsed command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SystemCommand {
    Start(Start),
    /// `F job[.id],APPL=text`; None when it was not written as `APPL=`.
    Modify {
        target: JobTarget,
        text: Option<String>,
    },
    /// `P job[.id]`
    Stop(JobTarget),
    /// `C job[.id]`
    Cancel(JobTarget),
    /// `D A,L`
    DisplayActivity,
    /// `D A,job[.id]`
    DisplayJob(JobTarget),
    /// `D T`
    DisplayTime,
    /// `D TCPIP,[stack],NETSTAT,CONN`
    DisplayTcpip(vary::Report),
    /// `V TCPIP,[stack],SYSPLEX,QUIESCE|RESUME,PORT=n`
    Vary(Vary),
    /// `RO sysname,command` or `RO *ALL,command`: the command as it was typed.
    Route {
        systems: Systems,
        command: String,
    },
    /// `W [class|CLOSE|START]`
    WriteLog(WriteLog),
}

/// What WRITELOG does with the system log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteLog {
    /// Queues it to an output class and begins a new one.
    Queue(Option<char>),
    Close,
    Start,
}

/// Which systems of the sysplex a ROUTE means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Systems {
    All,
    /// One, or several in parentheses.
    Named(Vec<String>),
}

/// `S member[.identifier][,JOBNAME=name][,symbol=value...]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    pub member: String,
    pub identifier: Option<String>,
    pub job_name: Option<String>,
    /// Values without their apostrophes.
    pub symbols: Vec<(String, String)>,
}

/// Which jobs a command means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobTarget {
    /// Job name; if there is no identifier, it may also be the identifier or the id of a job.
    pub name: String,
    /// Identifier of the START command, or job id.
    pub identifier: Option<String>,
}

impl std::fmt::Display for JobTarget {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.identifier {
            Some(identifier) => write!(formatter, "{}.{identifier}", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}

impl JobTarget {
    /// True when a job of this name, identifier and id is meant.
    pub fn matches(&self, job_name: &str, identifier: &str, job_id: &str) -> bool {
        match &self.identifier {
            Some(wanted) => self.name == job_name && (wanted == identifier || wanted == job_id),
            None => [job_name, identifier, job_id].contains(&self.name.as_str()),
        }
    }
}

/// Upper case outside apostrophes.
pub fn fold(text: &str) -> String {
    let mut in_apostrophes = false;
    text.chars()
        .map(|character| {
            in_apostrophes ^= character == '\'';
            if in_apostrophes { character } else { character.to_ascii_uppercase() }
        })
        .collect()
}

/// Reads a command: at most 126 characters, no control characters. A leading slash, as SDSF wants it, is skipped.
///
/// # Errors
/// [`CommandError`], named after the verb as z/OS names it.
pub fn parse(text: &str) -> Result<SystemCommand, CommandError> {
    let text = text.trim();
    let text = text.strip_prefix('/').unwrap_or(text).trim_start();
    let typed = fold(text.split([' ', ',']).next().unwrap_or_default());
    let Some(name) = verb(&typed) else {
        // At most as much of the input as a name may have, so that the answer stays one line.
        return Err(CommandError::Invalid { command: typed.chars().filter(|character| !character.is_control()).take(8).collect() });
    };
    let command = || name.to_owned();
    if text.chars().count() > COMMAND_LIMIT || text.chars().any(char::is_control) {
        return Err(CommandError::Invalid { command: command() });
    }
    if text.chars().filter(|character| *character == '\'').count() % 2 == 1 {
        return Err(CommandError::Delimiter { command: command() });
    }
    if name == "ROUTE" {
        // The system that it is sent to folds it, once.
        return route(text.get(typed.len()..).unwrap_or_default().trim());
    }
    let operands = fold(text.get(typed.len()..).unwrap_or_default());
    let operands = operands.trim();
    if name == "WRITELOG" {
        return write_log(operands).map(SystemCommand::WriteLog);
    }
    if operands.is_empty() {
        return Err(CommandError::Missing { command: command() });
    }
    match name {
        "START" => start(operands).map(SystemCommand::Start),
        "MODIFY" => modify(operands),
        "STOP" => only_target(operands, name).map(SystemCommand::Stop),
        "CANCEL" => only_target(operands, name).map(SystemCommand::Cancel),
        "VARY" => vary::parse_vary(operands).map(SystemCommand::Vary),
        _ => display(operands),
    }
}

fn route(operands: &str) -> Result<SystemCommand, CommandError> {
    let error = |parameter: &str| CommandError::Parameter { command: "ROUTE".to_owned(), parameter: fold(parameter) };
    let missing = || CommandError::Missing { command: "ROUTE".to_owned() };
    let (systems, rest) = match operands.strip_prefix('(') {
        Some(inside) => {
            let (list, rest) = inside.split_once(')').ok_or_else(|| CommandError::Delimiter { command: "ROUTE".to_owned() })?;
            (list.split(',').collect::<Vec<_>>(), rest.strip_prefix(',').ok_or_else(missing)?)
        }
        None => operands.split_once(',').map(|(system, rest)| (vec![system], rest)).ok_or_else(missing)?,
    };
    let command = rest.trim();
    if command.is_empty() {
        return Err(missing());
    }
    let systems = match systems.as_slice() {
        [all] if all.trim().eq_ignore_ascii_case("*ALL") => Systems::All,
        named => {
            let name = |system: &&str| {
                let system = system.trim().to_ascii_uppercase();
                if is_system_name(&system) { Ok(system) } else { Err(error(&system)) }
            };
            Systems::Named(named.iter().map(name).collect::<Result<_, _>>()?)
        }
    };
    Ok(SystemCommand::Route { systems, command: command.to_owned() })
}

fn write_log(operands: &str) -> Result<WriteLog, CommandError> {
    // What follows a blank is a comment.
    let operand = operands.split(' ').next().unwrap_or_default();
    let mut characters = operand.chars();
    match (operand, characters.next(), characters.next()) {
        (_, None, _) => Ok(WriteLog::Queue(None)),
        ("CLOSE", ..) => Ok(WriteLog::Close),
        ("START", ..) => Ok(WriteLog::Start),
        (_, Some(class), None) if class.is_ascii_alphanumeric() => Ok(WriteLog::Queue(Some(class))),
        _ => Err(CommandError::Parameter { command: "WRITELOG".to_owned(), parameter: operand.to_owned() }),
    }
}

fn start(operands: &str) -> Result<Start, CommandError> {
    let command = || "START".to_owned();
    let parts = split(operands).ok_or_else(|| CommandError::Delimiter { command: command() })?;
    let mut parts = parts.into_iter();
    let target = target(parts.next().unwrap_or_default(), "START")?;
    let mut start = Start { member: target.name, identifier: target.identifier, job_name: None, symbols: Vec::new() };
    for part in parts {
        let Some((keyword, value)) = part.split_once('=') else {
            return Err(CommandError::Parameter { command: command(), parameter: part.to_owned() });
        };
        if !is_name(keyword) {
            return Err(CommandError::Keyword { command: command(), keyword: keyword.to_owned() });
        }
        let value = unquote(value).ok_or_else(|| CommandError::Delimiter { command: command() })?;
        match keyword {
            "JOBNAME" => start.job_name = Some(name(&value, "START")?),
            // These say how z/OS starts a job, not what is in it.
            "SUB" | "REUSASID" | "JOBACCT" => {}
            _ if start.symbols.iter().any(|(known, _)| known == keyword) => {
                return Err(CommandError::Parameter { command: command(), parameter: format!("{keyword} STANDS TWICE") });
            }
            _ => start.symbols.push((keyword.to_owned(), value)),
        }
    }
    Ok(start)
}

fn modify(operands: &str) -> Result<SystemCommand, CommandError> {
    let missing = || CommandError::Missing { command: "MODIFY".to_owned() };
    let (first, rest) = operands.split_once(',').ok_or_else(missing)?;
    let target = target(first.trim(), "MODIFY")?;
    let rest = rest.trim_start();
    let Some(text) = rest.strip_prefix("APPL=") else {
        return if rest.is_empty() { Err(missing()) } else { Ok(SystemCommand::Modify { target, text: None }) };
    };
    // A text that is wholly in apostrophes loses them; apostrophes further inside belong to the program.
    let text = unquote(text.trim()).unwrap_or_else(|| text.trim().to_owned());
    if text.trim().is_empty() { Err(missing()) } else { Ok(SystemCommand::Modify { target, text: Some(text.trim().to_owned()) }) }
}

fn only_target(operands: &str, command: &str) -> Result<JobTarget, CommandError> {
    // What follows a blank is a comment, as on z/OS.
    let operands = operands.split(' ').next().unwrap_or_default();
    match operands.split_once(',') {
        None => target(operands, command),
        Some((_, parameter)) => Err(CommandError::Parameter { command: command.to_owned(), parameter: parameter.to_owned() }),
    }
}

fn display(operands: &str) -> Result<SystemCommand, CommandError> {
    let operands = operands.split(' ').next().unwrap_or_default();
    match operands.split_once(',').unwrap_or((operands, "")) {
        ("T", "") => Ok(SystemCommand::DisplayTime),
        ("TCPIP", rest) => vary::parse_display(rest).map(SystemCommand::DisplayTcpip),
        ("A" | "J" | "JOBS", "" | "L" | "LIST" | "A" | "ALL") => Ok(SystemCommand::DisplayActivity),
        ("A" | "J" | "JOBS", job) => target(job, "DISPLAY").map(SystemCommand::DisplayJob),
        _ => Err(CommandError::Parameter { command: "DISPLAY".to_owned(), parameter: operands.to_owned() }),
    }
}

fn target(text: &str, command: &str) -> Result<JobTarget, CommandError> {
    let (first, second) = match text.split_once('.') {
        Some((first, second)) => (first, Some(name(second, command)?)),
        None => (text, None),
    };
    Ok(JobTarget { name: name(first, command)?, identifier: second })
}

fn name(text: &str, command: &str) -> Result<String, CommandError> {
    if is_name(text) {
        Ok(text.to_owned())
    } else if text.is_empty() || text.len() > 8 {
        Err(CommandError::Length { command: command.to_owned() })
    } else {
        Err(CommandError::Parameter { command: command.to_owned(), parameter: text.to_owned() })
    }
}

/// Splits the operands, up to the first blank outside apostrophes, at commas outside apostrophes and parentheses. None when a parenthesis
/// is unbalanced.
fn split(operands: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let (mut from, mut open, mut in_apostrophes) = (0, 0_usize, false);
    let mut end = operands.len();
    for (index, character) in operands.char_indices() {
        match character {
            '\'' => in_apostrophes = !in_apostrophes,
            _ if in_apostrophes => {}
            ' ' => {
                end = index;
                break;
            }
            '(' => open += 1,
            ')' => open = open.checked_sub(1)?,
            ',' if open == 0 => {
                parts.push(operands.get(from..index)?);
                from = index + 1;
            }
            _ => {}
        }
    }
    parts.push(operands.get(from..end)?);
    (open == 0).then_some(parts)
}

/// A value without the apostrophes around it, with doubled ones inside made single; None when they do not enclose all of it. A value
/// without apostrophes is returned as it is.
fn unquote(value: &str) -> Option<String> {
    if !value.contains('\'') {
        return Some(value.to_owned());
    }
    let inside = value.strip_prefix('\'')?.strip_suffix('\'')?;
    let single = inside.replace("''", "\0");
    (!single.contains('\'')).then(|| single.replace('\0', "'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(text: &str) -> &'static str {
        parse(text).map_or_else(|error| error.message().id(), |_| "accepted")
    }

    fn modify_text(text: &str) -> String {
        match parse(text) {
            Ok(SystemCommand::Modify { text: Some(text), .. }) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn start_in_all_its_forms() {
        let expected = Start {
            member: "ZWESLSTC".into(),
            identifier: Some("A".into()),
            job_name: Some("ZWE1SV".into()),
            symbols: vec![("HAINST".into(), "lpar1".into()), ("RGN".into(), "0M".into())],
        };
        for text in [
            "S ZWESLSTC.A,HAINST='lpar1',JOBNAME=ZWE1SV,RGN=0M",
            "  start zweslstc.a,haInst='lpar1',jobname=zwe1sv,rgn=0m,sub=mstr a comment, here",
            "/s zweslstc.a,haInst='lpar1',jobname=zwe1sv,rgn=0m",
        ] {
            assert_eq!(parse(text), Ok(SystemCommand::Start(expected.clone())), "{text}");
        }
        let Ok(SystemCommand::Start(start)) = parse("S A,X=lower,Y='it''s, (this',Z=(A,B)") else { panic!() };
        let pairs: Vec<_> = start.symbols.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("X", "LOWER"), ("Y", "it's, (this"), ("Z", "(A,B)")]);
    }

    #[test]
    fn modify_folds_except_in_apostrophes() {
        assert_eq!(modify_text("F ZWESLSTC,APPL=start(gateway)"), "START(GATEWAY)");
        assert_eq!(modify_text("f zweslstc,appl='start(gateway)'"), "start(gateway)");
        assert_eq!(modify_text("F ZWESLSTC,APPL=START('gateway') now"), "START('gateway') NOW");
        assert_eq!(modify_text("MODIFY A.B, APPL=DISP,X"), "DISP,X");
        assert_eq!(parse("F A,DISP"), Ok(SystemCommand::Modify { target: JobTarget { name: "A".into(), identifier: None }, text: None }));
        assert_eq!(id("F ZWESLSTC"), "IEE311I");
        assert_eq!(id("F ZWESLSTC,APPL="), "IEE311I");
        assert_eq!(id("F ZWESLSTC,APPL='DISP"), "IEE307I");
    }

    #[test]
    fn the_other_verbs() {
        let target = |name: &str, identifier: Option<&str>| JobTarget { name: name.into(), identifier: identifier.map(str::to_owned) };
        assert_eq!(parse("P zweslstc"), Ok(SystemCommand::Stop(target("ZWESLSTC", None))));
        assert_eq!(parse("STOP A.B please"), Ok(SystemCommand::Stop(target("A", Some("B")))));
        assert_eq!(parse("C A.B"), Ok(SystemCommand::Cancel(target("A", Some("B")))));
        assert_eq!(parse("D A,L"), Ok(SystemCommand::DisplayActivity));
        assert_eq!(parse("d a"), Ok(SystemCommand::DisplayActivity));
        assert_eq!(parse("DISPLAY A,zweslstc"), Ok(SystemCommand::DisplayJob(target("ZWESLSTC", None))));
        assert_eq!(parse("D T"), Ok(SystemCommand::DisplayTime));
        let forms = [
            ("W", WriteLog::Queue(None)),
            ("writelog", WriteLog::Queue(None)),
            ("W h", WriteLog::Queue(Some('H'))),
            ("WRITELOG 1 a comment", WriteLog::Queue(Some('1'))),
            ("W CLOSE", WriteLog::Close),
            ("W start", WriteLog::Start),
        ];
        forms.into_iter().for_each(|(text, what)| assert_eq!(parse(text), Ok(SystemCommand::WriteLog(what)), "{text}"));
    }

    #[test]
    fn a_route_keeps_the_command_as_it_was_typed() {
        let route = |systems: Systems, command: &str| Ok(SystemCommand::Route { systems, command: command.to_owned() });
        assert_eq!(parse("ro lpr2,f zweslstc,appl='x'"), route(Systems::Named(vec!["LPR2".into()]), "f zweslstc,appl='x'"));
        assert_eq!(parse("ROUTE *all, D A,L"), route(Systems::All, "D A,L"));
        assert_eq!(parse("RO (LPR1, LPR2),D T"), route(Systems::Named(vec!["LPR1".into(), "LPR2".into()]), "D T"));
        for (text, expected) in [
            ("RO", "IEE311I"),
            ("RO LPR1", "IEE311I"),
            ("RO LPR1,", "IEE311I"),
            ("RO (LPR1,D T", "IEE307I"),
            ("RO ../X,D T", "IEE535I"),
            ("RO TOOLONGNAME,D T", "IEE535I"),
        ] {
            assert_eq!(id(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_refused_and_how() {
        for (text, expected) in [
            ("", "IEE305I"),
            ("FROB X", "IEE305I"),
            ("S", "IEE311I"),
            ("P", "IEE311I"),
            ("P A,B", "IEE535I"),
            ("P TOOLONGNAME", "IEE308I"),
            ("P A.", "IEE308I"),
            ("P 1A", "IEE535I"),
            ("P ../A", "IEE535I"),
            ("S A.B.C", "IEE535I"),
            ("S A,3380", "IEE535I"),
            ("S A,TOOLONGSYMBOL=1", "IEE309I"),
            ("S A,JOBNAME=TOOLONGNAME", "IEE308I"),
            ("S A,X=(1", "IEE307I"),
            ("S A,X=1,X=2", "IEE535I"),
            ("S A,X=a'b'c", "IEE307I"),
            ("D U", "IEE535I"),
            ("D TCPIP,,NETSTAT,HOME", "IEE535I"),
            ("V", "IEE311I"),
            ("V 0A80,ONLINE", "IEE535I"),
            ("v tcpip,,sysplex,quiesce,port=7554", "accepted"),
            ("D TCPIP,,NETSTAT,CONN,PORT=7554", "accepted"),
            ("W AB", "IEE535I"),
            ("W *", "IEE535I"),
            ("W A,B", "IEE535I"),
            ("P A\u{7}", "IEE305I"),
        ] {
            assert_eq!(id(text), expected, "{text}");
        }
        let room = COMMAND_LIMIT - "F A,APPL=".len();
        assert_eq!(id(&format!("F A,APPL={}", "X".repeat(room))), "accepted");
        assert_eq!(id(&format!("F A,APPL={}", "X".repeat(room + 1))), "IEE305I");
        assert_eq!(parse("FROBNICATE X").unwrap_err().message().text(), "IEE305I FROBNICA COMMAND INVALID");
    }

    #[test]
    fn a_name_without_identifier_finds_jobs_by_either() {
        let target = |text: &str| match parse(&format!("P {text}")) {
            Ok(SystemCommand::Stop(target)) => target,
            other => panic!("{other:?}"),
        };
        let found = |text: &str| target(text).matches("ZWESLSTC", "A", "STC00002");
        for text in ["ZWESLSTC", "A", "ZWESLSTC.A", "STC00002", "ZWESLSTC.STC00002"] {
            assert!(found(text), "{text}");
        }
        for text in ["ZWESLSTC.B", "B", "STC00001", "ZWESLSTC.STC00001", "A.STC00002"] {
            assert!(!found(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_command_is_understood_or_refused_in_one_line(text in any::<String>()) {
            if let Err(error) = parse(&text) {
                prop_assert!(!error.message().text().contains('\n'));
            }
        }

        #[test]
        fn any_value_in_apostrophes_arrives(value in "[ -~]{0,40}") {
            let Ok(SystemCommand::Start(start)) = parse(&format!("S A,X='{}'", value.replace('\'', "''"))) else { panic!() };
            prop_assert_eq!(&start.symbols, &[("X".to_owned(), value)]);
        }

        #[test]
        fn folding_twice_is_folding_once(text in any::<String>()) {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }
    }
}
