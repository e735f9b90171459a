//! Lets threads that have waited back into the interpreter one after the other.
//!
//! Each thread that waits for the GIL wakes up every 5 ms to ask for it: a thousand of them, set
//! free by one renewal, are busy with that alone.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use frontegg_token::per_process::{Owned, PerProcess};

/// A forked child has none of the threads that its parent's is for.
static TURNSTILE: PerProcess<Turnstile> = PerProcess::new();

#[derive(Default)]
struct Turnstile {
    taken: Mutex<bool>,
    freed: Condvar,
}

/// The only one, until it is dropped.
pub(crate) struct Turn(Arc<Owned<Turnstile>>);

/// Waits for the turn to enter the interpreter. To be kept until that is done, and not to be
/// asked for from within it.
pub(crate) fn turn() -> Turn {
    let turnstile = TURNSTILE.get(Turnstile::default);
    let taken = turnstile.taken.lock().unwrap_or_else(PoisonError::into_inner);
    let free = turnstile.freed.wait_while(taken, |taken| *taken);
    *free.unwrap_or_else(PoisonError::into_inner) = true;
    Turn(turnstile)
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.0.freed.notify_one();
    }
}
