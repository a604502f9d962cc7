//! What the answer of a program that issues operator commands means. The texts are those of opercmd.rex of zowe-install-packaging, of
//! zoweax, of ZOAU (BGYSC...), of the TSO/E CONSOLE command (IKJ...) and of SDSF (ISF...).

use super::Interface;

/// How a program ended, and what it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    pub lines: Vec<String>,
    pub end: RanTo,
    /// It wrote more than is kept.
    pub is_cut: bool,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RanTo {
    Exit(i32),
    /// By a signal, by number.
    Signal(i32),
    /// Somebody else was told.
    Unknown,
    /// It was ended when its time was over, in seconds.
    TimeOver(u64),
}

/// What became of an operator command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It was issued; the answer.
    Answered(Vec<String>),
    /// It was not issued, or not carried out, for want of authority or a service, and why: another interface may do it.
    Refused(String),
    /// As before; the console is in use, and another name may do.
    InUse(String),
    /// It may have been issued, and why that is not known: nobody else may issue it again.
    Unclear(String),
}

/// The command was not carried out, as nobody may issue it here: <https://www.ibm.com/docs/en/zos>, IEE345I.
const NO_AUTHORITY: &str = "IEE345I";

/// Return codes of CONSOLE by which it was not issued (TSO/E System Programming Command Reference).
const CONSOLE_CODES: [(i32, &str); 12] = [
    (12, "an exit invocation failed"),
    (16, "recovery could not be established"),
    (20, "there is no active CONSOLE session"),
    (24, "request denied, deactivation in progress"),
    (36, "the user does not have CONSOLE authority (TSOAUTH CONSOLE)"),
    (40, "activation failed"),
    (44, "an installation exit requested termination"),
    (52, "initialization failed"),
    (56, "NAME specified when already active"),
    (60, "parsing failed"),
    (64, "the system command was too long"),
    (72, "unsupported z/OS level"),
];

/// Pure: what a run of an interface's program means.
pub fn verdict(interface: &Interface, ran: &Ran) -> Verdict {
    let code = match ran.end {
        RanTo::TimeOver(seconds) => return Verdict::Unclear(format!("it did not end in {seconds} s{}", last(ran))),
        RanTo::Signal(number) => return Verdict::Unclear(format!("it was ended by signal {number}{}", last(ran))),
        RanTo::Exit(code) => code,
        RanTo::Unknown => 0,
    };
    if let Some(line) = ran.lines.iter().find(|line| line.split_whitespace().any(|word| word == NO_AUTHORITY)) {
        return Verdict::Refused(from_id(line, NO_AUTHORITY));
    }
    match interface {
        Interface::OpercmdRex => opercmd_rex(ran, code),
        Interface::Zoweax => zoweax(ran, code),
        Interface::Tsocmd => tsocmd(ran, code),
        Interface::Zoau | Interface::Program(_) if code == 0 => answered(ran),
        Interface::Zoau => {
            let of_zoau: Vec<&str> = ran.lines.iter().map(|line| line.trim()).filter(|line| line.starts_with("BGYSC")).collect();
            Verdict::Refused(if of_zoau.is_empty() { ended(ran, code) } else { of_zoau.join(" ") })
        }
        Interface::Program(_) => Verdict::Refused(ended(ran, code)),
    }
}

fn opercmd_rex(ran: &Ran, code: i32) -> Verdict {
    if let Some(line) = ran.lines.iter().find(|line| line.contains("ISF032I")) {
        // SDSF issues the command all the same, from no console of its own.
        return Verdict::Unclear(format!("SDSF has no console for the answer: {}", from_id(line, "ISF032I")));
    }
    if code == 0 {
        return answered(ran);
    }
    const STEPS: [&str; 5] = ["SDSF init RC", "SDSF command RC", "CONSOLE ACTIVATE RC", "CONSPROF RC", "CONSOLE SYSCMD RC"];
    let said: Vec<&str> = ran.lines.iter().map(|line| line.trim()).collect();
    if let Some(line) = said.iter().find(|line| line.starts_with("GETMSG RC")) {
        return Verdict::Unclear(format!("TSO/E has issued it, but gives no answer: {line}"));
    }
    if said.iter().any(|line| line.contains("IRX0043I") || line.contains("Routine not found")) {
        return Verdict::Refused("SDSF is not installed (IRX0043I, Routine not found)".to_owned());
    }
    let steps: Vec<&str> = said.into_iter().filter(|line| STEPS.iter().any(|step| line.starts_with(step))).collect();
    Verdict::Refused(if steps.is_empty() { ended(ran, code) } else { steps.join("; ") })
}

fn zoweax(ran: &Ran, code: i32) -> Verdict {
    if code == 0 {
        return answered(ran);
    }
    let said = |text: &str| ran.lines.iter().any(|line| line.contains(text));
    let all = || ran.lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    if said("could not get from console") || said("could not deactivate console") {
        return Verdict::Unclear(all());
    }
    Verdict::Refused(if said("Error:") { all() } else { ended(ran, code) })
}

fn tsocmd(ran: &Ran, code: i32) -> Verdict {
    let joined = ran.lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
    let about = |id: &str| joined.find(id).map(|at| joined[at..].to_owned());
    if let Some(text) = about("IKJ55303I") {
        // Return code 4: the name is in use.
        let is_in_use = text.contains("RETURN CODE WAS X'00000004'") || text.contains("RETURN CODE WAS 4 ");
        return if is_in_use { Verdict::InUse(text) } else { Verdict::Refused(text) };
    }
    for id in ["TERMINATING PARENTHESIS", "COULD NOT BE PARSED"] {
        if joined.contains(id) {
            return Verdict::Refused(joined);
        }
    }
    if code == 0 {
        // It repeats what it was asked to do.
        let lines = ran.lines.iter().filter(|line| !line.trim_start().starts_with("CONSOLE SYSCMD("));
        return answered(&Ran { lines: lines.cloned().collect(), ..ran.clone() });
    }
    match CONSOLE_CODES.iter().find(|(known, _)| *known == code) {
        Some((_, why)) => Verdict::Refused(format!("CONSOLE ended with {code}: {why}{}", last(ran))),
        // 28 (an abend) and 32 (PUTGET failed) may come after the command.
        None if matches!(code, 28 | 32) => Verdict::Unclear(format!("CONSOLE ended with {code}{}", last(ran))),
        None => Verdict::Refused(ended(ran, code)),
    }
}

fn answered(ran: &Ran) -> Verdict {
    let mut lines = ran.lines.clone();
    if ran.is_cut {
        lines.push("(the rest of the answer is left out)".to_owned());
    }
    Verdict::Answered(lines)
}

fn last(ran: &Ran) -> String {
    ran.lines.iter().rev().map(|line| line.trim()).find(|line| !line.is_empty()).map(|line| format!(": {line}")).unwrap_or_default()
}

fn ended(ran: &Ran, code: i32) -> String {
    format!("it ended with exit code {code}{}", last(ran))
}

/// A line from its message id on.
fn from_id(line: &str, id: &str) -> String {
    line.find(id).map_or(line, |at| &line[at..]).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(interface: &Interface, end: RanTo, text: &str) -> Verdict {
        verdict(interface, &Ran { lines: text.lines().map(str::to_owned).collect(), end, is_cut: false })
    }

    fn refused(verdict: Verdict) -> String {
        match verdict {
            Verdict::Refused(why) => why,
            other => panic!("not refused: {other:?}"),
        }
    }

    /// The samples in opercmd.rex itself: both were issued, whatever the system made of them.
    #[test]
    fn what_sdsf_answers() {
        let time = "S0W1      2019168  20:09:41.89             ISF031I CONSOLE IBMUSER ACTIVATED\nS0W1      2019168  20:09:41.89            -D T\nS0W1      2019168  20:09:41.90  TSU04192   IEE136I LOCAL: TIME=20.09.41 DATE=2019.168  UTC: TIME=02.09.41 DATE=2019.169";
        let Verdict::Answered(lines) = run(&Interface::OpercmdRex, RanTo::Exit(0), time) else { panic!("not answered") };
        assert_eq!(lines.len(), 3);
        let invalid = "S0W1      2019168  20:10:37.25  TSU04192   IEE305I D        COMMAND INVALID";
        assert_eq!(run(&Interface::OpercmdRex, RanTo::Exit(0), invalid), Verdict::Answered(vec![invalid.to_owned()]));
        // As today where the reaper was told first.
        assert!(matches!(run(&Interface::OpercmdRex, RanTo::Unknown, time), Verdict::Answered(_)));
        let failed = "S0W1      2019168  20:09:41.89             ISF032I CONSOLE IBMUSER ACTIVATE FAILED";
        assert!(matches!(run(&Interface::OpercmdRex, RanTo::Exit(0), failed), Verdict::Unclear(_)));
    }

    /// zowe-install-packaging#3477, #4389 and docs-site#3363: what users without SDSF see.
    #[test]
    fn without_sdsf() {
        let text =
            "     130 +++ cRC.isfInit=isfcalls('ON')\nIRX0043I Error running /zowe/bin/utils/opercmd.rex, line 130: Routine not found";
        let why = refused(run(&Interface::OpercmdRex, RanTo::Exit(255), text));
        assert_eq!(why, "SDSF is not installed (IRX0043I, Routine not found)");
    }

    /// The texts that opercmd.rex has for the return codes of ISFSLASH, CONSOLE, CONSPROF and GETMSG.
    #[test]
    fn refusals_of_sdsf_and_tso_are_told_with_their_codes() {
        let text = "** ERROR not able to execute operator command \"S ZWESLSTC\"\nSDSF command RC16 The user is not authorized to invoke SDSF\nCONSOLE ACTIVATE RC36 User does not have CONSOLE authority";
        let why = refused(run(&Interface::OpercmdRex, RanTo::Exit(1), text));
        assert_eq!(
            why,
            "SDSF command RC16 The user is not authorized to invoke SDSF; CONSOLE ACTIVATE RC36 User does not have CONSOLE authority"
        );
        let init = "** ERROR not able to execute operator command \"D T\"\nSDSF init RC1 Host command environment query failed, environment not added\nCONSPROF RC8 Command is invoked without console autority";
        assert!(refused(run(&Interface::OpercmdRex, RanTo::Exit(1), init)).starts_with("SDSF init RC1 Host command"));
        // Then the command has gone out: nobody must issue it again.
        let no_answer = "** ERROR not able to execute operator command \"S ZWESLSTC\"\nSDSF init RC1 Host command environment query failed, environment not added\nGETMSG RC4 Processing successful, but the message is not retrieved";
        assert!(matches!(run(&Interface::OpercmdRex, RanTo::Exit(1), no_answer), Verdict::Unclear(why) if why.contains("GETMSG RC4")));
    }

    /// zowex#232.
    #[test]
    fn a_command_that_nobody_may_issue_here_is_a_refusal_by_whatever_interface() {
        let text = "11.37.38 STC02416  SL DELETE,ID=DK01,END\n11.37.38 STC02416  IEE345I SL       AUTHORITY INVALID, FAILED BY MVS\n IEE345I SL       AUTHORITY INVALID, FAILED BY MVS";
        for interface in super::super::ORDER {
            let why = refused(run(&interface, RanTo::Exit(0), text));
            assert_eq!(why, "IEE345I SL AUTHORITY INVALID, FAILED BY MVS", "{interface}");
        }
    }

    /// ibm_zos_core#612.
    #[test]
    fn zoau_says_which_profile_it_lacks() {
        let text = "BGYSC0819E Insufficient security authorization for resource MVS.MCSOPER.ZOAU in class OPERCMDS.\nBGYSC0820E SAF rc=0x4, RACF rc=0x4, rsn=0x0\n";
        let why = refused(run(&Interface::Zoau, RanTo::Exit(1), text));
        assert_eq!(why, text.trim().replace('\n', " "));
        // ibm_zos_core's sample of an answer.
        let answer = "DCUF      2021320  16:32:21.81             ISF031I CONSOLE SATHYA ACTIVATED\nDCUF      2021320  16:32:21.81            -D IPLINFO\nDCUF      2021320  16:32:21.84             IEE254I  16.32.21 IPLINFO DISPLAY 026";
        assert!(matches!(run(&Interface::Zoau, RanTo::Exit(0), answer), Verdict::Answered(lines) if lines.len() == 3));
    }

    /// native/c/commands/console.cpp and the tests of zowex.
    #[test]
    fn zoweax_says_how_far_it_came() {
        let no_apf = "Error: could not activate console: 'zowex' rc: '-1'\n  Details: Not authorized to run - 1";
        assert!(refused(run(&Interface::Zoweax, RanTo::Exit(255), no_apf)).contains("Details: Not authorized"));
        let no_answer = "Error: could not get from console: 'zowex' rc: '-1'\n  Details: timeout";
        assert!(matches!(run(&Interface::Zoweax, RanTo::Exit(255), no_answer), Verdict::Unclear(_)));
        let answer = "IEE136I LOCAL: TIME=20.09.41 DATE=2019.168";
        assert_eq!(run(&Interface::Zoweax, RanTo::Exit(0), answer), Verdict::Answered(vec![answer.to_owned()]));
    }

    /// The sample in opercmd.rex, and z/OS TSO/E Messages.
    #[test]
    fn tso_console() {
        let in_use = "IKJ55303I THE CONSOLE COMMAND HAS TERMINATED.+\nIKJ55303I AN ERROR OCCURRED DURING CONSOLE INITIALIZATION.  THE\nMCSOPER RETURN CODE WAS X'00000004' AND THE REASON CODE WAS\nX'00000000'.";
        assert!(matches!(run(&Interface::Tsocmd, RanTo::Exit(40), in_use), Verdict::InUse(_)));
        let other = in_use.replace("X'00000004'", "X'0000000C'");
        assert!(refused(run(&Interface::Tsocmd, RanTo::Exit(40), &other)).contains("X'0000000C'"));
        let why = refused(run(&Interface::Tsocmd, RanTo::Exit(36), "CONSOLE SYSCMD(D T)"));
        assert!(why.starts_with("CONSOLE ended with 36: the user does not have CONSOLE authority (TSOAUTH CONSOLE)"), "{why}");
        assert!(matches!(run(&Interface::Tsocmd, RanTo::Exit(28), ""), Verdict::Unclear(_)));
        let answer = "CONSOLE SYSCMD(D T)\n IEE136I LOCAL: TIME=20.09.41 DATE=2019.168  UTC: TIME=02.09.41 DATE=2019.169";
        assert!(matches!(run(&Interface::Tsocmd, RanTo::Exit(0), answer), Verdict::Answered(lines) if lines.len() == 1));
    }

    #[test]
    fn what_did_not_end_by_itself_may_have_been_issued() {
        for interface in super::super::ORDER {
            assert!(
                matches!(run(&interface, RanTo::TimeOver(60), "some line"), Verdict::Unclear(why) if why == "it did not end in 60 s: some line")
            );
            assert!(matches!(run(&interface, RanTo::Signal(9), ""), Verdict::Unclear(_)));
        }
        let ran = Ran { lines: vec!["1".to_owned()], end: RanTo::Exit(0), is_cut: true };
        assert!(matches!(verdict(&Interface::Zoau, &ran), Verdict::Answered(lines) if lines[1].contains("left out")));
    }
}
