//! INCLUDE: the statements of another member replace the INCLUDE statement.

use super::procedure::{Reading, check_keyword};
use super::statement::{Statement, statements};
use super::{JclError, LINE_LIMIT, NESTING_LIMIT, Position};
use crate::platform::names::is_name;

/// What INCLUDE includes.
pub(super) struct Group {
    name: String,
    /// Where the INCLUDE statement is.
    at: Position,
    pub text: String,
    pub statements: Vec<Statement>,
    /// How many errors there were before.
    errors: usize,
}

impl Reading<'_> {
    /// Reads the member that INCLUDE names; ends with [`Reading::included`].
    pub(super) fn include(&mut self, statement: &Statement) -> Result<Group, JclError> {
        let at = statement.at;
        let wrong = |why: String| JclError::Member { at, why };
        let mut name = None;
        for resolved in self.resolve(statement)? {
            check_keyword(&resolved, &["MEMBER"], "INCLUDE")?;
            name = resolved.keyword().map(|_| resolved.value()).transpose()?.map(|value| value.joined());
        }
        let name = name.filter(|name| is_name(name)).ok_or_else(|| JclError::Format {
            at,
            field: "INCLUDE".to_owned(),
            why: "MEMBER= DOES NOT NAME A MEMBER".to_owned(),
        })?;
        if self.depth == NESTING_LIMIT {
            return Err(wrong(format!("INCLUDE STATEMENTS NEST DEEPER THAN {NESTING_LIMIT}")));
        }
        let text = match self.library.map(|library| library(&name)) {
            Some(Ok(Some(text))) => text,
            Some(Err(why)) => return Err(wrong(format!("MEMBER {name} CANNOT BE READ: {why}"))),
            _ => return Err(wrong(format!("MEMBER {name} WAS NOT FOUND"))),
        };
        self.lines += text.lines().count();
        if self.lines > LINE_LIMIT {
            return Err(wrong(format!("WITH WHAT IT INCLUDES THE MEMBER HAS MORE THAN {LINE_LIMIT} LINES")));
        }
        let errors = self.errors.len();
        let (mut statements, found) = statements(&text);
        self.errors.extend(found);
        const FORBIDDEN: [&str; 4] = ["JOB", "PROC", "PEND", "JCLLIB"];
        for odd in statements.iter().filter(|statement| FORBIDDEN.contains(&statement.operation.as_str())) {
            self.errors.push(JclError::Member { at: odd.at, why: format!("{} CANNOT BE INCLUDED", odd.operation) });
        }
        statements.retain(|statement| !FORBIDDEN.contains(&statement.operation.as_str()));
        self.depth += 1;
        Ok(Group { name, at, text, statements, errors })
    }

    /// The statements of a group have been taken: its errors carry its name, because their lines are not those of the member.
    pub(super) fn included(&mut self, group: Group) {
        self.depth -= 1;
        let Group { name, at, .. } = group;
        for error in self.errors.split_off(group.errors) {
            self.errors.push(JclError::Member { at, why: format!("INCLUDED MEMBER {name}: {}", error.message()) });
        }
    }
}
