use super::*;
use proptest::prelude::*;

fn symbols(overrides: &[(&str, &str)]) -> Symbols {
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
    assert_eq!(read.step.parm, "ENVAR(_CEE_ENVFILE=DD:STDENV),POSIX(ON)/lpar1");
    let Some(DataSource::Instream(lines)) = read.step.data_definition("STDENV").and_then(|dd| dd.sources.first()) else { panic!() };
    assert!(lines.iter().any(|line| line.starts_with("CONFIG=/")), "{lines:?}");
    assert!(read.listing.iter().any(|line| line.contains("IEFC653I") && line.contains("/lpar1")), "{:#?}", read.listing);
    assert_eq!(ok(text).parm, "ENVAR(_CEE_ENVFILE=DD:STDENV),POSIX(ON)/__ha_instance_id__");
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
         // PEND\n\
         garbage");
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
            // The second error of a pair need not be exactly there, but the first must not hide that there is one.
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
    // The closing apostrophe of a full line stands alone in the next.
    if lines.last().is_some_and(|line| line.chars().count() == LAST_COLUMN) {
        lines.push("//             ".to_owned());
    }
    lines.join("\n") + "'\n"
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = read(&text, &symbols(&[("HAINST", "x")]));
    }

    #[test]
    fn any_text_like_jcl_is_read_or_refused(lines in prop::collection::vec("(//|//\\*|/\\*|// )?[A-Z]{0,3} ?(PROC|EXEC|DD|SET|PEND)? ?[A-Z&.,='()* ]{0,30}", 0..8)) {
        let text = lines.join("\n");
        if let Err(errors) = read(&text, &symbols(&[])) {
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
        // That includes an apostrophe that is doubled over the end of a line.
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
