//! Linux's /proc: who descends from whom, and what it uses. Empty on a system without it.

use crate::platform::ProcessFacts;
use nix::unistd::{SysconfVar, sysconf};
use std::time::Duration;

/// Every process that can be read; one that ends meanwhile is left out.
pub(super) fn read() -> Vec<ProcessFacts> {
    let ticks = unit(SysconfVar::CLK_TCK, 100);
    let page = unit(SysconfVar::PAGE_SIZE, 4096);
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .filter_map(|name| std::fs::read(format!("/proc/{name}/stat")).ok())
        .filter_map(|stat| parse(&String::from_utf8_lossy(&stat), ticks, page))
        .collect()
}

fn unit(variable: SysconfVar, default: u64) -> u64 {
    sysconf(variable).ok().flatten().and_then(|value| u64::try_from(value).ok()).filter(|value| *value > 0).unwrap_or(default)
}

/// proc(5): pid (comm) state ppid pgrp ... utime stime (fields 14, 15) ... rss (24). The name may hold blanks and parentheses.
fn parse(stat: &str, ticks: u64, page: u64) -> Option<ProcessFacts> {
    let (head, tail) = stat.rsplit_once(')')?;
    let (pid, name) = head.split_once('(')?;
    let fields: Vec<&str> = tail.split_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<i64>().ok();
    let unsigned = |field: usize| number(field).and_then(|value| u64::try_from(value).ok());
    let cpu = unsigned(14)?.saturating_add(unsigned(15)?);
    Some(ProcessFacts {
        pid: pid.trim().parse().ok()?,
        parent: number(4)?.try_into().ok()?,
        group: number(5)?.try_into().ok()?,
        name: name.to_owned(),
        cpu: Duration::from_millis(cpu.saturating_mul(1000) / ticks),
        resident_bytes: unsigned(24)?.saturating_mul(page),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let stat = "42 (a) (b c) S 7 41 41 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 1 0 5 1000 3 18446744073709551615 1 1";
        let facts = parse(stat, 100, 4096).unwrap();
        assert_eq!((facts.pid, facts.parent, facts.group, facts.name.as_str()), (42, 7, 41, "a) (b c"));
        assert_eq!((facts.cpu, facts.resident_bytes), (Duration::from_secs(2), 12_288));
        assert_eq!(parse("42 (a) S", 100, 4096), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_very_process_is_found() {
        let own = std::process::id() as i32;
        // qemu-user makes up /proc/self/stat, without sizes.
        let emulated = std::env::var_os("ZWELNCH_EMULATOR").is_some();
        assert!(read().iter().any(|facts| facts.pid == own && (facts.resident_bytes > 0 || emulated)));
    }
}
