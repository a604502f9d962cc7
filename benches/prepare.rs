//! The prepare step with trivial validate and configure commands, beside the cost of running the same number of shells one after the other,
//! and where its time goes (ZWEL0936I); the ratios of the medians and the growth from 20 to 100 components. Then without any commands, up to
//! 1,000 components: with no workspace there yet, and with nothing changed since the last start.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[allow(dead_code)]
#[path = "../tests/it/harness.rs"]
mod harness;

use harness::{Instance, Running, console};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RUNS: usize = 5;

fn instance_of(count: usize) -> Instance {
    let instance = (0..count).fold(Instance::new(), |instance, number| {
        let name = format!("c{number:03}");
        instance.script(&name, "validate", ":\n");
        instance.script(&name, "configure", ":\n");
        instance.component(&name, "exec sleep 1000", "")
    });
    instance.write_config();
    instance
}

/// From exec to ZWEL0018I, and the parts as the launcher tells them.
fn prepare(instance: &Instance) -> (Duration, String) {
    let begun = Instant::now();
    let mut running = Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path());
    running.wait_for("ZWEL0018I");
    let elapsed = begun.elapsed();
    let parts = running.wait_for("ZWEL0936I");
    console(&instance.system(), "P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
    (elapsed, parts.split_once("ZWEL0936I").unwrap().1.trim().to_owned())
}

/// Two shells for each component.
fn shells(count: usize) -> Duration {
    let begun = Instant::now();
    for _ in 0..2 * count {
        assert!(Command::new("/bin/sh").args(["-c", ":"]).stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap().success());
    }
    begun.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// What prepare costs by itself.
fn without_commands() {
    let mut before: Option<[Duration; 2]> = None;
    for count in [10, 100, 1000] {
        let instance =
            (0..count).fold(Instance::new(), |instance, number| instance.component(&format!("c{number:04}"), "exec sleep 1000", ""));
        instance.write_config();
        let (mut all_new, mut unchanged, mut parts) = (Vec::new(), Vec::new(), [String::new(), String::new()]);
        for run in 0..RUNS {
            if run > 0 {
                std::fs::remove_dir_all(instance.path("workspace")).unwrap();
            }
            for (times, said) in [&mut all_new, &mut unchanged].into_iter().zip(&mut parts) {
                let (elapsed, of_parts) = prepare(&instance);
                times.push(elapsed);
                *said = of_parts;
            }
        }
        let medians = [median(all_new), median(unchanged)];
        for ((name, elapsed), said) in ["all new", "nothing changed"].iter().zip(medians).zip(&parts) {
            println!("{count} without commands, {name}: {elapsed:?}; {said}");
        }
        if let Some([new, same]) = before {
            let ratio = |now: Duration, before: Duration| now.as_secs_f64() / before.as_secs_f64();
            println!(
                "growth of ten times the components: all new {:.1}, nothing changed {:.1}",
                ratio(medians[0], new),
                ratio(medians[1], same)
            );
        }
        before = Some(medians);
    }
}

fn main() {
    let mut medians = Vec::new();
    for count in [5, 20, 100] {
        let instance = instance_of(count);
        let (mut ours, mut bare, mut parts) = (Vec::new(), Vec::new(), String::new());
        for _ in 0..RUNS {
            let (elapsed, said) = prepare(&instance);
            ours.push(elapsed);
            parts = said;
            bare.push(shells(count));
        }
        let (ours, bare) = (median(ours), median(bare));
        println!("prepare {count}: {ours:?}, {} shells {bare:?}, ratio {:.2}; {parts}", 2 * count, ours.as_secs_f64() / bare.as_secs_f64());
        medians.push(ours);
    }
    println!("growth of five times the components, 20 to 100: {:.2}", medians[2].as_secs_f64() / medians[1].as_secs_f64());
    without_commands();
}
