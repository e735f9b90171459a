//! A machine that has no descriptor left: the call fails for a passing reason, in the system's
//! words, and the next one works. A process of its own, since its limits are changed.

#![cfg(unix)]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use frontegg_token::{Client, Code, Credentials, Endpoint, Proxy, RetryPolicy};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const ANSWER: &str = r#"{"access_token":"a","expires_in":60}"#;

/// Serves one connection after the other.
fn serve(listener: &TcpListener) {
    for stream in listener.incoming() {
        // None for this end either, for a while.
        let Ok(mut stream) = stream else { continue };
        while stream.read(&mut [0; 4096]).is_ok_and(|amount| amount > 0) {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", ANSWER.len());
            stream.write_all(format!("{head}{ANSWER}").as_bytes()).unwrap();
        }
    }
}

#[test]
fn a_process_without_descriptors_recovers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || serve(&listener));
    let client = |host: &str| {
        Client::builder(Endpoint::url(&format!("http://{host}:{port}")).unwrap())
            .proxy(Proxy::None)
            .retry(RetryPolicy::NONE)
            .build()
            .unwrap()
    };
    let credentials = Credentials::new("id", "secret").unwrap();
    let (by_address, by_name) = (client("127.0.0.1"), client("localhost"));

    let limit = getrlimit(Resource::Nofile);
    // Those that are open stay open, and there will be no other.
    setrlimit(Resource::Nofile, Rlimit { current: Some(0), maximum: limit.maximum }).unwrap();
    let failed = by_address.authenticate(&credentials).unwrap_err();
    let failed_by_name = by_name.authenticate(&credentials).unwrap_err();
    setrlimit(Resource::Nofile, limit).unwrap();

    assert_eq!(failed.code(), Code::Exhausted, "{failed}");
    assert!(failed.is_retryable());
    assert!(failed.message().contains("Too many open files"), "{failed}");
    // What a look-up makes of it is the C library's.
    assert!(matches!(failed_by_name.code(), Code::Exhausted | Code::Connect), "{failed_by_name}");
    assert!(failed_by_name.is_retryable());
    for client in [by_address, by_name] {
        client.authenticate(&credentials).unwrap();
    }
}
