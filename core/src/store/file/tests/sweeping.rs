//! What is removed of entries that may be forgotten, and what is not.

use std::fs::{self, File};
use std::time::SystemTime;

use super::peer::{Peer, count};
use super::*;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A process comes by, so much later.
fn sweep(store: &FileStore, but: &str, later: Duration) {
    sweep::sweep(&store.prepare(NAME).unwrap(), but, SystemTime::now() + later);
}

/// An entry with all that can belong to it, of which somebody has had the lease.
fn leave_behind(room: &Room, name: &str) {
    let store = room.store();
    assert_eq!(store.lease(name, "a", LONG, PATIENCE).unwrap(), Lease::Acquired);
    let change = Change { replaces: None, entry: b"entry", keep: LONG };
    assert!(store.save(name, &change, PATIENCE).unwrap());
    store.release(name, "a", PATIENCE).unwrap();
}

/// A draft of a writer that was killed, or of one that is about to go on.
fn leave_draft(room: &Room, name: &str, age: u64) {
    let file = File::create(room.file(&format!("{name}.draft-1-1"))).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
}

#[test]
fn what_may_be_forgotten_goes_with_all_that_belongs_to_it() {
    let room = Room::new();
    let store = room.store();
    leave_behind(&room, OTHER);
    fs::write(room.file(&format!("{OTHER}.notes")), "").unwrap();
    fs::write(room.file("notes"), "").unwrap();
    assert!(save(&store, None, b"entry").unwrap());
    leave_draft(&room, OTHER, 0);
    let all = room.files();
    assert_eq!(all.len(), 8);
    // Within its hour, and for a day beyond.
    sweep(&store, NAME, Duration::ZERO);
    sweep(&store, NAME, DAY);
    assert_eq!(room.files(), all);
    // While somebody is about to save it anew.
    let late = DAY + LONG + Duration::from_secs(1);
    sweep(&store, NAME, late);
    assert_eq!(room.files(), all);
    leave_draft(&room, OTHER, 120);
    sweep(&store, NAME, late);
    let kept = [format!("{NAME}.lock"), format!("{NAME}.token")];
    assert_eq!(room.files(), [&kept[..], &[format!("{OTHER}.notes"), "notes".into()]].concat());
    // What is in use is used on, whatever the time is.
    sweep(&store, NAME, 1000 * DAY);
    assert_eq!(loaded(&store).unwrap(), b"entry");
}

#[test]
fn who_saves_comes_by_now_and_then() {
    let room = Room::new();
    leave_behind(&room, OTHER);
    let store = room.store();
    let litter = room.file(&format!("{OTHER}.draft-1-1"));
    leave_draft(&room, OTHER, 120);
    assert!(save(&store, None, b"entry").unwrap());
    assert!(!litter.exists());
    leave_draft(&room, OTHER, 120);
    assert!(save(&store, Some(b"entry"), b"new").unwrap());
    assert!(litter.exists(), "not each time");
}

#[test]
fn an_entry_that_was_copied_is_kept() {
    let room = Room::new();
    let store = room.store();
    leave_behind(&room, OTHER);
    // As of a tool that does not keep the time of modification.
    let file = File::options().write(true).open(room.file(&format!("{OTHER}.token"))).unwrap();
    file.set_modified(SystemTime::now() - 30 * DAY).unwrap();
    sweep(&store, NAME, 300 * DAY);
    assert!(store.load(OTHER, PATIENCE).unwrap().is_some());
    sweep(&store, NAME, 367 * DAY);
    assert_eq!(store.load(OTHER, PATIENCE).unwrap(), None);
}

#[test]
fn locks_of_an_entry_that_never_was_go_in_the_end() {
    let room = Room::new();
    let store = room.store();
    assert_eq!(store.lease(OTHER, "a", LONG, PATIENCE).unwrap(), Lease::Acquired);
    store.release(OTHER, "a", PATIENCE).unwrap();
    sweep(&store, NAME, 89 * DAY);
    assert_eq!(room.files().len(), 2);
    sweep(&store, NAME, 91 * DAY);
    assert!(room.files().is_empty());
}

#[test]
fn nothing_goes_of_an_entry_that_somebody_is_about_to_save() {
    let room = Room::new();
    let (store, mut peer) = (room.store(), Peer::new(&room));
    leave_behind(&room, NAME);
    assert_eq!(peer.ask("lease a 3600000"), "Acquired");
    let all = room.files();
    sweep(&store, OTHER, 10 * DAY);
    assert!(loaded(&store).is_some() && lease(&store, "b", LONG) == Lease::Held);
    assert_eq!(peer.ask("release a"), "released");
    assert_eq!(peer.ask("hold"), "held");
    sweep(&store, OTHER, 10 * DAY);
    assert!(loaded(&store).is_some());
    assert_eq!(peer.ask("let-go"), "let go");
    assert!(room.files().iter().all(|file| all.contains(file)));
    sweep(&store, OTHER, 10 * DAY);
    assert!(room.files().is_empty());
}

#[test]
fn a_name_that_leads_elsewhere_is_not_followed() {
    let room = Room::new();
    let store = room.store();
    leave_behind(&room, OTHER);
    let bystander = room.root().join("bystander");
    fs::write(&bystander, "untouched").unwrap();
    let lock = room.file(&format!("{OTHER}.lock"));
    fs::remove_file(&lock).unwrap();
    std::os::unix::fs::symlink(&bystander, &lock).unwrap();
    sweep(&store, NAME, 10 * DAY);
    assert_eq!(fs::read(&bystander).unwrap(), b"untouched");
    assert!(store.load(OTHER, PATIENCE).unwrap().is_some());
}

/// Whose turn it is comes first, even where all that they do is forgotten at once.
#[test]
fn those_who_take_turns_do_so_while_it_is_swept() {
    let room = Room::new();
    let (store, mut peer) = (room.store(), Peer::new(&room));
    peer.tell("count 100 leased");
    std::thread::scope(|scope| {
        let counting = scope.spawn(|| count(&room.store(), 100, true));
        while !counting.is_finished() {
            sweep(&store, OTHER, 10 * DAY);
        }
        counting.join().unwrap();
    });
    assert_eq!(peer.answer(), "counted");
}
