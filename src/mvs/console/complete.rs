//! What the tab key offers: verbs, members, jobs, launcher commands, components. Pure: the names come from a [`Names`].

use crate::console;
use crate::mvs::command::{VERBS, verb};

/// Commands of the console itself.
pub(super) const CONSOLE_COMMANDS: &[&str] = &["HELP", "QUIT"];

/// Whether a line that was typed is a command for the system, and not one of the console's own.
pub(super) fn is_for_system(line: &str) -> bool {
    !matches!(line.to_ascii_uppercase().as_str(), "" | "QUIT" | "EXIT" | "HELP" | "?")
}

/// Where names come from; asked only when they are needed.
pub(super) trait Names {
    fn members(&self) -> Vec<String>;
    fn jobs(&self) -> Vec<String>;
    /// Systems of the sysplex, and what means all of them.
    fn systems(&self) -> Vec<String>;
    /// HA instances of the configuration that a member names.
    fn instances(&self, member: &str) -> Vec<String>;
    /// Components of a job.
    fn components(&self, job: &str) -> Vec<String>;
}

/// Candidates for what is before the cursor: the byte at which the part that they replace begins, and the candidates.
pub(super) fn complete(before: &str, job: Option<&str>, names: &dyn Names) -> (usize, Vec<String>) {
    let word_at = before.len() - before.trim_start().len();
    let typed = before.get(word_at..).unwrap_or_default();
    let Some((word, operands)) = typed.split_once(' ') else {
        let verbs = VERBS.iter().map(|verb| verb.name).chain(CONSOLE_COMMANDS.iter().copied());
        let mut candidates: Vec<String> = verbs.map(str::to_owned).collect();
        if let Some(job) = job {
            let (at, launcher) = launcher_command(typed, job, names);
            if at > 0 {
                return (word_at + at, launcher);
            }
            // What is both is the console's.
            let more = launcher.into_iter().filter(|command| !candidates.contains(command)).collect::<Vec<_>>();
            candidates.extend(more);
        }
        return (word_at, beginning_with(typed, candidates));
    };
    let operands_at = word_at + word.len() + 1;
    let skipped = operands.len() - operands.trim_start().len();
    let operands = operands.trim_start();
    let at = operands_at + skipped;
    match verb(&word.to_ascii_uppercase()) {
        Some("START") => start(operands, at, names),
        Some("STOP" | "CANCEL") => (at, beginning_with(operands, names.jobs())),
        Some("DISPLAY") => {
            let jobs = names.jobs().into_iter().map(|job| format!("A,{job}"));
            (
                at,
                beginning_with(
                    operands,
                    ["A,L", "T", "TCPIP,,NETSTAT,CONN,PORT=", "TCPIP,,NETSTAT,VDPT"].map(str::to_owned).into_iter().chain(jobs).collect(),
                ),
            )
        }
        Some("MODIFY") => modify(operands, at, names),
        Some("ROUTE") => route(operands, at, names),
        Some("VARY") => {
            let actions = ["QUIESCE", "RESUME"].map(|action| format!("TCPIP,,SYSPLEX,{action},PORT="));
            (at, beginning_with(operands, actions.to_vec()))
        }
        _ => (before.len(), Vec::new()),
    }
}

/// The member, then its symbols.
fn start(operands: &str, at: usize, names: &dyn Names) -> (usize, Vec<String>) {
    let Some((member, rest)) = operands.split_once(',') else {
        return (at, beginning_with(operands, names.members()));
    };
    let begin = rest.rfind(',').map_or(0, |comma| comma + 1);
    let at = at + member.len() + 1 + begin;
    let operand = rest.get(begin..).unwrap_or_default();
    match operand.split_once('=') {
        None => (at, beginning_with(operand, ["HAINST=", "JOBNAME="].map(str::to_owned).to_vec())),
        Some((key, value)) if key.eq_ignore_ascii_case("HAINST") => {
            let member = member.split('.').next().unwrap_or_default().to_ascii_uppercase();
            (at + key.len() + 1, beginning_with(value, names.instances(&member)))
        }
        Some((_, value)) => (at + operand.len() - value.len(), Vec::new()),
    }
}

/// The system, then a command of its own.
fn route(operands: &str, at: usize, names: &dyn Names) -> (usize, Vec<String>) {
    match operands.split_once(',').filter(|(system, _)| !system.starts_with('(')) {
        None => (at, beginning_with(operands, names.systems().into_iter().map(|system| format!("{system},")).collect())),
        Some((system, command)) => {
            let (inside, candidates) = complete(command, None, names);
            (at + system.len() + 1 + inside, candidates)
        }
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

/// A command of the launcher: its beginning, then its choices or the components of the job, the last of several.
fn launcher_command(text: &str, job: &str, names: &dyn Names) -> (usize, Vec<String>) {
    let forms =
        || console::VERBS.iter().map(|(form, _)| form.split_once('(').map_or((*form, None), |(begin, inside)| (begin, Some(inside))));
    let Some((begin, inside)) = text.split_once('(') else {
        let mut beginnings: Vec<String> =
            forms().map(|(begin, inside)| format!("{begin}{}", if inside.is_some() { "(" } else { "" })).collect();
        beginnings.dedup();
        return (0, beginning_with(text, beginnings));
    };
    let choices = forms().find(|(known, _)| known.eq_ignore_ascii_case(begin)).and_then(|(_, inside)| inside).unwrap_or_default();
    let candidates: Vec<String> = match choices.strip_suffix(')').filter(|choices| choices.contains('|')) {
        Some(choices) => choices.split('|').map(str::to_owned).collect(),
        None => names.components(job),
    };
    let at = begin.len() + 1 + inside.rfind(',').map_or(0, |comma| comma + 1);
    (at, beginning_with(text.get(at..).unwrap_or_default(), candidates.into_iter().map(|name| format!("{name})")).collect()))
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
        fn instances(&self, member: &str) -> Vec<String> {
            if member == "ZWESLSTC" { vec!["lpar1".into(), "lpar2".into(), "test".into()] } else { Vec::new() }
        }
        fn systems(&self) -> Vec<String> {
            vec!["LPR2".into(), "*ALL".into()]
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
            ("S ZWESLSTC,", vec!["S ZWESLSTC,HAINST=", "S ZWESLSTC,JOBNAME="]),
            ("s zweslstc.x,jobname=A,ha", vec!["s zweslstc.x,jobname=A,HAINST="]),
            ("s zweslstc,hainst=LP", vec!["s zweslstc,hainst=lpar1", "s zweslstc,hainst=lpar2"]),
            ("S OTHER,HAINST=", vec![]),
            ("S ZWESLSTC,JOBNAME=Z", vec![]),
            ("RO LPR2,S ZWESLSTC,HAINST=t", vec!["RO LPR2,S ZWESLSTC,HAINST=test"]),
            ("W", vec!["WRITELOG"]),
            ("F ZWESLSTC,APPL=DISP,DETAIL(gateway,P", vec!["F ZWESLSTC,APPL=DISP,DETAIL(gateway,pinger)"]),
            ("P zwe1", vec!["P ZWE1LP2"]),
            ("F zwes", vec!["F ZWESLSTC,APPL="]),
            ("F ZWESLSTC,", vec!["F ZWESLSTC,APPL="]),
            ("F ZWESLSTC,APPL=re", vec!["F ZWESLSTC,APPL=RESTART(", "F ZWESLSTC,APPL=RELOAD"]),
            ("F ZWESLSTC,APPL=lo", vec!["F ZWESLSTC,APPL=LOGLEVEL(", "F ZWESLSTC,APPL=LOGROTATE"]),
            ("F ZWESLSTC,APPL=loglevel(d", vec!["F ZWESLSTC,APPL=loglevel(debug)"]),
            ("F ZWESLSTC,APPL=STOP(gateway,p", vec!["F ZWESLSTC,APPL=STOP(gateway,pinger)"]),
            ("RO l", vec!["RO LPR2,"]),
            ("route *all,p zwe1", vec!["route *all,p ZWE1LP2"]),
            ("F zweslstc,appl=start(P", vec!["F zweslstc,appl=start(pinger)"]),
            ("F OTHER,APPL=START(", vec![]),
            ("D A,ZWE1", vec!["D A,ZWE1LP2"]),
            ("  D  A,L", vec!["  D  A,L"]),
            ("D TC", vec!["D TCPIP,,NETSTAT,CONN,PORT=", "D TCPIP,,NETSTAT,VDPT"]),
            ("v tcpip,,sysplex,r", vec!["v TCPIP,,SYSPLEX,RESUME,PORT="]),
            ("X Y", vec![]),
        ] {
            assert_eq!(lines(before, None), expected, "{before}");
        }
        assert_eq!(lines("DIS", Some("ZWESLSTC")), ["DISPLAY", "DISP", "DISP,DETAIL("]);
        assert_eq!(lines("stop(g", Some("ZWESLSTC")), ["stop(gateway)"]);
    }

    #[test]
    fn every_command_that_is_understood_is_offered() {
        for verb in VERBS {
            assert_eq!(lines(verb.name, None), [verb.name]);
        }
        for (form, _) in console::VERBS {
            let begin = form.split_inclusive('(').next().unwrap();
            assert!(lines("F ZWESLSTC,APPL=", None).contains(&format!("F ZWESLSTC,APPL={begin}")), "{form}");
            assert!(lines("", Some("ZWESLSTC")).contains(&begin.to_owned()), "{form}");
        }
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
