//! The cost of loading and validating a configuration: Zowe's own defaults and a user's file with the real schemas, split by step; and how
//! the cost grows with the number of components, with twenty HA instances that override each of them. The last lines give the split and the
//! ratios of the medians, and fail if the cost grows faster than the number of components.
//!
//! The schemas are Zowe's, in `../shared/zowe` beside the checkout; without them this says so and skips (ZWELNCH_REQUIRE_ALL=1: fails).
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use criterion::{BatchSize, BenchmarkId, Criterion};
use std::fmt::Write;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use zwelnch::config::merge::merge_list;
use zwelnch::config::node::Node;
use zwelnch::config::{Configuration, HaInstance, LoadRequest, Location, Source, template, yaml};
use zwelnch::inspect;
use zwelnch::platform::unix::UnixPlatform;

/// The target for load and validate of Zowe's own files together.
const TARGET: Duration = Duration::from_millis(50);
const COUNTS: [usize; 4] = [25, 50, 100, 200];
const INSTANCES: usize = 20;

fn zowe() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/zowe");
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var("ZWELNCH_REQUIRE_ALL").as_deref() != Ok("1"), "{} is required", path.display());
    println!("skipped: {} is absent", path.display());
    None
}

/// A runtime directory with Zowe's schemas and defaults, and a user's file.
struct Site {
    directory: tempfile::TempDir,
    platform: UnixPlatform,
}

impl Site {
    fn new(zowe: &Path) -> Site {
        let site = Site { directory: tempfile::tempdir().unwrap(), platform: UnixPlatform::for_command() };
        for (from, to) in [
            ("schemas/zowe-yaml-schema.json", "runtime/schemas/zowe-yaml-schema.json"),
            ("schemas/server-common.json", "runtime/schemas/server-common.json"),
            ("schemas/manifest-schema.json", "runtime/schemas/manifest-schema.json"),
            ("defaults.yaml", "runtime/files/defaults.yaml"),
        ] {
            site.write(to, &std::fs::read_to_string(zowe.join(from)).unwrap());
        }
        site
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.directory.path().join(relative)
    }

    fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn text(&self, relative: &str) -> String {
        std::fs::read_to_string(self.path(relative)).unwrap()
    }

    fn load(&self, id: Option<&str>) -> Configuration {
        let ha_instance = id.map_or_else(HaInstance::none, |id| HaInstance { id: id.into(), from_placeholder: false });
        let sources = [Source::File(self.path("zowe.yaml"))];
        Configuration::load(&LoadRequest { sources: &sources, ha_instance: &ha_instance, platform: &self.platform })
            .unwrap_or_else(|error| panic!("{error}"))
    }

    fn parse(&self) -> Vec<Arc<Node>> {
        ["zowe.yaml", "runtime/files/defaults.yaml"]
            .iter()
            .zip(0..)
            .map(|(file, source)| yaml::read(&self.text(file), file, source, true).unwrap().root)
            .collect()
    }

    fn evaluate(&self, merged: &Arc<Node>) -> Arc<Node> {
        let evaluation = template::evaluate(merged, &self.platform, &|place| Location::new("configuration", place.line, place.column));
        assert!(evaluation.errors.is_empty(), "{:?}", evaluation.errors);
        evaluation.root
    }
}

fn assert_valid(configuration: &Configuration) {
    let errors: Vec<String> = configuration.validate().iter().filter(|problem| problem.error).map(ToString::to_string).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// Zowe's example with the values that a user must fill in.
fn example(zowe: &Path) -> Site {
    let site = Site::new(zowe);
    let runtime = format!("runtimeDirectory: \"{}\"", site.path("runtime").display());
    let text = std::fs::read_to_string(zowe.join("example-zowe.yaml")).unwrap();
    assert!(text.contains("runtimeDirectory: \"\""));
    let text = text.replacen("runtimeDirectory: \"\"", &runtime, 1).replace("\n  home: \"\"", "\n  home: \"/usr/lpp\"");
    site.write("zowe.yaml", &text);
    assert_valid(&site.load(None));
    site
}

/// As many components, each installed with manifest and schema, configured, with a template, and overridden by each of the HA instances.
fn large(zowe: &Path, count: usize) -> Site {
    let site = Site::new(zowe);
    let base = example(zowe);
    let kept: String = base
        .text("zowe.yaml")
        .lines()
        .take_while(|line| !line.starts_with("components:"))
        .map(|line| format!("{line}\n"))
        .collect::<String>()
        .replace(&base.path("runtime").display().to_string(), &site.path("runtime").display().to_string());
    let mut text = kept;
    text.push_str("components:\n");
    for number in 0..count {
        let port = 10_000 + number;
        write!(
            text,
            "  c{number:03}:\n    enabled: true\n    port: {port}\n    debug: false\n    peer: ${{{{ components.c{:03}.port + 1 }}}}\n    \
             launcher:\n      restartIntervals: [1, 1, 5]\n      minUptime: 30\n    server:\n      ssl: {{enabled: true, keyAlias: \"k{number}\"}}\n      \
             hosts: [a.example.com, b.example.com]\n",
            (number + 1) % count
        )
        .unwrap();
        let home = format!("runtime/components/c{number:03}");
        site.write(
            &format!("{home}/manifest.yaml"),
            &format!(
                "name: c{number:03}\nid: org.example.c{number:03}\nversion: 1.0.0\ntitle: Component\ndescription: One of many\nlicense: EPL-2.0\n\
                 commands:\n  start: bin/start.sh\nschemas:\n  configs: schema.json\nconfigs:\n  timeout: 10\n"
            ),
        );
        site.write(&format!("{home}/bin/start.sh"), "sleep 1\n");
        site.write(&format!("{home}/schema.json"), &component_schema(number));
    }
    text.push_str("haInstances:\n");
    for instance in 0..INSTANCES {
        write!(text, "  lpar{instance}:\n    hostname: h{instance}.example.com\n    sysname: SYS{instance}\n    components:\n").unwrap();
        for number in 0..count {
            writeln!(text, "      c{number:03}: {{port: {}}}", 10_000 + 1_000 * (instance + 1) + number).unwrap();
        }
    }
    site.write("zowe.yaml", &text);
    assert_valid(&site.load(Some("lpar3")));
    site
}

fn component_schema(number: usize) -> String {
    format!(
        r#"{{"$schema": "https://json-schema.org/draft/2019-09/schema", "$id": "https://example.org/schemas/c{number:03}",
        "allOf": [{{"$ref": "https://zowe.org/schemas/v2/server-base"}}, {{"type": "object", "properties": {{"components": {{"type": "object",
        "properties": {{"c{number:03}": {{"type": "object", "properties": {{"port": {{"type": "integer"}}, "debug": {{"type": "boolean"}}}}}}}}}}}}}}]}}"#
    )
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let result = work();
    (result, begun.elapsed())
}

/// The medians of some measurements taken in turn.
fn medians<const N: usize>(runs: usize, mut once: impl FnMut() -> [Duration; N]) -> [Duration; N] {
    let all: Vec<[Duration; N]> = (0..runs).map(|_| once()).collect();
    std::array::from_fn(|index| {
        let mut times: Vec<Duration> = all.iter().map(|times| times[index]).collect();
        times.sort();
        times[runs / 2]
    })
}

/// YAML, merge, templates, the load as a whole (with reading, overlay and values), validate for the first time (schemas read) and again.
fn steps(site: &Site, id: Option<&str>) -> [Duration; 6] {
    let (parsed, yaml) = timed(|| site.parse());
    let (merged, merge) = timed(|| merge_list(&parsed).unwrap());
    let (_, templates) = timed(|| black_box(site.evaluate(&merged)));
    let (configuration, load) = timed(|| site.load(id));
    let (_, first) = timed(|| black_box(configuration.validate()));
    let (_, again) = timed(|| black_box(configuration.validate()));
    [yaml, merge, templates, load, first, again]
}

fn report(name: &str, times: &[Duration; 6]) {
    let [yaml, merge, templates, load, first, again] = times;
    println!(
        "{name}: load {load:.1?} (of it YAML {yaml:.1?}, merge {merge:.1?}, templates {templates:.1?}), validate {first:.1?} (schemas already read: \
         {again:.1?}), together {:.1?}",
        *load + *first
    );
}

fn check(site: &Site) -> usize {
    let report = inspect::check(&[Source::File(site.path("zowe.yaml"))], &[], &site.platform, None);
    assert!(report.exit_code() < 8, "{} {:#?}", site.directory.path().display(), report.findings);
    report.findings.len()
}

fn main() {
    let Some(zowe) = zowe() else { return };
    let mut criterion = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(200)).configure_from_args();

    let site = example(&zowe);
    let mut group = criterion.benchmark_group("defaults and user file");
    group.bench_function("load and validate", |bencher| bencher.iter(|| site.load(None).validate()));
    group.bench_function("YAML", |bencher| bencher.iter(|| site.parse()));
    let parsed = site.parse();
    group.bench_function("merge", |bencher| bencher.iter(|| merge_list(&parsed)));
    let merged = merge_list(&parsed).unwrap();
    group.bench_function("templates", |bencher| bencher.iter(|| site.evaluate(&merged)));
    group.bench_function("schemas", |bencher| {
        bencher.iter_batched(|| site.load(None), |configuration| configuration.validate(), BatchSize::PerIteration);
    });
    group.finish();

    let sites: Vec<(usize, Site)> = COUNTS.iter().map(|count| (*count, large(&zowe, *count))).collect();
    let mut group = criterion.benchmark_group(format!("components, {INSTANCES} HA instances"));
    group.sample_size(10);
    for (count, site) in &sites {
        group.bench_with_input(BenchmarkId::new("load and validate", count), site, |bencher, site| {
            bencher.iter(|| site.load(Some("lpar3")).validate());
        });
        group.bench_with_input(BenchmarkId::new("check with manifests and schemas", count), site, |bencher, site| {
            bencher.iter(|| check(site));
        });
    }
    group.finish();

    let of_example = medians(21, || steps(&site, None));
    report("defaults and user file", &of_example);
    let together = of_example[3] + of_example[4];
    println!("target {TARGET:?}: {}", if together < TARGET { "met" } else { "MISSED" });
    let mut before: Option<(usize, Duration, Duration)> = None;
    for (count, site) in &sites {
        let times = medians(7, || steps(site, Some("lpar3")));
        report(&format!("{count} components, {INSTANCES} HA instances"), &times);
        let [checked] = medians(3, || [timed(|| check(site)).1]);
        let loaded = times[3] + times[4];
        println!("{count} components: check {checked:.1?}");
        if let Some((fewer, loaded_before, checked_before)) = before {
            let growth = *count as f64 / fewer as f64;
            let ratio = |now: Duration, then: Duration| now.as_secs_f64() / then.as_secs_f64();
            let (load, check) = (ratio(loaded, loaded_before), ratio(checked, checked_before));
            println!("ratio {count} to {fewer} components (linear: {growth:.1}): load and validate {load:.2}, check {check:.2}");
        }
        before = Some((*count, loaded, checked));
    }
    criterion.final_summary();
}
