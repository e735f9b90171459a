//! A flight as the engine does it: leg by leg, within its times. What the engine waits for is
//! an event here; what it does in between is the same.

use std::time::Duration;

use crate::clock::{Moment, nanos};
use crate::source::machine::{Answer, Grant, Leg, Outcome};
use crate::source::service::{time_of_refresh, was_stopped};
use crate::wire;
use crate::{AccessToken, Code, Error, RefreshToken, RetryPolicy, builder, retry};

use super::plan::{SECOND, Time};
use super::service::{Request, Response};
use super::visit::{Debt, Visit};
use super::world::{Event, Operation, Reply, Sender, World};

pub(super) struct Flight {
    pub(super) number: u64,
    pub(super) give_up: Time,
    pub(super) visit: Option<Visit>,
    attempts: Option<Attempts>,
    /// Whether the process was stopped meanwhile, and may have lost its lease.
    pub(super) was_stopped: bool,
    began: Moment,
    was_begun_anew: bool,
}

/// A call of the client.
struct Attempts {
    request: Request,
    failed: retry::Attempts,
    give_up: Time,
    /// Before the last one was sent.
    since: Moment,
}

impl Flight {
    /// Whose lease it has, if it has one.
    pub(super) fn owner(&self) -> Option<u64> {
        self.visit.as_ref().filter(|visit| visit.give_up.is_some()).map(|visit| visit.owner)
    }
}

impl World {
    pub(super) fn launch(&mut self, who: usize, background: bool) {
        self.check_launch(who);
        let began = self.moment(who);
        let holder = &mut self.holders[who];
        let number = holder.state.launch(background);
        let give_up = self.now + nanos(builder::DEADLINE);
        holder.flight = Some(Flight {
            number,
            give_up,
            visit: None,
            attempts: None,
            was_stopped: false,
            began,
            was_begun_anew: false,
        });
        holder.publish();
        self.next_leg(who);
    }

    fn next_leg(&mut self, who: usize) {
        self.begin_anew(who);
        let now = self.now;
        let holder = &mut self.holders[who];
        let flight = holder.flight.as_mut().expect("a flight has legs");
        let Some(leg) = holder.state.next_leg(flight.number) else {
            return self.land(who, Outcome::Superseded);
        };
        let left = Duration::from_nanos(flight.give_up.saturating_sub(now));
        match leg {
            Leg::Refresh(token) => {
                let number = token.as_str()[1..].parse().expect("refresh tokens are numbered");
                let give_up = now + nanos(time_of_refresh(left));
                self.begin(who, Request::Refresh(number), give_up);
            }
            Leg::Authenticate => {
                let give_up = flight.give_up;
                self.begin(who, Request::Authenticate, give_up);
            }
            Leg::Wait(pause) if pause >= left => self.reply_to_self(who, 0, Reply::TimeIsUp),
            Leg::Wait(pause) => self.reply_to_self(who, nanos(pause), Reply::Rested),
            leg => self.ask(who, leg),
        }
    }

    /// Where its process was stopped for long, it has its time again.
    fn begin_anew(&mut self, who: usize) {
        let (now, moment) = (self.now, self.moment(who));
        let flight = self.flight(who);
        if flight.was_begun_anew || !was_stopped(flight.began, moment, builder::DEADLINE) {
            return;
        }
        flight.was_begun_anew = true;
        let (number, owner) = (flight.number, flight.owner());
        if !self.holders[who].state.begin_anew(number) {
            return;
        }
        let flight = self.flight(who);
        flight.give_up = now + nanos(builder::DEADLINE);
        flight.visit = None;
        if let Some(owner) = owner {
            let within = nanos(self.store_timeout());
            self.send_to_store(who, Operation::Release { owner }, within);
        }
    }

    fn begin(&mut self, who: usize, request: Request, give_up: Time) {
        let since = self.moment(who);
        let flight = self.holders[who].flight.as_mut().expect("a flight requests");
        flight.attempts =
            Some(Attempts { request, failed: retry::Attempts::default(), give_up, since });
        self.attempt(who);
    }

    fn attempt(&mut self, who: usize) {
        let since = self.moment(who);
        let flight = self.holders[who].flight.as_mut().expect("a flight requests");
        let attempts = flight.attempts.as_mut().expect("a request is made");
        attempts.since = since;
        let left = Duration::from_nanos(attempts.give_up.saturating_sub(self.now));
        let request = attempts.request;
        if !left.is_zero() {
            self.check_request(who);
        }
        self.send(who, request, nanos(left.min(builder::ATTEMPT_TIMEOUT)));
    }

    /// Takes in what came back.
    pub(super) fn advance(&mut self, who: usize, reply: Reply) {
        let now = self.moment(who);
        let answer = match reply {
            Reply::Again => return self.attempt(who),
            Reply::Answered(response) => match self.requested(who, response) {
                Ok(grant) => {
                    self.owe(who, Debt::Tokens);
                    Answer::Requested(Ok(grant))
                }
                Err(error) => return self.request_failed(who, error),
            },
            Reply::Troubled(status) => {
                let error = self.error(who, Code::ServerError, true).with_status(status);
                return self.request_failed(who, error);
            }
            Reply::Failed(code, processed) => {
                let error = self.error(who, code, processed).with_unprocessed(!processed);
                return self.request_failed(who, error);
            }
            Reply::Loaded(loaded) => Answer::Loaded(Ok(self.loaded(who, loaded))),
            Reply::Leased(lease) => Answer::Leased(Ok(self.leased(who, lease))),
            Reply::Saved(number) => Answer::Saved(Ok(self.saved(who, number))),
            Reply::StoreFailed(error) => {
                self.spend(who);
                self.visit(who).is_troubled = true;
                // The machine takes the failures of all operations alike.
                Answer::Saved(Err(error))
            }
            Reply::Rested => {
                let timeout = self.store_timeout();
                if let Some(visit) = &mut self.flight(who).visit {
                    visit.left = timeout;
                }
                Answer::Waited
            }
            Reply::TimeIsUp => Answer::TimeIsUp,
        };
        self.answered(who, answer, now);
    }

    fn request_failed(&mut self, who: usize, error: Error) {
        let draw = self.rng.draw();
        let now = self.now;
        let attempts = self.flight(who).attempts.as_mut().expect("a request was made");
        attempts.failed.add(&error);
        let left = Duration::from_nanos(attempts.give_up.saturating_sub(now));
        if let Some(wait) = RetryPolicy::default().wait(attempts.failed, &error, left, || draw) {
            self.reply_to_self(who, nanos(wait), Reply::Again);
        } else {
            let now = self.moment(who);
            if error.is_unprocessed() && self.refreshes(who) {
                self.owe(who, Debt::RefreshToken);
            }
            self.answered(who, Answer::Requested(Err(error)), now);
        }
    }

    fn answered(&mut self, who: usize, answer: Answer, now: Moment) {
        let before = self.before_answer(who, &answer);
        let draw = self.rng.draw();
        let holder = &mut self.holders[who];
        let number = holder.flight.as_ref().expect("an answer is a flight's").number;
        let mut events = Vec::new();
        let outcome = holder.state.answered(number, answer, now, draw, &mut events);
        if self.told {
            let kinds = events.iter().map(|event| event.kind().as_str());
            kinds.for_each(|kind| self.tell(who, kind));
        }
        self.check_answer(who, &before, outcome.as_ref());
        match outcome {
            Some(outcome) => self.land(who, outcome),
            None => self.next_leg(who),
        }
    }

    /// The flight is over: its lease is given back, and those who waited are served.
    fn land(&mut self, who: usize, outcome: Outcome) {
        let holder = &mut self.holders[who];
        let flight = holder.flight.take().expect("what lands is a flight");
        holder.publish();
        self.watch.ends(who);
        if let Some(owner) = flight.owner() {
            let within = nanos(self.store_timeout());
            self.send_to_store(who, Operation::Release { owner }, within);
        }
        self.settle(who, outcome);
    }

    fn requested(&mut self, who: usize, response: Response) -> Result<Grant, Error> {
        let refreshes = self.refreshes(who);
        match response {
            Response::Granted { token, refresh_token } => Ok(Grant {
                token: AccessToken::new(format!("a{token}")),
                refresh_token: Some(RefreshToken::new(format!("r{refresh_token}"))),
                lifetime: Some(self.plan.lifetime),
                since: self.flight(who).attempts.as_ref().expect("a request was made").since,
            }),
            Response::Rejected if refreshes => Err(self.error(who, Code::RefreshRejected, true)),
            Response::Rejected => Err(self.error(who, Code::InvalidCredentials, true)),
            // It is told as a time of the day, which the holder's clock may be far from.
            Response::Limited(until) => {
                let left = World::wall(until).saturating_sub(self.moment(who).wall);
                let wait = if left == 0 { 0 } else { left + SECOND / 1000 };
                let error = self.error(who, Code::RateLimited, true);
                Err(error.with_retry_after(Some(Duration::from_nanos(wait))))
            }
        }
    }

    fn error(&mut self, who: usize, code: Code, processed: bool) -> Error {
        let operation = if self.refreshes(who) {
            wire::Operation::Refresh
        } else {
            wire::Operation::Authenticate
        };
        Error::new(code, "as planned").with_retryable(operation.is_repeatable(code, processed))
    }

    fn refreshes(&mut self, who: usize) -> bool {
        let attempts = self.flight(who).attempts.as_ref();
        attempts.is_some_and(|attempts| attempts.request != Request::Authenticate)
    }

    pub(super) fn flight(&mut self, who: usize) -> &mut Flight {
        self.holders[who].flight.as_mut().expect("there is a flight")
    }

    pub(super) fn reply_to_self(&mut self, who: usize, after: Time, reply: Reply) {
        let holder = &mut self.holders[who];
        holder.ticket += 1;
        let ticket = holder.ticket;
        self.push(self.now + after, Event::Replied { who, ticket, reply });
    }

    /// A message that wants an answer.
    pub(super) fn sender(&mut self, who: usize, back: Time) -> Sender {
        let holder = &mut self.holders[who];
        holder.ticket += 1;
        Sender { who, ticket: Some(holder.ticket), back }
    }
}
