//! Shared by the tests of this floor and those above: loading texts, and access to Zowe's own files.

use super::{Configuration, HaInstance, LoadError, LoadRequest, Source};
pub(crate) use crate::platform::fake::FakePlatform;
use std::path::{Path, PathBuf};

/// `../shared/<name>` beside the checkout; None, with a message, if it is absent; with ZWELNCH_REQUIRE_ALL a failure.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var("ZWELNCH_REQUIRE_ALL").as_deref() != Ok("1"), "{} is required", path.display());
    println!("skipped: {} is absent", path.display());
    None
}

pub(crate) fn instance(id: &str) -> HaInstance {
    HaInstance { id: id.into(), from_placeholder: false }
}

/// Loads texts, left-most first, as files of their own in a directory that is gone afterwards.
pub(crate) fn load_texts(texts: &[&str], id: &str) -> Result<Configuration, LoadError> {
    let directory = tempfile::tempdir().unwrap();
    let sources: Vec<Source> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let file = directory.path().join(format!("{index}.yaml"));
            std::fs::write(&file, text).unwrap();
            Source::File(file)
        })
        .collect();
    Configuration::load(&LoadRequest { sources: &sources, ha_instance: &instance(id), platform: &FakePlatform::default() })
}

pub(crate) fn load(text: &str) -> Configuration {
    load_texts(&[text], "lpar1").unwrap_or_else(|error| panic!("{error}"))
}

thread_local! {
    static WORK: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Counts work on this thread: values that are made or judged. Unlike time it does not depend on what else the machine does.
pub(crate) fn work(units: u64) {
    WORK.set(WORK.get() + units);
}

pub(crate) fn work_of(job: impl FnOnce()) -> u64 {
    let before = WORK.get();
    job();
    WORK.get() - before
}

/// The number of values in a value.
pub(crate) fn size(value: &serde_json::Value) -> u64 {
    use serde_json::Value;
    1 + match value {
        Value::Object(map) => map.values().map(size).sum(),
        Value::Array(items) => items.iter().map(size).sum::<u64>(),
        _ => 0,
    }
}

/// Copies a directory, following nothing.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::write(&target, std::fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

/// The runtime directory of the golden cases, with Zowe's schemas, and with its defaults.yaml where asked for.
pub(crate) struct GoldenRuntime {
    pub directory: tempfile::TempDir,
    pub golden: PathBuf,
}

impl GoldenRuntime {
    pub(crate) fn new(defaults: bool) -> Option<GoldenRuntime> {
        let (golden, zowe) = (shared("golden")?, shared("zowe")?);
        let directory = tempfile::tempdir().unwrap();
        let runtime = directory.path().join("runtime");
        copy_tree(&golden.join("_runtime"), &runtime);
        copy_tree(&zowe.join("schemas"), &runtime.join("schemas"));
        // The golden runtime directory came without the start scripts that its manifests name.
        for component in ["components/alpha", "components/beta-svc", "components/gamma", "extensions/delta"] {
            let bin = runtime.join(component).join("bin");
            std::fs::create_dir_all(&bin).unwrap();
            std::fs::write(bin.join("start.sh"), "").unwrap();
        }
        if defaults {
            std::fs::create_dir_all(runtime.join("files")).unwrap();
            std::fs::write(runtime.join("files/defaults.yaml"), std::fs::read(zowe.join("defaults.yaml")).unwrap()).unwrap();
        }
        Some(GoldenRuntime { directory, golden })
    }

    /// A text with this run's directories in the places of `@RUNTIME@` and the like.
    pub(crate) fn placed(&self, text: &str) -> String {
        let root = self.directory.path().display().to_string();
        text.replace("@RUNTIME@", &format!("{root}/runtime"))
            .replace("@EXTENSIONS@", &format!("{root}/runtime/extensions"))
            .replace("@WORKSPACE@", &format!("{root}/workspace"))
            .replace("@LOGS@", &format!("{root}/logs"))
            .replace("@CASES@", &format!("{root}/cases"))
            .replace("@TOOLS@", &format!("{root}/tools"))
    }

    /// The folders of cases, by name.
    pub(crate) fn cases(&self) -> Vec<PathBuf> {
        let mut cases: Vec<PathBuf> = std::fs::read_dir(&self.golden)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir() && !path.file_name().unwrap().to_string_lossy().starts_with('_'))
            .collect();
        cases.sort();
        assert!(!cases.is_empty());
        cases
    }

    /// Loads a case's `zowe.yaml`, or `a.yaml` over `b.yaml`, each text changed by `edit`.
    pub(crate) fn load(&self, case: &Path, id: &str, edit: &dyn Fn(&str) -> String) -> Result<Configuration, LoadError> {
        let folder = self.directory.path().join("cases").join(case.file_name().unwrap());
        std::fs::create_dir_all(&folder).unwrap();
        let sources: Vec<Source> = ["zowe.yaml", "a.yaml", "b.yaml"]
            .iter()
            .filter(|name| case.join(name).exists())
            .map(|name| {
                let text = edit(&self.placed(&std::fs::read_to_string(case.join(name)).unwrap()));
                std::fs::write(folder.join(name), text).unwrap();
                Source::File(folder.join(name))
            })
            .collect();
        Configuration::load(&LoadRequest { sources: &sources, ha_instance: &instance(id), platform: &FakePlatform::default() })
    }
}
