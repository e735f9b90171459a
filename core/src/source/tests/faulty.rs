//! A store that works, until a test says otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::Error;
use crate::source::engine::Engine;
use crate::store::{Change, Lease, Loaded, MemoryStore, TokenStore};
use crate::sync::{Condvar, Mutex, lock, wait};

use super::token;

const HOUR: Duration = Duration::from_secs(3600);

/// A store that fails where it is told to, and lets a test come in between.
#[derive(Default)]
pub(super) struct Faulty {
    store: MemoryStore,
    fault: Mutex<Option<Fault>>,
    seen: Mutex<Vec<&'static str>>,
    changed: Condvar,
    name: Mutex<String>,
    /// Whoever asks for the lease has it.
    lawless: AtomicBool,
    /// No save comes to anything, as if another were always first.
    pub(super) is_stubborn: AtomicBool,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Verdict {
    Work,
    Fail,
    /// It is done, and yet the answer says that it failed.
    WorkAndFail,
}
pub(super) use Verdict::{Fail, Work, WorkAndFail};

pub(super) type Fault = Box<dyn FnMut(&'static str) -> Verdict + Send>;

impl Faulty {
    pub(super) fn set(&self, fault: impl FnMut(&'static str) -> Verdict + Send + 'static) {
        *lock(&self.fault) = Some(Box::new(fault));
    }

    pub(super) fn heal(&self) {
        *lock(&self.fault) = None;
    }

    /// Before the operation that is the `number`th of its kind from now on, a sibling renews that
    /// had lost the lease.
    pub(super) fn let_a_sibling_in(
        &self,
        sibling: Arc<Engine>,
        which: &'static str,
        mut number: u32,
    ) {
        self.lawless.store(true, Ordering::SeqCst);
        self.set(move |operation| {
            if operation == which {
                number = number.wrapping_sub(1);
                if number == 0 {
                    token(&sibling).unwrap();
                }
            }
            Work
        });
    }

    /// The operations since the last time, once the lease was given back.
    pub(super) fn seen(&self) -> Vec<&'static str> {
        let is_over = |seen: &Vec<&'static str>| seen.last() == Some(&"release");
        std::mem::take(&mut *wait(&self.seen, &self.changed, None, is_over))
    }

    fn at<T>(
        &self,
        operation: &'static str,
        name: &str,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        name.clone_into(&mut lock(&self.name));
        if operation != "release" {
            lock(&self.seen).push(operation);
        }
        // Not under the lock: it may use the store.
        let fault = lock(&self.fault).take();
        let mut verdict = Work;
        if let Some(mut fault) = fault {
            verdict = fault(operation);
            lock(&self.fault).get_or_insert(fault);
        }
        let failed = || Error::store("on purpose");
        let outcome = match verdict {
            Work => work(),
            Fail => Err(failed()),
            WorkAndFail => work().and_then(|_| Err(failed())),
        };
        if operation == "release" {
            // Seen once the lease is free.
            lock(&self.seen).push(operation);
            self.changed.notify_all();
        }
        outcome
    }

    pub(super) fn entry(&self) -> Option<Vec<u8>> {
        let name = lock(&self.name).clone();
        Some(self.store.load(&name, HOUR).unwrap()?.entry)
    }

    pub(super) fn put(&self, entry: &[u8]) {
        let current = self.entry();
        let name = lock(&self.name).clone();
        let change = Change { replaces: current.as_deref(), entry, keep: HOUR };
        assert!(self.store.save(&name, &change, HOUR).unwrap());
    }
}

impl TokenStore for Faulty {
    fn load(&self, name: &str, within: Duration) -> Result<Option<Loaded>, Error> {
        self.at("load", name, || self.store.load(name, within))
    }

    fn save(&self, name: &str, change: &Change<'_>, within: Duration) -> Result<bool, Error> {
        self.at("save", name, || {
            Ok(!self.is_stubborn.load(Ordering::SeqCst) && self.store.save(name, change, within)?)
        })
    }

    fn lease(
        &self,
        name: &str,
        owner: &str,
        span: Duration,
        within: Duration,
    ) -> Result<Lease, Error> {
        self.at("lease", name, || {
            if self.lawless.load(Ordering::SeqCst) {
                return Ok(Lease::Acquired);
            }
            self.store.lease(name, owner, span, within)
        })
    }

    fn release(&self, name: &str, owner: &str, within: Duration) -> Result<(), Error> {
        self.at("release", name, || self.store.release(name, owner, within))
    }

    /// A sibling comes in while an operation is under way.
    fn concurrency(&self) -> usize {
        2
    }
}

/// Fails this operation, always.
pub(super) fn failing(which: &'static str) -> impl FnMut(&'static str) -> Verdict + Send {
    move |operation| if operation == which { Fail } else { Work }
}
