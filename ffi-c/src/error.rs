//! `frontegg_error`: why a call failed, as facts.

use std::ffi::{CString, c_char};
use std::ptr;

use frontegg_core::Error;

use crate::border::{accessor, free};
use crate::status::{frontegg_status, frontegg_status_name};
use crate::text::{for_c, pointer};
use crate::time::milliseconds;

/// Why a call failed. No secret and no token is in any of its texts. It never changes, so
/// threads may share it. Owned by the caller; free it with frontegg_error_free.
#[derive(Clone)]
pub struct frontegg_error {
    status: frontegg_status,
    message: CString,
    http_status: i32,
    messages: Vec<CString>,
    error_code: Option<CString>,
    trace_id: Option<CString>,
    retry_after_ms: i64,
    attempts: u32,
    retryable: bool,
}

impl frontegg_error {
    pub(crate) fn new(error: &Error) -> Self {
        Self {
            status: error.code().into(),
            message: for_c(error.message()),
            http_status: error.http_status().map_or(0, i32::from),
            messages: error.messages().iter().map(|message| for_c(message)).collect(),
            error_code: error.error_code().map(for_c),
            trace_id: error.trace_id().map(for_c),
            retry_after_ms: error.retry_after().map_or(-1, milliseconds),
            attempts: error.attempts(),
            retryable: error.is_retryable(),
        }
    }
}

/// A copy, which is the caller's to free: to keep an error that is only lent. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_error_clone(
    error: Option<&frontegg_error>,
) -> Option<Box<frontegg_error>> {
    accessor(None, || error.map(|error| Box::new(error.clone())))
}

/// Frees an error and its strings. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_error_free(error: Option<Box<frontegg_error>>) {
    free(error);
}

/// The status that the call returned as well. FRONTEGG_STATUS_OK for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_error_status(error: Option<&frontegg_error>) -> frontegg_status {
    accessor(frontegg_status::Internal, || error.map_or(frontegg_status::Ok, |error| error.status))
}

/// The name of the status, such as `rate_limited`, as frontegg_status_name gives it. NULL
/// for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_error_code(error: Option<&frontegg_error>) -> *const c_char {
    accessor(ptr::null(), || {
        error.map_or(ptr::null(), |error| frontegg_status_name(error.status as i32))
    })
}

/// One sentence for a person. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_error_message(error: Option<&frontegg_error>) -> *const c_char {
    accessor(ptr::null(), || pointer(error.map(|error| &*error.message)))
}

/// The HTTP status of the answer; 0 if there was none, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_error_http_status(error: Option<&frontegg_error>) -> i32 {
    accessor(0, || error.map_or(0, |error| error.http_status))
}

/// How many messages the service gave; often one, may be 0. 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_error_message_count(error: Option<&frontegg_error>) -> usize {
    accessor(0, || error.map_or(0, |error| error.messages.len()))
}

/// One of the service's own messages, in its order, counted from 0. NULL past the end, and
/// for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_error_message_at(
    error: Option<&frontegg_error>,
    index: usize,
) -> *const c_char {
    accessor(ptr::null(), || {
        pointer(error.and_then(|error| error.messages.get(index)).map(|message| &**message))
    })
}

/// The service's own error code, such as `ER-01183`; NULL if it gave none, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_error_error_code(error: Option<&frontegg_error>) -> *const c_char {
    accessor(ptr::null(), || pointer(error.and_then(|error| error.error_code.as_deref())))
}

/// The answer's `frontegg-trace-id`, which Frontegg's support asks for; NULL if it had none,
/// and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_error_trace_id(error: Option<&frontegg_error>) -> *const c_char {
    accessor(ptr::null(), || pointer(error.and_then(|error| error.trace_id.as_deref())))
}

/// How long the service asked to wait, in milliseconds, counted from the answer; -1 if it
/// did not, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_error_retry_after_ms(error: Option<&frontegg_error>) -> i64 {
    accessor(-1, || error.map_or(-1, |error| error.retry_after_ms))
}

/// How many requests the call made, or tried to make; 0 if it failed before the first, and
/// for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_error_attempts(error: Option<&frontegg_error>) -> u32 {
    accessor(0, || error.map_or(0, |error| error.attempts))
}

/// Whether the same call, made later, can succeed. false for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_error_retryable(error: Option<&frontegg_error>) -> bool {
    accessor(false, || error.is_some_and(|error| error.retryable))
}
