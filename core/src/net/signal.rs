//! Waiting that a `close` can end.

use std::time::{Duration, Instant};

use crate::cancel;
use crate::sync::{self, Condvar, Mutex};

/// A closed flag and the one place where calls of a client sleep.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    closed: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    /// Waits until `done`, a close, the end of the call by its canceller, or the time is up.
    pub(crate) fn wait(&self, limit: Duration, done: impl Fn() -> bool) {
        let until = Instant::now().checked_add(limit);
        let ready = |closed: &bool| *closed || cancel::is_cancelled() || done();
        drop(sync::wait(&self.closed, &self.changed, until, ready));
    }

    /// Whether a close or its canceller has ended the call of this thread.
    pub(crate) fn is_ended(&self) -> bool {
        cancel::is_cancelled() || *sync::lock(&self.closed)
    }

    /// Makes every waiter look again.
    pub(crate) fn wake_all(&self) {
        // Taken so that no waiter is between its look and its sleep.
        drop(sync::lock(&self.closed));
        self.changed.notify_all();
    }

    pub(crate) fn close(&self) {
        *sync::lock(&self.closed) = true;
        self.changed.notify_all();
    }
}
