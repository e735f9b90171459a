//! A client that sees every byte.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use base64::Engine;
use frontegg_emulator::{Algorithm, ApiToken, Emulator, Options};
use serde_json::{Value, json};

pub(crate) const V2: &str = "/identity/resources/auth/v2/api-token";
pub(crate) const V2_REFRESH: &str = "/identity/resources/auth/v2/api-token/token/refresh";
pub(crate) const V1: &str = "/identity/resources/auth/v1/api-token";
pub(crate) const V1_REFRESH: &str = "/identity/resources/auth/v1/api-token/token/refresh";

/// An emulator with known credentials: `id` and `top-secret`.
pub(crate) fn start(options: Options) -> Emulator {
    let api_tokens = if options.api_tokens.is_empty() {
        vec![ApiToken::tenant("id", "top-secret")]
    } else {
        options.api_tokens
    };
    Emulator::start(Options { api_tokens, ..options }).expect("the emulator starts")
}

/// One that signs fast, for where the signature does not matter.
pub(crate) fn quick() -> Options {
    Options { algorithm: Algorithm::HS256, ..Options::default() }
}

pub(crate) fn credentials() -> Value {
    json!({"clientId": "id", "secret": "top-secret"})
}

/// What came back of one answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// As it was on the wire.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Reads what a connection carried. Nothing if it is no whole head.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        let headers = lines
            .map(|line| line.split_once(": ").map(|(name, value)| (name.into(), value.into())))
            .collect::<Option<_>>()?;
        Some(Answer { status, headers, body: bytes[end + 4..].to_vec() })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }

    pub(crate) fn promised_length(&self) -> usize {
        self.header("content-length").expect("a length").parse().expect("a number")
    }

    /// The body of an answer in chunks.
    pub(crate) fn unchunked(&self) -> Vec<u8> {
        let (mut rest, mut whole) = (self.body.as_slice(), Vec::new());
        loop {
            let line = rest.windows(2).position(|two| two == b"\r\n").expect("a chunk's size");
            let size = std::str::from_utf8(&rest[..line]).expect("hex");
            let size = usize::from_str_radix(size, 16).expect("hex");
            if size == 0 {
                assert_eq!(&rest[line..], b"\r\n\r\n", "the last chunk ends the body");
                return whole;
            }
            whole.extend(&rest[line + 2..line + 2 + size]);
            rest = &rest[line + 2 + size + 2..];
        }
    }
}

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Orderly,
    Reset,
}

/// A connection to an origin `http://…`. A read that takes a minute fails the test.
pub(crate) fn connect(origin: &str) -> TcpStream {
    let address = origin.strip_prefix("http://").expect("plain HTTP");
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    stream
}

/// All that comes until the connection ends.
pub(crate) fn read_to_end(stream: &mut TcpStream) -> (Vec<u8>, End) {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return (bytes, End::Orderly),
            Ok(read) => bytes.extend(&piece[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return (bytes, End::Reset),
            Err(error) => panic!("reading: {error}"),
        }
    }
}

/// Reads one answer that tells its length, and leaves the connection as it is.
pub(crate) fn read_answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("more of the answer");
        bytes.extend(byte);
        if let Some(answer) = Answer::parse(&bytes)
            && answer.body.len() >= answer.promised_length()
        {
            return answer;
        }
    }
}

/// A request that promises to be the last of its connection, unless `more` says otherwise.
pub(crate) fn request(method: &str, path: &str, more: &str, body: &str) -> Vec<u8> {
    let connection = if more.contains("connection:") { "" } else { "connection: close\r\n" };
    format!(
        "{method} {path} HTTP/1.1\r\nhost: test\r\n{connection}{more}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The bytes of a call with a JSON body.
pub(crate) fn call(path: &str, body: &Value) -> Vec<u8> {
    request("POST", path, "content-type: application/json\r\n", &body.to_string())
}

/// Sends bytes and gives back all that comes, and how it ended.
pub(crate) fn exchange(origin: &str, bytes: &[u8]) -> (Vec<u8>, End) {
    let mut stream = connect(origin);
    stream.write_all(bytes).expect("it reads");
    read_to_end(&mut stream)
}

/// Sends bytes and reads the one answer.
pub(crate) fn send(origin: &str, bytes: &[u8]) -> Answer {
    let (bytes, end) = exchange(origin, bytes);
    assert_eq!(end, End::Orderly);
    Answer::parse(&bytes).expect("an answer")
}

pub(crate) fn post(emulator: &Emulator, path: &str, body: &Value) -> Answer {
    send(emulator.http_url(), &call(path, body))
}

/// Authenticates, and gives the refresh token.
pub(crate) fn authenticate(emulator: &Emulator) -> String {
    let answer = post(emulator, V2, &credentials());
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["refresh_token"].as_str().expect("a refresh token").to_owned()
}

/// Refreshes: the next refresh token, or the status of the failure.
pub(crate) fn refresh(emulator: &Emulator, token: &str) -> Result<String, u16> {
    let answer = post(emulator, V2_REFRESH, &json!({"refreshToken": token}));
    match answer.status {
        200 => Ok(answer.json()["refresh_token"].as_str().expect("a refresh token").to_owned()),
        401 => {
            assert_eq!(answer.json(), json!({"errors": ["Refresh token is not valid"]}));
            Err(401)
        }
        status => Err(status),
    }
}

/// The claims of a JWT, unverified.
pub(crate) fn claims(token: &Value) -> Value {
    let part = token.as_str().and_then(|token| token.split('.').nth(1)).expect("a JWT");
    let bytes = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&bytes).expect("claims")
}

/// Reads `2026-06-07T12:34:56.789Z`, and insists on exactly that form.
pub(crate) fn parse_rfc3339(text: &str) -> SystemTime {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z", "{text}");
    let number = |range: std::ops::Range<usize>| text[range].parse::<u16>().expect("digits");
    let small = |range| u8::try_from(number(range)).expect("two digits");
    let month = time::Month::try_from(small(5..7)).expect("a month");
    let date = time::Date::from_calendar_date(number(0..4).into(), month, small(8..10));
    let date = date.expect("a date");
    date.with_hms_milli(small(11..13), small(14..16), small(17..19), number(20..23))
        .expect("a time of day")
        .assume_utc()
        .into()
}
