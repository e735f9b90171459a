//! What a failed exchange means: its code, and whether the request may have been processed.

use std::io;

use crate::Code;

use super::cork::NotSent;

/// An exchange that brought no usable answer.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// Whether the service may have processed the request. `false` only where that is known.
    pub(crate) may_have_been_processed: bool,
}

impl Failure {
    pub(super) fn invalid_response(message: impl Into<String>) -> Self {
        Self { code: Code::InvalidResponse, message: message.into(), may_have_been_processed: true }
    }
}

impl From<ureq::Error> for Failure {
    fn from(error: ureq::Error) -> Self {
        if let ureq::Error::Io(io) = &error
            && let Some(NotSent(inner)) = io.get_ref().and_then(|inner| inner.downcast_ref())
        {
            return Self { may_have_been_processed: false, ..classify(inner, true) };
        }
        classify(&error, false)
    }
}

/// Texts are our own or an error kind's; nothing of the request or the answer is in them.
fn classify(error: &ureq::Error, connecting: bool) -> Failure {
    use ureq::Error as E;
    let (code, message) = match error {
        E::Timeout(phase) => (Code::Timeout, spent(*phase).to_owned()),
        E::HostNotFound => (Code::Connect, "the host was not found".to_owned()),
        E::ConnectProxyFailed(reason) => (Code::Connect, format!("the proxy refused: {reason}")),
        E::ConnectionFailed => (Code::Connect, "no connection could be made".to_owned()),
        E::Rustls(error) => (Code::Tls, error.to_string()),
        E::Tls(reason) => (Code::Tls, (*reason).to_owned()),
        E::Pem(_) => (Code::Tls, "a certificate or key cannot be read".to_owned()),
        E::Io(error) => return classify_io(error, connecting),
        E::LargeResponseHeader(..) => {
            (Code::InvalidResponse, "the answer's headers are over the limit".to_owned())
        }
        // Said by a proxy, it is about the connection.
        E::Protocol(_) if connecting => {
            (Code::Connect, "the proxy did not answer in HTTP".to_owned())
        }
        E::Protocol(_) => (Code::InvalidResponse, "the answer is not valid HTTP".to_owned()),
        E::Decompress(..) => {
            (Code::InvalidResponse, "the answer's compression is damaged".to_owned())
        }
        E::Http(_) | E::BadUri(_) | E::InvalidProxyUrl => {
            (Code::InvalidArgument, "the request cannot be built from these settings".to_owned())
        }
        E::BodyStalled => (Code::Interrupted, "the answer broke off".to_owned()),
        _ => (Code::Internal, "the HTTP layer failed in an unforeseen way".to_owned()),
    };
    Failure { code, message, may_have_been_processed: true }
}

fn spent(phase: ureq::Timeout) -> &'static str {
    match phase {
        ureq::Timeout::Connect => "the time to connect is spent",
        ureq::Timeout::Resolve => "the time to resolve the host is spent",
        _ => "the time for an answer is spent",
    }
}

fn classify_io(error: &io::Error, connecting: bool) -> Failure {
    // TLS errors and ureq's own come wrapped, sometimes twice.
    let mut source = error.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static));
    while let Some(inner) = source {
        if let Some(NotSent(inner)) = inner.downcast_ref() {
            return classify(inner, connecting);
        }
        if let Some(inner) = inner.downcast_ref::<ureq::Error>() {
            return classify(inner, connecting);
        }
        if let Some(inner) = inner.downcast_ref::<rustls::Error>() {
            return Failure {
                code: Code::Tls,
                message: inner.to_string(),
                may_have_been_processed: true,
            };
        }
        if let Some(inner) = inner.downcast_ref::<io::Error>() {
            return classify_io(inner, connecting);
        }
        source = inner.source();
    }
    let code = if connecting { Code::Connect } else { Code::Interrupted };
    let what = if connecting { "no connection" } else { "the connection broke" };
    let message = format!("{what}: {}", error.kind());
    Failure { code, message, may_have_been_processed: true }
}
