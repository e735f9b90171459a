//! Locks and threads, which the model of the tests replaces by its own.

#[cfg(not(all(test, frontegg_model)))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
#[cfg(not(all(test, frontegg_model)))]
pub(crate) use std::thread;

#[cfg(all(test, frontegg_model))]
pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard};
#[cfg(all(test, frontegg_model))]
pub(crate) use shuttle::thread;

use std::sync::{OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::interrupt;

/// How often to ask whether to give up: no signal ends a wait here.
const ASKING: Duration = Duration::from_millis(50);

/// Locks; what a panic left behind is consistent all the same, since nothing that can panic
/// runs under these locks.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until the value is `ready`, the time is up (`None`: no limit), or the host wants the
/// call to end. Whoever makes it ready notifies.
pub(crate) fn wait<'a, T>(
    mutex: &'a Mutex<T>,
    changed: &Condvar,
    until: Option<Instant>,
    ready: impl Fn(&T) -> bool,
) -> MutexGuard<'a, T> {
    let mut value = lock(mutex);
    while !ready(&value) {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            break;
        }
        let asking = interrupt::is_heeded().then_some(ASKING);
        value = match left.into_iter().chain(asking).min() {
            None => changed.wait(value).unwrap_or_else(PoisonError::into_inner),
            Some(pause) => {
                let waited = changed.wait_timeout(value, pause);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        if asking.is_some() && !ready(&value) {
            drop(value);
            let wanted = interrupt::is_wanted();
            value = lock(mutex);
            if wanted {
                break;
            }
        }
    }
    value
}

/// A value that is set once, and that many may wait for.
pub(crate) struct Latch<T> {
    value: OnceLock<T>,
    is_set: Mutex<bool>,
    changed: Condvar,
}

impl<T: Clone> Latch<T> {
    pub(crate) fn new() -> Self {
        Self { value: OnceLock::new(), is_set: Mutex::new(false), changed: Condvar::new() }
    }

    /// Sets the value, and wakes whoever waits. Only the first one counts.
    pub(crate) fn set(&self, value: T) {
        if self.value.set(value).is_ok() {
            *lock(&self.is_set) = true;
            self.changed.notify_all();
        }
    }

    pub(crate) fn get(&self) -> Option<T> {
        self.value.get().cloned()
    }

    /// Waits for the value; `None` where the time is up or the host wants the call to end.
    pub(crate) fn wait(&self, until: Instant) -> Option<T> {
        // The copy is made without the lock, for which a thousand may wait.
        drop(wait(&self.is_set, &self.changed, Some(until), |is_set| *is_set));
        self.get()
    }
}
