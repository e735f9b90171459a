//! The settings of a client as they come from JavaScript.

use std::time::Duration;

use frontegg_token::{Client, ClientBuilder, Endpoint, Error, RetryPolicy, Roots};
use napi_derive::napi;

/// What the user gave and nothing else, since the defaults are the core's. Times are in
/// milliseconds. The meaning of each is that of the option of the same name.
#[napi(object, object_to_js = false)]
pub struct Settings {
    /// Take the endpoint and the vendor host from the environment.
    pub from_env: bool,
    pub region: Option<String>,
    pub domain: Option<String>,
    pub base_url: Option<String>,
    pub vendor_host: Option<String>,
    pub allow_http: Option<bool>,
    pub connect_timeout: Option<f64>,
    pub attempt_timeout: Option<f64>,
    pub deadline: Option<f64>,
    pub max_attempts: Option<f64>,
    pub base_delay: Option<f64>,
    pub max_delay: Option<f64>,
    pub proxy: Option<String>,
    pub roots: Option<String>,
    pub ca_pem: Option<String>,
    pub ca_file: Option<String>,
    pub client_certificate_chain: Option<String>,
    pub client_certificate_key: Option<String>,
    /// Names and values in turn.
    pub headers: Vec<String>,
    pub bearer: Option<String>,
    pub user_agent_suffix: Option<String>,
}

impl Settings {
    pub(crate) fn into_builder(self) -> Result<ClientBuilder, Error> {
        let retry = self.retry()?;
        let roots = self.roots()?;
        let mut builder = if self.from_env {
            ClientBuilder::from_env()
        } else {
            Client::builder(Endpoint::choose(
                self.region.as_deref(),
                self.domain.as_deref(),
                self.base_url.as_deref(),
            )?)
        };
        if let Some(host) = self.vendor_host {
            builder = builder.vendor_host(host);
        }
        if let Some(allow) = self.allow_http {
            builder = builder.allow_http(allow);
        }
        if let Some(timeout) = span("connectTimeout", self.connect_timeout)? {
            builder = builder.connect_timeout(timeout);
        }
        if let Some(timeout) = span("attemptTimeout", self.attempt_timeout)? {
            builder = builder.attempt_timeout(timeout);
        }
        if let Some(deadline) = span("deadline", self.deadline)? {
            builder = builder.deadline(deadline);
        }
        if let Some(proxy) = self.proxy {
            builder = builder.proxy(proxy.parse()?);
        }
        if let Some(roots) = roots {
            builder = builder.roots(roots);
        }
        if let (Some(chain), Some(key)) =
            (self.client_certificate_chain, self.client_certificate_key)
        {
            builder = builder.client_certificate(chain.as_bytes(), key.as_bytes());
        }
        for header in self.headers.chunks_exact(2) {
            builder = builder.header(&header[0], header[1].as_str());
        }
        if let Some(token) = self.bearer {
            builder = builder.bearer(token);
        }
        if let Some(suffix) = self.user_agent_suffix {
            builder = builder.user_agent_suffix(suffix);
        }
        Ok(builder.retry(retry))
    }

    fn retry(&self) -> Result<RetryPolicy, Error> {
        let mut policy = RetryPolicy::default();
        if let Some(attempts) = self.max_attempts {
            policy = policy.with_max_attempts(count("maxAttempts", attempts)?);
        }
        if let Some(delay) = span("baseDelay", self.base_delay)? {
            policy.base_delay = delay;
        }
        if let Some(delay) = span("maxDelay", self.max_delay)? {
            policy.max_delay = delay;
        }
        Ok(policy)
    }

    fn roots(&self) -> Result<Option<Roots>, Error> {
        roots(self.roots.as_ref(), self.ca_pem.as_ref(), self.ca_file.as_ref())
    }
}

pub(crate) fn roots(
    name: Option<&String>,
    pem: Option<&String>,
    path: Option<&String>,
) -> Result<Option<Roots>, Error> {
    match (name, pem, path) {
        (None, None, None) => Ok(None),
        (Some(name), None, None) => name.parse().map(Some),
        (None, Some(pem), None) => Roots::pem(pem.as_bytes()).map(Some),
        (None, None, Some(path)) => Roots::pem_file(path).map(Some),
        _ => Err(Error::invalid_argument("give at most one of roots, caPem and caFile")),
    }
}

pub(crate) fn span(name: &str, millis: Option<f64>) -> Result<Option<Duration>, Error> {
    let Some(millis) = millis else { return Ok(None) };
    let span = Duration::try_from_secs_f64(millis / 1000.0).map_err(|_| {
        Error::invalid_argument(format!("{name} is not a number of milliseconds from 0 up"))
    })?;
    Ok(Some(span))
}

fn count(name: &str, value: f64) -> Result<u32, Error> {
    if value.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&value) {
        return Err(Error::invalid_argument(format!("{name} is not a whole number from 1 up")));
    }
    // In range and whole, as was just seen.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Ok(value as u32)
}
