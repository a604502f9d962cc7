//! What a shell will stumble over in a script of a component, which it sources: told with the file's name, where the shell would complain
//! of a command that nobody has written.

use super::{CommandLine, Component, ComponentError, Phase};
use crate::config::{Location, Problem};
use crate::platform::Platform;
use crate::platform::ebcdic::ibm_1047;
use crate::platform::files::{self, FileKind, unless_missing};
use crate::platform::text_file;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::Path;

/// The command of each phase.
pub(super) type Commands = [(Phase, Result<Option<CommandLine>, ComponentError>); 4];

/// Bytes of a script that are looked at.
const HEAD: u64 = 1024 * 1024;

/// The CCSIDs of file tags that matter here.
const ISO8859_1: u16 = 819;
const IBM_1047: u16 = 1047;

/// One thing that is odd, with the line where it is first seen, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Oddity {
    line: u32,
    /// What the text is about.
    subject: &'static str,
    text: String,
}

fn is_text(text: &str) -> bool {
    text.chars().all(|character| !character.is_control() || matches!(character, '\t' | '\n' | '\r' | '\u{c}' | '\u{1b}' | '\u{85}'))
}

/// What is odd about a script. `tag`: the CCSID that the file is tagged with as text.
fn oddities(content: &[u8], tag: Option<u16>, is_zos: bool) -> Vec<Oddity> {
    let ascii = std::str::from_utf8(content).ok().filter(|text| is_text(text));
    let ebcdic = if ascii.is_none() { Some(ibm_1047(content)).filter(|text| is_text(text)) } else { None };
    let code_page = match (&ascii, &ebcdic, is_zos, tag) {
        (_, Some(_), false, _) => Some("is in IBM-1047, and the shells of this system read UTF-8; convert it: iconv -f IBM-1047 -t UTF-8"),
        (_, Some(_), true, Some(ISO8859_1)) => Some("is tagged ISO8859-1 and is in IBM-1047; tag it as what it is: chtag -tc IBM-1047"),
        (Some(_), _, true, Some(IBM_1047)) => Some("is tagged IBM-1047 and is in ASCII; tag it as what it is: chtag -tc ISO8859-1"),
        (Some(text), _, true, None) if !text.is_empty() => {
            Some("is in ASCII and has no tag, so that a shell takes it for IBM-1047; tag it: chtag -tc ISO8859-1")
        }
        _ => None,
    };
    let mut found: Vec<Oddity> = code_page.map(|text| Oddity { line: 1, subject: "file", text: text.into() }).into_iter().collect();
    let Some(text) = ascii.map(str::to_owned).or(ebcdic) else { return found };
    let with_cr = |(_, line): &(usize, &str)| line.ends_with('\r');
    if let Some((index, _)) = text.split('\n').enumerate().find(with_cr) {
        let text = "ends with CR LF, and a shell takes the CR for a part of the line; convert the file: tr -d '\\r'".to_owned();
        found.push(Oddity { line: u32::try_from(index + 1).unwrap_or(u32::MAX), subject: "line", text });
    }
    if let Some(interpreter) = interpreter(&text).filter(|interpreter| *interpreter != "sh") {
        let text =
            format!("names '{interpreter}', which will not run it: a shell (sh) sources this file; let it be a script that starts it");
        found.push(Oddity { line: 1, subject: "line", text });
    }
    found
}

/// The name of the program that the first line of a script names, without its directory.
fn interpreter(text: &str) -> Option<&str> {
    let mut words = text.strip_prefix("#!")?.lines().next()?.split_whitespace();
    let name = |path: &'_ str| path.rsplit('/').next().map(str::len).map(|length| path.len() - length);
    let base = |path| name(path).and_then(|start| path.get(start..));
    match base(words.next()?)? {
        "env" => base(words.find(|word| !word.starts_with('-') && !word.contains('='))?),
        program => Some(program),
    }
}

/// What is odd about the scripts of a component, as warnings.
pub(super) fn problems(component: &Component, commands: &Commands, platform: &dyn Platform) -> Vec<Problem> {
    let mut found = Vec::new();
    for (phase, command) in commands {
        let phase = *phase;
        if matches!(command, Ok(None)) {
            found.extend(no_file(component, phase));
        }
        let Ok(Some(command)) = command else { continue };
        let oddities = look(&command.file, platform).unwrap_or_else(|error| {
            let subject = if phase == Phase::Start { "program" } else { "script" };
            vec![Oddity { line: 1, subject, text: format!("cannot be looked at: {error}") }]
        });
        for oddity in oddities {
            let place = Location::new(command.file.display().to_string(), oddity.line, 1);
            found.push(Problem::warning(
                Some(place),
                format!("commands.{} of {}: this {} {}", phase.name(), component.name, oddity.subject, oddity.text),
            ));
        }
    }
    found
}

/// A warning where something stands in the place of a command's file that is none, which everybody passes over without a word.
fn no_file(component: &Component, phase: Phase) -> Option<Problem> {
    let relative = phase.fallback().filter(|_| !component.manifest.commands.contains_key(&phase))?;
    let file = component.directory.join(relative);
    let what = match files::look(&file) {
        Ok(Some(FileKind::Directory)) => "is a directory",
        Ok(Some(FileKind::Other)) => "is no regular file",
        // Whatever is there and cannot be followed.
        Ok(None) if files::may_be_named(&file) => "is a link that leads nowhere",
        _ => return None,
    };
    let phase = phase.name();
    let text = format!(
        "{relative} of {} {what}, so that the component has no {phase} command; put a script there, or name one in commands.{phase} of the \
        manifest",
        component.name
    );
    Some(Problem::warning(Some(Location::whole(file.display().to_string())), text))
}

/// For the fuzzer.
#[cfg(any(test, fuzzing))]
pub fn fuzz(content: &[u8]) {
    for (tag, is_zos) in [(None, false), (None, true), (Some(ISO8859_1), true), (Some(IBM_1047), true)] {
        let _ = oddities(content, tag, is_zos);
    }
}

/// A file that is missing is told of by whoever needs it.
fn look(path: &Path, platform: &dyn Platform) -> io::Result<Vec<Oddity>> {
    let mut content = Vec::new();
    let Some(file) = unless_missing(std::fs::File::open(path))? else { return Ok(Vec::new()) };
    let tag = platform.code_page_of(file.as_fd());
    // The system must not have converted by the tag what is compared with the tag.
    text_file::conversion_off(&file);
    file.take(HEAD).read_to_end(&mut content)?;
    if content.len() as u64 == HEAD {
        // A character may have been cut.
        content.truncate(content.iter().rposition(|byte| matches!(byte, b'\n' | 0x15)).unwrap_or(0));
    }
    Ok(oddities(&content, tag, platform.is_zos()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::ebcdic::to_ibm_1047;

    fn on(is_zos: bool, content: &[u8], tag: Option<u16>) -> Vec<(u32, String)> {
        oddities(content, tag, is_zos)
            .into_iter()
            .map(|oddity| (oddity.line, oddity.text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")))
            .collect()
    }

    #[test]
    fn a_good_script_is_not_odd() {
        for good in ["", "#!/bin/sh\nexec node\n", "# gr\u{fc}n\n", "#! /usr/bin/env sh\n", "#!/bin/sh -e\nprintf '\\r\\n'\n"] {
            assert_eq!(on(false, good.as_bytes(), None), [], "{good}");
            assert_eq!(on(true, &to_ibm_1047(good), None), [], "{good}");
            assert_eq!(on(true, good.as_bytes(), Some(ISO8859_1)), [], "{good}");
        }
    }

    #[test]
    fn carriage_returns_are_found_in_either_code_page() {
        let script = "#!/bin/sh\nexport A=1\r\nexec node\r\n";
        assert_eq!(on(false, script.as_bytes(), None), [(2, "ends with CR".into())]);
        assert_eq!(on(true, &to_ibm_1047(script), Some(IBM_1047)), [(2, "ends with CR".into())]);
        assert_eq!(on(false, b"#!/bin/sh\r\n", None), [(1, "ends with CR".into())]);
    }

    #[test]
    fn another_interpreter_is_named() {
        for (line, name) in
            [("#!/usr/bin/python3", "python3"), ("#!/usr/bin/env -S node --flag", "node"), ("#! /bin/bash -e", "bash"), ("#!rexx", "rexx")]
        {
            assert_eq!(interpreter(line), Some(name));
            assert_eq!(on(false, line.as_bytes(), None).len(), 1, "{line}");
        }
        assert_eq!(interpreter("#!"), None);
        assert_eq!(interpreter("# python"), None);
    }

    #[test]
    fn a_wrong_code_page_is_told_by_content_and_tag() {
        let script = "#!/bin/sh\nexec node\n";
        let ebcdic = to_ibm_1047(script);
        assert_eq!(on(false, &ebcdic, None), [(1, "is in IBM-1047,".into())]);
        assert_eq!(on(true, script.as_bytes(), None), [(1, "is in ASCII".into())]);
        assert_eq!(on(true, script.as_bytes(), Some(IBM_1047)), [(1, "is tagged IBM-1047".into())]);
        assert_eq!(on(true, &ebcdic, Some(ISO8859_1)), [(1, "is tagged ISO8859-1".into())]);
        // A program is none of these.
        assert_eq!(on(false, b"\x7fELF\x02\x01\x01\0\0\xff", None), []);
    }
}
