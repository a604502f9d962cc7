//! The schemas as documents: for the names that are in them.

use super::{Schemas, read_schema};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

impl Schemas {
    /// Those of the runtime directory, that of configurations first, where there is one.
    pub(in crate::config) fn shared_documents(&self) -> impl Iterator<Item = &Value> {
        self.shared.iter().rev().map(|schema| &schema.content)
    }

    /// The runtime directory has a schema of configurations.
    pub(in crate::config) fn has_base(&self) -> bool {
        self.base.is_some()
    }

    /// Those of a component that can be read; read at the first call.
    pub(in crate::config) fn documents_of(&self, files: &[PathBuf]) -> Arc<Vec<Value>> {
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        let read = || Arc::new(files.iter().filter_map(|file| read_schema(file).ok()).map(|schema| schema.content).collect());
        Arc::clone(documents.entry(files.to_vec()).or_insert_with(read))
    }
}
