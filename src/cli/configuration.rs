//! What commands act on: a configuration, as CONFIG or an option names it.

use super::arguments::Selection;
use super::terminal::{document, fail, fail_with};
use crate::config::{self, Configuration, LoadError, LoadRequest};
use crate::inspect;
use crate::launcher::Start;
use crate::platform::NativePlatform;

pub(super) const NO_CONFIGURATION: &str = "no configuration: give one with --config, or set CONFIG";

/// CONFIG of a command: a bare relative path is relative to the working directory, as everywhere in a shell.
pub(super) fn absolute_config(config: &str) -> String {
    if config.starts_with('/') || config.contains('(') {
        return config.to_owned();
    }
    std::env::current_dir().map_or_else(|_| config.to_owned(), |here| here.join(config).to_string_lossy().into_owned())
}

/// CONFIG as given, or the environment's, and its sources; the exit code, after the reason, when there is none to use.
pub(super) fn sources(config: Option<&str>) -> Result<(String, Vec<config::Source>), i32> {
    let from_environment = || Start::from_environment(Vec::new(), None).config;
    let Some(config) = config.map(absolute_config).or_else(from_environment) else {
        return Err(fail(NO_CONFIGURATION));
    };
    let sources = config::parse_sources(&config).map_err(|error| fail_with(&[error.message()]))?;
    Ok((config, sources))
}

/// The configuration without an overlay: for commands about all of haInstances. The exit code, after the reason, when it does not load.
pub(super) fn whole_configuration(config: Option<&str>) -> Result<Configuration, i32> {
    let (_, sources) = sources(config)?;
    let (none, platform) = (config::HaInstance::none(), NativePlatform::for_command());
    Configuration::load(&LoadRequest { sources: &sources, ha_instance: &none, platform: &platform }).map_err(|error| refused(&error))
}

/// As [`whole_configuration`], for a caller that can do without: None, and no message, when it does not load.
pub(super) fn readable_configuration(config: Option<&str>) -> Option<Configuration> {
    let config = config.map(absolute_config).or_else(|| Start::from_environment(Vec::new(), None).config)?;
    let sources = config::parse_sources(&config).ok()?;
    let (none, platform) = (config::HaInstance::none(), NativePlatform::for_command());
    Configuration::load(&LoadRequest { sources: &sources, ha_instance: &none, platform: &platform }).ok()
}

/// Loads what a command was asked about and hands it, with CONFIG as given, to `answer`.
pub(super) fn inspected(selection: &Selection, answer: impl FnOnce(Result<Configuration, LoadError>, &str) -> i32) -> i32 {
    let (config, sources) = match sources(selection.config.as_deref()) {
        Ok(sources) => sources,
        Err(code) => return code,
    };
    let platform = NativePlatform::for_command();
    let ha_instance = match &selection.ha_instance {
        Some(id) => config::ha_instance(id, &platform),
        None => config::HaInstance::none(),
    };
    answer(Configuration::load(&LoadRequest { sources: &sources, ha_instance: &ha_instance, platform: &platform }), &config)
}

/// Prints an answer about a configuration that loads; what keeps it from loading is said line by line.
pub(super) fn answered(
    loaded: Result<Configuration, LoadError>,
    ask: impl FnOnce(&Configuration) -> Result<String, inspect::InspectError>,
) -> i32 {
    match loaded {
        Ok(configuration) => match ask(&configuration) {
            Ok(text) => {
                document(&text);
                0
            }
            Err(error) => fail(error),
        },
        Err(error) => refused(&error),
    }
}

/// Says line by line why a configuration does not load.
pub(super) fn refused(error: &LoadError) -> i32 {
    fail_with(&error.messages())
}
