//! How long Zowe's own files take: `cargo test --release --lib timing -- --ignored --nocapture`.

use crate::config::testing::*;
use crate::config::{Configuration, LoadRequest, Source, merge, template, yaml};
use std::time::{Duration, Instant};

/// The median of 31 runs.
fn median<T>(mut run: impl FnMut() -> T) -> Duration {
    let mut times: Vec<Duration> = (0..31)
        .map(|_| {
            let begin = Instant::now();
            std::hint::black_box(run());
            begin.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

#[test]
#[ignore = "a measurement of a release build"]
fn timing_of_zowes_own_files() {
    let Some(golden) = GoldenRuntime::new(true) else { return };
    let runtime = golden.directory.path().join("runtime");
    let example = std::fs::read_to_string(shared("zowe/example-zowe.yaml").unwrap()).unwrap();
    let example = example
        .replacen("runtimeDirectory: \"\"", &format!("runtimeDirectory: {}", runtime.display()), 1)
        .replace("home: \"\"", "home: /usr");
    let defaults = std::fs::read_to_string(runtime.join("files/defaults.yaml")).unwrap();
    let file = golden.directory.path().join("zowe.yaml");
    std::fs::write(&file, &example).unwrap();
    let (sources, none, platform) = ([Source::File(file)], crate::config::HaInstance::none(), FakePlatform::default());
    let load = || Configuration::load(&LoadRequest { sources: &sources, ha_instance: &none, platform: &platform }).unwrap();
    let read = || [(&example, 0), (&defaults, 1)].map(|(text, source)| yaml::read(text, "x", source, true).unwrap().root);
    let documents = read();
    let merged = merge::merge_list(&documents).unwrap();
    let place = |place: crate::config::node::Place| crate::config::Location::new("x", place.line, place.column);
    println!("YAML      {:?}", median(read));
    println!("merge     {:?}", median(|| merge::merge_list(&documents)));
    println!("templates {:?}", median(|| template::evaluate(&merged, &platform, &place).root));
    println!("load      {:?} (all of these, reading, and the runtime directory found first)", median(load));
    // A new configuration has compiled nothing yet.
    let mut loaded: Vec<Configuration> = (0..31).map(|_| load()).collect();
    println!("schemas   {:?} (compiled and validated)", median(|| loaded.pop().unwrap().validate()));
    let compiled = load();
    let problems = compiled.validate();
    assert!(!problems.iter().any(|problem| problem.error), "{problems:#?}");
    println!("validate  {:?} (again, with the schemas compiled)", median(|| compiled.validate()));
    let all = median(|| load().validate());
    println!("all       {all:?}");
    assert!(all < Duration::from_millis(50), "{all:?}");
}
