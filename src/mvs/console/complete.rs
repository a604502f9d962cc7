//! What the tab key offers: verbs, members, jobs, launcher commands, components. Pure: the names come from a [`Names`].

use crate::mvs::command::VERBS;

/// The beginnings of the launcher's commands.
const LAUNCHER_COMMANDS: &[&str] = &["DISP", "START(", "STOP(", "RESTART("];

/// Commands of the console itself.
pub(super) const CONSOLE_COMMANDS: &[&str] = &["HELP", "QUIT"];

/// Where names come from; asked only when they are needed.
pub(super) trait Names {
    fn members(&self) -> Vec<String>;
    fn jobs(&self) -> Vec<String>;
    /// Components of a job.
    fn components(&self, job: &str) -> Vec<String>;
}

/// Candidates for what is before the cursor: the byte at which the part that they replace begins, and the candidates.
pub(super) fn complete(before: &str, job: Option<&str>, names: &dyn Names) -> (usize, Vec<String>) {
    let word_at = before.len() - before.trim_start().len();
    let typed = before.get(word_at..).unwrap_or_default();
    let Some((verb, operands)) = typed.split_once(' ') else {
        let mut candidates: Vec<String> = VERBS.iter().chain(CONSOLE_COMMANDS).map(|verb| (*verb).to_owned()).collect();
        if let Some(job) = job {
            let (at, launcher) = launcher_command(typed, job, names);
            if at > 0 {
                return (word_at + at, launcher);
            }
            candidates.extend(launcher);
            candidates.dedup();
        }
        return (word_at, beginning_with(typed, candidates));
    };
    let operands_at = word_at + verb.len() + 1;
    let skipped = operands.len() - operands.trim_start().len();
    let operands = operands.trim_start();
    let at = operands_at + skipped;
    match verb.to_ascii_uppercase().as_str() {
        "S" | "START" => (at, beginning_with(operands, names.members())),
        "P" | "STOP" | "C" | "CANCEL" => (at, beginning_with(operands, names.jobs())),
        "D" | "DISPLAY" => {
            let jobs = names.jobs().into_iter().map(|job| format!("A,{job}"));
            (at, beginning_with(operands, ["A,L", "T", "TCPIP,,NETSTAT,CONN,PORT="].map(str::to_owned).into_iter().chain(jobs).collect()))
        }
        "F" | "MODIFY" => modify(operands, at, names),
        "V" | "VARY" => {
            let actions = ["QUIESCE", "RESUME"].map(|action| format!("TCPIP,,SYSPLEX,{action},PORT="));
            (at, beginning_with(operands, actions.to_vec()))
        }
        _ => (before.len(), Vec::new()),
    }
}

fn modify(operands: &str, at: usize, names: &dyn Names) -> (usize, Vec<String>) {
    const KEYWORD: &str = "APPL=";
    let Some((job, rest)) = operands.split_once(',') else {
        return (at, beginning_with(operands, names.jobs().into_iter().map(|job| format!("{job},{KEYWORD}")).collect()));
    };
    let at = at + job.len() + 1;
    match rest.get(..KEYWORD.len()) {
        Some(keyword) if keyword.eq_ignore_ascii_case(KEYWORD) => {
            let text = rest.get(KEYWORD.len()..).unwrap_or_default();
            let (inside, candidates) = launcher_command(text, &job.to_ascii_uppercase(), names);
            (at + KEYWORD.len() + inside, candidates)
        }
        _ => (at, beginning_with(rest, vec![KEYWORD.to_owned()])),
    }
}

fn launcher_command(text: &str, job: &str, names: &dyn Names) -> (usize, Vec<String>) {
    match text.split_once('(') {
        None => (0, beginning_with(text, LAUNCHER_COMMANDS.iter().map(|command| (*command).to_owned()).collect())),
        Some((verb, component)) => {
            let components = names.components(job).into_iter().map(|name| format!("{name})")).collect();
            (verb.len() + 1, beginning_with(component, components))
        }
    }
}

fn beginning_with(typed: &str, candidates: Vec<String>) -> Vec<String> {
    let begins = |candidate: &String| candidate.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed));
    candidates.into_iter().filter(begins).collect()
}

/// The components in an answer to DISP (ZWEL0011I). Names of 16 characters are left out, because the message may have cut them.
pub(super) fn components_of(answer: &[String]) -> Vec<String> {
    let name = |line: &String| {
        let (_, rest) = line.split_once("name = ")?;
        let (name, _) = rest.split_once(", PID = ")?;
        let name = name.trim();
        (!name.is_empty() && name.len() < 16).then(|| name.to_owned())
    };
    answer.iter().filter(|line| line.contains("ZWEL0011I")).filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Fixed;

    impl Names for Fixed {
        fn members(&self) -> Vec<String> {
            vec!["ZWESLSTC".into()]
        }
        fn jobs(&self) -> Vec<String> {
            vec!["ZWESLSTC".into(), "ZWE1LP2".into()]
        }
        fn components(&self, job: &str) -> Vec<String> {
            if job == "ZWESLSTC" { vec!["gateway".into(), "pinger".into()] } else { Vec::new() }
        }
    }

    /// The lines that the candidates would make.
    fn lines(before: &str, job: Option<&str>) -> Vec<String> {
        let (at, candidates) = complete(before, job, &Fixed);
        candidates.iter().map(|candidate| format!("{}{candidate}", &before[..at])).collect()
    }

    #[test]
    fn everything_that_can_be_named_is_offered() {
        for (before, expected) in [
            ("m", vec!["MODIFY"]),
            ("QU", vec!["QUIT"]),
            ("s z", vec!["s ZWESLSTC"]),
            ("P zwe1", vec!["P ZWE1LP2"]),
            ("F zwes", vec!["F ZWESLSTC,APPL="]),
            ("F ZWESLSTC,", vec!["F ZWESLSTC,APPL="]),
            ("F ZWESLSTC,APPL=re", vec!["F ZWESLSTC,APPL=RESTART("]),
            ("F zweslstc,appl=start(P", vec!["F zweslstc,appl=start(pinger)"]),
            ("F OTHER,APPL=START(", vec![]),
            ("D A,ZWE1", vec!["D A,ZWE1LP2"]),
            ("  D  A,L", vec!["  D  A,L"]),
            ("D TC", vec!["D TCPIP,,NETSTAT,CONN,PORT="]),
            ("v tcpip,,sysplex,r", vec!["v TCPIP,,SYSPLEX,RESUME,PORT="]),
            ("X Y", vec![]),
        ] {
            assert_eq!(lines(before, None), expected, "{before}");
        }
        assert_eq!(lines("DIS", Some("ZWESLSTC")), ["DISPLAY", "DISP"]);
        assert_eq!(lines("stop(g", Some("ZWESLSTC")), ["stop(gateway)"]);
    }

    #[test]
    fn components_are_read_from_disp() {
        let message = |name: &str| crate::message::component_list_line(name, 7).text().to_owned();
        let answer =
            ["ZWEL0010I launcher has the following components:".to_owned(), message("gateway"), message("a-very-long-name-indeed")];
        assert_eq!(components_of(&answer), ["gateway"]);
    }

    proptest! {
        #[test]
        fn any_text_completes_to_something_that_begins_with_it(before in "[A-Za-z0-9,=( )é']{0,30}", with_job in any::<bool>()) {
            let (at, candidates) = complete(&before, with_job.then_some("ZWESLSTC"), &Fixed);
            let typed = before.get(at..).unwrap();
            for candidate in candidates {
                prop_assert!(candidate[..typed.len()].eq_ignore_ascii_case(typed));
            }
        }
    }
}
