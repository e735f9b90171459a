//! The identity service: what the two calls do, apart from HTTP.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Map, Value, json};

use crate::clock::{self, Clock};
use crate::journal::{ApiTokenState, ClockState, Journal, State};
use crate::options::{ApiToken, Options, TokenKind};
use crate::queue::Queue;
use crate::random;
use crate::refresh::{Known, RefreshTokens};
use crate::response::Response;

/// A service with its state. Not synchronised.
pub(crate) struct Service {
    /// The options of the start, to which a reset returns.
    initial: Options,
    options: Options,
    issuer: String,
    by_client_id: HashMap<String, usize>,
    uses: Vec<Uses>,
    refresh_tokens: RefreshTokens,
    presented_twice: u64,
    rate: Rate,
    /// How often what was held was released.
    pub(crate) releases: u64,
    pub(crate) clock: Clock,
    pub(crate) faults: Queue,
    pub(crate) journal: Journal,
}

#[derive(Clone, Default)]
struct Uses {
    authentications: u64,
    refreshes: u64,
    rejected: u64,
}

/// Authentications in the current second, which begins with the first of them.
#[derive(Default)]
struct Rate {
    window: Option<Instant>,
    count: u32,
}

/// What a successful call grants: the answer but for the access token's signature.
pub(crate) struct Grant {
    pub(crate) claims: Map<String, Value>,
    pub(crate) refresh_token: Arc<str>,
    pub(crate) expires_in: u64,
    pub(crate) expires: String,
    /// Numbers of the refresh tokens presented and granted.
    pub(crate) presented: Option<u64>,
    pub(crate) issued: u64,
}

/// A call that is refused.
pub(crate) struct Refusal {
    pub(crate) response: Response,
    /// The number of the refresh token presented.
    pub(crate) presented: Option<u64>,
}

impl From<Response> for Refusal {
    fn from(response: Response) -> Self {
        Refusal { response, presented: None }
    }
}

impl Service {
    pub(crate) fn new(options: Options, issuer: String) -> Self {
        let ids = options.api_tokens.iter().enumerate();
        Service {
            issuer,
            by_client_id: ids.map(|(index, token)| (token.client_id.clone(), index)).collect(),
            uses: vec![Uses::default(); options.api_tokens.len()],
            refresh_tokens: RefreshTokens::new(options.api_tokens.len()),
            presented_twice: 0,
            rate: Rate::default(),
            releases: 0,
            clock: Clock::default(),
            faults: Queue::default(),
            journal: Journal::new(options.request_log),
            initial: options.clone(),
            options,
        }
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn set_options(&mut self, patch: &Map<String, Value>) -> Result<(), String> {
        self.options = self.options.patched(patch)?;
        Ok(())
    }

    /// Everything as at the start.
    pub(crate) fn reset(&mut self) {
        self.options = self.initial.clone();
        self.uses.fill(Uses::default());
        self.refresh_tokens = RefreshTokens::new(self.uses.len());
        self.presented_twice = 0;
        self.rate = Rate::default();
        self.clock = Clock::default();
        self.faults.clear();
        self.journal.reset();
    }

    pub(crate) fn authenticate(&mut self, client_id: &str, secret: &str) -> Result<Grant, Refusal> {
        self.limit_rate()?;
        self.check_enabled()?;
        let Some(&owner) = self.by_client_id.get(client_id) else {
            return Err(Response::errors(401, &["Invalid authentication"]).into());
        };
        if self.options.api_tokens[owner].secret.expose() != secret {
            self.uses[owner].rejected += 1;
            return Err(Response::errors(401, &["Invalid authentication"]).into());
        }
        self.uses[owner].authentications += 1;
        let issued = self.issue(owner);
        Ok(self.grant(&issued, None))
    }

    pub(crate) fn refresh(&mut self, token: &str) -> Result<Grant, Refusal> {
        self.check_enabled()?;
        let presented = match self.refresh_tokens.present(token, self.clock.now()) {
            Ok(known) => known,
            Err(refused) => {
                self.presented_twice += u64::from(refused.consumed);
                if let Some(owner) = refused.owner {
                    self.uses[owner].rejected += 1;
                }
                return Err(Refusal {
                    response: Response::errors(401, &["Refresh token is not valid"]),
                    presented: refused.serial,
                });
            }
        };
        self.uses[presented.owner].refreshes += 1;
        let serial = presented.serial;
        let issued = if self.options.rotation {
            self.refresh_tokens.consume(&presented);
            self.issue(presented.owner)
        } else {
            presented
        };
        Ok(self.grant(&issued, Some(serial)))
    }

    fn check_enabled(&self) -> Result<(), Response> {
        if self.options.api_tokens_disabled {
            return Err(Response::errors(403, &["Api tokens are disabled"]));
        }
        Ok(())
    }

    /// Counts an authentication; over the limit, it is refused until the second is over. By the
    /// real clock, as clients compare the time of the reset with theirs.
    fn limit_rate(&mut self) -> Result<(), Response> {
        const WINDOW: Duration = Duration::from_secs(1);
        if self.options.rate_limit == 0 {
            return Ok(());
        }
        let now = Instant::now();
        let window = match self.rate.window {
            Some(window) if now < window + WINDOW => window,
            _ => {
                self.rate.count = 0;
                *self.rate.window.insert(now)
            }
        };
        if self.rate.count < self.options.rate_limit {
            self.rate.count += 1;
            return Ok(());
        }
        // Rounded up to the millisecond that the header can say: who comes at that time gets in.
        let reset = SystemTime::now() + (window + WINDOW - now) + Duration::from_millis(1);
        Err(Response::errors(429, &["Too many requests"])
            .with("x-rate-limit-limit", self.options.rate_limit.to_string())
            .with("x-rate-limit-remaining", "0")
            .with("x-rate-limit-reset", clock::rfc3339(reset)))
    }

    #[allow(clippy::cast_precision_loss)]
    fn issue(&mut self, owner: usize) -> Known {
        let now = self.clock.now();
        let expires = clock::shift(now, self.options.refresh_token_lifetime as f64);
        self.refresh_tokens.issue(owner, now, expires, self.options.refresh_token_cap)
    }

    #[allow(clippy::cast_precision_loss)]
    fn grant(&self, issued: &Known, presented: Option<u64>) -> Grant {
        let lifetime = self.options.access_token_lifetime;
        let now = self.clock.now();
        Grant {
            claims: self.claims(&self.options.api_tokens[issued.owner], now),
            refresh_token: issued.token.clone(),
            expires_in: lifetime,
            expires: clock::http_date(clock::shift(now, lifetime as f64)),
            presented,
            issued: issued.serial,
        }
    }

    fn claims(&self, token: &ApiToken, now: SystemTime) -> Map<String, Value> {
        let iat = clock::unix_seconds(now);
        let mut claims = Map::new();
        let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        set("iss", json!(self.issuer));
        set("sub", json!(token.client_id));
        set("aud", json!(self.options.audience));
        set("type", json!(token.kind.as_str()));
        set("tenantId", json!(token.tenant_id));
        set("roles", json!(token.roles));
        set("permissions", json!(token.permissions));
        set("iat", json!(iat));
        set("exp", json!(iat.saturating_add(self.options.access_token_lifetime)));
        set("jti", json!(random::uuid()));
        if let Some(id) = &self.options.application_id {
            set("applicationId", json!(id));
        }
        if token.kind == TokenKind::User {
            set("userId", json!(token.user_id));
            set("email", json!(token.email));
        }
        claims
    }

    pub(crate) fn clock_state(&self) -> ClockState {
        ClockState {
            now: clock::rfc3339(self.clock.now()),
            offset_seconds: self.clock.offset_seconds(),
        }
    }

    pub(crate) fn state(&self) -> State {
        let now = self.clock.now();
        let api_tokens = self.options.api_tokens.iter().zip(&self.uses).enumerate();
        State {
            clock: self.clock_state(),
            api_tokens: api_tokens
                .map(|(owner, (token, uses))| ApiTokenState {
                    client_id: token.client_id.clone(),
                    live_refresh_tokens: self.refresh_tokens.live(owner, now),
                    authentications: uses.authentications,
                    refreshes: uses.refreshes,
                    rejected: uses.rejected,
                })
                .collect(),
            counts: self.journal.counts.clone(),
            refresh_tokens_presented_twice: self.presented_twice,
            faults_pending: self.faults.len(),
            requests: self.journal.requests(),
        }
    }
}
