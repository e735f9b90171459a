//! What the TLS library reports, as sentences for people: the one place that knows its errors.

use std::error::Error as StdError;
use std::io;

use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

/// The TLS library's error in an error of a channel, if it is one.
pub(crate) fn find(error: &io::Error) -> Option<&Error> {
    let mut source: Option<&(dyn StdError + 'static)> = Some(error.get_ref()?);
    while let Some(inner) = source {
        if let Some(found) = inner.downcast_ref::<Error>() {
            return Some(found);
        }
        if let Some(inner) = inner.downcast_ref::<io::Error>() {
            return find(inner);
        }
        source = inner.source();
    }
    None
}

/// What went wrong and, where that can be told, what to do. No debug output of a type and no
/// number in hexadecimal.
pub(crate) fn sentence(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(reason) => certificate(reason),
        Error::AlertReceived(alert) => received(*alert).to_owned(),
        Error::PeerIncompatible(reason) => incompatible(reason).to_owned(),
        Error::InvalidMessage(_) => {
            "the server does not answer in TLS: is it a port for plain text?".to_owned()
        }
        Error::NoCertificatesPresented => "the server shows no certificate".to_owned(),
        Error::UnsupportedNameType => "the host's name is none for a certificate".to_owned(),
        Error::DecryptError | Error::PeerSentOversizedRecord => {
            "what the server sends cannot be decrypted".to_owned()
        }
        Error::FailedToGetCurrentTime => "the system does not tell the time".to_owned(),
        Error::FailedToGetRandomBytes => "the system gives no random numbers".to_owned(),
        Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::PeerMisbehaved(_) => "the server breaks the rules of TLS".to_owned(),
        _ => "the TLS handshake failed".to_owned(),
    }
}

/// The certificate of the server.
fn certificate(error: &CertificateError) -> String {
    use CertificateError as E;
    match error {
        E::Expired => "the server's certificate has expired".to_owned(),
        E::ExpiredContext { not_after, .. } => {
            format!("the server's certificate expired on {}", date(not_after.as_secs()))
        }
        E::NotValidYet => {
            "the server's certificate is not valid yet: is the clock right?".to_owned()
        }
        E::NotValidYetContext { not_before, .. } => format!(
            "the server's certificate is valid from {} on: is the clock right?",
            date(not_before.as_secs())
        ),
        E::NotValidForName => "the server's certificate is not for this host's name".to_owned(),
        E::NotValidForNameContext { expected, presented } => {
            let names = names(presented);
            format!("the server's certificate is not for {}, but for {names}", expected.to_str())
        }
        E::UnknownIssuer => "the server's certificate was issued by an authority that is not \
             trusted here: if it is one of your own, give it as the roots"
            .to_owned(),
        E::Revoked => "the server's certificate was revoked".to_owned(),
        E::BadSignature => "the signature of the server's certificate is wrong".to_owned(),
        E::UnsupportedSignatureAlgorithmContext { .. }
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "the server's certificate has a signature or a key of a kind that is not supported: \
             RSA, ECDSA with P-256 or P-384, and Ed25519 are"
                .to_owned()
        }
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => {
            "the server's certificate is not for servers: it lacks the purpose of server \
             authentication"
                .to_owned()
        }
        E::BadEncoding => "the server's certificate is damaged".to_owned(),
        E::UnhandledCriticalExtension => {
            "the server's certificate has a critical extension that is not known".to_owned()
        }
        E::ApplicationVerificationFailure => {
            "the system does not accept the server's certificate".to_owned()
        }
        E::Other(other) => match other.0.downcast_ref::<webpki::Error>() {
            Some(error) => by_webpki(error).to_owned(),
            // A system's own reason, in its words.
            None => "the system does not accept the server's certificate".to_owned(),
        },
        _ => "the server's certificate cannot be used".to_owned(),
    }
}

/// What the verification of a chain says beyond that.
fn by_webpki(error: &webpki::Error) -> &'static str {
    use webpki::Error as E;
    match error {
        E::CaUsedAsEndEntity => {
            "the server's own certificate is that of an authority (CA:TRUE), which is not accepted \
             for a server: have the authority issue one for the server, with CA:FALSE"
        }
        E::EndEntityUsedAsCa => {
            "the certificate that issued the server's is not that of an authority (CA:FALSE)"
        }
        E::UnsupportedCertVersion => {
            "the server's certificate is not of version 3 of X.509: issue it with extensions, \
             among them the host's name as subjectAltName"
        }
        E::PathLenConstraintViolated => "the server's chain of certificates is longer than allowed",
        E::NameConstraintViolation => {
            "the server's name is outside of what its authority may issue"
        }
        E::MaximumPathBuildCallsExceeded | E::MaximumPathDepthExceeded => {
            "the server's chain of certificates is too long"
        }
        E::MaximumSignatureChecksExceeded => {
            "the server's chain of certificates takes too long to check"
        }
        _ => "the server's certificate cannot be used",
    }
}

/// What the server told us before it closed.
fn received(alert: AlertDescription) -> &'static str {
    use AlertDescription as A;
    match alert {
        A::CertificateRequired | A::NoCertificate => {
            "the server asks for a client certificate, and none was shown"
        }
        A::BadCertificate | A::UnsupportedCertificate | A::CertificateUnknown => {
            "the server does not accept the client certificate"
        }
        A::UnknownCA => "the server does not know the authority of the client certificate",
        A::CertificateExpired => "the server says that the client certificate has expired",
        A::CertificateRevoked => "the server says that the client certificate was revoked",
        A::AccessDenied => "the server denies access to this client",
        A::HandshakeFailure | A::InsufficientSecurity => {
            "the server refused the handshake: it has no cipher in common with this client, no \
             certificate of a kind that is taken here (RSA, ECDSA with P-256 or P-384, Ed25519), \
             or it asks for a client certificate"
        }
        A::ProtocolVersion => "the server speaks neither TLS 1.2 nor TLS 1.3",
        A::UnrecognisedName => "the server does not know the host's name",
        A::InternalError => "the server failed in the handshake",
        _ => "the server broke off the handshake",
    }
}

fn incompatible(reason: &PeerIncompatible) -> &'static str {
    use PeerIncompatible as P;
    match reason {
        P::ServerDoesNotSupportTls12Or13 | P::ServerTlsVersionIsDisabledByOurConfig => {
            "the server speaks neither TLS 1.2 nor TLS 1.3"
        }
        P::NoCertificateRequestSignatureSchemesInCommon | P::NoSignatureSchemesInCommon => {
            "the server and this client have no kind of signature in common"
        }
        P::NoKxGroupsInCommon | P::NoEcPointFormatsInCommon | P::NoCipherSuitesInCommon => {
            "the server and this client have no cipher in common"
        }
        _ => "the server and this client have nothing in common to speak TLS with",
    }
}

/// Whether the server refused this client before it looked at anything that was sent behind the
/// handshake: in TLS 1.3 it says so when the request is on its way already.
pub(super) fn is_refusal_of_the_handshake(error: &Error) -> bool {
    use AlertDescription as A;
    matches!(
        error,
        Error::AlertReceived(
            A::CertificateRequired
                | A::BadCertificate
                | A::UnsupportedCertificate
                | A::CertificateUnknown
                | A::UnknownCA
                | A::CertificateExpired
                | A::CertificateRevoked
                | A::AccessDenied
                | A::HandshakeFailure
        )
    )
}

fn date(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| "a date beyond all calendars".to_owned(), |at| at.to_string())
}

/// The names of a certificate, of which it can have hundreds.
fn names(presented: &[String]) -> String {
    const SHOWN: usize = 3;
    // As the library writes them: DnsName("a.example").
    let plain = |name: &String| {
        name.split(['(', ')', '"']).rfind(|part| !part.is_empty()).map(str::to_owned)
    };
    let shown: Vec<String> = presented.iter().take(SHOWN).filter_map(plain).collect();
    match presented.len() {
        0 => "no name at all (it has no subjectAltName)".to_owned(),
        count if count > SHOWN => format!("{} and {} more", shown.join(", "), count - SHOWN),
        _ => shown.join(", "),
    }
}
