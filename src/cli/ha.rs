//! `zwelnch ha haproxy`.

use super::arguments::Haproxy;
use super::configuration::whole_configuration;
use super::terminal::{document, fail};
use crate::ha::traffic::generate::{Options, haproxy_configuration};

/// Prints the configuration of an HAProxy for all gateways.
pub(super) fn haproxy(arguments: &Haproxy) -> i32 {
    let configuration = match whole_configuration(arguments.config.as_deref()) {
        Ok(configuration) => configuration,
        Err(code) => return code,
    };
    let options = Options {
        backend: &arguments.backend,
        socket: &arguments.socket,
        state_file: arguments.state_file.as_deref(),
        health: &arguments.health,
        bind: &arguments.bind,
    };
    match haproxy_configuration(&configuration, options) {
        Ok(text) => {
            document(&text);
            0
        }
        Err(error) => fail(error),
    }
}
