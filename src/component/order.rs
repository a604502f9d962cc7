//! The order in which components are started: what a component depends on comes before it.

use super::Component;
use crate::config::{Configuration, SINGLE_SERVICE};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

/// All that a component depends on, each once: by its manifest, and by `components.<c>.launcher.dependsOn`. A component that depends on a
/// part of the single-service API ML also depends on that service, as it is the process that runs.
pub fn needs(configuration: &Configuration, component: &Component) -> Vec<String> {
    let is_part = |name: &str| configuration.is_suppressed(name) || name == SINGLE_SERVICE;
    let of_manifest = component.manifest.dependencies.iter().map(|needed| needed.name.clone());
    let mut names: Vec<String> = Vec::new();
    for name in of_manifest.chain(configuration.component_settings(&component.name).depends_on.iter().cloned()) {
        let runs_in = Some(SINGLE_SERVICE.to_string()).filter(|_| configuration.is_suppressed(&name) && !is_part(&component.name));
        for name in [name].into_iter().chain(runs_in) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// Orders `names` (configuration order) so that dependencies come first and nothing else moves. `dependencies` gives, by name, what each
/// needs; names that are not among `names` are left out. The members of a cycle come in
/// configuration order; the second value is the path of each cycle, its first member again at the end.
pub fn order(names: &[String], dependencies: &BTreeMap<String, Vec<String>>) -> (Vec<String>, Vec<Vec<String>>) {
    let index: HashMap<&str, usize> = names.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
    let mut cycles: Vec<Vec<String>> = Vec::new();
    let mut needs: Vec<Vec<usize>> = Vec::with_capacity(names.len());
    for name in names {
        let mut own = Vec::new();
        for needed in dependencies.get(name).into_iter().flatten() {
            match index.get(needed.as_str()) {
                Some(at) if !own.contains(at) => own.push(*at),
                _ => {}
            }
        }
        needs.push(own);
    }
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
    for (name, own) in needs.iter().enumerate() {
        for needed in own {
            if let Some(list) = needed_by.get_mut(*needed) {
                list.push(name);
            }
        }
    }
    let mut open: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut placed = vec![false; names.len()];
    let mut ready: BinaryHeap<Reverse<usize>> = (0..names.len()).filter(|at| open.get(*at) == Some(&0)).map(Reverse).collect();
    let mut ordered = Vec::with_capacity(names.len());
    loop {
        let next = match ready.pop() {
            Some(Reverse(next)) => next,
            None => {
                let Some(start) = placed.iter().position(|placed| !placed) else { break };
                let cycle = cycle_from(start, &needs, &placed);
                cycles.push(cycle.iter().chain(cycle.first()).filter_map(|at| names.get(*at)).cloned().collect());
                cycle.into_iter().min().unwrap_or(start)
            }
        };
        if placed.get(next).copied().unwrap_or(true) {
            continue;
        }
        if let Some(done) = placed.get_mut(next) {
            *done = true;
        }
        ordered.extend(names.get(next).cloned());
        for dependent in needed_by.get(next).into_iter().flatten() {
            if let Some(count) = open.get_mut(*dependent) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.push(Reverse(*dependent));
                }
            }
        }
    }
    (ordered, cycles)
}

/// Where nothing is ready, everything that is not placed needs something that is not placed: following that ends in a cycle.
fn cycle_from(start: usize, needs: &[Vec<usize>], placed: &[bool]) -> Vec<usize> {
    let mut path = vec![start];
    let mut at = start;
    loop {
        let unmet = |needed: &&usize| placed.get(**needed) == Some(&false);
        let Some(next) = needs.get(at).and_then(|own| own.iter().find(unmet)) else { return path };
        if let Some(from) = path.iter().position(|seen| seen == next) {
            return path.split_off(from);
        }
        path.push(*next);
        at = *next;
    }
}
