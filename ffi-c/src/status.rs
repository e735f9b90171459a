//! Status codes: the core's error table as C knows it.

use std::ffi::{CStr, c_char};
use std::ptr;

use frontegg_core::Code;

use crate::border::accessor;
use crate::text::pointer;

/// What became of a call: 0, or why it failed. Numbers and names are the same in every
/// language that this library speaks, and frozen: later versions add to them only.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum frontegg_status {
    /// Success.
    Ok = 0,
    /// A bad setting, a NULL or non-UTF-8 argument, or `http` to a remote host.
    InvalidArgument = 1,
    /// A caught panic or a broken invariant: a bug in this library.
    Internal = 2,
    /// The client or the token source was closed before or during the call.
    Closed = 3,
    /// DNS, TCP or a proxy failed: the request was not sent.
    Connect = 10,
    /// The time budget is spent.
    Timeout = 11,
    /// A certificate was not accepted, or the TLS handshake failed.
    Tls = 12,
    /// The connection broke once the request may have been processed.
    Interrupted = 13,
    /// A proxy refused for good: wrong or missing credentials, or a way of asking for them that
    /// is not supported.
    Proxy = 14,
    /// This machine gives no thread, file descriptor or memory: the request was not sent.
    Exhausted = 15,
    /// The service answered 401 to an authentication.
    InvalidCredentials = 20,
    /// The service answered 401 to a refresh: the refresh token was consumed, has expired or
    /// was evicted.
    RefreshRejected = 21,
    /// The service answered 403.
    Forbidden = 22,
    /// The service answered 429.
    RateLimited = 23,
    /// The service answered 408 or 5xx.
    ServerError = 24,
    /// The service answered any other 4xx.
    Rejected = 25,
    /// The answer is 3xx, not JSON, without a token, over the size limit, or a 2xx that
    /// carries an error.
    InvalidResponse = 30,
    /// The shared cache failed where nothing else could serve.
    Store = 40,
}

use frontegg_status as Status;

/// Every status and its name, in order of the numbers.
const NAMES: &[(Status, &CStr)] = &[
    (Status::Ok, c"ok"),
    (Status::InvalidArgument, c"invalid_argument"),
    (Status::Internal, c"internal"),
    (Status::Closed, c"closed"),
    (Status::Connect, c"connect"),
    (Status::Timeout, c"timeout"),
    (Status::Tls, c"tls"),
    (Status::Interrupted, c"interrupted"),
    (Status::Proxy, c"proxy"),
    (Status::Exhausted, c"exhausted"),
    (Status::InvalidCredentials, c"invalid_credentials"),
    (Status::RefreshRejected, c"refresh_rejected"),
    (Status::Forbidden, c"forbidden"),
    (Status::RateLimited, c"rate_limited"),
    (Status::ServerError, c"server_error"),
    (Status::Rejected, c"rejected"),
    (Status::InvalidResponse, c"invalid_response"),
    (Status::Store, c"store"),
];

fn find(number: i32) -> Option<&'static (Status, &'static CStr)> {
    NAMES.iter().find(|(status, _)| *status as i32 == number)
}

impl From<Code> for Status {
    fn from(code: Code) -> Self {
        // A test sees to it that no code of the table is missing.
        find(code.number()).map_or(Status::Internal, |(status, _)| *status)
    }
}

/// The name of a status, such as `rate_limited`; NULL for a number that is none. The string
/// is static.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_status_name(status: i32) -> *const c_char {
    accessor(ptr::null(), || pointer(find(status).map(|(_, name)| *name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_and_names_are_those_of_the_table() {
        let ours = NAMES[1..].iter().map(|(status, name)| (*status as i32, name.to_str().unwrap()));
        let table = frontegg_core::CODES.iter().map(|row| (row.code.number(), row.name));
        assert!(ours.eq(table));
        for row in frontegg_core::CODES {
            assert_eq!(Status::from(row.code) as i32, row.code.number());
        }
    }
}
