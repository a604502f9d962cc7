//! A thread beside the owner's for what reads and writes files, takes locks or looks through processes: the prepare step, and what a change
//! reads, judges and configures. It may wait as long as a file system makes it; the owner only hears of the end, and the end of a run waits
//! for none of it.

use super::timing::Timing;
use crate::platform::fault;
use crate::platform::thread::{self, Stack};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, LocalSet};

type Job = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// Is told of a panic of a job.
pub(super) type OnPanic = Arc<dyn Fn(String) + Send + Sync>;

/// The thread.
pub(super) struct Workshop {
    /// None: nothing is done any more.
    jobs: mpsc::UnboundedSender<Option<Job>>,
}

/// A job whose result is wanted until this is dropped; then it is given up at the next point where it waits.
pub(super) struct Wanted(#[expect(dead_code, reason = "its end is what tells")] oneshot::Sender<()>);

impl Workshop {
    /// # Errors
    /// When the system refuses the thread, or its runtime.
    pub(super) fn start(name: &str, timing: Timing, on_panic: OnPanic) -> std::io::Result<Workshop> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (jobs, mut receiver) = mpsc::unbounded_channel::<Option<Job>>();
        thread::spawn(name, Stack::Usual, move || {
            // What is timed is done here.
            let _subscriber = tracing::subscriber::set_default(timing);
            LocalSet::new().block_on(&runtime, async move {
                while let Some(Some(job)) = receiver.recv().await {
                    let (done, on_panic) = (tokio::task::spawn_local(job()), Arc::clone(&on_panic));
                    tokio::task::spawn_local(async move {
                        if let Some(panic) = done.await.err().filter(JoinError::is_panic) {
                            on_panic(format!("a thread beside the owner: {}", fault::text(&*panic.into_panic())));
                        }
                    });
                }
            });
            runtime.shutdown_background();
        })?;
        Ok(Workshop { jobs })
    }

    /// Does something there. Jobs are begun in the order in which they are given, and go on side by side.
    pub(super) fn run<F: Future<Output = ()> + 'static>(&self, job: impl FnOnce() -> F + Send + 'static) -> Wanted {
        let (wanted, unwanted) = oneshot::channel::<()>();
        let job: Job = Box::new(move || {
            let job = job();
            Box::pin(async move {
                tokio::select! {
                    biased;
                    _ = unwanted => {}
                    () = job => {}
                }
            })
        });
        // The thread has ended only if it has panicked, which was told.
        let _ = self.jobs.send(Some(job));
        Wanted(wanted)
    }

    /// The same for what is done to its end in any case.
    pub(super) fn finish<F: Future<Output = ()> + 'static>(&self, job: impl FnOnce() -> F + Send + 'static) {
        // As above.
        let _ = self.jobs.send(Some(Box::new(move || Box::pin(job()))));
    }

    /// The end of a run: what is under way is given up, as soon as it waits. Waits for nothing itself.
    pub(super) fn close(&self) {
        // As above.
        let _ = self.jobs.send(None);
    }
}
