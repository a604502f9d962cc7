//! The cost of loading and validating a configuration: Zowe's own defaults and a user's file with the real schemas, split by step; and how
//! the cost grows with the number of components, with twenty HA instances that override each of them. The last lines give the split and the
//! ratios of the medians, and fail if the cost grows faster than the number of components.
//!
//! The schemas are Zowe's, in `../shared/zowe` beside the checkout; without them this says so and skips (ZWELNCH_REQUIRE_ALL=1: fails).
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "supervision/site.rs"]
mod site;

use criterion::{BatchSize, BenchmarkId, Criterion};
use std::hint::black_box;
use std::path::PathBuf;
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

/// A configuration as it is loaded here.
struct Site {
    files: site::Site,
    platform: UnixPlatform,
}

impl Site {
    fn of(files: site::Site, id: Option<&str>) -> Site {
        let site = Site { files, platform: UnixPlatform::for_command() };
        assert_valid(&site.load(id));
        site
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.files.path(relative)
    }

    fn text(&self, relative: &str) -> String {
        self.files.text(relative)
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
    assert!(report.exit_code() < 8, "{} {:#?}", site.files.directory.path().display(), report.findings);
    report.findings.len()
}

fn main() {
    let Some(zowe) = site::zowe() else { return };
    let mut criterion = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(200)).configure_from_args();

    let site = Site::of(site::example(&zowe), None);
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

    let sites: Vec<(usize, Site)> =
        COUNTS.iter().map(|count| (*count, Site::of(site::large(&zowe, *count, INSTANCES), Some("lpar3")))).collect();
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
    let thousand = Site::of(site::large(&zowe, 1000, INSTANCES), Some("lpar3"));
    let lpar3 = [HaInstance { id: "lpar3".into(), from_placeholder: false }];
    group.bench_with_input(BenchmarkId::new("load and validate", 1000), &thousand, |bencher, site| {
        bencher.iter(|| site.load(Some("lpar3")).validate());
    });
    group.bench_with_input(BenchmarkId::new("check of one HA instance with manifests and schemas", 1000), &thousand, |bencher, site| {
        bencher.iter(|| {
            let report = inspect::check(&[Source::File(site.path("zowe.yaml"))], &lpar3, &site.platform, None);
            assert!(report.exit_code() < 8, "{:#?}", report.findings);
        });
    });
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
