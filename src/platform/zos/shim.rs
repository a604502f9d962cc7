//! The C shim's interface (`shim.h`) in safe Rust: one function for each call, no decisions.

use super::super::{End, Pid, WaitStatus};
use nix::libc::{c_char, c_int, size_t};
use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

/// The version of the interface for which this module was written.
const VERSION: i32 = 6;
/// The size of a MODIFY's text.
const MODIFY_SIZE: usize = 128;

/// Where the answer to a MODIFY goes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Origin {
    /// ConsoleCommand and response token.
    pub cart: [u8; 8],
    pub console_id: [u8; 4],
}

#[repr(C)]
struct Descriptor {
    ours: i32,
    childs: i32,
}

/// A process as w_getpsent gives it.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Process {
    pub pid: i32,
    pub parent: i32,
    pub group: i32,
    /// Effective user id.
    pub user: u32,
    /// Seconds since the epoch.
    pub started: i64,
    /// Milliseconds of CPU time in all.
    pub cpu: i64,
    pub session: i32,
    /// It has ended, if not 0.
    pub dead: i32,
}

/// A message queue or a set of semaphores, as __getipc gives it.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ipc {
    pub id: i32,
    /// User id of its owner.
    pub user: u32,
    /// The processes that last sent and received by a queue; 0: none yet.
    pub last_sender: i32,
    pub last_receiver: i32,
    /// How many semaphores there are in a set.
    pub count: i32,
}

/// The kind of IPC object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum IpcKind {
    Messages = 1,
    Semaphores = 2,
}

/// A certificate that is connected to a key ring, as R_datalib gives it.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RingCertificate {
    pub usage: u32,
    pub status: u32,
    pub is_default: u32,
    /// Of its DER, in bytes.
    pub size: u32,
    pub label_size: u32,
    /// In IBM-1047.
    pub owner: [u8; 8],
    pub label: [u8; 32],
}

/// What an operator said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsoleCommand {
    /// The text as it came, in IBM-1047, blanks and NULs at its end included.
    Modify(Vec<u8>, Origin),
    Stop,
}

/// A data definition that can be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum DataDefinition {
    Sysprint = 0,
    Syserr = 1,
}

/// A signal that the launcher takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenSignal {
    /// It asks the launcher to end; its name.
    Ending(&'static str),
    /// Log files and SYSPRINT are to be begun anew.
    LogRotate,
    /// It means nothing to the launcher; its name.
    Odd(&'static str),
}

/// By the numbers of shim.h, from 1.
const TAKEN_SIGNALS: [TakenSignal; 7] = [
    TakenSignal::Ending("SIGTERM"),
    TakenSignal::Ending("SIGINT"),
    TakenSignal::Ending("SIGHUP"),
    TakenSignal::Ending("SIGDANGER"),
    TakenSignal::LogRotate,
    TakenSignal::Odd("SIGUSR2"),
    TakenSignal::Odd("SIGALRM"),
];

#[rustfmt::skip]
unsafe extern "C" {
    fn zwelnch_shim_version() -> i32;
    fn zwelnch_shim_layout(sizes: *mut u32);
    fn zwelnch_console_wait(kind: *mut i32, text: *mut u8, origin: *mut Origin, reason: *mut i32) -> i32;
    fn zwelnch_console_answer(origin: *const Origin, text: *const u8, size: size_t, reason: *mut i32) -> i32;
    fn zwelnch_wto(text: *const u8, size: size_t, route: *const u32, descriptor: *const u32, reason: *mut i32) -> i32;
    fn zwelnch_wto_unix(text: *const u8, size: size_t, route: *const u32, descriptor: *const u32, reason: *mut i32) -> i32;
    fn zwelnch_spawn(program: *const c_char, arguments: *const *const c_char, environment: *const *const c_char,
                     descriptors: *const Descriptor, count: size_t, own_group: i32, reason: *mut i32) -> i32;
    fn zwelnch_wait_for_end(reason: *mut i32) -> i32;
    fn zwelnch_reap(pid: i32, no_wait: i32, raw: *mut i32, end: *mut i32, value: *mut i32, reason: *mut i32) -> i32;
    fn zwelnch_processes(processes: *mut Process, capacity: size_t, reason: *mut i32) -> i32;
    fn zwelnch_signals_block(reason: *mut i32) -> i32;
    fn zwelnch_signal_wait(reason: *mut i32) -> i32;
    fn zwelnch_register_danger(reason: *mut i32) -> i32;
    fn zwelnch_tag_get(descriptor: c_int, ccsid: *mut u16, text: *mut i32, reason: *mut i32) -> i32;
    fn zwelnch_tag_set(descriptor: c_int, ccsid: u16, text: i32, reason: *mut i32) -> i32;
    fn zwelnch_conversion_off(descriptor: c_int, reason: *mut i32) -> i32;
    fn zwelnch_conversion_on(descriptor: c_int, reason: *mut i32) -> i32;
    fn zwelnch_lock(descriptor: c_int, reason: *mut i32) -> i32;
    fn zwelnch_locked(descriptor: c_int, reason: *mut i32) -> i32;
    fn zwelnch_dd_write(dd: i32, record: *const u8, size: size_t, reason: *mut i32) -> i32;
    fn zwelnch_dd_record_length(dd: i32, reason: *mut i32) -> i32;
    fn zwelnch_read_records(name: *const c_char, bytes: *mut u8, size: size_t, needed: *mut size_t, reason: *mut i32) -> i32;
    fn zwelnch_system(name: *mut c_char, size: size_t, version: *mut i32, release: *mut i32, reason: *mut i32) -> i32;
    fn zwelnch_job_name(name: *mut u8);
    fn zwelnch_user_id(name: *mut u8);
    fn zwelnch_ipl(time_and_date: *mut u8);
    fn zwelnch_security_product(name: *mut u8);
    fn zwelnch_cpu_microseconds() -> i64;
    fn zwelnch_ipc_list(kind: i32, members: *mut Ipc, capacity: size_t, reason: *mut i32) -> i32;
    fn zwelnch_semaphore_user(id: i32, number: i32, reason: *mut i32) -> i32;
    fn zwelnch_ipc_remove(kind: i32, id: i32, reason: *mut i32) -> i32;
    fn zwelnch_memory_limits(above_bar: *mut u64, address_space: *mut u64, reason: *mut i32) -> i32;
    fn zwelnch_key_ring(owner: *const u8, owner_size: size_t, name: *const u8, name_size: size_t, certificates: *mut RingCertificate,
                        capacity: size_t, bytes: *mut u8, size: size_t, codes: *mut i32) -> i32;
    fn zwelnch_exit(condition_code: i32) -> !;
}

/// The error of a z/OS service: errno and errno2 in words, as messages show it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} (errno2 {reason:08X})", io::Error::from_raw_os_error(*.errno))]
pub struct ShimError {
    pub errno: i32,
    /// errno2, or the service's own reason.
    pub reason: i32,
}

impl From<ShimError> for io::Error {
    fn from(error: ShimError) -> Self {
        io::Error::new(io::Error::from_raw_os_error(error.errno).kind(), error)
    }
}

type Result<T> = std::result::Result<T, ShimError>;

/// Calls a function of the shim with a place for the reason.
fn call(function: impl FnOnce(*mut i32) -> i32) -> Result<i32> {
    let mut reason = 0;
    match function(&mut reason) {
        result @ 0.. => Ok(result),
        result => Err(ShimError { errno: -result, reason }),
    }
}

/// Whether the linked shim is the version for which this module was written.
pub fn is_right_one() -> bool {
    let mut sizes = [0_u32; 5];
    // SAFETY: the layout function writes five integers to the place it is given.
    let version = unsafe {
        zwelnch_shim_layout(sizes.as_mut_ptr());
        zwelnch_shim_version()
    };
    let ours = [size_of::<Origin>(), size_of::<Descriptor>(), size_of::<Process>(), size_of::<Ipc>(), size_of::<RingCertificate>()];
    version == VERSION && sizes.iter().zip(ours).all(|(theirs, ours)| usize::try_from(*theirs) == Ok(ours))
}

/// Waits for the next operator command.
pub fn console_wait() -> Result<ConsoleCommand> {
    let (mut kind, mut text, mut origin) = (0, vec![0; MODIFY_SIZE], Origin::default());
    // SAFETY: all places live, and the text has the size that the interface requires.
    call(|reason| unsafe { zwelnch_console_wait(&mut kind, text.as_mut_ptr(), &mut origin, reason) })?;
    Ok(if kind == 2 { ConsoleCommand::Stop } else { ConsoleCommand::Modify(text, origin) })
}

/// `text`: lines in IBM-1047, each ended by NL.
pub fn console_answer(origin: &Origin, text: &[u8]) -> Result<()> {
    // SAFETY: pointer and length belong to one slice.
    call(|reason| unsafe { zwelnch_console_answer(origin, text.as_ptr(), text.len(), reason) }).map(drop)
}

/// A WTO of a line in IBM-1047 by SVC 35.
pub fn wto(text: &[u8], route: &[u32], descriptor: &[u32]) -> Result<()> {
    let (route, descriptor) = (terminated(route), terminated(descriptor));
    // SAFETY: pointer and length belong to one slice, both lists end with 0.
    call(|reason| unsafe { zwelnch_wto(text.as_ptr(), text.len(), route.as_ptr(), descriptor.as_ptr(), reason) }).map(drop)
}

/// The same, by `__console2`.
pub fn wto_unix(text: &[u8], route: &[u32], descriptor: &[u32]) -> Result<()> {
    let (route, descriptor) = (terminated(route), terminated(descriptor));
    // SAFETY: as above.
    call(|reason| unsafe { zwelnch_wto_unix(text.as_ptr(), text.len(), route.as_ptr(), descriptor.as_ptr(), reason) }).map(drop)
}

fn terminated(codes: &[u32]) -> Vec<u32> {
    codes.iter().copied().chain([0]).collect()
}

/// Creates a process.
pub fn spawn(
    program: &CStr,
    arguments: &[&CStr],
    environment: &[&CStr],
    descriptors: &[(BorrowedFd<'_>, i32)],
    own_group: bool,
) -> Result<Pid> {
    let pointers = |texts: &[&CStr]| -> Vec<*const c_char> { texts.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect() };
    let (arguments, environment) = (pointers(arguments), pointers(environment));
    let descriptors: Vec<Descriptor> =
        descriptors.iter().map(|(ours, childs)| Descriptor { ours: ours.as_raw_fd(), childs: *childs }).collect();
    // SAFETY: both lists of pointers end with null and their texts outlive the call; the descriptors are open and counted.
    call(|reason| unsafe {
        let (list, count) = (descriptors.as_ptr(), descriptors.len());
        zwelnch_spawn(program.as_ptr(), arguments.as_ptr(), environment.as_ptr(), list, count, own_group.into(), reason)
    })
}

/// Waits until a child has ended and leaves it to [`reap`].
pub fn wait_for_end() -> Result<()> {
    // SAFETY: only the reason is written.
    call(|reason| unsafe { zwelnch_wait_for_end(reason) }).map(drop)
}

/// A child that has ended: `pid`, or any child without it. None only with `no_wait`.
pub fn reap(pid: Option<Pid>, no_wait: bool) -> Result<Option<(Pid, WaitStatus)>> {
    let (mut raw, mut end, mut value) = (0, 0, 0);
    // SAFETY: three integers are written to places that live.
    let ended = call(|reason| unsafe { zwelnch_reap(pid.unwrap_or(-1), no_wait.into(), &mut raw, &mut end, &mut value, reason) })?;
    let end = if end == 1 { End::Signaled(value) } else { End::Exited(value) };
    Ok((ended > 0).then_some((ended, WaitStatus { raw, end })))
}

/// All processes that this one may see.
pub fn processes() -> Result<Vec<Process>> {
    let mut processes = vec![Process::default(); 256];
    loop {
        // SAFETY: no more are written than there is room for.
        let count = call(|reason| unsafe { zwelnch_processes(processes.as_mut_ptr(), processes.len(), reason) })?;
        let count = usize::try_from(count).unwrap_or_default();
        if count <= processes.len() {
            processes.truncate(count);
            return Ok(processes);
        }
        // There may be more of them by the next call.
        processes.resize(count + 64, Process::default());
    }
}

/// All message queues, or sets of semaphores, that this process may see.
pub fn ipc(kind: IpcKind) -> Result<Vec<Ipc>> {
    let mut members = vec![Ipc::default(); 64];
    loop {
        // SAFETY: no more are written than there is room for.
        let count = call(|reason| unsafe { zwelnch_ipc_list(kind as i32, members.as_mut_ptr(), members.len(), reason) })?;
        let count = usize::try_from(count).unwrap_or_default();
        if count <= members.len() {
            members.truncate(count);
            return Ok(members);
        }
        // There may be more of them by the next call.
        members.resize(count + 16, Ipc::default());
    }
}

/// The process that last used a semaphore of a set; 0: none yet.
pub fn semaphore_user(id: i32, number: i32) -> Result<Pid> {
    // SAFETY: only the reason is written.
    call(|reason| unsafe { zwelnch_semaphore_user(id, number, reason) })
}

/// Removes a message queue or set of semaphores.
pub fn remove_ipc(kind: IpcKind, id: i32) -> Result<()> {
    // SAFETY: as above.
    call(|reason| unsafe { zwelnch_ipc_remove(kind as i32, id, reason) }).map(drop)
}

/// The bytes that this process may have above the bar, and in its address space; `u64::MAX`: no limit.
pub fn memory_limits() -> Result<(u64, u64)> {
    let (mut above_bar, mut address_space) = (0, 0);
    // SAFETY: two integers are written to places that live.
    call(|reason| unsafe { zwelnch_memory_limits(&mut above_bar, &mut address_space, reason) })?;
    Ok((above_bar, address_space))
}

/// Blocks the signals that the launcher takes in this thread and those that it will start.
pub fn signals_block() -> Result<()> {
    // SAFETY: only the reason is written.
    call(|reason| unsafe { zwelnch_signals_block(reason) }).map(drop)
}

/// Waits for one of them.
pub fn signal_wait() -> Result<TakenSignal> {
    // SAFETY: as above.
    let number = call(|reason| unsafe { zwelnch_signal_wait(reason) })?;
    Ok(usize::try_from(number - 1).ok().and_then(|index| TAKEN_SIGNALS.get(index)).copied().unwrap_or(TakenSignal::Odd("signal")))
}

/// SIGDANGER is sent to this process when OMVS is about to be shut down.
pub fn register_danger() -> Result<()> {
    // SAFETY: as above.
    call(|reason| unsafe { zwelnch_register_danger(reason) }).map(drop)
}

/// CCSID (0: untagged) and whether it is text.
pub fn tag(descriptor: BorrowedFd<'_>) -> Result<(u16, bool)> {
    let (mut ccsid, mut text) = (0, 0);
    // SAFETY: two integers are written to places that live.
    call(|reason| unsafe { zwelnch_tag_get(descriptor.as_raw_fd(), &mut ccsid, &mut text, reason) })?;
    Ok((ccsid, text != 0))
}

/// Tags a file as text of a CCSID.
pub fn set_tag(descriptor: BorrowedFd<'_>, ccsid: u16, text: bool) -> Result<()> {
    // SAFETY: only the reason is written.
    call(|reason| unsafe { zwelnch_tag_set(descriptor.as_raw_fd(), ccsid, text.into(), reason) }).map(drop)
}

/// Turns conversion off: bytes are read as they were written.
pub fn conversion_off(descriptor: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: as above.
    call(|reason| unsafe { zwelnch_conversion_off(descriptor.as_raw_fd(), reason) }).map(drop)
}

/// Has the system convert from and to IBM-1047.
pub fn conversion_on(descriptor: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: as above.
    call(|reason| unsafe { zwelnch_conversion_on(descriptor.as_raw_fd(), reason) }).map(drop)
}

/// Locks the whole file, or fails with EAGAIN.
pub fn lock(descriptor: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: as above.
    call(|reason| unsafe { zwelnch_lock(descriptor.as_raw_fd(), reason) }).map(drop)
}

/// Whether another process has locked the file. Locks nothing.
pub fn is_locked(descriptor: BorrowedFd<'_>) -> Result<bool> {
    // SAFETY: as above.
    call(|reason| unsafe { zwelnch_locked(descriptor.as_raw_fd(), reason) }).map(|locked| locked != 0)
}

/// Writes one record in IBM-1047. Must be called by one thread at a time.
pub fn write_record(dd: DataDefinition, record: &[u8]) -> Result<()> {
    // SAFETY: pointer and length belong to one slice.
    call(|reason| unsafe { zwelnch_dd_write(dd as i32, record.as_ptr(), record.len(), reason) }).map(drop)
}

/// Bytes of text that a record takes, whatever its format.
pub fn record_length(dd: DataDefinition) -> Result<usize> {
    // SAFETY: only the reason is written.
    call(|reason| unsafe { zwelnch_dd_record_length(dd as i32, reason) }).map(|length| usize::try_from(length).unwrap_or_default())
}

/// The records of a file that the C library knows by this name, each followed by NL.
pub fn read_records(name: &CStr) -> Result<Vec<u8>> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let mut needed = 0;
        // SAFETY: no more bytes are written than there is room for.
        call(|reason| unsafe { zwelnch_read_records(name.as_ptr(), bytes.as_mut_ptr(), bytes.len(), &mut needed, reason) })?;
        if needed <= bytes.len() {
            bytes.truncate(needed);
            return Ok(bytes);
        }
        bytes.resize(needed, 0);
    }
}

/// Node name, version and release.
pub fn system() -> Result<(String, i32, i32)> {
    let (mut name, mut version, mut release) = ([0_u8; 64], 0, 0);
    // SAFETY: the name is NUL-terminated within its size.
    call(|reason| unsafe { zwelnch_system(name.as_mut_ptr().cast(), name.len(), &mut version, &mut release, reason) })?;
    let name = CStr::from_bytes_until_nul(&name).map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok((name, version, release))
}

fn fixed<const SIZE: usize>(function: unsafe extern "C" fn(*mut u8)) -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    // SAFETY: each of the functions that are passed here writes exactly as many bytes as its caller below says.
    unsafe { function(bytes.as_mut_ptr()) };
    bytes
}

/// In IBM-1047, padded with blanks.
pub fn job_name() -> [u8; 8] {
    fixed(zwelnch_job_name)
}

/// In IBM-1047, padded with blanks.
pub fn user_id() -> [u8; 8] {
    fixed(zwelnch_user_id)
}

/// Time and date of the IPL: the boot identity.
pub fn ipl() -> [u8; 8] {
    fixed(zwelnch_ipl)
}

/// In IBM-1047: RCVT, ACF2, RTSS.
pub fn security_product() -> [u8; 4] {
    fixed(zwelnch_security_product)
}

/// CPU time of this process.
pub fn cpu_time() -> Duration {
    // SAFETY: takes nothing and keeps nothing.
    Duration::from_micros(u64::try_from(unsafe { zwelnch_cpu_microseconds() }).unwrap_or_default())
}

/// errno, and the return code of SAF with RACF's return and reason codes.
pub type RingRefusal = (i32, [i32; 3]);

/// The certificates of a key ring, each with its DER; names in IBM-1047. At most `capacity` certificates of `size` bytes together.
///
/// # Errors
/// [`RingRefusal`].
pub fn key_ring(
    owner: &[u8],
    name: &[u8],
    capacity: usize,
    size: usize,
) -> std::result::Result<Vec<(RingCertificate, Vec<u8>)>, RingRefusal> {
    let (mut certificates, mut bytes, mut codes) = (vec![RingCertificate::default(); capacity], vec![0; size], [0; 3]);
    // SAFETY: pointers and lengths belong to slices that live, and three integers are written to the last place.
    let count = unsafe {
        let (places, area) = (certificates.as_mut_ptr(), bytes.as_mut_ptr());
        zwelnch_key_ring(owner.as_ptr(), owner.len(), name.as_ptr(), name.len(), places, capacity, area, size, codes.as_mut_ptr())
    };
    let count = usize::try_from(count).map_err(|_| (-count, codes))?;
    certificates.truncate(count);
    let mut rest = bytes.as_slice();
    let with_der = certificates.into_iter().map(|certificate| {
        let (der, others) = rest.split_at(rest.len().min(usize::try_from(certificate.size).unwrap_or(usize::MAX)));
        rest = others;
        (certificate, der.to_vec())
    });
    Ok(with_der.collect())
}

/// Ends this process with a condition code.
pub fn exit(condition_code: i32) -> ! {
    // SAFETY: exit of the C library; none of our code runs at exit.
    unsafe { zwelnch_exit(condition_code) }
}
