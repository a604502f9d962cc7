//! PEM files (RFC 7468) as OpenSSL reads them: blocks anywhere in a file, whatever stands beside them and in whatever code.

use super::ber;
use crate::platform::ebcdic::{ibm_1047, to_ibm_1047};

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// A block of a file.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) label: String,
    pub(super) contents: Vec<u8>,
    /// By a header of the block (RFC 1421), as OpenSSL wrote encrypted keys before it had PKCS8.
    pub(super) is_encrypted: bool,
}

impl std::fmt::Debug for Block {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It may hold a key.
        write!(formatter, "Block({})", self.label)
    }
}

/// A block that is wanted and cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("block {0} is damaged")]
pub(super) struct Damaged(pub(super) String);

/// The blocks of a file whose label passes. Text of Latin-1, UTF-8 or IBM-1047 may stand beside them.
pub(super) fn blocks(bytes: &[u8], passes: impl Fn(&str) -> bool) -> Result<Vec<Block>, Damaged> {
    let has = |needle: &[u8]| memchr::memmem::find(bytes, needle).is_some();
    let text: String = if !has(BEGIN.as_bytes()) && has(&to_ibm_1047(BEGIN)) {
        ibm_1047(bytes)
    } else {
        // Byte by byte: blocks are in ASCII.
        bytes.iter().map(|byte| char::from(*byte)).collect()
    };
    let (mut found, mut rest) = (Vec::new(), text.as_str());
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let Some((label, after)) = after.split_once(DASHES).filter(|(label, _)| !label.contains(['\n', '\r'])) else {
            rest = after;
            continue;
        };
        rest = after;
        if !passes(label) {
            continue;
        }
        let damaged = || Damaged(label.to_string());
        let (body, after) = after.split_once(&format!("{END}{label}{DASHES}")).ok_or_else(damaged)?;
        rest = after;
        let (headers, body) = split_headers(body);
        let mut contents = decode(body).filter(|contents| !contents.is_empty()).ok_or_else(damaged)?;
        // OpenSSL's trusted certificates have more behind the certificate.
        if is_certificate(label) {
            let (_, behind) = ber::first(&contents).ok_or_else(damaged)?;
            contents.truncate(contents.len() - behind.len());
        }
        found.push(Block { label: label.to_string(), contents, is_encrypted: headers.contains("ENCRYPTED") });
    }
    Ok(found)
}

pub(super) fn is_certificate(label: &str) -> bool {
    matches!(label, "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE")
}

/// The headers of a block, which end with an empty line, and what comes after them.
fn split_headers(body: &str) -> (&str, &str) {
    let body = body.trim_start();
    if !body.lines().next().is_some_and(|line| line.contains(':')) {
        return ("", body);
    }
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        at += line.len();
        if line.trim().is_empty() {
            break;
        }
    }
    body.split_at(at)
}

/// Base 64, with line ends and blanks anywhere; None for anything else.
fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let (mut out, mut bits, mut count, mut padding) = (Vec::with_capacity(text.len() / 4 * 3), 0_u32, 0_u32, 0);
    for digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                padding += 1;
                continue;
            }
            _ => return None,
        };
        if padding > 0 {
            return None;
        }
        bits = (bits << 6) | u32::from(value);
        count += 1;
        if count == 4 {
            out.extend(bits.to_be_bytes().iter().skip(1));
            (bits, count) = (0, 0);
        }
    }
    match count {
        0 if padding == 0 => {}
        2 if padding == 2 => out.push(u8::try_from(bits >> 4).ok()?),
        3 if padding == 1 => out.extend([u8::try_from(bits >> 10).ok()?, u8::try_from((bits >> 2) & 0xff).ok()?]),
        _ => return None,
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_stands_beside_blocks_does_not_matter() {
        let block = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        let found = |bytes: &[u8]| blocks(bytes, is_certificate).unwrap().into_iter().map(|block| block.contents).collect::<Vec<_>>();
        let expected = vec![vec![0x30, 0]];
        let latin_1 = [b"subject=/CN=M\xfcller\n".as_slice(), block.as_bytes(), b"\xff\xfe"].concat();
        assert_eq!(found(&latin_1), expected);
        assert_eq!(found(format!("Bag Attributes\n    localKeyID: 54\nsubject=CN = M\u{fc}ller\n{block}").as_bytes()), expected);
        assert_eq!(found(format!("\u{feff}{}", block.replace('\n', "\r\n")).as_bytes()), expected);
        assert_eq!(found(&to_ibm_1047(&format!("M\u{fc}ller\n{block}"))), expected);
        // A block of another kind that is damaged is none of its business, and one that is wanted is.
        assert_eq!(found(format!("-----BEGIN X-----\n!\n-----END X-----\n-----BEGIN \n{block}").as_bytes()), expected);
        for damaged in [block.replace("MAA=", "M!A="), block.replace("-----END", "----- END"), block.replace("MAA=", "MAA")] {
            assert_eq!(blocks(damaged.as_bytes(), is_certificate), Err(Damaged("CERTIFICATE".into())), "{damaged}");
        }
        // The certificate of OpenSSL's trusted ones.
        assert_eq!(found(block.replace("CERTIFICATE", "TRUSTED CERTIFICATE").replace("MAA=", "MAAwAA==").as_bytes()), expected);
    }

    #[test]
    fn headers_are_no_content() {
        let key =
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMAA=\n-----END RSA PRIVATE KEY-----\n";
        let found = blocks(key.as_bytes(), |label| label.ends_with("PRIVATE KEY")).unwrap();
        assert!(found[0].is_encrypted && found[0].contents == [0x30, 0]);
    }

    proptest! {
        #[test]
        fn bytes_are_decoded_as_another_implementation_encodes_them(bytes in proptest::collection::vec(any::<u8>(), 1..200)) {
            let encoded = pem_of(&bytes);
            prop_assert_eq!(blocks(encoded.as_bytes(), |_| true).unwrap()[0].contents.clone(), bytes);
        }

        #[test]
        fn no_bytes_are_too_strange(text in "(-----BEGIN |A|KEY|-----|-----END |\n|\u{fc}|:|=){0,30}") {
            let _ = blocks(text.as_bytes(), |_| true);
        }
    }

    /// By x509_parser's reader the other way round: what it reads of a text is what the text was made of.
    fn pem_of(bytes: &[u8]) -> String {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::from("-----BEGIN X-----\n");
        for chunk in bytes.chunks(3) {
            let bits = chunk.iter().chain([0, 0].iter()).take(3).fold(0_usize, |bits, byte| (bits << 8) | usize::from(*byte));
            for index in 0..4 {
                let digit = char::from(DIGITS[(bits >> (18 - 6 * index)) & 63]);
                text.push(if index <= chunk.len() { digit } else { '=' });
            }
        }
        text.push_str("\n-----END X-----\n");
        let read = x509_parser::pem::Pem::iter_from_buffer(text.as_bytes()).next().unwrap().unwrap();
        assert_eq!(read.contents, bytes);
        text
    }
}
