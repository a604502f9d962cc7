//! TCP/IP of a system off z/OS, as far as switching traffic needs it: VARY TCPIP,,SYSPLEX,QUIESCE and RESUME, which are passed to the
//! balancer that stands in for the sysplex distributor, and DISPLAY TCPIP,,NETSTAT,CONN. Operands as in z/OS Communications Server, IP
//! System Administrator's Commands.

mod stack;

pub use stack::{Listener, Stack, StackError};

use super::answer::Answering;
use super::command_error::CommandError;
use crate::console::tcpip::{Connections, Destinations, Vary};
use crate::message::mvs;
use crate::net::haproxy::{Client, HaproxyError, Wanted};
use crate::platform::names::is_name;
use std::fmt;

/// What DISPLAY TCPIP shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    Connections(Connections),
    Destinations(Destinations),
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Report::Connections(connections) => connections.fmt(formatter),
            Report::Destinations(destinations) => destinations.fmt(formatter),
        }
    }
}

/// How many lines NETSTAT shows on a console unless MAX is given.
const DEFAULT_MAXIMUM: usize = 100;

/// True for `word` in full, or abbreviated to at least `least` characters.
fn is_word(typed: &str, word: &str, least: usize) -> bool {
    typed.len() >= least && word.starts_with(typed)
}

/// Reads the operands of VARY, folded.
///
/// # Errors
/// [`CommandError`], in the name of VARY.
pub(super) fn parse_vary(operands: &str) -> Result<Vary, CommandError> {
    let command = || "VARY".to_owned();
    let wrong = |parameter: &str| CommandError::Parameter { command: command(), parameter: parameter.to_owned() };
    // What follows a blank is a comment, as on z/OS.
    let operands = operands.split(' ').next().unwrap_or_default();
    let parts: Vec<&str> = operands.split(',').collect();
    let [tcpip, stack, sysplex, action, rest @ ..] = parts.as_slice() else {
        // z/OS can vary devices, paths and systems; here only TCP/IP can be varied.
        let missing = operands.split(',').next() == Some("TCPIP");
        return Err(if missing { CommandError::Missing { command: command() } } else { wrong(operands) });
    };
    if *tcpip != "TCPIP" {
        return Err(wrong(tcpip));
    }
    let stack = optional_name(stack, "VARY")?;
    if !is_word(sysplex, "SYSPLEX", 3) {
        return Err(wrong(sysplex));
    }
    let quiesce = match *action {
        action if is_word(action, "QUIESCE", 3) => true,
        "RESUME" => false,
        other => return Err(wrong(other)),
    };
    let (mut port, mut job_name) = (None, None);
    for part in rest {
        match part.split_once('=') {
            Some((keyword, number)) if is_word(keyword, "PORT", 2) && port.is_none() => {
                port = Some(port_number(number).ok_or(wrong(part))?)
            }
            Some(("JOBNAME", name)) if is_name(name) && job_name.is_none() => job_name = Some(name.to_owned()),
            _ => return Err(wrong(part)),
        }
    }
    match port {
        Some(port) => Ok(Vary { stack, quiesce, port, job_name }),
        None => Err(CommandError::Missing { command: command() }),
    }
}

/// Reads what follows `TCPIP,` in the operands of DISPLAY, folded.
///
/// # Errors
/// [`CommandError`], in the name of DISPLAY.
pub(super) fn parse_display(operands: &str) -> Result<Report, CommandError> {
    let command = || "DISPLAY".to_owned();
    let wrong = |parameter: &str| CommandError::Parameter { command: command(), parameter: parameter.to_owned() };
    let parts: Vec<&str> = operands.split(',').collect();
    let [stack, netstat, report, rest @ ..] = parts.as_slice() else {
        return Err(CommandError::Missing { command: command() });
    };
    let stack = optional_name(stack, "DISPLAY")?;
    if *report == "VDPT" && (is_word(netstat, "NETSTAT", 1) || is_word(netstat, "SYSPLEX", 3)) {
        return match rest.first() {
            None => Ok(Report::Destinations(Destinations { stack })),
            Some(part) => Err(wrong(part)),
        };
    }
    match (is_word(netstat, "NETSTAT", 1), is_word(report, "CONN", 2)) {
        (true, true) => {}
        (true, false) => return Err(wrong(report)),
        (false, _) => return Err(wrong(netstat)),
    }
    let mut connections = Connections { stack, port: None, maximum: Some(DEFAULT_MAXIMUM) };
    for part in rest {
        match part.split_once('=') {
            Some((keyword, number)) if is_word(keyword, "PORT", 2) => connections.port = Some(port_number(number).ok_or(wrong(part))?),
            Some(("MAX", "*")) => connections.maximum = None,
            Some(("MAX", number)) => connections.maximum = Some(number.parse().map_err(|_| wrong(part))?),
            _ => return Err(wrong(part)),
        }
    }
    Ok(Report::Connections(connections))
}

fn optional_name(text: &str, command: &str) -> Result<Option<String>, CommandError> {
    match text {
        "" => Ok(None),
        name if is_name(name) => Ok(Some(name.to_owned())),
        other => Err(CommandError::Parameter { command: command.to_owned(), parameter: other.to_owned() }),
    }
}

fn port_number(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port > 0)
}

/// Why a command about TCP/IP failed after it was understood.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Stack(#[from] StackError),
    #[error("{0}")]
    Balancer(#[from] HaproxyError),
}

/// Switches the listeners that are meant. True when all of them were switched.
pub(super) fn vary(answer: &mut Answering<'_>, command: &Vary) -> bool {
    answer.say("TCPIP", "", mvs::tcpip_command_begun(command).text());
    let wanted = if command.quiesce { Wanted::Drain } else { Wanted::Ready };
    let switched = Stack::of(answer.system()).map_err(Failure::from).and_then(|stack| {
        let client = Client::new(stack.balancer.clone());
        for listener in stack.listeners(command)? {
            client.set_state(&stack.backend, &listener.server, wanted)?;
        }
        Ok(())
    });
    let message = match &switched {
        Ok(()) => mvs::tcpip_command_completed(format_args!("VARY SYSPLEX,{}", command.action())),
        Err(failure) => mvs::tcpip_command_failed("VARY SYSPLEX", failure),
    };
    answer.say("TCPIP", "", message.text());
    switched.is_ok()
}

/// Shows what the balancer knows of this system's listeners.
pub(super) fn display(answer: &mut Answering<'_>, report: &Report) -> bool {
    match report {
        Report::Connections(command) => display_connections(answer, command),
        Report::Destinations(command) => display_destinations(answer, command),
    }
}

/// Shows, for each listener of this system, whether the balancer gives it new connections (RDY) and how many it has.
fn display_destinations(answer: &mut Answering<'_>, command: &Destinations) -> bool {
    let lines = Stack::of(answer.system()).map_err(Failure::from).and_then(|stack| {
        stack.check_name(command.stack.as_deref())?;
        let client = Client::new(stack.balancer.clone());
        let mut rows = Vec::new();
        for listener in &stack.listeners {
            let server = client.server(&stack.backend, &listener.server)?;
            let ready = u8::from(server.is_up() && server.takes_new_connections());
            let connections = client.connections(&stack.backend, &listener.server)?;
            // The balancer knows no address.
            let address = if server.address == "-" { "0.0.0.0" } else { server.address.as_str() };
            rows.push(format!("{:<15} {:05} {address:<15} {ready:03} {connections:010} 01  100", "0.0.0.0", listener.port));
        }
        Ok((stack.name, rows))
    });
    match lines {
        Ok((name, rows)) => {
            let head = "DEST IPADDR     DPORT DESTXCF ADDR    RDY TOTALCONN  WLM TSR".to_owned();
            let count = format!("{0} OF {0} RECORDS DISPLAYED", rows.len());
            let mut lines = vec![mvs::netstat_head(name).text().to_owned(), head];
            lines.extend(rows);
            lines.extend([count, "END OF THE REPORT".to_owned()]);
            answer.say_all("TCPIP", "", &lines);
            true
        }
        Err(failure) => {
            answer.say("TCPIP", "", mvs::tcpip_command_failed("DISPLAY NETSTAT", failure).text());
            false
        }
    }
}

/// Shows the connections of the listeners that are meant, as the balancer sees them.
fn display_connections(answer: &mut Answering<'_>, command: &Connections) -> bool {
    let lines = Stack::of(answer.system()).map_err(Failure::from).and_then(|stack| {
        stack.check_name(command.stack.as_deref())?;
        let client = Client::new(stack.balancer.clone());
        let mut records = Vec::new();
        for listener in stack.listeners.iter().filter(|listener| command.port.is_none_or(|port| port == listener.port)) {
            let server = client.server(&stack.backend, &listener.server)?;
            let local = format!("{}..{}", server.address, listener.port);
            records.push((listener.user(), format!("0.0.0.0..{}", listener.port), "0.0.0.0..0".to_owned(), "LISTEN"));
            let sessions = client.sessions(&stack.backend, &listener.server)?.into_iter();
            records.extend(sessions.map(|from| (listener.user(), local.clone(), foreign(&from), "ESTBLSH")));
        }
        Ok((stack.name, records))
    });
    let (name, records) = match lines {
        Ok(found) => found,
        Err(failure) => {
            answer.say("TCPIP", "", mvs::tcpip_command_failed("DISPLAY NETSTAT", failure).text());
            return false;
        }
    };
    let shown = command.maximum.unwrap_or(records.len()).min(records.len());
    let mut lines =
        vec![mvs::netstat_head(name).text().to_owned(), "USER ID  CONN     LOCAL SOCKET           FOREIGN SOCKET         STATE".to_owned()];
    lines.extend(
        records
            .iter()
            .enumerate()
            .take(shown)
            .map(|(index, (user, local, foreign, state))| format!("{user:<8} {:08X} {local:<22} {foreign:<22} {state}", index + 1)),
    );
    lines.push(format!("{shown} OF {} RECORDS DISPLAYED", records.len()));
    lines.push("END OF THE REPORT".to_owned());
    answer.say_all("TCPIP", "", &lines);
    true
}

/// A socket in NETSTAT's notation, from HAProxy's.
fn foreign(address: &str) -> String {
    address.rsplit_once(':').map_or_else(|| "*..*".to_owned(), |(host, port)| format!("{host}..{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vary(text: &str) -> Result<String, &'static str> {
        parse_vary(text).map(|command| command.to_string()).map_err(|error| error.message().id())
    }

    fn display(text: &str) -> Result<String, &'static str> {
        parse_display(text).map(|command| command.to_string()).map_err(|error| error.message().id())
    }

    #[test]
    fn vary_in_all_its_forms() {
        for (text, expected) in [
            ("TCPIP,,SYSPLEX,QUIESCE,PORT=7554", "VARY TCPIP,,SYSPLEX,QUIESCE,PORT=7554"),
            ("TCPIP,TCPIPB,SYS,QUI,PO=7554 a comment", "VARY TCPIP,TCPIPB,SYSPLEX,QUIESCE,PORT=7554"),
            ("TCPIP,,SYSPLEX,RESUME,PORT=1,JOBNAME=ZWE1AG", "VARY TCPIP,,SYSPLEX,RESUME,PORT=1,JOBNAME=ZWE1AG"),
        ] {
            assert_eq!(vary(text).as_deref(), Ok(expected), "{text}");
        }
        for (text, expected) in [
            ("0A80,ONLINE", "IEE535I"),
            ("XCF,A,B,C", "IEE535I"),
            ("TCPIP", "IEE311I"),
            ("TCPIP,,SYSPLEX", "IEE311I"),
            ("TCPIP,,SYSPLEX,QUIESCE", "IEE311I"),
            ("TCPIP,,OBEYFILE,A", "IEE535I"),
            ("TCPIP,,SYSPLEX,LEAVEGROUP", "IEE535I"),
            ("TCPIP,,SYSPLEX,QUIESCE,TARGET", "IEE535I"),
            ("TCPIP,,SYSPLEX,QUIESCE,PORT=0", "IEE535I"),
            ("TCPIP,,SYSPLEX,QUIESCE,PORT=65536", "IEE535I"),
            ("TCPIP,,SYSPLEX,QUIESCE,PORT=1,PORT=2", "IEE535I"),
            ("TCPIP,,SYSPLEX,QUIESCE,PORT=1,JOBNAME=1A", "IEE535I"),
            ("TCPIP,TOOLONGNAME,SYSPLEX,QUIESCE,PORT=1", "IEE535I"),
        ] {
            assert_eq!(vary(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn display_in_all_its_forms() {
        for (text, expected) in [
            (",NETSTAT,CONN", "D TCPIP,,NETSTAT,CONN,MAX=100"),
            ("TCPIPB,N,CO,PORT=7554,MAX=*", "D TCPIP,TCPIPB,NETSTAT,CONN,PORT=7554,MAX=*"),
        ] {
            assert_eq!(display(text).as_deref(), Ok(expected), "{text}");
        }
        for (text, expected) in [
            ("", "IEE311I"),
            (",NETSTAT", "IEE311I"),
            (",HELP,CONN", "IEE535I"),
            (",NETSTAT,HOME", "IEE535I"),
            (",NETSTAT,CONN,MAX=X", "IEE535I"),
            (",NETSTAT,CONN,PORT=", "IEE535I"),
        ] {
            assert_eq!(display(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn sockets_are_written_as_netstat_writes_them() {
        assert_eq!(foreign("10.1.1.1:57218"), "10.1.1.1..57218");
        assert_eq!(foreign("::1:57218"), "::1..57218");
        assert_eq!(foreign(""), "*..*");
    }

    #[test]
    fn the_destination_port_table_is_asked_for_in_either_place() {
        assert_eq!(display(",NETSTAT,VDPT").unwrap(), "D TCPIP,,NETSTAT,VDPT");
        assert_eq!(display("TCPIPB,SYS,VDPT").unwrap(), "D TCPIP,TCPIPB,NETSTAT,VDPT");
        assert_eq!(display(",NETSTAT,VDPT,PORT=1"), Err("IEE535I"));
    }

    proptest! {
        #[test]
        fn what_is_understood_is_understood_again(port in 1_u16.., quiesce in any::<bool>(), stack in "([A-Z][A-Z0-9]{0,7})?", job in "([A-Z@#$]{1,8})?") {
            let name = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let command = Vary { stack: name(&stack), quiesce, port, job_name: name(&job) };
            prop_assert_eq!(parse_vary(command.to_string().strip_prefix("VARY ").unwrap()).unwrap(), command);
        }
    }
}
