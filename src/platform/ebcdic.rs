//! IBM-1047, the EBCDIC code page of z/OS UNIX: the one table that all conversion uses.

/// IBM-1047 to Unicode (all below 256). NEL (0x15), the line end of z/OS UNIX, and LF (0x25) both become a line feed.
#[rustfmt::skip]
const IBM_1047: [u8; 256] = [
    0x00, 0x01, 0x02, 0x03, 0x9c, 0x09, 0x86, 0x7f, 0x97, 0x8d, 0x8e, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
    0x10, 0x11, 0x12, 0x13, 0x9d, 0x0a, 0x08, 0x87, 0x18, 0x19, 0x92, 0x8f, 0x1c, 0x1d, 0x1e, 0x1f,
    0x80, 0x81, 0x82, 0x83, 0x84, 0x0a, 0x17, 0x1b, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x05, 0x06, 0x07,
    0x90, 0x91, 0x16, 0x93, 0x94, 0x95, 0x96, 0x04, 0x98, 0x99, 0x9a, 0x9b, 0x14, 0x15, 0x9e, 0x1a,
    0x20, 0xa0, 0xe2, 0xe4, 0xe0, 0xe1, 0xe3, 0xe5, 0xe7, 0xf1, 0xa2, 0x2e, 0x3c, 0x28, 0x2b, 0x7c,
    0x26, 0xe9, 0xea, 0xeb, 0xe8, 0xed, 0xee, 0xef, 0xec, 0xdf, 0x21, 0x24, 0x2a, 0x29, 0x3b, 0x5e,
    0x2d, 0x2f, 0xc2, 0xc4, 0xc0, 0xc1, 0xc3, 0xc5, 0xc7, 0xd1, 0xa6, 0x2c, 0x25, 0x5f, 0x3e, 0x3f,
    0xf8, 0xc9, 0xca, 0xcb, 0xc8, 0xcd, 0xce, 0xcf, 0xcc, 0x60, 0x3a, 0x23, 0x40, 0x27, 0x3d, 0x22,
    0xd8, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0xab, 0xbb, 0xf0, 0xfd, 0xfe, 0xb1,
    0xb0, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70, 0x71, 0x72, 0xaa, 0xba, 0xe6, 0xb8, 0xc6, 0xa4,
    0xb5, 0x7e, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0xa1, 0xbf, 0xd0, 0x5b, 0xde, 0xae,
    0xac, 0xa3, 0xa5, 0xb7, 0xa9, 0xa7, 0xb6, 0xbc, 0xbd, 0xbe, 0xdd, 0xa8, 0xaf, 0x5d, 0xb4, 0xd7,
    0x7b, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0xad, 0xf4, 0xf6, 0xf2, 0xf3, 0xf5,
    0x7d, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f, 0x50, 0x51, 0x52, 0xb9, 0xfb, 0xfc, 0xf9, 0xfa, 0xff,
    0x5c, 0xf7, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0xb2, 0xd4, 0xd6, 0xd2, 0xd3, 0xd5,
    0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0xb3, 0xdb, 0xdc, 0xd9, 0xda, 0x9f,
];

/// NL, the line end of z/OS UNIX.
pub const NEW_LINE: u8 = 0x15;
/// LF in IBM-1047, which the bytes of another code page have as NEL.
const LINE_FEED: u8 = 0x25;
/// NEL in ISO8859-1; in UTF-8 the second byte of some letters.
const NEXT_LINE: u8 = 0x85;
/// The blank.
pub const BLANK: u8 = 0x40;

/// Text of IBM-1047 bytes.
pub fn ibm_1047(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(IBM_1047[usize::from(*byte)])).collect()
}

/// A text in IBM-1047: a line feed becomes NL, and a character that the code page does not have becomes a question mark.
pub fn to_ibm_1047(text: &str) -> Vec<u8> {
    let inverse = inverse();
    text.chars()
        .map(|character| usize::try_from(u32::from(character)).ok().and_then(|code| inverse.get(code)).copied().unwrap_or(0x6f))
        .collect()
}

/// Bytes as z/OS converts them from ISO8859-1 (`__etoa` and automatic conversion do it so): each byte for itself, and back by
/// [`bytes_of_ibm_1047`], so that nothing is lost whatever the bytes are. Readers who convert and then take UTF-8, as zss and configmgr do,
/// find the UTF-8 that was written.
pub fn bytes_to_ibm_1047(bytes: &[u8]) -> Vec<u8> {
    let inverse = inverse();
    bytes.iter().map(|byte| if *byte == NEXT_LINE { LINE_FEED } else { inverse[usize::from(*byte)] }).collect()
}

/// The inverse of [`bytes_to_ibm_1047`].
pub fn bytes_of_ibm_1047(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| if *byte == LINE_FEED { NEXT_LINE } else { IBM_1047[usize::from(*byte)] }).collect()
}

/// Text that [`bytes_to_ibm_1047`] has made of UTF-8; None for what has only characters of the code page, which each byte is for itself.
pub fn utf_8_in_ibm_1047(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes_of_ibm_1047(bytes)).ok().filter(|text| !text.is_ascii())
}

fn inverse() -> &'static [u8; 256] {
    static INVERSE: std::sync::OnceLock<[u8; 256]> = std::sync::OnceLock::new();
    INVERSE.get_or_init(|| {
        // 0x85, NEL, is the one character that no byte maps to: its byte maps to line feed.
        let mut inverse = [NEW_LINE; 256];
        for (byte, code) in (0_u8..=255).zip(IBM_1047) {
            if byte != LINE_FEED {
                inverse[usize::from(code)] = byte;
            }
        }
        inverse
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_byte_but_line_feed_comes_back() {
        for byte in (0_u8..=255).filter(|byte| *byte != 0x25) {
            assert_eq!(to_ibm_1047(&ibm_1047(&[byte])), [byte]);
        }
        assert_eq!(ibm_1047(&[0x25]), "\n");
        assert_eq!(to_ibm_1047("ZWE[]|\u{20ac}\u{85}"), [0xe9, 0xe6, 0xc5, 0xad, 0xbd, 0x4f, 0x6f, 0x15]);
    }

    /// Another implementation: the C library's iconv. It has LF and NL the other way round, as Unicode has them.
    #[test]
    fn the_table_is_that_of_iconv() {
        use std::io::Write;
        let all: Vec<u8> = (0_u8..=255).collect();
        let iconv = std::process::Command::new("iconv")
            .args(["-f", "IBM-1047", "-t", "ISO-8859-1"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn();
        let Ok(mut iconv) = iconv else {
            assert!(std::env::var_os("ZWELNCH_REQUIRE_ALL").is_none(), "iconv is missing");
            println!("skipped: iconv is missing");
            return;
        };
        iconv.stdin.take().unwrap().write_all(&all).unwrap();
        let mut theirs = iconv.wait_with_output().unwrap().stdout;
        theirs.swap(usize::from(NEW_LINE), usize::from(LINE_FEED));
        assert_eq!(bytes_of_ibm_1047(&all), theirs);
    }

    #[test]
    fn utf_8_is_told_from_letters_of_the_code_page() {
        let text = "gr\u{fc}n \u{105}\u{20ac}\n";
        assert_eq!(utf_8_in_ibm_1047(&bytes_to_ibm_1047(text.as_bytes())).as_deref(), Some(text));
        assert_eq!(utf_8_in_ibm_1047(&to_ibm_1047("gr\u{fc}n\n")), None);
        assert_eq!(utf_8_in_ibm_1047(&to_ibm_1047("green\n")), None);
    }

    proptest! {
        #[test]
        fn bytes_come_back_whatever_they_are(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(bytes_of_ibm_1047(&bytes_to_ibm_1047(&bytes)), bytes);
        }

        #[test]
        fn text_of_the_code_page_comes_back(text in "[\\x20-\\x7e\\n\\u{a0}-\\u{ff}]*") {
            prop_assert_eq!(ibm_1047(&to_ibm_1047(&text)), text);
        }
    }
}
