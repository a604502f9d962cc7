//! The client: reqwest, with rustls on ring.

use super::verifier::Verifier;
use super::{HttpError, Identity, Request, Response, Trust};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use std::error::Error;
use std::sync::Arc;

pub(super) async fn get(request: &Request, tls: rustls::ClientConfig) -> Result<Response, HttpError> {
    let seconds = request.timeout.as_secs();
    // The bound of the client begins with the connection; this one holds for everything.
    let answer = tokio::time::timeout(request.timeout, exchange(request, tls)).await;
    answer.unwrap_or(Err(HttpError::TimedOut { seconds }))
}

async fn exchange(request: &Request, tls: rustls::ClientConfig) -> Result<Response, HttpError> {
    let refused = |error: reqwest::Error| HttpError::Request { url: request.url.clone(), why: causes(&error) };
    // No proxies and no redirections: the answer is that of the server that was named.
    let mut builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .tls_backend_preconfigured(tls);
    if !request.addresses.is_empty() {
        let url =
            reqwest::Url::parse(&request.url).map_err(|error| HttpError::Request { url: request.url.clone(), why: error.to_string() })?;
        builder = builder.resolve_to_addrs(url.host_str().unwrap_or_default(), &request.addresses);
    }
    let client = builder.build().map_err(refused)?;
    let mut builder = client.get(&request.url);
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    let sent = builder.build().map_err(refused)?;
    let failed = |error: reqwest::Error| {
        let error = error.without_url();
        refused_certificate(&error).map_or_else(|| HttpError::Failed(causes(&error)), HttpError::Certificate)
    };
    let mut response = client.execute(sent).await.map_err(failed)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while body.len() < request.body_limit {
        let Some(chunk) = response.chunk().await.map_err(failed)? else { break };
        body.extend_from_slice(&chunk);
    }
    body.truncate(request.body_limit);
    Ok(Response { status, body })
}

/// The TLS configuration of a client: how it checks servers, and the certificate that it presents to those that ask for one.
pub(super) fn configuration(trust: &Trust, identity: Option<&Identity>) -> Result<rustls::ClientConfig, HttpError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier::new(trust, Arc::clone(&provider))?;
    let builder = rustls::ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| HttpError::Trust(error.to_string()))?;
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    match identity {
        None => Ok(builder.with_no_client_auth()),
        Some(Identity { chain, key, key_label }) => {
            let chain = chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
            let key: PrivateKeyDer<'static> = match key_label.as_str() {
                "RSA PRIVATE KEY" => PrivatePkcs1KeyDer::from(key.clone()).into(),
                "EC PRIVATE KEY" => PrivateSec1KeyDer::from(key.clone()).into(),
                _ => PrivatePkcs8KeyDer::from(key.clone()).into(),
            };
            builder.with_client_auth_cert(chain, key).map_err(|error| HttpError::Identity(error.to_string()))
        }
    }
}

/// Why the server's certificate was refused, where that is the cause.
fn refused_certificate(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(inner) = cause {
        if let Some(error @ rustls::Error::InvalidCertificate(_)) = inner.downcast_ref() {
            return Some(error.to_string());
        }
        // `source()` of an I/O error skips the error that it wraps.
        let made_of = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = made_of.map(|error| error as &(dyn Error + 'static)).or_else(|| inner.source());
    }
    None
}

/// An error and all its causes: the outermost one alone is not enough to act on.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        cause = inner.source();
    }
    text
}
