//! Which certificates to trust and which to show.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use crate::Error;

/// The certificate authorities that a client trusts.
#[derive(Debug, Clone, Default)]
pub enum Roots {
    /// Those of the operating system; the bundled ones where it has none. Loaded at the
    /// first call.
    #[default]
    Platform,
    /// Mozilla's, as they were when this library was built.
    Bundled,
    /// Those given, and no others.
    Certificates(Certificates),
}

impl Roots {
    /// The authorities in a PEM text, and no others.
    pub fn pem(pem: &[u8]) -> Result<Self, Error> {
        Ok(Self::Certificates(Certificates::pem(pem, "the roots")?))
    }

    /// The authorities in a PEM file, and no others. The file is read now.
    pub fn pem_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let pem = std::fs::read(path).map_err(|error| {
            Error::invalid_argument(format!("the file of roots cannot be read: {}", error.kind()))
        })?;
        Self::pem(&pem)
    }

    fn to_ureq(&self) -> RootCerts {
        match self {
            Roots::Platform => platform(),
            Roots::Bundled => RootCerts::WebPki,
            Roots::Certificates(certificates) => RootCerts::Specific(certificates.0.clone()),
        }
    }
}

impl FromStr for Roots {
    type Err = Error;

    /// `platform` or `bundled`.
    fn from_str(name: &str) -> Result<Self, Error> {
        match name.trim() {
            "platform" => Ok(Roots::Platform),
            "bundled" => Ok(Roots::Bundled),
            _ => Err(Error::invalid_argument("the roots are neither platform nor bundled")),
        }
    }
}

/// At least one certificate, read from PEM.
#[derive(Clone)]
pub struct Certificates(Arc<Vec<Certificate<'static>>>);

impl Certificates {
    fn pem(pem: &[u8], what: &str) -> Result<Self, Error> {
        let mut certificates = Vec::new();
        for item in parse_pem(pem) {
            match item {
                Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
                Ok(_) => {}
                Err(_) => {
                    return Err(Error::invalid_argument(format!("{what} are not valid PEM")));
                }
            }
        }
        if certificates.is_empty() {
            return Err(Error::invalid_argument(format!("{what} hold no certificate")));
        }
        Ok(Self(Arc::new(certificates)))
    }
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} certificates", self.0.len())
    }
}

/// A certificate chain and its private key, for services that ask for one.
#[derive(Clone)]
pub(crate) struct ClientCertificate(ClientCert);

impl ClientCertificate {
    pub(crate) fn pem(chain: &[u8], key: &[u8]) -> Result<Self, Error> {
        let chain = Certificates::pem(chain, "the client certificates")?;
        let key = PrivateKey::from_pem(key).map_err(|_| {
            Error::invalid_argument("the client certificate's key is not a valid PEM key")
        })?;
        Ok(Self(ClientCert::new_with_certs(&chain.0, key)))
    }
}

pub(crate) fn config(roots: &Roots, client: Option<&ClientCertificate>) -> TlsConfig {
    TlsConfig::builder()
        .root_certs(roots.to_ureq())
        .client_cert(client.map(|client| client.0.clone()))
        .build()
}

/// The same for a connection that ureq does not make.
#[cfg(feature = "redis")]
pub(crate) fn rustls_config(
    roots: &Roots,
    client: Option<&ClientCertificate>,
) -> Result<rustls::ClientConfig, rustls::Error> {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?;
    let mut trusted = rustls::RootCertStore::empty();
    let builder = match roots.to_ureq() {
        #[cfg(any(windows, target_vendor = "apple"))]
        RootCerts::PlatformVerifier => {
            rustls_platform_verifier::BuilderVerifierExt::with_platform_verifier(builder)?
        }
        RootCerts::Specific(certificates) => {
            let certificates = certificates.iter().map(|one| CertificateDer::from(one.der()));
            trusted.add_parsable_certificates(certificates);
            builder.with_root_certificates(trusted)
        }
        _ => {
            trusted.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            builder.with_root_certificates(trusted)
        }
    };
    let Some(ClientCertificate(client)) = client else { return Ok(builder.with_no_client_auth()) };
    let chain = client.certs().iter().map(|one| CertificateDer::from(one.der()).into_owned());
    let key = PrivateKeyDer::try_from(client.private_key().der())
        .map_err(|what| rustls::Error::General(what.to_owned()))?;
    builder.with_client_auth_cert(chain.collect(), key.clone_key())
}

/// Windows and macOS verify for themselves; elsewhere the platform is a set of files.
#[cfg(any(windows, target_vendor = "apple"))]
fn platform() -> RootCerts {
    RootCerts::PlatformVerifier
}

#[cfg(not(any(windows, target_vendor = "apple")))]
fn platform() -> RootCerts {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        log::warn!("some platform roots could not be loaded: {error}");
    }
    if found.certs.is_empty() {
        log::warn!("the platform has no roots: using the bundled ones");
        return RootCerts::WebPki;
    }
    let certificates = found.certs.iter().map(|der| Certificate::from_der(der).to_owned());
    RootCerts::Specific(Arc::new(certificates.collect()))
}
