//! Creates processes by the C runtime's `spawn()`, the only one that can put a child into the launcher's address space.

use super::shim::{self, ShimError};
use crate::platform::{GroupOfChild, Pid, SpawnRequest};
use std::borrow::Cow;
use std::ffi::{CStr, CString};
use std::io;
use std::os::unix::ffi::OsStrExt;

/// Defaults for a child: its own address space, scripts run directly, tagged files and pipes are converted.
const DEFAULTS: [&CStr; 4] =
    [c"_BPX_SHAREAS=NO", c"_BPX_SPAWN_SCRIPT=YES", c"_BPXK_AUTOCVT=ON", c"_CEE_RUNOPTS=FILETAG(AUTOCVT,AUTOTAG) POSIX(ON)"];

const SHARE_AS: &[u8] = b"_BPX_SHAREAS=";
const JOB_NAME: &[u8] = b"_BPX_JOBNAME=";

/// The result of a spawn.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spawned {
    pub pid: Pid,
    /// The job name that the system refused, and why.
    pub refused_job_name: Option<(String, ShimError)>,
}

/// # Errors
/// The system's.
pub(super) fn spawn(request: &SpawnRequest<'_>) -> io::Result<Spawned> {
    let program = CString::new(request.program.as_os_str().as_bytes())?;
    let arguments: Vec<CString> = request.arguments.iter().map(|argument| CString::new(argument.as_bytes())).collect::<Result<_, _>>()?;
    let arguments: Vec<&CStr> = arguments.iter().map(CString::as_c_str).collect();
    let own_group = request.group == GroupOfChild::Own;
    let given = request.environment.entries();
    let environment = child_environment(&given, own_group);
    let with = |environment: &[Cow<'_, CStr>]| {
        let entries: Vec<&CStr> = environment.iter().map(AsRef::as_ref).collect();
        shim::spawn(&program, &arguments, &entries, &request.descriptors, own_group)
    };
    match with(&environment) {
        Ok(pid) => Ok(Spawned { pid, refused_job_name: None }),
        Err(error) => {
            // Naming an address space needs READ access to BPX.JOBNAME, and a component is worth more than its name.
            let named = environment.iter().find_map(|entry| entry.to_bytes().strip_prefix(JOB_NAME));
            let Some(name) = named.map(|name| String::from_utf8_lossy(name).into_owned()) else { return Err(error.into()) };
            let unnamed: Vec<Cow<'_, CStr>> = environment.into_iter().filter(|entry| !entry.to_bytes().starts_with(JOB_NAME)).collect();
            // If it is refused without a name as well, the first error had another cause, and the second error says which.
            let pid = with(&unnamed)?;
            Ok(Spawned { pid, refused_job_name: Some((name, error)) })
        }
    }
}

/// The child's environment with the variables that z/OS needs. A helper of the launcher (`own_group` false) never shares its address space,
/// because it has to outlive it.
fn child_environment<'a>(given: &[&'a CStr], own_group: bool) -> Vec<Cow<'a, CStr>> {
    let name_of = |entry: &CStr| entry.to_bytes().split(|byte| *byte == b'=').next().unwrap_or_default().to_vec();
    let mut entries: Vec<Cow<'a, CStr>> = given
        .iter()
        .filter(|entry| own_group || !(entry.to_bytes().starts_with(SHARE_AS) || entry.to_bytes().starts_with(JOB_NAME)))
        .map(|entry| Cow::Borrowed(*entry))
        .collect();
    for default in DEFAULTS {
        if !entries.iter().any(|entry| name_of(entry) == name_of(default)) {
            entries.push(Cow::Borrowed(default));
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_keeps_what_it_says_and_is_given_the_rest() {
        let given = [c"A=1", c"_BPX_SHAREAS=YES", c"_BPX_JOBNAME=ZWE1AG", c"_BPXK_AUTOCVT=ALL"];
        let entries = child_environment(&given, true);
        assert_eq!(entries.iter().map(AsRef::as_ref).collect::<Vec<_>>(), [&given[..], &[DEFAULTS[1], DEFAULTS[3]]].concat());
    }

    #[test]
    fn a_helper_has_an_address_space_of_its_own() {
        let entries = child_environment(&[c"_BPX_SHAREAS=MUST", c"_BPX_JOBNAME=X"], false);
        assert_eq!(entries.iter().map(AsRef::as_ref).collect::<Vec<_>>(), DEFAULTS);
    }
}
