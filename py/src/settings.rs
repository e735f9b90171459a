//! Keyword arguments of clients and sources in Python, as calls of core's builders.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use frontegg_token::{
    Client, ClientBuilder, Endpoint, Error, Policy, Proxy, RetryPolicy, Roots, TokenSourceBuilder,
};
use pyo3::conversion::FromPyObjectOwned;
use pyo3::exceptions::{PyAttributeError, PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::error::to_python;
use crate::own_store::OwnStore;
use crate::store::Chosen;
use crate::text::Text;

/// A builder with the settings that are given; `None` stands for one that is not.
pub(crate) fn builder(from_env: bool, settings: &Bound<'_, PyDict>) -> PyResult<ClientBuilder> {
    let mut builder = start(from_env, settings)?;
    let mut authorities = Authorities::default();
    for (name, value) in settings {
        let name = name.extract::<Text>()?.0;
        let given = Given { name: &name, value };
        if given.value.is_none() {
            continue;
        }
        builder = match given.name {
            "region" | "domain" | "base_url" => builder,
            "allow_http" => builder.allow_http(given.read()?),
            "vendor_host" => builder.vendor_host(given.text()?),
            "connect_timeout" => builder.connect_timeout(given.seconds()?),
            "attempt_timeout" => builder.attempt_timeout(given.seconds()?),
            "deadline" => builder.deadline(given.seconds()?),
            "retry" => builder.retry(retry(&given)?),
            "proxy" => builder.proxy(given.parsed::<Proxy>()?),
            "client_certificate" => {
                let (chain, key) = given.pair()?;
                builder.client_certificate(&chain.bytes()?, &key.bytes()?)
            }
            "headers" => headers(builder, &given)?,
            "bearer" => builder.bearer(given.text()?),
            "user_agent_suffix" => builder.user_agent_suffix(given.text()?),
            _ => match authorities.read(&given)? {
                Some(roots) => builder.roots(roots),
                None => return Err(given.unexpected()),
            },
        };
    }
    Ok(builder)
}

/// The three ways to say whose certificates to trust; at most one may be given.
#[derive(Default)]
pub(crate) struct Authorities(bool);

impl Authorities {
    /// The certificate authorities, if this is a setting that says them.
    pub(crate) fn read(&mut self, given: &Given<'_, '_>) -> PyResult<Option<Result<Roots, Error>>> {
        let roots = match given.name {
            "roots" => Ok(given.parsed::<Roots>()?),
            "ca_pem" => Roots::pem(&given.bytes()?),
            "ca_file" => Roots::pem_file(given.read::<PathBuf>()?),
            _ => return Ok(None),
        };
        if std::mem::replace(&mut self.0, true) {
            return Err(given.refused("give at most one of roots, ca_pem and ca_file"));
        }
        Ok(Some(roots))
    }
}

/// The builder for the endpoint, which is among the settings or in the environment.
fn start(from_env: bool, settings: &Bound<'_, PyDict>) -> PyResult<ClientBuilder> {
    let text = |name| match settings.get_item(name)? {
        Some(value) if !value.is_none() => Given { name, value }.text().map(Some),
        _ => Ok(None),
    };
    let (region, domain, base_url) = (text("region")?, text("domain")?, text("base_url")?);
    let refused = |error: Error| to_python(settings.py(), &error);
    if !from_env {
        let endpoint = Endpoint::choose(region.as_deref(), domain.as_deref(), base_url.as_deref());
        return Ok(Client::builder(endpoint.map_err(refused)?));
    }
    if region.or(domain).or(base_url).is_some() {
        let message = "from_env takes region, domain or base_url from the environment";
        return Err(refused(Error::invalid_argument(message)));
    }
    Ok(ClientBuilder::from_env())
}

fn retry(given: &Given<'_, '_>) -> PyResult<RetryPolicy> {
    let part = |name: &'static str| {
        let attribute = name.trim_start_matches("retry.");
        let value = given.value.getattr(attribute).map_err(|_| given.mistyped("a RetryPolicy"))?;
        Ok::<_, PyErr>((!value.is_none()).then_some(Given { name, value }))
    };
    let mut policy = RetryPolicy::default();
    if let Some(given) = part("retry.max_attempts")? {
        policy = policy.with_max_attempts(given.read()?);
    }
    if let Some(given) = part("retry.base_delay")? {
        policy.base_delay = given.seconds()?;
    }
    if let Some(given) = part("retry.max_delay")? {
        policy.max_delay = given.seconds()?;
    }
    Ok(policy)
}

/// Takes a mapping, or pairs where a name is to be sent several times.
fn headers(mut builder: ClientBuilder, given: &Given<'_, '_>) -> PyResult<ClientBuilder> {
    let pairs = match given.value.call_method0("items") {
        Err(error) if error.is_instance_of::<PyAttributeError>(given.value.py()) => {
            given.value.clone()
        }
        items => items?,
    };
    for pair in pairs.try_iter().map_err(|_| given.mistyped("a mapping or pairs"))? {
        let (name, value) = Given { name: given.name, value: pair? }.pair()?;
        builder = builder.header(name.text()?, value.text()?);
    }
    Ok(builder)
}

/// What is of Python's among the settings of a source.
#[derive(Default)]
pub(crate) struct Objects {
    pub(crate) observer: Option<Py<PyAny>>,
    pub(crate) store: Option<Arc<OwnStore>>,
}

/// The same for a source. The observer is left to the caller.
pub(crate) fn of_source(
    mut builder: TokenSourceBuilder,
    settings: &Bound<'_, PyDict>,
) -> PyResult<(TokenSourceBuilder, Objects)> {
    let mut objects = Objects::default();
    for (name, value) in settings {
        let name = name.extract::<Text>()?.0;
        let given = Given { name: &name, value };
        if given.value.is_none() {
            continue;
        }
        builder = match given.name {
            "renewal_window" => {
                let (from, to) = given.pair()?;
                builder.renewal_window(from.read()?..=to.read()?)
            }
            "policy" => builder.policy(given.parsed::<Policy>()?),
            "deadline" => builder.deadline(given.seconds()?),
            "store" => {
                let chosen = Chosen::read(&given)?;
                let builder = builder.store(&chosen);
                if let Chosen::Own(store) = chosen {
                    objects.store = Some(store);
                }
                builder
            }
            _ => {
                if !given.value.is_callable() {
                    return Err(given.mistyped("a callable"));
                }
                objects.observer = Some(given.value.unbind());
                builder
            }
        };
    }
    Ok((builder, objects))
}

/// A setting with its name, so that a complaint can tell which it is about. None repeats the
/// value: it may be a secret.
pub(crate) struct Given<'n, 'py> {
    pub(crate) name: &'n str,
    pub(crate) value: Bound<'py, PyAny>,
}

impl<'n, 'py> Given<'n, 'py> {
    fn refused(&self, message: &str) -> PyErr {
        to_python(self.value.py(), &Error::invalid_argument(message))
    }

    pub(crate) fn unexpected(&self) -> PyErr {
        PyTypeError::new_err(format!("got an unexpected keyword argument '{}'", self.name))
    }

    pub(crate) fn mistyped(&self, wanted: &str) -> PyErr {
        let kind = self.value.get_type();
        let got = kind.name().map_or_else(|_| "something else".into(), |name| name.to_string());
        PyTypeError::new_err(format!("{}: expected {wanted}, not {got}", self.name))
    }

    /// A value of a type that PyO3 knows.
    pub(crate) fn read<T: FromPyObjectOwned<'py>>(&self) -> PyResult<T> {
        self.value.extract::<T>().map_err(|error| {
            let error: PyErr = error.into();
            let py = self.value.py();
            if error.is_instance_of::<PyOverflowError>(py) {
                self.refused(&format!("{} is out of range", self.name))
            } else if error.is_instance_of::<PyTypeError>(py) {
                PyTypeError::new_err(format!("{}: {}", self.name, error.value(py)))
            } else {
                error
            }
        })
    }

    pub(crate) fn text(&self) -> PyResult<String> {
        if !self.value.is_instance_of::<PyString>() {
            return Err(self.mistyped("str"));
        }
        Ok(self.value.extract::<Text>()?.0)
    }

    fn parsed<T: std::str::FromStr<Err = Error>>(&self) -> PyResult<T> {
        self.text()?.parse().map_err(|error| to_python(self.value.py(), &error))
    }

    pub(crate) fn bytes(&self) -> PyResult<Vec<u8>> {
        match self.value.cast::<PyBytes>() {
            Ok(bytes) => Ok(bytes.as_bytes().to_vec()),
            Err(_) if self.value.is_instance_of::<PyString>() => Ok(self.text()?.into_bytes()),
            Err(_) => Err(self.mistyped("str or bytes")),
        }
    }

    pub(crate) fn seconds(&self) -> PyResult<Duration> {
        Duration::try_from_secs_f64(self.read()?)
            .map_err(|_| self.refused(&format!("{} is not a length of time in seconds", self.name)))
    }

    pub(crate) fn pair(&self) -> PyResult<(Given<'n, 'py>, Given<'n, 'py>)> {
        // A string is a sequence too, but its characters are no pair.
        let text = self.value.is_instance_of::<PyString>();
        let pair = if text { None } else { self.value.extract::<[Bound<'py, PyAny>; 2]>().ok() };
        let [first, second] = pair.ok_or_else(|| self.mistyped("a pair"))?;
        let named = |value| Given { name: self.name, value };
        Ok((named(first), named(second)))
    }
}
