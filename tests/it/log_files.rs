//! Components' log files in the hands of others: logrotate in each of its ways, people who clean up, directories in the way.

use crate::harness::{Instance, Running, not_here, program, program_or_skip};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

/// An instance whose component writes as many lines as it is told, numbered.
struct Writer {
    instance: Instance,
    running: Running,
    told: fs::File,
    last: u64,
}

impl Writer {
    fn start(log: &str) -> Writer {
        let start = "n=0; while read -r count; do while [ $count -gt 0 ]; do n=$((n+1)); count=$((count-1)); \
                     printf 'line %06d of the component, sixty bytes long: 01234567890\\n' $n; done; done \
                     <> $ZWE_zowe_workspaceDirectory/count";
        let instance = Instance::new().component("alpha", start, &format!("launcher:\n  log: {{file: true, {log}}}"));
        instance.write_config();
        let zowe = format!("zowe:\n  logDirectory: {}\n", instance.path("logs").display());
        fs::write(instance.config(), fs::read_to_string(instance.config()).unwrap().replacen("zowe:\n", &zowe, 1)).unwrap();
        let workspace = instance.path("workspace");
        fs::create_dir(&workspace).unwrap();
        nix::unistd::mkfifo(&workspace.join("count"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let told = fs::File::options().read(true).write(true).open(workspace.join("count")).unwrap();
        let running = Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path());
        running.wait_for("ZWEL0901I");
        Writer { instance, running, told, last: 0 }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.instance.path("logs").join(name)
    }

    /// So many lines more. They are in the log file before they are on SYSPRINT.
    fn lines(&mut self, count: u64) {
        self.last += count;
        writeln!(self.told, "{count}").unwrap();
        self.running.wait_for(&format!("line {:06} of", self.last));
    }

    /// Runs logrotate now, with what its configuration says of these files.
    fn logrotate(&self, logrotate: &Path, says: &str) {
        let configuration = self.instance.path("logrotate.conf");
        let text = format!("{} {{\n{says}\n}}\n", self.path("*.log").display());
        fs::write(&configuration, text).unwrap();
        fs::set_permissions(&configuration, fs::Permissions::from_mode(0o600)).unwrap();
        let state = self.instance.path("logrotate.state");
        let output = Command::new(logrotate).args(["--force", "--state"]).arg(state).arg(&configuration).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }

    /// Which line numbers each file has.
    fn numbers(&self) -> BTreeMap<String, Vec<u64>> {
        let read = |path: &Path| {
            if path.extension().is_some_and(|extension| extension == "gz") {
                String::from_utf8(Command::new("gzip").arg("-dc").arg(path).output().unwrap().stdout).unwrap()
            } else {
                fs::read_to_string(path).unwrap()
            }
        };
        let number = |line: &str| line.strip_prefix("line ")?.split(' ').next()?.parse().ok();
        let files = fs::read_dir(self.instance.path("logs")).unwrap().map(|entry| entry.unwrap().path());
        files
            .filter(|path| path.is_file() && !path.to_string_lossy().contains(".journal"))
            .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), read(&path).lines().filter_map(number).collect()))
            .collect()
    }

    fn expect(&self, files: &[(&str, std::ops::Range<u64>)]) {
        let expected: BTreeMap<String, Vec<u64>> =
            files.iter().map(|(name, lines)| ((*name).to_owned(), lines.clone().collect())).collect();
        assert_eq!(self.numbers(), expected);
    }

    fn stop(mut self) -> String {
        self.instance.console("P ZWESLSTC");
        assert_eq!(self.running.wait_end(), 0);
        self.running.all()
    }
}

#[test]
fn logrotate_renames_compresses_and_creates_and_no_line_is_lost_or_comes_twice() {
    let Some(logrotate) = program_or_skip("logrotate") else { return };
    let mut writer = Writer::start("size: 1M");
    let told = format!(
        "rotate 9\ncompress\nnocreate\npostrotate\n{} console --system {} 'F ZWESLSTC,APPL=LOGROTATE' >/dev/null\nendscript",
        program(),
        writer.instance.system().display()
    );
    writer.lines(3);
    writer.logrotate(&logrotate, &told);
    writer.lines(3);
    writer.expect(&[("alpha-lpar1.log", 4..7), ("alpha-lpar1.log.1.gz", 1..4)]);
    // With a file of another mode that logrotate has made.
    writer.logrotate(&logrotate, &told.replace("nocreate", "create 0600"));
    writer.lines(3);
    let files = [("alpha-lpar1.log", 7..10), ("alpha-lpar1.log.1.gz", 4..7), ("alpha-lpar1.log.2.gz", 1..4)];
    writer.expect(&files);
    assert_eq!(fs::metadata(writer.path("alpha-lpar1.log")).unwrap().mode() & 0o777, 0o600);
    // Nobody tells us: the renamed file goes on, as logrotate expects of whoever has it open.
    writer.logrotate(&logrotate, "rotate 9\nnocreate\nnocompress");
    writer.lines(3);
    assert_eq!(writer.numbers()["alpha-lpar1.log.1"], (7..=12).collect::<Vec<_>>());
    assert!(writer.instance.modify("LOGROTATE").contains("ZWEL0989I"));
    writer.lines(1);
    assert_eq!(writer.numbers()["alpha-lpar1.log"], [13]);
    let out = writer.stop();
    assert!(!out.contains("ZWEL0959W") && !out.contains("ZWEL0992W"), "{out}");
}

#[test]
fn logrotate_copies_and_truncates_and_the_file_is_rotated_when_it_is_full_and_not_before() {
    let Some(logrotate) = program_or_skip("logrotate") else { return };
    // Room for 200 lines.
    let mut writer = Writer::start("size: 12000, count: 1");
    writer.lines(190);
    writer.logrotate(&logrotate, "rotate 9\ncopytruncate\nextension .log");
    writer.expect(&[("alpha-lpar1.log", 0..0), ("alpha-lpar1.1.log", 1..191)]);
    writer.lines(190);
    writer.expect(&[("alpha-lpar1.log", 191..381), ("alpha-lpar1.1.log", 1..191)]);
    let inode = fs::metadata(writer.path("alpha-lpar1.log")).unwrap().ino();
    writer.lines(20);
    let first = fs::metadata(writer.path("alpha-lpar1.log.1")).unwrap();
    assert!(first.ino() == inode && (11_000..=12_000).contains(&first.len()), "{first:?}");
    let out = writer.stop();
    assert!(!out.contains("ZWEL0959W") && !out.contains("ZWEL0992W"), "{out}");
}

#[test]
fn what_is_in_the_way_of_a_rotation_is_named_and_every_line_is_kept() {
    // Room for 100 lines.
    let mut writer = Writer::start("size: 6000, count: 2");
    writer.lines(10);
    let second = writer.path("alpha-lpar1.log.2");
    fs::create_dir_all(second.join("somebody's")).unwrap();
    writer.lines(100);
    writer.expect(&[("alpha-lpar1.log", 101..111), ("alpha-lpar1.log.1", 1..101)]);
    writer.lines(150);
    let said = writer.running.wait_for("ZWEL0959W component alpha: its log file is not rotated and goes on - ");
    assert!(said.ends_with("alpha-lpar1.log.2 is a directory"), "{said}");
    let refused = writer.instance.refused("LOGROTATE");
    assert!(refused.contains("alpha-lpar1.log.2 is a directory") && refused.contains("ZWEL0955E"), "{refused}");
    writer.lines(10);
    writer.expect(&[("alpha-lpar1.log", 101..271), ("alpha-lpar1.log.1", 1..101)]);
    fs::remove_dir_all(&second).unwrap();
    assert!(writer.instance.modify("LOGROTATE").contains("ZWEL0989I"));
    writer.lines(1);
    writer.expect(&[("alpha-lpar1.log", 271..272), ("alpha-lpar1.log.1", 101..271), ("alpha-lpar1.log.2", 1..101)]);
    assert_eq!(writer.stop().matches("ZWEL0959W").count(), 2, "once by size, once as the answer to LOGROTATE");
}

#[test]
fn a_file_or_directory_that_was_removed_comes_back_with_the_next_line() {
    let mut writer = Writer::start("size: 1M");
    writer.lines(3);
    fs::remove_file(writer.path("alpha-lpar1.log")).unwrap();
    writer.lines(2);
    writer.expect(&[("alpha-lpar1.log", 4..6)]);
    fs::remove_dir_all(writer.instance.path("logs")).unwrap();
    writer.lines(2);
    writer.expect(&[("alpha-lpar1.log", 6..8)]);
    assert_eq!(fs::metadata(writer.instance.path("logs")).unwrap().mode() & 0o777, 0o750);
    writer.stop();
}

/// A directory in which nothing can be renamed or made, until it is dropped.
struct Closed(PathBuf);

impl Closed {
    /// Root may write everywhere but into what is immutable, which not every file system knows: None.
    fn new(directory: PathBuf) -> Option<Closed> {
        let closed = Closed(directory);
        closed.set(true).then_some(closed)
    }

    fn set(&self, closed: bool) -> bool {
        if nix::unistd::geteuid().is_root() {
            let flag = if closed { "+i" } else { "-i" };
            return Command::new("chattr").arg(flag).arg(&self.0).output().is_ok_and(|output| output.status.success());
        }
        fs::set_permissions(&self.0, fs::Permissions::from_mode(if closed { 0o550 } else { 0o750 })).is_ok()
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        self.set(false);
    }
}

/// What a name that is too long does on every file system is a unit test; this is the real thing where it can be had.
#[test]
fn a_directory_that_may_not_be_written_keeps_the_old_file_growing() {
    let mut writer = Writer::start("size: 6000, count: 2");
    writer.lines(90);
    let Some(closed) = Closed::new(writer.instance.path("logs")) else {
        return not_here("root may write everywhere, and there is no chattr +i");
    };
    writer.lines(30);
    let said = writer.running.wait_for("ZWEL0959W component alpha: its log file is not rotated and goes on - ");
    assert!(said.contains("alpha-lpar1.log cannot be renamed to "), "{said}");
    writer.expect(&[("alpha-lpar1.log", 1..121)]);
    drop(closed);
    assert!(writer.instance.modify("LOGROTATE").contains("ZWEL0989I"));
    writer.lines(1);
    writer.expect(&[("alpha-lpar1.log", 121..122), ("alpha-lpar1.log.1", 1..121)]);
    writer.stop();
}
