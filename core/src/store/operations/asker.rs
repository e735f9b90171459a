//! Who waits for the operations of a store.

use std::time::Instant;

use crate::sync::{Condvar, Mutex, lock, thread, wait};

/// Who asks for one operation after the other, and waits for each.
#[derive(Default)]
pub(crate) struct Asker {
    flags: Mutex<Flags>,
    changed: Condvar,
}

#[derive(Default)]
struct Flags {
    turn: Turn,
    begun: u64,
    /// The last operation that has an answer.
    answered: u64,
    given_up: bool,
    /// Where the last operation runs.
    runs_on: Option<thread::ThreadId>,
}

#[derive(Clone, Copy, Default, PartialEq)]
pub(super) enum Turn {
    #[default]
    Wanted,
    Had,
    Refused,
}

impl Asker {
    /// Ends the wait, and all to come.
    pub(crate) fn give_up(&self) {
        lock(&self.flags).given_up = true;
        self.changed.notify_all();
    }

    /// Whether this thread runs its operation.
    pub(crate) fn runs_here(&self) -> bool {
        lock(&self.flags).runs_on == Some(thread::current().id())
    }

    pub(super) fn is_given_up(&self) -> bool {
        lock(&self.flags).given_up
    }

    /// The number of the operation that begins.
    pub(super) fn begin(&self) -> u64 {
        let mut flags = lock(&self.flags);
        flags.begun += 1;
        flags.begun
    }

    pub(super) fn wait_for_turn(&self, until: Instant) {
        self.wait(until, |flags| flags.turn != Turn::Wanted);
    }

    pub(super) fn wait_for_answer(&self, number: u64, until: Instant) {
        self.wait(until, |flags| flags.answered >= number);
    }

    /// That an operation runs on this thread.
    pub(super) fn note_thread(&self) {
        lock(&self.flags).runs_on = Some(thread::current().id());
    }

    fn wait(&self, until: Instant, is_over: impl Fn(&Flags) -> bool) {
        let ready = |flags: &Flags| flags.given_up || is_over(flags);
        drop(wait(&self.flags, &self.changed, Some(until), ready));
    }

    pub(super) fn turn(&self) -> Turn {
        lock(&self.flags).turn
    }

    pub(super) fn set_turn(&self, turn: Turn) {
        lock(&self.flags).turn = turn;
        self.changed.notify_all();
    }

    pub(super) fn set_answered(&self, number: u64) {
        let mut flags = lock(&self.flags);
        flags.answered = flags.answered.max(number);
        drop(flags);
        self.changed.notify_all();
    }
}
