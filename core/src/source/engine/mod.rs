//! The threads, locks and waits around the state machine: here, what is asked of a source.
//!
//! Every renewal runs on a helper thread, so that each caller waits as long as it wants and no
//! longer, and takes nobody with it when it goes. Where the system gives no thread, a caller that
//! waits renews on its own, within its own time; what it fails with for want of time does not
//! count for callers that have much more. The lock is held for the machine's pure functions, and
//! never over a request or a call of the host's.

mod flight;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use crate::clock::{Clock, from_now};
use crate::logs::log_line;
use crate::per_process::PerProcess;
use crate::sync::{Mutex, MutexGuard, lock};
use crate::{AccessToken, Code, Credentials, Error};

use self::flight::Flight;
use super::event::Event;
use super::helpers::{self, Helpers};
use super::machine::{self, Action, Held, Outcome, State, closed};
use super::published::{Loan, Published};
use super::service::Requests;
use super::settings::{Observer, Rules};
use super::sharing::Sharing;
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
    /// Whether the system gave no thread for the last renewal.
    lacks_threads: bool,
    /// Whether anybody of this process has looked.
    is_known: bool,
}

/// So many events wait for an observer that is blocked.
const LONGEST_OUTBOX: usize = 1000;

pub(crate) type Deliver = Box<dyn FnOnce(Result<AccessToken, Error>) + Send>;

/// What came of asking for a token.
enum Asked {
    Answer(Result<AccessToken, Error>),
    Wait(Arc<Flight>),
    /// There is no thread for the flight.
    Fly(Arc<Flight>, Shortage),
}

/// That the system gives no thread.
struct Shortage {
    error: Error,
    /// Whether it gave one the last time.
    is_new: bool,
}

impl Shortage {
    /// Says so once. Not before the flight is over: the logger may ask for a token.
    fn log(&self) {
        if self.is_new {
            log_line!(
                Warn,
                "token source: {}: until it does, calls that wait renew the token themselves",
                self.error.message()
            );
        }
    }
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
        let left = || give_up.saturating_duration_since(Instant::now());
        loop {
            let flight = match self.ask(min_validity, left()) {
                Asked::Answer(answer) => return answer,
                Asked::Wait(flight) if flight.is_own() => {
                    return self.go_without(min_validity, &waits_for_itself());
                }
                Asked::Wait(flight) => flight,
                Asked::Fly(flight, shortage) if left().is_zero() => {
                    return self.go_nowhere(min_validity, &flight, &shortage);
                }
                Asked::Fly(flight, shortage) => {
                    self.fly(&flight, left().min(self.deadline));
                    shortage.log();
                    flight
                }
            };
            let Some(outcome) = flight.outcome.wait(give_up) else {
                return self.give_up(min_validity);
            };
            if flight.may_have_been_cut_short(&outcome, left()) {
                continue;
            }
            if let Some(answer) = self.settle(min_validity, outcome) {
                return answer;
            }
        }
    }

    /// What a caller gets who cannot make the renewal itself.
    fn go_nowhere(
        self: &Arc<Self>,
        min_validity: Duration,
        flight: &Flight,
        shortage: &Shortage,
    ) -> Result<AccessToken, Error> {
        self.recall(&mut lock(&self.desk()), flight);
        self.abandon(flight, Outcome::Superseded);
        shortage.log();
        self.go_without(min_validity, &shortage.error)
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
            let flight = match self.ask(min_validity, self.deadline) {
                Asked::Answer(answer) => return Some(answer),
                Asked::Wait(flight) => flight,
                Asked::Fly(flight, shortage) => {
                    return Some(self.go_nowhere(min_validity, &flight, &shortage));
                }
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

    /// Decides on a call that can wait for so long, and begins a flight where one is due.
    fn ask(self: &Arc<Self>, min_validity: Duration, time: Duration) -> Asked {
        let shared = self.desk();
        let mut desk = lock(&shared);
        if !std::mem::replace(&mut desk.is_known, true) {
            // What a forked child inherited serves without a look from here on.
            self.publish(&desk.state);
        }
        desk.state.forgive(time);
        let action = desk.state.decide(self.clock.now(), min_validity);
        if matches!(action, Action::Join | Action::Renew) {
            desk.state.note_wait();
        }
        match action {
            Action::Serve(token) => Asked::Answer(Ok(token)),
            Action::Join => {
                let flight = desk.flight.clone();
                Asked::Wait(flight.expect("a flight is joined where there is one"))
            }
            Action::Refuse(error) => {
                let event = desk.state.note_refusal();
                desk.outbox.extend(event);
                self.tell(&shared, desk);
                Asked::Answer(Err(error))
            }
            Action::ServeAndRenew(token) => {
                let (flight, shortage) = self.launch(&mut desk, true);
                if let Some(shortage) = shortage {
                    // The next call tries again.
                    self.recall(&mut desk, &flight);
                    drop(desk);
                    shortage.log();
                }
                Asked::Answer(Ok(token))
            }
            Action::Renew => match self.launch(&mut desk, false) {
                (flight, Some(shortage)) => Asked::Fly(flight, shortage),
                (flight, None) => Asked::Wait(flight),
            },
        }
    }

    /// Empties the outbox, unless somebody is about it: events are told in their order.
    fn tell<'a>(&self, shared: &'a Mutex<Desk>, mut desk: MutexGuard<'a, Desk>) {
        if desk.telling {
            let excess = desk.outbox.len().saturating_sub(LONGEST_OUTBOX);
            desk.outbox.drain(..excess);
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
            Mutex::new(Desk {
                state,
                flight: None,
                helpers: Helpers::new(),
                outbox: Vec::new(),
                telling: false,
                lacks_threads: false,
                is_known: false,
            })
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
