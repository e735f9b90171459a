//! A flight's way to the shared store: seals and opens what passes, and sees to it that the
//! store takes no more time than it may.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::guard::guard;
use crate::reached::reached;
use crate::store::{Change, Lease, Stored, TokenStore, Vault, unique};
use crate::{Credentials, Error};

use super::machine::{Answer, Leg};
use super::service::from_now;

/// The store of a source, and whose tokens are to be found there.
pub(crate) struct Sharing {
    store: Arc<dyn TokenStore>,
    place: [String; 2],
}

/// What one flight does there. Its lease ends with it.
pub(crate) struct Visit<'a> {
    store: &'a dyn TokenStore,
    vault: Vault,
    /// Nobody else's name.
    owner: Result<String, Error>,
    /// How long the store may take yet.
    left: Duration,
    /// The entry that was loaded or saved last.
    entry: Option<Vec<u8>>,
    /// When the requests have to be over, once there is a lease.
    give_up: Option<Instant>,
}

/// A lease outlives its flight by that, and by what the store may take to save the end of it.
const MARGIN: Duration = Duration::from_secs(1);

/// How long the requests of a flight may take once it has the lease: half of its deadline, so
/// that whoever waits for it has the rest, if it dies.
pub(super) fn time_of_lease(deadline: Duration) -> Duration {
    deadline / 2
}

/// How long the lease of a flight with so much time is asked for, of a store with this timeout.
pub(super) fn span_of_lease(time: Duration, timeout: Duration) -> Duration {
    time + 2 * timeout + MARGIN
}

impl Sharing {
    pub(crate) fn new(store: Arc<dyn TokenStore>, place: [String; 2]) -> Self {
        Self { store, place }
    }

    pub(super) fn visit(&self, credentials: &Credentials) -> Visit<'_> {
        Visit {
            store: &*self.store,
            vault: Vault::new(credentials, [&self.place[0], &self.place[1]]),
            owner: unique(),
            left: self.store.timeout(),
            entry: None,
            give_up: None,
        }
    }
}

impl Visit<'_> {
    /// Does what the machine wants of the store.
    pub(super) fn go(&mut self, leg: &Leg, clock: &Clock, deadline: Duration) -> Answer {
        match leg {
            Leg::Save(stored) => Answer::Saved(self.save(stored, clock)),
            Leg::Lease => Answer::Leased(self.lease(time_of_lease(deadline))),
            _ => Answer::Loaded(self.load(clock)),
        }
    }

    /// By when the requests have to be over.
    pub(super) fn give_up(&self) -> Option<Instant> {
        self.give_up
    }

    /// The store was left alone for a while.
    pub(super) fn rest(&mut self) {
        self.left = self.store.timeout();
    }

    fn load(&mut self, clock: &Clock) -> Result<Option<Stored>, Error> {
        // Before: what it answers is as old as that.
        let now = clock.now();
        let loaded = self.timed(|visit, within| visit.store.load(visit.vault.name(), within))?;
        self.entry = None;
        let Some(loaded) = loaded else { return Ok(None) };
        let text = self.vault.open(&loaded.entry);
        self.entry = Some(loaded.entry);
        Ok(text.and_then(|text| Stored::read(&text, loaded.left, now)))
    }

    fn save(&mut self, stored: &Stored, clock: &Clock) -> Result<bool, Error> {
        let now = clock.now();
        let entry = self.vault.seal(&stored.write(now, self.left))?;
        let saved = self.timed(|visit, within| {
            let replaces = visit.entry.as_deref();
            let change = Change { replaces, entry: &entry, keep: stored.keep(now) };
            visit.store.save(visit.vault.name(), &change, within)
        })?;
        if saved {
            self.entry = Some(entry);
        }
        Ok(saved)
    }

    fn lease(&mut self, time: Duration) -> Result<Lease, Error> {
        reached("lease");
        let give_up = from_now(time);
        let lease = self.timed(|visit, within| {
            let owner = visit.owner.clone()?;
            let span = span_of_lease(time, visit.store.timeout());
            visit.store.lease(visit.vault.name(), &owner, span, within)
        })?;
        self.give_up = (lease == Lease::Acquired).then_some(give_up);
        if self.give_up.is_some() {
            reached("leased");
        }
        Ok(lease)
    }

    /// Asks the store, whose panics are its own affair, and counts the time.
    fn timed<T>(
        &mut self,
        ask: impl FnOnce(&Self, Duration) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let start = Instant::now();
        if self.left.is_zero() {
            return Err(Error::store("the store is too slow").with_unprocessed(true));
        }
        let answer = guard(|| ask(self, self.left));
        self.left = self.left.saturating_sub(start.elapsed());
        answer
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        if let (Some(_), Ok(owner)) = (self.give_up, &self.owner) {
            reached("ending");
            let within = self.store.timeout();
            if let Err(error) = guard(|| self.store.release(self.vault.name(), owner, within)) {
                // It ends by itself.
                log::debug!("token source: a lease was not given back: {error}");
            }
        }
    }
}
