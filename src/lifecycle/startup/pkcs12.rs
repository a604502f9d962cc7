//! PKCS12 key stores (RFC 7292), read as Java reads them: what it takes is taken, and its aliases are those that it gives.

use super::ber::{self, Element};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipher, BlockDecryptMut, InnerIvInit, KeyInit};
use hmac::digest::core_api::BlockSizeUser;
use hmac::digest::{Digest, FixedOutputReset};
use hmac::{Mac, SimpleHmac};
use pkcs5::der::Tag;
use pkcs5::der::asn1::AnyRef;
use pkcs5::pbes2;
use pkcs12::kdf::{Pkcs12KeyType, derive_key};
use std::collections::HashMap;
use x509_parser::asn1_rs::FromDer;
use x509_parser::prelude::X509Certificate;

/// The most rounds that a password goes through, as in Java: more would take minutes.
const ROUNDS: u64 = 5_000_000;

// Object identifiers, encoded.
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06];
const SHROUDED_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x02];
const CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x03];
const SECRET: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x05];
const FRIENDLY_NAME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x14];
const LOCAL_KEY_ID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x15];
/// By it Java knows that a certificate is to be trusted.
const TRUSTED_KEY_USAGE: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf9, 0x66, 0xad, 0xca, 0x7b, 0x01, 0x01];
const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
const SHA2: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
/// The encryptions of PKCS12 itself, but for the last number.
const PBE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01];

/// Why a file cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    NotPkcs12,
    /// The password is wrong, or bytes were changed.
    Password,
    /// An algorithm that is not known here.
    Algorithm,
}

/// What a key store holds.
#[derive(Debug, Default)]
pub(super) struct KeyStore {
    /// In the order of the file.
    pub(super) keys: Vec<Key>,
    /// Certificates in DER that are entries of their own.
    pub(super) trusted: Vec<Vec<u8>>,
}

/// A private key.
pub(super) struct Key {
    /// In the case of the file. Java calls keys without a friendly name 1, 2 and so on.
    pub(super) alias: String,
    /// Its own certificate first, in DER; empty where it has none.
    pub(super) chain: Vec<Vec<u8>>,
    /// The content of its EncryptedPrivateKeyInfo.
    encrypted: Vec<u8>,
    /// What ties it to its certificate.
    id: Option<Vec<u8>>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Key({}, {} certificates)", self.alias, self.chain.len())
    }
}

impl Key {
    /// The key, as PKCS8 in DER.
    pub(super) fn open(&self, password: &str) -> Result<Vec<u8>, Fault> {
        let info = Element { tag: ber::SEQUENCE, content: &self.encrypted }.elements().ok_or(Fault::NotPkcs12)?;
        let [algorithm, data] = info[..] else { return Err(Fault::NotPkcs12) };
        decrypt(algorithm, &data.octets().ok_or(Fault::NotPkcs12)?, password)
    }
}

/// A certificate that is no entry of its own.
struct Loose {
    der: Vec<u8>,
    id: Option<Vec<u8>>,
    alias: Option<String>,
}

/// Reads a file; what is behind its end is passed over.
pub(super) fn parse(bytes: &[u8], password: &str) -> Result<KeyStore, Fault> {
    let pfx = ber::first(bytes).and_then(|(pfx, _)| pfx.of(ber::SEQUENCE)?.elements()).ok_or(Fault::NotPkcs12)?;
    let (version, safe, mac) = match pfx[..] {
        [version, safe] => (version, safe, None),
        [version, safe, mac, ..] => (version, safe, Some(mac)),
        _ => return Err(Fault::NotPkcs12),
    };
    if version.number() != Some(3) {
        return Err(Fault::NotPkcs12);
    }
    let (kind, content) = content_info(safe).ok_or(Fault::NotPkcs12)?;
    if kind != DATA {
        // Signed by a public key.
        return Err(Fault::Algorithm);
    }
    let content = content.octets().ok_or(Fault::NotPkcs12)?;
    if let Some(mac) = mac {
        verify(mac, &content, password)?;
    }
    let safes = ber::first(&content).and_then(|(safes, _)| safes.of(ber::SEQUENCE)?.elements()).ok_or(Fault::NotPkcs12)?;
    let mut reader = Reader::default();
    for safe in safes {
        let (kind, content) = content_info(safe).ok_or(Fault::NotPkcs12)?;
        if kind == DATA {
            reader.safe(&content.octets().ok_or(Fault::NotPkcs12)?).ok_or(Fault::NotPkcs12)?;
        } else if kind == ENCRYPTED_DATA {
            let encrypted = content.elements().and_then(|data| data.get(1).copied()?.elements()).ok_or(Fault::NotPkcs12)?;
            let [_, algorithm, ref data @ ..] = encrypted[..] else { return Err(Fault::NotPkcs12) };
            // Without data there is nothing in it.
            if let Some(data) = data.first() {
                let data = data.octets().ok_or(Fault::NotPkcs12)?;
                // What cannot be read after it was deciphered was deciphered with another password.
                reader.safe(&decrypt(algorithm, &data, password)?).ok_or(Fault::Password)?;
            }
        } else {
            return Err(Fault::Algorithm);
        }
    }
    Ok(reader.key_store())
}

/// Type and content of a ContentInfo.
fn content_info(element: Element<'_>) -> Option<(&[u8], Element<'_>)> {
    let parts = element.of(ber::SEQUENCE)?.elements()?;
    let kind = parts.first()?.of(ber::OBJECT_IDENTIFIER)?.content;
    Some((kind, ber::first(parts.get(1)?.of(ber::CONTEXT_0)?.content)?.0))
}

/// Collects what is in the safes as Java's PKCS12KeyStore does.
#[derive(Default)]
struct Reader {
    keys: Vec<Key>,
    trusted: Vec<Vec<u8>>,
    loose: Vec<Loose>,
    by_subject: HashMap<Vec<u8>, Vec<u8>>,
    /// Entries without a name, so far.
    unnamed: usize,
    /// Keys, so far.
    count: usize,
}

impl Reader {
    fn safe(&mut self, bytes: &[u8]) -> Option<()> {
        let bags = ber::first(bytes)?.0.of(ber::SEQUENCE)?.elements()?;
        for (index, bag) in bags.into_iter().enumerate() {
            let parts = bag.of(ber::SEQUENCE)?.elements()?;
            let kind = parts.first()?.of(ber::OBJECT_IDENTIFIER)?.content;
            let value = ber::first(parts.get(1)?.of(ber::CONTEXT_0)?.content)?.0;
            let attributes = parts.get(2).map(|attributes| attributes.of(ber::SET)?.elements()).unwrap_or_default().unwrap_or_default();
            let attribute = |wanted: &[u8]| attributes.iter().find_map(|attribute| value_of(*attribute, wanted));
            let name = attribute(FRIENDLY_NAME).and_then(friendly_name);
            let id = attribute(LOCAL_KEY_ID).and_then(|id| id.octets().map(std::borrow::Cow::into_owned));
            if kind == SHROUDED_KEY {
                self.count += 1;
                // The first key may do without an id, which is then made.
                let id = id.or_else(|| (self.count == 1).then(|| b"01".to_vec()));
                if id.is_some() {
                    let alias = self.name(name);
                    let encrypted = value.of(ber::SEQUENCE)?.content.to_vec();
                    self.keys.retain(|key| !key.alias.eq_ignore_ascii_case(&alias));
                    self.keys.push(Key { alias, chain: Vec::new(), encrypted, id });
                }
            } else if kind == CERTIFICATE {
                let parts = value.of(ber::SEQUENCE)?.elements()?;
                let der = ber::first(parts.get(1)?.of(ber::CONTEXT_0)?.content)?.0.octets()?.into_owned();
                if let Ok((_, certificate)) = X509Certificate::from_der(&der) {
                    self.by_subject.entry(certificate.subject().as_raw().to_vec()).or_insert_with(|| der.clone());
                }
                if attribute(TRUSTED_KEY_USAGE).is_some() {
                    self.name(name);
                    self.trusted.push(der);
                } else {
                    let id = id.or_else(|| (self.count == 1 && index == 0).then(|| b"01".to_vec()));
                    self.loose.push(Loose { der, id, alias: name });
                }
            } else if kind == SECRET {
                self.name(name);
            }
        }
        Some(())
    }

    fn name(&mut self, name: Option<String>) -> String {
        name.unwrap_or_else(|| {
            self.unnamed += 1;
            self.unnamed.to_string()
        })
    }

    fn key_store(mut self) -> KeyStore {
        for key in &mut self.keys {
            let is_named = |loose: &Loose| loose.alias.as_ref().is_some_and(|alias| alias.eq_ignore_ascii_case(&key.alias));
            let has_id = |loose: &&Loose| loose.id == key.id;
            let both = self.loose.iter().find(|loose| has_id(loose) && is_named(loose));
            let own = both.or_else(|| self.loose.iter().rfind(has_id)).or_else(|| self.loose.iter().rfind(|loose| is_named(loose)));
            let mut next = own.map(|loose| &loose.der);
            while let Some(der) = next.filter(|der| !key.chain.contains(der)) {
                key.chain.push(der.clone());
                let parsed = X509Certificate::from_der(der).ok().map(|(_, certificate)| certificate);
                let issuer = parsed.filter(|certificate| certificate.issuer().as_raw() != certificate.subject().as_raw());
                next = issuer.and_then(|certificate| self.by_subject.get(certificate.issuer().as_raw()));
            }
        }
        KeyStore { keys: self.keys, trusted: self.trusted }
    }
}

/// The first value of an attribute, if it is the one that is wanted.
fn value_of<'a>(attribute: Element<'a>, wanted: &[u8]) -> Option<Element<'a>> {
    let parts = attribute.of(ber::SEQUENCE)?.elements()?;
    if parts.first()?.of(ber::OBJECT_IDENTIFIER)?.content != wanted {
        return None;
    }
    parts.get(1)?.of(ber::SET)?.elements()?.first().copied()
}

fn friendly_name(value: Element<'_>) -> Option<String> {
    let units = value.of(ber::BMP_STRING)?.content.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    String::from_utf16(&units.collect::<Vec<_>>()).ok()
}

/// A password as the algorithms of PKCS12 take it: UTF-16, most significant byte first, with two zeros at the end.
fn wide(password: &str) -> Vec<u8> {
    password.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect()
}

fn rounds(element: Element<'_>) -> Result<i32, Fault> {
    let count = element.number().filter(|count| (1..=ROUNDS).contains(count)).ok_or(Fault::NotPkcs12)?;
    i32::try_from(count).map_err(|_| Fault::NotPkcs12)
}

/// Whether the password fits and nothing was changed.
fn verify(mac: Element<'_>, content: &[u8], password: &str) -> Result<(), Fault> {
    let parts = mac.elements().ok_or(Fault::NotPkcs12)?;
    let [digest, salt, ref count @ ..] = parts[..] else { return Err(Fault::NotPkcs12) };
    let parts = digest.elements().ok_or(Fault::NotPkcs12)?;
    let [algorithm, expected] = parts[..] else { return Err(Fault::NotPkcs12) };
    let algorithm = ber::first(algorithm.content).ok_or(Fault::NotPkcs12)?.0.content;
    let (expected, salt) = (expected.octets().ok_or(Fault::NotPkcs12)?, salt.octets().ok_or(Fault::NotPkcs12)?);
    let rounds = count.first().map_or(Ok(1), |count| rounds(*count))?;
    let is_right = match algorithm.strip_prefix(SHA2) {
        None if algorithm == SHA1 => is_mac::<sha1::Sha1>(password, &salt, rounds, content, &expected),
        Some([1]) => is_mac::<sha2::Sha256>(password, &salt, rounds, content, &expected),
        Some([2]) => is_mac::<sha2::Sha384>(password, &salt, rounds, content, &expected),
        Some([3]) => is_mac::<sha2::Sha512>(password, &salt, rounds, content, &expected),
        Some([4]) => is_mac::<sha2::Sha224>(password, &salt, rounds, content, &expected),
        _ => return Err(Fault::Algorithm),
    };
    if is_right { Ok(()) } else { Err(Fault::Password) }
}

fn is_mac<D: Digest + FixedOutputReset + BlockSizeUser>(password: &str, salt: &[u8], rounds: i32, content: &[u8], expected: &[u8]) -> bool {
    let key = derive_key::<D>(&wide(password), salt, Pkcs12KeyType::Mac, rounds, <D as Digest>::output_size());
    <SimpleHmac<D> as Mac>::new_from_slice(&key).is_ok_and(|mut mac| {
        mac.update(content);
        mac.verify_slice(expected).is_ok()
    })
}

fn decrypt(algorithm: Element<'_>, data: &[u8], password: &str) -> Result<Vec<u8>, Fault> {
    let parts = algorithm.elements().ok_or(Fault::NotPkcs12)?;
    let [name, ref parameters @ ..] = parts[..] else { return Err(Fault::NotPkcs12) };
    if name.content == PBES2 {
        let parameters = parameters.first().and_then(|parameters| parameters.of(ber::SEQUENCE)).ok_or(Fault::NotPkcs12)?;
        let parameters = AnyRef::new(Tag::Sequence, parameters.content).and_then(pbes2::Parameters::try_from);
        let parameters = parameters.map_err(|_| Fault::Algorithm)?;
        // scrypt takes as much memory as the file says.
        let rounds = parameters.kdf.pbkdf2().ok_or(Fault::Algorithm)?.iteration_count;
        if u64::from(rounds) > ROUNDS {
            return Err(Fault::NotPkcs12);
        }
        return parameters.decrypt(password.as_bytes(), data).map_err(|error| match error {
            pkcs5::Error::UnsupportedAlgorithm { .. } | pkcs5::Error::NoPbes1CryptSupport => Fault::Algorithm,
            _ => Fault::Password,
        });
    }
    let kind = name.content.strip_prefix(PBE).ok_or(Fault::Algorithm)?;
    let parts = parameters.first().and_then(|parameters| parameters.elements()).ok_or(Fault::NotPkcs12)?;
    let [salt, count] = parts[..] else { return Err(Fault::NotPkcs12) };
    let (salt, rounds, password) = (salt.octets().ok_or(Fault::NotPkcs12)?, rounds(count)?, wide(password));
    let derived = |what, length| derive_key::<sha1::Sha1>(&password, &salt, what, rounds, length);
    let iv = derived(Pkcs12KeyType::Iv, 8);
    match kind {
        [3] => chained::<des::TdesEde3>(&derived(Pkcs12KeyType::EncryptionKey, 24), &iv, data),
        [5] => chained::<rc2::Rc2>(&derived(Pkcs12KeyType::EncryptionKey, 16), &iv, data),
        [6] => chained::<rc2::Rc2>(&derived(Pkcs12KeyType::EncryptionKey, 5), &iv, data),
        _ => Err(Fault::Algorithm),
    }
}

fn chained<C: BlockCipher + BlockDecryptMut + KeyInit>(key: &[u8], iv: &[u8], data: &[u8]) -> Result<Vec<u8>, Fault> {
    let cipher = cbc::Decryptor::<C>::inner_iv_slice_init(C::new_from_slice(key).map_err(|_| Fault::Algorithm)?, iv);
    cipher.map_err(|_| Fault::Algorithm)?.decrypt_padded_vec_mut::<Pkcs7>(data).map_err(|_| Fault::Password)
}
