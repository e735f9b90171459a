//! Reads what the service says of a failure, in every shape that was seen.

use serde_json::Value;
use zeroize::Zeroizing;

use super::body;
use super::redaction::{REDACTED, redacted};

/// More than any real answer holds.
const MAX_MESSAGES: usize = 16;
const MAX_CHARS: usize = 300;
/// Of more, and of longer ones, nothing is read.
const MAX_READ: usize = 2 * MAX_MESSAGES;
const MAX_BYTES: usize = 4096;
/// A longer one is no code.
const MAX_CODE: usize = 64;
/// JSON in a string in JSON, and so on.
const MAX_DEPTH: usize = 4;
/// Shorter than any token, longer than most words.
const MAX_TITLE_WORD: usize = 20;

#[derive(Default)]
pub(super) struct Said {
    pub(super) messages: Vec<String>,
    pub(super) error_code: Option<String>,
}

/// What a body holds, before anything is taken out of it.
#[derive(Default)]
struct Raw {
    messages: Vec<Zeroizing<String>>,
    error_code: Option<Zeroizing<String>>,
    /// Tokens of the answer.
    tokens: Vec<Zeroizing<String>>,
}

/// The messages of an answer that is no success: short, on one line each, and with everything
/// taken out that was sent in confidence or looks like a token: services were seen to quote what
/// they reject.
pub(super) fn read(body: &[u8], confidential: &[&str]) -> Said {
    let mut raw = Raw::default();
    let body = body::without_mark(body);
    if let Ok(mut value) = serde_json::from_slice::<Value>(body) {
        raw.collect(&value, 0);
        body::wipe(&mut value);
    } else {
        raw.messages.extend(plain(body).map(Zeroizing::new));
    }
    let mut confidential = confidential.to_vec();
    confidential.extend(raw.tokens.iter().map(|token| token.as_str()));
    let error_code = raw.error_code.as_ref().and_then(|code| tidy_code(code, &confidential));
    Said { messages: tidy(&raw.messages, &confidential), error_code }
}

/// What an HTML page calls itself, tidied as above: all that is told of the body of a success.
pub(super) fn title(body: &[u8], confidential: &[&str]) -> Option<String> {
    let text = text_of(body);
    let title = Zeroizing::new(page_title(&text)?.to_owned());
    // A long word is a token sooner than a part of a title.
    let shown: Vec<&str> = title
        .split_whitespace()
        .map(|word| if word.len() > MAX_TITLE_WORD { REDACTED } else { word })
        .collect();
    tidy(&[Zeroizing::new(shown.join(" "))], confidential).pop()
}

impl Raw {
    fn collect(&mut self, value: &Value, depth: usize) {
        match value {
            Value::String(text) => self.collect_text(text, depth),
            Value::Array(items) => items.iter().for_each(|item| self.collect(item, depth)),
            Value::Object(members) => {
                // `errors` first: where it is there, it is the most exact.
                for name in ["errors", "message", "error", "error_description"] {
                    if let Some(inner) = members.get(name) {
                        // `error` beside `message` is the status in words.
                        if name != "error" || !members.contains_key("message") {
                            self.collect(inner, depth);
                        }
                    }
                }
                if let Some(Value::String(code)) = members.get("errorCode") {
                    self.error_code.get_or_insert_with(|| Zeroizing::new(code.clone()));
                }
                self.collect_tokens(value);
            }
            _ => {}
        }
    }

    /// A text that is a JSON document says what that says.
    fn collect_text(&mut self, text: &str, depth: usize) {
        let is_document = text.trim_start().starts_with(['{', '[', '"']);
        if is_document
            && depth < MAX_DEPTH
            && let Ok(mut inner) = serde_json::from_str::<Value>(text)
        {
            self.collect(&inner, depth + 1);
            body::wipe(&mut inner);
        } else if self.messages.len() < MAX_READ {
            self.messages.push(Zeroizing::new(text.to_owned()));
        }
    }

    /// All members anywhere in it that are called a token and may be one.
    fn collect_tokens(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.collect_tokens(item)),
            Value::Object(members) => {
                for (name, inner) in members {
                    if let Value::String(text) = inner
                        && self.tokens.len() < MAX_READ
                        && is_token(name, text)
                    {
                        self.tokens.push(Zeroizing::new(text.clone()));
                    }
                    self.collect_tokens(inner);
                }
            }
            _ => {}
        }
    }
}

/// Whether a member of an answer holds a token or the like, and not a sentence about one.
fn is_token(name: &str, text: &str) -> bool {
    const SHORTEST: usize = 4;
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let name = name.to_ascii_lowercase();
    let is_named = name.ends_with("token") && name != "token" || name == "jwt";
    let may_be = ["token", "secret", "password", "apikey"].iter().any(|part| name.contains(part));
    let is_value = text.contains(|c: char| c.is_ascii_digit()) || text.len() >= MAX_TITLE_WORD;
    text.len() >= SHORTEST
        && !text.contains(char::is_whitespace)
        && (is_named || (may_be && is_value))
}

fn text_of(body: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(String::from_utf8_lossy(body).into_owned())
}

/// Of a page its title, of a plain text its first line.
fn plain(body: &[u8]) -> Option<String> {
    let text = text_of(body);
    let start = text.trim_start();
    // Neither half a JSON document, which may hold anything, nor what is no text.
    if start.starts_with(['{', '[']) || start.starts_with('"') || text.contains('\0') {
        return None;
    }
    if is_page(&text) {
        return page_title(&text).map(str::to_owned);
    }
    text.lines().find(|line| !line.trim().is_empty()).map(str::to_owned)
}

pub(super) fn is_page(text: &str) -> bool {
    text.trim_start().starts_with('<')
}

fn page_title(text: &str) -> Option<&str> {
    if !is_page(text) {
        return None;
    }
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    Some(&text[start..end])
}

/// On one line each, without what no output may show, and no longer than need be. What is
/// confidential is looked for in all of them at once: it may be in pieces.
fn tidy(raw: &[Zeroizing<String>], confidential: &[&str]) -> Vec<String> {
    let mut all = Zeroizing::new(String::with_capacity(MAX_READ * MAX_BYTES));
    for message in raw.iter().take(MAX_READ) {
        let end = (0..=MAX_BYTES).rev().find(|end| message.is_char_boundary(*end));
        let end = if message.len() > MAX_BYTES { end.unwrap_or(0) } else { message.len() };
        for word in words(&message[..end]) {
            all.push_str(word);
            all.push(' ');
        }
        all.push('\n');
    }
    let mut messages = Vec::new();
    for line in redacted(&all, confidential).lines() {
        let line = line.trim();
        let short: String = line.chars().take(MAX_CHARS).collect();
        let is_cut = short.len() < line.len();
        let message = if is_cut { short + "…" } else { short };
        if !message.is_empty() && !messages.contains(&message) && messages.len() < MAX_MESSAGES {
            messages.push(message);
        }
    }
    messages
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty())
}

/// A code, unless it is something else.
fn tidy_code(code: &Zeroizing<String>, confidential: &[&str]) -> Option<String> {
    let is_code = code.len() <= MAX_CODE && !code.contains(char::is_control);
    let code = tidy(std::slice::from_ref(code), confidential).pop()?;
    (is_code && !code.contains(REDACTED)).then_some(code)
}
