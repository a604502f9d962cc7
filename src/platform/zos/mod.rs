//! z/OS, by the C shim: the operator's console is the system's own, SYSPRINT is a data definition, and a process may be an address space.
//! Contract: docs/contract/zos-platform.md.

mod console;
mod issue;
pub mod key_ring;
mod run;
pub mod running;
pub mod shim;
mod spawn;
pub mod text;

use super::ebcdic::{ibm_1047, to_ibm_1047};
use super::operator_command::RanTo;
use super::unix::process;
use super::{
    FileLock, ListenError, LockError, OperatorListener, Pid, Platform, ProcessEntry, SignalTarget, SpawnRequest, WaitStatus, WtoCodes,
};
use crate::message::{self, Message};
use nix::libc;
use shim::DataDefinition;
use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// Prints a system symbol: a program of z/OS UNIX. ASASYMBF, which it calls, is for callers in 31-bit mode.
const SYSVAR: &str = "/bin/sysvar";

/// How long it may take.
const SYSVAR_LIMIT: Duration = Duration::from_secs(60);

/// Copies between files and members.
const CP: &str = "/bin/cp";

/// How long it may take.
const CP_LIMIT: Duration = Duration::from_secs(60);

/// Where the installation jobs put the program, for a load module that is not told of another place.
const INSTALLED_PROGRAM: &str = "/usr/lpp/zwelnch/bin/zwelnch";

/// Variable of STDENV that names the program's USS path: what PGM=ZWELNCH runs is a load module, which has none.
const PROGRAM_VARIABLE: &str = "ZWELNCH_PROGRAM";

/// The longest record that every data definition accepts, whatever its attributes.
const SAFE_RECORD: usize = 120;

/// Where SYSPRINT goes.
enum Sysprint {
    /// The program was started from a shell, and standard output is its descriptor.
    Descriptor,
    DataDefinitions(DataDefinitions),
}

/// SYSPRINT, and SYSERR for when SYSPRINT fails.
#[derive(Default)]
struct DataDefinitions {
    /// The beginning of a line whose end has not been written yet.
    rest: Vec<u8>,
    /// Whether the last write to SYSPRINT failed, so that a failure is reported once.
    has_failed: bool,
}

/// See the module.
pub struct ZosPlatform {
    sysname: String,
    release: (i32, i32),
    user_id: String,
    job_name: String,
    sysprint: Mutex<Sysprint>,
    interfaces: issue::Interfaces,
    has_console: bool,
    /// The refusal of a job name is reported once.
    name_refused: OnceLock<()>,
    wto_codes: Mutex<WtoCodes>,
}

impl ZosPlatform {
    /// For commands, which are not launchers.
    pub fn for_command() -> ZosPlatform {
        let (sysname, version, release) = shim::system().unwrap_or_default();
        let sysprint = if has_standard_output() { Sysprint::Descriptor } else { Sysprint::DataDefinitions(DataDefinitions::default()) };
        ZosPlatform {
            sysname: sysname.to_ascii_uppercase(),
            release: (version, release),
            user_id: name(&shim::user_id()),
            job_name: name(&shim::job_name()),
            sysprint: Mutex::new(sysprint),
            interfaces: issue::Interfaces::default(),
            has_console: true,
            name_refused: OnceLock::new(),
            wto_codes: Mutex::default(),
        }
    }

    /// For a launcher: the signals that ask it to end are awaited from now on. The second value says why there is no console, if there is
    /// none.
    pub fn for_launcher() -> (ZosPlatform, Option<String>) {
        let no_console = (!shim::is_right_one()).then(|| "the shim is of another version than this program: build it anew".to_owned());
        let no_signals = shim::signals_block().err().map(|error| error.to_string());
        process::close_all_at_exec();
        (ZosPlatform::for_command(), no_console.or(no_signals))
    }

    /// For a component that runs in the foreground of a shell: without a console, which is for started tasks.
    pub fn for_foreground() -> ZosPlatform {
        // Without it a signal ends the program at once, and the guardian then ends the component.
        let _ = shim::signals_block();
        ZosPlatform { has_console: false, ..ZosPlatform::for_command() }
    }

    /// The condition code of the step is this program's exit code; does not return.
    pub fn end_job(&self, condition_code: i32) -> Option<Message> {
        shim::exit(condition_code)
    }

    fn sysprint(&self) -> MutexGuard<'_, Sysprint> {
        self.sysprint.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes one record to SYSPRINT, else to SYSERR. The first error is SYSPRINT's.
    fn write_line(line: &str) -> Result<(), shim::ShimError> {
        let write = |dd| {
            let length = shim::record_length(dd).unwrap_or(0);
            let length = if length == 0 { SAFE_RECORD } else { length };
            text::records(line, length).iter().try_for_each(|record| shim::write_record(dd, record))
        };
        write(DataDefinition::Sysprint).or_else(|error| write(DataDefinition::Syserr).and(Err(error.clone())).or(Err(error)))
    }

    /// When SYSPRINT fails, the launcher's own lines still reach somebody; those of components, which could be any number, go to SYSERR
    /// only.
    fn write_data_definitions(&self, dds: &mut DataDefinitions, bytes: &[u8]) -> io::Result<()> {
        dds.rest.extend_from_slice(bytes);
        let Some(end) = memchr::memrchr(b'\n', &dds.rest) else { return Ok(()) };
        let rest = dds.rest.split_off(end + 1);
        let lines = std::mem::replace(&mut dds.rest, rest);
        let mut first_error = None;
        for line in String::from_utf8_lossy(&lines).lines() {
            match Self::write_line(line) {
                Ok(()) => dds.has_failed = false,
                Err(error) => {
                    if !std::mem::replace(&mut dds.has_failed, true) {
                        // If the console has gone too, there is nobody left to tell.
                        let _ = self.wto(message::sysprint_not_writable(&error).text());
                    }
                    if let Some((_, text)) = line.split_once(" <ZWELNCH:").filter(|_| !line.contains("'500'")) {
                        let _ = self.wto(after_words(text, 3));
                    }
                    first_error.get_or_insert(error);
                }
            }
        }
        first_error.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// Whether standard output leads anywhere. In a started task it is closed, and the Rust runtime opens /dev/null instead.
fn has_standard_output() -> bool {
    let Ok(output) = io::stdout().as_fd().try_clone_to_owned() else { return false };
    let Ok(output) = File::from(output).metadata() else { return false };
    std::fs::metadata("/dev/null").map_or(true, |null| (null.dev(), null.ino()) != (output.dev(), output.ino()))
}

/// A name from a control block.
fn name(bytes: &[u8]) -> String {
    ibm_1047(bytes).trim_end_matches([' ', '\0']).to_owned()
}

/// The text after this many words.
fn after_words(text: &str, count: usize) -> &str {
    (0..count).fold(text, |rest, _| rest.split_once(' ').map_or(rest, |(_, rest)| rest))
}

/// `//'DATA.SET(MEMBER)'`, by which the C library opens a member.
fn member_name(data_set: &str, member: &str) -> io::Result<CString> {
    let (data_set, member) = (data_set.to_ascii_uppercase(), member.to_ascii_uppercase());
    let qualifiers_fit = data_set.len() <= 44 && data_set.split('.').all(|qualifier| super::names::is_name(&qualifier.replace('-', "A")));
    if !qualifiers_fit || !super::names::is_name(&member) {
        let text = format!("{data_set}({member}) is no name of a data set and its member");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    Ok(CString::new(format!("//'{data_set}({member})'"))?)
}

/// The value of RCVTID, translated to the values of `zos.getEsm()`.
fn security_manager_of(id: &str) -> &'static str {
    match id {
        "RCVT" => "RACF",
        "ACF2" => "ACF2",
        "RTSS" => "TSS",
        _ => "NONE",
    }
}

/// Whether all processes that have used something have ended. Something that has not been used yet may have just been created.
fn is_left_over(users: &[Pid], exists: &dyn Fn(Pid) -> bool) -> bool {
    let mut users = users.iter().copied().filter(|pid| *pid > 0).peekable();
    users.peek().is_some() && !users.any(exists)
}

/// Whether a process runs: a zombie does not. Where there is no list, one that may be one.
fn is_running(pid: Pid) -> bool {
    let Ok(processes) = shim::processes() else { return process::exists(pid) };
    processes.iter().find(|process| process.pid == pid).is_some_and(|process| process.dead == 0)
}

fn entry(process: &shim::Process) -> ProcessEntry {
    ProcessEntry {
        pid: process.pid,
        parent: process.parent,
        group: process.group,
        session: process.session,
        start: u64::try_from(process.started).unwrap_or_default(),
        is_dead: process.dead != 0,
    }
}

impl Platform for ZosPlatform {
    fn is_zos(&self) -> bool {
        true
    }

    fn sysname(&self) -> String {
        self.sysname.clone()
    }

    fn resolve_symbol(&self, name: &str) -> Option<String> {
        if name.eq_ignore_ascii_case("SYSNAME") {
            return Some(self.sysname.clone()).filter(|name| !name.is_empty());
        }
        if !super::names::is_name(&name.to_ascii_uppercase()) {
            return None;
        }
        let ran = run::run(self, Path::new(SYSVAR), &[name.to_ascii_uppercase()], SYSVAR_LIMIT).ok()?;
        // The reaper thread may have been told first.
        let ended_well = matches!(ran.end, RanTo::Exit(0) | RanTo::Unknown);
        ran.lines.first().map(|line| line.trim_end().to_owned()).filter(|value| ended_well && !value.is_empty())
    }

    fn zos_version(&self) -> u32 {
        // In the format of ECVTPSEQ: 0x01020500 for 2.5, 0x01030100 for 3.1.
        let (version, release) = self.release;
        let byte = |number: i32| u32::from(u8::try_from(number).unwrap_or_default());
        if version == 0 { 0 } else { 0x0100_0000 | byte(version) << 16 | byte(release) << 8 }
    }

    fn security_manager(&self) -> String {
        security_manager_of(&name(&shim::security_product())).to_owned()
    }

    fn user_id(&self) -> String {
        self.user_id.clone()
    }

    fn job_name(&self) -> String {
        self.job_name.clone()
    }

    fn read_member(&self, data_set: &str, member: &str) -> io::Result<Vec<u8>> {
        let name = member_name(data_set, member)?;
        shim::read_records(&name).map_err(|error| {
            // The C library does not distinguish a missing data set from one that it may not open; errno2 does, for those who look it up.
            let text = format!("cannot read {data_set}({member}): {error}");
            io::Error::new(io::Error::from(error).kind(), text)
        })
    }

    /// By `cp`, as zwe does it: it pads the records, and refuses what does not fit into one.
    fn write_member(&self, data_set: &str, member: &str, lines: &[u8]) -> io::Result<()> {
        let name = member_name(data_set, member)?.to_string_lossy().into_owned();
        let path = super::files::temporary_path(&std::env::temp_dir().join("zwelnch-member"))?;
        // A configuration has secrets.
        super::files::write_atomically(&path, lines, 0o600)?;
        let ran = run::run(self, Path::new(CP), &[path.display().to_string(), name], CP_LIMIT);
        // Only the copy matters from here on.
        let _ = std::fs::remove_file(&path);
        let ran = ran?;
        match ran.end {
            // The caller reads the member again, whoever was told.
            RanTo::Exit(0) | RanTo::Unknown => Ok(()),
            end => Err(io::Error::other(format!("{CP} ended with {end:?}: {}", ran.lines.join("; ")))),
        }
    }

    fn spawn(&self, request: &SpawnRequest<'_>) -> io::Result<Pid> {
        let spawned = spawn::spawn(request)?;
        if let Some((name, error)) = spawned.refused_job_name {
            self.name_refused.get_or_init(|| drop(self.wto(message::address_space_not_named(name, error).text())));
        }
        Ok(spawned.pid)
    }

    fn wait_for_end(&self) -> bool {
        shim::wait_for_end().is_ok()
    }

    fn reap(&self) -> Option<(Pid, WaitStatus)> {
        shim::reap(None, true).ok().flatten()
    }

    fn send(&self, target: SignalTarget, signal: i32) -> bool {
        process::send(target, signal)
    }

    fn process_list(&self, skip: &dyn Fn(Pid) -> bool) -> Option<Vec<ProcessEntry>> {
        Some(shim::processes().ok()?.iter().map(entry).filter(|entry| !skip(entry.pid)).collect())
    }

    fn process(&self, pid: Pid) -> Option<ProcessEntry> {
        shim::processes().ok()?.iter().find(|process| process.pid == pid).map(entry)
    }

    fn boot_identity(&self) -> Option<String> {
        let ipl: String = shim::ipl().iter().map(|byte| format!("{byte:02x}")).collect();
        Some(format!("ipl/{ipl}"))
    }

    fn remove_left_over_ipc(&self) -> io::Result<usize> {
        let mut removed = 0;
        let mut refused = None;
        for kind in [shim::IpcKind::Messages, shim::IpcKind::Semaphores] {
            for member in shim::ipc(kind)?.iter().filter(|member| member.user == super::unix::own_user()) {
                let users = match kind {
                    shim::IpcKind::Messages => vec![member.last_sender, member.last_receiver],
                    // One that cannot be queried may be in use.
                    shim::IpcKind::Semaphores => {
                        let users: Result<Vec<Pid>, _> = (0..member.count).map(|number| shim::semaphore_user(member.id, number)).collect();
                        users.unwrap_or_default()
                    }
                };
                if is_left_over(&users, &is_running) {
                    match shim::remove_ipc(kind, member.id) {
                        Ok(()) => removed += 1,
                        Err(error) => refused = refused.or(Some(error)),
                    }
                }
            }
        }
        refused.map_or(Ok(removed), |error| Err(error.into()))
    }

    fn memory_limits(&self) -> io::Result<super::MemoryLimits> {
        let (above_bar, address_space) = shim::memory_limits()?;
        let bytes = |number: u64| Some(number).filter(|number| *number != u64::MAX);
        Ok(super::MemoryLimits { above_bar: bytes(above_bar), address_space: bytes(address_space) })
    }

    fn group_exists(&self, group: Pid) -> bool {
        process::group_exists(group)
    }

    fn output_pipe(&self) -> io::Result<(OwnedFd, OwnedFd)> {
        let (reader, writer) = process::output_pipe()?;
        // Read as it was written: the relay decides the code page line by line. A system that does not know the request does not convert
        // either.
        let _ = shim::conversion_off(reader.as_fd());
        Ok((reader, writer))
    }

    fn writes_ebcdic(&self) -> bool {
        true
    }

    fn code_page_of(&self, descriptor: std::os::fd::BorrowedFd<'_>) -> Option<u16> {
        shim::tag(descriptor).ok().filter(|(ccsid, text)| *text && *ccsid != 0).map(|(ccsid, _)| ccsid)
    }

    fn listen(&self, listener: OperatorListener) -> Result<(), ListenError> {
        console::listen(listener, self.has_console)
    }

    fn wto(&self, text: &str) -> io::Result<()> {
        let printable: String = text.chars().map(|character| if character.is_control() { ' ' } else { character }).take(126).collect();
        let text = to_ibm_1047(printable.trim_end());
        if text.is_empty() {
            return Ok(());
        }
        let codes = self.wto_codes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let other_way = |_| shim::wto_unix(&text, &codes.route, &codes.descriptor);
        shim::wto(&text, &codes.route, &codes.descriptor).or_else(other_way).map_err(io::Error::other)
    }

    fn set_wto_codes(&self, codes: WtoCodes) {
        *self.wto_codes.lock().unwrap_or_else(PoisonError::into_inner) = codes;
    }

    fn write_sysprint(&self, bytes: &[u8]) -> io::Result<()> {
        match &mut *self.sysprint() {
            Sysprint::Descriptor => {
                let mut out = io::stdout().lock();
                out.write_all(&super::text_streams::written(super::text_streams::Stream::Output, bytes))?;
                out.flush()
            }
            Sysprint::DataDefinitions(dds) => self.write_data_definitions(dds, bytes),
        }
    }

    fn issue_command(&self, command: &str, limit: Option<Duration>) -> io::Result<super::CommandAnswer> {
        self.interfaces.issue(self, command, limit)
    }

    fn issue_commands_through(&self, interface: super::operator_command::Interface) {
        self.interfaces.choose(interface);
    }

    fn use_runtime(&self, runtime: &Path) {
        self.interfaces.use_runtime(runtime);
    }

    fn lock_file(&self, path: &Path, holder: &str) -> Result<FileLock, LockError> {
        FileLock::take(path, holder, lock_whole)
    }

    fn lock_shared_file(&self, path: &Path, mode: u32, holder: &str) -> Result<FileLock, LockError> {
        FileLock::take_shared(path, mode, holder, lock_whole)
    }

    fn is_locked(&self, file: &File) -> io::Result<bool> {
        Ok(shim::is_locked(file.as_fd())?)
    }

    fn is_writable_directory(&self, path: &Path) -> bool {
        super::unix::is_writable_directory(path)
    }

    fn own_program(&self) -> io::Result<PathBuf> {
        let path = installed_at(std::env::var_os(PROGRAM_VARIABLE), std::env::args_os().next());
        let no_program = |why: String| {
            let text = format!("{} cannot be run: {why}; name the program's USS path by {PROGRAM_VARIABLE} in STDENV", path.display());
            Err(io::Error::new(io::ErrorKind::NotFound, text))
        };
        match nix::unistd::access(&path, nix::unistd::AccessFlags::X_OK) {
            Ok(()) if super::files::may_be_file(&path) => Ok(path),
            Ok(()) => no_program("it is no file".to_owned()),
            Err(why) => no_program(why.to_string()),
        }
    }
}

fn lock_whole(file: &File) -> io::Result<bool> {
    match shim::lock(file.as_fd()) {
        Ok(()) => Ok(true),
        Err(error) if error.errno == libc::EAGAIN => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The program's USS path: what the variable says; else the one by which it was called (a program of BPXBATSL or of a shell; PGM= gives the
/// member's name); else where it is installed.
fn installed_at(told: Option<OsString>, called: Option<OsString>) -> PathBuf {
    let told = told.filter(|path| !path.is_empty());
    told.or_else(|| called.filter(|name| name.as_encoded_bytes().contains(&b'/'))).unwrap_or_else(|| INSTALLED_PROGRAM.into()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_module_is_told_where_the_program_is() {
        let at = |told: Option<&str>, called: &str| installed_at(told.map(OsString::from), Some(called.into()));
        assert_eq!(at(Some("/z/zwelnch"), "ZWELNCH"), Path::new("/z/zwelnch"));
        assert_eq!(at(Some(""), "/u/zwelnch"), Path::new("/u/zwelnch"));
        assert_eq!(at(None, "ZWELNCH"), Path::new("/usr/lpp/zwelnch/bin/zwelnch"));
    }

    #[test]
    fn members_are_named_as_the_c_library_wants_them() {
        assert_eq!(member_name("zowe.parm-lib", "zweyaml").unwrap().as_c_str(), c"//'ZOWE.PARM-LIB(ZWEYAML)'");
        for (data_set, member) in [("A", "TOOLONGNAME"), ("A..B", "M"), ("A'B", "M"), ("A", "M)"), ("", "M"), ("A", "")] {
            assert_eq!(member_name(data_set, member).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{data_set}({member})");
        }
    }

    #[test]
    fn security_managers_have_their_usual_names() {
        assert_eq!(["RCVT", "ACF2", "RTSS", ""].map(security_manager_of), ["RACF", "ACF2", "TSS", "NONE"]);
    }

    #[test]
    fn only_what_ended_processes_have_used_is_left_over() {
        let left = |users: &[Pid]| is_left_over(users, &|pid| pid == 7);
        assert!(left(&[8, 9]) && left(&[0, 9]));
        assert!(!left(&[7, 9]) && !left(&[0, 7]) && !left(&[0, 0]) && !left(&[]));
    }

    #[test]
    fn a_wto_of_a_line_begins_with_its_id() {
        assert_eq!(after_words("12> USER INFO ZWEL0021I up", 3), "ZWEL0021I up");
    }
}
