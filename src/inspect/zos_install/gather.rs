//! Looks at an installation, on z/OS or at a copy of it below a directory. It reads, and runs nothing.

use super::{Expected, Facts, Inventory, Names, Product, Seen, Tag, config_of, program_of};
use crate::component;
use crate::config::{Configuration, HaInstance, LoadRequest, Source, lookup, parse_sources};
use crate::platform::Platform;
use crate::platform::files::{FileKind, kind, unless_missing};
use crate::platform::unix::free_space;
use nix::libc;
use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// More than any member has, in bytes.
const MEMBER_LIMIT: u64 = 1024 * 1024;

/// What is to be looked at.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The directory that a copy of an installation's file systems is below.
    pub root: Option<&'a Path>,
    /// The PROC: a file, or `//'DATA.SET(MEMBER)'`.
    pub procedure: Option<&'a str>,
    /// CONFIG; without one that of the PROC is taken.
    pub config: Option<&'a str>,
}

impl Place<'_> {
    /// Where a path of the installation is.
    fn real(&self, path: &Path) -> PathBuf {
        match self.root {
            Some(root) => root.join(path.strip_prefix("/").unwrap_or(path)),
            None => path.to_owned(),
        }
    }
}

/// Looks at everything.
pub fn gather(place: Place<'_>, platform: &dyn Platform) -> Inventory {
    let procedure = member(place.procedure, platform);
    let text = procedure.as_ref().map_or("", |(_, text)| text.as_str());
    let named = config_of(text);
    let configuration = configuration(&place, named.as_deref(), platform);
    let names = names(configuration.as_ref(), platform);
    let program = program_of(text);
    let workspaces: Vec<PathBuf> =
        configuration.iter().flat_map(|known| [known.workspace_directory(), known.log_directory()]).flatten().collect();
    let (ports, launched) = configuration.as_ref().map_or((Vec::new(), 0), |known| {
        if place.root.is_some() {
            // Manifests are looked up below the real runtime directory.
            return (Vec::new(), known.component_names().iter().filter(|name| known.is_enabled_anywhere(name)).count());
        }
        let survey = component::survey(known);
        let (listeners, _) = component::listeners_to_check(known, &survey);
        (listeners.iter().map(|listener| (listener.component.clone(), listener.port)).collect(), survey.launched.len())
    });
    Inventory {
        is_zos: platform.is_zos(),
        is_copy: place.root.is_some(),
        names,
        program: seen(&place, &program, platform),
        files: files(&place, configuration.as_ref(), platform),
        space: space(&place, workspaces),
        limits: platform.is_zos().then(|| platform.memory_limits().map_err(|error| error.to_string())),
        ids: configuration.as_ref().map(Configuration::instance_ids).unwrap_or_default(),
        ports,
        launched,
        sources: named.map_or(Ok(Vec::new()), |config| sources(&place, &config, platform)),
        procedure,
    }
}

/// The text of a member, in whichever code page.
fn member(named: Option<&str>, platform: &dyn Platform) -> Result<(String, String), String> {
    let Some(name) = named else {
        return Err("name it with --proc: a file, or \"//'USER.PROCLIB(ZWESLSTC)'\"".to_owned());
    };
    let data_set = name.strip_prefix("//'").and_then(|rest| rest.strip_suffix(")'")).and_then(|rest| rest.split_once('('));
    let bytes = match data_set {
        Some((data_set, member)) => platform.read_member(data_set, member),
        None => crate::platform::files::read_bounded(Path::new(name), MEMBER_LIMIT),
    };
    let bytes = bytes.map_err(|error| format!("{name}: {error}"))?;
    let text =
        crate::config::encoding::decode(&bytes).map_err(|error| format!("{name}:{}:{}: {}", error.line, error.column, error.reason))?;
    Ok((name.to_owned(), text))
}

/// The configuration, where it can be had. `check` says what is wrong with one that does not load.
fn configuration(place: &Place<'_>, of_procedure: Option<&str>, platform: &dyn Platform) -> Option<Configuration> {
    let sources = match place.config {
        Some(config) => parse_sources(config).ok()?,
        // As the PROC of a copy names them.
        None => parse_sources(of_procedure?).ok()?.into_iter().map(|source| moved(place, source)).collect(),
    };
    let none = HaInstance::none();
    Configuration::load(&LoadRequest { sources: &sources, ha_instance: &none, platform }).ok()
}

fn moved(place: &Place<'_>, source: Source) -> Source {
    match source {
        Source::File(path) => Source::File(place.real(&path)),
        member => member,
    }
}

fn sources(place: &Place<'_>, config: &str, platform: &dyn Platform) -> Result<Vec<Seen>, String> {
    let sources = parse_sources(config).map_err(|error| error.to_string())?;
    let file = |source: &Source| match source {
        Source::File(path) => Some(seen(place, path, platform)),
        Source::Member { .. } => None,
    };
    Ok(sources.iter().filter_map(file).collect())
}

/// User, group and PROC as the configuration names them, else as the jobs do.
fn names(configuration: Option<&Configuration>, platform: &dyn Platform) -> Names {
    let setup = |path: &[&str], default: &str| {
        let path = [&["zowe", "setup", "security"], path].concat();
        let found = configuration.and_then(|known| lookup(known.base(), &path)).and_then(Value::as_str).map(str::trim);
        found.filter(|name| !name.is_empty()).unwrap_or(default).to_owned()
    };
    let of_system = platform.security_manager();
    let product = if platform.is_zos() { of_system } else { setup(&["product"], "") };
    Names {
        user: setup(&["users", "zowe"], "ZWESVUSR"),
        group: setup(&["groups", "admin"], "ZWEADMIN"),
        stc: setup(&["stcs", "zowe"], "ZWESLSTC"),
        product: Product::of(&product),
    }
}

/// What is at a path of the installation.
fn seen(place: &Place<'_>, path: &Path, platform: &dyn Platform) -> Seen {
    let real = place.real(path);
    let facts = match unless_missing(std::fs::metadata(&real)) {
        Ok(Some(metadata)) => {
            let (tag, magic) = if kind(&metadata) == FileKind::Regular { content(&real, platform) } else { (Tag::Unknown, Vec::new()) };
            Ok(Some(Facts { kind: kind(&metadata), mode: metadata.mode() & 0o7777, size: metadata.len(), tag, magic }))
        }
        Ok(None) => Ok(None),
        Err(error) => Err(error.to_string()),
    };
    Seen { path: path.to_owned(), facts }
}

/// The tag and the first bytes of a regular file; neither is known of one that may not be read.
fn content(path: &Path, platform: &dyn Platform) -> (Tag, Vec<u8>) {
    let mut magic = Vec::new();
    let Ok(file) = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path) else { return (Tag::Unknown, magic) };
    let tag = match platform.code_page_of(file.as_fd()) {
        Some(ccsid) => Tag::Text(ccsid),
        None if platform.is_zos() => Tag::None,
        None => Tag::Unknown,
    };
    // What cannot be read is no known beginning.
    if File::take(file, 8).read_to_end(&mut magic).is_err() {
        magic.clear();
    }
    (tag, magic)
}

/// Scripts and YAML may be in either code page of Zowe's files.
const TEXT: &[u16] = &[1047, 819, 1208];

fn files(place: &Place<'_>, configuration: Option<&Configuration>, platform: &dyn Platform) -> Vec<Expected> {
    let mut expected = Vec::new();
    let mut expect = |path: PathBuf, kind: FileKind, required: bool, tags: &'static [u16], purpose: &'static str| {
        expected.push(Expected { seen: seen(place, &path, platform), purpose, kind, required, tags });
    };
    let Some(known) = configuration else { return expected };
    let (file, directory) = (FileKind::Regular, FileKind::Directory);
    if let Some(runtime) = known.runtime_directory() {
        expect(runtime.clone(), directory, true, &[], "zowe.runtimeDirectory");
        expect(runtime.join("manifest.json"), file, false, TEXT, "the version of Zowe, for messages and ZWE_VERSION");
        expect(runtime.join("components"), directory, true, &[], "the components");
        expect(runtime.join("schemas/zowe-yaml-schema.json"), file, false, TEXT, "without it zowe.yaml is not validated");
        expect(runtime.join("schemas/server-common.json"), file, false, TEXT, "without it zowe.yaml is not validated");
        expect(runtime.join("bin/libs/configmgr-index.sh"), file, false, TEXT, "validate and configure commands source it");
        expect(runtime.join("bin/utils/opercmd.rex"), file, false, TEXT, "it issues operator commands: start, stop, switching traffic");
        for name in known.component_names().iter().filter(|name| known.is_enabled_anywhere(name)) {
            let places: Vec<PathBuf> =
                [Some(&runtime).map(|runtime| runtime.join("components")), known.extension_directory()].into_iter().flatten().collect();
            let there = places.iter().map(|place| place.join(name)).find(|path| matches!(seen(place, path, platform).facts, Ok(Some(_))));
            let path = there.unwrap_or_else(|| runtime.join("components").join(name));
            expect(path, directory, false, &[], "a component that is enabled");
        }
    }
    for (path, kind, purpose) in [
        (known.workspace_directory(), directory, "zowe.workspaceDirectory; a start makes it where it may"),
        (known.log_directory(), directory, "zowe.logDirectory; a start makes it where it may"),
        (known.extension_directory(), directory, "zowe.extensionDirectory"),
        (home(known, "java"), file, "java.home"),
        (home(known, "node"), file, "node.home"),
    ] {
        if let Some(path) = path {
            expect(path, kind, false, &[], purpose);
        }
    }
    expected
}

/// `<java.home>/bin/java` and the like, where it is set.
fn home(configuration: &Configuration, name: &str) -> Option<PathBuf> {
    let home = configuration.get(&[name, "home"]).and_then(Value::as_str).map(str::trim).filter(|home| !home.is_empty())?;
    Some(Path::new(home).join("bin").join(name))
}

/// Free space, of what is there: a copy has the space of another system.
fn space(place: &Place<'_>, directories: Vec<PathBuf>) -> Vec<(PathBuf, Result<u64, String>)> {
    if place.root.is_some() {
        return Vec::new();
    }
    let there = directories.into_iter().filter(|path| crate::platform::files::may_be_directory(path));
    there.map(|path| (path.clone(), free_space(&path).map_err(|error| error.to_string()))).collect()
}
