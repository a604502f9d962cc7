//! The first lines of a run: who starts, from what configuration, as which HA instance.

use super::{Begun, ConditionCode, Context, Start, debug};
use crate::config::{self, UserSources};
use crate::message;

/// Bytes of a CONFIG value at most: 17 paths of z/OS, as many as today's launcher takes.
const LONGEST_CONFIG: usize = 17 * 1024;

/// Issues ZWEL0021I to ZWEL0024I.
///
/// # Errors
/// The condition code, after the messages that say why.
pub(super) fn begin(context: &Context, start: &Start) -> Result<Begun, ConditionCode> {
    let output = &context.output;
    let sources = start.config.as_deref().map(config::parse_sources);
    let read = sources.as_ref().and_then(|sources| sources.as_ref().ok());
    let read = read.map(|sources| UserSources::read(sources, &*context.platform));
    let runtime = read.as_ref().and_then(UserSources::runtime_directory);
    // One that is not there is told of when the whole configuration is.
    let zowe = runtime.filter(|runtime| crate::platform::files::may_be_directory(runtime)).map(config::Version::try_read);
    let version = zowe.as_ref().and_then(|zowe| zowe.as_ref().ok()).map_or("unknown", |zowe| zowe.version.as_str());
    output.message(message::launcher_starting(env!("CARGO_PKG_VERSION"), version));
    output.ruler();
    if let Some(Err(why)) = &zowe {
        output.message(message::manifest_version_not_read(why));
    }
    if let Some(why) = &start.no_console {
        output.message(message::no_operator_console(why));
    }
    let failed = |why: message::Message| {
        output.message(why);
        output.message(message::no_launcher_context());
        ConditionCode::NotStarted
    };
    let sources = match sources {
        None => return Err(failed(message::variable_not_found("CONFIG"))),
        Some(_) if start.config.as_ref().is_some_and(|config| config.trim_end().len() > LONGEST_CONFIG) => {
            return Err(failed(message::variable_too_large("CONFIG")));
        }
        Some(Err(error)) => return Err(failed(error.message())),
        Some(Ok(sources)) => sources,
    };
    let given = start.config.as_deref().unwrap_or_default();
    output.message(message::configuration_file_is(config::display_given(given, &sources)));
    let [argument] = start.arguments.as_slice() else { return Err(failed(message::invalid_arguments())) };
    let ha_instance = config::ha_instance(config::first_argument(argument), &*context.platform);
    output.message(message::ha_instance_is(&ha_instance.id));
    debug::begun(context, start, &ha_instance);
    Ok(Begun { sources, read: std::sync::Mutex::new(read), ha_instance, foreground: None })
}
