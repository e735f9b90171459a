//! Disks that take nothing.

use std::fs;
use std::io::{ErrorKind, Write};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use frontegg_token::{AccessToken, EventKind, Origin, TokenSource};

use super::{Event, FileStore, Room, builder, service};

/// A small disk of a test's own.
struct Disk(Room);

impl Disk {
    fn mount() -> Option<Self> {
        let room = Room::new();
        let target = room.0.display().to_string();
        let mounted = run(&["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", &target]);
        if !mounted {
            eprintln!("not tested on a disk of its own: only root can mount one");
        }
        mounted.then_some(Self(room))
    }

    fn remount(&self, how: &str) {
        let how = format!("remount,{how}");
        assert!(run(&["mount", "-o", &how, &self.0.0.display().to_string()]));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run(&["umount", &self.0.0.display().to_string()]);
    }
}

fn run(words: &[&str]) -> bool {
    let output = Command::new(words[0]).args(&words[1..]).output();
    output.is_ok_and(|output| output.status.success())
}

/// A source goes on while its disk takes nothing, says so once, and shares again once it does.
fn goes_on(disk: &Disk, says: &str, spoil: impl FnOnce(), mend: impl FnOnce()) {
    let (service, told) = (service(), Arc::new(AtomicU32::new(0)));
    let store = || FileStore::in_directory(disk.0.0.join("store")).unwrap();
    let heard = told.clone();
    let count = move |event: &Event| {
        heard.fetch_add(u32::from(event.kind() == EventKind::StoreFailed), Ordering::SeqCst);
    };
    let source = builder(store(), &service.base_url()).observer(count).build().unwrap();
    spoil();
    let assert_alone = |token: AccessToken| {
        assert_ne!(token.origin(), Some(Origin::Store));
        let stats = source.stats();
        let error = stats.store_error.unwrap();
        assert!(error.message().contains(says), "{error}");
        assert_eq!(stats.failures, 0);
    };
    assert_alone(source.token().unwrap());
    assert_alone(renewed(&source));
    mend();
    let token = renewed(&source);
    assert!(source.stats().store_error.is_none());
    let newcomer = builder(store(), &service.base_url()).build().unwrap();
    assert_eq!(newcomer.token().unwrap(), token);
    source.close();
    assert_eq!(told.load(Ordering::SeqCst), 1);
}

/// The next token. A source does not believe one rejection right after the other, and is told of
/// it until it does.
fn renewed(source: &TokenSource) -> AccessToken {
    let before = source.token().unwrap();
    loop {
        source.invalidate(&before);
        let token = source.token().unwrap();
        if token != before {
            return token;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_full_disk_costs_nobody_a_token() {
    let Some(disk) = Disk::mount() else { return };
    let filler = disk.0.0.join("filler");
    let fill = || {
        let mut file = fs::File::create(&filler).unwrap();
        let full = std::iter::repeat_with(|| file.write_all(&[0; 512])).find_map(Result::err);
        assert_eq!(full.map(|error| error.kind()), Some(ErrorKind::StorageFull));
    };
    goes_on(&disk, "No space left on device", fill, || fs::remove_file(&filler).unwrap());
}

#[test]
fn a_disk_that_is_read_only_costs_nobody_a_token() {
    let Some(disk) = Disk::mount() else { return };
    goes_on(&disk, "Read-only file system", || disk.remount("ro"), || disk.remount("rw"));
}
