//! Panics in threads that the launcher cannot do without: they are reported, not only printed, and the thread goes on.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

/// Called with the text of a fault, on the thread that had it: must not block.
pub type OnFault = Box<dyn Fn(String) + Send>;

/// How often a thread starts again: one that fails every time must end eventually.
const TURNS: usize = 8;

/// The faults of a thread, kept until somebody asks for them.
#[derive(Default)]
pub struct Faults(Mutex<(Option<OnFault>, Vec<String>)>);

impl Faults {
    /// From now on `listener` is told of faults; of earlier ones at once.
    pub fn listen(&self, listener: OnFault) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.1.drain(..).for_each(&listener);
        told.0 = Some(listener);
    }

    /// Does the work of a thread, and repeats it after a panic, so that what it has to do at the end of the run is still done.
    pub fn outlive(&self, thread: &str, mut work: impl FnMut()) {
        for _ in 0..TURNS {
            let Err(panic) = catch_unwind(AssertUnwindSafe(&mut work)) else { return };
            let why = format!("the {thread} thread: {}", text(&*panic));
            let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match &told.0 {
                Some(listener) => listener(why),
                None => told.1.push(why),
            }
        }
    }
}

/// The text of a panic.
pub fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("panic").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_thread_goes_on_after_a_panic_and_whoever_listens_late_is_told_too() {
        let faults = Faults::default();
        let mut turns = 0;
        faults.outlive("test", || {
            turns += 1;
            assert!(turns > 2, "turn {turns}");
        });
        assert_eq!(turns, 3);
        let (sender, told) = mpsc::channel();
        faults.listen(Box::new(move |why| sender.send(why).unwrap()));
        faults.outlive("test", || panic!("for ever"));
        let told: Vec<String> = told.try_iter().collect();
        assert_eq!(told[..2], ["the test thread: turn 1", "the test thread: turn 2"]);
        assert_eq!(told[2..], vec!["the test thread: for ever".to_owned(); TURNS]);
    }

    #[test]
    fn a_panic_of_the_reaper_thread_is_told() {
        use crate::platform::fake::FakePlatform;
        use crate::processes::Processes;
        let platform = FakePlatform::default();
        platform.reaper_fails.store(true, std::sync::atomic::Ordering::SeqCst);
        let processes = Processes::start(std::sync::Arc::new(platform)).unwrap();
        let (sender, told) = mpsc::channel();
        processes.on_fault(Box::new(move |why| sender.send(why).unwrap()));
        let why = told.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
        assert_eq!(why, "the reaper thread: waiting fails");
    }
}
