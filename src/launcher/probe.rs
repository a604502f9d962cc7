//! Asks components whether they are ready and alive: one task a question, on the owner's thread. What the system offers only as a call that
//! blocks (files, look-ups of names) is done on a thread that nobody waits for at the end. The answers are events to the owner.

use super::prepare::Launched;
use super::{Context, components};
use crate::component::{CommandLine, Probe, ProbeKind, Question};
use crate::config::Environment;
use crate::lifecycle::{Then, startup};
use crate::message;
use crate::net::{self, HttpError, Tls};
use crate::output::AwaitedText;
use std::collections::VecDeque;
use std::fs::Metadata;
use std::io::{Read, Seek, SeekFrom};
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::{AbortHandle, JoinHandle};

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
        ProbeKind::Log { .. } => Way::File(Some(file_end?), Blocking::default()),
        ProbeKind::Tcp { host, port } => Way::Tcp(host.clone(), *port, Blocking::default()),
        ProbeKind::Http { .. } => Way::Http(Box::new(Http::new(probe.kind.clone()))),
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
                        context.output.message(message::probe_not_possible(&launched.component.name, question.key(), &why));
                    }
                    not_asked = Some(why);
                    continue;
                }
            };
            not_asked = None;
            if let Some(verdict) = count.answer(answer) {
                // A line in a file stands there for good.
                let is_final = verdict == Verdict::Good && matches!(way, Way::File(..));
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
    File(Option<FileEnd>, Blocking<Option<(Result<(), String>, FileEnd)>>),
    Tcp(String, u16, LookUp),
    Http(Box<Http>),
    Command(String, Vec<String>),
}

impl Way {
    /// One answer, which is there within the time that it may take.
    async fn ask(&mut self, context: &Context, launched: &Launched, environment: &Environment, timeout: Duration) -> Result<(), NoAnswer> {
        if let Way::Command(file, arguments) = self {
            // Its bound is its own: it ends a command, and does not only turn away from it.
            return command(context, launched, environment, (file, arguments), timeout).await;
        }
        match tokio::time::timeout(timeout, self.ask_without_bound(launched)).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(format!("{}: no answer within {} s", self.whom(), timeout.as_secs()).into()),
        }
    }

    /// May be dropped at any time: what it has begun on a thread is asked for again the next time.
    async fn ask_without_bound(&mut self, launched: &Launched) -> Result<(), String> {
        match self {
            Way::File(end, reading) => {
                let taken = end.take();
                let look = move || taken.map(|mut taken| (taken.look(), taken));
                let (found, taken) = reading.run(look).await?.ok_or("the file cannot be read any more")?;
                *end = Some(taken);
                found
            }
            Way::Tcp(host, port, look_up) => connect(&addresses(host, *port, look_up).await?).await,
            Way::Http(http) => http.get(launched).await,
            Way::Command(..) => Ok(()),
        }
    }

    fn whom(&self) -> String {
        match self {
            Way::File(Some(end), _) => end.file.display().to_string(),
            Way::File(None, _) => "the file".to_owned(),
            Way::Tcp(host, port, _) => format!("{}:{port}", net::url_host(host)),
            Way::Http(http) => http.url(),
            Way::Command(file, _) => file.clone(),
        }
    }
}

/// Work that may block, on a thread of its own. Work that goes on beyond its time is waited for again, never begun twice: a system that
/// does not answer costs one thread a question.
struct Blocking<T>(Option<JoinHandle<T>>);

impl<T> Default for Blocking<T> {
    fn default() -> Self {
        Blocking(None)
    }
}

impl<T: Send + 'static> Blocking<T> {
    async fn run(&mut self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
        let done = self.0.get_or_insert_with(|| tokio::task::spawn_blocking(work)).await;
        self.0 = None;
        done.map_err(|error| error.to_string())
    }
}

type LookUp = Blocking<std::io::Result<Vec<SocketAddr>>>;

async fn addresses(host: &str, port: u16, look_up: &mut LookUp) -> Result<Vec<SocketAddr>, String> {
    let name = host.to_owned();
    let found = look_up.run(move || Ok((name.as_str(), port).to_socket_addrs()?.collect::<Vec<_>>())).await?;
    let found = found.map_err(|error| format!("{host}: {error}"))?;
    if found.is_empty() { Err(format!("{host} has no address")) } else { Ok(found) }
}

async fn connect(addresses: &[SocketAddr]) -> Result<(), String> {
    let mut why = String::new();
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(_) => return Ok(()),
            Err(error) => why = format!("{address}: {error}"),
        }
    }
    Err(why)
}

/// A GET, and what is known from the one before.
struct Http {
    kind: ProbeKind,
    look_up: LookUp,
    reading: Blocking<Result<Tls, HttpError>>,
    /// Stores are read once.
    tls: Option<Tls>,
}

impl Http {
    fn new(kind: ProbeKind) -> Http {
        Http { kind, look_up: Blocking::default(), reading: Blocking::default(), tls: None }
    }

    fn url(&self) -> String {
        let ProbeKind::Http { secure, host, port, path, .. } = &self.kind else { return String::new() };
        format!("{}://{}:{port}{path}", if *secure { "https" } else { "http" }, net::url_host(host))
    }

    // Without HTTP there is nothing after the trust.
    #[cfg_attr(not(feature = "http"), allow(unused_variables))]
    async fn get(&mut self, launched: &Launched) -> Result<(), String> {
        let url = self.url();
        let ProbeKind::Http { secure, host, port, status, .. } = &self.kind else { return Ok(()) };
        let failed = |error: HttpError| format!("{url}: {error}");
        let tls = match &self.tls {
            Some(tls) => tls.clone(),
            None => {
                let (instance, secure) = (Arc::clone(&launched.instance), *secure);
                let read = move || net::tls(&if secure { startup::server_trust(&instance.configuration) } else { net::Trust::Unchecked });
                self.tls.insert(self.reading.run(read).await?.map_err(failed)?).clone()
            }
        };
        let addresses = addresses(host, *port, &mut self.look_up).await?;
        // The bound is that of the whole question.
        let request = net::Request { addresses, ..net::Request::new(url.clone(), Duration::MAX, net::Trust::Unchecked) };
        let found = net::get_over(&request, tls).await.map_err(failed)?.status;
        let good = status.map_or((200..400).contains(&found), |wanted| wanted == found);
        if good { Ok(()) } else { Err(format!("{url} answered {found}")) }
    }
}

async fn command(
    context: &Context,
    launched: &Launched,
    environment: &Environment,
    (file, arguments): (&str, &[String]),
    timeout: Duration,
) -> Result<(), NoAnswer> {
    let file = launched.component.script("its command", file).map_err(|error| NoAnswer::NotAsked(error.to_string()))?;
    let command = CommandLine { file, arguments: arguments.to_vec() };
    let script = components::script_of(context, &launched.instance, &launched.component, command, Then::Nothing);
    let run = context.runner.run_collecting(&script, environment, timeout);
    let (finished, _) = run.await.map_err(|error| NoAnswer::NotAsked(error.to_string()))?;
    match finished {
        finished if finished.timed_out => Err(format!("the command did not end within {} s", timeout.as_secs()).into()),
        finished if finished.status.success() => Ok(()),
        finished => Err(format!("the command ended with {}", finished.status.end).into()),
    }
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
    texts: Vec<AwaitedText>,
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
        let texts = texts.iter().filter_map(|text| AwaitedText::new(text)).collect();
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
