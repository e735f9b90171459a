//! What decides whether a refresh token may be sent again: on which side of the sending a
//! connection broke. Played by servers that do one thing each.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use frontegg_emulator::{Algorithm, Emulator, Options};
use frontegg_token::{
    Client, ClientBuilder, Code, Credentials, Endpoint, Proxy, RetryPolicy, Roots,
};

const GOOD: &str = r#"{"access_token":"a","refresh_token":"r","expires_in":60}"#;

/// Serves each connection by `serve`, which gets its number and may read requests from it.
/// The requests that were read whole come out of the receiver.
fn server(
    serve: impl Fn(usize, &mut Connection) + Send + Sync + 'static,
) -> (Client, Receiver<String>) {
    let (builder, seen) = listen(serve);
    let millisecond = Duration::from_millis(1);
    let retry = RetryPolicy::default().with_base_delay(millisecond).with_max_attempts(3);
    let client = builder.retry(retry).attempt_timeout(Duration::from_secs(20)).build().unwrap();
    (client, seen)
}

/// The same with a client that is still to be set up.
fn listen(
    serve: impl Fn(usize, &mut Connection) + Send + Sync + 'static,
) -> (ClientBuilder, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (requests, seen) = channel();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let stream = stream.unwrap();
            let reader = BufReader::new(stream.try_clone().unwrap());
            serve(number, &mut Connection { stream, reader, requests: requests.clone() });
        }
    });
    (Client::builder(Endpoint::url(&url).unwrap()).proxy(Proxy::None), seen)
}

struct Connection {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
    requests: std::sync::mpsc::Sender<String>,
}

impl Connection {
    /// Reads one request whole; `false` at the end of the stream.
    fn read(&mut self) -> bool {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.reader.read_line(&mut head).unwrap_or(0) == 0 {
                return false;
            }
        }
        let length = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
            })
            .unwrap_or(0);
        let mut body = vec![0; length];
        if self.reader.read_exact(&mut body).is_err() {
            return false;
        }
        let path = head.split(' ').nth(1).unwrap_or_default();
        self.requests.send(path.rsplit('/').next().unwrap().to_owned()).is_ok()
    }

    fn answer(&mut self, body: &str) {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        self.stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    }

    fn close(&self) {
        self.stream.shutdown(Shutdown::Both).unwrap();
    }
}

fn credentials() -> Credentials {
    Credentials::new("id", "secret").unwrap()
}

fn requests(seen: &Receiver<String>) -> Vec<String> {
    seen.try_iter().collect()
}

#[test]
fn a_connection_that_the_server_closed_while_idle_costs_a_reconnect() {
    let (closed, has_closed) = channel();
    let (client, seen) = server(move |_, connection| {
        // One answer with keep-alive promised, and the promise broken.
        if connection.read() {
            connection.answer(GOOD);
            connection.close();
            closed.send(()).unwrap();
        }
    });
    for _ in 0..3 {
        client.authenticate(&credentials()).unwrap();
        has_closed.recv().unwrap();
        client.refresh(&"r".into()).unwrap();
        has_closed.recv().unwrap();
    }
    assert_eq!(requests(&seen), ["api-token", "refresh"].repeat(3));
}

#[test]
fn a_refresh_whose_answer_is_lost_is_not_repeated() {
    let (client, seen) = server(|_, connection| {
        connection.read();
        connection.close();
    });
    let error = client.refresh(&"r".into()).unwrap_err();
    assert_eq!(error.code(), Code::Interrupted);
    assert!(!error.is_retryable());
    assert_eq!(error.attempts(), 1);
    assert_eq!(requests(&seen), ["refresh"]);
}

#[test]
fn an_authentication_whose_answer_is_lost_is_repeated() {
    let (client, seen) = server(|number, connection| {
        connection.read();
        if number == 2 {
            connection.answer(GOOD);
        }
        connection.close();
    });
    client.authenticate(&credentials()).unwrap();
    assert_eq!(requests(&seen), ["api-token"; 3]);
}

#[test]
fn a_failed_tls_handshake_has_sent_nothing_so_a_refresh_may_be_repeated() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let (accepted, count) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            accepted.send(()).unwrap();
            drop(stream);
        }
    });
    let client = Client::builder(Endpoint::url(&url).unwrap())
        .proxy(Proxy::None)
        .retry(RetryPolicy::NONE.with_max_attempts(3))
        .build()
        .unwrap();
    let error = client.refresh(&"r".into()).unwrap_err();
    assert_eq!(error.code(), Code::Connect, "{error}");
    assert!(error.is_retryable());
    assert_eq!(error.attempts(), 3);
    assert_eq!(count.try_iter().count(), 3);
}

#[test]
fn nobody_listening_is_a_connect_error_for_both_calls() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let client = Client::builder(Endpoint::url(&format!("http://127.0.0.1:{port}")).unwrap())
        .proxy(Proxy::None)
        .retry(RetryPolicy::NONE.with_max_attempts(2))
        .build()
        .unwrap();
    for error in
        [client.authenticate(&credentials()).unwrap_err(), client.refresh(&"r".into()).unwrap_err()]
    {
        assert_eq!(error.code(), Code::Connect, "{error}");
        assert_eq!(error.attempts(), 2);
        assert!(error.is_retryable());
    }
}

#[test]
fn the_largest_spans_mean_no_limit_and_overflow_nothing() {
    let (builder, _seen) = listen(|_, connection| {
        if connection.read() {
            connection.answer(GOOD);
        }
    });
    let retry = RetryPolicy::default()
        .with_max_attempts(u32::MAX)
        .with_base_delay(Duration::MAX)
        .with_max_delay(Duration::MAX);
    let client = builder
        .connect_timeout(Duration::MAX)
        .attempt_timeout(Duration::MAX)
        .deadline(Duration::MAX)
        .retry(retry)
        .build()
        .unwrap();
    client.authenticate(&credentials()).unwrap();
}

#[test]
fn a_request_leaves_in_one_piece() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let first_read = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 4096];
        let amount = stream.read(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..amount]).into_owned()
    });
    let client = Client::builder(Endpoint::url(&url).unwrap())
        .proxy(Proxy::None)
        .retry(RetryPolicy::NONE)
        .build()
        .unwrap();
    client.refresh(&"the-token".into()).unwrap_err();
    let read = first_read.join().unwrap();
    assert!(read.starts_with("POST /identity/resources/auth/v2/api-token/token/refresh HTTP/1.1"));
    assert!(read.ends_with(r#"{"refreshToken":"the-token"}"#), "{read}");
}

/// A request is larger than what the system holds, so its sending is under way when the
/// connection is reset. Over TLS, that must not be taken for a request that went out.
#[test]
fn a_reset_before_all_was_sent_has_sent_nothing_over_tls_too() {
    let options = Options { algorithm: Algorithm::HS256, ..Options::default() };
    let emulator = Emulator::start(options).unwrap();
    let service = |url: &str| url.split("//").nth(1).unwrap().to_owned();
    for (scheme, service) in
        [("http", service(emulator.http_url())), ("https", service(emulator.https_url()))]
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let (accepted, count) = channel();
        thread::spawn(move || {
            for client in listener.incoming() {
                accepted.send(()).unwrap();
                let (client, service) = (client.unwrap(), TcpStream::connect(&service).unwrap());
                let (mut back, mut from) =
                    (client.try_clone().unwrap(), service.try_clone().unwrap());
                thread::spawn(move || std::io::copy(&mut from, &mut back));
                // Enough for a handshake, and little of the request.
                let _ = std::io::copy(&mut (&client).take(64 * 1024), &mut &service);
                let client = socket2::Socket::from(client);
                client.set_linger(Some(Duration::ZERO)).unwrap();
                // The thread has a copy, so that closing this one would not be enough.
                let _ = service.shutdown(Shutdown::Both);
            }
        });
        let client = Client::builder(Endpoint::url(&url).unwrap())
            .proxy(Proxy::None)
            .roots(Roots::pem(emulator.ca_pem().as_bytes()))
            .retry(RetryPolicy::NONE.with_max_attempts(2))
            .build()
            .unwrap();
        let error = client.refresh(&"r".repeat(32 * 1024 * 1024).into()).unwrap_err();
        assert_eq!(error.code(), Code::Connect, "{scheme}: {error}");
        assert!(error.is_retryable());
        assert_eq!(error.attempts(), 2);
        assert_eq!(count.try_iter().count(), 2);
    }
}
