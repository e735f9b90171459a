//! An entry: a file that is read whole, and replaced whole by a draft.
//!
//! The file is the sealed entry and nothing else. When it may be forgotten is its time of
//! modification, which lies ahead then.

use std::fs::{File, Metadata, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read as _, Write as _};
use std::time::{Duration, SystemTime};

use crate::Error;
use crate::store::file::directory::Place;
use crate::store::file::permissions;

/// Far more than an entry takes; what is longer is none.
const LONGEST: u64 = 1024 * 1024;
/// As far as a file system can be asked to look ahead.
const FURTHEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
/// An entry whose file does not say when it may be forgotten is kept so long.
const KEPT_UNTOLD: Duration = Duration::from_secs(365 * 24 * 3600);
/// A file that is just written may be modified so long after it was made, on some systems.
const WRITING: Duration = Duration::from_secs(10);
/// A clock may be ahead by so much and lose nobody an entry.
const SPARE: Duration = Duration::from_secs(24 * 3600);

/// What is there; whatever is not a file of this user's counts as nothing.
pub(super) fn read(place: &Place<'_>, name: &str) -> Result<Option<Vec<u8>>, Error> {
    let failure = |error| place.failure("read an entry", &error);
    let file = match place.open(&file_name(name), OpenOptions::new().read(true)) {
        Ok(Some(file)) => file,
        Ok(None) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failure(error)),
    };
    let mut entry = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut entry).map_err(failure)?;
    Ok((entry.len() as u64 <= LONGEST).then_some(entry))
}

/// Whether an entry with such a file may be forgotten.
pub(super) fn is_over(metadata: &Metadata, now: SystemTime) -> bool {
    let (Ok(modified), Some(changed)) = (metadata.modified(), permissions::changed(metadata))
    else {
        return false;
    };
    let told = modified.duration_since(changed).is_ok_and(|ahead| ahead > WRITING);
    let end = if told { Some(modified) } else { changed.checked_add(KEPT_UNTOLD) };
    let end = end.and_then(|end| end.checked_add(SPARE));
    end.is_some_and(|end| end < now)
}

/// An entry that is yet to take its place. Unless it does, it is removed.
pub(super) struct Draft<'a> {
    place: &'a Place<'a>,
    name: &'a str,
    file_name: String,
    file: Option<File>,
}

impl<'a> Draft<'a> {
    /// Writes it down to the disk, since a name must not outlive a crash without the content.
    pub(super) fn write(place: &'a Place<'a>, name: &'a str, entry: &[u8]) -> Result<Self, Error> {
        let failure = |error| place.failure("write an entry", &error);
        if entry.len() as u64 > LONGEST {
            return Err(failure(io::ErrorKind::FileTooLarge.into()));
        }
        // Processes of two containers can have the same number.
        let random = RandomState::new().hash_one(SystemTime::now());
        let file_name = format!("{}{}-{random:016x}", drafts(name), std::process::id());
        let mut options = OpenOptions::new();
        let opened = place.open(&file_name, options.write(true).create_new(true));
        let taken = || failure(io::ErrorKind::AlreadyExists.into());
        let mut file = opened.map_err(failure)?.ok_or_else(taken)?;
        let mut draft = Self { place, name, file_name, file: None };
        file.write_all(entry).and_then(|()| file.sync_all()).map_err(failure)?;
        draft.file = Some(file);
        Ok(draft)
    }

    /// Puts it in the entry's place, to be kept for so long. The lock is with the caller.
    pub(super) fn publish(mut self, keep: Duration) -> Result<(), Error> {
        if let Some(file) = self.file.take() {
            // One that cannot say so is kept for long enough.
            let end = SystemTime::now().checked_add(keep.min(FURTHEST));
            let _ = end.map(|end| file.set_modified(end));
        }
        let renamed = self.place.rename(&self.file_name, &file_name(self.name));
        renamed.map_err(|error| self.place.failure("replace an entry", &error))
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        self.place.remove(&self.file_name);
    }
}

pub(super) fn file_name(name: &str) -> String {
    format!("{name}.token")
}

/// How the names of its drafts begin.
pub(super) fn drafts(name: &str) -> String {
    format!("{name}.draft-")
}
