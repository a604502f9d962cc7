//! Follows what an instance writes: its journal, SYSPRINT of its job, SYSLOG of its system. One thread reads, woken by the file system; while
//! nothing is written, it sleeps.

use super::shared::Shared;
use super::target::{Source, Target};
use crate::journal::{Follower, read_from};
use crate::output::{escaped, printable};
use crate::platform::files::entries;
use crate::platform::unix::watch::{Watch, watch_file};
use crate::seeing::{self, SysprintFiles, SysprintLine, stamp};
use crate::system::{Follower as SyslogFollower, SystemDirectory, parse_syslog_line};
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use zwelnch_panel::{Level, Line, Update, View};

/// Lines of SYSPRINT, and of SYSLOG, that are shown of what was written before.
const BEFORE: usize = 5_000;
const SYSLOG_BEFORE: usize = 200;

/// Follows until the panel has ended.
pub(super) fn run(shared: &Arc<Shared>, target: &Target, refresh: &dyn Fn(View)) {
    if target.source == Source::Input {
        return input(shared);
    }
    let (sender, woken) = sync_channel(1);
    let mut files = Files {
        shared,
        refresh,
        wake: Wake(sender),
        journal: None,
        sysprint: None,
        syslog: None,
        spools: BTreeSet::new(),
        has_ports: false,
    };
    if let Source::File(path) = &target.source {
        files.follow_journal(path);
    }
    if let (Some(directory), Some(system)) = (&target.spool, &shared.system) {
        files.follow_sysprint(directory);
        files.spools = files.spools_of(system);
    }
    files.follow_syslog();
    files.run(&woken, target);
}

/// A journal that comes on standard input. What has come is told before it is waited for more.
fn input(shared: &Shared) {
    struct Telling<'a, R>(R, &'a Shared);
    impl<R: Read> Read for Telling<'_, R> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let updates = self.1.board().fold.drain();
            if !self.1.tell(updates) {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            self.0.read(buffer)
        }
    }
    let read = read_from(Telling(io::stdin().lock(), shared), &mut |line| {
        shared.board().fold.take(line);
        Ok(())
    });
    let updates = shared.board().fold.drain();
    shared.tell(updates);
    match read {
        Ok(()) => shared.send(Update::Ended("its journal has ended".to_owned())),
        Err(error) => shared.lost("the journal any more", error),
    };
}

/// Wakes the thread that reads, and says which file it was.
#[derive(Clone)]
struct Wake(SyncSender<()>);

impl Wake {
    fn watch(&self, directory: &Path, file: &str) -> (io::Result<Watch>, Arc<AtomicBool>) {
        let (news, wake) = (Arc::new(AtomicBool::new(true)), self.0.clone());
        let told = Arc::clone(&news);
        let watch = watch_file(directory, file, move || {
            told.store(true, Ordering::SeqCst);
            // One that waits is as good as two.
            let _ = wake.try_send(());
        });
        (watch, news)
    }
}

/// Something that is read on when its file has grown.
struct Followed<T> {
    reader: T,
    path: PathBuf,
    _watch: Watch,
    news: Arc<AtomicBool>,
}

impl<T> Followed<T> {
    fn has_news(&self) -> bool {
        self.news.swap(false, Ordering::SeqCst)
    }
}

struct Files<'a> {
    shared: &'a Shared,
    refresh: &'a dyn Fn(View),
    wake: Wake,
    journal: Option<Followed<Follower>>,
    sysprint: Option<Followed<SysprintFiles>>,
    syslog: Option<Followed<SyslogFollower>>,
    /// The directories of the spool when they were last looked through.
    spools: BTreeSet<String>,
    /// The ports of its components were asked for.
    has_ports: bool,
}

impl Files<'_> {
    fn run(&mut self, woken: &Receiver<()>, target: &Target) {
        loop {
            let has_syslog_news = self.syslog.as_ref().is_some_and(Followed::has_news);
            if has_syslog_news && !(self.read_syslog() && self.look_for_job(target)) {
                return;
            }
            if !(self.read_journal() && self.read_sysprint()) || woken.recv().is_err() {
                return;
            }
        }
    }

    fn follow_journal(&mut self, path: &Path) {
        let reader = Follower::new(path);
        let (directory, name) = reader.place();
        match self.wake.watch(&directory, &name) {
            (Ok(watch), news) => self.journal = Some(Followed { reader, path: path.to_path_buf(), _watch: watch, news }),
            (Err(error), _) => drop(self.shared.lost(&format!("what comes into the journal '{}'", path.display()), error)),
        }
    }

    fn follow_sysprint(&mut self, directory: &Path) {
        match self.wake.watch(directory, "SYSPRINT") {
            (Ok(watch), news) => {
                self.sysprint =
                    Some(Followed { reader: SysprintFiles::new(directory), path: directory.to_path_buf(), _watch: watch, news });
            }
            (Err(error), _) => drop(self.shared.lost(&format!("SYSPRINT in {}", directory.display()), error)),
        }
    }

    fn follow_syslog(&mut self) {
        let Some(system) = &self.shared.system else { return };
        match self.wake.watch(system.path(), "SYSLOG") {
            (Ok(watch), news) => {
                let (reader, lines) = SyslogFollower::open(system, SYSLOG_BEFORE);
                self.shared.send(Update::SystemLog(lines.iter().map(|line| syslog_line(line)).collect()));
                self.syslog = Some(Followed { reader, path: system.path().to_path_buf(), _watch: watch, news });
            }
            (Err(error), _) => drop(self.shared.lost("SYSLOG", error)),
        }
    }

    /// The directories of the spool; where they cannot be listed, that is said and it is as if there were no new ones.
    fn spools_of(&self, system: &SystemDirectory) -> BTreeSet<String> {
        match entries(&system.path().join("spool")) {
            Ok(found) => found.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect(),
            Err(error) => {
                self.shared.lost("new jobs", error);
                self.spools.clone()
            }
        }
    }

    /// The job that is shown may have begun, or begun anew: SYSLOG has something of it then. False: the panel has ended.
    fn look_for_job(&mut self, target: &Target) -> bool {
        let Some(system) = &self.shared.system else { return true };
        let spools = self.spools_of(system);
        let is_known = self.journal.is_some() && self.sysprint.is_some();
        if is_known && spools == self.spools {
            return true;
        }
        let (job, instance) = {
            let board = self.shared.board();
            let job = board.job.as_ref().or(target.job.as_ref()).map(|job| job.split('.').next().unwrap_or_default().to_owned());
            (job, board.fold.ha_instance().map(str::to_owned).or_else(|| target.ha_instance.clone()))
        };
        match seeing::in_spool(system, job.as_deref(), instance.as_deref()) {
            Ok(Some(found)) => {
                // One of before is shown until the new one has said where its journal is.
                if let Some(journal) = found.journal {
                    self.spools = spools;
                    (self.shared.board().job, self.has_ports) = (Some(found.job), false);
                    if self.journal.as_ref().is_none_or(|known| known.path != journal) {
                        self.follow_journal(&journal);
                    }
                    if self.sysprint.as_ref().is_none_or(|known| known.path != found.directory) {
                        self.follow_sysprint(&found.directory);
                    }
                }
                true
            }
            Ok(None) => true,
            Err(error) => self.shared.lost("a new job", error),
        }
    }

    fn read_journal(&mut self) -> bool {
        let Some(journal) = self.journal.as_mut().filter(|journal| journal.has_news()) else { return true };
        let shared = self.shared;
        let read = journal.reader.news(&mut |line| {
            shared.board().fold.take(line);
            Ok(())
        });
        let updates = shared.board().fold.drain();
        let is_open = shared.tell(updates);
        let (view, is_known) = {
            let board = shared.board();
            (board.view, !board.fold.components().is_empty())
        };
        if is_known && view == View::Components && !std::mem::replace(&mut self.has_ports, true) {
            (self.refresh)(view);
        }
        is_open && read.map_or_else(|error| shared.lost("the journal", error), |_| true)
    }

    fn read_sysprint(&mut self) -> bool {
        let Some(sysprint) = self.sysprint.as_mut().filter(|sysprint| sysprint.has_news()) else { return true };
        match sysprint.reader.take_news(BEFORE) {
            Ok(Some(lines)) if !lines.is_empty() => self.shared.send(Update::Log(lines.into_iter().map(log_line).collect())),
            Ok(_) => true,
            Err(error) => self.shared.lost("SYSPRINT", error),
        }
    }

    fn read_syslog(&mut self) -> bool {
        let Some(syslog) = &mut self.syslog else { return true };
        loop {
            let news = syslog.reader.news();
            if news.is_empty() {
                break;
            }
            let gap = news.gap.map(|why| Line { level: Level::Warning, text: format!("-- {why}"), ..Line::default() });
            let lines = gap.into_iter().chain(news.lines.iter().map(|line| syslog_line(line))).collect();
            if !self.shared.send(Update::SystemLog(lines)) {
                return false;
            }
        }
        let view = self.shared.board().view;
        if view == View::System {
            (self.refresh)(view);
        }
        true
    }
}

/// A line of SYSLOG; its column of the system is left out, as all are of one.
fn syslog_line(line: &str) -> Line {
    let Some(parts) = parse_syslog_line(line) else { return Line { text: printable(line).into_owned(), ..Line::default() } };
    let text = printable(parts.text).into_owned();
    let id = text.split(' ').next().unwrap_or_default();
    let level = match id.chars().last() {
        Some('E' | 'S' | 'A') if crate::output::is_message_id(id) => Level::Error,
        Some('W') if crate::output::is_message_id(id) => Level::Warning,
        _ => Level::Information,
    };
    let text = format!("{} {:<8} {text}", parts.time.get(..8).unwrap_or(parts.time), parts.job_id);
    Line { time: format!("{} {}", parts.date, parts.time), component: parts.job_name.to_owned(), level, text }
}

/// A line of SYSPRINT: its time is shown apart, and not twice.
pub(super) fn log_line(line: SysprintLine) -> Line {
    let text = escaped(&line.text).into_owned();
    let level = level(&text);
    let (own, rest) = stamped(&text);
    let time = own.map(str::to_owned).or_else(|| line.time.map(stamp)).unwrap_or_default();
    let rest = if line.component == "-" { without_head(rest) } else { rest };
    let component = if line.component == "-" { String::new() } else { printable(&line.component).into_owned() };
    Line { time, component, level, text: rest.to_owned() }
}

/// The time stamp at the beginning of a line, if it has one of the launcher's form, and the rest.
fn stamped(text: &str) -> (Option<&str>, &str) {
    const FORM: &[u8] = b"0000-00-00 00:00:00.000 ";
    let fits = |(found, form): (&u8, &u8)| if *form == b'0' { found.is_ascii_digit() } else { found == form };
    if text.len() > FORM.len() && text.as_bytes().iter().zip(FORM).all(fits) {
        return (text.get(..FORM.len() - 1), text.get(FORM.len()..).unwrap_or_default());
    }
    (None, text)
}

/// A line of the launcher without what all of its lines have before the message: program, user, level, place.
fn without_head(text: &str) -> &str {
    let words = text.strip_prefix("<ZWELNCH:").and_then(|rest| rest.split_once("> ")).and_then(|(_, rest)| rest.split_once(' '));
    let Some((_, rest)) = words.and_then(|(_, rest)| rest.split_once(' ')) else { return text };
    let rest = rest.trim_start();
    rest.strip_prefix('(').and_then(|place| place.split_once(") ")).map_or(rest, |(_, rest)| rest)
}

/// How much a line matters: by the level that loggers write among its first words.
fn level(text: &str) -> Level {
    let word = |word: &str| match word.trim_matches(['[', ']', '(', ')', ':', ',']) {
        "ERROR" | "SEVERE" | "FATAL" | "CRITICAL" => Some(Level::Error),
        "WARN" | "WARNING" => Some(Level::Warning),
        "DEBUG" | "TRACE" | "FINE" | "FINER" | "FINEST" => Some(Level::Debug),
        "INFO" => Some(Level::Information),
        _ => None,
    };
    text.split_ascii_whitespace().take(9).find_map(word).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_time_once_and_its_level() {
        let line = |component: &str, text: &str| log_line(SysprintLine { component: component.into(), time: None, text: text.into() });
        let launcher = line("-", "2026-11-27 06:37:43.365 <ZWELNCH:30957> ROOT WARN  (a.rs:1) ZWEL0951W user");
        assert_eq!((launcher.time.as_str(), launcher.component.as_str(), launcher.level), ("2026-11-27 06:37:43.365", "", Level::Warning));
        assert_eq!(launcher.text, "ZWEL0951W user");
        assert_eq!(without_head("<ZWELNCH:1> ROOT INFO ZWEL0001I x (y) z"), "ZWEL0001I x (y) z");
        assert_eq!(without_head("<ZWELNCH:1> x"), "<ZWELNCH:1> x");
        let own = line("zss", "no stamp, no ERRORS \u{1b}[2J");
        assert_eq!((own.level, own.time.as_str(), own.text.contains('\u{1b}')), (Level::Information, "", false));
        assert_eq!(line("zss", "[ERROR] bad").level, Level::Error);
    }
}
