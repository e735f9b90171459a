//! The engine over real HTTP, with an emulated service and a clock that the test moves.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use frontegg_emulator::{Algorithm, ApiToken, Emulator, Fault, Options, State};
use serde_json::json;

use crate::clock::{Clock, Manual};
use crate::source::engine::{Engine, Parts};
use crate::source::fake::soak;
use crate::source::helpers;
use crate::source::service::Service;
use crate::source::settings::{Observer, Policy, Rules};
use crate::source::sharing::Sharing;
use crate::{Client, Code, Credentials, Endpoint, RetryPolicy, TokenStore};

use super::{code, token};

const HOUR: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Stage {
    pub(super) emulator: Emulator,
    client: Client,
    pub(super) clock: Arc<Manual>,
}

impl Stage {
    pub(super) fn new() -> Self {
        let emulator = Emulator::start(Options {
            algorithm: Algorithm::HS256,
            api_tokens: ["id", "other"].map(|id| ApiToken::tenant(id, "secret")).into(),
            access_token_lifetime: HOUR.as_secs(),
            request_log: 0,
            ..Options::default()
        })
        .unwrap();
        let endpoint = Endpoint::url(&emulator.base_url()).unwrap();
        let client = Client::builder(endpoint).retry(RetryPolicy::NONE).build().unwrap();
        Self { emulator, client, clock: Manual::new() }
    }

    pub(super) fn engine_of(&self, policy: Policy) -> Arc<Engine> {
        self.engine(Credentials::new("id", "secret").unwrap(), policy, None)
    }

    /// One that shares its tokens.
    pub(super) fn sharing(&self, store: Arc<dyn TokenStore>) -> Arc<Engine> {
        self.sharing_as("id", store)
    }

    /// One of another API token, with whom nobody shares.
    pub(super) fn stranger(&self, store: Arc<dyn TokenStore>) -> Arc<Engine> {
        self.sharing_as("other", store)
    }

    fn sharing_as(&self, client_id: &str, store: Arc<dyn TokenStore>) -> Arc<Engine> {
        let credentials = Credentials::new(client_id, "secret").unwrap();
        self.engine(credentials, Policy::Auto, Some(Sharing::new(store, self.client.place())))
    }

    fn engine(
        &self,
        credentials: Credentials,
        policy: Policy,
        sharing: Option<Sharing>,
    ) -> Arc<Engine> {
        Engine::new(Parts {
            service: Arc::new(Service(self.client.clone())),
            rules: Rules { policy, ..Rules::default() },
            deadline: PATIENCE,
            observer: Observer::default(),
            clock: Clock::Manual(self.clock.clone()),
            credentials,
            sharing,
        })
    }

    pub(super) fn fault(&self, fault: serde_json::Value) {
        let fault: Fault = serde_json::from_value(fault).unwrap();
        self.emulator.add_faults([fault]).unwrap();
    }

    pub(super) fn state(&self) -> State {
        self.emulator.state()
    }

    /// How many authentications and refreshes the service has seen.
    pub(super) fn requests(&self) -> (u64, u64) {
        let counts = self.state().counts;
        (counts.authenticate.total, counts.refresh.total)
    }
}

/// What so many threads get that ask at once.
pub(super) fn herd(source: &Arc<Engine>, threads: usize) -> Vec<Result<String, Code>> {
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        let callers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    token(source)
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    })
}

#[test]
fn a_thousand_threads_cost_one_request() {
    let stage = Stage::new();
    let source = stage.engine_of(Policy::Auto);
    stage.fault(json!({"on": "any", "times": 0, "action": {"delay": {"ms": 200}}}));
    let first = herd(&source, 1000);
    assert!(first[0].is_ok() && first.iter().all(|answer| *answer == first[0]));
    assert_eq!(stage.requests(), (1, 0));
    stage.clock.advance(HOUR);
    let second = herd(&source, 1000);
    assert!(second[0].is_ok() && second.iter().all(|answer| *answer == second[0]));
    assert_ne!(second[0], first[0]);
    assert_eq!(stage.requests(), (1, 1));
}

#[test]
fn a_thousand_threads_share_one_failure() {
    let stage = Stage::new();
    let source = stage.engine_of(Policy::Auto);
    let action = json!({"respond": {"status": 503}});
    stage.fault(json!({"on": "any", "times": 0, "delay_ms": 200, "action": action}));
    let answers = herd(&source, 1000);
    assert!(answers.iter().all(|answer| *answer == Err(Code::ServerError)));
    assert_eq!(stage.requests(), (1, 0));
}

#[test]
fn a_renewal_in_the_background_delays_nobody() {
    let stage = Stage::new();
    let source = stage.engine_of(Policy::Auto);
    let first = token(&source);
    stage.fault(json!({"on": "refresh", "times": 0, "action": {"hang": {}}}));
    stage.clock.advance(Duration::from_secs(2900));
    let answers = herd(&source, 100);
    assert!(answers.iter().all(|answer| *answer == first));
    assert_eq!(source.stats().waits, 1, "the very first call alone has waited");
    helpers::join(source.close());
}

/// Three callers all the time, and a clock that runs through a thousand lifetimes.
#[test]
fn lost_answers_cost_callers_nothing_and_are_never_asked_for_again() {
    let cycles = soak(1_000, 20_000);
    let stage = Stage::new();
    let source = stage.engine_of(Policy::RefreshFirst);
    token(&source).unwrap();
    let over = AtomicBool::new(false);
    let faults = [
        json!({"close": {"when": "after_read"}}),
        json!({"close": {"when": "after_processing", "rst": true}}),
        json!({"truncate": {"bytes": 20}}),
    ];
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    assert!(token(&source).is_ok());
                }
            });
        }
        for cycle in 0..cycles {
            if cycle % 3 == 2 {
                let action = &faults[usize::try_from(cycle / 3 % 3).unwrap()];
                stage.fault(json!({"on": "refresh", "action": action}));
            }
            let before = source.peek().unwrap();
            // Due, urgent and expired in turn.
            let age = [2900, 3580, 3600][usize::try_from(cycle % 3).unwrap()];
            stage.clock.advance(Duration::from_secs(age));
            while source.peek().is_none_or(|token| token == before) {
                // Whoever asks next renews.
                assert!(token(&source).is_ok());
                thread::yield_now();
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(stage.state().refresh_tokens_presented_twice, 0);
    let stats = source.stats();
    assert_eq!(stats.fallbacks, cycles / 3);
    assert_eq!((stats.refreshes, stats.failures), (cycles - cycles / 3, 0));
}

/// Requests for each source and lifetime, over so many lifetimes once the sources have settled.
fn cost_of(policy: Policy, sources: usize, lifetimes: u32) -> f64 {
    const SETTLING: u32 = 5;
    let stage = Stage::new();
    let sources: Vec<Arc<Engine>> = (0..sources).map(|_| stage.engine_of(policy)).collect();
    let renew_all = || {
        for source in &sources {
            token(source).unwrap();
        }
        stage.clock.advance(HOUR);
    };
    (0..SETTLING).for_each(|_| renew_all());
    let before = stage.requests();
    (0..lifetimes).for_each(|_| renew_all());
    let after = stage.requests();
    let requests = after.0 + after.1 - before.0 - before.1;
    assert_eq!(stage.state().refresh_tokens_presented_twice, 0);
    #[allow(clippy::cast_precision_loss)]
    let cost = requests as f64 / sources.len() as f64 / f64::from(lifetimes);
    println!("{policy:?}, {} sources: {cost:.3} requests a source and lifetime", sources.len());
    cost
}

#[test]
fn more_sources_than_slots_do_not_evict_one_another_for_ever() {
    for sources in [101, 200] {
        assert!(cost_of(Policy::Auto, sources, soak(20, 100)) <= 1.1);
        let first = cost_of(Policy::RefreshFirst, sources, soak(2, 20));
        assert!(first > 1.9, "the case would show nothing");
    }
    let few = cost_of(Policy::Auto, 100, 2);
    assert!((few - 1.0).abs() < f64::EPSILON, "{few}");
}

#[test]
fn a_close_ends_a_request_that_hangs_and_leaves_the_client_alone() {
    for (on, age) in [("authenticate", 0), ("refresh", 3600)] {
        let stage = Stage::new();
        let source = stage.engine_of(Policy::Auto);
        if age > 0 {
            token(&source).unwrap();
            stage.clock.advance(Duration::from_secs(age));
        }
        stage.fault(json!({"on": on, "action": {"hang": {}}}));
        let waiting = {
            let source = source.clone();
            thread::spawn(move || token(&source))
        };
        stage.emulator.wait_until(|state| state.counts.faults_served == 1, PATIENCE).unwrap();
        helpers::join(source.close());
        assert_eq!(waiting.join().unwrap(), Err(Code::Closed));
        let credentials = Credentials::new("id", "secret").unwrap();
        assert!(stage.client.authenticate(&credentials).is_ok());
    }
}

#[test]
fn a_close_ends_a_wait_between_two_attempts() {
    let stage = Stage::new();
    let endpoint = Endpoint::url(&stage.emulator.base_url()).unwrap();
    let patient = RetryPolicy { max_attempts: 9, ..RetryPolicy::default() };
    let client = Client::builder(endpoint).retry(patient).deadline(10 * PATIENCE).build().unwrap();
    let source = Stage { client, ..stage }.closed_while_it_sleeps();
    assert_eq!(token(&source), Err(Code::Closed));
}

impl Stage {
    fn closed_while_it_sleeps(self) -> Arc<Engine> {
        let source = self.engine_of(Policy::Auto);
        let reset = json!({"retry-after": "30"});
        let action = json!({"respond": {"status": 429, "headers": reset}});
        self.fault(json!({"on": "any", "times": 0, "action": action}));
        let waiting = {
            let source = source.clone();
            thread::spawn(move || token(&source))
        };
        self.emulator.wait_until(|state| state.counts.faults_served == 1, PATIENCE).unwrap();
        helpers::join(source.close());
        assert_eq!(waiting.join().unwrap(), Err(Code::Closed));
        source
    }
}

#[test]
fn a_client_that_is_closed_ends_its_sources_calls() {
    let stage = Stage::new();
    let source = stage.engine_of(Policy::Auto);
    stage.client.close();
    assert_eq!(code(source.obtain(Duration::ZERO, PATIENCE)), Err(Code::Closed));
}
