//! The settings of a store in Redis, and the only home of their defaults. What code sets goes
//! before what the URL says, as it does before the environment.

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use super::parameters::Parameters;
use super::pool::Trust;
use super::script::Scripts;
use super::url::{Url, invalid};
use super::{super::TIMEOUT, RedisStore};
use crate::logs::log_line;
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
    timeout: Option<Duration>,
    key_prefix: Option<String>,
    roots: Option<Result<Roots, Error>>,
    client_certificate: Option<Result<ClientCertificate, Error>>,
}

impl RedisStoreBuilder {
    pub(super) fn new(url: Secret) -> Self {
        Self { url, timeout: None, key_prefix: None, roots: None, client_certificate: None }
    }

    /// How long the answers of one renewal may take, all together, and how long connecting may
    /// take, with the look-up of the host, TLS and the login. Beyond that, a source goes on without
    /// the store: so it waits for it no longer than twice this time, and no operation takes longer.
    /// The last save of a renewal has as long again. 250 ms by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// What all keys begin with. `frontegg-token:` by default.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.key_prefix = Some(prefix.into());
        self
    }

    /// Which certificate authorities to trust, where the URL asks for TLS: [`Roots`], or a
    /// `Result` of them whose error surfaces in [`build`](Self::build). [`Roots::Platform`] by
    /// default.
    pub fn roots(mut self, roots: impl IntoRoots) -> Self {
        self.roots = Some(roots.into_roots());
        self
    }

    /// The certificate chain and private key to show, as PEM, where the URL asks for TLS. None
    /// by default.
    pub fn client_certificate(mut self, chain: &[u8], key: &[u8]) -> Self {
        self.client_certificate = Some(ClientCertificate::pem(chain, key));
        self
    }

    /// Checks every setting, and reads the files that the URL names. Contacts nobody: connections
    /// are opened when they are needed.
    pub fn build(self) -> Result<RedisStore, Error> {
        let Url { target, parameters } = Url::parse(self.url.expose())?;
        let timeout = self.timeout.or(parameters.timeout).unwrap_or(TIMEOUT);
        if timeout.is_zero() {
            return Err(Error::invalid_argument("timeout is zero"));
        }
        let roots = parameters.ca_file.as_deref().map(roots_of).transpose()?;
        let client_certificate = certificate_of(&parameters)?;
        let store = RedisStore {
            target,
            trust: Trust {
                roots: self
                    .roots
                    .transpose()?
                    .or(roots)
                    .unwrap_or_default()
                    .or_from_environment()?,
                client_certificate: self.client_certificate.transpose()?.or(client_certificate),
            },
            timeout: timeout.min(LONGEST),
            key_prefix: self
                .key_prefix
                .or(parameters.key_prefix)
                .unwrap_or_else(|| KEY_PREFIX.to_owned()),
            scripts: Scripts::new(),
            pool: PerProcess::new(),
        };
        if !parameters.ignored.is_empty() {
            log_line!(
                Warn,
                "the URL of Redis has parameters that change nothing here: {}",
                parameters.ignored.join(", ")
            );
        }
        Ok(store)
    }
}

/// Reads a file that the URL names by this parameter. Its path is not told, as nothing of the URL.
fn read(path: &str, parameter: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let file = std::fs::read(path).map(Zeroizing::new);
    file.map_err(|error| invalid(&format!("names a `{parameter}` that cannot be read: {error}")))
}

fn refused(parameter: &str, error: &Error) -> Error {
    invalid(&format!("names a `{parameter}` that is refused: {}", error.message()))
}

fn roots_of(ca_file: &str) -> Result<Roots, Error> {
    Roots::pem(&read(ca_file, "ca_file")?).map_err(|error| refused("ca_file", &error))
}

/// The key may be in the file of the certificate.
fn certificate_of(parameters: &Parameters) -> Result<Option<ClientCertificate>, Error> {
    let Some(chain) = &parameters.certificate_file else {
        return match parameters.key_file {
            Some(_) => Err(invalid("names a `key_file` and no `cert_file`")),
            None => Ok(None),
        };
    };
    let chain = read(chain, "cert_file")?;
    let key = parameters.key_file.as_ref().map(|key| read(key, "key_file")).transpose()?;
    let certificate = ClientCertificate::pem(&chain, key.as_ref().unwrap_or(&chain));
    certificate.map(Some).map_err(|error| refused("cert_file", &error))
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
