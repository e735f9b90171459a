//! Waiting that a `close` can end.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::interrupt;

/// How often to ask whether to give up: no signal ends a wait here.
const ASKING: Duration = Duration::from_millis(50);

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
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return;
            }
            let asking = interrupt::is_heeded().then_some(ASKING);
            closed = match left.into_iter().chain(asking).min() {
                None => self.changed.wait(closed).unwrap_or_else(PoisonError::into_inner),
                Some(pause) => {
                    let waited = self.changed.wait_timeout(closed, pause);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
            if asking.is_some() && !*closed {
                drop(closed);
                if interrupt::is_wanted() {
                    return;
                }
                closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
            }
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
