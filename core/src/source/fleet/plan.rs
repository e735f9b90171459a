//! What happens to a fleet: how large it is, what it shares, and which faults it meets.

use std::ops::Range;
use std::time::Duration;

use crate::Policy;

use super::rng::{Rng, stir};

/// Virtual time, in nanoseconds since the simulation began.
pub(super) type Time = u64;

pub(super) const MILLISECOND: Time = 1_000_000;
pub(super) const SECOND: Time = 1000 * MILLISECOND;
pub(super) const MINUTE: Time = 60 * SECOND;
pub(super) const HOUR: Time = 60 * MINUTE;

/// What kind of store the holders share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shared {
    /// A server: it tells how long it keeps an entry yet, and its leases end by its own clock.
    Server,
    /// Files of one host: all holders have its clocks, and leases end with their process too.
    Files,
}

#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) holders: u32,
    pub(super) policy: Policy,
    pub(super) shared: Option<Shared>,
    pub(super) lifetime: Duration,
    /// Holders start within this time, one after the other.
    pub(super) start_within: Time,
    /// Until then there are faults; after that, all is well.
    pub(super) trouble_until: Time,
    /// The simulation's end.
    pub(super) end: Time,
    /// How many refresh tokens the service keeps, and how many authentications a second it takes.
    pub(super) slots: usize,
    pub(super) rate: u32,
    pub(super) chances: Chances,
    /// Wall clocks are wrong by up to so much, either way.
    pub(super) skew: Time,
    /// How often a holder is called beyond the moments when it has something to do.
    pub(super) glance_every: Time,
    pub(super) illnesses: Vec<Spell<Illness>>,
    pub(super) cuts: Vec<Spell<Cut>>,
    pub(super) incidents: Vec<(Time, Incident)>,
}

/// How likely each thing is to go wrong, each time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Chances {
    /// A process ends, or is stopped for a while, between two steps of a flight.
    pub(super) kill: f64,
    pub(super) pause: f64,
    /// A request is not sent; is processed and its answer is lost; is late; is answered by 5xx.
    pub(super) unsent: f64,
    pub(super) lost: f64,
    pub(super) late: f64,
    pub(super) error: f64,
    /// The same of the store's operations.
    pub(super) store_unsent: f64,
    pub(super) store_lost: f64,
    pub(super) store_late: f64,
    /// On a call: the wall clock is set; a resource server has rejected the token.
    pub(super) step: f64,
    pub(super) invalidate: f64,
}

/// A time during which something is not well, for some of the holders.
#[derive(Debug, Clone)]
pub(super) struct Spell<T> {
    pub(super) during: Range<Time>,
    pub(super) what: T,
    pub(super) share: f64,
    pub(super) salt: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Illness {
    /// Nothing can be sent.
    Unreachable,
    /// What is sent is neither processed nor answered.
    Mute,
    /// 503, and nothing is processed.
    Down,
    /// 500, once all is processed.
    Broken,
    /// 429 until the spell ends, which the answer tells.
    Limited,
    /// The credentials are rejected.
    Unauthorized,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Nothing can be sent to the store.
    Refused,
    /// Nothing arrives there, and nobody tells.
    Mute,
    /// Each operation takes a part of a second more, or many.
    Slow,
}

/// What happens once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Incident {
    /// The store forgets everything.
    Emptied,
    /// The store is what it was some saves ago.
    FailedOver,
    /// All holders are restarted, one after the other, within this time.
    Rolling(Time),
}

impl<T: Copy> Spell<T> {
    fn strikes(&self, who: usize, now: Time) -> bool {
        self.during.contains(&now) && {
            let lot = stir(self.salt ^ (who as u64 + 1)) % 1_000_000;
            (lot as f64) < self.share * 1e6
        }
    }

    /// What is not well for this holder, and until when.
    pub(super) fn of(spells: &[Self], who: usize, now: Time) -> Option<(T, Time)> {
        let spell = spells.iter().find(|spell| spell.strikes(who, now))?;
        Some((spell.what, spell.during.end))
    }
}

impl Plan {
    /// A small fleet with short-lived tokens, and faults that come close upon each other.
    pub(super) fn of_seed(seed: u64, shared: Option<Shared>) -> Self {
        let rng = &mut Rng::new(seed);
        let lifetime = rng.within(60..600);
        let trouble_until = rng.within(5 * lifetime..12 * lifetime).min(5400) * SECOND;
        let mut plan = Self {
            seed,
            holders: rng.within(3..13) as u32,
            policy: rng.one_of(&[
                Policy::Auto,
                Policy::Auto,
                Policy::Auto,
                Policy::RefreshFirst,
                Policy::AuthenticateOnly,
            ]),
            shared,
            lifetime: Duration::from_secs(lifetime),
            start_within: rng.one_of(&[1, SECOND, MINUTE]),
            trouble_until,
            end: 0,
            slots: rng.one_of(&[100, 100, 6, 3]),
            rate: rng.one_of(&[100, 100, 5]),
            chances: Chances::default(),
            skew: rng.one_of(&[0, 5 * MINUTE]),
            glance_every: lifetime * SECOND / 3,
            illnesses: Vec::new(),
            cuts: Vec::new(),
            incidents: Vec::new(),
        };
        if !rng.chance(0.05) {
            plan.draw_faults(rng);
        }
        plan.end = trouble_until + plan.recovery() + 30 * SECOND;
        plan
    }

    fn draw_faults(&mut self, rng: &mut Rng) {
        let mut some = |chance: f64| if rng.chance(0.4) { chance } else { 0.0 };
        self.chances = Chances {
            kill: some(0.02),
            pause: some(0.02),
            unsent: some(0.1),
            lost: some(0.1),
            late: some(0.05),
            error: some(0.1),
            store_unsent: some(0.05),
            store_lost: some(0.05),
            store_late: some(0.05),
            step: some(0.1),
            invalidate: some(0.1),
        };
        let end = self.trouble_until;
        let spell = |rng: &mut Rng| {
            let start = rng.within(0..end);
            let longest = rng.one_of(&[20 * SECOND, 2 * MINUTE, 10 * MINUTE]);
            start..(start + rng.within(SECOND..longest)).min(end)
        };
        for _ in 0..rng.within(0..4) {
            let what = rng.one_of(&[
                Illness::Unreachable,
                Illness::Mute,
                Illness::Down,
                Illness::Broken,
                Illness::Limited,
                Illness::Unauthorized,
            ]);
            let share = rng.one_of(&[1.0, 1.0, 0.5]);
            let (during, salt) = (spell(rng), rng.next());
            self.illnesses.push(Spell { during, what, share, salt });
        }
        if self.shared.is_none() {
            return;
        }
        for _ in 0..rng.within(0..4) {
            let what = rng.one_of(&[Cut::Refused, Cut::Mute, Cut::Slow]);
            let share = rng.one_of(&[1.0, 0.3, 0.6]);
            let (during, salt) = (spell(rng), rng.next());
            self.cuts.push(Spell { during, what, share, salt });
        }
        let of_servers = [Incident::Emptied, Incident::FailedOver, Incident::Rolling(MINUTE)];
        let of_files = [Incident::Emptied, Incident::Rolling(MINUTE)];
        for _ in 0..rng.within(0..3) {
            let what = match self.shared {
                Some(Shared::Server) => rng.one_of(&of_servers),
                _ => rng.one_of(&of_files),
            };
            self.incidents.push((rng.within(0..end), what));
        }
    }

    /// How long after the last fault every holder has a token again, at most: the longest
    /// back-off, or the longest wait that the service has announced, and the flights before
    /// and after that.
    pub(super) fn recovery(&self) -> Time {
        let announced = self.illnesses.iter().any(|it| it.what == Illness::Limited);
        // A wait is announced as a time of the day, so that a wrong clock prolongs it.
        let longest = if announced || self.skew > 0 { 17 * MINUTE } else { 4 * MINUTE };
        // A crowd that shares nothing has to queue.
        let queue = if self.shared.is_some() { 0 } else { self.holders / self.rate };
        longest + u64::from(queue) * 2 * SECOND
    }
}
