//! The threads that renewals run on. Whoever closes a source waits for them, and one that has
//! ended leaves nothing behind, however long nobody closes its source.

use crate::per_process::PerProcess;
use crate::sync::{Mutex, lock, thread};

/// Those of a source.
pub(super) type Helpers = Vec<thread::JoinHandle<()>>;

/// The helper that ended last, or is about to.
static LAST: PerProcess<Mutex<Option<thread::JoinHandle<()>>>> = PerProcess::new();

/// The model's runs are short, and share nothing.
const REMEMBER_LAST: bool = !cfg!(feature = "model");

/// Waits for helpers to end, but for the one that this thread is.
pub(super) fn join(helpers: Helpers) {
    let last = if REMEMBER_LAST { lock(&LAST.get(|| Mutex::new(None))).take() } else { None };
    for helper in helpers.into_iter().chain(last) {
        if helper.thread().id() != thread::current().id() {
            // A panic of theirs was caught before.
            let _ = helper.join();
        }
    }
}

/// Takes all but the one that this thread is: whoever closes the source next waits for that one.
pub(super) fn take_others(helpers: &mut Helpers) -> Helpers {
    let this = thread::current().id();
    let all = std::mem::take(helpers).into_iter();
    let (own, others) = all.partition(|helper| helper.thread().id() == this);
    *helpers = own;
    others
}

/// The last but one that a helper does, under its source's lock; the last is to [`join`] what
/// this answers. A thread that has ended keeps its stack until it is joined: so each joins the
/// one that ended before it, of whatever source.
pub(super) fn retire(helpers: &mut Helpers) -> Option<thread::JoinHandle<()>> {
    let this = thread::current().id();
    let place = helpers.iter().position(|helper| helper.thread().id() == this)?;
    if !REMEMBER_LAST {
        return None;
    }
    let this = helpers.swap_remove(place);
    lock(&LAST.get(|| Mutex::new(None))).replace(this)
}
