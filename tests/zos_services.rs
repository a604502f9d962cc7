//! Each service of z/OS and its error path, with the stub (tests/zos-stub), in this process: its children belong to nobody else.
#![allow(clippy::unwrap_used)]

use std::ffi::CString;
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use zwelnch::config::Environment;
use zwelnch::ha::operator::{Operator, SystemConsole};
use zwelnch::platform::ebcdic::{ibm_1047, to_ibm_1047};
use zwelnch::platform::zos::{ZosPlatform, shim};
use zwelnch::platform::{ChildEnvironment, End, GroupOfChild, LockError, MemoryLimits, Platform, PreparedEnvironment, SpawnRequest};

unsafe extern "C" {
    fn zos_stub_directory(directory: *const std::ffi::c_char);
    fn zos_stub_fail(service: *const std::ffi::c_char, count: i32, error: i32, errno2: i32);
}

/// The stub has one directory and one list of failures per process, so one test runs at a time.
struct Stub {
    directory: tempfile::TempDir,
    _one_at_a_time: MutexGuard<'static, ()>,
}

impl Stub {
    fn new() -> Stub {
        static LOCK: Mutex<()> = Mutex::new(());
        let guard = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
        // What a test that failed has left would be the next one's child.
        while nix::sys::wait::wait().is_ok() {}
        let directory = tempfile::tempdir().unwrap();
        for name in ["dd", "bin", "data-sets/ZOWE.PARMLIB"] {
            fs::create_dir_all(directory.path().join(name)).unwrap();
        }
        let path = CString::new(directory.path().to_str().unwrap()).unwrap();
        // SAFETY: the text is NUL-terminated and is copied.
        unsafe { zos_stub_directory(path.as_ptr()) };
        Stub { directory, _one_at_a_time: guard }
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.directory.path().join(name), bytes).unwrap();
    }

    fn program(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        self.write(name, text);
        fs::set_permissions(self.directory.path().join(name), fs::Permissions::from_mode(0o700)).unwrap();
    }
}

fn fail(service: &str, error: i32) {
    let name = CString::new(service).unwrap();
    // SAFETY: the text is NUL-terminated and is copied.
    unsafe { zos_stub_fail(name.as_ptr(), 1, error, 0x0BAD_0042) };
}

/// Calls a service that is told to fail, and then once more: errno and errno2 are in the error, and only in that of the first call.
fn fails_once<T: std::fmt::Debug>(service: &str, error: i32, mut call: impl FnMut() -> Result<T, shim::ShimError>) -> T {
    fail(service, error);
    let failure = call().unwrap_err();
    assert_eq!(failure, shim::ShimError { errno: error, reason: 0x0BAD_0042 }, "{service}");
    assert!(failure.to_string().contains("errno2 0BAD0042"), "{failure}");
    call().unwrap()
}

use nix::libc::{E2BIG, EACCES, EAGAIN, EBADF, ECHILD, EINTR, EINVAL, EIO, ENOENT, ENOMEM, EPERM};

#[test]
fn the_shim_that_is_linked_is_the_right_one() {
    assert!(shim::is_right_one());
}

#[test]
fn wto() {
    let stub = Stub::new();
    stub.write("uid", "0\n");
    let text = to_ibm_1047("ZWEL0001I x");
    fails_once("malloc31", ENOMEM, || shim::wto(&text, &[2, 11], &[12]));
    // SVC 35 has a return code and no errno.
    fail("svc35", 0);
    assert_eq!(shim::wto(&text, &[2], &[12]), Err(shim::ShimError { errno: EIO, reason: 0x0BAD_0042 }));
    shim::wto(&text, &[], &[]).unwrap();
    fails_once("console2.message", EPERM, || shim::wto_unix(&text, &[2], &[]));
    let origin = shim::Origin { cart: *b"ABCDEFGH", console_id: [1, 2, 3, 4] };
    fails_once("console2.message", EINVAL, || shim::console_answer(&origin, &text));
    // EINTR is waited through.
    fail("console2.message", EINTR);
    shim::console_answer(&origin, &text).unwrap();
    let zeroes = "0".repeat(16);
    let hexadecimal: String = text.iter().map(|byte| format!("{byte:02x}")).collect();
    let answer = format!("console2 - 5 4142434445464748 01020304 {hexadecimal}");
    let recorded = fs::read_to_string(stub.directory.path().join("wto")).unwrap();
    let expected = [
        format!("svc35 2,11 12 {zeroes} 00000000 {hexadecimal}"),
        format!("svc35 - - {zeroes} 00000000 {hexadecimal}"),
        format!("console2 2 - {zeroes} 00000000 {hexadecimal}"),
        answer.clone(),
        answer,
    ];
    assert_eq!(recorded.lines().collect::<Vec<_>>(), expected);

    // Who has another UID has the system's own text before it, in what __console2 issues.
    stub.write("uid", "990\n");
    shim::wto_unix(&text, &[], &[]).unwrap();
    let wrapper: String = to_ibm_1047("BPXM023I (ZWESVUSR) ").iter().map(|byte| format!("{byte:02x}")).collect();
    let recorded = fs::read_to_string(stub.directory.path().join("wto")).unwrap();
    assert_eq!(recorded.lines().last(), Some(format!("console2 - - {zeroes} 00000000 {wrapper}{hexadecimal}").as_str()));
}

#[test]
fn console() {
    let stub = Stub::new();
    fail("console2", EPERM);
    assert_eq!(shim::console_wait(), Err(shim::ShimError { errno: EPERM, reason: 0x0BAD_0042 }));
    // No console at all.
    assert_eq!(shim::console_wait().unwrap_err().errno, EPERM);
    let _ = stub;
}

fn request<'a>(program: &str, base: &'a PreparedEnvironment, null: &'a File) -> SpawnRequest<'a> {
    SpawnRequest {
        program: program.into(),
        arguments: vec!["sh".into(), "-c".into(), "test \"$A\" = 1 && exit 7".into()],
        environment: ChildEnvironment { base, own: base, marker: None },
        descriptors: vec![(null.as_fd(), 0), (null.as_fd(), 1), (null.as_fd(), 2)],
        group: GroupOfChild::Own,
        control_group: None,
    }
}

#[test]
fn processes() {
    let _stub = Stub::new();
    let platform = ZosPlatform::for_command();
    let null = File::options().read(true).write(true).open("/dev/null").unwrap();
    let base = PreparedEnvironment::new(&Environment::from([("A".to_owned(), "1".into())])).unwrap();

    assert_eq!(shim::reap(None, true).unwrap_err().errno, ECHILD);
    assert_eq!(shim::wait_for_end().unwrap_err().errno, ECHILD);
    assert!(!platform.wait_for_end() && platform.reap().is_none());

    fail("spawn", EAGAIN);
    let error = platform.spawn(&request("/bin/sh", &base, &null)).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    assert!(error.to_string().contains("0BAD0042"), "{error}");
    let error = platform.spawn(&request("/none/sh", &base, &null)).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    // A descriptor that the map cannot hold.
    assert_eq!(shim::spawn(c"/bin/sh", &[], &[], &[(null.as_fd(), 64)], true).unwrap_err().errno, EBADF);

    let pid = platform.spawn(&request("/bin/sh", &base, &null)).unwrap();
    fail("waitid", EINTR);
    assert!(platform.wait_for_end());
    let found = platform.process(pid).unwrap();
    let own = platform.process(i32::try_from(std::process::id()).unwrap()).unwrap();
    // qemu-user invents what /proc tells of the process itself, without a session; a container shows 0 for a session begun outside it.
    let session = if std::env::var_os("ZWELNCH_EMULATOR").is_some() { found.session } else { own.session };
    assert_eq!((found.group, found.parent, found.session), (pid, own.pid, session));
    // It has ended, and nobody has reaped it: there is no process any more that could be waited for or ended.
    assert!(found.is_dead && !own.is_dead, "{found:?} {own:?}");
    fail("waitpid", EINTR);
    let (ended, status) = shim::reap(None, true).unwrap().unwrap();
    assert_eq!((ended, status.end), (pid, End::Exited(7)));

    fails_once("w_getpsent", EACCES, shim::processes);
    assert!(platform.process_list(&|_| false).unwrap().iter().any(|entry| entry.pid == own.pid));
    assert!(platform.boot_identity().is_some_and(|identity| identity.starts_with("ipl/")));
}

#[test]
fn a_child_has_only_the_descriptors_of_the_map() {
    let _stub = Stub::new();
    let platform = ZosPlatform::for_command();
    let null = File::options().read(true).write(true).open("/dev/null").unwrap();
    let (reader, writer) = platform.output_pipe().unwrap();
    let base = PreparedEnvironment::default();
    let mut request = request("/bin/sh", &base, &null);
    request.arguments[2] = "for fd in /proc/self/fd/*; do echo ${fd##*/}; done".into();
    // Crossed on purpose.
    request.descriptors[1] = (writer.as_fd(), 1);
    platform.spawn(&request).unwrap();
    drop(writer);
    assert!(platform.wait_for_end());
    platform.reap().unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut File::from(reader), &mut text).unwrap();
    // 3 is the directory that the shell reads.
    assert_eq!(text.split_whitespace().collect::<Vec<_>>(), ["0", "1", "2", "3"]);
}

#[test]
fn signals() {
    let _stub = Stub::new();
    fails_once("shutdown_registration", EPERM, shim::register_danger);
    fail("pthread_sigmask", EINVAL);
    assert_eq!(shim::signals_block().unwrap_err().errno, EINVAL);
    fail("sigwait", EINVAL);
    assert_eq!(shim::signal_wait().unwrap_err().errno, EINVAL);
}

#[test]
fn tags() {
    let _stub = Stub::new();
    let platform = ZosPlatform::for_command();
    let (reader, writer) = platform.output_pipe().unwrap();
    assert_eq!(fails_once("fstat", EBADF, || shim::tag(reader.as_fd())), (0, false));
    assert_eq!(platform.code_page_of(reader.as_fd()), None);
    fails_once("fcntl", EINVAL, || shim::set_tag(writer.as_fd(), 1047, true));
    assert_eq!(shim::tag(reader.as_fd()), Ok((1047, true)));
    assert_eq!(platform.code_page_of(reader.as_fd()), Some(1047));
    // Binary is no code page.
    shim::set_tag(writer.as_fd(), 65535, false).unwrap();
    assert_eq!(platform.code_page_of(reader.as_fd()), None);
    fails_once("fcntl", EINVAL, || shim::conversion_off(reader.as_fd()));
    fails_once("fcntl.cvton", EINVAL, || shim::conversion_on(reader.as_fd()));
}

#[allow(clippy::print_stderr)]
fn skipped(why: &str) {
    assert!(std::env::var_os("ZWELNCH_REQUIRE_ALL").is_none(), "{why}");
    eprintln!("SKIPPED: {why}");
}

#[test]
fn locks() {
    let stub = Stub::new();
    let platform = ZosPlatform::for_command();
    let path = stub.directory.path().join("lock");
    fail("fcntl", EACCES);
    fs::write(&path, "job ZWESLSTC on ZOS2").unwrap();
    let error = platform.lock_file(&path, "me").unwrap_err();
    assert!(matches!(&error, LockError::Held(holder) if holder == "job ZWESLSTC on ZOS2"), "{error}");
    fail("fcntl", EIO);
    assert!(matches!(platform.lock_file(&path, "me"), Err(LockError::Io(error)) if error.to_string().contains("0BAD0042")));
    let lock = platform.lock_file(&path, "me").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "me");
    // Of the own process it is none that is in the way; of another one it is.
    assert!(!platform.is_locked(&File::open(&path).unwrap()).unwrap());
    drop(lock);
    let mut other = std::process::Command::new("python3");
    other.args([
        "-c",
        "import fcntl,sys; f = open(sys.argv[1], 'a'); fcntl.lockf(f, fcntl.LOCK_EX); print('locked', flush=True); sys.stdin.read()",
    ]);
    match other.arg(&path).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn() {
        Ok(mut other) => {
            let mut said = [0; 7];
            std::io::Read::read_exact(&mut other.stdout.take().unwrap(), &mut said).unwrap();
            assert!(platform.is_locked(&File::open(&path).unwrap()).unwrap());
            drop(other.stdin.take());
            other.wait().unwrap();
            assert!(!platform.is_locked(&File::open(&path).unwrap()).unwrap());
        }
        Err(why) => skipped(&format!("python3: {why}")),
    }
    let file = File::open(&path).unwrap();
    fail("fcntl", EIO);
    assert!(platform.is_locked(&file).unwrap_err().to_string().contains("0BAD0042"));
}

#[test]
fn data_definitions() {
    let stub = Stub::new();
    let dd = shim::DataDefinition::Syserr;
    fails_once("fopen", EACCES, || shim::record_length(dd));
    // Four bytes of a variable record's length are its own.
    assert_eq!(fails_once("fldata", EBADF, || shim::record_length(dd)), 1596);
    fails_once("fwrite", EIO, || shim::write_record(dd, &[0xc1]));
    assert_eq!(shim::write_record(dd, &[0xc1; 1597]).unwrap_err().errno, EINVAL);
    shim::write_record(dd, &[0xc2; 1596]).unwrap();
    let written = fs::read(stub.directory.path().join("dd/SYSERR")).unwrap();
    assert_eq!(ibm_1047(&written), format!("A\n{}\n", "B".repeat(1596)));
    assert_eq!(shim::write_record(dd, &[]), Ok(()), "an empty record is the caller's business");
}

/// What each format of records needs besides the text, as the stub's C library writes it.
#[test]
fn formats_of_records() {
    for (format, room, written) in [
        ("F", 20, "AB\u{20}".to_owned() + &" ".repeat(17)),
        ("FBA", 19, " AB".to_owned() + &" ".repeat(17)),
        ("VB", 16, "AB".to_owned()),
        ("VBA", 15, " AB".to_owned()),
        // X'09': write, then one line on.
        ("VBM", 15, "\u{8d}AB".to_owned()),
        ("U", 20, "AB".to_owned()),
    ] {
        let stub = Stub::new();
        let dd = shim::DataDefinition::Sysprint;
        // What an earlier test has opened is closed.
        fails_once("fwrite", EIO, || shim::write_record(dd, &[0x40]));
        fail("fwrite", EIO);
        shim::write_record(dd, &[0x40]).unwrap_err();
        fs::remove_file(stub.directory.path().join("dd/SYSPRINT")).unwrap();
        stub.write("dd/SYSPRINT.lrecl", "20");
        stub.write("dd/SYSPRINT.recfm", format);
        assert_eq!(shim::record_length(dd).unwrap(), room, "{format}");
        shim::write_record(dd, &[0xc1, 0xc2]).unwrap();
        let full = vec![0xc3; room];
        shim::write_record(dd, &full).unwrap();
        let text = ibm_1047(&fs::read(stub.directory.path().join("dd/SYSPRINT")).unwrap());
        let records: Vec<&str> = text.lines().collect();
        assert_eq!((records[0], records[1].matches('C').count(), records.len()), (written.as_str(), room, 2), "{format}");
    }
}

#[test]
fn members() {
    let stub = Stub::new();
    let platform = ZosPlatform::for_command();
    let lines: String = (0..2000).map(|number| format!("line {number}\n")).collect();
    stub.write("data-sets/ZOWE.PARMLIB/ZWEYAML", to_ibm_1047(&lines));
    let bytes = platform.read_member("zowe.parmlib", "zweyaml").unwrap();
    // Records of 80 bytes and an end each, more than the first buffer takes.
    assert_eq!(bytes.len(), 2000 * 81);
    let text: String = ibm_1047(&bytes).lines().map(|line| format!("{}\n", line.trim_end())).collect();
    assert_eq!(text, lines);
    let error = platform.read_member("ZOWE.PARMLIB", "NONE").unwrap_err();
    assert!(error.to_string().starts_with("cannot read ZOWE.PARMLIB(NONE): ") && error.to_string().contains("C00B0403"), "{error}");
    let name = c"//'ZOWE.PARMLIB(ZWEYAML)'";
    fails_once("fopen", EACCES, || shim::read_records(name));
    fails_once("fread", EIO, || shim::read_records(name));
}

#[test]
fn the_system() {
    let stub = Stub::new();
    stub.write("sysname", "lp01\n");
    stub.write("job-name", "ZWE2SV");
    stub.write("user-id", "OPER1");
    stub.write("security-product", "RTSS");
    fails_once("uname", ENOENT, shim::system);
    fails_once("osname", ENOENT, shim::system);
    let platform = ZosPlatform::for_command();
    assert_eq!((platform.sysname().as_str(), platform.job_name().as_str(), platform.user_id().as_str()), ("LP01", "ZWE2SV", "OPER1"));
    assert_eq!((platform.zos_version(), platform.security_manager().as_str()), (0x0103_0100, "TSS"));
    assert_eq!(platform.boot_identity().as_deref(), Some("ipl/002e63000126325f"));
    assert_eq!(platform.resolve_symbol("SYSNAME").as_deref(), Some("LP01"));
}

#[test]
fn symbols_and_operator_commands_are_programs_of_the_system() {
    let stub = Stub::new();
    let platform = ZosPlatform::for_command();
    stub.program("bin/sysvar", "#!/bin/sh\n[ \"$1\" = SYSCLONE ] || exit 1\nprintf '\\323\\361\\025'\n");
    assert_eq!(platform.resolve_symbol("sysclone").as_deref(), Some("L1"));
    assert_eq!(platform.resolve_symbol("NONE"), None);
    assert_eq!(platform.resolve_symbol("A;B"), None);

    let runtime = stub.directory.path().join("runtime");
    fs::create_dir_all(runtime.join("bin/utils")).unwrap();
    let issue = |command: &str| platform.issue_command(command, Some(std::time::Duration::ZERO));
    assert_eq!(issue("D T").unwrap_err().kind(), std::io::ErrorKind::NotFound);
    platform.use_runtime(&runtime);
    let text = "#!/bin/sh\ncase \"$1\" in\n'D T') printf 'IEE136I LOCAL\\nsecond\\n' ;;\n'P NONE') echo 'LP01 12.00.00 IEE341I NONE            NOT ACTIVE' ;;\n'D SLOW') echo begun; exec sleep 1000 ;;\n'D HELD') echo begun; sleep 1000 & exit 0 ;;\n'D FLOOD') head -c 3000000 /dev/zero | tr '\\0' x; echo; exit 0 ;;\n*) echo 'no authority'; exit 8 ;;\nesac\n";
    stub.program("runtime/bin/utils/opercmd.rex", text);
    let answer = issue("D T").unwrap();
    assert_eq!(answer.lines, ["IEE136I LOCAL", "second"]);
    assert_eq!((answer.through.starts_with("opercmd.rex (/"), answer.unclear), (true, None));
    let error = issue("S ZWESLSTC").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("opercmd.rex: it ended with exit code 8: no authority; "), "{error}");
    // The console of the commands for high availability.
    let console = SystemConsole(&platform);
    assert_eq!(console.issue("D T", None).map(|answer| answer.accepted), Ok(true));
    assert_eq!(console.issue("P NONE", None).map(|answer| answer.accepted), Ok(false));
    assert!(console.issue("S ZWESLSTC", None).unwrap_err().to_string().contains("operator command 'S ZWESLSTC' cannot be issued: "));

    // One that hangs is ended, and whether it has issued the command is not known; nothing is left of it.
    let answer = issue("D SLOW").unwrap();
    assert_eq!((answer.lines, answer.unclear.as_deref()), (vec!["begun".to_owned()], Some("it did not end in 5 s: begun")));
    assert_eq!(shim::reap(None, true).unwrap_err().errno, ECHILD);
    let answer = console.issue("D SLOW", Some(std::time::Duration::ZERO)).unwrap();
    assert!(answer.broken && !answer.accepted, "{answer:?}");
    // One that leaves its output to others has ended.
    let answer = issue("D HELD").unwrap();
    assert_eq!((answer.lines, answer.unclear), (vec!["begun".to_owned()], None));
    let spawned = fs::read_to_string(stub.directory.path().join("spawned")).unwrap();
    let group: i32 = spawned.lines().last().unwrap().split(' ').next().unwrap().parse().unwrap();
    wait_until(|| !platform.group_exists(group));
    // More than anybody reads.
    let answer = issue("D FLOOD").unwrap();
    assert_eq!(answer.lines.iter().map(String::len).max(), Some(1024 * 1024));
    assert!(answer.lines.last().unwrap().contains("left out"));
}

fn wait_until(until: impl Fn() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !until() {
        assert!(std::time::Instant::now() < end);
        std::thread::yield_now();
    }
}

/// A process id that no process has any more.
fn ended_process() -> i32 {
    let mut child = std::process::Command::new("/bin/true").spawn().unwrap();
    let pid = child.id().try_into().unwrap();
    child.wait().unwrap();
    pid
}

/// What `ipcs` shows with no process attached: message queues by who sent and received last, semaphores by who used them last.
#[test]
fn what_ended_processes_have_left_of_interprocess_communication_is_removed() {
    let stub = Stub::new();
    let platform = ZosPlatform::for_command();
    // Nothing at all.
    assert_eq!(platform.remove_left_over_ipc().unwrap(), 0);
    fs::create_dir(stub.directory.path().join("ipc")).unwrap();
    assert_eq!(platform.remove_left_over_ipc().unwrap(), 0);
    let (own, gone, user) = (std::process::id(), ended_process(), nix::unistd::geteuid().as_raw());
    let other = user + 1;
    let members = [
        ("q.3", format!("{user} {gone} {gone}")),
        ("q.5", format!("{user} {gone} {own}")),
        ("q.6", format!("{other} {gone} {gone}")),
        ("q.9", format!("{user} 0 0")),
        ("q.12", format!("{user} {gone} 0")),
        ("s.4", format!("{user} {gone} {gone}")),
        ("s.7", format!("{user} {gone} {own} {gone}")),
        ("s.8", format!("{user} 0")),
        ("s.11", format!("{other} {gone}")),
    ];
    for (name, text) in &members {
        stub.write(&format!("ipc/{name}"), text);
    }
    assert_eq!(platform.remove_left_over_ipc().unwrap(), 3);
    let left = |name: &str| stub.directory.path().join("ipc").join(name).exists();
    let removed: Vec<&str> = members.iter().map(|(name, _)| *name).filter(|name| !left(name)).collect();
    assert_eq!(removed, ["q.3", "q.12", "s.4"]);

    fails_once("getipc", EACCES, || shim::ipc(shim::IpcKind::Messages));
    fails_once("semctl", EACCES, || shim::semaphore_user(7, 1));
    // The one that cannot be removed is told of, the others are removed all the same.
    stub.write("ipc/q.3", &members[0].1);
    stub.write("ipc/q.12", &members[4].1);
    fail("msgctl", EPERM);
    let error = platform.remove_left_over_ipc().unwrap_err();
    assert!(error.to_string().contains("errno2 0BAD0042"), "{error}");
    assert!(left("q.3") && !left("q.12"));
}

/// What the callable service itself is asked and answers.
#[test]
fn key_rings() {
    let stub = Stub::new();
    let [owner, name] = ["ZWESVUSR", "ZoweKeyring"].map(to_ibm_1047);
    let read = |capacity, size| shim::key_ring(&owner, &name, capacity, size);
    assert_eq!(read(10, 1000).unwrap_err(), (EIO, [8, 8, 84]));
    fs::create_dir_all(stub.directory.path().join("rings/ZWESVUSR.ZoweKeyring")).unwrap();
    let file = |file: &str, bytes: &[u8]| stub.write(&format!("rings/ZWESVUSR.ZoweKeyring/{file}"), bytes);
    file("index", b"");
    assert_eq!(read(10, 1000), Ok(Vec::new()));
    // DER of 4 and 259 bytes.
    file("a.der", &[0x30, 2, 5, 0]);
    file("b.der", &[&[0x30, 0x81, 0x80][..], &[7; 128]].concat());
    file("index", b"a.der 2 0x80000000 0 CERTIF no My CA\nb.der 8 0x40000000 1 ZWESVUSR no localhost\n");
    let found = read(10, 1000).unwrap();
    let told = |at: usize| {
        let (entry, der) = &found[at];
        let label = ibm_1047(&entry.label[..entry.label_size.try_into().unwrap()]);
        (entry.usage, entry.status, entry.is_default, ibm_1047(&entry.owner), label, der.len())
    };
    assert_eq!(told(0), (2, 0x8000_0000, 0, "CERTIF  ".into(), "My CA".into(), 4));
    assert_eq!(told(1), (8, 0x4000_0000, 1, "ZWESVUSR".into(), "localhost".into(), 131));
    let aborted = || fs::read_to_string(stub.directory.path().join("rings/aborted")).unwrap().lines().count();
    assert_eq!(aborted(), 1, "what a query holds is let go");
    // Of another thread a query is one of its own.
    assert_eq!(
        std::thread::spawn({
            let (owner, name) = (owner.clone(), name.clone());
            move || shim::key_ring(&owner, &name, 10, 1000).unwrap().len()
        })
        .join()
        .unwrap(),
        2
    );
    // Bounds, exactly.
    assert_eq!(read(3, 136).unwrap().len(), 2);
    assert_eq!(read(2, 1000).unwrap_err(), (E2BIG, [0; 3]));
    assert_eq!(read(10, 134).unwrap_err().0, E2BIG);
    assert_eq!(read(0, 1000).unwrap_err().0, E2BIG);
    assert_eq!(shim::key_ring(&[0xC1; 9], &name, 1, 1).unwrap_err(), (EINVAL, [0; 3]));
    assert_eq!(shim::key_ring(&owner, &[0xC1; 238], 1, 1).unwrap_err(), (EINVAL, [0; 3]));
    assert_eq!(shim::key_ring(&owner, &[], 1, 1000).unwrap_err(), (EIO, [8, 8, 28]));
}

#[test]
fn limits_of_memory() {
    let stub = Stub::new();
    let platform = ZosPlatform::for_command();
    assert_eq!(platform.memory_limits().unwrap(), MemoryLimits { above_bar: None, address_space: None });
    // MEMLIMIT is told in MiB.
    stub.write("memlimit", "2048\n");
    stub.write("assize", "123456789\n");
    let limits = fails_once("getrlimit", EINVAL, shim::memory_limits);
    assert_eq!(limits, (2048 << 20, 123_456_789));
    assert_eq!(platform.memory_limits().unwrap(), MemoryLimits { above_bar: Some(2 << 30), address_space: Some(123_456_789) });
}

#[test]
fn a_program_that_is_waited_for_is_read_and_has_a_bound() {
    use std::io::Read;
    use zwelnch::platform::{End, RunningProgram};
    let stub = Stub::new();
    stub.program("bin/both", "#!/bin/sh\nhead -c 200000 /dev/zero | tr '\\0' x\nprintf '%s %s' \"$1\" \"$WORD\" >&2\nexit 3\n");
    stub.program("bin/slow", "#!/bin/sh\nexec sleep 1000\n");
    let path = |name: &str| stub.directory.path().join("bin").join(name);
    let variables = [("WORD".to_owned(), "a b".to_owned())];
    let mut both = RunningProgram::begin(&path("both"), &["; x".into()], &variables, true).unwrap();
    let (mut output, mut errors) = (both.output().unwrap(), both.errors().unwrap());
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        errors.read_to_string(&mut text).map(|_| text)
    });
    let mut bytes = Vec::new();
    output.read_to_end(&mut bytes).unwrap();
    assert_eq!((bytes.len(), reading.join().unwrap().unwrap().as_str()), (200_000, "; x a b"));
    assert_eq!(both.wait(None).unwrap(), Some(End::Exited(3)));
    let slow = RunningProgram::begin(&path("slow"), &[], &[], false).unwrap();
    assert_eq!(slow.wait(Some(std::time::Duration::ZERO)).unwrap(), None);
}
