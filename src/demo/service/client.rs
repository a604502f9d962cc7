//! How the sample's services register with a Discovery Service: register, renew, and cancel when the service is told to end.

use super::Reporter;
use super::message::Peer;
use nix::sys::signal::{SigHandler, SigSet, Signal, raise, signal};
use serde_json::{Value, json};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Of one request to a Discovery Service.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is registered, and where.
#[derive(Debug, Clone)]
pub struct Registration {
    pub service: String,
    pub host: String,
    pub port: u16,
    pub ha_instance: String,
    /// Asked in this order; the first that answers is kept until it does not.
    pub discoveries: Vec<Peer>,
    pub renew: Duration,
}

impl Registration {
    pub fn id(&self) -> String {
        format!("{}:{}:{}", self.host, self.service, self.port)
    }

    /// As Eureka's clients send it.
    pub fn body(&self) -> Value {
        let base = format!("http://{}:{}", self.host, self.port);
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

/// Blocks the signals that end a service; to be called before any thread is made, and followed by [`keep`].
///
/// # Errors
/// The system's.
pub fn hold_signals() -> io::Result<SigSet> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGTERM);
    signals.add(Signal::SIGINT);
    signals.thread_block()?;
    Ok(signals)
}

/// Registers and renews in a thread, until a signal comes: then cancels and ends the process by that signal.
pub fn keep(registration: Registration, signals: SigSet, report: Reporter) {
    // Which of the Discovery Services is asked; all of them while a signal may come.
    let current = Arc::new(AtomicUsize::new(0));
    let ending = Arc::new(Mutex::new(false));
    let (for_end, current_at_end, ending_here) = (registration.clone(), Arc::clone(&current), Arc::clone(&ending));
    std::thread::spawn(move || {
        let Ok(which) = signals.wait() else { return };
        // No renewal may register it again.
        let mut ending = ending_here.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *ending = true;
        if let Some(discovery) = for_end.discoveries.get(current_at_end.load(Ordering::SeqCst)) {
            let target = format!("{}/{}", for_end.path(), for_end.id());
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
                let ending = ending.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                if *ending {
                    return;
                }
                let was = registered;
                registered = renew(&registration, &current, registered);
                match (was, registered) {
                    (false, true) => report.line(&format!("DEMO0061I {} is registered", registration.id())),
                    (true, false) => {
                        report.line(&format!("DEMO0062W {} is not registered any more: no Discovery Service answers", registration.id()))
                    }
                    _ => {}
                }
            }
            // One that is not up yet is soon.
            std::thread::sleep(if registered { registration.renew } else { registration.renew.min(Duration::from_millis(500)) });
        }
    });
}

/// Renews, or registers where that is unknown, with the first Discovery Service that answers. False: none does.
fn renew(registration: &Registration, current: &AtomicUsize, registered: bool) -> bool {
    let count = registration.discoveries.len();
    let begin = current.load(Ordering::SeqCst);
    for number in (0..count).map(|step| (begin + step) % count) {
        let discovery = &registration.discoveries[number];
        if registered {
            let target = format!("{}/{}", registration.path(), registration.id());
            match discovery.ask("PUT", &target, "", "", PATIENCE) {
                Ok((200 | 204, _)) => {
                    current.store(number, Ordering::SeqCst);
                    return true;
                }
                Ok((404, _)) => {}
                _ => continue,
            }
        }
        if matches!(discovery.ask("POST", &registration.path(), "", &registration.body().to_string(), PATIENCE), Ok((200 | 204, _))) {
            current.store(number, Ordering::SeqCst);
            return true;
        }
    }
    false
}
