//! The growth with the number of components, as a table of docs/performance.md.

use crate::others::Kind;
use crate::reading::cpu_of;
use crate::running::{Life, Other, life};
use crate::sample::{Sample, number};
use crate::site;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

const COUNTS: [usize; 4] = [10, 100, 1000, 5000];

/// The table stands between these lines.
const BEGIN: &str = "<!-- table: begin -->";
const END: &str = "<!-- table: end -->";

/// Many of few, few of many.
fn rounds(count: usize) -> usize {
    match count {
        0..50 => 11,
        50..500 => 7,
        500..3000 => 3,
        _ => 2,
    }
}

/// Prints the table, and puts it into docs/performance.md if `write`.
pub(crate) fn table(counts: Vec<usize>, write: bool) {
    let counts = if counts.is_empty() { COUNTS.to_vec() } else { counts };
    let mut columns = Vec::new();
    for count in &counts {
        println!("measuring {count}, {} rounds...", rounds(*count));
        columns.push((life(*count, rounds(*count)), checks(*count)));
    }
    let text = text(&counts, &columns);
    println!("{text}");
    if write {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md");
        let document = fs::read_to_string(&path).unwrap();
        let (before, rest) = document.split_once(BEGIN).unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        fs::write(&path, format!("{before}{BEGIN}\n{text}{END}{after}")).unwrap();
    }
}

/// Processor time of `check` with so many components and no HA instance.
fn checks(count: usize) -> Sample {
    let mut sample = Sample::default();
    if let Some(zowe) = site::zowe() {
        let large = site::large(&zowe, count, 1);
        (0..rounds(count).min(5)).for_each(|_| sample.add(cpu_of("check", &large.path("zowe.yaml"))));
    }
    sample
}

/// A figure: its name, and its value in a column.
type Row<'a> = (String, Value<'a>);

/// Its value in a column.
type Value<'a> = Box<dyn Fn(&(Life, Sample)) -> String + 'a>;

fn text(counts: &[usize], columns: &[(Life, Sample)]) -> String {
    let median = |of: fn(&Life) -> &Sample| -> Value<'static> { Box::new(move |column| number(of(&column.0).median())) };
    let ratio = |ours: fn(&Life) -> &Sample, bare: fn(&Life) -> &Sample| -> Value<'static> {
        Box::new(move |(life, _)| number(ours(life).median() / bare(life).median()))
    };
    let noise = |of: fn(&Life) -> &Sample| -> Value<'static> { Box::new(move |(life, _)| format!("{:.0} %", of(life).noise() * 100.0)) };
    let other = |kind: Kind, of: fn(&Other) -> &Sample| -> Row<'_> {
        let value = move |(life, _): &(Life, Sample)| {
            life.others.iter().find(|(of, _)| *of == kind).map_or("-".to_owned(), |(_, other)| number(of(other).median()))
        };
        (kind.name().to_owned(), Box::new(value))
    };
    let groups: Vec<(&str, Vec<Row<'_>>)> = vec![
        (
            "start, ms",
            vec![
                ("from exec to the last running".into(), median(|life| &life.start)),
                ("from ZWEL0006I".into(), median(|life| &life.start_only)),
                ("bare".into(), median(|life| &life.start_bare)),
                ("from exec, as a ratio".into(), ratio(|life| &life.start, |life| &life.start_bare)),
                ("from ZWEL0006I, as a ratio".into(), ratio(|life| &life.start_only, |life| &life.start_bare)),
                ("noise: bare, once more, as a ratio".into(), ratio(|life| &life.start_bare_again, |life| &life.start_bare)),
                ("noise: the bare runs lie apart by".into(), noise(|life| &life.start_bare)),
                other(Kind::Dinit, |other| &other.start),
                other(Kind::S6, |other| &other.start),
                other(Kind::Runit, |other| &other.start),
            ],
        ),
        (
            "prepare, ms",
            vec![
                ("all new".into(), median(|life| &life.prepare_new)),
                ("bare: the same files written".into(), median(|life| &life.write_bare)),
                ("nothing changed".into(), median(|life| &life.prepare_unchanged)),
                ("bare: the same files read".into(), median(|life| &life.read_bare)),
            ],
        ),
        (
            "killed at once (at most 100), the last one back, ms",
            vec![
                ("launcher".into(), median(|life| &life.burst)),
                ("bare".into(), median(|life| &life.burst_bare)),
                ("as a ratio".into(), ratio(|life| &life.burst, |life| &life.burst_bare)),
                ("noise: the bare runs lie apart by".into(), noise(|life| &life.burst_bare)),
                other(Kind::Dinit, |other| &other.burst),
                other(Kind::S6, |other| &other.burst),
                other(Kind::Runit, |other| &other.burst),
            ],
        ),
        ("RELOAD of one, ms", vec![("until it runs again".into(), median(|life| &life.reload))]),
        (
            "stop, ms",
            vec![
                ("launcher".into(), median(|life| &life.stop)),
                ("bare".into(), median(|life| &life.stop_bare)),
                other(Kind::Dinit, |other| &other.stop),
                other(Kind::S6, |other| &other.stop),
                other(Kind::Runit, |other| &other.stop),
            ],
        ),
        (
            "memory (PSS), MiB",
            vec![
                ("launcher".into(), median(|life| &life.launcher)),
                ("guardian".into(), median(|life| &life.guardian)),
                other(Kind::Dinit, |other| &other.memory),
                other(Kind::S6, |other| &other.memory),
                other(Kind::Runit, |other| &other.memory),
            ],
        ),
        ("check, ms CPU", vec![("one HA instance".into(), Box::new(|(_, check)| number(check.median())))]),
    ];
    let mut text = format!("{}\n\n| components |", machine());
    counts.iter().for_each(|count| write!(text, " {count} |").unwrap());
    write!(text, "\n|---|{}\n", "--:|".repeat(counts.len())).unwrap();
    for (group, rows) in groups {
        writeln!(text, "| **{group}** |{}", " |".repeat(counts.len())).unwrap();
        for (name, value) in rows {
            write!(text, "| {name} |").unwrap();
            columns.iter().for_each(|column| write!(text, " {} |", value(column)).unwrap());
            text.push('\n');
        }
    }
    text
}

/// What was measured on, and when.
pub(crate) fn machine() -> String {
    let file = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu = file("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':')).map_or("unknown", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = file("/proc/loadavg");
    let said = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output().ok()?;
        String::from_utf8_lossy(&output.stdout).lines().next().map(|line| line.trim_end_matches('.').to_owned())
    };
    let package = |name: &str| {
        let output = Command::new("dpkg-query").args(["-W", "-f", "${Version}", name]).output().ok()?;
        (output.status.success()).then(|| format!("{name} {}", String::from_utf8_lossy(&output.stdout)))
    };
    let versions = [said("dinit", "--version"), package("s6"), package("runit"), package("dash").map(|dash| format!("sh: {dash}"))];
    format!(
        "Measured {} on {model}, {cores} cores, Linux {}, load average {} at the end; zwelnch {} ({}), {}.",
        said("date", "+%Y-%m-%d").unwrap_or_default(),
        file("/proc/sys/kernel/osrelease").trim(),
        load.split(' ').next().unwrap_or_default(),
        env!("CARGO_PKG_VERSION"),
        if cfg!(debug_assertions) { "debug" } else { "release" },
        versions.into_iter().flatten().collect::<Vec<_>>().join(", ")
    )
}
