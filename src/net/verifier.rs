//! Checks a server's certificate, as strictly as zowe.verifyCertificates says, for those who will do so: Java and API ML. Chain and name are
//! judged apart. What is refused here only because less is known here than there is not refused but noted.

use super::names::{Cover, Names};
use super::{HttpError, Trust};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use x509_parser::prelude::{X509Certificate, X509Version};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::X509Name;

/// What could not be judged of a server, the last thing.
pub(super) type Notes = Arc<Mutex<Option<String>>>;

/// What Java has besides: a server that has nothing else is spoken to, and that its signature was not checked is noted.
const NOT_KNOWN_HERE: [SignatureScheme; 4] =
    [SignatureScheme::ECDSA_NISTP521_SHA512, SignatureScheme::ED448, SignatureScheme::RSA_PKCS1_SHA1, SignatureScheme::ECDSA_SHA1_Legacy];

/// RSA and elliptic curves with SHA-2, as certificates are signed.
const KNOWN_SIGNATURES: [&str; 5] =
    ["1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13", "1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3"];

/// The shortest RSA key in bits whose signatures are checked here; Java takes 1024.
const RSA_BITS: usize = 2048;

#[derive(Debug)]
pub(super) struct Verifier {
    /// None: nothing is checked.
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// Certificates that need no chain.
    trusted: Vec<CertificateDer<'static>>,
    host_name: bool,
    provider: Arc<CryptoProvider>,
    notes: Notes,
}

impl Verifier {
    pub(super) fn new(trust: &Trust, provider: Arc<CryptoProvider>, notes: Notes) -> Result<Verifier, HttpError> {
        let (trusted, host_name) = match trust {
            Trust::Unchecked => return Ok(Verifier { chain: None, trusted: Vec::new(), host_name: false, provider, notes }),
            Trust::System { host_name } => (rustls_native_certs::load_native_certs().certs, *host_name),
            Trust::Roots { certificates, host_name } => {
                (certificates.iter().map(|der| CertificateDer::from(der.clone())).collect(), *host_name)
            }
        };
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(trusted.iter().cloned());
        let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|error| HttpError::Trust(format!("there is no certificate authority to trust: {error}")))?;
        Ok(Verifier { chain: Some(chain), trusted, host_name, provider, notes })
    }

    fn note(&self, why: String) {
        *self.notes.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    }

    /// Whether the names of issuers lead from a certificate to one that is trusted, in the way Java compares them. True where one of those
    /// that are trusted cannot be read.
    fn leads_to_trusted(&self, certificate: &X509Certificate<'_>, intermediates: &[CertificateDer<'_>]) -> bool {
        let mut trusted = HashSet::new();
        for der in &self.trusted {
            let Ok((_, authority)) = x509_parser::parse_x509_certificate(der) else { return true };
            trusted.insert(canonical(authority.subject()));
        }
        let sent: Vec<(String, String)> = intermediates
            .iter()
            .filter_map(|der| x509_parser::parse_x509_certificate(der).ok())
            .map(|(_, authority)| (canonical(authority.subject()), canonical(authority.issuer())))
            .collect();
        let mut wanted = canonical(certificate.issuer());
        // A chain is not longer than what was sent.
        for _ in 0..=sent.len() {
            if trusted.contains(&wanted) {
                return true;
            }
            match sent.iter().find(|(subject, issuer)| *subject == wanted && subject != issuer) {
                Some((_, issuer)) => wanted.clone_from(issuer),
                None => return false,
            }
        }
        false
    }

    /// Whether one of those that are trusted has signed a certificate; None where it is not issued by one of them, or with an algorithm
    /// that is not known here.
    fn signed_by_trusted(&self, certificate: &X509Certificate<'_>) -> Option<bool> {
        let issuer = canonical(certificate.issuer());
        let trusted = self.trusted.iter().filter_map(|der| x509_parser::parse_x509_certificate(der).ok()).map(|(_, one)| one);
        let issuers: Vec<X509Certificate<'_>> = trusted.filter(|one| canonical(one.subject()) == issuer).collect();
        let is_signed = |issuer: &X509Certificate<'_>| {
            let key = &issuer.public_key().subject_public_key.data;
            let (message, signature) = (certificate.tbs_certificate.as_ref(), &certificate.signature_value.data);
            self.provider.signature_verification_algorithms.all.iter().any(|one| one.verify_signature(key, message, signature).is_ok())
        };
        if issuers.iter().any(is_signed) {
            return Some(true);
        }
        let algorithm = certificate.signature_algorithm.algorithm.to_id_string();
        let is_known =
            KNOWN_SIGNATURES.contains(&algorithm.as_str()) && !issuers.iter().any(|one| is_short_rsa(one) || is_other_curve(one));
        (!issuers.is_empty() && is_known).then_some(false)
    }

    /// What is left of a refusal by webpki: the error where Java refuses too, else a note.
    fn judge(
        &self,
        error: Error,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let Ok((_, certificate)) = x509_parser::parse_x509_certificate(end_entity) else {
            self.note(format!("its certificate cannot be read here: {error}"));
            return Ok(());
        };
        if is_refused_by_all(&error, &certificate) {
            let is_short = |der: &CertificateDer<'_>| x509_parser::parse_x509_certificate(der).is_ok_and(|(_, one)| is_short_rsa(&one));
            let is_signature = matches!(error, Error::InvalidCertificate(CertificateError::BadSignature));
            if !(is_signature && self.trusted.iter().chain(intermediates).any(is_short)) {
                return Err(error);
            }
        }
        // Of a certificate that webpki does not read at all, the dates have not been looked at.
        let (validity, now) = (certificate.validity(), i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
        if validity.not_after.timestamp() < now {
            return Err(CertificateError::Expired.into());
        }
        if validity.not_before.timestamp() > now {
            return Err(CertificateError::NotValidYet.into());
        }
        if !self.leads_to_trusted(&certificate, intermediates) {
            return Err(CertificateError::UnknownIssuer.into());
        }
        match self.signed_by_trusted(&certificate) {
            // There is nothing else to be looked at in one of version 1.
            Some(true) if certificate.version() == X509Version::V1 => return Ok(()),
            Some(false) => return Err(CertificateError::BadSignature.into()),
            _ => {}
        }
        self.note(format!("its certificate is of a kind that is not known here: {error}"));
        Ok(())
    }

    fn judge_name(&self, end_entity: &CertificateDer<'_>, server_name: &ServerName<'_>) -> Result<(), Error> {
        if !self.host_name {
            return Ok(());
        }
        let host = server_name.to_str();
        // One that cannot be read has been noted.
        let Ok((_, certificate)) = x509_parser::parse_x509_certificate(end_entity) else { return Ok(()) };
        let names = Names::of(&certificate);
        match names.cover(&host) {
            Cover::Yes | Cover::NotByNode => Ok(()),
            Cover::NotJudged | Cover::ByJavaAlone => {
                self.note(format!("whether its certificate covers {host} depends on who looks at it: {}", names.show()));
                Ok(())
            }
            Cover::No => {
                let expected = server_name.to_owned();
                Err(CertificateError::NotValidForNameContext { expected, presented: vec![names.show()] }.into())
            }
        }
    }

    /// Whether the server has the key of its certificate: by the key itself, as webpki reads no certificate that it does not like.
    fn judge_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = self.provider.signature_verification_algorithms.mapping.iter().find(|(scheme, _)| *scheme == signature.scheme);
        match (&self.chain, known, x509_parser::parse_x509_certificate(certificate)) {
            (None, ..) => {}
            (_, Some((_, algorithms)), Ok((_, certificate))) => {
                let key = &certificate.public_key().subject_public_key.data;
                if !algorithms.iter().any(|one| one.verify_signature(key, message, signature.signature()).is_ok()) {
                    if !is_short_rsa(&certificate) {
                        return Err(CertificateError::BadSignature.into());
                    }
                    self.note(format!("its key is an RSA key of less than {RSA_BITS} bits"));
                }
            }
            (_, None, _) => self.note(format!("its signature algorithm is not known here: {:?}", signature.scheme)),
            (_, _, Err(error)) => self.note(format!("its certificate cannot be read here: {error}")),
        }
        Ok(HandshakeSignatureValid::assertion())
    }
}

/// Whether Java refuses what webpki refuses with this error.
fn is_refused_by_all(error: &Error, certificate: &X509Certificate<'_>) -> bool {
    use CertificateError as Refused;
    let Error::InvalidCertificate(error) = error else { return false };
    match error {
        Refused::Expired | Refused::ExpiredContext { .. } | Refused::NotValidYet | Refused::NotValidYetContext { .. } => true,
        Refused::BadSignature | Refused::Revoked => true,
        // Java takes a certificate that is for anything.
        Refused::InvalidPurpose | Refused::InvalidPurposeContext { .. } => {
            !certificate.extended_key_usage().ok().flatten().is_some_and(|usage| usage.value.any)
        }
        _ => false,
    }
}

fn is_short_rsa(certificate: &X509Certificate<'_>) -> bool {
    matches!(certificate.public_key().parsed(), Ok(PublicKey::RSA(key)) if key.key_size() < RSA_BITS)
}

/// Keys on curves other than P-256 and P-384.
fn is_other_curve(certificate: &X509Certificate<'_>) -> bool {
    matches!(certificate.public_key().parsed(), Ok(PublicKey::EC(point)) if !matches!(point.key_size(), 256 | 384))
}

/// As Java compares names of issuers: without regard to case, to blanks and to the kind of string.
fn canonical(name: &X509Name<'_>) -> String {
    name.to_string().split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        // A certificate in the trust store is trusted for itself, as in Java; webpki wants a chain.
        if !self.trusted.iter().any(|trusted| trusted == end_entity) {
            match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
                // The name is what webpki looks at last: the chain is good.
                Ok(_)
                | Err(Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })) => {}
                Err(error) => self.judge(error, end_entity, intermediates, now)?,
            }
        }
        self.judge_name(end_entity, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.provider.signature_verification_algorithms.supported_schemes();
        schemes.extend(NOT_KNOWN_HERE);
        schemes
    }
}
