//! A machine on the bench: time is moved by hand, and what it wants of the service is answered
//! by hand.

use std::time::Duration;

use crate::clock::{Moment, nanos};
use crate::source::event::{Event, EventKind};
use crate::source::settings::{Policy, Rules};
use crate::{AccessToken, Code, Error, RefreshToken};

use super::{Action, Answer, Grant, Leg, Outcome, State};

pub(super) const HOUR: Duration = Duration::from_secs(3600);

pub(super) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) struct Lab {
    pub(super) state: State,
    pub(super) now: Moment,
    pub(super) draw: f64,
    /// The flight, where one is in the air.
    pub(super) flight: Option<u64>,
    pub(super) events: Vec<Event>,
    /// Tokens and refresh tokens are numbered.
    pub(super) granted: u32,
}

/// What a call got, or what it has to wait for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Got {
    Token(String),
    /// The same, and its renewal has begun.
    TokenAndRenewal(String),
    Wait,
    Error(Code),
}

impl Lab {
    pub(super) fn new(policy: Policy) -> Self {
        let rules = Rules { policy, ..Rules::default() };
        Self {
            state: State::new(rules, None),
            now: Moment { boot: nanos(HOUR), wall: 1_780_000_000_000_000_000 },
            draw: 0.5,
            flight: None,
            events: Vec::new(),
            granted: 0,
        }
    }

    /// With a token of this lifetime, and the refresh token `refresh-1`.
    pub(super) fn with_token(lifetime: Duration) -> Self {
        let mut lab = Self::new(Policy::Auto);
        assert_eq!(lab.call(), Got::Wait);
        assert_eq!(lab.leg(), "authenticate");
        assert!(lab.grant(Some(lifetime)).is_some());
        lab
    }

    pub(super) fn advance(&mut self, span: Duration) {
        self.now.boot += nanos(span);
        self.now.wall = self.now.wall.saturating_add(nanos(span));
    }

    pub(super) fn step_wall(&mut self, seconds: i64) {
        self.now.wall = self.now.wall.saturating_add_signed(seconds.saturating_mul(1_000_000_000));
    }

    pub(super) fn call(&mut self) -> Got {
        self.call_for(Duration::ZERO)
    }

    /// A call, upon which a flight begins where it has to.
    pub(super) fn call_for(&mut self, min_validity: Duration) -> Got {
        let text = |token: AccessToken| token.as_str().to_owned();
        match self.state.decide(self.now, min_validity) {
            Action::Serve(token) => Got::Token(text(token)),
            Action::ServeAndRenew(token) => {
                self.launch(true);
                Got::TokenAndRenewal(text(token))
            }
            Action::Renew => {
                self.launch(false);
                Got::Wait
            }
            Action::Join => {
                assert!(self.flight.is_some(), "there is something to wait for");
                Got::Wait
            }
            Action::Refuse(error) => {
                self.events.extend(self.state.note_refusal());
                Got::Error(error.code())
            }
        }
    }

    fn launch(&mut self, background: bool) {
        assert!(self.flight.is_none(), "one flight at a time");
        self.flight = Some(self.state.launch(background));
    }

    /// What the flight requests next: `authenticate`, or the refresh token.
    pub(super) fn leg(&mut self) -> String {
        match self.state.next_leg(self.flight.expect("a flight")).expect("it matters") {
            Leg::Authenticate => "authenticate".into(),
            Leg::Refresh(token) => token.as_str().to_owned(),
            leg => panic!("no store is shared, and yet {leg:?}"),
        }
    }

    /// The service grants the next token and refresh token, at once.
    pub(super) fn grant(&mut self, lifetime: Option<Duration>) -> Option<Outcome> {
        let refresh_token = format!("refresh-{}", self.granted + 1);
        self.grant_with(lifetime, Some(&refresh_token), Duration::ZERO)
    }

    /// The same for a request that took so long, and with this refresh token.
    pub(super) fn grant_with(
        &mut self,
        lifetime: Option<Duration>,
        refresh_token: Option<&str>,
        took: Duration,
    ) -> Option<Outcome> {
        let since = self.now;
        self.advance(took);
        self.granted += 1;
        self.answer(Ok(Grant {
            token: AccessToken::new(format!("token-{}", self.granted)),
            refresh_token: refresh_token.map(RefreshToken::new),
            lifetime,
            since,
        }))
    }

    /// The request fails; after a refresh, its token counts as consumed.
    pub(super) fn fail(&mut self, code: Code) -> Option<Outcome> {
        self.answer(Err(Error::new(code, "on purpose")))
    }

    /// The request was not sent.
    pub(super) fn fail_unsent(&mut self, code: Code) -> Option<Outcome> {
        self.answer(Err(Error::new(code, "on purpose").with_unprocessed(true)))
    }

    pub(super) fn limit(&mut self, retry_after: Duration) -> Option<Outcome> {
        let error = Error::new(Code::RateLimited, "on purpose");
        self.answer(Err(error.with_retry_after(Some(retry_after))))
    }

    pub(super) fn answer(&mut self, answer: Result<Grant, Error>) -> Option<Outcome> {
        let flight = self.flight.expect("a flight");
        let (now, draw) = (self.now, self.draw);
        let answer = Answer::Requested(answer);
        let outcome = self.state.answered(flight, answer, now, draw, &mut self.events);
        if outcome.is_some() {
            self.flight = None;
        }
        outcome
    }

    /// What a caller gets who waited for this.
    pub(super) fn settle(&self, outcome: Outcome) -> Option<Result<String, Code>> {
        let settled = self.state.settle(self.now, Duration::ZERO, outcome)?;
        Some(settled.map(|token| token.as_str().to_owned()).map_err(|error| error.code()))
    }

    /// The kinds of events since the last time.
    pub(super) fn events(&mut self) -> Vec<EventKind> {
        std::mem::take(&mut self.events).iter().map(Event::kind).collect()
    }

    /// How long callers are refused from now on, in seconds.
    pub(super) fn refused_for(&self) -> f64 {
        match self.state.decide(self.now, Duration::ZERO) {
            Action::Refuse(error) => error.retry_after().expect("it is told").as_secs_f64(),
            other => panic!("{other:?}"),
        }
    }
}
