use super::*;
use crate::ha::operator::OperatorError;
use proptest::prelude::*;
use std::sync::Mutex;

/// A console that gives the same answer to everything and remembers the commands.
struct Fixed {
    accepted: bool,
    lines: &'static str,
    issued: Mutex<Vec<String>>,
}

impl Fixed {
    fn new(accepted: bool, lines: &'static str) -> Fixed {
        Fixed { accepted, lines, issued: Mutex::default() }
    }
}

impl Operator for Fixed {
    fn sysname(&self) -> String {
        "LPR1".to_owned()
    }

    fn issue(&self, command: &str, _: Option<Duration>) -> Result<Answer, OperatorError> {
        self.issued.lock().unwrap().push(command.to_owned());
        Ok(Answer { accepted: self.accepted, broken: false, lines: self.lines.lines().map(str::to_owned).collect(), through: None })
    }
}

const DONE: &str =
    "EZZ0060I PROCESSING COMMAND: VARY TCPIP,,SYSPLEX,QUIESCE,PORT=7554\nEZZ0053I COMMAND VARY SYSPLEX,QUIESCE COMPLETED SUCCESSFULLY";

const SHORT: &str = "EZZ2500I NETSTAT CS V1R13 TCPIP 123
USER ID  CONN     LOCAL SOCKET           FOREIGN SOCKET         STATE
ZWE1AG   0000001A 0.0.0.0..7554          0.0.0.0..0             LISTEN
ZWE1AG   0000001B 10.1.1.1..7554         10.9.9.9..51000        ESTBLSH
ZWE1AG   0000001C 10.1.1.1..7554         10.9.9.9..51001        FINWT2
ZWE3AG   0000001D 10.1.1.1..7554         10.9.9.9..51002        ESTBLSH
ZWE1AG   0000001E 10.1.1.1..51003        10.1.1.2..7554         ESTBLSH
ZWE1AG   0000001F 0.0.0.0..7554          *..*                   UDP
6 OF 6 RECORDS DISPLAYED
END OF THE REPORT";

const LONG: &str = "12.30.15 STC00042 EZD0101I NETSTAT CS V2R5 TCPIPB 456
USER ID  CONN     STATE
ZWE1AG   0000001A LISTEN
  LOCAL SOCKET:   ::..7554
  FOREIGN SOCKET: ::..0
ZWE1AG   0000001B ESTBLSH
  LOCAL SOCKET:   ::FFFF:10.1.1.1..7554
  FOREIGN SOCKET: ::FFFF:10.9.9.9..51000
ZWE1AG   0000001C ESTBLSH
  LOCAL SOCKET:   ::FFFF:10.1.1.1..51003
  FOREIGN SOCKET: ::FFFF:10.1.1.2..7554
3 OF 3 RECORDS DISPLAYED
END OF THE REPORT";

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn vary<'a>(console: &'a Fixed, sysname: Option<&str>, stack: Option<&str>, job_name: Option<&str>) -> Vary<'a> {
    let name = |text: Option<&str>| text.map(str::to_owned);
    Vary { operator: console, sysname: name(sysname), stack: name(stack), port: 7554, job_name: name(job_name), peers: Vec::new() }
}

#[test]
fn commands_name_the_stack_and_the_job_and_are_routed_to_another_system() {
    let console = Fixed::new(true, DONE);
    let own = vary(&console, Some("lpr1"), None, None);
    assert_eq!(own.quiesce_command(), "VARY TCPIP,,SYSPLEX,QUIESCE,PORT=7554");
    let other = vary(&console, Some("lpr2"), Some("tcpipb"), Some("ZWE1AG"));
    assert_eq!(other.quiesce_command(), "RO LPR2,VARY TCPIP,TCPIPB,SYSPLEX,QUIESCE,PORT=7554,JOBNAME=ZWE1AG");
    assert_eq!(other.resume().unwrap(), lines(DONE));
    // Then the table is asked whether it is ready.
    let table = "RO LPR2,D TCPIP,TCPIPB,NETSTAT,VDPT".to_owned();
    assert_eq!(console.issued.lock().unwrap().as_slice(), [other.resume_command(), table]);
    assert_eq!(other.resume_command(), "RO LPR2,VARY TCPIP,TCPIPB,SYSPLEX,RESUME,PORT=7554,JOBNAME=ZWE1AG");
    for bad in [
        vary(&console, Some("LPR2,P ZWE"), None, None),
        vary(&console, None, Some("1A"), None),
        vary(&console, None, None, Some("TOOLONGNAME")),
        Vary { port: 0, ..vary(&console, None, None, None) },
    ] {
        assert!(bad.quiesce().is_err() && bad.check().is_err() && bad.connections().is_err(), "{}", bad.quiesce_command());
    }
    assert_eq!(console.issued.lock().unwrap().len(), 2);
}

#[test]
fn only_a_message_of_completion_is_success() {
    for (accepted, text, what) in [
        (false, DONE, "was refused"),
        (true, "EZZ0059I VARY SYSPLEX COMMAND FAILED: SEE PREVIOUS MESSAGES", "FAILED"),
        (true, "IEE345I VARY     AUTHORITY INVALID, FAILED BY SECURITY PRODUCT", "AUTHORITY"),
        (true, "EZZ0060I PROCESSING COMMAND: VARY TCPIP,,SYSPLEX", "it is not known whether"),
        (true, "", "it is not known whether"),
    ] {
        let console = Fixed::new(accepted, text);
        let error = vary(&console, None, None, None).quiesce().unwrap_err().to_string();
        assert!(error.starts_with("'VARY TCPIP,,SYSPLEX,QUIESCE,PORT=7554' was refused: ") && error.contains(what), "{error}");
    }
}

#[test]
fn connections_are_counted_in_both_formats() {
    let count = |text: &'static str, job: Option<&str>| {
        let console = Fixed::new(true, text);
        vary(&console, None, None, job).connections().unwrap()
    };
    assert_eq!(count(SHORT, None), Some(2));
    assert_eq!(count(SHORT, Some("ZWE1AG")), Some(1));
    // No listener has that name: count too many rather than too few.
    assert_eq!(count(SHORT, Some("ZWE9AG")), Some(2));
    assert_eq!(count(LONG, Some("ZWE1AG")), Some(1));
    assert_eq!(count("IEE345I DISPLAY AUTHORITY INVALID, FAILED BY SECURITY PRODUCT", None), None);
}

#[test]
fn a_check_changes_nothing_and_says_what_is_missing() {
    let check = |accepted: bool, text: &'static str| {
        let console = Fixed::new(accepted, text);
        let result = vary(&console, Some("LPR2"), None, None).check().map_err(|error| error.to_string());
        assert_eq!(console.issued.lock().unwrap().as_slice(), ["RO LPR2,D TCPIP,,NETSTAT,CONN,PORT=7554,MAX=*"]);
        result
    };
    assert_eq!(check(true, SHORT), Ok(()));
    assert_eq!(check(true, LONG), Ok(()));
    let none = check(true, "EZD0101I NETSTAT CS V2R5 TCPIP\n0 OF 0 RECORDS DISPLAYED").unwrap_err();
    assert!(none.starts_with("nothing listens at port 7554 of LPR2"), "{none}");
    let refused = check(false, "IEE345I DISPLAY AUTHORITY INVALID, FAILED BY SECURITY PRODUCT").unwrap_err();
    assert!(refused.contains("CONTROL access to MVS.VARY.TCPIP.SYSPLEX"), "{refused}");
}

proptest! {
    #[test]
    fn any_answer_is_read_or_is_none(text in "(NETSTAT CS |LOCAL SOCKET: |[0-9A-F]{8}|[a-z0-9.]{1,5}|\\.\\.|ESTBLSH| |\n){0,60}") {
        let _ = parse_report(&lines(&text)).map(|report| report.established(1, None));
    }

    #[test]
    fn any_number_of_connections_is_counted(states in prop::collection::vec(0_usize..4, 0..50)) {
        let mut text = "EZZ2500I NETSTAT CS V2R5 TCPIP\nUSER ID  CONN     LOCAL SOCKET           FOREIGN SOCKET         STATE\n".to_owned();
        for (index, state) in states.iter().enumerate() {
            let state = ["LISTEN", "ESTBLSH", "CLOSWT", "ESTABLSH"][*state];
            text += &format!("ZWE1AG   {index:08X} 10.1.1.1..7554         10.9.9.9..{:<12} {state}\n", 50_000 + index);
        }
        let report = parse_report(&lines(&text)).unwrap();
        prop_assert_eq!(report.established(7554, None), states.iter().filter(|state| *state % 2 == 1).count() as u64);
    }
}

/// The short format of the z/OS Communications Server books, and what it does not tell.
#[test]
fn the_destination_port_table_tells_who_is_ready_where_it_can() {
    let table = |rows: &[(&str, u16, &str, u32)]| -> Vec<String> {
        let head = ["12.00.00 EZZ2500I NETSTAT CS V2R5 TCPIP", "DEST IPADDR     DPORT DESTXCF ADDR    RDY TOTALCONN  WLM TSR"];
        let rows =
            rows.iter().map(|(address, port, xcf, ready)| format!("{address:<15} {port:05} {xcf:<15} {ready:03} 0000000002 01  100"));
        head.into_iter().map(str::to_owned).chain(rows).collect()
    };
    let row = |port, ready| ("201.2.10.11", port, "193.9.200.1", ready);
    assert_eq!(ready_at(&table(&[row(7554, 1), row(7556, 0)]), 7554), Some(1));
    assert_eq!(ready_at(&table(&[row(7554, 1), row(7556, 0)]), 7556), Some(0));
    assert_eq!(ready_at(&table(&[row(7554, 0), row(7554, 0)]), 7554), Some(0));
    assert_eq!(ready_at(&table(&[row(7554, 1), row(7554, 0)]), 7554), None);
    assert_eq!(ready_at(&table(&[("fd00::1", 7554, "fd00::2", 0)]), 7554), Some(0));
    assert_eq!(ready_at(&table(&[]), 7554), None);
}
