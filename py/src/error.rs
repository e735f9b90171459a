//! From core's error to Python's exceptions, which are defined in Python.

use std::cell::Cell;

use frontegg_token::guard::guard;
use frontegg_token::{CODES, Error, interrupt};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};

use crate::mailbox::is_awaited;
use crate::turnstile;

/// The exception for an error, an instance of a class in `frontegg_token._errors`.
pub(crate) fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    PyErr::from_value(
        instance(py, error)
            .unwrap_or_else(|raised| raised.into_value(py).into_any())
            .into_bound(py),
    )
}

/// The same as an object that is not raised yet.
pub(crate) fn instance(py: Python<'_>, error: &Error) -> PyResult<Py<PyAny>> {
    static BUILD: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let facts = PyDict::new(py);
    facts.set_item("http_status", error.http_status())?;
    facts.set_item("messages", PyTuple::new(py, error.messages())?)?;
    facts.set_item("error_code", error.error_code())?;
    facts.set_item("trace_id", error.trace_id())?;
    facts.set_item("retry_after", error.retry_after().map(|wait| wait.as_secs_f64()))?;
    facts.set_item("attempts", error.attempts())?;
    facts.set_item("retryable", error.is_retryable())?;
    let build = BUILD.import(py, "frontegg_token._errors", "from_facts")?;
    build.call1((error.code().number(), error.message(), facts)).map(Bound::unbind)
}

/// Runs a part of an entry point that does not block.
pub(crate) fn guarded<T>(py: Python<'_>, work: impl FnOnce() -> Result<T, Error>) -> PyResult<T> {
    guard(work).map_err(|error| to_python(py, &error))
}

/// Runs a part of an entry point that may block; other Python threads go on meanwhile. Python's
/// signal handlers run too, and what one of them raises ends the call: Ctrl-C, for one.
pub(crate) fn blocking<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, Error> + Send,
) -> PyResult<T> {
    let outcome = py.detach(|| interrupt::heed(is_interrupted, || guard(work)));
    if let Some(raised) = RAISED.take() {
        return Err(raised);
    }
    outcome.map_err(|error| to_python(py, &error))
}

/// The same for a call that waits for another thread: no signal wakes it, so it looks up now and
/// then. Not where no handler ever runs: a thousand threads that look up are a burden, and one
/// that does so while the interpreter ends is a danger.
pub(crate) fn waiting<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, Error> + Send,
) -> PyResult<T> {
    static ASK: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let handles_signals = ASK.import(py, "frontegg_token._source", "handles_signals")?;
    if handles_signals.call0()?.is_truthy()? {
        return blocking(py, work);
    }
    let (outcome, turn) = py.detach(|| (guard(work), turnstile::turn()));
    drop(turn);
    outcome.map_err(|error| to_python(py, &error))
}

thread_local! {
    /// What a signal handler raised in the call that this thread makes.
    static RAISED: Cell<Option<PyErr>> = const { Cell::new(None) };
}

fn is_interrupted() -> bool {
    let asked = Python::try_attach(|py| {
        if is_awaited() {
            return Err(PyRuntimeError::new_err("the call was ended: the interpreter is ending"));
        }
        py.check_signals()
    });
    match asked {
        Some(Err(raised)) => {
            RAISED.set(Some(raised));
            true
        }
        Some(Ok(())) | None => false,
    }
}

/// The table of codes: number, name, and whether retryable by default.
#[pyfunction]
pub(crate) fn codes() -> Vec<(i32, &'static str, bool)> {
    CODES.iter().map(|row| (row.code.number(), row.name, row.retryable)).collect()
}
