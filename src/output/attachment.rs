//! What else is done with a component's lines besides relaying them.

use super::{LogSettings, PipeId};
use crate::platform::Pid;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much a component has written, over all its processes.
#[derive(Debug, Default)]
pub struct Counts {
    lines: AtomicU64,
    bytes: AtomicU64,
}

impl Counts {
    /// Lines, and bytes as they were written.
    pub fn get(&self) -> (u64, u64) {
        (self.lines.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    pub(super) fn add_lines(&self, lines: usize) {
        self.lines.fetch_add(lines as u64, Ordering::Relaxed);
    }

    pub(super) fn add_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// Texts that a component's lines are searched for, in the same pass as for zowe.sysMessages.
#[derive(Clone)]
pub struct Watch {
    /// Case-sensitive; `*` matches anything within the line. A text that every line would match is ignored.
    pub texts: Vec<String>,
    /// Whole lines that must not count: they come from multi-line values of the component's own variables.
    pub echoes: Vec<String>,
    /// Called on the relay thread with the index of a text when the first line that matches it has come, once for each text, so that a
    /// flood of such lines does not cause a flood of calls. It must not block.
    pub matched: Arc<dyn Fn(PipeId, usize) + Send + Sync>,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Watch").field("texts", &self.texts).finish_non_exhaustive()
    }
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Attachment {
    /// Readiness and fatal messages, for instance.
    pub watch: Option<Watch>,
    /// The component's own log file.
    pub log: Option<LogSettings>,
    /// The process that writes, if it is a process.
    pub pid: Option<Pid>,
    pub counts: Arc<Counts>,
}
