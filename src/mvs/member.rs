//! `zwelnch jcl`: the PROC member to install, with CONFIG edited as a systems programmer would edit it.

use super::jcl::LAST_COLUMN;

/// The member as it is installed on z/OS.
const MEMBER: &str = include_str!("../../jcl/ZWESLSTC");

/// Why CONFIG cannot be set to a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    #[error("CONFIG is empty; give a path, or a list such as FILE(/path/zowe.yaml):PARMLIB(DATA.SET(MEMBER))")]
    Empty,
    #[error("character {at} of CONFIG, {character:?}, cannot stand in a line of STDENV; use printable characters")]
    Character { at: usize, character: char },
    #[error("CONFIG ends with {character:?}, which cannot be told from the sign that a line goes on; end it differently")]
    End { character: char },
    #[error("the member has no line {line:?} in STDENV, so that CONFIG cannot be set; this is a fault of this program")]
    NoLine { line: &'static str },
}

/// The text of the member ZWESLSTC; with `set_config`, the CONFIG line of STDENV has that value, over as many lines of at most 71
/// columns as it needs.
///
/// # Errors
/// [`MemberError`]: a value that STDENV cannot carry.
pub fn jcl_member(set_config: Option<&str>) -> Result<String, MemberError> {
    let Some(value) = set_config else { return Ok(MEMBER.to_owned()) };
    let lines = config_lines(value.trim())?;
    let mut text = String::with_capacity(MEMBER.len() + value.len());
    let mut replaced = false;
    for line in MEMBER.lines() {
        if line.starts_with("CONFIG=") && !replaced {
            replaced = true;
            for line in &lines {
                text.push_str(line);
                text.push('\n');
            }
        } else {
            text.push_str(line);
            text.push('\n');
        }
    }
    if replaced { Ok(text) } else { Err(MemberError::NoLine { line: "CONFIG=" }) }
}

/// `CONFIG=value` in lines of at most 71 columns, all but the last ending with the sign that the line goes on.
fn config_lines(value: &str) -> Result<Vec<String>, MemberError> {
    if value.is_empty() {
        return Err(MemberError::Empty);
    }
    if let Some((at, character)) = value.chars().enumerate().find(|(_, character)| character.is_control()) {
        return Err(MemberError::Character { at: at + 1, character });
    }
    const CONTINUATION: char = '\\';
    if value.ends_with(CONTINUATION) {
        return Err(MemberError::End { character: CONTINUATION });
    }
    let mut characters: Vec<char> = format!("CONFIG={value}").chars().collect();
    let mut lines = Vec::new();
    while characters.len() > LAST_COLUMN {
        let mut cut = LAST_COLUMN - 1;
        // A continued line that begins like a statement or a delimiter would end STDENV.
        while cut > 1 && characters.get(cut) == Some(&'/') {
            cut -= 1;
        }
        let rest = characters.split_off(cut);
        lines.push(characters.iter().collect::<String>() + "\\");
        characters = rest;
    }
    lines.push(characters.into_iter().collect());
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mvs::jcl::{self, DataSource, Symbols};
    use crate::mvs::language_environment::read_environment_file;
    use proptest::prelude::*;

    /// CONFIG as a program started from the member sees it.
    fn config(member: &str) -> String {
        let step = jcl::read(member, &Symbols::default()).unwrap().step;
        let [DataSource::Instream(lines)] = step.data_definition("STDENV").unwrap().sources.as_slice() else { panic!() };
        let variables = read_environment_file(lines.iter().map(String::as_str));
        variables.into_iter().find(|(name, _)| name == "CONFIG").unwrap().1
    }

    #[test]
    fn without_a_value_the_member_is_as_it_is() {
        assert_eq!(jcl_member(None).unwrap(), MEMBER);
        assert_eq!(config(MEMBER), "/etc/zowe/zowe.yaml");
    }

    #[test]
    fn what_stdenv_cannot_carry_is_refused() {
        assert_eq!(jcl_member(Some(" ")), Err(MemberError::Empty));
        assert_eq!(jcl_member(Some("/a\n/b")), Err(MemberError::Character { at: 3, character: '\n' }));
        assert_eq!(jcl_member(Some("/a\\")), Err(MemberError::End { character: '\\' }));
    }

    proptest! {
        #[test]
        fn any_config_arrives_within_71_columns(value in "/[ -~/\\\\]{0,300}[!-\\[\\]-~]") {
            let member = jcl_member(Some(&value)).unwrap();
            for line in member.lines() {
                prop_assert!(line.chars().count() <= LAST_COLUMN, "{}", line);
            }
            prop_assert_eq!(config(&member), value);
        }
    }
}
