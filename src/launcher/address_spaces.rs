//! Who can live in the launcher's address space: shareAs, and the program that runs the components' commands.

use super::run::{Context, Launched};
use crate::message;
use crate::platform::ShareAs;
use crate::platform::files::unless_missing;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What keeps z/OS from running a program in the address space of whoever starts it, from the program's mode; None: nothing does.
const fn obstacle(mode: u32) -> Option<&'static str> {
    match mode {
        mode if mode & 0o1000 != 0 => Some("has the sticky bit"),
        mode if mode & 0o6000 != 0 => Some("changes the user or group id"),
        _ => None,
    }
}

fn obstacle_of(program: &Path) -> io::Result<Option<&'static str>> {
    Ok(unless_missing(std::fs::metadata(program))?.and_then(|metadata| obstacle(metadata.permissions().mode())))
}

/// What becomes of a component whose shell cannot share: as it is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Consequence {
    None,
    /// It has an address space of its own.
    Own,
    /// The system refuses to start it.
    Refused,
}

const fn consequence(share_as: ShareAs) -> Consequence {
    match share_as {
        ShareAs::No => Consequence::None,
        ShareAs::Yes => Consequence::Own,
        ShareAs::Must => Consequence::Refused,
    }
}

/// Says which components cannot share the launcher's address space as they are to, and leaves out those that must.
pub(super) fn without_refused(context: &Context, launched: Vec<Launched>) -> Vec<Launched> {
    if !context.platform.is_zos() {
        return launched;
    }
    let shell = context.runner.shells().with(true);
    // A shell that cannot be looked at cannot be started either, which says why.
    let Ok(Some(why)) = obstacle_of(shell) else { return launched };
    let of = |launched: &Launched| {
        let name = &launched.component.name;
        consequence(launched.instance.configuration.component_settings(name).share_as)
    };
    let own: Vec<&str> =
        launched.iter().filter(|launched| of(launched) == Consequence::Own).map(|launched| launched.component.name.as_str()).collect();
    if !own.is_empty() {
        context.output.message(message::address_space_not_shared(own.join(","), shell.display(), why));
    }
    let (refused, rest): (Vec<Launched>, Vec<Launched>) = launched.into_iter().partition(|launched| of(launched) == Consequence::Refused);
    for refused in refused {
        context.output.message(message::address_space_must_be_shared(&refused.component.name, shell.display(), why));
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_shares_is_told_by_its_mode() {
        let whys = [0o755, 0o1755, 0o4755, 0o2755, 0o0300_1755].map(obstacle);
        let (sticky, id) = (Some("has the sticky bit"), Some("changes the user or group id"));
        assert_eq!(whys, [None, sticky, id, id, sticky]);
    }

    #[test]
    fn a_program_is_looked_at_behind_its_links() {
        let place = tempfile::tempdir().unwrap();
        let (file, link) = (place.path().join("sh"), place.path().join("link"));
        assert_eq!(obstacle_of(&file).unwrap(), None);
        std::fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(obstacle_of(&link).unwrap(), None);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o1755)).unwrap();
        assert_eq!(obstacle_of(&link).unwrap(), Some("has the sticky bit"));
    }

    #[test]
    fn only_what_wants_to_share_is_concerned() {
        let all = [ShareAs::No, ShareAs::Yes, ShareAs::Must].map(consequence);
        assert_eq!(all, [Consequence::None, Consequence::Own, Consequence::Refused]);
    }
}
