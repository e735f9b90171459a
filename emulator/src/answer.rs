//! Answers: a grant as the service words it, what a fault makes of it, and what a fault says
//! instead.

use serde_json::{Map, Value};

use crate::clock::Now;
use crate::fault::{Naming, Respond, Rewrite};
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
        now: Now,
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
        response.take_form(&rewrite.form);
        if let Some(content_type) = &rewrite.content_type {
            response.replace("content-type", vec![content_type.clone()]);
        }
        response.set(&rewrite.headers, now);
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
    pub(crate) fn response(&self, now: Now) -> Response {
        let mut response = match (&self.json, &self.body) {
            (Some(value), _) => Response::json(self.status, value),
            (None, Some(bytes)) => Response::text(self.status, bytes.0.clone()),
            (None, None) => Response::new(self.status, "", ""),
        };
        if self.gzip {
            response.gzip();
        }
        response.take_form(&self.form);
        response.set(&self.headers, now);
        response
    }
}
