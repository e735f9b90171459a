//! An authority, and what it certifies.

use std::fs;
use std::path::Path;

use frontegg_token::{Error, Roots};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its key, as PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    /// One of that name: where two have the same, their certificates are mixed up.
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    pub(crate) fn roots(&self) -> Result<Roots, Error> {
        Roots::pem(self.pem.as_bytes())
    }

    pub(crate) fn identity(&self, names: &[&str]) -> Identity {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, "a party");
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Identity { certificate, key: key.serialize_pem() }
    }

    /// Files for a server of these names, in a folder, and the options that name them.
    pub(crate) fn options(&self, names: &[&str], folder: &Path) -> Vec<String> {
        let identity = self.identity(names);
        let files = [
            ("--tls-cert-file", "server.pem", &identity.certificate),
            ("--tls-key-file", "server.key", &identity.key),
            ("--tls-ca-cert-file", "ca.pem", &self.pem),
        ];
        let mut options = Vec::new();
        for (option, name, text) in files {
            let path = folder.join(name);
            fs::write(&path, text).unwrap();
            options.extend([option.to_owned(), path.to_str().unwrap().to_owned()]);
        }
        options
    }
}
