//! Which metrics there are: names by Prometheus' rules (base units, `_total`, `_info`), labels that the configuration bounds.

use super::exposition::{Family, Kind, Sample};
use super::{COMPONENT_STATES, Component, INSTANCE_STATES, Instance, UPGRADE_STATES, UPGRADE_STEPS, Upgrade};

/// All families, also those without samples.
pub(super) fn families(instances: &[Instance]) -> Vec<Family> {
    let mut made = Made { instances, families: Vec::new() };
    made.of_instances();
    made.of_upgrades();
    made.of_components();
    made.families
}

struct Made<'a> {
    instances: &'a [Instance],
    families: Vec<Family>,
}

fn one(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

/// Counters are exact up to 2^53, as all numbers of Prometheus are.
fn count(number: u64) -> f64 {
    number as f64
}

impl Made<'_> {
    fn of_instances(&mut self) {
        self.instance("zwelnch_build", Kind::Info, "Version of the launcher.", |instance| {
            vec![(vec![("version", instance.version.clone())], 1.0)]
        });
        self.instance("zwelnch_start_time_seconds", Kind::Gauge, "When the launcher began, in seconds since 1970.", |instance| {
            vec![(Vec::new(), instance.started_at)]
        });
        self.instance("zwelnch_instance_state", Kind::Gauge, "State of the HA instance: 1 for the one that it is in.", |instance| {
            INSTANCE_STATES.iter().map(|state| (vec![("state", (*state).to_owned())], one(*state == instance.state))).collect()
        });
        let ready = "Whether every component that is wanted is ready, as /readyz answers.";
        self.instance("zwelnch_instance_ready", Kind::Gauge, ready, |instance| vec![(Vec::new(), one(instance.health().is_up()))]);
        let after = "From the first start command to the moment when all components were ready for the first time.";
        self.instance("zwelnch_instance_ready_duration_seconds", Kind::Gauge, after, |instance| alone(instance.ready_after));
        self.instance("zwelnch_prepare_duration_seconds", Kind::Gauge, "How long the prepare step took.", |instance| {
            alone(instance.prepared_in)
        });
        self.instance("zwelnch_prepare_phase_duration_seconds", Kind::Gauge, "How long each part of the prepare step took.", |instance| {
            phases(&instance.phases)
        });
        self.instance("zwelnch_operator_commands", Kind::Counter, "Commands of operators, by their word.", |instance| {
            instance.commands.iter().map(|(word, number)| (vec![("command", word.clone())], count(*number))).collect()
        });
    }

    fn of_upgrades(&mut self) {
        let state =
            "Whether an upgrade or rollout of the sysplex is under way, as the instance's workspace tells: 1 for the state that it is in.";
        self.instance("zwelnch_upgrade_state", Kind::Gauge, state, |instance| {
            of_upgrade(instance, ("state", &UPGRADE_STATES), |upgrade| Some(upgrade.state))
        });
        let step = "Step of the upgrade: 1 for the one that it is in.";
        self.instance("zwelnch_upgrade_step", Kind::Gauge, step, |instance| {
            of_upgrade(instance, ("step", &UPGRADE_STEPS), |upgrade| upgrade.step)
        });
    }

    fn of_components(&mut self) {
        self.component("zwelnch_component_state", Kind::Gauge, "State of the component: 1 for the one that it is in.", |component| {
            COMPONENT_STATES.iter().map(|state| (vec![("state", (*state).to_owned())], one(*state == component.state))).collect()
        });
        self.component("zwelnch_component_wanted", Kind::Gauge, "Whether it should run: 0 after an operator's STOP.", |component| {
            alone(Some(one(component.wanted)))
        });
        self.component("zwelnch_component_up", Kind::Gauge, "Whether its process runs.", |component| alone(Some(one(component.up))));
        let ready = "Whether its process runs and is ready; ready is running where nothing signals it.";
        self.component("zwelnch_component_ready", Kind::Gauge, ready, |component| alone(Some(one(component.ready))));
        self.component("zwelnch_component_restarts", Kind::Counter, "Starts after the first.", |component| {
            alone(Some(count(component.restarts)))
        });
        self.component("zwelnch_component_unasked_ends", Kind::Counter, "Ends of its process that nobody had asked for.", |component| {
            alone(Some(count(component.unasked_ends)))
        });
        let started = "When its process was made the last time, in seconds since 1970.";
        self.component("zwelnch_component_start_time_seconds", Kind::Gauge, started, |component| alone(component.started_at));
        let start = "From the decision to start it to its process, the last time.";
        self.component("zwelnch_component_start_duration_seconds", Kind::Gauge, start, |component| alone(component.start_took));
        let ready = "From its process to the signal that it is ready, the last time; absent where nothing signals it.";
        self.component("zwelnch_component_ready_duration_seconds", Kind::Gauge, ready, |component| alone(component.ready_took));
        let code = "Exit code of its process that ended last; absent where a signal ended it.";
        self.component("zwelnch_component_last_exit_code", Kind::Gauge, code, |component| alone(component.exit_code.map(f64::from)));
        let signal = "Number of the signal that ended its process the last time; absent where it ended by itself.";
        self.component("zwelnch_component_last_exit_signal", Kind::Gauge, signal, |component| alone(component.exit_signal.map(f64::from)));
        self.component("zwelnch_component_output_lines", Kind::Counter, "Lines that it has written.", |component| {
            alone(Some(count(component.lines)))
        });
        self.component("zwelnch_component_output_bytes", Kind::Counter, "Bytes that it has written.", |component| {
            alone(Some(count(component.bytes)))
        });
        let phase = "How long its validate and configure commands took in the prepare step.";
        self.component("zwelnch_component_prepare_duration_seconds", Kind::Gauge, phase, |component| phases(&component.phases));
    }

    fn instance(&mut self, name: &'static str, kind: Kind, help: &'static str, values: impl Fn(&Instance) -> Values) {
        let samples = self.instances.iter().flat_map(|instance| {
            let of_all = vec![("ha_instance", instance.ha_instance.clone())];
            values(instance).into_iter().map(move |(labels, value)| Sample { labels: [of_all.clone(), labels].concat(), value })
        });
        let samples = samples.collect();
        self.families.push(Family { name, help, kind, samples });
    }

    fn component(&mut self, name: &'static str, kind: Kind, help: &'static str, values: impl Fn(&Component) -> Values) {
        self.instance(name, kind, help, |instance| {
            let of = |component: &Component| -> Values {
                let own = |(labels, value): (Vec<_>, f64)| ([vec![("component", component.name.clone())], labels].concat(), value);
                values(component).into_iter().map(own).collect()
            };
            instance.components.iter().flat_map(of).collect()
        });
    }
}

/// Labels beside those that all samples have, and the value.
type Values = Vec<(Vec<(&'static str, String)>, f64)>;

fn alone(value: Option<f64>) -> Values {
    value.map(|value| (Vec::new(), value)).into_iter().collect()
}

/// One of these words is what an upgrade is in; no samples where nobody has looked.
fn of_upgrade(
    instance: &Instance,
    (label, words): (&'static str, &[&'static str]),
    which: impl Fn(Upgrade) -> Option<&'static str>,
) -> Values {
    let Some(upgrade) = instance.upgrade else { return Vec::new() };
    words.iter().map(|word| (vec![(label, (*word).to_owned())], one(which(upgrade) == Some(*word)))).collect()
}

fn phases(phases: &[(String, f64)]) -> Values {
    phases.iter().map(|(phase, seconds)| (vec![("phase", phase.clone())], *seconds)).collect()
}
