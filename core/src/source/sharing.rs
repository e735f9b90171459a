//! A flight's way to the shared store: seals and opens what passes, and sees to it that the
//! store takes no more time than it may.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::{Clock, from_now};
use crate::reached::reached;
use crate::store::{Asker, Change, Lease, Operations, Stored, TokenStore, Vault, unique};
use crate::{Credentials, Error};

use super::machine::{Answer, Leg};

/// The store of a source, and whose tokens are to be found there.
pub(crate) struct Sharing {
    operations: Operations,
    place: [String; 2],
}

/// What one flight does there. Its lease ends with it.
pub(crate) struct Visit<'a> {
    operations: &'a Operations,
    asker: Arc<Asker>,
    vault: Vault,
    name: Arc<str>,
    /// Nobody else's name.
    owner: Result<Arc<str>, Error>,
    /// How long the store may take at a time.
    budget: Duration,
    /// How long it may take yet.
    left: Duration,
    /// Whether the flight has made a request: what it saves from here on is what that brought.
    has_requested: bool,
    /// The entry that was loaded or saved last.
    entry: Option<Arc<[u8]>>,
    /// When the requests have to be over, once there is a lease.
    give_up: Option<Instant>,
}

/// A lease outlives its renewal's requests by that, and by what the store may take to save what
/// they brought.
const MARGIN: Duration = Duration::from_secs(1);

/// How long the requests of a flight may take once it has the lease: half of its deadline, so
/// that whoever waits for it has the rest, if it dies.
pub(super) fn time_of_lease(deadline: Duration) -> Duration {
    deadline / 2
}

/// How long the lease of a flight with so much time is asked for, of a store with this timeout.
pub(super) fn span_of_lease(time: Duration, timeout: Duration) -> Duration {
    time + timeout + MARGIN
}

/// How long a store may take in a flight with this deadline: most of that is for the requests.
fn budget(timeout: Duration, deadline: Duration) -> Duration {
    timeout.min(deadline / 4)
}

impl Sharing {
    pub(crate) fn new(store: Arc<dyn TokenStore>, place: [String; 2]) -> Self {
        Self { operations: Operations::new(store), place }
    }

    /// `asker` is the flight's: who gives it up ends what the visit waits for.
    pub(super) fn visit(
        &self,
        credentials: &Credentials,
        asker: &Arc<Asker>,
        deadline: Duration,
    ) -> Visit<'_> {
        let vault = Vault::new(credentials, [&self.place[0], &self.place[1]]);
        let budget = budget(self.operations.timeout(), deadline);
        Visit {
            operations: &self.operations,
            asker: asker.clone(),
            name: vault.name().into(),
            vault,
            owner: unique().map(Into::into),
            budget,
            left: budget,
            has_requested: false,
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
        self.left = self.budget;
    }

    /// The service was asked.
    pub(super) fn note_request(&mut self) {
        self.has_requested = true;
    }

    fn load(&mut self, clock: &Clock) -> Result<Option<Stored>, Error> {
        // Before: what it answers is as old as that.
        let now = clock.now();
        let name = self.name.clone();
        let load = move |store: &dyn TokenStore, within| store.load(&name, within);
        let loaded = self.timed(load, |_, _| {})?;
        self.entry = None;
        let Some(loaded) = loaded else { return Ok(None) };
        let text = self.vault.open(&loaded.entry);
        self.entry = Some(loaded.entry.into());
        Ok(text.and_then(|text| Stored::read(&text, loaded.left, now)))
    }

    fn save(&mut self, stored: &Stored, clock: &Clock) -> Result<bool, Error> {
        if self.has_requested {
            // What the request brought is not to be lost for what was waited for before it.
            self.rest();
        }
        let now = clock.now();
        let entry: Arc<[u8]> = self.vault.seal(&stored.write(now, self.left))?.into();
        let (name, replaces) = (self.name.clone(), self.entry.clone());
        let (ours, keep) = (entry.clone(), stored.keep(now));
        let save = move |store: &dyn TokenStore, within| {
            let change = Change { replaces: replaces.as_deref(), entry: &ours, keep };
            store.save(&name, &change, within)
        };
        // One that comes late has replaced what it was to replace, and is found by the next.
        let saved = self.timed(save, |_, _| {})?;
        if saved {
            self.entry = Some(entry);
        }
        Ok(saved)
    }

    fn lease(&mut self, time: Duration) -> Result<Lease, Error> {
        reached("lease");
        let give_up = from_now(time);
        let timeout = self.operations.timeout();
        let (name, owner) = (self.name.clone(), self.owner.clone()?);
        let (of_late, by_late) = (name.clone(), owner.clone());
        let lease = move |store: &dyn TokenStore, within| {
            store.lease(&name, &owner, span_of_lease(time, timeout), within)
        };
        let release = move |store: &dyn TokenStore, lease| {
            if lease == Lease::Acquired {
                let _ = store.release(&of_late, &by_late, timeout);
            }
        };
        let lease = self.timed(lease, release)?;
        self.give_up = (lease == Lease::Acquired).then_some(give_up);
        if self.give_up.is_some() {
            reached("leased");
        }
        Ok(lease)
    }

    /// Asks the store, and counts the time. `undo` has an answer that comes too late.
    fn timed<T: Send + 'static>(
        &mut self,
        ask: impl FnOnce(&dyn TokenStore, Duration) -> Result<T, Error> + Send + 'static,
        undo: impl FnOnce(&dyn TokenStore, T) + Send + 'static,
    ) -> Result<T, Error> {
        let start = Instant::now();
        if self.left.is_zero() {
            return Err(Error::store("the store is too slow").with_unprocessed(true));
        }
        let answer = self.operations.run(&self.asker, self.left, ask, undo);
        self.left = self.left.saturating_sub(start.elapsed());
        answer
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        if let (Some(_), Ok(owner)) = (self.give_up, &self.owner) {
            reached("ending");
            self.operations.release(&self.name, owner);
        }
    }
}
