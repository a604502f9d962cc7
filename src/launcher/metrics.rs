//! `components.launcher.metrics`: what is measured, and whether the instance serves, over HTTP. The server has a thread of its own and asks
//! the owner by an event; the owner answers with a value and never waits. Without a port there is neither thread nor event.

use super::run::{Context, Event, EventSender, LoadedInstance, Served};
use crate::config::Configuration;
use crate::ha;
use crate::lifecycle::startup::{IdentityError, client_identity};
use crate::message;
use crate::metrics::{Form, Instance, Upgrade, exposition};
use crate::net::{Answer, Handler, Identity, Question, Server};
use crate::platform::NativePlatform;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long the owner may take to answer: it never waits, so one that takes longer does not live.
const OWNER: Duration = Duration::from_secs(5);

/// The paths, as the answer to any other names them.
const PATHS: &str = "/metrics  for Prometheus\n/livez    whether the launcher lives\n/readyz   whether all components that are wanted are ready; ?verbose \
lists them\n/health   the same as JSON\n";

/// Why a configuration is not served.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(
        "it listens at {0}, not only at the loopback interface, and the instance has no certificate: set zowe.certificate.pem, or \
        listenAddresses: ['127.0.0.1']"
    )]
    NoCertificate(SocketAddr),
    #[error(
        "it listens at {address}, not only at the loopback interface, and the private key of key ring {ring} is never asked for: export \
        certificate and key as PEM files and name them in zowe.certificate.pem, or set listenAddresses: ['127.0.0.1']"
    )]
    KeyRing { address: SocketAddr, ring: String },
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Serve(#[from] crate::net::ServeError),
}

/// Serves what a configuration says, in place of what was served before. Reads files.
pub(super) async fn apply(context: &Context, instance: &LoadedInstance, sender: &EventSender) {
    let configuration = &instance.configuration;
    let addresses = configuration.metrics_addresses();
    let mut served = context.metrics.lock().await;
    match &*served {
        None if addresses.is_empty() => return,
        // Certificates may have been renewed.
        Some(before) if before.addresses == addresses && !before.is_secure => return,
        _ => {}
    }
    if let Some(before) = served.take() {
        before.server.close();
    }
    if addresses.is_empty() {
        context.output.message(message::metrics_not_served_any_more());
        return;
    }
    match serve(context, configuration, &addresses, sender) {
        Ok(new) => {
            let scheme = if new.is_secure { "https" } else { "http" };
            let shown: Vec<String> = addresses.iter().map(|address| format!("{scheme}://{address}")).collect();
            context.output.message(message::metrics_served(shown.join(", ")));
            *served = Some(new);
        }
        Err(why) => context.output.message(message::metrics_not_served(why)),
    }
}

fn serve(context: &Context, configuration: &Configuration, addresses: &[SocketAddr], sender: &EventSender) -> Result<Served, Refusal> {
    let identity = identity(configuration, addresses)?;
    let output = context.output.clone();
    let told = Arc::new(move |error| output.message(message::metrics_connections_refused(error)));
    let server = Server::start(addresses, identity.as_ref(), handler(sender.clone()), told)?;
    Ok(Served { addresses: addresses.to_vec(), is_secure: identity.is_some(), server })
}

/// None: every address is of the loopback interface.
fn identity(configuration: &Configuration, addresses: &[SocketAddr]) -> Result<Option<Identity>, Refusal> {
    let Some(address) = addresses.iter().find(|address| !address.ip().to_canonical().is_loopback()).copied() else { return Ok(None) };
    match client_identity(configuration) {
        Ok(Some(identity)) => Ok(Some(identity)),
        Ok(None) => Err(Refusal::NoCertificate(address)),
        Err(IdentityError::KeyRing(ring)) => Err(Refusal::KeyRing { address, ring }),
        Err(error) => Err(error.into()),
    }
}

fn handler(sender: EventSender) -> Handler {
    Arc::new(move |question| {
        let sender = sender.clone();
        Box::pin(async move {
            let known = ["/metrics", "/livez", "/readyz", "/health"].contains(&question.path.as_str());
            if !known {
                return Answer::text(404, PATHS);
            }
            match measured(&sender).await {
                Some(instance) if question.path == "/metrics" => answer(&question, &with_upgrade(instance).await),
                Some(instance) => answer(&question, &instance),
                None => Answer::text(503, "the launcher does not answer\n"),
            }
        })
    })
}

/// What the owner says; None: it has gone, or hangs.
async fn measured(sender: &EventSender) -> Option<Instance> {
    let (answer, answered) = oneshot::channel();
    sender.send(Event::Measure(answer)).ok()?;
    tokio::time::timeout(OWNER, answered).await.ok()?.ok().map(|instance| *instance)
}

/// With what the workspace tells of an upgrade, which is read beside the server's thread.
async fn with_upgrade(instance: Instance) -> Instance {
    let Some(workspace) = instance.workspace.clone() else { return instance };
    let look = move || ha::measure::upgrade(&workspace, &NativePlatform::for_command());
    let upgrade = tokio::time::timeout(OWNER, tokio::task::spawn_blocking(look)).await;
    // A file system that does not answer.
    let unknown = Upgrade { state: "unknown", step: None };
    Instance { upgrade: Some(upgrade.ok().and_then(Result::ok).unwrap_or(unknown)), ..instance }
}

fn answer(question: &Question, instance: &Instance) -> Answer {
    let verbose = question.query.split('&').any(|option| matches!(option, "verbose" | "verbose=" | "verbose=true" | "verbose=1"));
    let health = instance.health();
    let status = if health.is_up() { 200 } else { 503 };
    match question.path.as_str() {
        "/metrics" => {
            let form = Form::accepted(&question.accept);
            let body = exposition(std::slice::from_ref(instance), form);
            Answer { status: 200, content_type: form.content_type(), body }
        }
        // The owner has answered: it lives.
        "/livez" if verbose => Answer::text(200, "[+]owner ok\nlivez check passed\n"),
        "/livez" => Answer::text(200, "ok"),
        "/readyz" => Answer::text(status, health.readyz(verbose)),
        _ => Answer { status, content_type: "application/json", body: format!("{}\n", health.json()) },
    }
}
