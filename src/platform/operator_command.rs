//! Issuing operator commands on z/OS: MGCRE is for authorized programs, so that another program does it, by the authority of its user. Which
//! programs there are, how each is called, and what its answer means; nothing here runs one. Contract: docs/contract/zos-platform.md.

mod verdict;

pub use verdict::{Ran, RanTo, Verdict, verdict};

use std::fmt;
use std::path::PathBuf;

/// A program that issues operator commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interface {
    /// `bin/utils/opercmd.rex` of Zowe: by SDSF (ISFSLASH), then by the CONSOLE command of TSO/E.
    OpercmdRex,
    /// Zowe's authorized program for consoles, where a site has installed it: `zoweax console issue`.
    Zoweax,
    /// `opercmd` of IBM Z Open Automation Utilities.
    Zoau,
    /// The CONSOLE command of TSO/E, by `/bin/tsocmd`.
    Tsocmd,
    /// A program of the site: called with the command as its one argument, writes the answer, and ends with 0 if it has issued the command.
    Program(PathBuf),
}

/// In the order in which they are tried.
pub const ORDER: [Interface; 4] = [Interface::OpercmdRex, Interface::Zoweax, Interface::Zoau, Interface::Tsocmd];

/// Why a text names no interface.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is no console interface; one of {}, or the path of a program is expected", .0.escape_debug(), names())]
pub struct NoInterface(pub String);

fn names() -> String {
    ORDER.iter().map(Interface::to_string).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Interface {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Interface::OpercmdRex => formatter.write_str("opercmd.rex"),
            Interface::Zoweax => formatter.write_str("zoweax"),
            Interface::Zoau => formatter.write_str("opercmd"),
            Interface::Tsocmd => formatter.write_str("tsocmd"),
            Interface::Program(path) => write!(formatter, "{}", path.display()),
        }
    }
}

impl std::str::FromStr for Interface {
    type Err = NoInterface;

    /// A name, without regard to case, or the absolute path of a program.
    fn from_str(text: &str) -> Result<Interface, NoInterface> {
        let text = text.trim();
        if text.starts_with('/') {
            return Ok(Interface::Program(text.into()));
        }
        ORDER.into_iter().find(|interface| interface.to_string().eq_ignore_ascii_case(text)).ok_or_else(|| NoInterface(text.to_owned()))
    }
}

/// Where programs may be found.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// zowe.runtimeDirectory.
    pub runtime: Option<PathBuf>,
    /// PATH.
    pub path: Option<std::ffi::OsString>,
    /// ZOAU_HOME.
    pub zoau_home: Option<PathBuf>,
}

impl Places {
    fn on_path(&self, name: &str) -> Vec<PathBuf> {
        let directories = self.path.iter().flat_map(std::env::split_paths);
        // What stands in the working directory is no program of the system.
        directories.filter(|directory| directory.is_absolute()).map(|directory| directory.join(name)).collect()
    }
}

impl Interface {
    /// Where its program may be, the likeliest first.
    pub fn programs(&self, places: &Places) -> Vec<PathBuf> {
        match self {
            Interface::OpercmdRex => places.runtime.iter().map(|runtime| runtime.join("bin/utils/opercmd.rex")).collect(),
            Interface::Zoweax => places.on_path("zoweax"),
            Interface::Zoau => {
                let of_home = places.zoau_home.iter().filter(|home| home.is_absolute()).map(|home| home.join("bin/opercmd"));
                of_home.chain(places.on_path("opercmd")).collect()
            }
            Interface::Tsocmd => vec![PathBuf::from("/bin/tsocmd")],
            Interface::Program(path) => vec![path.clone()],
        }
    }

    /// What it is called with. No shell sees it. `user`: whose command it is; `attempt`: 0, then 1 where the console of the first was in
    /// use.
    ///
    /// # Errors
    /// Why this interface cannot carry the command.
    pub fn arguments(&self, command: &str, user: &str, attempt: usize) -> Result<Vec<String>, String> {
        match self {
            Interface::OpercmdRex | Interface::Zoau if command.starts_with('-') => {
                Err("the command would be taken for an option".to_owned())
            }
            Interface::OpercmdRex | Interface::Zoau | Interface::Program(_) => Ok(vec![command.to_owned()]),
            Interface::Zoweax => Ok(["console", "issue", command].map(str::to_owned).to_vec()),
            Interface::Tsocmd if !is_balanced(command) => {
                Err("SYSCMD(...) cannot hold a command with a parenthesis that has no other one".to_owned())
            }
            // Without a name it is the user's, which their SDSF or TSO session may have.
            Interface::Tsocmd if attempt == 0 => Ok(vec![format!("CONSOLE SYSCMD({command})")]),
            Interface::Tsocmd => Ok(vec![format!("CONSOLE SYSCMD({command}) NAME({})", other_console(user))]),
        }
    }
}

/// Another console of the same user: 2 to 8 characters.
fn other_console(user: &str) -> String {
    let stem: String = user.chars().filter(char::is_ascii_alphanumeric).take(7).collect();
    format!("{}W", if stem.is_empty() { "ZWELNCH" } else { &stem })
}

fn is_balanced(command: &str) -> bool {
    let mut depth = 0_i32;
    command.chars().all(|character| {
        depth += i32::from(character == '(') - i32::from(character == ')');
        depth >= 0
    }) && depth == 0
}

/// The paths in words.
pub fn shown(programs: &[PathBuf]) -> String {
    programs.iter().map(|program| program.display().to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        let runtime = Some("/usr/lpp/zowe".into());
        Places { runtime, path: Some("/bin:.::/usr/lpp/IBM/zoautil/bin:relative".into()), zoau_home: Some("/z/zoau".into()) }
    }

    #[test]
    fn each_has_a_name_or_a_path() {
        for interface in ORDER {
            assert_eq!(interface.to_string().to_uppercase().parse(), Ok(interface));
        }
        assert_eq!(" /u/site/oper ".parse(), Ok(Interface::Program("/u/site/oper".into())));
        let error = "sdsf\n".parse::<Interface>();
        assert_eq!(error, Err(NoInterface("sdsf".into())));
        let expected = "'sdsf' is no console interface; one of opercmd.rex, zoweax, opercmd, tsocmd, or the path of a program is expected";
        assert_eq!(error.unwrap_err().to_string(), expected);
    }

    #[test]
    fn programs_are_found_in_their_places_and_never_in_the_working_directory() {
        let of = |interface: &Interface| shown(&interface.programs(&places()));
        assert_eq!(of(&Interface::OpercmdRex), "/usr/lpp/zowe/bin/utils/opercmd.rex");
        assert_eq!(of(&Interface::Zoweax), "/bin/zoweax, /usr/lpp/IBM/zoautil/bin/zoweax");
        assert_eq!(of(&Interface::Zoau), "/z/zoau/bin/opercmd, /bin/opercmd, /usr/lpp/IBM/zoautil/bin/opercmd");
        assert_eq!(of(&Interface::Tsocmd), "/bin/tsocmd");
        assert!(Interface::OpercmdRex.programs(&Places::default()).is_empty());
    }

    #[test]
    fn a_command_is_one_argument_whatever_it_holds() {
        let command = "F ZWE1SV,APPL='SEND(a,it''s; rm -rf $HOME)'";
        assert_eq!(Interface::OpercmdRex.arguments(command, "U", 0).unwrap(), [command]);
        assert_eq!(Interface::Zoweax.arguments(command, "U", 0).unwrap(), ["console", "issue", command]);
        assert_eq!(Interface::Tsocmd.arguments(command, "ZWESVUSR", 0).unwrap(), [format!("CONSOLE SYSCMD({command})")]);
        let again = Interface::Tsocmd.arguments("D T", "ZWESVUSR", 1).unwrap();
        assert_eq!(again, ["CONSOLE SYSCMD(D T) NAME(ZWESVUSW)"]);
        assert_eq!(Interface::Tsocmd.arguments("D T", "", 1).unwrap(), ["CONSOLE SYSCMD(D T) NAME(ZWELNCHW)"]);
    }

    /// TSO/E ends SYSCMD at the parenthesis that belongs to it: the rest would be taken for operands of CONSOLE.
    #[test]
    fn what_tso_would_cut_off_is_refused() {
        for command in ["F X,APPL=A)B", "F X,APPL=)(", "F X,APPL=(("] {
            assert!(Interface::Tsocmd.arguments(command, "U", 0).unwrap_err().contains("parenthesis"), "{command}");
        }
        assert!(Interface::Zoau.arguments("-d", "U", 0).is_err());
    }
}
