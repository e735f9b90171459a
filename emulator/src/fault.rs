//! Faults: what a test can order.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::form::{Bytes, Form};

/// A fault for the next requests of a kind. In JSON, all but `on` and `action` may be left out:
///
/// ```json
/// {"on": "refresh", "skip": 0, "times": 1, "process": true, "action": {"respond": {"status": 503}}}
/// ```
///
/// Faults wait in a queue. A request takes the first that is for its kind and not used up; one that
/// is still to skip lets the request pass on to those behind it.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "crate::order::Written")]
pub struct Fault {
    /// Which requests it is for.
    pub on: On,
    /// How many of them to let pass first.
    pub skip: u64,
    /// How many of them to hit; 0 for all that follow.
    pub times: u64,
    /// Whether the request takes effect all the same; by default, what the action implies.
    pub process: Option<bool>,
    /// Milliseconds to wait before anything else happens. In JSON it may also stand inside
    /// `action`, beside the action.
    pub delay_ms: u64,
    /// Whether to wait, before anything else happens, until what is held is
    /// [released](crate::Emulator::release). In JSON it may also stand inside `action`.
    pub hold: bool,
    /// Whether it is for the requests of one connection alone: the one of the first request that it
    /// hit. It is gone with that connection.
    pub same_connection: bool,
    /// What happens.
    pub action: Action,
}

/// What a fault is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// Authentications.
    Authenticate,
    /// Refreshes.
    Refresh,
    /// Both calls.
    Any,
    /// New connections, before the TLS handshake.
    Connection,
}

/// What happens to a request, by its name in JSON.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Another answer.
    Respond(Box<Respond>),
    /// The genuine success, altered. A genuine failure stays as it is.
    Rewrite(Box<Rewrite>),
    /// The genuine answer, late.
    Delay(Delay),
    /// No answer until the client gives up.
    Hang {},
    /// The connection breaks.
    Close(Close),
    /// The genuine answer breaks off after so many bytes of its body.
    Truncate {
        /// How many.
        bytes: usize,
    },
    /// The genuine answer, drop by drop.
    Drip(Drip),
    /// A redirect.
    Redirect {
        /// 3xx.
        status: u16,
        /// Where to.
        location: String,
    },
    /// A success of enormous size.
    Oversize {
        /// Of the body.
        bytes: usize,
        /// In chunks, the size not told.
        #[serde(default)]
        chunked: bool,
    },
    /// The genuine answer promises to keep the connection, which is then closed.
    CloseIdle {
        /// How long after it.
        #[serde(default)]
        after_ms: u64,
        /// By a reset instead of an end of stream.
        #[serde(default)]
        rst: bool,
    },
    /// A fatal alert in answer to the first bytes of the TLS handshake.
    Alert {
        /// Such as 40, `handshake_failure`, or 70, `protocol_version`.
        description: u8,
    },
    /// A `ServerHello` in answer to the first bytes of the TLS handshake, and no more.
    ServerHello {
        /// Of TLS: 770 is 1.1.
        version: u16,
        /// The suite that it chooses.
        cipher: u16,
    },
    /// These bytes in place of an answer in HTTP.
    Garbage {
        /// The bytes.
        bytes: Bytes,
    },
}

/// Another answer than the genuine one.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Respond {
    /// Its status.
    pub status: u16,
    /// Its headers, beside the usual ones or instead of them.
    pub headers: Headers,
    /// Its body.
    pub body: Option<Bytes>,
    /// Its body as JSON.
    pub json: Option<Value>,
    /// Whether the body is compressed.
    pub gzip: bool,
    /// How it is written.
    pub form: Form,
}

impl Default for Respond {
    fn default() -> Self {
        Respond {
            status: 200,
            headers: Headers::new(),
            body: None,
            json: None,
            gzip: false,
            form: Form::default(),
        }
    }
}

/// Headers of an answer, their names in any case. `null` takes a usual header away, a list sends it
/// several times: that goes for `content-length`, `transfer-encoding` and `connection` too. In a
/// value, `{rfc3339+0.3}`, `{httpdate+2}` and `{unix+2}` stand for the time so many seconds from
/// now by the real clock, `{service_rfc3339+0.3}` and the like by the service's.
pub type Headers = BTreeMap<String, Values>;

/// The values of one header.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "Value")]
pub struct Values(pub Vec<String>);

/// How to alter a success. Members have their names of v2 here, whichever version is asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rewrite {
    /// Members to set.
    pub set: Map<String, Value>,
    /// Members to leave out.
    pub remove: Vec<String>,
    /// How to write the names of the members; by default, as the version has them.
    pub naming: Option<Naming>,
    /// Another status.
    pub status: Option<u16>,
    /// More headers.
    pub headers: Headers,
    /// Another content type.
    pub content_type: Option<String>,
    /// Whether the body is compressed.
    pub gzip: bool,
    /// Whether the body is sent in chunks.
    pub chunked: bool,
    /// Claims of the access token to set; `null` leaves one out.
    pub jwt: Map<String, Value>,
    /// Adds a claim that makes the access token so many bytes longer.
    pub pad_claims: usize,
    /// How it is written.
    pub form: Form,
}

/// How the members of an answer are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Naming {
    /// `access_token`, as v2.
    Snake,
    /// `accessToken`, as v1.
    Camel,
}

/// A genuine answer that comes late.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// How late.
    pub ms: u64,
    /// Whether it takes effect before or after the wait.
    #[serde(default)]
    pub when: DelayWhen,
}

/// When a delay takes place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DelayWhen {
    /// Before the request takes effect.
    #[default]
    Before,
    /// After it.
    After,
}

/// A connection that breaks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// At which point.
    pub when: CloseWhen,
    /// By a reset instead of an end of stream.
    #[serde(default)]
    pub rst: bool,
}

/// When a connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseWhen {
    /// For a connection: once accepted. For a request: once its head is there, the body unread.
    BeforeRead,
    /// For a connection: once the first bytes of its TLS handshake are there. Without TLS those of
    /// a request are meant.
    MidHandshake,
    /// For a connection: once its TLS handshake is done, nothing of a request read. Without TLS
    /// the same as `before_read`.
    AfterHandshake,
    /// Once the whole request is there; it takes no effect.
    AfterRead,
    /// Once the request took effect: the lost answer.
    AfterProcessing,
    /// In the middle of the answer's head.
    MidHeaders,
    /// In the middle of the answer's body.
    MidBody,
}

/// An answer that comes slowly.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drip {
    /// Bytes in each drop.
    pub bytes: usize,
    /// Milliseconds between drops.
    pub interval_ms: u64,
    /// Whether the head drips too.
    #[serde(default)]
    pub headers: bool,
}

impl Fault {
    /// This action for the next request of a kind.
    pub fn new(on: On, action: Action) -> Self {
        Fault {
            on,
            skip: 0,
            times: 1,
            process: None,
            delay_ms: 0,
            hold: false,
            same_connection: false,
            action,
        }
    }

    /// Whether the request takes effect.
    pub(crate) fn processes(&self) -> bool {
        self.process
            .unwrap_or_else(|| self.action.shows_genuine_answer() || self.action.is_lost_answer())
    }
}

impl Action {
    /// Its name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Action::Respond(_) => "respond",
            Action::Rewrite(_) => "rewrite",
            Action::Delay(_) => "delay",
            Action::Hang {} => "hang",
            Action::Close(_) => "close",
            Action::Truncate { .. } => "truncate",
            Action::Drip(_) => "drip",
            Action::Redirect { .. } => "redirect",
            Action::Oversize { .. } => "oversize",
            Action::CloseIdle { .. } => "close_idle",
            Action::Alert { .. } => "alert",
            Action::ServerHello { .. } => "server_hello",
            Action::Garbage { .. } => "garbage",
        }
    }

    /// Whether what the client gets is made of the genuine answer.
    pub(crate) fn shows_genuine_answer(&self) -> bool {
        match self {
            Action::Close(close) => {
                matches!(close.when, CloseWhen::MidHeaders | CloseWhen::MidBody)
            }
            Action::Rewrite(_)
            | Action::Delay(_)
            | Action::Truncate { .. }
            | Action::Drip(_)
            | Action::CloseIdle { .. } => true,
            Action::Respond(_)
            | Action::Hang {}
            | Action::Redirect { .. }
            | Action::Oversize { .. }
            | Action::Alert { .. }
            | Action::ServerHello { .. }
            | Action::Garbage { .. } => false,
        }
    }

    /// Whether the request is done and its answer thrown away.
    pub(crate) fn is_lost_answer(&self) -> bool {
        matches!(self, Action::Close(Close { when: CloseWhen::AfterProcessing, .. }))
    }
}
