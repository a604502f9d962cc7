//! The PROC: whatever a member of a procedure library contains, reading it ends soon, with a procedure or with errors that have a place in
//! it.

use crate::measure::measured;
use proptest::prelude::*;
use std::time::Duration;
use zwelnch::mvs::jcl::{JclError, LINE_LIMIT, PARM_LIMIT, Symbols, read};

/// A generous bound for a debug build.
const TIME: Duration = Duration::from_secs(40);

const MEMBER: &str = include_str!("../../jcl/ZWESLSTC");

/// A small one with everything that the reader knows.
const SMALL: &str = "//ZWE PROC RGN=0M,HAINST='__ha__',\n//  A='x&&y'\n//* comment\n//S EXEC PGM=ZWELNCH,REGION=&RGN,\n//    PARM='E(&A.)/&HAINST.'\n\
    //IN DD *,DLM=QQ\n// not a statement\nQQ\n//STDENV DD *\nCONFIG=/x\\\n y\n/*\n//OUT DD SYSOUT=*,DCB=(LRECL=133,RECFM=FB)\n// DD DUMMY\n// PEND\n";

fn symbols() -> Symbols {
    let pair = |(name, value): (&str, &str)| (name.to_string(), value.to_string());
    Symbols {
        overrides: [("HAINST", "lpar1"), ("RGN", "&HAINST&&")].map(pair).to_vec(),
        system: [("SYSNAME", "SYS1"), ("A", "&A&A")].map(pair).to_vec(),
    }
}

fn reads(text: &str) -> Result<(), TestCaseError> {
    let (result, cost) = measured(|| read(text, &symbols()));
    let lines = text.lines().count().max(1);
    match result {
        Ok(procedure) => prop_assert!(procedure.step.parm.chars().count() <= PARM_LIMIT && !procedure.step.program.is_empty()),
        Err(errors) => {
            prop_assert!(!errors.is_empty());
            for error in &errors {
                let place = error.position();
                prop_assert!(place.is_none_or(|at| (1..=lines).contains(&at.line) && at.column >= 1), "{:?} of {} lines", error, lines);
                prop_assert!(place.is_some() || matches!(error, JclError::Unused { .. }), "{:?}", error);
            }
        }
    }
    prop_assert!(cost.time < TIME, "{:?}", cost);
    prop_assert!(cost.memory < 1_000_000 + 1_000 * text.len() as u64, "{:?} for {} bytes", cost, text.len());
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_as_a_member(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        reads(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn tokens_of_jcl_in_any_order(tokens in prop::collection::vec(prop::sample::select(vec![
        "//", "//*", "/*", "\n//", "\n", " ", "  ", "PROC", "EXEC", "DD", "PEND", "SET", "IF", "X", "PGM=ZWELNCH", "PARM=", "'", "''", "(", ")", ",", "=", "&", "&&",
        "&HAINST", "&A.", ".", "*", "SYSOUT=*", "DUMMY", "DSN=A.B(C)", "DISP=SHR", "DATA", "DLM=QQ", "QQ", "é", "\t", "\0",
        "                                                            ",
    ]), 0..100)) {
        reads(&tokens.concat())?;
    }

    #[test]
    fn real_members_with_changes(member in prop::sample::select(vec![MEMBER, SMALL]), changes in prop::collection::vec(crate::bytes::changes(), 1..12)) {
        reads(&String::from_utf8_lossy(&crate::bytes::changed(member, &changes)))?;
    }

    #[test]
    fn in_stream_data_is_kept_as_it_is(lines in prop::collection::vec("[ -~]{0,60}", 0..8)) {
        // Neither an end of the data nor a statement.
        let lines: Vec<String> = lines.into_iter().map(|line| format!("x{line}")).collect();
        let text = format!("//P PROC\n//S EXEC PGM=ZWELNCH\n//D DD *\n{}/*\n", lines.iter().map(|line| format!("{line}\n")).collect::<String>());
        let procedure = read(&text, &Symbols::default()).map_err(|errors| TestCaseError::fail(format!("{errors:?}")))?;
        let shown = format!("{:?}", procedure.step.data_definition("D"));
        for line in &lines {
            let kept = format!("{:?}", line.trim_end());
            prop_assert!(shown.contains(kept.trim_matches('"')), "{} in {}", kept, shown);
        }
    }
}

#[test]
fn large_members_end_in_bounded_time() {
    // As many lines as a member may have; without line breaks, a megabyte.
    let long = |piece: &str| piece.repeat((1_000_000 / piece.len()).min(if piece.contains('\n') { LINE_LIMIT - 10 } else { usize::MAX }));
    for (name, text) in [
        ("statements", format!("//P PROC\n{}", long("//S EXEC PGM=X\n"))),
        ("data definitions", format!("//P PROC\n//S EXEC PGM=X\n{}", long("//D DD DUMMY\n"))),
        ("concatenations", format!("//P PROC\n//S EXEC PGM=X\n//D DD DUMMY\n{}", long("// DD DUMMY\n"))),
        ("comments", format!("//P PROC\n{}", long("//* c\n"))),
        ("continuations", format!("//P PROC\n//S EXEC PGM=X,\n{}", long("// REGION=0M,\n"))),
        ("apostrophes over lines", format!("//P PROC\n//S EXEC PGM=X,PARM='{}", long("x\n//               "))),
        ("brackets", format!("//P PROC\n//S EXEC PGM=X,COND={}", long("(,\n//  "))),
        ("in-stream data", format!("//P PROC\n//S EXEC PGM=X\n//D DD *\n{}", long("x\n"))),
        (
            "symbols",
            format!("//P PROC {}", (0..LINE_LIMIT - 10).map(|index| format!("S{index}=&S{},\n//  ", index + 1)).collect::<String>()),
        ),
        (
            "symbols that double",
            format!("//P PROC {}", (1..100).map(|index| format!("S{index}='&S{0}&S{0}',\n//  ", index - 1)).collect::<String>()),
        ),
        ("one line", long("//S EXEC PGM=X ")),
        ("a long value", format!("//P PROC A='{}'", long("x"))),
        ("too many lines", "\n".repeat(1_000_000)),
    ] {
        let (result, cost) = measured(|| read(&text, &symbols()));
        let said = result.map(|procedure| procedure.step.data_definitions.len()).map_err(|errors| (errors.len(), errors[0].to_string()));
        println!(
            "{name}: {:.1} MB in {:?}, {} MB held: {:.150}",
            text.len() as f64 / 1e6,
            cost.time,
            cost.memory / 1_000_000,
            format!("{said:?}")
        );
        assert!(cost.time < TIME && cost.memory < 500_000_000, "{name}: {cost:?}");
    }
}
