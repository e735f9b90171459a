//! The observer of one source, which is not called any more once that is closed.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use frontegg_core::Event;
use frontegg_core::per_process::PerProcess;

use crate::event::Observer;

/// An observer, and whether it may be called.
pub(crate) struct Observed {
    observer: Observer,
    /// A forked child does not wait for its parent's calls.
    calls: PerProcess<Calls>,
}

#[derive(Default)]
struct Calls {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_over: bool,
    /// The thread that is in it.
    running: Option<ThreadId>,
}

impl Observed {
    pub(crate) fn new(observer: Observer) -> Arc<Self> {
        Arc::new(Self { observer, calls: PerProcess::new() })
    }

    pub(crate) fn tell(&self, event: &Event) {
        struct Leave<'a>(&'a Calls);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                self.0.lock().running = None;
                self.0.changed.notify_all();
            }
        }
        let calls = self.calls.get(Calls::default);
        {
            let mut state = calls.lock();
            if state.is_over {
                return;
            }
            state.running = Some(thread::current().id());
        }
        let _leave = Leave(&calls);
        self.observer.tell(event);
    }

    /// Has no call begin any more, and waits for the one under way, unless this is in it.
    pub(crate) fn end(&self) {
        let calls = self.calls.get(Calls::default);
        let mut state = calls.lock();
        state.is_over = true;
        let this = thread::current().id();
        while state.running.is_some_and(|running| running != this) {
            state = calls.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Calls {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
