//! `zwelnch chart`: a start of the real program, drawn from its journal, and looked at by an XML parser and a browser that are not ours.

use crate::harness::{Instance, program, program_or_skip, settled, skip, text};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// `chart` of an instance.
fn chart(instance: &Instance, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(program()).arg("chart").arg("-c").arg(instance.config()).args(arguments).output().unwrap();
    (output.status.code().unwrap(), text(&output))
}

/// A component that is ready when it says so, one that waits for it, one whose readiness nothing signals.
fn instance() -> Instance {
    let instance = Instance::new()
        .component("db", "echo READY; exec sleep 1000", "launcher: {readiness: READY}")
        .component("web", "sleep 0.2; echo READY; exec sleep 1000", "launcher: {readiness: READY, dependsOn: [db]}")
        .component("still", "echo up; exec sleep 1000", "");
    instance.script("db", "validate", "sleep 0.1");
    instance.script("web", "configure", "exit 0");
    instance
}

/// One start, from S to P.
fn run(instance: &Instance) {
    let mut running = instance.start();
    running.wait_for("ZWEL0901I");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

fn json(instance: &Instance, arguments: &[&str]) -> Value {
    let (code, said) = chart(instance, &[&["--format", "json"], arguments].concat());
    assert_eq!(code, 0, "{said}");
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// Times of one kind of a component, in microseconds: begun and ended.
fn span(start: &Value, component: &str, kind: &str) -> (u64, u64) {
    let component = start["components"].as_array().unwrap().iter().find(|known| known["name"] == component).unwrap();
    let span =
        component["spans"].as_array().unwrap().iter().find(|span| span["kind"] == kind).unwrap_or_else(|| panic!("{kind}: {component}"));
    (span["begun"].as_u64().unwrap(), span["ended"].as_u64().unwrap())
}

/// What Python's XML parser makes of a picture: for each bar its lane, title, x, y, width and height; then width and height of the view.
const XML: &str = r#"
import sys, xml.etree.ElementTree as tree
of = '{http://www.w3.org/2000/svg}'
root = tree.parse(sys.stdin).getroot()
assert root.tag == of + 'svg' and root.find(of + 'title').text
for bar in root.iter(of + 'g'):
    if not bar.get('class').startswith('bar'): continue
    rect, title = bar.find(of + 'rect'), bar.find(of + 'title').text
    print('\t'.join([bar.get('data-lane'), bar.get('class'), title] + [rect.get(name) for name in ('x', 'y', 'width', 'height')]))
print('\t'.join(['view', '', ''] + root.get('viewBox').split()))
"#;

/// Lane, class, title, and x, y, width, height.
type Bar = (String, String, String, [f64; 4]);

fn bars(printed: &str) -> (Vec<Bar>, [f64; 4]) {
    let line = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let number = |cell: usize| cells[cell].parse::<f64>().unwrap_or_else(|_| panic!("{line}"));
        (cells[0].to_owned(), cells[1].to_owned(), cells[2].to_owned(), [number(3), number(4), number(5), number(6)])
    };
    let mut all: Vec<Bar> = printed.lines().map(line).collect();
    let view = all.pop().unwrap();
    assert_eq!(view.0, "view");
    (all, view.3)
}

/// Bars of a lane follow each other, and all are inside.
fn judge((bars, view): &(Vec<Bar>, [f64; 4])) {
    let inside = |[x, y, width, height]: [f64; 4]| {
        x >= view[0] - 0.01 && y >= view[1] - 0.01 && x + width <= view[0] + view[2] + 0.01 && y + height <= view[1] + view[3] + 0.01
    };
    for (number, bar) in bars.iter().enumerate() {
        assert!(inside(bar.3) && bar.3[2] > 0.0, "{bar:?} in {view:?}");
        for other in &bars[..number] {
            let apart = |a: f64, long: f64, b: f64, other: f64| a + long <= b + 0.02 || b + other <= a + 0.02;
            let ([x, y, width, height], [u, v, long, high]) = (bar.3, other.3);
            assert!(apart(x, width, u, long) || apart(y, height, v, high), "{bar:?} and {other:?}");
        }
    }
}

#[test]
fn a_start_of_the_program_is_drawn_from_its_journal() {
    let instance = instance();
    run(&instance);
    let start = json(&instance, &[]);
    assert!(start["ready"].as_u64() > Some(0) && start["torn"] == false && start["job"] == "ZWESLSTC", "{start}");
    let phases: Vec<&str> = start["phases"].as_array().unwrap().iter().map(|phase| phase["name"].as_str().unwrap()).collect();
    assert_eq!(phases, ["load", "check", "startup checks", "workspace", "validate", "configure"]);
    let (validate, configure) = (span(&start, "db", "validate"), span(&start, "web", "configure"));
    assert!(validate.1 - validate.0 >= 100_000 && validate.1 <= configure.0, "{start}");
    let (db, wait, web) = (span(&start, "db", "running"), span(&start, "web", "waiting"), span(&start, "web", "running"));
    // That both happen is told by one turn of the launcher.
    assert!(db.1 <= wait.1 + 100_000 && wait.1 <= web.0 && web.1 - web.0 >= 200_000, "{start}");
    let still = span(&start, "still", "unsignalled");
    assert_eq!(still.0, still.1);
    let chain: Vec<&str> = start["critical"].as_array().unwrap().iter().map(|link| link["name"].as_str().unwrap()).collect();
    assert_eq!(chain[..4], ["web", "db", "configure", "validate"], "{start}");
    let (code, critical) = chart(&instance, &["--critical"]);
    assert!(
        code == 0 && critical.contains("\n└─web @") && critical.contains("\n  └─db @") && critical.contains("(slowest: db 0."),
        "{critical}"
    );
    let (_, tables) = chart(&instance, &["--format", "text"]);
    assert!(tables.contains("no signal") && tables.contains("ready after"), "{tables}");
    // Not a terminal: a picture, without being asked for one.
    let (code, picture) = chart(&instance, &[]);
    assert!(code == 0 && picture.starts_with("<svg ") && !picture.contains("http://www.w3.org/1999/xlink") && !picture.contains("<script"));
    // The file itself, by its name and from a stream.
    let journal = instance.path("workspace/zwelnch-lpar1.journal");
    for (by, input) in [(journal.to_str().unwrap(), Stdio::null()), ("-", std::fs::File::open(&journal).unwrap().into())] {
        let output = Command::new(program()).args(["chart", "--journal", by]).stdin(input).output().unwrap();
        assert_eq!(text(&output), picture, "{by}");
    }
    let Some(python) = program_or_skip("python3") else { return };
    let mut child =
        Command::new(python).args(["-c", XML]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(picture.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}\n{picture}", text(&output));
    let read = bars(&text(&output));
    judge(&read);
    let spans = start["components"].as_array().unwrap().iter().map(|component| component["spans"].as_array().unwrap().len());
    assert_eq!(read.0.len(), spans.sum::<usize>() + phases.len());
    let of = |title: &str| read.0.iter().find(|bar| bar.2.starts_with(title)).unwrap_or_else(|| panic!("{title}: {read:?}"));
    assert!(of("web: from its process to ready").1.contains("critical") && of("still: runs since").1.contains("unsignalled"), "{read:?}");
    assert!(of("db: validate").3[0] < of("db: from its process to ready").3[0]);
}

#[test]
fn starts_are_kept_and_compared() {
    let instance = instance();
    let (code, said) = {
        instance.write_config();
        std::fs::create_dir_all(instance.path("workspace")).unwrap();
        chart(&instance, &[])
    };
    assert!(code == 8 && said.contains("there is no journal"), "{said}");
    run(&instance);
    instance.script("web", "start", "sleep 2; echo READY; exec sleep 1000");
    run(&instance);
    let (last, before) = (json(&instance, &["--against", "2"]), json(&instance, &["--run", "2"]));
    assert_ne!(last["run"], before["run"]);
    let slower = last["slower"].as_array().unwrap();
    let of_web = slower.iter().find(|slower| slower["what"] == "web: ready").unwrap_or_else(|| panic!("{slower:?}"));
    assert!(of_web["now"].as_u64().unwrap() - of_web["before"].as_u64().unwrap() >= 1_000_000, "{of_web}");
    let (_, said) = chart(&instance, &["--format", "text", "--against", "2"]);
    assert!(said.contains("slower than in start 2:") && said.contains("web: ready +"), "{said}");
    let (_, picture) = chart(&instance, &["--against", "2"]);
    assert!(picture.contains("slower than in start 2:"), "{picture}");
    let (code, said) = chart(&instance, &["--run", "3"]);
    assert!(code == 8 && said.contains("there is no start 3: the journal holds 2 starts"), "{said}");
}

/// What a browser makes of it: it writes the places of all bars into the page.
const MEASURE: &str = r#"<script>
addEventListener('load', () => {
  const lines = [...document.querySelectorAll('.bar')].map(bar => {
    const box = bar.querySelector('rect').getBoundingClientRect();
    return [bar.dataset.lane, bar.getAttribute('class'), bar.querySelector('title').textContent, box.x, box.y, box.width, box.height].join('\t');
  });
  const view = document.querySelector('svg').getBoundingClientRect();
  lines.push(['view', '', '', view.x, view.y, view.width, view.height].join('\t'));
  const texts = [...document.querySelectorAll('svg text')].map(text => text.getBoundingClientRect());
  const outside = texts.filter(box => box.left < view.left - 1 || box.right > view.right + 1 || box.bottom > view.bottom + 1).length;
  const out = document.createElement('pre');
  out.id = 'measured';
  out.textContent = '\nOUTSIDE ' + outside + '\n' + lines.join('\n') + '\nEND\n';
  document.body.append(out);
});
</script>"#;

/// Headless Chromium's account of a page; None, with a message, where there is none.
fn measured(page: &Path, home: &Path) -> Option<String> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let directories: Vec<_> = std::env::split_paths(&std::env::var_os("PATH").unwrap()).collect();
    let Some(browser) =
        names.iter().flat_map(|name| directories.iter().map(move |directory| directory.join(name))).find(|path| path.is_file())
    else {
        skip_browser();
        return None;
    };
    let mut command = settled(Command::new(browser));
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1300,900", "--dump-dom"]);
    command.arg(format!("--user-data-dir={}", home.display())).arg(format!("file://{}", page.display())).env("HOME", home);
    Some(text(&command.output().unwrap()))
}

/// It is large, and installed only by `.ci/run --full`, which says so by this variable.
fn skip_browser() {
    if std::env::var_os("ZWELNCH_FULL").is_some() {
        skip("chromium is not installed");
    } else {
        crate::harness::not_here("chromium is not installed: .ci/run --full installs it");
    }
}

#[test]
fn a_browser_shows_every_bar_in_its_place() {
    let instance = instance();
    run(&instance);
    let (code, page) = chart(&instance, &["--format", "html"]);
    assert!(code == 0 && page.starts_with("<!doctype html>"), "{page}");
    let file = instance.path("chart.html");
    std::fs::write(&file, page.replace("</body>", &format!("{MEASURE}</body>"))).unwrap();
    let Some(shown) = measured(&file, &instance.path("home")) else { return };
    let shown = shown.split("OUTSIDE ").last().and_then(|rest| rest.split("\nEND").next()).unwrap_or_else(|| panic!("{shown}"));
    let (outside, printed) = shown.split_once('\n').unwrap();
    assert_eq!(outside, "0", "texts outside of the picture");
    let read = bars(printed);
    judge(&read);
    let start = json(&instance, &[]);
    let spans = start["components"].as_array().unwrap().iter().map(|component| component["spans"].as_array().unwrap().len());
    assert_eq!(read.0.len(), spans.sum::<usize>() + start["phases"].as_array().unwrap().len());
}
