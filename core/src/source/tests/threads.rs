//! The engine where the system gives no threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::source::fake::{Answer, Fake, soak};
use crate::source::helpers;
use crate::source::settings::Policy;
use crate::spawn::shortage::Shortage;
use crate::{Code, Error};

use super::service::Stage;
use super::{LONG, code, later, ok, token};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_caller_that_waits_renews_on_its_own_thread() {
    let (fake, shortage) = (Fake::new([]), Shortage::of_all());
    let (engine, clock) = fake.engine();
    assert_eq!(shortage.during(|| token(&engine)), ok("token-1"));
    clock.advance(Duration::from_secs(3580));
    assert_eq!(shortage.during(|| token(&engine)), ok("token-2"), "urgent");
    clock.advance(HOUR);
    assert_eq!(shortage.during(|| token(&engine)), ok("token-3"), "expired");
    assert_eq!(fake.requests(), ["id", "refresh-1", "refresh-2"]);
    assert_eq!((engine.stats().waits, engine.stats().failures), (3, 0));
    assert!(engine.fresh().is_some());
}

#[test]
fn a_renewal_in_the_background_is_left_to_the_next_call() {
    let (fake, shortage) = (Fake::new([]), Shortage::of_all());
    let (engine, clock) = fake.engine();
    assert_eq!(token(&engine), ok("token-1"));
    clock.advance(Duration::from_secs(2900));
    for _ in 0..3 {
        assert_eq!(shortage.during(|| token(&engine)), ok("token-1"));
        assert!(engine.fresh().is_none(), "the next call looks again");
    }
    assert_eq!((fake.requests().len(), engine.stats().failures), (1, 0));
    // There are threads again: no wait, and nothing remembered.
    fake.shut(true);
    assert_eq!(token(&engine), ok("token-1"));
    fake.await_requests(2);
    fake.shut(false);
    clock.advance(Duration::from_secs(690));
    assert_eq!(token(&engine), ok("token-2"));
}

#[test]
fn others_join_a_renewal_on_a_callers_thread_and_a_close_ends_it() {
    for closes in [false, true] {
        let fake = Fake::new([]);
        fake.shut(true);
        let (engine, _) = fake.engine();
        let ask = || {
            let engine = engine.clone();
            thread::spawn(move || Shortage::of_all().during(|| token(&engine)))
        };
        let callers = [ask(), ask(), ask()];
        fake.await_requests(1);
        let delivered = later(&engine, Duration::ZERO);
        let expected = if closes {
            helpers::join(engine.close());
            Err(Code::Closed)
        } else {
            fake.shut(false);
            ok("token-1")
        };
        for caller in callers {
            assert_eq!(caller.join().unwrap(), expected);
        }
        assert_eq!(delivered.recv().unwrap(), expected);
        assert_eq!(fake.requests().len(), 1);
    }
}

#[test]
fn a_caller_that_must_not_block_is_told_at_once_and_nothing_is_remembered() {
    let (fake, shortage) = (Fake::new([]), Shortage::of_all());
    let (engine, clock) = fake.engine();
    let refused = || {
        let mut deliver: Option<super::super::engine::Deliver> = Some(Box::new(|_| ()));
        let answer = shortage.during(|| engine.obtain_or_later(Duration::ZERO, &mut deliver));
        answer.expect("an answer at once")
    };
    let error: Error = refused().unwrap_err();
    assert_eq!(
        (error.code(), error.is_retryable(), error.retry_after()),
        (Code::Exhausted, true, None)
    );
    assert!(error.message().starts_with("the system gives no thread: "), "{error}");
    assert_eq!(later(&engine, Duration::ZERO).recv().unwrap(), ok("token-1"));
    clock.advance(Duration::from_secs(3580));
    assert_eq!(code(refused()), ok("token-1"), "an urgent token is better than none");
    assert_eq!(later(&engine, Duration::ZERO).recv().unwrap(), ok("token-2"));
    assert_eq!(engine.stats().failures, 0);
}

#[test]
fn a_caller_without_time_starts_nothing() {
    let fake = Fake::new([]);
    let (engine, _) = fake.engine();
    let answer = Shortage::of_all().during(|| engine.obtain(Duration::ZERO, Duration::ZERO));
    assert_eq!(code(answer), Err(Code::Exhausted));
    assert_eq!(fake.requests(), [""; 0]);
    assert_eq!(token(&engine), ok("token-1"));
}

#[test]
fn a_caller_with_little_time_keeps_to_it_and_its_failure_is_its_own() {
    let stage = Stage::new();
    let source = stage.engine_of(Policy::Auto);
    let shortage = Shortage::of_all();
    let brief = Duration::from_millis(50);
    stage.fault(json!({"on": "authenticate", "action": {"hang": {}}}));
    let start = Instant::now();
    let cut_short = shortage.during(|| source.obtain(Duration::ZERO, brief));
    assert_eq!(code(cut_short), Err(Code::Timeout));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    // Others like it leave the service alone for a while; who has much more time does not.
    let throttled = shortage.during(|| source.obtain(Duration::ZERO, brief)).unwrap_err();
    assert_eq!((throttled.code(), throttled.retry_after().is_some()), (Code::Timeout, true));
    assert_eq!(stage.requests(), (1, 0));
    assert!(shortage.during(|| token(&source)).is_ok());
    assert_eq!(stage.requests(), (2, 0));
}

#[test]
fn who_waits_for_a_caller_with_little_time_goes_on_without_it() {
    let stage = Stage::new();
    let source = stage.engine_of(Policy::Auto);
    stage.fault(json!({"on": "authenticate", "action": {"hang": {}}}));
    let hurried = {
        let source = source.clone();
        thread::spawn(move || {
            let second = Duration::from_secs(1);
            Shortage::of_all().during(|| code(source.obtain(Duration::ZERO, second)))
        })
    };
    stage.emulator.wait_until(|state| state.counts.faults_served == 1, LONG).unwrap();
    let delivered = later(&source, Duration::ZERO);
    let joined = Shortage::of_all().during(|| token(&source));
    assert!(joined.is_ok(), "{joined:?}");
    // It is served all the same where the other one was quick.
    let hurried = hurried.join().unwrap();
    assert!(hurried == joined || hurried == Err(Code::Timeout), "{hurried:?}");
    let delivered = delivered.recv().unwrap();
    assert!(delivered == joined || delivered == Err(Code::Exhausted), "{delivered:?}");
}

/// Threads come and go, calls of all kinds go on: each has a token, or is told that there is no
/// thread, well within its time; and once there are threads again, all is as ever.
#[test]
fn no_call_hangs_while_threads_are_refused_at_random() {
    for seed in 0..soak(8, 200) {
        let failures = [Answer::Fail(Code::Connect), Answer::Grant, Answer::Fail(Code::Connect)];
        let fake = Fake::new(failures.into_iter().cycle().take(30).chain([Answer::Panic]));
        let (engine, clock) = fake.engine();
        let (shortage, over) = (Arc::new(Shortage::at_random(seed)), AtomicBool::new(false));
        thread::scope(|scope| {
            for number in 0..4 {
                let (engine, shortage, over) = (&engine, &shortage, &over);
                scope.spawn(move || {
                    shortage.during(|| {
                        while !over.load(Ordering::SeqCst) {
                            let start = Instant::now();
                            let answer = if number == 0 {
                                later(engine, Duration::ZERO).recv_timeout(LONG).unwrap()
                            } else {
                                token(engine)
                            };
                            assert!(start.elapsed() < LONG, "seed {seed}");
                            match answer {
                                Ok(_) | Err(Code::Connect | Code::Internal) => {}
                                Err(Code::Exhausted) if number == 0 => {}
                                other => panic!("seed {seed}: {other:?}"),
                            }
                            thread::yield_now();
                        }
                    });
                });
            }
            for step in 0..60 {
                clock.advance(Duration::from_secs([500, 1000, 2000][step % 3]));
                if step % 7 == 0 {
                    let current = engine.peek().map(|token| token.as_str().to_owned());
                    engine.invalidate(&current.unwrap_or_default());
                }
                thread::sleep(Duration::from_millis(2));
            }
            over.store(true, Ordering::SeqCst);
        });
        shortage.end();
        // The failures that are still to come, each remembered for a while.
        let healed = (0..40).find_map(|_| {
            clock.advance(2 * HOUR);
            shortage.during(|| token(&engine)).ok()
        });
        assert!(healed.is_some(), "seed {seed}");
        while fake.requests().len() < 32 {
            clock.advance(2 * HOUR);
            let _ = shortage.during(|| token(&engine));
        }
        clock.advance(Duration::from_secs(2900));
        let before = engine.peek();
        while engine.peek() == before {
            // In the background.
            assert!(token(&engine).is_ok());
            thread::yield_now();
        }
        helpers::join(engine.close());
    }
}
