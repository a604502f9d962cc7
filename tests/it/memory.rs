//! What a launcher and its guardian keep while they wait, by the kernel's account.

use crate::harness::{Instance, Running, wait_until};
use crate::processes::guardian;
use std::fs;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(120);

/// The sum of a field of /proc/PID/smaps, in KiB, over the mappings whose first line is wanted.
fn sum_of(pid: i32, field: &str, is_wanted: impl Fn(&str) -> bool) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps")).unwrap();
    let (mut wanted, mut sum) = (false, 0);
    for line in text.lines() {
        let first = line.split_whitespace().next().unwrap_or_default();
        if !first.ends_with(':') {
            wanted = is_wanted(line);
        } else if wanted && first.trim_end_matches(':') == field {
            sum += line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).unwrap();
        }
    }
    sum
}

/// How much of the program's code is in the address space, and how much there is.
fn code(pid: i32) -> (u64, u64) {
    let of_program = |line: &str| line.contains(" r-xp ") && line.ends_with("/zwelnch");
    (sum_of(pid, "Rss", of_program), sum_of(pid, "Size", of_program))
}

fn end(instance: &Instance, mut running: Running) {
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

#[test]
fn what_was_needed_to_come_up_does_not_stay() {
    let instance = Instance::new().component("alpha", "exec sleep 1000", "");
    let running = instance.up();
    // The launcher's code comes back as it is used, and what else the kernel maps with it; the guardian uses none.
    let guardian = guardian(&running);
    let is_little = || {
        let (resident, all) = code(guardian);
        assert!(all > 0);
        (resident < all / 4).then_some(())
    };
    wait_until(Instant::now() + PATIENCE, is_little).unwrap_or_else(|| panic!("{:?} KiB of code", code(guardian)));
    end(&instance, running);
}
