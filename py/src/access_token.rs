//! What is known of a source's current token, read only as far as it is asked for.

use std::time::SystemTime;

use pyo3::prelude::*;

use crate::error::guarded;

/// Core's access token; `frontegg_token.TokenInfo` is the view of it that users have.
#[pyclass(frozen, module = "frontegg_token._native")]
pub(crate) struct AccessToken(frontegg_token::AccessToken);

impl AccessToken {
    pub(crate) fn new(token: frontegg_token::AccessToken) -> Self {
        Self(token)
    }
}

#[pymethods]
impl AccessToken {
    /// In microseconds since 1970.
    #[getter]
    fn expires_at(&self) -> Option<i64> {
        self.0.expires_at().map(microseconds)
    }

    /// In microseconds since 1970.
    #[getter]
    fn renewal_due_at(&self) -> Option<i64> {
        self.0.renewal_due_at().map(microseconds)
    }

    #[getter]
    fn origin(&self) -> Option<&'static str> {
        self.0.origin().map(frontegg_token::Origin::as_str)
    }

    /// The claims as a JSON object.
    #[getter]
    fn claims(&self, py: Python<'_>) -> PyResult<Option<String>> {
        guarded(py, || Ok(self.0.claims().map(|claims| claims.to_json())))
    }
}

/// Since 1970, or negative if before.
pub(crate) fn microseconds(at: SystemTime) -> i64 {
    let signed = |span: std::time::Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    let since = at.duration_since(std::time::UNIX_EPOCH);
    since.map_or_else(|before| -signed(before.duration()), signed)
}
