//! Asking the gateway and the Discovery Service of an instance, with the instance's own certificate and trust store. Contract:
//! docs/contract/high-availability.md, "What is asked".

use super::registry::{self, Registration};
use super::target::Target;
use crate::lifecycle::startup::{self, TrustStore};
use crate::net::{self, Identity, Request, Trust};
use std::path::PathBuf;
use std::time::Duration;

/// Of one request.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// A registry's answer may be this long, in bytes: thousands of instances.
const REGISTRY_LIMIT: usize = 64 * 1024 * 1024;

/// PEM files that are used in place of the instance's key store and trust store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PemFiles {
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    pub authorities: Vec<PathBuf>,
}

/// Why an instance cannot be asked; what to do in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    #[error("HA instance {id}: {why}")]
    Identity { id: String, why: String },
    #[error(
        "HA instance {id}: certificates are to be verified (zowe.verifyCertificates), but {why}: name the certificate authorities as PEM files with --ca, or in zowe.certificate.pem.certificateAuthorities"
    )]
    Trust { id: String, why: String },
    #[error("--certificate and --key go together")]
    HalfAnIdentity,
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
    /// [`AccessError`]: a key ring, always, unless `files` take its place.
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

    fn get(&self, url: String, timeout: Duration, body_limit: usize) -> Result<net::Response, String> {
        let request = Request {
            headers: vec![("Accept".to_owned(), "application/json".to_owned())],
            identity: self.identity.clone(),
            body_limit,
            ..Request::new(url, timeout, self.trust.clone())
        };
        net::get_blocking(&request).map_err(|error| error.to_string())
    }
}

/// Whether the gateway answers at the instance's own address, and is up. In Zowe 3 its health is protected: who is refused has been answered.
///
/// # Errors
/// What is wrong, in words that follow the gateway's address.
pub fn gateway(address: &str, access: &Access, timeout: Duration) -> Result<(), String> {
    let response = access.get(format!("{address}/application/health"), timeout, net::BODY_LIMIT)?;
    match response.status {
        200 | 401 | 403 => {}
        status => return Err(format!("answered with status {status}")),
    }
    let health: serde_json::Value = serde_json::from_slice(&response.body).unwrap_or_default();
    match health.get("status").and_then(serde_json::Value::as_str) {
        Some(status) if response.status == 200 && status != "UP" => Err(format!("says that it is {status}")),
        _ => Ok(()),
    }
}

/// What is registered with the instance's Discovery Service. `timeout` holds for the reading of the answer too.
///
/// # Errors
/// What is wrong, in words that follow the service's address.
pub fn discovery(address: &str, access: &Access, timeout: Duration) -> Result<Vec<Registration>, String> {
    let (url, access) = (format!("{address}/eureka/apps"), access.clone());
    let answer = net::within(timeout, move || {
        let response = access.get(url, timeout, REGISTRY_LIMIT + 1)?;
        if response.status != 200 {
            let advice = if matches!(response.status, 401 | 403) { ": it wants a client certificate that it trusts" } else { "" };
            return Err(format!("answered with status {}{advice}", response.status));
        }
        if response.body.len() > REGISTRY_LIMIT {
            return Err(format!("its answer has more than {REGISTRY_LIMIT} bytes"));
        }
        registry::read(&String::from_utf8_lossy(&response.body)).map_err(|error| error.to_string())
    });
    answer.unwrap_or_else(|error| Err(error.to_string()))
}
