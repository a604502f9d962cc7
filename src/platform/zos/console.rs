//! The operator's console: one thread that only passes commands on, and one that answers.

use super::shim::{self, TakenSignal};
use super::text;
use crate::platform::ebcdic::ibm_1047;
use crate::platform::thread::{self, Stack};
use crate::platform::{AnswerSink, ListenError, OperatorListener, OperatorRequest};
use std::io;
use std::sync::mpsc;

/// An answer on its way: the console that asked and the lines.
type Answer = (shim::Origin, Vec<String>);

/// Delivers operator commands and the signals that the launcher takes.
///
/// # Errors
/// When the system refuses a thread.
pub(super) fn listen(listener: OperatorListener, with_console: bool) -> Result<(), ListenError> {
    signals(OperatorListener::clone(&listener)).map_err(ListenError::Signals)?;
    if !with_console {
        return Ok(());
    }
    let (sender, answers) = mpsc::channel::<Answer>();
    start("answers", move || answers.into_iter().for_each(|(origin, lines)| answer(&origin, &lines))).map_err(ListenError::Console)?;
    start("console", move || {
        loop {
            match shim::console_wait() {
                Ok(shim::ConsoleCommand::Stop) => listener(OperatorRequest::Stop),
                Ok(shim::ConsoleCommand::Modify(text, origin)) => {
                    let answer = Box::new(ToConsole { sender: sender.clone(), origin, lines: Vec::new() });
                    listener(OperatorRequest::Modify { text: command_text(&text), answer, is_asked: false });
                }
                Err(error) => {
                    listener(OperatorRequest::Lost(error.to_string()));
                    return;
                }
            }
        }
    })
    .map_err(ListenError::Console)
}

fn start(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::spawn(name, Stack::Small, run).map(drop)
}

/// The text that the operator typed after APPL=: the system pads it and does not always terminate it.
fn command_text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    ibm_1047(&bytes[..end]).trim_matches(' ').to_owned()
}

fn signals(listener: OperatorListener) -> io::Result<()> {
    // If the system refuses the registration, it announces its shutdown by SIGTERM only.
    let _ = shim::register_danger();
    start("signals", move || {
        // Fails only for an invalid set.
        while let Ok(signal) = shim::signal_wait() {
            listener(match signal {
                TakenSignal::Ending(name) => OperatorRequest::Signal(name),
                TakenSignal::LogRotate => OperatorRequest::LogRotate,
                TakenSignal::Odd(name) => OperatorRequest::OddSignal(name.to_owned()),
            });
        }
    })
}

/// If a console does not take its answer, that is not an error: SYSPRINT has it too.
fn answer(origin: &shim::Origin, lines: &[String]) {
    // Only UID 0 is spared the wrapper for certain, and no started task of Zowe has it.
    let reserved = text::wrapper_columns(&super::name(&shim::user_id()));
    for message in text::answer_messages(lines, reserved) {
        let _ = shim::console_answer(origin, &message);
    }
}

/// Collects the answer to one MODIFY, so that its lines stay together, and passes it on when it is complete.
#[derive(Debug)]
struct ToConsole {
    sender: mpsc::Sender<Answer>,
    origin: shim::Origin,
    lines: Vec<String>,
}

impl AnswerSink for ToConsole {
    fn line(&mut self, text: &str) {
        self.lines.push(text.to_owned());
    }

    fn asker(&self) -> String {
        format!("console id {:08X}", u32::from_be_bytes(self.origin.console_id))
    }
}

impl Drop for ToConsole {
    fn drop(&mut self) {
        if !self.lines.is_empty() {
            // The launcher is at its very end.
            let _ = self.sender.send((self.origin, std::mem::take(&mut self.lines)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::ebcdic::to_ibm_1047;

    #[test]
    fn a_command_is_its_text_without_padding() {
        let mut bytes = to_ibm_1047("START(GATEWAY)  ");
        assert_eq!(command_text(&bytes), "START(GATEWAY)");
        bytes.extend([0, 0xc1]);
        assert_eq!(command_text(&bytes), "START(GATEWAY)");
        assert_eq!(command_text(&[0x40; 128]), "");
    }
}
