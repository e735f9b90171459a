//! `frontegg_event`: what a source tells an observer.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use frontegg_core::Event;

use crate::border::accessor;
use crate::error::frontegg_error;
use crate::text::pointer;

/// The kinds of events. Numbers and names are frozen; later versions add to them.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum frontegg_event_kind {
    /// An authentication brought a token.
    Authenticated = 1,
    /// A refresh brought a token.
    Refreshed = 2,
    /// A refresh failed, with this error, in such a way that its refresh token is lost: an
    /// authentication follows.
    FellBack = 3,
    /// A renewal failed, with this error.
    Failed = 4,
    /// Callers go on with the token that they have, since it is still valid although its
    /// renewal failed. Follows upon FRONTEGG_EVENT_KIND_FAILED.
    ServedWhileFailing = 5,
    /// A call got a remembered failure, this error, and the service was left alone. Once for
    /// each failure.
    Throttled = 6,
    /// The shared store had a token that a sibling got.
    StoreHit = 7,
    /// The shared store failed, with this error: the source goes on without it. Once, until it
    /// works again.
    StoreFailed = 8,
    /// The shared store works again.
    StoreRecovered = 9,
}

use frontegg_event_kind as Kind;

/// Every kind and its name, in order of the numbers.
const NAMES: &[(Kind, &CStr)] = &[
    (Kind::Authenticated, c"authenticated"),
    (Kind::Refreshed, c"refreshed"),
    (Kind::FellBack, c"fell_back"),
    (Kind::Failed, c"failed"),
    (Kind::ServedWhileFailing, c"served_while_failing"),
    (Kind::Throttled, c"throttled"),
    (Kind::StoreHit, c"store_hit"),
    (Kind::StoreFailed, c"store_failed"),
    (Kind::StoreRecovered, c"store_recovered"),
];

/// What happened to a source. Lent to an observer, with all that it points to, for the time of
/// the call. Later versions may add members at the end.
#[repr(C)]
pub struct frontegg_event<'a> {
    /// What happened.
    pub kind: frontegg_event_kind,
    /// How many tokens the source has had by then.
    pub generation: u64,
    /// Why, where something failed; else NULL. frontegg_error_clone makes a copy to keep.
    pub error: Option<&'a frontegg_error>,
}

/// Is told of events, one at a time and in their order, with the pointer that was given along
/// with it. Called on a thread of the library once its renewal is over, or on one of yours that
/// is in a call for a token; never under a lock, so it may use the source, even close it, but
/// must not free it. While it runs, the next event waits, and so does whoever closes or frees
/// the source; nobody else does. It must return normally: no exception, no longjmp.
pub type frontegg_observer =
    Option<unsafe extern "C" fn(event: *const frontegg_event<'_>, user_data: *mut c_void)>;

/// An observer that is there, and its pointer.
#[derive(Clone, Copy)]
pub(crate) struct Observer {
    pub(crate) call: unsafe extern "C" fn(*const frontegg_event<'_>, *mut c_void),
    pub(crate) user_data: *mut c_void,
}

// SAFETY: the pointer is never followed here, and the header says that any thread passes it on.
unsafe impl Send for Observer {}
// SAFETY: as above.
unsafe impl Sync for Observer {}

impl Observer {
    pub(crate) fn tell(&self, event: &Event) {
        let name = event.kind().as_str();
        let Some((kind, _)) = NAMES.iter().find(|row| row.1.to_bytes() == name.as_bytes()) else {
            return;
        };
        let error = event.error().map(frontegg_error::new);
        let told =
            frontegg_event { kind: *kind, generation: event.generation(), error: error.as_ref() };
        // SAFETY: the event lives as long as the call, and the rest is the header's rule on
        // observers.
        unsafe { (self.call)(&raw const told, self.user_data) };
    }
}

/// The name of a kind of event, such as `fell_back`; NULL for a number that is none. The string
/// is static.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_event_kind_name(kind: i32) -> *const c_char {
    accessor(ptr::null(), || {
        pointer(NAMES.iter().find(|row| row.0 as i32 == kind).map(|(_, name)| *name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontegg_core::EventKind;

    #[test]
    fn kinds_have_the_names_that_they_have_in_every_language() {
        let core = [
            EventKind::Authenticated,
            EventKind::Refreshed,
            EventKind::FellBack,
            EventKind::Failed,
            EventKind::ServedWhileFailing,
            EventKind::Throttled,
            EventKind::StoreHit,
            EventKind::StoreFailed,
            EventKind::StoreRecovered,
        ];
        assert!(
            core.iter()
                .map(|kind| kind.as_str())
                .eq(NAMES.iter().map(|row| row.1.to_str().unwrap()))
        );
    }
}
