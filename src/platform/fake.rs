//! A platform for unit tests: a system called LPAR1 with symbols and members chosen by the test. It collects what is written and spawns
//! nothing.

use super::*;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Default)]
pub struct FakePlatform {
    pub symbols: BTreeMap<String, String>,
    /// By data set and member.
    pub members: BTreeMap<(String, String), Vec<u8>>,
    /// No thread can wait for signals, instead of there being no console.
    refuses_signals: bool,
    /// SYSPRINT accepts nothing, and reports it.
    pub sysprint_is_full: AtomicBool,
    listens: bool,
    /// The first write to SYSPRINT panics.
    fails: AtomicBool,
    /// The reaper thread's first wait panics.
    pub reaper_fails: AtomicBool,
    sysprint: Mutex<Vec<u8>>,
    wtos: Mutex<Vec<String>>,
}

impl FakePlatform {
    pub fn without_signals() -> FakePlatform {
        FakePlatform { refuses_signals: true, ..FakePlatform::default() }
    }

    pub fn with_failing_sysprint() -> FakePlatform {
        FakePlatform { listens: true, fails: AtomicBool::new(true), ..FakePlatform::default() }
    }

    pub fn sysprint(&self) -> Vec<u8> {
        self.sysprint.lock().unwrap().clone()
    }

    pub fn sysprint_text(&self) -> String {
        String::from_utf8(self.sysprint()).unwrap()
    }

    /// SYSPRINT accepts nothing while the guard lives.
    pub fn block_sysprint(&self) -> impl Drop + '_ {
        self.sysprint.lock().unwrap()
    }

    pub fn wtos(&self) -> Vec<String> {
        self.wtos.lock().unwrap().clone()
    }
}

impl Platform for FakePlatform {
    fn is_zos(&self) -> bool {
        false
    }

    fn sysname(&self) -> String {
        "LPAR1.EXAMPLE.COM".to_owned()
    }

    fn resolve_symbol(&self, name: &str) -> Option<String> {
        self.symbols.get(name).cloned()
    }

    fn user_id(&self) -> String {
        "TESTER".to_owned()
    }

    fn job_name(&self) -> String {
        "ZWESLSTC".to_owned()
    }

    fn read_member(&self, data_set: &str, member: &str) -> io::Result<Vec<u8>> {
        let key = (data_set.to_owned(), member.to_owned());
        self.members.get(&key).cloned().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such member"))
    }

    fn spawn(&self, _: &SpawnRequest<'_>) -> io::Result<Pid> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn wait_for_end(&self) -> bool {
        assert!(!self.reaper_fails.swap(false, Ordering::SeqCst), "waiting fails");
        false
    }

    fn reap(&self) -> Option<(Pid, WaitStatus)> {
        None
    }

    fn send(&self, _: SignalTarget, _: i32) -> bool {
        false
    }

    fn group_exists(&self, _: Pid) -> bool {
        false
    }

    fn output_pipe(&self) -> io::Result<(OwnedFd, OwnedFd)> {
        unix::process::output_pipe()
    }

    fn listen(&self, _: OperatorListener) -> Result<(), ListenError> {
        if self.listens {
            return Ok(());
        }
        let refused = io::ErrorKind::Unsupported.into();
        Err(if self.refuses_signals { ListenError::Signals(refused) } else { ListenError::Console(refused) })
    }

    fn wto(&self, text: &str) {
        self.wtos.lock().unwrap().push(text.to_owned());
    }

    fn write_sysprint(&self, bytes: &[u8]) -> io::Result<()> {
        if self.sysprint_is_full.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        assert!(!self.fails.swap(false, Ordering::SeqCst), "SYSPRINT fails");
        self.sysprint.lock().unwrap().extend_from_slice(bytes);
        Ok(())
    }

    fn issue_command(&self, _: &str) -> io::Result<Vec<String>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn lock_file(&self, _: &std::path::Path, _: &str) -> Result<FileLock, LockError> {
        Err(LockError::Io(io::ErrorKind::Unsupported.into()))
    }

    fn is_writable_directory(&self, _: &std::path::Path) -> bool {
        true
    }

    fn own_program(&self) -> Option<PathBuf> {
        None
    }
}
