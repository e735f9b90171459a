//! The token that callers get without asking anybody: no lock, no allocation, nothing that
//! threads share is written but once in a tick.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwapOption, Guard};

use crate::AccessToken;
use crate::clock::{Clock, nanos};

use super::machine::Held;

/// No tick of a clock.
const NEVER: u64 = u64::MAX;

#[derive(Debug)]
pub(super) struct Published(ArcSwapOption<Current>);

/// A token, and how long it can be handed out as a matter of course.
#[derive(Debug)]
pub(super) struct Current {
    held: Held,
    /// An age, in nanoseconds.
    serve_until: AtomicU64,
    /// The tick in which the age was last looked at, and found good.
    checked: AtomicU64,
}

/// The token while it is looked at.
pub(super) type Loan = Guard<Option<Arc<Current>>>;

impl Current {
    /// What a precise look at the time says costs more than all the rest, so it holds for a
    /// tick of the coarse clock: some milliseconds.
    #[inline]
    fn is_good(&self, clock: &Clock) -> bool {
        let tick = clock.tick();
        if tick.is_some_and(|tick| tick == self.checked.load(Ordering::Relaxed)) {
            return true;
        }
        self.look(clock, tick.unwrap_or(NEVER))
    }

    #[cold]
    fn look(&self, clock: &Clock, tick: u64) -> bool {
        let age = clock.now().nanos_since(self.held.since);
        let good = age < self.serve_until.load(Ordering::Relaxed);
        if good {
            self.checked.store(tick, Ordering::Relaxed);
        }
        good
    }

    pub(super) fn token(&self) -> &AccessToken {
        &self.held.token
    }

    /// For how long yet it is good.
    pub(super) fn good_for(&self, clock: &Clock) -> Duration {
        let age = clock.now().nanos_since(self.held.since);
        let until = self.serve_until.load(Ordering::Relaxed);
        Duration::from_nanos(until.saturating_sub(age))
    }
}

impl Published {
    pub(super) fn new() -> Self {
        Self(ArcSwapOption::const_empty())
    }

    /// The token, where it is fresh or need not be renewed by this caller.
    #[inline]
    pub(super) fn fresh(&self, clock: &Clock) -> Option<Loan> {
        let loan = self.0.load();
        loan.as_ref()?.is_good(clock).then_some(loan)
    }

    /// The token that was published last, good or not.
    pub(super) fn latest(&self) -> Option<Held> {
        self.0.load().as_ref().map(|current| current.held.clone())
    }

    /// Makes known what is held now; `serve_until` is an age. Under the source's lock.
    pub(super) fn publish(&self, held: Option<&Held>, serve_until: Duration) {
        let current = self.0.load();
        match (current.as_ref(), held) {
            (Some(current), Some(held)) if current.held.generation == held.generation => {
                current.serve_until.store(nanos(serve_until), Ordering::Relaxed);
                current.checked.store(NEVER, Ordering::Relaxed);
            }
            (None, None) => {}
            (_, held) => self.0.store(held.map(|held| {
                Arc::new(Current {
                    held: held.clone(),
                    serve_until: AtomicU64::new(nanos(serve_until)),
                    checked: AtomicU64::new(NEVER),
                })
            })),
        }
    }
}
