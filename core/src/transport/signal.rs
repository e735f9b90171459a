//! Waiting that a `close` can end.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A closed flag and the one place where calls of a client sleep.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    closed: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    /// Waits until `done`, a close, or the time is up (`None`: no limit).
    pub(crate) fn wait(&self, limit: Option<Duration>, done: impl Fn() -> bool) {
        let until = limit.and_then(|limit| Instant::now().checked_add(limit));
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        while !*closed && !done() {
            closed = match until {
                None => self.changed.wait(closed).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let Some(left) = until.checked_duration_since(Instant::now()) else { return };
                    let waited = self.changed.wait_timeout(closed, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Makes every waiter look again.
    pub(crate) fn wake_all(&self) {
        // Taken so that no waiter is between its look and its sleep.
        drop(self.closed.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    pub(crate) fn close(&self) {
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }
}
