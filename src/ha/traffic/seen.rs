//! Whether each instance gets new connections, as the balancer tells it. Changes nothing, and leaves no trace in a log where that is possible.

use super::vary::Vary;
use super::{Traffic, TrafficError};
use crate::ha::operator::Operator;
use crate::ha::target::Target;
use crate::net::haproxy::{Address, Client, ServerState};
use std::fmt;

/// What stands before the gateways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Balancer {
    /// The runtime socket of an HAProxy, and the backend in which each server has the id of its HA instance.
    Haproxy { socket: String, backend: String },
    /// The sysplex distributor, asked on the system of each instance. `stack`: where a system has several.
    Distributor { stack: Option<String> },
}

/// What the balancer says of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// New connections come.
    Flows,
    /// None come, and how the balancer puts it.
    Kept(String),
    /// No balancer is known, or it does not tell.
    NotTold,
    /// It cannot be asked, and why.
    Unknown(String),
}

impl Seen {
    /// True for what an operator has to look at.
    pub fn is_good(&self) -> bool {
        matches!(self, Seen::Flows | Seen::NotTold)
    }
}

/// As a table shows it.
impl fmt::Display for Seen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Seen::Flows => formatter.write_str("flows"),
            Seen::Kept(how) => formatter.write_str(how),
            Seen::NotTold => formatter.write_str("-"),
            Seen::Unknown(_) => formatter.write_str("unknown"),
        }
    }
}

/// Asks the balancer about each instance, in their order; [`Seen::NotTold`] for one without a gateway.
pub fn seen(targets: &[&Target], operator: &dyn Operator, balancer: &Balancer) -> Vec<Seen> {
    match balancer {
        Balancer::Haproxy { socket, backend } => {
            let servers = Client::new(Address::parse(socket)).servers(backend);
            let of = |target: &&Target| match (&target.gateway, &servers) {
                (None, _) => Seen::NotTold,
                (_, Ok(servers)) => {
                    servers.iter().find(|server| server.name == target.id).map_or_else(|| Seen::Kept("no server".to_owned()), of_server)
                }
                (_, Err(error)) => Seen::Unknown(error.to_string()),
            };
            targets.iter().map(of).collect()
        }
        // Each answer may come from another system.
        Balancer::Distributor { stack } => std::thread::scope(|scope| {
            let asked: Vec<_> = targets.iter().map(|target| scope.spawn(move || listener(target, operator, stack.clone()))).collect();
            asked.into_iter().map(|thread| thread.join().unwrap_or(Seen::NotTold)).collect()
        }),
    }
}

fn of_server(server: &ServerState) -> Seen {
    if server.takes_new_connections() && server.is_up() { Seen::Flows } else { Seen::Kept(server.to_string()) }
}

fn listener(target: &Target, operator: &dyn Operator, stack: Option<String>) -> Seen {
    let (Some(_), Some(port)) = (&target.gateway, target.port("gateway")) else { return Seen::NotTold };
    let vary = Vary { operator, sysname: target.sysname.clone(), stack, port, job_name: None, peers: Vec::new() };
    match vary.is_quiesced() {
        Ok(Some(false)) => Seen::Flows,
        Ok(Some(true)) => Seen::Kept("quiesced or down".to_owned()),
        // What the console itself says is shown of the launcher.
        Ok(None) | Err(TrafficError::Operator(_)) => Seen::NotTold,
        Err(error) => Seen::Unknown(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::haproxy::parse_servers;

    #[test]
    fn only_a_server_that_is_up_and_not_held_back_gets_connections() {
        // From the management guide's columns of version 1.
        let head = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change \
                    srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port\n";
        for (operational, administrative, weight, shown) in [
            (2, 0, 1, "flows"),
            (2, 8, 1, "drain, UP"),
            (0, 0, 1, "ready, DOWN"),
            (0, 1, 1, "maintenance, DOWN"),
            (2, 0, 0, "drain (weight 0), UP"),
        ] {
            let row = format!("3 gateway 1 lpar1 127.0.0.1 {operational} {administrative} {weight} 1 9 6 3 4 6 0 0 0 - 7554\n");
            let servers = parse_servers(&format!("{head}{row}")).unwrap();
            let seen = of_server(&servers[0]);
            assert_eq!((seen.to_string().as_str(), seen.is_good()), (shown, shown == "flows"));
        }
    }
}
