//! A local identity service with Frontegg's API-token endpoints, to test clients against.
//!
//! It answers as the real one is documented to: both calls in v1 and v2, single-use refresh tokens
//! with a cap and an expiry, JWTs by RS256 with a JWKS, the error bodies, `frontegg-trace-id`, the
//! rate limit. It speaks HTTP and HTTPS. And it fails on demand, in all the ways that services and
//! networks do.
//!
//! ```
//! use frontegg_emulator::{Emulator, Fault, Options};
//! use serde_json::json;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let emulator = Emulator::start(Options::default())?;
//! let lost_answer: Fault = serde_json::from_value(json!({
//!     "on": "refresh", "action": {"close": {"when": "after_processing"}}
//! }))?;
//! emulator.add_faults([lost_answer])?;
//!
//! // The client under test gets this, and the credentials:
//! let base_url = emulator.base_url();
//! let (client_id, secret) = (emulator.client_id(), emulator.secret());
//! # assert!(base_url.starts_with("http://127.0.0.1:"));
//! # assert!(!client_id.is_empty() && !secret.is_empty());
//!
//! assert_eq!(emulator.state().counts.refresh.total, 0);
//! # Ok(())
//! # }
//! ```
//!
//! # Behaviour
//!
//! Paths are matched by their end, so that any prefix may stand in front of `/identity`:
//!
//! | Request | Answer |
//! |---|---|
//! | `POST …/identity/resources/auth/v2/api-token` | authenticate: `{"clientId", "secret"}` |
//! | `POST …/identity/resources/auth/v2/api-token/token/refresh` | refresh: `{"refreshToken"}` |
//! | the same with `v1` | the same, with the members of the answer in camelCase |
//! | `GET /.well-known/jwks.json`, `…/identity/.well-known/jwks.json` | the keys |
//! | a method other than `POST` | 405 |
//! | a content type other than `application/json` | 415 |
//! | a body over 64 KiB | 413 |
//! | a body that is not JSON | 400 `{"errors":["Invalid input json"],"errorCode":"ER-00006"}` |
//! | a member missing or no string | 400 `{"errors":["clientId must be a string"]}` |
//! | wrong client id or secret | 401 `{"errors":["Invalid authentication"]}` |
//! | a refresh token consumed, expired, evicted or unknown | 401 `{"errors":["Refresh token is not valid"]}` |
//! | a refresh without the [vendor host](Options::vendor_host) that is asked for | 401 `{"errors":["Vendor host is missing or unknown"]}`; nothing is consumed |
//! | a call without the [header](Options::required_header) that is asked for | 403, plain text, as from a gateway |
//! | API tokens [switched off](Options::api_tokens_disabled) | 403 `{"errors":["Api tokens are disabled"]}` |
//! | over the [rate limit](Options::rate_limit) | 429 with `x-rate-limit-reset`, a time in RFC 3339 |
//! | HTTP/1.1 without a host, or with two; a length with a sign, or twice; a coding twice, or with a length | 400 |
//! | another path | 404 `{"statusCode":404,"error":"Not Found","message":"Cannot POST /x"}` |
//!
//! # Control
//!
//! All that [`Emulator`]'s methods do can be done over HTTP too, under `/_emulator/` on every HTTP
//! and HTTPS port. The [control port](Emulator::control_url) serves nothing else; only there do
//! connections not count as the service's own, nor meet faults.
//!
//! | Request | Effect |
//! |---|---|
//! | `GET health` | 200 |
//! | `GET state` | [`State`]. `?wait_requests=3&timeout_ms=5000` first waits until so many requests arrived |
//! | `POST reset` | [`Emulator::reset`] |
//! | `POST clock` | `{"advance_seconds": -5}`: [`Emulator::advance_clock`] |
//! | `POST faults` | one [`Fault`] or a list of them |
//! | `POST release` | [`Emulator::release`] |
//! | `DELETE faults` | [`Emulator::clear_faults`] |
//! | `GET options`, `POST options` | the *live* [`Options`], as they are or to be changed |
//!
//! # Faults
//!
//! | `action` | What happens |
//! |---|---|
//! | `{"respond": {"status": 503, "headers": {"retry-after": "1"}, "body": "busy"}}` | this answer; `json` instead of `body`, `gzip`, `form` |
//! | `{"rewrite": {"set": {"expires_in": 1.5}, "remove": ["expires"]}}` | the genuine success, altered; `naming`, `status`, `headers`, `content_type`, `gzip`, `chunked`, `jwt`, `pad_claims`, `form` |
//! | `{"delay": {"ms": 300, "when": "after"}}` | the genuine answer, late |
//! | `{"hang": {}}` | no answer |
//! | `{"close": {"when": "after_processing", "rst": false}}` | the connection breaks: `before_read`, `after_read`, `after_processing`, `mid_headers`, `mid_body`; of a connection `before_read`, `mid_handshake`, `after_handshake` |
//! | `{"truncate": {"bytes": 10}}` | the genuine answer breaks off |
//! | `{"drip": {"bytes": 1, "interval_ms": 50, "headers": true}}` | the genuine answer, drop by drop |
//! | `{"redirect": {"status": 307, "location": "http://…"}}` | a redirect |
//! | `{"oversize": {"bytes": 2000000, "chunked": true}}` | a success of this size |
//! | `{"close_idle": {"after_ms": 0, "rst": false}}` | the genuine answer, then the connection it promised to keep is closed |
//! | `{"alert": {"description": 40}}`, `{"server_hello": {"version": 770, "cipher": 49171}}` | of a connection: a TLS handshake fails |
//! | `{"garbage": {"bytes": "what?"}}` | no HTTP |
//!
//! A [`Form`] says how an answer is written, byte by byte: what stands before the body and how it is
//! compressed, how many headers there are and what their lines look like, answers in between (1xx),
//! chunks, bytes behind the answer. Bytes are a text or `{"base64": "77u/"}`.
//!
//! `delay_ms` beside any of them waits first, `"hold": true` until a release; `"same_connection": true` spares all
//! connections but the one that is hit first. A request takes effect where the client gets
//! something of the genuine answer, or loses it (`after_processing`); `process` says otherwise. See
//! [`Fault`], [`Action`].
//!
//! # Redis
//!
//! For clients that share their tokens, [`RedisServer`] runs a real Redis or Valkey server, which a
//! test can pause, kill and bring back.
//!
//! [`TlsFront`] ends TLS in front of another server, such as a proxy.
//!
//! # Why no HTTP library
//!
//! Half of what it must say is broken HTTP: heads cut in the middle, bodies shorter than they
//! promise, bytes that are no HTTP, connections reset between two bytes. A server library exists to
//! prevent that. The few hundred lines of honest HTTP/1.1 that remain are simpler than ways around
//! one, and faster.

mod answer;
mod api;
mod clock;
mod connection;
mod control;
mod delivery;
mod emulator;
mod fault;
mod form;
mod http;
mod journal;
mod jwt;
mod options;
mod order;
mod pki;
mod queue;
mod random;
#[cfg(unix)]
mod redis;
mod refresh;
mod response;
mod server;
mod service;
mod tls_front;

pub use emulator::Emulator;
pub use fault::{
    Action, Close, CloseWhen, Delay, DelayWhen, Drip, Fault, Headers, Naming, On, Respond, Rewrite,
    Values,
};
pub use form::{Bytes, Chunks, Compress, FillerHeaders, Form, Interim};
pub use journal::{ApiTokenState, CallCounts, ClockState, Counts, Kind, Request, State};
pub use options::{Algorithm, ApiToken, Options, RequiredHeader, Secret, TokenKind};
pub use pki::TlsFault;
#[cfg(unix)]
pub use redis::{RedisOptions, RedisServer};
pub use tls_front::TlsFront;
