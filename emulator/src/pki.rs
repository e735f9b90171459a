//! A CA of the process, made at the first need, and what it certifies.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// What is the same for every emulator of the process.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
    /// The one key pair of all servers and clients.
    leaf_key: KeyPair,
}

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
}

/// What a server shows.
pub(crate) enum Face<'a> {
    /// A good certificate, also for these names.
    Good(&'a [String], IpAddr),
    /// One that ran out yesterday.
    Expired,
    /// One for a host of another name.
    WrongHost,
}

/// The process's CA.
pub(crate) fn authority() -> io::Result<&'static Authority> {
    static AUTHORITY: OnceLock<Result<Authority, rcgen::Error>> = OnceLock::new();
    AUTHORITY.get_or_init(Authority::new).as_ref().map_err(|error| io::Error::other(error.clone()))
}

impl Authority {
    fn new() -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "Frontegg emulator CA");
        valid_for(&mut params, -10, 3650);
        let certificate = params.self_signed(&key)?;
        Ok(Authority {
            issuer: Issuer::new(params, key),
            certificate,
            leaf_key: KeyPair::generate()?,
        })
    }

    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// A server's TLS settings. With `client_certificate`, it lets in only whom this CA certified.
    pub(crate) fn server(
        &self,
        face: &Face<'_>,
        client_certificate: bool,
    ) -> io::Result<Arc<ServerConfig>> {
        let certificate = self.server_certificate(face).map_err(io::Error::other)?.der().clone();
        let provider = Arc::new(default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let builder = if client_certificate {
            let mut roots = RootCertStore::empty();
            roots.add(self.certificate.der().clone()).map_err(io::Error::other)?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(io::Error::other)?;
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let key =
            PrivateKeyDer::try_from(self.leaf_key.serialize_der()).map_err(io::Error::other)?;
        let mut config =
            builder.with_single_cert(vec![certificate], key).map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// The certificate and key of a server that is another program.
    #[cfg(unix)]
    pub(crate) fn server_identity(&self, face: &Face<'_>) -> io::Result<Identity> {
        let certificate = self.server_certificate(face).map_err(io::Error::other)?;
        Ok(self.identity(&certificate))
    }

    fn server_certificate(&self, face: &Face<'_>) -> Result<Certificate, rcgen::Error> {
        let mut names: Vec<String> = match face {
            Face::WrongHost => vec!["wrong.host.invalid".into()],
            _ => ["localhost", "127.0.0.1", "::1"].map(String::from).to_vec(),
        };
        if let Face::Good(more, host) = face {
            names.extend(more.iter().cloned());
            names.push(host.to_string());
        }
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, "Frontegg emulator");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        match face {
            Face::Expired => valid_for(&mut params, -5, -1),
            _ => valid_for(&mut params, -5, 365),
        }
        params.signed_by(&self.leaf_key, &self.issuer)
    }

    /// A client's certificate and key.
    pub(crate) fn client(&self) -> io::Result<Identity> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Frontegg emulator client");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        valid_for(&mut params, -5, 365);
        let certificate =
            params.signed_by(&self.leaf_key, &self.issuer).map_err(io::Error::other)?;
        Ok(self.identity(&certificate))
    }

    fn identity(&self, certificate: &Certificate) -> Identity {
        Identity { certificate_pem: certificate.pem(), key_pem: self.leaf_key.serialize_pem() }
    }
}

/// From and until so many days from now.
fn valid_for(params: &mut CertificateParams, from: i64, until: i64) {
    let now = OffsetDateTime::now_utc();
    params.not_before = now + Duration::days(from);
    params.not_after = now + Duration::days(until);
}
