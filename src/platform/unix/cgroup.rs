//! Control groups of Linux, version 2: cgroups(7) and Documentation/admin-guide/cgroup-v2.rst of the kernel. Which one a process may make
//! below its own is a matter of permissions: those of root, or those that systemd gives with `Delegate=`.

use super::clone;
use crate::platform::Pid;
use crate::platform::control_group::{ControlGroup, ControlGroupIdentity, PREFIX, is_populated};
use crate::platform::files::{self, FileKind, read_bounded};
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::libc;
use nix::sys::stat::{FileStat, Mode, fstatat, mkdirat};
use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, fstatfs};
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most bytes that are read of one file.
const LIMIT: u64 = 4 * 1024 * 1024;

/// How deep control groups below ours are followed: components may make their own.
const DEPTH: usize = 16;

/// Signals sent one by one until a control group is empty, where the system cannot end it as a whole.
const MOST_KILLS: usize = 10_000;

/// One control group: a name below an open directory, so that a thousand of them need one descriptor.
#[derive(Debug, Clone)]
struct Cgroup {
    root: Arc<File>,
    /// Below it; empty for the directory itself.
    name: PathBuf,
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, why)
}

/// The control group of this process, if it is one of version 2.
fn own() -> io::Result<Cgroup> {
    let pid = std::process::id();
    let path = path_of_own().ok_or_else(|| refused("the system has no control groups of version 2, or does not show ours"))?;
    let own = at(&path)?;
    let listed = own.read("cgroup.procs")?.split_ascii_whitespace().any(|listed| *listed == *pid.to_string());
    if listed { Ok(own) } else { Err(refused("the control group of this process is not visible")) }
}

fn path_of_own() -> Option<PathBuf> {
    let mounts = read_bounded(Path::new("/proc/self/mountinfo"), LIMIT).ok()?;
    let within = path_of(Path::new("/proc/self/cgroup"))?;
    mounts.split(|byte| *byte == b'\n').find_map(|line| place(line, &within))
}

/// The path of a process's control group within its hierarchy, from its /proc/<pid>/cgroup.
fn path_of(file: &Path) -> Option<PathBuf> {
    let text = read_bounded(file, LIMIT).ok()?;
    let path = text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"0::"))?;
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(path)))
}

/// The same of any process.
pub(super) fn path_of_process(pid: Pid) -> Option<PathBuf> {
    path_of(Path::new(&format!("/proc/{pid}/cgroup")))
}

/// Where a path of the hierarchy is, if this line of mountinfo mounts the part of it that it is in.
fn place(line: &[u8], within: &Path) -> Option<PathBuf> {
    let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let dash = words.iter().position(|word| *word == b"-")?;
    if *words.get(dash + 1)? != b"cgroup2" {
        return None;
    }
    let (root, mounted) = (unescaped(words.get(3)?), unescaped(words.get(4)?));
    Some(mounted.join(within.strip_prefix(root).ok()?))
}

/// Blanks and the like are octal numbers in mountinfo.
fn unescaped(word: &[u8]) -> PathBuf {
    let (mut bytes, mut rest) = (Vec::new(), word);
    while let Some((byte, after)) = rest.split_first() {
        let octal = (*byte == b'\\').then(|| after.get(..3)).flatten().and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(escaped) => {
                bytes.push(escaped);
                rest = &after[3..];
            }
            None => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

fn at(path: &Path) -> io::Result<Cgroup> {
    let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    of_directory(File::options().read(true).custom_flags(flags).open(path)?)
}

fn of_directory(directory: File) -> io::Result<Cgroup> {
    // Any other directory could hold files of these names.
    if fstatfs(&directory)?.filesystem_type() != CGROUP2_SUPER_MAGIC {
        return Err(refused("it is no control group of version 2"));
    }
    Ok(Cgroup { root: Arc::new(directory), name: PathBuf::new() })
}

/// Makes the control group of a run below that of this process, and tries whether a process can be born in it. Those of earlier runs that
/// are empty, and whose launcher has gone, are removed.
///
/// # Errors
/// Why there is none.
pub(super) fn make(run: &str) -> io::Result<Arc<dyn ControlGroup>> {
    let own = own()?;
    own.remove_forsaken();
    let name = format!("{PREFIX}{run}");
    mkdirat(&own.root, name.as_str(), Mode::from_bits_truncate(0o755))?;
    let tried = own.open_below(Path::new(&name)).and_then(of_directory).and_then(|made| {
        clone::try_it(made.open()?.as_fd())?;
        made.is_empty()?;
        Ok(made)
    });
    match tried {
        Ok(made) => Ok(Arc::new(made)),
        Err(error) => {
            // It is empty.
            let _ = unlinkat(&own.root, name.as_str(), UnlinkatFlags::RemoveDir);
            Err(error)
        }
    }
}

/// The control group that a record names; None when it has gone, or when there is something else by now.
///
/// # Errors
/// The system's.
pub(super) fn recorded(identity: &ControlGroupIdentity) -> io::Result<Option<Arc<dyn ControlGroup>>> {
    let found = match at(&identity.path) {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => return Ok(None),
        found => files::unless_missing(found)?,
    };
    let Some(found) = found else { return Ok(None) };
    Ok((found.root.metadata()?.ino() == identity.number).then(|| Arc::new(found) as Arc<dyn ControlGroup>))
}

/// The control group whose directory a parent process has handed over.
///
/// # Errors
/// It is none.
pub(super) fn inherited(descriptor: OwnedFd) -> io::Result<Arc<dyn ControlGroup>> {
    nix::fcntl::fcntl(&descriptor, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC))?;
    Ok(Arc::new(of_directory(File::from(descriptor))?))
}

impl Cgroup {
    fn path_to(&self, file: &str) -> PathBuf {
        if self.name.as_os_str().is_empty() && file.is_empty() { PathBuf::from(".") } else { self.name.join(file) }
    }

    fn open_file(&self, file: &str, flags: OFlag) -> io::Result<File> {
        Ok(File::from(openat(&self.root, &self.path_to(file), flags | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty())?))
    }

    fn open_below(&self, name: &Path) -> io::Result<File> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        Ok(File::from(openat(&self.root, &self.name.join(name), flags, Mode::empty())?))
    }

    fn read(&self, file: &str) -> io::Result<String> {
        let mut text = String::new();
        self.open_file(file, OFlag::O_RDONLY)?.take(LIMIT).read_to_string(&mut text)?;
        Ok(text)
    }

    /// The control groups directly below it; none when it has gone.
    fn below(&self) -> io::Result<Vec<Cgroup>> {
        let directory = self.open()?;
        let mut below = Vec::new();
        for entry in files::entries(Path::new(&format!("/proc/self/fd/{}", directory.as_raw_fd())))? {
            if files::kind(&entry.metadata()?) == FileKind::Directory {
                below.push(Cgroup { root: Arc::clone(&self.root), name: self.name.join(entry.file_name()) });
            }
        }
        Ok(below)
    }

    /// Itself and all below it, itself first.
    fn tree(&self, depth: usize) -> io::Result<Vec<Cgroup>> {
        let mut tree = vec![self.clone()];
        // One that goes meanwhile has nothing below it.
        for below in if depth == 0 { Vec::new() } else { files::unless_missing(self.below())?.unwrap_or_default() } {
            tree.extend(below.tree(depth - 1)?);
        }
        Ok(tree)
    }

    /// Removes it if nothing is in it or below it; a missing one is no error.
    fn remove_alone(&self) -> io::Result<()> {
        let removed = if self.name.as_os_str().is_empty() {
            std::fs::remove_dir(self.identity()?.path)
        } else {
            unlinkat(&self.root, &self.name, UnlinkatFlags::RemoveDir).map_err(io::Error::from)
        };
        match removed {
            Err(error) if is_gone(&error) => Ok(()),
            removed => removed,
        }
    }

    /// Where the kernel is older than 5.14: nothing new is created in a frozen control group, and what is frozen can be killed.
    fn kill_each(&self) -> io::Result<()> {
        for _ in 0..MOST_KILLS {
            if let Ok(mut file) = self.open_file("cgroup.freeze", OFlag::O_WRONLY) {
                file.write_all(b"1")?;
            }
            let processes = self.processes()?;
            if processes.is_empty() {
                return Ok(());
            }
            for pid in processes {
                super::process::send(crate::platform::SignalTarget::Process(pid), libc::SIGKILL);
            }
        }
        Err(io::Error::other("processes are created in it without end"))
    }

    /// Removes what launchers that were killed have left: only what is empty can be removed.
    fn remove_forsaken(&self) {
        for group in self.below().unwrap_or_default() {
            let run = group.name.file_name().and_then(|name| name.to_str()?.strip_prefix(PREFIX));
            let launcher = run.and_then(|run| Pid::from_str_radix(run.split('-').next()?, 16).ok());
            if launcher.is_some_and(|launcher| !super::process::exists(launcher)) && group.is_empty().is_ok_and(|is_empty| is_empty) {
                // A process may have come meanwhile, or it may not be ours.
                let _ = group.remove();
            }
        }
    }
}

impl ControlGroup for Cgroup {
    fn make(&self, name: &str) -> io::Result<Arc<dyn ControlGroup>> {
        let name = self.name.join(name);
        mkdirat(&self.root, &name, Mode::from_bits_truncate(0o755))?;
        Ok(Arc::new(Cgroup { root: Arc::clone(&self.root), name }))
    }

    fn open(&self) -> io::Result<File> {
        self.open_file("", OFlag::O_RDONLY | OFlag::O_DIRECTORY)
    }

    fn identity(&self) -> io::Result<ControlGroupIdentity> {
        let path = std::fs::read_link(format!("/proc/self/fd/{}", self.root.as_raw_fd()))?;
        let stat: FileStat = fstatat(&self.root, &self.path_to(""), AtFlags::AT_SYMLINK_NOFOLLOW)?;
        Ok(ControlGroupIdentity { path: path.join(&self.name), number: stat.st_ino })
    }

    fn processes(&self) -> io::Result<Vec<Pid>> {
        let mut found = Vec::new();
        for group in self.tree(DEPTH)? {
            let text = files::unless_missing(group.read("cgroup.procs"))?.unwrap_or_default();
            // 0: a process of another namespace, which has no number here.
            found.extend(text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).filter(|pid: &Pid| *pid > 0));
        }
        Ok(found)
    }

    fn is_empty(&self) -> io::Result<bool> {
        match self.events().and_then(|events| is_populated(&events)) {
            Ok(populated) => Ok(!populated),
            Err(error) if is_gone(&error) => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn events(&self) -> io::Result<File> {
        self.open_file("cgroup.events", OFlag::O_RDONLY)
    }

    fn kill(&self) -> io::Result<()> {
        match self.open_file("cgroup.kill", OFlag::O_WRONLY).and_then(|mut file| file.write_all(b"1")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.kill_each(),
            Err(error) if is_gone(&error) => Ok(()),
            done => done,
        }
    }

    fn remove(&self) -> io::Result<()> {
        // Hardly any has others below it.
        match self.remove_alone() {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {}
            removed => return removed,
        }
        // From below.
        self.tree(DEPTH)?.into_iter().rev().try_for_each(|group| group.remove_alone())
    }
}

/// ENODEV is what an open file of a control group says after its removal.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ENODEV)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_shows_a_part_of_the_hierarchy() {
        let at = |line: &str, within: &str| place(line.as_bytes(), Path::new(within));
        let whole = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw";
        assert_eq!(at(whole, "/"), Some("/sys/fs/cgroup/unified/".into()));
        assert_eq!(at(whole, "/system.slice/a.service"), Some("/sys/fs/cgroup/unified/system.slice/a.service".into()));
        let part = r"41 31 0:38 /system.slice /mnt/c\040g rw - cgroup2 none rw";
        assert_eq!(at(part, "/system.slice/a.service"), Some("/mnt/c g/a.service".into()));
        assert_eq!(at(part, "/user.slice"), None);
        assert_eq!(at("32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu", "/"), None);
        assert_eq!((at("", "/"), at("1 2 3 -", "/"), at("- cgroup2", "/")), (None, None, None));
        assert_eq!(unescaped(br"a\134b\0\x"), PathBuf::from(r"a\b\0\x"));
    }

    /// A run of its own, or None, aloud, where none may be made.
    fn made(run: &str) -> Option<Arc<dyn ControlGroup>> {
        let run = format!("{:x}-{run}", std::process::id());
        make(&run).inspect_err(|why| println!("skipped: no control group may be made here: {why}")).ok()
    }

    fn sleeper(group: &dyn ControlGroup) -> Pid {
        let nothing = crate::platform::PreparedEnvironment::default();
        let group = group.open().unwrap();
        let null = File::open("/dev/null").unwrap();
        super::super::children::spawn(&crate::platform::SpawnRequest {
            program: "/bin/sh".into(),
            arguments: ["sh", "-c", "sleep 1000 & sleep 1000 & wait"].map(Into::into).to_vec(),
            environment: crate::platform::ChildEnvironment { base: &nothing, own: &nothing, marker: None },
            descriptors: vec![(null.as_fd(), 0)],
            group: crate::platform::GroupOfChild::Own,
            control_group: Some(group.as_fd()),
        })
        .unwrap()
    }

    fn reap(pid: Pid) {
        nix::sys::wait::waitpid(nix::unistd::Pid::from_raw(pid), None).unwrap();
    }

    #[test]
    fn what_is_born_in_it_is_known_and_ended_as_a_whole_by_either_way() {
        let ways: [fn(&Cgroup) -> io::Result<()>; 2] = [Cgroup::kill, Cgroup::kill_each];
        for (number, kill) in ways.into_iter().enumerate() {
            let Some(run) = made(&format!("kill{number}")) else { return };
            let group = Cgroup { root: Arc::new(run.open().unwrap()), name: "1".into() };
            run.make("1").unwrap();
            assert!(group.is_empty().unwrap() && run.is_empty().unwrap());
            let pid = sleeper(&group);
            assert!(group.processes().unwrap().contains(&pid) && run.processes().unwrap().contains(&pid));
            assert_eq!(path_of_process(pid).unwrap().file_name().unwrap(), "1");
            assert_eq!(run.remove().unwrap_err().kind(), io::ErrorKind::ResourceBusy);
            let events = group.events().unwrap();
            let (never, _writer) = super::super::process::control_pipe().unwrap();
            kill(&group).unwrap();
            while is_populated(&events).unwrap() {
                super::super::process::wait_for_change(&[&events], never.as_fd());
            }
            reap(pid);
            let identity = run.identity().unwrap();
            assert!(recorded(&identity).unwrap().is_some());
            assert!(recorded(&ControlGroupIdentity { number: identity.number + 1, ..identity.clone() }).unwrap().is_none());
            run.remove().unwrap();
            assert!(!identity.path.exists() && recorded(&identity).unwrap().is_none());
            assert!(group.is_empty().unwrap() && group.kill().is_ok() && group.remove().is_ok());
        }
    }

    #[test]
    fn a_directory_with_the_same_files_is_no_control_group() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("cgroup.procs"), std::process::id().to_string()).unwrap();
        let number = std::fs::metadata(directory.path()).unwrap().ino();
        let forged = ControlGroupIdentity { path: directory.path().to_path_buf(), number };
        assert_eq!(at(directory.path()).unwrap_err().kind(), io::ErrorKind::Unsupported);
        assert!(recorded(&forged).unwrap().is_none());
        assert!(recorded(&ControlGroupIdentity { path: directory.path().join("none"), number }).unwrap().is_none());
    }
}
