use std::io::{self, Write as _};
use std::time::Duration;

use super::*;
use crate::Code;

/// A peer that has sent this, so many bytes at a time, and closes.
#[derive(Debug)]
struct Script {
    bytes: Vec<u8>,
    at_once: usize,
}

impl Channel for Script {
    fn read(&mut self, buffer: &mut [u8], _: Instant) -> io::Result<usize> {
        let amount = self.at_once.min(buffer.len()).min(self.bytes.len());
        buffer[..amount].copy_from_slice(&self.bytes[..amount]);
        self.bytes.drain(..amount);
        Ok(amount)
    }

    fn write_all(&mut self, _: &[u8], _: Instant) -> io::Result<()> {
        unreachable!("an answer is read")
    }

    fn is_silent(&mut self) -> bool {
        self.bytes.is_empty()
    }
}

fn read_by(bytes: &[u8], at_once: usize) -> Result<(Answer, bool), Failure> {
    let mut script = Script { bytes: bytes.to_vec(), at_once };
    let until = Instant::now() + Duration::from_secs(60);
    read(&mut Input::default(), &mut script, until)
}

/// The body, and whether the connection can be used again: whole, and byte by byte.
fn body(bytes: &[u8]) -> (Result<Vec<u8>, String>, bool) {
    let outcome = |at_once| {
        let (answer, is_reusable) = read_by(bytes, at_once).unwrap();
        (answer.body.map(|body| body.to_vec()).map_err(|failure| failure.message), is_reusable)
    };
    let whole = outcome(usize::MAX);
    // What lies behind an answer is seen only where it came with it.
    if whole.1 {
        assert_eq!(outcome(1), whole);
    }
    assert_eq!(outcome(1).0, whole.0);
    whole
}

fn ok(text: &str) -> (Result<Vec<u8>, String>, bool) {
    (Ok(text.as_bytes().to_vec()), true)
}

fn failure(bytes: &[u8]) -> Failure {
    read_by(bytes, 7).unwrap_err()
}

#[test]
fn a_body_ends_where_its_head_says() {
    for (head, rest, expected) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2", "{}", ok("{}")),
        ("HTTP/1.1 200\r\nContent-Length:2", "{}", ok("{}")),
        ("HTTP/1.1 200 OK\ncontent-length: 2, 2", "{}", ok("{}")),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2", "{}", ok("{}")),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0", "", ok("")),
        ("HTTP/1.1 204 None", "", ok("")),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked", "2\r\n{}\r\n0\r\n\r\n", ok("{}")),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED",
            "1;x=y\r\n{\r\n01\r\n}\r\n0;z\r\na: b\r\n\r\n",
            ok("{}"),
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: identity, chunked",
            "A\r\n0123456789\r\n0\r\n\r\n",
            ok("0123456789"),
        ),
        // Not to be used again: it says so, its end is that of the connection, more came than was
        // asked for, it says its length twice, or it failed.
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: x, CLOSE", "{}", (ok("{}").0, false)),
        ("HTTP/1.0 200 OK\r\ncontent-length: 2", "{}", (ok("{}").0, false)),
        ("HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive", "{}", ok("{}")),
        ("HTTP/1.1 200 OK", "{}", (ok("{}").0, false)),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2", "{}surplus", (ok("{}").0, false)),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked",
            "2\r\n{}\r\n0\r\n\r\n",
            (ok("{}").0, false),
        ),
        ("HTTP/1.1 503 Busy\r\ncontent-length: 0", "", (ok("").0, false)),
    ] {
        assert_eq!(body(format!("{head}\r\n\r\n{rest}").as_bytes()), expected, "{head} {rest}");
    }
}

#[test]
fn a_body_that_does_not_end_well_is_a_failure_with_its_status() {
    for (head, rest, says) in [
        ("content-length: 3", "{}", "broke off"),
        ("content-length: 2\r\ncontent-length: 3", "{}", "length"),
        ("content-length: +2", "{}", "length"),
        ("content-length: -2", "{}", "length"),
        ("content-length: 2,", "{}", "length"),
        ("content-length: 0x2", "{}", "length"),
        ("content-length: 99999999999999999999999", "{}", "1 MiB"),
        ("content-length: 1048577", "{}", "1 MiB"),
        ("transfer-encoding: gzip, chunked", "0\r\n\r\n", "transfer encoding"),
        ("transfer-encoding: chunked", "2\r\n{}\r\n", "broke off"),
        ("transfer-encoding: chunked", "2\r\n{}\r\n0\r\n", "broke off"),
        ("transfer-encoding: chunked", "2\r\n{}x0\r\n\r\n", "damaged"),
        ("transfer-encoding: chunked", "+2\r\n{}\r\n0\r\n\r\n", "damaged"),
        ("transfer-encoding: chunked", "\r\n", "damaged"),
        ("transfer-encoding: chunked", "ffffffffffffffffffffff\r\n", "1 MiB"),
        ("content-encoding: br\r\ncontent-length: 2", "{}", "br"),
        ("content-encoding: gzip\r\ncontent-length: 2", "{}", "compression"),
        ("content-encoding: \u{1}planted\u{1}\r\ncontent-length: 2", "{}", "unknown way"),
    ] {
        let text = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{rest}");
        let Ok((answer, is_reusable)) = read_by(text.as_bytes(), 5) else {
            assert!(head.contains("planted"));
            continue;
        };
        assert_eq!(answer.status, 200);
        let failure = answer.body.unwrap_err();
        assert!(failure.message.contains(says), "{head}: {}", failure.message);
        assert!(failure.may_have_been_processed);
        assert!(!is_reusable || head.contains("encoding"), "{head}");
    }
}

#[test]
fn compression_is_undone_whatever_its_name_s_case() {
    let zipped = |text: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    let answer = |coding: &str, bytes: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\n");
        let head = format!("{head}content-length: {}\r\n\r\n", bytes.len());
        body(&[head.as_bytes(), bytes].concat())
    };
    for coding in ["gzip", "GZIP", "x-gzip", "identity, Gzip", ""] {
        let bytes = if coding.is_empty() { b"{}".to_vec() } else { zipped(b"{}") };
        assert_eq!(answer(coding, &bytes), ok("{}"), "{coding}");
    }
    assert_eq!(answer("gzip, gzip", &zipped(&zipped(b"{}"))), ok("{}"));
    let members = [zipped(b"{"), zipped(b"}")].concat();
    assert_eq!(answer("gzip", &members), ok("{}"));
    assert_eq!(answer("gzip", b""), ok(""));
    let cut = &zipped(b"{}")[..12];
    assert!(answer("gzip", cut).0.unwrap_err().contains("compression"));
    let bomb = zipped(&vec![b' '; 8 * MAX_BODY]);
    assert!(answer("gzip", &bomb).0.unwrap_err().contains("1 MiB"));
}

#[test]
fn interim_answers_are_passed_over() {
    let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n\
                HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    assert_eq!(body(text.as_bytes()), ok("{}"));
    let endless = "HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000);
    assert!(failure(endless.as_bytes()).message.contains("64 KiB"));
}

#[test]
fn heads_have_their_limits() {
    let head = |count: usize, bytes: usize| {
        let lines = (0..count)
            .fold(String::new(), |lines, at| lines + &format!("x-{at}: {}\r\n", "a".repeat(bytes)));
        format!("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n{lines}\r\n{{}}")
    };
    for (count, bytes) in [(150, 1), (255, 1), (150, 133), (1, 60_000)] {
        assert_eq!(body(head(count, bytes).as_bytes()), ok("{}"), "{count} of {bytes}");
    }
    assert!(failure(head(256, 1).as_bytes()).message.contains("256 headers"));
    for (count, bytes) in [(1, 70_000), (200, 400)] {
        let failure = failure(head(count, bytes).as_bytes());
        assert!(failure.message.contains("64 KiB"), "{}", failure.message);
        assert_eq!(failure.code, Code::InvalidResponse);
    }
}

#[test]
fn what_is_no_answer_is_told_apart() {
    assert_eq!(failure(b"").code, Code::Interrupted);
    assert!(failure(b"").message.contains("no answer came"));
    assert_eq!(failure(b"HTTP/1.1 200 OK\r\nx").code, Code::Interrupted);
    for text in [
        "SSH-2.0-x\r\n\r\n",
        "HTTP/1.1 099 x\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "\u{15}\u{3}\u{3}\0\u{2}\u{2}(",
    ] {
        let failure = failure(text.as_bytes());
        assert_eq!(failure.code, Code::InvalidResponse, "{text:?}");
        assert!(failure.may_have_been_processed);
    }
}
