//! Answers: a grant as the service words it, what a fault makes of it, and what a fault says
//! instead.

use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::clock;
use crate::fault::{Headers, Naming, Respond, Rewrite};
use crate::jwt::Signer;
use crate::response::Response;
use crate::service::Grant;

/// The members of a success, as v2 and as v1 name them.
const NAMES: [(&str, &str); 4] = [
    ("access_token", "accessToken"),
    ("refresh_token", "refreshToken"),
    ("expires_in", "expiresIn"),
    ("expires", "expires"),
];

impl Grant {
    /// The genuine success.
    pub(crate) async fn answer(self, version: u8, signer: &Signer) -> Response {
        let members = self.members(signer).await;
        Response::json(200, &Value::Object(Naming::of(version).write(members)))
    }

    /// The success as altered by a fault.
    pub(crate) async fn rewritten(
        mut self,
        version: u8,
        signer: &Signer,
        rewrite: &Rewrite,
    ) -> Response {
        for (name, value) in &rewrite.jwt {
            if value.is_null() {
                self.claims.remove(name);
            } else {
                self.claims.insert(name.clone(), value.clone());
            }
        }
        if rewrite.pad_claims > 0 {
            // Base64 makes four characters of three.
            self.claims.insert("padding".into(), "p".repeat(rewrite.pad_claims * 3 / 4).into());
        }
        let mut members = self.members(signer).await;
        members.extend(rewrite.set.clone());
        for name in &rewrite.remove {
            members.remove(name);
        }
        let naming = rewrite.naming.unwrap_or(Naming::of(version));
        let mut response =
            Response::json(rewrite.status.unwrap_or(200), &Value::Object(naming.write(members)));
        response.chunked = rewrite.chunked;
        if rewrite.gzip {
            response.gzip();
        }
        if let Some(content_type) = &rewrite.content_type {
            response.replace("content-type", vec![content_type.clone()]);
        }
        response.set(&rewrite.headers);
        response
    }

    async fn members(self, signer: &Signer) -> Map<String, Value> {
        let mut members = Map::new();
        let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
        set("access_token", signer.sign(&self.claims).await.into());
        set("refresh_token", self.refresh_token.as_ref().into());
        set("expires_in", self.expires_in.into());
        set("expires", self.expires.into());
        members
    }
}

impl Naming {
    fn of(version: u8) -> Self {
        if version == 1 { Naming::Camel } else { Naming::Snake }
    }

    fn write(self, mut members: Map<String, Value>) -> Map<String, Value> {
        if self == Naming::Camel {
            for (snake, camel) in NAMES {
                if let Some(value) = members.remove(snake) {
                    members.insert(camel.into(), value);
                }
            }
        }
        members
    }
}

impl Respond {
    pub(crate) fn response(&self) -> Response {
        let mut response = match (&self.json, &self.body) {
            (Some(value), _) => Response::json(self.status, value),
            (None, Some(text)) => Response::text(self.status, text),
            (None, None) => Response::new(self.status, "", ""),
        };
        if self.gzip {
            response.gzip();
        }
        response.set(&self.headers);
        response
    }
}

impl Response {
    fn set(&mut self, headers: &Headers) {
        for (name, values) in headers {
            self.replace(name, values.0.iter().map(|value| fill_in(value)).collect());
        }
    }
}

/// Puts the times into a header's value.
fn fill_in(template: &str) -> String {
    let now = SystemTime::now();
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let known =
            after.split_once('}').and_then(|(inner, after)| Some((time(inner, now)?, after)));
        let (time, after) = known.unwrap_or_else(|| ("{".to_owned(), after));
        filled.push_str(&time);
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// `rfc3339+0.3`, `httpdate-2`, `unix`.
fn time(inner: &str, now: SystemTime) -> Option<String> {
    let (format, seconds) = match inner.find(['+', '-']) {
        Some(at) => (&inner[..at], inner[at..].parse().ok()?),
        None => (inner, 0.0),
    };
    let at = clock::shift(now, seconds);
    match format {
        "rfc3339" => Some(clock::rfc3339(at)),
        "httpdate" => Some(clock::http_date(at)),
        "unix" => Some(clock::unix_seconds(at).to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn templates_are_times_and_all_else_stays() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_690_801_173_250);
        assert_eq!(time("rfc3339+0.3", now).as_deref(), Some("2023-07-31T10:59:33.550Z"));
        assert_eq!(time("rfc3339-33.25", now).as_deref(), Some("2023-07-31T10:59:00.000Z"));
        assert_eq!(time("httpdate+2", now).as_deref(), Some("Mon, 31 Jul 2023 10:59:35 GMT"));
        assert_eq!(time("unix", now).as_deref(), Some("1690801173"));
        assert_eq!(time("rfc3339+soon", now), None);
        assert_eq!(fill_in("a {b} {rfc3339+x} } {"), "a {b} {rfc3339+x} } {");
    }
}
