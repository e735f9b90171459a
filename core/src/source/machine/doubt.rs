//! Tokens that resource servers reject although they are valid: renewing helps once, and if it
//! does not, renewing again and again would only hammer the service.

use crate::clock::Moment;

const SECOND: u64 = 1_000_000_000;
const LONGEST: u64 = 30 * SECOND;
/// After so long without a rejection, all is forgotten.
const FORGOTTEN_AFTER: u64 = 60 * SECOND;

/// Times are of the clock since boot, in nanoseconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Doubt {
    strikes: u32,
    until: u64,
}

impl Doubt {
    /// Until when another rejection is not acted on, if that is still to come.
    pub(super) fn holds(&self, now: Moment) -> Option<u64> {
        (now.boot < self.until).then_some(self.until)
    }

    /// A rejection that is acted on. The next one is not within 1 s, then 2 s, … 30 s.
    pub(super) fn strike(&mut self, now: Moment) {
        if now.boot > self.until.saturating_add(FORGOTTEN_AFTER) {
            self.strikes = 0;
        }
        let wait = SECOND.saturating_mul(2_u64.saturating_pow(self.strikes)).min(LONGEST);
        self.strikes = self.strikes.saturating_add(1);
        self.until = now.boot.saturating_add(wait);
    }
}
