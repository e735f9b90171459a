//! How a flight deals with the shared store.
//!
//! It *looks* first: a sibling may have renewed the token. Else it asks for the *lease*, and
//! while somebody else has that, it *lingers* and looks again. With the lease it *relooks*;
//! takes the refresh token out of the entry, which is to *mark* it as spent before it is sent;
//! makes its request; and *keeps* what that brought. A store that fails anywhere on the way is
//! left alone for the rest of the flight.
//!
//! The lease only saves requests. That no refresh token is sent twice, and that nobody who lost
//! the lease overwrites anything newer, is due to the saves, each of which names the entry that
//! it replaces.

use std::time::Duration;

use crate::clock::Moment;
use crate::store::{Lease, Refreshable, Rejection, Stored};
use crate::token::Origin;
use crate::{Code, Error};

use super::terms::{still_renewing, urgent_from};
use super::{Event, EventKind, Grant, Held, Leg, Outcome, State};

/// How far a flight has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Look,
    Lease,
    Linger(Duration),
    Relook,
    Mark,
    /// The only one where no store is shared.
    Request,
    Reread,
    Keep,
}

/// What a flight knows of the store.
#[derive(Debug, Clone)]
pub(super) struct Sharing {
    pub(super) stage: Stage,
    /// Whether it has the lease, and saves what it brings.
    leased: bool,
    /// As it is in the store, or is to be.
    entry: Stored,
    /// Whether that differs.
    changed: bool,
    /// How long the next wait for the lease is at most.
    pause: Duration,
    conflicts: u32,
    /// What the flight came to, once that is saved.
    ending: Option<Outcome>,
}

/// Between two looks at an entry whose lease another has; grows by half each time.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// So often may others come between a look under the lease and the mark, which takes a lost
/// lease each time.
const CONFLICTS: u32 = 3;

impl Sharing {
    pub(super) fn new(shared: bool) -> Self {
        Self {
            stage: if shared { Stage::Look } else { Stage::Request },
            leased: false,
            entry: Stored::default(),
            changed: false,
            pause: FIRST_PAUSE,
            conflicts: 0,
            ending: None,
        }
    }

    /// What to ask of the store, if it is its turn.
    pub(super) fn leg(&self) -> Option<Leg> {
        match self.stage {
            Stage::Look | Stage::Relook | Stage::Reread => Some(Leg::Load),
            Stage::Lease => Some(Leg::Lease),
            Stage::Linger(pause) => Some(Leg::Wait(pause)),
            Stage::Mark | Stage::Keep => Some(Leg::Save(self.entry.clone())),
            Stage::Request => None,
        }
    }

    /// Whether all that is left is to save what it came to.
    pub(super) fn is_ending(&self) -> bool {
        self.ending.is_some()
    }

    /// A refresh failed in such a way that its token is lost.
    pub(super) fn fall_back(&mut self) {
        self.stage = if self.leased { Stage::Reread } else { Stage::Request };
    }

    /// The refresh token is as good as before.
    pub(super) fn give_back(&mut self, refreshable: Refreshable) {
        self.entry.refresh = Some(refreshable);
        self.changed = true;
    }

    /// The failures of the siblings before.
    pub(super) fn rejected_in_a_row(&self) -> u32 {
        self.entry.rejection.as_ref().map_or(0, |it| it.in_a_row)
    }

    pub(super) fn reject(&mut self, rejection: Rejection) {
        self.entry.rejection = Some(rejection);
        self.changed = true;
    }

    /// Leaves the store alone from here on.
    pub(super) fn go_alone(&mut self) {
        self.leased = false;
        self.stage = Stage::Request;
    }
}

/// Whether a failure is everybody's who has these credentials.
pub(super) fn is_everybodys(error: &Error) -> bool {
    matches!(error.code(), Code::InvalidCredentials | Code::Forbidden)
}

impl State {
    /// What a look at the store showed.
    pub(super) fn looked(
        &mut self,
        entry: Stored,
        now: Moment,
        draw: f64,
        events: &mut Vec<Event>,
    ) -> Option<Outcome> {
        if let Some(landed) = self.adopt(&entry, now, draw, events) {
            return Some(landed);
        }
        let flight = self.flight.as_mut()?;
        let stage = flight.sharing.stage;
        let rejection = entry.rejection.as_ref().filter(|it| now.boot < it.until);
        if let Some(rejection) = rejection.filter(|_| stage != Stage::Reread && !self.doubted()) {
            let rejection = rejection.clone();
            return Some(self.failed_elsewhere(&rejection, now, draw, events));
        }
        let flight = self.flight.as_mut()?;
        match stage {
            Stage::Reread => flight.sharing.stage = Stage::Request,
            Stage::Relook => self.take_refresh_token(entry),
            _ => flight.sharing.stage = Stage::Lease,
        }
        None
    }

    /// Whether a token was rejected and no other one is there yet.
    fn doubted(&self) -> bool {
        self.rejected.is_some()
    }

    /// Takes over a sibling's token, if it is worth more than what is held. An urgent one is
    /// for the case that nothing better comes, and the flight goes on.
    fn adopt(
        &mut self,
        entry: &Stored,
        now: Moment,
        draw: f64,
        events: &mut Vec<Event>,
    ) -> Option<Outcome> {
        let stored = entry.token.as_ref()?;
        let age = now.age_of(stored.since);
        let left = stored.lifetime.saturating_sub(age);
        let differs = |known: &Held| known.token != stored.token;
        let is_newer = match (&self.held, &self.rejected) {
            // By the store's clock, the very token that is held may seem a little younger.
            (Some(held), _) => differs(held) && left > held.left(now).unwrap_or_default(),
            // What was there before a rejected one is no better.
            (None, Some(rejected)) => {
                let is_younger = left >= rejected.left(now).unwrap_or_default();
                differs(rejected) && (entry.generation > self.era || is_younger)
            }
            (None, None) => true,
        };
        if entry.generation < self.era || left.is_zero() || !is_newer {
            return None;
        }
        self.era = entry.generation;
        self.refresh = None;
        self.rejected = None;
        self.generation += 1;
        self.hold(&stored.token, Some(stored.lifetime), stored.since, Origin::Store, draw);
        self.stats.store_hits += 1;
        events.push(self.event(EventKind::StoreHit, None));
        if age >= urgent_from(stored.lifetime) {
            return None;
        }
        self.trouble = None;
        self.store_works(events);
        self.flight = None;
        Some(Outcome::Landed(stored.token.clone(), self.held.clone()))
    }

    /// Decides, with the lease and upon its entry, what the request is to be.
    fn take_refresh_token(&mut self, mut entry: Stored) {
        let usable = entry.generation >= self.era && self.evictions.prefer_refresh();
        let Some(flight) = self.flight.as_mut() else { return };
        flight.spent = entry.refresh.take_if(|_| usable);
        flight.sharing.entry = entry;
        flight.sharing.stage = Stage::Request;
        if flight.spent.is_some() {
            flight.sharing.stage = Stage::Mark;
        }
    }

    /// With the lease, a refresh token that has just been received and shared is marked before it
    /// is sent, as any other.
    pub(super) fn mark_again(&mut self) {
        let Some(flight) = self.flight.as_mut() else { return };
        if flight.sharing.leased {
            let entry = flight.sharing.entry.clone();
            self.take_refresh_token(entry);
        }
    }

    pub(super) fn leased(&mut self, lease: Lease, draw: f64) {
        let Some(flight) = self.flight.as_mut() else { return };
        let sharing = &mut flight.sharing;
        match lease {
            Lease::Acquired => {
                sharing.leased = true;
                sharing.stage = Stage::Relook;
            }
            Lease::Held => {
                let pause = sharing.pause.mul_f64(0.5 + 0.5 * draw);
                sharing.pause = (sharing.pause * 3 / 2).min(LONGEST_PAUSE);
                sharing.stage = Stage::Linger(pause);
            }
        }
    }

    pub(super) fn lingered(&mut self) {
        let Some(flight) = self.flight.as_mut() else { return };
        flight.sharing.stage = Stage::Look;
    }

    /// Others have the lease, one after the other, and bring nothing.
    pub(super) fn lingered_in_vain(
        &mut self,
        now: Moment,
        draw: f64,
        events: &mut Vec<Event>,
    ) -> Option<Outcome> {
        self.failed(still_renewing(), now, draw, events)
    }

    /// `replaced`: whether the entry was still the one that it took the place of.
    pub(super) fn saved(&mut self, replaced: bool, events: &mut Vec<Event>) -> Option<Outcome> {
        let flight = self.flight.as_mut()?;
        let sharing = &mut flight.sharing;
        if sharing.stage == Stage::Keep {
            // It is the store's now; or a sibling's is, who took this one for dead.
            self.refresh = None;
            let ending = sharing.ending.take();
            self.flight = None;
            self.store_works(events);
            return ending;
        }
        if replaced {
            sharing.stage = Stage::Request;
            // What this source kept for itself while the store was away is not needed.
            self.refresh = None;
            return None;
        }
        flight.spent = None;
        sharing.conflicts += 1;
        sharing.stage = Stage::Relook;
        if sharing.conflicts > CONFLICTS {
            sharing.go_alone();
        }
        None
    }

    pub(super) fn store_failed(
        &mut self,
        error: Error,
        events: &mut Vec<Event>,
    ) -> Option<Outcome> {
        self.stats.store_failures += 1;
        if self.store_error.is_none() {
            events.push(self.event(EventKind::StoreFailed, Some(error.clone())));
        }
        let certainly_not_saved = error.is_unprocessed();
        self.store_error = Some(error);
        let flight = self.flight.as_mut()?;
        if flight.sharing.stage == Stage::Keep {
            if !certainly_not_saved {
                // A sibling may find it and send it.
                self.refresh = None;
            }
            let ending = flight.sharing.ending.take();
            self.flight = None;
            return ending;
        }
        flight.spent = None;
        flight.sharing.go_alone();
        None
    }

    fn store_works(&mut self, events: &mut Vec<Event>) {
        if self.rules.shared && self.store_error.take().is_some() {
            events.push(self.event(EventKind::StoreRecovered, None));
        }
    }

    /// Writes a grant into the flight's entry.
    pub(super) fn share(&mut self, grant: &Grant, is_alive: bool) {
        let refresh = self.refresh.clone();
        let Some(flight) = self.flight.as_mut() else { return };
        if !flight.sharing.leased {
            return;
        }
        flight.sharing.changed = true;
        let entry = &mut flight.sharing.entry;
        self.era = self.era.max(entry.generation) + 1;
        entry.generation = self.era;
        entry.refresh = refresh;
        entry.rejection = None;
        if is_alive {
            entry.token = grant.stored();
        }
    }

    /// Ends the flight; where it has the lease and something to keep, once that is saved.
    pub(super) fn conclude(&mut self, outcome: Outcome) -> Option<Outcome> {
        let sharing = self.flight.as_mut().map(|flight| &mut flight.sharing);
        if let Some(sharing) = sharing.filter(|sharing| sharing.leased && sharing.changed) {
            sharing.stage = Stage::Keep;
            sharing.ending = Some(outcome);
            return None;
        }
        self.flight = None;
        Some(outcome)
    }
}
