//! A directory for a test, which goes with it.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::FileStore;

/// Where a test keeps its directory. The store's own is one below, and not there yet.
pub(super) struct Room {
    root: TempDir,
    store: PathBuf,
}

impl Room {
    pub(super) fn new() -> Self {
        let root = TempDir::new().unwrap();
        Self { store: root.path().join("store"), root }
    }

    pub(super) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(super) fn path(&self) -> &Path {
        &self.store
    }

    pub(super) fn store(&self) -> FileStore {
        FileStore::in_directory(&self.store).unwrap()
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.store.join(name)
    }

    /// What is in the store's directory, sorted.
    pub(super) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.store).into_iter().flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }
}

pub(super) fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

pub(super) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
