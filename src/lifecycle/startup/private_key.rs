//! Whether a private key belongs to a certificate: by comparing public keys. Nothing is signed and no key is kept.

use x509_parser::asn1_rs::{Any, FromDer};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

const RSA: &str = "1.2.840.113549.1.1.1";
const RSA_PSS: &str = "1.2.840.113549.1.1.10";
const ELLIPTIC: &str = "1.2.840.10045.2.1";
const ED25519: &str = "1.3.101.112";

/// The label of a key that cannot be read without a password.
pub(super) const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";

/// What is known of a key and a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    Yes,
    No,
    /// The kind of key cannot be compared here.
    Unknown,
    /// The bytes are no private key.
    NoKey,
}

/// `key` in DER: PKCS#8, or as `label` says PKCS#1 (`RSA PRIVATE KEY`) or SEC 1 (`EC PRIVATE KEY`).
pub(super) fn matches(label: &str, key: &[u8], certificate: &SubjectPublicKeyInfo<'_>) -> Match {
    let of_certificate = certificate.algorithm.algorithm.to_id_string();
    let (algorithm, inner) = match label {
        "RSA PRIVATE KEY" => (RSA.to_string(), key),
        "EC PRIVATE KEY" => (ELLIPTIC.to_string(), key),
        label if label != "PRIVATE KEY" => return Match::Unknown,
        _ => match pkcs8(key) {
            Some(found) => found,
            None => return Match::NoKey,
        },
    };
    let is_rsa = |algorithm: &str| algorithm == RSA || algorithm == RSA_PSS;
    if algorithm != of_certificate && !(is_rsa(&algorithm) && is_rsa(&of_certificate)) {
        return Match::No;
    }
    let compared = match algorithm.as_str() {
        RSA | RSA_PSS => rsa(inner, certificate),
        ELLIPTIC => elliptic(inner, certificate),
        ED25519 => ed25519(inner, certificate),
        _ => return Match::Unknown,
    };
    compared.unwrap_or(Match::NoKey)
}

/// The elements of a DER sequence.
fn elements(der: &[u8]) -> Option<Vec<Any<'_>>> {
    let (_, sequence) = Any::from_der(der).ok()?;
    let mut rest = sequence.data;
    let mut found = Vec::new();
    // Tag 16 is SEQUENCE; no key has more elements than a dozen.
    while sequence.header.tag().0 == 16 && !rest.is_empty() && found.len() < 16 {
        let (after, element) = Any::from_der(rest).ok()?;
        found.push(element);
        rest = after;
    }
    (!found.is_empty()).then_some(found)
}

/// PrivateKeyInfo: version, algorithm, the key in the form of its algorithm.
fn pkcs8(der: &[u8]) -> Option<(String, &[u8])> {
    let (_, sequence) = Any::from_der(der).ok()?;
    let (rest, _version) = Any::from_der(sequence.data).ok()?;
    let (rest, algorithm) = Any::from_der(rest).ok()?;
    let (_, key) = Any::from_der(rest).ok()?;
    let (_, identifier) = Any::from_der(algorithm.data).ok()?;
    Some((identifier.oid().ok()?.to_id_string(), key.data))
}

fn without_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// RSAPrivateKey: version, modulus, ... The modulus is the public key, but for an exponent that is the same everywhere.
fn rsa(key: &[u8], certificate: &SubjectPublicKeyInfo<'_>) -> Option<Match> {
    let elements = elements(key)?;
    let modulus = elements.get(1).filter(|element| element.header.tag().0 == 2)?;
    let Ok(PublicKey::RSA(public)) = certificate.parsed() else {
        // RSASSA-PSS keys are not parsed as RSA: the key itself is the same structure.
        let public = self::elements(&certificate.subject_public_key.data)?;
        return Some(verdict(without_zeros(public.first()?.data) == without_zeros(modulus.data)));
    };
    Some(verdict(without_zeros(public.modulus) == without_zeros(modulus.data)))
}

/// ECPrivateKey: version, private key, [0] curve, [1] public key; Java leaves the last one out.
fn elliptic(key: &[u8], certificate: &SubjectPublicKeyInfo<'_>) -> Option<Match> {
    let elements = elements(key)?;
    let private = elements.get(1).filter(|element| element.header.tag().0 == 4)?;
    let public = certificate.subject_public_key.data.as_ref();
    let embedded = elements.iter().skip(2).find(|element| element.header.tag().0 == 1 && element.header.is_contextspecific());
    if let Some((_, bits)) = embedded.and_then(|element| Any::from_der(element.data).ok()) {
        // A BIT STRING begins with the number of unused bits. A compressed point cannot be compared with one that is not.
        let point = bits.data.get(1..)?;
        if point.len() == public.len() {
            return Some(verdict(point == public));
        }
    }
    Some(computed_elliptic(private.data, certificate))
}

fn verdict(is_same: bool) -> Match {
    if is_same { Match::Yes } else { Match::No }
}

/// P-256 and P-384; ring, which knows them, computes the public key to see whether it is this one.
#[cfg(feature = "http")]
fn computed_elliptic(private: &[u8], certificate: &SubjectPublicKeyInfo<'_>) -> Match {
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair};
    use x509_parser::oid_registry::{OID_EC_P256, OID_NIST_EC_P384};
    // Another curve of the same size has another name: nothing is known then.
    let curve = certificate.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
    let (algorithm, size) = match curve {
        Some(curve) if curve == OID_EC_P256 => (&ECDSA_P256_SHA256_ASN1_SIGNING, 32_usize),
        Some(curve) if curve == OID_NIST_EC_P384 => (&ECDSA_P384_SHA384_ASN1_SIGNING, 48),
        _ => return Match::Unknown,
    };
    let Some(zeros) = size.checked_sub(without_zeros(private).len()).filter(|_| private.len() <= size + 1) else { return Match::NoKey };
    let mut padded = vec![0; zeros];
    padded.extend_from_slice(without_zeros(private));
    let random = ring::rand::SystemRandom::new();
    let public = certificate.subject_public_key.data.as_ref();
    verdict(EcdsaKeyPair::from_private_key_and_public_key(algorithm, &padded, public, &random).is_ok())
}

#[cfg(not(feature = "http"))]
fn computed_elliptic(_: &[u8], _: &SubjectPublicKeyInfo<'_>) -> Match {
    Match::Unknown
}

/// CurvePrivateKey: an octet string of 32 bytes.
#[cfg(feature = "http")]
fn ed25519(key: &[u8], certificate: &SubjectPublicKeyInfo<'_>) -> Option<Match> {
    let (_, seed) = Any::from_der(key).ok()?;
    let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(seed.data).ok()?;
    Some(verdict(ring::signature::KeyPair::public_key(&pair).as_ref() == certificate.subject_public_key.data.as_ref()))
}

#[cfg(not(feature = "http"))]
fn ed25519(_: &[u8], _: &SubjectPublicKeyInfo<'_>) -> Option<Match> {
    Some(Match::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, SignatureAlgorithm};
    use x509_parser::parse_x509_certificate;

    fn pair(algorithm: &'static SignatureAlgorithm) -> (Vec<u8>, Vec<u8>) {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_string()]).unwrap().self_signed(&key).unwrap();
        (key.serialize_der(), certificate.der().to_vec())
    }

    fn compared(key: &[u8], certificate: &[u8]) -> Match {
        matches("PRIVATE KEY", key, parse_x509_certificate(certificate).unwrap().1.public_key())
    }

    #[test]
    fn a_key_belongs_to_its_own_certificate_and_to_no_other() {
        for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
            let (key, certificate) = pair(algorithm);
            let (other, _) = pair(algorithm);
            assert_eq!(compared(&key, &certificate), Match::Yes);
            assert_eq!(compared(&other, &certificate), Match::No);
        }
        assert_eq!(compared(&pair(&PKCS_ED25519).0, &pair(&PKCS_ECDSA_P256_SHA256).1), Match::No);
        assert_eq!(compared(b"no key", &pair(&PKCS_ED25519).1), Match::NoKey);
    }

    #[test]
    #[cfg(feature = "http")]
    fn a_key_of_java_without_its_public_half_is_compared_too() {
        let (key, certificate) = pair(&PKCS_ECDSA_P256_SHA256);
        let (_, other) = pair(&PKCS_ECDSA_P256_SHA256);
        let (_, inner) = pkcs8(&key).unwrap();
        let private = elements(inner).unwrap()[1].data;
        let compared = |private: &[u8], der: &[u8]| computed_elliptic(private, parse_x509_certificate(der).unwrap().1.public_key());
        assert_eq!(compared(private, &certificate), Match::Yes);
        assert_eq!(compared(private, &other), Match::No);
        assert_eq!(compared(&[1; 80], &other), Match::NoKey);
        // The same with the name of another curve: prime239v3 in place of prime256v1.
        let name = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
        let at = certificate.windows(name.len()).position(|window| window == name).unwrap();
        let mut renamed = certificate.clone();
        renamed[at + name.len() - 1] = 0x06;
        assert_eq!(compared(private, &renamed), Match::Unknown);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..80), label in 0usize..3) {
            static CERTIFICATE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
            let certificate = CERTIFICATE.get_or_init(|| pair(&PKCS_ED25519).1);
            let label = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"][label];
            let found = matches(label, &bytes, parse_x509_certificate(certificate).unwrap().1.public_key());
            prop_assert_ne!(found, Match::Yes);
        }
    }
}
