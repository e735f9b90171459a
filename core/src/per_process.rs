//! State that a forked child must not share with its parent.
//!
//! After a fork the child holds copies of the parent's sockets, which both would write to,
//! and of locks whose owners do not exist in it. So the child never touches the parent's
//! value, not even to drop it: it makes one of its own.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::forks::this_process;

/// A value made once per process, on first use. Reading it takes no lock.
pub struct PerProcess<T>(ArcSwapOption<Owned<T>>);

/// A value and the process that made it.
pub struct Owned<T> {
    process: u64,
    value: T,
}

impl<T> Deref for Owned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> PerProcess<T> {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self(ArcSwapOption::const_empty())
    }

    /// This process's value. Where two threads come first at once, one value is used by both.
    pub fn get(&self, make: impl Fn() -> T) -> Arc<Owned<T>> {
        let process = this_process();
        loop {
            let current = self.0.load();
            if let Some(entry) = current.as_ref().filter(|entry| entry.process == process) {
                return entry.clone();
            }
            let ours = Some(Arc::new(Owned { process, value: make() }));
            let previous = self.0.compare_and_swap(&current, ours);
            if let (Some(before), Some(seen)) = (previous.as_ref(), current.as_ref())
                && Arc::ptr_eq(before, seen)
            {
                // The parent's, which is now ours to leak.
                std::mem::forget(before.clone());
            }
        }
    }

    /// This process's value, if it was made.
    pub fn peek(&self) -> Option<Arc<Owned<T>>> {
        self.0.load_full().filter(|entry| entry.process == this_process())
    }
}

impl<T> fmt::Debug for PerProcess<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerProcess").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Owned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owned").finish_non_exhaustive()
    }
}

impl<T> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        if let Some(entry) = self.0.swap(None)
            && entry.process != this_process()
        {
            std::mem::forget(entry);
        }
    }
}
