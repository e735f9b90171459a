//! The deadline holds, whatever the server does, and a close ends everything.
//!
//! Nothing here measures time: a call that did not keep its deadline would hang the test.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use frontegg_token::{Client, Code, Credentials, Endpoint, Proxy, RetryPolicy};

fn client(url: &str, deadline: Duration) -> Client {
    Client::builder(Endpoint::url(url).unwrap())
        .proxy(Proxy::None)
        .deadline(deadline)
        .retry(
            RetryPolicy::default()
                .with_max_attempts(u32::MAX)
                .with_base_delay(Duration::from_millis(1))
                .with_max_delay(Duration::from_millis(5)),
        )
        .build()
        .unwrap()
}

fn credentials() -> Credentials {
    Credentials::new("id", "secret").unwrap()
}

/// Accepts connections and hands each to `serve` on a thread of its own.
fn server(serve: impl Fn(std::net::TcpStream) + Send + Sync + Clone + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (serve, stream) = (serve.clone(), stream.unwrap());
            thread::spawn(move || serve(stream));
        }
    });
    url
}

fn drain(mut stream: &std::net::TcpStream) {
    let mut buffer = [0; 4096];
    let _ = stream.read(&mut buffer);
}

#[test]
fn a_server_that_never_answers() {
    let url = server(|mut stream| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let client = client(&url, Duration::from_millis(200));
    let error = client.authenticate(&credentials()).unwrap_err();
    assert_eq!(error.code(), Code::Timeout);
    assert!(error.is_retryable());
    let error = client.refresh(&"r".into()).unwrap_err();
    assert_eq!(error.code(), Code::Timeout);
    assert!(!error.is_retryable(), "it may have been consumed");
}

#[test]
fn a_server_that_drips_without_end() {
    for head in
        ["HTTP/1.1 200 OK\r\nx-filler: ", "HTTP/1.1 200 OK\r\ncontent-length: 900000\r\n\r\n"]
    {
        let url = server(move |mut stream| {
            drain(&stream);
            let mut next = head.as_bytes().to_vec();
            while stream.write_all(&next).is_ok() {
                next = b"x".to_vec();
                thread::sleep(Duration::from_millis(2));
            }
        });
        let client = client(&url, Duration::from_millis(200));
        assert_eq!(client.authenticate(&credentials()).unwrap_err().code(), Code::Timeout);
    }
}

#[test]
fn a_server_that_fails_without_end() {
    let url = server(|mut stream| {
        drain(&stream);
        let _ = stream
            .write_all(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    });
    let error = client(&url, Duration::from_millis(100)).authenticate(&credentials()).unwrap_err();
    assert!(error.attempts() > 1);
    assert!(matches!(error.code(), Code::ServerError | Code::Timeout), "{error}");
}

#[test]
fn a_close_interrupts_an_exchange_and_all_that_follow() {
    let (arrived, has_arrived) = channel();
    let url = server(move |mut stream| {
        drain(&stream);
        arrived.send(()).unwrap();
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let client = client(&url, Duration::from_secs(600));
    let waiting = thread::spawn({
        let client = client.clone();
        move || client.authenticate(&credentials()).unwrap_err()
    });
    has_arrived.recv().unwrap();
    client.close();
    assert_eq!(waiting.join().unwrap().code(), Code::Closed);
    assert_eq!(client.authenticate(&credentials()).unwrap_err().code(), Code::Closed);
    assert_eq!(client.refresh(&"r".into()).unwrap_err().code(), Code::Closed);
}

#[test]
fn a_close_ends_the_wait_before_a_retry() {
    let (answered, has_answered) = channel();
    let url = server(move |mut stream| {
        drain(&stream);
        let _ = stream.write_all(
            b"HTTP/1.1 429 Slow\r\ncontent-length: 0\r\nretry-after: 500\r\nconnection: close\r\n\r\n",
        );
        answered.send(()).unwrap();
    });
    let client = client(&url, Duration::from_secs(600));
    let waiting = thread::spawn({
        let client = client.clone();
        move || client.authenticate(&credentials()).unwrap_err()
    });
    has_answered.recv().unwrap();
    client.close();
    assert_eq!(waiting.join().unwrap().code(), Code::Closed);
}
