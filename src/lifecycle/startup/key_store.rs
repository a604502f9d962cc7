//! Key stores and trust stores of a configuration: PKCS12 and PEM files are read, key rings and other kinds are not.

use super::{Property, resolved, text};
use crate::config::{Configuration, encoding, lookup};
use crate::net::Identity;
use p12_keystore::{KeyStore, KeyStoreEntry, PrivateKeyChain};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use x509_parser::pem::Pem;

/// Largest file in bytes: a larger one is no key store.
const LIMIT: u64 = 16 * 1024 * 1024;

/// Types of key stores that are key rings of the security manager.
const KEY_RINGS: &[&str] = &["JCERACFKS", "JCECCARACFKS", "JCECCAKS", "JCEHYBRIDRACFKS"];

/// A store as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Store {
    /// `....file`, `....key` and so on.
    pub(super) property: Property,
    pub(super) location: Place,
}

/// Where a store is.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A key ring: as written.
    KeyRing(String),
    /// A kind of store that is not read here.
    OtherType(String),
    Pkcs12 {
        file: PathBuf,
        password: String,
        alias: Option<String>,
    },
    Pem(PathBuf),
}

impl std::fmt::Debug for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::KeyRing(name) => write!(formatter, "KeyRing({name})"),
            Place::OtherType(name) => write!(formatter, "OtherType({name})"),
            // Without its password.
            Place::Pkcs12 { file, .. } => write!(formatter, "Pkcs12({})", file.display()),
            Place::Pem(file) => write!(formatter, "Pem({})", file.display()),
        }
    }
}

/// Why a store cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// What is wrong and what to do.
    #[error("{0}")]
    Bad(String),
    /// The file may be good, but this program cannot tell.
    #[error("{0}")]
    NotRead(String),
}

/// Why an instance has nothing to show other servers, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{} holds an encrypted private key; name a PEM file whose key is not encrypted", .0.display())]
    Encrypted(PathBuf),
    #[error("{} holds no private key", .0.display())]
    NoKey(PathBuf),
    #[error(
        "the key store is key ring {0}, which this program does not read: export certificate, key and certificate authorities as PEM files \
        and name them with --certificate, --key and --ca, or in zowe.certificate.pem"
    )]
    KeyRing(String),
    #[error("the key store is of type {0}, which this program does not read: name PEM files with --certificate, --key and --ca")]
    OtherType(String),
    #[error("{} is no key store", .0.display())]
    NoStore(PathBuf),
}

/// `safkeyring:`, `safkeyringjce:` and the like, with any number of slashes.
pub(super) fn is_key_ring(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    name.starts_with("safkeyring") && name.contains(':')
}

/// `<base>.keystore` or `<base>.truststore`; None where it is not configured.
pub(super) fn store(configuration: &Configuration, base: &[&str], key: &str) -> Option<Store> {
    let path = |last: &'static str| base.iter().copied().chain([key, last]).collect::<Vec<_>>();
    let file = text(configuration, &path("file"))?;
    let kind = text(configuration, &path("type")).unwrap_or("PKCS12");
    let location = if is_key_ring(file) || KEY_RINGS.iter().any(|ring| ring.eq_ignore_ascii_case(kind)) {
        Place::KeyRing(file.to_string())
    } else if kind.eq_ignore_ascii_case("PKCS12") || kind.eq_ignore_ascii_case("P12") {
        let password = match configuration.get(&path("password")) {
            Some(serde_json::Value::String(text)) => text.clone(),
            // A password of digits without quotes is a number in YAML.
            Some(serde_json::Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let alias = text(configuration, &path("alias")).map(str::to_string);
        Place::Pkcs12 { file: resolved(configuration, file), password, alias }
    } else {
        Place::OtherType(kind.to_string())
    };
    Some(Store { property: Property::of(configuration, &path("file")), location })
}

/// The PEM files of a property: one path, several with commas between, or a list.
pub(super) fn pem_files(configuration: &Configuration, path: &[&str]) -> Vec<Store> {
    let names: Vec<String> = match lookup(configuration.value(), path) {
        Some(serde_json::Value::String(text)) => text.split(',').map(str::to_string).collect(),
        Some(serde_json::Value::Array(items)) => items.iter().filter_map(|item| item.as_str().map(str::to_string)).collect(),
        _ => Vec::new(),
    };
    let property = Property::of(configuration, path);
    let names = names.iter().map(|name| name.trim()).filter(|name| !name.is_empty());
    let location = |name: &str| if is_key_ring(name) { Place::KeyRing(name.into()) } else { Place::Pem(resolved(configuration, name)) };
    names.map(|name| Store { property: property.clone(), location: location(name) }).collect()
}

/// A whole file; directories, pipes and giants are refused before they are read.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, StoreError> {
    let bad = |why: String| StoreError::Bad(format!("{} {why}", path.display()));
    let unreadable = |error: std::io::Error| bad(format!("cannot be read: {error}; correct the path or the permissions"));
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if crate::platform::files::kind(&metadata) != crate::platform::files::FileKind::Regular {
        return Err(bad("is no file; the path of a file is expected".into()));
    }
    if metadata.len() > LIMIT {
        return Err(bad(format!("has {} bytes; a file of at most {LIMIT} is expected", metadata.len())));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(LIMIT).read_to_end(&mut bytes)).map_err(unreadable)?;
    Ok(bytes)
}

/// Opens a PKCS12 file. No text holds the password.
fn open(file: &Path, password: &str) -> Result<KeyStore, StoreError> {
    parse(&read(file)?, file, password)
}

/// What such a file holds.
fn parse(bytes: &[u8], file: &Path, password: &str) -> Result<KeyStore, StoreError> {
    let name = file.display();
    let no_pkcs12 = || StoreError::Bad(format!("{name} is no PKCS12 file, or is damaged; make it anew, or correct the type of the store"));
    match encoded_length(bytes) {
        Some(Length::Indefinite) => return Err(StoreError::NotRead(format!("{name} is encoded in a form (BER) that is not read here"))),
        Some(Length::Definite(length)) if length <= bytes.len() => {}
        _ => return Err(no_pkcs12()),
    }
    KeyStore::from_pkcs12(bytes, password).map_err(|error| {
        use p12_keystore::error::Error;
        match error {
            Error::MacError(_) | Error::UnpadError | Error::Pkcs5Error(_) => StoreError::Bad(format!(
                "{name} cannot be opened: the password is wrong, or the file is damaged; correct the password beside the file's name"
            )),
            Error::UnsupportedEncryptionScheme | Error::UnsupportedMacAlgorithm | Error::UnsupportedContentType => {
                StoreError::NotRead(format!("{name} is protected with an algorithm that is not known here"))
            }
            _ => no_pkcs12(),
        }
    })
}

/// For the fuzzer.
#[cfg(any(test, fuzzing))]
pub fn fuzz_key_store(bytes: &[u8]) {
    let _ = parse(bytes, Path::new("fuzz.p12"), "password");
}

enum Length {
    Definite(usize),
    Indefinite,
}

/// How long the SEQUENCE that a file begins with says it is, its header included; None where there is none.
fn encoded_length(bytes: &[u8]) -> Option<Length> {
    match (*bytes.first()?, *bytes.get(1)?) {
        (0x30, 0x80) => Some(Length::Indefinite),
        (0x30, short @ 0..=0x7f) => Some(Length::Definite(2 + usize::from(short))),
        (0x30, count) => {
            let count = usize::from(count & 0x7f);
            let digits = bytes.get(2..2 + count).filter(|_| count <= 4)?;
            Some(Length::Definite(digits.iter().fold(0, |sum, digit| sum * 256 + usize::from(*digit)) + 2 + count))
        }
        _ => None,
    }
}

/// The identity that a component would take from a PKCS12 file: that of the alias, else the first.
pub(super) fn identity(file: &Path, password: &str, alias: Option<&str>) -> Result<Identity, StoreError> {
    let store = open(file, password)?;
    let keys = store.entries().filter_map(|(name, entry)| match entry {
        KeyStoreEntry::PrivateKeyChain(chain) => Some((name.as_str(), chain)),
        _ => None,
    });
    let keys: Vec<(&str, &PrivateKeyChain)> = keys.collect();
    let names: Vec<&str> = keys.iter().map(|(name, _)| *name).collect();
    // Java's aliases are without regard to case.
    let found = match alias {
        Some(alias) => keys.iter().find(|(name, _)| name.eq_ignore_ascii_case(alias)),
        None => keys.first(),
    };
    let Some((_, found)) = found else {
        return Err(StoreError::Bad(match (names.as_slice(), alias) {
            (names, Some(alias)) if !names.is_empty() => {
                format!("{} holds no private key of alias '{alias}' but of {}; correct the alias", file.display(), names.join(", "))
            }
            _ => format!("{} holds no private key with its certificate; make the key store anew", file.display()),
        }));
    };
    let chain = found.chain().iter().map(|certificate| certificate.as_der().to_vec()).collect();
    Ok(Identity { key_label: "PRIVATE KEY".to_string(), key: found.key().to_vec(), chain })
}

/// The certificates that a PKCS12 file trusts.
pub(super) fn trusted(file: &Path, password: &str) -> Result<Vec<Vec<u8>>, StoreError> {
    let store = open(file, password)?;
    let mut found = Vec::new();
    for (_, entry) in store.entries() {
        match entry {
            KeyStoreEntry::Certificate(certificate) => found.push(certificate.as_der().to_vec()),
            // A key store that is its own trust store: all but the leaf are authorities.
            KeyStoreEntry::PrivateKeyChain(chain) => {
                found.extend(chain.chain().iter().skip(1).map(|certificate| certificate.as_der().to_vec()));
            }
            KeyStoreEntry::Secret(_) => {}
        }
    }
    Ok(found)
}

/// The blocks of a PEM file whose label passes, in ASCII or EBCDIC; there is at least one.
pub(super) fn pem(file: &Path, what: &str, passes: impl Fn(&str) -> bool) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let bytes = read(file)?;
    let bad = |why: String| StoreError::Bad(format!("{} {why}; a PEM file with a {what} is expected", file.display()));
    let text = encoding::decode(&bytes).map_err(|_| bad("is no text".into()))?;
    let mut found = Vec::new();
    for block in Pem::iter_from_buffer(text.as_bytes()) {
        let block = block.map_err(|error| bad(format!("is damaged: {error}")))?;
        if passes(&block.label) {
            found.push((block.label, block.contents));
        }
    }
    if found.is_empty() { Err(bad("has none".into())) } else { Ok(found) }
}

pub(super) fn is_certificate(label: &str) -> bool {
    matches!(label, "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE")
}

/// The private key of a PEM file and the certificates of another, or of the same.
///
/// # Errors
/// [`IdentityError`].
pub fn pem_identity(certificate: &Path, key: &Path) -> Result<Identity, IdentityError> {
    let chain = pem(certificate, "certificate", is_certificate)?.into_iter().map(|(_, der)| der).collect();
    let keys = pem(key, "private key", |label| label.ends_with("PRIVATE KEY"))?;
    match keys.into_iter().next() {
        Some((key_label, _)) if key_label == "ENCRYPTED PRIVATE KEY" => Err(IdentityError::Encrypted(key.to_owned())),
        Some((key_label, key)) => Ok(Identity { chain, key, key_label }),
        None => Err(IdentityError::NoKey(key.to_owned())),
    }
}

/// The certificates of PEM files, as a trust store.
pub fn pem_trust(files: &[PathBuf]) -> TrustStore {
    let places: Vec<Place> = files.iter().cloned().map(Place::Pem).collect();
    read_places(places.iter())
}

/// The client certificate of an instance: `zowe.certificate.pem`, else `zowe.certificate.keystore`. None: nothing is configured. Reads
/// files, so the owner task must not call it.
///
/// # Errors
/// [`IdentityError`]; always for key rings.
pub fn client_identity(configuration: &Configuration) -> Result<Option<Identity>, IdentityError> {
    let files = |last| pem_files(configuration, &["zowe", "certificate", "pem", last]).into_iter().next().map(|store| store.location);
    let in_store = || store(configuration, &["zowe", "certificate"], "keystore").map(|store| store.location);
    match (files("certificate"), files("key")) {
        (Some(Place::Pem(certificate)), Some(Place::Pem(key))) => pem_identity(&certificate, &key).map(Some),
        (Some(Place::KeyRing(name)), _) | (_, Some(Place::KeyRing(name))) => Err(IdentityError::KeyRing(name)),
        _ => match in_store() {
            None => Ok(None),
            Some(Place::KeyRing(name)) => Err(IdentityError::KeyRing(name)),
            Some(Place::Pkcs12 { file, password, alias }) => Ok(Some(identity(&file, &password, alias.as_deref())?)),
            Some(Place::OtherType(kind)) => Err(IdentityError::OtherType(kind)),
            Some(Place::Pem(file)) => Err(IdentityError::NoStore(file)),
        },
    }
}

/// The certificates that an instance trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustStore {
    /// Nothing is configured.
    None,
    /// Certificates in DER.
    Certificates(Vec<Vec<u8>>),
    /// A key ring, or a store that cannot be read; why it cannot be used here.
    Unusable(String),
}

/// Reads `zowe.certificate.pem.certificateAuthorities`, else `zowe.certificate.truststore`. Reads files, so the owner task must not call
/// it.
pub fn trust_store(configuration: &Configuration) -> TrustStore {
    let base = ["zowe", "certificate"];
    let mut stores = pem_files(configuration, &["zowe", "certificate", "pem", "certificateAuthorities"]);
    if stores.is_empty() {
        stores.extend(store(configuration, &base, "truststore"));
    }
    read_trust(&stores)
}

/// Stores that were found in a configuration, read: a trust store is all of them together.
pub(super) fn read_trust(stores: &[Store]) -> TrustStore {
    read_places(stores.iter().map(|store| &store.location))
}

fn read_places<'a>(places: impl ExactSizeIterator<Item = &'a Place>) -> TrustStore {
    if places.len() == 0 {
        return TrustStore::None;
    }
    let mut all = Vec::new();
    for place in places {
        let read = match place {
            Place::KeyRing(name) => Err(StoreError::NotRead(format!("key ring {name} is not read here"))),
            Place::OtherType(kind) => Err(StoreError::NotRead(format!("a store of type {kind} is not read here"))),
            Place::Pkcs12 { file, password, .. } => trusted(file, password),
            Place::Pem(file) => pem(file, "certificate", is_certificate).map(|blocks| blocks.into_iter().map(|(_, der)| der).collect()),
        };
        match read {
            Ok(certificates) => all.extend(certificates),
            Err(StoreError::Bad(why) | StoreError::NotRead(why)) => return TrustStore::Unusable(why),
        }
    }
    if all.is_empty() { TrustStore::Unusable("the trust store is empty".to_string()) } else { TrustStore::Certificates(all) }
}
