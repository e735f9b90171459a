//! Locks of the kernel, which end with their process.

use std::fs::{File, TryLockError};
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::Error;
use crate::retry::draw;
use crate::store::file::directory::Place;
use crate::store::file::permissions;

/// The range of the first pause before a lock is tried again; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_micros(100);
/// The widest that the range becomes.
const LONGEST_PAUSE: Duration = Duration::from_millis(5);

/// A file that is locked until this is dropped.
pub(super) struct Locked(File);

impl Locked {
    /// Locks a file, unless somebody else has.
    pub(super) fn new(file: File) -> io::Result<Option<Self>> {
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    pub(super) fn file(&self) -> &File {
        &self.0
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // A forked child may have the file open as well, and the lock with it: closing the file
        // would not be enough.
        let _ = self.0.unlock();
    }
}

/// Takes the lock of an entry, for work of microseconds.
///
/// The wait is made of attempts, since a process can be stopped in the midst of its
/// microseconds, and no wait for the kernel's lock has a limit.
pub(super) fn take(place: &Place<'_>, name: &str, within: Duration) -> Result<Locked, Error> {
    let failure = |error| place.failure("lock an entry", &error);
    let start = Instant::now();
    let mut range = FIRST_PAUSE;
    loop {
        let file = place.open_to_lock(&file_name(name))?;
        // Whoever clears the directory removes the file from under those who wait for it, and
        // the next one to come locks another.
        if let Some(locked) = Locked::new(file).map_err(failure)?
            && permissions::is_named(locked.file()).map_err(failure)?
        {
            return Ok(locked);
        }
        let left = within.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Err(failure(io::ErrorKind::TimedOut.into()));
        }
        thread::sleep(range.mul_f64(draw()).min(left));
        range = (range * 2).min(LONGEST_PAUSE);
    }
}

pub(super) fn file_name(name: &str) -> String {
    format!("{name}.lock")
}
