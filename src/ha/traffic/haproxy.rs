//! Traffic that HAProxy distributes: drains a server of a backend and makes it ready again.

use super::{HEALTH_TIME, Known, Traffic, TrafficError};
use crate::ha::target::Target;
use crate::net::haproxy::{Address, Client, HaproxyError, ServerState, Wanted, is_haproxy_name, set_state_command};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Between two checks of it.
const HEALTH_INTERVAL: Duration = Duration::from_millis(100);

impl From<HaproxyError> for TrafficError {
    fn from(error: HaproxyError) -> Self {
        TrafficError::Balancer(error.to_string())
    }
}

/// One server of one backend.
#[derive(Debug, Clone)]
pub struct HaProxy {
    client: Client,
    backend: String,
    server: String,
    /// The process that was asked first: another one does not know the connections that this one had.
    process: OnceLock<String>,
}

impl HaProxy {
    /// `server` of `backend`, as HAProxy's configuration names them; `socket`: a `stats socket` with level admin, a path or `host:port`.
    ///
    /// # Errors
    /// [`TrafficError::Balancer`] for what cannot be a name.
    pub fn new(socket: &str, backend: &str, server: &str) -> Result<HaProxy, TrafficError> {
        match [backend, server].into_iter().find(|name| !is_haproxy_name(name)) {
            Some(name) => Err(HaproxyError::Name { name: name.escape_debug().to_string() }.into()),
            None => Ok(HaProxy {
                client: Client::new(Address::parse(socket)),
                backend: backend.to_owned(),
                server: server.to_owned(),
                process: OnceLock::new(),
            }),
        }
    }

    /// As HAProxy's manual shows it, for a shell.
    fn command(&self, wanted: Wanted) -> String {
        let command = set_state_command(&self.backend, &self.server, wanted);
        let target = match self.client.address() {
            Address::Unix(path) => format!("unix-connect:{}", path.display()),
            Address::Tcp(address) => format!("tcp-connect:{address}"),
        };
        let plain = target.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-:".contains(&byte));
        let target = if plain { target } else { format!("'{}'", target.replace('\'', r"'\''")) };
        format!("echo '{command}' | socat stdio {target}")
    }

    fn switch(&self, wanted: Wanted) -> Result<Vec<String>, TrafficError> {
        let state = self.client.set_state(&self.backend, &self.server, wanted)?;
        Ok(vec![format!("{}/{}: {state}", self.backend, self.server)])
    }
}

impl Traffic for HaProxy {
    fn quiesce_command(&self) -> String {
        self.command(Wanted::Drain)
    }

    fn resume_command(&self) -> String {
        self.command(Wanted::Ready)
    }

    /// Checks that the socket answers and allows changes, that the server exists, and that another server would take the connections.
    fn check(&self) -> Result<(), TrafficError> {
        self.client.check_level()?;
        self.process.get_or_init(|| self.client.process().unwrap_or_default());
        self.client.server(&self.backend, &self.server)?;
        match self.others()?.pop() {
            None => Ok(()),
            Some(why) => Err(TrafficError::Balancer(why)),
        }
    }

    fn others(&self) -> Result<Vec<String>, TrafficError> {
        let servers = self.client.servers(&self.backend)?;
        let serves = servers.iter().any(|server| server.name != self.server && server.is_up() && server.takes_new_connections());
        Ok(if serves { Vec::new() } else { vec![nobody_else(&self.backend, &self.server, &servers)] })
    }

    /// A server belongs to an instance by its name, or by the port of its gateway where no other server has it.
    fn given(&self, peers: &[&Target]) -> Vec<Known> {
        let servers = match self.client.servers(&self.backend) {
            Ok(servers) => servers,
            Err(why) => return peers.iter().map(|_| Known::Unknown(why.to_string())).collect(),
        };
        peers.iter().map(|peer| given(&self.backend, &self.server, (&peer.id, peer.port("gateway")), &servers)).collect()
    }

    fn is_quiesced(&self) -> Result<Option<bool>, TrafficError> {
        Ok(Some(!self.client.server(&self.backend, &self.server)?.takes_new_connections()))
    }

    fn quiesce(&self) -> Result<Vec<String>, TrafficError> {
        self.switch(Wanted::Drain)
    }

    /// Waits for the health check, which may not have noticed yet that the instance is back.
    fn resume(&self) -> Result<Vec<String>, TrafficError> {
        self.switch(Wanted::Ready)?;
        let deadline = Instant::now() + HEALTH_TIME;
        loop {
            let state = self.client.server(&self.backend, &self.server)?;
            let shown = format!("{}/{}: {state}", self.backend, self.server);
            if state.is_up() && state.takes_new_connections() {
                return Ok(vec![shown]);
            }
            if Instant::now() > deadline {
                return Err(TrafficError::Balancer(not_reached(&shown, &state)));
            }
            // HAProxy does not announce a change.
            std::thread::sleep(HEALTH_INTERVAL);
        }
    }

    /// None after HAProxy was reloaded or restarted: the process before may still have connections.
    fn connections(&self) -> Result<Option<u64>, TrafficError> {
        let process = self.client.process()?;
        let count = self.client.connections(&self.backend, &self.server)?;
        Ok((*self.process.get_or_init(|| process.clone()) == process).then_some(count))
    }
}

fn given(backend: &str, own: &str, (id, port): (&str, Option<u16>), servers: &[ServerState]) -> Known {
    let others = || servers.iter().filter(|server| server.name != own);
    let serves = |server: &ServerState| server.is_up() && server.takes_new_connections();
    let at_port: Vec<&ServerState> = servers.iter().filter(|server| port.is_some_and(|port| server.port == port)).collect();
    let by_port = || if let [one] = at_port.as_slice() { Some(*one).filter(|one| one.name != own) } else { None };
    match others().find(|server| server.name.eq_ignore_ascii_case(id)).or_else(by_port) {
        Some(server) if serves(server) => Known::Yes,
        Some(server) => Known::No(format!("{backend}/{} of HAProxy is {server}", server.name)),
        None if others().any(serves) => Known::Unknown(format!("which server of backend {backend} of HAProxy it is cannot be told")),
        None => Known::No(nobody_else(backend, own, servers)),
    }
}

fn not_reached(shown: &str, state: &ServerState) -> String {
    format!(
        "{shown} for {} s after it was made ready, so no connections come: see whether HAProxy reaches {}:{} (it resolves names only when \
        it starts)",
        HEALTH_TIME.as_secs(),
        state.address,
        state.port
    )
}

fn nobody_else(backend: &str, server: &str, servers: &[ServerState]) -> String {
    let others = servers.iter().filter(|other| other.name != server);
    let others: Vec<String> = others.map(|other| format!("{} is {other}", other.name)).collect();
    let others = if others.is_empty() { "it has no other".to_owned() } else { others.join("; ") };
    format!(
        "draining {server} would leave backend {backend} of HAProxy without a server: {others}; bring another one up first (`set server \
        {backend}/NAME state ready` where it is drained)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_can_be_typed_and_names_carry_nothing_else() {
        let traffic = HaProxy::new("/run/haproxy/admin.sock", "gateway", "lpar2").unwrap();
        assert_eq!(
            traffic.quiesce_command(),
            "echo 'set server gateway/lpar2 state drain' | socat stdio unix-connect:/run/haproxy/admin.sock"
        );
        let traffic = HaProxy::new("/it's here", "gateway", "lpar2").unwrap();
        assert_eq!(traffic.resume_command(), r"echo 'set server gateway/lpar2 state ready' | socat stdio 'unix-connect:/it'\''s here'");
        let traffic = HaProxy::new("localhost:99", "gateway", "lpar2").unwrap();
        assert!(traffic.quiesce_command().ends_with(" tcp-connect:localhost:99"));
        for name in ["", "lpar2; shutdown", "a'b", "lpar2\n"] {
            assert!(HaProxy::new("/a", "gateway", name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_peer_is_found_by_its_name_or_its_port() {
        let servers = crate::net::haproxy::parse_servers(
            "1\n# srv_name srv_addr srv_port srv_op_state srv_admin_state srv_uweight\n\
            lpar1 a 7554 2 8 1\nlpar2 b 7554 2 0 1\nthree c 7654 2 0 1\nfour d 7754 0 0 1\n",
        )
        .unwrap();
        let known = |id: &str, port| given("gateway", "lpar2", (id, port), &servers);
        assert_eq!(known("LPAR1", None), Known::No("gateway/lpar1 of HAProxy is drain, UP".to_owned()));
        assert_eq!(known("lpar3", Some(7654)), Known::Yes);
        assert_eq!(known("lpar4", Some(7754)), Known::No("gateway/four of HAProxy is ready, DOWN".to_owned()));
        // Two have the port, one of them the instance's own: another one serves, whose is not known.
        assert!(matches!(known("lpar5", Some(7554)), Known::Unknown(_)));
        let alone = &servers[..2];
        assert!(matches!(given("gateway", "lpar2", ("lpar5", None), alone), Known::No(why) if why.contains("lpar1 is drain")));
    }
}
