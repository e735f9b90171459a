//! The engine with real threads, a service in the test's hands and a clock that it moves.

mod faulty;
#[cfg(unix)]
mod forked;
mod hanging;
mod logger;
mod service;
mod stopped;
mod store;
mod threads;

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::{AccessToken, Code, Credentials, Error, EventKind};

use super::engine::Engine;
use super::fake::{Answer, Fake};
use super::helpers;
use super::settings::Observer;

const LONG: Duration = Duration::from_secs(30);

fn token(engine: &Arc<Engine>) -> Result<String, Code> {
    let token = match engine.fresh() {
        Some(loan) => Ok(loan.as_ref().unwrap().token().clone()),
        None => engine.obtain(Duration::ZERO, LONG),
    };
    code(token)
}

fn code(result: Result<AccessToken, Error>) -> Result<String, Code> {
    result.map(|token| token.as_str().to_owned()).map_err(|error| error.code())
}

#[allow(clippy::unnecessary_wraps)] // to compare with
fn ok(text: &str) -> Result<String, Code> {
    Ok(text.to_owned())
}

/// What a caller gets who does not block.
fn later(engine: &Arc<Engine>, min_validity: Duration) -> mpsc::Receiver<Result<String, Code>> {
    let (sender, answers) = mpsc::channel();
    let theirs = sender.clone();
    let deliver = move |answer| theirs.send(code(answer)).unwrap();
    if let Some(answer) = engine.obtain_or_later(min_validity, &mut Some(Box::new(deliver))) {
        sender.send(code(answer)).unwrap();
    }
    answers
}

/// Waits until the flight in the air has landed.
fn land(engine: &Arc<Engine>) {
    later(engine, Duration::from_secs(3000)).recv().unwrap().unwrap();
}

#[test]
fn a_fresh_token_is_a_look_and_a_due_one_is_renewed_meanwhile() {
    let fake = Fake::new([]);
    let (engine, clock) = fake.engine();
    assert!(engine.fresh().is_none());
    assert_eq!(token(&engine), ok("token-1"));
    clock.advance(Duration::from_secs(2400));
    assert!(engine.fresh().is_some());
    clock.advance(Duration::from_secs(500));
    assert!(engine.fresh().is_none());
    fake.shut(true);
    assert_eq!(token(&engine), ok("token-1"));
    // The renewal is in the air, and nobody has to ask again until it is urgent.
    assert!(engine.fresh().is_some());
    fake.await_requests(2);
    clock.advance(Duration::from_secs(669));
    assert_eq!(token(&engine), ok("token-1"));
    clock.advance(Duration::from_secs(1));
    assert!(engine.fresh().is_none());
    fake.shut(false);
    assert_eq!(token(&engine), ok("token-2"));
    assert_eq!(fake.requests(), ["id", "refresh-1"]);
}

#[test]
fn a_step_or_a_suspension_is_noticed_at_once() {
    type Change = fn(&crate::clock::Manual);
    let changes: [(Change, &str); 4] = [
        (|clock| clock.advance(Duration::from_secs(4000)), "token-2"),
        (|clock| clock.step(4000), "token-2"),
        (|clock| clock.step(10 * 365 * 86_400), "token-2"),
        (|clock| clock.step(-10 * 365 * 86_400), "token-1"),
    ];
    for (change, expected) in changes {
        let fake = Fake::new([]);
        let (engine, clock) = fake.engine();
        assert_eq!(token(&engine), ok("token-1"));
        assert_eq!(token(&engine), ok("token-1"));
        change(&clock);
        assert_eq!(engine.peek().is_some(), expected == "token-1");
        assert_eq!(token(&engine), ok(expected));
    }
}

#[test]
fn a_waiter_leaves_when_its_time_is_up_and_disturbs_nobody() {
    let fake = Fake::new([]);
    fake.shut(true);
    let (engine, clock) = fake.engine();
    let hurried = engine.obtain(Duration::ZERO, Duration::from_millis(1));
    assert_eq!(code(hurried), Err(Code::Timeout));
    let patient = {
        let engine = engine.clone();
        thread::spawn(move || token(&engine))
    };
    fake.shut(false);
    assert_eq!(patient.join().unwrap(), ok("token-1"));
    assert_eq!(fake.requests(), ["id"]);
    // Where there is an urgent token, it is what one gets.
    clock.advance(Duration::from_secs(3580));
    fake.shut(true);
    let hurried = engine.obtain(Duration::ZERO, Duration::from_millis(1));
    assert_eq!(code(hurried), ok("token-1"));
    fake.shut(false);
}

#[test]
fn observers_hear_all_in_order_and_may_use_the_source() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let source: Arc<Mutex<Option<Arc<Engine>>>> = Arc::default();
    let (told, theirs) = (heard.clone(), source.clone());
    let observer = Observer::new(move |event| {
        let engine = theirs.lock().unwrap().clone().unwrap();
        let stats = engine.stats();
        told.lock().unwrap().push((event.kind(), event.generation(), stats.failures));
        assert!(event.kind() != EventKind::Refreshed, "a panic of the host's");
        if event.kind() == EventKind::Throttled {
            // Even this, from whatever thread.
            helpers::join(engine.close());
        }
    });
    let answers = [
        Answer::Grant,
        Answer::Grant,
        Answer::Fail(Code::ServerError),
        Answer::Fail(Code::ServerError),
    ];
    let fake = Fake::new(answers);
    let (engine, clock) = fake.engine_with(observer);
    *source.lock().unwrap() = Some(engine.clone());
    assert_eq!(token(&engine), ok("token-1"));
    clock.advance(Duration::from_secs(3600));
    assert_eq!(token(&engine), ok("token-2"));
    clock.advance(Duration::from_secs(2900));
    assert_eq!(token(&engine), ok("token-2"));
    fake.await_requests(4);
    while engine.stats().failures == 0 {
        thread::yield_now();
    }
    assert!(engine.invalidate("token-2"));
    assert_eq!(token(&engine), Err(Code::ServerError));
    // Whoever is about telling events tells of this one too, maybe a little later.
    while token(&engine) != Err(Code::Closed) {
        thread::yield_now();
    }
    source.lock().unwrap().take();
    drop(engine);
    while Arc::strong_count(&heard) > 1 {
        thread::yield_now();
    }
    let heard = heard.lock().unwrap();
    let kinds: Vec<EventKind> = heard.iter().map(|(kind, ..)| *kind).collect();
    assert_eq!(
        kinds,
        [
            EventKind::Authenticated,
            EventKind::Refreshed,
            EventKind::FellBack,
            EventKind::Failed,
            EventKind::ServedWhileFailing,
            EventKind::Throttled,
        ]
    );
}

#[test]
fn an_observer_has_the_token_of_the_renewal_that_tells_it() {
    let source: Arc<Mutex<Option<Arc<Engine>>>> = Arc::default();
    let (theirs, (answered, answers)) = (source.clone(), std::sync::mpsc::channel());
    let observer = Observer::new(move |event| {
        if event.kind() == EventKind::FellBack {
            let engine = theirs.lock().unwrap().take().unwrap();
            answered.send(token(&engine)).unwrap();
        }
    });
    let fake = Fake::new([Answer::Grant, Answer::Fail(Code::ServerError)]);
    let (engine, clock) = fake.engine_with(observer);
    *source.lock().unwrap() = Some(engine.clone());
    assert_eq!(token(&engine), ok("token-1"));
    clock.advance(Duration::from_secs(3600));
    assert_eq!(token(&engine), ok("token-3"));
    assert_eq!(answers.recv().unwrap(), ok("token-3"));
}

#[test]
fn an_observer_that_blocks_keeps_nobody_from_tokens_and_a_close_from_nothing() {
    let gate = Arc::new((Mutex::new(true), std::sync::Condvar::new()));
    let theirs = gate.clone();
    let observer = Observer::new(move |_| {
        let shut = theirs.0.lock().unwrap();
        drop(theirs.1.wait_while(shut, |shut| *shut).unwrap());
    });
    let fake = Fake::new([Answer::Grant, Answer::Fail(Code::ServerError)]);
    let (engine, clock) = fake.engine_with(observer);
    for number in [1, 3, 4] {
        assert_eq!(token(&engine), Ok(format!("token-{number}")));
        clock.advance(Duration::from_secs(3600));
    }
    let start = std::time::Instant::now();
    helpers::join(engine.close());
    assert!(start.elapsed() < LONG);
    *gate.0.lock().unwrap() = false;
    gate.1.notify_all();
}

#[test]
fn a_close_wakes_who_waits_and_ends_the_request() {
    let fake = Fake::new([]);
    fake.shut(true);
    let (engine, _) = fake.engine();
    let waiting: Vec<_> = (0..8)
        .map(|_| {
            let engine = engine.clone();
            thread::spawn(move || token(&engine))
        })
        .collect();
    let delivered = later(&engine, Duration::ZERO);
    fake.await_requests(1);
    helpers::join(engine.close());
    for waiter in waiting {
        assert_eq!(waiter.join().unwrap(), Err(Code::Closed));
    }
    assert_eq!(delivered.recv().unwrap(), Err(Code::Closed));
    assert_eq!(token(&engine), Err(Code::Closed));
    assert_eq!(engine.peek(), None);
}

#[test]
fn other_credentials_start_over_and_the_same_api_tokens_token_serves_on() {
    let fake = Fake::new([]);
    let (engine, _) = fake.engine();
    assert_eq!(token(&engine), ok("token-1"));
    engine.set_credentials(Credentials::new("id", "rotated").unwrap());
    assert_eq!(token(&engine), ok("token-1"));
    engine.set_credentials(Credentials::new("other", "secret").unwrap());
    assert_eq!(engine.peek(), None);
    assert_eq!(token(&engine), ok("token-2"));
    assert_eq!(fake.requests(), ["id", "other"]);
    land(&engine);
}
