//! The store on a real disk, among real processes.

mod directory;
mod entries;
mod peer;
mod processes;
mod room;
mod sweeping;

use std::time::Duration;

use super::*;
use crate::Code;
use room::Room;

const NAME: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const OTHER: &str = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(3600);
/// Much longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(60);

fn loaded(store: &FileStore) -> Option<Vec<u8>> {
    store.load(NAME, PATIENCE).unwrap().map(|loaded| loaded.entry)
}

fn save(store: &FileStore, replaces: Option<&[u8]>, entry: &[u8]) -> Result<bool, Error> {
    store.save(NAME, &Change { replaces, entry, keep: LONG }, PATIENCE)
}

fn lease(store: &FileStore, owner: &str, span: Duration) -> Lease {
    store.lease(NAME, owner, span, PATIENCE).unwrap()
}

/// Asserts that an operation could not be done, and answers why.
fn refused<T>(answer: Result<T, Error>) -> String {
    let error = answer.err().expect("an error");
    assert_eq!(error.code(), Code::Store);
    assert!(!error.message().contains(NAME));
    error.message().to_owned()
}

#[test]
fn what_is_saved_is_loaded_by_every_store_of_the_directory() {
    let room = Room::new();
    let (one, two) = (room.store(), room.store());
    assert_eq!(loaded(&one), None);
    assert!(save(&one, None, b"first").unwrap());
    let entry = two.load(NAME, PATIENCE).unwrap().unwrap();
    assert_eq!((&*entry.entry, entry.left), (&b"first"[..], None));
    assert_eq!(two.load(OTHER, PATIENCE).unwrap(), None);
}

#[test]
fn an_entry_gives_way_only_to_whoever_knew_it() {
    let room = Room::new();
    let store = room.store();
    assert!(save(&store, Some(b"long gone"), b"first").unwrap());
    assert!(!save(&store, None, b"second").unwrap());
    assert!(!save(&store, Some(b"long gone"), b"second").unwrap());
    assert_eq!(loaded(&store).unwrap(), b"first");
    assert!(save(&store, Some(b"first"), b"second").unwrap());
    assert_eq!(loaded(&store).unwrap(), b"second");
    // Neither a refused entry nor one that was put leaves anything behind.
    assert_eq!(room.files(), [format!("{NAME}.lock"), format!("{NAME}.token")]);
}

#[test]
fn a_lease_is_one_owners_until_it_is_released() {
    let room = Room::new();
    let (one, two) = (room.store(), room.store());
    assert_eq!(lease(&one, "a", LONG), Lease::Acquired);
    for store in [&one, &two] {
        assert_eq!(lease(store, "b", LONG), Lease::Held);
    }
    assert_eq!(two.lease(OTHER, "b", LONG, PATIENCE).unwrap(), Lease::Acquired);
    // Neither who does not have it nor who has another one can give it back.
    one.release(NAME, "b", PATIENCE).unwrap();
    one.release(OTHER, "a", PATIENCE).unwrap();
    two.release(NAME, "a", PATIENCE).unwrap();
    two.release(OTHER, "nobody", PATIENCE).unwrap();
    assert_eq!(lease(&two, "b", LONG), Lease::Held);
    one.release(NAME, "a", PATIENCE).unwrap();
    one.release(NAME, "a", PATIENCE).unwrap();
    assert_eq!(lease(&two, "b", LONG), Lease::Acquired);
    drop(two);
    assert_eq!(lease(&one, "c", LONG), Lease::Acquired);
}

#[test]
fn a_lease_that_is_over_is_the_next_ones_and_no_longer_its_owners() {
    let room = Room::new();
    let store = room.store();
    for owner in ["a", "b", "c"] {
        assert_eq!(lease(&store, owner, Duration::ZERO), Lease::Acquired);
    }
    assert_eq!(lease(&store, "d", LONG), Lease::Acquired);
    store.release(NAME, "c", PATIENCE).unwrap();
    assert_eq!(lease(&store, "e", LONG), Lease::Held);
    // Of the locks that were lost, no file is left.
    let leases = room.files().into_iter().filter(|file| file.contains(".lease-"));
    assert_eq!(leases.count(), 1);
}

#[test]
fn a_lease_ends_though_a_forked_child_has_its_descriptor() {
    let room = Room::new();
    let store = room.store();
    assert_eq!(lease(&store, "a", LONG), Lease::Acquired);
    // To the kernel, a descriptor of a child is this: one more of the same open file.
    let inherited = store.leases(|leases| leases[NAME].1.file().try_clone().unwrap());
    assert_eq!(lease(&store, "b", LONG), Lease::Held);
    store.release(NAME, "a", PATIENCE).unwrap();
    assert_eq!(lease(&store, "b", LONG), Lease::Acquired);
    drop(inherited);
}

#[test]
fn a_name_that_could_be_a_path_is_refused() {
    let room = Room::new();
    let store = room.store();
    let path = format!("{}/../x", &NAME[5..]);
    for name in ["", "a", &NAME[1..], &format!("{NAME}0"), &path, &NAME.replace('a', "ä")] {
        assert_eq!(store.load(name, PATIENCE).unwrap_err().code(), Code::InvalidArgument);
        let change = Change { replaces: None, entry: b"entry", keep: LONG };
        let saved = store.save(name, &change, PATIENCE);
        assert_eq!(saved.unwrap_err().code(), Code::InvalidArgument);
        let leased = store.lease(name, "a", LONG, PATIENCE);
        assert_eq!(leased.unwrap_err().code(), Code::InvalidArgument);
    }
    assert!(room.files().is_empty());
}

#[test]
fn its_debug_form_is_the_directory() {
    let room = Room::new();
    let store = room.store();
    assert_eq!(lease(&store, "the owner", LONG), Lease::Acquired);
    let debug = format!("{store:?}");
    assert!(debug.contains(&*room.path().to_string_lossy()) && !debug.contains("owner"), "{debug}");
}
