//! Stores whose operations do not return.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::source::engine::Engine;
use crate::source::helpers;
use crate::store::{Change, Lease, Loaded, MemoryStore, StoreIdentity, TokenStore};
use crate::sync::{Condvar, Mutex, lock};
use crate::{Code, Error};

use super::service::Stage;
use super::{later, token};

const HOUR: Duration = Duration::from_secs(3600);
/// Of a store whose time is to be up.
const SHORT: Duration = Duration::from_millis(50);
/// Of a store whose time is not.
const LONG: Duration = HOUR;

/// A store whose operations hang that are told to.
struct Hanging {
    store: MemoryStore,
    timeout: Duration,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    hangs: HashSet<&'static str>,
    /// How many operations have not returned.
    inside: usize,
    most_inside: usize,
    begun: Vec<(&'static str, Duration)>,
    ended: Vec<&'static str>,
    /// What each operation does before it is done.
    takes: Duration,
}

impl Hanging {
    fn new(timeout: Duration) -> Arc<Self> {
        let (store, state) = (MemoryStore::new(), Mutex::default());
        Arc::new(Self { store, timeout, state, changed: Condvar::new() })
    }

    fn hang(&self, operation: &'static str) {
        lock(&self.state).hangs.insert(operation);
    }

    fn go_on(&self) {
        lock(&self.state).hangs.clear();
        self.changed.notify_all();
    }

    fn until(&self, is_so: impl Fn(&State) -> bool) {
        let state = lock(&self.state);
        let waited = self.changed.wait_timeout_while(state, HOUR, |state| !is_so(state));
        assert!(!waited.unwrap().1.timed_out());
    }

    fn until_inside(&self, operation: &'static str) {
        self.until(|state| state.begun.last().is_some_and(|begun| begun.0 == operation));
    }

    fn until_empty(&self) {
        self.until(|state| state.inside == 0);
    }

    fn begun(&self) -> Vec<&'static str> {
        lock(&self.state).begun.iter().map(|(operation, _)| *operation).collect()
    }

    fn at<T>(&self, operation: &'static str, within: Duration, work: impl FnOnce() -> T) -> T {
        let mut state = lock(&self.state);
        state.begun.push((operation, within));
        state.inside += 1;
        state.most_inside = state.most_inside.max(state.inside);
        self.changed.notify_all();
        let hangs = |state: &mut State| state.hangs.contains(operation);
        let takes = state.takes;
        drop(self.changed.wait_while(state, hangs).unwrap());
        let start = Instant::now();
        while start.elapsed() < takes {
            thread::yield_now();
        }
        let done = work();
        let mut state = lock(&self.state);
        state.inside -= 1;
        state.ended.push(operation);
        self.changed.notify_all();
        done
    }
}

impl TokenStore for Hanging {
    fn load(&self, name: &str, within: Duration) -> Result<Option<Loaded>, Error> {
        self.at("load", within, || self.store.load(name, within))
    }

    fn save(&self, name: &str, change: &Change<'_>, within: Duration) -> Result<bool, Error> {
        self.at("save", within, || self.store.save(name, change, within))
    }

    fn lease(
        &self,
        name: &str,
        owner: &str,
        span: Duration,
        within: Duration,
    ) -> Result<Lease, Error> {
        self.at("lease", within, || self.store.lease(name, owner, span, within))
    }

    fn release(&self, name: &str, owner: &str, within: Duration) -> Result<(), Error> {
        self.at("release", within, || self.store.release(name, owner, within))
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }
}

/// Lets what hangs go on, even where a test fails.
struct GoOn<'a>(&'a Hanging);

impl Drop for GoOn<'_> {
    fn drop(&mut self) {
        self.0.go_on();
    }
}

fn assert_closes(engine: &Arc<Engine>) {
    let start = Instant::now();
    helpers::join(engine.close());
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn an_operation_that_does_not_return_costs_no_call_and_one_thread() {
    for operation in ["load", "lease", "save"] {
        let (stage, store) = (Stage::new(), Hanging::new(SHORT));
        let _go_on = GoOn(&store);
        let sources: Vec<_> = (0..5).map(|_| stage.sharing(store.clone())).collect();
        store.hang(operation);
        token(&sources[0]).unwrap();
        store.until_inside(operation);
        let error = sources[0].stats().store_error.unwrap();
        assert_eq!(error.code(), Code::Store);
        assert!(error.message().contains("did not answer within its time"), "{error}");
        let begun = store.begun();
        // From here on nobody asks it, nor waits.
        for _ in 0..3 {
            stage.clock.advance(HOUR);
            for source in &sources {
                token(source).unwrap();
                let error = source.stats().store_error.unwrap();
                assert!(error.message().contains("has not returned yet"), "{error}");
            }
        }
        assert_eq!(store.begun(), begun, "{operation}");
        assert_eq!(lock(&store.state).most_inside, 1);
        for source in &sources {
            assert_closes(source);
        }
        // Back again, it is used again.
        let source = stage.sharing(store.clone());
        token(&source).unwrap();
        store.go_on();
        store.until_empty();
        stage.clock.advance(HOUR);
        while source.stats().store_error.is_some() {
            stage.clock.advance(HOUR);
            token(&source).unwrap();
        }
        assert_eq!(token(&stage.sharing(store.clone())), token(&source));
        assert_eq!(stage.state().refresh_tokens_presented_twice, 0);
    }
}

#[test]
fn of_many_sources_one_alone_hangs() {
    let (stage, store) = (Stage::new(), Hanging::new(SHORT));
    let _go_on = GoOn(&store);
    store.hang("load");
    let sources: Vec<_> = (0..20).map(|_| stage.sharing(store.clone())).collect();
    let answers: Vec<_> = thread::scope(|scope| {
        let callers: Vec<_> =
            sources.iter().map(|source| scope.spawn(move || token(source))).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(store.begun(), ["load"]);
    assert!(sources.iter().all(|source| source.stats().store_failures == 1));
}

#[test]
fn a_close_does_not_wait_for_an_operation() {
    for operation in ["load", "lease", "save"] {
        let (stage, store) = (Stage::new(), Hanging::new(LONG));
        let _go_on = GoOn(&store);
        store.hang(operation);
        let engine = stage.sharing(store.clone());
        let answer = later(&engine, Duration::ZERO);
        store.until_inside(operation);
        assert_closes(&engine);
        assert_eq!(answer.recv().unwrap(), Err(Code::Closed));
    }
}

#[test]
fn a_lease_that_comes_too_late_is_given_back() {
    let (stage, store) = (Stage::new(), Hanging::new(SHORT));
    let _go_on = GoOn(&store);
    store.hang("lease");
    token(&stage.sharing(store.clone())).unwrap();
    store.go_on();
    store.until(|state| state.ended == ["load", "lease", "release"]);
    // A moment later, its turn is over as well.
    loop {
        let other = stage.sharing(store.clone());
        token(&other).unwrap();
        if other.stats().store_failures == 0 {
            break;
        }
    }
    assert_eq!(store.begun()[3..7], ["load", "lease", "load", "save"]);
}

#[test]
fn a_lease_that_cannot_be_given_back_is_once_the_store_goes_on() {
    let (stage, store) = (Stage::new(), Hanging::new(SHORT));
    let _go_on = GoOn(&store);
    store.hang("save");
    let one = stage.sharing(store.clone());
    token(&one).unwrap();
    assert_closes(&one);
    assert_eq!(store.begun(), ["load", "lease", "load", "save"]);
    store.go_on();
    store.until(|state| state.ended.last() == Some(&"release"));
    assert_eq!(store.begun(), ["load", "lease", "load", "save", "release"]);
    // What was saved too late is saved.
    let other = stage.sharing(store.clone());
    token(&other).unwrap();
    assert_eq!(other.stats().store_hits, 1);
    assert_eq!(stage.requests(), (1, 0));
}

#[test]
fn a_release_that_does_not_return_keeps_nobody() {
    let (stage, store) = (Stage::new(), Hanging::new(LONG));
    let _go_on = GoOn(&store);
    store.hang("release");
    let engine = stage.sharing(store.clone());
    token(&engine).unwrap();
    store.until_inside("release");
    assert_closes(&engine);
}

#[test]
fn the_last_save_has_a_time_of_its_own() {
    let (stage, store) = (Stage::new(), Hanging::new(Duration::from_secs(10)));
    let engine = stage.sharing(store.clone());
    token(&engine).unwrap();
    stage.clock.advance(HOUR);
    store.until(|state| state.ended.last() == Some(&"release"));
    lock(&store.state).begun.clear();
    lock(&store.state).takes = Duration::from_millis(20);
    token(&engine).unwrap();
    let begun = lock(&store.state).begun.clone();
    let operations: Vec<_> = begun.iter().map(|(operation, _)| *operation).collect();
    assert_eq!(operations[..5], ["load", "lease", "load", "save", "save"]);
    let times: Vec<_> = begun.iter().map(|(_, within)| *within).collect();
    assert!(times[..4].is_sorted_by(|before, after| *before > *after), "{begun:?}");
    assert!(times[4] > times[1], "{begun:?}");
}

/// A store that asks the source which it is the store of.
struct Asking {
    store: MemoryStore,
    source: Mutex<Option<Arc<Engine>>>,
    answers: Mutex<Vec<Result<String, Code>>>,
}

impl TokenStore for Asking {
    fn load(&self, name: &str, within: Duration) -> Result<Option<Loaded>, Error> {
        let source = lock(&self.source).clone().unwrap();
        let answer = token(&source);
        lock(&self.answers).push(answer);
        self.store.load(name, within)
    }

    fn save(&self, name: &str, change: &Change<'_>, within: Duration) -> Result<bool, Error> {
        self.store.save(name, change, within)
    }

    fn lease(
        &self,
        name: &str,
        owner: &str,
        span: Duration,
        within: Duration,
    ) -> Result<Lease, Error> {
        self.store.lease(name, owner, span, within)
    }

    fn release(&self, name: &str, owner: &str, within: Duration) -> Result<(), Error> {
        self.store.release(name, owner, within)
    }

    fn timeout(&self) -> Duration {
        LONG
    }
}

#[test]
fn a_store_does_not_wait_for_the_renewal_that_waits_for_it() {
    let stage = Stage::new();
    let store = Arc::new(Asking {
        store: MemoryStore::new(),
        source: Mutex::default(),
        answers: Mutex::default(),
    });
    let source = stage.sharing(store.clone());
    *lock(&store.source) = Some(source.clone());
    token(&source).unwrap();
    assert_eq!(*lock(&store.answers), [Err(Code::Timeout), Err(Code::Timeout)]);
    assert_eq!(source.stats().store_failures, 0);
    *lock(&store.source) = None;
}

#[test]
fn stores_are_told_apart_however_they_are_shared() {
    let (one, other) = (Hanging::new(SHORT), Hanging::new(SHORT));
    let shared: Arc<dyn TokenStore> = one.clone();
    assert_eq!(Arc::new(shared).identity(), one.identity());
    assert_ne!(one.identity(), other.identity());
    assert!(matches!(one.identity(), StoreIdentity::Address(_)));
}
