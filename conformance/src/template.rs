//! Variables in scenarios: `{name}` in any string.

use serde_json::{Map, Value};

/// Replaces every variable that `lookup` knows, in all strings of `value`, names of members
/// included. A string that is nothing but a variable becomes the variable's value, of whatever
/// type; within a longer string, the value is put in as text. Anything else in braces stays.
pub(crate) fn fill(value: &mut Value, lookup: &dyn Fn(&str) -> Option<Value>) {
    match value {
        Value::String(text) => {
            if let Some(whole) = only_variable(text).and_then(lookup) {
                *value = whole;
            } else if text.contains('{') {
                *text = fill_text(text, lookup);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, lookup)),
        Value::Object(members) => {
            *members = std::mem::take(members)
                .into_iter()
                .map(|(name, mut member)| {
                    fill(&mut member, lookup);
                    (fill_text(&name, lookup), member)
                })
                .collect::<Map<_, _>>();
        }
        _ => {}
    }
}

/// The same for a text, which stays one.
pub(crate) fn fill_text(text: &str, lookup: &dyn Fn(&str) -> Option<Value>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let known = after
            .split_once('}')
            .and_then(|(name, after)| Some((lookup(name).filter(|_| is_name(name))?, after)));
        match known {
            Some((Value::String(text), after)) => {
                filled.push_str(&text);
                rest = after;
            }
            Some((other, after)) => {
                filled.push_str(&other.to_string());
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled + rest
}

/// The names of all variables in the strings of `value`.
pub(crate) fn names(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => names_in(text, found),
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        Value::Object(members) => {
            for (name, member) in members {
                names_in(name, found);
                names(member, found);
            }
        }
        _ => {}
    }
}

fn names_in(text: &str, found: &mut Vec<String>) {
    for after in text.split('{').skip(1) {
        if let Some((name, _)) = after.split_once('}')
            && is_name(name)
        {
            found.push(name.to_owned());
        }
    }
}

fn only_variable(text: &str) -> Option<&str> {
    let name = text.strip_prefix('{')?.strip_suffix('}')?;
    is_name(name).then_some(name)
}

/// A word, and perhaps an offset in seconds: `base_url`, `start_rfc3339+0.5`.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || b"_+-.".contains(&c))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_lone_variable_keeps_its_type_and_the_rest_is_text() {
        let lookup = |name: &str| match name {
            "number" => Some(json!(7)),
            "object" => Some(json!({"a": [1]})),
            "call" => Some(json!("refresh")),
            _ => None,
        };
        let mut value = json!({
            "whole": "{object}",
            "{call}": ["{number}", "x{number}{call}y"],
            "json": "{\"a\":\"{call}\"}",
            "unknown": "{other} {",
        });
        fill(&mut value, &lookup);
        let expected = json!({
            "whole": {"a": [1]},
            "refresh": [7, "x7refreshy"],
            "json": "{\"a\":\"refresh\"}",
            "unknown": "{other} {",
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn names_are_found_wherever_they_stand() {
        let mut found = Vec::new();
        names(&json!({"{a}": ["x{b_1}y", {"c": "{\"no\"} {start+0.5}"}]}), &mut found);
        assert_eq!(found, ["a", "b_1", "start+0.5"]);
    }
}
