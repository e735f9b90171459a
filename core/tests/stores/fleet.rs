//! Sources of one API token that share a store, and their service.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::log::Level;
use frontegg_emulator::{Algorithm, ApiToken, Emulator, Options, State};
use frontegg_token::{
    AccessToken, Client, Credentials, Endpoint, EventKind, IntoTokenStore, Origin, Proxy,
    RetryPolicy, TokenSource,
};
use serde_json::json;

use crate::{LONG, log};

/// A service with two API tokens.
pub(crate) struct Service(pub(crate) Emulator);

impl Service {
    pub(crate) fn start() -> Self {
        log::keep();
        let options = Options {
            algorithm: Algorithm::HS256,
            api_tokens: vec![ApiToken::random(), ApiToken::random()],
            ..Options::default()
        };
        Self(Emulator::start(options).unwrap())
    }

    /// A source of the first API token.
    pub(crate) fn member(&self, store: impl IntoTokenStore) -> Member {
        self.member_of(0, store)
    }

    pub(crate) fn member_of(&self, api_token: usize, store: impl IntoTokenStore) -> Member {
        let api_token = &self.0.api_tokens()[api_token];
        let secret = api_token.secret.expose();
        Member::new(&self.0.base_url(), &api_token.client_id, secret, store)
    }

    /// How many requests there were.
    pub(crate) fn requests(&self) -> u64 {
        self.0.state().counts.requests
    }

    /// Lets the next request of that kind wait for the emulator's `release`.
    pub(crate) fn hold(&self, on: &str) {
        let fault = json!({"on": on, "hold": true, "action": {"delay": {"ms": 0}}});
        self.0.add_faults([serde_json::from_value(fault).unwrap()]).unwrap();
    }

    /// Waits until so many requests have arrived.
    pub(crate) fn until_requests(&self, count: u64) {
        let arrived = |state: &State| state.counts.requests >= count;
        assert!(self.0.wait_until(arrived, LONG).is_some());
    }

    /// That nothing of its secrets is in the log.
    pub(crate) fn assert_unlogged(&self, tokens: &[AccessToken]) {
        let lines = log::lines();
        let api_tokens = self.0.api_tokens().iter();
        let secrets = api_tokens.flat_map(|token| [&*token.client_id, token.secret.expose()]);
        for secret in secrets.chain(tokens.iter().map(AccessToken::as_str)) {
            assert!(!lines.iter().any(|(_, line)| line.contains(secret)));
        }
    }
}

/// One source of them.
pub(crate) struct Member {
    pub(crate) source: TokenSource,
    events: Arc<Mutex<Vec<EventKind>>>,
}

impl Member {
    pub(crate) fn new(
        base_url: &str,
        client_id: &str,
        secret: &str,
        store: impl IntoTokenStore,
    ) -> Self {
        let endpoint = Endpoint::url(base_url).unwrap();
        let client = Client::builder(endpoint).retry(RetryPolicy::NONE).proxy(Proxy::None);
        let events = Arc::new(Mutex::new(Vec::new()));
        let seen = events.clone();
        let credentials = Credentials::new(client_id, secret).unwrap();
        let source = TokenSource::builder(client.build().unwrap(), credentials)
            .deadline(LONG)
            .store(store)
            .observer(move |event| seen.lock().unwrap().push(event.kind()))
            .build()
            .unwrap();
        Self { source, events }
    }

    pub(crate) fn token(&self) -> AccessToken {
        self.source.token().unwrap()
    }

    /// Has its token renewed. A source that was told of a rejection a moment ago does not
    /// believe the next one for a second or more: that it is told until it does.
    pub(crate) fn renew(&self) -> AccessToken {
        let before = self.token();
        loop {
            self.source.invalidate(&before);
            let token = self.token();
            if token != before {
                return token;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// How often it told its observer of that.
    pub(crate) fn told(&self, kind: EventKind) -> usize {
        self.events.lock().unwrap().iter().filter(|told| **told == kind).count()
    }

    /// Waits until it has told of that, which may be a moment after it has a token.
    pub(crate) fn until_told(&self, kind: EventKind) {
        while self.told(kind) == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// That it knows, tells and logs of a store that fails, and has not failed itself.
    #[track_caller]
    pub(crate) fn assert_store_failed(&self, says: &str) {
        let stats = self.source.stats();
        assert!(stats.store_failures > 0, "{says}");
        let error = stats.store_error.expect("what it was");
        assert!(error.message().contains(says), "{error}");
        assert_eq!(stats.failures, 0, "{says}");
        self.until_told(EventKind::StoreFailed);
        assert_eq!(self.told(EventKind::StoreFailed), 1, "{says}");
        let line = (Level::Warn, format!("token source: store_failed: {error}"));
        assert!(log::lines().contains(&line), "{line:?}");
    }

    /// That it is served although its store fails, before and after it has a token.
    #[track_caller]
    pub(crate) fn assert_goes_on(&self, says: &str) {
        for next in [Self::token, Self::renew] {
            assert_ne!(next(self).origin(), Some(Origin::Store), "{says}");
            self.assert_store_failed(says);
        }
    }

    /// That it uses its store again, once it is well, as `newcomer` does.
    #[track_caller]
    pub(crate) fn assert_recovers(&self, service: &Service, newcomer: &Member) {
        // A store with little time may fail a few times more on a busy machine.
        let mut token = self.renew();
        while self.source.stats().store_error.is_some() {
            token = self.renew();
        }
        self.until_told(EventKind::StoreRecovered);
        let requests = service.requests();
        assert_eq!(newcomer.token(), token);
        assert_eq!(service.requests(), requests);
        let stats = newcomer.source.stats();
        assert_eq!((stats.store_hits, stats.store_failures), (1, 0));
        service.assert_unlogged(&[token]);
    }
}

/// Of a store that is to fail by its time: little of it.
pub(crate) const LITTLE: Duration = Duration::from_millis(100);
