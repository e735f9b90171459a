//! Certificates that clients refuse, and that exist all the same.

use std::sync::Arc;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, SigningKey};
use serde::{Deserialize, Serialize};
use tokio_rustls::rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use tokio_rustls::rustls::{self, SignatureAlgorithm, SignatureScheme};

use super::der::{BIT_STRING, INTEGER, OCTET_STRING, OID, SEQUENCE, content, item, items};
use super::{Authority, valid_for};

/// What is wrong with the certificate of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TlsFault {
    /// It ran out yesterday.
    Expired,
    /// It begins tomorrow.
    NotYetValid,
    /// It is for a host of another name.
    WrongHost,
    /// It names its host as certificates did once, in its subject alone.
    NoAlternativeName,
    /// It is for clients.
    WrongPurpose,
    /// It is of a CA that nobody knows.
    UnknownIssuer,
    /// It is of its own, and no CA.
    SelfSigned,
    /// It is of its own, and a CA.
    SelfSignedCa,
    /// It is of X.509's version 1, which has no extensions.
    Version1,
    /// Its key is on the curve P-521, and its server has no other.
    P521,
}

impl TlsFault {
    /// All of them.
    pub const ALL: [TlsFault; 10] = [
        TlsFault::Expired,
        TlsFault::NotYetValid,
        TlsFault::WrongHost,
        TlsFault::NoAlternativeName,
        TlsFault::WrongPurpose,
        TlsFault::UnknownIssuer,
        TlsFault::SelfSigned,
        TlsFault::SelfSignedCa,
        TlsFault::Version1,
        TlsFault::P521,
    ];

    /// Its name, such as `not_yet_valid`.
    pub fn name(self) -> &'static str {
        match self {
            TlsFault::Expired => "expired",
            TlsFault::NotYetValid => "not_yet_valid",
            TlsFault::WrongHost => "wrong_host",
            TlsFault::NoAlternativeName => "no_alternative_name",
            TlsFault::WrongPurpose => "wrong_purpose",
            TlsFault::UnknownIssuer => "unknown_issuer",
            TlsFault::SelfSigned => "self_signed",
            TlsFault::SelfSignedCa => "self_signed_ca",
            TlsFault::Version1 => "version_1",
            TlsFault::P521 => "p521",
        }
    }

    /// Alters what makes a good certificate.
    pub(super) fn spoil(self, params: &mut CertificateParams) {
        match self {
            TlsFault::Expired => valid_for(params, -5, -1),
            TlsFault::NotYetValid => valid_for(params, 1, 365),
            TlsFault::WrongPurpose => {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            }
            TlsFault::NoAlternativeName => params.subject_alt_names.clear(),
            TlsFault::SelfSignedCa => {
                params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            }
            _ => {}
        }
    }
}

impl Authority {
    /// The certificate as it would have been in version 1.
    pub(super) fn version_1(
        &self,
        certificate: &CertificateDer<'_>,
    ) -> Result<Vec<u8>, rcgen::Error> {
        self.signed_again(certificate, |body| {
            // Version and extensions; what is left is all that version 1 has.
            body.retain(|item| !matches!(item[0], 0xA0 | 0xA3));
        })
    }

    /// The certificate with a key on P-521.
    pub(super) fn p521(&self, certificate: &CertificateDer<'_>) -> Result<Vec<u8>, rcgen::Error> {
        // Version, serial number, algorithm, issuer, validity and subject stand before it.
        self.signed_again(certificate, |body| body[6] = p521_public_key())
    }

    fn signed_again(
        &self,
        certificate: &CertificateDer<'_>,
        alter: impl FnOnce(&mut Vec<Vec<u8>>),
    ) -> Result<Vec<u8>, rcgen::Error> {
        let [body, algorithm, _] = items(content(certificate))[..] else {
            unreachable!("a certificate has three parts")
        };
        let mut body = items(content(body)).into_iter().map(<[u8]>::to_vec).collect();
        alter(&mut body);
        let body = item(SEQUENCE, &body.concat());
        let signature = self.key.sign(&body)?;
        let signature = item(BIT_STRING, &[&[0], &*signature].concat());
        Ok(item(SEQUENCE, &[&body, algorithm, &signature].concat()))
    }
}

/// 1.2.840.10045.2.1 and 1.3.132.0.35: a public key on the curve secp521r1.
fn p521_algorithm() -> Vec<u8> {
    let key = item(OID, b"\x2a\x86\x48\xce\x3d\x02\x01");
    let curve = item(OID, b"\x2b\x81\x04\x00\x23");
    item(SEQUENCE, &[key, curve].concat())
}

fn p521_public_key() -> Vec<u8> {
    let point = item(BIT_STRING, &[&[0], &p521_point()[..]].concat());
    item(SEQUENCE, &[p521_algorithm(), point].concat())
}

/// The private key, PKCS #8: the number 1, as nothing depends on its being secret.
pub(super) fn p521_private_key() -> Vec<u8> {
    let mut one = [0; 66];
    one[65] = 1;
    let point = item(0xA1, &item(BIT_STRING, &[&[0], &p521_point()[..]].concat()));
    let key = [item(INTEGER, &[1]), item(OCTET_STRING, &one), point].concat();
    let key = item(OCTET_STRING, &item(SEQUENCE, &key));
    item(SEQUENCE, &[item(INTEGER, &[0]), p521_algorithm(), key].concat())
}

/// The generator of P-521, which is the public key of the private key 1.
fn p521_point() -> Vec<u8> {
    const COORDINATES: [&str; 2] = [
        "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2\
         ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
        "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013f\
         ad0761353c7086a272c24088be94769fd16650",
    ];
    let digits = COORDINATES.concat().replace(' ', "");
    let digit = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("two digits");
    std::iter::once(4).chain((0..digits.len()).step_by(2).map(digit)).collect()
}

/// Signs where a client asks for P-521 alone, and then badly: none that is tested here does.
#[derive(Debug)]
pub(super) struct P521Key;

impl rustls::sign::SigningKey for P521Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn rustls::sign::Signer>> {
        offered
            .contains(&SignatureScheme::ECDSA_NISTP521_SHA512)
            .then(|| Box::new(P521Key) as Box<dyn rustls::sign::Signer>)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(p521_public_key().into())
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl rustls::sign::Signer for P521Key {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        Err(rustls::Error::General("there is no arithmetic of P-521 here".into()))
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP521_SHA512
    }
}

/// What a server signs its handshakes with.
pub(super) fn signing_key(
    fault: Option<TlsFault>,
    key: &KeyPair,
) -> Result<Arc<dyn rustls::sign::SigningKey>, rustls::Error> {
    if fault == Some(TlsFault::P521) {
        return Ok(Arc::new(P521Key));
    }
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der());
    rustls::crypto::ring::sign::any_supported_type(&key.into())
}
