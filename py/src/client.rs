//! The two calls: blocking, and posting their outcome to a mailbox.

use frontegg_token::guard::guard;
use frontegg_token::threads::{DEFAULT_MAX_THREADS, Threads};
use frontegg_token::{Credentials, Error, RefreshToken};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::{blocking, guarded};
use crate::mailbox::{Content, Mailbox};
use crate::settings::{self, Given};
use crate::text::Text;
use crate::token_set::TokenSet;

/// All asynchronous calls of a process run on these.
static THREADS: Threads = Threads::new(DEFAULT_MAX_THREADS);

/// What both `frontegg_token.Client` and `AsyncClient` stand on.
#[pyclass(frozen, module = "frontegg_token._native")]
pub(crate) struct Client(frontegg_token::Client);

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (from_env, settings))]
    fn new(py: Python<'_>, from_env: bool, settings: &Bound<'_, PyDict>) -> PyResult<Self> {
        let builder = settings::builder(from_env, settings)?;
        guarded(py, || builder.build()).map(Self)
    }

    #[getter]
    fn base_url(&self) -> &str {
        self.0.endpoint().base_url()
    }

    fn authenticate(&self, py: Python<'_>, client_id: Text, secret: Text) -> PyResult<TokenSet> {
        let work = || self.0.authenticate(&Credentials::new(client_id.0, secret.0)?);
        blocking(py, work).map(TokenSet::new)
    }

    fn refresh(&self, py: Python<'_>, refresh_token: Text) -> PyResult<TokenSet> {
        let work = || self.0.refresh(&RefreshToken::new(refresh_token.0));
        blocking(py, work).map(TokenSet::new)
    }

    /// Returns at once; the outcome goes to the mailbox, addressed to `future`.
    fn post_authenticate(
        &self,
        py: Python<'_>,
        mailbox: Py<Mailbox>,
        future: Py<PyAny>,
        client_id: Text,
        secret: Text,
    ) -> PyResult<()> {
        let client = self.0.clone();
        post(py, mailbox, future, move || {
            client.authenticate(&Credentials::new(client_id.0, secret.0)?)
        })
    }

    /// Returns at once; the outcome goes to the mailbox, addressed to `future`.
    fn post_refresh(
        &self,
        py: Python<'_>,
        mailbox: Py<Mailbox>,
        future: Py<PyAny>,
        refresh_token: Text,
    ) -> PyResult<()> {
        let client = self.0.clone();
        post(py, mailbox, future, move || client.refresh(&RefreshToken::new(refresh_token.0)))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        blocking(py, || {
            self.0.close();
            Ok(())
        })
    }
}

impl Client {
    /// Core's client in one of Python's.
    pub(crate) fn of(client: &Bound<'_, PyAny>) -> PyResult<frontegg_token::Client> {
        let native = client.getattr("_native").ok();
        match native.as_ref().and_then(|native| native.cast::<Self>().ok()) {
            Some(native) => Ok(native.get().0.clone()),
            None => Err(Given { name: "client", value: client.clone() }.mistyped("a client")),
        }
    }
}

fn post(
    py: Python<'_>,
    mailbox: Py<Mailbox>,
    future: Py<PyAny>,
    work: impl FnOnce() -> Result<frontegg_token::TokenSet, Error> + Send + 'static,
) -> PyResult<()> {
    Mailbox::check_open()?;
    guarded(py, || {
        THREADS.run(move || {
            let outcome = guard(work).map(Content::TokenSet);
            Mailbox::put(mailbox, future, outcome);
        })
    })
}
