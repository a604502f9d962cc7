//! Asks components whether they are ready and alive: one task a question, on the owner's thread; what may block does so on a thread of its
//! own. The answers are events to the owner.

use super::prepare::Launched;
use super::{Context, components};
use crate::component::{CommandLine, Probe, ProbeKind, Question};
use crate::config::Environment;
use crate::lifecycle::{Then, startup};
use crate::message;
use crate::net::{self, Trust};
use crate::output::WatchedText;
use std::collections::VecDeque;
use std::fs::Metadata;
use std::io::{Read, Seek, SeekFrom};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::AbortHandle;

/// What was found out, told when it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    /// As often as failureThreshold says, and why the last time.
    Bad(String),
}

/// A question that is being asked until this is dropped.
#[derive(Debug)]
pub(super) struct Asking(AbortHandle);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Counts answers into verdicts. Pure.
///
/// A component is not ready until its first good answer, which needs no threshold; once ready, or from the start where it is its liveness
/// that is asked for, `threshold` bad answers one after the other are needed to change that.
#[derive(Debug)]
struct Count {
    threshold: u32,
    is_good: bool,
    bad: u32,
}

impl Count {
    fn new(question: Question, threshold: u32) -> Count {
        Count { threshold, is_good: question == Question::Liveness, bad: 0 }
    }

    fn answer(&mut self, answer: Result<(), String>) -> Option<Verdict> {
        match answer {
            Ok(()) => {
                self.bad = 0;
                (!std::mem::replace(&mut self.is_good, true)).then_some(Verdict::Good)
            }
            Err(why) => {
                self.bad = self.bad.saturating_add(1);
                if !self.is_good || self.bad < self.threshold {
                    return None;
                }
                self.is_good = false;
                Some(Verdict::Bad(why))
            }
        }
    }
}

/// Where the file ends now that a text is waited for in: to be looked at before the process is made that writes it.
pub(super) fn file_end(probe: &Probe) -> Option<FileEnd> {
    match &probe.kind {
        ProbeKind::Log { texts, file: Some(file) } => Some(FileEnd::new(file.clone(), texts)),
        _ => None,
    }
}

/// Begins to ask. `file_end` is what [`file_end`] gave, `environment` is that of the component; `tell` is called on the owner's thread. None for a text to wait for in the
/// component's output, which the relay sees without being asked.
pub(super) fn ask(
    context: &Arc<Context>,
    launched: &Launched,
    probe: &Probe,
    question: Question,
    (file_end, environment): (Option<FileEnd>, Environment),
    tell: impl Fn(Verdict) + 'static,
) -> Option<Asking> {
    let mut way = match &probe.kind {
        ProbeKind::Log { .. } => Way::File(Some(file_end?)),
        ProbeKind::Tcp { host, port } => Way::Tcp(host.clone(), *port),
        ProbeKind::Http { .. } => Way::Http(probe.kind.clone(), None),
        ProbeKind::Command { file, arguments } => Way::Command(file.clone(), arguments.clone()),
    };
    let (context, launched, probe) = (Arc::clone(context), launched.clone(), probe.clone());
    let task = tokio::task::spawn_local(async move {
        let mut count = Count::new(question, probe.failure_threshold);
        let mut not_asked: Option<String> = None;
        // A component that has just been started is given a moment to be ready in, then asked more and more slowly up to the interval.
        let mut pause = FIRST_PAUSE.min(probe.interval);
        loop {
            tokio::time::sleep(pause).await;
            pause = if count.is_good { probe.interval } else { (pause * 2).min(probe.interval) };
            let answer = way.ask(&context, &launched, &environment, probe.timeout).await;
            context.output.trace(|| {
                let said = answer.as_ref().map_or_else(|why| format!("no, {why}"), |()| "yes".to_owned());
                format!("probe: {} of {}: {said}", question.key(), launched.component.name)
            });
            let answer = match answer {
                Ok(()) => Ok(()),
                Err(NoAnswer::Bad(why)) => Err(why),
                // That says nothing of the component: what was known of it holds. It is said once for each reason.
                Err(NoAnswer::NotAsked(why)) => {
                    if not_asked.as_ref() != Some(&why) {
                        context.output.message(message::zwel0956w(&launched.component.name, question.key(), &why));
                    }
                    not_asked = Some(why);
                    continue;
                }
            };
            not_asked = None;
            if let Some(verdict) = count.answer(answer) {
                // A line in a file stands there for good.
                let is_final = verdict == Verdict::Good && matches!(way, Way::File(_));
                tell(verdict);
                if is_final {
                    return;
                }
            }
        }
    });
    Some(Asking(task.abort_handle()))
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Why there is no good answer.
#[derive(Debug)]
enum NoAnswer {
    /// It was asked and did not answer well.
    Bad(String),
    /// It could not be asked at all: its command cannot be run.
    NotAsked(String),
}

impl From<String> for NoAnswer {
    fn from(why: String) -> Self {
        NoAnswer::Bad(why)
    }
}

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NoAnswer::Bad(why) => formatter.write_str(why),
            NoAnswer::NotAsked(why) => write!(formatter, "it cannot be asked: {why}"),
        }
    }
}

enum Way {
    /// None while a thread has it.
    File(Option<FileEnd>),
    Tcp(String, u16),
    /// What it trusts, once that is known.
    Http(ProbeKind, Option<Trust>),
    Command(String, Vec<String>),
}

impl Way {
    async fn ask(&mut self, context: &Context, launched: &Launched, environment: &Environment, timeout: Duration) -> Result<(), NoAnswer> {
        match self {
            Way::File(end) => {
                let Some(mut taken) = end.take() else { return Err("the file is being read".to_owned().into()) };
                let (found, taken) = blocking(move || (taken.look(), taken)).await?;
                *end = Some(taken);
                Ok(found?)
            }
            Way::Tcp(host, port) => {
                let (host, port) = (host.clone(), *port);
                Ok(blocking(move || connect(&host, port, timeout)).await??)
            }
            Way::Http(kind, trust) => {
                let (kind, instance, known) = (kind.clone(), Arc::clone(&launched.instance), trust.take());
                // Stores are read once, and not on this thread.
                let work = move || {
                    let trust = known.unwrap_or_else(|| startup::server_trust(&instance.configuration));
                    (get(&kind, timeout, &trust), trust)
                };
                let (answer, known) = blocking(work).await?;
                *trust = Some(known);
                Ok(answer?)
            }
            Way::Command(file, arguments) => {
                let file = launched.component.script("its command", file).map_err(|error| NoAnswer::NotAsked(error.to_string()))?;
                let command = CommandLine { file, arguments: arguments.clone() };
                let script = components::script_of(context, &launched.instance, &launched.component, command, Then::Nothing);
                let run = context.runner.run_collecting(&script, environment, timeout);
                let (finished, _) = run.await.map_err(|error| NoAnswer::NotAsked(error.to_string()))?;
                match finished {
                    finished if finished.timed_out => Err(format!("the command did not end within {} s", timeout.as_secs()).into()),
                    finished if finished.status.success() => Ok(()),
                    finished => Err(format!("the command ended with {}", finished.status.end).into()),
                }
            }
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.map_err(|error| error.to_string())
}

fn connect(host: &str, port: u16, timeout: Duration) -> Result<(), String> {
    let deadline = Instant::now() + timeout;
    let addresses = (host, port).to_socket_addrs().map_err(|error| format!("{host}: {error}"))?;
    let mut why = format!("{host} has no address");
    for address in addresses {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(format!("{host}:{port} does not answer"));
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(_) => return Ok(()),
            Err(error) => why = format!("{address}: {error}"),
        }
    }
    Err(why)
}

fn get(kind: &ProbeKind, timeout: Duration, trust: &Trust) -> Result<(), String> {
    let ProbeKind::Http { secure, host, port, path, status } = kind else { return Ok(()) };
    let scheme = if *secure { "https" } else { "http" };
    let host = net::url_host(host);
    let url = format!("{scheme}://{host}:{port}{path}");
    let request = net::Request::new(url.clone(), timeout, trust.clone());
    let found = net::get_blocking(&request).map_err(|error| format!("{url}: {error}"))?.status;
    let good = status.map_or((200..400).contains(&found), |wanted| wanted == found);
    if good { Ok(()) } else { Err(format!("{url} answered {found}")) }
}

/// Runs something on the owner's thread after a while, unless what is returned is dropped before.
pub(super) fn after(time: Duration, then: impl FnOnce() + 'static) -> Asking {
    let task = tokio::task::spawn_local(async move {
        tokio::time::sleep(time).await;
        then();
    });
    Asking(task.abort_handle())
}

/// Looks for texts in what is appended to a file from now on. A file that takes its place, or that is begun anew, is read from its
/// beginning.
pub(super) struct FileEnd {
    file: PathBuf,
    texts: Vec<WatchedText>,
    /// Device and inode.
    identity: Option<(u64, u64)>,
    position: u64,
    /// What stands before the position: a file that was truncated and has grown beyond it has something else there.
    before: VecDeque<u8>,
    /// The beginning of a line whose end is not there yet.
    partial: VecDeque<u8>,
}

/// Of one line, and of what is read at a time.
const LINE_LIMIT: usize = 64 * 1024;
/// Bytes by which a file is known again.
const KNOWN_BEFORE: usize = 1024;

impl FileEnd {
    fn new(file: PathBuf, texts: &[String]) -> FileEnd {
        let texts = texts.iter().filter_map(|text| WatchedText::new(text)).collect();
        let mut end = FileEnd { file, texts, identity: None, position: 0, before: VecDeque::new(), partial: VecDeque::new() };
        // What cannot be read now is read from its beginning when it can.
        let _ = end.skip();
        end
    }

    fn skip(&mut self) -> std::io::Result<()> {
        let file = std::fs::File::open(&self.file)?;
        let metadata = file.metadata()?;
        let known = usize::try_from(metadata.len()).map_or(KNOWN_BEFORE, |length| length.min(KNOWN_BEFORE));
        let mut before = vec![0; known];
        file.read_exact_at(&mut before, metadata.len() - known as u64)?;
        (self.identity, self.position, self.before) = (Some((metadata.dev(), metadata.ino())), metadata.len(), before.into());
        Ok(())
    }

    /// Whether it is the file that was read before, up to the position.
    fn is_same(&mut self, file: &std::fs::File, metadata: &Metadata) -> std::io::Result<bool> {
        if self.identity != Some((metadata.dev(), metadata.ino())) || metadata.len() < self.position {
            return Ok(false);
        }
        let mut before = vec![0; self.before.len()];
        file.read_exact_at(&mut before, self.position - self.before.len() as u64)?;
        Ok(before == *self.before.make_contiguous())
    }

    fn look(&mut self) -> Result<(), String> {
        match self.find() {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("{} does not hold the text yet", self.file.display())),
            Err(error) => Err(format!("{}: {error}", self.file.display())),
        }
    }

    fn find(&mut self) -> std::io::Result<bool> {
        let mut file = std::fs::File::open(&self.file)?;
        let metadata = file.metadata()?;
        if !self.is_same(&file, &metadata)? {
            self.position = 0;
            self.before.clear();
            self.partial.clear();
        }
        self.identity = Some((metadata.dev(), metadata.ino()));
        file.seek(SeekFrom::Start(self.position))?;
        let mut block = vec![0; LINE_LIMIT];
        loop {
            let read = file.read(&mut block)?;
            if read == 0 {
                return Ok(false);
            }
            self.position += read as u64;
            self.before.extend(&block[..read]);
            self.before.drain(..self.before.len().saturating_sub(KNOWN_BEFORE));
            self.partial.extend(&block[..read]);
            while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.partial.drain(..=end).collect();
                if self.texts.iter().any(|text| text.is_said_in(&line)) {
                    return Ok(true);
                }
            }
            // A text at the end of a line that never ends counts as well.
            let line = self.partial.make_contiguous();
            if self.texts.iter().any(|text| text.is_said_in(line)) {
                return Ok(true);
            }
            if self.partial.len() > LINE_LIMIT {
                self.partial.drain(..self.partial.len() - LINE_LIMIT);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_file_is_followed_however_it_is_begun_anew() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("m.log");
        let old = "an old line\n".repeat(20);
        let new = format!("{}UP NOW\n{}", "a new line\n".repeat(9), "and more\n".repeat(60));
        let text = ["UP NOW".to_owned()];
        let found = |begin: &dyn Fn()| {
            std::fs::write(&file, old.clone() + "UP NOW\n").unwrap();
            let mut end = FileEnd::new(file.clone(), &text);
            let before = end.look().is_ok();
            begin();
            (before, end.look().is_ok())
        };
        let appended = || std::fs::OpenOptions::new().append(true).open(&file).unwrap().write_all(new.as_bytes()).unwrap();
        assert_eq!(found(&appended), (false, true));
        assert_eq!(found(&|| std::fs::write(&file, &new).unwrap()), (false, true), "truncated");
        let rolled = || {
            std::fs::rename(&file, directory.path().join("m.1")).unwrap();
            std::fs::write(&file, &new).unwrap();
        };
        assert_eq!(found(&rolled), (false, true));
        let removed = || std::fs::remove_file(&file).unwrap();
        assert_eq!(found(&removed), (false, false));
        let mut end = FileEnd::new(file.clone(), &text);
        assert!(end.look().is_err_and(|why| why.contains("m.log")));
        std::fs::write(&file, "UP").unwrap();
        assert!(end.look().is_err());
        std::fs::write(&file, "UP NOW").unwrap();
        assert!(end.look().is_ok(), "a line without its end");
    }
}
