//! Writes ustar, and pax with the tags of z/OS: nobody's files, of one time, in the order of their names. Pure.

use super::{Content, Item, mode_of};
use crate::package::tags::tagging_of;
use crate::package::tar::{BLOCK, TAG_RECORD};
use std::collections::BTreeMap;
use std::io;

/// 1980-01-01, which is the earliest that zip has: seconds since 1970.
const TIME: u64 = 315_532_800;

/// The archive; `tags`: with the tag of each file, in an extended header.
pub(super) fn tar(items: &BTreeMap<String, Item>, tags: bool) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for (name, item) in items {
        let (flag, content, link, name) = match &item.content {
            Content::Directory => (b'5', &[][..], "", format!("{name}/")),
            Content::Link(target) => (b'2', &[][..], target.as_str(), name.clone()),
            Content::File(content) => (b'0', content.as_slice(), "", name.clone()),
        };
        let split = split(&name);
        let mut records = Vec::new();
        if split.is_none() || !name.is_ascii() {
            records.extend(record("path", &name));
        }
        if link.len() > 100 || !link.is_ascii() {
            records.extend(record("linkpath", link));
        }
        if tags && flag == b'0' {
            // What is converted when it is installed comes as what it is now.
            let tag = tagging_of(name.rsplit('/').next().unwrap_or(&name)).tag();
            if let Some((ccsid, text)) = tag {
                let ccsid = if ccsid == 1047 { 819 } else { ccsid };
                records.extend(record(TAG_RECORD, &format!("{} {ccsid}", u8::from(text))));
            }
        }
        if !records.is_empty() {
            let short: String =
                name.trim_end_matches('/').rsplit('/').next().unwrap_or("file").chars().filter(char::is_ascii).take(80).collect();
            bytes.extend(header(("PaxHeaders", &short), (0o644, b'x'), records.len(), "")?);
            bytes.extend(&records);
            pad(&mut bytes);
        }
        let last: String = name.chars().filter(char::is_ascii).take(100).collect();
        let (prefix, rest) = split.unwrap_or(("", &last));
        let link: String = link.chars().filter(char::is_ascii).take(100).collect();
        bytes.extend(header((prefix, rest), (mode_of(item), flag), content.len(), &link)?);
        bytes.extend(content);
        pad(&mut bytes);
    }
    bytes.resize(bytes.len() + 2 * BLOCK, 0);
    Ok(bytes)
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
}

/// A name in two parts of at most 155 and 100 bytes, where that can be done.
fn split(name: &str) -> Option<(&str, &str)> {
    if name.len() <= 100 {
        return Some(("", name));
    }
    let at = name.match_indices('/').map(|(at, _)| at).find(|at| name.len() - at - 1 <= 100)?;
    let (prefix, rest) = (name.get(..at)?, name.get(at + 1..)?);
    (prefix.len() <= 155 && !rest.is_empty() && !prefix.is_empty()).then_some((prefix, rest))
}

/// `LENGTH KEY=VALUE` and a line end; LENGTH is that of all of it, itself included.
fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {key}={value}\n");
    let digits = (1..20).find(|digits| (rest.len() + digits).to_string().len() == *digits).unwrap_or(1);
    format!("{}{rest}", rest.len() + digits).into_bytes()
}

fn header((prefix, name): (&str, &str), (mode, flag): (u32, u8), length: usize, link: &str) -> io::Result<[u8; BLOCK]> {
    // Eleven octal digits.
    if length >= 1 << 33 {
        return Err(io::Error::other(format!("'{name}' is too large for a tar archive")));
    }
    let mut block = [0_u8; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| {
        block.iter_mut().skip(at).zip(bytes).for_each(|(place, byte)| *place = *byte);
    };
    put(0, name.as_bytes());
    put(100, format!("{mode:07o}").as_bytes());
    put(108, b"0000000");
    put(116, b"0000000");
    put(124, format!("{length:011o}").as_bytes());
    put(136, format!("{TIME:011o}").as_bytes());
    // The sum is taken with blanks in its own place.
    put(148, b"        ");
    put(156, &[flag]);
    put(157, link.as_bytes());
    put(257, b"ustar\x0000");
    put(329, b"0000000");
    put(337, b"0000000");
    put(345, prefix.as_bytes());
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    let digits = format!("{sum:06o}\0 ");
    block.iter_mut().skip(148).zip(digits.bytes()).for_each(|(place, byte)| *place = byte);
    Ok(block)
}
