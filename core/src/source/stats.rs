//! What a source has done so far.

use crate::Error;

/// Counts since a [`TokenSource`](crate::TokenSource) was made; a forked child starts anew.
#[derive(Debug, Clone, Default)]
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
    /// Tokens that the shared store had.
    pub store_hits: u64,
    /// Times that the shared store failed, so that a renewal went on without it.
    pub store_failures: u64,
    /// What the shared store's last failure was; `None` once it works again.
    pub store_error: Option<Error>,
    /// Whether refresh tokens were rejected so often before their first use, or refreshes refused
    /// altogether, that the policy `auto` does without, for the time being.
    pub authenticating_only: bool,
}
