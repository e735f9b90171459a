//! The engine under a model checker, which runs its threads in every order that chance and
//! exhaustive search come upon: `FRONTEGG_MODEL=1
//! cargo test -p frontegg-token --lib source::model`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use shuttle::rand::RngCore;
use shuttle::thread;

use crate::spawn::shortage::Shortage;
use crate::{AccessToken, Code, Credentials, Error};

use super::engine::{Deliver, Engine};
use super::fake::{Answer, Fake, soak};
use super::helpers;

const PATIENCE: Duration = Duration::from_secs(30);

/// Schedules at random, and some that prefer long runs with few switches.
fn check(scenario: impl Fn() + Send + Sync + 'static) {
    let scenario = Arc::new(scenario);
    let (random, few_switches) = (scenario.clone(), scenario);
    let runs = soak(2_000, 50_000);
    shuttle::check_random(move || random(), runs);
    shuttle::check_pct(move || few_switches(), runs, 3);
}

fn token(engine: &Arc<Engine>) -> Result<AccessToken, Error> {
    match engine.fresh() {
        Some(loan) => Ok(loan.as_ref().unwrap().token().clone()),
        None => engine.obtain(Duration::ZERO, PATIENCE),
    }
}

fn spawn<T: Send + 'static>(
    engine: &Arc<Engine>,
    work: impl FnOnce(&Arc<Engine>) -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    let engine = engine.clone();
    thread::spawn(move || work(&engine))
}

/// Has the answer, now or later, shown to `deliver`.
fn deliver(engine: &Arc<Engine>, deliver: impl Fn(Result<String, Code>) + Send + Sync + 'static) {
    let deliver = Arc::new(deliver);
    let later = deliver.clone();
    let mut later: Option<Deliver> = Some(Box::new(move |answer| later(code(answer))));
    if let Some(answer) = engine.obtain_or_later(Duration::ZERO, &mut later) {
        deliver(code(answer));
    }
}

/// Nobody is left behind when a run ends.
fn finish(engine: &Arc<Engine>) {
    helpers::join(engine.close());
}

fn code(result: Result<AccessToken, Error>) -> Result<String, Code> {
    result.map(|token| token.as_str().to_owned()).map_err(|error| error.code())
}

#[test]
fn callers_of_an_empty_source_share_one_flight() {
    check(|| {
        let fake = Fake::new([]);
        let (engine, _) = fake.engine();
        let callers: Vec<_> = (0..3).map(|_| spawn(&engine, token)).collect();
        for caller in callers {
            assert_eq!(code(caller.join().unwrap()), Ok("token-1".into()));
        }
        assert_eq!(fake.requests(), ["id"]);
        finish(&engine);
    });
}

#[test]
fn a_failure_is_one_request_and_the_same_for_all() {
    check(|| {
        let fake = Fake::new([Answer::Fail(Code::Forbidden)]);
        let (engine, clock) = fake.engine();
        let callers: Vec<_> = (0..3).map(|_| spawn(&engine, token)).collect();
        for caller in callers {
            assert_eq!(code(caller.join().unwrap()), Err(Code::Forbidden));
        }
        assert_eq!(fake.requests(), ["id"]);
        clock.advance(Duration::from_secs(60));
        assert_eq!(code(token(&engine)), Ok("token-2".into()));
        finish(&engine);
    });
}

#[test]
fn after_a_leader_that_panics_another_leads() {
    check(|| {
        let fake = Fake::new([Answer::Panic]);
        let (engine, clock) = fake.engine();
        let callers: Vec<_> = (0..3).map(|_| spawn(&engine, token)).collect();
        for caller in callers {
            assert_eq!(code(caller.join().unwrap()), Err(Code::Internal));
        }
        clock.advance(Duration::from_secs(2));
        let callers: Vec<_> = (0..2).map(|_| spawn(&engine, token)).collect();
        for caller in callers {
            assert_eq!(code(caller.join().unwrap()), Ok("token-2".into()));
        }
        assert_eq!(fake.requests(), ["id", "id"]);
        finish(&engine);
    });
}

#[test]
fn a_due_token_is_renewed_once_and_nobody_waits_for_it() {
    check(|| {
        let fake = Fake::new([]);
        let (engine, clock) = fake.engine();
        token(&engine).unwrap();
        clock.advance(Duration::from_secs(2900));
        let callers: Vec<_> = (0..3).map(|_| spawn(&engine, token)).collect();
        for caller in callers {
            let token = code(caller.join().unwrap()).unwrap();
            assert!(["token-1", "token-2"].contains(&token.as_str()), "{token}");
        }
        fake.await_requests(2);
        finish(&engine);
        assert_eq!(fake.requests(), ["id", "refresh-1"]);
    });
}

#[test]
fn an_expired_token_is_refreshed_once_for_all() {
    check(|| {
        let fake = Fake::new([]);
        let (engine, clock) = fake.engine();
        token(&engine).unwrap();
        clock.advance(Duration::from_secs(3600));
        let callers: Vec<_> = (0..3).map(|_| spawn(&engine, token)).collect();
        for caller in callers {
            assert_eq!(code(caller.join().unwrap()), Ok("token-2".into()));
        }
        assert_eq!(fake.requests(), ["id", "refresh-1"]);
        finish(&engine);
    });
}

#[test]
fn a_close_ends_everything_and_nobody_waits_for_ever() {
    check(|| {
        let fake = Fake::new([]);
        fake.shut(true);
        let (engine, _) = fake.engine();
        let delivered = Arc::new(AtomicUsize::new(0));
        let waiting = spawn(&engine, token);
        let counter = delivered.clone();
        let delivering = spawn(&engine, move |engine| {
            deliver(engine, move |answer| {
                assert_eq!(answer, Err(Code::Closed));
                counter.fetch_add(1, Ordering::SeqCst);
            });
        });
        let looking = spawn(&engine, |engine| (engine.peek(), engine.invalidate("token-1")));
        let closing = spawn(&engine, |engine| helpers::join(engine.close()));
        assert_eq!(code(waiting.join().unwrap()), Err(Code::Closed));
        delivering.join().unwrap();
        assert_eq!(looking.join().unwrap(), (None, false));
        closing.join().unwrap();
        finish(&engine);
        assert_eq!(delivered.load(Ordering::SeqCst), 1);
        assert_eq!(code(token(&engine)), Err(Code::Closed));
        assert!(engine.peek().is_none());
    });
}

#[test]
fn a_callback_comes_once_however_it_meets_the_landing() {
    check(|| {
        let fake = Fake::new([]);
        let (engine, _) = fake.engine();
        let delivered = Arc::new(AtomicUsize::new(0));
        let callers: Vec<_> = (0..3)
            .map(|_| {
                let delivered = delivered.clone();
                spawn(&engine, move |engine| {
                    deliver(engine, move |answer| {
                        assert_eq!(answer, Ok("token-1".into()));
                        delivered.fetch_add(1, Ordering::SeqCst);
                    });
                })
            })
            .collect();
        for caller in callers {
            caller.join().unwrap();
        }
        assert_eq!(code(token(&engine)), Ok("token-1".into()));
        finish(&engine);
        assert_eq!(delivered.load(Ordering::SeqCst), 3);
        assert_eq!(fake.requests(), ["id"]);
    });
}

#[test]
fn an_invalidation_during_a_renewal_costs_no_other_and_the_old_token_is_gone() {
    check(|| {
        let fake = Fake::new([]);
        let (engine, clock) = fake.engine();
        token(&engine).unwrap();
        clock.advance(Duration::from_secs(2900));
        let renewing = spawn(&engine, token);
        let rejected = spawn(&engine, |engine| {
            engine.invalidate("token-1");
            code(token(engine))
        });
        let late = spawn(&engine, |engine| engine.invalidate("token-1"));
        renewing.join().unwrap().unwrap();
        assert_eq!(rejected.join().unwrap(), Ok("token-2".into()));
        late.join().unwrap();
        assert_eq!(code(token(&engine)), Ok("token-2".into()));
        assert_eq!(fake.requests(), ["id", "refresh-1"]);
        finish(&engine);
    });
}

#[test]
fn other_credentials_void_a_flight_and_those_who_wait_get_theirs() {
    check(|| {
        let fake = Fake::new([]);
        let (engine, _) = fake.engine();
        let waiting = spawn(&engine, token);
        let changing = spawn(&engine, |engine| {
            engine.set_credentials(Credentials::new("other", "secret").unwrap());
        });
        // The flight of the old ones may have landed before.
        assert!(waiting.join().unwrap().is_ok());
        changing.join().unwrap();
        token(&engine).unwrap();
        assert_eq!(fake.requests().last().map(String::as_str), Some("other"));
        finish(&engine);
    });
}

#[test]
fn a_flight_without_a_thread_is_flown_by_a_caller_or_never_was() {
    check(|| {
        let shortage =
            Arc::new(Shortage::at_random(u64::from(shuttle::rand::thread_rng().next_u32())));
        shortage.during(|| {
            let fake = Fake::new([]);
            let (engine, clock) = fake.engine();
            let callers: Vec<_> = (0..2).map(|_| spawn(&engine, token)).collect();
            deliver(&engine, |answer| {
                assert!(matches!(answer.as_deref(), Ok("token-1") | Err(Code::Exhausted)));
            });
            for caller in callers {
                assert_eq!(code(caller.join().unwrap()), Ok("token-1".into()));
            }
            assert_eq!(fake.requests(), ["id"]);
            clock.advance(Duration::from_secs(2900));
            let closing = spawn(&engine, |engine| helpers::join(engine.close()));
            let last = code(token(&engine));
            assert!(matches!(last.as_deref(), Ok("token-1") | Err(Code::Closed)), "{last:?}");
            closing.join().unwrap();
            finish(&engine);
        });
    });
}

/// Few enough steps for all of them, up to a bound.
#[test]
fn two_callers_share_a_flight_in_every_order() {
    shuttle::check_dfs(
        || {
            let fake = Fake::new([]);
            let (engine, _) = fake.engine();
            let other = spawn(&engine, token);
            assert_eq!(code(token(&engine)), Ok("token-1".into()));
            assert_eq!(code(other.join().unwrap()), Ok("token-1".into()));
            assert_eq!(fake.requests(), ["id"]);
            finish(&engine);
        },
        Some(soak(20_000, 1_000_000)),
    );
}
