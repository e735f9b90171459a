//! Errors and times as plain JavaScript values.

use std::time::{Duration, SystemTime};

use frontegg_token::{AccessToken, Error};
use napi::bindgen_prelude::ToNapiValue;
use napi::sys;
use napi_derive::napi;

/// The facts of an error, for JavaScript to make one of.
#[napi(object, object_from_js = false)]
pub struct Facts {
    /// The name in the error table.
    pub code: &'static str,
    /// One sentence for a person.
    pub message: String,
    /// The HTTP status, where there was an answer.
    pub http_status: Option<u16>,
    /// The service's own messages.
    pub messages: Vec<String>,
    /// The service's own error code.
    pub error_code: Option<String>,
    /// The trace id of the answer.
    pub trace_id: Option<String>,
    /// How long the service asked to wait, in milliseconds.
    pub retry_after: Option<f64>,
    /// How many requests were made or tried.
    pub attempts: u32,
    /// Whether the same call, made later, can succeed.
    pub retryable: bool,
}

impl From<&Error> for Facts {
    fn from(error: &Error) -> Self {
        Self {
            code: error.code().as_str(),
            message: error.message().to_owned(),
            http_status: error.http_status(),
            messages: error.messages().to_vec(),
            error_code: error.error_code().map(str::to_owned),
            trace_id: error.trace_id().map(str::to_owned),
            retry_after: error.retry_after().map(millis),
            attempts: error.attempts(),
            retryable: error.is_retryable(),
        }
    }
}

/// A span in milliseconds, whole ones: fractions of what a service or a token states are
/// noise of the conversion.
pub(crate) fn millis(span: Duration) -> f64 {
    (span.as_secs_f64() * 1000.0).round()
}

/// Milliseconds since 1970, as a `Date` counts them; before it, 1970 itself.
pub(crate) fn since_epoch(time: SystemTime) -> f64 {
    millis(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()).floor()
}

/// A count as JavaScript's numbers hold it, exactly up to nine thousand million million.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn count(number: u64) -> f64 {
    number as f64
}

/// A token that becomes a string of JavaScript without a copy in between.
pub struct Text(pub(crate) AccessToken);

impl ToNapiValue for Text {
    #[allow(unsafe_code)]
    unsafe fn to_napi_value(env: sys::napi_env, text: Self) -> napi::Result<sys::napi_value> {
        // SAFETY: the caller's promise about `env` is passed on.
        unsafe { <&str>::to_napi_value(env, text.0.as_str()) }
    }
}
