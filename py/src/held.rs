//! An object of Python's that threads of ours call into.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use crate::mailbox;

/// The object, until the collector of cycles takes it away. Locked by threads that are in the
/// interpreter, and for a moment only.
pub(crate) struct Held(Mutex<Option<Py<PyAny>>>);

impl Held {
    pub(crate) fn new(py: Python<'_>, object: Py<PyAny>) -> PyResult<Self> {
        // What runs at the end of the interpreter and after a fork.
        py.import("frontegg_token._ending")?;
        Ok(Self(Mutex::new(Some(object))))
    }

    pub(crate) fn get<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.lock().as_ref().map(|object| object.bind(py).clone())
    }

    /// For the collector of cycles. Another thread's lock means that the object is in use.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.0.try_lock() {
            Ok(object) => visit.call(&*object),
            Err(TryLockError::Poisoned(object)) => visit.call(&*object.into_inner()),
            Err(TryLockError::WouldBlock) => Ok(()),
        }
    }

    pub(crate) fn clear(&self) {
        let object = self.lock().take();
        drop(object);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Py<PyAny>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    /// The last to know it may be a thread that is not in the interpreter.
    fn drop(&mut self) {
        if let Some(object) = self.lock().take() {
            mailbox::release(object);
        }
    }
}
