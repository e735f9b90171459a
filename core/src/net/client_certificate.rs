//! What to show to a service, or a server of Redis, that asks for a client certificate.

use std::fmt;
use std::sync::Arc;

use rustls::InconsistentKeys;
use rustls::sign::CertifiedKey;

use super::pem::{Certificates, private_key};
use crate::Error;

/// A certificate chain and its private key.
#[derive(Clone)]
pub(crate) struct ClientCertificate(pub(super) Arc<CertifiedKey>);

impl ClientCertificate {
    pub(crate) fn pem(chain: &[u8], key: &[u8]) -> Result<Self, Error> {
        let chain = Certificates::pem(chain, "the client certificates")?;
        let key = private_key(key)?;
        let key = rustls::crypto::ring::sign::any_supported_type(&key).map_err(|_| {
            Error::invalid_argument(
                "the client certificate's key is of a kind that is not supported: \
                 RSA from 2048 bits on, ECDSA with P-256 or P-384, and Ed25519 are",
            )
        })?;
        let certified = CertifiedKey::new(chain.0.to_vec(), key);
        match certified.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {
                Ok(Self(Arc::new(certified)))
            }
            Err(rustls::Error::InconsistentKeys(_)) => Err(Error::invalid_argument(
                "the key is not that of the client certificate, which has to be the first of its chain",
            )),
            Err(_) => Err(Error::invalid_argument("the client certificate cannot be read")),
        }
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCertificate(…)")
    }
}
