//! `component list`, `install`, `upgrade`, `uninstall`, `enable`, `disable`, `search` and `pack`.

use super::arguments::{Asking, Editing, Package, ReportFormat};
use super::configuration::{sources, whole_configuration};
use super::terminal::{data, document, say};
use crate::message::{self, Message};
use crate::package::{self, Asked, Installation, Removal, Scope, Stop, Subject, Voice};
use crate::platform::NativePlatform;
use std::sync::Arc;

pub(super) fn run(command: Package) -> i32 {
    match command {
        Package::List { config, format } => match whole_configuration(config.config.as_deref()) {
            Ok(configuration) => {
                match format {
                    ReportFormat::Text => document(&package::list(&configuration)),
                    ReportFormat::Json => data(&format!("{:#}", package::list_json(&configuration))),
                };
                0
            }
            Err(code) => code,
        },
        Package::Install { package, component, auto_encoding, skip_enable, asking, dry_run, config } => {
            let what = package.or(component).unwrap_or_default();
            with(config.config.as_deref(), |subject| {
                let tag = auto_encoding != "no";
                let installation = Installation { what: &what, upgrade: false, tag, skip_enable, asked: asked(&asking), dry_run };
                package::install(subject, &installation)
            })
        }
        Package::Upgrade { package, component, auto_encoding, asking, dry_run, config } => {
            let what = package.or(component).unwrap_or_default();
            with(config.config.as_deref(), |subject| {
                let tag = auto_encoding != "no";
                let installation = Installation { what: &what, upgrade: true, tag, skip_enable: true, asked: asked(&asking), dry_run };
                package::install(subject, &installation)
            })
        }
        Package::Uninstall { named, asking, dry_run, config } => {
            let name = named.name.or(named.component).unwrap_or_default();
            with(config.config.as_deref(), |subject| package::uninstall(subject, &Removal { name: &name, asked: asked(&asking), dry_run }))
        }
        Package::Enable(editing) => edit(editing, true),
        Package::Disable(editing) => edit(editing, false),
        Package::Search { name, component, id, asking, config } => {
            let name = name.or(component);
            with(config.config.as_deref(), |subject| package::search(subject, name.as_deref(), id.as_deref(), asked(&asking)))
        }
        #[cfg(feature = "emulation")]
        Package::Pack { directory, output, include_ignored } => {
            let packing = package::Packing { directory: &directory, output: output.as_deref(), ignored: include_ignored };
            ended(pack(&packing))
        }
    }
}

fn asked(asking: &Asking) -> Asked<'_> {
    Asked { handler: asking.handler.as_deref(), registry: asking.registry.as_deref() }
}

fn edit(editing: Editing, enabled: bool) -> i32 {
    let name = editing.named.name.or(editing.named.component).unwrap_or_default();
    with(editing.config.config.as_deref(), |subject| {
        let scope = editing.ha_instance.as_deref().map_or(Scope::Global, Scope::Instance);
        if package::enable(subject, &name, scope, enabled, editing.dry_run)? && !editing.dry_run {
            subject.voice.say(message::reload_takes_it_up());
        }
        Ok(())
    })
}

/// Loads the configuration and has something done with it.
fn with(config: Option<&str>, act: impl FnOnce(&mut Subject<'_>) -> Result<(), Stop>) -> i32 {
    super::set_umask();
    let (given, _) = match sources(config) {
        Ok(sources) => sources,
        Err(code) => return code,
    };
    let configuration = match whole_configuration(config) {
        Ok(configuration) => configuration,
        Err(code) => return code,
    };
    let platform = Arc::new(NativePlatform::for_command());
    ended(act(&mut Subject { configuration: &configuration, config: &given, platform, voice: &mut Terminal }))
}

fn ended(result: Result<(), Stop>) -> i32 {
    match result {
        Ok(()) => 0,
        Err(stop) => {
            stop.messages.iter().for_each(say);
            stop.code
        }
    }
}

#[cfg(feature = "emulation")]
fn pack(packing: &package::Packing<'_>) -> Result<(), Stop> {
    let packed = package::pack(packing, &NativePlatform::for_command())?;
    let file = packed.file.display();
    packed.warnings.iter().for_each(|warning| say(&message::package_odd(packing.directory.display(), warning)));
    packed.left_out.iter().for_each(|name| say(&message::not_in_package(name)));
    if packed.file.extension().is_some_and(|ending| ending == "pax") {
        document("each file has its tag for z/OS in the archive: nothing is converted there");
    } else {
        document(&format!("it has no tags; on z/OS its files would become: {}", packed.tags));
    }
    document(message::packed(file, packed.names.len(), packed.bytes, &packed.sha256).text());
    Ok(())
}

/// What is routine goes to standard output, what is wrong to standard error.
struct Terminal;

impl Voice for Terminal {
    fn say(&mut self, message: Message) {
        if matches!(message.severity(), message::Severity::Info) {
            document(message.text());
        } else {
            say(&message);
        }
    }

    fn text(&mut self, text: &str) {
        document(text);
    }
}
