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
    /// What to do, to be put behind the text; empty where the text says it or nobody knows.
    pub fn hint(&self) -> &'static str {
        match self {
            AskError::Http(HttpError::Certificate(_)) => "; name its certificate authority with --ca FILE, if it is the right server",
            AskError::Http(HttpError::Failed(why)) if why.contains("InvalidContentType") => {
                "; if it speaks HTTP without TLS, say so with components.NAME.scheme: http"
            }
            AskError::Status(400) => "; if it speaks TLS, components.NAME.scheme must not be http",
            _ => "",
        }
    }

    pub(super) fn at(self, address: &str) -> AddressError {
        AddressError { address: address.to_owned(), why: self }
    }
}

/// The same, with the address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{address}: {why}{}", .why.hint())]
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
        let response = net::get_blocking(&request)?;
        // What decides about traffic is not taken from a server of which it is not known who it is.
        match response.not_judged {
            Some(why) => Err(HttpError::NotJudged(why).into()),
            None => Ok(response),
        }
    }
}

/// Whether the gateway answers at the instance's own address and is up. In Zowe 3 its health page is protected: a refusal is an answer too.
///
/// # Errors
/// [`AskError`].
pub fn gateway(address: &str, access: &Access, timeout: Duration) -> Result<(), AskError> {
    let response = access.get(format!("{address}/application/health"), timeout, net::BODY_LIMIT + 1)?;
    match response.status {
        200 if response.body.len() > net::BODY_LIMIT => return Err(AskError::TooLarge(net::BODY_LIMIT)),
        200 | 401 | 403 => {}
        status => return Err(AskError::Status(status)),
    }
    let health: serde_json::Value = serde_json::from_slice(&response.body).unwrap_or_default();
    match health.get("status").and_then(serde_json::Value::as_str) {
        Some(status) if response.status == 200 && status != "UP" => Err(AskError::NotUp(status.to_owned())),
        _ => Ok(()),
    }
}

/// Whether a path of the gateway is served: any status below 500 is an answer.
///
/// # Errors
/// [`AskError`].
pub fn path(address: &str, path: &str, access: &Access, timeout: Duration) -> Result<(), AskError> {
    match access.get(format!("{address}{path}"), timeout, net::BODY_LIMIT)?.status {
        status @ 500.. => Err(AskError::Status(status)),
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
            200 => registry::read(&String::from_utf8_lossy(&response.body)).map_err(|error| match response.cut_short {
                Some(why) => HttpError::Failed(format!("its answer is not whole: {why}")).into(),
                None => error.into(),
            }),
            status @ (401 | 403) => Err(AskError::NotTrusted(status)),
            status => Err(AskError::Status(status)),
        }
    })?
}

#[cfg(all(test, feature = "http"))]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// Generous: only a failing test waits this long.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// The address of a service that answers its first request with that status and a body without end.
    fn endless(status: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\n\r\n").unwrap();
            while stream.write_all(&[b' '; 64 * 1024]).is_ok() {}
        });
        address
    }

    #[test]
    fn what_looks_like_the_wrong_scheme_is_said_to_be_that() {
        let access = Access { trust: Trust::Unchecked, identity: None };
        let address = endless("200 OK").replace("http:", "https:");
        let error = gateway(&address, &access, PATIENCE).map_err(|why| why.at(&address)).unwrap_err().to_string();
        assert!(error.ends_with("say so with components.NAME.scheme: http"), "{error}");
        let address = endless("400 Bad Request");
        let error = gateway(&address, &access, PATIENCE).map_err(|why| why.at(&address)).unwrap_err().to_string();
        assert!(error.ends_with("answered with status 400; if it speaks TLS, components.NAME.scheme must not be http"), "{error}");
    }

    #[test]
    fn answers_beyond_their_bounds_are_refused_with_the_bound() {
        let access = Access { trust: Trust::Unchecked, identity: None };
        assert_eq!(discovery(&endless("200 OK"), &access, PATIENCE), Err(AskError::TooLarge(REGISTRY_LIMIT)));
        let error = gateway(&endless("200 OK"), &access, PATIENCE).unwrap_err();
        assert_eq!(error.to_string(), "its answer has more than 65536 bytes");
        // Of a refusal only the status counts, however much follows.
        assert_eq!(gateway(&endless("401 Unauthorized"), &access, PATIENCE), Ok(()));
    }
}
