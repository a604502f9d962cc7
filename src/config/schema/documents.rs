//! The schemas as documents: for the names that are in them.

use super::{Schemas, read_schema};
use crate::config::keys::{ComponentKeys, Walked};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

fn names_of(components: &[ComponentKeys<'_>]) -> Vec<(String, Vec<PathBuf>)> {
    components.iter().map(|component| (component.name.to_owned(), component.schemas.clone())).collect()
}

impl Schemas {
    /// Those of the runtime directory, that of configurations first, where there is one.
    pub(in crate::config) fn shared_documents(&self) -> impl Iterator<Item = &Value> {
        self.shared.iter().rev().map(|schema| &schema.content)
    }

    /// The runtime directory has a schema of configurations.
    pub(in crate::config) fn has_base(&self) -> bool {
        self.base.is_some()
    }

    /// What was found for the parts of the configuration without an overlay, with these components installed.
    pub(in crate::config) fn walked(&self, components: &[ComponentKeys<'_>]) -> Walked {
        let walked = self.walked.lock().unwrap_or_else(PoisonError::into_inner);
        walked.as_ref().filter(|(names, _)| *names == names_of(components)).map(|(_, walked)| walked.clone()).unwrap_or_default()
    }

    pub(in crate::config) fn keep_walked(&self, components: &[ComponentKeys<'_>], walked: Walked) {
        *self.walked.lock().unwrap_or_else(PoisonError::into_inner) = Some((names_of(components), walked));
    }

    /// Those of a component that can be read; read at the first call.
    pub(in crate::config) fn documents_of(&self, files: &[PathBuf]) -> Arc<Vec<Value>> {
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        let read = || Arc::new(files.iter().filter_map(|file| read_schema(file).ok()).map(|schema| schema.content).collect());
        Arc::clone(documents.entry(files.to_vec()).or_insert_with(read))
    }
}
