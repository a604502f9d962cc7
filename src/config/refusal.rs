//! The messages about a configuration that cannot be used: the launcher and the commands of a shell issue the same ids.

use super::{Cause, LoadError, Problem, SourceError};
use crate::message::{self, Message};

impl SourceError {
    /// ZWEL0068E for an entry without a member, ZWEL0046E else.
    pub fn message(&self) -> Message {
        match self {
            SourceError::MemberMissing { .. } => message::parmlib_member_missing(),
            error => message::configuration_not_read(error),
        }
    }
}

impl LoadError {
    /// The messages of each problem: ZWEL0911E for an id that is not defined, ZWEL0318E and ZWEL0048E for a file that cannot be opened,
    /// ZWEL0046E for one that cannot be read to its end, ZWEL0045E for templates, ZWEL0047E else.
    pub fn messages(&self) -> Vec<Message> {
        if let LoadError::UnknownHaInstance { id, defined, nearest } = self {
            let nearest = nearest.as_ref().map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"));
            return vec![message::ha_instance_not_defined(id, defined.join(", ") + &nearest)];
        }
        let said = |problem: &Problem| match &problem.cause {
            Cause::NotOpened(why) => {
                let file = problem.place.as_ref().map(|place| place.file.as_str()).unwrap_or_default();
                vec![message::file_not_read(file, why), message::configuration_not_opened(file, why)]
            }
            Cause::NotRead => vec![message::configuration_not_read(problem)],
            _ if matches!(self, LoadError::Templates(_)) => vec![message::configuration_not_converted(problem)],
            _ => vec![message::configuration_not_parsed(problem)],
        };
        self.problems().iter().flat_map(said).collect()
    }
}
