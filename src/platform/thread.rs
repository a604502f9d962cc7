//! Threads. Every thread that the program keeps is made here, because the system decides how small a stack may be.

use std::io;
use std::thread::{Builder, JoinHandle};

/// How much stack a thread needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stack {
    /// It waits and hands on: 128 KiB.
    Small,
    /// It takes lines apart: 256 KiB.
    Medium,
    /// What the standard library gives: 2 MiB.
    Usual,
    /// As many bytes.
    Bytes(usize),
}

/// PTHREAD_STACK_MIN of z/OS, in bytes.
const ZOS_LEAST: usize = 1024 * 1024;

/// The size to ask for, in bytes; None: the standard library's own.
fn size(stack: Stack, is_zos: bool) -> Option<usize> {
    let wanted = match stack {
        Stack::Small => 128 * 1024,
        Stack::Medium => 256 * 1024,
        Stack::Usual => return None,
        Stack::Bytes(bytes) => bytes,
    };
    Some(if is_zos { wanted.max(ZOS_LEAST) } else { wanted })
}

/// Begins a thread, whose name dumps and the system's lists of threads show.
///
/// # Errors
/// The system's: no memory, or no more threads.
pub fn spawn<T: Send + 'static>(
    name: impl Into<String>,
    stack: Stack,
    run: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let builder = Builder::new().name(name.into());
    match size(stack, cfg!(zwelnch_zos)) {
        Some(size) => builder.stack_size(size).spawn(run),
        None => builder.spawn(run),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_stack_is_smaller_than_z_os_makes_them() {
        for (stack, elsewhere, on_zos) in [
            (Stack::Small, Some(131_072), Some(1_048_576)),
            (Stack::Medium, Some(262_144), Some(1_048_576)),
            (Stack::Usual, None, None),
            (Stack::Bytes(9_000_000), Some(9_000_000), Some(9_000_000)),
        ] {
            assert_eq!((size(stack, false), size(stack, true)), (elsewhere, on_zos), "{stack:?}");
        }
    }

    #[test]
    fn a_thread_has_its_name() {
        let name = spawn("reaper", Stack::Small, || std::thread::current().name().map(str::to_owned)).unwrap().join().unwrap();
        assert_eq!(name.as_deref(), Some("reaper"));
    }
}
