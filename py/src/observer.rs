//! Tells a Python callable of a source's events, from whatever thread they happen in.

use frontegg_token::Event;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::error::instance;
use crate::held::Held;
use crate::mailbox;

/// Calls the callable. What it raises goes to `sys.unraisablehook`: nobody waits for it.
pub(crate) fn tell(observer: &Held, event: &Event) {
    mailbox::call_out(|py| {
        let Some(callable) = observer.get(py) else { return };
        let told = to_python(py, event).and_then(|event| callable.call1((event,)));
        if let Err(raised) = told {
            raised.write_unraisable(py, Some(&callable));
        }
    });
}

fn to_python(py: Python<'_>, event: &Event) -> PyResult<Py<PyAny>> {
    static EVENT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let error = event.error().map(|error| instance(py, error)).transpose()?;
    let class = EVENT.import(py, "frontegg_token._records", "Event")?;
    class.call1((event.kind().as_str(), event.generation(), error)).map(Bound::unbind)
}
