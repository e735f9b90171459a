//! The settings of a source, and the only home of their defaults.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::guard::guard;
use crate::logs::log_line;
use crate::{Client, Credentials, Error, IntoTokenStore, TokenStore, environment};

use super::event::Event;
use super::sharing::Sharing;
use super::{TokenSource, service};

/// Where in a lifetime a token becomes due.
const WINDOW: (f64, f64) = (0.7, 0.8);

/// Whether a [`TokenSource`](crate::TokenSource) renews by refresh or by authentication.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Policy {
    /// By refresh, unless refresh tokens are rejected again and again before their first use:
    /// then more holders than the service's limit of 100 are evicting one another, and it
    /// authenticates only, for a while. The same where the service refuses each refresh (400, 403,
    /// 404), as it does at the host of a region without a vendor host.
    #[default]
    Auto,
    /// By refresh wherever there is a refresh token.
    RefreshFirst,
    /// By authentication always.
    AuthenticateOnly,
}

impl FromStr for Policy {
    type Err = Error;

    /// `auto`, `refresh_first` or `authenticate_only`.
    fn from_str(name: &str) -> Result<Self, Error> {
        match name.trim() {
            "auto" => Ok(Policy::Auto),
            "refresh_first" => Ok(Policy::RefreshFirst),
            "authenticate_only" => Ok(Policy::AuthenticateOnly),
            _ => Err(Error::invalid_argument(
                "the policy is none of auto, refresh_first, authenticate_only",
            )),
        }
    }
}

/// What the state machine goes by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) window: (f64, f64),
    pub(crate) policy: Policy,
    /// Whether there is a shared store.
    pub(crate) shared: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { window: WINDOW, policy: Policy::Auto, shared: false }
    }
}

/// Who is told of events. Without one, only the log is.
#[derive(Clone, Default)]
pub(crate) struct Observer(Option<Arc<Observe>>);

type Observe = dyn Fn(&Event) + Send + Sync;

impl Observer {
    pub(crate) fn new(observe: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(observe)))
    }

    /// Tells of an event, which may run code of the host: never under a lock.
    pub(crate) fn tell(&self, event: &Event) {
        event.log();
        if let Some(observe) = &self.0 {
            let observed = guard(|| {
                observe(event);
                Ok(())
            });
            if observed.is_err() {
                log_line!(Warn, "token source: its observer panicked, told of {:?}", event.kind());
            }
        }
    }
}

/// Collects the settings of a [`TokenSource`]. A bad one surfaces once, in
/// [`build`](Self::build).
#[derive(Clone)]
#[must_use]
pub struct TokenSourceBuilder {
    parts: Result<(Client, Credentials), Error>,
    rules: Rules,
    deadline: Option<Duration>,
    observer: Observer,
    store: Result<Option<Arc<dyn TokenStore>>, Error>,
}

impl TokenSourceBuilder {
    pub(crate) fn new(parts: Result<(Client, Credentials), Error>) -> Self {
        Self {
            parts,
            rules: Rules::default(),
            deadline: None,
            observer: Observer::default(),
            store: Ok(None),
        }
    }

    /// Starts from the environment: what [`Client::from_env`] and [`Credentials::from_env`]
    /// read, and `FRONTEGG_TOKEN_STORE`, the name of a [store](Self::store). An empty variable
    /// is as good as none. A privileged process does not read the environment: there,
    /// [`build`](Self::build) fails with `invalid_argument`.
    pub fn from_env() -> Self {
        Self::of_environment(Client::from_env())
    }

    /// The same, but for the client, which is this one.
    pub fn from_env_with(client: Client) -> Self {
        Self::of_environment(Ok(client))
    }

    fn of_environment(client: Result<Client, Error>) -> Self {
        let mut builder =
            Self::new(client.and_then(|client| Ok((client, Credentials::from_env()?))));
        match environment::text("FRONTEGG_TOKEN_STORE") {
            Ok(Some(name)) => builder.store(name.as_str()),
            Ok(None) => builder,
            Err(error) => {
                builder.store = Err(error);
                builder
            }
        }
    }

    /// From which part of its lifetime on a token is renewed in the background: each token's
    /// point is drawn from this range, so that a fleet that started together does not renew
    /// together. 0.7 to 0.8 by default.
    pub fn renewal_window(mut self, window: RangeInclusive<f64>) -> Self {
        self.rules.window = (*window.start(), *window.end());
        self
    }

    /// How to renew. [`Policy::Auto`] by default.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.rules.policy = policy;
        self
    }

    /// How long a renewal takes at most, with all its requests and waits; and how long a call
    /// waits for one, unless it says otherwise. The client's deadline by default. With a shared
    /// store, whoever has the lease has half of it for its requests, and whoever waits for that
    /// the rest, in case it dies.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Who is told of [events](Event), one after the other and in their order. Runs on the
    /// thread of a renewal once that is over, or on that of a call that fails, and never under a
    /// lock: it may use the source, even close it. A panic in it is caught and logged; while it
    /// blocks, the source goes on, and keeps the last 1000 events for it.
    pub fn observer(mut self, observe: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observer = Observer::new(observe);
        self
    }

    /// Where to share tokens with other sources of the same API token, in this process or in
    /// others: a [`TokenStore`](crate::TokenStore), or the name of one, such as `file`. Any
    /// number of sources may share one. None by default.
    ///
    /// A store that fails makes no call fail, and none wait longer than its own
    /// [time-out](crate::TokenStore::timeout), whatever it does; what a renewal brought is saved
    /// within as much time once more.
    pub fn store(mut self, store: impl IntoTokenStore) -> Self {
        self.store = store.into_token_store();
        self
    }

    /// Checks every setting. Contacts nobody: the first token is got when it is asked for.
    pub fn build(self) -> Result<TokenSource, Error> {
        let (client, credentials) = self.parts?;
        let (from, to) = self.rules.window;
        if !(0.0 <= from && from <= to && to <= 1.0) {
            return Err(Error::invalid_argument("renewal_window is not a range within 0 to 1"));
        }
        if self.deadline.is_some_and(|deadline| deadline.is_zero()) {
            return Err(Error::invalid_argument("deadline is zero"));
        }
        // A client's own deadline is within what a clock can reach.
        let deadline = self.deadline.unwrap_or_else(|| client.deadline()).min(crate::LONGEST);
        let sharing = self.store?.map(|store| Sharing::new(store, client.place()));
        Ok(TokenSource::from_parts(super::engine::Parts {
            sharing,
            service: Arc::new(service::Service(client)),
            rules: self.rules,
            deadline,
            observer: self.observer,
            clock: Clock::default(),
            credentials,
        }))
    }
}

impl fmt::Debug for TokenSourceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSourceBuilder")
            .field("rules", &self.rules)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
