//! Asking the gateway and the Discovery Service of an instance, with the instance's own certificate and trust store. Contract:
//! docs/contract/high-availability.md, "What is asked".

use super::registry::RegistryError;
use super::registry::{self, Registration};
use super::target::Target;
use crate::lifecycle::startup::{self, IdentityError, TrustStore};
use crate::net::{self, HttpError, Identity, Request, Trust};
use std::path::PathBuf;
use std::time::Duration;

/// The time limit of one request.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// The longest answer of a registry that is read, in bytes: enough for thousands of instances.
const REGISTRY_LIMIT: usize = 64 * 1024 * 1024;

/// PEM files that are used instead of the instance's key store and trust store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PemFiles {
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    pub authorities: Vec<PathBuf>,
}

/// Why an instance cannot be asked. The text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    #[error("HA instance {id}: {why}")]
    Identity { id: String, why: IdentityError },
    #[error(
        "HA instance {id}: certificates are to be verified (zowe.verifyCertificates), but {why}: name the certificate authorities as PEM \
        files with --ca, or in zowe.certificate.pem.certificateAuthorities"
    )]
    Trust { id: String, why: String },
    #[error("--certificate and --key go together")]
    HalfAnIdentity,
}

/// Why a service does not give the answer; the text follows its address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("answered with status {0}")]
    Status(u16),
    #[error("answered with status {0}: it wants a client certificate that it trusts")]
    NotTrusted(u16),
    #[error("says that it is {0}")]
    NotUp(String),
    #[error("its answer has more than {0} bytes")]
    TooLarge(usize),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The thread that asks has ended without an answer.
    #[error("it was not asked")]
    NotAsked,
}

impl AskError {
    pub(super) fn at(self, address: &str) -> AddressError {
        AddressError { address: address.to_owned(), why: self }
    }
}

/// The same, with the address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{address}: {why}")]
pub struct AddressError {
    pub address: String,
    pub why: AskError,
}

/// How an instance is asked.
#[derive(Debug, Clone)]
pub struct Access {
    trust: Trust,
    identity: Option<Identity>,
}

impl Access {
    /// Reads the certificates that requests to an instance need; none where it speaks plain HTTP.
    ///
    /// # Errors
    /// [`AccessError`]: always for a key ring, unless `files` replace it.
    pub fn of(target: &Target, files: &PemFiles) -> Result<Access, AccessError> {
        let addresses = [&target.gateway, &target.discovery];
        if !addresses.into_iter().flatten().any(|address| address.starts_with("https:")) {
            return Ok(Access { trust: Trust::Unchecked, identity: None });
        }
        let identity = match (&files.certificate, &files.key) {
            (Some(certificate), Some(key)) => startup::pem_identity(certificate, key).map(Some),
            (None, None) => startup::client_identity(&target.configuration),
            _ => return Err(AccessError::HalfAnIdentity),
        };
        let identity = identity.map_err(|why| AccessError::Identity { id: target.id.clone(), why })?;
        let store =
            if files.authorities.is_empty() { startup::trust_store(&target.configuration) } else { startup::pem_trust(&files.authorities) };
        let unusable = matches!(store, TrustStore::Unusable(_));
        match startup::trust_with(&target.configuration, &store) {
            (_, Some(why)) if unusable => Err(AccessError::Trust { id: target.id.clone(), why }),
            (trust, _) => Ok(Access { trust, identity }),
        }
    }

    fn get(&self, url: String, timeout: Duration, body_limit: usize) -> Result<net::Response, AskError> {
        let request = Request {
            headers: vec![("Accept".to_owned(), "application/json".to_owned())],
            identity: self.identity.clone(),
            body_limit,
            ..Request::new(url, timeout, self.trust.clone())
        };
        Ok(net::get_blocking(&request)?)
    }
}

/// Whether the gateway answers at the instance's own address and is up. In Zowe 3 its health page is protected: a refusal is an answer too.
///
/// # Errors
/// [`AskError`].
pub fn gateway(address: &str, access: &Access, timeout: Duration) -> Result<(), AskError> {
    let response = access.get(format!("{address}/application/health"), timeout, net::BODY_LIMIT)?;
    match response.status {
        200 | 401 | 403 => {}
        status => return Err(AskError::Status(status)),
    }
    let health: serde_json::Value = serde_json::from_slice(&response.body).unwrap_or_default();
    match health.get("status").and_then(serde_json::Value::as_str) {
        Some(status) if response.status == 200 && status != "UP" => Err(AskError::NotUp(status.to_owned())),
        _ => Ok(()),
    }
}

/// What is registered with the instance's Discovery Service. `timeout` also limits the reading of the answer.
///
/// # Errors
/// [`AskError`].
pub fn discovery(address: &str, access: &Access, timeout: Duration) -> Result<Vec<Registration>, AskError> {
    let (url, access) = (format!("{address}/eureka/apps"), access.clone());
    net::within(timeout, move || {
        let response = access.get(url, timeout, REGISTRY_LIMIT + 1)?;
        match response.status {
            200 if response.body.len() > REGISTRY_LIMIT => Err(AskError::TooLarge(REGISTRY_LIMIT)),
            200 => Ok(registry::read(&String::from_utf8_lossy(&response.body))?),
            status @ (401 | 403) => Err(AskError::NotTrusted(status)),
            status => Err(AskError::Status(status)),
        }
    })?
}
