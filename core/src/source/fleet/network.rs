//! The ways to the service and to the store, and what is lost on them.

use std::time::Duration;

use crate::{Code, Error};

use super::plan::{Cut, Illness, MILLISECOND, SECOND, Shared, Spell, Time};
use super::service::{Request, Response};
use super::store::Store;
use super::world::{Event, Operation, Reply, Sender, World};

/// One way.
const TO_SERVICE: std::ops::Range<Time> = 10 * MILLISECOND..60 * MILLISECOND;
const TO_STORE: std::ops::Range<Time> = MILLISECOND / 10..MILLISECOND;
/// What is late is so by up to that: more than any lease.
const LATE: Time = 40 * SECOND;

impl World {
    /// Sends a request that is given up after `timeout`.
    pub(super) fn send(&mut self, who: usize, request: Request, timeout: Time) {
        let (up, back) = (self.rng.within(TO_SERVICE), self.rng.within(TO_SERVICE));
        let chances = self.plan.chances;
        let troubled = self.in_trouble();
        let illness = self.illness(who);
        let from = self.sender(who, back);
        if timeout == 0 {
            return self.fail(from, 0, Code::Timeout, false);
        }
        if illness == Some(Illness::Unreachable) || troubled && self.rng.chance(chances.unsent) {
            // It is refused, or nothing happens at all.
            let after = self.rng.one_of(&[up, 5 * SECOND]).min(timeout);
            return self.fail(from, after, Code::Connect, false);
        }
        if illness == Some(Illness::Mute) {
            self.service.ignore(request);
            return self.fail(from, timeout, Code::Timeout, true);
        }
        let late = troubled && self.rng.chance(chances.late);
        let up = up + if late { self.rng.within(0..LATE) } else { 0 };
        let unheard = Sender { ticket: None, ..from };
        if up + back >= timeout {
            self.fail(from, timeout, Code::Timeout, true);
            self.push(self.now + up, Event::Requested { from: unheard, request });
        } else if troubled && self.rng.chance(chances.lost) {
            self.fail(from, up + back, Code::Interrupted, true);
            self.push(self.now + up, Event::Requested { from: unheard, request });
        } else {
            self.push(self.now + up, Event::Requested { from, request });
        }
    }

    fn fail(&mut self, from: Sender, after: Time, code: Code, processed: bool) {
        self.answer(from, after, Reply::Failed(code, processed));
    }

    fn answer(&mut self, to: Sender, after: Time, reply: Reply) {
        if let Some(ticket) = to.ticket {
            self.push(self.now + after, Event::Replied { who: to.who, ticket, reply });
        }
    }

    fn illness(&self, who: usize) -> Option<Illness> {
        Spell::of(&self.plan.illnesses, who, self.now).map(|(illness, _)| illness)
    }

    /// What the service does about a request.
    pub(super) fn process(&mut self, from: Sender, request: Request) {
        let (now, twice) = (self.now, self.service.presented_twice);
        let troubled = self.in_trouble() && self.rng.chance(self.plan.chances.error);
        let reply = match Spell::of(&self.plan.illnesses, from.who, now) {
            Some((Illness::Limited, until)) => Reply::Answered(Response::Limited(until)),
            Some((Illness::Unauthorized, _)) => {
                self.service.ignore(request);
                Reply::Answered(Response::Rejected)
            }
            Some((Illness::Down, _)) => {
                self.service.ignore(request);
                Reply::Troubled(503)
            }
            Some((Illness::Broken, _)) => {
                self.service.process(request, now);
                Reply::Troubled(500)
            }
            _ if troubled => {
                self.service.ignore(request);
                Reply::Troubled(502)
            }
            _ => Reply::Answered(self.service.process(request, now)),
        };
        if self.service.presented_twice > twice {
            self.check_presented_twice(from.who);
        }
        self.counts.request(request, &reply, now);
        self.answer(from, from.back, reply);
    }

    /// Asks the store, which has so much time to answer.
    pub(super) fn send_to_store(&mut self, who: usize, operation: Operation, within: Time) {
        let (mut up, back) = (self.rng.within(TO_STORE), self.rng.within(TO_STORE));
        let chances = self.plan.chances;
        let troubled = self.in_trouble();
        let cut = Spell::of(&self.plan.cuts, who, self.now).map(|(cut, _)| cut);
        let is_release = matches!(operation, Operation::Release { .. });
        let mut from = Sender { who, ticket: None, back };
        if !is_release {
            from = self.sender(who, back);
        }
        let unheard = Sender { ticket: None, ..from };
        let refused =
            cut == Some(Cut::Refused) || troubled && self.rng.chance(chances.store_unsent);
        let lost = troubled && self.rng.chance(chances.store_lost);
        // What is done on a disk is done or not, and however long it takes, the answer tells.
        let tells = self.shared() == Some(Shared::Files);
        if refused || tells && (lost || cut == Some(Cut::Mute)) {
            let after = if refused { up } else { within };
            return self.fail_store(from, after, true);
        }
        if cut == Some(Cut::Mute) {
            return self.fail_store(from, within, false);
        }
        if cut == Some(Cut::Slow) {
            up += self.rng.within(0..2 * within);
        }
        if !tells && troubled && self.rng.chance(chances.store_late) {
            up += self.rng.within(0..LATE);
        }
        if !tells && up >= within && matches!(operation, Operation::Save { .. }) {
            self.watch.saves_late(up);
        }
        if !tells && (lost || up + back >= within) {
            self.fail_store(from, within, false);
            from = unheard;
        }
        self.push(self.now + up, Event::Asked { from, operation });
    }

    fn fail_store(&mut self, from: Sender, after: Time, unsent: bool) {
        let error = Error::store("as planned").with_unprocessed(unsent);
        self.answer(from, after, Reply::StoreFailed(error));
    }

    /// What the store does about an operation.
    pub(super) fn operate(&mut self, from: Sender, operation: Operation) {
        let is_of_the_living = from.ticket.is_none_or(|it| it == self.holders[from.who].ticket);
        if self.shared() == Some(Shared::Files) && !is_of_the_living {
            return;
        }
        let now = self.now;
        self.counts.operation(now);
        let Some(store) = &mut self.store else { return };
        let reply = match operation {
            Operation::Load => Reply::Loaded(store.load(now)),
            Operation::Lease { owner, span } => {
                Reply::Leased(store.lease(owner, crate::clock::nanos(span), now))
            }
            Operation::Save { replaces, written, generation, keep } => {
                let keep = crate::clock::nanos(keep);
                Reply::Saved(store.save(replaces, written, generation, keep, now))
            }
            Operation::Release { owner } => return store.release(owner),
        };
        self.answer(from, from.back, reply);
    }

    fn shared(&self) -> Option<Shared> {
        self.store.as_ref().map(Store::kind)
    }

    /// How long the store may take, as the source has it.
    pub(super) fn store_timeout(&self) -> Duration {
        match self.shared() {
            Some(Shared::Files) => crate::store::TIMEOUT_OF_FILES,
            _ => crate::store::TIMEOUT,
        }
    }
}
