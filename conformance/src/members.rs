//! The members that a reply must have, and their types.

use serde_json::{Map, Value};

use crate::reply::To;

const TOKEN_SET: [&str; 7] = [
    "access_token",
    "claims",
    "expires",
    "lifetime_ms",
    "received_at_ms",
    "refresh_token",
    "trace_id",
];
const TOKEN: [&str; 6] =
    ["authorization", "claims", "expires_at_ms", "origin", "renewal_due_at_ms", "token"];
const COUNTS: [&str; 9] = [
    "authenticating_only",
    "authentications",
    "failures",
    "fallbacks",
    "refreshes",
    "store_error",
    "store_failures",
    "store_hits",
    "waits",
];
const EVENTS: [&str; 9] = [
    "authenticated",
    "failed",
    "fell_back",
    "refreshed",
    "served_while_failing",
    "store_failed",
    "store_hit",
    "store_recovered",
    "throttled",
];
/// Those that tell of no error.
const GOOD: [&str; 4] = ["authenticated", "refreshed", "store_hit", "store_recovered"];
const FACTS: [&str; 10] = [
    "attempts",
    "code",
    "error_code",
    "http_status",
    "message",
    "messages",
    "number",
    "retry_after_ms",
    "retryable",
    "trace_id",
];

impl To {
    /// Says in what the members of a success break the protocol.
    pub(crate) fn check(self, ok: &Map<String, Value>) -> Result<(), String> {
        let is_text_or_null = |name: &str| ok[name].is_string() || ok[name].is_null();
        match self {
            To::Call => token_set(ok),
            To::Token => token(ok),
            To::Peek => {
                names(ok, &["token"])?;
                fits(is_text_or_null("token"), "`token` is neither text nor null")
            }
            To::Invalidate => {
                names(ok, &["was_current"])?;
                fits(ok["was_current"].is_boolean(), "`was_current` is not true or false")
            }
            To::Stats => {
                names(ok, &COUNTS)?;
                let others = ["authenticating_only", "store_error"];
                let counts = ok.iter().filter(|(name, _)| !others.contains(&name.as_str()));
                let all = counts.map(|(_, count)| count).all(Value::is_u64);
                fits(all && ok["authenticating_only"].is_boolean(), "a count has a wrong type")?;
                let error = &ok["store_error"];
                let is_error = error["code"].is_string() && error["message"].is_string();
                fits(is_error || error.is_null(), "`store_error` is neither an error nor null")
            }
            To::Events => events(ok),
            To::Other => names(ok, &[]),
        }
    }
}

fn fits(yes: bool, else_says: &str) -> Result<(), String> {
    if yes { Ok(()) } else { Err(else_says.to_owned()) }
}

fn token(about: &Map<String, Value>) -> Result<(), String> {
    names(about, &TOKEN)?;
    let time_or_null = |name: &str| about[name].is_u64() || about[name].is_null();
    let known_origin =
        ["authenticate", "refresh", "store"].iter().any(|origin| about["origin"] == *origin);
    let types = about["token"].is_string()
        && time_or_null("expires_at_ms")
        && time_or_null("renewal_due_at_ms")
        && (known_origin || about["origin"].is_null())
        && (about["claims"].is_object() || about["claims"].is_null());
    fits(types, "a member about the token has a wrong type")?;
    let token = about["token"].as_str().unwrap_or_default();
    let bearer = about["authorization"] == format!("Bearer {token}");
    fits(bearer, "`authorization` is not `Bearer` and the token")?;
    let in_time = about["renewal_due_at_ms"].as_u64() <= about["expires_at_ms"].as_u64();
    fits(in_time, "renewal is due after the token has expired")
}

fn events(ok: &Map<String, Value>) -> Result<(), String> {
    names(ok, &["events"])?;
    let all = ok["events"].as_array().ok_or("`events` is not a list")?;
    for event in all {
        let event = event.as_object().ok_or("an event is not an object")?;
        names(event, &["code", "generation", "kind"])?;
        let known_code = frontegg_token::CODES.iter().any(|row| event["code"] == row.name);
        let fits = event["kind"].as_str().is_some_and(|kind| EVENTS.contains(&kind))
            && event["generation"].is_u64()
            && (known_code || event["code"].is_null());
        if !fits {
            return Err("an event has a member of a wrong type, or an unknown name".into());
        }
        let of_an_error = !GOOD.iter().any(|kind| event["kind"] == *kind);
        if of_an_error == event["code"].is_null() {
            return Err(format!("the code of the event {} is {}", event["kind"], event["code"]));
        }
    }
    Ok(())
}

fn token_set(set: &Map<String, Value>) -> Result<(), String> {
    names(set, &TOKEN_SET)?;
    let text = |name: &str| set[name].is_string();
    let text_or_null = |name: &str| text(name) || set[name].is_null();
    let fits = text("access_token")
        && text_or_null("refresh_token")
        && text_or_null("expires")
        && text_or_null("trace_id")
        && (set["lifetime_ms"].is_u64() || set["lifetime_ms"].is_null())
        && set["received_at_ms"].is_u64()
        && (set["claims"].is_object() || set["claims"].is_null());
    if fits { Ok(()) } else { Err("a member of the token set has a wrong type".into()) }
}

pub(crate) fn facts(error: &Map<String, Value>) -> Result<(), String> {
    names(error, &FACTS)?;
    let row = frontegg_token::CODES.iter().find(|row| error["code"] == row.name);
    let row = row.ok_or_else(|| format!("unknown code {}", error["code"]))?;
    if error["number"] != row.code.number() {
        return Err(format!("the number of {} is not {}", row.name, error["number"]));
    }
    let text_or_null = |name: &str| error[name].is_string() || error[name].is_null();
    let number_or_null = |name: &str| error[name].is_u64() || error[name].is_null();
    let is_text = |value: &Value| value.is_string();
    let fits = error["message"].as_str().is_some_and(|message| !message.is_empty())
        && number_or_null("http_status")
        && error["messages"].as_array().is_some_and(|all| all.iter().all(is_text))
        && text_or_null("error_code")
        && text_or_null("trace_id")
        && number_or_null("retry_after_ms")
        && error["attempts"].is_u64()
        && error["retryable"].is_boolean();
    if fits { Ok(()) } else { Err("a fact of the error has a wrong type".into()) }
}

fn names(members: &Map<String, Value>, expected: &[&str]) -> Result<(), String> {
    if let Some(missing) = expected.iter().find(|name| !members.contains_key(**name)) {
        return Err(format!("`{missing}` is missing"));
    }
    match members.keys().find(|name| !expected.contains(&name.as_str())) {
        Some(unknown) => Err(format!("`{unknown}` is not in the protocol")),
        None => Ok(()),
    }
}
