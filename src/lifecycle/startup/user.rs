//! The user of the started task.

use super::{Check, Finding};
use crate::message::Severity;

/// IZUSVR, the user of z/OSMF, is a warning, as it always was. UID 0 is an error on z/OS, where every component would be a superuser beside
/// production data; elsewhere it is a warning, for containers and test machines run as root by habit.
pub(super) fn findings(user_id: &str, is_superuser: bool, is_zos: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    if user_id.eq_ignore_ascii_case("IZUSVR") {
        let text = "the user id is IZUSVR, that of z/OSMF; give the started task a user id of its own";
        findings.push(Finding { is_user_of_zosmf: true, ..Finding::new(Check::User, Severity::Warning, text) });
    }
    if is_superuser {
        let severity = if is_zos { Severity::Error } else { Severity::Warning };
        let text = format!(
            "user {user_id} has UID 0, so that every component may do everything; run the instance under a user id with a UID of its own"
        );
        findings.push(Finding::new(Check::User, severity, text));
    }
    findings
}

/// The effective UID is 0.
pub(super) fn is_superuser() -> bool {
    crate::platform::unix::is_superuser()
}
