//! The threads, locks and waits around the state machine.
//!
//! Every renewal runs on a helper thread, so that each caller waits as long as it wants and no
//! longer, and takes nobody with it when it goes. The lock is held for the machine's pure
//! functions, and never over a request or a call of the host's.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use crate::cancel::Canceller;
use crate::clock::Clock;
use crate::guard::guard;
use crate::per_process::PerProcess;
use crate::reached::reached;
use crate::sync::{Latch, Mutex, MutexGuard, lock, thread};
use crate::token::TokenSet;
use crate::{AccessToken, Code, Credentials, Error, retry};

use super::event::Event;
use super::helpers::{self, Helpers};
use super::machine::{self, Action, Answer, Grant, Held, Leg, Outcome, State, closed};
use super::published::{Loan, Published};
use super::service::{Request, Requests, from_now};
use super::settings::{Observer, Rules};
use super::sharing::{Sharing, Visit};
use super::stats::Stats;

/// What a source is made of.
pub(crate) struct Parts {
    pub(crate) service: Arc<dyn Requests>,
    pub(crate) rules: Rules,
    pub(crate) deadline: Duration,
    pub(crate) observer: Observer,
    pub(crate) clock: Clock,
    pub(crate) credentials: Credentials,
    pub(crate) sharing: Option<Sharing>,
}

pub(crate) struct Engine {
    service: Arc<dyn Requests>,
    rules: Rules,
    pub(crate) deadline: Duration,
    observer: Observer,
    clock: Clock,
    credentials: ArcSwap<Credentials>,
    sharing: Option<Sharing>,
    closed: AtomicBool,
    published: Published,
    /// A forked child goes on with its parent's access token, but has a state of its own: no
    /// lock and no refresh token of its parent's, and no flight, whose thread it does not have.
    desk: PerProcess<Mutex<Desk>>,
}

/// What is under the lock.
struct Desk {
    state: State,
    flight: Option<Arc<Flight>>,
    helpers: Helpers,
    /// Events to tell of, and whether somebody is about it.
    outbox: Vec<Event>,
    telling: bool,
}

pub(crate) type Deliver = Box<dyn FnOnce(Result<AccessToken, Error>) + Send>;

/// A renewal under way, and who waits for it.
struct Flight {
    number: u64,
    /// Who flies it, once somebody does.
    pilot: OnceLock<thread::ThreadId>,
    canceller: Arc<Canceller>,
    outcome: Latch<Outcome>,
    /// Those who are called back: their minimum validity, and how. `None` once they were.
    callers: Mutex<Option<Vec<(Duration, Deliver)>>>,
}

impl Flight {
    /// Whether this thread flies it: it would wait for itself.
    fn is_own(&self) -> bool {
        self.pilot.get() == Some(&thread::current().id())
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

/// What came of asking for a token.
enum Asked {
    Answer(Result<AccessToken, Error>),
    Wait(Arc<Flight>),
}

impl Engine {
    pub(crate) fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            service: parts.service,
            rules: Rules { shared: parts.sharing.is_some(), ..parts.rules },
            deadline: parts.deadline,
            observer: parts.observer,
            clock: parts.clock,
            credentials: ArcSwap::from_pointee(parts.credentials),
            sharing: parts.sharing,
            closed: AtomicBool::new(false),
            published: Published::new(),
            desk: PerProcess::new(),
        })
    }

    /// The token, where that takes nothing but a look.
    #[inline]
    pub(crate) fn fresh(&self) -> Option<Loan> {
        self.published.fresh(&self.clock)
    }

    /// Whether that would be this copy.
    #[inline]
    pub(crate) fn is_fresh(&self, token: &AccessToken) -> bool {
        self.published.is_fresh(token, &self.clock)
    }

    /// For how long yet a look takes nothing more.
    pub(crate) fn good_for(&self, loan: &Loan) -> Duration {
        loan.as_ref().map_or(Duration::ZERO, |current| current.good_for(&self.clock))
    }

    /// Blocks until there is a token, or an error, or the time is up.
    pub(crate) fn obtain(
        self: &Arc<Self>,
        min_validity: Duration,
        timeout: Duration,
    ) -> Result<AccessToken, Error> {
        let give_up = from_now(timeout);
        loop {
            let flight = match self.ask(min_validity) {
                Asked::Answer(answer) => return answer,
                Asked::Wait(flight) => flight,
            };
            if flight.is_own() {
                return self.go_without(min_validity, &waits_for_itself());
            }
            let Some(outcome) = flight.outcome.wait(give_up) else {
                return self.give_up(min_validity);
            };
            if let Some(answer) = self.settle(min_validity, outcome) {
                return answer;
            }
        }
    }

    /// What a caller gets whose time to wait is up.
    pub(crate) fn give_up(&self, min_validity: Duration) -> Result<AccessToken, Error> {
        let spent = Error::new(Code::Timeout, "the time to wait for a token is spent");
        self.go_without(min_validity, &spent)
    }

    fn go_without(&self, min_validity: Duration, error: &Error) -> Result<AccessToken, Error> {
        let settled = self.settle(min_validity, Outcome::Failed(error.clone()));
        settled.unwrap_or_else(|| Err(error.clone()))
    }

    /// Answers at once; or takes `deliver`, to call it back once from another thread.
    pub(crate) fn obtain_or_later(
        self: &Arc<Self>,
        min_validity: Duration,
        deliver: &mut Option<Deliver>,
    ) -> Option<Result<AccessToken, Error>> {
        loop {
            let flight = match self.ask(min_validity) {
                Asked::Answer(answer) => return Some(answer),
                Asked::Wait(flight) => flight,
            };
            if let Some(callers) = lock(&flight.callers).as_mut() {
                callers.extend(deliver.take().map(|deliver| (min_validity, deliver)));
                return None;
            }
            // It has landed meanwhile.
            let outcome = flight.outcome.get().unwrap_or(Outcome::Superseded);
            if let Some(answer) = self.settle(min_validity, outcome) {
                return Some(answer);
            }
        }
    }

    fn settle(
        &self,
        min_validity: Duration,
        outcome: Outcome,
    ) -> Option<Result<AccessToken, Error>> {
        let now = self.clock.now();
        match outcome {
            // Without the lock: a thousand who waited would wait for each other.
            Outcome::Landed(token, held) => machine::settle_landed(now, min_validity, token, held),
            other => lock(&self.desk()).state.settle(now, min_validity, other),
        }
    }

    /// Decides on a call, and begins a flight where one is due.
    fn ask(self: &Arc<Self>, min_validity: Duration) -> Asked {
        let shared = self.desk();
        let mut desk = lock(&shared);
        let asked = match desk.state.decide(self.clock.now(), min_validity) {
            Action::Serve(token) => Asked::Answer(Ok(token)),
            Action::ServeAndRenew(token) => {
                self.launch(&mut desk, true);
                Asked::Answer(Ok(token))
            }
            Action::Renew => {
                desk.state.note_wait();
                Asked::Wait(self.launch(&mut desk, false))
            }
            Action::Join => {
                desk.state.note_wait();
                Asked::Wait(desk.flight.clone().expect("a flight is joined where there is one"))
            }
            Action::Refuse(error) => {
                let event = desk.state.note_refusal();
                desk.outbox.extend(event);
                Asked::Answer(Err(error))
            }
        };
        self.tell(&shared, desk);
        asked
    }

    fn launch(self: &Arc<Self>, desk: &mut Desk, background: bool) -> Arc<Flight> {
        let flight = Arc::new(Flight {
            number: desk.state.launch(background),
            pilot: OnceLock::new(),
            canceller: Arc::default(),
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
                    let visit = visit.get_or_insert_with(|| sharing.visit(&credentials));
                    let answer = visit.go(leg, &self.clock, self.deadline);
                    give_up = visit.give_up().map_or(give_up, |end| end.min(give_up));
                    answer
                }
            };
            if let (Leg::Wait(_), Some(visit)) = (&leg, visit.as_mut()) {
                visit.rest();
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

    /// Empties the outbox, unless somebody is about it: events are told in their order.
    fn tell<'a>(&self, shared: &'a Mutex<Desk>, mut desk: MutexGuard<'a, Desk>) {
        if desk.telling || desk.outbox.is_empty() {
            return;
        }
        desk.telling = true;
        while !desk.outbox.is_empty() {
            let events = std::mem::take(&mut desk.outbox);
            drop(desk);
            for event in &events {
                self.observer.tell(event);
            }
            desk = lock(shared);
        }
        desk.telling = false;
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
    fn abandon(self: &Arc<Self>, flight: &Flight, outcome: Outcome) {
        self.service.cancel(&flight.canceller);
        self.land(flight, outcome);
    }

    fn publish(&self, state: &State) {
        self.published.publish(state.held(), state.serve_until());
    }

    /// The current token, if it is valid: without a lock.
    pub(crate) fn peek(&self) -> Option<AccessToken> {
        let held = self.published.latest()?;
        held.left(self.clock.now()).map(|_| held.token)
    }

    pub(crate) fn invalidate(&self, token: &str) -> bool {
        let shared = self.desk();
        let mut desk = lock(&shared);
        let was_current = desk.state.invalidate(token, self.clock.now());
        if was_current {
            self.publish(&desk.state);
        }
        was_current
    }

    pub(crate) fn set_credentials(self: &Arc<Self>, credentials: Credentials) {
        let shared = self.desk();
        let mut desk = lock(&shared);
        let same = self.credentials.load().client_id() == credentials.client_id();
        self.credentials.store(Arc::new(credentials));
        desk.state.replace_credentials(same);
        let flight = desk.flight.take();
        self.publish(&desk.state);
        drop(desk);
        if let Some(flight) = flight {
            self.abandon(&flight, Outcome::Superseded);
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        lock(&self.desk()).state.stats()
    }

    /// Fails every call from now on, and ends the flight under way. Answers the helpers.
    pub(crate) fn close(self: &Arc<Self>) -> Helpers {
        self.closed.store(true, Ordering::Release);
        let shared = self.desk();
        let mut desk = lock(&shared);
        desk.state.close();
        let flight = desk.flight.take();
        let helpers = helpers::take_others(&mut desk.helpers);
        self.publish(&desk.state);
        drop(desk);
        if let Some(flight) = flight {
            self.abandon(&flight, Outcome::Failed(closed()));
        }
        helpers
    }

    fn desk(&self) -> Arc<crate::per_process::Owned<Mutex<Desk>>> {
        self.desk.get(|| {
            let mut state = State::new(self.rules, self.inherited());
            if self.closed.load(Ordering::Acquire) {
                state.close();
            }
            let (helpers, outbox) = (Vec::new(), Vec::new());
            Mutex::new(Desk { state, flight: None, helpers, outbox, telling: false })
        })
    }

    /// What a forked child takes over.
    fn inherited(&self) -> Option<Held> {
        self.published.latest()
    }
}

fn waits_for_itself() -> Error {
    let message = "the store or the observer of a source cannot wait for the renewal that calls it";
    Error::new(Code::Timeout, message)
}

fn grant(token_set: TokenSet, since: crate::clock::Moment) -> Grant {
    Grant {
        lifetime: token_set.lifetime(),
        token: token_set.access_token,
        refresh_token: token_set.refresh_token,
        since,
    }
}
