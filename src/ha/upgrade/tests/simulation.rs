//! A simulated world with its malice, and a judge of what clients see in it.

use super::super::*;
use crate::ha::status::ComponentState;
use std::fmt;
use std::panic::panic_any;

/// What is wrong with the world, or becomes wrong while an upgrade is under way. Peers are numbered from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Malice {
    /// Some components of the new instance never become ready.
    NeverReady,
    /// The new launcher ends by itself.
    Dies,
    /// A component of it gives up.
    GivesUp,
    /// The registries never agree about the new instance.
    NeverAgrees,
    /// START of the new instance is refused.
    NotStarted,
    /// Once it runs, whoever is asked about the new instance takes all the time there is.
    Silent,
    /// A component is ready at B only.
    OnlyHere,
    /// The registries do not agree before the upgrade.
    Disagree,
    /// QUIESCE is accepted but does nothing.
    Deaf,
    /// The balancer cannot be reached from its n-th command on.
    NoBalancerFrom(u32),
    /// All peers stop serving after n questions about them.
    PeersEndAfter(u32),
    /// Whoever is asked before each step takes so many seconds.
    Hesitates(u32),
    /// The run is killed before its n-th operation.
    KilledBefore(u32),
    /// So many quarters of a second after the beginning.
    At(u32, Event),
}

/// What happens at a point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    PeerEnds(usize),
    PeerIsBack(usize),
    /// Its launcher says ready, its gateway answers 503.
    PeerGetsSick(usize),
    SomebodyQuiescesPeer(usize),
    SomebodyResumesPeer(usize),
    /// It forgets what was quiesced.
    BalancerReloaded,
    BalancerGone,
    BalancerBack,
    /// After so many right answers one is the contrary of what is so.
    BalancerLies(u32),
    /// So many seconds late one comes, after so many in time.
    BalancerLate(u32, u32),
    /// The launcher of this version says once that all is ready, whatever is so.
    OldLauncherLies,
    NewLauncherLies,
    OldGetsSick,
    NewGetsSick,
    NewRecovers,
    SomebodyQuiescesB,
    SomebodyResumesB,
    SomebodyStopsOld,
    SomebodyStopsNew,
    SomebodyStartsOld,
    DiskFull,
    DiskFree,
    /// The run is killed.
    Killed,
}

/// A world, and what becomes of it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Story {
    pub peers: usize,
    /// The balancer tells who gets new connections, and counts them.
    pub tells: bool,
    /// Quiescing ends with the listener.
    pub forgets: bool,
    pub connections: u64,
    pub malice: Vec<Malice>,
}

/// As it is told after a failure.
impl fmt::Debug for Story {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Story { peers, tells, forgets, connections, .. } = self;
        write!(formatter, "{peers} peers; tells: {tells}, forgets: {forgets}, connections: {connections}; ")?;
        let mut malice = self.malice.clone();
        malice.sort_by_key(|one| if let Malice::At(when, _) = one { *when } else { 0 });
        for one in malice {
            match one {
                Malice::At(when, event) => write!(formatter, "after {} s {event:?}; ", f64::from(when) / 4.0)?,
                other => write!(formatter, "{other:?}; ")?,
            }
        }
        Ok(())
    }
}

impl Story {
    /// One peer, a balancer that tells, and three connections.
    pub(in crate::ha::upgrade) fn of(malice: &[Malice]) -> Story {
        Story { peers: 1, tells: true, forgets: false, connections: 3, malice: malice.to_vec() }
    }
}

/// The run was killed.
pub(super) struct Killed;

#[derive(Debug, Clone)]
pub(super) struct Instance {
    pub up_since: Option<Duration>,
    pub sick: bool,
}

#[derive(Debug, Clone)]
struct Peer {
    up: bool,
    sick: bool,
    given: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Simulation {
    pub story: Story,
    pub time: Duration,
    pub old: Instance,
    pub new: Instance,
    peers: Vec<Peer>,
    /// New connections are kept from B.
    pub quiesced: bool,
    pub connections: u64,
    pub kept: Option<Progress>,
    /// The new instance was verified.
    verified: bool,
    /// A run has begun to change things.
    is_begun: bool,
    hesitated: u32,
    pub operations: u32,
    balancer_commands: u32,
    peer_questions: u32,
    is_gone: bool,
    /// After how many answers.
    lies: Option<u32>,
    late: Option<(Duration, u32)>,
    launcher_lies: Option<Who>,
    disk_is_full: bool,
    /// Which version ran, old and new, when the run said that it is over: what people stop afterwards is their business.
    pub ran_at_the_end: [bool; 2],
    is_killed: bool,
    /// When the run was last told something that is not so, or no longer.
    misled: Option<Duration>,
    /// Since when nobody who is ready gets connections although B is ready, and since when the unverified B gets some beside others.
    starved: Option<Duration>,
    exposed: Option<Duration>,
    /// What clients, or an operator, would complain about.
    pub violations: Vec<String>,
    pub lines: Vec<String>,
    /// The step that was begun and has not ended.
    at_work: Option<&'static str>,
    pub deadline: Option<Duration>,
}

/// What a question may take where nothing hurries.
const QUESTION: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(250);

pub(super) const BEGUN: Duration = Duration::from_secs(100);
const READY_AFTER: Duration = Duration::from_secs(5);
const LISTENS_AFTER: Duration = Duration::from_secs(2);

pub(super) const PATIENCE: Patience = Patience {
    drain: Duration::from_secs(20),
    stop: Duration::from_secs(30),
    ready: Duration::from_secs(60),
    rollback: Duration::from_secs(60),
    verify: Duration::from_secs(30),
    interval: Duration::from_secs(1),
};

fn failed(why: &str) -> UpgradeError {
    UpgradeError::Faults(vec![why.to_owned()])
}

impl Simulation {
    pub(in crate::ha::upgrade) fn of(story: Story) -> Simulation {
        let peer = Peer { up: true, sick: false, given: true };
        let mut world = Simulation {
            time: BEGUN,
            old: Instance { up_since: Some(Duration::ZERO), sick: false },
            new: Instance { up_since: None, sick: false },
            peers: vec![peer; story.peers],
            quiesced: false,
            connections: story.connections,
            kept: None,
            verified: false,
            is_begun: false,
            hesitated: 0,
            operations: 0,
            balancer_commands: 0,
            peer_questions: 0,
            is_gone: false,
            lies: None,
            late: None,
            launcher_lies: None,
            ran_at_the_end: [false; 2],
            disk_is_full: false,
            is_killed: false,
            misled: None,
            starved: None,
            exposed: None,
            violations: Vec::new(),
            lines: Vec::new(),
            at_work: None,
            deadline: None,
            story,
        };
        world.events();
        world
    }

    pub(in crate::ha::upgrade) fn with(malice: &[Malice]) -> Simulation {
        Simulation::of(Story::of(malice))
    }

    pub(in crate::ha::upgrade) fn has(&self, malice: Malice) -> bool {
        self.story.malice.contains(&malice)
    }

    fn age(&self, who: Who) -> Option<Duration> {
        self.instance(who).up_since.map(|since| self.time.saturating_sub(since))
    }

    fn instance(&self, who: Who) -> &Instance {
        if who == Who::Old { &self.old } else { &self.new }
    }

    fn instance_mut(&mut self, who: Who) -> &mut Instance {
        if who == Who::Old { &mut self.old } else { &mut self.new }
    }

    /// Whether it answers clients.
    pub(in crate::ha::upgrade) fn is_ready(&self, who: Who) -> bool {
        let in_time = self.age(who).is_some_and(|age| age >= READY_AFTER) && !self.instance(who).sick;
        in_time && !(who == Who::New && (self.has(Malice::NeverReady) || self.has(Malice::GivesUp)))
    }

    fn peers_are_gone(&self) -> bool {
        self.story.malice.iter().any(|one| matches!(one, Malice::PeersEndAfter(count) if self.peer_questions >= *count))
    }

    pub(in crate::ha::upgrade) fn a_peer_serves(&self) -> bool {
        !self.peers_are_gone() && self.peers.iter().any(|peer| peer.up && !peer.sick && peer.given)
    }

    /// Whether new connections are answered by anyone.
    pub(in crate::ha::upgrade) fn serves(&self) -> bool {
        self.a_peer_serves() || (!self.quiesced && (self.is_ready(Who::Old) || self.is_ready(Who::New)))
    }

    fn listens(&self, who: Who) -> bool {
        self.age(who).is_some_and(|age| age >= LISTENS_AFTER)
    }

    fn balancer_is_gone(&self) -> bool {
        self.is_gone || self.story.malice.iter().any(|one| matches!(one, Malice::NoBalancerFrom(from) if self.balancer_commands >= *from))
    }

    /// The run may do something about it, since it has begun to change things, and it can: the balancer takes commands and does what they
    /// say.
    fn is_possible(&self) -> bool {
        self.is_begun && !self.balancer_is_gone() && !self.has(Malice::Deaf)
    }

    /// The answers that led to this moment are true, so that what is done is the run's own fault.
    fn is_informed(&self) -> bool {
        self.misled != Some(self.time)
    }

    fn complain(&mut self, what: String) {
        if self.violations.iter().any(|one| one.ends_with(&what)) {
            return;
        }
        let at = self.time.saturating_sub(BEGUN).as_secs_f64();
        self.violations.push(format!("after {at} s: {what}"));
    }

    /// What happens at this moment.
    fn events(&mut self) {
        let now = self.time.saturating_sub(BEGUN);
        for malice in self.story.malice.clone() {
            if let Malice::At(when, event) = malice {
                if TICK * when == now {
                    self.happens(event);
                }
            }
        }
    }

    pub(in crate::ha::upgrade) fn happens(&mut self, event: Event) {
        self.lines.push(format!("[{:?} {event:?}]", self.time.saturating_sub(BEGUN)));
        match event {
            Event::PeerEnds(peer) => self.peers[peer].up = false,
            Event::PeerIsBack(peer) => (self.peers[peer].up, self.peers[peer].sick) = (true, false),
            Event::PeerGetsSick(peer) => self.peers[peer].sick = true,
            Event::SomebodyQuiescesPeer(peer) => self.peers[peer].given = false,
            Event::SomebodyResumesPeer(peer) => self.peers[peer].given = true,
            Event::BalancerReloaded => {
                self.quiesced = false;
                self.peers.iter_mut().for_each(|peer| peer.given = true);
            }
            Event::BalancerGone => self.is_gone = true,
            Event::BalancerBack => self.is_gone = false,
            Event::BalancerLies(after) => self.lies = self.story.tells.then_some(after),
            Event::BalancerLate(seconds, after) => self.late = Some((Duration::from_secs(seconds.into()), after)),
            Event::OldLauncherLies => self.launcher_lies = Some(Who::Old),
            Event::NewLauncherLies => self.launcher_lies = Some(Who::New),
            Event::OldGetsSick => self.old.sick = true,
            Event::NewGetsSick => self.new.sick = true,
            Event::NewRecovers => self.new.sick = false,
            Event::SomebodyQuiescesB => self.quiesced = true,
            Event::SomebodyResumesB => self.quiesced = false,
            Event::SomebodyStopsOld => self.old.up_since = None,
            Event::SomebodyStopsNew => self.new.up_since = None,
            Event::SomebodyStartsOld if self.old.up_since.is_none() && self.new.up_since.is_none() => self.old.up_since = Some(self.time),
            Event::SomebodyStartsOld => {}
            Event::DiskFull => self.disk_is_full = true,
            Event::DiskFree => self.disk_is_full = false,
            Event::Killed => self.is_killed = true,
        }
    }

    /// Time passes, in which clients connect. `looks`: the run is not itself waiting for an answer.
    fn pass(&mut self, time: Duration, looks: bool) {
        let end = self.time + time;
        while self.time < end {
            let second = self.time.as_secs();
            self.time = (self.time + TICK).min(end);
            self.events();
            if self.has(Malice::Dies) && self.age(Who::New).is_some_and(|age| age > Duration::from_secs(3)) {
                self.new.up_since = None;
            }
            if self.time.as_secs() > second {
                self.connections = self.connections.saturating_sub(1);
            }
            if !looks {
                self.misled = Some(self.time);
            }
            self.judge();
        }
    }

    /// The invariant: who is ready gets connections, and the unverified B none beside others, within a second of when it is possible to see
    /// to it. A run that was told something wrong or that waits for an answer has a second from then on.
    fn judge(&mut self) {
        let now = self.time;
        let forgiven = !self.is_possible() || self.is_killed;
        let is_starved = !self.serves() && (self.is_ready(Who::Old) || self.is_ready(Who::New));
        let is_exposed = self.is_exposed();
        let since = |is: bool, since: Option<Duration>| if is && !forgiven { since.or(Some(now)) } else { None };
        (self.starved, self.exposed) = (since(is_starved, self.starved), since(is_exposed, self.exposed));
        let misled = self.misled.unwrap_or_default();
        let too_long = |since: Option<Duration>| since.is_some_and(|since| now - since.max(misled) > PATIENCE.interval);
        if too_long(self.starved) {
            self.complain("nobody serves though B is ready".to_owned());
        }
        if too_long(self.exposed) {
            self.complain("clients get the unverified B though somebody else serves".to_owned());
        }
    }

    fn is_exposed(&self) -> bool {
        let knows = self.story.tells || !self.story.forgets;
        knows && self.listens(Who::New) && !self.verified && !self.quiesced && self.a_peer_serves()
    }

    /// When the run is over, nobody looks any more: one wrong answer is no excuse.
    pub(in crate::ha::upgrade) fn judge_the_end(&mut self) {
        if let Some(word) = self.at_work.take() {
            self.complain(format!("{word} was begun and has not ended"));
        }
        if !self.is_possible() {
            return;
        }
        if !self.serves() && (self.is_ready(Who::Old) || self.is_ready(Who::New)) {
            self.complain("left so that nobody serves though B is ready".to_owned());
        }
        if self.is_exposed() {
            self.complain("left with clients at the unverified B".to_owned());
        }
    }

    /// Whether a run that says B serves is right.
    pub(in crate::ha::upgrade) fn is_given(&self) -> bool {
        !self.quiesced || !self.story.tells || !self.is_informed() || !self.is_possible()
    }

    fn operation(&mut self) {
        self.operations += 1;
        self.is_killed |= self.has(Malice::KilledBefore(self.operations));
        self.dies();
    }

    fn dies(&mut self) {
        if std::mem::take(&mut self.is_killed) {
            panic_any(Killed);
        }
    }

    /// Nobody runs the upgrade for a moment.
    pub(in crate::ha::upgrade) fn unattended(&mut self) {
        self.at_work = None;
        self.pass(Duration::from_secs(1), false);
        self.is_begun = self.kept.is_some();
    }

    /// The balancer's answer, which may be late.
    fn balancer_answers(&mut self, is_gone: bool) -> Result<(), UpgradeError> {
        match self.late.take() {
            Some((time, 0)) => self.pass(time, false),
            Some((time, after)) => self.late = Some((time, after - 1)),
            None => {}
        }
        if is_gone { Err(failed("no such socket")) } else { Ok(()) }
    }

    /// To a command, which it has carried out before it answers.
    fn commanded(&mut self, quiesced: Option<bool>) -> Result<(), UpgradeError> {
        self.balancer_commands += 1;
        let is_gone = self.balancer_is_gone();
        if let Some(quiesced) = quiesced.filter(|_| !is_gone) {
            self.quiesced = quiesced && !self.has(Malice::Deaf);
        }
        self.judge();
        self.balancer_answers(is_gone)
    }

    /// To a question, which may be wrong besides.
    fn answered<T>(&mut self, truth: T, contrary: impl FnOnce(T) -> T) -> Result<T, UpgradeError> {
        let is_gone = self.balancer_is_gone();
        self.balancer_answers(is_gone)?;
        let after = self.lies.take();
        if after == Some(0) {
            self.misled = Some(self.time);
            return Ok(contrary(truth));
        }
        self.lies = after.map(|after| after - 1);
        Ok(truth)
    }

    /// Whether nobody answers; then the question has taken its time.
    fn is_silent(&mut self, who: Who) -> bool {
        let silent = self.has(Malice::Silent) && who == Who::New && self.age(who).is_some();
        if silent {
            let left = self.deadline.map(|deadline| deadline.saturating_sub(self.time).max(Duration::from_secs(1)));
            self.time += left.map_or(QUESTION, |left| left.min(QUESTION));
        }
        silent
    }
}

impl World for Simulation {
    fn say(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }

    fn told(&mut self, sight: Sight<'_>) {
        match sight {
            Sight::Begun { word, .. } => assert_eq!(self.at_work.replace(word), None, "one step at a time"),
            Sight::Ended(_) => assert!(self.at_work.take().is_some(), "what ends was begun"),
            Sight::Draining { .. } => assert!(self.at_work.is_some(), "a step drains"),
        }
    }

    fn keep(&mut self, progress: Option<Progress>) -> Result<(), UpgradeError> {
        self.operation();
        if self.disk_is_full && progress.is_some() {
            return Err(failed("no space left on device"));
        }
        self.kept = progress;
        self.ran_at_the_end = [&self.old, &self.new].map(|one| one.up_since.is_some());
        self.is_begun |= progress.is_some();
        self.verified |= matches!(progress, Some(Progress::Forward(step)) if step >= Step::Resume);
        Ok(())
    }

    fn approve(&mut self, _: &str) -> Approval {
        let hesitates = |one: &Malice| if let Malice::Hesitates(seconds) = one { Some(*seconds) } else { None };
        if self.hesitated < self.story.malice.iter().find_map(hesitates).unwrap_or(0) {
            self.hesitated += 1;
            self.pass(PATIENCE.interval, true);
            return Approval::Waiting;
        }
        self.hesitated = 0;
        Approval::Go
    }

    fn now(&self) -> Duration {
        self.time
    }

    fn pause(&mut self, time: Duration) {
        assert!(!time.is_zero() && time <= PATIENCE.interval, "a busy wait, or one without a look: {time:?}");
        self.pass(time, true);
        self.dies();
    }

    fn answers_until(&mut self, deadline: Option<Duration>) {
        self.deadline = deadline;
    }

    fn peer_faults(&mut self) -> Vec<String> {
        self.peer_questions += 1;
        let gone = self.peers_are_gone();
        let at_fault = self.peers.iter().enumerate().filter(|(_, peer)| gone || !peer.up || peer.sick);
        at_fault.map(|(number, _)| format!("peer {number} is not active")).collect()
    }

    fn peers(&mut self) -> Vec<Standing> {
        let gone = self.peers_are_gone();
        let ready: Vec<bool> = self.peers.iter().map(|peer| peer.up && !peer.sick && !gone).collect();
        let given: Vec<bool> = self.peers.iter().map(|peer| peer.given).collect();
        let given = self.answered(given, |given| given.into_iter().map(|one| !one).collect());
        let known = |is: bool, why: &str| if is { Known::Yes } else { Known::No(why.to_owned()) };
        let standing = |(number, ready): (usize, bool)| Standing {
            name: format!("peer {number}"),
            ready: known(ready, "gateway: connection refused"),
            given: match &given {
                _ if !self.story.tells => Known::Unknown("the balancer does not tell".to_owned()),
                Ok(given) => known(given[number], "the balancer gives it nothing"),
                Err(why) => Known::Unknown(why.to_string()),
            },
            verified: true,
        };
        ready.into_iter().enumerate().map(standing).collect()
    }

    fn registry_faults(&mut self) -> Vec<String> {
        if self.has(Malice::Disagree) { vec!["before the upgrade, lpar1: its registry lacks gateway".to_owned()] } else { Vec::new() }
    }

    fn last_words(&mut self, _: Who) -> Vec<String> {
        vec!["IEF450I ABENDED".to_owned()]
    }

    fn only_here(&mut self) -> Vec<String> {
        if self.has(Malice::OnlyHere) { vec!["component hello is ready at lpar2 only".to_owned()] } else { Vec::new() }
    }

    fn quiesced(&mut self) -> Result<Option<bool>, UpgradeError> {
        let quiesced = self.answered(self.quiesced, |truth| !truth)?;
        Ok(self.story.tells.then_some(quiesced))
    }

    fn check_traffic(&mut self) -> Result<(), UpgradeError> {
        self.commanded(None)
    }

    fn quiesce(&mut self) -> Result<(), UpgradeError> {
        self.operation();
        let works = self.is_ready(Who::Old) || self.is_ready(Who::New);
        if self.is_informed() && self.is_possible() && works && !self.quiesced && !self.a_peer_serves() {
            self.complain("the only one that serves is taken away".to_owned());
        }
        self.commanded(Some(true))
    }

    fn resume(&mut self) -> Result<(), UpgradeError> {
        self.operation();
        let works = self.is_ready(Who::Old) || self.is_ready(Who::New);
        if self.is_informed() && !works {
            self.complain("traffic is resumed to what does not work".to_owned());
        }
        if self.is_informed() && !self.is_ready(Who::Old) && !self.verified && self.a_peer_serves() {
            self.complain("traffic is resumed to what is not verified".to_owned());
        }
        self.commanded(Some(false))
    }

    fn connections(&mut self) -> Result<Option<u64>, UpgradeError> {
        Ok(self.story.tells.then_some(self.connections))
    }

    fn start(&mut self, who: Who) -> Result<(), UpgradeError> {
        self.operation();
        if self.old.up_since.is_some() || self.new.up_since.is_some() {
            self.complain("two of one instance".to_owned());
        }
        if who == Who::New && self.has(Malice::NotStarted) {
            return Err(failed("IEF452I JOB NOT RUN - JCL ERROR"));
        }
        let time = self.time;
        *self.instance_mut(who) = Instance { up_since: Some(time), sick: false };
        self.verified &= who == Who::Old;
        Ok(())
    }

    fn stop(&mut self, who: Who) -> Result<(), UpgradeError> {
        self.operation();
        // One wrong answer, or a late one, is no excuse. Where the balancer does not tell, its answers to commands are all there is.
        if self.story.tells && !self.quiesced && (self.is_ready(who) || self.a_peer_serves()) {
            self.complain(format!("{who:?} is stopped with traffic on it"));
        }
        if !self.a_peer_serves() && self.is_ready(who) && (self.story.tells || self.peers.iter().all(|peer| !peer.up)) {
            self.complain(format!("{who:?}, ready, is stopped with nobody else"));
        }
        self.instance_mut(who).up_since = None;
        if self.story.forgets {
            // Only the peers' listeners are left until another one binds, which then gets connections.
            self.quiesced = false;
        }
        Ok(())
    }

    fn launcher(&mut self, who: Who) -> Launcher {
        if self.is_silent(who) {
            return Launcher::Unknown("no answer".to_owned());
        }
        let state = |state: &str, ready| Launcher::Active(vec![ComponentState { name: "gateway".into(), state: state.into(), ready }]);
        if self.launcher_lies == Some(who) {
            (self.launcher_lies, self.misled) = (None, Some(self.time));
            return state("ready", true);
        }
        match self.age(who) {
            None => Launcher::NotActive,
            Some(_) if who == Who::New && self.has(Malice::GivesUp) => state("failed", false),
            // It does not see that its gateway answers 503.
            Some(age) if age >= READY_AFTER && !(who == Who::New && self.has(Malice::NeverReady)) => state("ready", true),
            Some(_) => state("running", false),
        }
    }

    fn gateway(&mut self, who: Who) -> Result<(), UpgradeError> {
        if self.is_silent(who) {
            return Err(failed("no answer"));
        }
        if !self.listens(who) {
            return Err(failed("connection refused"));
        }
        if self.instance(who).sick { Err(failed("answered with status 503")) } else { Ok(()) }
    }

    fn verify(&mut self, who: Who) -> Findings {
        let mut differences = Vec::new();
        if self.is_silent(who) || !self.listens(who) {
            differences.push("lpar2: its Discovery Service cannot be asked".to_owned());
        }
        if self.peers_are_gone() || self.peers.iter().any(|peer| !peer.up) {
            differences.push("lpar1: its Discovery Service cannot be asked".to_owned());
        }
        if who == Who::New && self.has(Malice::NeverAgrees) {
            differences.push("lpar1: its registry lacks gateway".to_owned());
        }
        Findings { differences, views: Vec::new() }
    }
}
