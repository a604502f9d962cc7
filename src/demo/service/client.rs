//! How the sample's services register with a Discovery Service: register, renew, and cancel when the service is told to end.

use super::Reporter;
use super::message::Peer;
use nix::sys::signal::{SigHandler, SigSet, Signal, raise, signal};
use serde_json::{Value, json};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The time limit of one request to a Discovery Service.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is registered, and where.
#[derive(Debug, Clone)]
pub(super) struct Registration {
    pub service: String,
    pub host: String,
    pub port: u16,
    pub ha_instance: String,
    /// Asked in this order.
    pub discoveries: Vec<Peer>,
    pub renew: Duration,
}

impl Registration {
    pub(super) fn id(&self) -> String {
        format!("{}:{}:{}", self.host, self.service, self.port)
    }

    /// As Eureka's clients send it.
    pub(super) fn body(&self) -> Value {
        let base = format!("http://{}:{}", crate::net::url_host(&self.host), self.port);
        // Three renewals may be lost.
        let lease = (self.renew.as_secs_f64() * 3.0).ceil().max(1.0) as u64;
        let address = super::message::address_of(&self.host).map_or_else(|_| self.host.clone(), |address| address.to_string());
        json!({"instance": {
            "instanceId": self.id(),
            "app": self.service.to_uppercase(),
            "hostName": self.host,
            "ipAddr": address,
            "vipAddress": self.service,
            "status": "UP",
            "overriddenStatus": "UNKNOWN",
            "port": {"$": self.port, "@enabled": "true"},
            "securePort": {"$": 443, "@enabled": "false"},
            "homePageUrl": format!("{base}/"),
            "healthCheckUrl": format!("{base}/application/health"),
            "dataCenterInfo": {"@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", "name": "MyOwn"},
            "leaseInfo": {"renewalIntervalInSecs": self.renew.as_secs().max(1), "durationInSecs": lease},
            "metadata": {"haInstance": self.ha_instance},
        }})
    }

    fn path(&self) -> String {
        format!("/eureka/apps/{}", self.service.to_uppercase())
    }
}

/// Blocks the signals that end a service. Must be called before any thread is made, and followed by [`keep`].
///
/// # Errors
/// The system's.
pub(super) fn hold_signals() -> io::Result<SigSet> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGTERM);
    signals.add(Signal::SIGINT);
    signals.thread_block()?;
    Ok(signals)
}

/// Registers and renews in a thread until a signal comes: then cancels the registration and ends the process by that signal.
pub(super) fn keep(registration: Registration, signals: SigSet, report: Reporter) {
    let ending = Arc::new(Mutex::new(false));
    let (for_end, ending_here) = (registration.clone(), Arc::clone(&ending));
    std::thread::spawn(move || {
        let Ok(which) = signals.wait() else { return };
        // No renewal may register it again.
        let mut ending = ending_here.lock().unwrap_or_else(PoisonError::into_inner);
        *ending = true;
        let target = format!("{}/{}", for_end.path(), for_end.id());
        for discovery in &for_end.discoveries {
            let _ = discovery.ask("DELETE", &target, "", "", PATIENCE);
        }
        // SAFETY: the default action is no handler.
        let _ = unsafe { signal(which, SigHandler::SigDfl) };
        let _ = signals.thread_unblock();
        let _ = raise(which);
        // The default action of these ends the process.
        std::process::exit(128 + which as i32);
    });
    std::thread::spawn(move || {
        let mut registered = false;
        loop {
            {
                let ending = ending.lock().unwrap_or_else(PoisonError::into_inner);
                if *ending {
                    return;
                }
                let was = registered;
                registered = renew(&registration, registered);
                match (was, registered) {
                    (false, true) => report.line(&format!("DEMO0061I {} is registered", registration.id())),
                    (true, false) => {
                        report.line(&format!("DEMO0062W {} is not registered any more: no Discovery Service answers", registration.id()));
                    }
                    _ => {}
                }
            }
            // A Discovery Service that is not up yet will be soon.
            std::thread::sleep(if registered { registration.renew } else { registration.renew.min(Duration::from_millis(500)) });
        }
    });
}

/// Renews, or registers where it is unknown, with the first Discovery Service that answers. False: none answers. All instances begin with
/// the same one each time: a renewal that once went to another one must not stay there, where others do not look.
fn renew(registration: &Registration, registered: bool) -> bool {
    registration.discoveries.iter().any(|discovery| {
        if registered {
            let target = format!("{}/{}", registration.path(), registration.id());
            match discovery.ask("PUT", &target, "", "", PATIENCE) {
                Ok((200 | 204, _)) => return true,
                Ok((404, _)) => {}
                _ => return false,
            }
        }
        matches!(discovery.ask("POST", &registration.path(), "", &registration.body().to_string(), PATIENCE), Ok((200 | 204, _)))
    })
}
