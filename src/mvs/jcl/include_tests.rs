use super::tests::symbols;
use super::*;

const STEP: &str = "//S EXEC PGM=P\n//D DD *,SYMBOLS=JCLONLY\n";

/// A procedure with a library of these members; its in-stream data D, or its errors.
fn read_from(text: &str, members: &[(&str, &str)]) -> Result<(Step, Vec<String>), Vec<String>> {
    let library = |name: &str| match name {
        "BROKEN" => Err(std::io::Error::other("Permission denied")),
        name => Ok(members.iter().find(|(member, _)| *member == name).map(|(_, text)| (*text).to_owned())),
    };
    let read = read_with(text, &symbols(&[]), Some(&library));
    let step = read.map_err(|errors| errors.iter().map(|error| error.message().text().to_owned()).collect::<Vec<_>>())?.step;
    let lines = match step.data_definition("D").map(|definition| definition.sources.as_slice()) {
        Some([DataSource::Instream(lines)]) => lines.clone(),
        _ => Vec::new(),
    };
    Ok((step, lines))
}

fn errors(text: &str, members: &[(&str, &str)]) -> String {
    read_from(text, members).expect_err("a member in error was read").join("\n")
}

/// z/OS MVS JCL Reference: EXPORT, SYMBOLS and "Using symbols in JES in-stream data".
#[test]
fn symbols_says_which_symbols_in_stream_data_has() {
    let data = |kind: &str, before: &str| {
        let text = format!("//A PROC C=1,P=p\n{before}//S EXEC PGM=P\n//D DD *{kind}\n&C &P &LATE. &SYSNAME &SYSUID &&C\n");
        read_from(&text, &[]).map(|(_, lines)| lines.concat())
    };
    assert_eq!(data("", "// EXPORT SYMLIST=*\n").unwrap(), "&C &P &LATE. &SYSNAME &SYSUID &&C");
    assert_eq!(data(",SYMBOLS=JCLONLY", "").unwrap(), "&C &P &LATE. &SYSNAME ZOWE &&C", "nothing is exported, and the user needs not be");
    assert_eq!(data(",SYMBOLS=(JCLONLY,LOG)", "// EXPORT SYMLIST=(C)\n").unwrap(), "1 &P &LATE. &SYSNAME ZOWE &1");
    let set = "// SET LATE=no\n// EXPORT SYMLIST=*\n// SET P=q\n";
    assert_eq!(data(",SYMBOLS=JCLONLY", set).unwrap(), "1 q &LATE. &SYSNAME ZOWE &1", "what was set before is not exported");
    for kind in ["EXECSYS", "CNVTSYS"] {
        let late = "// EXPORT SYMLIST=LATE\n// SET LATE=yes\n";
        assert_eq!(data(&format!(",SYMBOLS={kind}"), late).unwrap(), "&C &P yes LPAR1 ZOWE &&C");
    }
    // docs/operations.md tells of it: JES takes the last SET of the whole step.
    let late = "// EXPORT SYMLIST=*\n//S EXEC PGM=P\n//D DD *,SYMBOLS=JCLONLY\n&L\n/*\n// SET L=late\n";
    assert_eq!(read_from(late, &[]).unwrap().1.concat(), "&L");
    assert!(data(",SYMBOLS=SOME", "").unwrap_err()[0].contains("IEFC632I"));
    assert!(errors("//S EXEC PGM=P\n//D DD DUMMY,SYMBOLS=JCLONLY\n", &[]).contains("ONLY IN-STREAM DATA HAS SYMBOLS"));
    assert!(errors("// EXPORT\n//S EXEC PGM=P\n", &[]).contains("SYMLIST= IS MISSING"));
    assert!(errors("// EXPORT ALL\n//S EXEC PGM=P\n", &[]).contains("IEFC643I"));
}

#[test]
fn include_takes_statements_in_with_the_symbols_of_the_moment() {
    let members =
        [("SETS", "//* set for all\n// SET V=1\n"), ("DATA", "//D DD *\nx\n/*\n// INCLUDE MEMBER=MORE\n"), ("MORE", "//E DD DUMMY\n")];
    let (step, lines) =
        read_from("//A PROC\n// INCLUDE MEMBER=SETS\n//S EXEC PGM=P&V\n// SET M=DATA\n// INCLUDE MEMBER=&M\n// PEND\n", &members).unwrap();
    assert_eq!((step.program.as_str(), lines.concat().as_str()), ("P1", "x"));
    assert!(step.data_definition("E").is_some());
    assert!(errors("// INCLUDE MEMBER=NONE\n//S EXEC PGM=P\n", &[]).contains("MEMBER NONE WAS NOT FOUND AT LINE 1"));
    assert!(errors("// INCLUDE MEMBER=BROKEN\n//S EXEC PGM=P\n", &[]).contains("MEMBER BROKEN CANNOT BE READ: Permission denied"));
    assert!(errors("// INCLUDE X\n//S EXEC PGM=P\n", &[]).contains("IEFC632I"));
    let said = errors("//S EXEC PGM=P\n// INCLUDE MEMBER=M\n", &[("M", "//X PROC\n//D DD BAD=1\n// PEND\n")]);
    assert!(
        said.contains("INCLUDED MEMBER M: IEFC903I") && said.contains("PROC CANNOT BE INCLUDED") && said.contains("IEFC630I"),
        "{said}"
    );
    // In a job and in the procedure that it calls, with what the job exports.
    let library = |name: &str| {
        Ok(Some(match name {
            "PROC1" => format!("//PROC1 PROC C=1\n// INCLUDE MEMBER=SETS\n{STEP}&C\n"),
            _ => "// SET Z=2\n".to_owned(),
        }))
    };
    let text = "//J JOB\n// EXPORT SYMLIST=*\n// INCLUDE MEMBER=SETS\n//S EXEC PROC1,C=&Z\n";
    let (job, listing) = read_started_job(text, &symbols(&[]), &library).unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert_eq!(job.steps[0].step.data_definition("D").unwrap().sources, [DataSource::Instream(vec!["2".to_owned()])]);
    assert!(listing.iter().any(|line| line.ends_with("XX SET Z=2")), "{listing:#?}");
    let denied = |_: &str| Err(std::io::Error::other("Permission denied"));
    let told = read_started_job("//J JOB\n//S EXEC PROC1\n", &symbols(&[]), &denied).unwrap_err();
    assert!(told[0].message().text().contains("PROCEDURE PROC1 CANNOT BE READ: Permission denied"), "{told:?}");
}

/// z/OS MVS JCL Reference: 15 levels of INCLUDE, and of IF.
#[test]
fn nesting_has_an_end() {
    let members: Vec<(String, String)> =
        (1..=16).map(|level| (format!("M{level}"), format!("// INCLUDE MEMBER=M{}\n", level + 1))).collect();
    let deep = |last: usize| {
        let mut members: Vec<(&str, &str)> = members.iter().take(last - 1).map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let name = format!("M{last}");
        members.push((&name, "//D DD DUMMY\n"));
        read_from("//S EXEC PGM=P\n// INCLUDE MEMBER=M1\n", &members)
    };
    assert!(deep(15).is_ok());
    assert!(deep(16).unwrap_err().concat().contains("INCLUDE STATEMENTS NEST DEEPER THAN 15"));
    let itself = errors("//S EXEC PGM=P\n// INCLUDE MEMBER=M\n", &[("M", "// INCLUDE MEMBER=M\n// INCLUDE MEMBER=M\n")]);
    assert!(itself.len() < 10_000_000, "{}", itself.len());
    let nested = |depth: usize| format!("//S EXEC PGM=P\n{}{}", "// IF RC=0 THEN\n".repeat(depth), "// ENDIF\n".repeat(depth));
    assert!(read_from(&nested(15), &[]).is_ok());
    assert!(errors(&nested(16), &[]).contains("IF STATEMENTS NEST DEEPER THAN 15"));
}

#[test]
fn a_step_that_depends_on_a_condition_is_refused_in_words() {
    let said = errors("//A PROC\n// IF RC = 0 THEN\n//S EXEC PGM=P\n// ELSE\n// ELSE\n// ENDIF\n// ENDIF\n// IF ABEND THEN\n", &[]);
    for expected in ["A STEP THAT DEPENDS ON A CONDITION", "A SECOND ELSE", "ENDIF STANDS OUTSIDE", "THE IF STATEMENT HAS NO ENDIF"] {
        assert!(said.contains(expected), "{expected} is missing in {said}");
    }
}

#[test]
fn what_stands_behind_the_end_is_said() {
    assert!(
        errors("//S EXEC PGM=P\n//\n//* no harm\n/*\n\n//D DD DUMMY\n", &[])
            .contains("WHAT STANDS BEHIND A NULL STATEMENT IS NEVER READ AT LINE 6")
    );
    assert!(errors("//A PROC\n//S EXEC PGM=P\n// PEND\n//D DD DUMMY\n", &[]).contains("WHAT STANDS BEHIND PEND IS NEVER READ AT LINE 4"));
    assert!(read_from("//A PROC\n//S EXEC PGM=P\n// PEND\n//* no harm\n//\n", &[]).is_ok());
}

/// z/OS MVS JCL Reference: a symbol's value has 255 characters at most.
#[test]
fn symbols_that_double_end_at_their_limit() {
    let doubling = format!("//A PROC\n// SET B=0123456789\n{}//S EXEC PGM=P\n", "// SET B=&B&B\n".repeat(3_000));
    let said = errors(&doubling, &[]);
    assert!(said.starts_with("IEFC642I EXCESSIVE PARAMETER LENGTH IN THE B FIELD, MORE THAN 255 CHARACTERS AT LINE 7"), "{}", &said[..200]);
    assert!(said.len() < 1_000_000);
    let many = format!(
        "//A PROC\n// SET B={}\n//S EXEC PGM=P\n{}",
        "x".repeat(50),
        "// SET C=&B&B&B&B&B\n".repeat(3_000) + &"// DD DSN=&C.&C.&C.&C.&C.&C.&C.&C\n".repeat(900)
    );
    assert!(errors(&many, &[]).contains("WITH ITS SYMBOLS REPLACED THE MEMBER HAS MORE THAN 1048576 CHARACTERS"));
}
