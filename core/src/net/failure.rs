//! What a failed exchange means: its code, and whether the request may have been processed.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use crate::Code;

use super::tls_error;

/// An exchange that brought no usable answer.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// Whether the service may have processed the request. `false` only where that is known.
    pub(crate) may_have_been_processed: bool,
    /// The system's or the TLS library's own error.
    pub(crate) source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// When something failed, which decides what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Before the last byte of the request was handed to the system.
    BeforeSent,
    /// After that.
    AfterSent,
}

impl Failure {
    /// A failure before the request was sent.
    pub(super) fn not_sent(code: Code, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, message, may_have_been_processed: false, source: None }
    }

    /// A failure after the request was sent.
    pub(super) fn after_sent(code: Code, message: impl Into<String>) -> Self {
        Self { may_have_been_processed: true, ..Self::not_sent(code, message) }
    }

    pub(super) fn invalid_response(message: impl Into<String>) -> Self {
        Self::after_sent(Code::InvalidResponse, message)
    }

    /// What an error of a socket or of TLS means. `what` names what was done, as the beginning
    /// of a sentence: `no connection to example.com:443`.
    pub(super) fn from_io(what: &str, error: io::Error, stage: Stage) -> Self {
        let sent = stage == Stage::AfterSent;
        let (code, reason) = if let Some(error) = tls_error::find(&error) {
            let refused_before_use = tls_error::is_refusal_of_the_handshake(error);
            return Self {
                code: Code::Tls,
                message: format!("{what}: {}", tls_error::sentence(error)),
                may_have_been_processed: sent && !refused_before_use,
                source: Some(Arc::new(error.clone())),
            };
        } else if is_time_up(&error) {
            (Code::Timeout, "the time is up".to_owned())
        } else if !sent && is_exhaustion(&error) {
            (Code::Exhausted, error.to_string())
        } else if error.kind() == io::ErrorKind::UnexpectedEof {
            let code = if sent { Code::Interrupted } else { Code::Connect };
            (code, "the other side closed the connection".to_owned())
        } else {
            (if sent { Code::Interrupted } else { Code::Connect }, error.to_string())
        };
        Self {
            code,
            message: format!("{what}: {reason}"),
            may_have_been_processed: sent,
            source: Some(Arc::new(error)),
        }
    }
}

/// An error that says that our own time is up. The time-out of a network that gave up has a
/// number of the system's.
pub(crate) fn time_is_up() -> io::Error {
    io::ErrorKind::TimedOut.into()
}

pub(crate) fn is_time_up(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::TimedOut && error.raw_os_error().is_none()
}

/// Whether this machine has no descriptor, memory or thread left.
pub(crate) fn is_exhaustion(error: &io::Error) -> bool {
    #[cfg(unix)]
    const NUMBERS: [i32; 4] = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
    // WSAEMFILE and WSAENOBUFS.
    #[cfg(not(unix))]
    const NUMBERS: [i32; 2] = [10024, 10055];
    error.kind() == io::ErrorKind::OutOfMemory
        || error.raw_os_error().is_some_and(|number| NUMBERS.contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_in_the_systems_words() {
        let error = io::Error::from_raw_os_error(libc::EMFILE);
        let failure = Failure::from_io("no connection to a.example:443", error, Stage::BeforeSent);
        assert_eq!(failure.code, Code::Exhausted);
        assert!(failure.message.contains("Too many open files"), "{}", failure.message);
        assert!(!failure.may_have_been_processed);
        let error = io::Error::from_raw_os_error(libc::ECONNREFUSED);
        let failure = Failure::from_io("no connection", error, Stage::BeforeSent);
        assert_eq!(failure.code, Code::Connect);
        assert!(failure.message.contains("refused"), "{}", failure.message);
    }

    #[test]
    fn only_our_own_time_is_a_timeout() {
        let ours = Failure::from_io("no answer", time_is_up(), Stage::AfterSent);
        assert_eq!(ours.code, Code::Timeout);
        let systems = io::Error::from_raw_os_error(libc::ETIMEDOUT);
        let failure = Failure::from_io("no answer", systems, Stage::AfterSent);
        assert_eq!(failure.code, Code::Interrupted);
        assert!(failure.may_have_been_processed);
    }
}
