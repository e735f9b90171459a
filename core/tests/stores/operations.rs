//! The four operations and their answers.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use frontegg_token::{Change, Lease, TokenStore};

use crate::server::Server;
use crate::{Brief, HOUR, LONG, NAME};

const MOMENT: Duration = Duration::from_millis(1);

#[test]
fn an_entry_is_put_where_none_is_and_in_the_place_of_the_one_that_it_replaces() {
    let server = Server::start();
    let store = server.store();
    assert_eq!(store.get().unwrap(), None);
    assert!(store.put(None, b"first").unwrap());
    assert_eq!(store.entry().unwrap(), b"first");

    assert!(!store.put(None, b"other").unwrap(), "there is one by now");
    assert!(!store.put(Some(b"fir"), b"other").unwrap());
    assert!(!store.put(Some(b""), b"other").unwrap());
    assert_eq!(store.entry().unwrap(), b"first");

    assert!(store.put(Some(b"first"), b"second").unwrap());
    assert_eq!(store.entry().unwrap(), b"second");
    assert!(store.put(Some(b"first"), b"second").unwrap(), "a request may come twice");

    server.command::<()>("FLUSHALL");
    assert!(store.put(Some(b"second"), b"third").unwrap(), "none is there any more");
    assert_eq!(store.entry().unwrap(), b"third");
}

#[test]
fn entries_are_any_bytes() {
    let server = Server::start();
    let store = server.store();
    let all: Vec<u8> = (0..=255).collect();
    let entries = [all.clone(), Vec::new(), b"$-1\r\n".to_vec(), all.repeat(2000)];
    let mut before: Option<Vec<u8>> = None;
    for entry in entries {
        assert!(store.put(before.as_deref(), &entry).unwrap());
        assert!(store.entry().unwrap() == entry, "{} bytes", entry.len());
        before = Some(entry);
    }
}

#[test]
fn what_is_left_to_an_entry_counts_down_to_its_end() {
    let server = Server::start();
    let store = server.store();
    store.put(None, b"e").unwrap();
    let left = store.get().unwrap().unwrap().left.unwrap();
    assert!(HOUR / 2 < left && left <= HOUR, "{left:?}");

    server.command::<()>(&format!("PERSIST frontegg-token:{{{NAME}}}"));
    assert_eq!(store.get().unwrap().unwrap().left, None);

    // Not even what is as good as nothing or for ever is a fault.
    for keep in [Duration::MAX, Duration::ZERO, MOMENT] {
        let change = Change::new(Some(b"e"), b"e", keep);
        assert!(store.save(NAME, &change, LONG).unwrap());
    }
    while store.get().unwrap().is_some() {
        thread::yield_now();
    }
}

#[test]
fn a_lease_is_of_one_owner_until_it_gives_it_back() {
    let server = Server::start();
    let store = server.store();
    assert_eq!(store.borrow("one").unwrap(), Lease::Acquired);
    assert_eq!(store.borrow("two").unwrap(), Lease::Held);
    assert_eq!(store.borrow("one").unwrap(), Lease::Acquired, "a request may come twice");

    store.give_back("two").unwrap();
    assert_eq!(store.borrow("two").unwrap(), Lease::Held);
    store.give_back("one").unwrap();
    store.give_back("one").unwrap();
    assert_eq!(store.borrow("two").unwrap(), Lease::Acquired);
}

#[test]
fn a_lease_that_is_not_given_back_ends() {
    let server = Server::start();
    let store = server.store();
    assert_eq!(store.lease(NAME, "one", MOMENT, LONG).unwrap(), Lease::Acquired);
    while store.borrow("two").unwrap() == Lease::Held {
        thread::yield_now();
    }
    store.give_back("one").unwrap();
    assert_eq!(store.borrow("three").unwrap(), Lease::Held, "the second one's stays");
}

#[test]
fn keys_share_a_slot_and_begin_with_the_prefix() {
    let server = Server::start();
    let keys = || {
        let mut keys: Vec<String> = server.command("KEYS *");
        keys.sort();
        keys
    };
    let store = server.store();
    store.put(None, b"e").unwrap();
    store.borrow("o").unwrap();
    let expected =
        [format!("frontegg-token:{{{NAME}}}"), format!("frontegg-token:{{{NAME}}}:lease")];
    assert_eq!(keys(), expected);

    let apart = server.builder().key_prefix("apart/").build().unwrap();
    assert_eq!(apart.get().unwrap(), None);
    server.command::<()>("FLUSHALL");
    apart.put(None, b"e").unwrap();
    assert_eq!(keys(), [format!("apart/{{{NAME}}}")]);
}

#[test]
fn of_many_at_once_one_wins() {
    const MANY: usize = 16;
    let server = Server::start();
    let (one, other) = (server.store(), server.store());
    let start = Barrier::new(MANY);
    let outcomes: Vec<(bool, Lease)> = thread::scope(|scope| {
        let callers: Vec<_> = (0..MANY)
            .map(|number| {
                let (store, start) = (if number % 2 == 0 { &one } else { &other }, &start);
                scope.spawn(move || {
                    let entry = [u8::try_from(number).unwrap()];
                    start.wait();
                    (store.put(None, &entry).unwrap(), store.borrow(&number.to_string()).unwrap())
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|(put, _)| *put).count(), 1);
    assert_eq!(outcomes.iter().filter(|(_, lease)| *lease == Lease::Acquired).count(), 1);
}

#[test]
fn a_connection_serves_one_operation_after_the_other() {
    let server = Server::start();
    let store = server.store();
    for _ in 0..10 {
        store.get().unwrap();
        store.borrow("o").unwrap();
    }
    assert_eq!(server.connections(0), 1);
}
