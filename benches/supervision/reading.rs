//! Processor time of the commands that answer about a configuration.

use crate::bare::cpu_of_children;
use crate::harness::program;
use crate::sample::{Sample, ms, tell};
use crate::site;
use std::path::Path;
use std::process::{Command, Stdio};

/// User and system time of one run of a command.
pub(crate) fn cpu_of(command: &str, config: &Path) -> f64 {
    let before = cpu_of_children();
    let status = Command::new(program())
        .args([command, "-c"])
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.code().is_some_and(|code| code < 8), "{command} -c {}: {status}", config.display());
    ms(cpu_of_children() - before)
}

/// `check` beside `config`, which loads and validates nothing more than it must: a small file with Zowe's defaults and schemas, then many
/// components with many HA instances.
pub(crate) fn check() {
    let Some(zowe) = site::zowe() else { return };
    let small = site::example(&zowe);
    in_turn("check of a small configuration with the real defaults", &small.path("zowe.yaml"), 21);
    for (components, instances) in [(50, 20), (100, 20), (200, 5), (200, 10), (200, 20)] {
        let large = site::large(&zowe, components, instances);
        in_turn(&format!("check of {components} components, {instances} HA instances"), &large.path("zowe.yaml"), 3);
    }
}

fn in_turn(what: &str, config: &Path, rounds: usize) {
    let (mut checked, mut loaded) = (Sample::default(), Sample::default());
    for _ in 0..rounds {
        checked.add(cpu_of("check", config));
        loaded.add(cpu_of("config", config));
    }
    tell(&format!("{what}; bare: config"), "ms CPU", &checked, &loaded, &[]);
}
