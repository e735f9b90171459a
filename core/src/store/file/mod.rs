//! The store of one host: a directory of this user's, where entries are files.
//!
//! Nothing in it is trusted: a file that is damaged, or not this user's, counts as none. Whatever
//! processes must agree on is done under the kernel's locks, which end with their process.

mod directory;
mod entry;
mod lease;
mod lock;
mod permissions;
#[cfg(all(test, unix))]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::per_process::PerProcess;
use crate::reached::reached;
use crate::store::{Change, Lease, Loaded, StoreIdentity, TokenStore};
use crate::{Error, environment};

use directory::Directory;
use entry::Draft;
use lock::Locked;

/// A disk may have to write back what others left to it before it has written an entry.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(2);
/// 32 bytes, in hexadecimal digits.
const NAME_LENGTH: usize = 64;

/// Shares tokens among the processes of one user on one host, in a directory.
///
/// The directory is the user's alone (mode 0700), and so are the files (0600). On Windows both
/// inherit the access list of the user's profile. It should be on a local disk: locks of a
/// network file system are as good as its server, and its hosts do not share a clock.
///
/// All methods may be called from any thread. Two stores on one directory share what is in it,
/// in one process or in two. A forked child goes on with its parent's store, but does not have
/// its leases.
///
/// ```no_run
/// use frontegg_token::FileStore;
///
/// # fn main() -> Result<(), frontegg_token::Error> {
/// let of_this_user = FileStore::new()?;
/// let of_this_service = FileStore::in_directory("/var/lib/acme/tokens")?;
/// # Ok(())
/// # }
/// ```
pub struct FileStore {
    directory: Directory,
    /// What this process holds, by name: the owner and the lock.
    leases: PerProcess<Mutex<HashMap<String, (String, Locked)>>>,
}

impl FileStore {
    /// In the user's cache: `$XDG_CACHE_HOME/frontegg-token`, or else `~/.cache/frontegg-token`;
    /// `~/Library/Caches/frontegg-token` on macOS, `%LOCALAPPDATA%\frontegg-token` on Windows.
    ///
    /// Fails with `invalid_argument` where the environment names no such place, in a privileged
    /// process, which does not read the environment, or as [`in_directory`](Self::in_directory)
    /// does.
    pub fn new() -> Result<Self, Error> {
        environment::allowed()?;
        let place = directory::of_user(environment::raw);
        Self::in_directory(place.ok_or_else(|| {
            Error::invalid_argument(
                "the environment names no directory for the user's caches; \
                 name one with FileStore::in_directory",
            )
        })?)
    }

    /// In this directory, which is made on first use where it is missing, with its parents.
    ///
    /// Fails with `invalid_argument` where the directory is there and is not fit to be trusted:
    /// it is another user's, others can write to it, or it is a symbolic link or no directory at
    /// all. Where others can merely read it, they no longer can from now on. That it cannot be
    /// made, on a disk that is read-only say, is told by the operations alone.
    pub fn in_directory(path: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(Self { directory: Directory::new(path.as_ref())?, leases: PerProcess::new() })
    }

    /// What precedes each operation.
    fn prepare(&self, name: &str) -> Result<(), Error> {
        // Names become names of files.
        if name.len() != NAME_LENGTH || !name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Error::invalid_argument("an entry's name is 64 hexadecimal digits"));
        }
        self.directory.prepare()
    }

    fn replace(&self, name: &str, change: &Change<'_>, within: Duration) -> Result<bool, Error> {
        let start = Instant::now();
        self.prepare(name)?;
        // The disk is waited for without the lock, so that nobody waits for it with us.
        let draft = Draft::write(&self.directory, name, change.entry)?;
        {
            let left = within.saturating_sub(start.elapsed());
            let _lock = lock::take(&self.directory, name, left)?;
            let current = entry::read(&self.directory, name)?;
            if current.is_some() && current.as_deref() != change.replaces {
                return Ok(false);
            }
            reached("writing");
            draft.publish()?;
        }
        entry::remove_litter(&self.directory, name);
        Ok(true)
    }

    /// Nothing but the map is touched under its lock.
    fn leases<T>(&self, act: impl FnOnce(&mut HashMap<String, (String, Locked)>) -> T) -> T {
        let leases = self.leases.get(Mutex::default);
        let mut leases = leases.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut leases)
    }
}

impl TokenStore for FileStore {
    fn load(&self, name: &str, _within: Duration) -> Result<Option<Loaded>, Error> {
        self.prepare(name)?;
        // Entries are replaced whole, so there is nothing to lock.
        let entry = entry::read(&self.directory, name)?;
        Ok(entry.map(|entry| Loaded { entry, left: None }))
    }

    fn save(&self, name: &str, change: &Change<'_>, within: Duration) -> Result<bool, Error> {
        // An entry is in its place at once or not at all.
        self.replace(name, change, within).map_err(|error| error.with_unprocessed(true))
    }

    fn lease(
        &self,
        name: &str,
        owner: &str,
        span: Duration,
        within: Duration,
    ) -> Result<Lease, Error> {
        self.prepare(name)?;
        let Some(lease) = lease::take(&self.directory, name, span, within)? else {
            return Ok(Lease::Held);
        };
        // One of the same name from before was lost to this one.
        let lost = self.leases(|leases| leases.insert(name.to_owned(), (owner.to_owned(), lease)));
        drop(lost);
        Ok(Lease::Acquired)
    }

    fn release(&self, name: &str, owner: &str, _within: Duration) -> Result<(), Error> {
        let lease = self.leases(|leases| {
            let is_theirs = leases.get(name).is_some_and(|(holder, _)| holder == owner);
            if is_theirs { leases.remove(name) } else { None }
        });
        drop(lease);
        Ok(())
    }

    /// 2 seconds. What is done on a disk cannot be interrupted, so that a disk which is stuck
    /// takes longer; the time limits the wait for other processes.
    fn timeout(&self) -> Duration {
        TIMEOUT
    }

    /// Stores of one directory hang together.
    fn identity(&self) -> StoreIdentity {
        StoreIdentity::Directory(self.directory.path().to_owned())
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("directory", &self.directory.path())
            .finish_non_exhaustive()
    }
}
