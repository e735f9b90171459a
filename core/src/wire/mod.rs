//! The two exchanges as pure functions: what goes out, and what an answer means.

mod body;
mod headers;
mod lookalikes;
mod messages;
mod redaction;
mod unescape;

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use ureq::http::HeaderMap;
use zeroize::Zeroizing;

use crate::token::TokenSet;
use crate::{Code, Credentials, Error, RefreshToken};

use messages::Said;

pub(crate) const TRACE_ID: &str = "frontegg-trace-id";
pub(crate) const VENDOR_HOST: &str = "frontegg-vendor-host";
/// How Frontegg's own clients name themselves, beside `User-Agent`.
pub(crate) const SDK: &str = "x-frontegg-sdk";

/// Which of the two calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Authenticate,
    Refresh,
}

impl Operation {
    /// The path behind the endpoint's base URL.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Operation::Authenticate => "/resources/auth/v2/api-token",
            Operation::Refresh => "/resources/auth/v2/api-token/token/refresh",
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Operation::Authenticate => "authenticate",
            Operation::Refresh => "refresh",
        }
    }

    /// Whether a failure may be followed by the same request. A refresh consumes its token,
    /// so it is repeated only where the service cannot have consumed it; an authentication
    /// consumes nothing.
    pub(crate) fn is_repeatable(self, code: Code, may_have_been_processed: bool) -> bool {
        let harmless = match self {
            Operation::Authenticate => true,
            Operation::Refresh => code == Code::RateLimited || !may_have_been_processed,
        };
        code.is_retryable() && harmless
    }
}

/// A request's body, and the part of it that no output may repeat.
pub(crate) struct Outgoing {
    pub(crate) operation: Operation,
    pub(crate) body: Zeroizing<Vec<u8>>,
    confidential: Zeroizing<String>,
}

impl Outgoing {
    pub(crate) fn authenticate(credentials: &Credentials) -> Self {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            client_id: &'a str,
            secret: &'a str,
        }
        let (client_id, secret) = (credentials.client_id(), credentials.secret().expose());
        Self {
            operation: Operation::Authenticate,
            body: json(&Body { client_id, secret }, client_id.len() + secret.len()),
            confidential: secret.to_owned().into(),
        }
    }

    pub(crate) fn refresh(token: &RefreshToken) -> Self {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            refresh_token: &'a str,
        }
        let token = token.as_str();
        Self {
            operation: Operation::Refresh,
            body: json(&Body { refresh_token: token }, token.len()),
            confidential: token.to_owned().into(),
        }
    }

    /// What an answer means to the request that went out with the headers `sent`. `now` is this
    /// host's time, by which the dates of an answer are read that has no `Date` itself.
    pub(crate) fn interpret(
        &self,
        sent: &HeaderMap,
        status: u16,
        headers: &HeaderMap,
        body: &[u8],
        now: SystemTime,
    ) -> Result<TokenSet, Error> {
        let in_headers = confidential_words(sent);
        let mut confidential = vec![self.confidential.as_str()];
        confidential.extend(in_headers.iter().map(|word| word.as_str()));
        let trace_id = headers::trace_id(headers, &confidential);
        let answered_at = headers::answered_at(headers);
        let failed = |code: Code, what: &str| {
            let said = if (200..300).contains(&status) {
                let messages = messages::title(body, &confidential).into_iter().collect();
                Said { messages, error_code: None }
            } else {
                messages::read(body, &confidential)
            };
            let message = match said.messages.first() {
                Some(first) => format!("{what}: {first}"),
                None => what.to_owned(),
            };
            Error::new(code, message)
                .with_status(status)
                .with_retryable(self.operation.is_repeatable(code, true))
                .with_messages(said.messages, said.error_code)
                .with_trace_id(trace_id.clone())
        };
        match status {
            200..=299 => match body::read(body) {
                Ok(found) => Ok(found.into_token_set(trace_id, now, answered_at)),
                Err(why) => Err(failed(Code::InvalidResponse, why)),
            },
            300..=399 => Err(failed(
                Code::InvalidResponse,
                &format!("the service answered with a redirect ({status}), which is not followed"),
            )),
            _ => {
                let (code, what) = self.rejection(status);
                let wait = code
                    .is_retryable()
                    .then(|| headers::announced_wait(headers, answered_at.unwrap_or(now)));
                let wait = wait.flatten();
                Err(failed(code, &format!("{what} ({status})")).with_retry_after(wait))
            }
        }
    }

    fn rejection(&self, status: u16) -> (Code, &'static str) {
        match (status, self.operation) {
            (401, Operation::Authenticate) => {
                (Code::InvalidCredentials, "the service rejected the client id or secret")
            }
            (401, Operation::Refresh) => {
                (Code::RefreshRejected, "the service rejected the refresh token")
            }
            (403, _) => (Code::Forbidden, "the service forbids the call"),
            (429, _) => (Code::RateLimited, "the service limits the rate of calls"),
            (408 | 500..=599, _) => (Code::ServerError, "the service failed"),
            (400..=499, _) => (Code::Rejected, "the service rejected the request"),
            _ => (Code::InvalidResponse, "the answer has a status that makes no sense here"),
        }
    }
}

/// Serialises without a reallocation, which would leave an unzeroed copy behind. In JSON a
/// byte takes six at most.
fn json(body: &impl Serialize, confidential: usize) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(64 + 6 * confidential));
    serde_json::to_writer(&mut *out, body).expect("strings are JSON");
    out
}

/// What the user's own headers hold in confidence: a bearer, a gateway's key, the name and the
/// password of `Basic`.
fn confidential_words(headers: &HeaderMap) -> Vec<Zeroizing<String>> {
    /// A shorter one is no key, and would be taken out of many a message.
    const SHORTEST: usize = 8;
    let mut words = Vec::new();
    let mut add = |word: &str| {
        if word.len() >= SHORTEST {
            words.push(Zeroizing::new(word.to_owned()));
        }
    };
    for value in headers.values().filter(|value| value.is_sensitive()) {
        // Not all of it need be text.
        let text = Zeroizing::new(String::from_utf8_lossy(value.as_bytes()).into_owned());
        text.split_whitespace().for_each(&mut add);
        if let Some(encoded) = text.strip_prefix("Basic ")
            && let Ok(decoded) = STANDARD.decode(encoded.trim()).map(Zeroizing::new)
        {
            String::from_utf8_lossy(&decoded).split(':').for_each(&mut add);
        }
    }
    words
}

#[cfg(test)]
mod tests;
