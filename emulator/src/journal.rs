//! What the emulator remembers of its traffic, and how it is shown. No secret and no token gets in
//! here.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::time::{Instant, SystemTime};

use serde::{Deserialize, Serialize};

use crate::clock;

/// All that can be seen of an emulator: the answer to `GET /_emulator/state`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The service's clock.
    pub clock: ClockState,
    /// The API tokens, in the order of the options.
    pub api_tokens: Vec<ApiTokenState>,
    /// Totals since the start or the last reset.
    pub counts: Counts,
    /// Refreshes that presented a token which an earlier refresh had consumed.
    pub refresh_tokens_presented_twice: u64,
    /// Faults that wait in the queue.
    pub faults_pending: usize,
    /// The newest requests, the oldest of them first. Those under `/_emulator/` are left out.
    pub requests: Vec<Request>,
}

/// The service's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockState {
    /// Its time, RFC 3339.
    pub now: String,
    /// How far it is ahead of the real one.
    pub offset_seconds: i64,
}

/// The use of one API token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiTokenState {
    /// Which one.
    pub client_id: String,
    /// Its refresh tokens that would be accepted now.
    pub live_refresh_tokens: usize,
    /// Authentications that succeeded.
    pub authentications: u64,
    /// Refreshes that succeeded.
    pub refreshes: u64,
    /// Calls refused with 401: a wrong secret, a dead refresh token.
    pub rejected: u64,
}

/// Totals. Requests under `/_emulator/` do not count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All requests, the malformed ones too.
    pub requests: u64,
    /// What was no request, or none that could be read to its end.
    pub malformed: u64,
    /// Authentications among them.
    pub authenticate: CallCounts,
    /// Refreshes among them.
    pub refresh: CallCounts,
    /// Connections accepted, except on the control port.
    pub connections: u64,
    /// TLS handshakes that succeeded.
    pub tls_handshakes: u64,
    /// TLS handshakes that failed.
    pub tls_failures: u64,
    /// Faults that hit.
    pub faults_served: u64,
}

/// Totals of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallCounts {
    /// Requests.
    pub total: u64,
    /// Those answered with 2xx.
    pub ok: u64,
    /// Answers by status, as sent.
    pub by_status: BTreeMap<u16, u64>,
}

/// What a request asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An access token for a client id and a secret.
    Authenticate,
    /// An access token for a refresh token.
    Refresh,
    /// Something else: the keys, an unknown path.
    Other,
}

/// One request in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its number, from 1.
    pub seq: u64,
    /// What it asked for.
    pub kind: Kind,
    /// The version in its path: 1 or 2; 0 if it is neither call.
    pub version: u8,
    /// Its method.
    pub method: String,
    /// Its path, without a query.
    pub path: String,
    /// The connection that it came on.
    pub connection: u64,
    /// Whether by TLS.
    pub tls: bool,
    /// When it had been read: microseconds since the emulator started.
    pub arrived_us: u64,
    /// The same by the real wall clock, RFC 3339.
    pub arrived_at: String,
    /// When its answer began to leave, or its connection was broken; nothing while it is under way.
    pub answered_us: Option<u64>,
    /// The status sent; nothing if none was.
    pub status: Option<u16>,
    /// The fault that hit it.
    pub fault: Option<String>,
    /// Its headers by lower-case name. Of credentials there is the scheme and the SHA-256 of the rest:
    /// `Bearer sha256:…`.
    pub headers: BTreeMap<String, String>,
    /// The names of its body's members.
    pub body_fields: Vec<String>,
    /// Which refresh token it presented: the how-manieth issued; nothing if none or an unknown one.
    pub presented_refresh_token: Option<u64>,
    /// Which refresh token it was granted, whether or not the answer arrived.
    pub issued_refresh_token: Option<u64>,
}

/// What is known of a request on its arrival.
pub(crate) struct Arrival<'a> {
    pub(crate) kind: Kind,
    pub(crate) version: u8,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) connection: u64,
    pub(crate) tls: bool,
    pub(crate) fault: Option<&'static str>,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body_fields: Vec<String>,
}

/// Stands for a logged request. One from before a reset refers to nothing.
#[derive(Clone, Copy)]
pub(crate) struct Ticket {
    epoch: u64,
    seq: u64,
    kind: Kind,
}

/// A log entry as it is kept: cheap to make.
struct Entry {
    request: Request,
    arrived: SystemTime,
    headers: Vec<(String, String)>,
}

/// The log and the totals.
pub(crate) struct Journal {
    started: Instant,
    capacity: usize,
    epoch: u64,
    next: u64,
    entries: VecDeque<Entry>,
    pub(crate) counts: Counts,
}

impl Journal {
    pub(crate) fn new(capacity: usize) -> Self {
        Journal {
            started: Instant::now(),
            capacity,
            epoch: 0,
            next: 1,
            entries: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    pub(crate) fn reset(&mut self) {
        self.epoch += 1;
        self.next = 1;
        self.entries.clear();
        self.counts = Counts::default();
    }

    pub(crate) fn arrived(&mut self, arrival: Arrival<'_>) -> Ticket {
        let ticket = Ticket { epoch: self.epoch, seq: self.next, kind: arrival.kind };
        self.next += 1;
        self.counts.requests += 1;
        if let Some(counts) = self.counts.of(arrival.kind) {
            counts.total += 1;
        }
        if self.capacity > 0 {
            if self.entries.len() == self.capacity {
                self.entries.pop_front();
            }
            self.entries.push_back(Entry::new(ticket.seq, arrival, self.elapsed()));
        }
        ticket
    }

    /// Notes which refresh tokens a request presented and was granted.
    pub(crate) fn granted(&mut self, ticket: Ticket, presented: Option<u64>, issued: Option<u64>) {
        if let Some(request) = self.find(ticket) {
            request.presented_refresh_token = presented;
            request.issued_refresh_token = issued;
        }
    }

    /// Notes that the answer begins to leave with this status, or that none will. Called before the
    /// first byte goes out, so that whoever has the answer finds it here.
    pub(crate) fn answered(&mut self, ticket: Ticket, status: Option<u16>) {
        let now = self.elapsed();
        if ticket.epoch != self.epoch {
            return;
        }
        if let (Some(status), Some(counts)) = (status, self.counts.of(ticket.kind)) {
            counts.ok += u64::from((200..300).contains(&status));
            *counts.by_status.entry(status).or_default() += 1;
        }
        if let Some(request) = self.find(ticket) {
            request.answered_us = Some(now);
            request.status = status;
        }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.entries.iter().map(Entry::show).collect()
    }

    fn find(&mut self, ticket: Ticket) -> Option<&mut Request> {
        if ticket.epoch != self.epoch {
            return None;
        }
        let first = self.entries.front()?.request.seq;
        let index = usize::try_from(ticket.seq.checked_sub(first)?).ok()?;
        self.entries.get_mut(index).map(|entry| &mut entry.request)
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Counts {
    fn of(&mut self, kind: Kind) -> Option<&mut CallCounts> {
        match kind {
            Kind::Authenticate => Some(&mut self.authenticate),
            Kind::Refresh => Some(&mut self.refresh),
            Kind::Other => None,
        }
    }
}

/// Headers whose values are credentials.
const CREDENTIALS: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// What the log has of credentials: enough to tell the right ones from all others.
fn redacted(value: &str) -> String {
    let (scheme, rest) = value.split_once(' ').unwrap_or(("", value));
    let hash = ring::digest::digest(&ring::digest::SHA256, rest.as_bytes());
    let mut shown = format!("{scheme} sha256:");
    for byte in hash.as_ref() {
        let _ = write!(shown, "{byte:02x}");
    }
    shown.trim_start().to_owned()
}

impl Entry {
    fn new(seq: u64, arrival: Arrival<'_>, arrived_us: u64) -> Self {
        let redact = |(name, value): &(String, String)| {
            let secret = CREDENTIALS.contains(&name.as_str());
            (name.clone(), if secret { redacted(value) } else { value.clone() })
        };
        Entry {
            arrived: SystemTime::now(),
            headers: arrival.headers.iter().map(redact).collect(),
            request: Request {
                seq,
                kind: arrival.kind,
                version: arrival.version,
                method: arrival.method.to_owned(),
                path: arrival.path.to_owned(),
                connection: arrival.connection,
                tls: arrival.tls,
                arrived_us,
                arrived_at: String::new(),
                answered_us: None,
                status: None,
                fault: arrival.fault.map(String::from),
                headers: BTreeMap::new(),
                body_fields: arrival.body_fields,
                presented_refresh_token: None,
                issued_refresh_token: None,
            },
        }
    }

    fn show(&self) -> Request {
        let mut headers = BTreeMap::<String, String>::new();
        for (name, value) in &self.headers {
            headers
                .entry(name.clone())
                .and_modify(|all| {
                    all.push_str(", ");
                    all.push_str(value);
                })
                .or_insert_with(|| value.clone());
        }
        Request { arrived_at: clock::rfc3339(self.arrived), headers, ..self.request.clone() }
    }
}
