//! What only the components' own validate commands can tell, with the files of the new configuration in the workspace.

use super::Files;
use crate::component::Component;
use crate::launcher::components;
use crate::launcher::run::{Context, Generation, Judged};
use crate::message::{self, Severity};
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::oneshot;

pub(super) struct Request {
    pub(super) id: u64,
    pub(super) generation: Arc<Generation>,
    /// Those that change, all down, and what tells that one is not wanted any more.
    pub(super) components: Vec<(Component, Option<oneshot::Receiver<()>>)>,
    pub(super) unlaunched: Vec<Component>,
    /// Those that are not part of the change: nothing of them is touched.
    pub(super) left: HashSet<String>,
    pub(super) is_reload: bool,
}

/// Writes the files and runs the validate commands of all that changes, at once; what they write is relayed. What is not launched is
/// configured too when all is good.
pub(super) async fn judge(context: &Arc<Context>, files: &Files, request: Request) -> Judged {
    let Request { id, generation, mut components, unlaunched, left, is_reload } = request;
    let instance = &generation.instance;
    let mut errors = Vec::new();
    if let Err(error) = files.write(context, id, Arc::clone(&generation), Arc::new(left)).await {
        errors.push(message::file_not_written(instance.workspace.display(), error));
    } else {
        components.extend(unlaunched.iter().map(|component| (component.clone(), None)));
        let mut said = Vec::new();
        components::validate_all(context, instance, components, |message| said.push(message)).await;
        for message in said {
            if message.severity() == Severity::Error { errors.push(message) } else { context.output.message(message) }
        }
    }
    if !errors.is_empty() {
        if let Err(error) = files.withdraw(context, id).await {
            errors.push(message::file_not_written(instance.workspace.display(), error));
        }
        return Judged::Bad(errors);
    }
    if is_reload {
        components::remove_stale(context, instance, &generation.survey);
    }
    for component in &unlaunched {
        // Its failure is said; there is nothing of it to start, or not.
        components::configure(context, instance, component).await;
    }
    Judged::Good
}
