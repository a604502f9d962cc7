//! Whether the user may have the memory that Zowe asks for.

use super::{Check, Finding};
use crate::message::Severity;
use crate::platform::MemoryLimits;
use std::io;

const GIB: u64 = 1024 * 1024 * 1024;

/// What `zwe validate memory` asks for: MEMLIMIT 4G above the bar, where Java and node.js have their heaps; elsewhere there is no bar, and
/// the address space is all.
const ABOVE_BAR: u64 = 4 * GIB;
/// `ulimit -A` of 250000 KiB: what is below the bar.
const BELOW_BAR: u64 = 250_000 * 1024;

pub(super) fn findings(limits: io::Result<MemoryLimits>, user: &str, is_zos: bool) -> Vec<Finding> {
    let finding = |severity, text: String| Finding::new(Check::Memory, severity, text);
    let limits = match limits {
        Ok(limits) => limits,
        Err(error) => return vec![finding(Severity::Warning, format!("was not made: the limits of user {user} are not known: {error}"))],
    };
    let mut findings = Vec::new();
    let mut ask = |what: &str, allowed: Option<u64>, wanted: u64, advice: String| {
        if let Some(allowed) = allowed.filter(|allowed| *allowed < wanted) {
            let (has, wants) = (size(allowed), size(wanted));
            findings
                .push(finding(Severity::Error, format!("user {user} may have {has} of {what}; {wants} or more are expected: {advice}")));
        }
    };
    if is_zos {
        ask(
            "memory above the bar (MEMLIMIT)",
            limits.above_bar,
            ABOVE_BAR,
            format!("ALTUSER {user} OMVS(MEMLIMIT(4G)), or MEMLIMIT=NOLIMIT on the EXEC statement of the PROC"),
        );
        let advice = format!("ALTUSER {user} OMVS(ASSIZEMAX(2147483647)), or REGION=0M on the EXEC statement of the PROC");
        ask("address space", limits.address_space, BELOW_BAR, advice);
    } else {
        ask("address space (ulimit -v)", limits.address_space, ABOVE_BAR, "start it with ulimit -v unlimited".to_string());
    }
    findings
}

fn size(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    if bytes % GIB == 0 && bytes > 0 {
        format!("{} GiB", bytes / GIB)
    } else if bytes >= MIB {
        format!("{} MiB", bytes / MIB)
    } else {
        format!("{} KiB", bytes / 1024)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(above_bar: Option<u64>, address_space: Option<u64>, is_zos: bool) -> Vec<String> {
        let limits = Ok(MemoryLimits { above_bar, address_space });
        findings(limits, "ZWESVUSR", is_zos).into_iter().map(|finding| finding.text).collect()
    }

    /// The bounds are those of bin/commands/validate/memory of zowe-install-packaging.
    #[test]
    fn what_is_too_little() {
        assert!(texts(None, None, true).is_empty() && texts(None, None, false).is_empty());
        assert!(texts(Some(4 * GIB), Some(250_000 * 1024), true).is_empty());
        let both = texts(Some(4 * GIB - 1), Some(250_000 * 1024 - 1), true);
        assert!(both[0].contains("may have 4095 MiB of memory above the bar (MEMLIMIT); 4 GiB"), "{both:?}");
        assert!(
            both[0].contains("ALTUSER ZWESVUSR OMVS(MEMLIMIT(4G))") && both[1].contains("may have 244 MiB of address space"),
            "{both:?}"
        );
        assert_eq!(both.len(), 2);
        assert!(texts(Some(0), None, true)[0].contains("may have 0 KiB"));
        assert!(texts(None, Some(4 * GIB), false).is_empty());
        assert!(texts(None, Some(GIB), false)[0].contains("may have 1 GiB of address space (ulimit -v)"));
    }

    #[test]
    fn what_is_not_known_is_no_error() {
        let found = findings(Err(io::ErrorKind::Unsupported.into()), "X", true);
        assert_eq!(found.iter().map(|finding| finding.severity).collect::<Vec<_>>(), [Severity::Warning]);
    }
}
