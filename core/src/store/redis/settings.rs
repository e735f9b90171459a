//! The settings of a store in Redis, and the only home of their defaults.

use std::fmt;
use std::time::Duration;

use super::pool::Trust;
use super::script::Scripts;
use super::target::Target;
use super::{super::TIMEOUT, RedisStore};
use crate::net::ClientCertificate;
use crate::per_process::PerProcess;
use crate::{Error, IntoRoots, LONGEST, Roots, Secret};

const KEY_PREFIX: &str = "frontegg-token:";

/// Collects the settings of a [`RedisStore`]. A bad one surfaces once, in
/// [`build`](Self::build).
#[derive(Clone)]
#[must_use]
pub struct RedisStoreBuilder {
    url: Secret,
    timeout: Duration,
    key_prefix: String,
    roots: Result<Roots, Error>,
    client_certificate: Option<Result<ClientCertificate, Error>>,
}

impl RedisStoreBuilder {
    pub(super) fn new(url: Secret) -> Self {
        Self {
            url,
            timeout: TIMEOUT,
            key_prefix: KEY_PREFIX.to_owned(),
            roots: Ok(Roots::default()),
            client_certificate: None,
        }
    }

    /// How long the answers may take, all those of one renewal together: beyond that, a source
    /// goes on without the store. 250 ms by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// What all keys begin with. `frontegg-token:` by default.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.key_prefix = prefix.into();
        self
    }

    /// Which certificate authorities to trust, where the URL asks for TLS: [`Roots`], or a
    /// `Result` of them whose error surfaces in [`build`](Self::build). [`Roots::Platform`] by
    /// default.
    pub fn roots(mut self, roots: impl IntoRoots) -> Self {
        self.roots = roots.into_roots();
        self
    }

    /// The certificate chain and private key to show, as PEM, where the URL asks for TLS. None
    /// by default.
    pub fn client_certificate(mut self, chain: &[u8], key: &[u8]) -> Self {
        self.client_certificate = Some(ClientCertificate::pem(chain, key));
        self
    }

    /// Checks every setting. Contacts nobody: connections are opened when they are needed.
    pub fn build(self) -> Result<RedisStore, Error> {
        let target = Target::parse(self.url.expose())?;
        if self.timeout.is_zero() {
            return Err(Error::invalid_argument("timeout is zero"));
        }
        Ok(RedisStore {
            target,
            trust: Trust {
                roots: self.roots?.or_from_environment()?,
                client_certificate: self.client_certificate.transpose()?,
            },
            timeout: self.timeout.min(LONGEST),
            key_prefix: self.key_prefix,
            scripts: Scripts::new(),
            pool: PerProcess::new(),
        })
    }
}

impl fmt::Debug for RedisStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStoreBuilder")
            .field("timeout", &self.timeout)
            .field("key_prefix", &self.key_prefix)
            .field("roots", &self.roots)
            .finish_non_exhaustive()
    }
}
