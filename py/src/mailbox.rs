//! How outcomes get from our threads to an event loop: they are put down here, and only the
//! first of a batch takes the interpreter to wake the loop, which then fetches them all.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use frontegg_token::{AccessToken, Error};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use crate::error::instance;
use crate::shown::Shown;
use crate::token_set::TokenSet;

/// Whether the interpreter is about to end: then no thread of ours enters it any more.
static STOPPED: AtomicBool = AtomicBool::new(false);
/// How many threads of ours are in the interpreter, or on their way into it.
static WAKES: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Whether this thread runs an observer, or a store of Python's.
    static OUT: Cell<bool> = const { Cell::new(false) };
}

/// Outcomes for one event loop.
#[pyclass(frozen, module = "frontegg_token._native")]
pub(crate) struct Mailbox {
    /// `loop.call_soon_threadsafe`.
    call_soon: Py<PyAny>,
    /// Called in the loop with this mailbox once there is something in it.
    deliver: Py<PyAny>,
    letters: Arc<Mutex<Vec<Letter>>>,
}

struct Letter {
    address: Py<PyAny>,
    outcome: Result<Content, Error>,
    /// A reference that came with it and is to be dropped with it.
    mailbox: Option<Py<Mailbox>>,
}

/// What a call brought.
pub(crate) enum Content {
    TokenSet(frontegg_token::TokenSet),
    Token(Arc<Shown>, AccessToken),
}

impl Content {
    fn open(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(match self {
            Content::TokenSet(token_set) => Py::new(py, TokenSet::new(token_set))?.into_any(),
            Content::Token(shown, token) => shown.get(py, &token).into_any().unbind(),
        })
    }
}

/// An address, and either its result or its exception.
type Opened = (Py<PyAny>, Option<Py<PyAny>>, Option<Py<PyAny>>);

#[pymethods]
impl Mailbox {
    #[new]
    fn new(call_soon: Py<PyAny>, deliver: Py<PyAny>) -> Self {
        Self { call_soon, deliver, letters: Arc::default() }
    }

    /// Empties the mailbox: each address with either its result or its exception.
    fn take(&self, py: Python<'_>) -> PyResult<Vec<Opened>> {
        let letters = std::mem::take(&mut *lock(&self.letters));
        let opened = letters.into_iter().map(|Letter { address, outcome, mailbox }| {
            drop(mailbox);
            Ok(match outcome {
                Ok(content) => (address, Some(content.open(py)?), None),
                Err(error) => (address, None, Some(instance(py, &error)?)),
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
    pub(crate) fn put(this: Py<Self>, address: Py<PyAny>, outcome: Result<Content, Error>) {
        let letters = this.get().letters.clone();
        let mut letters = lock(&letters);
        if letters.is_empty() {
            letters.push(Letter { address, outcome, mailbox: None });
            drop(letters);
            Self::wake(this);
        } else {
            letters.push(Letter { address, outcome, mailbox: Some(this) });
        }
    }

    fn wake(this: Py<Self>) {
        enter_with(this, |py, this| {
            let mailbox = this.get();
            if mailbox.call_soon.call1(py, (&mailbox.deliver, &this)).is_err() {
                // The loop is closed, so nobody waits for these.
                let unread = std::mem::take(&mut *lock(&mailbox.letters));
                drop(unread);
            }
        });
    }
}

fn lock(letters: &Mutex<Vec<Letter>>) -> MutexGuard<'_, Vec<Letter>> {
    letters.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the interpreter for a moment, from any thread, unless it is about to end. What goes
/// with it is dropped there: elsewhere, that would take a lock which a fork could leave locked.
fn enter_with<T>(with: T, work: impl FnOnce(Python<'_>, T)) {
    WAKES.fetch_add(1, Ordering::SeqCst);
    let mut with = Some(with);
    if !STOPPED.load(Ordering::SeqCst) {
        Python::try_attach(|py| with.take().map(|with| work(py, with)));
    }
    std::mem::forget(with);
    WAKES.fetch_sub(1, Ordering::SeqCst);
}

/// Drops objects of Python's, from any thread.
pub(crate) fn release<T>(objects: T) {
    enter_with(objects, |_, objects| drop(objects));
}

/// Runs code of the user's, from any thread; nothing where the interpreter is about to end.
pub(crate) fn call_out(code: impl FnOnce(Python<'_>)) {
    enter_with(code, |py, code| {
        let outer = OUT.replace(true);
        code(py);
        OUT.set(outer);
    });
}

/// Whether the end of the interpreter waits for this thread, since the user's code runs in it.
pub(crate) fn is_awaited() -> bool {
    OUT.get() && STOPPED.load(Ordering::SeqCst)
}

/// How long the end of the interpreter waits for threads of ours that are in it.
const FAREWELL: Duration = Duration::from_millis(500);

/// Lets no thread of ours into the interpreter any more, and waits for those that are in it:
/// one that came in, or came back from waiting, while it ends would take the process down. One
/// whose store or observer does not return is not waited for beyond a moment, since it most
/// likely does not while the rest of the interpreter ends, either.
#[pyfunction]
pub(crate) fn stop_wakes(py: Python<'_>) {
    STOPPED.store(true, Ordering::SeqCst);
    let start = Instant::now();
    while WAKES.load(Ordering::SeqCst) != 0 && start.elapsed() < FAREWELL {
        py.detach(|| thread::sleep(Duration::from_micros(100)));
    }
}

/// In a child after a fork, which has none of the threads that its parent counts.
#[pyfunction]
pub(crate) fn forget_wakes() {
    WAKES.store(0, Ordering::SeqCst);
}
