//! Reads the token out of an answer, in either naming.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use zeroize::Zeroize;

use crate::token::{AccessToken, RefreshToken, TokenSet};

/// What a good answer holds.
pub(super) struct Found {
    access_token: String,
    refresh_token: Option<String>,
    expires_in: Option<Duration>,
    expires: Option<String>,
}

impl Found {
    pub(super) fn into_token_set(self, trace_id: Option<String>, now: SystemTime) -> TokenSet {
        TokenSet {
            access_token: AccessToken::new(self.access_token),
            refresh_token: self.refresh_token.map(RefreshToken::new),
            expires_in: self.expires_in,
            expires: self.expires,
            trace_id,
            received_at: now,
        }
    }
}

/// Reads the body of a 2xx answer, or says what is wrong with it.
pub(super) fn read(body: &[u8]) -> Result<Found, &'static str> {
    let mut members = match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return Err("the answer is not a JSON object"),
        Err(_) => return Err("the answer is not JSON"),
    };
    let found = take(&mut members);
    // Whatever else was there may be a token under another name.
    for (_, value) in members {
        if let Value::String(mut text) = value {
            text.zeroize();
        }
    }
    found
}

fn take(members: &mut Map<String, Value>) -> Result<Found, &'static str> {
    if ["errors", "error"].iter().any(|name| members.get(*name).is_some_and(is_something)) {
        return Err("the answer says success and carries an error");
    }
    let access_token = text(members, "access_token", "accessToken");
    let refresh_token = text(members, "refresh_token", "refreshToken");
    let Some(access_token) = access_token else {
        return Err("the answer carries no access token");
    };
    Ok(Found {
        access_token,
        refresh_token,
        expires_in: number(members, "expires_in").or_else(|| number(members, "expiresIn")),
        expires: text(members, "expires", "expires"),
    })
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
