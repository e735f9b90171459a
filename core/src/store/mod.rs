//! Where processes share the token of an API token: one authentication for all, then one
//! refresh per lifetime, and one of the service's 100 slots for refresh tokens.
//!
//! A store keeps sealed entries by their names and lends leases; what an entry means, and what
//! to do about it, is the business of [`TokenSource`](crate::TokenSource) alone. So a store
//! never sees a token, and its own is four operations.

mod boot;
mod choice;
mod entry;
mod file;
mod memory;
mod operations;
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
pub(crate) use operations::{Asker, Operations};
pub(crate) use sealing::{Vault, unique};

/// How long a store's answers may take, all those of one renewal together, unless it says
/// otherwise.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(250);

/// A place where sources of the same API token, in any number of processes, share its tokens.
///
/// An operation should block for `within` at most. An error means that the store could not be
/// asked or did not answer, and is to be told from an answer that is no: a source then goes on
/// without it. Operations may be called from any thread, and never under a lock of the caller's.
///
/// A source runs each operation on a thread of its own, and waits for it no longer than the store's
/// [time-out](Self::timeout). One that takes longer keeps its thread until it returns; meanwhile
/// the sources of the store go on without it, and once it has returned they use the store again.
/// What it did by then counts: an entry that it saved is saved, and a lease that it acquired is
/// released. Where the system gives no thread, the operation runs on the thread of the renewal,
/// and the renewal takes as long as the operation does.
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
    /// goes on without it, whether the operation has returned or not. The last one, which saves
    /// what the renewal brought, has as much time once more. 250 ms unless the store says
    /// otherwise, and a quarter of the source's deadline at most. A source asks for it once.
    fn timeout(&self) -> Duration {
        TIMEOUT
    }

    /// How many of its operations run at once, those of all its sources together; further ones
    /// wait for their turn, within their time. So many threads stay behind at most where
    /// operations do not return. 1 unless the store says otherwise.
    fn concurrency(&self) -> usize {
        1
    }

    /// Whether operations run on the thread of a renewal, since none of them ever waits.
    #[doc(hidden)]
    fn never_blocks(&self) -> bool {
        false
    }

    /// What tells this store from others: sources whose stores have the same share its turns.
    #[doc(hidden)]
    fn identity(&self) -> StoreIdentity {
        StoreIdentity::Address(std::ptr::from_ref(self).cast::<()>().addr())
    }
}

/// See [`TokenStore::identity`].
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreIdentity {
    /// Where in memory the store is, or what it stands for.
    Address(usize),
    /// Its directory.
    Directory(std::path::PathBuf),
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

    fn concurrency(&self) -> usize {
        (**self).concurrency()
    }

    fn never_blocks(&self) -> bool {
        (**self).never_blocks()
    }

    fn identity(&self) -> StoreIdentity {
        (**self).identity()
    }
}

/// What a store has under a name.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// The entry as it was saved.
    pub entry: Vec<u8>,
    /// How long the store will keep it yet, by its own clock; `None` where it cannot tell. Of
    /// [`Change::keep`], the rest is the entry's age, whatever the clocks of hosts say.
    pub left: Option<Duration>,
}

impl Loaded {
    /// An entry, and how long the store will keep it yet, where it can tell.
    pub fn new(entry: impl Into<Vec<u8>>, left: Option<Duration>) -> Self {
        Self { entry: entry.into(), left }
    }
}

/// What to save.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Change<'a> {
    /// The entry that was loaded or saved before; `None` where there was none.
    pub replaces: Option<&'a [u8]>,
    /// The entry to put in its place.
    pub entry: &'a [u8],
    /// How long to keep it, if the store can forget.
    pub keep: Duration,
}

impl<'a> Change<'a> {
    /// An entry to put in the place of another, if there was one, and how long to keep it.
    pub fn new(replaces: Option<&'a [u8]>, entry: &'a [u8], keep: Duration) -> Self {
        Self { replaces, entry, keep }
    }
}

/// The answer to the request for a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
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
