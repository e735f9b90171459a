//! What is not Redis, or speaks as it should not.

use std::io::Write;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use frontegg_token::{Lease, TokenStore};
use socket2::{Domain, Socket, Type};

use crate::impostor::{Impostor, request};
use crate::{Brief, LONG, NAME, WHILE, assert_fault, bounded, patient};

fn assert_faults(impostor: &Impostor, within: Duration, says: &str) {
    let store = patient(impostor.url()).unwrap();
    for error in bounded(move || store.errors(within)) {
        assert_fault::<()>(Err(error), says);
    }
}

#[test]
fn one_that_never_answers() {
    let silent = Impostor::start(|mut stream, _| while request(&mut stream) {});
    assert_faults(&silent, WHILE, "the time for Redis was up");
    let store = patient(silent.url().replace("//", "//:planted@")).unwrap();
    let outcome = bounded(move || store.load(NAME, WHILE));
    assert_fault(outcome, "the time for Redis was up");
}

#[test]
fn one_that_drips_without_end() {
    for head in ["+", "$900000\r\n", "*2\r\n$900000\r\n", ":", "-"] {
        let drip = Impostor::start(move |mut stream, _| {
            request(&mut stream);
            let mut next = head.as_bytes().to_vec();
            while stream.write_all(&next).is_ok() {
                next = b"1".to_vec();
                thread::sleep(Duration::from_millis(2));
            }
        });
        assert_faults(&drip, WHILE, "the time for Redis was up");
    }
}

#[test]
fn one_that_speaks_another_language() {
    for answer in [
        "HTTP/1.1 400 Bad Request\r\nplanted: 1\r\n\r\n",
        "\0\0\0\0",
        ":planted\r\n",
        "$x\r\n",
        "*9999999999999999\r\nplanted",
    ] {
        assert_faults(&Impostor::answering(answer), LONG, "the answer is not one of Redis");
    }
}

#[test]
fn one_whose_answers_mean_nothing() {
    for answer in ["+planted\r\n", "$7\r\nplanted\r\n", "*1\r\n+planted\r\n", ":-7\r\n"] {
        let store = patient(Impostor::answering(answer).url()).unwrap();
        assert_fault(store.get(), "not one of Redis");
        assert_fault(store.put(None, b"e"), "not one of Redis");
        assert_fault(store.borrow("o"), "not one of Redis");
    }
}

#[test]
fn one_whose_answer_has_no_end() {
    let endless = Impostor::start(|mut stream, _| {
        request(&mut stream);
        let _ = stream.write_all(b"$2000000\r\n");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    assert_faults(&endless, LONG, "over the limit of 1 MiB");
}

#[test]
fn one_that_breaks_off() {
    let broken = Impostor::start(|mut stream, _| {
        request(&mut stream);
        let _ = stream.write_all(b"*2\r\n$5\r\nent");
    });
    assert_faults(&broken, LONG, "the connection to Redis broke");
    assert_eq!(broken.connections(), 4, "a new connection that breaks is a fault");
}

#[test]
fn errors_are_known_by_their_code_alone() {
    for (answer, says) in [
        ("LOADING Redis is loading the planted", "Redis answered LOADING to the request: it is"),
        ("MOVED 1234 planted:6379", "MOVED to the request: it is part of a Redis Cluster"),
        ("CLUSTERDOWN planted", "CLUSTERDOWN to the request: it is part of a Redis Cluster"),
        ("BUSY planted", "BUSY to the request: it is busy"),
        ("MASTERDOWN planted", "MASTERDOWN"),
        ("DENIED planted", "DENIED"),
        ("SOMETHING planted", "Redis answered SOMETHING to the request"),
        ("ERR unknown command 'planted'", "Redis answered ERR to the request"),
        ("planted", "Redis answered ERR to the request"),
        ("", "Redis answered ERR to the request"),
    ] {
        assert_faults(&Impostor::answering(format!("-{answer}\r\n")), LONG, says);
    }
}

#[test]
fn a_kept_connection_that_breaks_is_replaced_once() {
    // Takes a second request on its first connection, and is gone.
    let restarted = Impostor::start(|mut stream, number| {
        while request(&mut stream) {
            let _ = stream.write_all(b"+OK\r\n");
            if number == 0 {
                request(&mut stream);
                return;
            }
        }
    });
    let store = patient(restarted.url()).unwrap();
    for _ in 0..3 {
        assert_eq!(store.borrow("o").unwrap(), Lease::Acquired);
    }
    assert_eq!(restarted.connections(), 2);

    let gone = Impostor::start(|mut stream, number| {
        if request(&mut stream) && number == 0 {
            let _ = stream.write_all(b"+OK\r\n");
            request(&mut stream);
        }
    });
    let store = patient(gone.url()).unwrap();
    assert_eq!(store.borrow("o").unwrap(), Lease::Acquired);
    assert_fault(store.borrow("o"), "the connection to Redis broke");
    assert_eq!(gone.connections(), 2);
}

#[test]
fn what_nobody_asked_for_is_not_taken_for_an_answer() {
    let talkative = Impostor::answering(":0\r\n+OK\r\n");
    let store = patient(talkative.url()).unwrap();
    for _ in 0..3 {
        assert_eq!(store.borrow("o").unwrap(), Lease::Held);
    }
}

#[test]
fn one_that_lets_nobody_in() {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    // Its queue is as long as the system likes, and then full.
    let mut queue = Vec::new();
    loop {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        if socket.connect_timeout(&address, WHILE).is_err() {
            break;
        }
        queue.push(socket);
    }
    let url = format!("redis://{}", address.as_socket().unwrap());
    let store = patient(url).unwrap();
    for error in bounded(move || store.errors(WHILE)) {
        assert_fault::<()>(Err(error), "the time for Redis was up");
    }
}
