//! Compares what came with what was expected.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::{Map, Value};

/// Token sets that steps have kept, by name.
pub(crate) type Saved = BTreeMap<String, Map<String, Value>>;

/// Compares; collects what differs.
pub(crate) struct Matcher<'a> {
    pub(crate) saved: &'a Saved,
    pub(crate) differences: Vec<String>,
}

impl<'a> Matcher<'a> {
    pub(crate) fn new(saved: &'a Saved) -> Self {
        Matcher { saved, differences: Vec::new() }
    }

    /// Every expected member must be there and match; others do not matter.
    pub(crate) fn members(&mut self, at: &str, expected: &Map<String, Value>, got: &Value) {
        for (name, expected) in expected {
            let path = format!("{at}.{name}");
            match got.get(name) {
                Some(got) => self.value(&path, name, expected, got),
                // Only that a header is not there can be expected of what is not there.
                None if *expected == Value::Null && at.ends_with(".headers") => {}
                None => self.differ(&path, "there is no such member"),
            }
        }
    }

    fn value(&mut self, path: &str, name: &str, expected: &Value, got: &Value) {
        let Value::Object(members) = expected else {
            if expected != got {
                self.differ(path, &format!("expected {expected}, got {got}"));
            }
            return;
        };
        if members.is_empty() || !members.keys().all(|key| MATCHERS.contains(&key.as_str())) {
            return self.members(path, members, got);
        }
        for (matcher, wanted) in members {
            if !self.holds(matcher, wanted, name, got) {
                self.differ(path, &format!("expected {matcher} {wanted}, got {got}"));
            }
        }
    }

    fn holds(&self, matcher: &str, wanted: &Value, name: &str, got: &Value) -> bool {
        let numbers = || Some((wanted.as_f64()?, got.as_f64()?));
        let texts = || Some((wanted.as_str()?, got.as_str()?));
        let saved = || self.saved.get(wanted.as_str()?)?.get(name);
        match matcher {
            "min" => numbers().is_some_and(|(wanted, got)| got >= wanted),
            "max" => numbers().is_some_and(|(wanted, got)| got <= wanted),
            "contains" => texts().is_some_and(|(wanted, got)| got.contains(wanted)),
            "lacks" => texts().is_some_and(|(wanted, got)| !got.contains(wanted)),
            "starts_with" => texts().is_some_and(|(wanted, got)| got.starts_with(wanted)),
            "ends_with" => texts().is_some_and(|(wanted, got)| got.ends_with(wanted)),
            "length" => match got {
                Value::String(text) => wanted.as_u64() == Some(text.chars().count() as u64),
                Value::Array(items) => wanted.as_u64() == Some(items.len() as u64),
                _ => false,
            },
            "longer_than" => wanted
                .as_u64()
                .is_some_and(|wanted| got.as_str().is_some_and(|got| got.len() as u64 > wanted)),
            "present" => wanted.as_bool() == Some(!got.is_null()),
            "one_of" => wanted.as_array().is_some_and(|wanted| wanted.contains(got)),
            "same_as" => saved().is_some_and(|saved| saved == got),
            "differs_from" => saved().is_some_and(|saved| saved != got && !got.is_null()),
            "not_before" => texts()
                .and_then(|(wanted, got)| Some((time(wanted)?, time(got)?)))
                .is_some_and(|(wanted, got)| got >= wanted),
            _ => false,
        }
    }

    fn differ(&mut self, path: &str, what: &str) {
        self.differences.push(format!("{path}: {what}"));
    }
}

const MATCHERS: [&str; 13] = [
    "min",
    "max",
    "contains",
    "lacks",
    "starts_with",
    "ends_with",
    "length",
    "longer_than",
    "present",
    "one_of",
    "same_as",
    "differs_from",
    "not_before",
];

/// A time in RFC 3339 or as an HTTP date.
fn time(text: &str) -> Option<SystemTime> {
    let timestamp = text.parse::<jiff::Timestamp>().map(SystemTime::from);
    timestamp.ok().or_else(|| httpdate::parse_http_date(text).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn differences(expected: &Value, got: &Value) -> Vec<String> {
        let kept = json!({"refresh_token": "r1"}).as_object().cloned().unwrap();
        let saved = Saved::from([("first".to_owned(), kept)]);
        let mut matcher = Matcher::new(&saved);
        matcher.members("got", expected.as_object().unwrap(), got);
        matcher.differences
    }

    #[test]
    fn what_is_expected_matches() {
        for (expected, got) in [
            (json!({}), json!({"a": 1})),
            (json!({"a": 1, "b": null}), json!({"a": 1, "b": null, "c": 3})),
            (json!({"a": {"min": 1, "max": 2}}), json!({"a": 2})),
            (json!({"a": {"contains": "el", "lacks": "x", "length": 5}}), json!({"a": "hello"})),
            (json!({"a": {"present": false}}), json!({"a": null})),
            (json!({"a": {"one_of": [1, "x"]}}), json!({"a": "x"})),
            (
                json!({"claims": {"sub": "c", "exp": {"min": 5}}}),
                json!({"claims": {"sub": "c", "exp": 6}}),
            ),
            (json!({"refresh_token": {"same_as": "first"}}), json!({"refresh_token": "r1"})),
            (json!({"refresh_token": {"differs_from": "first"}}), json!({"refresh_token": "r2"})),
            (
                json!({"t": {"not_before": "Sun, 07 Jun 2026 12:34:56 GMT"}}),
                json!({"t": "2026-06-07T14:34:56.000+02:00"}),
            ),
            (json!({"headers": {"x": null}}), json!({"headers": {"y": "1"}})),
        ] {
            assert_eq!(differences(&expected, &got), [""; 0], "{expected} {got}");
        }
    }

    #[test]
    fn what_is_not_expected_does_not() {
        for (expected, got) in [
            (json!({"a": 1}), json!({"a": 2})),
            (json!({"a": null}), json!({})),
            (json!({"a": ["x"]}), json!({"a": ["x", "y"]})),
            (json!({"a": {"min": 3}}), json!({"a": 2})),
            (json!({"a": {"max": 1}}), json!({"a": 2})),
            (json!({"a": {"min": 3}}), json!({"a": "4"})),
            (json!({"a": {"lacks": "x"}}), json!({"a": null})),
            (json!({"a": {"present": true}}), json!({"a": null})),
            (json!({"a": {"minimum": 1}}), json!({"a": 2})),
            (json!({"a": {}}), json!({})),
            (json!({"refresh_token": {"same_as": "first"}}), json!({"refresh_token": "r2"})),
            (json!({"refresh_token": {"differs_from": "second"}}), json!({"refresh_token": "r2"})),
            (
                json!({"t": {"not_before": "2026-06-07T12:34:56.001Z"}}),
                json!({"t": "2026-06-07T12:34:56.000Z"}),
            ),
            (json!({"headers": {"x": null}}), json!({"headers": {"x": "1"}})),
        ] {
            assert_eq!(differences(&expected, &got).len(), 1, "{expected} {got}");
        }
    }
}
