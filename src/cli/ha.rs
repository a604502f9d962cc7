//! `zwelnch ha haproxy`.

use super::arguments::Haproxy;
use super::commands::sources;
use super::terminal::{document, fail};
use crate::config::{Configuration, HaInstance, LoadRequest};
use crate::ha::traffic::generate::{Options, haproxy_configuration};
use crate::platform::NativePlatform;

/// Prints the configuration of an HAProxy for all gateways.
pub(super) fn haproxy(arguments: &Haproxy) -> i32 {
    let platform = NativePlatform::for_command();
    let (_, sources) = match sources(arguments.config.as_deref()) {
        Ok(sources) => sources,
        Err(code) => return code,
    };
    let none = HaInstance::none();
    let configuration = match Configuration::load(&LoadRequest { sources: &sources, ha_instance: &none, platform: &platform }) {
        Ok(configuration) => configuration,
        Err(error) => return fail(error),
    };
    let options = Options { backend: &arguments.backend, socket: &arguments.socket, bind: &arguments.bind };
    match haproxy_configuration(&configuration, options) {
        Ok(text) => {
            document(&text);
            0
        }
        Err(error) => fail(error),
    }
}
