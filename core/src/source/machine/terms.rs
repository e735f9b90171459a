//! What the machine takes in and what it answers.

use std::time::Duration;

use crate::clock::{Moment, nanos};
use crate::store::{Lease, Stored, StoredToken};
use crate::token::Origin;
use crate::{AccessToken, Error, RefreshToken};

/// A token is urgent for so long before it expires, or for a tenth of its lifetime if that is
/// less: handed out now, it could expire on its way.
const URGENT: Duration = Duration::from_secs(30);
const URGENT_PART: u32 = 10;

/// The age at which a token of this lifetime is urgent.
pub(super) fn urgent_from(lifetime: Duration) -> Duration {
    lifetime.saturating_sub(URGENT.min(lifetime / URGENT_PART))
}

/// A token and its times, which are ages counted from `since`.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) token: AccessToken,
    pub(crate) generation: u64,
    pub(crate) origin: Origin,
    /// Before it was asked for.
    pub(crate) since: Moment,
    pub(crate) lifetime: Duration,
    pub(crate) due: Duration,
    pub(crate) urgent: Duration,
}

impl Held {
    /// How much of its lifetime is left; `None` for an expired one.
    pub(crate) fn left(&self, now: Moment) -> Option<Duration> {
        self.lifetime.checked_sub(now.age_of(self.since)).filter(|left| !left.is_zero())
    }

    /// Whether the service gives tokens that are good for such a demand: the last tenth of a
    /// lifetime cannot be asked for, or no token would ever do.
    pub(super) fn can_meet(&self, min_validity: Duration) -> bool {
        min_validity <= self.lifetime.saturating_sub(self.lifetime / URGENT_PART)
    }
}

/// What the service granted.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) token: AccessToken,
    pub(crate) refresh_token: Option<RefreshToken>,
    pub(crate) lifetime: Option<Duration>,
    /// Before the request went out.
    pub(crate) since: Moment,
}

impl Grant {
    /// What of it others can use, and for how long.
    pub(super) fn stored(&self) -> Option<StoredToken> {
        self.lifetime.map(|lifetime| StoredToken {
            token: self.token.clone(),
            since: self.since,
            lifetime,
        })
    }
}

/// What a call for a token comes to.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// Hand the token out.
    Serve(AccessToken),
    /// Hand it out, and renew it meanwhile.
    ServeAndRenew(AccessToken),
    /// Renew, and wait for that.
    Renew,
    /// Wait for the renewal under way.
    Join,
    /// Answer this, and leave the service alone.
    Refuse(Error),
}

/// What a flight does next.
#[derive(Debug, Clone)]
pub(crate) enum Leg {
    /// Read the entry of the shared store.
    Load,
    /// Ask the store for the lease.
    Lease,
    /// Let some time pass.
    Wait(Duration),
    /// Put this in the place of the entry that was loaded or saved last.
    Save(Stored),
    /// Request a token.
    Refresh(RefreshToken),
    Authenticate,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Answer {
    Requested(Result<Grant, Error>),
    /// `None` for an entry that is not there or cannot be read.
    Loaded(Result<Option<Stored>, Error>),
    Leased(Result<Lease, Error>),
    Saved(Result<bool, Error>),
    Waited,
    /// There is no time left to wait.
    TimeIsUp,
}

/// How a flight ended.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// With a token, to be used once if it has no lifetime.
    Landed(AccessToken, Option<Held>),
    Failed(Error),
    /// It does not matter any more: the credentials are others.
    Superseded,
}

/// What a caller gets of a flight that brought this; `None` to decide anew.
pub(crate) fn settle_landed(
    now: Moment,
    min_validity: Duration,
    token: AccessToken,
    held: Option<Held>,
) -> Option<Result<AccessToken, Error>> {
    let Some(held) = held else { return Some(Ok(token)) };
    let left = held.left(now)?;
    let enough = left >= min_validity && held.can_meet(min_validity);
    if !enough && held.origin == Origin::Store && held.can_meet(min_validity) {
        return None;
    }
    // It will not get better than just renewed.
    Some(if enough { Ok(token) } else { Err(unmeetable(held.lifetime)) })
}

/// Whether this is so much more time than that, that a failure for want of it says nothing.
pub(crate) fn has_much_more(time: Duration, than: Duration) -> bool {
    time / 2 >= than && !time.is_zero()
}

pub(crate) fn closed() -> Error {
    Error::new(crate::Code::Closed, "the token source is closed")
}

pub(super) fn expired_on_arrival() -> Error {
    Error::new(crate::Code::InvalidResponse, "the access token had expired when it arrived")
}

pub(super) fn still_renewing() -> Error {
    Error::new(crate::Code::Timeout, "other processes are renewing the token, and none succeeded")
}

pub(super) fn unmeetable(lifetime: Duration) -> Error {
    let seconds = nanos(lifetime) / 1_000_000_000;
    Error::invalid_argument(format!(
        "min_validity cannot be met: the service's access tokens live {seconds} s"
    ))
}
