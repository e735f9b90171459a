//! Who may use a store, and who waits to.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::Error;
use crate::spawn::spawn;
use crate::sync::{Mutex, lock};

use super::NAME;
use super::asker::{Asker, Turn};

/// What is done with a turn, and then forgotten.
pub(super) type Errand = Box<dyn FnOnce() + Send>;

/// The turns of one store.
pub(super) struct Turns {
    /// How many operations run at once.
    limit: usize,
    state: Mutex<Turned>,
}

#[derive(Default)]
struct Turned {
    running: usize,
    /// Those of them that nobody waits for any more.
    late: usize,
    waiting: VecDeque<Arc<Asker>>,
    errands: Vec<Errand>,
}

impl Turns {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, state: Mutex::default() }
    }

    /// Waits for a turn.
    pub(super) fn enter(&self, asker: &Arc<Asker>, until: Instant) -> Result<(), Error> {
        {
            let mut state = lock(&self.state);
            if state.running < self.limit {
                state.running += 1;
                return Ok(());
            }
            if state.late >= self.limit {
                return Err(stuck());
            }
            asker.set_turn(Turn::Wanted);
            state.waiting.push_back(asker.clone());
        }
        asker.wait_for_turn(until);
        let mut state = lock(&self.state);
        state.waiting.retain(|other| !Arc::ptr_eq(other, asker));
        match asker.turn() {
            Turn::Had => Ok(()),
            Turn::Refused => Err(stuck()),
            Turn::Wanted => {
                let busy = "the store was busy with the operations of others for all of its time";
                Err(Error::store(busy).with_unprocessed(true))
            }
        }
    }

    /// Gives the turn of an operation on, unless there is an errand left to do with it.
    pub(super) fn leave(&self, was_late: bool) -> Option<Errand> {
        let mut state = lock(&self.state);
        state.late -= usize::from(was_late);
        if let Some(errand) = state.errands.pop() {
            return Some(errand);
        }
        state.give_turn_on();
        None
    }

    pub(super) fn do_errands(&self, mut errand: Option<Errand>) {
        while let Some(this) = errand {
            this();
            errand = self.leave(false);
        }
    }

    /// Nobody waits for an operation any more. If that goes for all, nobody waits for a turn.
    pub(super) fn note_late(&self) {
        let mut state = lock(&self.state);
        state.late += 1;
        if state.late >= self.limit {
            state.waiting.drain(..).for_each(|asker| asker.set_turn(Turn::Refused));
        }
    }

    /// Leaves something to whoever has the turn; to a thread of its own where nobody has.
    pub(super) fn leave_errand(self: &Arc<Self>, errand: Errand) {
        {
            let mut state = lock(&self.state);
            state.errands.push(errand);
            if state.running >= self.limit {
                return;
            }
            state.running += 1;
        }
        let turns = self.clone();
        let run = move || turns.do_errands(turns.leave(false));
        if spawn(NAME, run).is_err() {
            // The next operation does it.
            lock(&self.state).give_turn_on();
        }
    }
}

#[cfg(all(test, frontegg_model))]
impl Turns {
    /// Whether nobody has a turn; then nothing else is there either.
    pub(super) fn are_free(&self) -> bool {
        let state = lock(&self.state);
        let is_free = state.running == 0;
        assert!(
            !is_free || state.late == 0 && state.waiting.is_empty() && state.errands.is_empty()
        );
        is_free
    }
}

impl Turned {
    fn give_turn_on(&mut self) {
        match self.waiting.pop_front() {
            Some(next) => next.set_turn(Turn::Had),
            None => self.running -= 1,
        }
    }
}

fn stuck() -> Error {
    let message = "an operation of the store has not returned yet, long after its time";
    Error::store(message).with_unprocessed(true)
}
