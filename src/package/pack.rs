//! `component pack`: a directory as a package, the same bytes wherever and whenever it is packed.

mod tar_writer;

use super::tags::tagging_of;
use super::{Stop, shown};
use crate::component::Component;
use crate::message;
use crate::platform::Platform;
use crate::platform::files::{FileKind, kind, read_bounded, write_with};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What is to be packed, and how.
#[derive(Debug, Clone, Copy)]
pub struct Packing<'a> {
    /// With a manifest at its root.
    pub directory: &'a Path,
    /// By its ending: .pax, .tar, .tar.gz, .tgz or .zip. None: NAME-VERSION.pax in the working directory.
    pub output: Option<&'a Path>,
    /// What git ignores, too.
    pub ignored: bool,
}

/// What was packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The archive.
    pub file: PathBuf,
    /// Names of files, directories and links, in their order.
    pub names: Vec<String>,
    /// Of the archive.
    pub bytes: u64,
    /// Of the archive, in hexadecimal.
    pub sha256: String,
    /// What git ignores, and is not in it.
    pub left_out: Vec<String>,
    /// What is odd, and was packed all the same.
    pub warnings: Vec<String>,
    /// How z/OS will tag the files.
    pub tags: String,
}

/// Files of a package; more are a mistake.
const FILES: usize = 100_000;

/// Bytes of all of them.
const BYTES: u64 = 2 << 30;

/// One file, directory or link, by its name in the archive.
pub(super) struct Item {
    pub(super) content: Content,
    pub(super) executable: bool,
}

pub(super) enum Content {
    File(Vec<u8>),
    Directory,
    Link(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Pax,
    Tar,
    TarGz,
    Zip,
}

fn format_of(output: &Path) -> Option<Format> {
    let name = output.file_name()?.to_str()?.to_ascii_lowercase();
    [(".pax", Format::Pax), (".tar.gz", Format::TarGz), (".tgz", Format::TarGz), (".tar", Format::Tar), (".zip", Format::Zip)]
        .into_iter()
        .find(|(ending, _)| name.ends_with(ending))
        .map(|(_, format)| format)
}

/// Packs a directory, after it was checked.
///
/// # Errors
/// ZWEL1061E for everything that keeps it from being packed; no archive is written then.
pub fn pack(packing: &Packing<'_>, platform: &dyn Platform) -> Result<Packed, Stop> {
    let shown_directory = shown(packing.directory);
    let refused = |why: &dyn std::fmt::Display| message::not_packed(&shown_directory, why);
    let component = Component::in_directory(packing.directory).map_err(|error| Stop::from(refused(&error)))?;
    let version = component.manifest.version.clone().map(|version| format!("-{version}")).unwrap_or_default();
    let file = packing.output.map_or_else(|| PathBuf::from(format!("{}{version}.pax", component.name)), Path::to_path_buf);
    let Some(format) = format_of(&file) else {
        return Err(refused(&format!("'{}' has none of the endings .pax, .tar, .tar.gz, .tgz and .zip", file.display())).into());
    };
    if packing.output.is_none() && component.manifest.version.as_deref().is_some_and(|version| version.contains('/')) {
        return Err(refused(&"its version cannot be part of a file's name; give one with -o").into());
    }
    let (errors, warnings): (Vec<_>, Vec<_>) = component.problems_of_files(None, platform).into_iter().partition(|problem| problem.error);
    let mut messages: Vec<_> = errors.iter().map(|error| refused(error)).collect();
    // A script with CR LF does not run: what is odd elsewhere is an error here.
    let (fatal, warnings): (Vec<_>, Vec<_>) = warnings.into_iter().partition(|warning| warning.to_string().contains("ends with CR LF"));
    messages.extend(fatal.iter().map(|warning| refused(warning)));
    let (items, left_out, mut faults) = collect(packing, &file).map_err(|error| Stop::from(refused(&error)))?;
    faults.extend(not_packed(&component, &items, &left_out));
    messages.extend(faults.iter().map(|fault| refused(fault)));
    if !messages.is_empty() {
        return Err(Stop { messages, code: 8 });
    }
    let bytes = match format {
        Format::Pax => tar_writer::tar(&items, true),
        Format::Tar => tar_writer::tar(&items, false),
        Format::TarGz => tar_writer::tar(&items, false).and_then(|bytes| gzip(&bytes)),
        Format::Zip => zipped(&items),
    };
    let bytes = bytes.map_err(|error| Stop::from(refused(&error)))?;
    write_with(&file, 0o644, &|file| file.write_all(&bytes))
        .map_err(|error| Stop::from(refused(&format!("{}: {error}", file.display()))))?;
    let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let files = items.iter().filter(|(_, item)| matches!(item.content, Content::File(_))).map(|(name, _)| name.as_str());
    let tags = super::tags::report(files);
    Ok(Packed {
        file,
        bytes: bytes.len() as u64,
        sha256,
        names: items.into_keys().collect(),
        left_out,
        warnings: warnings.iter().map(ToString::to_string).collect(),
        tags,
    })
}

type Collected = (BTreeMap<String, Item>, Vec<String>, Vec<String>);

/// What is to be packed, sorted by its name; what git ignores; what cannot be packed.
fn collect(packing: &Packing<'_>, output: &Path) -> io::Result<Collected> {
    let walk = |with_ignored: bool| {
        let mut builder = ignore::WalkBuilder::new(packing.directory);
        builder.standard_filters(false).require_git(false).follow_links(false);
        builder.git_ignore(!with_ignored).git_exclude(!with_ignored).parents(!with_ignored);
        builder.filter_entry(|entry| entry.file_name() != ".git");
        builder.build()
    };
    let relative = |path: &Path| path.strip_prefix(packing.directory).unwrap_or(path).to_path_buf();
    let mut kept = BTreeMap::new();
    let mut faults = Vec::new();
    let mut bytes = 0_u64;
    let own = std::path::absolute(output).ok();
    for entry in walk(packing.ignored) {
        let entry = entry.map_err(io::Error::other)?;
        let path = relative(entry.path());
        // An archive of an earlier time, in the directory itself.
        if path.as_os_str().is_empty() || std::path::absolute(entry.path()).ok() == own {
            continue;
        }
        let Some(name) = path.to_str().map(str::to_owned) else {
            faults.push(format!("'{}' has a name that is not UTF-8", path.display()));
            continue;
        };
        if name.chars().any(char::is_control) {
            faults.push(format!("'{}' has a name with control characters", name.escape_debug()));
            continue;
        }
        match item(entry.path(), &name) {
            Ok(item) => {
                if let Content::File(content) = &item.content {
                    bytes = bytes.saturating_add(content.len() as u64);
                }
                kept.insert(name, item);
            }
            Err(fault) => faults.push(fault),
        }
        if bytes > BYTES {
            return Err(io::Error::other(format!("its files have more than {BYTES} bytes")));
        }
        if kept.len() > FILES {
            return Err(io::Error::other(format!("it has more than {FILES} files")));
        }
    }
    let mut left_out = Vec::new();
    for entry in walk(true) {
        let path = relative(entry.map_err(io::Error::other)?.path());
        let name = path.to_string_lossy().into_owned();
        // Of a directory that is left out as a whole, only the directory is named.
        let has = |name: &str| kept.contains_key(name) || left_out.iter().any(|left: &String| name.starts_with(&format!("{left}/")));
        if !name.is_empty()
            && !has(&name)
            && std::path::absolute(packing.directory.join(&path)).ok() != own
            && !faults.iter().any(|fault| fault.contains(&name))
        {
            left_out.push(name);
        }
    }
    left_out.sort();
    Ok((kept, left_out, faults))
}

fn item(path: &Path, name: &str) -> Result<Item, String> {
    let failed = |error: io::Error| format!("'{name}' cannot be read - {error}");
    let metadata = std::fs::symlink_metadata(path).map_err(failed)?;
    let content = match kind(&metadata) {
        FileKind::Directory => Content::Directory,
        FileKind::SymbolicLink => {
            let target = std::fs::read_link(path).map_err(failed)?;
            let Some(target) = target.to_str() else { return Err(format!("the link '{name}' leads to a name that is not UTF-8")) };
            let steps: Vec<String> = name.split('/').map(str::to_owned).collect();
            if target.starts_with('/') {
                return Err(format!("the link '{name}' leads to the absolute path '{target}'"));
            }
            if !super::archive::link_stays_inside(&steps, target) {
                return Err(format!("the link '{name}' leads to '{target}', which is outside of the package"));
            }
            Content::Link(target.to_owned())
        }
        FileKind::Regular => {
            let bytes = read_bounded(path, BYTES).map_err(failed)?;
            if tagging_of(name.rsplit('/').next().unwrap_or(name)) == super::tags::Tagging::Converted
                && name.to_ascii_lowercase().ends_with(".sh")
                && memchr::memmem::find(&bytes, b"\r\n").is_some()
            {
                return Err(format!("the script '{name}' has lines that end with CR LF; convert it: tr -d '\\r'"));
            }
            Content::File(bytes)
        }
        FileKind::Other => return Err(format!("'{name}' is no file, directory or link")),
    };
    Ok(Item { content, executable: metadata.permissions().mode() & 0o111 != 0 })
}

/// What the manifest names and the archive would not have.
fn not_packed(component: &Component, items: &BTreeMap<String, Item>, left_out: &[String]) -> Vec<String> {
    let manifest = &component.manifest;
    let commands = manifest.commands.values().filter_map(|command| command.split_whitespace().next().map(str::to_owned));
    let named = commands
        .chain(manifest.config_schemas.iter().cloned())
        .chain(manifest.static_definitions.iter().map(|definition| definition.file.clone()))
        .chain(manifest.app_framework_plugins.iter().cloned())
        .chain([&manifest.gateway_shared_libs, &manifest.zaas_shared_libs, &manifest.discovery_shared_libs].into_iter().flatten().cloned());
    let mut faults = Vec::new();
    for path in named {
        let plain: Vec<&str> = path.split('/').filter(|step| !matches!(*step, "" | ".")).collect();
        let plain = plain.join("/");
        if path.starts_with('/') {
            faults.push(format!("the manifest names the absolute path '{path}'"));
        } else if !plain.is_empty() && !items.contains_key(&plain) {
            let ignored = left_out.iter().any(|left| *left == plain || plain.starts_with(&format!("{left}/")));
            let why = if ignored { "which git ignores; pack with --include-ignored, or correct .gitignore" } else { "which is not there" };
            faults.push(format!("the manifest names '{path}', {why}"));
        }
    }
    faults
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    // No time, no name, no system.
    let mut encoder = flate2::GzBuilder::new().operating_system(255).write(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn zipped(items: &BTreeMap<String, Item>) -> io::Result<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    for (name, item) in items {
        // The earliest time that there is in zip.
        let options = zip::write::SimpleFileOptions::default()
            .last_modified_time(zip::DateTime::default())
            .compression_method(zip::CompressionMethod::Deflated)
            .unix_permissions(mode_of(item));
        match &item.content {
            Content::Directory => writer.add_directory(name.as_str(), options)?,
            Content::Link(target) => writer.add_symlink(name.as_str(), target.as_str(), options)?,
            Content::File(bytes) => {
                writer.start_file(name.as_str(), options)?;
                writer.write_all(bytes)?;
            }
        }
    }
    Ok(writer.finish()?.into_inner())
}

/// Permissions of the archive: those of its owner count, and only whether it is executable.
fn mode_of(item: &Item) -> u32 {
    match item.content {
        Content::Link(_) => 0o777,
        Content::Directory => 0o755,
        Content::File(_) if item.executable => 0o755,
        Content::File(_) => 0o644,
    }
}
