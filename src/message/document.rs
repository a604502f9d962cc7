//! docs/messages.md, from the catalogue. A test writes and compares it.

use super::{ENTRIES, Entry, Operator, mvs};
use std::fmt::Write;

/// The whole of docs/messages.md.
pub fn document() -> String {
    let mut page = String::from(
        "# Messages of zwelnch\n\n\
         Generated from the catalogue (`src/message/catalogue.rs`) by the test `messages_document`; do not edit by hand.\n\
         `ZWELNCH_BLESS=1 cargo test messages_document` writes it anew.\n\n\
         Ids, severities and texts of ZWEL0001 to ZWEL0399 are those of Zowe's own launcher and server commands: automation keyed on\n\
         them keeps working. Ids from ZWEL0900 upward are our own. `{name}` marks an inserted value.\n\n\
         | operator | meaning |\n|---|---|\n\
         | match | goes to the console when it holds one of `zowe.sysMessages` |\n\
         | WTO | also goes to the console, unless `components.launcher.wto` is false |\n\
         | always | goes to the console unconditionally |\n",
    );
    for entry in ENTRIES {
        section(&mut page, entry);
    }
    page.push_str(
        "\n# Messages of a system off z/OS\n\n\
         What `zwelnch console` and SYSLOG show where there is no z/OS (`src/message/mvs.rs`), with the ids operators know from there.\n",
    );
    for entry in mvs::ENTRIES {
        section(&mut page, entry);
    }
    page
}

fn section(page: &mut String, entry: &Entry) {
    let operator = match entry.operator {
        Operator::OnMatch => "match",
        Operator::Wto => "WTO",
        Operator::Always => "always",
    };
    // Writing to a String cannot fail.
    let _ = write!(
        page,
        "\n## {}\n\n`{} {}`\n\n- Operator: {operator}\n- Reason: {}\n- Action: {}\n",
        entry.id,
        entry.id,
        without_format_specifications(entry.text),
        entry.reason,
        entry.action
    );
}

/// `{name:>16.16}` becomes `{name}`.
fn without_format_specifications(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut in_specification = false;
    for character in text.chars() {
        match character {
            ':' if plain.rfind('{') > plain.rfind('}') => in_specification = true,
            '}' => {
                in_specification = false;
                plain.push('}');
            }
            _ if in_specification => {}
            _ => plain.push(character),
        }
    }
    plain
}
