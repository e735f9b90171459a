//! What the service answers: an access token, a refresh token, and how long they live.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use zeroize::Zeroizing;

use crate::claims::{self, Claims};
use crate::environment;

/// A JSON Web Token to present to an API. Cloning is cheap: copies share one string.
#[derive(Clone)]
pub struct AccessToken(Arc<Inner>);

struct Inner {
    /// `Bearer `, and then the token: one string serves both uses.
    authorization: Zeroizing<String>,
    about: OnceLock<About>,
}

/// What a [`TokenSource`](crate::TokenSource) knows of a token that it hands out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    pub(crate) origin: Origin,
    pub(crate) expires_at: Option<SystemTime>,
    pub(crate) renewal_due_at: Option<SystemTime>,
}

/// What a [`TokenSource`](crate::TokenSource) got a token by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// An authentication.
    Authenticate,
    /// A refresh.
    Refresh,
    /// A shared store, where a sibling put it.
    Store,
}

impl Origin {
    /// `authenticate`, `refresh` or `store`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Origin::Authenticate => "authenticate",
            Origin::Refresh => "refresh",
            Origin::Store => "store",
        }
    }
}

const BEARER: &str = "Bearer ";

impl AccessToken {
    pub(crate) fn new(token: String) -> Self {
        let token = Zeroizing::new(token);
        let mut text = Zeroizing::new(String::with_capacity(BEARER.len() + token.len()));
        text.push_str(BEARER);
        text.push_str(&token);
        Self(Arc::new(Inner { authorization: text, about: OnceLock::new() }))
    }

    /// The token itself. Do not log it.
    pub fn as_str(&self) -> &str {
        &self.0.authorization[BEARER.len()..]
    }

    /// `Bearer …`, as an `Authorization` header wants it. Do not log it.
    pub fn authorization(&self) -> &str {
        &self.0.authorization
    }

    /// What the token says of itself, **not verified**: for display and scheduling, never
    /// to decide on access. `None` where the token is no readable JWT.
    pub fn claims(&self) -> Option<Claims> {
        Claims::decode(self.as_str())
    }

    /// When it expires, by the system's clock as it stood when the token was asked for. `None`
    /// where its lifetime is unknown, and for one that is not from a
    /// [`TokenSource`](crate::TokenSource): there, [`TokenSet::lifetime`] tells.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.0.about.get()?.expires_at
    }

    /// From when on its [`TokenSource`](crate::TokenSource) renews it. `None` where that is
    /// not known, as above.
    pub fn renewal_due_at(&self) -> Option<SystemTime> {
        self.0.about.get()?.renewal_due_at
    }

    /// What its [`TokenSource`](crate::TokenSource) got it by; `None` for one from elsewhere.
    pub fn origin(&self) -> Option<Origin> {
        Some(self.0.about.get()?.origin)
    }

    /// Whether both are the same copy: cheaper than comparing their texts.
    pub fn is_same_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Where its one copy is: no other token is there as long as this one lives.
    #[inline]
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Tells what a source knows. Once for each token.
    pub(crate) fn describe(&self, about: About) {
        let _ = self.0.about.set(about);
    }
}

impl PartialEq for AccessToken {
    fn eq(&self, other: &Self) -> bool {
        self.is_same_as(other) || self.as_str() == other.as_str()
    }
}

impl Eq for AccessToken {}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

/// A single-use token to exchange for a new [`TokenSet`].
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken(Arc<Zeroizing<String>>);

impl RefreshToken {
    /// Wraps a refresh token that was kept elsewhere. White space at either end, such as the
    /// newline of a file, and a byte order mark are not part of it.
    pub fn new(token: impl Into<String>) -> Self {
        let token = Zeroizing::new(token.into());
        let text = environment::trimmed(&token);
        if text.len() == token.len() {
            return Self(Arc::new(token));
        }
        Self(Arc::new(Zeroizing::new(text.to_owned())))
    }

    /// The token itself. Do not log it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(…)")
    }
}

impl From<String> for RefreshToken {
    fn from(token: String) -> Self {
        Self::new(token)
    }
}

impl From<&str> for RefreshToken {
    fn from(token: &str) -> Self {
        Self::new(token)
    }
}

/// The answer of one authentication or refresh.
#[derive(Clone)]
pub struct TokenSet {
    pub(crate) access_token: AccessToken,
    pub(crate) refresh_token: Option<RefreshToken>,
    pub(crate) expires_in: Option<Duration>,
    pub(crate) expires: Option<String>,
    pub(crate) trace_id: Option<String>,
    pub(crate) received_at: SystemTime,
    /// By the service's clock.
    pub(crate) answered_at: Option<SystemTime>,
}

impl TokenSet {
    /// The access token.
    pub fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    /// The refresh token. A workspace without rotation may leave it out of a refresh.
    pub fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    /// Returns how long the access token lives, from the moment before it was asked for.
    ///
    /// It is the smallest of the answer's `expires_in`, the token's `exp - iat`, and `exp` less
    /// the answer's `Date`, of those that are there and positive: the service may hand out a
    /// token that it issued a while ago. Where `exp` lies before `Date`, the service's clocks
    /// disagree, and the last of them does not count. `None` if there is none: then the token
    /// should be used once.
    pub fn lifetime(&self) -> Option<Duration> {
        let dates = claims::Dates::of(self.access_token.as_str());
        let left = self.answered_at.and_then(|at| dates.left(at));
        [self.expires_in, dates.span(), left].into_iter().flatten().min()
    }

    /// The answer's `expires` as the service wrote it, meant to be an RFC 1123 date.
    /// Services were seen to send anything here; nothing in this library reads it.
    pub fn expires(&self) -> Option<&str> {
        self.expires.as_deref()
    }

    /// When the answer had been read, by the system's clock.
    pub fn received_at(&self) -> SystemTime {
        self.received_at
    }

    /// The `frontegg-trace-id` of the answer: what Frontegg's support asks for.
    pub fn trace_id(&self) -> Option<&str> {
        self.trace_id.as_deref()
    }
}

impl fmt::Debug for TokenSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSet")
            .field("access_token", &self.access_token)
            .field("refresh_token", &self.refresh_token)
            .field("lifetime", &self.lifetime())
            .field("trace_id", &self.trace_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_puts_around_a_refresh_token_is_no_part_of_it() {
        for text in ["a b", "a b\n", "\u{feff}a b\r\n", " a b\t"] {
            assert_eq!(RefreshToken::new(text).as_str(), "a b");
        }
    }
}
