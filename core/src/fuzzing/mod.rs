//! What must hold of every input that comes from outside, whatever it is. Each function takes an
//! input and panics if something does not hold. The programs in `core/fuzz` call them with inputs that
//! libFuzzer finds; the tests of this module with those of the corpus, and with some made of them.

#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use ureq::http::{HeaderMap, HeaderName, HeaderValue};

use crate::clock::Moment;
use crate::net::fuzzing as net;
use crate::store::{Stored, Vault};
use crate::wire::Outgoing;
use crate::{Client, Credentials, Endpoint, Error, Proxy, RefreshToken, Roots, TokenSet};

/// Stands in inputs for what no error may tell; no error has a word like it.
const PLANTED: &str = "kX9vQ2mLr7TzW4bN";
/// The secret of every request; an answer may repeat it where the input has `##`.
const SECRET: &str = "Zq8Lw3Vb6Xn1Md5K";
/// More text is in no error.
const LONGEST_ERROR: usize = 64 * 1024;

/// What is tried with an input.
pub type Target = fn(&[u8]);

/// All of them, by the name of their program and of the folder of their corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("answer", answer),
    ("http", http),
    ("tunnel", tunnel),
    ("entry", entry),
    ("sealed", sealed),
    ("proxy_url", proxy_url),
    ("no_proxy", no_proxy),
    ("pem", pem),
    #[cfg(feature = "redis")]
    ("reply", reply),
    #[cfg(feature = "redis")]
    ("store_url", store_url),
];

/// An answer of the service: a byte that chooses the call and the status, one that says where in
/// the body something is planted, headers, an empty line, the body.
pub fn answer(input: &[u8]) {
    const STATUSES: [u16; 16] =
        [200, 201, 204, 299, 301, 304, 400, 401, 403, 404, 408, 422, 429, 500, 503, 999];
    let [choice, place, rest @ ..] = input else { return };
    let status = STATUSES[usize::from(choice & 15)];
    let (headers, body) = split_at_empty_line(rest);
    let mut body = replace(body, b"##", SECRET.as_bytes());
    let success = (200..300).contains(&status);
    if success {
        let place = body.len() * usize::from(*place) / 255;
        body.splice(place..place, PLANTED.bytes());
    }
    interpret(choice & 16 == 0, status, &header_map(headers), &body);
}

/// An answer of the service as bytes: a byte that says how many come at once, and all that comes.
/// What is planted stands in its body.
pub fn http(input: &[u8]) {
    let [at_once, rest @ ..] = input else { return };
    let head = rest.windows(4).position(|four| four == b"\r\n\r\n").map_or(rest.len(), |at| at + 4);
    let (head, body) = rest.split_at(head);
    let bytes = [head, &replace(body, b"##", PLANTED.as_bytes())].concat();
    match net::answer(&bytes, usize::from(*at_once)) {
        Ok((status, headers, body)) => {
            // The limit of 1 MiB.
            assert!(body.len() <= 1 << 20);
            interpret(at_once & 1 == 0, status, &headers, &body);
        }
        Err(failure) => {
            assert!(!tells(&failure.message, PLANTED), "{}", failure.message);
            assert!(failure.message.len() < LONGEST_ERROR);
        }
    }
}

/// What a proxy answers to a request for a tunnel: a byte that chooses its kind, one that says how
/// many bytes come at once, and all that comes. It may repeat the password where the input has `##`.
pub fn tunnel(input: &[u8]) {
    let [kind, at_once, rest @ ..] = input else { return };
    let scheme = ["http", "socks5h", "socks5", "socks4a"][usize::from(kind & 3)];
    let url = format!("{scheme}://user:{SECRET}@proxy.example.com:3128");
    let bytes = replace(rest, b"##", SECRET.as_bytes());
    if let Err(failure) = net::open_tunnel(&url, &bytes, usize::from(*at_once)) {
        assert!(!failure.may_have_been_processed);
        assert!(!failure.message.contains(SECRET), "{}", failure.message);
        assert!(failure.message.len() < LONGEST_ERROR);
    }
}

/// A list of hosts that need no proxy, and a host in the line behind it.
pub fn no_proxy(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (list, host) = text.split_once('\n').unwrap_or((text, "api.example.com"));
    let excluded = net::is_excluded(list, host, 443);
    assert!(net::is_excluded(&format!("{list},*"), host, 443));
    assert!(!excluded || net::is_excluded(&format!("other.example,{list}"), host, 443));
    assert!(!excluded || net::is_excluded(&format!(" {list} , ,other.example"), host, 443));
}

/// What an answer means, and that nothing of it is told which should not be.
fn interpret(authenticates: bool, status: u16, headers: &HeaderMap, body: &[u8]) {
    let success = (200..300).contains(&status);
    let outgoing = if authenticates {
        Outgoing::authenticate(&Credentials::new("id", SECRET).expect("good ones"))
    } else {
        Outgoing::refresh(&RefreshToken::from(SECRET))
    };
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    match outgoing.interpret(&HeaderMap::new(), status, headers, body, now) {
        Ok(set) => check_tokens(&set),
        Err(error) => {
            let text = all_of(&error);
            // The title of a page may be told.
            let is_page = body.to_ascii_lowercase().windows(6).any(|it| it == b"<title");
            assert!(!success || is_page || !tells(&text, PLANTED), "of a success: {text}");
            assert!(!text.contains(SECRET), "the request's own secret: {text}");
        }
    }
}

fn check_tokens(set: &TokenSet) {
    let tokens = [Some(set.access_token().as_str()), set.refresh_token().map(RefreshToken::as_str)];
    let shown = format!("{set:?}");
    for token in tokens.into_iter().flatten().filter(|token| token.contains(PLANTED)) {
        assert!(!tells(&shown, PLANTED), "{token} in {shown}");
    }
}

/// The text of an entry in a store.
pub fn entry(input: &[u8]) {
    let now = Moment { boot: 3_600_000_000_000, wall: 1_790_000_000_000_000_000 };
    for left in [None, Some(Duration::from_secs(60))] {
        let Some(stored) = Stored::read(input, left, now) else { continue };
        let again = Stored::read(&stored.write(now, Duration::ZERO), None, now);
        let again = again.expect("what was written is read");
        assert_eq!(again.generation, stored.generation);
        let text = |stored: &Stored| stored.token.as_ref().map(|it| it.token.as_str().to_owned());
        // One without a lifetime may not be worth writing.
        assert!(text(&again).is_none() || text(&again) == text(&stored));
    }
}

/// An entry as it lies in a store: what is not sealed by the key opens as nothing.
pub fn sealed(input: &[u8]) {
    let credentials = Credentials::new("id", SECRET).expect("good ones");
    let vault = Vault::new(&credentials, ["https://api.example.com", ""]);
    assert!(vault.open(input).is_none(), "nobody guesses a tag");
    let mut own = vault.seal(b"a token").expect("random bytes");
    assert!(vault.open(&own).is_some());
    if let [at, change, ..] = input
        && *change != 0
    {
        let at = usize::from(*at) % own.len();
        own[at] ^= change;
        assert!(vault.open(&own).is_none());
    }
}

/// The URL of a proxy, set or in the environment.
pub fn proxy_url(input: &[u8]) {
    let Ok(url) = std::str::from_utf8(input) else { return };
    let url = url.replace("##", PLANTED);
    let secret = has_planted_password(&url);
    match url.parse::<Proxy>() {
        Err(error) => assert!(!secret || !tells(&all_of(&error), PLANTED), "{error}"),
        Ok(proxy) => {
            assert!(!secret || !tells(&format!("{proxy:?}"), PLANTED));
            let endpoint = Endpoint::url("https://api.example.com").expect("a good one");
            match Client::builder(endpoint).roots(Roots::Bundled).proxy(proxy).build() {
                Err(error) => assert!(!secret || !tells(&all_of(&error), PLANTED), "{error}"),
                Ok(client) => assert!(!secret || !tells(&format!("{client:?}"), PLANTED)),
            }
        }
    }
}

/// Certificates, or a certificate and its key behind it.
pub fn pem(input: &[u8]) {
    let endpoint = || Endpoint::url("https://api.example.com").expect("a good one");
    let planted = replace(input, b"##", PLANTED.as_bytes());
    // Those of the platform take their time.
    let bundled = || Client::builder(endpoint()).roots(Roots::Bundled);
    let errors = [
        Client::builder(endpoint()).roots(Roots::pem(&planted)).build().err(),
        bundled().client_certificate(&planted, &planted).build().err(),
    ];
    for error in errors.into_iter().flatten() {
        let text = all_of(&error);
        assert!(!tells(&text, PLANTED), "{text}");
    }
}

/// What a server of Redis answers.
#[cfg(feature = "redis")]
pub fn reply(input: &[u8]) {
    // What one answer may have, as in `store::redis::connection`.
    let mut rest = &input[..input.len().min(1024 * 1024)];
    let mut parser = redis::Parser::new();
    while !rest.is_empty() && parser.parse_value(&mut rest).is_ok() {}
}

/// The URL of a Redis, which is not called.
#[cfg(feature = "redis")]
pub fn store_url(input: &[u8]) {
    let Ok(url) = std::str::from_utf8(input) else { return };
    let url = url.replace("##", PLANTED);
    let secret = has_planted_password(&url);
    match crate::RedisStore::new(url) {
        Err(error) => assert!(!secret || !tells(&all_of(&error), PLANTED), "{error}"),
        Ok(store) => assert!(!secret || !tells(&format!("{store:?}"), PLANTED)),
    }
}

/// Whether what was planted stands where a URL has its user and password. One of a socket in the
/// file system has its path there.
fn has_planted_password(url: &str) -> bool {
    let rest = match url.split_once("://") {
        Some((scheme, _)) if scheme.contains("unix") => return false,
        Some((_, rest)) => rest,
        None => return false,
    };
    rest.rsplit_once('@').is_some_and(|(login, _)| login.contains(PLANTED))
}

/// Every text that an error holds.
fn all_of(error: &Error) -> String {
    let text = format!(
        "{error} {error:?} {} {:?} {:?} {:?}",
        error.message(),
        error.messages(),
        error.error_code(),
        error.trace_id()
    );
    assert!(text.len() < LONGEST_ERROR, "{} bytes", text.len());
    text
}

/// Whether a text tells eight letters or more of a secret, whatever stands between them.
fn tells(text: &str, secret: &str) -> bool {
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    secret.as_bytes().windows(8).any(|it| letters.contains(std::str::from_utf8(it).unwrap_or("")))
}

fn split_at_empty_line(input: &[u8]) -> (&[u8], &[u8]) {
    match input.windows(2).position(|two| two == b"\n\n") {
        Some(end) => (&input[..end], &input[end + 2..]),
        None => (b"", input),
    }
}

fn header_map(lines: &[u8]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n').take(64) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let value = line[colon + 1..].trim_ascii();
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(value))
        {
            map.append(name, value);
        }
    }
    map
}

fn replace(text: &[u8], what: &[u8], by: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, behind)) = rest.split_first() {
        if let Some(behind) = rest.strip_prefix(what) {
            replaced.extend(by);
            rest = behind;
        } else {
            replaced.push(*first);
            rest = behind;
        }
    }
    replaced
}
