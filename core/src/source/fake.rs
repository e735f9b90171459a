//! A service in the test's hands.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::cancel::Canceller;
use crate::clock::{Clock, Manual};
use crate::sync::{Condvar, Mutex, lock};
use crate::token::{AccessToken, TokenSet};
use crate::{Code, Credentials, Error, RefreshToken};

use super::engine::{Engine, Parts};
use super::service::{Request, Requests};
use super::settings::{Observer, Rules};

/// How long a campaign is: as `make test` runs it, and as `make soak` does.
pub(super) fn soak<T>(short: T, long: T) -> T {
    if std::env::var_os("SOAK").is_some() { long } else { short }
}

/// What a request comes to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    Grant,
    Fail(Code),
    #[cfg_attr(not(frontegg_model), allow(dead_code))]
    Panic,
}

/// Grants tokens that live an hour, `token-1` and so on, unless it is told otherwise.
pub(super) struct Fake {
    requests: Mutex<Vec<String>>,
    answers: Mutex<VecDeque<Answer>>,
    /// While it is shut, requests wait, until they are cancelled.
    shut: Mutex<bool>,
    changed: Condvar,
}

impl Fake {
    pub(super) fn new(answers: impl IntoIterator<Item = Answer>) -> Arc<Self> {
        Arc::new(Self {
            requests: Mutex::new(Vec::new()),
            answers: Mutex::new(answers.into_iter().collect()),
            shut: Mutex::new(false),
            changed: Condvar::new(),
        })
    }

    /// An engine that asks it, and the clock that it goes by.
    pub(super) fn engine(self: &Arc<Self>) -> (Arc<Engine>, Arc<Manual>) {
        self.engine_with(Observer::default())
    }

    pub(super) fn engine_with(self: &Arc<Self>, observer: Observer) -> (Arc<Engine>, Arc<Manual>) {
        let clock = Manual::new();
        let engine = Engine::new(Parts {
            service: self.clone(),
            rules: Rules::default(),
            deadline: Duration::from_secs(30),
            observer,
            clock: Clock::Manual(clock.clone()),
            credentials: Credentials::new("id", "secret").unwrap(),
            sharing: None,
        });
        (engine, clock)
    }

    pub(super) fn requests(&self) -> Vec<String> {
        lock(&self.requests).clone()
    }

    pub(super) fn shut(&self, shut: bool) {
        *lock(&self.shut) = shut;
        self.changed.notify_all();
    }

    /// Waits until so many requests have come in.
    pub(super) fn await_requests(&self, number: usize) {
        let shut = lock(&self.shut);
        let lacking = |_: &mut bool| lock(&self.requests).len() < number;
        drop(self.changed.wait_while(shut, lacking).unwrap());
    }
}

impl Requests for Fake {
    fn request(
        &self,
        what: Request<'_>,
        credentials: &Credentials,
        canceller: &Arc<Canceller>,
        _: Instant,
        before: &dyn Fn(),
    ) -> Result<TokenSet, Error> {
        before();
        let number = {
            let shut = lock(&self.shut);
            let mut requests = lock(&self.requests);
            if canceller.has_cancelled() {
                return Err(Error::new(Code::Closed, "cancelled"));
            }
            requests.push(match what {
                Request::Refresh(token) => token.as_str().to_owned(),
                Request::Authenticate => credentials.client_id().to_owned(),
            });
            let number = requests.len();
            drop((requests, shut));
            self.changed.notify_all();
            number
        };
        let waits = |shut: &mut bool| *shut && !canceller.has_cancelled();
        drop(self.changed.wait_while(lock(&self.shut), waits).unwrap());
        if canceller.has_cancelled() {
            return Err(Error::new(Code::Closed, "cancelled"));
        }
        match lock(&self.answers).pop_front().unwrap_or(Answer::Grant) {
            Answer::Fail(code) => Err(Error::new(code, "on purpose")),
            Answer::Panic => panic!("on purpose"),
            Answer::Grant => Ok(TokenSet {
                access_token: AccessToken::new(format!("token-{number}")),
                refresh_token: Some(RefreshToken::new(format!("refresh-{number}"))),
                expires_in: Some(Duration::from_secs(3600)),
                expires: None,
                trace_id: None,
                received_at: SystemTime::now(),
                answered_at: None,
            }),
        }
    }

    fn cancel(&self, canceller: &Canceller) {
        canceller.cancel();
        drop(lock(&self.shut));
        self.changed.notify_all();
    }
}
