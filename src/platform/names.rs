//! MVS names: of members, jobs, systems and symbols.

/// The longest name of a member, job, identifier or system, in characters.
pub const NAME_LIMIT: usize = 8;

/// True for 1 to 8 characters of A-Z, 0-9, @, #, $ that do not begin with a digit: the rule for members, jobs, identifiers and symbols.
pub fn is_name(text: &str) -> bool {
    is_system_name(text) && !text.starts_with(|character: char| character.is_ascii_digit())
}

/// True for 1 to 8 characters of A-Z, 0-9, @, #, $.
pub fn is_system_name(text: &str) -> bool {
    (1..=NAME_LIMIT).contains(&text.len()) && text.bytes().all(is_name_byte)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'@' | b'#' | b'$')
}

/// The system's name made from a host name: its first label in upper case, without other characters, cut to 8.
#[cfg(zwelnch_unix)]
fn sysname_of_host(host: &str) -> String {
    let label = host.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let name: String = label.chars().filter(|character| u8::try_from(*character).is_ok_and(is_name_byte)).take(NAME_LIMIT).collect();
    if name.is_empty() { "SYS1".to_owned() } else { name }
}

/// The name of a system that has no directory: the short host name.
#[cfg(zwelnch_unix)]
pub fn host_sysname() -> String {
    let host = nix::unistd::gethostname().unwrap_or_default();
    sysname_of_host(&host.to_string_lossy())
}

#[cfg(all(test, zwelnch_unix))]
mod tests {
    use super::*;

    #[test]
    fn a_host_s_name_makes_a_system_s() {
        assert_eq!(sysname_of_host("my-host_01.example.com"), "MYHOST01");
        assert_eq!(sysname_of_host("---"), "SYS1");
    }
}
