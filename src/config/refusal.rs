//! What is said of a configuration that cannot be used: the same message ids from the launcher and from the commands of a shell.

use super::{LoadError, Problem, SourceError};
use crate::message::{self, Message};

impl SourceError {
    /// ZWEL0068E for an entry without a member, ZWEL0046E else.
    pub fn message(&self) -> Message {
        match self {
            SourceError::MemberMissing { .. } => message::zwel0068e(),
            error => message::zwel0046e(error),
        }
    }
}

impl LoadError {
    /// One message for each problem: ZWEL0911E for an id that is not defined, ZWEL0045E for templates, ZWEL0047E else.
    pub fn messages(&self) -> Vec<Message> {
        let all = |said: &dyn Fn(&Problem) -> Message| self.problems().iter().map(said).collect();
        match self {
            LoadError::UnknownHaInstance { id, defined, nearest } => {
                let nearest = nearest.as_ref().map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"));
                vec![message::zwel0911e(id, defined.join(", ") + &nearest)]
            }
            LoadError::Templates(_) => all(&|problem| message::zwel0045e(problem)),
            LoadError::Sources(_) | LoadError::HaInstances(_) => all(&|problem| message::zwel0047e(problem)),
        }
    }
}
