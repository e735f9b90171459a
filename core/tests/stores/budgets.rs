//! How long a store may take: to connect, to answer, and in all.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use frontegg_token::{Code, RedisStore, TokenStore};
use socket2::{Domain, SockAddr, Socket, Type};
use tempfile::TempDir;

use crate::fleet::Service;
use crate::impostor::{Impostor, request};
use crate::server::Server;
use crate::{Brief, LONG, NAME, assert_fault, bounded};

/// Far beyond the default time-out, and far below what the tests would allow.
const SOON: Duration = Duration::from_secs(15);

/// Stands in front of a server, and hands on its first answer and the others after these times.
fn slowed(server: &Server, first: Duration, others: Duration) -> Impostor {
    let port = server.tcp_url().unwrap().rsplit_once(':').unwrap().1.parse::<u16>().unwrap();
    let hand_on = |from: &mut TcpStream, to: &mut TcpStream| {
        let mut bytes = vec![0; 65536];
        let read = from.read(&mut bytes).unwrap_or(0);
        read > 0 && to.write_all(&bytes[..read]).is_ok()
    };
    Impostor::start(move |mut client, _| {
        let mut server = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let mut pause = first;
        while hand_on(&mut client, &mut server) {
            let mut answer = [0];
            if server.peek(&mut answer).is_err() {
                return;
            }
            thread::sleep(pause);
            pause = others;
            hand_on(&mut server, &mut client);
        }
    })
}

#[test]
fn a_slow_login_leaves_the_operations_their_time() {
    bounded(|| {
        let service = Service::start();
        let server = Server::on_port(&["--requirepass", "secret"]);
        let with_password = |url: String| url.replacen("//", "//:secret@", 1);
        let straight = with_password(server.tcp_url().unwrap());
        // The server knows the scripts, so that each operation has one answer.
        let patient = || crate::patient(straight.clone()).unwrap();
        let store = patient();
        store.put(None, b"entry").unwrap();
        store.get().unwrap();
        store.borrow("owner").unwrap();
        store.give_back("owner").unwrap();

        // Together, these are more than the time-out: the login alone, and the answers alone, less.
        let time = |millis| Duration::from_millis(millis);
        let slow = slowed(&server, time(1500), time(200));
        let store = RedisStore::builder(with_password(slow.url())).timeout(time(2000));
        let member = service.member(store.build());
        let token = member.token();
        let stats = member.source.stats();
        assert!(stats.store_error.is_none(), "{:?}", stats.store_error);
        assert_eq!(service.member(patient()).token(), token, "it was saved");
        assert_eq!(service.requests(), 1);
    });
}

/// That each operation ends soon, though it is given long.
#[track_caller]
fn assert_soon(store: RedisStore, says: &str) {
    let (errors, took) = bounded(move || {
        let start = Instant::now();
        (store.errors(LONG), start.elapsed())
    });
    for error in errors {
        assert_fault::<()>(Err(error), says);
    }
    assert!(took < SOON, "{took:?}");
}

#[test]
fn a_server_that_stands_still_is_given_up() {
    let server = Server::start();
    let (warm, cold) = (server.store(), RedisStore::new(server.url()).unwrap());
    warm.put(None, b"entry").unwrap();
    let warm = RedisStore::new(server.url()).unwrap();
    while warm.get().is_err() {}
    server.pause().unwrap();
    assert_soon(warm, "the time for Redis was up");
    assert_soon(cold, "the time for Redis was up");
}

#[test]
fn a_login_without_an_answer_is_given_up() {
    let silent = Impostor::start(|mut stream, _| while request(&mut stream) {});
    let url = |url: String| url.replacen("//", "//:planted@", 1);
    assert_soon(RedisStore::new(url(silent.url())).unwrap(), "the time for Redis was up");
    assert_soon(RedisStore::new(url(silent.tls_url())).unwrap(), "the time for Redis was up");
}

#[test]
fn the_time_given_bounds_the_whole() {
    // It answers the login, and nothing else.
    let lame = Impostor::start(|mut stream, _| {
        request(&mut stream);
        let _ = stream.write_all(b"+OK\r\n");
        while request(&mut stream) {}
    });
    let url = lame.url().replacen("//", "//:planted@", 1);
    let store = RedisStore::builder(url).timeout(LONG).build().unwrap();
    let took = bounded(move || {
        let start = Instant::now();
        assert_fault(store.load(NAME, Duration::from_millis(50)), "the time for Redis was up");
        start.elapsed()
    });
    assert!(took < SOON, "{took:?}");
}

#[test]
fn a_close_does_not_wait_for_a_store_that_hangs() {
    let (asked, is_asked) = channel();
    let silent = Impostor::start(move |mut stream, _| {
        while request(&mut stream) {
            let _ = asked.send(());
        }
    });
    let service = Service::start();
    let member = service.member(RedisStore::new(silent.url()));
    let took = bounded(move || {
        thread::scope(|scope| {
            let waiting = scope.spawn(|| member.source.token());
            is_asked.recv_timeout(LONG).unwrap();
            let start = Instant::now();
            member.source.close();
            let took = start.elapsed();
            assert_eq!(waiting.join().unwrap().unwrap_err().code(), Code::Closed);
            took
        })
    });
    assert!(took < SOON, "{took:?}");
}

#[test]
fn a_host_that_answers_nothing_is_given_up() {
    // Nobody accepts: the system does, until its queue is full.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    assert_soon(RedisStore::new(url).unwrap(), "the time for Redis was up");
}

#[test]
fn a_socket_that_lets_nobody_in_is_given_up() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("socket");
    let listener = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    let address = SockAddr::unix(&path).unwrap();
    listener.bind(&address).unwrap();
    listener.listen(0).unwrap();
    // Its queue is as long as the system likes, and then full.
    let mut queue = Vec::new();
    loop {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        if socket.connect(&address).is_err() {
            break;
        }
        queue.push(socket);
    }
    let url = format!("unix://{}", path.display());
    assert_soon(RedisStore::new(url).unwrap(), "the time for Redis was up while connecting");
}
