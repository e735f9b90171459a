//! What a flight does at the store, as the source does it: within the store's time, and with a
//! lease that ends before what it is for.

use std::rc::Rc;
use std::time::Duration;

use crate::Error;
use crate::builder;
use crate::clock::{Moment, nanos};
use crate::source::machine::Leg;
use crate::source::sharing::{span_of_lease, time_of_lease};
use crate::store::{Lease, Stored, Written};

use super::plan::Time;
use super::store::Loaded;
use super::world::{Operation, Reply, World};

/// Looks and requests for the lease, while somebody else has it for all of a deadline.
const MOST_OPERATIONS: u32 = 300;

/// What it does at the store.
pub(super) struct Visit {
    pub(super) owner: u64,
    pub(super) left: Duration,
    /// The number of the entry that was loaded or saved last.
    entry: Option<u64>,
    /// The generation that was loaded last.
    pub(super) loaded: u64,
    /// How much it asked of the store.
    operations: u32,
    /// When the operation under way began, by the holder's clocks and the world's.
    asked: (Moment, Time),
    pub(super) give_up: Option<Time>,
    /// How often the store had lost its data when it gave the lease.
    pub(super) losses: u64,
    /// Whether an operation failed, or somebody came in between.
    pub(super) is_troubled: bool,
    /// What it got for all, and has not saved.
    pub(super) owes: Option<Debt>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Debt {
    Tokens,
    /// One that was not sent after all.
    RefreshToken,
}

impl World {
    /// Does what the machine wants of the store.
    pub(super) fn ask(&mut self, who: usize, leg: Leg) {
        let moment = self.moment(who);
        let timeout = self.store_timeout();
        let owner = self.rng.next();
        let holder = &mut self.holders[who];
        let flight = holder.flight.as_mut().expect("a flight asks the store");
        let visit = flight.visit.get_or_insert(Visit {
            owner,
            left: timeout,
            entry: None,
            loaded: 0,
            operations: 0,
            asked: (moment, self.now),
            give_up: None,
            losses: 0,
            is_troubled: false,
            owes: None,
        });
        visit.asked = (moment, self.now);
        visit.operations += 1;
        assert!(visit.operations <= MOST_OPERATIONS, "the store is hammered");
        if let Leg::Save(stored) = &leg {
            let is_newer = stored.generation > visit.loaded;
            assert!(is_newer || visit.owes != Some(Debt::Tokens), "new tokens, and no generation");
            if is_newer {
                holder.diary.has_seen(stored.generation);
            }
        }
        if visit.left.is_zero() {
            let error = Error::store("the store is too slow").with_unprocessed(true);
            return self.reply_to_self(who, 0, Reply::StoreFailed(error));
        }
        let within = nanos(visit.left);
        let operation = match leg {
            Leg::Save(stored) => {
                let written = Rc::new(Written::new(&stored, moment, visit.left, &holder.host));
                let keep = stored.keep(moment);
                let generation = stored.generation;
                Operation::Save { replaces: visit.entry, written, generation, keep }
            }
            Leg::Lease => {
                visit.losses = self.store.as_ref().map_or(0, |store| store.losses);
                let span = span_of_lease(time_of_lease(builder::DEADLINE), timeout);
                Operation::Lease { owner: visit.owner, span }
            }
            _ => Operation::Load,
        };
        self.send_to_store(who, operation, within);
    }

    /// Counts the time that the store took.
    pub(super) fn spend(&mut self, who: usize) {
        let now = self.now;
        let visit = self.visit(who);
        visit.left = visit.left.saturating_sub(Duration::from_nanos(now - visit.asked.1));
    }

    pub(super) fn loaded(&mut self, who: usize, loaded: Loaded) -> Option<Stored> {
        self.spend(who);
        let visit = self.visit(who);
        visit.entry = loaded.as_ref().map(|(entry, _)| entry.number);
        visit.loaded = loaded.as_ref().map_or(0, |(entry, _)| entry.generation);
        let asked = visit.asked.0;
        let (entry, left) = loaded?;
        Some(Written::clone(&entry.written).into_stored(left, asked, &self.holders[who].host))
    }

    pub(super) fn leased(&mut self, who: usize, lease: Lease) -> Lease {
        self.spend(who);
        let flight = self.flight(who);
        let visit = flight.visit.as_mut().expect("the store was asked");
        let give_up = visit.asked.1 + nanos(time_of_lease(builder::DEADLINE));
        visit.give_up = (lease == Lease::Acquired).then_some(give_up);
        flight.give_up = visit.give_up.map_or(flight.give_up, |end| end.min(flight.give_up));
        lease
    }

    pub(super) fn saved(&mut self, who: usize, number: Option<u64>) -> bool {
        self.spend(who);
        let visit = self.visit(who);
        visit.entry = number.or(visit.entry);
        visit.is_troubled |= number.is_none();
        visit.owes = None;
        number.is_some()
    }

    pub(super) fn owe(&mut self, who: usize, debt: Debt) {
        if let Some(visit) = &mut self.flight(who).visit {
            visit.owes = Some(debt);
        }
    }

    pub(super) fn visit(&mut self, who: usize) -> &mut Visit {
        self.flight(who).visit.as_mut().expect("the store was asked")
    }
}
