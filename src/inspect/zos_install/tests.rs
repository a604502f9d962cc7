use super::*;

const PROC: &str = include_str!("../../../jcl/ZWESLSTC");

fn there(path: &str, kind: FileKind, mode: u32) -> Seen {
    // The beginning of a program object of z/OS: IEWPLMH in IBM-1047.
    let magic = b"\xc9\xc5\xe6\xd7\xd3\xd4\xc8\x40".to_vec();
    Seen { path: path.into(), facts: Ok(Some(Facts { kind, mode, size: 9, tag: Tag::None, magic })) }
}

fn good() -> Inventory {
    Inventory {
        is_zos: true,
        is_copy: false,
        names: Names { user: "ZWESVUSR".into(), group: "ZWEADMIN".into(), stc: "ZWESLSTC".into(), product: Some(Product::Racf) },
        procedure: Ok(("ZWESLSTC".into(), PROC.into())),
        program: there(PROGRAM, FileKind::Regular, 0o755),
        files: vec![Expected {
            seen: there("/usr/lpp/zowe", FileKind::Directory, 0o755),
            purpose: "the runtime",
            kind: FileKind::Directory,
            required: true,
            tags: &[],
        }],
        space: vec![("/logs".into(), Ok(SPACE))],
        limits: Some(Ok(MemoryLimits::default())),
        ids: vec!["lpar1".into()],
        ports: vec![("gateway".into(), 7554)],
        launched: 1,
        sources: Ok(vec![there("/etc/zowe/zowe.yaml", FileKind::Regular, 0o640)]),
    }
}

fn with_program(change: impl Fn(&mut Facts)) -> Inventory {
    let mut inventory = good();
    if let Ok(Some(facts)) = &mut inventory.program.facts {
        change(facts);
    }
    inventory
}

fn with_procedure(from: &str, to: &str) -> Inventory {
    assert!(PROC.contains(from), "{from}");
    Inventory { procedure: Ok(("ZWESLSTC".into(), PROC.replace(from, to))), ..good() }
}

#[test]
fn what_is_as_it_should_be_has_notes_only() {
    let report = report(&good());
    assert_eq!(report.text().lines().filter(|line| !line.starts_with("INFO ")).collect::<Vec<_>>(), ["0 errors, 0 warnings"]);
    assert_eq!(report.exit_code(), 0);
    for command in [
        "RLIST FACILITY BPX.CONSOLE AUTHUSER",
        "RLIST STARTED ZWESLSTC.* STDATA",
        "LISTUSER ZWESVUSR OMVS",
        "D OMVS,O",
        "ls -E",
        "PORTLIST",
    ] {
        assert!(report.notes.iter().any(|note| note.contains(command)), "{command}: {:#?}", report.notes);
    }
    assert!(!report.notes.iter().any(|note| note.contains("TSS ")));
    let unknown = Inventory { names: Names { product: None, ..good().names }, ..good() };
    let notes = super::report(&unknown).notes;
    assert!(["RACF: ", "ACF2: ", "Top Secret: "].iter().all(|head| notes.iter().any(|note| note.starts_with(head))));
}

/// Each fault alone: exactly one finding, with its severity and what is said of it.
#[test]
fn each_fault_is_found() {
    let long = format!("PARM='ENVAR(_CEE_ENVFILE_S=DD:STDENV),POSIX(ON)/{}&HAINST.'", "x".repeat(13));
    let faults: Vec<(Inventory, bool, &str)> = vec![
        (Inventory { program: Seen { path: PROGRAM.into(), facts: Ok(None) }, ..good() }, true, "is not there: the program"),
        (
            Inventory { program: Seen { path: PROGRAM.into(), facts: Err("EACCES".into()) }, ..good() },
            false,
            "cannot be looked at (EACCES)",
        ),
        (with_program(|facts| facts.kind = FileKind::Directory), true, "is no regular file"),
        (with_program(|facts| facts.magic = b"\x7fELF\x02".to_vec()), true, "no program of z/OS"),
        (with_program(|facts| facts.size = 0), true, "no program of z/OS"),
        (with_program(|facts| facts.mode = 0o644), true, "chmod 755"),
        (with_program(|facts| facts.mode = 0o1755), true, "sticky"),
        (with_program(|facts| facts.mode = 0o4755), true, "set-id"),
        (with_program(|facts| facts.mode = 0o775), false, "whoever can write it"),
        (with_program(|facts| facts.tag = Tag::Text(819)), true, "chtag -b"),
        (with_procedure("PGM=ZWELNCH", "PGM=IEFBR14"), true, "does not run zwelnch"),
        (with_procedure("REGION=&RGN,", "REGION=64M,"), false, "REGION=64M"),
        (with_procedure("REGION=&RGN,", ""), false, "has no REGION"),
        (with_procedure(",TIME=NOLIMIT", ""), false, "TIME=NOLIMIT"),
        (with_procedure(",TIME=NOLIMIT", ",TIME=NOLIMIT,MEMLIMIT=2G"), true, "MEMLIMIT=2G"),
        (with_procedure("CONFIG=/etc/zowe/zowe.yaml\n", ""), true, "neither CONFIG nor INSTANCE_DIR"),
        (with_procedure("CONFIG=/etc/zowe/zowe.yaml\n", "CONFIG=/etc/zowe/zowe.yaml\nCONFIG=/b\n"), false, "set twice"),
        (with_procedure("\nCONFIG=/etc", "\n X=1\nCONFIG=/etc"), false, "begins with a blank"),
        (with_procedure("_BPXK_AUTOCVT=ON", "_BPXK_AUTOCVT=OFF"), false, "_BPXK_AUTOCVT=ON"),
        (with_procedure("ZWELNCH_PROGRAM=/usr", "ZWELNCH_PROGRAM=usr"), true, "no absolute path"),
        (with_procedure("ZWELNCH_PROGRAM=/usr/lpp/zwelnch/bin/zwelnch\n", ""), false, "has no ZWELNCH_PROGRAM"),
        (with_procedure("ENVAR(_CEE_ENVFILE_S=DD:STDENV),", ""), true, "PARM does not name STDENV"),
        (with_procedure(",POSIX(ON)/", "/"), true, "POSIX(ON)"),
        (
            with_procedure("PARM='ENVAR(_CEE_ENVFILE_S=DD:STDENV),POSIX(ON)/&HAINST.'", &long),
            true,
            "z/OS reads a statement up to column 71",
        ),
        (with_procedure("CONFIG=/etc/zowe/zowe.yaml", &format!("{:<72}00420000", "CONFIG=/etc/zowe/zowe.yaml")), true, "73 to 80"),
        (with_procedure("CONFIG=/etc/zowe", &format!("CONFIG=/{}/etc/zowe", "d".repeat(80))), true, "a record has 80"),
        (Inventory { ids: vec!["i".repeat(60)], ..good() }, true, "characters with HAINST="),
        (Inventory { sources: Ok(vec![Seen { path: "/x.yaml".into(), facts: Ok(None) }]), ..good() }, true, "CONFIG names it"),
        (Inventory { sources: Err("CONFIG is empty".into()), ..good() }, true, "CONFIG is empty"),
        (Inventory { space: vec![("/logs".into(), Ok(SPACE - 1))], ..good() }, false, "99 MiB left"),
        (Inventory { space: vec![("/logs".into(), Err("EIO".into()))], ..good() }, false, "not known: EIO"),
        (
            Inventory { limits: Some(Ok(MemoryLimits { above_bar: Some(1 << 30), address_space: None })), ..good() },
            false,
            "MEMLIMIT: this process may have 1024 MiB",
        ),
        (
            Inventory { limits: Some(Ok(MemoryLimits { above_bar: None, address_space: Some(1 << 20) })), ..good() },
            false,
            "ASSIZEMAX: this process may have 1 MiB",
        ),
        (Inventory { limits: Some(Err("EPERM".into())), ..good() }, false, "EPERM"),
        (Inventory { ports: vec![("gateway".into(), 443)], ..good() }, false, "gateway 443"),
    ];
    for (inventory, error, what) in faults {
        let report = report(&inventory);
        let found = &report.findings;
        assert!(
            found.iter().any(|finding| finding.problem.error == error && finding.problem.to_string().contains(what)),
            "{what}: {found:#?}"
        );
        // A line that is too long is cut off, with all that follows from that; every other fault is alone.
        if !what.contains("column 71") {
            assert_eq!(report.counts(), (usize::from(error), usize::from(!error)), "{what}: {found:#?}");
        }
        assert_eq!(report.exit_code(), if error { 8 } else { 4 }, "{what}");
    }
}

#[test]
fn each_fault_of_a_file_is_found() {
    let with = |facts: Result<Option<Facts>, String>, required: bool| {
        let expected = Expected {
            seen: Seen { path: "/r/f".into(), facts },
            purpose: "a purpose",
            kind: FileKind::Regular,
            required,
            tags: &[1047, 819],
        };
        report(&Inventory { files: vec![expected], ..good() })
    };
    let facts = |kind, tag| Ok(Some(Facts { kind, mode: 0o644, size: 1, tag, magic: Vec::new() }));
    let (file, directory) = (FileKind::Regular, FileKind::Directory);
    assert_eq!(with(Ok(None), true).counts(), (1, 0));
    assert_eq!(with(Ok(None), false).counts(), (0, 1));
    assert_eq!(with(Err("EACCES".into()), true).counts(), (0, 1));
    assert_eq!(with(facts(directory, Tag::None), true).counts(), (1, 0));
    assert_eq!(with(facts(file, Tag::Text(37)), true).counts(), (0, 1));
    for tag in [Tag::Text(819), Tag::Text(1047), Tag::None] {
        assert_eq!(with(facts(file, tag), true).counts(), (0, 0));
    }
    let unknown = with(facts(file, Tag::Unknown), true);
    assert!(unknown.counts() == (0, 0) && unknown.notes.iter().any(|note| note.contains("ls -T")));
}

#[test]
fn the_program_and_the_configuration_are_those_of_the_proc() {
    assert_eq!(program_of(PROC), PathBuf::from(PROGRAM));
    assert_eq!(program_of(&PROC.replace("ZWELNCH_PROGRAM=/usr/lpp", "ZWELNCH_PROGRAM=/opt")), PathBuf::from("/opt/zwelnch/bin/zwelnch"));
    let by_path = include_str!("../../../jcl/ZWESLSTB").replace("PGM /usr/lpp", "PGM /u/x");
    assert_eq!(program_of(&by_path), PathBuf::from("/u/x/zwelnch/bin/zwelnch"));
    assert_eq!(config_of(PROC).as_deref(), Some("/etc/zowe/zowe.yaml"));
    assert_eq!(config_of(&PROC.replace("CONFIG=/etc/zowe/zowe.yaml", "INSTANCE_DIR=/i")).as_deref(), Some("/i/zowe.yaml"));
    let report = report(&Inventory { procedure: Ok(("ZWESLSTB".into(), by_path)), ..good() });
    assert_eq!(report.counts(), (0, 0), "{}", report.text());
}
