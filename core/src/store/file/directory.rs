//! The directory: where it is, whether it is fit, and how its files are opened.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::store::file::permissions;

/// Where the user's caches are, according to these variables of the environment. Relative paths
/// in them are ignored, as the XDG specification asks.
pub(super) fn of_user(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let path = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = if cfg!(windows) {
        path("LOCALAPPDATA")
    } else if cfg!(target_vendor = "apple") {
        path("HOME").map(|home| home.join("Library/Caches"))
    } else {
        path("XDG_CACHE_HOME").or_else(|| path("HOME").map(|home| home.join(".cache")))
    };
    caches.map(|caches| caches.join("frontegg-token"))
}

/// A directory of this user's alone.
pub(super) struct Directory(PathBuf);

impl Directory {
    /// Refuses one that is there and not fit. One that cannot be looked at may be fit later.
    pub(super) fn new(path: &Path) -> Result<Self, Error> {
        let unusable =
            |error| Error::invalid_argument(format!("{} is not a path: {error}", path.display()));
        let absolute = std::path::absolute(path).map_err(unusable)?;
        // Without a slash at the end, which would make a symbolic link pass for what it names.
        let directory = Self(absolute.components().collect());
        match directory.fault() {
            Ok(Some(fault)) => Err(Error::invalid_argument(directory.sentence(fault))),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Err(unusable(error)),
            Ok(None) | Err(_) => Ok(directory),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes it where it is missing, and looks at it anew: it can have changed.
    pub(super) fn prepare(&self) -> Result<(), Error> {
        let fault = match self.fault() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                permissions::create(&self.0).and_then(|()| self.fault())
            }
            known => known,
        };
        match fault.map_err(|error| self.failure("use", &error))? {
            Some(fault) => Err(Error::store(self.sentence(fault))),
            None => Ok(()),
        }
    }

    /// Why it is not to be trusted, if it is not.
    fn fault(&self) -> io::Result<Option<&'static str>> {
        let metadata = fs::symlink_metadata(&self.0)?;
        let fault = permissions::fault(&metadata);
        if fault.is_none() {
            permissions::close_directory(&self.0, &metadata)?;
        }
        Ok(fault)
    }

    /// Opens a file; `None` where there is something that is not a regular file of this user's.
    pub(super) fn open(&self, file: &str, options: &mut OpenOptions) -> io::Result<Option<File>> {
        let path = self.0.join(file);
        match permissions::harden(options).open(&path) {
            Ok(file) => {
                let metadata = file.metadata()?;
                if !permissions::is_own_file(&metadata) {
                    return Ok(None);
                }
                permissions::close_file(&file, &metadata)?;
                Ok(Some(file))
            }
            // A symbolic link, a socket, or what others do not let us read.
            Err(error) => match fs::symlink_metadata(&path) {
                Ok(metadata) if !permissions::is_own_file(&metadata) => Ok(None),
                Ok(_) | Err(_) => Err(error),
            },
        }
    }

    /// Opens a file to lock, and makes it where it is missing.
    pub(super) fn open_to_lock(&self, file: &str) -> Result<File, Error> {
        let mut options = OpenOptions::new();
        let opened = self.open(file, options.read(true).write(true).create(true));
        match opened.map_err(|error| self.failure("lock a file", &error))? {
            Some(file) => Ok(file),
            None => Err(Error::store(format!(
                "what is in the place of a lock in {} is not a file of this user",
                self.0.display()
            ))),
        }
    }

    pub(super) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }

    /// Removes a file, if it can be.
    pub(super) fn remove(&self, file: &str) {
        let _ = fs::remove_file(self.0.join(file));
    }

    /// An error of the system, which names no file.
    pub(super) fn failure(&self, what: &str, error: &io::Error) -> Error {
        Error::store(format!("cannot {what} in the directory {}: {error}", self.0.display()))
    }

    fn sentence(&self, fault: &str) -> String {
        format!("the directory {} cannot keep tokens: it {fault}", self.0.display())
    }
}
