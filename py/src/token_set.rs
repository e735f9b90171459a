//! What a call answers, read only as far as it is asked for.

use pyo3::prelude::*;

use crate::access_token::microseconds;
use crate::error::guarded;

/// Core's token set; `frontegg_token.TokenSet` is the view of it that users have.
#[pyclass(frozen, module = "frontegg_token._native")]
pub(crate) struct TokenSet(frontegg_token::TokenSet);

impl TokenSet {
    pub(crate) fn new(token_set: frontegg_token::TokenSet) -> Self {
        Self(token_set)
    }
}

#[pymethods]
impl TokenSet {
    #[getter]
    fn access_token(&self) -> &str {
        self.0.access_token().as_str()
    }

    #[getter]
    fn refresh_token(&self) -> Option<&str> {
        self.0.refresh_token().map(frontegg_token::RefreshToken::as_str)
    }

    /// In seconds.
    #[getter]
    fn lifetime(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        guarded(py, || Ok(self.0.lifetime().map(|span| span.as_secs_f64())))
    }

    #[getter]
    fn expires(&self) -> Option<&str> {
        self.0.expires()
    }

    #[getter]
    fn trace_id(&self) -> Option<&str> {
        self.0.trace_id()
    }

    /// In microseconds since 1970.
    #[getter]
    fn received_at(&self) -> i64 {
        microseconds(self.0.received_at())
    }

    /// The claims as a JSON object.
    #[getter]
    fn claims(&self, py: Python<'_>) -> PyResult<Option<String>> {
        guarded(py, || Ok(self.0.access_token().claims().map(|claims| claims.to_json())))
    }
}
