//! Turns a panic into an error, for every border to another language.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::Error;

/// Runs `work`; a panic in it becomes an [`Error`] of code `internal`.
///
/// The panic's payload is not repeated in the message: it may quote what it choked on.
pub fn guard<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // Whatever was half done is dropped here and never looked at again.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Error::internal("a panic was caught; this is a bug in frontegg-token"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    #[test]
    fn a_panic_becomes_an_internal_error_that_quotes_nothing() {
        let error = guard::<()>(|| panic!("planted")).unwrap_err();
        assert_eq!(error.code(), Code::Internal);
        assert!(!error.to_string().contains("planted"));
    }
}
