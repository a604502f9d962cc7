//! Commands whose output is relayed: as it comes, or, of several that run side by side, from the turn of each on.

use super::{Finished, Runner, ScriptError, after};
use crate::config::Environment;
use crate::lifecycle::script::Script;
use crate::output::{Attachment, Output, PipeId};
use crate::platform::unix;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

impl Runner {
    /// Runs a command to its end; its output is relayed as it comes.
    ///
    /// # Errors
    /// [`ScriptError`].
    pub async fn run_relaying(&self, name: &str, script: &Script, environment: &Environment) -> Result<Finished, ScriptError> {
        let run = async {
            self.check_not_ending()?;
            self.run_relaying_within(name, script, environment, None).await
        };
        run.await.map_err(|why| ScriptError::of(script, why))
    }

    pub(super) async fn run_relaying_within(
        &self,
        name: &str,
        script: &Script,
        environment: &Environment,
        bound: Option<Duration>,
    ) -> io::Result<Finished> {
        let (finished, mut unsaid) = self.relay_in_turn(name, script, environment, bound, std::future::ready(())).await?;
        // It may have ended before anything else was done.
        unsaid.relay();
        Ok(finished)
    }

    /// Runs a command to its end, or until `bound` is over. From its turn on, its output is relayed as it comes. Before that, the output
    /// stays in its pipe: a command that has filled the pipe waits, so that nothing is lost and little is kept. As it cannot help that,
    /// its `bound` then begins with its turn. Also returns the rest of the output.
    ///
    /// # Errors
    /// [`ScriptError`].
    pub async fn run_in_turn(
        &self,
        name: &str,
        script: &Script,
        environment: &Environment,
        bound: Duration,
        turn: impl Future<Output = ()>,
    ) -> Result<(Finished, Unsaid), ScriptError> {
        let run = async {
            self.check_not_ending()?;
            self.relay_in_turn(name, script, environment, Some(bound), turn).await
        };
        run.await.map_err(|why| ScriptError::of(script, why))
    }

    async fn relay_in_turn(
        &self,
        name: &str,
        script: &Script,
        environment: &Environment,
        bound: Option<Duration>,
        turn: impl Future<Output = ()>,
    ) -> io::Result<(Finished, Unsaid)> {
        let (reader, writer) = self.platform.output_pipe()?;
        let mut unsaid = Unsaid { output: self.output.clone(), name: name.to_owned(), held: Some(reader), relayed: None };
        let ended = self.spawn_script(script, environment, writer.as_fd());
        let begun = tokio::time::Instant::now();
        let relayed = &mut unsaid;
        let time_is_over = async move {
            let mut turn = std::pin::pin!(turn);
            let in_time = tokio::select! {
                biased;
                () = &mut turn => true,
                () = after(bound) => false,
            };
            // Nobody has read it yet: once it is full, it stays full.
            let was_held_back = unix::process::is_full(writer.as_fd());
            // Only the command has the other end now, and closes it by ending.
            drop(writer);
            if !in_time {
                if !was_held_back {
                    return;
                }
                turn.await;
            }
            relayed.relay();
            let spent = if was_held_back { Duration::ZERO } else { begun.elapsed() };
            after(bound.map(|bound| bound.saturating_sub(spent))).await;
        };
        let finished = self.wait(ended, time_is_over).await?;
        Ok((finished, unsaid))
    }
}

/// The output of a command. Dropping it relays what is left before anything that is said later; but where the command's turn has not come,
/// nothing is shown of it.
pub struct Unsaid {
    output: Output,
    name: String,
    held: Option<OwnedFd>,
    relayed: Option<PipeId>,
}

impl Unsaid {
    /// Relays what has come, and from now on what comes.
    pub fn relay(&mut self) {
        if let Some(pipe) = self.held.take() {
            self.relayed = Some(self.output.attach(&self.name, pipe, Attachment::default()));
        }
    }
}

impl Drop for Unsaid {
    fn drop(&mut self) {
        if let Some(pipe) = self.relayed {
            self.output.drain(pipe);
        }
    }
}
