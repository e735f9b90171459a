//! What a config collects. What was not set is left to the core and its defaults.

use std::time::Duration;

use frontegg_core::{Client, ClientBuilder, Endpoint, Error, Proxy, RetryPolicy, Roots, Secret};
use zeroize::Zeroizing;

/// Each setting as it was given, if it was.
#[derive(Default)]
pub(crate) struct Settings {
    /// What the environment says, if it was asked.
    pub(crate) environment: Option<ClientBuilder>,
    pub(crate) region: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) base_url: Option<String>,
    pub(crate) vendor_host: Option<String>,
    pub(crate) allow_http: Option<bool>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) max_attempts: Option<u32>,
    pub(crate) base_delay: Option<Duration>,
    pub(crate) max_delay: Option<Duration>,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) roots: Option<Roots>,
    /// The chain and the key, in PEM.
    pub(crate) client_certificate: Option<(Vec<u8>, Zeroizing<Vec<u8>>)>,
    pub(crate) headers: Vec<(String, Secret)>,
    pub(crate) bearer: Option<Secret>,
    pub(crate) user_agent_suffix: Option<String>,
}

impl Settings {
    pub(crate) fn builder(&self) -> Result<ClientBuilder, Error> {
        let mut builder = self.start()?;
        macro_rules! apply {
            ($($setting:ident)*) => {
                $(if let Some(value) = &self.$setting {
                    builder = builder.$setting(value.clone());
                })*
            };
        }
        apply! {
            vendor_host allow_http connect_timeout attempt_timeout deadline proxy roots bearer
            user_agent_suffix
        }
        let mut retry = RetryPolicy::default();
        if let Some(attempts) = self.max_attempts {
            retry = retry.with_max_attempts(attempts);
        }
        retry.base_delay = self.base_delay.unwrap_or(retry.base_delay);
        retry.max_delay = self.max_delay.unwrap_or(retry.max_delay);
        builder = builder.retry(retry);
        if let Some((chain, key)) = &self.client_certificate {
            builder = builder.client_certificate(chain, key);
        }
        for (name, value) in &self.headers {
            builder = builder.header(name, value.clone());
        }
        Ok(builder)
    }

    fn start(&self) -> Result<ClientBuilder, Error> {
        let given = [&self.region, &self.domain, &self.base_url].map(Option::as_deref);
        match (&self.environment, given) {
            (Some(builder), [None, None, None]) => Ok(builder.clone()),
            (Some(_), _) => Err(Error::invalid_argument(
                "the endpoint is to come from the environment, and is given beside it",
            )),
            (None, [region, domain, base_url]) => {
                Ok(Client::builder(Endpoint::choose(region, domain, base_url)?))
            }
        }
    }
}
