//! The steps of a scenario. An unknown member is an error here, too.

use serde::Deserialize;
use serde_json::{Map, Value};

/// What is done, in order.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Step {
    /// Makes a client from these settings alone.
    NewClient {
        #[serde(default = "default_name")]
        client: String,
        settings: Map<String, Value>,
        #[serde(default)]
        expect: Expect,
    },
    Authenticate {
        #[serde(default = "default_name")]
        client: String,
        /// Whose credentials: `tenant`, `other` or `user`.
        #[serde(default = "default_owner", rename = "as")]
        owner: String,
        /// Instead of the right one.
        client_id: Option<String>,
        /// Instead of the right one.
        secret: Option<String>,
        /// The name under which to keep the token set.
        save: Option<String>,
        /// The name of the job, to call in the background.
        background: Option<String>,
        #[serde(default)]
        expect: Expect,
    },
    Refresh {
        #[serde(default = "default_name")]
        client: String,
        /// The name of the token set whose refresh token is presented.
        #[serde(default = "default_token")]
        token: String,
        /// Instead of one that was granted.
        refresh_token: Option<String>,
        /// The name under which to keep the token set.
        save: Option<String>,
        /// The name of the job, to call in the background.
        background: Option<String>,
        #[serde(default)]
        expect: Expect,
    },
    /// Waits for a call in the background.
    Wait {
        job: String,
        save: Option<String>,
        #[serde(default)]
        expect: Expect,
    },
    Close {
        #[serde(default = "default_name")]
        client: String,
    },
    Drop {
        #[serde(default = "default_name")]
        client: String,
    },
    /// Makes a source of a client and an API token.
    NewSource {
        #[serde(default = "default_source")]
        source: String,
        #[serde(default = "default_name")]
        client: String,
        /// Whose credentials: `tenant`, `other` or `user`.
        #[serde(default = "default_owner", rename = "as")]
        owner: String,
        /// Instead of the right one.
        client_id: Option<String>,
        /// Instead of the right one.
        secret: Option<String>,
        #[serde(default)]
        settings: Map<String, Value>,
        /// That of the environment instead of all of this.
        #[serde(default)]
        from_env: bool,
        /// Settings of the client that a source of the environment makes.
        client_settings: Option<Map<String, Value>>,
        #[serde(default)]
        expect: Expect,
    },
    Token {
        #[serde(default = "default_source")]
        source: String,
        min_validity_ms: Option<u64>,
        timeout_ms: Option<u64>,
        /// The name under which to keep what came.
        save: Option<String>,
        /// The name of the job, to call in the background.
        background: Option<String>,
        /// So many calls at once, all of which must come to the same.
        callers: Option<usize>,
        #[serde(default)]
        expect: Expect,
    },
    Peek {
        #[serde(default = "default_source")]
        source: String,
        save: Option<String>,
        #[serde(default)]
        expect: Expect,
    },
    Invalidate {
        #[serde(default = "default_source")]
        source: String,
        /// The name of what was kept of a call for a token.
        token: Option<String>,
        /// Instead of one that came.
        access_token: Option<String>,
        #[serde(default)]
        expect: Expect,
    },
    SetCredentials {
        #[serde(default = "default_source")]
        source: String,
        #[serde(default = "default_owner", rename = "as")]
        owner: String,
        client_id: Option<String>,
        secret: Option<String>,
        #[serde(default)]
        expect: Expect,
    },
    /// What a source has counted.
    Stats {
        #[serde(default = "default_source")]
        source: String,
        expect: Map<String, Value>,
    },
    /// Waits until a source has counted this.
    UntilStats {
        #[serde(default = "default_source")]
        source: String,
        expect: Map<String, Value>,
    },
    /// Waits for as many events since the last such step, which must be these: `kind` or
    /// `kind: code of its error`.
    Events {
        #[serde(default = "default_source")]
        source: String,
        expect: Vec<String>,
    },
    CloseSource {
        #[serde(default = "default_source")]
        source: String,
    },
    DropSource {
        #[serde(default = "default_source")]
        source: String,
    },
    /// Lets time pass for the driver's sources, as far as they read clocks.
    AdvanceClientClock { seconds: f64 },
    /// Sets their wall clock forward or back.
    SetClientClock { seconds: f64 },
    /// Lets time pass for both sides.
    AdvanceClocks { seconds: u32 },
    /// Queues further faults.
    Faults { faults: Vec<Value> },
    /// Changes options of the service.
    Options { options: Map<String, Value> },
    /// Moves the service's clock.
    AdvanceClock { seconds: i64 },
    /// Lets the requests go on that faults hold.
    Release {},
    /// Does something to the scenario's Redis.
    Redis { action: RedisAction },
    /// Lets the operation of an own store return that hangs, and all to come.
    ResumeStore { name: String },
    /// Leaves sources and clients to the end of the driver's process, which comes after the
    /// scenario.
    Leave {},
    /// Does steps several times.
    Repeat { times: usize, steps: Vec<Step> },
    /// Waits until so many requests have arrived since the scenario began.
    UntilServiceSaw { requests: usize },
    /// Lets time pass, where time itself is the subject.
    Pause { ms: u64 },
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RedisAction {
    /// It is killed, and remembers nothing.
    Kill,
    /// It is there again.
    Restart,
    /// It answers nothing any more.
    Pause,
    /// It goes on.
    Resume,
}

/// A success unless `error` is there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Expect {
    pub(crate) ok: Option<Map<String, Value>>,
    pub(crate) error: Option<Map<String, Value>>,
    /// How long the step may take: a bound that only what hangs goes beyond.
    pub(crate) within_ms: Option<u64>,
}

impl Step {
    /// What must come of it, if that can be said.
    pub(crate) fn expect(&self) -> Option<&Expect> {
        match self {
            Step::NewClient { expect, .. }
            | Step::Authenticate { expect, .. }
            | Step::Refresh { expect, .. }
            | Step::NewSource { expect, .. }
            | Step::Token { expect, .. }
            | Step::Peek { expect, .. }
            | Step::Invalidate { expect, .. }
            | Step::SetCredentials { expect, .. }
            | Step::Wait { expect, .. } => Some(expect),
            _ => None,
        }
    }
}

fn default_name() -> String {
    "a".into()
}

fn default_source() -> String {
    "s".into()
}

fn default_owner() -> String {
    "tenant".into()
}

fn default_token() -> String {
    "given".into()
}
