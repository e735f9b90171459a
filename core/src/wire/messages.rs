//! Reads what the service says of a failure, in every shape that was seen.

use serde_json::Value;

/// More than any real answer holds.
const MAX_MESSAGES: usize = 16;
const MAX_CHARS: usize = 300;
/// Shorter than any token, longer than most words.
const MAX_LONE_WORD: usize = 20;

#[derive(Default)]
pub(super) struct Said {
    pub(super) messages: Vec<String>,
    pub(super) error_code: Option<String>,
}

/// The service's messages, short, on one line each, and with everything that was sent in
/// confidence taken out: services were seen to quote what they reject. In an answer that says
/// `success`, a long word that stands alone is a token sooner than a message.
pub(super) fn read(body: &[u8], success: bool, confidential: &[&str]) -> Said {
    let text = String::from_utf8_lossy(body);
    let mut said = Said::default();
    let named = if let Ok(value) = serde_json::from_str::<Value>(&text) {
        collect(&value, &mut said);
        value.is_object()
    } else {
        said.messages.extend(plain(&text));
        false
    };
    if success && !named {
        said.messages.retain(|message| !is_long_word(message));
    }
    let clean = |text: &String| tidy(text, confidential);
    let mut messages = Vec::new();
    for message in said.messages.iter().filter_map(clean) {
        if !messages.contains(&message) && messages.len() < MAX_MESSAGES {
            messages.push(message);
        }
    }
    Said { messages, error_code: said.error_code.as_ref().and_then(clean) }
}

fn collect(value: &Value, said: &mut Said) {
    match value {
        Value::String(text) => said.messages.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, said)),
        Value::Object(members) => {
            // `errors` first: where it is there, it is the most exact.
            for name in ["errors", "message", "error", "error_description"] {
                if let Some(inner) = members.get(name) {
                    // `error` beside `message` is the status in words.
                    if name != "error" || !members.contains_key("message") {
                        collect(inner, said);
                    }
                }
            }
            if let Some(Value::String(code)) = members.get("errorCode") {
                said.error_code.get_or_insert_with(|| code.clone());
            }
        }
        _ => {}
    }
}

/// Of a page its title, of a plain text its first line.
fn plain(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    if lower.contains("<html") || lower.trim_start().starts_with('<') {
        let start = lower.find("<title")?;
        let start = start + lower[start..].find('>')? + 1;
        let end = start + lower[start..].find("</title")?;
        return Some(text[start..end].to_owned());
    }
    // Half a JSON document is neither, and may hold anything.
    if lower.trim_start().starts_with(['{', '[', '"']) {
        return None;
    }
    text.lines().find(|line| !line.trim().is_empty()).map(str::to_owned)
}

fn is_long_word(text: &str) -> bool {
    let word = text.trim();
    word.len() > MAX_LONE_WORD && !word.contains(char::is_whitespace)
}

fn tidy(text: &str, confidential: &[&str]) -> Option<String> {
    let mut text = text.to_owned();
    for part in confidential.iter().filter(|part| !part.is_empty()) {
        text = text.replace(part, "<redacted>");
    }
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        // A JSON Web Token, whoever put it there.
        .map(|word| if word.contains("eyJ") { "<redacted>" } else { word })
        .collect();
    let line = words.join(" ");
    let short: String = line.chars().take(MAX_CHARS).collect();
    let cut = short.len() < line.len();
    (!short.is_empty()).then(|| if cut { short + "…" } else { short })
}
