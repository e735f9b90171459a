//! A renewal: its thread, from leg to leg, and those who wait for it.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::cancel::Canceller;
use crate::clock::{Moment, from_now};
use crate::guard::guard;
use crate::logs::{self, log_line};
use crate::reached::reached;
use crate::source::event::Event;
use crate::source::helpers::{self, Helper};
use crate::source::machine::{Answer, Grant, Leg, Outcome, has_much_more};
use crate::source::service::{Request, was_stopped};
use crate::source::sharing::Visit;
use crate::spawn::no_thread;
use crate::store::Asker;
use crate::sync::{Latch, Mutex, lock, thread};
use crate::token::TokenSet;
use crate::{Code, Credentials, Error, interrupt, retry};

use super::{Deliver, Desk, Engine, Shortage};

/// A renewal under way, and who waits for it.
pub(super) struct Flight {
    number: u64,
    /// Who flies it, once somebody does.
    pilot: OnceLock<thread::ThreadId>,
    /// How much time it had, where a caller flew it who had less than the source gives.
    time: OnceLock<Duration>,
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

    /// Whether it failed for want of time, maybe, of which somebody who waited has more left.
    pub(super) fn may_have_been_cut_short(&self, outcome: &Outcome, left: Duration) -> bool {
        matches!(outcome, Outcome::Failed(_))
            && self.time.get().is_some_and(|time| has_much_more(left, *time))
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
    /// Begins a flight, on a thread of its own. Where the system gives none, it is for the caller
    /// to [`fly`](Self::fly) or to [`recall`](Self::recall) it.
    pub(super) fn launch(
        self: &Arc<Self>,
        desk: &mut Desk,
        background: bool,
    ) -> (Arc<Flight>, Option<Shortage>) {
        let flight = Arc::new(Flight {
            number: desk.state.launch(background),
            pilot: OnceLock::new(),
            time: OnceLock::new(),
            canceller: Arc::default(),
            asker: Arc::default(),
            outcome: Latch::new(),
            callers: Mutex::new(Some(Vec::new())),
        });
        desk.flight = Some(flight.clone());
        self.publish(&desk.state);
        let (engine, theirs) = (self.clone(), flight.clone());
        // Under the lock, so that a close that comes next knows whom to join.
        let started = helpers::start(move || {
            engine.fly(&theirs, engine.deadline);
            let before = helpers::retire(&mut lock(&engine.desk()).helpers);
            before.into_iter().for_each(Helper::join);
        });
        let lacked_threads = std::mem::replace(&mut desk.lacks_threads, started.is_err());
        let shortage = started
            .map(|helper| desk.helpers.push(helper))
            .map_err(|error| Shortage { error: no_thread(&error), is_new: !lacked_threads });
        (flight, shortage.err())
    }

    /// Takes back a flight that nobody flies.
    pub(super) fn recall(&self, desk: &mut Desk, flight: &Flight) {
        desk.state.recall(flight.number);
        self.end(desk, flight.number, &mut Vec::new());
    }

    /// A renewal, from its beginning to its end, within so much time.
    pub(super) fn fly(self: &Arc<Self>, flight: &Flight, time: Duration) {
        let _ = flight.pilot.set(thread::current().id());
        let shared = self.desk();
        if has_much_more(self.deadline, time) {
            Self::hurry(&shared, flight, time);
        }
        // Given back once the outcome is known to those who wait for it.
        let mut visit = None;
        let mut events = Vec::new();
        let (outcome, lines) = logs::hold(|| {
            guard(|| Ok(self.go_through_legs(&shared, flight, time, &mut visit, &mut events)))
        });
        let outcome = outcome.unwrap_or_else(|error| {
            let (mut desk, now, draw) = (lock(&shared), self.clock.now(), retry::draw());
            let outcome = desk.state.crashed(flight.number, error, now, draw, &mut events);
            self.end(&mut desk, flight.number, &mut events);
            outcome
        });
        self.land(flight, outcome);
        drop(visit);
        // Whatever the host makes of it, nobody waits for this flight any more.
        lines.write();
        self.tell(&shared, lock(&shared));
    }

    /// Has a failure of a flight that has less time than others give it be its own affair.
    fn hurry(shared: &Mutex<Desk>, flight: &Flight, time: Duration) {
        let time = *flight.time.get_or_init(|| time);
        lock(shared).state.hurry(flight.number, time);
    }

    fn go_through_legs<'a>(
        &'a self,
        shared: &Mutex<Desk>,
        flight: &Flight,
        time: Duration,
        visit: &mut Option<Visit<'a>>,
        events: &mut Vec<Event>,
    ) -> Outcome {
        let mut give_up = from_now(time);
        let (began, mut was_begun_anew) = (self.clock.now(), false);
        loop {
            let may_begin_anew = !was_begun_anew && time >= self.deadline;
            if may_begin_anew && was_stopped(began, self.clock.now(), time) {
                was_begun_anew = true;
                if lock(shared).state.begin_anew(flight.number) {
                    give_up = from_now(time);
                    // Its lease is over as well.
                    *visit = None;
                }
            }
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
                    let visit = visit
                        .get_or_insert_with(|| sharing.visit(&credentials, &flight.asker, time));
                    let answer = visit.go(leg, &self.clock, time);
                    give_up = visit.give_up().map_or(give_up, |end| end.min(give_up));
                    answer
                }
            };
            match (&leg, visit.as_mut()) {
                (Leg::Wait(_), Some(visit)) => visit.rest(),
                (Leg::Refresh(_) | Leg::Authenticate, Some(visit)) => visit.note_request(),
                _ => {}
            }
            if interrupt::has_given_up() {
                // The caller on whose thread this runs, and nobody else.
                Self::hurry(shared, flight, Duration::ZERO);
            }
            let mut desk = lock(shared);
            let now = self.clock.now();
            let went_without = desk.state.is_authenticating_only();
            let outcome = desk.state.answered(flight.number, answer, now, retry::draw(), events);
            if desk.state.is_authenticating_only() && !went_without {
                goes_without(events.last().and_then(Event::error));
            }
            if let Some(outcome) = outcome {
                self.end(&mut desk, flight.number, events);
                return outcome;
            }
            // A token that is still to be saved serves already those who need not wait for it.
            self.publish(&desk.state);
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

    /// Clears the desk of a flight that is over, and makes its result known.
    fn end(&self, desk: &mut Desk, number: u64, events: &mut Vec<Event>) {
        desk.flight.take_if(|flight| flight.number == number);
        desk.outbox.append(events);
        self.publish(&desk.state);
    }

    fn land(self: &Arc<Self>, flight: &Flight, outcome: Outcome) {
        flight.outcome.set(outcome);
        // A close may have been first, and what it said holds for all.
        let Some(outcome) = flight.outcome.get() else { return };
        let callers = lock(&flight.callers).take();
        for (min_validity, deliver) in callers.into_iter().flatten() {
            let mut deliver = Some(deliver);
            let answer = if flight.may_have_been_cut_short(&outcome, self.deadline) {
                None
            } else {
                self.settle(min_validity, outcome.clone())
            };
            let answer = answer.or_else(|| self.obtain_or_later(min_validity, &mut deliver));
            if let (Some(answer), Some(deliver)) = (answer, deliver) {
                let delivered = guard(|| {
                    deliver(answer);
                    Ok(())
                });
                if delivered.is_err() {
                    log_line!(Warn, "token source: a caller panicked over its answer");
                }
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

/// Says why a source authenticates only from now on: upon the last refresh, which ended so.
fn goes_without(error: Option<&Error>) {
    match error.filter(|error| error.code() != Code::RefreshRejected) {
        Some(error) => log_line!(
            Warn,
            "token source: the service refuses each refresh: authenticating only, for a while: \
             {error}"
        ),
        None => log_line!(
            Warn,
            "token source: refresh tokens are rejected before their first use, so more are in use \
             than the service keeps: authenticating only, for a while"
        ),
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
