//! What an instance has left: processes, and the last words of a component.

use super::bench::{Bench, Started};
use crate::journal::Event;
use crate::platform::files::{entries, read_bounded};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The longest environment of a process that is looked at, in bytes.
const ENVIRONMENT_LIMIT: u64 = 1024 * 1024;

/// Bytes of SYSPRINT that are looked at for a component's last words, and how many lines are shown.
const LAST_BYTES: u64 = 4 * 1024 * 1024;
const LAST_LINES: usize = 8;

impl Bench {
    /// Processes of this instance that still run, with what they are; empty where the system does not tell (no /proc).
    pub(super) fn processes(&self) -> Vec<(i32, String)> {
        let needle = format!("ZWELNCH_TEST={}\0", self.home.display()).into_bytes();
        let mut found = Vec::new();
        for entry in entries(Path::new("/proc")).unwrap_or_default() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
            let mut environment = Vec::new();
            // Gone, or somebody else's.
            let read = std::fs::File::open(entry.path().join("environ"));
            let _ = read.and_then(|file| file.take(ENVIRONMENT_LIMIT).read_to_end(&mut environment));
            if environment.windows(needle.len()).any(|window| window == needle) {
                let command = read_bounded(&entry.path().join("cmdline"), ENVIRONMENT_LIMIT).unwrap_or_default();
                found.push((pid, String::from_utf8_lossy(&command).replace('\0', " ").trim().to_owned()));
            }
        }
        found
    }

    /// What went wrong in the words of the launcher and of the component: for a report.
    pub(super) fn evidence(&self, started: &Started) -> String {
        let of_event = |event: &Event| match event {
            Event::Message { severity, text, .. } if severity == "E" => Some(text.clone()),
            Event::Ended { how: _, code: Some(code), component, asked: false, .. } => {
                Some(format!("{component} ended with exit code {code}"))
            }
            Event::Ended { signal: Some(signal), component, asked: false, .. } => Some(format!("{component} ended by {signal}")),
            _ => None,
        };
        let mut lines: Vec<String> = started.events.iter().filter_map(of_event).collect();
        lines.drain(..lines.len().saturating_sub(LAST_LINES));
        let words = self.last_words(started.job);
        if !words.is_empty() {
            lines.push("its last lines:".to_owned());
            lines.extend(words.into_iter().map(|line| format!("| {line}")));
        }
        lines.join("\n")
    }

    /// The last lines on SYSPRINT that are not the launcher's own.
    fn last_words(&self, job: &str) -> Vec<String> {
        let prefix = format!("{job}.");
        let mut spools: Vec<PathBuf> = entries(&self.home.join("spool")).unwrap_or_default().iter().map(std::fs::DirEntry::path).collect();
        spools.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix)));
        spools.sort();
        let Some(spool) = spools.last() else { return Vec::new() };
        let Ok(bytes) = read_bounded(&spool.join("SYSPRINT"), LAST_BYTES) else { return Vec::new() };
        let text = String::from_utf8_lossy(&bytes);
        let mut lines: Vec<String> = text.lines().filter(|line| !line.contains("<ZWELNCH:")).map(str::to_owned).collect();
        lines.drain(..lines.len().saturating_sub(LAST_LINES));
        lines
    }
}
