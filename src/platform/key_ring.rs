//! Key rings of z/OS' security manager: how they are named, what is in them, and what it means when they cannot be read. Private keys are
//! never asked for. Contract: docs/contract/zos-platform.md.

use std::fmt;

/// Most certificates of a ring that are read. RACF connects as many as one likes; a user's ring has a handful.
pub const CERTIFICATES: usize = 500;
/// Most bytes of all certificates of a ring together.
pub const BYTES: usize = 4 * 1024 * 1024;

/// A key ring, or one certificate of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingName {
    /// User id, upper case; None: the user that asks.
    pub owner: Option<String>,
    /// Its name, with regard to case.
    pub ring: String,
    /// The certificate that is meant, where one is.
    pub label: Option<String>,
}

/// Why a text names no key ring.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("names no key ring; safkeyring://OWNER/RING is expected, the owner of 1 to 8 characters and the ring of 1 to 237")]
pub struct NoRing;

impl RingName {
    /// `safkeyring://OWNER/RING` with two slashes or four, the same with `safkeyringjce:` and the like, and `OWNER/RING`; `&LABEL` may follow, as
    /// node.js has it.
    ///
    /// # Errors
    /// [`NoRing`].
    pub fn parse(text: &str) -> Result<RingName, NoRing> {
        let text = text.trim();
        let has_scheme = text.get(..10).is_some_and(|scheme| scheme.eq_ignore_ascii_case("safkeyring"));
        let path = text.split_once(':').filter(|_| has_scheme).map_or(text, |(_, path)| path).trim_start_matches('/');
        let (path, label) = path.split_once('&').map_or((path, None), |(path, label)| (path, Some(label.to_owned())));
        let (owner, ring) = path.split_once('/').map_or((None, path), |(owner, ring)| (Some(owner.to_ascii_uppercase()), ring));
        let is_owner = |owner: &String| (1..=8).contains(&owner.len()) && owner.bytes().all(|byte| byte.is_ascii_graphic());
        let is_ring = (1..=237).contains(&ring.chars().count()) && !ring.contains(char::is_control);
        if !is_ring || !owner.as_ref().is_none_or(is_owner) {
            return Err(NoRing);
        }
        Ok(RingName { owner, ring: ring.to_owned(), label: label.filter(|label| !label.is_empty()) })
    }
}

/// What a certificate is connected to a ring for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    Personal,
    CertAuth,
    Site,
}

impl fmt::Display for Usage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Usage::Personal => "PERSONAL",
            Usage::CertAuth => "CERTAUTH",
            Usage::Site => "SITE",
        })
    }
}

/// A certificate of a key ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingCertificate {
    pub label: String,
    pub owner: String,
    pub usage: Usage,
    /// False for NOTRUST: no program is given it.
    pub is_trusted: bool,
    pub is_default: bool,
    /// In DER; empty: the service did not give it, as it wanted to give the private key with it.
    pub der: Vec<u8>,
}

/// Why a key ring cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// There are none.
    #[error("is not read here")]
    NotHere,
    #[error(transparent)]
    Name(#[from] NoRing),
    #[error("has more than {CERTIFICATES} certificates, or more than {} MiB of them, and is not read", BYTES / 1024 / 1024)]
    TooLarge,
    /// The return code of SAF, and RACF's return and reason codes.
    #[error("cannot be read: {} ({} {} {}){}", words(.0), .0[0], .0[1], .0[2], what_to_do(.0))]
    Refused([i32; 3]),
}

impl RingError {
    /// Whether it is the configuration that is wrong, as there is no such ring for anybody.
    pub fn is_of_configuration(&self) -> bool {
        matches!(self, RingError::Name(_) | RingError::Refused([8, 8, 28 | 84]))
    }
}

/// The return and reason codes of R_datalib for DataGetFirst and DataGetNext: z/OS Security Server RACF Callable Services. ACF2 and Top Secret
/// answer with the same ones.
fn words(codes: &[i32; 3]) -> String {
    match codes {
        [4, 0, 0] => "no security manager answers (RACF is not installed)",
        [8, 8, 4] => "parameter list error",
        [8, 8, 8] => "this user is not authorized",
        [8, 8, 12 | 16] => "the service could not recover from an internal error",
        [8, 8, 20 | 24] => "this level of z/OS does not have the function",
        [8, 8, 28] => "error in the name of the ring or its owner; ring names are case-sensitive",
        [8, 8, 32] => "length error",
        [8, 8, 36 | 40] => "the query was lost",
        [8, 8, 44] => "there is no certificate in it",
        [8, 8, 48] => "the certificate is given with its private key only, which is not asked for",
        [8, 8, 72] => "the caller is not in task mode",
        [8, 8, 84] => "there is no such ring",
        [8, 8, 92] => "internal error of the service",
        [8, 8, 96] => "a library of STEPLIB or JOBLIB is not authorized (APF)",
        [8, 12, reason] => return format!("ICSF return code {}, reason code {}", (reason >> 16) & 0xFF, reason & 0xFFFF),
        _ => "for a reason that is not known here",
    }
    .to_owned()
}

fn what_to_do(codes: &[i32; 3]) -> &'static str {
    match codes {
        [8, 8, 8] => {
            "; permit READ to OWNER.RING.LST in class RDATALIB, or to IRR.DIGTCERT.LISTRING in class FACILITY (UPDATE for the ring of another \
            user)"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        match RingName::parse(text) {
            Ok(RingName { owner, ring, label }) => {
                format!("{} {ring} {}", owner.as_deref().unwrap_or("-"), label.as_deref().unwrap_or("-"))
            }
            Err(error) => error.to_string(),
        }
    }

    /// As they stand in zowe.yaml of the issues of Zowe, api-layer and Liberty.
    #[test]
    fn rings_are_named_as_in_configurations() {
        for (text, expected) in [
            ("safkeyring:////ZWESVUSR/ZoweKeyring", "ZWESVUSR ZoweKeyring -"),
            ("safkeyring://ZWESVUSR/ZoweKeyring", "ZWESVUSR ZoweKeyring -"),
            ("safkeyringjce:////IZUSVR/CCPKeyring.IZUDFLT", "IZUSVR CCPKeyring.IZUDFLT -"),
            ("SAFKEYRING:/izusvr/ZoweKeyringPKI", "IZUSVR ZoweKeyringPKI -"),
            ("safkeyring:////IZUSVR/ZoweKeyringPKI&localhost", "IZUSVR ZoweKeyringPKI localhost"),
            ("safkeyring:///MYKEYRING", "- MYKEYRING -"),
            ("safkeyring://*AUTH*/*", "*AUTH* * -"),
            ("ZWESVUSR/ZoweKeyring&a label", "ZWESVUSR ZoweKeyring a label"),
        ] {
            assert_eq!(parsed(text), expected, "{text}");
        }
        for text in ["safkeyring://", "safkeyring://TOOLONGNAME/x", "safkeyring:///A/", "safkeyring://A B/x", "safkeyring://A/\u{1}"] {
            assert!(RingName::parse(text).is_err(), "{text}");
        }
        assert!(RingName::parse(&format!("safkeyring://A/{}", "x".repeat(237))).is_ok());
        assert!(RingName::parse(&format!("safkeyring://A/{}", "x".repeat(238))).is_err());
    }

    /// The codes that users of Zowe have reported (zowe-install-packaging#2663, api-layer#4324, zwe's own validation), and the table.
    #[test]
    fn codes_are_told_in_words_and_as_they_are() {
        let text = |codes| RingError::Refused(codes).to_string();
        assert!(
            text([8, 8, 8])
                .starts_with("cannot be read: this user is not authorized (8 8 8); permit READ to OWNER.RING.LST in class RDATALIB")
        );
        assert_eq!(text([8, 8, 84]), "cannot be read: there is no such ring (8 8 84)");
        assert_eq!(text([4, 0, 0]), "cannot be read: no security manager answers (RACF is not installed) (4 0 0)");
        assert_eq!(text([8, 12, 0x0008_271C]), "cannot be read: ICSF return code 8, reason code 10012 (8 12 534300)");
        assert!(text([8, 8, 99]).contains("not known here (8 8 99)"));
        assert!(RingError::Refused([8, 8, 84]).is_of_configuration() && !RingError::Refused([8, 8, 8]).is_of_configuration());
    }
}
