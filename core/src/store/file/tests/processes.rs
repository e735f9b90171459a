//! What processes do to one another: they exclude, they die, they are stopped.

use std::fs;
use std::thread;

use super::peer::{Peer, count};
use super::*;

/// Asks for the lease until it is had.
fn lease_in_the_end(store: &FileStore, owner: &str) {
    while lease(store, owner, LONG) == Lease::Held {
        thread::yield_now();
    }
}

#[test]
fn a_lease_excludes_other_processes_until_it_is_released() {
    let room = Room::new();
    let (store, mut one, mut two) = (room.store(), Peer::new(&room), Peer::new(&room));
    assert_eq!(one.ask("lease a 3600000"), "Acquired");
    assert_eq!(two.ask("lease b 3600000"), "Held");
    assert_eq!(lease(&store, "c", LONG), Lease::Held);
    assert_eq!(two.ask("release a"), "released");
    assert_eq!(lease(&store, "c", LONG), Lease::Held);
    assert_eq!(one.ask("release a"), "released");
    assert_eq!(lease(&store, "c", LONG), Lease::Acquired);
    assert_eq!(one.ask("lease a 3600000"), "Held");
    assert_eq!(one.ask("save none entry"), "true");
    assert_eq!(two.ask("load"), "entry");
    assert_eq!(two.ask("save other new"), "false");
}

#[test]
fn a_lease_ends_with_its_process() {
    let room = Room::new();
    let (store, mut peer) = (room.store(), Peer::new(&room));
    assert_eq!(peer.ask("lease a 3600000"), "Acquired");
    assert_eq!(lease(&store, "b", LONG), Lease::Held);
    peer.kill();
    assert_eq!(lease(&store, "b", LONG), Lease::Acquired);
}

#[test]
fn a_holder_that_is_stopped_loses_its_lease_and_overwrites_nothing() {
    let room = Room::new();
    let (store, mut peer) = (room.store(), Peer::new(&room));
    assert!(save(&store, None, b"first").unwrap());
    assert_eq!(peer.ask("load"), "first");
    assert_eq!(peer.ask("lease a 50"), "Acquired");
    peer.stop();
    lease_in_the_end(&store, "b");
    assert!(save(&store, Some(b"first"), b"second").unwrap());
    peer.go_on();
    assert_eq!(peer.ask("save first late"), "false");
    assert_eq!(loaded(&store).unwrap(), b"second");
    // What it gives back is not the lease of who came after it.
    assert_eq!(peer.ask("release a"), "released");
    assert_eq!(peer.ask("lease c 3600000"), "Held");
}

#[test]
fn a_process_that_is_stopped_in_the_lock_makes_others_fail_and_not_hang() {
    let room = Room::new();
    let (store, mut peer) = (room.store(), Peer::new(&room));
    assert!(save(&store, None, b"entry").unwrap());
    assert_eq!(peer.ask("hold"), "held");
    peer.stop();
    let brief = Duration::from_millis(20);
    let change = Change { replaces: Some(b"entry"), entry: b"new", keep: LONG };
    assert!(refused(store.save(NAME, &change, brief)).contains("timed out"));
    assert!(refused(store.lease(NAME, "a", LONG, brief)).contains("timed out"));
    assert!(refused(store.lease(NAME, "a", LONG, Duration::ZERO)).contains("timed out"));
    // What needs no lock goes on.
    assert_eq!(loaded(&store).unwrap(), b"entry");
    store.release(NAME, "a", brief).unwrap();
    peer.go_on();
    assert_eq!(peer.ask("let-go"), "let go");
    assert_eq!(lease(&store, "a", LONG), Lease::Acquired);
    assert_eq!(peer.ask("hold"), "held");
    peer.kill();
    assert!(save(&store, Some(b"entry"), b"new").unwrap());
}

#[test]
fn a_lock_whose_file_was_removed_keeps_nobody_out() {
    let room = Room::new();
    let (store, mut peer) = (room.store(), Peer::new(&room));
    assert!(save(&store, None, b"entry").unwrap());
    let lock = fs::File::open(room.file(&format!("{NAME}.lock"))).unwrap();
    assert!(permissions::is_named(&lock).unwrap());
    assert_eq!(peer.ask("hold"), "held");
    fs::remove_dir_all(room.path()).unwrap();
    assert!(!permissions::is_named(&lock).unwrap());
    assert!(save(&store, None, b"entry").unwrap());
    assert_eq!(peer.ask("let-go"), "let go");
    assert_eq!(peer.ask("load"), "entry");
}

/// Four processes and four threads of this one, on two stores.
fn race(leased: bool) {
    let room = Room::new();
    let mode = if leased { "leased" } else { "free" };
    let mut peers = [(); 4].map(|()| Peer::new(&room));
    for peer in &mut peers {
        peer.tell(&format!("count 50 {mode}"));
    }
    let stores = [room.store(), room.store()];
    thread::scope(|scope| {
        for store in stores.iter().chain(&stores) {
            scope.spawn(move || count(store, 25, leased));
        }
    });
    for peer in &mut peers {
        assert_eq!(peer.answer(), "counted");
    }
    assert_eq!(loaded(&room.store()).unwrap(), b"300");
}

#[test]
fn many_who_take_turns_lose_no_update() {
    race(true);
}

#[test]
fn many_who_do_not_take_turns_lose_no_update() {
    race(false);
}
