//! Whose a directory and its files are. On Windows they are whose the directory around them is.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

#[cfg(unix)]
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt,
};

#[cfg(unix)]
const DIRECTORY: u32 = 0o700;
#[cfg(unix)]
const FILE: u32 = 0o600;
/// All that others can be allowed.
#[cfg(unix)]
const OTHERS: u32 = 0o077;
#[cfg(unix)]
const OTHERS_WRITE: u32 = 0o022;

/// Makes a directory and its parents.
pub(super) fn create(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    builder.mode(DIRECTORY);
    builder.recursive(true).create(directory)
}

/// Why what is there is not a directory to be trusted, as the end of a sentence.
pub(super) fn fault(metadata: &Metadata) -> Option<&'static str> {
    if metadata.is_symlink() {
        Some("is a symbolic link")
    } else if !metadata.is_dir() {
        Some("is not a directory")
    } else if !is_own(metadata) {
        Some("belongs to another user")
    } else if is_open_to_writers(metadata) {
        Some("can be written by other users")
    } else {
        None
    }
}

pub(super) fn is_own_file(metadata: &Metadata) -> bool {
    metadata.is_file() && is_own(metadata)
}

/// Whoever this process acts for now: a service may give up its rights once it has started.
#[cfg(unix)]
fn is_own(metadata: &Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(unix)]
fn is_open_to_writers(metadata: &Metadata) -> bool {
    metadata.mode() & OTHERS_WRITE != 0
}

/// Shuts others out of a directory.
#[cfg(unix)]
pub(super) fn close_directory(directory: &Path, metadata: &Metadata) -> io::Result<()> {
    if metadata.mode() & OTHERS == 0 {
        return Ok(());
    }
    std::fs::set_permissions(directory, PermissionsExt::from_mode(DIRECTORY))
}

/// Shuts others out of a file.
#[cfg(unix)]
pub(super) fn close_file(file: &File, metadata: &Metadata) -> io::Result<()> {
    if metadata.mode() & OTHERS == 0 {
        return Ok(());
    }
    file.set_permissions(PermissionsExt::from_mode(FILE))
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

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)] // elsewhere they can fail
mod inherited {
    use super::{File, Metadata, OpenOptions, Path, io};

    pub(super) fn is_own(_: &Metadata) -> bool {
        true
    }

    pub(super) fn is_open_to_writers(_: &Metadata) -> bool {
        false
    }

    pub(in super::super) fn close_directory(_: &Path, _: &Metadata) -> io::Result<()> {
        Ok(())
    }

    pub(in super::super) fn close_file(_: &File, _: &Metadata) -> io::Result<()> {
        Ok(())
    }

    pub(in super::super) fn harden(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    pub(in super::super) fn is_named(_: &File) -> io::Result<bool> {
        Ok(true)
    }
}
#[cfg(not(unix))]
pub(super) use inherited::{close_directory, close_file, harden, is_named};
#[cfg(not(unix))]
use inherited::{is_open_to_writers, is_own};
