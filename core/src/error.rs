//! The one error type and its one table of codes.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// One row of the error table.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct CodeInfo {
    /// The code this row describes.
    pub code: Code,
    /// Its stable name in every language, such as `rate_limited`.
    pub name: &'static str,
    /// Whether the same call can succeed later.
    ///
    /// `interrupted` is the one code that depends on the call: an interrupted
    /// authentication can be repeated, an interrupted refresh cannot.
    pub retryable: bool,
    /// When it arises, in one sentence.
    pub when: &'static str,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $retryable:literal, $when:literal;)*) => {
        /// What went wrong, as a number and a name that are the same in every language.
        ///
        /// Numbers are frozen, gapped by family, and never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(i32)]
        pub enum Code {
            $(#[doc = $when] $variant = $number,)*
        }

        /// The error table: every code, in order of its number.
        pub const CODES: &[CodeInfo] = &[
            $(CodeInfo { code: Code::$variant, name: $name, retryable: $retryable, when: $when },)*
        ];

        impl Code {
            const fn info(self) -> &'static CodeInfo {
                const ROWS: &[CodeInfo] = CODES;
                let mut row = 0;
                while ROWS[row].code as i32 != self as i32 {
                    row += 1;
                }
                &ROWS[row]
            }
        }
    };
}

codes! {
    InvalidArgument = 1, "invalid_argument", false, "A bad setting, a null or non-UTF-8 argument, or `http` to a remote host.";
    Internal = 2, "internal", false, "A caught panic or a broken invariant: a bug in this library.";
    Closed = 3, "closed", false, "The client or the token source was closed before or during the call.";
    Connect = 10, "connect", true, "DNS, TCP or a proxy failed: the request was not sent.";
    Timeout = 11, "timeout", true, "The time budget is spent.";
    Tls = 12, "tls", false, "A certificate was not accepted, or the TLS handshake failed.";
    Interrupted = 13, "interrupted", true, "The connection broke once the request may have been processed.";
    Proxy = 14, "proxy", false, "A proxy refused for good: wrong or missing credentials, or a way of asking for them that is not supported.";
    Exhausted = 15, "exhausted", true, "This machine gives no thread, file descriptor or memory: the request was not sent.";
    InvalidCredentials = 20, "invalid_credentials", false, "The service answered 401 to an authentication.";
    RefreshRejected = 21, "refresh_rejected", false, "The service answered 401 to a refresh: the refresh token was consumed, has expired or was evicted.";
    Forbidden = 22, "forbidden", false, "The service answered 403.";
    RateLimited = 23, "rate_limited", true, "The service answered 429.";
    ServerError = 24, "server_error", true, "The service answered 408 or 5xx.";
    Rejected = 25, "rejected", false, "The service answered any other 4xx.";
    InvalidResponse = 30, "invalid_response", false, "The answer is 3xx, not JSON, without a token, over the size limit, or a 2xx that carries an error.";
    Store = 40, "store", true, "The shared cache failed where nothing else could serve.";
}

impl Code {
    /// The code with this number, if there is one.
    pub fn from_number(number: i32) -> Option<Self> {
        CODES.iter().map(|row| row.code).find(|code| code.number() == number)
    }

    /// Its frozen number.
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// Its name, such as `rate_limited`.
    pub const fn as_str(self) -> &'static str {
        self.info().name
    }

    /// Whether an error of this code can go away by itself; see [`Error::is_retryable`].
    pub const fn is_retryable(self) -> bool {
        self.info().retryable
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a call failed: a code and the facts that are known.
///
/// No secret, token or raw body is in any of them, nor in `Debug` or `Display`. The cause, such as
/// an error of the system, is its [`source`](std::error::Error::source).
#[derive(Clone)]
pub struct Error(Box<Facts>);

#[derive(Clone)]
struct Facts {
    code: Code,
    message: String,
    retryable: bool,
    http_status: Option<u16>,
    messages: Vec<String>,
    error_code: Option<String>,
    trace_id: Option<String>,
    retry_after: Option<Duration>,
    attempts: u32,
    unprocessed: bool,
    source: Option<Cause>,
}

pub(crate) type Cause = Arc<dyn std::error::Error + Send + Sync>;

impl Error {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Facts {
            code,
            message: message.into(),
            retryable: code.is_retryable(),
            http_status: None,
            messages: Vec::new(),
            error_code: None,
            trace_id: None,
            retry_after: None,
            attempts: 0,
            unprocessed: false,
            source: None,
        }))
    }

    /// An error of code `invalid_argument`, for a binding that could not read an argument.
    pub fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    /// An error of code `store`, for a [`TokenStore`](crate::TokenStore) that could not be asked
    /// or did not answer.
    pub fn store(message: impl Into<String>) -> Self {
        Self::new(Code::Store, message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message)
    }

    pub(crate) fn closed() -> Self {
        Self::new(Code::Closed, "the client is closed")
    }

    /// What went wrong.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// One sentence for a person.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The HTTP status, where there was an answer.
    pub fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// The service's own messages, in its order; often one, may be none.
    pub fn messages(&self) -> &[String] {
        &self.0.messages
    }

    /// The service's own error code, such as `ER-01183`.
    pub fn error_code(&self) -> Option<&str> {
        self.0.error_code.as_deref()
    }

    /// The `frontegg-trace-id` of the answer: what Frontegg's support asks for.
    pub fn trace_id(&self) -> Option<&str> {
        self.0.trace_id.as_deref()
    }

    /// How long the service asked to wait, counted from the answer.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How many requests this call made, or tried to make.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether the same call, made later, can succeed.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.0.http_status = Some(status);
        self
    }

    pub(crate) fn with_messages(mut self, messages: Vec<String>, code: Option<String>) -> Self {
        self.0.messages = messages;
        self.0.error_code = code;
        self
    }

    pub(crate) fn with_trace_id(mut self, trace_id: Option<String>) -> Self {
        self.0.trace_id = trace_id;
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// The cause, whose text must hold no secret.
    pub(crate) fn with_source(
        self,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        self.with_cause(Some(Arc::new(source)))
    }

    /// The same for a cause that others have too, if there is one.
    pub(crate) fn with_cause(mut self, cause: Option<Cause>) -> Self {
        self.0.source = cause;
        self
    }

    /// The same for an error of the system that is still needed.
    pub(crate) fn with_io_source(self, source: &io::Error) -> Self {
        self.with_source(match source.raw_os_error() {
            Some(number) => io::Error::from_raw_os_error(number),
            None => io::Error::new(source.kind(), source.to_string()),
        })
    }

    /// Appends advice to the message.
    pub(crate) fn with_hint(mut self, hint: &str) -> Self {
        self.0.message = format!("{}; {hint}", self.0.message);
        self
    }

    /// Whether the service cannot have acted on the request: it was not sent, or refused for
    /// its rate.
    pub(crate) fn is_unprocessed(&self) -> bool {
        self.0.unprocessed || self.0.code == Code::RateLimited
    }

    pub(crate) fn with_unprocessed(mut self, unprocessed: bool) -> Self {
        self.0.unprocessed = unprocessed;
        self
    }

    pub(crate) fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = &*self.0;
        f.debug_struct("Error")
            .field("code", &facts.code.as_str())
            .field("message", &facts.message)
            .field("http_status", &facts.http_status)
            .field("messages", &facts.messages)
            .field("error_code", &facts.error_code)
            .field("trace_id", &facts.trace_id)
            .field("retry_after", &facts.retry_after)
            .field("attempts", &facts.attempts)
            .field("retryable", &facts.retryable)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.0.source.as_deref()?;
        Some(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_rise() {
        for pair in CODES.windows(2) {
            assert!(pair[0].code.number() < pair[1].code.number());
        }
    }

    #[test]
    fn every_code_is_found_by_its_number() {
        for row in CODES {
            assert_eq!(Code::from_number(row.code.number()), Some(row.code));
            assert_eq!(row.code.as_str(), row.name);
        }
        assert_eq!(Code::from_number(0), None);
    }

    #[test]
    fn the_readme_lists_every_code() {
        let readme = include_str!("../../README.md");
        for row in CODES {
            let start = format!("| {} | `{}` |", row.code.number(), row.name);
            let line = readme.lines().find(|line| line.starts_with(&start)).expect(row.name);
            let end = if row.retryable { "| yes |" } else { "| no |" };
            assert!(line.ends_with(end), "{line}");
        }
    }

    #[test]
    fn the_cause_of_an_error_is_its_source() {
        use std::error::Error as _;
        assert!(Error::store("no").source().is_none());
        let cause = io::Error::from_raw_os_error(28);
        let error = Error::store("no").with_io_source(&cause).with_attempts(2);
        let source = error.clone().source().unwrap().to_string();
        assert_eq!(source, cause.to_string());
        let cause = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
        assert_eq!(cause.raw_os_error(), Some(28));
        let custom = io::Error::other("a text");
        let error = Error::store("no").with_io_source(&custom);
        assert_eq!(error.source().unwrap().to_string(), "a text");
    }

    #[test]
    fn an_error_is_one_pointer_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
