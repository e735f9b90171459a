//! A process that is stopped while an answer is under way: it goes on long after.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;

use crate::cancel::Canceller;
use crate::clock::{Clock, Manual};
use crate::source::engine::{Engine, Parts};
use crate::source::fake::Fake;
use crate::source::service::{Request, Requests};
use crate::source::settings::{Observer, Rules};
use crate::store::MemoryStore;
use crate::token::TokenSet;
use crate::{AccessToken, Code, Credentials, Error, RefreshToken};

use super::service::Stage;
use super::{LONG, ok, token};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_token_that_expired_on_its_way_is_asked_for_anew() {
    let fake = Fake::new([]);
    fake.shut(true);
    let (engine, clock) = fake.engine();
    let waiting = {
        let engine = engine.clone();
        thread::spawn(move || token(&engine))
    };
    fake.await_requests(1);
    clock.advance(HOUR);
    fake.shut(false);
    assert_eq!(waiting.join().unwrap(), ok("token-2"));
    assert_eq!(fake.requests(), ["id", "refresh-1"]);
    assert_eq!(engine.stats().failures, 0);
}

#[test]
fn one_that_is_shared_is_asked_for_anew_and_its_refresh_token_is_sent_once() {
    let (stage, store) = (Stage::new(), Arc::new(MemoryStore::new()));
    let (one, other) = (stage.sharing(store.clone()), stage.sharing(store));
    stage.fault(json!({"on": "authenticate", "hold": true, "action": {"rewrite": {}}}));
    let waiting = {
        let one = one.clone();
        thread::spawn(move || token(&one))
    };
    let held = |state: &frontegg_emulator::State| state.counts.faults_served == 1;
    stage.emulator.wait_until(held, LONG).unwrap();
    stage.clock.advance(HOUR);
    stage.emulator.release();
    let renewed = waiting.join().unwrap();
    assert!(renewed.is_ok());
    assert_eq!(token(&other), renewed);
    assert_eq!(stage.requests(), (1, 1));
    stage.clock.advance(HOUR);
    assert!(token(&other).is_ok());
    assert_eq!(stage.requests(), (1, 2));
    assert_eq!(stage.state().refresh_tokens_presented_twice, 0);
    assert_eq!((one.stats().failures, one.stats().store_failures), (0, 0));
}

/// Loses the answer to each refresh, with a stop of an hour.
struct Stopping {
    clock: Arc<Manual>,
    give_ups: Mutex<Vec<Instant>>,
}

impl Requests for Stopping {
    fn request(
        &self,
        what: Request<'_>,
        _: &Credentials,
        _: &Arc<Canceller>,
        give_up: Instant,
        before: &dyn Fn(),
    ) -> Result<TokenSet, Error> {
        before();
        self.give_ups.lock().unwrap().push(give_up);
        if let Request::Refresh(_) = what {
            self.clock.advance(HOUR);
            return Err(Error::new(Code::Timeout, "on purpose"));
        }
        Ok(TokenSet {
            access_token: AccessToken::new("token".to_owned()),
            refresh_token: Some(RefreshToken::new("refresh")),
            expires_in: Some(HOUR),
            expires: None,
            trace_id: None,
            answered_at: None,
            received_at: SystemTime::now(),
        })
    }

    fn cancel(&self, _: &Canceller) {}
}

#[test]
fn a_renewal_that_was_stopped_has_its_time_again() {
    let clock = Manual::new();
    let service = Arc::new(Stopping { clock: clock.clone(), give_ups: Mutex::default() });
    let engine = Engine::new(Parts {
        service: service.clone(),
        rules: Rules::default(),
        deadline: LONG,
        observer: Observer::default(),
        clock: Clock::Manual(clock.clone()),
        credentials: Credentials::new("id", "secret").unwrap(),
        sharing: None,
    });
    assert_eq!(token(&engine), ok("token"));
    clock.advance(HOUR);
    assert_eq!(token(&engine), ok("token"));
    let give_ups = service.give_ups.lock().unwrap();
    let [_, refresh, authenticate] = give_ups[..] else { panic!("{give_ups:?}") };
    assert!(authenticate > refresh);
}
