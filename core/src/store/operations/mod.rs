//! Runs the operations of a store, so that nobody waits for one longer than it may take.
//!
//! No operation can be ended from outside: one on a file system that hangs, or in a store of the
//! user's that sleeps, keeps its thread. So each runs on a thread of its own, and whoever asked
//! for it goes on without an answer when the time is up. That thread stays behind; while it does,
//! it has the store's turn, and further operations fail at once. When it is back, it undoes what
//! nobody knows of any more, and gives the turn on.
//!
//! Where the system gives no thread, an operation runs on the thread of whoever asked for it,
//! which waits for it however long it takes: a store is not given up for want of a thread.

mod asker;
#[cfg(all(test, frontegg_model))]
mod model;
mod turns;

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::Error;
use crate::guard::guard;
use crate::logs::log_line;
use crate::per_process::PerProcess;
use crate::spawn::spawn;
use crate::sync::{Mutex, lock};

use super::{StoreIdentity, TIMEOUT, TokenStore};
pub(crate) use asker::Asker;
use turns::{Errand, Turns};

/// Of its threads.
const NAME: &str = "frontegg-store";
/// A store that keeps to its time ends within this span after it, and tells what was wrong.
const GRACE: Duration = Duration::from_millis(20);
/// How long to wait until a lease is given back, at most: who closes a source waits for that.
const RELEASE: Duration = Duration::from_millis(500);

/// The operations of one store.
pub(crate) struct Operations {
    store: Arc<dyn TokenStore>,
    timeout: Duration,
    /// Whether they run where they are asked for.
    inline: bool,
    turns: PerProcess<Arc<Turns>>,
}

type Ask<T> = Box<dyn FnOnce(&dyn TokenStore, Duration) -> Result<T, Error> + Send>;
type Undo<T> = Box<dyn FnOnce(&dyn TokenStore, T) + Send>;

impl Operations {
    pub(crate) fn new(store: Arc<dyn TokenStore>) -> Self {
        // Asked for once, and not in a renewal: these are calls of the host's as well.
        let timeout = guard(|| Ok(store.timeout())).unwrap_or(TIMEOUT).min(crate::LONGEST);
        let inline = guard(|| Ok(store.never_blocks())).unwrap_or(false);
        Self { store, timeout, inline, turns: PerProcess::new() }
    }

    /// How long the operations of one renewal may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Runs an operation. If `asker` leaves before there is an answer, and there is one later,
    /// `undo` has it.
    ///
    /// An error is [unprocessed](Error::is_unprocessed) where the operation was not begun.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        asker: &Arc<Asker>,
        within: Duration,
        ask: impl FnOnce(&dyn TokenStore, Duration) -> Result<T, Error> + Send + 'static,
        undo: impl FnOnce(&dyn TokenStore, T) + Send + 'static,
    ) -> Result<T, Error> {
        let patience = within.saturating_add(within / 10).saturating_add(GRACE);
        self.run_for(asker, within, patience, ask, undo)
    }

    /// `patience`: how long to wait for the answer.
    fn run_for<T: Send + 'static>(
        &self,
        asker: &Arc<Asker>,
        within: Duration,
        patience: Duration,
        ask: impl FnOnce(&dyn TokenStore, Duration) -> Result<T, Error> + Send + 'static,
        undo: impl FnOnce(&dyn TokenStore, T) + Send + 'static,
    ) -> Result<T, Error> {
        if self.inline {
            return guard(|| ask(&*self.store, within));
        }
        let start = Instant::now();
        let turns = self.turns();
        turns.enter(asker, start + within.min(patience))?;
        let left = within.saturating_sub(start.elapsed());
        let operation = Arc::new(Operation {
            number: asker.begin(),
            asker: asker.clone(),
            turns,
            state: Mutex::new(Progress::Asked(Box::new(ask), Box::new(undo))),
        });
        // Then it is not to begin; its thread gives the turn on.
        let given_up = asker.is_given_up().then(|| operation.leave(&self.store, within));
        let (theirs, store) = (operation.clone(), self.store.clone());
        let run = move || theirs.run(store, left);
        if spawn(NAME, run).is_err() {
            operation.clone().run(self.store.clone(), left);
        }
        if let Some(given_up) = given_up {
            return given_up;
        }
        asker.wait_for_answer(operation.number, start + patience);
        operation.leave(&self.store, within)
    }

    /// Gives back a lease. Waits for that a moment; where another operation hangs, the lease is
    /// given back when that one has returned.
    pub(crate) fn release(&self, name: &Arc<str>, owner: &Arc<str>) {
        let (timeout, asker) = (self.timeout, Arc::default());
        let release = {
            let (name, owner) = (name.clone(), owner.clone());
            move |store: &dyn TokenStore, within| store.release(&name, &owner, within)
        };
        let errand_of = |store: Arc<dyn TokenStore>, release: Ask<()>| -> Errand {
            Box::new(move || told(guard(|| release(&*store, timeout))))
        };
        let again = release.clone();
        let patience = timeout.min(RELEASE);
        let released = self.run_for(&asker, timeout, patience, release, |_, ()| {});
        let is_unprocessed = released.as_ref().is_err_and(Error::is_unprocessed);
        told(released);
        if is_unprocessed && !self.inline {
            self.turns().leave_errand(errand_of(self.store.clone(), Box::new(again)));
        }
    }

    /// Those of this process. All sources of a store share them.
    fn turns(&self) -> Arc<Turns> {
        type All = Mutex<HashMap<StoreIdentity, Weak<Turns>>>;
        static ALL: PerProcess<All> = PerProcess::new();
        let of_store = || {
            let identity = guard(|| Ok(self.store.identity()));
            let limit = guard(|| Ok(self.store.concurrency())).unwrap_or(1).max(1);
            let new = || Arc::new(Turns::new(limit));
            let Ok(identity) = identity else { return new() };
            if cfg!(frontegg_model) {
                // Its runs share nothing.
                return new();
            }
            let all = ALL.get(Mutex::default);
            let mut all = lock(&all);
            if let Some(turns) = all.get(&identity).and_then(Weak::upgrade) {
                return turns;
            }
            all.retain(|_, turns| turns.strong_count() > 0);
            let turns = new();
            all.insert(identity, Arc::downgrade(&turns));
            turns
        };
        Arc::clone(&*self.turns.get(of_store))
    }
}

/// Tells the log alone: a lease that was not given back ends by itself.
fn told(released: Result<(), Error>) {
    if let Err(error) = released {
        log_line!(Debug, "token source: a lease was not given back: {error}");
    }
}

/// One operation that has the turn.
struct Operation<T> {
    number: u64,
    asker: Arc<Asker>,
    turns: Arc<Turns>,
    state: Mutex<Progress<T>>,
}

enum Progress<T> {
    Asked(Ask<T>, Undo<T>),
    Running(Undo<T>),
    Answered(Result<T, Error>),
    /// Nobody waits any more.
    Left(Option<Undo<T>>, Arc<dyn TokenStore>),
    Over,
}

impl<T> Operation<T> {
    fn run(self: Arc<Self>, store: Arc<dyn TokenStore>, within: Duration) {
        let ask = {
            let mut state = lock(&self.state);
            match std::mem::replace(&mut *state, Progress::Over) {
                Progress::Asked(ask, undo) => {
                    *state = Progress::Running(undo);
                    Some(ask)
                }
                // Left before it began: it is not begun.
                other => {
                    *state = other;
                    None
                }
            }
        };
        self.asker.note_thread();
        let answer = ask.map(|ask| guard(|| ask(&*store, within)));
        // The asker's own is the last one, unless it has left.
        drop(store);
        let mut state = lock(&self.state);
        if let Progress::Left(undo, store) = std::mem::replace(&mut *state, Progress::Over) {
            drop(state);
            if let (Some(Ok(value)), Some(undo)) = (answer, undo) {
                let _ = guard(|| {
                    undo(&*store, value);
                    Ok(())
                });
            }
            drop(store);
            self.turns.do_errands(self.turns.leave(true));
        } else {
            if let Some(answer) = answer {
                *state = Progress::Answered(answer);
            }
            let errand = self.turns.leave(false);
            drop(state);
            self.asker.set_answered(self.number);
            self.turns.do_errands(errand);
        }
    }

    /// The answer, if there is one.
    fn leave(&self, store: &Arc<dyn TokenStore>, within: Duration) -> Result<T, Error> {
        let mut state = lock(&self.state);
        let (undo, was_begun) = match std::mem::replace(&mut *state, Progress::Over) {
            Progress::Answered(answer) => return answer,
            Progress::Running(undo) => (Some(undo), true),
            _ => (None, false),
        };
        *state = Progress::Left(undo, store.clone());
        self.turns.note_late();
        drop(state);
        let message = format!("the store did not answer within its time, {within:?}");
        Err(Error::store(message).with_unprocessed(!was_begun))
    }
}
