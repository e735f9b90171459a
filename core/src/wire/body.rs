//! Reads the token out of an answer, in either naming.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use zeroize::{Zeroize, Zeroizing};

use super::messages;
use crate::claims;
use crate::logs::log_line;
use crate::token::{AccessToken, RefreshToken, TokenSet};

/// What a good answer holds.
pub(super) struct Found {
    access_token: String,
    refresh_token: Option<String>,
    expires_in: Option<Duration>,
    expires: Option<String>,
}

impl Found {
    /// The answer came at `received_at` by this host's clock, and left the service at
    /// `answered_at` by its own.
    pub(super) fn into_token_set(
        self,
        trace_id: Option<String>,
        received_at: SystemTime,
        answered_at: Option<SystemTime>,
    ) -> TokenSet {
        if answered_at.is_some_and(|at| claims::Dates::of(&self.access_token).has_expired(at)) {
            log_line!(
                Warn,
                "the access token expires before the answer's Date: the clocks of the service \
                 disagree, and its lifetime is taken from expires_in and iat alone"
            );
        }
        TokenSet {
            access_token: AccessToken::new(self.access_token),
            refresh_token: self.refresh_token.map(RefreshToken::new),
            expires_in: self.expires_in,
            expires: self.expires,
            trace_id,
            received_at,
            answered_at,
        }
    }
}

/// The body without a byte order mark, which some servers write in front of it.
pub(super) fn without_mark(body: &[u8]) -> &[u8] {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    let mut body = body.trim_ascii();
    while let Some(rest) = body.strip_prefix(MARK) {
        body = rest.trim_ascii_start();
    }
    body
}

/// Reads the body of a 2xx answer, or says what it is instead. Nothing of it is quoted: wherever
/// a token is, it may be in another place than expected.
pub(super) fn read(body: &[u8]) -> Result<Found, &'static str> {
    let body = without_mark(body);
    let mut value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(error) => return Err(not_json(body, &error)),
    };
    let found = match &mut value {
        Value::Object(members) => take(members),
        Value::Array(_) => Err("the answer is a JSON array, not an object"),
        Value::String(text) => Err(if holds_json(text) {
            "the answer is a JSON string that holds JSON: it was encoded twice"
        } else {
            "the answer is a JSON string, not an object"
        }),
        Value::Number(_) => Err("the answer is a JSON number, not an object"),
        Value::Bool(_) => Err("the answer is a JSON boolean, not an object"),
        Value::Null => Err("the answer is a JSON null, not an object"),
    };
    // Whatever else was there may be a token under another name.
    wipe(&mut value);
    found
}

/// Zeroes all strings in it.
pub(super) fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => {
            for (mut name, mut inner) in std::mem::take(members) {
                name.zeroize();
                wipe(&mut inner);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn not_json(body: &[u8], error: &serde_json::Error) -> &'static str {
    let Ok(text) = std::str::from_utf8(body) else {
        return "the answer is not JSON: it is not UTF-8";
    };
    let holds_pairs = || text.split(['&', '\n']).next().is_some_and(|pair| pair.contains('='));
    if text.is_empty() {
        "the answer is empty"
    } else if messages::is_page(text) {
        "the answer is not JSON: it is an HTML page, or XML"
    } else if text.contains('\0') {
        "the answer is not JSON: it is not text"
    } else if !text.starts_with(['{', '[', '"']) {
        if holds_pairs() && !text.contains(char::is_whitespace) {
            "the answer is not JSON: it is a form"
        } else {
            "the answer is not JSON: it is plain text"
        }
    } else if error.is_eof() {
        "the answer is not JSON: it breaks off"
    } else {
        "the answer is not JSON: it is damaged, or nested too deeply"
    }
}

fn holds_json(text: &str) -> bool {
    let Ok(mut inner) = serde_json::from_slice::<Value>(without_mark(text.as_bytes())) else {
        return false;
    };
    let is_document = !matches!(inner, Value::Number(_) | Value::Bool(_) | Value::Null);
    wipe(&mut inner);
    is_document
}

fn take(members: &mut Map<String, Value>) -> Result<Found, &'static str> {
    if ["errors", "error"].iter().any(|name| members.get(*name).is_some_and(is_something)) {
        return Err("the answer says success and carries an error");
    }
    let access_token = text(members, "access_token", "accessToken");
    let refresh_token = text(members, "refresh_token", "refreshToken").map(Zeroizing::new);
    let Some(access_token) = access_token else {
        return Err(if members.values().any(holds_access_token) {
            "the answer carries no access token but in an object inside it"
        } else {
            "the answer carries no access token"
        });
    };
    Ok(Found {
        access_token,
        refresh_token: refresh_token.map(|mut token| std::mem::take(&mut *token)),
        expires_in: number(members, "expires_in").or_else(|| number(members, "expiresIn")),
        expires: text(members, "expires", "expires"),
    })
}

fn holds_access_token(value: &Value) -> bool {
    value.get("access_token").or_else(|| value.get("accessToken")).is_some_and(Value::is_string)
}
/// Neither null nor empty.
fn is_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

/// The first of two namings that is there as a string with something in it. One with a
/// control character is as good as absent: it fits into no header, and a NUL into no C string.
fn text(members: &mut Map<String, Value>, snake: &str, camel: &str) -> Option<String> {
    [snake, camel].into_iter().find_map(|name| match members.remove(name) {
        Some(Value::String(mut text)) => {
            if text.trim().is_empty() || text.contains(char::is_control) {
                text.zeroize();
                return None;
            }
            Some(text)
        }
        _ => None,
    })
}

/// Seconds, as a number (a fraction is legal) or as a number in a string. What is not
/// positive, or beyond all measure, is as good as absent.
fn number(members: &Map<String, Value>, name: &str) -> Option<Duration> {
    let seconds = match members.get(name)? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok().filter(|span| !span.is_zero())
}
