//! POSIX systems other than z/OS: processes by `posix_spawn`, operator and SYSLOG by a system directory.

pub mod process;
pub mod system;

/// SIGTERM and the like, by the system's own number.
pub fn signal_name(number: i32) -> String {
    nix::sys::signal::Signal::try_from(number).map_or_else(|_| number.to_string(), |signal| signal.as_str().to_owned())
}
