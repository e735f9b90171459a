//! The current token as Python has it.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use frontegg_token::AccessToken;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// One `str` for the current token, however often and in however many threads it is asked for.
#[derive(Default)]
pub(crate) struct Shown(ArcSwapOption<(AccessToken, Py<PyString>)>);

impl Shown {
    /// The `str` of this token, kept for the next call.
    #[inline]
    pub(crate) fn get<'py>(&self, py: Python<'py>, token: &AccessToken) -> Bound<'py, PyString> {
        match &*self.0.load() {
            Some(shown) if shown.0.is_same_as(token) => shown.1.bind(py).clone(),
            _ => self.renew(py, token),
        }
    }

    #[cold]
    fn renew<'py>(&self, py: Python<'py>, token: &AccessToken) -> Bound<'py, PyString> {
        let text = PyString::new(py, token.as_str());
        self.0.store(Some(Arc::new((token.clone(), text.clone().unbind()))));
        text
    }

    /// Forgets a token that nobody is given any more.
    pub(crate) fn forget(&self) {
        self.0.store(None);
    }
}
