//! A renewal: its thread, from leg to leg, and those who wait for it.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::cancel::Canceller;
use crate::clock::Moment;
use crate::guard::guard;
use crate::reached::reached;
use crate::source::helpers;
use crate::source::machine::{Answer, Grant, Leg, Outcome};
use crate::source::service::{Request, from_now};
use crate::source::sharing::Visit;
use crate::store::Asker;
use crate::sync::{Latch, Mutex, lock, thread};
use crate::token::TokenSet;
use crate::{Credentials, Error, retry};

use super::{Deliver, Desk, Engine};

/// A renewal under way, and who waits for it.
pub(super) struct Flight {
    number: u64,
    /// Who flies it, once somebody does.
    pilot: OnceLock<thread::ThreadId>,
    canceller: Arc<Canceller>,
    /// Waits for the store.
    asker: Arc<Asker>,
    pub(super) outcome: Latch<Outcome>,
    /// Those who are called back: their minimum validity, and how. `None` once they were.
    pub(super) callers: Mutex<Option<Vec<(Duration, Deliver)>>>,
}

impl Flight {
    /// Whether this thread flies it, or does something at the store for it: it would wait for
    /// itself.
    pub(super) fn is_own(&self) -> bool {
        self.pilot.get() == Some(&thread::current().id()) || self.asker.runs_here()
    }

    /// Lets time pass, unless it is ended from outside.
    fn linger(&self, pause: Duration, give_up: Instant) -> Answer {
        if Instant::now() + pause >= give_up {
            return Answer::TimeIsUp;
        }
        self.outcome.wait(from_now(pause));
        Answer::Waited
    }
}

impl Engine {
    pub(super) fn launch(self: &Arc<Self>, desk: &mut Desk, background: bool) -> Arc<Flight> {
        let flight = Arc::new(Flight {
            number: desk.state.launch(background),
            pilot: OnceLock::new(),
            canceller: Arc::default(),
            asker: Arc::default(),
            outcome: Latch::new(),
            callers: Mutex::new(Some(Vec::new())),
        });
        desk.flight = Some(flight.clone());
        self.publish(&desk.state);
        let (engine, theirs) = (self.clone(), flight.clone());
        // Under the lock, so that a close that comes next knows whom to join.
        let started =
            thread::Builder::new().name("frontegg-token".into()).spawn(move || engine.fly(&theirs));
        if let Ok(helper) = started {
            desk.helpers.push(helper);
        } else {
            let error = Error::internal("the system gives no thread");
            let outcome = self.crash(desk, flight.number, error);
            lock(&flight.callers).take();
            flight.outcome.set(outcome);
        }
        flight
    }

    /// A renewal, from its beginning to its end, on the helper thread.
    fn fly(self: &Arc<Self>, flight: &Flight) {
        let _ = flight.pilot.set(thread::current().id());
        let shared = self.desk();
        // Given back once the outcome is known to those who wait for it.
        let mut visit = None;
        let outcome = guard(|| Ok(self.go_through_legs(&shared, flight, &mut visit)));
        let outcome = outcome.unwrap_or_else(|error| {
            let mut desk = lock(&shared);
            self.crash(&mut desk, flight.number, error)
        });
        self.land(flight, outcome);
        drop(visit);
        self.tell(&shared, lock(&shared));
        let before = helpers::retire(&mut lock(&shared).helpers);
        if let Some(before) = before {
            let _ = before.join();
        }
    }

    fn go_through_legs<'a>(
        &'a self,
        shared: &Mutex<Desk>,
        flight: &Flight,
        visit: &mut Option<Visit<'a>>,
    ) -> Outcome {
        let mut give_up = from_now(self.deadline);
        loop {
            let credentials = self.credentials.load_full();
            let leg = lock(shared).state.next_leg(flight.number);
            let Some(leg) = leg else { return Outcome::Superseded };
            let answer = match &leg {
                Leg::Refresh(token) => {
                    self.request(Request::Refresh(token), &credentials, flight, give_up)
                }
                Leg::Authenticate => {
                    self.request(Request::Authenticate, &credentials, flight, give_up)
                }
                Leg::Wait(pause) => flight.linger(*pause, give_up),
                leg => {
                    let sharing = self.sharing.as_ref().expect("there is a store to ask");
                    let visit = visit.get_or_insert_with(|| {
                        sharing.visit(&credentials, &flight.asker, self.deadline)
                    });
                    let answer = visit.go(leg, &self.clock, self.deadline);
                    give_up = visit.give_up().map_or(give_up, |end| end.min(give_up));
                    answer
                }
            };
            match (&leg, visit.as_mut()) {
                (Leg::Wait(_), Some(visit)) => visit.rest(),
                (Leg::Refresh(_) | Leg::Authenticate, Some(visit)) => visit.note_request(),
                _ => {}
            }
            let mut desk = lock(shared);
            let now = self.clock.now();
            let Desk { state, outbox, .. } = &mut *desk;
            let went_without = state.is_authenticating_only();
            let outcome = state.answered(flight.number, answer, now, retry::draw(), outbox);
            if state.is_authenticating_only() && !went_without {
                log::warn!(
                    "token source: refresh tokens are rejected before their first use, so more \
                     are in use than the service keeps: authenticating only, for a while"
                );
            }
            if let Some(outcome) = outcome {
                self.end(&mut desk, flight.number);
                return outcome;
            }
            // A token that is still to be saved serves already those who need not wait for it.
            self.publish(&desk.state);
            self.tell(shared, desk);
        }
    }

    fn request(
        &self,
        what: Request<'_>,
        credentials: &Credentials,
        flight: &Flight,
        give_up: Instant,
    ) -> Answer {
        reached("marked");
        let before = Mutex::new(self.clock.now());
        let note = || *lock(&before) = self.clock.now();
        let answer = self.service.request(what, credentials, &flight.canceller, give_up, &note);
        let since = *lock(&before);
        reached("answered");
        Answer::Requested(answer.map(|token_set| grant(token_set, since)))
    }

    fn crash(&self, desk: &mut Desk, number: u64, error: Error) -> Outcome {
        let (now, draw) = (self.clock.now(), retry::draw());
        let outcome = desk.state.crashed(number, error, now, draw, &mut desk.outbox);
        self.end(desk, number);
        outcome
    }

    /// Clears the desk of a flight that is over, and makes its result known.
    fn end(&self, desk: &mut Desk, number: u64) {
        desk.flight.take_if(|flight| flight.number == number);
        self.publish(&desk.state);
    }

    fn land(self: &Arc<Self>, flight: &Flight, outcome: Outcome) {
        flight.outcome.set(outcome);
        // A close may have been first, and what it said holds for all.
        let Some(outcome) = flight.outcome.get() else { return };
        let callers = lock(&flight.callers).take();
        for (min_validity, deliver) in callers.into_iter().flatten() {
            let mut deliver = Some(deliver);
            let answer = self.settle(min_validity, outcome.clone());
            let answer = answer.or_else(|| self.obtain_or_later(min_validity, &mut deliver));
            if let (Some(answer), Some(deliver)) = (answer, deliver) {
                deliver(answer);
            }
        }
    }

    /// Ends a flight from outside. Its request is ended first, so that it is not sent after
    /// those of whoever waited for it.
    pub(super) fn abandon(self: &Arc<Self>, flight: &Flight, outcome: Outcome) {
        self.service.cancel(&flight.canceller);
        flight.asker.give_up();
        self.land(flight, outcome);
    }
}

fn grant(token_set: TokenSet, since: Moment) -> Grant {
    Grant {
        lifetime: token_set.lifetime(),
        token: token_set.access_token,
        refresh_token: token_set.refresh_token,
        since,
    }
}
