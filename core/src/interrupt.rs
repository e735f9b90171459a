//! For hosts that handle signals in the calling thread: ends a call that waits.
//!
//! A signal wakes its thread from a wait for the network, and by itself the call goes on
//! waiting. Under [`heed`] it asks the host first. Without signals nobody is asked, and
//! nothing is paid.

use std::cell::Cell;

/// Whether the host wants the call to end. May do whatever the host does upon a signal, calls
/// of this library included.
pub type Ask = fn() -> bool;

thread_local! {
    static ASK: Cell<Option<Ask>> = const { Cell::new(None) };
    static GIVEN_UP: Cell<bool> = const { Cell::new(false) };
}

/// Makes calls, in this thread, of which `ask` can end those that wait. One that is ended
/// fails, with whatever error it comes to; the host knows better.
///
/// While a call connects, nobody is asked.
pub fn heed<T>(ask: Ask, calls: impl FnOnce() -> T) -> T {
    struct Restore(Option<Ask>, bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            ASK.set(self.0);
            GIVEN_UP.set(self.1);
        }
    }
    let _restore = Restore(ASK.replace(Some(ask)), GIVEN_UP.replace(false));
    calls()
}

/// Whether there is somebody to ask.
pub(crate) fn is_heeded() -> bool {
    ASK.get().is_some()
}

/// Asks whether to give up, where there is somebody to ask. Not to be called with a lock held.
pub(crate) fn is_wanted() -> bool {
    if ASK.get().is_some_and(|ask| ask()) {
        GIVEN_UP.set(true);
    }
    has_given_up()
}

/// Whether the answer was yes, at any time in this call.
pub(crate) fn has_given_up() -> bool {
    GIVEN_UP.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_lasts_until_the_call_is_over() {
        thread_local!(static ANSWER: Cell<bool> = const { Cell::new(false) });
        assert!(!is_heeded() && !is_wanted());
        heed(
            || ANSWER.replace(false),
            || {
                assert!(is_heeded() && !is_wanted());
                ANSWER.set(true);
                assert!(is_wanted() && is_wanted() && has_given_up());
                heed(|| false, || assert!(!is_wanted()));
                assert!(has_given_up());
            },
        );
        assert!(!is_heeded() && !has_given_up());
    }
}
