//! The store of one host: a directory of this user's, where entries are files.
//!
//! Nothing in it is trusted: a file that is damaged, or not this user's, counts as none. Whatever
//! processes must agree on is done under the kernel's locks, which end with their process.

mod directory;
mod entry;
mod lease;
mod lock;
mod permissions;
mod sweep;
#[cfg(all(test, unix))]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::clock;
use crate::per_process::PerProcess;
use crate::reached::reached;
use crate::store::{Change, Lease, Loaded, StoreIdentity, TokenStore};
use crate::{Error, environment};

use directory::{Caches, Directory, Place};
use entry::Draft;
use lock::Locked;

/// A disk may have to write back what others left to it before it has written an entry.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(2);
/// 32 bytes, in hexadecimal digits.
const NAME_LENGTH: usize = 64;

/// So often a process looks for what can be removed, at most.
const SWEEPING: Duration = Duration::from_secs(3600);

/// Shares tokens among the processes of one user on one host, in a directory.
///
/// The directory is made where it is missing, with its parents, for this user alone (mode 0700);
/// files are 0600. The mode of a directory that is there is never changed. If other users can
/// come into it, and it is this user's or root's, the files are in a subdirectory of it, which is
/// made and named `frontegg-token-` and the user's number. If that is not private either, on a file
/// system without modes say, or if the directory is another user's or a symbolic link, the store
/// fails: its sources go on without it, say so once, and use it as soon as that has changed. On
/// Windows all inherit the access list of the user's profile.
///
/// It should be on a local disk: locks of a network file system are as good as its server, and
/// its hosts do not share a clock. A file system that hangs is waited for by no source longer
/// than the store's [time-out](TokenStore::timeout), and by one thread for all sources of the
/// process that have a store in this directory.
///
/// Entries that may be forgotten, such as those of a secret that was rotated, are removed once
/// they are a day past their time, by whichever process saves another one then.
///
/// All methods may be called from any thread. Two stores on one directory share what is in it,
/// in one process or in two. A forked child goes on with its parent's store, but does not have
/// its leases.
///
/// ```no_run
/// use frontegg_token::FileStore;
///
/// # fn main() -> Result<(), frontegg_token::Error> {
/// let of_this_user = FileStore::new();
/// let of_this_service = FileStore::in_directory("/var/lib/acme/tokens")?;
/// # Ok(())
/// # }
/// ```
pub struct FileStore {
    directory: Directory,
    /// What this process holds, by name: the owner and the lock.
    leases: PerProcess<Mutex<HashMap<String, (String, Locked)>>>,
    /// When it was looked for what can be removed, by the host's clock; 0 for never.
    swept: AtomicU64,
}

impl FileStore {
    /// In the user's cache: `$XDG_CACHE_HOME/frontegg-token`, or else `~/.cache/frontegg-token`;
    /// `~/Library/Caches/frontegg-token` on macOS, `%LOCALAPPDATA%\frontegg-token` on Windows.
    ///
    /// Does not fail: where the environment names no such place, as to a privileged process, or a home that is not there, the
    /// operations do.
    pub fn new() -> Self {
        Self::of(Directory::of_user(Caches::of_user(environment::raw)))
    }

    /// In this directory, which is made on first use where it is missing, with its parents. A
    /// relative path is one of the current directory as it is now.
    ///
    /// Fails with `invalid_argument` where that is no path, or where a file, a symbolic link or
    /// anything else that is no directory is there, unless another user put it there. Whatever
    /// else speaks against the directory is told by the operations alone.
    pub fn in_directory(path: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(Self::of(Directory::new(path.as_ref())?))
    }

    fn of(directory: Directory) -> Self {
        Self { directory, leases: PerProcess::new(), swept: AtomicU64::new(0) }
    }

    /// What precedes each operation.
    fn prepare(&self, name: &str) -> Result<Place<'_>, Error> {
        // Names become names of files.
        if name.len() != NAME_LENGTH || !name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Error::invalid_argument("an entry's name is 64 hexadecimal digits"));
        }
        self.directory.place()
    }

    fn replace(&self, name: &str, change: &Change<'_>, within: Duration) -> Result<bool, Error> {
        let start = Instant::now();
        let place = self.prepare(name)?;
        // The disk is waited for without the lock, so that nobody waits for it with us.
        let draft = Draft::write(&place, name, change.entry)?;
        {
            let left = within.saturating_sub(start.elapsed());
            let _lock = lock::take(&place, name, left)?;
            let current = entry::read(&place, name)?;
            if current.is_some() && current.as_deref() != change.replaces {
                return Ok(false);
            }
            reached("writing");
            draft.publish(change.keep)?;
        }
        self.sweep(&place, name);
        Ok(true)
    }

    /// Removes what is of no use any more, now and then.
    fn sweep(&self, place: &Place<'_>, name: &str) {
        let (now, last) = (clock::of_host(), self.swept.load(Ordering::Relaxed));
        if last == 0 || now.saturating_sub(last) >= clock::nanos(SWEEPING) {
            self.swept.store(now.max(1), Ordering::Relaxed);
            sweep::sweep(place, name, SystemTime::now());
        }
    }

    /// Nothing but the map is touched under its lock.
    fn leases<T>(&self, act: impl FnOnce(&mut HashMap<String, (String, Locked)>) -> T) -> T {
        let leases = self.leases.get(Mutex::default);
        let mut leases = leases.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut leases)
    }
}

impl Default for FileStore {
    fn default() -> Self {
        Self::new()
    }
}

impl TokenStore for FileStore {
    fn load(&self, name: &str, _within: Duration) -> Result<Option<Loaded>, Error> {
        // Entries are replaced whole, so there is nothing to lock.
        let entry = entry::read(&self.prepare(name)?, name)?;
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
        let Some(lease) = lease::take(&self.prepare(name)?, name, span, within)? else {
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

    /// 2 seconds.
    fn timeout(&self) -> Duration {
        TIMEOUT
    }

    /// Stores of one directory hang together.
    fn identity(&self) -> StoreIdentity {
        StoreIdentity::Directory(self.directory.named().unwrap_or(Path::new("")).to_owned())
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("directory", &self.directory.named().unwrap_or(Path::new("")))
            .finish_non_exhaustive()
    }
}
