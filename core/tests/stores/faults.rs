//! Servers that fail, and come back.

use std::net::SocketAddr;

use frontegg_token::{Lease, RedisStore};
use socket2::{Domain, Socket, Type};

use crate::server::Server;
use crate::{Brief, LONG, WHILE, assert_fault, bounded, patient};

fn assert_faults(store: &RedisStore, says: &str) {
    for error in store.errors(LONG) {
        assert_fault::<()>(Err(error), says);
    }
}

#[test]
fn a_server_that_is_not_there() {
    assert_faults(&patient("unix:///nowhere/redis.sock").unwrap(), "no connection");
    // A port that is taken, so that no other test gets it, and on which nobody listens.
    let taken = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    taken.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = taken.local_addr().unwrap().as_socket().unwrap();
    let store = patient(format!("redis://{address}")).unwrap();
    assert_faults(&store, "no connection to Redis: Connection refused");
    // Longer than a part of a name can be, so that nobody is asked for it.
    let store = patient(format!("redis://{}.invalid", "a".repeat(64))).unwrap();
    assert_faults(&store, "no address of Redis");
}

#[test]
fn a_server_that_dies_and_comes_back_empty() {
    let mut server = Server::start();
    let store = server.store();
    store.put(None, b"lost").unwrap();
    server.kill().unwrap();
    assert_faults(&store, "no connection");
    server.restart().unwrap();
    assert_eq!(store.get().unwrap(), None, "its scripts are there again");
    store.put(None, b"kept").unwrap();
    // Between two operations, nobody notices.
    server.restart().unwrap();
    assert_eq!(store.borrow("o").unwrap(), Lease::Acquired);
}

#[test]
fn a_server_that_stands_still() {
    let server = Server::start();
    let (warm, cold) = (server.store(), server.store());
    warm.put(None, b"entry").unwrap();
    server.pause().unwrap();
    let (warm, cold) = bounded(move || {
        for error in warm.errors(WHILE).into_iter().chain(cold.errors(WHILE)) {
            assert_fault::<()>(Err(error), "the time for Redis was up");
        }
        (warm, cold)
    });
    server.resume().unwrap();
    assert_eq!(warm.entry().unwrap(), b"entry");
    assert_eq!(cold.entry().unwrap(), b"entry");
}

#[test]
fn scripts_are_sent_once_and_again_when_they_are_forgotten() {
    let server = Server::start();
    let store = server.store();
    let all = || {
        store.put(None, b"entry").unwrap();
        assert_eq!(store.entry().unwrap(), b"entry");
        store.borrow("o").unwrap();
        store.give_back("o").unwrap();
    };
    let sent = || {
        let info: String = server.command("INFO commandstats");
        info.lines().any(|line| line.starts_with("cmdstat_eval:calls=4,"))
    };
    all();
    all();
    assert!(sent(), "one by one");
    server.command::<()>("SCRIPT FLUSH");
    server.command::<()>("CONFIG RESETSTAT");
    all();
    assert!(sent(), "one by one");
}

#[test]
fn a_connection_that_the_server_closed_meanwhile_is_no_fault() {
    let server = Server::start();
    let store = server.store();
    store.put(None, b"entry").unwrap();
    let killed: u32 = server.command("CLIENT KILL TYPE normal");
    assert_eq!(killed, 1);
    assert_eq!(store.entry().unwrap(), b"entry");
    assert_eq!(server.connections(1), 2);
}

#[test]
fn a_server_without_memory() {
    let server = Server::start();
    let store = server.store();
    store.put(None, b"entry").unwrap();
    store.borrow("o").unwrap();
    server.command::<()>("CONFIG SET maxmemory 1");
    assert_fault(store.put(Some(b"entry"), b"planted"), "OOM to the request: its memory is full");
    // Though another has it: nobody is to wait for that one.
    assert_fault(store.borrow("planted"), "OOM");
    assert_eq!(store.entry().unwrap(), b"entry", "what it has, it answers");
    server.command::<()>("CONFIG SET maxmemory 0");
    assert_eq!(store.borrow("o").unwrap(), Lease::Acquired);
}

#[test]
fn a_server_that_became_a_replica() {
    let server = Server::start();
    let store = server.store();
    store.put(None, b"entry").unwrap();
    store.borrow("o").unwrap();
    server.command::<()>("REPLICAOF 127.0.0.1 1");
    assert_fault(store.put(Some(b"entry"), b"planted"), "READONLY to the request: it is a replica");
    // Though another has it: nobody is to wait for that one.
    assert_fault(store.borrow("planted"), "READONLY");
    assert_eq!(store.entry().unwrap(), b"entry");
    server.command::<()>("REPLICAOF NO ONE");
    assert!(store.put(Some(b"entry"), b"next").unwrap());
}

#[test]
fn no_time_at_all_is_a_fault_of_its_own() {
    let server = Server::start();
    let store = server.store();
    store.put(None, b"entry").unwrap();
    for error in bounded(move || store.errors(std::time::Duration::ZERO)) {
        assert_fault::<()>(Err(error), "the time for Redis was up");
    }
}
