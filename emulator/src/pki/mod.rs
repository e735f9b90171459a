//! A CA of the process, made at the first need, and what it certifies.

mod der;
mod fault;

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::version::TLS12;
use tokio_rustls::rustls::{ALL_VERSIONS, RootCertStore, ServerConfig};

pub use fault::TlsFault;

/// What is the same for every emulator of the process.
pub(crate) struct Authority {
    params: CertificateParams,
    key: KeyPair,
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
#[derive(Clone, Copy)]
pub(crate) enum Face<'a> {
    /// A good certificate, also for these names.
    Good(&'a [String], IpAddr),
    /// One with a fault.
    Bad(TlsFault),
}

/// The certificate of a server, and what is wrong with it.
pub(crate) struct Shown {
    certificate: CertificateDer<'static>,
    fault: Option<TlsFault>,
}

impl Shown {
    pub(crate) fn pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }
}

/// What a server wants to see of its clients.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    Nothing,
    /// A certificate of this CA.
    Certificate,
    /// The same, in TLS 1.2, where the handshake fails without one.
    CertificateInTls12,
}

/// The process's CA.
pub(crate) fn authority() -> io::Result<&'static Authority> {
    static AUTHORITY: OnceLock<Result<Authority, rcgen::Error>> = OnceLock::new();
    let made = AUTHORITY.get_or_init(|| Authority::new("Frontegg emulator CA"));
    made.as_ref().map_err(|error| io::Error::other(error.clone()))
}

/// A CA that nobody trusts.
pub(crate) fn another() -> Result<&'static Authority, rcgen::Error> {
    static ANOTHER: OnceLock<Result<Authority, rcgen::Error>> = OnceLock::new();
    ANOTHER.get_or_init(|| Authority::new("Another CA")).as_ref().map_err(Clone::clone)
}

impl Authority {
    fn new(name: &str) -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        valid_for(&mut params, -10, 3650);
        let certificate = params.self_signed(&key)?;
        Ok(Authority { params, key, certificate, leaf_key: KeyPair::generate()? })
    }

    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }

    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// Its certificate as OpenSSL writes one for a purpose: `BEGIN TRUSTED CERTIFICATE`.
    pub(crate) fn trusted_pem(&self) -> String {
        use der::{OID, SEQUENCE, item};
        // serverAuth: 1.3.6.1.5.5.7.3.1
        let purposes = item(SEQUENCE, &item(OID, b"\x2b\x06\x01\x05\x05\x07\x03\x01"));
        let bytes = [self.certificate.der(), &item(SEQUENCE, &purposes)[..]].concat();
        pem("TRUSTED CERTIFICATE", &bytes)
    }

    /// A server's TLS settings.
    pub(crate) fn server(&self, shown: &Shown, wants: Wants) -> io::Result<Arc<ServerConfig>> {
        let provider = Arc::new(default_provider());
        let versions =
            if wants == Wants::CertificateInTls12 { &[&TLS12][..] } else { ALL_VERSIONS };
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions)
            .map_err(io::Error::other)?;
        let builder = if wants == Wants::Nothing {
            builder.with_no_client_auth()
        } else {
            let mut roots = RootCertStore::empty();
            roots.add(self.certificate.der().clone()).map_err(io::Error::other)?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(io::Error::other)?;
            builder.with_client_cert_verifier(verifier)
        };
        let key = fault::signing_key(shown.fault, &self.leaf_key).map_err(io::Error::other)?;
        // Not compared with the certificate, which may be one that cannot be read.
        let key = CertifiedKey::new(vec![shown.certificate.clone()], key);
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// The certificate and key of a server that is another program.
    #[cfg(unix)]
    pub(crate) fn server_identity(&self, face: Face<'_>) -> io::Result<Identity> {
        Ok(self.identity(&self.shown(face)?.certificate))
    }

    /// Makes what a server shows.
    pub(crate) fn shown(&self, face: Face<'_>) -> io::Result<Shown> {
        let fault = if let Face::Bad(fault) = face { Some(fault) } else { None };
        let certificate = self.server_certificate(face).map_err(io::Error::other)?;
        Ok(Shown { certificate, fault })
    }

    fn server_certificate(&self, face: Face<'_>) -> Result<CertificateDer<'static>, rcgen::Error> {
        let mut names: Vec<String> = match face {
            Face::Bad(TlsFault::WrongHost) => vec!["wrong.host.invalid".into()],
            _ => ["localhost", "127.0.0.1", "::1"].map(String::from).to_vec(),
        };
        if let Face::Good(more, host) = face {
            names.extend(more.iter().cloned());
            names.push(host.to_string());
        }
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, "localhost");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        valid_for(&mut params, -5, 365);
        let Face::Bad(fault) = face else { return self.signed(&params) };
        fault.spoil(&mut params);
        match fault {
            TlsFault::UnknownIssuer => {
                let stranger = another()?.issuer();
                Ok(params.signed_by(&self.leaf_key, &stranger)?.der().clone())
            }
            TlsFault::SelfSigned | TlsFault::SelfSignedCa => {
                Ok(params.self_signed(&self.leaf_key)?.der().clone())
            }
            TlsFault::Version1 => Ok(self.version_1(&self.signed(&params)?)?.into()),
            TlsFault::P521 => Ok(self.p521(&self.signed(&params)?)?.into()),
            _ => self.signed(&params),
        }
    }

    fn signed(&self, params: &CertificateParams) -> Result<CertificateDer<'static>, rcgen::Error> {
        Ok(params.signed_by(&self.leaf_key, &self.issuer())?.der().clone())
    }

    /// A client's certificate and key.
    pub(crate) fn client(&self) -> io::Result<Identity> {
        let certificate = self.client_certificate().map_err(io::Error::other)?;
        Ok(self.identity(&certificate))
    }

    /// The same with a key on P-521.
    pub(crate) fn p521_client(&self) -> io::Result<Identity> {
        let certificate = self.client_certificate().and_then(|good| self.p521(&good));
        Ok(Identity {
            certificate_pem: pem("CERTIFICATE", &certificate.map_err(io::Error::other)?),
            key_pem: pem("PRIVATE KEY", &fault::p521_private_key()),
        })
    }

    fn client_certificate(&self) -> Result<CertificateDer<'static>, rcgen::Error> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Frontegg emulator client");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        valid_for(&mut params, -5, 365);
        self.signed(&params)
    }

    fn identity(&self, certificate: &CertificateDer<'_>) -> Identity {
        Identity {
            certificate_pem: pem("CERTIFICATE", certificate),
            key_pem: self.leaf_key.serialize_pem(),
        }
    }
}

fn pem(label: &str, bytes: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(bytes);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).expect("base64 is ASCII"))
        .collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// From and until so many days from now.
fn valid_for(params: &mut CertificateParams, from: i64, until: i64) {
    let now = OffsetDateTime::now_utc();
    params.not_before = now + Duration::days(from);
    params.not_after = now + Duration::days(until);
}
