//! Text from Python, which may hold what UTF-8 cannot.

use frontegg_token::Error;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::error::to_python;

/// An argument of type `str`. Anything else is a `TypeError`.
///
/// A lone surrogate is our own error: Python's would carry the whole text, which may be a secret.
pub(crate) struct Text(pub(crate) String);

impl FromPyObject<'_, '_> for Text {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let text = object.cast::<PyString>()?;
        match text.to_cow() {
            Ok(text) => Ok(Self(text.into_owned())),
            Err(_) => Err(to_python(
                object.py(),
                &Error::invalid_argument("an argument holds a lone surrogate"),
            )),
        }
    }
}
