//! Secrets in texts of any origin: logs, answers, listings. Pure.
//!
//! Two rules that do not depend on each other: every value that the configuration and the environment call a secret is masked wherever it
//! stands, and so is what a line itself calls one (`password=x`, `"token": "x"`, `--password x`, `Authorization: Bearer x`, a private key).
//! In doubt more is masked than less: who reads an archive can ask for a line, and nobody can take one back.

use crate::config::secrets::{MASK, SECRET_WORDS};
use aho_corasick::{AhoCorasick, MatchKind};

/// Words that are secret in a line of a log, besides those of a configuration: headers of HTTP and options of keytool.
const WORDS_OF_LINES: [&str; 4] = ["authorization", "cookie", "storepass", "keypass"];

/// More lines than any private key has.
const KEY_LINES: usize = 200;

/// The shortest value that is masked wherever it stands: shorter ones occur in all kinds of words.
const SHORTEST: usize = 4;

/// Masks secrets in texts.
pub(super) struct Masker {
    known: Option<AhoCorasick>,
}

impl Masker {
    /// `secrets`: values that are masked wherever they stand; of one with several lines, each line.
    pub(super) fn new(secrets: impl IntoIterator<Item = String>) -> Masker {
        let lines = |secret: String| {
            let whole = secret.trim().to_owned();
            secret.lines().map(|line| line.trim().to_owned()).chain([whole]).collect::<Vec<_>>()
        };
        let mut values: Vec<String> = secrets.into_iter().flat_map(lines).collect();
        values.retain(|value| value.chars().count() >= SHORTEST && value != MASK);
        values.sort();
        values.dedup();
        // Only a set of patterns beyond all bounds is refused; then no text passes at all.
        let known = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(values);
        Masker { known: known.ok() }
    }

    /// A text without its secrets, line ends kept.
    pub(super) fn text(&self, text: &str) -> String {
        let Some(known) = &self.known else { return format!("{MASK}\n") };
        let keyless = without_keys(text);
        let mut masked = String::with_capacity(keyless.len());
        // What is deeper than this belongs to a secret that began on a line before.
        let mut below: Option<usize> = None;
        for line in keyless.split_inclusive('\n') {
            let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
            let indent = body.len() - body.trim_start().len();
            if below.is_some_and(|outer| indent > outer && !body.trim().is_empty()) {
                masked.push_str(&body[..indent]);
                masked.push_str(MASK);
            } else {
                if !body.trim().is_empty() {
                    below = None;
                }
                let (line, goes_on) = masked_line(body);
                below = if goes_on { Some(indent) } else { below };
                masked.push_str(&known.replace_all(&line, &vec![MASK; known.patterns_len()]));
            }
            masked.push_str(end);
        }
        // A secret of several words may have been parted by a line end or by a mask only in what is masked by now.
        masked
    }
}

/// Private keys in PEM, whole or of which one end is missing.
fn without_keys(text: &str) -> String {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END ";
    const KEY: &str = "PRIVATE KEY-----";
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(KEY) {
        let (head, behind) = rest.split_at(at + KEY.len());
        let marker = head.rfind("-----B").into_iter().chain(head.rfind("-----E")).max().unwrap_or(at);
        let is_begin = head.get(marker..).is_some_and(|from| from.starts_with(BEGIN));
        let is_end = head.get(marker..).is_some_and(|from| from.starts_with(END));
        if is_begin {
            kept.push_str(&head[..marker]);
            kept.push_str(MASK);
            // To its end, or as far as a key can reach.
            let reach = behind.match_indices('\n').nth(KEY_LINES).map_or(behind.len(), |(end, _)| end);
            let end = behind[..reach].find(END).map_or(reach, |end| behind[end..].find(KEY).map_or(reach, |last| end + last + KEY.len()));
            rest = &behind[end..];
        } else if is_end {
            // Its beginning was cut off: what stands before it is the key.
            let lines: Vec<&str> = head[..marker].split_inclusive('\n').collect();
            let keep = lines.len().saturating_sub(KEY_LINES);
            let first = lines.iter().rposition(|line| !is_key_line(line)).map_or(0, |at| at + 1).max(keep);
            kept.extend(lines.iter().take(first).copied());
            kept.push_str(MASK);
            rest = behind;
        } else {
            kept.push_str(head);
            rest = behind;
        }
    }
    kept + rest
}

fn is_key_line(line: &str) -> bool {
    line.trim().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=:,- ".contains(&byte))
}

/// A line without the values that it calls secret; whether the value goes on in lines that are indented deeper.
fn masked_line(line: &str) -> (String, bool) {
    let lower = line.to_ascii_lowercase();
    let mut kept = String::with_capacity(line.len());
    let mut at = 0;
    while let Some(found) = next_secret(&lower, at) {
        kept.push_str(line.get(at..found.begin).unwrap_or_default());
        let value = line.get(found.begin..found.end).unwrap_or_default();
        if tells_nothing(value) {
            kept.push_str(value);
        } else {
            kept.push_str(MASK);
        }
        if found.goes_on {
            return (kept, true);
        }
        at = found.end;
    }
    kept.push_str(line.get(at..).unwrap_or_default());
    (without_tokens(&without_sent(&kept)), false)
}

/// What an operator has sent to the standard input of a component, `SEND(name,text)`: it may be the password that was asked for.
fn without_sent(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    let comma = lower.find("send(").and_then(|at| line[at..].find(',').map(|comma| at + comma + 1));
    let Some(comma) = comma else { return line.to_owned() };
    let end = line[comma..].rfind(')').map_or(line.len(), |end| comma + end);
    format!("{}{MASK}{}", &line[..comma], &line[end..])
}

fn tells_nothing(value: &str) -> bool {
    matches!(value.trim().trim_end_matches(','), "" | "null" | "true" | "false" | "~" | MASK)
}

/// A secret value in a line.
struct Found {
    begin: usize,
    end: usize,
    goes_on: bool,
}

/// The next value behind a name that is secret. `lower`: the line in lower case, of the same length.
fn next_secret(lower: &str, from: usize) -> Option<Found> {
    let mut at = from;
    loop {
        let words = SECRET_WORDS.iter().chain(&WORDS_OF_LINES);
        let (begin, word) = words.filter_map(|word| Some((lower.get(at..)?.find(word)? + at, *word))).min()?;
        let name_begin = lower[..begin].rfind(|other: char| !is_of_name(other)).map_or(0, |other| other + 1);
        let name_begin = (name_begin..=begin).find(|at| lower.is_char_boundary(*at)).unwrap_or(begin);
        let mut end = begin + word.len();
        end += lower[end..].find(|other: char| !is_of_name(other)).unwrap_or(lower.len() - end);
        if let Some(found) = value_behind(lower, lower[name_begin..].starts_with('-'), end) {
            return Some(found);
        }
        at = end;
    }
}

fn is_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_-.[]".contains(character)
}

/// The value behind a name that ends at `end`: after `=`, `:` or `>`, or after a blank behind an option.
fn value_behind(lower: &str, is_option: bool, end: usize) -> Option<Found> {
    let rest = &lower[end..];
    let separator = rest.trim_start_matches(['"', '\'', '\\', ')', ' ', '\t']);
    let mut begin = end + rest.len() - separator.len();
    let mark = separator.chars().next();
    match mark {
        Some('=' | ':' | '>') => {
            let value = separator.trim_start_matches(['=', ':', '>', ' ', '\t']);
            begin += separator.len() - value.len();
        }
        Some(_) if is_option && rest.starts_with([' ', '\t']) => begin = end + rest.len() - rest.trim_start().len(),
        _ => return None,
    }
    let value = &lower[begin..];
    let escaped = value.trim_start_matches('\\');
    if let Some(quote) = escaped.chars().next().filter(|first| "\"'".contains(*first)) {
        let opened = begin + value.len() - escaped.len() + 1;
        let is_escaped = value.len() > escaped.len();
        return Some(match end_of_quoted(&lower[opened..], quote, is_escaped) {
            Some(closed) => Found { begin: opened, end: opened + closed, goes_on: false },
            None => Found { begin: opened, end: lower.len(), goes_on: true },
        });
    }
    if mark == Some('>') {
        if let Some(closed) = value.find('<') {
            return Some(Found { begin, end: begin + closed, goes_on: false });
        }
    }
    if is_option && !matches!(mark, Some('=' | ':' | '>')) {
        let closed = value.find([' ', '\t']).unwrap_or(value.len());
        return Some(Found { begin, end: begin + closed, goes_on: false });
    }
    let shown = value.trim();
    let opens = shown.is_empty() || shown.starts_with(['{', '[', '|', '>', '&']);
    Some(Found { begin, end: lower.len(), goes_on: opens })
}

/// Where a quoted value ends: a quote with a backslash before it belongs to the value, unless all quotes of the text have one.
fn end_of_quoted(text: &str, quote: char, is_escaped: bool) -> Option<usize> {
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        if character == quote && (before == '\\') == is_escaped {
            return Some(if is_escaped { at - 1 } else { at });
        }
        before = if before == '\\' && character == '\\' { ' ' } else { character };
    }
    None
}

/// What is a secret by its form: tokens of HTTP, JSON web tokens, passwords of URLs.
fn without_tokens(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    for (index, word) in line.split(' ').enumerate() {
        if index > 0 {
            kept.push(' ');
        }
        let before = kept.trim_end().rsplit([' ', ':', '=', '"', '\'']).next().unwrap_or_default().to_ascii_lowercase();
        let follows_scheme = matches!(before.as_str(), "bearer" | "basic") && word.len() >= 8;
        if follows_scheme {
            kept.push_str(MASK);
            continue;
        }
        kept.push_str(&without_password_of_url(&without_web_token(word)));
    }
    kept
}

fn without_web_token(word: &str) -> String {
    let mut kept = String::new();
    let mut rest = word;
    while let Some(at) = rest.find("eyJ") {
        let behind = &rest[at..];
        let end = behind.find(|other: char| !other.is_ascii_alphanumeric() && !"-_.=".contains(other)).unwrap_or(behind.len());
        kept.push_str(&rest[..at]);
        kept.push_str(if end >= 24 && behind[..end].contains('.') { MASK } else { &behind[..end] });
        rest = &behind[end..];
    }
    kept + rest
}

fn without_password_of_url(word: &str) -> String {
    let Some(at) = word.find("://").map(|at| at + 3) else { return word.to_owned() };
    let authority = word[at..].find(['/', '?', '#', '"', '\'', '<', '>']).map_or(word.len(), |end| at + end);
    match (word[at..authority].rfind('@'), word[at..authority].find(':')) {
        (Some(host), Some(colon)) if colon < host => format!("{}:{MASK}{}", &word[..at + colon], &word[at + host..]),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masked(text: &str) -> String {
        Masker::new(["known value".to_owned(), "abc".to_owned(), "first line\n  second line\n".to_owned()]).text(text)
    }

    #[test]
    fn what_a_line_calls_secret_is_masked() {
        for line in [
            "2026-11-26 ZWE: password=Hunter2!",
            "password = 'Hunter2! and more'",
            "login with user=ibmuser&password=Hunter2!&x=1",
            "{\"user\":\"a\",\"password\":\"Hunter2!\"}",
            "{\\\"keystorePassword\\\":\\\"Hunter2!\\\"}",
            "-Djavax.net.ssl.keyStorePassword=Hunter2! -jar x.jar",
            "keytool -list -storepass Hunter2! -keystore k.p12",
            "run --password Hunter2!",
            "<password>Hunter2!</password>",
            "Authorization: Basic Hunter2!",
            "sent header Bearer Hunter2!Hunter2!",
            "Set-Cookie: apimlAuthenticationToken=Hunter2!; Path=/",
            "https://user:Hunter2!@example.com/x",
            "ZWE_zowe_certificate_keystore_password=Hunter2!",
            "passphrase: Hunter2! with blanks and Hunter2!",
            "p\u{e4}ssword PassWord:Hunter2!",
            "\u{1e9e}password:Hunter2!",
            "\"password\": \"a\\\"Hunter2!\"",
            "password: \"Hunter2!",
            "F ZWESLSTC,APPL='SEND(talker,Hunter2! (as asked))'",
        ] {
            let shown = masked(line);
            assert!(!shown.contains("unter2") && shown.contains(MASK), "{line}: {shown}");
        }
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJlLi4u";
        assert_eq!(masked(&format!("got {token}, fine")), format!("got {MASK}, fine"));
    }

    #[test]
    fn what_tells_nothing_stays() {
        for line in [
            "ZWEL0001I component gateway started",
            "password: null",
            "\"token\": true,",
            "the password is checked",
            "    password:",
            "https://example.com:7554/a@b",
            "eyJ",
        ] {
            assert_eq!(masked(line), line);
        }
    }

    #[test]
    fn values_over_several_lines() {
        let shown = masked("a: 1\ncredentials:\n  user: x\n  pw: y\nb: 2\npassword: |\n  Hunter2!\n\n  more\nc: 3\n");
        assert_eq!(shown, format!("a: 1\ncredentials:\n  {MASK}\n  {MASK}\nb: 2\npassword: {MASK}\n  {MASK}\n\n  {MASK}\nc: 3\n"));
        assert_eq!(masked("x first line\ny second line z\nknown value abc\n"), format!("x {MASK}\ny {MASK} z\n{MASK} abc\n"));
    }

    #[test]
    fn private_keys_are_masked_though_an_end_is_missing() {
        let key = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\nHunter2\n-----END PRIVATE KEY-----\n";
        assert_eq!(masked(&format!("a b!\n{key}c")), format!("a b!\n{MASK}\nc"));
        assert_eq!(masked(&key[29..]), format!("{MASK}\n"));
        assert_eq!(masked(&key[..40]), MASK);
        assert_eq!(masked("a -----BEGIN CERTIFICATE-----"), "a -----BEGIN CERTIFICATE-----");
        assert_eq!(masked("no PRIVATE KEY-----"), "no PRIVATE KEY-----");
    }

    proptest! {
        #[test]
        fn any_text_is_taken_and_no_known_secret_passes(text in "(\\PC|[\n\"'\\\\=: <>{}-]|password|known value|eyJ|://|@|-----BEGIN |-----END |PRIVATE KEY-----){0,40}") {
            let shown = masked(&text);
            prop_assert!(!shown.contains("known value"), "{}", shown);
        }

        #[test]
        fn a_value_behind_a_secret_name_never_passes(
            before in "[a-z \\[\\]{},0-9]{0,20}", name in "(db_)?(password|token|secret|apiKey)", separator in "(=|:|: | = |\": \")", value in "[A-Z]{12}"
        ) {
            let shown = masked(&format!("{before}{name}{separator}{value}"));
            prop_assert!(!shown.contains(&value), "{}", shown);
        }
    }
}
