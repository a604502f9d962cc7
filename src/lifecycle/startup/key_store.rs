//! Key stores and trust stores of a configuration: PKCS12 and PEM files are read, key rings on z/OS (`ring`), other kinds are not.

use super::pem::{self, Block, is_certificate};
use super::pkcs12::{self, Fault, KeyStore};
use super::private_key::ENCRYPTED;
use super::ring;
use super::store_error::StoreError;
use super::{Property, resolved};
use crate::config::{Configuration, lookup};
use crate::net::Identity;
use crate::platform::files::read_bounded;
use std::path::{Path, PathBuf};

/// Largest file in bytes: a larger one is no key store.
const LIMIT: u64 = 16 * 1024 * 1024;

/// What a file of Java's older kind of key store begins with.
const JKS: &[u8] = &[0xfe, 0xed, 0xfe, 0xed];

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
    /// A key ring, as written, and the label of the certificate that is meant.
    KeyRing {
        name: String,
        alias: Option<String>,
    },
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
            Place::KeyRing { name, .. } => write!(formatter, "KeyRing({name})"),
            Place::OtherType(name) => write!(formatter, "OtherType({name})"),
            // Without its password.
            Place::Pkcs12 { file, .. } => write!(formatter, "Pkcs12({})", file.display()),
            Place::Pem(file) => write!(formatter, "Pem({})", file.display()),
        }
    }
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
        "the key store is key ring {0}, whose private key this program never asks for: export certificate and key as PEM files, and the \
        certificate authorities where the ring cannot be read, and name them with --certificate, --key and --ca, or in zowe.certificate.pem"
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

/// Below what the certificate of a component stands, each property looked for in one after the other; of the instance where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bases(Vec<Vec<String>>);

impl Bases {
    /// `zowe.certificate`.
    pub(super) fn instance() -> Bases {
        Bases(vec![vec!["zowe".to_string(), "certificate".to_string()]])
    }

    /// `components.<name>.certificate`, laid over `zowe.certificate` property by property, as the start scripts of components do.
    pub(super) fn component(name: &str) -> Bases {
        let mut bases = Bases::instance();
        bases.0.insert(0, vec!["components".to_string(), name.to_string(), "certificate".to_string()]);
        bases
    }

    /// The paths of a property, the one that counts most first.
    fn paths<'a>(&'a self, below: &[&'a str]) -> Vec<Vec<&'a str>> {
        self.0.iter().map(|base| base.iter().map(String::as_str).chain(below.iter().copied()).collect()).collect()
    }

    /// The first that is set. What is empty is not set: scripts look no closer.
    fn find<T>(&self, below: &[&str], read: impl Fn(&[&str]) -> Option<T>) -> Option<T> {
        self.paths(below).iter().find_map(|path| read(path))
    }

    /// The property of a store that says most about it, if one is set of the component's own.
    pub(super) fn own_store(&self, configuration: &Configuration, key: &str) -> Option<Property> {
        let all = OF_STORE.map(|last| [key, last]);
        self.own(configuration, &all.each_ref().map(|path| path.as_slice()))
    }

    /// The first of these properties that is set, if one is set of the component's own.
    pub(super) fn own(&self, configuration: &Configuration, all: &[&[&str]]) -> Option<Property> {
        let is_set =
            |path: &&Vec<&str>| scalar(configuration, path).is_some() || configuration.get(path).is_some_and(|value| value.is_array());
        let paths: Vec<Vec<&str>> = all.iter().filter_map(|below| self.paths(below).into_iter().next()).collect();
        paths.iter().find(is_set).map(|path| Property::of(configuration, path))
    }
}

/// A text or number of the configuration, as scripts see it, that is not empty: what is written in digits without quotes is a number in
/// YAML.
fn scalar(configuration: &Configuration, path: &[&str]) -> Option<String> {
    match configuration.get(path)? {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
    .filter(|text| !text.is_empty())
}

/// The properties of a store, the one that says most about it first.
const OF_STORE: [&str; 4] = ["file", "alias", "password", "type"];

/// `keystore` or `truststore`; None where no file is configured.
pub(super) fn store(configuration: &Configuration, bases: &Bases, key: &str) -> Option<Store> {
    let of = |last| bases.find(&[key, last], |path| scalar(configuration, path));
    let of_file = || bases.find(&[key, "file"], |path| scalar(configuration, path).map(|_| Property::of(configuration, path)));
    let property = bases.own_store(configuration, key).or_else(of_file)?;
    let file = of("file").map(|file| file.trim().to_string()).filter(|file| !file.is_empty())?;
    let kind = of("type").unwrap_or_default();
    let kind = if kind.trim().is_empty() { "PKCS12" } else { kind.trim() };
    let alias = of("alias").map(|alias| alias.trim().to_string()).filter(|alias| !alias.is_empty());
    let location = if is_key_ring(&file) || KEY_RINGS.iter().any(|ring| ring.eq_ignore_ascii_case(kind)) {
        Place::KeyRing { name: file, alias }
    } else if kind.eq_ignore_ascii_case("PKCS12") || kind.eq_ignore_ascii_case("P12") {
        Place::Pkcs12 { file: resolved(configuration, &file), password: of("password").unwrap_or_default(), alias }
    } else {
        Place::OtherType(kind.to_string())
    };
    Some(Store { property, location })
}

/// The PEM files of `pem.<last>`: one path, several with commas between, or a list.
pub(super) fn pem_files(configuration: &Configuration, bases: &Bases, last: &str) -> Vec<Store> {
    bases.find(&["pem", last], |path| Some(files_of(configuration, path)).filter(|files| !files.is_empty())).unwrap_or_default()
}

fn files_of(configuration: &Configuration, path: &[&str]) -> Vec<Store> {
    let names: Vec<String> = match lookup(configuration.value(), path) {
        Some(serde_json::Value::String(text)) => text.split(',').map(str::to_string).collect(),
        Some(serde_json::Value::Array(items)) => items.iter().filter_map(|item| item.as_str().map(str::to_string)).collect(),
        _ => Vec::new(),
    };
    let property = Property::of(configuration, path);
    let names = names.iter().map(|name| name.trim()).filter(|name| !name.is_empty());
    let location = |name: &str| match is_key_ring(name) {
        true => Place::KeyRing { name: name.into(), alias: None },
        false => Place::Pem(resolved(configuration, name)),
    };
    names.map(|name| Store { property: property.clone(), location: location(name) }).collect()
}

/// A whole file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, StoreError> {
    let unreadable = |error| StoreError::Bad(format!("{} cannot be read: {error}; correct the path or the permissions", path.display()));
    read_bounded(path, LIMIT).map_err(unreadable)
}

/// Opens a PKCS12 file. No text holds the password.
fn open(file: &Path, password: &str) -> Result<KeyStore, StoreError> {
    parse(&read(file)?, file, password)
}

/// What such a file holds.
fn parse(bytes: &[u8], file: &Path, password: &str) -> Result<KeyStore, StoreError> {
    if bytes.starts_with(JKS) {
        // Under both names Java reads both kinds of file.
        return Err(StoreError::NotRead(format!("{} is of type JKS, which is not read here", file.display())));
    }
    pkcs12::parse(bytes, password).map_err(|fault| store_error(fault, file))
}

fn store_error(fault: Fault, file: &Path) -> StoreError {
    let name = file.display();
    match fault {
        Fault::NotPkcs12 => {
            StoreError::Bad(format!("{name} is no PKCS12 file, or is damaged; make it anew, or correct the type of the store"))
        }
        Fault::Password => StoreError::Bad(format!(
            "{name} cannot be opened: the password is wrong, or the file is damaged; correct the password beside the file's name"
        )),
        Fault::Algorithm => StoreError::NotRead(format!("{name} is protected with an algorithm that is not known here")),
    }
}

/// For the fuzzer.
#[cfg(any(test, fuzzing))]
pub fn fuzz_key_store(bytes: &[u8]) {
    let _ = parse(bytes, Path::new("fuzz.p12"), "password");
}

/// The identity that a component would take from a PKCS12 file: that of the alias, else the first.
pub(super) fn identity(file: &Path, password: &str, alias: Option<&str>) -> Result<Identity, StoreError> {
    let store = open(file, password)?;
    // Java's aliases are without regard to case.
    let found = match alias {
        Some(alias) => store.keys.iter().find(|key| key.alias.to_lowercase() == alias.to_lowercase()),
        None => store.keys.iter().find(|key| !key.chain.is_empty()),
    };
    let Some(found) = found.filter(|key| !key.chain.is_empty()) else {
        let names: Vec<&str> = store.keys.iter().map(|key| key.alias.as_str()).collect();
        let name = file.display();
        return Err(StoreError::Bad(match (found, alias) {
            (None, Some(alias)) if !names.is_empty() => {
                format!("{name} holds no private key of alias '{alias}' but of {}; correct the alias", names.join(", "))
            }
            _ => format!("{name} holds no private key with its certificate; make the key store anew"),
        }));
    };
    let key = found.open(password).map_err(|fault| store_error(fault, file))?;
    Ok(Identity { key_label: "PRIVATE KEY".to_string(), key, chain: found.chain.clone() })
}

/// The certificates that a PKCS12 file trusts.
pub(super) fn trusted(file: &Path, password: &str) -> Result<Vec<Vec<u8>>, StoreError> {
    let store = open(file, password)?;
    let mut found = store.trusted;
    // A key store that is its own trust store: Java trusts the certificate of each key. Its authorities are trusted besides, as other
    // programs do, because what is known here must not be less.
    found.extend(store.keys.into_iter().flat_map(|key| key.chain));
    Ok(found)
}

/// The blocks of a PEM file whose label passes; there is at least one.
pub(super) fn pem(file: &Path, what: &str, passes: impl Fn(&str) -> bool) -> Result<Vec<Block>, StoreError> {
    let bad = |why: String| StoreError::Bad(format!("{} {why}; a PEM file with a {what} is expected", file.display()));
    let found = pem::blocks(&read(file)?, passes).map_err(|error| bad(format!("cannot be used: {error}")))?;
    if found.is_empty() { Err(bad("has none".into())) } else { Ok(found) }
}

/// The certificates of a PEM file, in DER.
pub(super) fn pem_certificates(file: &Path) -> Result<Vec<Vec<u8>>, StoreError> {
    Ok(pem(file, "certificate", is_certificate)?.into_iter().map(|block| block.contents).collect())
}

/// The first private key of a PEM file.
pub(super) fn pem_key(file: &Path) -> Result<Option<Block>, StoreError> {
    Ok(pem(file, "private key", |label| label.ends_with("PRIVATE KEY"))?.into_iter().next())
}

/// The private key of a PEM file and the certificates of another, or of the same.
///
/// # Errors
/// [`IdentityError`].
pub fn pem_identity(certificate: &Path, key: &Path) -> Result<Identity, IdentityError> {
    let chain = pem_certificates(certificate)?;
    match pem_key(key)? {
        Some(block) if block.is_encrypted || block.label == ENCRYPTED => Err(IdentityError::Encrypted(key.to_owned())),
        Some(block) => Ok(Identity { chain, key: block.contents, key_label: block.label }),
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
    let files = |last| pem_files(configuration, &Bases::instance(), last).into_iter().next().map(|store| store.location);
    let in_store = || store(configuration, &Bases::instance(), "keystore").map(|store| store.location);
    match (files("certificate"), files("key")) {
        (Some(Place::Pem(certificate)), Some(Place::Pem(key))) => pem_identity(&certificate, &key).map(Some),
        (Some(Place::KeyRing { name, .. }), _) | (_, Some(Place::KeyRing { name, .. })) => Err(IdentityError::KeyRing(name)),
        _ => match in_store() {
            None => Ok(None),
            Some(Place::KeyRing { name, .. }) => Err(IdentityError::KeyRing(name)),
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
    /// A store that cannot be read; why it cannot be used here.
    Unusable(String),
}

/// Reads `zowe.certificate.pem.certificateAuthorities`, else `zowe.certificate.truststore`. Reads files, so the owner task must not call
/// it.
pub fn trust_store(configuration: &Configuration) -> TrustStore {
    let mut stores = pem_files(configuration, &Bases::instance(), "certificateAuthorities");
    if stores.is_empty() {
        stores.extend(store(configuration, &Bases::instance(), "truststore"));
    }
    read_trust(&stores)
}

/// Where what a component trusts stands: Java reads the trust store and node.js PEM files, and what one of them trusts is not refused.
pub(super) fn trust_stores(configuration: &Configuration, bases: &Bases) -> Vec<Store> {
    let mut stores = pem_files(configuration, bases, "certificateAuthorities");
    stores.extend(store(configuration, bases, "truststore"));
    stores
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
            Place::KeyRing { name, .. } => ring::trusted(name),
            Place::OtherType(kind) => Err(StoreError::NotRead(format!("a store of type {kind} is not read here"))),
            Place::Pkcs12 { file, password, .. } => trusted(file, password),
            Place::Pem(file) => pem_certificates(file),
        };
        match read {
            Ok(certificates) => all.extend(certificates),
            Err(StoreError::Bad(why) | StoreError::NotRead(why)) => return TrustStore::Unusable(why),
        }
    }
    if all.is_empty() { TrustStore::Unusable("the trust store is empty".to_string()) } else { TrustStore::Certificates(all) }
}
