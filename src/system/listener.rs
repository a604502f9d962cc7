//! Operator requests from the control socket of the job.

use super::wire::{
    ACCEPTED, ACCEPTED_CODED, AT_WORK, BUSY, KEEP_ALIVE, Request, encode_end, encode_line, peer_is_allowed, read_any_request,
};
use crate::platform::{AnswerSink, OperatorListener, OperatorRequest};
use nix::libc;
use std::io::{self, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// How long a console may take to send its one line, and to read its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Accepts consoles on one thread and serves each on a thread of its own, so that a slow console delays nobody. One console too many is
/// told that the task is busy; when the system lacks a descriptor or memory for one, it is tried again a moment later.
pub(super) fn control(socket: UnixListener, listener: OperatorListener) -> io::Result<()> {
    std::thread::Builder::new().name("console".to_owned()).stack_size(128 * 1024).spawn(move || {
        let served = Served { now: Arc::default(), most: most_clients() };
        let mut is_short = false;
        loop {
            match socket.accept() {
                Ok((stream, _)) => {
                    is_short = false;
                    served.serve(Arc::new(stream), &listener);
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
    fn serve(&self, stream: Arc<UnixStream>, listener: &OperatorListener) {
        if Arc::strong_count(&self.now) <= self.most {
            let (held, for_thread, listener) = (Arc::clone(&self.now), Arc::clone(&stream), OperatorListener::clone(listener));
            let serve = move || {
                // Whatever goes wrong with the console concerns only the console.
                let _ = try_serve(&for_thread, &listener);
                drop(held);
            };
            if std::thread::Builder::new().name("command".to_owned()).stack_size(128 * 1024).spawn(serve).is_ok() {
                return;
            }
        }
        // One line always fits, and a console that has gone needs no answer.
        let _ = stream.set_nonblocking(true).and_then(|()| (&*stream).write_all(BUSY.as_bytes()));
    }
}

/// One console's one command.
fn try_serve(mut stream: &UnixStream, listener: &OperatorListener) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    if !peer_is_allowed(stream)? {
        return stream.write_all(b"REJECTED not the owner of this system\n");
    }
    let (request, coded) = match read_any_request(stream, PATIENCE) {
        Ok(Some(request)) => request,
        Ok(None) => return Ok(()),
        Err(error) => return writeln!(stream, "REJECTED {error}"),
    };
    let (sender, receiver) = mpsc::channel();
    let answer = Box::new(ToConsole { sender, refused: false });
    // The first line is written before the request is passed on, which cannot fail: a launcher that has nothing to stop is gone before the
    // next line is reached.
    match request {
        Request::Stop => {
            stream.write_all(ACCEPTED.as_bytes())?;
            listener(OperatorRequest::Stop);
            return Ok(());
        }
        Request::Modify(text) => {
            stream.write_all(first_line(coded))?;
            listener(OperatorRequest::Modify { text, answer });
        }
        Request::Await => {
            stream.write_all(first_line(coded))?;
            listener(OperatorRequest::Await(answer));
        }
    }
    relay(stream, coded, &receiver)
}

fn first_line(coded: bool) -> &'static [u8] {
    if coded { ACCEPTED_CODED.as_bytes() } else { ACCEPTED.as_bytes() }
}

/// Writes an answer as it comes. If the owner drops it without an end, it is left without one.
fn relay(mut stream: &UnixStream, coded: bool, answer: &mpsc::Receiver<Part>) -> io::Result<()> {
    loop {
        match answer.recv_timeout(KEEP_ALIVE) {
            Ok(Part::Line(text)) => stream.write_all(encode_line(&text, coded).as_bytes())?,
            Ok(Part::End { accepted }) if coded => return stream.write_all(encode_end(accepted).as_bytes()),
            Err(mpsc::RecvTimeoutError::Timeout) if coded => stream.write_all(AT_WORK.as_bytes())?,
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Ok(Part::End { .. }) | Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

/// What the owner sends to a console.
#[derive(Debug)]
enum Part {
    Line(String),
    End { accepted: bool },
}

/// Passes answer lines to the thread that serves the console, so that the owner task never waits for a socket.
#[derive(Debug)]
struct ToConsole {
    sender: mpsc::Sender<Part>,
    refused: bool,
}

impl AnswerSink for ToConsole {
    fn line(&mut self, text: &str) {
        // The console has gone.
        let _ = self.sender.send(Part::Line(text.to_owned()));
    }

    fn refuse(&mut self) {
        self.refused = true;
    }

    fn complete(self: Box<Self>) {
        let _ = self.sender.send(Part::End { accepted: !self.refused });
    }
}
