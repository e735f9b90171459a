//! A store that has one entry and lends one lease. Its operations are those of
//! [`TokenStore`](crate::TokenStore), each done at once: what takes time is the way there.
//!
//! It keeps entries as they are written down, but for the JSON and the seal, which would be
//! most of the simulation's time. Where a store compares sealed entries, of which no two are
//! alike, this one compares their numbers.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use crate::store::{Lease, Written};

use super::plan::{MILLISECOND, Shared, Time};

/// So many entries of the past can come back.
const REMEMBERED: usize = 4;

#[derive(Clone)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) written: Rc<Written>,
    pub(super) generation: u64,
    until: Time,
}

#[derive(Clone)]
pub(super) struct Store {
    kind: Shared,
    entry: Option<Entry>,
    past: VecDeque<Option<Entry>>,
    /// Its owner and its end.
    lease: Option<(u64, Time)>,
    saves: u64,
    /// How often it lost what it had.
    pub(super) losses: u64,
    /// How often it took back what it had answered.
    pub(super) relapses: u64,
}

/// A load's answer: the entry, and for how long it is kept yet.
pub(super) type Loaded = Option<(Entry, Option<Duration>)>;

impl Store {
    pub(super) fn new(kind: Shared) -> Self {
        Self {
            kind,
            entry: None,
            past: VecDeque::new(),
            lease: None,
            saves: 0,
            losses: 0,
            relapses: 0,
        }
    }

    pub(super) fn load(&mut self, now: Time) -> Loaded {
        // Files are kept until somebody removes them.
        let ends = self.kind == Shared::Server;
        self.entry.take_if(|entry| ends && entry.until <= now);
        let entry = self.entry.clone()?;
        // Servers tell it in milliseconds.
        let left = ends.then(|| Duration::from_millis((entry.until - now) / MILLISECOND));
        Some((entry, left))
    }

    /// The number of what is saved; `None` where another entry is there.
    pub(super) fn save(
        &mut self,
        replaces: Option<u64>,
        written: Rc<Written>,
        generation: u64,
        keep: Time,
        now: Time,
    ) -> Option<u64> {
        let current = self.load(now).map(|(entry, _)| entry.number);
        if current.is_some() && current != replaces {
            return None;
        }
        let before = self.entry.as_ref().map_or(0, |entry| entry.generation);
        assert!(generation >= before, "the store's generation goes back");
        self.saves += 1;
        let entry = Entry { number: self.saves, written, generation, until: now + keep };
        let past = self.entry.replace(entry);
        self.past.push_front(past);
        self.past.truncate(REMEMBERED);
        Some(self.saves)
    }

    pub(super) fn lease(&mut self, owner: u64, span: Time, now: Time) -> Lease {
        self.lease.take_if(|(_, end)| *end <= now);
        if self.lease.is_some() {
            return Lease::Held;
        }
        self.lease = Some((owner, now + span));
        Lease::Acquired
    }

    pub(super) fn release(&mut self, owner: u64) {
        self.lease.take_if(|(holder, _)| *holder == owner);
    }

    /// A process has ended, and with it what the kernel held for it.
    pub(super) fn let_go(&mut self, owner: u64) {
        if self.kind == Shared::Files {
            self.release(owner);
        }
    }

    pub(super) fn empty(&mut self) {
        self.entry = None;
        self.past.clear();
        self.lease = None;
        self.losses += 1;
    }

    /// What was saved last has not come through to the server that takes over.
    pub(super) fn fail_over(&mut self, saves: u64) {
        for _ in 0..saves {
            let Some(entry) = self.past.pop_front() else { break };
            self.entry = entry;
        }
        self.lease = None;
        self.losses += 1;
        self.relapses += 1;
    }

    pub(super) fn kind(&self) -> Shared {
        self.kind
    }
}
