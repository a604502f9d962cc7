//! Instructions of the commands that answer about a configuration, as valgrind counts them: the same number on every machine, whatever else
//! runs there, but for what a hash takes.

use super::{Counts, TIMES, assert_linear, instance_of};
use crate::harness::{Instance, program, program_or_skip, text};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Components, and HA instances, at one time the size.
const SIZE: usize = 6;

/// A part of a count that may be chance: hash tables of the crates are seeded anew in each run.
const CHANCE: f64 = 0.01;

/// valgrind, and the program without its symbols, which takes valgrind half the time to read.
struct Counter {
    valgrind: PathBuf,
    program: PathBuf,
    _directory: tempfile::TempDir,
}

impl Counter {
    fn new() -> Option<Counter> {
        let valgrind = program_or_skip("valgrind")?;
        let strip = program_or_skip("strip")?;
        let directory = tempfile::tempdir().unwrap();
        let stripped = directory.path().join("zwelnch");
        let output = Command::new(strip).arg("-o").arg(&stripped).arg(program()).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        Some(Counter { valgrind, program: stripped, _directory: directory })
    }

    /// The instructions of one command.
    fn count(&self, instance: &Instance, command: &str) -> u64 {
        let launcher = instance.launcher(&[]);
        // The counter of callgrind without the call graph, in a third of the time.
        let mut counted = Command::new(&self.valgrind);
        counted.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]).arg(&self.program).arg(command);
        counted.env_clear().envs(launcher.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
        let output = counted.output().unwrap();
        let said = text(&output);
        assert!(output.status.code().is_some_and(|code| code < 8), "{said}");
        let number = said.lines().find_map(|line| line.split_once("I   refs:").map(|(_, number)| number.trim().replace(',', "")));
        number.unwrap_or_else(|| panic!("valgrind counts nothing: {said}")).parse().unwrap()
    }
}

fn of_size(components: usize, ha_instances: usize) -> Instance {
    instance_of(components, ha_instances, ":")
}

/// Where it goes: `valgrind --tool=callgrind target/debug/zwelnch check -c FILE`, then `callgrind_annotate`.
#[test]
fn instructions_of_check_grow_with_the_components_and_with_the_instances() {
    let Some(counter) = Counter::new() else { return };
    let check = |components, instances| counter.count(&of_size(components, instances), "check");
    let smallest = check(SIZE, SIZE);
    let by_components = [smallest, check(2 * SIZE, SIZE), check(4 * SIZE, SIZE)];
    let by_instances = [smallest, check(SIZE, 2 * SIZE), check(SIZE, 4 * SIZE)];
    assert_linear("instructions", SIZE, &[("check by components", by_components, CHANCE), ("check by HA instances", by_instances, CHANCE)]);
    // Linear in each, however large the other is: where there is twice as much of both, what comes on top is the product of both.
    let [_, more_components, _] = by_components;
    let [_, more_instances, _] = by_instances;
    let product = |both: u64, one: u64, other: u64| both as f64 + smallest as f64 - one as f64 - other as f64;
    let twice = product(check(2 * SIZE, 2 * SIZE), more_components, more_instances);
    // Once the product of the smallest is at most all that the smallest costs.
    assert!(twice <= 1.2 * smallest as f64, "{twice} instructions for the product of both, of {smallest}");
}

#[test]
fn instructions_of_config_and_plan_grow_with_the_components() {
    const MORE: usize = 3 * SIZE;
    let Some(counter) = Counter::new() else { return };
    let counts = |command: &str| -> Counts { TIMES.map(|times| counter.count(&of_size(times * MORE, 1), command)) };
    assert_linear("instructions", MORE, &[("config", counts("config"), CHANCE), ("plan", counts("plan"), CHANCE)]);
}
