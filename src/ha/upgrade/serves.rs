//! Who serves now: asked of launchers, gateways and the balancer, never assumed. Whatever could reduce it asks here first, and again in
//! each turn of each wait, because [`Watch::wait`] is the only way in which time passes. Contract: docs/contract/high-availability.md,
//! "Upgrade".

use super::{UpgradeError, Who, World};
use crate::ha::status::{ComponentState, Launcher};
pub use crate::ha::traffic::Known;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

/// How one instance stands towards clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// As messages name it.
    pub name: String,
    /// Its gateway answers, and of the instance that is replaced all components are ready.
    pub ready: Known,
    /// The balancer gives it new connections. Unknown where the balancer does not tell: then readiness decides.
    pub given: Known,
    /// The Discovery Services agree about it, or it served before.
    pub verified: bool,
}

impl Standing {
    /// Why its clients are not served; None: they are.
    pub fn fault(&self) -> Option<String> {
        match (&self.ready, &self.given) {
            (Known::No(why) | Known::Unknown(why), _) | (Known::Yes, Known::No(why)) => Some(format!("{}: {why}", self.name)),
            (Known::Yes, _) => None,
        }
    }
}

/// Who serves now.
#[derive(Debug)]
pub struct Serving {
    /// Asked until one is found that serves.
    pub peers: Vec<Standing>,
    /// The versions of B. Their readiness is asked where no peer serves.
    pub old: Standing,
    pub new: Standing,
    /// Whether the balancer keeps new connections from B, which both versions have in common; None where it does not tell.
    pub kept: Result<Option<bool>, UpgradeError>,
}

impl Serving {
    /// Why no peer serves; None: one does.
    pub fn alone(&self) -> Option<UpgradeError> {
        let faults: Vec<String> = self.peers.iter().map_while(Standing::fault).collect();
        (faults.len() == self.peers.len()).then_some(UpgradeError::Faults(faults))
    }

    /// The version of B that is ready.
    fn ready(&self) -> Option<Who> {
        [(Who::Old, &self.old), (Who::New, &self.new)].into_iter().find_map(|(who, one)| (one.ready == Known::Yes).then_some(who))
    }
}

/// The world of a run that has begun to change things, and what the run wants of the balancer.
pub(super) struct Watch<'a> {
    world: &'a mut dyn World,
    /// Something was changed, so that it is ours to put traffic right.
    pub changed: bool,
    /// New connections are to be kept from B as long as anyone else serves.
    pub away: bool,
    /// The new instance was verified.
    pub verified: bool,
    /// How often the balancer gave B connections that were to be kept from it.
    pub anew: u32,
    /// How many commands the balancer was given.
    pub commands: u32,
    /// The last command to the balancer was RESUME: what counts where it does not tell.
    resumed: bool,
    /// What was said last of nobody else serving, so that it is said once.
    alarm: Option<String>,
    /// The components of each version as its launcher showed them last.
    shown: [Vec<ComponentState>; 2],
}

impl<'a> Deref for Watch<'a> {
    type Target = dyn World + 'a;

    fn deref(&self) -> &Self::Target {
        self.world
    }
}

impl DerefMut for Watch<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.world
    }
}

impl<'a> Watch<'a> {
    pub(super) fn new(world: &'a mut dyn World) -> Watch<'a> {
        Watch {
            world,
            changed: false,
            away: false,
            verified: false,
            anew: 0,
            commands: 0,
            resumed: false,
            alarm: None,
            shown: Default::default(),
        }
    }

    /// The one answer to who serves now. Changes nothing.
    pub(super) fn serving(&mut self) -> Serving {
        let peers = self.world.peers();
        let kept = self.world.quiesced();
        let given = match &kept {
            Ok(Some(false)) => Known::Yes,
            Ok(Some(true)) => Known::No("the balancer keeps new connections from it".to_owned()),
            Ok(None) => Known::Unknown("the balancer does not tell who gets new connections".to_owned()),
            Err(why) => Known::Unknown(why.to_string()),
        };
        let of = |who: Who, verified| Standing {
            name: format!("the {} instance", who.word()),
            ready: Known::Unknown("not asked, because a peer serves".to_owned()),
            given: given.clone(),
            verified,
        };
        let mut serving = Serving { peers, old: of(Who::Old, true), new: of(Who::New, self.verified), kept };
        if serving.alone().is_some() {
            serving.old.ready = self.readiness(Who::Old);
            serving.new.ready = self.readiness(Who::New);
        }
        serving
    }

    /// Asks who serves, and puts right at once what can be: where nobody else serves, a version of B that is ready gets the traffic, verified
    /// or not; where somebody else does, what is to be kept from B is kept from it.
    pub(super) fn look(&mut self) -> Serving {
        let mut serving = self.serving();
        if self.changed {
            match serving.alone() {
                Some(why) => self.rescue(&serving, &why),
                None => {
                    self.alarm = None;
                    // With a balancer that cannot be asked it is not known either whether the peers get anything.
                    if self.away && serving.kept.is_ok() && self.gets(&serving.kept) {
                        if let Err(why) = self.take_away() {
                            serving.kept = Err(why.because(UpgradeError::NotQuiescedAnew));
                        }
                    }
                }
            }
        }
        serving
    }

    /// Lets some time pass, and looks.
    pub(super) fn wait(&mut self, time: Duration) -> Serving {
        self.world.pause(time);
        self.look()
    }

    fn gets(&self, kept: &Result<Option<bool>, UpgradeError>) -> bool {
        match kept {
            Ok(Some(kept)) => !kept,
            _ => self.resumed,
        }
    }

    fn rescue(&mut self, serving: &Serving, why: &UpgradeError) {
        let Some(who) = serving.ready().filter(|_| !self.gets(&serving.kept)) else { return };
        let which = who.word();
        let after = if who == Who::Old || self.verified { "" } else { ", and is verified afterwards" };
        self.alarm(format!("  ATTENTION: nobody but the {which} instance serves ({why}): it gets the traffic now{after}"));
        if let Err(error) = self.resume() {
            self.alarm(format!("  ATTENTION: traffic could not be resumed to the {which} instance: {error}"));
        }
    }

    fn take_away(&mut self) -> Result<(), UpgradeError> {
        if self.resumed {
            self.world.say("  a peer serves again: new connections are kept from it until it is verified");
        } else {
            self.world.say("  ATTENTION: the balancer gives it new connections again: quiescing anew");
            self.anew += 1;
        }
        self.quiesce()
    }

    /// Says what has not just been said.
    fn alarm(&mut self, line: String) {
        if self.alarm.as_ref() != Some(&line) {
            self.world.say(&line);
            self.alarm = Some(line);
        }
    }

    /// Keeps new connections from B, and has it confirmed where the balancer can tell.
    pub(super) fn quiesce(&mut self) -> Result<(), UpgradeError> {
        self.commands += 1;
        self.world.quiesce()?;
        self.resumed = false;
        match self.world.quiesced()? {
            Some(false) => Err(UpgradeError::StillGiven),
            _ => Ok(()),
        }
    }

    /// The same as long as anyone else serves: the only one that serves is not taken away.
    pub(super) fn keep_away(&mut self) -> Result<(), UpgradeError> {
        self.away = true;
        match self.look().alone() {
            None => self.quiesce(),
            Some(why) => {
                self.world.say(&format!("  traffic is not quiesced: {why}"));
                Ok(())
            }
        }
    }

    /// Gives B new connections, and has it confirmed where the balancer can tell.
    pub(super) fn resume(&mut self) -> Result<(), UpgradeError> {
        self.commands += 1;
        self.world.resume()?;
        self.resumed = true;
        match self.world.quiesced()? {
            Some(true) => Err(UpgradeError::StillKept),
            _ => Ok(()),
        }
    }

    /// Whether a version of B is ready this moment.
    pub(super) fn readiness(&mut self, who: Who) -> Known {
        let components = match self.asked(who) {
            Launcher::Active(components) => components,
            Launcher::NotActive => return Known::No("its job is not active".to_owned()),
            Launcher::Unknown(why) => return Known::Unknown(why),
        };
        let late: Vec<&str> = components.iter().filter(|one| !one.ready).map(|one| one.name.as_str()).collect();
        if !late.is_empty() {
            return Known::No(format!("components not ready: {}", late.join(", ")));
        }
        if components.is_empty() {
            return Known::No("no component runs".to_owned());
        }
        match self.world.gateway(who) {
            Ok(()) => Known::Yes,
            Err(why) => Known::No(format!("gateway: {why}")),
        }
    }

    /// What keeps an instance from being ready; None when it is ready.
    pub(super) fn not_ready(&mut self, who: Who) -> Option<String> {
        match self.readiness(who) {
            Known::Yes => None,
            Known::No(why) | Known::Unknown(why) => Some(why),
        }
    }

    /// How the launcher stands; what it shows is kept for when it has ended.
    pub(super) fn asked(&mut self, who: Who) -> Launcher {
        let launcher = self.world.launcher(who);
        if let Launcher::Active(components) = &launcher {
            self.shown[usize::from(who == Who::New)].clone_from(components);
        }
        launcher
    }

    /// That a launcher has ended, with what is known of why.
    pub(super) fn ended(&mut self, who: Who) -> UpgradeError {
        let mut words = self.world.last_words(who);
        if words.is_empty() {
            let shown = &self.shown[usize::from(who == Who::New)];
            let late: Vec<String> = shown.iter().filter(|one| !one.ready).map(|one| format!("{} {}", one.name, one.state)).collect();
            if !late.is_empty() {
                words.push(format!("it showed last: {}", late.join(", ")));
            }
        }
        UpgradeError::Ended { who, words }
    }
}
