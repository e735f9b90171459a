//! What a source tells an observer.

use crate::Error;
use crate::logs::log_line;

/// What happened to a [`TokenSource`](crate::TokenSource).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Event {
    kind: EventKind,
    generation: u64,
    error: Option<Error>,
}

/// The kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// An authentication brought a token.
    Authenticated,
    /// A refresh brought a token.
    Refreshed,
    /// A refresh failed, with this error, in such a way that its refresh token is lost: an
    /// authentication follows.
    FellBack,
    /// A renewal failed, with this error.
    Failed,
    /// Callers go on with the token that they have, since it is still valid although its
    /// renewal failed. Follows upon `Failed`.
    ServedWhileFailing,
    /// A call got a remembered failure, this error, and the service was left alone. Once for
    /// each failure.
    Throttled,
    /// The shared store had a token that a sibling got.
    StoreHit,
    /// The shared store failed, with this error: the source goes on without it. Once, until it
    /// works again.
    StoreFailed,
    /// The shared store works again.
    StoreRecovered,
}

impl EventKind {
    /// Its name in every language, such as `fell_back`.
    pub const fn as_str(self) -> &'static str {
        match self {
            EventKind::Authenticated => "authenticated",
            EventKind::Refreshed => "refreshed",
            EventKind::FellBack => "fell_back",
            EventKind::Failed => "failed",
            EventKind::ServedWhileFailing => "served_while_failing",
            EventKind::Throttled => "throttled",
            EventKind::StoreHit => "store_hit",
            EventKind::StoreFailed => "store_failed",
            EventKind::StoreRecovered => "store_recovered",
        }
    }
}

impl Event {
    pub(crate) fn new(kind: EventKind, generation: u64, error: Option<Error>) -> Self {
        Self { kind, generation, error }
    }

    /// What happened.
    pub fn kind(&self) -> EventKind {
        self.kind
    }

    /// How many tokens the source has had by then.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Why, where something failed.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    pub(crate) fn log(&self) {
        let kind = self.kind.as_str();
        match (self.kind, &self.error) {
            (EventKind::StoreFailed | EventKind::Failed, Some(error)) => {
                log_line!(Warn, "token source: {kind}: {error}");
            }
            (EventKind::FellBack, Some(error)) => {
                log_line!(Info, "token source: {kind}: {error}");
            }
            (EventKind::StoreRecovered, _) => log_line!(Info, "token source: {kind}"),
            (_, Some(error)) => log_line!(Debug, "token source: {kind}: {error}"),
            (_, None) => log_line!(Debug, "token source: {kind} (token {})", self.generation),
        }
    }
}
