//! A driver's replies, and what every one of them must be, whatever the scenario.

use serde_json::{Map, Value};

/// A reply that keeps to the protocol.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A token set, or an empty object.
    Ok(Map<String, Value>),
    /// The facts of an error.
    Error(Map<String, Value>),
}

/// What a reply is to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    /// One of the two calls.
    Call,
    /// Anything else.
    Other,
}

const TOKEN_SET: [&str; 7] = [
    "access_token",
    "claims",
    "expires",
    "lifetime_ms",
    "received_at_ms",
    "refresh_token",
    "trace_id",
];
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

impl Reply {
    /// Reads a reply; says in what it breaks the protocol.
    pub(crate) fn read(reply: &Value, to: To) -> Result<Self, String> {
        let Value::Object(members) = reply else { return Err("the reply is not an object".into()) };
        let shown = members.get("shown").is_some_and(|shown| !shown.is_null());
        match (members.get("ok"), members.get("error")) {
            (Some(Value::Object(set)), None) => {
                if to == To::Call {
                    token_set(set)?;
                    if !shown {
                        return Err("`shown` is missing".into());
                    }
                }
                Ok(Reply::Ok(set.clone()))
            }
            (None, Some(Value::Object(error))) => {
                facts(error)?;
                if !shown {
                    return Err("`shown` is missing".into());
                }
                Ok(Reply::Error(error.clone()))
            }
            _ => Err("the reply has neither `ok` nor `error`".into()),
        }
    }
}

/// All of a reply that must show no secret: everything but the tokens where they belong.
pub(crate) fn public(reply: &Value) -> String {
    let mut reply = reply.clone();
    if let Some(Value::Object(set)) = reply.get_mut("ok") {
        set.remove("access_token");
        set.remove("refresh_token");
    }
    reply.to_string()
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

fn facts(error: &Map<String, Value>) -> Result<(), String> {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn error() -> Value {
        json!({"error": {
            "code": "rate_limited", "number": 23, "message": "m", "http_status": 429,
            "messages": ["x"], "error_code": null, "trace_id": null, "retry_after_ms": 5,
            "attempts": 1, "retryable": true,
        }, "shown": "Error"})
    }

    #[test]
    fn an_error_with_all_its_facts_is_read() {
        assert!(matches!(Reply::read(&error(), To::Call), Ok(Reply::Error(_))));
    }

    #[test]
    fn an_error_that_breaks_the_protocol_is_not() {
        for (name, value) in [
            ("number", json!(24)),
            ("code", json!("rate-limited")),
            ("message", json!("")),
            ("messages", json!([1])),
            ("retry_after_ms", json!(-1)),
            ("retryable", json!("yes")),
            ("more", json!(null)),
        ] {
            let mut reply = error();
            reply["error"][name] = value;
            assert!(Reply::read(&reply, To::Call).is_err(), "{name}");
        }
        let mut unshown = error();
        unshown["shown"] = Value::Null;
        assert!(Reply::read(&unshown, To::Call).is_err());
        assert!(Reply::read(&json!({}), To::Other).is_err());
        assert!(Reply::read(&json!({"ok": {}}), To::Call).is_err());
        assert!(Reply::read(&json!({"ok": {}}), To::Other).is_ok());
    }

    #[test]
    fn tokens_are_public_nowhere_but_in_their_members() {
        let reply = json!({"ok": {"access_token": "a-t", "refresh_token": "r-t", "x": "a-t"}});
        assert_eq!(public(&reply), r#"{"ok":{"x":"a-t"}}"#);
    }
}
