use super::*;
use proptest::prelude::*;

pub(super) fn symbols(overrides: &[(&str, &str)]) -> Symbols {
    let pairs = |list: &[(&str, &str)]| list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Symbols { overrides: pairs(overrides), system: pairs(&[("SYSNAME", "LPAR1"), ("SYSUID", "ZOWE")]) }
}

fn ok(text: &str) -> Step {
    read(text, &symbols(&[])).unwrap_or_else(|errors| panic!("{errors:#?}")).step
}

/// The errors of a member as "line:column id".
fn errors(text: &str) -> Vec<String> {
    let errors = read(text, &symbols(&[])).expect_err("a member in error was read");
    let place = |error: &JclError| error.position().map_or_else(|| "-".to_owned(), |at| format!("{}:{}", at.line, at.column));
    errors.iter().map(|error| format!("{} {}", place(error), error.message().id())).collect()
}

#[test]
fn the_member_to_install_is_read() {
    let text = include_str!("../../../jcl/ZWESLSTC");
    let read = read(text, &symbols(&[("HAINST", "lpar1")])).unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert_eq!(read.step.program, "ZWELNCH");
    assert_eq!(read.step.parm, "ENVAR(_CEE_ENVFILE_S=DD:STDENV),POSIX(ON)/lpar1");
    let Some(DataSource::Instream(lines)) = read.step.data_definition("STDENV").and_then(|dd| dd.sources.first()) else { panic!() };
    assert!(lines.iter().any(|line| line.starts_with("CONFIG=/")), "{lines:?}");
    assert!(read.listing.iter().any(|line| line.contains("IEFC653I") && line.contains("/lpar1")), "{:#?}", read.listing);
    assert_eq!(ok(text).parm, "ENVAR(_CEE_ENVFILE_S=DD:STDENV),POSIX(ON)/__ha_instance_id__");
    for (index, line) in text.lines().enumerate() {
        assert!(line.len() <= LAST_COLUMN && line.is_ascii(), "line {} of jcl/ZWESLSTC: {line}", index + 1);
    }
}

#[test]
fn comments_continuation_and_data_definitions() {
    let step = ok("//ZWESLSTC PROC RGN=0M,      the region\n\
         //* in between\n\
         //             HAINST='it''s'\n\
         //STEP1    EXEC PGM=ZWELNCH,REGION=&RGN,TIME=NOLIMIT, comment\n\
         //* another\n\
         //             PARM='A && B/&HAINST..&SYSNAME'\n\
         //STEPLIB  DD  DSNAME=&SYSUID..SZWELOAD,DISP=SHR\n\
         //         DD  DSN=SYS1.LIB(MEM),DISP=(SHR,KEEP)\n\
         //TEMP     DD  DSN=&&TEMP,DISP=(NEW,DELETE),SPACE=(TRK,(1,1))\n\
         //SYSIN    DD  DUMMY\n\
         //SYSPRINT DD  SYSOUT=*\n\
         //FILE     DD  PATH='/tmp/a b'\n\
         //STDENV   DD  *\n\
         A=1   \n\
         \x20B=2\n\
         //NEXT     DD  DATA,DLM='##'\n\
         //X JOB\n\
         /*\n\
         ##\n\
         //LAST     DD  DATA\n\
         //Y\n\
         /*\n\
         // PEND");
    assert_eq!(step.parm, "A & B/it's.LPAR1");
    let source = |name: &str| step.data_definition(name).unwrap().sources.clone();
    let data_set = |name: &str, disposition: &str| DataSource::DataSet { name: name.into(), disposition: Some(disposition.into()) };
    assert_eq!(source("STEPLIB"), [data_set("ZOWE.SZWELOAD", "SHR"), data_set("SYS1.LIB(MEM)", "(SHR,KEEP)")]);
    assert_eq!(source("TEMP"), [data_set("&&TEMP", "(NEW,DELETE)")]);
    assert_eq!(source("SYSIN"), [DataSource::Dummy]);
    assert_eq!(source("SYSPRINT"), [DataSource::Sysout("*".into())]);
    assert_eq!(source("FILE"), [DataSource::Path("/tmp/a b".into())]);
    assert_eq!(source("STDENV"), [DataSource::Instream(vec!["A=1".into(), " B=2".into()])]);
    assert_eq!(source("NEXT"), [DataSource::Instream(vec!["//X JOB".into(), "/*".into()])]);
    assert_eq!(source("LAST"), [DataSource::Instream(vec!["//Y".into()])]);
}

#[test]
fn a_text_in_apostrophes_continues_in_column_16() {
    let head = "//S EXEC PGM=P,PARM='";
    let first = "x".repeat(LAST_COLUMN - head.len() - 2);
    let text = format!("{head}{first} \n//             and more'\n");
    assert_eq!(ok(&text).parm, format!("{first}  and more"), "blanks up to column 71 belong to the text");
    let full = format!("{head}{first}yz12345678\n//             end'\n");
    assert_eq!(ok(&full).parm, format!("{first}yzend"), "columns 72 to 80 do not");
    assert_eq!(errors(&format!("{head}{first}\n//            end'\n"))[0], "1:21 IEFC627I", "column 15 is too early");
}

#[test]
fn parm_in_every_form() {
    for (written, meant) in [
        ("ABC", "ABC"),
        ("'a b'", "a b"),
        ("('a b')", "a b"),
        ("('A',B,'c,d')", "A,B,c,d"),
        ("''", ""),
        ("'O''NEIL'", "O'NEIL"),
        ("'&&AMP'", "&AMP"),
        ("'100& 5'", "100& 5"),
    ] {
        assert_eq!(ok(&format!("// EXEC PGM=P,PARM={written}")).parm, meant, "{written}");
    }
    assert_eq!(ok(&format!("// PROC A='{}'\n// EXEC PGM=P,PARM='&A.&A'", "x".repeat(50))).parm.len(), 100);
    assert_eq!(errors(&format!("// PROC A='{}'\n// EXEC PGM=P,PARM='&A.&A.y'", "x".repeat(50))), ["2:15 IEFC642I"]);
}

#[test]
fn every_error_has_its_line_and_column() {
    for (text, expected) in [
        ("", vec!["1:1 IEFC607I"]),
        ("//A PROC\n//* only a comment\n", vec!["2:1 IEFC607I"]),
        ("//STEP1 EXEC PGM=ZWELNCH,\n//SYSIN DD DUMMY", vec!["1:25 IEFC621I", "2:9 IEFC903I"]),
        ("//STEP1 EXEC PGM=ZWELNCH,\n//                 TIME=1", vec!["1:25 IEFC621I", "2:20 IEFC605I"]),
        ("// EXEC PGM=P,PARM='open", vec!["1:20 IEFC627I"]),
        ("// EXEC PGM=P,PARM=(A,B", vec!["1:20 IEFC622I"]),
        ("// EXEC PGM=P,PARM=A)", vec!["1:21 IEFC622I"]),
        ("// EXEC PGM=P,PARM='A'B", vec!["1:15 IEFC618I"]),
        ("// EXEC PGM=P,PARM=A'B'", vec!["1:15 IEFC627I"]),
        ("// EXEC PGM=P,PARM='&NONE'", vec!["1:21 IEFC628I"]),
        ("// EXEC PGM=P,PARN=A", vec!["1:15 IEFC630I"]),
        ("// EXEC PGM=TOOLONGNAME", vec!["1:9 IEFC632I"]),
        ("// EXEC PGM=P,REGION=LOTS", vec!["1:15 IEFC632I"]),
        ("// EXEC PGM=P,TIME=SOON", vec!["1:15 IEFC632I"]),
        ("// EXEC PARM=A", vec!["1:4 IEFC632I"]),
        ("// EXEC OTHER", vec!["1:9 IEFC632I"]),
        ("//1NAME EXEC PGM=P", vec!["1:3 IEFC662I"]),
        ("//TOOLONGNAME EXEC PGM=P", vec!["1:3 IEFC662I"]),
        ("//lower EXEC PGM=P", vec!["1:3 IEFC662I"]),
        ("//A XEQ PGM=P\n// EXEC PGM=P", vec!["1:5 IEFC605I"]),
        ("// EXEC PGM=P\n//A DD NOTHING", vec!["2:8 IEFC643I"]),
        ("// EXEC PGM=P\n//A DD SYSOUT=*,DISK=3", vec!["2:17 IEFC630I"]),
        ("// EXEC PGM=P\n// DD DUMMY", vec!["2:4 IEFC662I"]),
        ("// EXEC PGM=P\n//A DD PATH='x'", vec!["2:8 IEFC632I"]),
        ("// EXEC PGM=P\nCONFIG=/x", vec!["2:1 IEFC903I"]),
        ("// EXEC PGM=P\n//A\tDD DUMMY", vec!["2:4 IEFC903I"]),
        ("// EXEC PGM=P\n//A DD (\n//B DD )", vec!["2:8 IEFC622I", "3:8 IEFC622I"]),
        ("// EXEC PGM=P\n// PROC A=1", vec!["2:4 IEFC903I"]),
        ("// EXEC PGM=P\n// EXEC PGM=P", vec!["2:4 IEFC903I"]),
        ("//A PROC B\n// EXEC PGM=P", vec!["1:10 IEFC643I"]),
    ] {
        let found = errors(text);
        assert!(found.iter().any(|error| error == expected[0]), "{text:?}: {found:?}, expected {expected:?}");
        for error in &expected[1..] {
            // The second error of a pair need not be exactly there, but the first must not hide it.
            let line = error.split(':').next().unwrap();
            assert!(found.iter().any(|found| found.starts_with(&format!("{line}:"))), "{text:?}: {found:?}, expected {expected:?}");
        }
    }
    let long = format!("// EXEC PGM=P\n//A DD *\n{}\n", "x".repeat(81));
    assert_eq!(errors(&long), ["3:81 IEFC903I"]);
}

#[test]
fn a_symbol_that_the_procedure_does_not_have_is_an_error() {
    let text = "//A PROC HAINST=X\n// EXEC PGM=P,PARM='&HAINST'";
    let found = read(text, &symbols(&[("HAINST", "lpar1"), ("HAINTS", "lpar1")])).unwrap_err();
    assert_eq!(found, [JclError::Unused { symbol: "HAINTS".into() }]);
    assert_eq!(read(text, &symbols(&[("HAINST", "a'b/c,d")])).unwrap().step.parm, "a'b/c,d", "a value cannot leave its apostrophes");
}

#[test]
fn set_defines_symbols_and_an_empty_one_leaves_its_operand_out() {
    let step = ok("// PROC D=DUMMY,N=\n// SET A='b c',B=&D\n// EXEC PGM=P,PARM='&A&B'\n//X DD &D,SYSOUT=*\n//Y DD &N,SYSOUT=*");
    assert_eq!(step.parm, "b cDUMMY");
    assert_eq!(step.data_definition("X").unwrap().sources, [DataSource::Dummy]);
    assert_eq!(step.data_definition("Y").unwrap().sources, [DataSource::Sysout("*".into())]);
}

/// PARM text that JCL can carry in columns up to 71, and the lines that carry it.
fn parm_lines(parm: &str) -> String {
    let mut lines = vec![String::from("//STEP1    EXEC PGM=ZWELNCH,PARM='")];
    for character in parm.replace('\'', "''").replace('&', "&&").chars() {
        if lines.last().is_some_and(|line| line.chars().count() == LAST_COLUMN) {
            lines.push("//             ".to_owned());
        }
        if let Some(line) = lines.last_mut() {
            line.push(character);
        }
    }
    // The closing apostrophe of a full line is alone on the next line.
    if lines.last().is_some_and(|line| line.chars().count() == LAST_COLUMN) {
        lines.push("//             ".to_owned());
    }
    lines.join("\n") + "'\n"
}

const PROC: &str = "//ZWESLSTC PROC HAINST=dflt,RGN=0M\n\
     //ZWELNCH  EXEC PGM=ZWELNCH,REGION=&RGN,PARM='/&HAINST.&TAIL.'\n\
     //STDENV   DD  *\nA=1\n/*\n//SYSIN DD DUMMY\n// PEND\n";

fn started(text: &str, overrides: &[(&str, &str)]) -> Result<(Job, Vec<String>), Vec<String>> {
    let library = |name: &str| Ok((name == "ZWESLSTC").then(|| PROC.to_owned()));
    read_started_job(text, &symbols(overrides), &library)
        .map_err(|errors| errors.iter().map(|error| error.message().text().to_owned()).collect())
}

fn parm(text: &str, overrides: &[(&str, &str)]) -> String {
    let (job, _) = started(text, overrides).unwrap_or_else(|errors| panic!("{errors:#?}"));
    job.steps[0].step.parm.clone()
}

#[test]
fn a_member_with_a_job_statement_is_a_job() {
    assert!(is_job("//* a comment\n//ZWE1   JOB (ACCT),'x',CLASS=A\n") && !is_job(PROC) && !is_job("//X EXEC PGM=JOB\n") && !is_job(""));
}

#[test]
fn a_started_job_calls_a_procedure_or_has_its_step() {
    let call = "//ZWE1   JOB MSGLEVEL=1\n//JESDS  OUTPUT JESDS=ALL\n// SET TAIL=T\n//RUN EXEC ZWESLSTC,HAINST=one\n";
    let (job, listing) = started(&call.replace("one", "'one'"), &[]).unwrap();
    assert_eq!((job.name.as_str(), job.steps[0].step.parm.as_str(), job.steps[0].step.name.as_str()), ("ZWE1", "/oneT", "ZWELNCH"));
    assert!(
        listing.iter().any(|line| line.contains("//RUN EXEC")) && listing.iter().any(|line| line.contains("XXZWELNCH")),
        "{listing:#?}"
    );
    let own = "//ZWE1   JOB\n// SET H=x\n//S EXEC PGM=ZWELNCH,PARM='/&H'\n";
    assert_eq!(parm(own, &[]), "/x");
    let inside = "//J JOB\n//MINE PROC A=b\n//S EXEC PGM=ZWELNCH,PARM='/&A'\n// PEND\n//R EXEC PROC=MINE,A=C\n";
    assert_eq!(parm(inside, &[]), "/C");
    assert_eq!(parm("//J JOB\n// SET TAIL=\n//R EXEC ZWESLSTC,PARM='/other'\n", &[]), "/other");
}

/// z/OS MVS JCL Reference, "Overrides" of the SET statement: START's values take precedence over SET before the first EXEC, EXEC and PROC.
#[test]
fn the_symbols_of_start_hold_against_set_exec_and_proc() {
    let start = [("HAINST", "start"), ("TAIL", "S"), ("NOBODYS", "x")];
    let call = |rest: &str| format!("//J JOB\n// SET TAIL=T,HAINST=SET\n//R EXEC ZWESLSTC{rest}\n");
    assert_eq!(parm(&call(""), &start), "/startS");
    assert_eq!(parm(&call(",HAINST=EXEC"), &start), "/startS");
    assert_eq!(parm(&call(""), &[]), "/dfltT", "the default of PROC is after SET");
    assert_eq!(parm(&call(",HAINST=EXEC"), &[]), "/EXECT");
}

#[test]
fn dd_statements_behind_a_call_change_those_of_the_procedure_and_add_to_them() {
    let job = "//J JOB\n// SET TAIL=\n//R EXEC ZWESLSTC\n//ZWELNCH.STDENV DD *\nB=2\n/*\n//         DD PATH='/more'\n//NEW DD DUMMY\n";
    let (job, _) = started(job, &[]).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let step = &job.steps[0].step;
    let expected = [DataSource::Instream(vec!["B=2".into()]), DataSource::Path("/more".into())];
    assert_eq!(step.data_definition("STDENV").unwrap().sources, expected);
    assert!(step.data_definition("SYSIN").is_some() && step.data_definition("NEW").is_some());
}

#[test]
fn jobs_that_cannot_be_started_here_say_why() {
    for (rest, expected) in [
        ("//R EXEC NONE\n", "PROCEDURE NONE WAS NOT FOUND"),
        ("//R EXEC ZWESLSTC,HAINTS=X\n", "PROCEDURE ZWESLSTC: IEFC657I THE SYMBOL HAINTS WAS NOT USED"),
        ("//R EXEC ZWESLSTC\n", "IEFC628I"),
        ("//A EXEC PGM=ZWELNCH\n//B EXEC PGM=ZWELNCH\n", "MORE THAN ONE STEP"),
        ("//C IF RC = 0 THEN\n//A EXEC PGM=ZWELNCH\n// ENDIF\n", "DEPENDS ON A CONDITION"),
        ("// SET TAIL=\n//R EXEC ZWESLSTC\n//OTHER.STDENV DD DUMMY\n", "IEFC662I"),
        ("//R EXEC REGION=0M\n", "NEITHER PGM= NOR A PROCEDURE"),
        ("", "IEFC607I"),
    ] {
        let errors = started(&format!("//J JOB\n{rest}"), &[]).map(|(job, _)| job).unwrap_err();
        assert!(errors.iter().any(|error| error.contains(expected)), "{rest}: {errors:?}");
    }
}

proptest! {
    #[test]
    fn any_job_is_read_or_refused(lines in prop::collection::vec("(//|//\\*|/\\*|// )?[A-Z.]{0,5} ?(PROC|EXEC|DD|SET|PEND|JOB|IF|ELSE|ENDIF) ?(ZWESLSTC)?[A-Z&.,='()* ]{0,20}( THEN)?", 0..8)) {
        let text = format!("//J JOB\n{}", lines.join("\n"));
        if let Err(errors) = started(&text, &[("HAINST", "x")]) {
            prop_assert!(!errors.is_empty() && errors.iter().all(|error| !error.contains('\n')));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = read(&text, &symbols(&[("HAINST", "x")]));
    }

    #[test]
    fn any_text_like_jcl_is_read_or_refused(lines in prop::collection::vec("(//|//\\*|/\\*|// )?[A-Z]{0,3} ?(PROC|EXEC|DD|SET|PEND|JOB|IF|ELSE|ENDIF|EXPORT|INCLUDE)? ?[A-Z&.,='()* ]{0,30}( THEN)?", 0..8)) {
        let text = lines.join("\n");
        for result in [read(&text, &symbols(&[])).map(drop), read_job(&text, &symbols(&[])).map(drop)] {
            let Err(errors) = result else { continue };
            prop_assert!(!errors.is_empty());
            for error in errors {
                if let Some(at) = error.position() {
                    prop_assert!(at.line >= 1 && at.line <= lines.len().max(1) && at.column >= 1 && at.column <= 81, "{:?}", error);
                }
            }
        }
    }

    #[test]
    fn any_parm_travels_through_apostrophes_and_continuation(parm in "[ -~]{0,100}") {
        // That includes an apostrophe that is doubled across the end of a line.
        prop_assert_eq!(ok(&parm_lines(&parm)).parm, parm);
    }

    #[test]
    fn any_symbol_value_arrives_in_parm(value in "[ -~]{0,80}") {
        let text = "//A PROC HAINST=NONE\n// EXEC PGM=P,PARM='x/&HAINST.y'\n";
        let read = read(text, &symbols(&[("HAINST", &value)])).unwrap();
        prop_assert_eq!(read.step.parm, format!("x/{value}y"));
    }

    #[test]
    fn instream_data_arrives_as_it_is(lines in prop::collection::vec("[!-.0-~][ -~]{0,70}", 0..10)) {
        let text = format!("// EXEC PGM=P\n//STDENV DD *\n{}{}", lines.join("\n"), if lines.is_empty() { "/*\n" } else { "\n/*\n" });
        let expected: Vec<String> = lines.iter().map(|line| line.trim_end().to_owned()).collect();
        let step = ok(&text);
        prop_assert_eq!(&step.data_definition("STDENV").unwrap().sources, &[DataSource::Instream(expected)]);
    }
}

fn job(text: &str) -> Job {
    read_job(text, &symbols(&[])).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// The errors of a job as "line:column id".
fn job_errors(text: &str) -> Vec<String> {
    let errors = read_job(text, &symbols(&[])).expect_err("a job in error was read");
    let place = |error: &JclError| error.position().map_or_else(|| "-".to_owned(), |at| format!("{}:{}", at.line, at.column));
    errors.iter().map(|error| format!("{} {}", place(error), error.message().id())).collect()
}

const JOB: &str = "//TEST     JOB (1,2),'SOMEBODY',CLASS=A,NOTIFY=&SYSUID\n\
    //         SET LATE=no\n\
    //         EXPORT SYMLIST=(USER)\n\
    //         SET USER=ZWE1,OTHER=X       a comment\n\
    //ONE      EXEC PGM=A\n\
    //DATA     DD DATA,DLM=$$,SYMBOLS=JCLONLY\n\
    //LOOKS LIKE JCL\n\
    &USER..* &USER &USERS &OTHER. &LATE & &&USER.\n\
    /*\n\
    $$\n\
    //RAW      DD *\n\
    &USER.\n\
    /*\n\
    //         IF (ONE.RC = 0 &\n\
    //             ONE.RC <= 4) THEN   goes on\n\
    //TWO      EXEC PGM=B,COND=(4,LT)\n\
    //X        DD PATH='/&USER./b',PATHOPTS=(ORDONLY)\n\
    //         IF ABEND THEN\n\
    //THREE    EXEC PGM=C\n\
    //         ELSE\n\
    //FOUR     EXEC PGM=D\n\
    //         ENDIF\n\
    //         ENDIF\n\
    //FIVE     EXEC PGM=E\n\
    //\n";

#[test]
fn a_job_of_several_steps_is_read() {
    let job = job(JOB);
    assert_eq!((job.name.as_str(), job.keywords.len(), job.keywords[1].1.as_str()), ("TEST", 2, "ZOWE"));
    let steps: Vec<(&str, &str)> = job.steps.iter().map(|step| (step.step.name.as_str(), step.step.program.as_str())).collect();
    assert_eq!(steps, [("ONE", "A"), ("TWO", "B"), ("THREE", "C"), ("FOUR", "D"), ("FIVE", "E")]);
    let data = |name: &str| match job.steps[0].step.data_definition(name).unwrap().sources.as_slice() {
        [DataSource::Instream(lines)] => lines.clone(),
        other => panic!("{other:?}"),
    };
    // Only what is exported and was set after that is replaced.
    assert_eq!(data("DATA"), ["//LOOKS LIKE JCL", "ZWE1.* ZWE1 &USERS &OTHER. &LATE & &ZWE1", "/*"]);
    assert_eq!(data("RAW"), ["&USER."]);
    assert_eq!(job.steps[1].step.data_definition("X").unwrap().sources, [DataSource::Path("/ZWE1/b".into())]);
    let conditions = |index: usize| job.steps[index].conditions.clone();
    assert!(conditions(0).is_empty() && conditions(4).is_empty());
    assert_eq!(conditions(1), ["(ONE.RC = 0 & ONE.RC <= 4)"]);
    assert_eq!(conditions(2)[1], "ABEND");
    assert_eq!(conditions(3)[1], "NOT ABEND");
}

#[test]
fn what_is_wrong_with_a_job_is_told_at_once() {
    assert_eq!(job_errors("//A EXEC PGM=B\n"), ["1:5 IEFC903I"]);
    assert_eq!(job_errors("//A JOB CLASS=A\n"), ["1:1 IEFC607I"]);
    assert_eq!(job_errors("// JOB CLASS=A\n//S EXEC PGM=B\n"), ["1:4 IEFC662I"]);
    let text = "//A JOB CLAS=A\n//S EXEC PGM=B\n// ELSE\n// ENDIF\n//T EXEC PROC\n//D DD DSN=&NONE.,DISP=SHR\n// IF RC=0 THEN\n//B JOB\n// NOTHING X\n";
    assert_eq!(
        job_errors(text),
        ["1:9 IEFC630I", "3:4 IEFC903I", "4:4 IEFC903I", "5:10 IEFC632I", "6:12 IEFC628I", "7:4 IEFC903I", "8:5 IEFC903I", "9:4 IEFC605I"]
    );
    assert_eq!(job_errors("//A JOB\n// IF RC = 0\n//S EXEC PGM=B\n"), ["2:12 IEFC621I"]);
    let long = format!("//A JOB\n// EXPORT SYMLIST=*\n// SET B={}\n//S EXEC PGM=B\n//D DD *,SYMBOLS=JCLONLY\nx\n&B.&B.\n", "x".repeat(50));
    assert_eq!(job_errors(&long), ["7:1 IEFC903I"]);
}
