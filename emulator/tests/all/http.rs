//! HTTP/1.1 as such: connections, bodies, limits.

use std::io::Write;

use serde_json::json;

use crate::wire::{
    Answer, End, V2, call, connect, credentials, exchange, quick, read_answer, read_to_end,
    request, send, start,
};

const JSON: &str = "content-type: application/json\r\n";
const JSON_KEEP: &str = "content-type: application/json\r\nconnection: keep-alive\r\n";

#[test]
fn a_connection_serves_many_requests() {
    let emulator = start(quick());
    let mut stream = connect(emulator.http_url());
    let bytes = request("POST", V2, JSON_KEEP, &credentials().to_string());
    for _ in 0..3 {
        stream.write_all(&bytes).expect("it reads");
        let answer = read_answer(&mut stream);
        assert_eq!((answer.status, answer.header("connection")), (200, Some("keep-alive")));
    }
    stream.write_all(&call(V2, &credentials())).expect("it reads");
    let (bytes, end) = read_to_end(&mut stream);
    let answer = Answer::parse(&bytes).expect("an answer");
    assert_eq!((answer.header("connection"), end), (Some("close"), End::Orderly));
    let state = emulator.state();
    assert_eq!((state.counts.connections, state.counts.requests), (1, 4));
    assert!(
        state.requests.iter().all(|request| request.connection == state.requests[0].connection)
    );
}

#[test]
fn pipelined_requests_are_answered_in_turn() {
    let emulator = start(quick());
    let bytes = request("POST", V2, JSON_KEEP, &credentials().to_string());
    let (answers, _) =
        exchange(emulator.http_url(), &[bytes, request("GET", "/nothing", "", "")].concat());
    let answers = String::from_utf8(answers).expect("text");
    let at = |text: &str| answers.find(text).expect("both answers");
    assert!(at("HTTP/1.1 200 OK") < at("HTTP/1.1 404 Not Found"));
}

#[test]
fn http_1_0_closes_unless_asked() {
    let emulator = start(quick());
    let bytes = b"GET /_emulator/health HTTP/1.0\r\n\r\n";
    assert_eq!(send(emulator.http_url(), bytes).header("connection"), Some("close"));
}

#[test]
fn a_head_request_gets_the_head() {
    let emulator = start(quick());
    let answer = send(emulator.http_url(), &request("HEAD", "/_emulator/health", "", ""));
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert!(answer.promised_length() > 0);
}

#[test]
fn a_body_may_come_in_chunks() {
    let emulator = start(quick());
    let body = credentials().to_string();
    let (one, two) = body.split_at(7);
    let bytes = format!(
        "POST {V2} HTTP/1.1\r\nhost: test\r\n{JSON}connection: close\r\ntransfer-encoding: chunked\r\n\r\n\
         7\r\n{one}\r\n{:x};ext=1\r\n{two}\r\n0\r\ntrailer: x\r\n\r\n",
        two.len()
    );
    assert_eq!(send(emulator.http_url(), bytes.as_bytes()).status, 200);
}

#[test]
fn a_client_that_waits_for_leave_gets_it() {
    let emulator = start(quick());
    let body = credentials().to_string();
    let head = format!(
        "POST {V2} HTTP/1.1\r\nhost: test\r\n{JSON}connection: close\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = connect(emulator.http_url());
    stream.write_all(head.as_bytes()).expect("it reads");
    let mut leave = [0; 25];
    std::io::Read::read_exact(&mut stream, &mut leave).expect("leave to go on");
    assert_eq!(&leave, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).expect("it reads");
    let (bytes, _) = read_to_end(&mut stream);
    assert_eq!(Answer::parse(&bytes).expect("an answer").status, 200);
}

#[test]
fn what_is_too_large_or_malformed_is_refused() {
    let emulator = start(quick());
    let post =
        |headers: &str| format!("POST {V2} HTTP/1.1\r\nhost: test\r\n{JSON}{headers}\r\n\r\n");
    let chunked = "transfer-encoding: chunked\r\n\r\n";
    for (bytes, status) in [
        (post("content-length: 65537"), 413),
        (post(&format!("{chunked}10001\r\n")), 413),
        (post(&format!("{chunked}zz\r\n")), 400),
        (post("content-length: 1\r\ntransfer-encoding: chunked"), 400),
        (post("content-length: -1"), 400),
        (post("content-length: +33"), 400),
        (post("content-length: 3, 3"), 400),
        (post("content-length: 3\r\ncontent-length: 3"), 400),
        (post("content-length: 3\r\ncontent-length: 4"), 400),
        (post("transfer-encoding: chunked\r\ntransfer-encoding: chunked"), 400),
        (post("transfer-encoding: gzip, chunked"), 400),
        (post("content-length: 0\r\nhost: again"), 400),
        (format!("POST {V2} HTTP/1.1\r\n{JSON}content-length: 0\r\n\r\n"), 400),
        ("nonsense\r\n\r\n".into(), 400),
        (format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(70_000)), 431),
    ] {
        let answer = send(emulator.http_url(), bytes.as_bytes());
        assert_eq!(
            (answer.status, answer.header("connection")),
            (status, Some("close")),
            "{bytes:.80}"
        );
        assert_eq!(answer.json()["statusCode"], status);
    }
    // The whole body is on its way when it is refused, and the answer still arrives.
    let large = request("POST", V2, JSON, &json!({"clientId": "x".repeat(900_000)}).to_string());
    assert_eq!(send(emulator.http_url(), &large).status, 413);
    let state = emulator.state();
    assert_eq!((state.counts.requests, state.counts.malformed), (16, 16));
    assert_eq!(state.counts.authenticate.total, 0, "none of them was done");
    let paths: Vec<&str> = state.requests.iter().map(|request| &*request.path).collect();
    assert_eq!((paths[0], paths[3], state.requests[3].status), (V2, "", Some(400)));
}

#[test]
fn dropping_the_emulator_breaks_its_connections() {
    let emulator = start(quick());
    let mut idle = connect(emulator.http_url());
    idle.write_all(&request("GET", "/x", "connection: keep-alive\r\n", "")).expect("it reads");
    assert_eq!(read_answer(&mut idle).status, 404);
    let address = emulator.http_url().strip_prefix("http://").expect("HTTP").to_owned();
    drop(emulator);
    assert_eq!(read_to_end(&mut idle), (Vec::new(), End::Orderly));
    assert!(std::net::TcpStream::connect(address).is_err());
}
