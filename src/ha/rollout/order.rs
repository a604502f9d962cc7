//! In which order instances are replaced, and how many at once. Pure.

use super::RolloutError;
use super::record::{Instance, Phase};
use std::time::Duration;

/// The fewest and most instances of a sysplex.
pub const INSTANCES: std::ops::RangeInclusive<usize> = 2..=32;

/// The order in which `ids` are replaced: those of `chosen`, or all; the canary first. Indices into `ids`.
///
/// # Errors
/// [`RolloutError`] for names that are not there, twice, or too few or many instances.
pub fn order(ids: &[String], chosen: &[String], canary: Option<&str>) -> Result<Vec<usize>, RolloutError> {
    if !INSTANCES.contains(&ids.len()) {
        return Err(RolloutError::Count(ids.len()));
    }
    let find = |id: &str| {
        let wanted = crate::config::normalize_id(id);
        let found = ids.iter().position(|known| crate::config::normalize_id(known) == wanted);
        found.ok_or_else(|| RolloutError::NoInstance { id: id.to_owned(), known: ids.to_vec() })
    };
    let mut order = Vec::new();
    for id in chosen {
        let index = find(id)?;
        if order.contains(&index) {
            return Err(RolloutError::Twice(id.clone()));
        }
        order.push(index);
    }
    if order.is_empty() {
        order = (0..ids.len()).collect();
    }
    if let Some(canary) = canary {
        let index = find(canary)?;
        let at = order.iter().position(|one| *one == index).ok_or_else(|| RolloutError::Canary(canary.to_owned()))?;
        order.remove(at);
        order.insert(0, index);
    }
    Ok(order)
}

/// Who is replaced next: at most `max_unavailable` of those that wait, in their order, such that one that serves is left. The first of a
/// rollout is alone: nothing is known of its version yet. `serving`: indices of those that serve now. Empty: nobody waits, or nobody else
/// would serve.
pub fn next(instances: &[Instance], serving: &[usize], max_unavailable: usize, alone: &[String]) -> Vec<usize> {
    let waiting: Vec<usize> = (0..instances.len()).filter(|index| instances[*index].phase == Phase::Waiting).collect();
    let one_is_upgraded = instances.iter().any(|instance| instance.phase == Phase::Upgraded);
    let limit = if one_is_upgraded { max_unavailable.max(1) } else { 1 };
    let mut next: Vec<usize> = Vec::new();
    for index in waiting {
        let is_alone = alone.contains(&instances[index].id);
        let others_serve = serving.iter().any(|other| *other != index && !next.contains(other));
        if next.len() >= limit || !others_serve || (is_alone && !next.is_empty()) {
            break;
        }
        next.push(index);
        if is_alone {
            break;
        }
    }
    next
}

/// How long the instances that wait may take: from the times that earlier replacements took. None: there was none.
pub fn estimate(taken: &[Duration], waiting: usize, max_unavailable: usize, soak: Duration, one_is_upgraded: bool) -> Option<Duration> {
    let count = u32::try_from(taken.len()).ok().filter(|count| *count > 0)?;
    let mean = taken.iter().sum::<Duration>() / count;
    let alone = usize::from(waiting > 0 && !one_is_upgraded);
    let turns = alone + (waiting - alone).div_ceil(max_unavailable.max(1));
    Some((mean + soak) * u32::try_from(turns).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::tests::instances;
    use super::*;
    use proptest::prelude::*;

    fn ids(count: usize) -> Vec<String> {
        (1..=count).map(|number| format!("lpar{number}")).collect()
    }

    #[test]
    fn the_canary_is_first_and_names_are_checked() {
        let of = |chosen: &[&str], canary: Option<&str>| {
            let chosen: Vec<String> = chosen.iter().map(|id| (*id).to_owned()).collect();
            order(&ids(4), &chosen, canary).map_err(|error| error.to_string())
        };
        assert_eq!(of(&[], None), Ok(vec![0, 1, 2, 3]));
        assert_eq!(of(&[], Some("LPAR3")), Ok(vec![2, 0, 1, 3]));
        assert_eq!(of(&["lpar4", "lpar1"], Some("lpar1")), Ok(vec![0, 3]));
        assert!(of(&["lpar9"], None).unwrap_err().contains("is not one of lpar1"));
        assert!(of(&["lpar1", "LPAR1"], None).unwrap_err().contains("named twice"));
        assert!(of(&["lpar1"], Some("lpar2")).unwrap_err().contains("canary lpar2"));
        assert!(order(&ids(1), &[], None).is_err() && order(&ids(33), &[], None).is_err() && order(&ids(32), &[], None).is_ok());
    }

    #[test]
    fn an_estimate_is_what_replacements_took() {
        let seconds = Duration::from_secs;
        assert_eq!(estimate(&[], 4, 1, seconds(60), false), None);
        assert_eq!(estimate(&[seconds(10), seconds(20)], 4, 1, seconds(60), false), Some(seconds(4 * 75)));
        // The first one alone, then two at once.
        assert_eq!(estimate(&[seconds(15)], 4, 2, seconds(60), false), Some(seconds(3 * 75)));
        assert_eq!(estimate(&[seconds(15)], 4, 2, seconds(60), true), Some(seconds(2 * 75)));
        assert_eq!(estimate(&[seconds(15)], 0, 2, seconds(60), true), Some(Duration::ZERO));
    }

    proptest! {
        #[test]
        fn somebody_who_serves_is_left(phases in proptest::collection::vec(0..3_u8, 2..32), serving in proptest::collection::vec(0..32_usize, 0..32), limit in 1..40_usize) {
            let mut all = instances(phases.len());
            for (instance, phase) in all.iter_mut().zip(&phases) {
                instance.phase = [Phase::Waiting, Phase::Upgraded, Phase::LeftOut][usize::from(*phase)];
            }
            let serving: Vec<usize> = serving.into_iter().filter(|index| *index < all.len()).collect();
            let next = next(&all, &serving, limit, &[]);
            prop_assert!(next.len() <= limit);
            prop_assert!(next.iter().all(|index| all[*index].phase == Phase::Waiting));
            if !next.is_empty() {
                prop_assert!(serving.iter().any(|index| !next.contains(index)), "{next:?} of {serving:?}");
            }
            if !phases.contains(&1) {
                prop_assert!(next.len() <= 1);
            }
            // As many as there may be: nobody waits who could be among them.
            if next.is_empty() && phases.contains(&0) {
                let first = phases.iter().position(|phase| *phase == 0).unwrap();
                prop_assert!(serving.iter().all(|index| *index == first));
            }
        }
    }
}
