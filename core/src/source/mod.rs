//! A valid token at hand: the whole cycle of one API token.

mod engine;
mod event;
mod helpers;
mod machine;
mod published;
mod service;
mod settings;
mod sharing;
mod stats;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::{AccessToken, Client, Credentials, Error};

pub use event::{Event, EventKind};
pub use settings::{Policy, TokenSourceBuilder};
pub use stats::Stats;

/// Keeps a valid access token of one API token at hand.
///
/// [`token`](Self::token) answers the token in nanoseconds while it is fresh. Once it is due,
/// at a point drawn from 70 to 80 % of its lifetime, the next call has it renewed in the
/// background and goes on with the one it has; only when none is left, or the one there is
/// would expire on its way, do calls wait, all of them for one renewal. A renewal is a refresh,
/// or an authentication where that cannot be; one that fails takes nothing from a token that is
/// still valid, and is tried again after a while that grows.
///
/// Cloning is cheap, and clones are the same source. Any number of threads may use one; a
/// forked child may go on with it, and starts with its parent's access token. Nothing runs
/// between calls: a source that nobody asks costs nothing, and keeps no process alive. When the
/// last clone is dropped, what runs is interrupted and the tokens are zeroed.
#[derive(Clone)]
pub struct TokenSource(Arc<Owner>);

/// Its drop ends the source: a flight under way would keep the engine itself alive.
struct Owner(Arc<engine::Engine>);

impl Drop for Owner {
    fn drop(&mut self) {
        // Without waiting for the helper.
        drop(self.0.close());
    }
}

/// What one call for a token wants beyond a valid one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use]
pub struct TokenRequest {
    min_validity: Duration,
    timeout: Option<Duration>,
}

impl TokenRequest {
    /// A valid token, as [`TokenSource::token`] gives it.
    pub const fn new() -> Self {
        Self { min_validity: Duration::ZERO, timeout: None }
    }

    /// A token with at least so much of its life left; a renewal is waited for if need be.
    ///
    /// Up to nine tenths of the lifetime that the service gives its tokens can be asked for;
    /// beyond that, the call fails with `invalid_argument`.
    pub const fn min_validity(mut self, span: Duration) -> Self {
        self.min_validity = span;
        self
    }

    /// How long the call waits at most; the source's deadline by default. The renewal that it
    /// waits for goes on without it, unless the system gives no thread for that: then the call
    /// makes the renewal itself, in this time, and fails with [`Code::Timeout`](crate::Code) where
    /// that is too short.
    pub const fn timeout(mut self, span: Duration) -> Self {
        self.timeout = Some(span);
        self
    }
}

impl TokenSource {
    /// Starts a source for this API token. Any number of sources may share a client.
    pub fn builder(client: Client, credentials: Credentials) -> TokenSourceBuilder {
        TokenSourceBuilder::new(Ok((client, credentials)))
    }

    /// A source with the endpoint and the credentials that the environment names, and every
    /// other setting at its default; see [`TokenSourceBuilder::from_env`].
    pub fn from_env() -> Result<Self, Error> {
        TokenSourceBuilder::from_env().build()
    }

    pub(crate) fn from_parts(parts: engine::Parts) -> Self {
        Self(Arc::new(Owner(engine::Engine::new(parts))))
    }

    /// A valid access token: at once if there is one, else by renewal.
    ///
    /// Blocks for the source's deadline at most, and only where there is no token or an urgent
    /// one: in its last 30 s, or the last tenth of its lifetime. An expired token is never
    /// answered.
    #[inline]
    pub fn token(&self) -> Result<AccessToken, Error> {
        match self.engine().fresh() {
            Some(loan) => Ok(loan.as_ref().expect("a loan holds a token").token().clone()),
            None => self.slow(&TokenRequest::new()),
        }
    }

    /// The same, with what this call wants beyond that.
    pub fn token_with(&self, request: &TokenRequest) -> Result<AccessToken, Error> {
        if request.min_validity.is_zero() && self.engine().fresh().is_some() {
            return self.token();
        }
        self.slow(request)
    }

    /// The same as [`token`](Self::token) without a copy, hence without a write to anything
    /// that threads share: for hot paths on many cores. To be held for a moment only.
    #[inline]
    pub fn token_ref(&self) -> Result<TokenRef, Error> {
        match self.engine().fresh() {
            Some(loan) => Ok(TokenRef(Held::Lent(loan))),
            None => Ok(TokenRef(Held::Own(self.slow(&TokenRequest::new())?))),
        }
    }

    /// The token where that takes nothing but a look, as in [`token_ref`](Self::token_ref):
    /// `None` where the call would have to renew it, or to look further whether to. Starts
    /// nothing. For bindings that keep a copy of the token in their own language.
    #[inline]
    pub fn fresh(&self) -> Option<TokenRef> {
        self.engine().fresh().map(|loan| TokenRef(Held::Lent(loan)))
    }

    /// Whether this copy is the token that [`fresh`](Self::fresh) would answer: for bindings,
    /// which keep it beside what they made of it.
    #[inline]
    pub fn is_fresh(&self, token: &AccessToken) -> bool {
        self.engine().is_fresh(token)
    }

    /// What [`fresh`](Self::fresh) answers, and for how long it would go on doing so if nobody
    /// does anything to the source and no renewal ends: for bindings that answer from their
    /// copy without a look.
    pub fn fresh_for(&self) -> Option<(TokenRef, Duration)> {
        let loan = self.engine().fresh()?;
        let span = self.engine().good_for(&loan);
        Some((TokenRef(Held::Lent(loan)), span))
    }

    /// The same as [`token_with`](Self::token_with) for a caller that must not block: answers
    /// at once where it can, and then drops `deliver` without calling it; else `None`, and
    /// `deliver` is called exactly once, from the thread of the renewal. The request's timeout
    /// counts for nothing here; the source's deadline does. Fails with
    /// [`Code::Exhausted`](crate::Code) where the system gives no thread for a renewal.
    ///
    /// No lock is held while `deliver` runs. It must not block: other callers wait behind it.
    /// A panic in it is caught and logged.
    pub fn token_or_later(
        &self,
        request: &TokenRequest,
        deliver: impl FnOnce(Result<AccessToken, Error>) + Send + 'static,
    ) -> Option<Result<AccessToken, Error>> {
        self.engine().obtain_or_later(request.min_validity, &mut Some(Box::new(deliver)))
    }

    /// What such a caller gets once it has waited as long as it wants to: the token that there
    /// is, if it will do, or else an error of code `timeout`. Its callback still comes.
    pub fn give_up(&self, request: &TokenRequest) -> Result<AccessToken, Error> {
        self.engine().give_up(request.min_validity)
    }

    /// The current token if it is valid. Never blocks, and starts no renewal.
    pub fn peek(&self) -> Option<AccessToken> {
        self.engine().peek()
    }

    /// Tells that a resource server answered 401 to this token. It is dropped if it is still
    /// the current one, so that a burst of late 401s causes one renewal; answers whether it was.
    ///
    /// Where tokens are rejected one after the other, renewing does not help: from the second
    /// one on, the rejected token serves on for a while (1 s, doubling to 30 s) before it is
    /// renewed.
    pub fn invalidate(&self, token: &AccessToken) -> bool {
        self.invalidate_str(token.as_str())
    }

    /// The same for a token that was kept as a string.
    pub fn invalidate_str(&self, token: &str) -> bool {
        self.engine().invalidate(token)
    }

    /// Goes on with other credentials, such as a rotated secret. What was remembered of a
    /// rejection is forgotten. A token of another client id is dropped; one of the same stays
    /// until it is due. A renewal under way is given up, and those who wait go on to the next.
    pub fn set_credentials(&self, credentials: Credentials) {
        self.engine().set_credentials(credentials);
    }

    /// What was done so far.
    pub fn stats(&self) -> Stats {
        self.engine().stats()
    }

    /// Fails all calls with code `closed`, those that wait at once, interrupts a renewal under
    /// way, and waits for its thread to end, but for half a second at most: a store or an observer
    /// may keep it busy. The client that the source was made with stays open.
    pub fn close(&self) {
        helpers::join(self.engine().close());
    }

    /// The same without waiting for the thread, for hosts that must not block.
    pub fn close_soon(&self) {
        drop(self.engine().close());
    }

    fn engine(&self) -> &Arc<engine::Engine> {
        &self.0.0
    }

    #[cold]
    fn slow(&self, request: &TokenRequest) -> Result<AccessToken, Error> {
        let timeout = request.timeout.unwrap_or(self.engine().deadline);
        self.engine().obtain(request.min_validity, timeout)
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource").finish_non_exhaustive()
    }
}

/// A token on loan from its source; see [`TokenSource::token_ref`].
pub struct TokenRef(Held);

enum Held {
    Lent(published::Loan),
    Own(AccessToken),
}

impl Deref for TokenRef {
    type Target = AccessToken;

    #[inline]
    fn deref(&self) -> &AccessToken {
        match &self.0 {
            Held::Lent(loan) => loan.as_ref().expect("a loan holds a token").token(),
            Held::Own(token) => token,
        }
    }
}

impl fmt::Debug for TokenRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenRef(…)")
    }
}

#[cfg(test)]
mod fake;
#[cfg(all(test, not(frontegg_model)))]
mod fleet;
#[cfg(all(test, frontegg_model))]
mod model;
#[cfg(all(test, not(frontegg_model)))]
mod tests;
