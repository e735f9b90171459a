//! Files that are not what the store made of them, and disks that take nothing.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{CWD, Mode, mkfifoat};

use super::peer::Peer;
use super::room::{mode, set_mode};
use super::*;

/// A room where the directory is there, and a file beside it that must stay as it is.
fn room_with_bystander() -> (Room, PathBuf) {
    let room = Room::new();
    assert_eq!(loaded(&room.store()), None);
    let bystander = room.root().join("bystander");
    fs::write(&bystander, "untouched").unwrap();
    (room, bystander)
}

#[test]
fn what_is_not_a_file_counts_as_no_entry_and_is_replaced() {
    let (room, bystander) = room_with_bystander();
    let (store, entry) = (room.store(), room.file(&format!("{NAME}.token")));
    let link = |to: &Path| symlink(to, &entry).unwrap();
    let pipe = || mkfifoat(CWD, &entry, Mode::RUSR | Mode::WUSR).unwrap();
    let socket = || {
        // The name of a socket may not be as long as an entry's.
        let short = room.root().join("socket");
        drop(UnixListener::bind(&short).unwrap());
        fs::rename(short, &entry).unwrap();
    };
    let foreign: [&dyn Fn(); 4] =
        [&|| link(&bystander), &|| link(Path::new("nowhere")), &pipe, &socket];
    for place in foreign {
        place();
        assert_eq!(loaded(&store), None);
        assert!(save(&store, None, b"entry").unwrap());
        assert!(fs::symlink_metadata(&entry).unwrap().is_file());
        assert_eq!(loaded(&store).unwrap(), b"entry");
        fs::remove_file(&entry).unwrap();
    }
    assert_eq!(fs::read(&bystander).unwrap(), b"untouched");
}

#[test]
fn the_mode_of_a_file_is_left_as_it_is_and_that_of_the_next_one_is_right() {
    let room = Room::new();
    let (store, entry) = (room.store(), room.file(&format!("{NAME}.token")));
    assert!(save(&store, None, b"entry").unwrap());
    set_mode(&entry, 0o644);
    assert_eq!(loaded(&store).unwrap(), b"entry");
    assert_eq!(mode(&entry), 0o644);
    assert!(save(&store, Some(b"entry"), b"new").unwrap());
    assert_eq!(mode(&entry), 0o600);
}

#[test]
fn a_damaged_entry_is_what_it_is_and_one_without_end_is_none() {
    let (room, _) = room_with_bystander();
    let (store, entry) = (room.store(), room.file(&format!("{NAME}.token")));
    fs::write(&entry, b"\0garbage\xff").unwrap();
    assert_eq!(loaded(&store).unwrap(), b"\0garbage\xff");
    assert!(save(&store, Some(b"\0garbage\xff"), b"entry").unwrap());
    File::create(&entry).unwrap().set_len(1024 * 1024 + 1).unwrap();
    assert_eq!(loaded(&store), None);
    let longest = vec![7; 1024 * 1024];
    assert!(save(&store, None, &longest).unwrap());
    assert_eq!(loaded(&store).unwrap(), longest);
    assert!(
        refused(save(&store, Some(&longest), &[longest.clone(), vec![7]].concat()))
            .contains("file too large")
    );
    assert_eq!(room.files().len(), 2);
}

#[test]
fn locks_are_never_a_link_to_another_file() {
    let (room, bystander) = room_with_bystander();
    let store = room.store();
    for file in ["lock", "lease-0"] {
        let file = room.file(&format!("{NAME}.{file}"));
        for target in [&*bystander, Path::new("nowhere")] {
            symlink(target, &file).unwrap();
            let message = refused(store.lease(NAME, "a", LONG, PATIENCE));
            assert!(message.contains("is not a file of this user"), "{message}");
            fs::remove_file(&file).unwrap();
        }
    }
    assert_eq!(fs::read(&bystander).unwrap(), b"untouched");
    assert_eq!(lease(&store, "a", LONG), Lease::Acquired);
}

#[test]
fn a_draft_is_always_a_new_file() {
    let (room, bystander) = room_with_bystander();
    symlink(&bystander, room.file("draft")).unwrap();
    symlink("nowhere", room.file("dangling")).unwrap();
    fs::write(room.file("file"), "").unwrap();
    let store = room.store();
    let place = store.prepare(NAME).unwrap();
    for file in ["draft", "dangling", "file"] {
        let opened = place.open(file, File::options().write(true).create_new(true));
        assert!(!matches!(opened, Ok(Some(_))));
    }
    assert_eq!(fs::read(&bystander).unwrap(), b"untouched");
    assert!(!room.file("nowhere").exists());
}

#[test]
fn a_damaged_record_is_one_of_a_lease_that_is_over() {
    let room = Room::new();
    let store = room.store();
    let lock = room.file(&format!("{NAME}.lock"));
    for (garbage, owner) in [(&b"garbage"[..], "a"), (&[0xff; 4096], "b"), (&[], "c")] {
        assert_eq!(lease(&store, owner, LONG), Lease::Acquired);
        assert_eq!(lease(&store, "late", LONG), Lease::Held);
        fs::write(&lock, garbage).unwrap();
    }
    assert_eq!(lease(&store, "d", LONG), Lease::Acquired);
    assert_eq!(lease(&store, "late", LONG), Lease::Held);
    assert!(save(&store, None, b"entry").unwrap());
}

#[test]
fn what_killed_writers_left_behind_is_removed_in_time() {
    let (room, _) = room_with_bystander();
    let store = room.store();
    let old = SystemTime::now() - Duration::from_secs(120);
    let files = [
        (format!("{NAME}.draft-1-1"), old, false),
        (format!("{NAME}.draft-1-2"), SystemTime::now(), true),
        (format!("{OTHER}.draft-1-1"), old, false),
        (format!("{OTHER}.draft-1-2"), SystemTime::now(), true),
        (format!("{NAME}.notes"), old, true),
    ];
    for (file, modified, _) in &files {
        File::create(room.file(file)).unwrap().set_modified(*modified).unwrap();
    }
    assert!(save(&store, None, b"entry").unwrap());
    for (file, _, is_kept) in &files {
        assert_eq!(room.file(file).exists(), *is_kept, "{file}");
    }
}

#[test]
fn a_disk_that_takes_nothing_is_an_error_and_costs_no_entry() {
    let room = Room::new();
    let store = room.store();
    assert!(save(&store, None, b"entry").unwrap());
    let mut peer = Peer::without_disk(&room);
    let full = "File too large";
    let answer = peer.ask("save entry new");
    assert!(answer.starts_with("store: ") && answer.contains(full), "{answer}");
    let answer = peer.ask("lease a 1000");
    assert!(answer.starts_with("store: ") && answer.contains(full), "{answer}");
    assert_eq!(peer.ask("load"), "entry");
    assert_eq!(loaded(&store).unwrap(), b"entry");
    // The lease that could not be recorded is nobody's.
    assert_eq!(lease(&store, "b", LONG), Lease::Acquired);
    assert!(!room.files().iter().any(|file| file.contains(".draft-")));
}
