//! What is asked for when it is looked at: HA instances, the configuration and where its values come from, jobs. On threads of their own.

use super::shared::Shared;
use crate::component;
use crate::config::{self, Configuration, HaInstance, LoadRequest};
use crate::ha::ask::{self, Access, PemFiles};
use crate::ha::compare::running;
use crate::ha::lock::{self, Places};
use crate::ha::operator::Operator;
use crate::ha::status as ha_status;
use crate::ha::target::{self, Named, Target};
use crate::ha::traffic::seen::Balancer;
use crate::inspect;
use crate::message::Message;
use crate::output::printable;
use crate::platform::NativePlatform;
use crate::system::SystemDirectory;
use serde_json::Value;
use std::collections::HashMap;
use zwelnch_panel::{Condition, Row, Table};

fn table(columns: &[&str]) -> Table {
    Table { columns: columns.iter().map(|column| (*column).to_owned()).collect(), ..Table::default() }
}

fn noted(mut table: Table, notes: impl IntoIterator<Item = String>) -> Table {
    table.notes.extend(notes.into_iter().map(|note| printable(&note).into_owned()));
    table
}

fn texts(messages: Vec<Message>) -> Vec<String> {
    messages.iter().map(ToString::to_string).collect()
}

const NO_CONFIGURATION: &str = "Which configuration it runs with is not known: --config names it";

/// What `zwelnch ha status` knows.
pub(super) fn high_availability(shared: &Shared) -> Table {
    let empty = table(&ha_status::COLUMNS);
    let config = shared.board().config.clone();
    let (Some(config), Some(system)) = (config, &shared.system) else {
        return noted(empty, [if shared.system.is_none() { "Only a journal is read" } else { NO_CONFIGURATION }.to_owned()]);
    };
    let platform = NativePlatform::for_command();
    let targets = match target::targets(&[Named { id: None, config }], &platform) {
        Ok(targets) => targets,
        Err(error) => return noted(empty, texts(error.messages())),
    };
    let mut notes = Vec::new();
    let mut reached: Vec<(Target, Access)> = Vec::new();
    for target in targets {
        match Access::of(&target, &PemFiles::default()) {
            Ok(access) => reached.push((target, access)),
            Err(error) => notes.push(format!("{}: {error}", target.id)),
        }
    }
    let launcher = |target: &Target| ha_status::launcher(target, system, ask::TIMEOUT);
    let mut all = ha_status::gather(&reached, &Operator::sysname(system), &launcher, ask::TIMEOUT);
    ha_status::add_traffic(&mut all, &reached, system, &Balancer::Distributor { stack: None });
    let places = Places::of(reached.iter().map(|(target, _)| target), None);
    let rollouts = places.of_rollouts();
    notes.extend([&places, &rollouts].into_iter().flat_map(|places| lock::look(places, &platform)).map(|seen| seen.to_string()));
    notes.extend(running::idle_interfaces(&reached.iter().map(|(target, _)| &target.configuration).collect::<Vec<_>>()));
    notes.extend(all.iter().flat_map(|status| ha_status::faults(status).into_iter().map(|fault| format!("{}: {fault}", status.id))));
    let rows = all.iter().map(|status| Row {
        condition: Some(if status.is_good() { Condition::Good } else { Condition::Failed }),
        cells: ha_status::row(status).iter().map(|cell| printable(cell).into_owned()).collect(),
    });
    noted(Table { rows: rows.collect(), ..empty }, notes)
}

/// The configuration of the instance that is shown.
fn loaded(config: &str, ha_instance: Option<&str>) -> Result<Configuration, Vec<String>> {
    let platform = NativePlatform::for_command();
    let sources = config::parse_sources(config).map_err(|error| texts(vec![error.message()]))?;
    let ha_instance = ha_instance.map_or_else(HaInstance::none, |id| config::ha_instance(id, &platform));
    Configuration::load(&LoadRequest { sources: &sources, ha_instance: &ha_instance, platform: &platform })
        .map_err(|error| texts(error.messages()))
}

/// Values, secrets masked, and where they come from, as `zwelnch config --origin` knows it.
pub(super) fn configuration(shared: &Shared) -> Table {
    let empty = table(&["PROPERTY", "VALUE", "FROM"]);
    let (config, ha_instance) = {
        let board = shared.board();
        (board.config.clone(), board.fold.ha_instance().map(str::to_owned))
    };
    let Some(config) = config else { return noted(empty, [NO_CONFIGURATION.to_owned()]) };
    let configuration = match loaded(&config, ha_instance.as_deref()) {
        Ok(configuration) => configuration,
        Err(notes) => return noted(empty, notes),
    };
    let view = inspect::ConfigView { overlaid: true, format: inspect::Format::Json, path: None, show_secrets: false, origin: true };
    let leaves = inspect::config(&configuration, view).map_err(|error| error.to_string());
    let leaves = leaves.and_then(|text| serde_json::from_str::<Vec<Value>>(&text).map_err(|error| error.to_string()));
    match leaves {
        Ok(leaves) => noted(Table { rows: leaves.iter().map(leaf).collect(), ..empty }, [format!("CONFIG is {config}; as it stands now")]),
        Err(why) => noted(empty, [why]),
    }
}

fn leaf(leaf: &Value) -> Row {
    let text = |name: &str| leaf.get(name).and_then(Value::as_str).unwrap_or_default();
    let value = match leaf.get("value") {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => String::new(),
    };
    // The last two names of a path tell files apart, also those that are all called manifest.yaml.
    let file = text("file");
    let from = file.rmatch_indices('/').nth(1).map_or(file, |(at, _)| &file[at + 1..]);
    let line = leaf.get("line").and_then(Value::as_u64).map_or_else(String::new, |line| format!(":{line}"));
    let default = if leaf.get("manifestDefault") == Some(&Value::Bool(true)) { " (default)" } else { "" };
    let cells = [text("path").to_owned(), value, format!("{from}{line}{default}")];
    Row { condition: None, cells: cells.iter().map(|cell| printable(cell).into_owned()).collect() }
}

/// The first port of each component.
pub(super) fn ports(config: &str, ha_instance: Option<&str>, components: &[String]) -> HashMap<String, u16> {
    // What is wrong with it is said where it is looked at.
    let Ok(configuration) = loaded(config, ha_instance) else { return HashMap::new() };
    let listeners = component::all_listeners(&configuration, &component::survey(&configuration).installed);
    let port = |name: &String| Some((name.clone(), component::ports_of(&listeners, name).first()?.1));
    components.iter().filter_map(port).collect()
}

/// The jobs of the system.
pub(super) fn system(system: Option<&SystemDirectory>, shown: Option<&str>) -> Table {
    let empty = table(&["JOB", "JOBID", "STEP", "OWNER", "PID", "STARTED"]);
    let Some(system) = system else { return noted(empty, ["Only a journal is read: its system is not in reach".to_owned()]) };
    let (jobs, problems) = system.all_jobs();
    let rows = jobs.iter().map(|job| Row {
        condition: (shown.and_then(|shown| shown.split_once('.')).map(|(_, id)| id) == Some(job.job_id.as_str()))
            .then_some(Condition::Good),
        cells: [
            job.job_name.clone(),
            job.job_id.clone(),
            job.identifier.clone(),
            job.owner.clone(),
            job.pid.to_string(),
            job.started.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        ]
        .map(|cell| printable(&cell).into_owned())
        .into(),
    });
    noted(Table { rows: rows.collect(), ..empty }, texts(problems).into_iter().chain([format!("System {}", system.sysname())]))
}
