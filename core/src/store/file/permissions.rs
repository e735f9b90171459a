//! Whose a directory and its files are. On Windows they are whose the directory around them is.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;
use std::time::SystemTime;

#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
#[cfg(unix)]
use std::time::Duration;

#[cfg(unix)]
const DIRECTORY: u32 = 0o700;
#[cfg(unix)]
const FILE: u32 = 0o600;
/// All that others can be allowed.
#[cfg(unix)]
const OTHERS: u32 = 0o077;

/// Who can come into what is in the place of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Privacy {
    /// This user alone.
    Private,
    /// Others too, and nothing speaks against a subdirectory of this user's.
    Shared(&'static str),
    /// It is no directory, or another user has put it there.
    Unusable(&'static str),
}

impl Privacy {
    /// Why it is not private, as the end of a sentence.
    pub(super) fn fault(self) -> Option<&'static str> {
        match self {
            Privacy::Private => None,
            Privacy::Shared(fault) | Privacy::Unusable(fault) => Some(fault),
        }
    }
}

/// Of what [`symlink_metadata`](std::fs::symlink_metadata) says.
pub(super) fn privacy(metadata: &Metadata) -> Privacy {
    if metadata.is_symlink() {
        Privacy::Unusable("is a symbolic link")
    } else if !metadata.is_dir() {
        Privacy::Unusable("is not a directory")
    } else if is_own(metadata) {
        if is_open_to_others(metadata) {
            Privacy::Shared("is open to other users")
        } else {
            Privacy::Private
        }
    } else if is_roots(metadata) {
        Privacy::Shared("belongs to another user")
    } else {
        Privacy::Unusable("belongs to another user")
    }
}

/// Whether this is no directory, and no other user's doing.
pub(super) fn is_misnamed(metadata: &Metadata) -> bool {
    !metadata.is_dir() && (is_own(metadata) || is_roots(metadata))
}

fn builder() -> DirBuilder {
    #[allow(unused_mut)] // elsewhere it is complete
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    builder.mode(DIRECTORY);
    builder
}

/// Makes a directory for this user alone.
pub(super) fn create(directory: &Path) -> io::Result<()> {
    builder().create(directory)
}

/// The same with the parents that are missing.
pub(super) fn create_with_parents(directory: &Path) -> io::Result<()> {
    builder().recursive(true).create(directory)
}

/// The name of this user's subdirectory among those of others.
#[cfg(unix)]
pub(super) fn name_of_own(name: &str) -> String {
    format!("{name}-{}", rustix::process::geteuid().as_raw())
}

pub(super) fn is_own_file(metadata: &Metadata) -> bool {
    metadata.is_file() && is_own(metadata)
}

/// Whoever this process acts for now: a service may give up its rights once it has started.
#[cfg(unix)]
fn is_own(metadata: &Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw()
}

/// Who can do anything in any case.
#[cfg(unix)]
fn is_roots(metadata: &Metadata) -> bool {
    metadata.uid() == 0
}

#[cfg(unix)]
fn is_open_to_others(metadata: &Metadata) -> bool {
    metadata.mode() & OTHERS != 0
}

/// Follows no symbolic link, and waits for nobody at the other end of a pipe.
#[cfg(unix)]
pub(super) fn harden(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(FILE).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
}

/// Whether an open file has a name still.
#[cfg(unix)]
pub(super) fn is_named(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.nlink() > 0)
}

/// When anything about a file was changed last, which nobody can choose.
#[cfg(unix)]
pub(super) fn changed(metadata: &Metadata) -> Option<SystemTime> {
    let seconds = u64::try_from(metadata.ctime()).ok()?;
    let nanos = u32::try_from(metadata.ctime_nsec()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)] // elsewhere they can fail
mod inherited {
    use super::{File, Metadata, OpenOptions, SystemTime, io};

    pub(in super::super) fn name_of_own(name: &str) -> String {
        name.to_owned()
    }

    pub(super) fn is_own(_: &Metadata) -> bool {
        true
    }

    pub(super) fn is_roots(_: &Metadata) -> bool {
        false
    }

    pub(super) fn is_open_to_others(_: &Metadata) -> bool {
        false
    }

    pub(in super::super) fn harden(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    pub(in super::super) fn is_named(_: &File) -> io::Result<bool> {
        Ok(true)
    }

    /// When it was made: an entry's file is made anew each time.
    pub(in super::super) fn changed(metadata: &Metadata) -> Option<SystemTime> {
        metadata.created().ok()
    }
}
#[cfg(not(unix))]
pub(super) use inherited::{changed, harden, is_named, name_of_own};
#[cfg(not(unix))]
use inherited::{is_open_to_others, is_own, is_roots};
