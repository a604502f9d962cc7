//! The members that are installed on z/OS: read with the launcher's own JCL reader, and checked by independent rules in this file.

use crate::harness::program;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use zwelnch::mvs::jcl::{DataSource, Step, Symbols, read, read_job};
use zwelnch::mvs::{MEMBERS, MemberKind};

fn jcl(arguments: &[&str]) -> Output {
    Command::new(program()).arg("jcl").args(arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The files of jcl/, and those of samplib/ that are members of a library: the others are the sample instance.
fn files() -> Vec<PathBuf> {
    let directory = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory("jcl")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let samples = std::fs::read_dir(directory("samplib")).unwrap().map(|entry| entry.unwrap().path());
    files.extend(samples.filter(|path| path.is_file() && path.extension().is_none()));
    files.sort();
    files
}

fn name_of(file: &Path) -> String {
    file.file_name().unwrap().to_str().unwrap().to_owned()
}

fn symbols() -> Symbols {
    let system = [("SYSUID", "IBMUSER"), ("SYSNAME", "LPAR1")];
    Symbols { overrides: Vec::new(), system: system.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect() }
}

/// What is wrong with a member, by rules for every library of 80-column records.
fn library_faults(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if !text.ends_with('\n') || text.contains("\n\n\n") {
        faults.push("the end of the last line, or an empty line too many".to_owned());
    }
    for (number, line) in (1..).zip(text.split('\n').take(text.matches('\n').count())) {
        let mut fault = |what: &str| faults.push(format!("line {number}: {what}: {line}"));
        if line.chars().count() > 71 {
            fault("more than 71 columns");
        }
        if line.ends_with(' ') {
            fault("a trailing blank");
        }
        // Only characters that both ASCII and IBM-1047 have, and none that are invisible.
        if !line.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
            fault("a character that is not in the printable part of IBM-1047");
        }
    }
    faults
}

/// What is wrong with JCL, by independent rules: names, operations, continuation, the JOB statement.
fn jcl_faults(text: &str, is_job: bool) -> Vec<String> {
    let mut faults = Vec::new();
    let mut delimiter: Option<String> = None;
    let mut continued = false;
    let mut operations = Vec::new();
    let mut opened = 0_i32;
    for (number, line) in (1..).zip(text.lines()) {
        let mut fault = |what: &str| faults.push(format!("line {number}: {what}: {line}"));
        if let Some(end) = &delimiter {
            let ends = line.starts_with(end.as_str());
            let next_statement = end == "/*" && line.starts_with("//");
            if ends || next_statement {
                delimiter = None;
            }
            if !next_statement {
                continue;
            }
        }
        if line.starts_with("//*") {
            continue;
        }
        if !line.starts_with("//") {
            fault("neither a statement nor in-stream data");
            continue;
        }
        let rest = &line[2..];
        if continued {
            let begin = 3 + rest.len() - rest.trim_start().len();
            if !(4..=16).contains(&begin) || rest.trim().is_empty() {
                fault("the continuation does not begin in columns 4 to 16");
            }
        }
        if rest.trim().is_empty() {
            continued = false;
            continue;
        }
        let operands = if continued {
            rest.trim_start()
        } else {
            let name = rest.split(' ').next().unwrap();
            if name.len() > 8 || !name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"@#$".contains(&byte)) {
                fault("the name is no name of at most 8 characters");
            }
            if name.starts_with(|first: char| first.is_ascii_digit()) {
                fault("the name begins with a digit");
            }
            let mut words = rest[name.len()..].trim_start().splitn(2, ' ');
            let operation = words.next().unwrap();
            operations.push(operation.to_owned());
            match operation {
                "IF" => opened += 1,
                "ENDIF" => opened -= 1,
                "JOB" | "PROC" | "PEND" | "EXEC" | "DD" | "SET" | "EXPORT" | "ELSE" => {}
                _ => fault("an operation that is not known here"),
            }
            words.next().unwrap_or_default().trim_start()
        };
        // Up to the first blank outside apostrophes.
        let mut quoted = false;
        let end = operands.find(|character: char| {
            quoted ^= character == '\'';
            character == ' ' && !quoted
        });
        let field = &operands[..end.unwrap_or(operands.len())];
        if operands.matches('\'').count() % 2 == 1 && end.is_none() {
            fault("apostrophes do not balance");
        }
        continued = field.ends_with(',');
        if operations.last().is_some_and(|operation| operation == "DD")
            && (field == "*" || field.starts_with("*,") || field.starts_with("DATA"))
        {
            delimiter = Some(field.split("DLM=").nth(1).map_or("/*", |rest| rest.split(',').next().unwrap()).to_owned());
        }
    }
    let count = |operation: &str| operations.iter().filter(|known| *known == operation).count();
    if is_job && (operations.first().map(String::as_str) != Some("JOB") || count("JOB") != 1 || count("PROC") != 0) {
        faults.push(format!("a job begins with its one JOB statement: {operations:?}"));
    }
    if !is_job && (operations.first().map(String::as_str) != Some("PROC") || operations.last().map(String::as_str) != Some("PEND")) {
        faults.push(format!("a procedure begins with PROC and ends with PEND: {operations:?}"));
    }
    if !is_job && count("JOB") > 0 {
        faults.push("a JOB statement in a procedure".to_owned());
    }
    if opened != 0 || continued || delimiter.is_some() {
        faults.push("IF and ENDIF, a continuation or in-stream data without an end".to_owned());
    }
    faults
}

/// `&NAME` that is left in a step after all symbols have been replaced: `&&` and a lone `&` do not count.
fn unresolved(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    for (at, _) in text.match_indices('&') {
        let follows = bytes.get(at + 1).copied().unwrap_or(b' ');
        let doubled = follows == b'&' || (at > 0 && bytes[at - 1] == b'&');
        if !doubled && (follows.is_ascii_uppercase() || b"@#$".contains(&follows)) {
            return Some(text[at..].to_owned());
        }
    }
    None
}

fn unresolved_in(step: &Step) -> Vec<String> {
    let mut texts = vec![step.parm.clone()];
    texts.extend(step.keywords.iter().map(|(_, value)| value.clone()));
    for source in step.data_definitions.iter().flat_map(|definition| &definition.sources) {
        match source {
            DataSource::Instream(lines) => texts.extend(lines.iter().cloned()),
            DataSource::DataSet { name, .. } => texts.push(name.clone()),
            DataSource::Path(path) => texts.push(path.clone()),
            _ => {}
        }
    }
    texts.iter().filter_map(|text| unresolved(text)).collect()
}

#[test]
fn every_member_is_read_and_follows_the_rules() {
    for file in files() {
        let (name, text) = (name_of(&file), std::fs::read_to_string(&file).unwrap());
        assert!(name.len() <= 8 && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()), "{name}");
        assert_eq!(library_faults(&text), Vec::<String>::new(), "{name}");
        let member = MEMBERS.iter().find(|member| member.name == name).unwrap_or_else(|| panic!("{name} is not part of the binary"));
        assert_eq!(member.text, text, "{name}");
        let steps: Vec<Step> = match member.kind {
            MemberKind::Sample => continue,
            MemberKind::Procedure => vec![read(&text, &symbols()).unwrap_or_else(|errors| panic!("{name}: {errors:#?}")).step],
            MemberKind::Job => {
                let job = read_job(&text, &symbols()).unwrap_or_else(|errors| panic!("{name}: {errors:#?}"));
                assert_eq!(job.name, name);
                job.steps.into_iter().map(|step| step.step).collect()
            }
        };
        assert_eq!(jcl_faults(&text, member.kind == MemberKind::Job), Vec::<String>::new(), "{name}");
        let names: BTreeSet<&str> = steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(names.len(), steps.len(), "{name}: names of steps");
        for step in &steps {
            assert_eq!(unresolved_in(step), Vec::<String>::new(), "{name} step {}", step.name);
        }
    }
    assert_eq!(files().len(), MEMBERS.len());
}

/// A symbol that is used twice makes a line grow twice as fast.
fn doubled_symbol(line: &str) -> Option<&str> {
    let names: Vec<&str> = line
        .split('&')
        .skip(1)
        .map(|rest| &rest[..rest.find(|one: char| !one.is_ascii_uppercase() && !one.is_ascii_digit()).unwrap_or(rest.len())])
        .collect();
    (1..names.len()).find(|at| !names[*at].is_empty() && names[..*at].contains(&names[*at])).map(|at| names[at])
}

#[test]
fn each_symbol_is_used_once_a_line() {
    for member in MEMBERS.iter().filter(|member| member.kind != MemberKind::Sample) {
        for line in member.text.lines().filter(|line| !line.starts_with("//*")) {
            assert_eq!(doubled_symbol(line), None, "{}: {line}", member.name);
        }
    }
    assert_eq!(doubled_symbol("mv &ROOT..new &ROOT.;"), Some("ROOT"));
    assert_eq!(doubled_symbol("a && b && &A. &B"), None);
}

#[test]
fn the_rules_find_what_is_wrong() {
    let good = "//A        JOB CLASS=A\n//S        EXEC PGM=B,\n//             PARM='x y'\n//D        DD *\n&x\n/*\n";
    assert!(jcl_faults(good, true).is_empty() && library_faults(good).is_empty(), "{:?}", jcl_faults(good, true));
    for (from, to, what) in [
        ("//S        EXEC", "//STEPNAMES EXEC", "the name is no name"),
        ("//             PARM", "//                 PARM", "columns 4 to 16"),
        ("//A        JOB CLASS=A\n", "", "begins with its one JOB"),
        ("//D        DD *\n", "", "neither a statement"),
        ("EXEC", "EXCE", "not known here"),
        ("/*\n", "", "without an end"),
    ] {
        let faults = jcl_faults(&good.replacen(from, to, 1), true);
        assert!(faults.iter().any(|fault| fault.contains(what)), "{what}: {faults:?}");
    }
    assert!(jcl_faults(&good.replacen("JOB", "PROC", 1), false).iter().any(|fault| fault.contains("PEND")));
    for (text, what) in [("x\ty\n", "IBM-1047"), ("x \n", "trailing"), ("\u{e9}\n", "IBM-1047"), ("x", "last line")] {
        assert!(library_faults(text).iter().any(|fault| fault.contains(what)), "{what}");
    }
    assert!(library_faults(&format!("{}\n", "x".repeat(72)))[0].contains("71 columns"));
    assert_eq!(unresolved("a && b &&C & d &E."), Some("&E.".to_owned()));
    assert_eq!(unresolved("a && b &&C & d"), None);
}

/// In-stream data of a DD statement.
fn data(steps: &[Step], step: &str, name: &str) -> Vec<String> {
    let step = steps.iter().find(|known| known.name == step).unwrap();
    match step.data_definition(name).unwrap().sources.as_slice() {
        [DataSource::Instream(lines)] => lines.clone(),
        other => panic!("{other:?}"),
    }
}

fn steps(text: &str) -> Vec<Step> {
    let job = read_job(text, &symbols()).unwrap_or_else(|errors| panic!("{errors:#?}"));
    job.steps.into_iter().map(|step| step.step).collect()
}

#[test]
fn each_member_is_printed_and_its_symbols_can_be_set() {
    let list = out(&jcl(&["--list"]));
    for member in MEMBERS {
        assert!(list.lines().any(|line| line.starts_with(member.name) && line.ends_with(member.purpose)), "{list}");
        assert_eq!(out(&jcl(&[member.name])), member.text);
    }
    assert_eq!(out(&jcl(&[])), out(&jcl(&["zweslstc"])));
    let edited = out(&jcl(&["ZWERACF", "--set", "user=TESTUSR", "--set", "STC=ZWETEST"]));
    let racf = data(&steps(&edited), "RUN", "SYSTSIN").join("\n");
    assert!(racf.contains("RDEFINE  STARTED ZWETEST.* ") && racf.contains("STDATA(USER(TESTUSR) GROUP(ZWEADMIN)"), "{racf}");
    let unpack = data(&steps(&out(&jcl(&["ZWEINPAX", "--set", "ROOT=/opt/zwelnch"]))), "UNPACK", "STDPARM").join("\n");
    assert!(unpack.contains("\nr=/opt/zwelnch;\n") && unpack.contains("\nmv $r.new $r;\n"), "{unpack}");
    let long = format!("STC={}", "Y".repeat(50));
    for (arguments, what) in [
        (vec!["ZWERACE"], "did you mean ZWERACF?"),
        (vec!["ZWERACF", "--set", "NAME=X"], "has no symbol NAME; it has GROUP, USER, STC"),
        (vec!["ZWEINPAX", "--set-config", "/a"], "has no STDENV"),
        (vec!["ZWEOPCMD", "--set", &long], "has 97 characters once its symbols are replaced, and z/OS reads 80"),
    ] {
        let output = jcl(&arguments);
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(8) && output.stdout.is_empty() && text.contains(what), "{text}");
    }
}

/// Everything that docs/contract/zos-platform.md, "Authority" lists as needed is granted by the jobs for each of the three products.
#[test]
fn the_security_jobs_grant_what_is_needed() {
    let needed = ["JOBNAME", "OMVSAPPL", "ZWES", "RADMIN.LISTUSER", "CSF1", "SERVER", "DAEMON", "RUSERMAP", "IDIDMAP.QUERY", "RAUDITX"];
    for member in ["ZWERACF", "ZWEACF2", "ZWETSS"] {
        let commands = data(&steps(&out(&jcl(&[member]))), "RUN", "SYSTSIN").join("\n");
        for name in needed.iter().chain(&["ZWESVUSR", "ZWEADMIN", "ZWESLSTC", "CONSOLE", "CSFRNG", "ZWELNCH"]) {
            assert!(commands.contains(name), "{member} lacks {name}");
        }
    }
    let operators = steps(&out(&jcl(&["ZWEOPCMD"])));
    for (product, levels) in
        [("RACF", ["UPDATE", "CONTROL"]), ("ACF2", ["SERVICE(UPDATE)", "SERVICE(DELETE)"]), ("TSS", ["UPDATE", "CONTROL"])]
    {
        let commands = data(&operators, "RUN", product).join("\n");
        for name in
            ["START.STC.ZWESLSTC", "MODIFY.STC.ZWESLSTC", "STOP.STC.ZWESLSTC", "VARY.TCPIP.SYSPLEX", "DISPLAY.TCPIP", "MCSOPER.ZWESVUSR"]
                .iter()
                .chain(&levels)
        {
            assert!(commands.contains(name), "{product} lacks {name}");
        }
    }
}

/// The jobs put the program where the PROCs look for it.
#[test]
fn one_place_of_the_program() {
    const PLACE: &str = "/usr/lpp/zwelnch";
    for (member, text) in [
        ("ZWEINPAX", format!("SET ROOT='{PLACE}'")),
        ("ZWEIBIND", format!("SET ROOT='{PLACE}'")),
        ("ZWESLSTC", format!("\nZWELNCH_PROGRAM={PLACE}/bin/zwelnch\n")),
        ("ZWESLSTB", format!("PARM='PGM {PLACE}/bin/zwelnch launch")),
    ] {
        assert!(out(&jcl(&[member])).contains(&text), "{member} lacks {text}");
    }
    for member in ["ZWESLSTC", "ZWESLSTB"] {
        assert!(out(&jcl(&[member])).contains("\n_EDC_UMASK_DFLT=0002\n"), "{member}");
    }
}

/// Automation depends on ids: every id that a sample names is in the catalogue.
#[test]
fn the_samples_name_messages_that_exist() {
    for member in MEMBERS {
        let ids = member.text.match_indices("ZWEL0").map(|(at, _)| member.text.get(at..at + 9).unwrap_or_default());
        for id in ids {
            assert!(zwelnch::message::ENTRIES.iter().any(|entry| entry.id == id), "{} names {id}", member.name);
        }
    }
    let automation = out(&jcl(&["ZWEAUTO"]));
    for id in ["ZWEL0901I", "ZWEL0902W", "ZWEL0905E", "ZWEL0906E", "ZWEL0907I", "ZWEL0038E", "ZWEL0010I"] {
        // With and without the word that z/OS UNIX puts before a message of those who have not UID 0.
        assert!(automation.contains(&format!("MSGID = '{id}' | TEXT = 'BPXM023I' . '{id}' .")), "{id}");
    }
    let statements = automation.lines().filter(|line| !line.starts_with('*')).collect::<Vec<_>>().join(" ");
    assert_eq!(statements.matches("IF (MSGID").count(), statements.matches(';').count(), "each statement ends");
    assert_eq!(statements.matches('(').count(), statements.matches(')').count());
}
