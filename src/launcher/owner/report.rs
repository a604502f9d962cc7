//! What the owner says: on SYSPRINT, and to the console whose command is being answered.

use super::Owner;
use crate::component::Question;
use crate::launcher::run::ConditionCode;
use crate::launcher::{probes, tell};
use crate::message::{self, Message};
use crate::platform::AnswerSink;
use crate::supervisor::{InstanceNote, Note, Reply};
use std::time::Duration;

/// An operator's command that is being answered: its messages are written together when it is complete.
pub(super) struct Answering {
    sink: Box<dyn AnswerSink>,
    messages: Vec<Message>,
    /// SYSPRINT keeps nothing of it.
    is_private: bool,
}

impl Owner {
    /// Says something on SYSPRINT and, while a command is being answered, to the console that asked.
    pub(super) fn say(&mut self, message: Message) {
        match &mut self.answering {
            Some(answering) => {
                answering.sink.line(message.text());
                if message.is_refusal() {
                    answering.sink.refuse();
                }
                if !answering.is_private {
                    answering.messages.push(message);
                }
            }
            None => self.context.output.message(message),
        }
    }

    /// Whether what is said now is an operator's answer.
    pub(super) fn is_answering(&self) -> bool {
        self.answering.is_some()
    }

    /// What is said from now on is the answer to an operator.
    pub(super) fn begin_answer(&mut self, sink: Option<Box<dyn AnswerSink>>) {
        self.answering = sink.map(|sink| Answering { sink, messages: Vec::new(), is_private: false });
    }

    /// The same, and SYSPRINT keeps nothing of it.
    pub(super) fn begin_private_answer(&mut self, sink: Box<dyn AnswerSink>) {
        self.answering = Some(Answering { sink, messages: Vec::new(), is_private: true });
    }

    /// Writes the answer to SYSPRINT in one piece, and lets the console go.
    pub(super) fn end_answer(&mut self) {
        if let Some(answering) = self.answering.take() {
            self.context.output.messages(answering.messages);
            answering.sink.complete();
        }
    }

    /// The answer goes on when something else is done: what was said so far is written.
    pub(super) fn postpone_answer(&mut self) -> Option<Box<dyn AnswerSink>> {
        let mut answering = self.answering.take()?;
        self.context.output.messages(answering.messages);
        answering.sink.pause();
        Some(answering.sink)
    }

    /// To the console only: what programs read.
    pub(super) fn tell(&mut self, message: &Message) {
        if let Some(answering) = &mut self.answering {
            answering.sink.line(message.text());
        }
    }

    /// What there is to say of the instance as a whole.
    pub(super) fn settle(&mut self) {
        let id = self.begun.ha_instance.id.clone();
        let before = self.instance.phase();
        let notes = self.instance.settle(self.now());
        if before != self.instance.phase() {
            let now = self.instance.phase().name();
            tell::whole(&self.context.journal, before, self.instance.phase());
            self.context.output.debug(|| format!("decide: the instance is {now}, it was {}", before.name()));
        }
        for note in notes {
            if let InstanceNote::Ready { after, .. } = note {
                self.measured.ready(after);
            }
            match note {
                InstanceNote::AllStarted { failed } => {
                    self.say(if failed { message::not_all_started() } else { message::components_started() });
                    if self.begun.foreground.is_some() {
                        self.foreground_started();
                    } else {
                        self.say(message::starting_console_listener());
                    }
                    self.service_manager.started();
                    self.context.platform.notify_service_manager("READY=1\nSTATUS=components started");
                    self.give_back_memory();
                }
                // In the foreground there is but one, which speaks for itself.
                InstanceNote::Ready { .. } | InstanceNote::Degraded(_) if self.begun.foreground.is_some() => {}
                InstanceNote::Ready { ready, of, after } => {
                    self.context.platform.notify_service_manager(&format!("STATUS={ready} of {of} components ready"));
                    self.say(message::instance_ready(&id, ready, of, seconds(after)));
                }
                InstanceNote::Degraded(names) => {
                    let names = names.join(", ");
                    self.context.platform.notify_service_manager(&format!("STATUS=degraded, not ready: {names}"));
                    self.say(message::instance_degraded(&id, names));
                }
                InstanceNote::End(reason) => {
                    if self.begun.foreground.is_none() {
                        self.say(message::instance_ends_because(&id, reason));
                    }
                    self.code = ConditionCode::AllFailed;
                    self.end();
                }
            }
        }
    }

    fn watched(&self) -> Option<String> {
        self.begun.foreground.as_ref().filter(|foreground| foreground.watch).map(|foreground| foreground.name.clone())
    }

    /// The last words of a start in the foreground.
    pub(super) fn foreground_started(&mut self) {
        if let (Some(name), Some(child)) = (self.watched(), self.children.first()) {
            let message = message::watching_for_changes(name, child.launched.component.directory.display());
            self.say(message);
        }
    }

    /// The component is down and is not started again by itself: what to do about it, where its files are watched.
    pub(super) fn foreground_down(&mut self) {
        if let Some(name) = self.watched() {
            self.say(message::waiting_for_file_change(name));
        }
    }

    /// What the journal hears of a note.
    fn tell_note(&self, index: usize, note: &Note) {
        let (Some(member), Some(child)) = (self.instance.member(index), self.children.get(index)) else { return };
        let (journal, now) = (&self.context.journal, self.now());
        match note {
            Note::Started if !member.machine.policy.has_readiness => tell::ready(journal, &child.launched, Duration::ZERO, None),
            Note::Ready(after) => {
                let probe = probes::probe_of(&child.launched, Question::Readiness);
                tell::ready(journal, &child.launched, *after, probe.as_ref());
            }
            Note::Ended { pid, status, unasked_after } => {
                let up = unasked_after.unwrap_or_else(|| now.since(child.started));
                tell::ended(journal, member, (*pid, *status), unasked_after.is_none(), up, now);
            }
            Note::StartFailed(why) | Note::RestartFailed(why) => tell::unspawned(journal, member, why, now),
            _ => {}
        }
    }

    pub(super) fn note(&mut self, index: usize, note: Note) {
        self.tell_note(index, &note);
        let name = self.name_of(index);
        match note {
            Note::Started => self.say(message::component_started(name)),
            Note::Ready(after) => {
                self.children[index].measured.ready(after);
                self.say(message::component_ready(name, seconds(after)));
            }
            Note::NotReady(after) => self.say(message::component_not_ready_yet(name, after.as_secs())),
            Note::Stopped => self.say(message::component_stopped(name)),
            Note::Restored => self.say(message::started_again_as_before(name)),
            Note::Ended { pid, status, unasked_after } => {
                self.say(message::component_terminated(&name, pid, status.raw));
                if let Some(uptime) = unasked_after {
                    self.children[index].measured.ended_unasked();
                    self.say(message::component_ended_unasked(&name, pid, status.end, crate::console::in_words(uptime)));
                }
            }
            Note::NextAttempt(interval) => self.say(message::next_restart_in(name, interval.as_secs())),
            Note::RetriesExhausted if self.begun.foreground.is_some() => self.foreground_down(),
            Note::RetriesExhausted => self.say(message::max_retries_reached(name)),
            Note::StartLimitReached(limit) => self.say(message::start_limit_reached(name, limit.count, limit.within.as_secs())),
            Note::Fatal(why) => self.say(message::not_started_again(name, why)),
            Note::NotAlive(why) => self.say(message::component_not_alive(name, why)),
            Note::StartFailed(why) => {
                self.say(message::component_not_spawned(&name, why));
                self.say(message::component_start_failed(name));
            }
            Note::RestartFailed(why) => {
                self.say(message::component_not_spawned(&name, why));
                self.say(message::component_start_failed(&name));
                self.say(message::component_restart_failed(name));
            }
            Note::WillKill(pid) => self.say(message::component_will_be_killed(name, pid)),
            // The instance says it with names: Effect::StartedWithout.
            Note::WaitedInVain(_) => {}
        }
    }

    pub(super) fn reply(&mut self, index: usize, reply: Reply) {
        let name = self.name_of(index);
        match reply {
            Reply::BeingStarted => self.say(message::component_being_changed(name, "started")),
            Reply::BeingStopped => self.say(message::component_being_changed(name, "stopped")),
            Reply::BeingRestarted => self.say(message::component_being_changed(name, "restarted")),
            Reply::AlreadyRunning => self.say(message::already_running(name)),
            Reply::NotRunning => self.say(message::component_not_running(name)),
            // The instance says it with names: Effect::Waits.
            Reply::Waiting => {}
        }
    }
}

/// Whole seconds, or tenths below ten.
fn seconds(time: Duration) -> String {
    if time.as_secs() < 10 { format!("{:.1}", time.as_secs_f64()) } else { time.as_secs().to_string() }
}

/// UNIX children carry a job name of 8 characters unchanged, so that F and P find several of them.
pub(super) fn job_name_warning(is_zos: bool, job: &str) -> Option<Message> {
    (is_zos && job.chars().count() >= 8).then(|| message::job_name_too_long(job))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_job_name_is_warned_of_where_there_are_child_address_spaces() {
        assert_eq!(job_name_warning(true, "ZWESLSTC").map(|message| message.id()), Some("ZWEL0913W"));
        assert!(job_name_warning(true, "ZWE1SV").is_none() && job_name_warning(false, "ZWESLSTC").is_none());
    }
}
