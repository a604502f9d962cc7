//! The environment of a component's process: what configure left, else what the configuration says. Reads a file: never on the owner's thread.

use super::run::{Context, Launched};
use crate::component;
use crate::config::Environment;
use crate::lifecycle::workspace;
use crate::message;

/// The environment of a start and of every restart in two layers: whether the variables that all components have in common are below, and
/// the component's own.
pub(super) fn layers(context: &Context, launched: &Launched) -> (bool, Environment) {
    let (instance, name) = (&launched.instance, &launched.component.name);
    match workspace::read_snapshot(&instance.workspace, name, &instance.configuration.ha_instance.id) {
        Ok(environment) => (false, environment),
        Err(error) => {
            if !error.is_missing() {
                context.output.message(message::configured_environment_not_read(name, error));
            }
            (true, component::own_variables(&launched.component, &instance.configuration))
        }
    }
}

/// The same in one.
pub(super) fn whole(context: &Context, launched: &Launched) -> Environment {
    let (with_common, own) = layers(context, launched);
    let mut whole = if with_common { launched.instance.environment.clone() } else { Environment::new() };
    whole.extend(own);
    whole
}
