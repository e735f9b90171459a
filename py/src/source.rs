//! The source: what `frontegg_token.TokenSource` and `AsyncTokenSource` stand on.

use std::sync::Arc;
use std::time::Duration;

use frontegg_token::{AccessToken, Credentials, Error, TokenRequest, TokenSourceBuilder};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use pyo3::{PyTraverseError, PyVisit};

use crate::access_token::AccessToken as About;
use crate::client::Client;
use crate::error::{blocking, guarded, instance, waiting};
use crate::held::Held;
use crate::mailbox::{self, Content, Mailbox};
use crate::observer;
use crate::own_store::OwnStore;
use crate::settings::{self, Given};
use crate::shown::Shown;
use crate::text::Text;

/// The statistics: counts, the store's error, and whether it authenticates only.
type Counts = (u64, u64, u64, u64, u64, u64, u64, Option<Py<PyAny>>, bool);

/// Base of the classes that users see. `frontegg_token` documents the methods without an
/// underscore; those with one are for its own use.
#[pyclass(frozen, subclass, module = "frontegg_token._native")]
pub(crate) struct TokenSource {
    /// Dropped before the source itself is, so that a renewal that then ends wakes no loop.
    shown: Arc<Shown>,
    source: frontegg_token::TokenSource,
    observer: Option<Arc<Held>>,
    /// One that is written in Python.
    store: Option<Arc<OwnStore>>,
}

#[pymethods]
impl TokenSource {
    /// Without credentials, those of the environment, and its store unless another is given.
    #[new]
    fn new(
        py: Python<'_>,
        client: &Bound<'_, PyAny>,
        credentials: Option<(Text, Text)>,
        settings: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let client = Client::of(client)?;
        let builder = guarded(py, || match credentials {
            Some((client_id, secret)) => {
                let credentials = Credentials::new(client_id.0, secret.0)?;
                Ok(frontegg_token::TokenSource::builder(client, credentials))
            }
            None => Ok(TokenSourceBuilder::from_env_with(client)),
        })?;
        let (builder, objects) = settings::of_source(builder, settings)?;
        let observer = objects.observer.map(|callable| Held::new(py, callable)).transpose()?;
        let observer = observer.map(Arc::new);
        let builder = observed(builder, observer.as_ref());
        let source = guarded(py, || builder.build())?;
        Ok(Self { shown: Arc::default(), source, observer, store: objects.store })
    }

    /// Answer a valid access token: at once if there is one, else by renewal.
    ///
    /// Blocks this thread, and only where there is no token or one that is about to expire: for
    /// the source's ``deadline`` at most. All threads that wait share one renewal.
    ///
    /// :param min_validity: how many seconds the token must be valid for at least; up to nine
    ///     tenths of the lifetime that the service gives its tokens
    /// :param timeout: how many seconds this call waits at most; the renewal goes on without it
    /// :raises FronteggError: of the class that says why
    #[pyo3(signature = (*, min_validity=None, timeout=None))]
    fn token<'py>(
        &self,
        py: Python<'py>,
        min_validity: Option<&Bound<'py, PyAny>>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyString>> {
        let span = |name, value: Option<&Bound<'py, PyAny>>| {
            value.map(|value| Given { name, value: value.clone() }.seconds()).transpose()
        };
        let mut request = TokenRequest::new();
        if let Some(span) = span("min_validity", min_validity)? {
            request = request.min_validity(span);
        }
        if let Some(span) = span("timeout", timeout)? {
            request = request.timeout(span);
        }
        let token = waiting(py, || self.source.token_with(&request))?;
        Ok(self.shown.get(py, &token))
    }

    /// Answers the token if it can be had at once; else it goes to the mailbox, addressed to
    /// `flight`.
    fn _post<'py>(
        &self,
        py: Python<'py>,
        mailbox: Py<Mailbox>,
        flight: Py<PyAny>,
        min_validity: f64,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        Mailbox::check_open()?;
        let request = request(min_validity);
        let shown = Arc::downgrade(&self.shown);
        let later = move |outcome: Result<AccessToken, Error>| match shown.upgrade() {
            Some(shown) => {
                let content = outcome.map(|token| Content::Token(shown, token));
                Mailbox::put(mailbox, flight, content);
            }
            // The source was dropped, so nobody waits.
            None => mailbox::release((mailbox, flight)),
        };
        let token = guarded(py, || self.source.token_or_later(&request, later).transpose())?;
        Ok(token.map(|token| self.shown.get(py, &token)))
    }

    /// Whether the token that was shown last is no longer the current one: it has expired, say.
    /// One of unknown lifetime never was, and is good for this once.
    fn _is_stale(&self, py: Python<'_>) -> bool {
        let Some(token) = self.shown.token(py) else { return true };
        let current = self.source.peek();
        token.expires_at().is_some() && current.is_none_or(|current| !current.is_same_as(&token))
    }

    /// What a caller gets that no longer waits.
    fn _give_up<'py>(&self, py: Python<'py>, min_validity: f64) -> PyResult<Bound<'py, PyString>> {
        let token = guarded(py, || self.source.give_up(&request(min_validity)))?;
        Ok(self.shown.get(py, &token))
    }

    /// Answer the current token if it is valid, else ``None``. Never blocks, never renews.
    fn peek<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyString>> {
        self.source.peek().map(|token| self.shown.get(py, &token))
    }

    fn _info(&self) -> Option<About> {
        self.source.peek().map(About::new)
    }

    /// Tell that a resource server answered 401 to this token; answer whether it was current.
    ///
    /// The current token is dropped, so that the next call renews; a burst of late 401s for an
    /// older one changes nothing. Where tokens are rejected one after the other, renewing does not
    /// help: from the second one on, the token serves on for a while before it is renewed.
    #[pyo3(signature = (token, /))]
    fn invalidate(&self, py: Python<'_>, token: Text) -> PyResult<bool> {
        let Text(token) = token;
        let was_current = guarded(py, || Ok(self.source.invalidate_str(&token)))?;
        if was_current {
            self.shown.forget(py);
        }
        Ok(was_current)
    }

    /// Go on with other credentials, such as a rotated secret.
    ///
    /// What is remembered of a rejection is forgotten. A token of another client id is dropped; one
    /// of the same serves until it is due. Who waits for a renewal waits for the next.
    fn set_credentials(&self, py: Python<'_>, client_id: Text, secret: Text) -> PyResult<()> {
        guarded(py, || {
            self.source.set_credentials(Credentials::new(client_id.0, secret.0)?);
            Ok(())
        })?;
        self.shown.forget(py);
        Ok(())
    }

    fn _stats(&self, py: Python<'_>) -> PyResult<Counts> {
        let stats = guarded(py, || Ok(self.source.stats()))?;
        let store_error = stats.store_error.map(|error| instance(py, &error)).transpose()?;
        Ok((
            stats.authentications,
            stats.refreshes,
            stats.fallbacks,
            stats.failures,
            stats.waits,
            stats.store_hits,
            stats.store_failures,
            store_error,
            stats.authenticating_only,
        ))
    }

    /// End the renewal under way and forget the tokens; wait for the thread of the renewal.
    ///
    /// The calls that wait, and all that follow, raise :class:`ClosedError`. The client stays open.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.shown.forget(py);
        blocking(py, || {
            self.source.close();
            Ok(())
        })
    }

    fn _close_soon(&self, py: Python<'_>) -> PyResult<()> {
        self.shown.forget(py);
        guarded(py, || {
            self.source.close_soon();
            Ok(())
        })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.objects().try_for_each(|object| object.traverse(&visit))
    }

    fn __clear__(&self) {
        self.objects().for_each(Held::clear);
    }
}

impl TokenSource {
    fn objects(&self) -> impl Iterator<Item = &Held> {
        let store = self.store.as_ref().map(|store| &store.object);
        self.observer.as_deref().into_iter().chain(store)
    }

    /// The token where that takes nothing but a look.
    #[inline]
    pub(crate) fn hit<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyString>> {
        let kept = self.shown.look(py, |token| self.source.is_fresh(token));
        kept.or_else(|| self.source.fresh().map(|token| self.shown.get(py, &token)))
    }
}

/// The span was looked at before: see [`seconds`].
fn request(min_validity: f64) -> TokenRequest {
    let span = Duration::try_from_secs_f64(min_validity).unwrap_or_default();
    TokenRequest::new().min_validity(span)
}

fn observed(builder: TokenSourceBuilder, observer: Option<&Arc<Held>>) -> TokenSourceBuilder {
    // Weakly: the object of Python's is what keeps the callable, and what its collector sees.
    match observer.map(Arc::downgrade) {
        Some(observer) => builder.observer(move |event| {
            if let Some(observer) = observer.upgrade() {
                observer::tell(&observer, event);
            }
        }),
        None => builder,
    }
}

/// A span of time that an argument of this name gives, in seconds, if it is one.
#[pyfunction]
pub(crate) fn seconds(name: &str, value: Bound<'_, PyAny>) -> PyResult<f64> {
    Given { name, value }.seconds().map(|span| span.as_secs_f64())
}
