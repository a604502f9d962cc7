//! Traffic that HAProxy distributes: drains a server of a backend and makes it ready again.

use super::{Traffic, TrafficError};
use crate::net::haproxy::{Address, Client, HaproxyError, ServerState, Wanted, is_haproxy_name, set_state_command};
use std::time::{Duration, Instant};

/// How long a server's health check may take to pass again: a little more than twice the interval that `zwelnch ha haproxy` configures.
const HEALTH_TIME: Duration = Duration::from_secs(5);

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
}

impl HaProxy {
    /// `server` of `backend`, as HAProxy's configuration names them; `socket`: a `stats socket` with level admin, a path or `host:port`.
    ///
    /// # Errors
    /// [`TrafficError::Balancer`] for what cannot be a name.
    pub fn new(socket: &str, backend: &str, server: &str) -> Result<HaProxy, TrafficError> {
        match [backend, server].into_iter().find(|name| !is_haproxy_name(name)) {
            Some(name) => Err(HaproxyError::Name { name: name.escape_debug().to_string() }.into()),
            None => Ok(HaProxy { client: Client::new(Address::parse(socket)), backend: backend.to_owned(), server: server.to_owned() }),
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

    fn connections(&self) -> Result<Option<u64>, TrafficError> {
        Ok(Some(self.client.connections(&self.backend, &self.server)?))
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
}
