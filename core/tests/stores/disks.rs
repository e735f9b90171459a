//! Disks that take nothing.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::Command;

use frontegg_token::{EventKind, FileStore};
use tempfile::TempDir;

use crate::fleet::Service;

/// A small disk of a test's own.
struct Disk(TempDir);

impl Disk {
    fn mount() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let target = folder.path().display().to_string();
        let mounted = run(&["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", &target]);
        if !mounted {
            eprintln!("not tested on a disk of its own: only root can mount one");
        }
        mounted.then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn remount(&self, how: &str) {
        let how = format!("remount,{how}");
        assert!(run(&["mount", "-o", &how, &self.path().display().to_string()]));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run(&["umount", &self.path().display().to_string()]);
    }
}

pub(crate) fn run(words: &[&str]) -> bool {
    let output = Command::new(words[0]).args(&words[1..]).output();
    output.is_ok_and(|output| output.status.success())
}

/// A source goes on while its disk takes nothing, says so once, and shares again once it does.
fn assert_costs_no_token(disk: &Disk, says: &str, spoil: impl FnOnce(), mend: impl FnOnce()) {
    let service = Service::start();
    let join = || service.member(FileStore::in_directory(disk.path().join("store")));
    let member = join();
    spoil();
    member.assert_goes_on(says);
    mend();
    member.assert_recovers(&service, &join());
    assert_eq!(member.told(EventKind::StoreFailed), 1);
}

#[test]
fn a_full_disk_costs_nobody_a_token() {
    let Some(disk) = Disk::mount() else { return };
    let filler = disk.path().join("filler");
    let fill = || {
        let mut file = fs::File::create(&filler).unwrap();
        let full = std::iter::repeat_with(|| file.write_all(&[0; 512])).find_map(Result::err);
        assert_eq!(full.map(|error| error.kind()), Some(ErrorKind::StorageFull));
    };
    assert_costs_no_token(&disk, "No space left on device", fill, || {
        fs::remove_file(&filler).unwrap();
    });
}

#[test]
fn a_disk_that_is_read_only_costs_nobody_a_token() {
    let Some(disk) = Disk::mount() else { return };
    assert_costs_no_token(
        &disk,
        "Read-only file system",
        || disk.remount("ro"),
        || disk.remount("rw"),
    );
}
