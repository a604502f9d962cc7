//! `zwelnch support`: collects, writes the archive, and says what is not in it. And `check --zos-install`.

use super::arguments::{Installation, ReportFormat, Support};
use super::bounded::bounded;
use super::configuration::{NO_CONFIGURATION, absolute_config};
use super::native::Console;
use super::terminal::{data, document, fail};
use crate::config;
use crate::inspect::zos_install;
use crate::launcher::Start;
use crate::output::one_line;
use crate::platform::files::{create_for, write_atomically};
use crate::platform::{NativePlatform, Platform};
use crate::support::{self, Reason, Request};
use jiff::Timestamp;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Exit code when something that is there could not be read.
const INCOMPLETE: i32 = 4;

/// What looking at an installation may take.
const LOOK: Duration = Duration::from_secs(120);

/// The report about an installation.
pub(super) fn check_installation(arguments: &Installation, config: Option<&str>, format: ReportFormat) -> i32 {
    bounded(LOOK, || {
        let platform = NativePlatform::for_command();
        let given = config.map(absolute_config);
        // The PROC's own, where a PROC is named.
        let config = given.or_else(|| arguments.proc.is_none().then(|| Start::from_environment(Vec::new(), None).config).flatten());
        let place = zos_install::Place { root: arguments.root.as_deref(), procedure: arguments.proc.as_deref(), config: config.as_deref() };
        let report = zos_install::report(&zos_install::gather(place, &platform));
        match format {
            ReportFormat::Json => data(&report.json()),
            ReportFormat::Text => document(&report.text()),
        };
        report.exit_code().into()
    })
}

pub(super) fn run(arguments: &Support) -> i32 {
    bounded(arguments.timeout, || collect_and_write(arguments))
}

fn collect_and_write(arguments: &Support) -> i32 {
    let platform = NativePlatform::for_command();
    let now = Timestamp::now();
    let root = format!("zwelnch-support-{}-{}", file_name_of(&platform.sysname()), now.strftime("%Y%m%d-%H%M%S"));
    let path = arguments.output.clone().unwrap_or_else(|| PathBuf::from(format!("{root}.tar")));
    // Before anything is collected, which takes time; it is made sure of again when it is written.
    if !arguments.force && crate::platform::files::may_be_named(&path) {
        return fail(exists(&path));
    }
    let config = configured(arguments.config.as_deref());
    let configuration = super::configuration::readable_configuration(arguments.config.as_deref());
    let console = Console::open(arguments.system(), configuration.as_ref(), None).map_err(|error| error.to_string());
    let operator = console.as_ref().map(Console::operator);
    let request = Request {
        platform: &platform,
        config,
        ids: &arguments.ids,
        operator: operator.as_ref().map(|operator| &**operator).map_err(|why| (*why).clone()),
        jobs: console.as_ref().map(Console::jobs).unwrap_or_default(),
        system: console.as_ref().ok().and_then(Console::directory),
        versions: versions(&platform, now),
        now: u64::try_from(now.as_second()).unwrap_or(0),
        root,
    };
    let collected = support::collect(&request);
    if let Err(error) = write(&path, &collected.tar, arguments.force) {
        return fail(match error.kind() {
            io::ErrorKind::AlreadyExists => exists(&path),
            _ => format!("'{}' cannot be written: {error}", path.display()),
        });
    }
    for missing in &collected.missing {
        let word = match missing.reason {
            Reason::Unreadable => "not read",
            Reason::Cut => "in part",
            Reason::Absent => "not there",
        };
        document(&one_line(&format!("{word}: {}: {}", missing.what, missing.why)));
    }
    let shown = fs::canonicalize(&path).map_or_else(|_| path.display().to_string(), |whole| whole.display().to_string());
    document(&one_line(&format!(
        "{shown}: {} files, {} bytes; secrets are masked, read it before you send it",
        collected.files,
        collected.tar.len()
    )));
    if collected.missing.iter().any(|missing| missing.reason == Reason::Unreadable) { INCOMPLETE } else { 0 }
}

fn exists(path: &Path) -> String {
    format!("'{}' exists and is not replaced: give another name with --output, or --force", path.display())
}

/// CONFIG as given or the environment's, and its sources; why there is none.
fn configured(config: Option<&str>) -> Result<(String, Vec<config::Source>), String> {
    let text = config.map(absolute_config).or_else(|| Start::from_environment(Vec::new(), None).config);
    let text = text.ok_or_else(|| NO_CONFIGURATION.to_owned())?;
    let sources = config::parse_sources(&text).map_err(|error| error.message().to_string())?;
    Ok((text, sources))
}

/// The archive with its final mode; nothing is left of one that could not be written whole.
fn write(path: &Path, content: &[u8], replace: bool) -> io::Result<()> {
    if replace {
        return write_atomically(path, content, 0o600);
    }
    let mut file = create_for(path, b"", None)?;
    let written = file.write_all(content);
    if written.is_err() {
        // Ours, as it was made just now; the first error is what matters.
        let _ = fs::remove_file(path);
    }
    written
}

fn file_name_of(sysname: &str) -> String {
    let plain: String = sysname.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    if plain.is_empty() { "SYSTEM".to_owned() } else { plain }
}

/// What this is and where it runs.
fn versions(platform: &NativePlatform, now: Timestamp) -> String {
    let features = [
        ("http", cfg!(feature = "http")),
        ("templates", cfg!(feature = "templates")),
        ("emulation", cfg!(feature = "emulation")),
        ("zos-stub", cfg!(feature = "zos-stub")),
    ];
    let features: Vec<&str> = features.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
    let program = platform.own_program();
    let size =
        program.as_ref().ok().map(|path| fs::metadata(path).map_or_else(|error| error.to_string(), |seen| format!("{} bytes", seen.len())));
    let program = program.map_or_else(|error| format!("unknown: {error}"), |path| path.display().to_string());
    let mut lines = vec![
        format!("program: zwelnch {}", env!("CARGO_PKG_VERSION")),
        format!("path: {program} ({})", size.unwrap_or_else(|| "not known".to_owned())),
        format!("build: {} {} {}", std::env::consts::ARCH, std::env::consts::OS, if cfg!(debug_assertions) { "debug" } else { "release" }),
        format!("features: {}", features.join(",")),
        format!("collected: {now}"),
        format!("system: {}", platform.sysname()),
        format!("user: {}", platform.user_id()),
        format!("z/OS: {}", if platform.is_zos() { platform.zos_version().to_string() } else { "no".to_owned() }),
        format!("security manager: {}", platform.security_manager()),
        format!("memory: {}", platform.memory_limits().map_or_else(|error| error.to_string(), |limits| format!("{limits:?}"))),
        format!("processors: {}", std::thread::available_parallelism().map_or_else(|error| error.to_string(), |count| count.to_string())),
    ];
    #[cfg(zwelnch_linux)]
    for file in ["/proc/version", "/etc/os-release"] {
        let text = fs::read_to_string(file);
        lines.push(text.map_or_else(|error| format!("{file}: {error}"), |text| format!("{file}: {}", text.trim().replace('\n', "; "))));
    }
    lines.push(String::new());
    lines.join("\n")
}
