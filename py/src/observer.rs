//! Tells a Python callable of a source's events, from whatever thread they happen in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use frontegg_token::Event;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::{PyTraverseError, PyVisit};

use crate::error::instance;
use crate::mailbox;

/// The callable, until the collector of cycles takes it away. Locked by threads that are in
/// the interpreter, and for a moment only.
pub(crate) struct Observer(Mutex<Option<Py<PyAny>>>);

impl Observer {
    pub(crate) fn new(py: Python<'_>, callable: Py<PyAny>) -> PyResult<Arc<Self>> {
        // What runs at the end of the interpreter and after a fork.
        py.import("frontegg_token._ending")?;
        Ok(Arc::new(Self(Mutex::new(Some(callable)))))
    }

    /// Calls the callable. What it raises goes to `sys.unraisablehook`: nobody waits for it.
    pub(crate) fn tell(&self, event: &Event) {
        mailbox::observe(|py| {
            let Some(callable) = self.lock().as_ref().map(|callable| callable.clone_ref(py)) else {
                return;
            };
            let told = to_python(py, event).and_then(|event| callable.call1(py, (event,)));
            if let Err(raised) = told {
                raised.write_unraisable(py, Some(callable.bind(py)));
            }
        });
    }

    /// For the collector of cycles. Another thread's lock means that the callable is in use.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.0.try_lock() {
            Ok(callable) => visit.call(&*callable),
            Err(TryLockError::Poisoned(callable)) => visit.call(&*callable.into_inner()),
            Err(TryLockError::WouldBlock) => Ok(()),
        }
    }

    pub(crate) fn clear(&self) {
        let callable = self.lock().take();
        drop(callable);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Py<PyAny>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Observer {
    /// The last to know it may be a thread that is not in the interpreter.
    fn drop(&mut self) {
        if let Some(callable) = self.lock().take() {
            mailbox::release(callable);
        }
    }
}

fn to_python(py: Python<'_>, event: &Event) -> PyResult<Py<PyAny>> {
    static EVENT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let error = event.error().map(|error| instance(py, error)).transpose()?;
    let class = EVENT.import(py, "frontegg_token._records", "Event")?;
    class.call1((event.kind().as_str(), event.generation(), error)).map(Bound::unbind)
}
