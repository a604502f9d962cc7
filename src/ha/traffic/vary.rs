//! Traffic that the sysplex distributor distributes: VARY TCPIP,,SYSPLEX quiesces and resumes a listener of a TCP/IP stack. Contract:
//! docs/contract/high-availability.md, "Switching traffic". Off z/OS the console of a system directory takes the same commands.

use super::{HEALTH_TIME, Known, Traffic, TrafficError};
use crate::console::tcpip;
use crate::ha::operate::routed;
use crate::ha::operator::{Answer, Operator};
use crate::ha::target::Target;
use crate::platform::names::{is_name, is_system_name};
use std::time::{Duration, Instant};

/// The authority that the user of the command also needs.
const AUTHORITY: &str = "VARY TCPIP,,SYSPLEX needs CONTROL access to MVS.VARY.TCPIP.SYSPLEX (class OPERCMDS), this display READ access to \
                         MVS.DISPLAY.TCPIP; job ZWEOPCMD defines both. Without them let an operator type the commands of the plan";

/// How long an answer may take: the systems themselves give it.
const ANSWER_TIME: Duration = Duration::from_secs(60);

/// Between two looks at the destination port table. On z/OS a program issues each.
const READY_INTERVAL: Duration = Duration::from_millis(500);

/// The listener of an instance's gateway. Names in either case.
pub struct Vary<'a> {
    /// Where commands are issued; by ROUTE when the instance is on another system.
    pub operator: &'a dyn Operator,
    /// The instance's system; None: the console's own.
    pub sysname: Option<String>,
    /// The TCP/IP address space; needed where the system has several.
    pub stack: Option<String>,
    /// 1 to 65535.
    pub port: u16,
    /// The address space that listens (the gateway's); needed where several share the port.
    pub job_name: Option<String>,
    /// The other instances' listeners: their system, as above, and their port.
    pub peers: Vec<(Option<String>, u16)>,
}

impl Vary<'_> {
    /// Refuses names that would turn this into another operator command.
    fn check_names(&self) -> Result<(), TrafficError> {
        let check = |what: &str, name: Option<&str>, is_good: fn(&str) -> bool| match name {
            Some(name) if !is_good(&name.to_ascii_uppercase()) => {
                let name = name.escape_debug();
                Err(TrafficError::Balancer(format!("'{name}' is no name of a {what}; 1 to 8 of A-Z, 0-9, @, #, $ are expected")))
            }
            _ => Ok(()),
        };
        check("system", self.sysname.as_deref(), is_system_name)?;
        check("TCP/IP stack", self.stack.as_deref(), is_name)?;
        check("job", self.job_name.as_deref(), is_name)?;
        if self.port == 0 {
            return Err(TrafficError::Balancer("0 is no port of a gateway; 1 to 65535 is expected".to_owned()));
        }
        Ok(())
    }

    fn issue(&self, command: &str) -> Result<Answer, TrafficError> {
        self.check_names()?;
        Ok(self.operator.issue(command, Some(ANSWER_TIME))?)
    }

    fn ask(&self, command: &str) -> Result<Answer, TrafficError> {
        self.check_names()?;
        Ok(self.operator.ask(command, Some(ANSWER_TIME))?)
    }

    fn job_name(&self) -> Option<String> {
        self.job_name.as_deref().map(str::to_ascii_uppercase)
    }

    fn stack(&self) -> Option<String> {
        self.stack.as_deref().map(str::to_ascii_uppercase)
    }

    fn routed(&self, command: &str) -> String {
        routed(self.sysname.as_deref().map(str::to_ascii_uppercase).as_deref(), &self.operator.sysname(), command)
    }

    fn vary(&self, quiesce: bool) -> String {
        let command = tcpip::Vary { stack: self.stack(), quiesce, port: self.port, job_name: self.job_name() };
        self.routed(&command.to_string())
    }

    fn display(&self) -> String {
        // All lines: a console shows 100 unless MAX is given.
        self.routed(&tcpip::Connections { stack: self.stack(), port: Some(self.port), maximum: None }.to_string())
    }

    /// How many servers are ready for new connections at a port, according to a system's destination port table. None where the table does
    /// not tell: it belongs to the distributing stack, which may be another one, and it names its targets by XCF addresses.
    fn ready_servers(&self, sysname: Option<&str>, port: u16) -> Result<Option<u64>, TrafficError> {
        let display = tcpip::Destinations { stack: self.stack() }.to_string();
        let command = routed(sysname.map(str::to_ascii_uppercase).as_deref(), &self.operator.sysname(), &display);
        let Answer { accepted, lines, .. } = self.ask(&command)?;
        Ok(if accepted { ready_at(&lines, port) } else { None })
    }

    fn gets_none(&self, sysname: Option<&str>, port: u16) -> String {
        let system = sysname.map_or_else(|| self.operator.sysname(), str::to_owned);
        format!("the listener at port {port} of {system} is quiesced or down: it gets no new connections")
    }

    fn given_to(&self, peer: &Target) -> Known {
        let Some(port) = peer.port("gateway") else { return Known::Unknown("its gateway has no port".to_owned()) };
        match self.ready_servers(peer.sysname.as_deref(), port) {
            Ok(Some(0)) => Known::No(self.gets_none(peer.sysname.as_deref(), port)),
            Ok(Some(_)) => Known::Yes,
            Ok(None) => Known::Unknown("the distributor's table is not on its system".to_owned()),
            Err(why) => Known::Unknown(why.to_string()),
        }
    }

    fn switch(&self, quiesce: bool) -> Result<Vec<String>, TrafficError> {
        let command = self.vary(quiesce);
        let Answer { accepted, mut lines, .. } = self.issue(&command)?;
        if accepted && !lines.iter().any(|line| is_failure(line)) {
            if lines.iter().any(|line| line.contains(COMPLETED)) {
                return Ok(lines);
            }
            // Going on and stopping the instance would cut connections that still arrive.
            lines.push(format!("no message '... {COMPLETED}' came, so it is not known whether traffic was switched"));
        }
        Err(TrafficError::Refused { command, lines })
    }
}

/// How TCP/IP says that a command was carried out (EZZ0053I and others).
const COMPLETED: &str = "COMPLETED SUCCESSFULLY";

fn is_failure(line: &str) -> bool {
    ["FAILED", "NOT AUTHORIZED", "REJECTED", "NOT ACTIVE", "INSUFFICIENT ACCESS"].iter().any(|words| line.contains(words))
}

impl Traffic for Vary<'_> {
    fn quiesce_command(&self) -> String {
        self.vary(true)
    }

    fn resume_command(&self) -> String {
        self.vary(false)
    }

    /// Checks that TCP/IP answers displays and that something listens at the port. Whether VARY is permitted is known only when it is
    /// issued.
    fn check(&self) -> Result<(), TrafficError> {
        let command = self.display();
        let Answer { accepted, mut lines, .. } = self.issue(&command)?;
        let report = parse_report(&lines);
        match report {
            Some(report) if accepted && report.listens(self.port) => Ok(()),
            Some(_) if accepted => Err(TrafficError::Balancer(format!(
                "nothing listens at port {} of {} (asked with '{command}'): VARY TCPIP,,SYSPLEX acts on a listener; check the gateway's port, \
                 the stack and the system",
                self.port,
                self.sysname.clone().unwrap_or_else(|| self.operator.sysname())
            ))),
            _ => {
                lines.push(AUTHORITY.to_owned());
                Err(TrafficError::Refused { command, lines })
            }
        }
    }

    fn others(&self) -> Result<Vec<String>, TrafficError> {
        let mut quiesced = Vec::new();
        for (sysname, port) in &self.peers {
            if self.ready_servers(sysname.as_deref(), *port)? != Some(0) {
                return Ok(Vec::new());
            }
            quiesced.push(self.gets_none(sysname.as_deref(), *port));
        }
        Ok(quiesced)
    }

    fn given(&self, peers: &[&Target]) -> Vec<Known> {
        let mut known: Vec<Known> = Vec::new();
        for peer in peers {
            known.push(if known.iter().any(|one| !matches!(one, Known::No(_))) {
                Known::Unknown("not asked, because another one serves".to_owned())
            } else {
                self.given_to(peer)
            });
        }
        known
    }

    fn is_quiesced(&self) -> Result<Option<bool>, TrafficError> {
        Ok(self.ready_servers(self.sysname.as_deref(), self.port)?.map(|ready| ready == 0))
    }

    fn quiesce(&self) -> Result<Vec<String>, TrafficError> {
        self.switch(true)
    }

    /// Waits until the table has it ready: whoever distributes may not have noticed yet that the instance is back.
    fn resume(&self) -> Result<Vec<String>, TrafficError> {
        let lines = self.switch(false)?;
        let deadline = Instant::now() + HEALTH_TIME;
        while self.is_quiesced()? == Some(true) && Instant::now() < deadline {
            std::thread::sleep(READY_INTERVAL);
        }
        Ok(lines)
    }

    /// None when the console shows no such report.
    fn connections(&self) -> Result<Option<u64>, TrafficError> {
        let Answer { accepted, lines, .. } = self.ask(&self.display())?;
        Ok(parse_report(&lines).filter(|_| accepted).map(|report| report.established(self.port, self.job_name().as_deref())))
    }
}

/// The sum of RDY over the rows of a port in the destination port table (NETSTAT VDPT): `DEST DPORT DESTXCF RDY ...`.
fn ready_at(lines: &[String], port: u16) -> Option<u64> {
    let row = |line: &String| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at =
            words.windows(4).position(|four| matches!(four, [to, port, by, _] if is_address(to) && port.len() == 5 && is_address(by)))?;
        let number = |offset: usize| words.get(at + offset)?.parse::<u64>().ok();
        Some((number(1)?, number(3)?))
    };
    let rows: Vec<u64> = lines.iter().filter_map(row).filter(|(at, _)| *at == u64::from(port)).map(|(_, ready)| ready).collect();
    let sum = rows.iter().sum();
    // Several targets, of which only some are ready: it is unknown which rows are whose.
    (rows.len() == 1 || (!rows.is_empty() && sum == 0)).then_some(sum)
}

fn is_address(word: &str) -> bool {
    word.parse::<std::net::IpAddr>().is_ok()
}

/// A listener or connection of NETSTAT CONN.
#[derive(Debug, Clone, PartialEq, Eq)]
struct DistributorRecord {
    user: String,
    local_port: u16,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Listen,
    Established,
    /// Beginning or ending.
    Other,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct ConnectionReport {
    records: Vec<DistributorRecord>,
}

impl ConnectionReport {
    fn at(&self, port: u16) -> impl Iterator<Item = &DistributorRecord> {
        self.records.iter().filter(move |record| record.local_port == port)
    }

    fn listens(&self, port: u16) -> bool {
        self.at(port).any(|record| record.state == State::Listen)
    }

    /// Connections of the job, if it is the one that listens; else all connections of the port: too many rather than too few.
    fn established(&self, port: u16, job_name: Option<&str>) -> u64 {
        let job_name = job_name.filter(|name| self.at(port).any(|record| record.state == State::Listen && record.user == *name));
        let is_meant = |record: &&DistributorRecord| record.state == State::Established && job_name.is_none_or(|name| record.user == name);
        self.at(port).filter(is_meant).count() as u64
    }
}

/// Reads the answer to DISPLAY TCPIP,,NETSTAT,CONN: the short format (EZZ2500I, one line per record) and the long one (EZD0101I, the
/// sockets on lines of their own); None when it is neither. Words before the record, such as a time stamp, are skipped.
fn parse_report(lines: &[String]) -> Option<ConnectionReport> {
    let head = lines.iter().position(|line| line.contains("NETSTAT CS "))?;
    let mut report = ConnectionReport::default();
    // In the long format: what comes above the line of the local socket.
    let mut above: Option<(String, State)> = None;
    for line in lines.iter().skip(head + 1) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let sockets: Vec<usize> = (0..words.len()).filter(|at| words.get(*at).is_some_and(|word| port_of(word).is_some())).collect();
        match sockets.as_slice() {
            [local, foreign, ..] => {
                let user = local.checked_sub(2).and_then(|at| words.get(at));
                let port = words.get(*local).and_then(|word| port_of(word));
                if let (Some(user), Some(local_port)) = (user, port) {
                    // UDP sockets have no state.
                    let state = words.get(foreign + 1).map_or(State::Other, |word| state_of(word));
                    report.records.push(DistributorRecord { user: (*user).to_owned(), local_port, state });
                }
            }
            [local] if line.contains("LOCAL SOCKET:") || line.contains("Local Socket:") => {
                if let (Some((user, state)), Some(local_port)) = (above.take(), words.get(*local).and_then(|word| port_of(word))) {
                    report.records.push(DistributorRecord { user, local_port, state });
                }
            }
            _ => {
                if let [.., user, number, state] = words.as_slice() {
                    if number.len() == 8 && number.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                        above = Some(((*user).to_owned(), state_of(state)));
                    }
                }
            }
        }
    }
    Some(report)
}

/// The port of `address..port`.
fn port_of(socket: &str) -> Option<u16> {
    socket.rsplit_once("..")?.1.parse().ok()
}

fn state_of(word: &str) -> State {
    match word.to_ascii_uppercase().as_str() {
        "LISTEN" => State::Listen,
        "ESTBLSH" | "ESTABLSH" => State::Established,
        _ => State::Other,
    }
}

#[cfg(test)]
mod tests;
