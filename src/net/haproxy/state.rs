//! Parses HAProxy's answers. Pure. Formats: management guide, "show servers state" (version 1) and "Statistics CSV format"; columns are
//! found by their names, because each release adds some.

use std::fmt;

/// Bits of srv_admin_state, as in HAProxy's `enum srv_admin`: forced, inherited, and for want of an address. 0x04 (the configuration had
/// `disabled`, which sets 0x01 besides) and 0x40 (its name was set at run time) tell where a server comes from, and keep no connection
/// away.
const FORCED_MAINTENANCE: u32 = 0x01;
const MAINTENANCE: u32 = 0x01 | 0x02 | 0x20;
const FORCED_DRAIN: u32 = 0x08;
const DRAIN: u32 = 0x08 | 0x10;

/// srv_op_state of a server that takes connections.
const RUNNING: u32 = 2;

/// A server of a backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerState {
    pub name: String,
    /// `-` where HAProxy knows none.
    pub address: String,
    /// 0 where HAProxy knows none.
    pub port: u16,
    /// 0 stopped, 1 starting, 2 running, 3 stopping.
    operational: u32,
    /// A set of bits: why no connections are to come, whatever its health.
    administrative: u32,
    /// 0: it gets no connections, as if drained.
    weight: u32,
}

impl ServerState {
    /// True when neither drained, nor in maintenance, nor of weight 0: its health alone decides whether connections come.
    pub fn takes_new_connections(&self) -> bool {
        self.administrative & (MAINTENANCE | DRAIN) == 0 && self.weight > 0
    }

    /// True when its health check (where it has one) passes.
    pub fn is_up(&self) -> bool {
        self.operational == RUNNING
    }

    /// True while an operator's drain or maintenance is in force.
    pub fn is_forced_away(&self) -> bool {
        self.administrative & (FORCED_MAINTENANCE | FORCED_DRAIN) != 0
    }
}

/// As people know it from the statistics page.
impl fmt::Display for ServerState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let administrative = match self.administrative {
            state if state & MAINTENANCE != 0 => "maintenance",
            state if state & DRAIN != 0 => "drain",
            _ if self.weight == 0 => "drain (weight 0)",
            _ => "ready",
        };
        let operational = match self.operational {
            0 => "DOWN",
            1 => "STARTING",
            RUNNING => "UP",
            _ => "STOPPING",
        };
        write!(formatter, "{administrative}, {operational}")
    }
}

/// The servers in an answer to `show servers state BACKEND`; None when it is no such answer.
pub fn parse_servers(answer: &str) -> Option<Vec<ServerState>> {
    let mut lines = answer.lines().skip_while(|line| !line.starts_with('#'));
    let header: Vec<&str> = lines.next()?.trim_start_matches('#').split_whitespace().collect();
    let column = |name: &str| header.iter().position(|known| *known == name);
    let name = column("srv_name")?;
    let (operational, administrative) = (column("srv_op_state")?, column("srv_admin_state")?);
    let (address, port, weight) = (column("srv_addr")?, column("srv_port"), column("srv_uweight")?);
    let server = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u32>().ok());
        Some(ServerState {
            name: (*fields.get(name)?).to_owned(),
            address: (*fields.get(address)?).to_owned(),
            port: port.and_then(number).and_then(|port| u16::try_from(port).ok()).unwrap_or(0),
            operational: number(operational)?,
            administrative: number(administrative)?,
            weight: number(weight)?,
        })
    };
    lines.filter(|line| !line.trim().is_empty() && !line.starts_with('#')).map(server).collect()
}

/// Backend or frontend, server (or `BACKEND`, `FRONTEND`) and current sessions of each line of an answer to `show stat`; None when it is no
/// such answer.
pub fn parse_session_counts(answer: &str) -> Option<Vec<(String, String, u64)>> {
    let mut lines = answer.lines().skip_while(|line| !line.starts_with("# "));
    let header = fields(lines.next()?.trim_start_matches("# "));
    let column = |name: &str| header.iter().position(|known| known == name);
    let (proxy, server, sessions) = (column("pxname")?, column("svname")?, column("scur")?);
    let count = |line: &str| {
        let fields = fields(line);
        let text = |at: usize| fields.get(at).cloned();
        // A listener's line may leave it empty.
        Some((text(proxy)?, text(server)?, text(sessions)?.parse().unwrap_or(0)))
    };
    lines.filter(|line| !line.trim().is_empty()).map(count).collect()
}

/// What HAProxy has counted of each server of a backend since it was started: name, requests (where it passes TLS through: connections), and
/// errors (5xx, econ, eresp), in an answer to `show stat`.
pub fn parse_counters(answer: &str, backend: &str) -> Option<Vec<(String, u64, u64)>> {
    let mut lines = answer.lines().skip_while(|line| !line.starts_with("# "));
    let header = fields(lines.next()?.trim_start_matches("# "));
    let column = |name: &str| header.iter().position(|known| known == name);
    let (proxy, server, sessions) = (column("pxname")?, column("svname")?, column("stot")?);
    let errors = ["hrsp_5xx", "econ", "eresp"].map(column);
    let mut counters = Vec::new();
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let fields = fields(line);
        let number = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok());
        let name = fields.get(server)?;
        if fields.get(proxy)? != backend || ["BACKEND", "FRONTEND"].contains(&name.as_str()) {
            continue;
        }
        // In mode tcp the columns of HTTP are empty.
        let requests = column("req_tot").and_then(number).unwrap_or(0).max(number(sessions).unwrap_or(0));
        counters.push((name.clone(), requests, errors.iter().flatten().filter_map(|at| number(*at)).sum()));
    }
    Some(counters)
}

/// Fields of a line of CSV; `""` inside a quoted one is a quotation mark.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    fields.push(field);
    fields
}

/// Where the connections of a server come from, in an answer to `show sess`.
pub fn parse_sessions(answer: &str, backend: &str, server: &str) -> Vec<String> {
    let value =
        |line: &str, key: &str| line.split_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('=').map(str::to_owned));
    let is_meant = |line: &&str| value(line, "be").as_deref() == Some(backend) && value(line, "srv").as_deref() == Some(server);
    answer.lines().filter(is_meant).map(|line| value(line, "src").unwrap_or_default()).collect()
}
