//! The current token as Python has it.
#![allow(unsafe_code)] // a lock would cost as much as all the rest of a call for a fresh token

use std::cell::UnsafeCell;

use frontegg_token::AccessToken;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// One `str` for the current token, however often and in however many threads it is asked for.
#[derive(Default)]
pub(crate) struct Shown {
    current: UnsafeCell<Option<Text>>,
    #[cfg(Py_GIL_DISABLED)]
    lock: std::sync::Mutex<()>,
}

struct Text {
    token: AccessToken,
    text: Py<PyString>,
}

// SAFETY: the cell is looked at in `with` alone, where the GIL or the lock lets one thread in at
// a time.
unsafe impl Sync for Shown {}

impl Shown {
    /// The `str` of this token, kept for the next call.
    #[inline]
    pub(crate) fn get<'py>(&self, py: Python<'py>, token: &AccessToken) -> Bound<'py, PyString> {
        let shown = self.with(py, |shown| match shown {
            Some(Text { token: of, text }) if of.is_same_as(token) => Some(text.clone_ref(py)),
            _ => None,
        });
        match shown {
            Some(text) => text.into_bound(py),
            None => self.renew(py, token),
        }
    }

    /// The `str` that is kept, if it is of a token that is `fresh`.
    #[inline]
    pub(crate) fn look<'py>(
        &self,
        py: Python<'py>,
        fresh: impl FnOnce(&AccessToken) -> bool,
    ) -> Option<Bound<'py, PyString>> {
        let shown = self.with(py, |shown| {
            shown.as_ref().filter(|shown| fresh(&shown.token)).map(|shown| shown.text.clone_ref(py))
        });
        Some(shown?.into_bound(py))
    }

    /// The token of which a `str` is kept.
    pub(crate) fn token(&self, py: Python<'_>) -> Option<AccessToken> {
        self.with(py, |shown| shown.as_ref().map(|shown| shown.token.clone()))
    }

    #[cold]
    fn renew<'py>(&self, py: Python<'py>, token: &AccessToken) -> Bound<'py, PyString> {
        let text = PyString::new(py, token.as_str());
        let shown = Text { token: token.clone(), text: text.clone().unbind() };
        drop(self.with(py, |old| old.replace(shown)));
        text
    }

    /// Forgets a token that nobody is given any more.
    pub(crate) fn forget(&self, py: Python<'_>) {
        drop(self.with(py, Option::take));
    }

    /// `look` must not run code of Python's, nor give up the GIL.
    #[inline]
    fn with<R>(&self, _py: Python<'_>, look: impl FnOnce(&mut Option<Text>) -> R) -> R {
        #[cfg(Py_GIL_DISABLED)]
        let _lock = self.lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // SAFETY: this thread is in the interpreter, or has the lock, until `look` is over, hence
        // no other has; and `look` does not come back here.
        look(unsafe { &mut *self.current.get() })
    }
}
