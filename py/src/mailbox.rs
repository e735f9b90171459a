//! How outcomes get from our threads to an event loop: they are put down here, and only the
//! first of a batch takes the interpreter to wake the loop, which then fetches them all.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use frontegg_token::Error;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use crate::error::instance;
use crate::token_set::TokenSet;

/// Whether the interpreter is about to end: then no thread of ours enters it any more.
static STOPPED: AtomicBool = AtomicBool::new(false);
/// How many threads of ours are in the interpreter, or on their way into it.
static WAKES: AtomicUsize = AtomicUsize::new(0);

/// Outcomes for the futures of one event loop.
#[pyclass(frozen, module = "frontegg_token._native")]
pub(crate) struct Mailbox {
    /// `loop.call_soon_threadsafe`.
    call_soon: Py<PyAny>,
    /// Called in the loop with this mailbox once there is something in it.
    deliver: Py<PyAny>,
    letters: Mutex<Vec<Letter>>,
}

struct Letter {
    future: Py<PyAny>,
    outcome: Result<frontegg_token::TokenSet, Error>,
}

/// A future, and either its result or its exception.
type Opened = (Py<PyAny>, Option<TokenSet>, Option<Py<PyAny>>);

#[pymethods]
impl Mailbox {
    #[new]
    fn new(call_soon: Py<PyAny>, deliver: Py<PyAny>) -> Self {
        Self { call_soon, deliver, letters: Mutex::default() }
    }

    /// Empties the mailbox: each future with either its token set or its exception.
    fn take(&self, py: Python<'_>) -> PyResult<Vec<Opened>> {
        let letters = std::mem::take(&mut *self.letters());
        let opened = letters.into_iter().map(|Letter { future, outcome }| {
            Ok(match outcome {
                Ok(token_set) => (future, Some(TokenSet::new(token_set)), None),
                Err(error) => (future, None, Some(instance(py, &error)?)),
            })
        });
        opened.collect()
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.call_soon)?;
        visit.call(&self.deliver)
    }
}

impl Mailbox {
    /// Fails once the interpreter is about to end.
    pub(crate) fn check_open() -> PyResult<()> {
        if STOPPED.load(Ordering::SeqCst) {
            return Err(PyRuntimeError::new_err("no call can start: the interpreter is ending"));
        }
        Ok(())
    }

    /// Puts an outcome down, and wakes the loop unless it knows already. From any thread.
    pub(crate) fn put(
        this: &Py<Self>,
        future: Py<PyAny>,
        outcome: Result<frontegg_token::TokenSet, Error>,
    ) {
        let mailbox = this.get();
        let mut letters = mailbox.letters();
        letters.push(Letter { future, outcome });
        let is_first = letters.len() == 1;
        drop(letters);
        if is_first {
            mailbox.wake(this);
        }
    }

    fn wake(&self, this: &Py<Self>) {
        WAKES.fetch_add(1, Ordering::SeqCst);
        if !STOPPED.load(Ordering::SeqCst) {
            Python::try_attach(|py| {
                if self.call_soon.call1(py, (&self.deliver, this)).is_err() {
                    // The loop is closed, so nobody waits for these.
                    let unread = std::mem::take(&mut *self.letters());
                    drop(unread);
                }
            });
        }
        WAKES.fetch_sub(1, Ordering::SeqCst);
    }

    fn letters(&self) -> MutexGuard<'_, Vec<Letter>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets no thread of ours into the interpreter any more, and waits for those that are in it:
/// one that came in, or came back from waiting, while it ends would take the process down.
#[pyfunction]
pub(crate) fn stop_wakes(py: Python<'_>) {
    STOPPED.store(true, Ordering::SeqCst);
    while WAKES.load(Ordering::SeqCst) != 0 {
        py.detach(|| thread::sleep(Duration::from_micros(100)));
    }
}

/// In a child after a fork, which has none of the threads that its parent counts.
#[pyfunction]
pub(crate) fn forget_wakes() {
    WAKES.store(0, Ordering::SeqCst);
}
