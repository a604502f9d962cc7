//! The schemas as a source of the names of keys.

use super::documents::Root;
use super::{Compiled, OfComponent, Schemas};
use crate::config::keys::{ComponentKeys, Walked};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

fn names_of(components: &[ComponentKeys<'_>]) -> Vec<(String, Vec<PathBuf>)> {
    components.iter().map(|component| (component.name.to_owned(), component.schemas.clone())).collect()
}

impl Compiled {
    fn root(&self) -> Option<Root<'_>> {
        self.documents.at(&self.id).map(|position| (&self.documents, position))
    }
}

impl OfComponent {
    /// The component's schema, where it can be used.
    pub(in crate::config) fn root(&self) -> Option<Root<'_>> {
        self.compiled.as_ref()?.root()
    }
}

impl Schemas {
    /// The schema of configurations, where the runtime directory has one that can be used.
    pub(in crate::config) fn root(&self) -> Option<Root<'_>> {
        self.base.as_ref()?.as_ref().ok()?.root()
    }

    /// The schema of a component.
    pub(in crate::config) fn component(&self, files: &[PathBuf]) -> Arc<OfComponent> {
        self.of_component(files)
    }

    /// Results for the parts of the configuration without an overlay, with these components installed.
    pub(in crate::config) fn walked(&self, components: &[ComponentKeys<'_>]) -> Walked {
        let walked = self.walked.lock().unwrap_or_else(PoisonError::into_inner);
        walked.as_ref().filter(|(names, _)| *names == names_of(components)).map(|(_, walked)| walked.clone()).unwrap_or_default()
    }

    pub(in crate::config) fn keep_walked(&self, components: &[ComponentKeys<'_>], walked: Walked) {
        *self.walked.lock().unwrap_or_else(PoisonError::into_inner) = Some((names_of(components), walked));
    }
}
