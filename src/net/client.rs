//! The client: reqwest, with rustls on ring.

use super::verifier::{Notes, Verifier};
use super::{HttpError, Identity, Request, Response, Tls, Trust};
use rustls::AlertDescription;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use std::error::Error;
use std::sync::{Arc, PoisonError};

pub(super) async fn get(request: &Request, tls: Tls) -> Result<Response, HttpError> {
    let seconds = request.timeout.as_secs();
    // The bound of the client begins with the connection; this one holds for everything.
    let answer = tokio::time::timeout(request.timeout, exchange(request, tls)).await;
    answer.unwrap_or(Err(HttpError::TimedOut { seconds }))
}

async fn exchange(request: &Request, tls: Tls) -> Result<Response, HttpError> {
    let refused = |error: reqwest::Error| HttpError::Request { url: request.url.clone(), why: causes(&error) };
    // No proxies and no redirections: the answer is that of the server that was named. Headers that other clients make do with do not keep
    // its status from being read.
    let mut builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .tls_backend_preconfigured(tls.configuration);
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
        tls_error(&error).unwrap_or_else(|| HttpError::Failed(causes(&error)))
    };
    let mut response = client.execute(sent).await.map_err(failed)?;
    let status = response.status().as_u16();
    let (mut body, mut cut_short) = (Vec::new(), None);
    while body.len() < request.body_limit {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            // There is an answer. A server that closes without close_notify has ended its body as plain HTTP does.
            Err(error) => {
                cut_short = Some(causes(&error.without_url()));
                break;
            }
        }
    }
    body.truncate(request.body_limit);
    let not_judged = tls.notes.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(Response { status, body, cut_short, not_judged })
}

/// The TLS configuration of a client: how it checks servers, and the certificate that it presents to those that ask for one.
pub(super) fn configuration(trust: &Trust, identity: Option<&Identity>) -> Result<Tls, HttpError> {
    let notes = Notes::default();
    let configuration = rustls_configuration(trust, identity, Arc::clone(&notes))?;
    Ok(Tls { configuration, notes })
}

fn rustls_configuration(trust: &Trust, identity: Option<&Identity>, notes: Notes) -> Result<rustls::ClientConfig, HttpError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier::new(trust, Arc::clone(&provider), notes)?;
    let builder = rustls::ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| HttpError::Trust(error.to_string()))?;
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    match identity {
        None => Ok(builder.with_no_client_auth()),
        Some(identity) => {
            let (chain, key) = parts(identity);
            builder.with_client_auth_cert(chain, key).map_err(|error| HttpError::Identity(error.to_string()))
        }
    }
}

/// The certificates and the key of an identity, as rustls takes them.
pub(super) fn parts(identity: &Identity) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let Identity { chain, key, key_label } = identity;
    let chain = chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
    let key = match key_label.as_str() {
        "RSA PRIVATE KEY" => PrivatePkcs1KeyDer::from(key.clone()).into(),
        "EC PRIVATE KEY" => PrivateSec1KeyDer::from(key.clone()).into(),
        _ => PrivatePkcs8KeyDer::from(key.clone()).into(),
    };
    (chain, key)
}

/// What TLS has to do with an error: the server's certificate is refused, or there is no TLS that both sides speak.
fn tls_error(error: &(dyn Error + 'static)) -> Option<HttpError> {
    let mut cause = Some(error);
    while let Some(inner) = cause {
        match inner.downcast_ref() {
            Some(error @ rustls::Error::InvalidCertificate(_)) => return Some(HttpError::Certificate(error.to_string())),
            Some(error) => {
                if let Some(why) = why_not_judged(error) {
                    return Some(HttpError::NotJudged(format!("{why} ({error})")));
                }
            }
            None => {}
        }
        // `source()` of an I/O error skips the error that it wraps.
        let made_of = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = made_of.map(|error| error as &(dyn Error + 'static)).or_else(|| inner.source());
    }
    None
}

/// Why another client may come to terms with this server, where that may be: it speaks TLS, and does not like what it was offered or has
/// only what this program has not (suites with CBC or RSA key exchange, P-521).
fn why_not_judged(error: &rustls::Error) -> Option<&'static str> {
    use AlertDescription as Alert;
    let other_tls = "it speaks no TLS that is known here";
    match error {
        rustls::Error::PeerIncompatible(_) | rustls::Error::PeerMisbehaved(_) => Some(other_tls),
        rustls::Error::AlertReceived(
            Alert::HandshakeFailure
            | Alert::IllegalParameter
            | Alert::ProtocolVersion
            | Alert::InsufficientSecurity
            | Alert::InappropriateFallback
            | Alert::MissingExtension
            | Alert::UnsupportedExtension,
        ) => Some(other_tls),
        rustls::Error::AlertReceived(
            Alert::NoCertificate
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::CertificateRequired,
        ) => Some("it wants a certificate of its client that it trusts"),
        _ => None,
    }
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
