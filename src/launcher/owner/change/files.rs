//! The files of the workspace, which components read: they say what runs. A change writes them before anything is judged by them; one that
//! is not made has those of before written again.

use crate::launcher::components;
use crate::launcher::run::{Context, Generation};
use crate::lifecycle::workspace::WorkspaceError;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Whose files the workspace holds: those of the last entry. Below it are those that it would go back to; several changes may be under way.
pub(in super::super) struct Files(Mutex<Vec<(u64, Arc<Generation>)>>);

impl Files {
    /// The prepare step has written those of the start.
    pub(super) fn new(generation: Arc<Generation>) -> Files {
        Files(Mutex::new(vec![(0, generation)]))
    }

    /// Writes the files of a change.
    ///
    /// # Errors
    /// The first file that fails. [`Files::withdraw`] is to be called then too.
    pub(super) async fn write(&self, context: &Arc<Context>, change: u64, generation: Arc<Generation>) -> Result<(), WorkspaceError> {
        let mut stack = self.0.lock().await;
        stack.push((change, Arc::clone(&generation)));
        components::write_workspace(context, &generation.instance, &generation.survey).await
    }

    /// The change was made: there is no way back to what was before.
    pub(super) async fn accept(&self, change: u64) {
        let mut stack = self.0.lock().await;
        if let Some(position) = stack.iter().position(|(id, _)| *id == change) {
            stack.drain(..position);
        }
    }

    /// The change is not made: the files of before again, unless another change has written its own since.
    ///
    /// # Errors
    /// The first file that fails.
    pub(super) async fn withdraw(&self, context: &Arc<Context>, change: u64) -> Result<(), WorkspaceError> {
        let mut stack = self.0.lock().await;
        let was_last = stack.last().is_some_and(|(id, _)| *id == change);
        stack.retain(|(id, _)| *id != change);
        match stack.last() {
            Some((_, before)) if was_last => components::write_workspace(context, &before.instance, &before.survey).await,
            _ => Ok(()),
        }
    }
}
