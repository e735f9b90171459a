//! Which failures to repeat, and how long to wait before.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

use crate::{Code, Error};

/// How a [`Client`](crate::Client) repeats a call that failed for a passing reason.
///
/// An authentication is repeated after anything transient. A refresh is repeated **only**
/// where the service cannot have consumed the refresh token: when it was not sent, and
/// after a 429.
///
/// An authentication whose answer was lost (`interrupted`, or `timeout` once the request was
/// sent) may have been processed: then a refresh token that nobody knows takes one of the 100
/// that the service keeps alive for each API token, until it expires. So
/// [`max_lost_answers`](Self::max_lost_answers) is less than
/// [`max_attempts`](Self::max_attempts) by default.
///
/// ```
/// # use std::time::Duration;
/// # use frontegg_token::RetryPolicy;
/// let patient = RetryPolicy::default().with_max_attempts(8).with_max_delay(Duration::from_secs(9));
/// # assert_eq!((patient.max_attempts, patient.max_lost_answers), (8, 8));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How many requests a call makes at most; 1 turns retries off.
    pub max_attempts: u32,
    /// After how many lost answers a call gives up, whatever is left of `max_attempts`.
    pub max_lost_answers: u32,
    /// The first wait is drawn uniformly from zero to this; the range doubles each time.
    pub base_delay: Duration,
    /// The widest that the range becomes. A wait that the service announces may be longer.
    pub max_delay: Duration,
}

impl RetryPolicy {
    /// One request, whatever comes of it.
    pub const NONE: Self = Self {
        max_attempts: 1,
        max_lost_answers: 1,
        base_delay: Duration::ZERO,
        max_delay: Duration::ZERO,
    };

    /// The same with another [`max_attempts`](Self::max_attempts), all of which may end in lost
    /// answers.
    #[must_use]
    pub const fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self.max_lost_answers = attempts;
        self
    }

    /// The same with another [`max_lost_answers`](Self::max_lost_answers).
    #[must_use]
    pub const fn with_max_lost_answers(mut self, answers: u32) -> Self {
        self.max_lost_answers = answers;
        self
    }

    /// The same with another [`base_delay`](Self::base_delay).
    #[must_use]
    pub const fn with_base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// The same with another [`max_delay`](Self::max_delay).
    #[must_use]
    pub const fn with_max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// How long to wait after these attempts, the last of which ended in `error`; `None` to give
    /// up. `draw` answers a number from 0 to 1.
    ///
    /// An announced wait is never cut short; the jitter on top of it keeps a fleet that was
    /// told the same moment from coming back in it.
    pub(crate) fn wait(
        &self,
        attempts: Attempts,
        error: &Error,
        left: Duration,
        draw: impl FnOnce() -> f64,
    ) -> Option<Duration> {
        let Attempts { made, lost_answers } = attempts;
        let is_spent = made >= self.max_attempts || lost_answers >= self.max_lost_answers;
        if !error.is_retryable() || is_spent {
            return None;
        }
        let doublings = if error.retry_after().is_some() { 0 } else { made.saturating_sub(1) };
        let range = self.base_delay.saturating_mul(2_u32.saturating_pow(doublings));
        let jitter = range.min(self.max_delay).mul_f64(draw().clamp(0.0, 1.0));
        let wait = error.retry_after().unwrap_or_default().saturating_add(jitter);
        (wait < left).then_some(wait)
    }
}

/// The attempts of one call that failed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Attempts {
    /// How many there were.
    pub(crate) made: u32,
    /// After how many of them nobody knows whether the service processed the request.
    pub(crate) lost_answers: u32,
}

impl Attempts {
    /// Counts one more, which ended in this error.
    pub(crate) fn add(&mut self, error: &Error) {
        let is_lost = matches!(error.code(), Code::Interrupted | Code::Timeout);
        self.made = self.made.saturating_add(1);
        self.lost_answers += u32::from(is_lost && !error.is_unprocessed());
    }
}

/// A number from 0 to 1, at random: the standard library's hash keys are.
pub(crate) fn draw() -> f64 {
    let bits = RandomState::new().hash_one(SystemTime::now());
    // As many bits as the fraction of a float holds.
    #[allow(clippy::cast_precision_loss)]
    let fraction = (bits >> 11) as f64 / (1_u64 << 53) as f64;
    fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        max_attempts: 4,
        max_lost_answers: 4,
        base_delay: Duration::from_millis(100),
        max_delay: Duration::from_millis(300),
    };
    const MINUTE: Duration = Duration::from_secs(60);

    fn made(made: u32) -> Attempts {
        Attempts { made, lost_answers: 0 }
    }

    #[test]
    fn the_range_doubles_up_to_its_limit() {
        let error = Error::new(Code::ServerError, "");
        let widest = |attempts| POLICY.wait(made(attempts), &error, MINUTE, || 1.0);
        assert_eq!(widest(1), Some(Duration::from_millis(100)));
        assert_eq!(widest(2), Some(Duration::from_millis(200)));
        assert_eq!(widest(3), Some(Duration::from_millis(300)));
        assert_eq!(widest(4), None);
        assert_eq!(POLICY.wait(made(1), &error, MINUTE, || 0.0), Some(Duration::ZERO));
    }

    #[test]
    fn draws_fill_the_range() {
        let draws: Vec<f64> = (0..1000).map(|_| draw()).collect();
        assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
        // A fair draw misses a tenth of the range in one of 10^45 runs.
        for tenth in 0..10 {
            let low = f64::from(tenth) / 10.0;
            assert!(draws.iter().any(|draw| (low..low + 0.1).contains(draw)), "{low}");
        }
    }

    #[test]
    fn an_announced_wait_is_kept_and_may_exceed_the_range() {
        let error = Error::new(Code::RateLimited, "").with_retry_after(Some(MINUTE / 2));
        assert_eq!(POLICY.wait(made(1), &error, MINUTE, || 0.0), Some(MINUTE / 2));
        let jittered = POLICY.wait(made(3), &error, MINUTE, || 1.0).unwrap();
        assert_eq!(jittered, MINUTE / 2 + Duration::from_millis(100));
    }

    #[test]
    fn a_wait_that_the_deadline_cannot_hold_is_not_begun() {
        let error = Error::new(Code::RateLimited, "").with_retry_after(Some(MINUTE));
        assert_eq!(POLICY.wait(made(1), &error, MINUTE, || 0.0), None);
        let final_error = Error::new(Code::InvalidCredentials, "");
        assert_eq!(POLICY.wait(made(1), &final_error, MINUTE, || 0.0), None);
        let huge = RetryPolicy { max_attempts: u32::MAX, ..POLICY };
        let passing = Error::new(Code::ServerError, "");
        assert!(huge.wait(made(u32::MAX - 1), &passing, MINUTE, || 1.0).is_some());
    }

    #[test]
    fn lost_answers_are_repeated_less_often_by_default() {
        let lost = Error::new(Code::Interrupted, "");
        let not_sent = Error::new(Code::Timeout, "").with_unprocessed(true);
        let refused = Error::new(Code::ServerError, "");
        // How many requests a call makes whose attempts all end in these, by turns.
        let requests = |policy: RetryPolicy, errors: &[&Error]| {
            let mut attempts = Attempts::default();
            for error in errors.iter().cycle() {
                attempts.add(error);
                if policy.wait(attempts, error, MINUTE, || 0.0).is_none() {
                    break;
                }
            }
            attempts.made
        };
        let default = RetryPolicy::default();
        assert_eq!(requests(default, &[&lost]), 2);
        assert_eq!(requests(default, &[&not_sent]), 4);
        assert_eq!(requests(default, &[&refused]), 4);
        assert_eq!(requests(default, &[&not_sent, &lost]), 4);
        assert_eq!(requests(default, &[&lost, &refused]), 3);
        // What was named is meant.
        assert_eq!(requests(default.with_max_attempts(3), &[&lost]), 3);
        assert_eq!(requests(default.with_max_attempts(9).with_max_lost_answers(4), &[&lost]), 4);
        assert_eq!(requests(RetryPolicy::NONE, &[&lost]), 1);
    }
}
