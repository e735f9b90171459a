//! What a flight asks for its tokens: the client, or what a test puts in its place.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cancel::Canceller;
use crate::client::Budget;
use crate::clock::Moment;
use crate::{Client, Credentials, Error, RefreshToken, TokenSet};

/// What to ask for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Request<'a> {
    Refresh(&'a RefreshToken),
    Authenticate,
}

/// Makes the requests of a source's flights.
pub(crate) trait Requests: Send + Sync {
    /// Makes one, which ends by `give_up` or when it is cancelled. `before` is called right
    /// before each attempt.
    fn request(
        &self,
        what: Request<'_>,
        credentials: &Credentials,
        canceller: &Arc<Canceller>,
        give_up: Instant,
        before: &dyn Fn(),
    ) -> Result<TokenSet, Error>;

    /// Ends the request under way.
    fn cancel(&self, canceller: &Canceller);
}

/// The service, by way of a client that other sources may share.
pub(crate) struct Service(pub(crate) Client);

impl Requests for Service {
    fn request(
        &self,
        what: Request<'_>,
        credentials: &Credentials,
        canceller: &Arc<Canceller>,
        give_up: Instant,
        before: &dyn Fn(),
    ) -> Result<TokenSet, Error> {
        let client = &self.0;
        canceller.over(|| match what {
            Request::Refresh(token) => {
                let left = give_up.saturating_duration_since(Instant::now());
                let give_up = give_up
                    .checked_sub(left.saturating_sub(time_of_refresh(left)))
                    .unwrap_or(give_up);
                client.refresh_within(token, &Budget { give_up, before_attempt: before })
            }
            Request::Authenticate => {
                client.authenticate_within(credentials, &Budget { give_up, before_attempt: before })
            }
        })
    }

    fn cancel(&self, canceller: &Canceller) {
        canceller.cancel();
        self.0.wake();
    }
}

/// How much of what is left a refresh may take: the other half is for the authentication that
/// follows if its fate is unknown.
pub(super) fn time_of_refresh(left: Duration) -> Duration {
    left / 2
}

/// No flight that runs takes so much longer than it may.
const OVERDUE: Duration = Duration::from_secs(5);

/// Whether the process was stopped, or the machine suspended, in the midst of a flight that began
/// then with so much time: it would have been over long ago. Such a one has its time again.
pub(super) fn was_stopped(began: Moment, now: Moment, time: Duration) -> bool {
    let age = Duration::from_nanos(now.boot.saturating_sub(began.boot));
    age > time.saturating_add(OVERDUE)
}
