//! Which failures to repeat, and how long to wait before.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

use crate::Error;

/// How a [`Client`](crate::Client) repeats a call that failed for a passing reason.
///
/// An authentication is repeated after anything transient. A refresh is repeated **only**
/// where the service cannot have consumed the refresh token: when it was not sent, and
/// after a 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How many requests a call makes at most; 1 turns retries off.
    pub max_attempts: u32,
    /// The first wait is drawn uniformly from zero to this; the range doubles each time.
    pub base_delay: Duration,
    /// The widest that the range becomes. A wait that the service announces may be longer.
    pub max_delay: Duration,
}

impl RetryPolicy {
    /// One request, whatever comes of it.
    pub const NONE: Self =
        Self { max_attempts: 1, base_delay: Duration::ZERO, max_delay: Duration::ZERO };

    /// How long to wait after this many attempts, the last of which ended in `error`; `None`
    /// to give up. `draw` answers a number from 0 to 1.
    ///
    /// An announced wait is never cut short; the jitter on top of it keeps a fleet that was
    /// told the same moment from coming back in it.
    pub(crate) fn wait(
        &self,
        attempts: u32,
        error: &Error,
        left: Duration,
        draw: impl FnOnce() -> f64,
    ) -> Option<Duration> {
        if !error.is_retryable() || attempts >= self.max_attempts {
            return None;
        }
        let doublings = if error.retry_after().is_some() { 0 } else { attempts.saturating_sub(1) };
        let range = self.base_delay.saturating_mul(2_u32.saturating_pow(doublings));
        let jitter = range.min(self.max_delay).mul_f64(draw().clamp(0.0, 1.0));
        let wait = error.retry_after().unwrap_or_default().saturating_add(jitter);
        (wait < left).then_some(wait)
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
    use crate::Code;

    const POLICY: RetryPolicy = RetryPolicy {
        max_attempts: 4,
        base_delay: Duration::from_millis(100),
        max_delay: Duration::from_millis(300),
    };
    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_range_doubles_up_to_its_limit() {
        let error = Error::new(Code::ServerError, "");
        let widest = |attempts| POLICY.wait(attempts, &error, MINUTE, || 1.0);
        assert_eq!(widest(1), Some(Duration::from_millis(100)));
        assert_eq!(widest(2), Some(Duration::from_millis(200)));
        assert_eq!(widest(3), Some(Duration::from_millis(300)));
        assert_eq!(widest(4), None);
        assert_eq!(POLICY.wait(1, &error, MINUTE, || 0.0), Some(Duration::ZERO));
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
        assert_eq!(POLICY.wait(1, &error, MINUTE, || 0.0), Some(MINUTE / 2));
        let jittered = POLICY.wait(3, &error, MINUTE, || 1.0).unwrap();
        assert_eq!(jittered, MINUTE / 2 + Duration::from_millis(100));
    }

    #[test]
    fn a_wait_that_the_deadline_cannot_hold_is_not_begun() {
        let error = Error::new(Code::RateLimited, "").with_retry_after(Some(MINUTE));
        assert_eq!(POLICY.wait(1, &error, MINUTE, || 0.0), None);
        let final_error = Error::new(Code::InvalidCredentials, "");
        assert_eq!(POLICY.wait(1, &final_error, MINUTE, || 0.0), None);
        let huge = RetryPolicy { max_attempts: u32::MAX, ..POLICY };
        let passing = Error::new(Code::ServerError, "");
        assert!(huge.wait(u32::MAX - 1, &passing, MINUTE, || 1.0).is_some());
    }
}
