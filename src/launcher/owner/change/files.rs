//! The files of the workspace, which components read: they say what runs. A change writes them before anything is judged by them, those of
//! components that run on excepted: they have what they were started with. One that is not made has those of before written again.

use crate::launcher::components;
use crate::launcher::run::{Context, Generation};
use crate::lifecycle::workspace::WorkspaceError;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Whose files the workspace holds: those of the last entry. Below it are those that it would go back to; several changes may be under way.
pub(in super::super) struct Files(Mutex<Vec<Entry>>);

struct Entry {
    change: u64,
    generation: Arc<Generation>,
    /// The components that it is not about.
    left: Arc<HashSet<String>>,
}

impl Files {
    /// The prepare step has written those of the start.
    pub(super) fn new(generation: Arc<Generation>) -> Files {
        Files(Mutex::new(vec![Entry { change: 0, generation, left: Arc::default() }]))
    }

    /// Writes the files of a change, except those of the components that it leaves as they are.
    ///
    /// # Errors
    /// The first file that fails. [`Files::withdraw`] is to be called then too.
    pub(super) async fn write(
        &self,
        context: &Arc<Context>,
        change: u64,
        generation: Arc<Generation>,
        left: Arc<HashSet<String>>,
    ) -> Result<(), WorkspaceError> {
        let mut stack = self.0.lock().await;
        stack.push(Entry { change, generation: Arc::clone(&generation), left: Arc::clone(&left) });
        components::write_workspace(context, &generation.instance, &generation.survey, left).await
    }

    /// The change was made: there is no way back to what was before.
    pub(super) async fn accept(&self, change: u64) {
        let mut stack = self.0.lock().await;
        if let Some(position) = stack.iter().position(|entry| entry.change == change) {
            stack.drain(..position);
        }
    }

    /// The change is not made: the files of before again, or of another change that has written its own since.
    ///
    /// # Errors
    /// The first file that fails.
    pub(super) async fn withdraw(&self, context: &Arc<Context>, change: u64) -> Result<(), WorkspaceError> {
        let mut stack = self.0.lock().await;
        let Some(position) = stack.iter().position(|entry| entry.change == change) else { return Ok(()) };
        let left = stack.remove(position).left;
        let Some(Entry { generation, .. }) = stack.last() else { return Ok(()) };
        components::write_workspace(context, &generation.instance, &generation.survey, left).await
    }
}
