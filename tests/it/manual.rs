//! What README and the manuals show, held against the program.

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
            let Some(arguments) = Some(line).filter(|_| fenced).and_then(call) else { continue };
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
    assert!(count > 30, "only {count} command lines were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
