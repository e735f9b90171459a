//! The two calls as they are.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use ureq::http::{HeaderMap, Uri};

use crate::builder::ClientBuilder;
use crate::endpoint::Endpoint;
use crate::logs::{self, log_line};
use crate::net::{Exchange, KEPT_FOR, Transport};
use crate::retry::{self, Attempts, RetryPolicy};
use crate::token::TokenSet;
use crate::wire::{Operation, Outgoing};
use crate::{Credentials, Error, RefreshToken, cancel, interrupt};

/// A refresh does not go out on a connection that has been idle for longer: the server may
/// be closing it, and a refresh of unknown fate costs more than a connection.
const REFRESH_MAX_IDLE: Duration = Duration::from_millis(100);

/// The two calls of the service, each answering a [`TokenSet`] or an [`Error`].
///
/// Stateless but for its pool of connections. Cloning is cheap, and clones share the pool. Any
/// number of threads may call at once; each call blocks its thread.
#[derive(Clone)]
pub struct Client(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) transport: Transport,
    pub(crate) endpoint: Endpoint,
    pub(crate) authenticate: (Uri, HeaderMap),
    pub(crate) refresh: (Uri, HeaderMap),
    pub(crate) attempt_timeout: Duration,
    pub(crate) deadline: Duration,
    pub(crate) retry: RetryPolicy,
    /// A region's host, and nothing that tells it the workspace.
    pub(crate) lacks_vendor_host: bool,
}

/// How long a call may take, and who wants to know of its attempts.
pub(crate) struct Budget<'a> {
    pub(crate) give_up: Instant,
    /// Called right before each request.
    pub(crate) before_attempt: &'a dyn Fn(),
}

impl Budget<'_> {
    fn of(client: &Client) -> Self {
        Self { give_up: Instant::now() + client.deadline(), before_attempt: &|| {} }
    }
}

impl Client {
    /// Starts a client for this endpoint.
    pub fn builder(endpoint: impl Into<Endpoint>) -> ClientBuilder {
        ClientBuilder::new(Ok(endpoint.into()))
    }

    /// A client with the endpoint that the environment names and every other setting at its
    /// default; see [`ClientBuilder::from_env`].
    pub fn from_env() -> Result<Self, Error> {
        ClientBuilder::from_env().build()
    }

    pub(crate) fn from_parts(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Exchanges the client id and secret of an API token for a fresh token set.
    ///
    /// The service keeps 100 refresh tokens alive per API token: the authentication that
    /// makes one more invalidates the earliest. So does one whose answer was lost, if the service
    /// processed it: see [`RetryPolicy`] for how often it is repeated.
    pub fn authenticate(&self, credentials: &Credentials) -> Result<TokenSet, Error> {
        self.authenticate_within(credentials, &Budget::of(self))
    }

    /// Exchanges a refresh token for a fresh token set. It is single-use: whatever comes of
    /// the call, do not present it again unless the error [is retryable](Error::is_retryable).
    pub fn refresh(&self, refresh_token: &RefreshToken) -> Result<TokenSet, Error> {
        self.refresh_within(refresh_token, &Budget::of(self))
    }

    pub(crate) fn authenticate_within(
        &self,
        credentials: &Credentials,
        budget: &Budget<'_>,
    ) -> Result<TokenSet, Error> {
        #[cfg(frontegg_testing)]
        crate::testing::panic_on_purpose(credentials.client_id());
        self.call(&Outgoing::authenticate(credentials), budget)
    }

    pub(crate) fn refresh_within(
        &self,
        refresh_token: &RefreshToken,
        budget: &Budget<'_>,
    ) -> Result<TokenSet, Error> {
        if refresh_token.as_str().is_empty() {
            return Err(Error::invalid_argument("the refresh token is empty"));
        }
        #[cfg(frontegg_testing)]
        crate::testing::panic_on_purpose(refresh_token.as_str());
        self.call(&Outgoing::refresh(refresh_token), budget)
    }

    /// Interrupts the calls under way, which fail with code `closed` like all that follow,
    /// and closes the connections. Clones of this client are closed too.
    ///
    /// Connecting cannot be interrupted: a call in the midst of it ends with its time-out.
    pub fn close(&self) {
        self.0.transport.close();
    }

    /// Has the calls that sleep look whether their canceller ended them.
    pub(crate) fn wake(&self) {
        self.0.transport.wake();
    }

    /// How long a call takes at most, with all its attempts.
    pub(crate) fn deadline(&self) -> Duration {
        self.0.deadline
    }

    /// What tells the tokens of this client from those of others: endpoint and vendor host.
    pub(crate) fn place(&self) -> [String; 2] {
        let vendor_host = self.0.refresh.1.get(crate::wire::VENDOR_HOST);
        let vendor_host = vendor_host.and_then(|value| value.to_str().ok()).unwrap_or_default();
        [self.0.endpoint.base_url().to_owned(), vendor_host.to_owned()]
    }

    /// Where this client calls.
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    fn call(&self, outgoing: &Outgoing, budget: &Budget<'_>) -> Result<TokenSet, Error> {
        let parts = &*self.0;
        let mut attempts = Attempts::default();
        let ended = || parts.transport.is_closed() || cancel::is_cancelled();
        loop {
            if ended() {
                return Err(Error::closed().with_attempts(attempts.made));
            }
            (budget.before_attempt)();
            let left = budget.give_up.saturating_duration_since(Instant::now());
            // What the transport has to say is not said under its locks.
            let (outcome, lines) = logs::hold(|| self.attempt(outgoing, left));
            lines.write();
            let error = match outcome {
                Ok(token_set) => return Ok(token_set),
                Err(error) => error,
            };
            attempts.add(&error);
            let error = error.with_attempts(attempts.made);
            if ended() {
                return Err(Error::closed().with_attempts(attempts.made));
            }
            let left = budget.give_up.saturating_duration_since(Instant::now());
            if interrupt::has_given_up() {
                return Err(error);
            }
            let name = outgoing.operation.as_str();
            let Some(wait) = parts.retry.wait(attempts, &error, left, retry::draw) else {
                log_line!(Debug, "{name} failed: {error}");
                return Err(error);
            };
            log_line!(Info, "{name} failed, again in {wait:?}: {error}");
            parts.transport.sleep(wait);
            if interrupt::has_given_up() {
                return Err(error);
            }
        }
    }

    fn attempt(&self, outgoing: &Outgoing, left: Duration) -> Result<TokenSet, Error> {
        let parts = &*self.0;
        let operation = outgoing.operation;
        let ((uri, headers), max_idle) = match operation {
            Operation::Authenticate => (&parts.authenticate, KEPT_FOR),
            Operation::Refresh => (&parts.refresh, REFRESH_MAX_IDLE),
        };
        let outcome = parts.transport.exchange(&Exchange {
            uri,
            headers,
            body: &outgoing.body,
            timeout: left.min(parts.attempt_timeout),
            max_idle,
        });
        let failed = |failure: crate::net::Failure| {
            let repeatable = operation.is_repeatable(failure.code, failure.may_have_been_processed);
            Error::new(failure.code, failure.message)
                .with_retryable(repeatable)
                .with_unprocessed(!failure.may_have_been_processed)
                .with_cause(failure.source)
        };
        let answer = outcome.map_err(failed)?;
        let succeeded = (200..300).contains(&answer.status);
        let body = match answer.body {
            Ok(body) => body,
            // A status of failure says enough without its body; one of success does not.
            Err(_) if !succeeded => Vec::new().into(),
            Err(failure) => return Err(failed(failure).with_status(answer.status)),
        };
        let now = SystemTime::now();
        let outcome = outgoing.interpret(headers, answer.status, &answer.headers, &body, now);
        outcome.map_err(|error| {
            let puzzled = operation == Operation::Refresh && (400..500).contains(&answer.status);
            if puzzled && answer.status != 429 && parts.lacks_vendor_host {
                error.with_hint(
                    "the host of a region needs vendor_host to know the workspace, and none is set",
                )
            } else {
                error
            }
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.0.endpoint).finish_non_exhaustive()
    }
}
