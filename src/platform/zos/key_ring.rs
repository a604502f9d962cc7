//! Key rings by R_datalib, as `shim.h` has it.

use super::{name, shim};
use crate::platform::ebcdic::{ibm_1047, to_ibm_1047};
use crate::platform::key_ring::{BYTES, CERTIFICATES, RingCertificate, RingError, RingName, Usage};
use nix::libc;

/// Certificate_usage: CERTAUTH and PERSONAL; neither is SITE.
const CERTAUTH: u32 = 2;
const PERSONAL: u32 = 8;
/// Certificate_status: NOTRUST.
const NOTRUST: u32 = 0x2000_0000;

/// The certificates of a key ring. Asks the security manager, which may take its time.
///
/// # Errors
/// [`RingError`].
pub fn key_ring(ring: &RingName) -> Result<Vec<RingCertificate>, RingError> {
    // A full list may not be all of it.
    let owner = ring.owner.clone().unwrap_or_else(|| name(&shim::user_id()));
    match shim::key_ring(&to_ibm_1047(&owner), &to_ibm_1047(&ring.ring), CERTIFICATES + 1, BYTES) {
        Ok(found) => Ok(found.into_iter().map(certificate).collect()),
        Err((libc::E2BIG, _)) => Err(RingError::TooLarge),
        Err((_, codes)) => Err(RingError::Refused(codes)),
    }
}

fn certificate((entry, der): (shim::RingCertificate, Vec<u8>)) -> RingCertificate {
    let label = entry.label.get(..usize::try_from(entry.label_size).unwrap_or_default()).unwrap_or(&entry.label);
    RingCertificate {
        label: ibm_1047(label).trim_end().to_owned(),
        owner: name(&entry.owner),
        usage: match entry.usage {
            PERSONAL => Usage::Personal,
            CERTAUTH => Usage::CertAuth,
            _ => Usage::Site,
        },
        is_trusted: entry.status & NOTRUST == 0,
        is_default: entry.is_default != 0,
        der,
    }
}
