//! Certificates and keys as people have them: PEM files of any origin.

use std::borrow::Cow;
use std::sync::Arc;

use rustls::pki_types::pem::{PemObject, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::Error;
use crate::logs::log_line;

/// At least one certificate, read from PEM.
#[derive(Clone)]
pub struct Certificates(pub(super) Arc<Vec<CertificateDer<'static>>>);

impl Certificates {
    /// Reads all certificates of a text. `what` names it in errors, in the plural.
    ///
    /// A byte order mark and whatever stands between certificates are ignored. OpenSSL's
    /// `TRUSTED CERTIFICATE` is read without its settings of trust.
    pub(super) fn pem(pem: &[u8], what: &str) -> Result<Self, Error> {
        let certificates = read(pem, what)?;
        match certificates.iter().position(|certificate| !is_readable(certificate)) {
            Some(index) => Err(damaged(what, index + 1)),
            None => Ok(Self(Arc::new(certificates))),
        }
    }

    /// The same for a file of authorities that was put together by others: one of a kind that
    /// cannot be read, in good PEM, is left out with a warning.
    pub(super) fn bundle(pem: &[u8], what: &str) -> Result<Self, Error> {
        let mut certificates = read(pem, what)?;
        let count = certificates.len();
        certificates.retain(is_readable);
        if certificates.is_empty() {
            return Err(damaged(what, 1));
        }
        if certificates.len() < count {
            log_line!(Warn, "of {what}, {} cannot be read", count - certificates.len());
        }
        Ok(Self(Arc::new(certificates)))
    }
}

/// The certificates of a text, at least one.
fn read(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = normalized(pem);
    let mut certificates = Vec::new();
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(&text) {
        let number = certificates.len() + 1;
        match section {
            Ok((SectionKind::Certificate, der)) => {
                let der = first_element(der).ok_or_else(|| damaged(what, number))?;
                certificates.push(CertificateDer::from(der));
            }
            Ok(_) => {}
            Err(_) => return Err(damaged(what, number)),
        }
    }
    if certificates.is_empty() {
        return Err(Error::invalid_argument(format!("{what} hold no certificate")));
    }
    Ok(certificates)
}

/// Whether a certificate can be read, as an authority's or as another one.
fn is_readable(certificate: &CertificateDer<'_>) -> bool {
    webpki::EndEntityCert::try_from(certificate).is_ok()
        || webpki::anchor_from_trusted_cert(certificate).is_ok()
}

fn damaged(what: &str, number: usize) -> Error {
    Error::invalid_argument(format!("{what} cannot be read: certificate {number} is damaged"))
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} certificates", self.0.len())
    }
}

/// Reads the one private key of a text.
pub(super) fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, Error> {
    let text = zeroize::Zeroizing::new(normalized(pem).into_owned());
    if contains(&text, b"BEGIN ENCRYPTED PRIVATE KEY") || contains(&text, b"Proc-Type: 4,ENCRYPTED")
    {
        return Err(Error::invalid_argument(
            "the client certificate's key is encrypted: give it decrypted, as `openssl pkey` writes it",
        ));
    }
    PrivateKeyDer::from_pem_slice(&text).map_err(|_| {
        Error::invalid_argument("the client certificate's key is not a private key in PEM")
    })
}

/// Without a byte order mark, in UTF-8, and with labels that the parser knows.
fn normalized(pem: &[u8]) -> Cow<'_, [u8]> {
    let text = match pem {
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(rest),
        [0xff, 0xfe, rest @ ..] => Cow::Owned(from_utf16(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(from_utf16(rest, u16::from_be_bytes)),
        _ => Cow::Borrowed(pem),
    };
    let labels = ["TRUSTED CERTIFICATE", "X509 CERTIFICATE"];
    if labels.iter().any(|label| contains(&text, label.as_bytes())) {
        let text = String::from_utf8_lossy(&text);
        let text = labels.iter().fold(text.into_owned(), |text, label| {
            text.replace(&format!("{label}-----"), "CERTIFICATE-----")
        });
        return Cow::Owned(text.into_bytes());
    }
    text
}

/// As PowerShell writes text by default.
fn from_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Vec<u8> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|it| it.unwrap_or('?')).collect::<String>().into_bytes()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The first element of a DER text: what follows a certificate in OpenSSL's trusted form is not
/// part of it.
fn first_element(mut der: Vec<u8>) -> Option<Vec<u8>> {
    let (&tag, rest) = der.split_first()?;
    let (&short, rest) = rest.split_first()?;
    let (header, length) = if short < 0x80 {
        (2, usize::from(short))
    } else {
        let count = usize::from(short & 0x7f);
        let digits = rest.get(..count).filter(|digits| (1..=4).contains(&digits.len()))?;
        (2 + count, digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)))
    };
    let end = header.checked_add(length).filter(|end| tag == 0x30 && *end <= der.len())?;
    der.truncate(end);
    Some(der)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use frontegg_emulator::{Emulator, Options};

    use super::*;

    fn pem_of_an_authority() -> String {
        let options =
            Options { algorithm: frontegg_emulator::Algorithm::HS256, ..Options::default() };
        Emulator::start(options).unwrap().ca_pem().to_owned()
    }

    fn count(pem: &[u8]) -> usize {
        Certificates::pem(pem, "the roots").unwrap().0.len()
    }

    fn refusal(pem: &[u8]) -> String {
        let error = Certificates::pem(pem, "the roots").unwrap_err();
        assert_eq!(error.code(), crate::Code::InvalidArgument);
        error.message().to_owned()
    }

    #[test]
    fn marks_labels_and_comments_are_no_obstacle() {
        let pem = pem_of_an_authority();
        assert_eq!(count(pem.as_bytes()), 1);
        assert_eq!(count(format!("\u{feff}{pem}").as_bytes()), 1);
        assert_eq!(
            count(format!("# subject=…\r\n{pem}\n{pem}").replace('\n', "\r\n").as_bytes()),
            2
        );
        for label in ["TRUSTED CERTIFICATE", "X509 CERTIFICATE"] {
            assert_eq!(count(pem.replace("CERTIFICATE", label).as_bytes()), 1, "{label}");
        }
        for (mark, bytes) in [
            ([0xff, 0xfe], u16::to_le_bytes as fn(u16) -> [u8; 2]),
            ([0xfe, 0xff], u16::to_be_bytes),
        ] {
            let units = pem.encode_utf16().flat_map(bytes);
            assert_eq!(count(&mark.into_iter().chain(units).collect::<Vec<u8>>()), 1);
        }
    }

    #[test]
    fn the_settings_behind_a_trusted_certificate_are_no_part_of_it() {
        let pem = pem_of_an_authority();
        let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let mut der = BASE64_STANDARD.decode(&base64).unwrap();
        let alone = der.clone();
        der.extend([0x30, 0x02, 0x0c, 0x00]);
        let base64 = BASE64_STANDARD.encode(&der);
        let trusted = format!(
            "-----BEGIN TRUSTED CERTIFICATE-----\n{base64}\n-----END TRUSTED CERTIFICATE-----\n"
        );
        let read = Certificates::pem(trusted.as_bytes(), "the roots").unwrap();
        assert_eq!(read.0[0].as_ref(), alone);
    }

    #[test]
    fn a_damaged_certificate_is_named_by_its_number() {
        let pem = pem_of_an_authority();
        let middle = pem.len() / 2;
        let garbage = format!("{}*{}", &pem[..middle], &pem[middle + 1..]);
        let third = pem.lines().nth(2).unwrap();
        let cut = pem.replace(&format!("{third}\n"), "");
        let unfinished = &pem[..middle];
        for damaged in [&garbage, &cut, unfinished] {
            let message = refusal(format!("{pem}{damaged}").as_bytes());
            assert!(message.contains("certificate 2"), "{message}");
        }
        assert!(refusal(b"").contains("no certificate"));
        assert!(refusal(b"\xff\xfe").contains("no certificate"));
    }

    #[test]
    fn a_bundle_goes_without_what_is_good_pem_and_no_certificate() {
        let pem = pem_of_an_authority();
        let none = "-----BEGIN CERTIFICATE-----\nMAIFAA==\n-----END CERTIFICATE-----\n";
        let read = Certificates::bundle(format!("{none}{pem}").as_bytes(), "the roots").unwrap();
        assert_eq!(read.0.len(), 1);
        assert!(Certificates::bundle(none.as_bytes(), "the roots").is_err());
        assert!(refusal(format!("{none}{pem}").as_bytes()).contains("certificate 1"));
    }

    #[test]
    fn a_key_that_is_encrypted_or_none_is_refused_with_a_reason() {
        let encrypted =
            b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        assert!(private_key(encrypted).unwrap_err().message().contains("is encrypted"));
        assert!(private_key(b"planted").unwrap_err().message().contains("not a private key"));
    }
}
