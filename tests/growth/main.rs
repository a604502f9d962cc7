//! How the launcher's work grows with what it is given: counted work, not time, so that a busy machine changes nothing. System calls are
//! counted by strace, instructions by valgrind. What is asked for is a shape, not a size: twice as much may not cost more than twice
//! as much.
//! A target of its own, so that cargo runs it when no other test runs.
#![allow(clippy::unwrap_used)]

mod calls;
#[allow(dead_code)]
#[path = "../it/harness.rs"]
mod harness;
mod instructions;

use harness::Instance;

/// What is measured at one, two and four times a size.
const TIMES: [usize; 3] = [1, 2, 4];

/// Work at one, two and four times a size.
type Counts = [u64; 3];

/// Whether it grows no faster than the size. For work of the form `a + b n` the second difference is twice the first, for `n²` four times.
/// `tolerance`: a part of the largest count that may be chance.
fn is_linear(counts: &Counts, tolerance: f64) -> bool {
    let [one, two, four] = counts.map(|count| count as f64);
    four - two <= 2.2 * (two - one).max(0.0) + tolerance * four
}

/// What was counted, and the part of it that may be chance.
type Figure<'a> = (&'a str, Counts, f64);

/// Fails if any of the figures grows faster than the size; tells all of them, with what each more of the size costs.
fn assert_linear(what: &str, size: usize, figures: &[Figure<'_>]) {
    let line = |(name, counts, chance): &Figure<'_>| {
        let each = counts[2].saturating_sub(counts[1]) as f64 / (2 * size) as f64;
        let verdict = if is_linear(counts, *chance) { "" } else { "  <- grows faster than the size" };
        format!("{name}: {counts:?} {what} at {:?}, {each:.1} for each more{verdict}", TIMES.map(|times| times * size))
    };
    let told = figures.iter().map(line).collect::<Vec<_>>().join("\n");
    tell(&told);
    assert!(figures.iter().all(|(_, counts, chance)| is_linear(counts, *chance)), "\n{told}");
}

/// Seen with `--nocapture`.
#[allow(clippy::print_stderr)]
fn tell(text: &str) {
    eprintln!("{text}");
}

/// So many components that do nothing, each with a port, a schema of its own, and an overlay in each of so many HA instances.
fn instance_of(components: usize, ha_instances: usize, start: &str) -> Instance {
    let name = |number: usize| format!("c{number:04}");
    let mut instance = (0..components).fold(Instance::new(), |instance, number| {
        instance.component(&name(number), start, &format!("port: {}\nlauncher: {{restartIntervals: [1]}}", 10_000 + number))
    });
    for number in 0..components {
        let schema = format!(
            r#"{{"$schema": "https://json-schema.org/draft/2019-09/schema", "$id": "https://example.org/schemas/{0}", "allOf": [
            {{"$ref": "https://zowe.org/schemas/v2/server-base"}}, {{"type": "object", "properties": {{"components": {{"type": "object",
            "properties": {{"{0}": {{"type": "object", "properties": {{"port": {{"type": "integer"}}}}}}}}}}}}}}]}}"#,
            name(number)
        );
        std::fs::write(instance.component_directory(&name(number)).join("schema.json"), schema).unwrap();
    }
    if ha_instances > 0 {
        let overlay = |ha_instance: usize| {
            let ports =
                (0..components).map(|number| format!("      {}: {{port: {}}}\n", name(number), 20_000 + 100 * ha_instance + number));
            format!(
                "  lpar{ha_instance}:\n    hostname: h{ha_instance}\n    sysname: S{ha_instance}\n    components:\n{}",
                ports.collect::<String>()
            )
        };
        instance = instance.extra(&format!("haInstances:\n{}", (0..ha_instances).map(overlay).collect::<String>()));
    }
    std::fs::create_dir_all(instance.runtime().join("schemas")).unwrap();
    let schema = r##"{"$schema": "https://json-schema.org/draft/2019-09/schema", "$id": "https://zowe.org/schemas/v2/server-base", "type": "object",
        "properties": {"zowe": {"type": "object"}, "components": {"type": "object", "patternProperties": {"^.*$": {"$ref": "#/$defs/component"}}},
        "haInstances": {"type": "object"}}, "$defs": {"component": {"type": "object", "properties": {"enabled": {"type": "boolean"}}}}}"##;
    std::fs::write(instance.runtime().join("schemas/zowe-yaml-schema.json"), schema).unwrap();
    std::fs::write(instance.runtime().join("schemas/server-common.json"), "{\"$id\": \"https://zowe.org/schemas/v2/server-common\"}")
        .unwrap();
    instance.write_config();
    instance
}

#[test]
fn what_grows_faster_than_the_size_is_told_from_what_does_not() {
    let shape = |work: fn(u64) -> u64| [50, 100, 200].map(work);
    assert!(is_linear(&shape(|n| 10_000 + 30 * n), 0.02));
    assert!(is_linear(&shape(|_| 700), 0.02));
    assert!(is_linear(&[1000, 1003, 998], 0.02), "chance");
    assert!(is_linear(&shape(|n| 500 + 30 * n + n * u64::from(n.ilog2())), 0.02), "sorting");
    assert!(!is_linear(&shape(|n| 10_000 + 30 * n + n * n / 4), 0.02));
    assert!(!is_linear(&shape(|n| n * n), 0.02));
}
