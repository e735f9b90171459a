//! `frontegg_stats`: what a source has done so far.

use std::ptr;

use frontegg_core::Stats;

/// Counts since a source was made; a forked child starts anew. Later versions may add members at
/// the end, so its size is passed along.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct frontegg_stats {
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
    /// frontegg_token_source_store_error tells why.
    pub store_failures: u64,
    /// Whether refresh tokens were rejected so often before their first use, or refreshes refused
    /// altogether, that the policy `auto` does without, for the time being.
    pub authenticating_only: bool,
}

impl From<Stats> for frontegg_stats {
    fn from(stats: Stats) -> Self {
        Self {
            authentications: stats.authentications,
            refreshes: stats.refreshes,
            fallbacks: stats.fallbacks,
            failures: stats.failures,
            waits: stats.waits,
            store_hits: stats.store_hits,
            store_failures: stats.store_failures,
            authenticating_only: stats.authenticating_only,
        }
    }
}

impl frontegg_stats {
    /// Writes it to a caller who knows an older or a newer version of the struct.
    ///
    /// # Safety
    ///
    /// The pointer is that of `size` bytes that can be written.
    pub(crate) unsafe fn write_to(&self, to: *mut Self, size: usize) {
        let known = size.min(size_of::<Self>());
        // SAFETY: no more than `size` bytes are written, and no more than there are are read.
        unsafe {
            ptr::copy_nonoverlapping(ptr::from_ref(self).cast::<u8>(), to.cast::<u8>(), known);
            ptr::write_bytes(to.cast::<u8>().add(known), 0, size - known);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_of_any_version_gets_what_it_knows() {
        let stats = frontegg_stats { authentications: 1, refreshes: 2, ..Default::default() };
        let mut bytes = [[7_u64; 9]; 2];
        // SAFETY: there are as many bytes as are named.
        unsafe {
            stats.write_to((&raw mut bytes[0]).cast(), 8);
            stats.write_to((&raw mut bytes[1]).cast(), 72);
        }
        assert_eq!(bytes[0], [1, 7, 7, 7, 7, 7, 7, 7, 7]);
        assert_eq!(bytes[1][..7], [1, 2, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[1][8], 0);
    }
}
