//! The threads that renewals run on. Whoever closes a source waits for them, and one that has
//! ended leaves nothing behind, however long nobody closes its source.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::per_process::PerProcess;
use crate::spawn;
use crate::sync::{Latch, Mutex, lock, thread};

use crate::clock::from_now;

/// Those of a source.
pub(super) type Helpers = Vec<Helper>;

pub(super) struct Helper {
    thread: thread::JoinHandle<()>,
    /// Whether its work is done, so that joining it does not block.
    done: Arc<Latch<()>>,
}

/// The helper that ended last, or is about to.
static LAST: PerProcess<Mutex<Option<Helper>>> = PerProcess::new();

/// The model's runs are short, and share nothing.
const REMEMBER_LAST: bool = !cfg!(frontegg_model);

/// How long whoever closes a source waits for its helpers, all of them. A host's observer or
/// store may block one for ever.
const PATIENCE: Duration = Duration::from_millis(500);

/// Starts a helper.
pub(super) fn start(work: impl FnOnce() + Send + 'static) -> io::Result<Helper> {
    struct Done(Arc<Latch<()>>);
    impl Drop for Done {
        fn drop(&mut self) {
            self.0.set(());
        }
    }
    let done = Arc::new(Latch::new());
    let theirs = Done(done.clone());
    let thread = spawn::spawn("frontegg-token", move || {
        let _done = theirs;
        work();
    })?;
    Ok(Helper { thread, done })
}

/// Waits for helpers to end, but for the one that this thread is, and for 500 ms at most: one
/// that takes longer is left behind.
pub(super) fn join(helpers: Helpers) {
    let last = if REMEMBER_LAST { lock(&LAST.get(|| Mutex::new(None))).take() } else { None };
    let until = from_now(PATIENCE);
    for helper in helpers.into_iter().chain(last) {
        if helper.thread.thread().id() != thread::current().id()
            && helper.done.wait(until).is_some()
        {
            helper.join();
        }
    }
}

impl Helper {
    pub(super) fn join(self) {
        // A panic of its was caught before.
        let _ = self.thread.join();
    }
}

/// Takes all but the one that this thread is: whoever closes the source next waits for that one.
pub(super) fn take_others(helpers: &mut Helpers) -> Helpers {
    let this = thread::current().id();
    let all = std::mem::take(helpers).into_iter();
    let (own, others) = all.partition(|helper| helper.thread.thread().id() == this);
    *helpers = own;
    others
}

/// The last but one that a helper does, under its source's lock; the last is to join what this
/// answers. A thread that has ended keeps its stack until it is joined: so each joins the
/// one that ended before it, of whatever source.
pub(super) fn retire(helpers: &mut Helpers) -> Option<Helper> {
    let this = thread::current().id();
    let place = helpers.iter().position(|helper| helper.thread.thread().id() == this)?;
    if !REMEMBER_LAST {
        return None;
    }
    let this = helpers.swap_remove(place);
    lock(&LAST.get(|| Mutex::new(None))).replace(this)
}
