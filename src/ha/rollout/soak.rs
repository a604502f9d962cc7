//! Whether a new version is as good as its peers: what is counted of each between two samples, and the verdict. Pure.

use super::record::Rollout;

/// One look at all instances, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sample(pub Vec<Seen>);

/// One look at one instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// What the balancer has counted since it was started: requests (connections, where it sees no more) and errors. None where it does
    /// not tell.
    pub balancer: Option<Counters>,
    /// How many questions it was asked: its gateway's health, and each path of `--probe`.
    pub asked: u64,
    /// What was wrong with the answers, one text each.
    pub faults: Vec<String>,
}

/// HAProxy's counters of a server: `stot` or `req_tot`, and `hrsp_5xx`, `econ` and `eresp` together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    pub requests: u64,
    pub errors: u64,
}

/// What an instance has done during the soak.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    pub requests: u64,
    pub errors: u64,
    /// The last fault, in words.
    pub last: Option<String>,
    counters: Option<Counters>,
}

impl Tally {
    /// Counts a sample in. Counters that have become smaller are those of a balancer that was restarted: they begin at nothing.
    pub fn add(&mut self, seen: &Seen) {
        self.requests += seen.asked;
        self.errors += seen.faults.len() as u64;
        if let Some(fault) = seen.faults.last() {
            self.last = Some(fault.clone());
        }
        let Some(now) = seen.balancer else { return };
        let was = self.counters.replace(now);
        // The first sample is where the counting begins.
        let Some(was) = was else { return };
        let grown = |was: u64, now: u64| if now >= was { now - was } else { now };
        let errors = grown(was.errors, now.errors);
        self.requests += grown(was.requests, now.requests);
        self.errors += errors;
        if errors > 0 {
            self.last = Some(format!("the balancer has counted {errors} errors (5xx, econ, eresp)"));
        }
    }
}

/// All tallies of a soak, in the order of the instances.
#[derive(Debug, Clone, Default)]
pub struct Soak(Vec<Tally>);

/// What the comparison of an instance with its peers gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub index: usize,
    /// Errors beyond those that its peers would have had with as many requests.
    pub excess: u64,
    /// In words.
    pub why: String,
}

impl Soak {
    /// Counts a sample in.
    pub fn add(&mut self, sample: &Sample) {
        self.0.resize(sample.0.len().max(self.0.len()), Tally::default());
        self.0.iter_mut().zip(&sample.0).for_each(|(tally, seen)| tally.add(seen));
    }

    /// The first of `new` that has more than `max_errors` errors beyond what its peers would have had. `peers`: whom it is compared with.
    pub fn verdict(&self, rollout: &Rollout, new: &[usize], peers: &[usize], max_errors: u64) -> Option<Verdict> {
        let total = |of: fn(&Tally) -> u64| peers.iter().filter_map(|index| self.0.get(*index)).map(of).sum::<u64>();
        let (asked, failed) = (total(|tally| tally.requests), total(|tally| tally.errors));
        new.iter().find_map(|index| {
            let tally = self.0.get(*index)?;
            let as_peers = if asked == 0 { 0 } else { (u128::from(failed) * u128::from(tally.requests)).div_ceil(u128::from(asked)) };
            let excess = tally.errors.saturating_sub(u64::try_from(as_peers).unwrap_or(u64::MAX));
            let id = rollout.instances.get(*index).map_or("", |instance| &instance.id);
            let last = tally.last.as_deref().unwrap_or("none");
            (excess > max_errors).then(|| Verdict {
                index: *index,
                excess,
                why: format!(
                    "{id} has {} errors in {} requests, its peers have {failed} in {asked}; --max-errors allows {max_errors} more; the last \
                    one: {last}",
                    tally.errors, tally.requests
                ),
            })
        })
    }

    /// For whoever watches: `12 errors in 100 requests`.
    pub fn shown(&self, index: usize) -> String {
        let tally = self.0.get(index).cloned().unwrap_or_default();
        format!("{} errors in {} requests", tally.errors, tally.requests)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::rollout;
    use super::*;
    use proptest::prelude::*;

    fn seen(requests: u64, errors: u64) -> Seen {
        Seen { balancer: Some(Counters { requests, errors }), asked: 1, faults: Vec::new() }
    }

    fn soaked(samples: &[[(u64, u64); 3]]) -> Soak {
        let mut soak = Soak::default();
        for sample in samples {
            soak.add(&Sample(sample.iter().map(|(requests, errors)| seen(*requests, *errors)).collect()));
        }
        soak
    }

    #[test]
    fn a_new_version_is_compared_with_its_peers() {
        let of = |samples: &[[(u64, u64); 3]], max| soaked(samples).verdict(&rollout(3), &[0], &[1, 2], max);
        let begin = [(1000, 500), (1000, 1), (1000, 2)];
        // What was before does not count.
        assert_eq!(of(&[begin, [(1100, 500), (1100, 1), (1100, 2)]], 0), None);
        let bad = of(&[begin, [(1100, 505), (1100, 1), (1100, 2)]], 0).unwrap();
        assert_eq!((bad.index, bad.excess), (0, 5));
        assert!(bad.why.contains("5 errors in 102 requests, its peers have 0 in 204"), "{}", bad.why);
        assert_eq!(of(&[begin, [(1100, 505), (1100, 1), (1100, 2)]], 5), None, "as many as are allowed");
        // What peers suffer too is not the new version's.
        assert_eq!(of(&[begin, [(1100, 505), (1100, 6), (1100, 7)]], 0), None);
        // A balancer that was restarted counts from nothing.
        assert_eq!(of(&[begin, [(10, 0), (10, 0), (10, 0)], [(20, 0), (20, 0), (20, 0)]], 0), None);
        assert_eq!(of(&[begin, [(10, 3), (10, 0), (10, 0)]], 0).unwrap().excess, 3);
    }

    #[test]
    fn gateways_and_probes_count_without_a_balancer() {
        let mut soak = Soak::default();
        let fault = |fault: &str| Seen { balancer: None, asked: 2, faults: vec![fault.to_owned()] };
        soak.add(&Sample(vec![fault("gateway: status 503"), Seen { asked: 2, ..Seen::default() }]));
        let bad = soak.verdict(&rollout(2), &[0], &[1], 0).unwrap();
        assert!(bad.why.ends_with("the last one: gateway: status 503"), "{}", bad.why);
        assert_eq!(soak.verdict(&rollout(2), &[0], &[], 1), None);
        assert!(soak.verdict(&rollout(2), &[0], &[], 0).is_some(), "without peers each error is its own");
    }

    proptest! {
        #[test]
        fn no_errors_are_never_too_many_and_more_never_better(requests in 0..10_000_u64, peers in 0..10_000_u64, failed in 0..100_u64, errors in 0..100_u64, max in 0..50_u64) {
            let of = |errors: u64| soaked(&[[(0, 0); 3], [(requests, errors), (peers, failed), (0, 0)]]).verdict(&rollout(3), &[0], &[1, 2], max);
            prop_assert_eq!(of(0), None);
            if of(errors).is_some() {
                prop_assert!(of(errors + 1).is_some());
            }
            if errors <= max {
                prop_assert_eq!(of(errors), None);
            }
        }
    }
}
