//! IF/THEN/ELSE/ENDIF: how they nest. Conditions are not evaluated here.

use super::statement::Statement;
use super::{JclError, NESTING_LIMIT, Position};

/// IF statements without an ENDIF so far: their conditions, whether ELSE has come, and where they are.
#[derive(Default)]
pub(super) struct Conditions {
    open: Vec<(String, bool, Position)>,
}

impl Conditions {
    /// Takes IF, ELSE and ENDIF.
    pub(super) fn statement(&mut self, statement: &Statement) -> Result<(), JclError> {
        let at = statement.at;
        let wrong = |why: String| JclError::Member { at, why };
        match statement.operation.as_str() {
            "IF" => {
                let text: Vec<String> = statement.operands.iter().map(|operand| operand.text()).collect();
                if text.iter().all(String::is_empty) {
                    return Err(wrong("THE IF STATEMENT HAS NO CONDITION".to_owned()));
                }
                if self.open.len() == NESTING_LIMIT {
                    return Err(wrong(format!("IF STATEMENTS NEST DEEPER THAN {NESTING_LIMIT}")));
                }
                self.open.push((text.join(","), false, at));
            }
            "ELSE" => match self.open.last_mut() {
                Some((condition, has_else @ false, _)) => {
                    *condition = format!("NOT {condition}");
                    *has_else = true;
                }
                Some(_) => return Err(wrong("A SECOND ELSE OF ONE IF STATEMENT".to_owned())),
                None => return Err(wrong("ELSE STANDS OUTSIDE OF AN IF STATEMENT".to_owned())),
            },
            _ => drop(self.open.pop().ok_or_else(|| wrong("ENDIF STANDS OUTSIDE OF AN IF STATEMENT".to_owned()))?),
        }
        Ok(())
    }

    pub(super) fn are_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// The conditions that apply here, outermost first; `NOT (...)` for what follows ELSE.
    pub(super) fn texts(&self) -> Vec<String> {
        self.open.iter().map(|(condition, ..)| condition.clone()).collect()
    }

    /// The errors at the end of the member.
    pub(super) fn end(&mut self) -> Option<JclError> {
        let (.., at) = self.open.pop()?;
        Some(JclError::Member { at, why: "THE IF STATEMENT HAS NO ENDIF".to_owned() })
    }
}
