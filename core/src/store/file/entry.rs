//! An entry: a file that is read whole, and replaced whole by a draft.

use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read as _, Write as _};
use std::time::{Duration, SystemTime};

use crate::Error;
use crate::store::file::directory::Directory;

/// Far more than an entry takes; what is longer is none.
const LONGEST: u64 = 1024 * 1024;
/// A draft this old has lost its writer.
const LITTER_AFTER: Duration = Duration::from_secs(60);

/// What is there; whatever is not a file of this user's counts as nothing.
pub(super) fn read(directory: &Directory, name: &str) -> Result<Option<Vec<u8>>, Error> {
    let failure = |error| directory.failure("read an entry", &error);
    let file = match directory.open(&file_name(name), OpenOptions::new().read(true)) {
        Ok(Some(file)) => file,
        Ok(None) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failure(error)),
    };
    let mut entry = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut entry).map_err(failure)?;
    Ok((entry.len() as u64 <= LONGEST).then_some(entry))
}

/// An entry that is yet to take its place. Unless it does, it is removed.
pub(super) struct Draft<'a> {
    directory: &'a Directory,
    name: &'a str,
    file: String,
}

impl<'a> Draft<'a> {
    /// Writes it down to the disk, since a name must not outlive a crash without the content.
    pub(super) fn write(
        directory: &'a Directory,
        name: &'a str,
        entry: &[u8],
    ) -> Result<Self, Error> {
        let failure = |error| directory.failure("write an entry", &error);
        if entry.len() as u64 > LONGEST {
            return Err(failure(io::ErrorKind::FileTooLarge.into()));
        }
        // Processes of two containers can have the same number.
        let random = RandomState::new().hash_one(SystemTime::now());
        let file = format!("{}{}-{random:016x}", drafts(name), std::process::id());
        let mut options = OpenOptions::new();
        let opened = directory.open(&file, options.write(true).create_new(true));
        let taken = || failure(io::ErrorKind::AlreadyExists.into());
        let mut opened = opened.map_err(failure)?.ok_or_else(taken)?;
        let draft = Self { directory, name, file };
        opened.write_all(entry).and_then(|()| opened.sync_all()).map_err(failure)?;
        Ok(draft)
    }

    /// Puts it in the entry's place. The lock is with the caller.
    pub(super) fn publish(self) -> Result<(), Error> {
        let renamed = self.directory.rename(&self.file, &file_name(self.name));
        renamed.map_err(|error| self.directory.failure("replace an entry", &error))
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        self.directory.remove(&self.file);
    }
}

/// Removes what writers left behind that were killed.
pub(super) fn remove_litter(directory: &Directory, name: &str) {
    let prefix = drafts(name);
    for file in fs::read_dir(directory.path()).into_iter().flatten().flatten() {
        let file_name = file.file_name();
        let Some(draft) = file_name.to_str().filter(|name| name.starts_with(&prefix)) else {
            continue;
        };
        let modified = file.metadata().and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|modified| modified.elapsed().ok());
        if age.is_some_and(|age| age > LITTER_AFTER) {
            directory.remove(draft);
        }
    }
}

fn file_name(name: &str) -> String {
    format!("{name}.token")
}

/// How the names of its drafts begin.
fn drafts(name: &str) -> String {
    format!("{name}.draft-")
}
