//! What must hold whatever happens. Whoever finds that it does not panics.

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::nanos;
use crate::source::machine::{Answer, Outcome};
use crate::token::Origin;
use crate::{AccessToken, Error};

use super::plan::{MILLISECOND, MINUTE, Time};
use super::world::World;

/// The shortest back-off, less its jitter.
const SHORTEST: Time = 750 * MILLISECOND;
/// Flights in any minute: those that the back-offs allow (after 1, 2, 4, 8, 16 s, and then every
/// 30 s), and those that rejected tokens cause, which wait as long.
const MOST_FLIGHTS: usize = 16;

/// About the whole fleet.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Whether the store took back what it had answered. Then it may give the same refresh token
    /// to two holders, and nothing that holders do can tell.
    relapsed: bool,
    /// By how much saves came late to the store, after their holders had given them up. What
    /// was saved counts as so much younger: nothing there tells when it was sent.
    late: Time,
    /// Whose flights are at the service with the lease of the store.
    renewing: Vec<usize>,
}

/// About one process.
#[derive(Debug, Default)]
pub(super) struct Diary {
    /// When its last flight failed, unless something happened that voids it.
    failed_at: Option<Time>,
    /// The flights of the last minute.
    launches: VecDeque<Time>,
    generation: u64,
    /// The latest of the store's generations that it took from there, or made.
    era: u64,
    /// What a resource server has rejected, until another token came.
    rejected: Option<AccessToken>,
}

/// What was so before an answer came.
pub(super) struct Before {
    /// For how long yet the token that was held was valid.
    left: Option<Duration>,
    /// What the answer has, if that is an entry with a token.
    offer: Option<Offer>,
    /// Whether the answer is the service's, and not a sibling's word about it.
    of_service: bool,
    generation: u64,
}

/// A sibling's token, which its holder may take.
struct Offer {
    token: AccessToken,
    generation: u64,
    left: Duration,
}

impl Watch {
    pub(super) fn relapsed(&mut self) {
        self.relapsed = true;
    }

    pub(super) fn saves_late(&mut self, by: Time) {
        self.late += by;
    }

    /// A flight is over, or its process.
    pub(super) fn ends(&mut self, who: usize) {
        self.renewing.retain(|other| *other != who);
    }
}

impl Diary {
    pub(super) fn invalidated(&mut self, token: AccessToken) {
        self.failed_at = None;
        self.rejected = Some(token);
    }

    pub(super) fn has_seen(&mut self, era: u64) {
        self.era = self.era.max(era);
    }
}

impl World {
    #[track_caller]
    fn hold(&self, who: usize, holds: bool, otherwise: &str) {
        if !holds {
            self.tell(who, otherwise);
            panic!("seed {}, holder {who}, at {} ns: {otherwise}", self.plan.seed, self.now);
        }
    }

    /// What is served is not expired, by the time of the world.
    pub(super) fn check_served(&self, who: usize, token: &AccessToken) {
        let number = token.as_str()[1..].parse().expect("access tokens are numbered");
        let end = self.service.issued(number) + nanos(self.plan.lifetime) + self.watch.late;
        self.hold(who, self.now < end, "an expired token is served");
    }

    /// A service that has been well for long enough serves everybody.
    pub(super) fn check_refused(&self, who: usize, error: &Error) {
        if self.has_recovered() {
            self.hold(who, false, &format!("a call fails although all is well: {error}"));
        }
    }

    /// One flight at a time, and not too many after each other.
    pub(super) fn check_launch(&mut self, who: usize) {
        let now = self.now;
        let holder = &mut self.holders[who];
        let is_single = holder.flight.is_none();
        let launches = &mut holder.diary.launches;
        while launches.front().is_some_and(|first| first + MINUTE < now) {
            launches.pop_front();
        }
        launches.push_back(now);
        let few = launches.len() <= MOST_FLIGHTS;
        let waited = holder.diary.failed_at.is_none_or(|failed| now >= failed + SHORTEST);
        self.hold(who, is_single, "a second flight");
        self.hold(who, waited, "a flight right after one that failed");
        self.hold(who, few, "one flight after the other");
    }

    /// Who reaches the store asks with its lease; one renewal at a time among those who have had
    /// that all the while.
    pub(super) fn check_request(&mut self, who: usize) {
        let flight = self.holders[who].flight.as_ref();
        let lacks = flight.is_some_and(|it| it.owner().is_none());
        let visit = flight.and_then(|it| it.visit.as_ref());
        let reaches = visit.is_some_and(|visit| !visit.is_troubled);
        self.hold(who, !(lacks && reaches), "a request without the lease, although all is well");
        if !self.has_lease(who) || self.watch.renewing.contains(&who) {
            return;
        }
        for index in 0..self.watch.renewing.len() {
            let other = self.watch.renewing[index];
            let lost = !self.has_lease(other);
            self.hold(who, lost, &format!("a request beside that of holder {other}"));
        }
        self.watch.renewing.push(who);
    }

    /// Whether it was given the lease, and nothing has happened that could have ended it.
    fn has_lease(&self, who: usize) -> bool {
        let Some(store) = &self.store else { return false };
        let flight = self.holders[who].flight.as_ref();
        let flight = flight.filter(|it| !it.was_stopped && it.owner().is_some());
        flight.and_then(|it| it.visit.as_ref()).is_some_and(|it| it.losses == store.losses)
    }

    /// The service has seen a refresh token again.
    pub(super) fn check_presented_twice(&self, who: usize) {
        self.hold(who, self.watch.relapsed, "a refresh token is sent twice");
    }

    pub(super) fn before_answer(&self, who: usize, answer: &Answer) -> Before {
        let holder = &self.holders[who];
        let held = holder.state.held();
        let now = self.moment(who);
        let mut offer = None;
        if let Answer::Loaded(Ok(Some(entry))) = answer {
            self.tell(who, &format!("the store's generation is {}", entry.generation));
            let token = entry.token.as_ref().filter(|token| {
                now.age_of(token.since) < token.lifetime
                    && holder.diary.rejected.as_ref() != Some(&token.token)
            });
            offer = token.map(|token| Offer {
                token: token.token.clone(),
                generation: entry.generation,
                left: token.lifetime.saturating_sub(now.age_of(token.since)),
            });
        }
        Before {
            of_service: matches!(answer, Answer::Requested(_)),
            left: held.and_then(|held| held.left(now)),
            offer,
            generation: held.map_or(0, |held| held.generation),
        }
    }

    /// A failure displaces no valid token, nothing older takes the place of what is newer, and
    /// what siblings have is taken from them and left to them.
    pub(super) fn check_answer(&mut self, who: usize, before: &Before, outcome: Option<&Outcome>) {
        self.check_offer(who, before);
        if outcome.is_some_and(|outcome| !matches!(outcome, Outcome::Superseded)) {
            let visit = self.holders[who].flight.as_ref().and_then(|it| it.visit.as_ref());
            let kept = visit.is_none_or(|visit| visit.is_troubled || visit.owes.is_none());
            self.hold(who, kept, "what a renewal brought is not kept for the others");
        }
        let now = self.moment(who);
        let holder = &mut self.holders[who];
        let (mut goes_back, mut displaced) = (false, false);
        if let Some(held) = holder.state.held() {
            goes_back = held.generation < holder.diary.generation;
            holder.diary.generation = held.generation;
            if held.generation > before.generation {
                holder.diary.rejected = None;
            }
            if held.origin == Origin::Store && held.generation > before.generation {
                let loaded = holder.flight.as_ref().and_then(|it| it.visit.as_ref());
                let loaded = loaded.map_or(0, |visit| visit.loaded);
                goes_back |= loaded < holder.diary.era;
                holder.diary.era = loaded;
            }
        }
        match outcome {
            Some(Outcome::Failed(error)) => {
                let failed = Outcome::Failed(error.clone());
                let settled = holder.state.settle(now, Duration::ZERO, failed);
                displaced = before.left.is_some() && !matches!(settled, Some(Ok(_)));
                let asked = before.of_service.then_some(self.now);
                holder.diary.failed_at = asked.or(holder.diary.failed_at);
            }
            Some(_) => holder.diary.failed_at = None,
            None => {}
        }
        self.hold(who, !goes_back, "a generation goes back");
        self.hold(who, !displaced, "a failure displaces a valid token");
    }

    /// A sibling's token is taken where it is newer and worth more, and only there; never one
    /// that was rejected.
    fn check_offer(&self, who: usize, before: &Before) {
        let diary = &self.holders[who].diary;
        let held = self.holders[who].state.held();
        let is_new = held.is_some_and(|held| held.generation > before.generation);
        let held = held.map(|held| &held.token);
        let is_back = is_new && held == diary.rejected.as_ref();
        self.hold(who, !is_back, "a rejected token is back");
        let Some(offer) = &before.offer else { return };
        let is_taken = held == Some(&offer.token);
        let is_worth_more = before.left.is_none_or(|left| offer.left > left);
        let must = offer.generation > diary.era && is_worth_more;
        self.hold(who, is_taken || !must, "a sibling's token is left alone");
        self.hold(who, is_worth_more || !is_new, "a sibling's token is taken that is worth less");
    }

    /// After the quiet time at the end, everybody has a token.
    pub(super) fn check_end(&mut self) {
        for who in 0..self.holders.len() {
            let now = self.moment(who);
            let holder = &self.holders[who];
            let held = holder.state.held();
            let serves = held.is_some_and(|held| held.left(now).is_some());
            self.hold(who, holder.up && serves, "no token, although all is well");
        }
    }
}
