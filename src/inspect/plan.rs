//! `plan`: what a start would do.

use crate::component::{Component, Phase, Survey};
use crate::config::{Configuration, display_sources};
use std::fmt::Write;
use std::time::Duration;

/// Components in play and why not the others, the commands that would run in their order, and the settings in force.
pub fn plan(configuration: &Configuration, survey: &Survey) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = write_plan(&mut text, configuration, survey);
    text
}

fn write_plan(text: &mut String, configuration: &Configuration, survey: &Survey) -> std::fmt::Result {
    writeln!(text, "HA instance {}, configuration {}", configuration.ha_instance.id, display_sources(&configuration.sources))?;
    writeln!(text, "\nComponents that are started, in this order:")?;
    if survey.launched.is_empty() {
        writeln!(text, "  none")?;
    }
    for name in &survey.launched {
        let settings = configuration.component_settings(name);
        writeln!(
            text,
            "  {name}: restart after {} s, up after {} s, stop within {} s, share_as={}",
            seconds(&settings.restart_intervals),
            settings.min_uptime.as_secs(),
            settings.stop_grace.as_secs(),
            settings.share_as.name()
        )?;
    }
    writeln!(text, "\nComponents that are not started:")?;
    for (name, reason) in &survey.not_launched {
        writeln!(text, "  {name}: {reason}")?;
    }
    let configured = configuration.component_names();
    for component in survey.installed.iter().filter(|component| !configured.contains(&component.name)) {
        writeln!(text, "  {}: installed, not configured", component.name)?;
    }
    writeln!(text, "\nCommands, in this order:")?;
    for phases in [&[Phase::Validate][..], &[Phase::PreConfigure, Phase::Configure], &[Phase::Start]] {
        for component in &survey.in_play {
            for phase in phases {
                write_command(text, component, *phase)?;
            }
        }
    }
    Ok(())
}

fn write_command(text: &mut String, component: &Component, phase: Phase) -> std::fmt::Result {
    match component.command(phase) {
        Ok(Some(command)) => {
            let arguments: String = command.arguments.iter().map(|argument| format!(" {argument}")).collect();
            writeln!(text, "  {} {}: {}{arguments}", phase.name(), component.name, command.file.display())
        }
        Ok(None) => Ok(()),
        Err(error) => writeln!(text, "  {} {}: cannot run: {error}", phase.name(), component.name),
    }
}

fn seconds(intervals: &[Duration]) -> String {
    if intervals.is_empty() {
        return "no".into();
    }
    intervals.iter().map(|interval| interval.as_secs().to_string()).collect::<Vec<_>>().join(" ")
}
