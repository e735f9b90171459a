//! A logger of the host's that does what it likes.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::Duration;

use log::{Log, Metadata, Record};
use serde_json::json;

use crate::source::engine::Engine;
use crate::source::fake::{Answer, Fake};
use crate::source::helpers;
use crate::source::settings::Policy;
use crate::spawn::shortage::Shortage;
use crate::{AccessToken, Code};

use super::service::Stage;
use super::{LONG, ok, token};

type Listener = Arc<dyn Fn(&str) + Send + Sync>;

/// The logger of this process, and whoever listens to the lines of this library.
struct Host(Mutex<Option<Listener>>);

static HOST: Host = Host(Mutex::new(None));

impl Log for Host {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if record.target().starts_with("frontegg_token") {
            let listener = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let line = format!("{} {}", record.level(), record.args());
            if let Some(listen) = listener {
                listen(&line);
            }
        }
    }

    fn flush(&self) {}
}

/// Listens to all tests' lines until it is dropped. One test at a time does.
struct Listening(#[allow(dead_code)] MutexGuard<'static, ()>);

impl Listening {
    fn with(listen: impl Fn(&str) + Send + Sync + 'static) -> Self {
        static ONCE: Once = Once::new();
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        ONCE.call_once(|| {
            log::set_logger(&HOST).unwrap();
            log::set_max_level(log::LevelFilter::Trace);
        });
        *HOST.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(listen));
        Self(turn)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        *HOST.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Does `work` on a thread of its own, and fails where it hangs.
fn without_hanging<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, outcome) = channel();
    let worker = thread::spawn(move || done.send(work()).unwrap());
    match outcome.recv_timeout(2 * LONG) {
        Ok(outcome) => outcome,
        Err(RecvTimeoutError::Timeout) => panic!("it hangs"),
        Err(RecvTimeoutError::Disconnected) => {
            worker.join().unwrap();
            unreachable!()
        }
    }
}

/// A life that has the source say all that it can: refreshes that are rejected until it goes
/// without, failures, a refusal, a store hit, and a rejected token.
fn live(stage: &Stage, source: &Arc<Engine>) {
    let hour = Duration::from_secs(3600);
    let rejected = json!({"respond": {"status": 401}});
    stage.fault(json!({"on": "refresh", "times": 3, "action": rejected}));
    for _ in 0..4 {
        assert!(token(source).is_ok());
        stage.clock.advance(hour);
    }
    assert!(source.stats().authenticating_only);
    stage.fault(json!({"on": "any", "times": 2, "action": {"respond": {"status": 503}}}));
    assert_eq!(token(source), Err(Code::ServerError));
    assert_eq!(token(source), Err(Code::ServerError));
    stage.clock.advance(hour);
    assert_eq!(token(source), Err(Code::ServerError));
    stage.clock.advance(hour);
    let last = token(source).unwrap();
    assert!(source.invalidate(&last));
    Shortage::of_all().during(|| token(source)).unwrap();
}

#[test]
fn a_logger_may_use_the_source() {
    let uses: [fn(&Arc<Engine>); 5] = [
        |source| drop(source.stats()),
        |source| drop(token(source)),
        |source| drop(source.peek()),
        |source| assert!(!source.invalidate("another")),
        |source| source.set_credentials(crate::Credentials::new("id", "secret").unwrap()),
    ];
    for (number, uses) in uses.into_iter().enumerate() {
        without_hanging(move || {
            let stage = Stage::new();
            let source = stage.engine_of(Policy::Auto);
            let theirs = Arc::downgrade(&source);
            let _listening = Listening::with(move |_| {
                theirs.upgrade().iter().for_each(uses);
            });
            if number == 4 {
                // With which what is remembered of failures is void.
                assert!(token(&source).is_ok());
                stage.clock.advance(Duration::from_secs(3600));
                assert!(token(&source).is_ok());
            } else {
                live(&stage, &source);
            }
            helpers::join(source.close());
        });
    }
}

#[test]
fn a_logger_may_close_the_source() {
    without_hanging(|| {
        let fake = Fake::new([Answer::Grant, Answer::Fail(Code::ServerError)]);
        let (engine, clock) = fake.engine();
        assert_eq!(token(&engine), ok("token-1"));
        let theirs = Arc::downgrade(&engine);
        let _listening = Listening::with(move |line| {
            if line.contains("fell_back") {
                theirs.upgrade().iter().for_each(|engine| helpers::join(engine.close()));
            }
        });
        clock.advance(Duration::from_secs(3600));
        assert_eq!(token(&engine), ok("token-3"));
        while token(&engine) != Err(Code::Closed) {
            thread::yield_now();
        }
    });
}

#[test]
fn a_logger_that_panics_changes_nothing() {
    without_hanging(|| {
        let _listening = Listening::with(|_| panic!("a panic of the host's"));
        let stage = Stage::new();
        let source = stage.engine_of(Policy::Auto);
        live(&stage, &source);
        helpers::join(source.close());
    });
}

#[test]
fn a_logger_that_blocks_keeps_nobody_from_tokens() {
    without_hanging(|| {
        let fake = Fake::new([Answer::Grant, Answer::Fail(Code::ServerError)]);
        let (engine, clock) = fake.engine();
        let (ends, end): (_, Receiver<()>) = channel();
        let end = Mutex::new(end);
        let here = thread::current().id();
        let listening = Listening::with(move |line| {
            // Not the lines of other tests, nor those of this thread, which would block itself.
            if line.contains("token source") && thread::current().id() != here {
                let _ = end.lock().unwrap_or_else(PoisonError::into_inner).recv();
            }
        });
        for number in [1, 3, 4] {
            assert_eq!(token(&engine), Ok(format!("token-{number}")));
            clock.advance(Duration::from_secs(3600));
        }
        helpers::join(engine.close());
        drop(ends);
        drop(listening);
    });
}

#[test]
fn that_there_is_no_thread_is_said_once_until_there_is_one() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let (theirs, here) = (lines.clone(), thread::current().id());
    let _listening = Listening::with(move |line| {
        if thread::current().id() == here && line.contains("no thread") {
            theirs.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned());
        }
    });
    let (fake, shortage) = (Fake::new([]), Shortage::of_all());
    let (engine, clock) = fake.engine();
    let round = |lacking: bool| -> Option<AccessToken> {
        clock.advance(Duration::from_secs(3600));
        if lacking { shortage.during(|| token(&engine)) } else { token(&engine) }.unwrap();
        clock.advance(Duration::from_secs(2900));
        shortage.during(|| token(&engine)).unwrap();
        engine.peek()
    };
    round(true);
    round(true);
    assert_eq!(lines.lock().unwrap().len(), 1);
    round(false);
    let lines = lines.lock().unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("WARN token source: the system gives no thread: "), "{lines:?}");
}
