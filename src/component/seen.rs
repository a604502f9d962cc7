//! What was seen of the files of components. HA instances that are checked together have the same components, mostly: their manifests,
//! commands and scripts are looked at once for all of them.

use super::locate::installed_with_documents;
use super::script::{self, Commands};
use super::{Component, ComponentError, Phase};
use crate::config::node::Node;
use crate::config::{Configuration, Problem};
use crate::platform::Platform;
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// What is installed, and what is wrong with the rest.
pub(super) type Installed = (Vec<Component>, Vec<(String, ComponentError)>);

/// What was found out, by what it was asked of.
type Known<K, V> = RefCell<HashMap<K, Rc<V>>>;

/// See the module. For one report: what is looked at later may be another.
#[derive(Debug, Default)]
pub struct Seen {
    /// By the runtime directory and the directory of extensions.
    installed: Known<(PathBuf, Option<PathBuf>), Installed>,
    /// Manifests as they are written, by their files: what was read of them when the components were found.
    documents: RefCell<HashMap<PathBuf, Arc<Node>>>,
    /// By the manifest.
    commands: Known<PathBuf, Commands>,
    scripts: Known<PathBuf, Vec<Problem>>,
    /// By the runtime directory, whose schema they are judged by, and the manifest.
    manifests: Known<(Option<PathBuf>, PathBuf), Vec<Problem>>,
}

fn once<K: Eq + Hash, V>(known: &Known<K, V>, key: K, look: impl FnOnce() -> V) -> Rc<V> {
    if let Some(seen) = known.borrow().get(&key) {
        return Rc::clone(seen);
    }
    let seen = Rc::new(look());
    known.borrow_mut().insert(key, Rc::clone(&seen));
    seen
}

impl Seen {
    pub(super) fn installed(&self, runtime: &Path, extension: Option<&Path>) -> Rc<Installed> {
        let key = (runtime.to_path_buf(), extension.map(Path::to_path_buf));
        once(&self.installed, key, || {
            let (components, errors) = installed_with_documents(runtime, extension);
            let mut documents = self.documents.borrow_mut();
            let keep = |(component, document): (Component, Arc<Node>)| {
                documents.insert(component.manifest_file.clone(), document);
                component
            };
            (components.into_iter().map(keep).collect(), errors)
        })
    }

    pub(super) fn commands(&self, component: &Component) -> Rc<Commands> {
        once(&self.commands, component.manifest_file.clone(), || Phase::ALL.map(|phase| (phase, component.command(phase))))
    }

    /// What is odd about its scripts.
    pub(super) fn scripts(&self, component: &Component, platform: &dyn Platform) -> Rc<Vec<Problem>> {
        once(&self.scripts, component.manifest_file.clone(), || script::problems(component, &self.commands(component), platform))
    }

    /// What is wrong with its manifest by the schema of manifests.
    pub(super) fn manifest(&self, component: &Component, configuration: &Configuration) -> Rc<Vec<Problem>> {
        let key = (configuration.runtime_directory(), component.manifest_file.clone());
        once(&self.manifests, key, || match self.documents.borrow().get(&component.manifest_file) {
            Some(document) => configuration.validate_manifest(document, &component.manifest_file.display().to_string()),
            None => component.validate_manifest(configuration),
        })
    }
}
