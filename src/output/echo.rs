//! Whether a text found in a line is said there or only mentioned: components print their environment, their configuration and the commands
//! of their scripts, and the wanted texts occur in all of these, as settings. Pure.
//!
//! Two rules. A text of zowe.sysMessages is a plain substring (docs/contract/messages.md, "What reaches the operator"), and so is a watched
//! text that is not a message id: both match everywhere except in what is certainly the echo of a setting ([`is_echo`], [`is_item`]). A
//! watched message id must be the id of its line ([`is_id_of_line`]): it must be where a message begins, and a message must follow.

/// Keys under which programs that log in JSON or as `key=value` write the text of a message.
const MESSAGE_KEYS: [&[u8]; 10] =
    [b"message", b"msg", b"@message", b"short_message", b"log", b"text", b"@m", b"event", b"body", b"MESSAGE"];

/// Settings whose values are such texts.
const SETTINGS: [&[u8]; 4] = [b"sysMessages", b"fatalMessages", b"readiness", b"liveness"];

/// Names of levels, in any case, with which a prefix may end.
const LEVELS: [&[u8]; 14] = [
    b"info",
    b"warn",
    b"warning",
    b"error",
    b"debug",
    b"trace",
    b"audit",
    b"notice",
    b"severe",
    b"fatal",
    b"critical",
    b"fine",
    b"information",
    b"config",
];

/// Words that precede an id in prose, or commands of a script that is being shown.
const OF_SPEECH: [&[u8]; 26] = [
    b"for",
    b"message",
    b"messages",
    b"id",
    b"ids",
    b"of",
    b"on",
    b"to",
    b"until",
    b"is",
    b"not",
    b"no",
    b"see",
    b"with",
    b"text",
    b"and",
    b"or",
    b"the",
    b"contains",
    b"expects",
    b"awaits",
    b"matches",
    b"echo",
    b"printf",
    b"print",
    b"grep",
];

/// Whether a text has the form of a message id: a prefix of letters, a number, usually a letter for the severity (ZWEAM000I, ZWED0031I,
/// CWWKF0011I, IEF404I, BPXP018I).
pub fn is_message_id(text: &str) -> bool {
    let bytes = text.as_bytes();
    let letters = bytes.iter().take_while(|byte| byte.is_ascii_uppercase() || matches!(byte, b'$' | b'#' | b'@')).count();
    let digits = bytes[letters..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = &bytes[letters + digits..];
    (3..=8).contains(&letters) && (3..=5).contains(&digits) && matches!(rest, [] | [b'A'..=b'Z'])
}

/// Whether the text at `at..end` of a line is certainly the echo of a setting: a variable with its value, the command of a traced script,
/// an element of a list in YAML or JSON, or the value of one of the settings that hold such texts.
pub(super) fn is_echo(line: &[u8], at: usize, end: usize) -> bool {
    let before = &line[..at];
    assigns_environment(before)
        || SETTINGS.iter().any(|setting| has_key(before, setting))
        || is_element_in_quotes(before, &line[end..])
        || is_value_of_our_keys(before, &line[end..])
}

/// Whether the text at `at..end` of a line is a whole item of a YAML list, which is how the texts of our settings are shown.
pub(super) fn is_item(line: &[u8], at: usize, end: usize) -> bool {
    let (before, after) = (line[..at].trim_ascii(), line[end..].trim_ascii());
    before == b"-" && (after.is_empty() || after.starts_with(b"#"))
}

/// Whether the message id at `at..end` of a line is the id of the message in that line.
pub(super) fn is_id_of_line(line: &[u8], at: usize, end: usize) -> bool {
    let (before, after) = (&line[..at], &line[end..]);
    let joined = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/' | b'\\' | b'$' | b'#' | b'@');
    let is_part = before.last().is_some_and(|byte| joined(byte) || matches!(byte, b'-' | b'.'))
        || after.first().is_some_and(joined)
        || matches!(after, [b'-' | b'.', next, ..] if joined(next));
    if is_part || is_echo(line, at, end) {
        return false;
    }
    if let [.., b'"' | b'\''] = before {
        return is_value_of_a_message_key(&before[..before.len() - 1]) && message_follows(after) == Some(true);
    }
    let (before, after) = match (before, after) {
        ([before @ .., b'('], [b')', after @ ..])
        | ([before @ .., b'['], [b']', after @ ..])
        | ([before @ .., b'<'], [b'>', after @ ..])
        | ([before @ .., b'`'], [b'`', after @ ..])
        | ([before @ .., b'*'], [b'*', after @ ..]) => (before, after),
        // z/OS marks messages of unauthorised programs with + and those that require an action with *.
        ([before @ .., b'+' | b'*'], after) if before.is_empty() || before.ends_with(b" ") => (before, after),
        other => other,
    };
    match message_follows(after) {
        None => false,
        Some(text) => may_begin_after(before, text),
    }
}

/// What follows an id: None if that makes the id an element, a name or a part of something else; Some(false) if nothing follows.
fn message_follows(after: &[u8]) -> Option<bool> {
    let text = after.trim_ascii();
    let text = match text {
        [] => return Some(false),
        [b':' | b'.' | b'-' | b'>' | b'|' | b'!', rest @ ..] => rest.trim_ascii_start(),
        text if after.starts_with(b" ") || after.starts_with(b"\t") => match text {
            [b'-' | b':' | b'|' | b'>', rest @ ..] => rest.trim_ascii_start(),
            text => text,
        },
        _ => return None,
    };
    // The rest of a list with blanks between its elements, or `# why they are there`.
    let mut words = text.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).peekable();
    let is_list = words.peek().is_some() && words.all(is_id);
    (!is_list && !text.starts_with(b"#")).then_some(!text.is_empty())
}

fn is_id(word: &[u8]) -> bool {
    std::str::from_utf8(word).is_ok_and(is_message_id)
}

/// Whether a message may begin after this part of a line; `text`: there is a text after its id.
fn may_begin_after(before: &[u8], text: bool) -> bool {
    let glued = before.last().is_some_and(|byte| !byte.is_ascii_whitespace());
    let before = before.trim_ascii();
    let Some(last) = before.last() else { return true };
    let token = before.rsplit(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
    if token.strip_suffix(b"=").is_some_and(|key| MESSAGE_KEYS.contains(&key)) {
        return true;
    }
    if is_trace(before) || before.starts_with(b"#") || glued && token.contains(&b'=') || begins_with_assignment(before) {
        return false;
    }
    let word = token.strip_suffix(b":").unwrap_or(token);
    let is_level = LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level)) || word.len() == 1 && word[0].is_ascii_uppercase();
    match last {
        // One item of a YAML list; a dash within a line ends many a prefix.
        b'-' => before.len() > 1,
        // A level, or the name of the sender. A key has nothing after its value.
        b':' => text || is_level,
        b',' | b'[' | b'{' | b';' | b'=' | b'(' | b'"' | b'\'' | b'/' => false,
        b'>' | b')' | b']' | b'|' | b'}' => true,
        _ if is_level => true,
        // In capitals it is a user ID.
        _ if is_of_speech(word) => false,
        // A thread, a logger, a user ID or a time: without a text after it, the id ends a sentence or a list.
        _ => text || !word.iter().all(u8::is_ascii_lowercase) && !is_id(word),
    }
}

fn is_of_speech(word: &[u8]) -> bool {
    let [first, rest @ ..] = word else { return false };
    OF_SPEECH.iter().any(|one| one[1..] == *rest && one[0] == first.to_ascii_lowercase())
}

/// `+ command`, as a shell shows what it runs (PS4).
fn is_trace(before: &[u8]) -> bool {
    let rest = before.trim_ascii_start();
    let plus = rest.iter().take_while(|byte| **byte == b'+').count();
    plus > 0 && (rest.len() == plus || rest[plus] == b' ')
}

/// Removes the `+` of a trace and the commands that show or set variables; also returns whether there were any.
fn without_commands(line: &[u8]) -> (&[u8], bool) {
    let mut rest = line.trim_ascii_start();
    let mut any = false;
    if is_trace(rest) {
        rest = rest.trim_ascii_start();
        rest = rest[rest.iter().take_while(|byte| **byte == b'+').count()..].trim_ascii_start();
        any = true;
    }
    for command in ["export ", "declare -x ", "declare -- ", "declare ", "typeset -x ", "typeset ", "readonly ", "local ", "set ", "env "] {
        if let Some(after) = rest.strip_prefix(command.as_bytes()) {
            rest = after.trim_ascii_start();
            any = true;
        }
    }
    (rest, any)
}

/// The name before the first `=` of a text, if there is only a name before it.
fn assigned(text: &[u8]) -> Option<&[u8]> {
    let name = &text[..memchr::memchr(b'=', text)?];
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let begins = name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    (begins && name.iter().all(fits)).then_some(name)
}

/// Whether the line begins with a variable and its value: `NAME=`, with a name like those of environment variables and properties.
fn assigns_environment(before: &[u8]) -> bool {
    let (rest, command) = without_commands(before);
    assigned(rest).is_some_and(|name| {
        let is_environment = name.len() > 1 && name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_');
        let ours = [&b"ZWE_"[..], b"zowe.", b"components.", b"haInstances."].iter().any(|prefix| name.starts_with(prefix));
        command || is_environment || ours
    })
}

/// Whether a line with this beginning is a name with its value, and not a log format such as `level=info msg=...`.
fn begins_with_assignment(before: &[u8]) -> bool {
    let (rest, command) = without_commands(before);
    let logs = || [&b"level="[..], b"lvl="].iter().any(|key| memchr::memmem::find(before, key).is_some());
    assigned(rest).is_some() && (command || !logs())
}

/// Whether a text contains a key of this name: after it, possibly a quote, and then `:` or `=`.
fn has_key(text: &[u8], key: &[u8]) -> bool {
    memchr::memmem::find_iter(text, key).any(|position| {
        let rest = &text[position + key.len()..];
        let rest = rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or(rest);
        matches!(rest.trim_ascii_start(), [b':' | b'=', ..])
    })
}

/// `"text"` between the brackets and commas of a list, or as an item of one.
fn is_element_in_quotes(before: &[u8], after: &[u8]) -> bool {
    let ([before @ .., opening @ (b'"' | b'\'')], [closing, after @ ..]) = (before, after) else { return false };
    let (before, after) = (before.trim_ascii(), after.trim_ascii());
    let begins = matches!(before.last(), None | Some(b'[' | b',')) || before == b"-" || before == b"# -" || before == b"#-";
    opening == closing && begins && (matches!(after.first(), None | Some(b',' | b']' | b'#')))
}

/// `log: text`, `- message: "text"`: the whole line, with a key of readiness and liveness.
fn is_value_of_our_keys(before: &[u8], after: &[u8]) -> bool {
    let (before, after) = match (before, after) {
        ([before @ .., b'"'], [b'"', after @ ..]) | ([before @ .., b'\''], [b'\'', after @ ..]) => (before, after),
        other => other,
    };
    let after = after.trim_ascii();
    let before = before.trim_ascii();
    let key = before.strip_prefix(b"-").unwrap_or(before).trim_ascii_start();
    let is_key = matches!(key, b"log:" | b"message:" | b"ready:" | b"\"log\":" | b"\"message\":" | b"\"ready\":");
    is_key && (after.is_empty() || after.starts_with(b"#") || after == b",")
}

/// Whether the quoted value that begins after this belongs to a key under which messages are logged.
fn is_value_of_a_message_key(before: &[u8]) -> bool {
    if let Some(rest) = before.strip_suffix(b"=") {
        let key = rest.rsplit(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
        return MESSAGE_KEYS.contains(&key);
    }
    let Some(rest) = before.trim_ascii_end().strip_suffix(b":") else { return false };
    let Some(rest) = rest.trim_ascii_end().strip_suffix(b"\"") else { return false };
    let key = rest.rsplit(|byte| *byte == b'"').next().unwrap_or_default();
    MESSAGE_KEYS.contains(&key)
}

#[cfg(test)]
mod tests;
