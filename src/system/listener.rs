//! Operator requests from the control socket of the job.

use super::wire::{ACCEPTED, ACCEPTED_CODED, AT_WORK, BUSY, KEEP_ALIVE, Request, encode_end, encode_line, read_any_request};
use super::{Kept, Maker};
use crate::platform::thread::{self, Stack};
use crate::platform::{AnswerSink, OperatorListener, OperatorRequest};
use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{MsgFlags, recv, send};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// How long a console may take to send its one line, and to read its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Accepts consoles on one thread; one that has not sent its line yet is served on a thread of its own, so that a slow console delays
/// nobody. One console too many is
/// told that the task is busy; when the system lacks a descriptor or memory for one, it is tried again a moment later.
pub(super) fn control(mut socket: Kept, listener: OperatorListener) -> io::Result<()> {
    thread::spawn("console", Stack::Small, move || {
        let served = Served { now: Arc::default(), most: most_clients() };
        let mut is_short = false;
        loop {
            // A socket that was swept away is made anew, and said.
            match socket.accept(&mut |what| listener(OperatorRequest::Delayed(what))) {
                Ok(stream) => {
                    is_short = false;
                    served.serve(stream, socket.maker(), &listener);
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted) => {}
                Err(error) if error.raw_os_error().is_some_and(|number| SHORTAGES.contains(&number)) => {
                    // Reported once: the connection stays in the queue, and is tried again until it is accepted.
                    if !std::mem::replace(&mut is_short, true) {
                        listener(OperatorRequest::Delayed(error.to_string()));
                    }
                    std::thread::sleep(PAUSE);
                }
                Err(error) => {
                    listener(OperatorRequest::Lost(error.to_string()));
                    return;
                }
            }
        }
    })?;
    Ok(())
}

/// Errors of accept that do not concern the socket and are temporary.
const SHORTAGES: [i32; 4] = [libc::EMFILE, libc::ENFILE, libc::ENOMEM, libc::ENOBUFS];

/// Between two attempts to accept during a shortage.
const PAUSE: Duration = Duration::from_millis(100);

/// The most consoles served at once: a quarter of the descriptors that the process may have, because the components' pipes need descriptors
/// as well.
fn most_clients() -> usize {
    const MOST: u64 = 256;
    let descriptors = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE);
    let quarter = descriptors.map_or(MOST, |(soft, _)| soft / 4);
    usize::try_from(quarter.clamp(1, MOST)).unwrap_or(1)
}

/// The consoles that are being served: as many as there are clones of `now`.
struct Served {
    now: Arc<()>,
    most: usize,
}

impl Served {
    fn serve(&self, stream: UnixStream, maker: Maker, listener: &OperatorListener) {
        let stream = Arc::new(stream);
        if Arc::strong_count(&self.now) <= self.most {
            let console = Console { stream: Arc::clone(&stream), _held: Arc::clone(&self.now) };
            let listener = OperatorListener::clone(listener);
            let serve = move || {
                // Whatever goes wrong with the console concerns only the console.
                let _ = console.serve(maker, &listener);
            };
            // Most consoles have sent their line by now: each thread more on its way is one more that a busy machine lets wait.
            if has_line(&stream) {
                return serve();
            }
            if thread::spawn("command", Stack::Small, serve).is_ok() {
                return;
            }
        }
        // One line always fits, and a console that has gone needs no answer.
        let _ = stream.set_nonblocking(true).and_then(|()| (&*stream).write_all(BUSY.as_bytes()));
    }
}

/// Whether a whole line can be read without waiting.
fn has_line(stream: &UnixStream) -> bool {
    let mut text = [0; COMMAND_BYTES];
    let length = recv(stream.as_raw_fd(), &mut text, MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT).unwrap_or_default();
    text[..length].contains(&b'\n')
}

/// A line of a command is no longer than this.
const COMMAND_BYTES: usize = 1024;

/// One console that is being served.
#[derive(Debug)]
struct Console {
    stream: Arc<UnixStream>,
    _held: Arc<()>,
}

impl Console {
    /// Passes its one command on. What is answered is written by whoever answers.
    fn serve(self, maker: Maker, listener: &OperatorListener) -> io::Result<()> {
        let mut stream = &*self.stream;
        stream.set_write_timeout(Some(PATIENCE))?;
        if !maker.allows(stream)? {
            return stream.write_all(b"REJECTED not the owner of this system\n");
        }
        let (request, coded) = match read_any_request(stream, PATIENCE) {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            Err(error) => return writeln!(stream, "REJECTED {error}"),
        };
        // The first line is written before the request is passed on, which cannot fail: a launcher that has nothing to stop is gone before
        // the next line is reached.
        let first = if coded && request != Request::Stop { ACCEPTED_CODED } else { ACCEPTED };
        stream.write_all(first.as_bytes())?;
        let asker = asker(stream);
        let answer =
            || Box::new(ToConsole { way: AnswerWay::Collected { console: self, text: String::new() }, coded, refused: false, asker });
        listener(match request {
            Request::Stop => OperatorRequest::Stop,
            Request::Modify(text) => OperatorRequest::Modify { text, answer: answer(), is_asked: false },
            Request::Ask(text) => OperatorRequest::Modify { text, answer: answer(), is_asked: true },
            Request::Await => {
                let mut answer = answer();
                answer.pause();
                OperatorRequest::Await(answer)
            }
        });
        Ok(())
    }

    /// Writes the end of an answer without waiting; what a console does not take at once is written by a thread.
    fn finish(self, text: String) {
        let taken = send(self.stream.as_raw_fd(), text.as_bytes(), MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL);
        let rest = match taken {
            Ok(length) if length == text.len() => return,
            Ok(length) => length,
            Err(Errno::EAGAIN | Errno::EINTR) => 0,
            // It has gone.
            Err(_) => return,
        };
        // Without a thread the answer breaks off, and the console sees that.
        let _ = thread::spawn("command", Stack::Small, move || (&*self.stream).write_all(&text.as_bytes()[rest..]));
    }
}

/// The process at the other end.
fn asker(stream: &UnixStream) -> String {
    match (super::wire::peer_user(stream), super::wire::peer_pid(stream)) {
        (Ok(user), Some(pid)) => format!("uid {user}, process {pid}"),
        (Ok(user), None) => format!("uid {user}"),
        (Err(_), _) => String::new(),
    }
}

/// Writes an answer as it comes. If the owner drops it without an end, it is left without one.
fn relay(console: &Console, coded: bool, answer: &mpsc::Receiver<String>) -> io::Result<()> {
    let mut stream = &*console.stream;
    loop {
        match answer.recv_timeout(KEEP_ALIVE) {
            Ok(mut text) => {
                text.extend(answer.try_iter());
                stream.write_all(text.as_bytes())?;
            }
            Err(mpsc::RecvTimeoutError::Timeout) if coded => stream.write_all(AT_WORK.as_bytes())?,
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

/// How an answer reaches its console. The owner task never waits for a socket.
#[derive(Debug)]
enum AnswerWay {
    /// It is soon complete, and is written in one piece then.
    Collected {
        console: Console,
        text: String,
    },
    /// It takes its time: a thread writes it line by line, and says that the job is at work.
    Relayed(mpsc::Sender<String>),
    Over,
}

/// The answer to a console.
#[derive(Debug)]
struct ToConsole {
    way: AnswerWay,
    coded: bool,
    refused: bool,
    asker: String,
}

impl ToConsole {
    fn write(&mut self, more: &str) {
        match &mut self.way {
            AnswerWay::Collected { text, .. } => text.push_str(more),
            // The console has gone.
            AnswerWay::Relayed(sender) => drop(sender.send(more.to_owned())),
            AnswerWay::Over => {}
        }
    }
}

impl AnswerSink for ToConsole {
    fn line(&mut self, text: &str) {
        self.write(&encode_line(text, self.coded));
    }

    fn refuse(&mut self) {
        self.refused = true;
    }

    fn asker(&self) -> String {
        self.asker.clone()
    }

    fn pause(&mut self) {
        self.way = match std::mem::replace(&mut self.way, AnswerWay::Over) {
            AnswerWay::Collected { console, text } => {
                let (sender, receiver) = mpsc::channel();
                let coded = self.coded;
                let (for_thread, kept) = (Console { stream: Arc::clone(&console.stream), _held: Arc::clone(&console._held) }, console);
                match thread::spawn("command", Stack::Small, move || relay(&for_thread, coded, &receiver)) {
                    Ok(_) => {
                        // The thread lives as long as this.
                        let _ = sender.send(text);
                        AnswerWay::Relayed(sender)
                    }
                    // Then all of it comes at the end.
                    Err(_) => AnswerWay::Collected { console: kept, text },
                }
            }
            way => way,
        };
    }

    fn complete(mut self: Box<Self>) {
        if self.coded {
            self.write(encode_end(!self.refused));
        }
    }
}

impl Drop for ToConsole {
    fn drop(&mut self) {
        if let AnswerWay::Collected { console, text } = std::mem::replace(&mut self.way, AnswerWay::Over) {
            console.finish(text);
        }
    }
}
