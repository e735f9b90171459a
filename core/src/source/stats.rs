//! What a source has done so far.

/// Counts since a [`TokenSource`](crate::TokenSource) was made; a forked child starts anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Tokens that an authentication brought.
    pub authentications: u64,
    /// Tokens that a refresh brought.
    pub refreshes: u64,
    /// Refreshes that failed, so that an authentication followed.
    pub fallbacks: u64,
    /// Renewals that failed.
    pub failures: u64,
    /// Calls that waited for a renewal.
    pub waits: u64,
    /// Tokens that a shared store had. None yet: the only store is memory.
    pub store_hits: u64,
    /// Whether refresh tokens were rejected so often before their first use that the policy
    /// `auto` does without, for the time being.
    pub authenticating_only: bool,
}
