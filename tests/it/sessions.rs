//! The blocks of README and the manuals, carried out: what a document shows is what the program answers. How blocks are marked:
//! CONTRIBUTING.md, "Documents".

use crate::harness::{PATIENCE, PortRange, kill_processes_of, program, program_or_skip, wait_until};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The ports of the sample as documents show them.
const SHOWN_BASE: u16 = 17_000;
/// The directory of a session as documents show it.
const SHOWN_DIRECTORY: &str = "/home/demo";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README and the manuals that are written by hand.
fn documents() -> Vec<PathBuf> {
    let manuals = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> = manuals.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    all.push(root().join("README.md"));
    all.sort();
    all
}

/// A fenced block with the comment before it.
struct Block {
    line: usize,
    language: String,
    /// `run`, `proof`, `not-run`, and what stands behind the colon.
    mark: Option<(String, String)>,
    text: Vec<String>,
}

/// The blocks of a document. The mark of a block is the comment that ends on the line before it.
fn blocks(document: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut mark: Option<(usize, String)> = None;
    let mut lines = document.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let line = line.trim_start();
        if let Some(begin) = line.strip_prefix("<!--") {
            let mut text = begin.to_owned();
            let mut end = number;
            while !text.contains("-->") {
                let (number, line) = lines.next().expect("a comment ends");
                text = text + "\n" + line;
                end = number;
            }
            mark = Some((end, text.replace("-->", "")));
        } else if let Some(language) = line.strip_prefix("```") {
            let indent = document.lines().nth(number).unwrap().find('`').unwrap();
            let inside = lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```");
            let text = inside.map(|line| line.get(indent..).unwrap_or_default().to_owned()).collect();
            let mark = mark.take().filter(|(end, _)| end + 1 == number);
            let mark = mark.and_then(|(_, mark)| mark.split_once(':').map(|(kind, rest)| (kind.trim().to_owned(), rest.trim().to_owned())));
            found.push(Block { line: number + 1, language: language.to_owned(), mark, text });
        }
    }
    found
}

/// A line without what differs from run to run: its times, process ids and user, how its words are spaced. The session's directory and ports
/// become those that documents show.
fn masked(line: &str, directory: &str, base: u16) -> String {
    let line = line.replace(directory, SHOWN_DIRECTORY).split_whitespace().collect::<Vec<_>>().join(" ");
    let line = match line.split_once("ASSIGNED TO USER ") {
        Some((before, _)) => format!("{before}ASSIGNED TO USER ANY"),
        None => line,
    };
    let display = line.starts_with("ZWEL0920I");
    let mut kept = String::new();
    let mut rest = line.as_str();
    while let Some(character) = rest.chars().next() {
        let inside = kept.ends_with(|before: char| before.is_alphanumeric() || matches!(before, '_' | '-' | '.'));
        if !character.is_ascii_digit() || inside {
            kept.push(character);
            rest = &rest[character.len_utf8()..];
            continue;
        }
        let length = rest.find(|next: char| !next.is_ascii_digit() && !matches!(next, '.' | ':')).unwrap_or(rest.len());
        let number = rest[..length].trim_end_matches(['.', ':']);
        rest = &rest[number.len()..];
        let parts: Vec<&str> = number.split(['.', ':']).collect();
        let is_clock = parts.len() == 3 && parts.iter().all(|part| part.len() == 2);
        let is_unit = rest.starts_with(['s', 'm', 'h']) && !rest[1..].starts_with(|next: char| next.is_alphabetic());
        if is_clock || is_unit || (parts.len() == 2 && !number.contains(':')) {
            kept.push_str("TIME");
            rest = if is_unit { &rest[1..] } else { rest };
        } else if kept.ends_with("PID = ") || (display && number.len() > 2) || (kept.ends_with('(') && rest.starts_with(") ")) {
            kept.push_str("PID");
        } else {
            match number.parse::<u16>().ok().and_then(|port| port.checked_sub(base)).filter(|offset| *offset < PortRange::LENGTH) {
                Some(offset) => kept.push_str(&(SHOWN_BASE + offset).to_string()),
                None => kept.push_str(number),
            }
        }
    }
    // How long ago may have a unit more.
    kept.replace("TIME TIME", "TIME")
}

/// Whether a line is as it is shown; `...` stands for anything.
fn line_fits(shown: &str, seen: &str) -> bool {
    let Some((before, after)) = shown.split_once("...") else { return shown == seen };
    let Some(rest) = seen.strip_prefix(before) else { return false };
    (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| line_fits(after, &rest[at..]))
}

/// Whether lines are as they are shown; a line `...` stands for any number of them.
fn lines_fit(shown: &[String], seen: &[String]) -> bool {
    match shown.split_first() {
        None => seen.is_empty(),
        Some((first, others)) if first == "..." => (0..=seen.len()).any(|skipped| lines_fit(others, &seen[skipped..])),
        Some((first, others)) => seen.first().is_some_and(|line| line_fits(first, line)) && lines_fit(others, &seen[1..]),
    }
}

/// A command line that has to end with 0 or, where its comment says so in parentheses, with that code.
fn with_exit_code(line: &str) -> String {
    let code = line.split_once("  # ").or_else(|| line.split_once(" # ")).and_then(|(command, comment)| {
        let (_, after) = comment.split_once("(exit code ")?;
        Some((command, after.split_once(')')?.0.parse::<u8>().ok()?))
    });
    match code {
        Some((command, code)) => format!("code=0; {command} || code=$?; test $code = {code}"),
        None => line.to_owned(),
    }
}

/// A shell in a directory of its own, with the program in PATH. Variables and working directory go on from block to block.
struct Session {
    directory: tempfile::TempDir,
    ports: PortRange,
}

impl Drop for Session {
    fn drop(&mut self) {
        kill_processes_of(self.directory.path());
    }
}

impl Session {
    fn new() -> Session {
        let directory = tempfile::Builder::new().prefix("zwelnch-doc-").tempdir().unwrap();
        fs::write(directory.path().join(".state"), format!("cd '{}'\n", directory.path().display())).unwrap();
        Session { directory, ports: PortRange::find() }
    }

    /// The exit code and what was written to standard output and standard error.
    fn shell(&self, script: &str) -> (i32, String) {
        let home = self.directory.path();
        let output = home.join(".output");
        fs::write(home.join(".script"), script).unwrap();
        let file = fs::File::create(&output).unwrap();
        let keep = "trap 'code=$?; { export -p; echo \"cd \\\"$(pwd)\\\"\"; } > \"$HOME/.state\"; exit $code' EXIT";
        let path = std::env::join_paths(
            [Path::new(program()).parent().unwrap().to_owned()]
                .into_iter()
                .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
        );
        let mut child = Command::new("sh")
            .args(["-c", &format!(". \"$HOME/.state\"; {keep}; . \"$HOME/.script\"")])
            .env_clear()
            .envs([("HOME", home.as_os_str()), ("BLOCK", home.join(".block").as_os_str())])
            .env("PATH", path.unwrap())
            .env("SAMPLES", root().join("tests/manual"))
            .env("PORT_BASE", self.ports.base.to_string())
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        let status = wait_until(Instant::now() + 3 * PATIENCE, || child.try_wait().unwrap());
        let written = String::from_utf8_lossy(&fs::read(&output).unwrap()).into_owned();
        let Some(status) = status else {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("does not end:\n{script}\n{written}");
        };
        (status.code().unwrap_or(-1), written)
    }

    fn masked(&self, text: &str) -> Vec<String> {
        let directory = self.directory.path().display().to_string();
        text.lines().map(|line| masked(line, &directory, self.ports.base)).collect()
    }

    fn compare(&self, place: &str, command: &str, shown: &str, seen: &str) {
        let shown: Vec<String> = shown.lines().map(|line| masked(line, SHOWN_DIRECTORY, SHOWN_BASE)).collect();
        let masked = self.masked(seen);
        assert!(lines_fit(&shown, &masked), "{place}: {command}\nshown: {shown:#?}\nseen: {masked:#?}\n{seen}");
    }

    /// Carries out a block: what its comment says, then its own commands. A block without commands shows what those of the comment write.
    fn run(&self, place: &str, commands: &str, block: &Block) {
        fs::write(self.directory.path().join(".block"), block.text.join("\n") + "\n").unwrap();
        let (code, seen) = self.shell(&format!("set -e\n{commands}\n"));
        assert_eq!(code, 0, "{place}: {commands}\n{seen}");
        if block.language == "sh" {
            let script = block.text.iter().map(|line| with_exit_code(line) + "\n").collect::<String>();
            let (code, seen) = self.shell(&format!("set -e\n{script}"));
            assert_eq!(code, 0, "{place}: {seen}");
        } else if block.language == "text" {
            let text = block.text.join("\n");
            let Some(steps) = text.strip_prefix("$ ") else { return self.compare(place, commands, &text, &seen) };
            for step in steps.split("\n$ ") {
                let (command, shown) = step.split_once('\n').unwrap_or((step, ""));
                let (_, seen) = self.shell(command);
                self.compare(place, command, shown, &seen);
            }
        }
    }
}

/// Carries out the blocks of a document that are marked with the name of a session, one after the other.
fn session(document: &str, name: &str) {
    let text = fs::read_to_string(root().join(document)).unwrap();
    let session = Session::new();
    let mut count = 0;
    for block in blocks(&text) {
        let Some(("run", rest)) = block.mark.as_ref().map(|(kind, rest)| (kind.as_str(), rest.as_str())) else { continue };
        let (of, commands) = rest.split_once('\n').unwrap_or((rest, ""));
        if of.trim() == name {
            session.run(&format!("{document}:{}", block.line), commands, &block);
            count += 1;
        }
    }
    assert!(count > 0, "{document} has no session {name}");
}

/// What is no session of a document below is not carried out by any test.
const SESSIONS: &[(&str, &str)] = &[
    ("docs/operations.md", "components"),
    ("docs/operations.md", "tcpip"),
    ("docs/high-availability.md", "sysplex"),
    ("docs/extension-developer.md", "mine"),
    ("docs/migration.md", "compare"),
    ("README.md", "linux"),
    ("README.md", "sysplex"),
];

#[test]
fn the_commands_of_readme() {
    session("README.md", "linux");
}

#[test]
fn the_sysplex_of_readme() {
    session("README.md", "sysplex");
}

#[test]
fn the_components_of_operations() {
    session("docs/operations.md", "components");
}

#[test]
fn the_file_tcpip_of_operations() {
    if program_or_skip("haproxy").is_some() {
        session("docs/operations.md", "tcpip");
    }
}

#[test]
fn the_sysplex_of_high_availability() {
    if program_or_skip("haproxy").is_some() && program_or_skip("socat").is_some() {
        session("docs/high-availability.md", "sysplex");
    }
}

#[test]
fn the_component_of_extension_developers() {
    session("docs/extension-developer.md", "mine");
}

#[test]
fn the_comparison_of_migration() {
    session("docs/migration.md", "compare");
}

/// `FILE name name; FILE name`: files, and functions in each.
fn absent_proofs(list: &str) -> Vec<String> {
    let mut absent = Vec::new();
    for group in list.split(';') {
        let mut words = group.split_whitespace();
        let Some(file) = words.next() else { continue };
        let Ok(source) = fs::read_to_string(root().join(file)) else {
            absent.push(format!("there is no {file}"));
            continue;
        };
        let names: Vec<&str> = words.collect();
        absent.extend(names.is_empty().then(|| format!("{file} without a function")));
        absent.extend(
            names.iter().filter(|name| !source.contains(&format!("fn {name}("))).map(|name| format!("{file} has no function {name}")),
        );
    }
    absent
}

#[test]
fn every_block_is_carried_out_or_says_why_not() {
    let (mut count, mut wrong) = (0, Vec::new());
    for path in documents() {
        let document = path.strip_prefix(root()).unwrap().display().to_string();
        for block in blocks(&fs::read_to_string(&path).unwrap()) {
            count += 1;
            let place = format!("{document}:{}", block.line);
            match block.mark.as_ref().map(|(kind, rest)| (kind.as_str(), rest.as_str())) {
                Some(("run", rest)) => {
                    let name = rest.lines().next().unwrap_or_default().trim();
                    let known = SESSIONS.contains(&(document.as_str(), name));
                    wrong.extend((!known).then(|| format!("{place}: no test runs session {name:?}")));
                }
                Some(("proof", list)) => wrong.extend(absent_proofs(list).into_iter().map(|what| format!("{place}: {what}"))),
                Some(("not-run", reason)) if !reason.is_empty() => {}
                _ => wrong.push(format!("{place}: a block of {:?} without a mark", block.language)),
            }
        }
    }
    assert!(count > 20 && wrong.is_empty(), "{count} blocks\n{}", wrong.join("\n"));
}

/// A section that makes statements names tests that hold them, has a block that is carried out, or says why it has neither.
#[test]
fn every_section_of_the_manuals_names_its_proof() {
    let (mut sections, mut wrong) = (0, Vec::new());
    for path in documents() {
        let document = path.strip_prefix(root()).unwrap().display().to_string();
        let text = fs::read_to_string(&path).unwrap();
        // Generated, and compared with what it is generated from.
        if ["configuration.md", "messages.md", "states.md", "reliability.md"].iter().any(|name| document.ends_with(name)) {
            continue;
        }
        let mut section: (usize, &str, bool, bool) = (1, "begin", false, true);
        let mut fenced = false;
        let lines: Vec<&str> = text.lines().chain(["# end"]).collect();
        for (number, line) in lines.iter().enumerate() {
            let line = line.trim_start();
            fenced ^= line.starts_with("```");
            if line.starts_with('#') && !fenced {
                sections += 1;
                let (begin, title, states, proved) = section;
                wrong.extend((states && !proved).then(|| format!("{document}:{begin}: {title}")));
                // What stands before the first section introduces.
                section = (number + 1, line, false, line.starts_with("# "));
            } else if let Some((kind, list)) = line.strip_prefix("<!-- ").and_then(|comment| comment.split_once(':')) {
                section.3 |= ["run", "proof", "not-tried"].contains(&kind);
                if kind == "proof" {
                    // A list may go on in the next lines.
                    let more = lines[number + 1..].iter().take_while(|_| !list.contains("-->"));
                    let all = more.fold(list.to_owned(), |all, line| if all.contains("-->") { all } else { all + " " + line });
                    let all = all.split("-->").next().unwrap_or_default();
                    wrong.extend(absent_proofs(all).into_iter().map(|what| format!("{document}:{}: {what}", number + 1)));
                }
            } else {
                section.2 |= !line.is_empty();
            }
        }
    }
    assert!(sections > 50 && wrong.is_empty(), "{sections} sections\n{}", wrong.join("\n"));
}

#[test]
fn a_command_line_of_a_document_ends_as_its_comment_says() {
    let ends = |line: &str| Session::new().shell(&format!("set -e\n{}\n", with_exit_code(line))).0;
    assert_eq!(["true", "true  # (exit code 0)", "(exit 4)  # what (exit code 4); else"].map(ends), [0, 0, 0]);
    assert_eq!(["false", "true  # (exit code 4)", "(exit 8)  # (exit code 4)"].map(ends), [1, 1, 1]);
}

#[test]
fn what_differs_from_run_to_run_is_masked_and_nothing_else() {
    let masked = |line: &str| masked(line, "/tmp/here", 10_060);
    assert_eq!(masked("14.33.36 STC00001 ZWEL0011I     name =  hello, PID = 9077"), "TIME STC00001 ZWEL0011I name = hello, PID = PID");
    assert_eq!(
        masked("ZWEL0004I component flaky(9080) terminated, status = 768"),
        "ZWEL0004I component flaky(PID) terminated, status = 768"
    );
    assert_eq!(masked("ZWEL0920I pinger  ready  yes  9081  1m 3.8s  0  -"), "ZWEL0920I pinger ready yes PID TIME 0 -");
    assert_eq!(masked("GET http://localhost:10083/x level 0.1.0"), "GET http://localhost:17023/x level 0.1.0");
    assert_eq!(masked("'/tmp/here/zowe.yaml:41:7' 2 of 4"), "'/home/demo/zowe.yaml:41:7' 2 of 4");
    assert!(line_fits("a ... (os error 111)", "a b c (os error 111)") && !line_fits("a ... c", "a b"));
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(lines_fit(&lines("a\n...\nd"), &lines("a\nb\nc\nd")) && !lines_fit(&lines("a\n...\nd"), &lines("a\nb\nc\nd\ne")));
}
