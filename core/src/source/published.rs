//! The token that callers get without asking anybody: no lock, no allocation, nothing that
//! threads share is written but once in a tick.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwapOption, Guard};

use crate::AccessToken;
use crate::clock::{Clock, nanos};
use crate::forks::this_process;

use super::machine::Held;

#[derive(Debug)]
pub(super) struct Published {
    current: ArcSwapOption<Current>,
    /// Where the current token is in memory: what it takes to know a copy of it again. 0 for
    /// none.
    address: AtomicUsize,
    /// The token and the tick for which its age was last looked at, and found good. A precise
    /// look at the time costs more than all the rest, so it holds for a tick of the coarse
    /// clock: some milliseconds.
    checked: AtomicU64,
}

/// A token, and how long it can be handed out as a matter of course.
#[derive(Debug)]
pub(super) struct Current {
    held: Held,
    /// An age, in nanoseconds.
    serve_until: AtomicU64,
    /// The process that says so. A child has to look for itself: it has not the renewal for which
    /// its parent waits.
    process: AtomicU64,
}

/// The token while it is looked at.
pub(super) type Loan = Guard<Option<Arc<Current>>>;

impl Current {
    pub(super) fn token(&self) -> &AccessToken {
        &self.held.token
    }

    /// For how long yet it is good.
    pub(super) fn good_for(&self, clock: &Clock) -> Duration {
        if self.process.load(Ordering::Relaxed) != this_process() {
            return Duration::ZERO;
        }
        let age = clock.now().nanos_since(self.held.since);
        let until = self.serve_until.load(Ordering::Relaxed);
        Duration::from_nanos(until.saturating_sub(age))
    }
}

impl Published {
    pub(super) fn new() -> Self {
        Self {
            current: ArcSwapOption::const_empty(),
            address: AtomicUsize::new(0),
            checked: AtomicU64::new(0),
        }
    }

    /// The token, where it is fresh or need not be renewed by this caller.
    #[inline]
    pub(super) fn fresh(&self, clock: &Clock) -> Option<Loan> {
        let loan = self.current.load();
        self.is_good(loan.as_ref()?, clock).then_some(loan)
    }

    /// Whether that would be this very copy: without a look at the token itself.
    #[inline]
    pub(super) fn is_fresh(&self, token: &AccessToken, clock: &Clock) -> bool {
        // The copy is alive, so no other token has its address.
        let address = token.address();
        if self.address.load(Ordering::Acquire) != address {
            return false;
        }
        let checked = self.checked.load(Ordering::Relaxed);
        clock.tick().is_some_and(|tick| checked == mark(address, tick))
            || self.fresh(clock).is_some_and(|loan| {
                loan.as_ref().is_some_and(|current| current.token().is_same_as(token))
            })
    }

    #[inline]
    fn is_good(&self, current: &Current, clock: &Clock) -> bool {
        let mark = clock.tick().map(|tick| mark(current.token().address(), tick));
        mark == Some(self.checked.load(Ordering::Relaxed)) || self.look(current, clock, mark)
    }

    #[cold]
    fn look(&self, current: &Current, clock: &Clock, mark: Option<u64>) -> bool {
        let good = !current.good_for(clock).is_zero();
        if let Some(mark) = mark.filter(|_| good) {
            self.checked.store(mark, Ordering::Relaxed);
        }
        good
    }

    /// The token that was published last, good or not.
    pub(super) fn latest(&self) -> Option<Held> {
        self.current.load().as_ref().map(|current| current.held.clone())
    }

    /// Makes known what is held now; `serve_until` is an age. Under the source's lock.
    pub(super) fn publish(&self, held: Option<&Held>, serve_until: Duration) {
        let current = self.current.load();
        match (current.as_ref(), held) {
            (Some(current), Some(held)) if current.held.generation == held.generation => {
                current.serve_until.store(nanos(serve_until), Ordering::Relaxed);
                current.process.store(this_process(), Ordering::Relaxed);
                self.checked.store(0, Ordering::Relaxed);
            }
            (None, None) => {}
            (_, held) => {
                self.current.store(held.map(|held| {
                    Arc::new(Current {
                        held: held.clone(),
                        serve_until: AtomicU64::new(nanos(serve_until)),
                        process: AtomicU64::new(this_process()),
                    })
                }));
                let address = held.map_or(0, |held| held.token.address());
                self.address.store(address, Ordering::Release);
            }
        }
    }
}

/// One number for both. Ticks are of milliseconds, and a token's successor lies elsewhere.
#[inline]
fn mark(address: usize, tick: u64) -> u64 {
    // The multiplier is odd, so that different addresses stay apart.
    tick.wrapping_add((address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1
}
