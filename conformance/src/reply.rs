//! A driver's replies, and what every one of them must be, whatever the scenario.

use serde_json::{Map, Value, json};

use crate::members;

/// A reply that keeps to the protocol.
#[derive(Debug)]
pub(crate) enum Reply {
    /// What was asked for.
    Ok(Map<String, Value>),
    /// The facts of an error.
    Error(Map<String, Value>),
}

/// What a reply is to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    /// One of the two calls.
    Call,
    /// A call of a source for a token.
    Token,
    Peek,
    Invalidate,
    Stats,
    Events,
    /// What answers nothing but that it is done.
    Other,
}

impl Reply {
    /// Reads a reply; says in what it breaks the protocol.
    pub(crate) fn read(reply: &Value, to: To) -> Result<Self, String> {
        let Value::Object(members) = reply else { return Err("the reply is not an object".into()) };
        let shown = members.get("shown").is_some_and(|shown| !shown.is_null());
        match (members.get("ok"), members.get("error")) {
            (Some(Value::Object(set)), None) => {
                to.check(set)?;
                if matches!(to, To::Call | To::Token) && !shown {
                    return Err("`shown` is missing".into());
                }
                Ok(Reply::Ok(set.clone()))
            }
            (None, Some(Value::Object(error))) => {
                members::facts(error)?;
                if !shown {
                    return Err("`shown` is missing".into());
                }
                Ok(Reply::Error(error.clone()))
            }
            _ => Err("the reply has neither `ok` nor `error`".into()),
        }
    }
}

impl Reply {
    /// To compare what several callers got: those who come when a failure is known already are
    /// told how long it will be.
    pub(crate) fn without_times_to_wait(&self) -> Value {
        match self {
            Reply::Ok(about) => json!({ "ok": about }),
            Reply::Error(facts) => {
                let mut facts = facts.clone();
                facts.remove("retry_after_ms");
                json!({ "error": facts })
            }
        }
    }

    /// Adds to what is told about a token how long it lives, and when its renewal is due, from
    /// a time on, in milliseconds.
    pub(crate) fn count_from(&mut self, began: u64) {
        let Reply::Ok(about) = self else { return };
        for (name, time) in [("lives_ms", "expires_at_ms"), ("due_in_ms", "renewal_due_at_ms")] {
            let time = about.get(time).and_then(Value::as_u64);
            let left = time.map(|time| i128::from(time) - i128::from(began));
            let left = left.and_then(|left| i64::try_from(left).ok());
            about.insert(name.to_owned(), json!(left));
        }
    }
}

/// All of a reply that must show no secret: everything but the tokens where they belong.
pub(crate) fn public(reply: &Value) -> String {
    let mut reply = reply.clone();
    if let Some(Value::Object(set)) = reply.get_mut("ok") {
        for name in ["access_token", "refresh_token", "token", "authorization"] {
            set.remove(name);
        }
    }
    reply.to_string()
}

#[cfg(test)]
mod tests {
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
    fn what_is_told_of_a_token_has_all_its_members_and_no_others() {
        let about = json!({"ok": {
            "token": "t", "authorization": "Bearer t", "expires_at_ms": 2, "renewal_due_at_ms": 1,
            "origin": "refresh", "claims": null,
        }, "shown": "TokenSource"});
        let mut reply = Reply::read(&about, To::Token).unwrap();
        reply.count_from(5);
        let Reply::Ok(members) = &reply else { panic!("it is one") };
        assert_eq!((&members["lives_ms"], &members["due_in_ms"]), (&json!(-3), &json!(-4)));
        for (name, value) in [
            ("token", json!(null)),
            ("authorization", json!("t")),
            ("authorization", json!("bearer t")),
            ("expires_at_ms", json!("2")),
            ("expires_at_ms", json!(0)),
            ("expires_at_ms", json!(null)),
            ("renewal_due_at_ms", json!(1.5)),
            ("origin", json!("login")),
            ("claims", json!([])),
            ("more", json!(null)),
        ] {
            let mut reply = about.clone();
            reply["ok"][name] = value.clone();
            assert!(Reply::read(&reply, To::Token).is_err(), "{name}: {value}");
        }
        let mut unshown = about;
        unshown["shown"] = Value::Null;
        assert!(Reply::read(&unshown, To::Token).is_err());
    }

    #[test]
    fn other_replies_have_all_their_members_and_no_others() {
        let stats = json!({
            "authentications": 1, "refreshes": 0, "fallbacks": 0, "failures": 0, "waits": 0,
            "store_error": null, "store_failures": 0, "store_hits": 0, "authenticating_only": false,
        });
        let event = |kind: &str, code: Value| json!({"events": [{"kind": kind, "generation": 1, "code": code}]});
        let with = |name: &str, value: Value| {
            let mut stats = stats.clone();
            stats[name] = value;
            stats
        };
        for (to, ok, right) in [
            (To::Peek, json!({"token": null}), true),
            (To::Peek, json!({"token": "t"}), true),
            (To::Peek, json!({}), false),
            (To::Peek, json!({"token": 1}), false),
            (To::Invalidate, json!({"was_current": true}), true),
            (To::Invalidate, json!({"was_current": 1}), false),
            (To::Stats, stats.clone(), true),
            (To::Stats, with("waits", json!(-1)), false),
            (To::Stats, with("authenticating_only", json!(0)), false),
            (To::Stats, with("store_error", json!({"code": "store", "message": "m"})), true),
            (To::Stats, with("store_error", json!("store")), false),
            (To::Stats, with("more", json!(0)), false),
            (To::Events, json!({"events": []}), true),
            (To::Events, event("refreshed", json!(null)), true),
            (To::Events, event("store_recovered", json!(null)), true),
            (To::Events, event("failed", json!("connect")), true),
            (To::Events, event("failed", json!(null)), false),
            (To::Events, event("refreshed", json!("connect")), false),
            (To::Events, event("failed", json!("no-such")), false),
            (To::Events, event("fallen_back", json!("connect")), false),
            (To::Other, json!({}), true),
            (To::Other, json!({"token": "t"}), false),
        ] {
            let read = Reply::read(&json!({ "ok": ok }), to);
            assert_eq!(read.is_ok(), right, "{ok}");
        }
    }

    #[test]
    fn tokens_are_public_nowhere_but_in_their_members() {
        let reply = json!({"ok": {"access_token": "a-t", "refresh_token": "r-t", "x": "a-t"}});
        assert_eq!(public(&reply), r#"{"ok":{"x":"a-t"}}"#);
        let reply = json!({"ok": {"token": "t", "authorization": "Bearer t"}, "shown": "t"});
        assert_eq!(public(&reply), r#"{"ok":{},"shown":"t"}"#);
    }
}
