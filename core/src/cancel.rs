//! Ending a single call from another thread, where the client that makes it lives on.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ureq::unversioned::transport::ShutdownHandle;

thread_local! {
    static CURRENT: RefCell<Option<Arc<Canceller>>> = const { RefCell::new(None) };
}

/// Ends the calls that are made [under](Self::over) it, those to come included. One that
/// connects ends with that step.
#[derive(Default)]
pub(crate) struct Canceller(Mutex<Progress>);

#[derive(Default)]
struct Progress {
    cancelled: bool,
    /// What the call waits for just now.
    socket: Option<Arc<dyn ShutdownHandle>>,
}

impl Canceller {
    /// Makes calls, in this thread, that the canceller can end.
    pub(crate) fn over<T>(self: &Arc<Self>, calls: impl FnOnce() -> T) -> T {
        struct Restore(Option<Arc<Canceller>>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0.take());
            }
        }
        let _restore = Restore(CURRENT.replace(Some(self.clone())));
        calls()
    }

    /// Ends the call under way, if it waits for the network. One that sleeps has to be woken.
    pub(crate) fn cancel(&self) {
        let mut progress = self.progress();
        progress.cancelled = true;
        if let Some(socket) = progress.socket.take() {
            socket.shutdown();
        }
    }

    /// Whether it has ended its calls.
    #[cfg(test)]
    pub(crate) fn has_cancelled(&self) -> bool {
        self.progress().cancelled
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether this thread's call is to end.
pub(crate) fn is_cancelled() -> bool {
    CURRENT.with_borrow(|current| current.as_ref().is_some_and(|it| it.progress().cancelled))
}

/// Waits for a socket, in such a way that a canceller can end it.
pub(crate) fn while_watching<T, E: From<io::Error>>(
    socket: &Arc<impl ShutdownHandle + 'static>,
    wait: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let Some(canceller) = CURRENT.with_borrow(Clone::clone) else { return wait() };
    {
        let mut progress = canceller.progress();
        if progress.cancelled {
            return Err(io::Error::from(io::ErrorKind::ConnectionAborted).into());
        }
        progress.socket = Some(socket.clone());
    }
    let outcome = wait();
    canceller.progress().socket = None;
    outcome
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").finish_non_exhaustive()
    }
}
