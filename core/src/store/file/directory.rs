//! The directory: where it is, and how its files are opened.
//!
//! Entries are kept where this user alone can come: in the directory that was named, if it is
//! private to this user, or else in a subdirectory of it that is. The mode of what is there is
//! never changed, since somebody may rely on it; what is made is made private. Each operation
//! looks anew, so that the store goes on where it stopped once that has changed.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use crate::Error;
use crate::spawn::spawn;
use crate::store::file::permissions::{self, Privacy};

const NAME: &str = "frontegg-token";

/// Where the caches of this user are, as the variables of the environment say.
pub(super) struct Caches {
    directory: PathBuf,
    /// What is not made where it is missing: a home that is not there is none on purpose.
    home: Option<PathBuf>,
}

impl Caches {
    /// Relative paths in the variables are ignored, as the XDG specification asks.
    pub(super) fn of_user(variable: impl Fn(&str) -> Option<OsString>) -> Option<Self> {
        let path = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let below_home = |caches: &str| {
            let home = path("HOME")?;
            Some(Self { directory: home.join(caches), home: Some(home) })
        };
        let elsewhere = |name| Some(Self { directory: path(name)?, home: None });
        let caches = if cfg!(windows) {
            elsewhere("LOCALAPPDATA")
        } else if cfg!(target_vendor = "apple") {
            below_home("Library/Caches")
        } else {
            elsewhere("XDG_CACHE_HOME").or_else(|| below_home(".cache"))
        };
        caches.map(|caches| Self { directory: caches.directory.join(NAME), ..caches })
    }
}

/// Where a store was told to keep its files.
pub(super) struct Directory {
    /// `None` where the environment names no place.
    named: Option<PathBuf>,
    home: Option<PathBuf>,
}

impl Directory {
    /// A directory that somebody names. Fails for what is no path, and for what is there and no
    /// directory, unless another user can have put it there.
    pub(super) fn new(path: &Path) -> Result<Self, Error> {
        let bad = |error: &dyn std::fmt::Display| {
            Error::invalid_argument(format!("{} is not a path: {error}", path.display()))
        };
        if path.as_os_str().is_empty() {
            return Err(bad(&"it is empty"));
        }
        // Where the current directory is gone, a relative path leads nowhere yet.
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        // Without a slash at the end, which would make a symbolic link pass for what it names.
        let named: PathBuf = absolute.components().collect();
        match metadata_soon(&named) {
            Some(Err(error)) if error.kind() == io::ErrorKind::InvalidInput => Err(bad(&error)),
            Some(Ok(metadata)) if permissions::is_misnamed(&metadata) => {
                let fault = permissions::privacy(&metadata).fault().unwrap_or_default();
                Err(Error::invalid_argument(sentence(&named, fault)))
            }
            _ => Ok(Self { named: Some(named), home: None }),
        }
    }

    /// The place for this user's caches. That there is none is told by the operations.
    pub(super) fn of_user(caches: Option<Caches>) -> Self {
        let (named, home) = caches.map_or((None, None), |it| (Some(it.directory), it.home));
        Self { named, home }
    }

    pub(super) fn named(&self) -> Option<&Path> {
        self.named.as_deref()
    }

    /// The place for the files. It is made where it is missing.
    pub(super) fn place(&self) -> Result<Place<'_>, Error> {
        let named = self.named.as_deref().ok_or_else(|| {
            Error::store(
                "the environment names no directory for the user's caches: set HOME, or name one",
            )
        })?;
        let failure = |path: &Path, error: &io::Error| failure(path, "use", error);
        let mut found = look(named);
        if is_missing(&found) {
            if let Some(home) = &self.home {
                fs::metadata(home).map_err(|error| failure(home, &error))?;
            }
            permissions::create_with_parents(named).map_err(|error| failure(named, &error))?;
            found = look(named);
        }
        match found.map_err(|error| failure(named, &error))? {
            Privacy::Private => return Ok(Place(Cow::Borrowed(named))),
            Privacy::Shared(_) => {}
            Privacy::Unusable(fault) => return Err(Error::store(sentence(named, fault))),
        }
        let own = named.join(permissions::name_of_own(NAME));
        let mut found = look(&own);
        if is_missing(&found) {
            match permissions::create(&own) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(failure(&own, &error));
                }
                _ => found = look(&own),
            }
        }
        match found.map_err(|error| failure(&own, &error))?.fault() {
            None => Ok(Place(Cow::Owned(own))),
            Some(fault) => Err(Error::store(sentence(&own, fault))),
        }
    }
}

/// What is there, or `None` where the disk does not say so soon: no program waits for that to
/// start. A thread of its own can be left behind.
fn metadata_soon(path: &Path) -> Option<io::Result<fs::Metadata>> {
    const SOON: Duration = Duration::from_millis(500);
    let (found, is_found) = mpsc::channel();
    let path = path.to_owned();
    let look = move || {
        let _ = found.send(fs::symlink_metadata(path));
    };
    spawn("frontegg-store", look).ok()?;
    is_found.recv_timeout(SOON).ok()
}

fn look(path: &Path) -> io::Result<Privacy> {
    fs::symlink_metadata(path).map(|metadata| permissions::privacy(&metadata))
}

fn is_missing(found: &io::Result<Privacy>) -> bool {
    found.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn sentence(path: &Path, fault: &str) -> String {
    format!("the directory {} cannot keep tokens: it {fault}", path.display())
}

/// An error of the system, which names no file.
fn failure(path: &Path, what: &str, error: &io::Error) -> Error {
    Error::store(format!("cannot {what} in the directory {}: {error}", path.display()))
        .with_io_source(error)
}

/// A directory of this user's alone, for the files of one operation.
pub(super) struct Place<'a>(Cow<'a, Path>);

impl Place<'_> {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Opens a file; `None` where there is something that is not a regular file of this user's.
    pub(super) fn open(&self, file: &str, options: &mut OpenOptions) -> io::Result<Option<File>> {
        let path = self.0.join(file);
        match permissions::harden(options).open(&path) {
            Ok(file) => Ok(permissions::is_own_file(&file.metadata()?).then_some(file)),
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
        failure(&self.0, what, error)
    }
}
