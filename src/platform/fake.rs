//! A platform for unit tests: a system called LPAR1 with symbols and members chosen by the test. It collects what is written and spawns
//! nothing.

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

type OnWritten = Box<dyn FnMut(&[u8]) + Send>;

#[derive(Default)]
pub struct FakePlatform {
    pub symbols: BTreeMap<String, String>,
    /// By data set and member.
    pub members: BTreeMap<(String, String), Vec<u8>>,
    /// The one variable that is known of a process.
    pub variables: BTreeMap<Pid, (String, String)>,
    /// Those of them that are not reaped yet.
    pub dead: BTreeSet<Pid>,
    /// No thread can wait for signals, instead of there being no console.
    refuses_signals: bool,
    /// SYSPRINT accepts nothing, and reports it.
    pub sysprint_is_full: AtomicBool,
    /// The operator's console accepts nothing, and reports it.
    pub console_is_full: AtomicBool,
    listens: bool,
    /// The first write to SYSPRINT panics.
    fails: AtomicBool,
    /// The reaper thread's first wait panics.
    pub reaper_fails: AtomicBool,
    sysprint: Mutex<Vec<u8>>,
    /// Called by whoever writes to SYSPRINT, with what has been written.
    written: Mutex<Option<OnWritten>>,
    wtos: Mutex<Vec<String>>,
    sent: Mutex<Vec<(SignalTarget, i32)>>,
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

    pub fn sent(&self) -> Vec<(SignalTarget, i32)> {
        self.sent.lock().unwrap().clone()
    }

    pub fn on_written(&self, told: impl FnMut(&[u8]) + Send + 'static) {
        *self.written.lock().unwrap() = Some(Box::new(told));
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

    fn send(&self, target: SignalTarget, signal: i32) -> bool {
        self.sent.lock().unwrap().push((target, signal));
        false
    }

    /// Those whose variable is known, and nothing else of them.
    fn process_list(&self, skip: &dyn Fn(Pid) -> bool) -> Option<Vec<ProcessEntry>> {
        let pids = self.variables.keys().filter(|pid| !skip(**pid));
        let entry = |pid: &Pid| ProcessEntry { pid: *pid, parent: 1, group: 1, session: 1, start: 0, is_dead: self.dead.contains(pid) };
        Some(pids.map(entry).collect())
    }

    fn variable_of(&self, pid: Pid, name: &str) -> Option<String> {
        self.variables.get(&pid).filter(|(known, _)| known == name).map(|(_, value)| value.clone())
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

    fn wto(&self, text: &str) -> io::Result<()> {
        if self.console_is_full.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.wtos.lock().unwrap().push(text.to_owned());
        Ok(())
    }

    fn write_sysprint(&self, bytes: &[u8]) -> io::Result<()> {
        if self.sysprint_is_full.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        assert!(!self.fails.swap(false, Ordering::SeqCst), "SYSPRINT fails");
        self.sysprint.lock().unwrap().extend_from_slice(bytes);
        if let Some(told) = &mut *self.written.lock().unwrap() {
            told(bytes);
        }
        Ok(())
    }

    fn issue_command(&self, _: &str, _: Option<Duration>) -> io::Result<CommandAnswer> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn lock_file(&self, _: &std::path::Path, _: &str) -> Result<FileLock, LockError> {
        Err(LockError::Io(io::ErrorKind::Unsupported.into()))
    }

    fn lock_shared_file(&self, _: &std::path::Path, _: u32, _: &str) -> Result<FileLock, LockError> {
        Err(LockError::Io(io::ErrorKind::Unsupported.into()))
    }

    fn is_locked(&self, _: &std::fs::File) -> io::Result<bool> {
        Ok(false)
    }

    fn is_writable_directory(&self, _: &std::path::Path) -> bool {
        true
    }

    fn own_program(&self) -> io::Result<PathBuf> {
        Err(io::ErrorKind::NotFound.into())
    }
}
