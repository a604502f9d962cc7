//! What a key ring is to an instance: the certificate that servers show, with its authorities, and what they trust. Its private keys are not
//! asked for, so that whether they are there, and are those of the certificates, is not looked at.

use super::store_error::StoreError;
use crate::platform::key_ring::{RingCertificate, RingError, RingName, Usage};
use crate::platform::read_key_ring;

/// The certificates of a ring, and the label that its name has.
fn read(name: &str) -> Result<(Vec<RingCertificate>, Option<String>), StoreError> {
    let unread = |error: RingError| {
        let text = format!("key ring {name} {error}");
        if error.is_of_configuration() { StoreError::Bad(text) } else { StoreError::NotRead(text) }
    };
    let ring = RingName::parse(name).map_err(|error| unread(error.into()))?;
    let certificates = read_key_ring(&ring).map_err(unread)?;
    Ok((certificates, ring.label))
}

/// The certificate that a component shows, then its authorities as far as they are in the ring, in DER.
///
/// # Errors
/// What is wrong with the ring or the alias, or why it cannot be told.
pub(super) fn identity(name: &str, alias: Option<&str>) -> Result<Vec<Vec<u8>>, StoreError> {
    let (certificates, label) = read(name)?;
    let shown = chosen(&certificates, label.as_deref().or(alias)).map_err(|why| StoreError::Bad(format!("key ring {name} {why}")))?;
    if shown.der.is_empty() {
        let codes = RingError::Refused([8, 8, 48]);
        return Err(StoreError::NotRead(format!("certificate '{}' of key ring {name} {codes}", shown.label)));
    }
    Ok(chain(shown, &certificates))
}

/// Pure: the certificate of that label; without one the default of the ring, else the first with a key.
fn chosen<'a>(certificates: &'a [RingCertificate], label: Option<&str>) -> Result<&'a RingCertificate, String> {
    let personal = || certificates.iter().filter(|certificate| certificate.usage == Usage::Personal);
    let found = match label {
        // Java's aliases are without regard to case, and labels of RACF may differ in nothing else.
        Some(label) => certificates
            .iter()
            .find(|certificate| certificate.label == label)
            .or_else(|| certificates.iter().find(|certificate| certificate.label.to_lowercase() == label.to_lowercase())),
        None => certificates.iter().find(|certificate| certificate.is_default).or_else(|| personal().next()),
    };
    let Some(found) = found else {
        let names: Vec<String> = personal().map(|certificate| format!("'{}'", certificate.label)).collect();
        return Err(match (label, names.is_empty()) {
            (Some(label), false) => format!("has no certificate '{label}' but {}; correct the alias", names.join(", ")),
            (Some(label), true) => format!("has no certificate '{label}', and none with usage PERSONAL; connect one with RACDCERT CONNECT"),
            (None, _) => "has no certificate with usage PERSONAL; connect one with RACDCERT CONNECT".to_owned(),
        });
    };
    if found.usage != Usage::Personal {
        return Err(format!(
            "has certificate '{}' with usage {}, so that no program gets its key; connect it with USAGE(PERSONAL)",
            found.label, found.usage
        ));
    }
    if !found.is_trusted {
        let RingCertificate { label, owner, .. } = found;
        return Err(format!("has certificate '{label}' of {owner} with status NOTRUST, so that no program gets it; alter it to TRUST"));
    }
    Ok(found)
}

/// Pure: the certificate, and who has issued it, as far as the ring has them.
fn chain(shown: &RingCertificate, certificates: &[RingCertificate]) -> Vec<Vec<u8>> {
    let mut chain = vec![shown.der.clone()];
    // Ends at an authority that has issued itself, or that is not there.
    while let Some(last) = chain.last().filter(|_| chain.len() <= certificates.len()) {
        let Ok((_, issued)) = x509_parser::parse_x509_certificate(last) else { break };
        let is_issuer = |certificate: &&RingCertificate| {
            certificate.is_trusted
                && x509_parser::parse_x509_certificate(&certificate.der)
                    .is_ok_and(|(_, issuer)| issuer.subject().as_raw() == issued.issuer().as_raw())
        };
        match certificates.iter().find(is_issuer).filter(|issuer| !chain.contains(&issuer.der)) {
            Some(issuer) => chain.push(issuer.der.clone()),
            None => break,
        }
    }
    chain
}

/// What programs trust that have the ring as trust store, in DER: all of it, or the one that its name names.
pub(super) fn trusted(name: &str) -> Result<Vec<Vec<u8>>, StoreError> {
    let (certificates, label) = read(name)?;
    let given = certificates.into_iter().filter(|certificate| certificate.is_trusted && !certificate.der.is_empty());
    Ok(given
        .filter(|certificate| label.as_ref().is_none_or(|label| certificate.label == *label))
        .map(|certificate| certificate.der)
        .collect())
}

/// Those of them that are connected as authorities.
pub(super) fn authorities(name: &str) -> Result<Vec<Vec<u8>>, StoreError> {
    let (certificates, label) = read(name)?;
    let meant = certificates.into_iter().filter(|certificate| label.as_ref().is_none_or(|label| certificate.label == *label));
    Ok(meant
        .filter(|certificate| certificate.is_trusted && certificate.usage != Usage::Personal)
        .map(|certificate| certificate.der)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(label: &str, usage: Usage, is_trusted: bool, is_default: bool) -> RingCertificate {
        RingCertificate { label: label.into(), owner: "ZWESVUSR".into(), usage, is_trusted, is_default, der: label.as_bytes().to_vec() }
    }

    fn label(certificates: &[RingCertificate], alias: Option<&str>) -> String {
        chosen(certificates, alias).map_or_else(|why| why, |found| found.label.clone())
    }

    #[test]
    fn the_certificate_that_servers_show() {
        let ring = [
            certificate("CA", Usage::CertAuth, true, false),
            certificate("old", Usage::Personal, false, false),
            certificate("localhost", Usage::Personal, true, false),
            certificate("other", Usage::Personal, true, true),
        ];
        assert_eq!(label(&ring, Some("localhost")), "localhost");
        assert_eq!(label(&ring, Some("LOCALHOST")), "localhost");
        assert_eq!(label(&ring, None), "other");
        assert_eq!(
            label(&ring[..3], None),
            "has certificate 'old' of ZWESVUSR with status NOTRUST, so that no program gets it; alter it to TRUST"
        );
        assert_eq!(
            label(&ring, Some("ca")),
            "has certificate 'CA' with usage CERTAUTH, so that no program gets its key; connect it with USAGE(PERSONAL)"
        );
        assert_eq!(label(&ring, Some("x")), "has no certificate 'x' but 'old', 'localhost', 'other'; correct the alias");
        assert!(label(&ring[..1], None).starts_with("has no certificate with usage PERSONAL"));
        assert!(label(&[], Some("x")).starts_with("has no certificate 'x', and none with"));
    }
}
