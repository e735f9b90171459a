//! Turns a panic into an error, for every border to another language.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Error;

thread_local! {
    /// How many guards this thread is under.
    static GUARDS: Cell<u32> = const { Cell::new(0) };
}

/// Runs `work`; a panic in it becomes an [`Error`] of code `internal`.
///
/// The panic's payload is not repeated in the message: it may quote what it choked on.
pub fn guard<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // Whatever was half done is dropped here and never looked at again.
    under_guard(|| catch_unwind(AssertUnwindSafe(work))).unwrap_or_else(|_| {
        Err(Error::internal("a panic was caught; this is a bug in frontegg-token"))
    })
}

/// Runs `work`, whose panics somebody catches.
pub(crate) fn under_guard<T>(work: impl FnOnce() -> T) -> T {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            GUARDS.set(GUARDS.get() - 1);
        }
    }
    GUARDS.set(GUARDS.get() + 1);
    let _leave = Leave;
    work()
}

/// Has panics under a [`guard`] print nothing. For libraries that programs in other languages
/// load: they carry a standard library of their own, whose panic hook is nobody else's, and the
/// program's standard error is not theirs to write to. In a program in Rust the hook is the
/// program's, and is left alone.
pub fn silence() {
    static IS_SILENT: AtomicBool = AtomicBool::new(false);
    if IS_SILENT.load(Ordering::Relaxed) || IS_SILENT.swap(true, Ordering::SeqCst) {
        return;
    }
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if GUARDS.get() == 0 {
            before(panic);
        }
    }));
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
        assert_eq!(GUARDS.get(), 0);
        let nested = guard(|| Ok((guard::<()>(|| panic!("planted")).is_err(), GUARDS.get())));
        assert_eq!(nested.unwrap(), (true, 1));
    }
}
