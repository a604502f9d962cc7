//! What the operator's console has not taken is counted, and said.

use crate::message::{self, Message};
use crate::output::wto;
use crate::platform::Platform;
use std::sync::Arc;
use std::time::Duration;

/// How long after a failure it is tried again when there is nothing new to write.
const RETRY: Duration = Duration::from_secs(5);

/// Lines that the console has not taken since it last took one.
struct Lost {
    count: u64,
    why: String,
    /// SYSPRINT has been told that it has begun.
    told: bool,
    due: Duration,
}

pub(super) struct Console {
    platform: Arc<dyn Platform>,
    lost: Option<Lost>,
    /// For SYSPRINT.
    news: Vec<Message>,
}

impl Console {
    pub(super) fn new(platform: Arc<dyn Platform>) -> Console {
        Console { platform, lost: None, news: Vec::new() }
    }

    /// Writes a text to the console, after the count of those that are missing before it. `now` is the time since any fixed point.
    pub(super) fn wto(&mut self, text: &str, now: Duration) {
        let written = self.tell_lost().and_then(|()| self.platform.wto(text));
        if let Err(error) = written {
            let lost = self.lost.get_or_insert_with(|| Lost { count: 0, why: String::new(), told: false, due: Duration::ZERO });
            (lost.count, lost.why, lost.due) = (lost.count + 1, error.to_string(), now + RETRY);
        }
    }

    /// When it is to be tried again.
    pub(super) fn due(&self) -> Option<Duration> {
        self.lost.as_ref().map(|lost| lost.due)
    }

    /// Says on the console how many lines are missing, if it takes something again.
    pub(super) fn try_again(&mut self, now: Duration) {
        if self.due().is_some_and(|due| due <= now) {
            if let (Err(error), Some(lost)) = (self.tell_lost(), &mut self.lost) {
                (lost.why, lost.due) = (error.to_string(), now + RETRY);
            }
        }
    }

    fn tell_lost(&mut self) -> std::io::Result<()> {
        let Some(lost) = &self.lost else { return Ok(()) };
        let message = message::console_lines_not_written(lost.count, &lost.why);
        self.platform.wto(&wto::unconditional(message.text()))?;
        self.lost = None;
        self.news.push(message);
        Ok(())
    }

    /// The last attempt; if it fails, SYSPRINT is told how many lines are lost.
    pub(super) fn close(&mut self) {
        if self.tell_lost().is_err() {
            let lost = self.lost.take();
            self.news.extend(lost.map(|lost| message::console_lines_not_written(lost.count, lost.why)));
        }
    }

    /// What SYSPRINT is to be told since the last call.
    pub(super) fn news(&mut self) -> Vec<Message> {
        if let Some(lost) = self.lost.as_mut().filter(|lost| !lost.told) {
            lost.told = true;
            self.news.push(message::console_lines_not_written(lost.count, &lost.why));
        }
        std::mem::take(&mut self.news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::fake::FakePlatform;
    use std::sync::atomic::Ordering;

    #[test]
    fn what_is_lost_is_said_when_it_begins_and_when_it_is_over() {
        let platform = Arc::new(FakePlatform::default());
        let mut console = Console::new(Arc::clone(&platform) as Arc<dyn Platform>);
        let texts = |news: Vec<Message>| news.iter().map(|message| message.text().chars().take(20).collect()).collect::<Vec<String>>();
        console.wto("one", Duration::ZERO);
        platform.console_is_full.store(true, Ordering::SeqCst);
        console.wto("two", Duration::ZERO);
        assert_eq!(texts(console.news()), ["ZWEL0941W 1 lines fo"]);
        console.wto("three", Duration::ZERO);
        assert_eq!((texts(console.news()).len(), console.due()), (0, Some(RETRY)), "once");
        console.try_again(RETRY);
        assert_eq!((texts(console.news()).len(), console.due()), (0, Some(2 * RETRY)));
        platform.console_is_full.store(false, Ordering::SeqCst);
        console.wto("four", RETRY);
        assert_eq!((texts(console.news()), console.due()), (vec!["ZWEL0941W 2 lines fo".to_owned()], None));
        let shown: Vec<String> = platform.wtos().iter().map(|text| text.chars().take(17).collect()).collect();
        assert_eq!(shown, ["one", "ZWEL0941W 2 lines", "four"]);
        platform.console_is_full.store(true, Ordering::SeqCst);
        console.wto("five", RETRY);
        console.close();
        assert_eq!(texts(console.news()), ["ZWEL0941W 1 lines fo"]);
    }
}
