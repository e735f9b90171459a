//! After a failed renewal: when the next one may begin, and what callers get until then.

use std::time::Duration;

use crate::clock::{Moment, nanos};
use crate::{Code, Error};

use super::{Held, has_much_more};

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// For what will hardly go away by itself: rejected credentials, a refused certificate.
const LONGEST_OF_FINAL: Duration = Duration::from_secs(60);
/// With a token in hand there is time: this part of its lifetime.
const PART_OF_LIFETIME: (f64, f64) = (0.05, 0.1);
const LONGEST_IN_HAND: Duration = Duration::from_secs(300);
/// What the service announces counts up to this.
const LONGEST_ANNOUNCED: Duration = Duration::from_secs(15 * 60);
/// Waits differ by as much, so that those who failed together do not return together.
const JITTER: f64 = 0.25;

/// A failure and its consequences. Times are of the clock since boot, in nanoseconds: a step
/// of the wall clock neither ends a wait nor prolongs it.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    error: Error,
    /// How many times in a row somebody waited for a renewal, and it failed.
    in_a_row: u32,
    /// Until then, a valid token is not renewed.
    renewal_held_until: u64,
    /// Until then, who has no token gets the error at once.
    remembered_until: u64,
    /// The time that the renewal had, where it failed because that was so little.
    cut_short: Option<Duration>,
    refused: bool,
}

impl Trouble {
    /// `holding`: a token that is still valid.
    pub(super) fn new(
        error: Error,
        in_a_row: u32,
        holding: Option<&Held>,
        now: Moment,
        draw: f64,
    ) -> Self {
        let longest = if error.is_retryable() { LONGEST } else { LONGEST_OF_FINAL };
        let brief =
            FIRST.saturating_mul(2_u32.saturating_pow(in_a_row.saturating_sub(1))).min(longest);
        let jittered = brief.mul_f64(1.0 + JITTER * (2.0 * draw - 1.0)).min(longest);
        let announced = error.retry_after().map(|wait| wait.min(LONGEST_ANNOUNCED));
        let remembered = announced.map_or(jittered, |wait| wait.max(brief) + FIRST.mul_f64(draw));
        // It is for this machine to heal, and nobody is spared by waiting.
        let is_local = error.code() == Code::Exhausted;
        let in_hand = holding.map_or(remembered, |held| {
            let age = now.age_of(held.since);
            if is_local {
                return jittered;
            }
            if age >= held.urgent {
                return remembered;
            }
            let (from, to) = PART_OF_LIFETIME;
            let part = held.lifetime.mul_f64(from + draw * (to - from)).min(LONGEST_IN_HAND);
            // When it becomes urgent, it is tried again in any case, but for what is announced:
            // that prolongs the wait, and shortens none. A clock that is ahead reads no wait at
            // all out of the time of an answer, and would have it asked for again each second.
            let part = part.min(held.urgent.saturating_sub(age)).max(FIRST);
            announced.map_or(part, |_| part.max(remembered))
        });
        let remembered = if is_local { Duration::ZERO } else { remembered };
        Self {
            error,
            in_a_row,
            renewal_held_until: now.boot.saturating_add(nanos(in_hand)),
            remembered_until: now.boot.saturating_add(nanos(remembered)),
            cut_short: None,
            refused: false,
        }
    }

    /// The same, of a renewal that had so little time.
    pub(super) fn cut_short(self, time: Option<Duration>) -> Self {
        Self { cut_short: time, ..self }
    }

    /// Whether it is nothing to a caller with so much time.
    pub(super) fn is_forgiven(&self, time: Duration) -> bool {
        self.cut_short.is_some_and(|short| has_much_more(time, short))
    }

    /// The same, but remembered for as long as a sibling remembers it.
    pub(super) fn remembered_to(mut self, until: u64) -> Self {
        self.remembered_until = until;
        self.renewal_held_until = self.renewal_held_until.max(until);
        self
    }

    pub(super) fn remembered_until(&self) -> u64 {
        self.remembered_until
    }

    pub(super) fn in_a_row(&self) -> u32 {
        self.in_a_row
    }

    pub(super) fn renewal_held_until(&self) -> u64 {
        self.renewal_held_until
    }

    pub(super) fn holds_renewal(&self, now: Moment) -> bool {
        now.boot < self.renewal_held_until
    }

    /// The error for a call that is not to bother the service, with what is left of the wait.
    pub(super) fn refusal(&self, now: Moment) -> Option<Error> {
        let left = self.remembered_until.checked_sub(now.boot).filter(|left| *left > 0)?;
        Some(self.error.clone().with_retry_after(Some(Duration::from_nanos(left))))
    }

    /// Answers the error to the first who asks.
    pub(super) fn first_refusal(&mut self) -> Option<Error> {
        (!std::mem::replace(&mut self.refused, true)).then(|| self.error.clone())
    }

    pub(super) fn is_final(&self) -> bool {
        !self.error.is_retryable()
    }
}
