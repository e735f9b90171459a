//! What to do with a token, as a pure function of what is known and the time. No thread, no
//! lock, no clock and no I/O is in here: time and chance come in as arguments.
//!
//! A token is *fresh* until it is *due*, then *urgent*, then *expired*, and there may be none.
//! A renewal, the *flight*, goes through its *legs*: those of the shared store, if there is one;
//! a refresh, if there is a refresh token and the policy is for it; then an authentication. A
//! token that had expired when it arrived is asked for once more.

mod back_off;
mod doubt;
mod evictions;
mod sharing;
mod terms;

use std::time::Duration;

use crate::clock::Moment;
use crate::store::{Refreshable, Rejection};
use crate::token::{About, Origin};
use crate::{AccessToken, Code, Error};

use super::event::{Event, EventKind};
use super::settings::Rules;
use super::stats::Stats;
use back_off::Trouble;
use doubt::Doubt;
use evictions::Evictions;
use sharing::{Sharing, is_everybodys};
use terms::{expired_on_arrival, unmeetable};

pub(crate) use terms::{
    Action, Answer, Grant, Held, Leg, Outcome, closed, has_much_more, settle_landed,
};

/// A renewal under way.
#[derive(Debug, Clone)]
struct Flight {
    number: u64,
    /// Whether nobody waited for it when it began.
    background: bool,
    /// The refresh token that is being presented. It is no longer anywhere else.
    spent: Option<Refreshable>,
    /// Where it has less time than the source gives: how much.
    time: Option<Duration>,
    /// Whether it asks for the second time, because a token had expired on its way.
    asks_anew: bool,
    sharing: Sharing,
}

/// What a source knows.
#[derive(Debug, Clone)]
pub(crate) struct State {
    rules: Rules,
    generation: u64,
    held: Option<Held>,
    /// This source's own: where a store is shared, that has it.
    refresh: Option<Refreshable>,
    /// The generation of the entry that was last taken from the store, or put there.
    era: u64,
    /// The last token that a resource server rejected, until another one comes.
    rejected: Option<Held>,
    /// What the store's last failure was, until it works again.
    store_error: Option<Error>,
    flight: Option<Flight>,
    flights: u64,
    trouble: Option<Trouble>,
    doubt: Doubt,
    evictions: Evictions,
    closed: bool,
    stats: Stats,
}

impl State {
    /// Knows nothing, but for a token that somebody else got, if there is one.
    pub(crate) fn new(rules: Rules, held: Option<Held>) -> Self {
        Self {
            generation: held.as_ref().map_or(0, |held| held.generation),
            evictions: Evictions::new(rules.policy),
            rules,
            held,
            refresh: None,
            era: 0,
            rejected: None,
            store_error: None,
            flight: None,
            flights: 0,
            trouble: None,
            doubt: Doubt::default(),
            closed: false,
            stats: Stats::default(),
        }
    }

    /// What to do about a call that wants a token with at least so much of its life left.
    pub(crate) fn decide(&self, now: Moment, min_validity: Duration) -> Action {
        if self.closed {
            return Action::Refuse(closed());
        }
        let Some((held, left)) = self.valid(now) else { return self.decide_without(now) };
        if !held.can_meet(min_validity) {
            return Action::Refuse(unmeetable(held.lifetime));
        }
        if left < min_validity {
            return self.decide_without(now);
        }
        let age = now.age_of(held.since);
        let token = held.token.clone();
        let waits = self.trouble.as_ref().is_some_and(|trouble| trouble.holds_renewal(now));
        match (age >= held.urgent, age >= held.due) {
            (true, _) if self.flight.is_some() => Action::Join,
            (true, _) if !waits => Action::Renew,
            (false, true) if self.flight.is_none() && !waits => Action::ServeAndRenew(token),
            _ => Action::Serve(token),
        }
    }

    /// The same where no token will do.
    fn decide_without(&self, now: Moment) -> Action {
        if self.flight.is_some() {
            return Action::Join;
        }
        match self.trouble.as_ref().and_then(|trouble| trouble.refusal(now)) {
            Some(error) => Action::Refuse(error),
            None => Action::Renew,
        }
    }

    /// What a caller gets who waited for a flight that came to this; `None` to decide anew.
    pub(crate) fn settle(
        &self,
        now: Moment,
        min_validity: Duration,
        outcome: Outcome,
    ) -> Option<Result<AccessToken, Error>> {
        match outcome {
            Outcome::Landed(token, held) => settle_landed(now, min_validity, token, held),
            Outcome::Failed(error) if self.closed => Some(Err(error)),
            Outcome::Failed(error) => Some(match self.valid(now) {
                Some((held, left)) if left >= min_validity => Ok(held.token.clone()),
                _ => Err(error),
            }),
            Outcome::Superseded => None,
        }
    }

    /// Begins a flight, whose number it answers. Only upon an action that says so.
    pub(crate) fn launch(&mut self, background: bool) -> u64 {
        debug_assert!(self.flight.is_none() && !self.closed);
        self.flights += 1;
        let number = self.flights;
        let sharing = Sharing::new(self.rules.shared);
        self.flight =
            Some(Flight { number, background, spent: None, time: None, asks_anew: false, sharing });
        number
    }

    /// Takes a launch back: the flight never was.
    pub(crate) fn recall(&mut self, number: u64) {
        self.flight.take_if(|flight| flight.number == number);
    }

    /// A flight has so much time, which is less than the source gives; zero: it was ended by the
    /// caller on whose thread it runs.
    pub(crate) fn hurry(&mut self, number: u64, time: Duration) {
        if let Some(flight) = self.flight.as_mut().filter(|flight| flight.number == number) {
            flight.time = Some(time);
        }
    }

    /// The process was stopped for so long that the lease of a flight is over, if it had one: it
    /// begins anew. Answers whether it does, which it does not where it has only to save what it
    /// came to.
    pub(crate) fn begin_anew(&mut self, number: u64) -> bool {
        let flight = self.flight.as_mut().filter(|flight| flight.number == number);
        let Some(flight) = flight.filter(|flight| !flight.sharing.is_ending()) else {
            return false;
        };
        // One that was marked counts as sent: nobody knows what became of the mark.
        flight.spent = None;
        flight.sharing = Sharing::new(self.rules.shared);
        true
    }

    /// Forgets a failure for want of time, where a caller has so much more that it is not to be
    /// its own.
    pub(crate) fn forgive(&mut self, time: Duration) {
        self.trouble.take_if(|trouble| trouble.is_forgiven(time));
    }

    /// What a flight does next; `None` where it does not matter any more. From here on, a
    /// refresh token that is to be sent counts as spent.
    pub(crate) fn next_leg(&mut self, number: u64) -> Option<Leg> {
        let prefers_refresh = self.evictions.prefer_refresh();
        let flight = self.flight.as_mut().filter(|flight| flight.number == number)?;
        if let Some(leg) = flight.sharing.leg() {
            return Some(leg);
        }
        if flight.spent.is_none() && prefers_refresh {
            flight.spent = self.refresh.take();
        }
        let spent = flight.spent.as_ref();
        Some(spent.map_or(Leg::Authenticate, |spent| Leg::Refresh(spent.token.clone())))
    }

    /// Takes in what a leg brought. `None` where the flight goes on with another; `draw` is a
    /// number from 0 to 1 at random.
    pub(crate) fn answered(
        &mut self,
        number: u64,
        answer: Answer,
        now: Moment,
        draw: f64,
        events: &mut Vec<Event>,
    ) -> Option<Outcome> {
        if self.flight.as_ref().is_none_or(|flight| flight.number != number) {
            return Some(Outcome::Superseded);
        }
        match answer {
            Answer::Requested(answer) => return self.requested(answer, now, draw, events),
            Answer::Loaded(Ok(entry)) => {
                return self.looked(entry.unwrap_or_default(), now, draw, events);
            }
            Answer::Saved(Ok(replaced)) => return self.saved(replaced, events),
            Answer::Leased(Ok(lease)) => self.leased(lease, draw),
            Answer::Waited => self.lingered(),
            Answer::TimeIsUp => return self.lingered_in_vain(now, draw, events),
            Answer::Loaded(Err(error)) | Answer::Leased(Err(error)) | Answer::Saved(Err(error)) => {
                return self.store_failed(error, events);
            }
        }
        None
    }

    fn requested(
        &mut self,
        answer: Result<Grant, Error>,
        now: Moment,
        draw: f64,
        events: &mut Vec<Event>,
    ) -> Option<Outcome> {
        let flight = self.flight.as_mut()?;
        match (answer, flight.spent.take()) {
            (Ok(grant), spent) => self.granted(grant, spent, now, draw, events),
            (Err(error), Some(spent)) if error.is_unprocessed() => {
                flight.sharing.give_back(spent.clone());
                self.refresh = Some(spent);
                self.failed(error, now, draw, events)
            }
            (Err(error), Some(spent)) => {
                flight.sharing.fall_back();
                self.evictions.note_failed_refresh(&error, spent.used);
                self.stats.fallbacks += 1;
                self.stats.authenticating_only = !self.evictions.prefer_refresh();
                events.push(self.event(EventKind::FellBack, Some(error)));
                None
            }
            (Err(error), None) => self.failed(error, now, draw, events),
        }
    }

    fn granted(
        &mut self,
        grant: Grant,
        spent: Option<Refreshable>,
        now: Moment,
        draw: f64,
        events: &mut Vec<Event>,
    ) -> Option<Outcome> {
        let leg = if spent.is_some() { Origin::Refresh } else { Origin::Authenticate };
        self.refresh = grant.refresh_token.clone().map(|token| Refreshable {
            used: spent.is_some_and(|spent| spent.token == token),
            token,
        });
        self.evictions.note_granted(leg);
        self.stats.authenticating_only = !self.evictions.prefer_refresh();
        let is_alive = grant.lifetime.is_none_or(|lifetime| now.age_of(grant.since) < lifetime);
        self.share(&grant, is_alive);
        if !is_alive {
            return self.expired_on_its_way(now, draw, events);
        }
        self.generation += 1;
        self.trouble = None;
        self.rejected = None;
        let kind = if leg == Origin::Refresh {
            self.stats.refreshes += 1;
            EventKind::Refreshed
        } else {
            self.stats.authentications += 1;
            EventKind::Authenticated
        };
        events.push(self.event(kind, None));
        self.hold(&grant.token, grant.lifetime, grant.since, leg, draw);
        self.conclude(Outcome::Landed(grant.token, self.held.clone()))
    }

    /// The process was stopped while the answer was under way, maybe: the flight asks anew, once.
    fn expired_on_its_way(
        &mut self,
        now: Moment,
        draw: f64,
        events: &mut Vec<Event>,
    ) -> Option<Outcome> {
        let flight = self.flight.as_mut()?;
        if std::mem::replace(&mut flight.asks_anew, true) {
            return self.failed(expired_on_arrival(), now, draw, events);
        }
        self.mark_again();
        None
    }

    /// Holds this token, if its lifetime is known, and tells it what it is.
    fn hold(
        &mut self,
        token: &AccessToken,
        lifetime: Option<Duration>,
        since: Moment,
        origin: Origin,
        draw: f64,
    ) {
        self.held = lifetime.map(|lifetime| {
            let (from, to) = self.rules.window;
            let due = lifetime.mul_f64((from + draw * (to - from)).clamp(0.0, 1.0)).min(lifetime);
            Held {
                token: token.clone(),
                generation: self.generation,
                origin,
                since,
                lifetime,
                due,
                urgent: terms::urgent_from(lifetime),
            }
        });
        let at = |age: fn(&Held) -> Duration| {
            self.held.as_ref().and_then(|held| since.wall_after(age(held)))
        };
        token.describe(About {
            origin,
            expires_at: at(|held| held.lifetime),
            renewal_due_at: at(|held| held.due.min(held.urgent)),
        });
    }

    fn failed(
        &mut self,
        error: Error,
        now: Moment,
        draw: f64,
        events: &mut Vec<Event>,
    ) -> Option<Outcome> {
        let flight = self.flight.as_mut()?;
        let before = self.trouble.as_ref().map_or(0, Trouble::in_a_row);
        let before = before.max(flight.sharing.rejected_in_a_row());
        let is_timeout = error.code() == Code::Timeout;
        let cut_short = flight.time.filter(|time| is_timeout || time.is_zero());
        let in_a_row = match error.code() {
            _ if flight.background => 0,
            // That says nothing of the service.
            Code::Exhausted => before,
            _ if cut_short.is_some() => before,
            _ => before.saturating_add(1),
        };
        let holding = self.valid(now).map(|(held, _)| held);
        let trouble =
            Trouble::new(error.clone(), in_a_row, holding, now, draw).cut_short(cut_short);
        if let Some(flight) = self.flight.as_mut().filter(|_| is_everybodys(&error)) {
            flight.sharing.reject(Rejection {
                error: error.clone(),
                in_a_row: in_a_row.max(1),
                until: trouble.remembered_until(),
            });
        }
        self.in_trouble(trouble, &error, now, events);
        self.conclude(Outcome::Failed(error))
    }

    /// A sibling's request failed, which this one's would as well.
    fn failed_elsewhere(
        &mut self,
        rejection: &Rejection,
        now: Moment,
        draw: f64,
        events: &mut Vec<Event>,
    ) -> Outcome {
        let error = rejection.error.clone();
        let holding = self.valid(now).map(|(held, _)| held);
        let trouble = Trouble::new(error.clone(), rejection.in_a_row, holding, now, draw)
            .remembered_to(rejection.until);
        let error = trouble.refusal(now).unwrap_or(error);
        self.in_trouble(trouble, &error, now, events);
        self.flight = None;
        Outcome::Failed(error)
    }

    fn in_trouble(
        &mut self,
        trouble: Trouble,
        error: &Error,
        now: Moment,
        events: &mut Vec<Event>,
    ) {
        self.trouble = Some(trouble);
        self.stats.failures += 1;
        events.push(self.event(EventKind::Failed, Some(error.clone())));
        if self.valid(now).is_some() {
            events.push(self.event(EventKind::ServedWhileFailing, Some(error.clone())));
        }
    }

    /// The flight came to nothing that the service could know of: a bug, say.
    pub(crate) fn crashed(
        &mut self,
        number: u64,
        error: Error,
        now: Moment,
        draw: f64,
        events: &mut Vec<Event>,
    ) -> Outcome {
        let Some(flight) = self.flight.as_mut().filter(|flight| flight.number == number) else {
            return Outcome::Superseded;
        };
        flight.sharing.go_alone();
        self.failed(error, now, draw, events).unwrap_or(Outcome::Superseded)
    }

    /// A resource server rejected this token. Answers whether it is the current one; an older
    /// one is gone already.
    pub(crate) fn invalidate(&mut self, token: &str, now: Moment) -> bool {
        let Some(held) = self.held.as_mut().filter(|held| held.token.as_str() == token) else {
            return false;
        };
        if let Some(until) = self.doubt.holds(now) {
            // It was renewed a moment ago for the same reason, and that did not help: so it
            // serves on for a while, and nobody hammers the service.
            let until = Duration::from_nanos(until.saturating_sub(held.since.boot));
            held.due = held.due.min(until);
            held.urgent = held.urgent.min(until);
            return true;
        }
        self.doubt.strike(now);
        self.rejected = self.held.take();
        self.trouble.take_if(|trouble| trouble.is_final());
        true
    }

    /// Other credentials: what is remembered of the old ones' rejection is void, and all that
    /// they brought if they are another API token's.
    pub(crate) fn replace_credentials(&mut self, same_api_token: bool) {
        self.trouble = None;
        self.flight = None;
        // The entry of other credentials is another one.
        self.era = 0;
        if !same_api_token {
            self.rejected = None;
            self.held = None;
            self.refresh = None;
            self.doubt = Doubt::default();
            self.evictions = Evictions::new(self.rules.policy);
        }
    }

    /// Ends it all; tokens are forgotten.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.flight = None;
        self.held = None;
        self.refresh = None;
        self.rejected = None;
    }

    /// The token that is held, and how much of its life is left, if there is any.
    fn valid(&self, now: Moment) -> Option<(&Held, Duration)> {
        let held = self.held.as_ref()?;
        Some((held, held.left(now)?))
    }

    pub(crate) fn held(&self) -> Option<&Held> {
        self.held.as_ref()
    }

    /// The age up to which the token can be served without asking here.
    pub(crate) fn serve_until(&self) -> Duration {
        let Some(held) = &self.held else { return Duration::ZERO };
        let trouble = self.trouble.as_ref().map(Trouble::renewal_held_until);
        match (&self.flight, trouble) {
            (Some(_), _) => held.urgent,
            (None, Some(until)) => {
                let age = Duration::from_nanos(until.saturating_sub(held.since.boot));
                age.max(held.due).min(held.urgent)
            }
            (None, None) => held.due.min(held.urgent),
        }
    }

    /// That a call was refused with a remembered failure; answers the event of the first one.
    pub(crate) fn note_refusal(&mut self) -> Option<Event> {
        let error = self.trouble.as_mut()?.first_refusal()?;
        Some(self.event(EventKind::Throttled, Some(error)))
    }

    pub(crate) fn note_wait(&mut self) {
        self.stats.waits += 1;
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats { store_error: self.store_error.clone(), ..self.stats.clone() }
    }

    pub(crate) fn is_authenticating_only(&self) -> bool {
        self.stats.authenticating_only
    }

    fn event(&self, kind: EventKind, error: Option<Error>) -> Event {
        Event::new(kind, self.generation, error)
    }
}

#[cfg(test)]
mod lab;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
