//! Stores, and sources that share by them, on real parts: Redis servers of which each test starts
//! its own, some that are none, disks that take nothing, and users of one host.
#![cfg(unix)]

mod access;
mod budgets;
mod disks;
mod faults;
mod fleet;
mod fuse;
mod hangs;
mod impostor;
mod impostors;
mod log;
mod operations;
mod secrecy;
mod server;
mod sources;
mod tls;
mod urls;
mod users;
mod wire;

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use frontegg_token::{Change, Code, Error, Lease, Loaded, RedisStore, Secret, TokenStore};

/// Enough for any machine.
const LONG: Duration = Duration::from_secs(60);
/// For what is not to come.
const WHILE: Duration = Duration::from_millis(100);
const HOUR: Duration = Duration::from_secs(3600);
const NAME: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The operations, with the time they take left out.
trait Brief: TokenStore {
    fn get(&self) -> Result<Option<Loaded>, Error> {
        self.load(NAME, LONG)
    }

    fn entry(&self) -> Option<Vec<u8>> {
        self.get().unwrap().map(|loaded| loaded.entry)
    }

    fn put(&self, replaces: Option<&[u8]>, entry: &[u8]) -> Result<bool, Error> {
        self.save(NAME, &Change::new(replaces, entry, HOUR), LONG)
    }

    fn borrow(&self, owner: &str) -> Result<Lease, Error> {
        self.lease(NAME, owner, HOUR, LONG)
    }

    fn give_back(&self, owner: &str) -> Result<(), Error> {
        self.release(NAME, owner, LONG)
    }

    /// The error of each of the four, given that time.
    fn errors(&self, within: Duration) -> [Error; 4] {
        [
            self.load(NAME, within).expect_err("load"),
            self.save(NAME, &Change::new(None, b"e", HOUR), within).expect_err("save"),
            self.lease(NAME, "o", HOUR, within).expect_err("lease"),
            self.release(NAME, "o", within).expect_err("release"),
        ]
    }
}

impl Brief for RedisStore {}

/// A store that has time, so that only faults fail it.
fn patient(url: impl Into<Secret>) -> Result<RedisStore, Error> {
    RedisStore::builder(url).timeout(LONG).build()
}

/// That an outcome is the error of a store, with this in its message and without what is
/// planted in the tests.
#[track_caller]
fn assert_fault<T>(outcome: Result<T, Error>, says: &str) {
    let Err(error) = outcome else { panic!("no error: {says}") };
    assert_eq!(error.code(), Code::Store);
    assert!(error.message().contains(says), "{error}");
    let shown = format!("{error:?}");
    assert!(!shown.contains("planted") && !shown.contains(NAME), "{error:?}");
}

/// Gives up the test if this goes on for ever.
fn bounded<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, is_done) = channel();
    let thread = thread::spawn(move || {
        let outcome = what();
        let _ = done.send(());
        outcome
    });
    // A panic drops the sender, and shows in the join.
    let waited = is_done.recv_timeout(LONG);
    assert!(waited != Err(RecvTimeoutError::Timeout), "it hangs");
    thread.join().unwrap()
}
