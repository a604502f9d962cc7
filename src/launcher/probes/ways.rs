//! The ways in which a component is asked. What the system offers only as a call that blocks (files, look-ups of names) is done on a thread
//! that nobody waits for at the end.

use super::super::environment;
use super::super::run::{Context, Launched, script_of};
use super::file_end::FileEnd;
use super::no_answer::NoAnswer;
use crate::component::{CommandLine, ProbeKind};
use crate::config::Environment;
use crate::lifecycle::{Script, Then, startup};
use crate::net::{self, HttpError, Tls};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::{JoinError, JoinHandle};

/// How a component is asked.
pub(super) enum Way {
    /// None while a thread has it.
    File(Option<FileEnd>, Blocking<Option<(Result<(), NoAnswer>, FileEnd)>>),
    Tcp(String, u16, LookUp),
    Http(Box<Http>),
    Command(AskingCommand),
}

/// A command that asks. What it needs is read on a thread of its own; its environment once.
pub(super) struct AskingCommand {
    pub(super) file: String,
    pub(super) arguments: Vec<String>,
    environment: Option<Arc<Environment>>,
    reading: Blocking<Result<(Script, Arc<Environment>), NoAnswer>>,
}

impl AskingCommand {
    pub(super) fn new(file: String, arguments: Vec<String>) -> AskingCommand {
        AskingCommand { file, arguments, environment: None, reading: Blocking::default() }
    }

    async fn ask(&mut self, context: &Arc<Context>, launched: &Launched, timeout: Duration) -> Result<(), NoAnswer> {
        let (of_thread, launched, known) = (Arc::clone(context), launched.clone(), self.environment.clone());
        let (file, arguments) = (self.file.clone(), self.arguments.clone());
        let read = move || {
            let file = launched.component.script("its command", &file).map_err(NoAnswer::NoCommand)?;
            let command = CommandLine { file, arguments };
            let script = script_of(&of_thread, &launched.instance, &launched.component, command, Then::Nothing);
            Ok((script, known.unwrap_or_else(|| Arc::new(environment::whole(&of_thread, &launched)))))
        };
        let (script, environment) = self.reading.run(read).await??;
        let run = context.runner.run_unheard(&script, self.environment.insert(environment), timeout);
        let finished = run.await.map_err(NoAnswer::NotRun)?;
        match finished {
            finished if finished.timed_out => Err(NoAnswer::CommandLate(timeout.as_secs())),
            finished if finished.status.success() => Ok(()),
            finished => Err(NoAnswer::CommandFailed(finished.status.end)),
        }
    }
}

impl Way {
    /// One answer, which is there within the time that it may take.
    pub(super) async fn ask(&mut self, context: &Arc<Context>, launched: &Launched, timeout: Duration) -> Result<(), NoAnswer> {
        if let Way::Command(command) = self {
            // Its bound is its own: it ends a command, and does not only turn away from it.
            return command.ask(context, launched, timeout).await;
        }
        match tokio::time::timeout(timeout, self.ask_without_bound(launched)).await {
            Ok(answer) => answer,
            Err(_) => Err(NoAnswer::Late { whom: self.whom(), seconds: timeout.as_secs() }),
        }
    }

    /// May be dropped at any time: what it has begun on a thread is asked for again the next time.
    async fn ask_without_bound(&mut self, launched: &Launched) -> Result<(), NoAnswer> {
        match self {
            Way::File(end, reading) => {
                let taken = end.take();
                let look = move || taken.map(|mut taken| (taken.look(), taken));
                let (found, taken) = reading.run(look).await?.ok_or(NoAnswer::FileLost)?;
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
            Way::File(Some(end), _) => end.file().display().to_string(),
            Way::File(None, _) => "the file".to_owned(),
            Way::Tcp(host, port, _) => format!("{}:{port}", net::url_host(host)),
            Way::Http(http) => http.url(),
            Way::Command(command) => command.file.clone(),
        }
    }
}

/// Work that may block, on a thread of its own. Work that goes on beyond its time is waited for again, never begun twice: a system that
/// does not answer costs one thread a question.
pub(super) struct Blocking<T>(Option<JoinHandle<T>>);

impl<T> Default for Blocking<T> {
    fn default() -> Self {
        Blocking(None)
    }
}

impl<T: Send + 'static> Blocking<T> {
    async fn run(&mut self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
        let done = self.0.get_or_insert_with(|| tokio::task::spawn_blocking(work)).await;
        self.0 = None;
        done
    }
}

pub(super) type LookUp = Blocking<io::Result<Vec<SocketAddr>>>;

async fn addresses(host: &str, port: u16, look_up: &mut LookUp) -> Result<Vec<SocketAddr>, NoAnswer> {
    let name = host.to_owned();
    let found = look_up.run(move || Ok((name.as_str(), port).to_socket_addrs()?.collect::<Vec<_>>())).await?;
    let found = found.map_err(|source| NoAnswer::NotFound { host: host.to_owned(), source })?;
    if found.is_empty() { Err(NoAnswer::NoAddress(host.to_owned())) } else { Ok(found) }
}

/// Some address takes a connection; else why the last does not.
async fn connect(addresses: &[SocketAddr]) -> Result<(), NoAnswer> {
    let mut result = Ok(());
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(_) => return Ok(()),
            Err(source) => result = Err(NoAnswer::Refused { address: *address, source }),
        }
    }
    result
}

/// A GET, and what is known from the one before.
pub(super) struct Http {
    kind: ProbeKind,
    look_up: LookUp,
    reading: Blocking<Result<Tls, HttpError>>,
    /// Stores are read once.
    tls: Option<Tls>,
}

impl Http {
    pub(super) fn new(kind: ProbeKind) -> Http {
        Http { kind, look_up: Blocking::default(), reading: Blocking::default(), tls: None }
    }

    fn url(&self) -> String {
        let ProbeKind::Http { secure, host, port, path, .. } = &self.kind else { return String::new() };
        format!("{}://{}:{port}{path}", if *secure { "https" } else { "http" }, net::url_host(host))
    }

    // Without HTTP there is nothing after the trust.
    #[cfg_attr(not(feature = "http"), allow(unused_variables))]
    async fn get(&mut self, launched: &Launched) -> Result<(), NoAnswer> {
        let url = self.url();
        let ProbeKind::Http { secure, host, port, status, .. } = &self.kind else { return Ok(()) };
        let failed = |source: HttpError| NoAnswer::Http { url: url.clone(), source };
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
        // Nor is the body needed.
        let request = net::Request { addresses, body_limit: 0, ..net::Request::new(url.clone(), Duration::MAX, net::Trust::Unchecked) };
        let net::Response { status: found, not_judged, .. } = net::get_over(&request, tls).await.map_err(failed)?;
        match (status.map_or((200..400).contains(&found), |wanted| wanted == found), not_judged) {
            (true, None) => Ok(()),
            (true, Some(why)) => Err(failed(HttpError::NotJudged(why))),
            (false, _) => Err(NoAnswer::Status { url, found }),
        }
    }
}
