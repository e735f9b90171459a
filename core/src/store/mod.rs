//! Where processes share the token of an API token: one authentication for all, then one
//! refresh per lifetime, and one of the service's 100 slots for refresh tokens.
//!
//! A store keeps sealed entries by their names and lends leases; what an entry means, and what
//! to do about it, is the business of [`TokenSource`](crate::TokenSource) alone. So a store
//! never sees a token, and its own is four operations.

mod choice;
mod entry;
mod file;
mod memory;
#[cfg(feature = "redis")]
mod redis;
mod sealing;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::Error;

#[cfg(feature = "redis")]
pub use self::redis::{RedisStore, RedisStoreBuilder};
pub use choice::IntoTokenStore;
#[cfg(test)]
pub(crate) use entry::Written;
pub(crate) use entry::{Refreshable, Rejection, Stored, StoredToken};
pub use file::FileStore;
#[cfg(test)]
pub(crate) use file::TIMEOUT as TIMEOUT_OF_FILES;
pub use memory::MemoryStore;
pub(crate) use sealing::{Vault, unique};

/// How long a store's answers may take, all those of one renewal together, unless it says
/// otherwise.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(250);

/// A place where sources of the same API token, in any number of processes, share its tokens.
///
/// Every operation blocks for `within` at most. An error means that the store could not be
/// asked or did not answer, and is to be told from an answer that is no: a source then goes on
/// without it. Operations may be called from any thread, and never under a lock of the caller's.
///
/// Names are 64 hexadecimal digits. Entries are opaque, sealed with a key that the store does
/// not have, some kilobytes long, and never twice the same.
pub trait TokenStore: Send + Sync {
    /// What is kept under this name, if there is anything.
    fn load(&self, name: &str, within: Duration) -> Result<Option<Loaded>, Error>;

    /// Puts an entry in the place of the one that it replaces, and answers whether it did:
    /// `false` where another one is there by now, which then stays. Where none is there any
    /// more, the entry is put. Comparison and replacement are one step that no other caller
    /// can come between.
    fn save(&self, name: &str, change: &Change<'_>, within: Duration) -> Result<bool, Error>;

    /// Asks to be the one process that renews what is under this name, for `span` at most: a
    /// holder that has not released it by then has lost it. Owners are unique to each request.
    fn lease(
        &self,
        name: &str,
        owner: &str,
        span: Duration,
        within: Duration,
    ) -> Result<Lease, Error>;

    /// Gives back a lease, if this owner has it still.
    fn release(&self, name: &str, owner: &str, within: Duration) -> Result<(), Error>;

    /// How long its answers may take, all those of one renewal together: beyond that, a source
    /// goes on without it. 250 ms unless it says otherwise.
    fn timeout(&self) -> Duration {
        TIMEOUT
    }
}

impl<T: TokenStore + ?Sized> TokenStore for Arc<T> {
    fn load(&self, name: &str, within: Duration) -> Result<Option<Loaded>, Error> {
        (**self).load(name, within)
    }

    fn save(&self, name: &str, change: &Change<'_>, within: Duration) -> Result<bool, Error> {
        (**self).save(name, change, within)
    }

    fn lease(
        &self,
        name: &str,
        owner: &str,
        span: Duration,
        within: Duration,
    ) -> Result<Lease, Error> {
        (**self).lease(name, owner, span, within)
    }

    fn release(&self, name: &str, owner: &str, within: Duration) -> Result<(), Error> {
        (**self).release(name, owner, within)
    }

    fn timeout(&self) -> Duration {
        (**self).timeout()
    }
}

/// What a store has under a name.
#[derive(Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The entry as it was saved.
    pub entry: Vec<u8>,
    /// How long the store will keep it yet, by its own clock; `None` where it cannot tell. Of
    /// [`Change::keep`], the rest is the entry's age, whatever the clocks of hosts say.
    pub left: Option<Duration>,
}

/// What to save.
#[derive(Clone, Copy)]
pub struct Change<'a> {
    /// The entry that was loaded or saved before; `None` where there was none.
    pub replaces: Option<&'a [u8]>,
    /// The entry to put in its place.
    pub entry: &'a [u8],
    /// How long to keep it, if the store can forget.
    pub keep: Duration,
}

/// The answer to the request for a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lease {
    /// The caller has it.
    Acquired,
    /// Somebody else has it.
    Held,
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded")
            .field("bytes", &self.entry.len())
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("replaces", &self.replaces.map(<[u8]>::len))
            .field("bytes", &self.entry.len())
            .field("keep", &self.keep)
            .finish()
    }
}
