//! A directory for a test, which goes with it.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::FileStore;

/// Where a test keeps its directory. The store's own is one below, and not there yet.
pub(super) struct Room {
    root: PathBuf,
    store: PathBuf,
}

impl Room {
    pub(super) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = format!("frontegg-token-test-{}-{number}", std::process::id());
            let root = std::env::temp_dir().join(name);
            match DirBuilder::new().mode(0o700).create(&root) {
                Ok(()) => return Self { store: root.join("store"), root },
                // A test of the past had the same process number, and was killed.
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists),
            }
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
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

impl Drop for Room {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

pub(super) fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

pub(super) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
