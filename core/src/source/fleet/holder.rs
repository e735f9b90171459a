//! A process that holds a token source, and calls it all the time.
//!
//! Most calls come to nothing but a token, so only those are made upon which the machine does
//! something: the source says until when it serves without a look, and how long it refuses. A
//! few more come at random moments, and see what is served.

use std::time::Duration;

use crate::clock::{Moment, nanos};
use crate::source::machine::{Action, Outcome, State};
use crate::source::settings::Rules;
use crate::{AccessToken, Error};

use super::flight::Flight;
use super::plan::{MILLISECOND, Plan, SECOND, Time};
use super::rng::Rng;
use super::watch::Diary;
use super::world::{Event, World};

/// A call that is served with an urgent token comes again so much later.
const IMPATIENCE: std::ops::Range<Time> = SECOND / 4..SECOND;

/// What the clocks of a holder's host show more than the world's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clocks {
    boot: Time,
    wall: i64,
}

impl Clocks {
    /// A host that was booted within the last month, with a clock that is wrong by up to `skew`.
    pub(super) fn draw(rng: &mut Rng, skew: Time) -> Self {
        let boot = rng.within(60 * SECOND..30 * 24 * 3600 * SECOND);
        Self { boot, wall: Self::wrong_by(rng, skew) }
    }

    fn wrong_by(rng: &mut Rng, skew: Time) -> i64 {
        (rng.draw() * 2.0 * skew as f64) as i64 - skew as i64
    }

    pub(super) fn at(self, now: Time) -> Moment {
        Moment { boot: now + self.boot, wall: World::wall(now).saturating_add_signed(self.wall) }
    }
}

pub(super) struct Holder {
    pub(super) up: bool,
    pub(super) state: State,
    pub(super) clocks: Clocks,
    /// What tells its host's boot from any other.
    pub(super) host: String,
    pub(super) flight: Option<Flight>,
    /// The number of the message that it wants an answer to. Rises.
    pub(super) ticket: u64,
    /// The number of the call that is planned.
    pub(super) planned: u64,
    pub(super) paused_until: Time,
    /// The token that is served without a look at the machine, and up to which age.
    published: Option<(AccessToken, Moment, Duration)>,
    /// Whether its program waits for the flight.
    pub(super) waits: bool,
    pub(super) diary: Diary,
}

impl Holder {
    pub(super) fn new(plan: &Plan, clocks: Clocks, host: usize) -> Self {
        Self {
            up: false,
            state: Self::blank(plan),
            clocks,
            host: format!("host-{host}"),
            flight: None,
            ticket: 0,
            planned: 0,
            paused_until: 0,
            published: None,
            waits: false,
            diary: Diary::default(),
        }
    }

    fn blank(plan: &Plan) -> State {
        let shared = plan.shared.is_some();
        State::new(Rules { policy: plan.policy, shared, ..Rules::default() }, None)
    }

    pub(super) fn pause(&mut self, until: Time) {
        self.paused_until = until;
        if let Some(flight) = &mut self.flight {
            flight.was_stopped = true;
        }
    }

    pub(super) fn publish(&mut self) {
        let state = &self.state;
        self.published =
            state.held().map(|held| (held.token.clone(), held.since, state.serve_until()));
    }
}

impl World {
    /// A process starts, and knows nothing.
    pub(super) fn start(&mut self, who: usize) {
        let holder = &mut self.holders[who];
        holder.up = true;
        holder.state = Holder::blank(&self.plan);
        holder.diary = Diary::default();
        holder.publish();
        self.call(who);
    }

    /// It ends, wherever it is. Answers whose lease it has.
    pub(super) fn end_of_process(&mut self, who: usize) -> Option<u64> {
        let holder = &mut self.holders[who];
        holder.up = false;
        holder.waits = false;
        holder.published = None;
        holder.ticket += 1;
        holder.planned += 1;
        holder.paused_until = 0;
        self.counts.lack_ends(who, self.now);
        self.watch.ends(who);
        holder.flight.take().and_then(|flight| flight.owner())
    }

    pub(super) fn call(&mut self, who: usize) {
        let now = self.moment(who);
        let holder = &mut self.holders[who];
        let action = holder.state.decide(now, Duration::ZERO);
        match action {
            Action::Serve(token) => self.served(who, &token),
            Action::ServeAndRenew(token) => {
                self.launch(who, true);
                self.served(who, &token);
            }
            Action::Renew => {
                holder.state.note_wait();
                holder.waits = true;
                self.launch(who, false);
            }
            Action::Join => {
                holder.state.note_wait();
                holder.waits = true;
                assert!(holder.flight.is_some(), "there is something to wait for");
            }
            Action::Refuse(error) => {
                let _ = holder.state.note_refusal();
                self.refused(who, &error);
            }
        }
    }

    /// A call at a random moment, after what may have happened meanwhile.
    pub(super) fn glance(&mut self, who: usize) {
        let again = self.now + self.rng.within(0..2 * self.plan.glance_every) + 1;
        self.push(again, Event::Glance { who });
        if !self.holders[who].up {
            return;
        }
        if self.in_trouble() {
            self.meddle(who);
        }
        let now = self.moment(who);
        let holder = &self.holders[who];
        match &holder.published {
            Some((token, since, until)) if now.age_of(*since) < *until => {
                self.check_served(who, &token.clone());
            }
            _ if holder.waits => {}
            _ => self.call(who),
        }
    }

    /// What befalls a process from outside.
    fn meddle(&mut self, who: usize) {
        let chances = self.plan.chances;
        if self.rng.chance(chances.step) {
            let wall = Clocks::wrong_by(&mut self.rng, self.plan.skew.max(SECOND));
            self.holders[who].clocks.wall = wall;
            self.plan_call(who, self.now);
        }
        if self.rng.chance(chances.invalidate) {
            let now = self.moment(who);
            let holder = &mut self.holders[who];
            let Some((token, ..)) = &holder.published else { return };
            let token = token.clone();
            if holder.state.invalidate(token.as_str(), now) {
                holder.publish();
                holder.diary.invalidated(token);
                self.plan_call(who, self.now);
            }
        }
    }

    /// The next call upon which something may happen.
    pub(super) fn plan_call(&mut self, who: usize, at: Time) {
        let holder = &mut self.holders[who];
        holder.planned += 1;
        let plan = holder.planned;
        self.push(at, Event::Call { who, plan });
    }

    fn served(&mut self, who: usize, token: &AccessToken) {
        self.check_served(who, token);
        self.counts.lack_ends(who, self.now);
        let now = self.moment(who);
        let holder = &self.holders[who];
        let until = holder.state.held().map_or(Duration::ZERO, |held| {
            holder.state.serve_until().saturating_sub(now.age_of(held.since))
        });
        let wait = match nanos(until) {
            0 => self.rng.within(IMPATIENCE),
            until => until.saturating_add(self.rng.within(0..MILLISECOND)),
        };
        self.plan_call(who, self.now.saturating_add(wait));
    }

    fn refused(&mut self, who: usize, error: &Error) {
        self.check_refused(who, error);
        self.counts.lack_begins(who, self.now);
        let wait = error.retry_after().map_or(SECOND, nanos);
        let soon = self.rng.within(0..MILLISECOND);
        self.plan_call(who, self.now + wait + soon);
    }

    /// What a program gets that waited for a flight, if it did.
    pub(super) fn settle(&mut self, who: usize, outcome: Outcome) {
        let now = self.moment(who);
        let holder = &mut self.holders[who];
        if !std::mem::take(&mut holder.waits) {
            return self.plan_call(who, self.now);
        }
        match holder.state.settle(now, Duration::ZERO, outcome) {
            Some(Ok(token)) => self.served(who, &token),
            Some(Err(error)) => self.refused(who, &error),
            None => self.plan_call(who, self.now),
        }
    }
}
