//! What an exchange hands past the HTTP library, which would log it.
//!
//! ureq writes every byte that passes through it to the log at the level of trace, as numbers and
//! as letters. So it gets the request without its confidential parts, and no answer at all: the
//! connection at the bottom, which it calls on the same thread, takes the one from here and puts
//! the other one here.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use ureq::http::HeaderMap;
use zeroize::Zeroizing;

use super::answer::Answer;
use crate::net::failure::Failure;

thread_local! {
    static CURRENT: RefCell<Option<InFlight>> = const { RefCell::new(None) };
}

/// The exchange under way in this thread.
pub(super) struct InFlight {
    /// The lines of the head that are confidential.
    pub(super) headers: Zeroizing<Vec<u8>>,
    pub(super) body: Zeroizing<Vec<u8>>,
    /// When it has to be over.
    pub(super) until: Instant,
    /// A connection that has been idle for longer is not used.
    pub(super) max_idle: Duration,
    /// What came of it.
    pub(super) outcome: Option<Result<Answer, Failure>>,
}

impl InFlight {
    pub(super) fn new(
        headers: &HeaderMap,
        body: &[u8],
        until: Instant,
        max_idle: Duration,
    ) -> Self {
        let confidential = || headers.iter().filter(|(_, value)| value.is_sensitive());
        let length = confidential().map(|(name, value)| name.as_str().len() + value.len() + 4);
        let mut lines = Zeroizing::new(Vec::with_capacity(length.sum()));
        for (name, value) in confidential() {
            for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                lines.extend_from_slice(part);
            }
        }
        let body = Zeroizing::new(body.to_vec());
        Self { headers: lines, body, until, max_idle, outcome: None }
    }

    /// Makes this the exchange under way while `exchange` runs; returns it with its outcome.
    ///
    /// An exchange can begin in the midst of another one: a signal's handler may make calls.
    pub(super) fn over(self, exchange: impl FnOnce()) -> Self {
        struct Restore(Option<InFlight>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0.take());
            }
        }
        let _restore = Restore(CURRENT.replace(Some(self)));
        exchange();
        CURRENT.take().expect("it is put back where it was taken")
    }

    /// Works on the exchange under way. Meanwhile there is none.
    pub(super) fn with<T>(work: impl FnOnce(&mut InFlight) -> T) -> Option<T> {
        struct PutBack(Option<InFlight>);
        impl Drop for PutBack {
            fn drop(&mut self) {
                CURRENT.set(self.0.take());
            }
        }
        let mut taken = PutBack(CURRENT.take());
        taken.0.as_mut().map(work)
    }
}
