//! What README and the manuals show, held against the program.

#[path = "../../build/release_date.rs"]
mod release_date;

use crate::harness::*;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Everything but what differs from run to run: times, process ids, versions' places, the user and the directory.
fn masked(line: &str) -> String {
    let words = line.split_whitespace().map(|word| {
        let digits = word.chars().any(|character| character.is_ascii_digit()) && !word.contains("ZWEL") && !word.contains("HASP");
        match word {
            word if word.starts_with('/') => "PATH".to_owned(),
            word if digits => {
                let mut kept = String::new();
                for character in word.chars() {
                    if !character.is_ascii_digit() && character != '.' {
                        kept.push(character);
                    } else if !kept.ends_with('#') {
                        kept.push('#');
                    }
                }
                kept
            }
            word => word.to_owned(),
        }
    });
    let line = words.collect::<Vec<_>>().join(" ");
    match line.split_once("ASSIGNED TO USER ") {
        Some((before, _)) => format!("{before}ASSIGNED TO USER"),
        None => line,
    }
}

/// The first block of a document that begins with this fence.
fn block<'a>(text: &'a str, fence: &str) -> Vec<&'a str> {
    text.lines().skip_while(|line| *line != fence).skip(1).take_while(|line| *line != "```").collect()
}

#[test]
fn the_sample_in_readme_is_what_the_demo_shows() {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let shown: Vec<String> = block(&readme, "```text").into_iter().map(masked).collect();
    assert!(shown.len() > 30, "{shown:#?}");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("zowe-demo");
    let ports = PortRange::find();
    let mut command = Command::new(program());
    command.arg("demo").arg("--dir").arg(&path).arg("--port-base").arg(ports.base.to_string());
    command.env_remove("CONFIG").env_remove("ZWELNCH_SYSTEM").stdin(Stdio::piped());
    let mut running = Running::spawn(command, &path);
    let mut input = running.child.stdin.take().unwrap();
    running.wait_for("ZWEL0901I");
    writeln!(input, "F ZWESLSTC,APPL=DISP").unwrap();
    running.wait_for("ZWEL0920I flaky");
    running.wait_for("ZWEL0902W");
    running.wait_for_count("ZWEL0001I component flaky started", 2);
    writeln!(input, "P ZWESLSTC").unwrap();
    running.wait_for("$HASP395");
    drop(input);
    assert_eq!(running.wait_end(), 0, "{}", running.all());
    let all = running.all();
    let seen: Vec<String> = all.lines().map(masked).collect();
    let missing: Vec<&String> = shown.iter().filter(|line| !seen.contains(line)).collect();
    assert!(missing.is_empty(), "README shows what does not come: {missing:#?}\n{all}");
    // And nothing comes at the start that README leaves out.
    let start = all.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit())).take_while(|line| !line.contains("DISP"));
    let unshown: Vec<&str> = start.filter(|line| !shown.contains(&masked(line))).collect();
    assert!(unshown.is_empty(), "README leaves out {unshown:#?}");
}

/// The arguments of a command line of a document, as a shell splits them; None for what is no call of this program.
fn call(line: &str) -> Option<Vec<String>> {
    let line = line.trim_start_matches("$ ").split("  #").next()?.trim();
    let line = line.rsplit_once("| zwelnch ").map_or(line.to_owned(), |(_, rest)| format!("zwelnch {rest}"));
    let command = line.split([';', '|', '>']).next()?.trim().trim_end_matches(['\\', '&']).trim();
    let words = command.split(' ').skip_while(|word| word.contains('=') && !word.starts_with('-'));
    let command = words.collect::<Vec<_>>().join(" ");
    let rest = command.strip_prefix("zwelnch ")?.replace(" ...", "");
    let output = Command::new("sh").args(["-c", &format!("printf '%s\\0' {rest}")]).output().unwrap();
    assert!(output.status.success(), "{line}");
    Some(String::from_utf8(output.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect())
}

/// What stands in pairs of backquotes, what may be left out included. What follows `console` is for a console.
fn spans(line: &str) -> Vec<String> {
    let spans = line.split('`').skip(1).step_by(2).filter(|span| !span.starts_with("zwelnch console"));
    spans.map(|span| span.replace(['[', ']'], "")).collect()
}

#[test]
fn every_command_line_in_the_documents_is_understood() {
    let help = text(&Command::new(program()).arg("--help").output().unwrap());
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .collect();
    assert!(commands.contains(&"check") && commands.contains(&"ha"), "{help}");
    let mut count = 0;
    let mut wrong = Vec::new();
    let documents = std::fs::read_dir(repository().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    for document in documents.chain([repository().join("README.md")]).filter(|path| path.extension().is_some_and(|end| end == "md")) {
        let text_of = std::fs::read_to_string(&document).unwrap();
        let mut fenced = false;
        for line in text_of.lines() {
            if line.starts_with("```") {
                fenced = !fenced;
                continue;
            }
            // In a block each line is one; elsewhere what stands in a pair of backquotes.
            let lines = if fenced { vec![line.to_owned()] } else { spans(line) };
            for arguments in lines.iter().filter_map(|line| call(line)) {
                // A bare word is the id of an HA instance: that starts a launcher.
                if !arguments.first().is_some_and(|first| commands.contains(&first.as_str())) {
                    continue;
                }
                count += 1;
                // What follows the options of `console` is for the console, a --help too.
                let own = arguments.iter().take_while(|argument| arguments[0] != "console" || !argument.contains(' '));
                let output = Command::new(program()).args(own).arg("--help").stdin(Stdio::null()).output().unwrap();
                if !output.status.success() {
                    wrong.push(format!("{}: {line}\n{}", document.display(), text(&output)));
                }
            }
        }
    }
    assert!(count > 100, "only {count} command lines were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_date_of_man_pages_is_the_same_wherever_they_are_made() {
    let date = |changelog: &str, epoch: Option<&str>, now: u64| release_date::release_date(changelog, epoch, now);
    let released = "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2027-01-31 [YANKED]\n\n## [0.1.0] - 2026-11-26\n- 2028-01-01\n";
    assert_eq!(date(released, None, 0).as_deref(), Ok("2027-01-31"));
    assert_eq!(date(released, Some("0"), 0).as_deref(), Ok("2027-01-31"), "SOURCE_DATE_EPOCH is for what would be the time of the build");
    let unreleased = "## [Unreleased]\n## [0.1.0] - soon\n";
    // What date(1) makes of the same seconds.
    for seconds in [0, 68_169_599, 68_169_600, 951_782_400, 951_868_799, 1_764_115_200, 4_107_542_399, 4_107_542_400, 253_402_300_799] {
        let shown = text(&Command::new("date").args(["-u", "-d", &format!("@{seconds}"), "+%Y-%m-%d"]).output().unwrap());
        assert_eq!(date(unreleased, None, seconds).as_deref(), Ok(shown.trim()));
        assert_eq!(date(unreleased, Some(&seconds.to_string()), 7).as_deref(), Ok(shown.trim()));
    }
    for odd in ["", "today", "-1", "253402300800"] {
        assert!(date(unreleased, Some(odd), 0).unwrap_err().contains("SOURCE_DATE_EPOCH"), "{odd}");
    }
}

/// All commands that have a man page, as words: the page of each names those below it.
fn pages(words: Vec<String>) -> Vec<(Vec<String>, String)> {
    let page = text(&Command::new(program()).args(["generate", "man"]).args(&words).output().unwrap());
    let below = page.lines().filter_map(|line| line.strip_prefix("zwelnch\\-")?.strip_suffix("(1)"));
    let prefix = words.iter().map(|word| format!("{}\\-", word.replace('-', "\\-"))).collect::<String>();
    let below: Vec<String> = below.filter_map(|name| name.strip_prefix(&prefix)).map(|name| name.replace('\\', "")).collect();
    let below = below.into_iter().filter(|name| name != "help").flat_map(|name| pages([words.clone(), vec![name]].concat()));
    let below: Vec<_> = below.collect();
    [vec![(words, page)], below].concat()
}

#[test]
fn man_pages_carry_a_date_and_mandoc_has_nothing_to_say() {
    let pages = pages(Vec::new());
    assert!(pages.len() > 20, "{}", pages.len());
    let directory = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (words, page) in &pages {
        let title = page.lines().find(|line| line.starts_with(".TH ")).unwrap();
        let parts: Vec<&str> = title.split(' ').collect();
        let digits: String = parts[3].chars().map(|character| if character.is_ascii_digit() { '0' } else { character }).collect();
        assert_eq!(digits, "0000-00-00", "{title}");
        let file = directory.path().join(format!("{}.1", [vec!["zwelnch".to_owned()], words.clone()].concat().join("-")));
        std::fs::write(&file, page).unwrap();
        files.push(file);
    }
    let Ok(lint) = Command::new("mandoc").args(["-T", "lint"]).args(&files).output() else { return skip("mandoc") };
    assert!(lint.status.success() && lint.stdout.is_empty() && lint.stderr.is_empty(), "{}", text(&lint));
    let shown = text(&Command::new("mandoc").args(["-T", "utf8"]).arg(&files[0]).output().unwrap());
    let foot = shown.lines().last().unwrap();
    assert!(
        foot.starts_with(concat!("zwelnch ", env!("CARGO_PKG_VERSION"))) && !shown.lines().next().unwrap().contains("0.1.0"),
        "{shown}"
    );
}

/// Every file and directory below one, with content and time of change.
fn everything_below(directory: &Path) -> Vec<(std::path::PathBuf, Vec<u8>, std::time::SystemTime)> {
    let mut found = Vec::new();
    for path in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        let metadata = path.symlink_metadata().unwrap();
        if metadata.is_dir() {
            found.extend(everything_below(&path));
        }
        let content = if metadata.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        found.push((path, content, metadata.modified().unwrap()));
    }
    found.sort();
    found
}

/// README and operations.md say so of the commands that ask.
#[test]
fn nothing_is_written_by_what_only_asks() {
    let instance = Instance::new().component("a", "exec sleep 1000", "").extra("haInstances: {lpar1: {hostname: localhost}}\n");
    instance.write_config();
    let before = everything_below(instance.directory.path());
    for line in [
        "check",
        "check --startup",
        "check --compare-zwelnch --all",
        "check --zos-install",
        "plan -i lpar1",
        "config -i lpar1 --origin",
        "env -i lpar1 a",
        "ha compare zowe.yaml zowe.yaml",
        "ha haproxy",
        "jcl ZWESLSTC",
        "generate man",
        "events -i lpar1",
        "logs -i lpar1",
        "why -i lpar1 a",
        "chart -i lpar1",
        "explain 905",
        // A console has the system's directory made, and its questions are in SYSLOG.
        "start --all --print",
        "stop -i lpar1 --print",
        "ha status",
        "ha verify --timeout 1s",
        "status",
    ] {
        let mut command = instance.launcher(&line.split(' ').collect::<Vec<_>>());
        command.current_dir(instance.directory.path());
        let output = command.output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 4 | 8)), "{line}: {}", text(&output));
        assert!(!text(&output).is_empty(), "{line} says nothing");
        let is_console = line.ends_with("status") || line.starts_with("ha verify") || line.ends_with("--print");
        let after = everything_below(instance.directory.path());
        let expected = |path: &Path| is_console && path.starts_with(instance.system());
        let written = after.iter().filter(|entry| !before.contains(entry)).filter(|entry| !expected(&entry.0));
        let written: Vec<_> = written.map(|(path, _, _)| path).collect();
        assert!(written.is_empty() && after.len() >= before.len(), "{line} has written {written:#?}");
    }
}
