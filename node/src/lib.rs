//! The bridge between the JavaScript of the package `frontegg-token` and the Rust core.
//!
//! It is not the API: `lib/` is. Only plain data crosses it, every call into it returns at
//! once, and every function in it is guarded, since a panic would end the Node process.

mod bridge;
mod client;
mod facts;
mod own_store;
mod settings;
mod source;
mod store;
#[cfg(frontegg_testing)]
pub mod testing;

use frontegg_token::{CODES, Error, guard};
use napi_derive::napi;

/// What the bridge's functions throw: an error whose `code` is that of the error table.
type Thrown = napi::Error<&'static str>;

/// Runs the body of a function that JavaScript calls.
fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Thrown> {
    guard::silence();
    guard::guard(work).map_err(|error| Thrown::new(error.code().as_str(), error.message()))
}

/// One row of the error table.
#[napi(object, object_from_js = false)]
pub struct CodeRow {
    /// The frozen number.
    pub number: i32,
    /// The name, such as `rate_limited`.
    pub code: &'static str,
    /// Whether errors of this code are retryable by default.
    pub retryable: bool,
}

/// The error table of the core, for the test that compares it with the one in JavaScript.
#[napi]
pub fn codes() -> Result<Vec<CodeRow>, Thrown> {
    let row = |row: &frontegg_token::CodeInfo| CodeRow {
        number: row.code.number(),
        code: row.name,
        retryable: row.retryable,
    };
    guarded(|| Ok(CODES.iter().map(row).collect()))
}
