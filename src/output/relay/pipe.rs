//! A component's pipe.

use crate::output::log_file::LogFile;
use crate::output::partial::Partial;
use crate::output::pattern::Matcher;
use crate::output::rate::Rate;
use crate::output::tail::Tail;
use crate::output::{Counts, PipeId, Watch};
use crate::platform::Pid;
use crate::platform::code_page::Transcoder;
use mio::unix::pipe::Receiver;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// A component's pipe and what is done with its lines.
pub(super) struct Pipe {
    pub(super) id: PipeId,
    pub(super) component: String,
    pub(super) pid: Option<Pid>,
    pub(super) receiver: Receiver,
    pub(super) partial: Partial,
    /// Present where programs may write IBM-1047.
    pub(super) transcoder: Option<Transcoder>,
    /// It is known to hold data: the selector reports that only once.
    pub(super) ready: bool,
    /// Enlarged, if the system allows it.
    pub(super) enlarged: bool,
    /// Its component has ended and its last lines are not needed any more.
    pub(super) drained: bool,
    pub(super) matcher: Rc<Matcher>,
    pub(super) watch: Option<Watch>,
    /// Which of the watched texts have been reported.
    pub(super) reported: Vec<bool>,
    pub(super) log: Option<Rc<RefCell<LogFile>>>,
    pub(super) rate: Rate,
    pub(super) tail: Tail,
    pub(super) counts: Arc<Counts>,
    /// When its unfinished line will be shown, if nothing comes before that.
    pub(super) silent_at: Option<Duration>,
}
