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
    /// Waits until `done`, a close, the end of the call by its canceller, or the time is up
    /// (`None`: no limit).
    pub(crate) fn wait(&self, limit: Option<Duration>, done: impl Fn() -> bool) {
        let until = limit.and_then(|limit| Instant::now().checked_add(limit));
        let ready = |closed: &bool| *closed || cancel::is_cancelled() || done();
        drop(sync::wait(&self.closed, &self.changed, until, ready));
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
