//! Which shell runs lifecycle commands.
//!
//! Zowe's shell functions (`<runtime>/bin/libs`) are written for the z/OS shell, which knows `[[`, `let` and more that POSIX does not.
//! Where `/bin/sh` is dash, as on Debian, they do not fail: `is_port_available` finds every port in use and says nothing. So bash runs the
//! commands that have the functions sourced.

use super::Script;
use std::path::{Path, PathBuf};

/// Where POSIX systems, z/OS included, have the shell.
const SHELL: &str = "/bin/sh";

/// Variable of STDENV that names another shell (an absolute path): bash, where `server | tee log` is to end with the code of the server.
pub const SHELL_VARIABLE: &str = "ZWELNCH_SHELL";

const BASH: [&str; 3] = ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"];

/// Names of shell programs that cannot run Zowe's functions.
const POOR: [&str; 2] = ["dash", "posh"];

/// The shells of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shells {
    /// For commands without the functions.
    plain: PathBuf,
    /// For commands that have Zowe's functions sourced.
    with_library: PathBuf,
    /// The name of the plain shell's program, if it cannot run the functions.
    poor: Option<&'static str>,
}

impl Shells {
    /// Finds the shells of this system and of the environment.
    pub fn find() -> Shells {
        let named = std::env::var_os(SHELL_VARIABLE).filter(|shell| !shell.is_empty()).map(PathBuf::from);
        let program = Path::new(SHELL).canonicalize().ok().filter(|_| !cfg!(target_os = "zos"));
        let name = program.as_deref().and_then(Path::file_name).and_then(|name| name.to_str()).map(str::to_owned);
        Shells::choose(named, name.as_deref(), BASH.map(Path::new).into_iter().find(|bash| crate::platform::files::may_be_file(bash)))
    }

    /// `named`: by the environment; `program`: the name of the program that `/bin/sh` is, None on z/OS.
    fn choose(named: Option<PathBuf>, program: Option<&str>, bash: Option<&Path>) -> Shells {
        if let Some(named) = named {
            return Shells { with_library: named.clone(), plain: named, poor: None };
        }
        let poor = POOR.into_iter().find(|poor| Some(*poor) == program);
        let plain = PathBuf::from(SHELL);
        let with_library = poor.and(bash).map_or_else(|| plain.clone(), Path::to_path_buf);
        Shells { plain, with_library, poor }
    }

    /// The shell that runs a script.
    pub fn of(&self, script: &Script) -> &Path {
        self.with(script.library.is_some())
    }

    /// The shell for commands with Zowe's functions, or without them.
    pub fn with(&self, library: bool) -> &Path {
        if library { &self.with_library } else { &self.plain }
    }

    /// Why a shell other than `/bin/sh` runs commands with the functions; None if it is `/bin/sh`.
    pub fn reason(&self) -> Option<String> {
        let poor = self.poor.filter(|_| self.with_library != self.plain)?;
        Some(format!("{SHELL} is {poor}, which cannot run Zowe's shell functions"))
    }

    /// What will go wrong with the functions, and what to do; None if nothing will.
    pub fn warning(&self) -> Option<String> {
        let poor = self.poor.filter(|_| self.with_library == self.plain)?;
        Some(format!(
            "{SHELL} is {poor}, which cannot run Zowe's shell functions: is_port_available finds every port in use and says nothing; \
            install bash, \
             or name a shell that knows [[ and let by its absolute path in {SHELL_VARIABLE}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bash_is_taken_where_sh_cannot_run_the_functions_unless_a_shell_is_named() {
        let bash = Some(Path::new("/bin/bash"));
        let shells = Shells::choose(None, Some("dash"), bash);
        assert_eq!((shells.with(true), shells.with(false)), (Path::new("/bin/bash"), Path::new("/bin/sh")));
        assert!(shells.reason().unwrap().contains("is dash") && shells.warning().is_none());
        let shells = Shells::choose(None, Some("dash"), None);
        assert_eq!(shells.with(true), Path::new("/bin/sh"));
        assert!(shells.reason().is_none() && shells.warning().unwrap().contains("install bash"));
        for (named, program) in [(Some("/bin/dash"), Some("dash")), (None, Some("bash")), (None, Some("busybox")), (None, None)] {
            let shells = Shells::choose(named.map(PathBuf::from), program, bash);
            assert_eq!(shells.with(true), Path::new(named.unwrap_or("/bin/sh")), "{program:?}");
            assert_eq!((shells.reason(), shells.warning()), (None, None), "{program:?}");
        }
    }
}
