//! The members that are installed on z/OS, read by a second reader in another language that shares nothing with ours: `oracles/jclcheck.py`.

use crate::harness::{program, program_or_skip, text};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use zwelnch::mvs::{MEMBERS, MemberKind};

fn checked(python: &Path, arguments: &[&str], files: &[PathBuf]) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/oracles/jclcheck.py");
    let output = Command::new(python).arg(script).args(arguments).args(files).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)) && output.stderr.is_empty(), "{}", text(&output));
    (output.status.success(), text(&output))
}

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn a_second_reader_has_no_fault_to_find() {
    let Some(python) = program_or_skip("python3") else { return };
    let files: Vec<PathBuf> = MEMBERS
        .iter()
        .map(|member| directory(if member.kind == MemberKind::Sample { "samplib" } else { "jcl" }).join(member.name))
        .collect();
    let (good, faults) = checked(&python, &[], &files);
    assert!(good && faults.is_empty(), "{faults}");
    // As `zwelnch jcl` prints them, edited.
    let edited = tempfile::tempdir().unwrap();
    for (number, arguments) in [
        vec![
            "ZWESLSTC",
            "--set-config",
            "FILE(/a/long/path/of/a/configuration/zowe.yaml):FILE(/another/long/path/of/a/configuration/zowe.yaml)",
        ],
        vec!["ZWESLSTB", "--set-config", "/etc/zowe.yaml"],
        vec!["ZWERACF", "--set", "USER=TESTUSR", "--set", "LOADLIB=OTHER.LOADLIB"],
        vec!["ZWEOPCMD", "--set", "PRODUCT=TSS", "--set", "STC=ZWETEST"],
        vec!["ZWEINPAX", "--set", "ROOT=/opt/zwelnch"],
    ]
    .into_iter()
    .enumerate()
    {
        let output = Command::new(program()).arg("jcl").args(&arguments).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        let file = edited.path().join(format!("EDITED{number}"));
        fs::write(&file, output.stdout).unwrap();
        let (good, faults) = checked(&python, &[], &[file]);
        assert!(good && faults.is_empty(), "{arguments:?}: {faults}");
    }
}

/// Examples in the form of those of "z/OS MVS JCL Reference": what z/OS takes is no fault.
#[test]
fn the_second_reader_takes_what_zos_takes() {
    let Some(python) = program_or_skip("python3") else { return };
    let good = "\
//EXAMPLE  JOB (12A75,'DEPTD58',706),'MS BROWN',CLASS=A,
//             MSGCLASS=X,NOTIFY=&SYSUID
//*        A COMMENT, WITH 'ONE APOSTROPHE
//LIBS     JCLLIB ORDER=(MY.PROCLIB,YOUR.PROCLIB)
//         EXPORT SYMLIST=*
//         SET A='X Y',B=Z
//         SET C=&A..&B
//STEP1    EXEC PGM=IEFBR14,PARM='IT''S &A AND A VERY LONG PARAMETER OF
//             REACHES COLUMN 71'      AND A COMMENT
//DD1      DD  DSN=&&TEMP(MEMBER),DISP=(NEW,PASS),UNIT=SYSDA, COMMENT
//             SPACE=(TRK,(1,1,1))
//         DD  DSNAME=A.B&B,DISP=SHR
//STEP2    EXEC PGM=IKJEFT01,COND=(0,NE,STEP1),PARM=('A,B',C)
//SYSTSPRT DD SYSOUT=*
//SYSTSIN  DD *,SYMBOLS=(JCLONLY)
 TIME &A && &C
//SYSIN    DD DATA,DLM=##
//NO STATEMENT
/* AND NO END
##
//         IF (STEP1.RC = 0 & STEP2.RC < 8) THEN
//STEP3    EXEC MYPROC,SYMBOL='A',REGION=0M
//STEP.DD  DD DUMMY
//         ELSE
//STEP4    EXEC PGM=BPXBATCH,PARM='SH ls'
//         ENDIF
//
";
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("GOOD");
    // What an apostrophe has begun goes on in column 16, and the record before it is full; the first two records are numbered.
    let padded = |(number, line): (usize, &str)| match number {
        0 | 1 => format!("{line:<72}000{number}0000\n"),
        7 => format!("{line:<71}\n"),
        _ => format!("{line}\n"),
    };
    let text: String = good.lines().enumerate().map(padded).collect();
    fs::write(&file, text).unwrap();
    let (good, faults) = checked(&python, &[], std::slice::from_ref(&file));
    assert!(good, "{faults}");
}

/// Member, what is replaced by what, the kind of fault that this is.
const SEEDED: &[(&str, &str, &str, &str)] = &[
    ("ZWESLSTC", "//STEPLIB  DD", "//STEPLIBRY DD", "name"),
    ("ZWESLSTC", "//STEPLIB  DD", "//1STEPLIB DD", "name"),
    ("ZWESLSTC", "//SYSERR   DD", "//SYSPRINT DD", "dd"),
    ("ZWESLSTC", "//SYSPRINT DD   SYSOUT=*,LRECL=1600\n", "", "dd"),
    ("ZWESLSTC", "EXEC PGM=ZWELNCH", "EXCE PGM=ZWELNCH", "operation"),
    ("ZWESLSTC", "TIME=NOLIMIT,", "TIME=NOLIMIT", "operation"),
    ("ZWESLSTC", "//  PARM=", "//                PARM=", "continuation"),
    ("ZWESLSTC", "//  PARM=", "// PARM=", "none"),
    ("ZWESLSTC", "//  PARM=", "//PARM=", "continuation"),
    ("ZWESLSTC", "&HAINST.'", "&HAINST.", "apostrophe"),
    ("ZWESLSTC", "&HAINST.'", "&HAINSTX.'", "symbol"),
    ("ZWESLSTC", "&HAINST.'", "&HAINSTANCE.'", "symbol"),
    ("ZWESLSTC", ",RGN=0M", ",RGN=0M,XYZ=1", "unused"),
    ("ZWESLSTC", ",RGN=0M", ",INSTANCES=1", "symbol"),
    ("ZWESLSTC", ",RGN=0M", ",RGN=0M,REGION=4M", "symbol"),
    ("ZWESLSTC", "HAINST='__ha_instance_id__'", "HAINST=__ha_instance_id__", "apostrophe"),
    ("ZWESLSTC", "/*\n//        PEND", "//        PEND", "none"),
    ("ZWESLSTC", "//        PEND\n", "", "order"),
    ("ZWESLSTC", "DSN=ZWE.SZWELOAD", "DSN=ZWE.SZWELOADLIB", "dd"),
    ("ZWESLSTC", "DSN=ZWE.SZWELOAD", "DSN=ZWE..SZWELOAD", "dd"),
    ("ZWESLSTC", "DISP=SHR", "DISP=SHARED", "dd"),
    ("ZWESLSTC", "SYSOUT=*,LRECL=1600", "SYSOUT=*,LRECL=1600,LRECL=1", "keyword"),
    ("ZWESLSTC", "LRECL=1600", "LRECLEN=1600", "keyword"),
    ("ZWESLSTC", "REGION=&RGN", "REGION=ALL", "keyword"),
    ("ZWESLSTC", "CONFIG=/etc/zowe/zowe.yaml", "CONFIG /etc/zowe/zowe.yaml", "stdenv"),
    ("ZWESLSTC", "DD   DUMMY", "DD   DUMMIES", "keyword"),
    ("ZWESLSTC", "STDENV   DD   *", "STDENV   DD   DATA,DLM=$$", "instream"),
    ("ZWESLSTB", "PATHOPTS=(ORDONLY)", "PATHOPTS=(OREAD)", "dd"),
    ("ZWESLSTB", "PATH='/dev/null'", "PATH='dev/null'", "dd"),
    ("ZWESLSTB", "//STDERR   DD   SYSOUT=*\n", "", "dd"),
    ("ZWEINST", "//ZWEINST  JOB ,'ZWELNCH PROC',CLASS=A,MSGCLASS=X,NOTIFY=&SYSUID\n", "", "order"),
    ("ZWEINST", "'ZWELNCH PROC'", "'ZWELNCH PROCEDURE LIBRARY'", "keyword"),
    ("ZWEINST", "MSGCLASS=X", "MSGCLASS=XY", "keyword"),
    ("ZWEINST", "//         ENDIF\n", "", "if"),
    ("ZWEINST", "IF (KEEP.RC = 0) THEN", "IF (KEEEP.RC = 0) THEN", "name"),
    ("ZWEINST", "(KEEP.RC = 0) THEN", "(KEEP.RC = 0)", "if"),
    ("ZWEINST", "//COPY     EXEC", "//KEEP     EXEC", "repeated"),
    ("ZWEINST", "SET STC=ZWESLSTC", "SET STCX=ZWESLSTC", "symbol"),
    ("ZWEINST", "SYMLIST=(FROM,STC)", "SYMLIST=(FROM)", "symbol"),
    ("ZWEINST", "OUTDD=PROCLIB", "OUTDD=PROCLIP", "dd"),
    ("ZWEINST", "//SYSPRINT DD SYSOUT=*\n", "", "dd"),
    ("ZWEIBIND", "INCLUDE PROGRAM", "INCLUDE PROGRAMM", "dd"),
    ("ZWEIBIND", "//SYSLMOD  DD DSN=&LOAD.,DISP=SHR\n", "", "dd"),
    ("ZWEIBIND", "PGM=IEWBLINK,REGION=0M", "REGION=0M,PGM=IEWBLINK", "keyword"),
    ("ZWEIBIND", "SPACE=(CYL,(30,10,10))", "SPACE=(CYL,(30,10,10)", "parentheses"),
    ("ZWEIBIND", "SET ROOT='/usr/lpp/zwelnch'", "SET ROOT=/usr/lpp/zwelnch", "apostrophe"),
    ("ZWERACF", "$$\n//", "//", "instream"),
    ("ZWERACF", "SYSTSIN  DD DATA,DLM=$$", "SYSTSIN  DD *,DLM=$$", "none"),
    ("ZWERACF", "//SYSTSPRT DD SYSOUT=*\n", "", "dd"),
    ("ZWEOPCMD", "SET PRODUCT=RACF", "SET PRODUCT=RACFF", "dd"),
    ("ZWEINPAX", "SH set -e;\nr=", "set -e;\nr=", "parm"),
    ("ZWEACF2", "//SYSTSPRT DD SYSOUT=*", "//SYSTSPRT DD SYSOUT=*\nSTRAY DATA", "instream"),
    ("ZWEACF2", "//SYSTSPRT DD SYSOUT=*", "//SYSTSPRT DD SYSOUT=*\n/*", "instream"),
    ("ZWEACF2", "//SYSTSPRT DD SYSOUT=*", "//SYSTSPRT DD", "dd"),
    ("ZWETSS", "$$\n//\n", "$$\n//\n//X EXEC PGM=Y\n", "order"),
    ("ZWETSS", "ZOWE ADMINISTRATORS", "ZOWE \u{c4}DMINISTRATORS", "character"),
    ("ZWETSS", "ZOWE ADMINISTRATORS", "ZOWE ADMINISTRATORS AND ALL OTHERS WHO HAVE TO KNOW, OR WANT TO, OF IT", "record"),
    ("ZWEAUTO", "* Ready for work: UP.", "* Ready for work: UP. And this comment goes on beyond what a record can hold", "record"),
];

/// Each kind of fault is found where it is, and what is only written in another way is none.
#[test]
fn the_second_reader_finds_every_kind_of_fault() {
    let Some(python) = program_or_skip("python3") else { return };
    let directory = tempfile::tempdir().unwrap();
    for (name, from, to, kind) in SEEDED {
        let member = MEMBERS.iter().find(|member| member.name == *name).unwrap();
        assert!(member.text.contains(from), "{name} has no {from}");
        let file = directory.path().join(name);
        fs::write(&file, member.text.replacen(from, to, 1)).unwrap();
        let (good, faults) = checked(&python, &[], std::slice::from_ref(&file));
        let has = faults.lines().any(|line| line.splitn(3, ':').nth(2).is_some_and(|rest| rest.trim().starts_with(&format!("{kind}:"))));
        assert_eq!((good, has), (*kind == "none", *kind != "none"), "{name}: {from} -> {to}: {kind} is expected, found: {faults}");
    }
    // Lengths: by a symbol's value, and a column by what stands in it.
    let file = directory.path().join("LONG");
    fs::write(&file, MEMBERS.iter().find(|member| member.name == "ZWESLSTB").unwrap().text).unwrap();
    for (length, good) in [(100 - 40, true), (100 - 40 + 1, false)] {
        let set = format!("HAINST={}", "x".repeat(length));
        let (passes, faults) = checked(&python, &["--set", &set], std::slice::from_ref(&file));
        assert_eq!((passes, faults.contains(" parm: PARM has 101 characters")), (good, !good), "{faults}");
    }
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("//STDERR   DD   SYSOUT=*", &format!("{:<71}X", "//STDERR   DD   SYSOUT=*"))).unwrap();
    assert!(checked(&python, &[], &[file]).1.contains(" columns: "));
}
