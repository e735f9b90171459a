//! The driver of Rust: does what each line on standard input asks, and answers it in a line.

mod stores;

use std::collections::HashMap;
use std::fmt::Debug;
use std::io::{BufRead, Write};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use frontegg_token::{
    AccessToken, CODES, Client, ClientBuilder, Code, Credentials, Endpoint, Error, Event, Origin,
    RefreshToken, RetryPolicy, Roots, TokenRequest, TokenSet, TokenSource, TokenSourceBuilder,
};
use serde::Deserialize;
use serde_json::{Value, json};
use stores::{StoreSettings, Stores};

#[cfg(frontegg_testing)]
use frontegg_token::testing;

/// In place of a clock that can be moved.
#[cfg(not(frontegg_testing))]
mod testing {
    const MISSING: &str = "this driver cannot move its clock: build it with FRONTEGG_TESTING=1";

    pub(crate) fn advance_clock(_: u64) {
        panic!("{MISSING}");
    }

    pub(crate) fn step_wall_clock(_: i64) {
        panic!("{MISSING}");
    }
}

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
enum Request {
    NewClient {
        client: String,
        settings: Box<Settings>,
    },
    Authenticate {
        client: String,
        client_id: String,
        secret: String,
        background: Option<String>,
    },
    Refresh {
        client: String,
        refresh_token: String,
        background: Option<String>,
    },
    Wait {
        job: String,
    },
    Close {
        client: String,
    },
    Drop {
        client: String,
    },
    NewSource(Box<NewSource>),
    Token {
        source: String,
        min_validity_ms: Option<u64>,
        timeout_ms: Option<u64>,
        background: Option<String>,
    },
    Peek {
        source: String,
    },
    Invalidate {
        source: String,
        token: String,
    },
    SetCredentials {
        source: String,
        client_id: String,
        secret: String,
    },
    Stats {
        source: String,
    },
    Events {
        source: String,
    },
    CloseSource {
        source: String,
    },
    DropSource {
        source: String,
    },
    ResumeStore {
        name: String,
    },
    AdvanceClock {
        ms: u64,
    },
    StepWallClock {
        ms: i64,
    },
    Errors {},
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSource {
    source: String,
    client: Option<String>,
    client_id: Option<String>,
    secret: Option<String>,
    settings: SourceSettings,
    #[serde(default)]
    from_env: bool,
    client_settings: Option<Settings>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceSettings {
    renewal_window: Option<(f64, f64)>,
    policy: Option<String>,
    deadline_ms: Option<u64>,
    store: Option<StoreSettings>,
}

/// A source, and what its observer was told since somebody asked.
#[derive(Clone)]
struct Observed {
    source: TokenSource,
    events: Arc<Mutex<Vec<Event>>>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct Settings {
    region: Option<String>,
    domain: Option<String>,
    base_url: Option<String>,
    from_env: bool,
    vendor_host: Option<String>,
    allow_http: Option<bool>,
    connect_timeout_ms: Option<u64>,
    attempt_timeout_ms: Option<u64>,
    deadline_ms: Option<u64>,
    max_attempts: Option<u32>,
    base_delay_ms: Option<u64>,
    max_delay_ms: Option<u64>,
    proxy: Option<String>,
    roots: Option<String>,
    ca_pem: Option<String>,
    ca_file: Option<String>,
    client_certificate_pem: Option<String>,
    client_key_pem: Option<String>,
    headers: Vec<(String, String)>,
    bearer: Option<String>,
    user_agent_suffix: Option<String>,
}

impl Settings {
    fn build(self) -> Result<Client, Error> {
        let mut builder = if self.from_env {
            ClientBuilder::from_env()
        } else {
            let (region, domain, url) = (&self.region, &self.domain, &self.base_url);
            Client::builder(Endpoint::choose(region.as_deref(), domain.as_deref(), url.as_deref())?)
        };
        if let Some(host) = self.vendor_host {
            builder = builder.vendor_host(host);
        }
        if let Some(allow) = self.allow_http {
            builder = builder.allow_http(allow);
        }
        if let Some(ms) = self.connect_timeout_ms {
            builder = builder.connect_timeout(Duration::from_millis(ms));
        }
        if let Some(ms) = self.attempt_timeout_ms {
            builder = builder.attempt_timeout(Duration::from_millis(ms));
        }
        if let Some(ms) = self.deadline_ms {
            builder = builder.deadline(Duration::from_millis(ms));
        }
        let mut retry = RetryPolicy::default();
        if let Some(attempts) = self.max_attempts {
            retry = retry.with_max_attempts(attempts);
        }
        if let Some(ms) = self.base_delay_ms {
            retry = retry.with_base_delay(Duration::from_millis(ms));
        }
        if let Some(ms) = self.max_delay_ms {
            retry = retry.with_max_delay(Duration::from_millis(ms));
        }
        builder = builder.retry(retry);
        if let Some(proxy) = self.proxy {
            builder = builder.proxy(proxy.parse()?);
        }
        if let Some(roots) = self.roots {
            builder = builder.roots(match roots.as_str() {
                "platform" => Roots::Platform,
                "bundled" => Roots::Bundled,
                other => panic!("no roots are called {other}"),
            });
        }
        if let Some(pem) = self.ca_pem {
            builder = builder.roots(Roots::pem(pem.as_bytes()));
        }
        if let Some(path) = self.ca_file {
            builder = builder.roots(Roots::pem_file(path));
        }
        if let (Some(chain), Some(key)) = (self.client_certificate_pem, self.client_key_pem) {
            builder = builder.client_certificate(chain.as_bytes(), key.as_bytes());
        }
        for (name, value) in self.headers {
            builder = builder.header(name, value);
        }
        if let Some(token) = self.bearer {
            builder = builder.bearer(token);
        }
        if let Some(suffix) = self.user_agent_suffix {
            builder = builder.user_agent_suffix(suffix);
        }
        builder.build()
    }
}

fn token_set(client: &Client, set: &TokenSet) -> Value {
    let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let received_at = set.received_at().duration_since(UNIX_EPOCH).unwrap_or_default();
    let claims = set.access_token().claims().map(|claims| claims.to_json());
    json!({
        "ok": {
            "access_token": set.access_token().as_str(),
            "refresh_token": set.refresh_token().map(RefreshToken::as_str),
            "lifetime_ms": set.lifetime().map(ms),
            "expires": set.expires(),
            "trace_id": set.trace_id(),
            "received_at_ms": ms(received_at),
            "claims": claims.map(|json| serde_json::from_str::<Value>(&json).expect("JSON")),
        },
        "shown": format!("{set:?} {client:?}"),
    })
}

fn facts<T: Debug>(asked: Option<&T>, error: &Error) -> Value {
    let retry_after = error.retry_after().map(|wait| u64::try_from(wait.as_millis()));
    json!({
        "error": {
            "code": error.code().as_str(),
            "number": error.code().number(),
            "message": error.message(),
            "http_status": error.http_status(),
            "messages": error.messages(),
            "error_code": error.error_code(),
            "trace_id": error.trace_id(),
            "retry_after_ms": retry_after.map(|ms| ms.unwrap_or(u64::MAX)),
            "attempts": error.attempts(),
            "retryable": error.is_retryable(),
        },
        "shown": format!("{error:?} {error} {asked:?}"),
    })
}

/// All about a token of a source.
fn about(source: &TokenSource, token: &AccessToken) -> Value {
    let ms = |time: SystemTime| time.duration_since(UNIX_EPOCH).map(|since| since.as_millis());
    let time = |time: Option<SystemTime>| time.and_then(|time| u64::try_from(ms(time).ok()?).ok());
    let claims = token.claims().map(|claims| claims.to_json());
    json!({
        "ok": {
            "token": token.as_str(),
            "authorization": token.authorization(),
            "expires_at_ms": time(token.expires_at()),
            "renewal_due_at_ms": time(token.renewal_due_at()),
            "origin": token.origin().map(Origin::as_str),
            "claims": claims.map(|json| serde_json::from_str::<Value>(&json).expect("JSON")),
        },
        "shown": format!("{source:?} {token:?} {:?}", token.claims()),
    })
}

fn event(event: &Event) -> Value {
    json!({
        "kind": event.kind().as_str(),
        "generation": event.generation(),
        "code": event.error().map(Error::code).map(Code::as_str),
    })
}

/// The answer to what has no result.
fn done(outcome: Result<(), Error>) -> Value {
    match outcome {
        Ok(()) => json!({"ok": {}}),
        Err(error) => facts::<Client>(None, &error),
    }
}

fn outcome(client: &Client, result: Result<TokenSet, Error>) -> Value {
    match result {
        Ok(set) => token_set(client, &set),
        Err(error) => facts(Some(client), &error),
    }
}

#[derive(Default)]
struct Driver {
    clients: HashMap<String, Client>,
    sources: HashMap<String, Observed>,
    stores: Stores,
    jobs: HashMap<String, JoinHandle<Value>>,
}

impl Driver {
    fn answer(&mut self, request: Request) -> Value {
        match request {
            Request::NewClient { client, settings } => {
                done(settings.build().map(|built| drop(self.clients.insert(client, built))))
            }
            Request::Authenticate { client, client_id, secret, background } => {
                self.call(&client, background, move |client| {
                    client.authenticate(&Credentials::new(client_id, secret)?)
                })
            }
            Request::Refresh { client, refresh_token, background } => {
                self.call(&client, background, move |client| {
                    client.refresh(&RefreshToken::new(refresh_token))
                })
            }
            Request::Wait { job } => {
                self.jobs.remove(&job).expect("a known job").join().expect("no panic")
            }
            Request::Close { client } => {
                self.clients[&client].close();
                done(Ok(()))
            }
            Request::Drop { client } => {
                self.clients.remove(&client);
                done(Ok(()))
            }
            Request::NewSource(asked) => {
                let name = asked.source.clone();
                done(self.new_source(*asked).map(|made| drop(self.sources.insert(name, made))))
            }
            Request::Token { source, min_validity_ms, timeout_ms, background } => {
                let mut request = TokenRequest::new();
                if let Some(ms) = min_validity_ms {
                    request = request.min_validity(Duration::from_millis(ms));
                }
                if let Some(ms) = timeout_ms {
                    request = request.timeout(Duration::from_millis(ms));
                }
                self.token(&source, request, background)
            }
            Request::Peek { source } => {
                let token = self.sources[&source].source.peek();
                json!({"ok": {"token": token.as_ref().map(AccessToken::as_str)}})
            }
            Request::Invalidate { source, token } => {
                let was_current = self.sources[&source].source.invalidate_str(&token);
                json!({"ok": {"was_current": was_current}})
            }
            Request::SetCredentials { source, client_id, secret } => {
                let source = &self.sources[&source].source;
                done(Credentials::new(client_id, secret).map(|new| source.set_credentials(new)))
            }
            Request::Stats { source } => {
                let stats = self.sources[&source].source.stats();
                json!({"ok": {
                    "authentications": stats.authentications,
                    "refreshes": stats.refreshes,
                    "fallbacks": stats.fallbacks,
                    "failures": stats.failures,
                    "waits": stats.waits,
                    "store_hits": stats.store_hits,
                    "store_failures": stats.store_failures,
                    "store_error": stats.store_error.map(|error| {
                        json!({"code": error.code().as_str(), "message": error.message()})
                    }),
                    "authenticating_only": stats.authenticating_only,
                }})
            }
            Request::Events { source } => {
                let events =
                    std::mem::take(&mut *self.sources[&source].events.lock().expect("whole"));
                json!({"ok": {"events": events.iter().map(event).collect::<Vec<_>>()}})
            }
            Request::CloseSource { source } => {
                self.sources[&source].source.close();
                done(Ok(()))
            }
            Request::DropSource { source } => {
                self.sources.remove(&source);
                done(Ok(()))
            }
            Request::ResumeStore { name } => {
                self.stores.resume(&name);
                done(Ok(()))
            }
            Request::AdvanceClock { ms } => {
                testing::advance_clock(ms);
                done(Ok(()))
            }
            Request::StepWallClock { ms } => {
                testing::step_wall_clock(ms);
                done(Ok(()))
            }
            Request::Errors {} => {
                let rows =
                    CODES.iter().map(|row| json!({"number": row.code.number(), "code": row.name}));
                json!({"ok": {"errors": rows.collect::<Vec<_>>()}})
            }
        }
    }

    /// Makes a source whose observer collects what it is told.
    fn new_source(&mut self, asked: NewSource) -> Result<Observed, Error> {
        let mut builder = if asked.from_env {
            match asked.client_settings {
                None => TokenSourceBuilder::from_env(),
                Some(settings) => TokenSourceBuilder::from_env_with(
                    Settings { from_env: true, ..settings }.build()?,
                ),
            }
        } else {
            let (id, secret) = (asked.client_id.expect("an id"), asked.secret.expect("a secret"));
            let client = &self.clients[&asked.client.expect("a client")];
            TokenSource::builder(client.clone(), Credentials::new(id, secret)?)
        };
        if let Some((from, to)) = asked.settings.renewal_window {
            builder = builder.renewal_window(from..=to);
        }
        if let Some(policy) = asked.settings.policy {
            builder = builder.policy(policy.parse()?);
        }
        if let Some(ms) = asked.settings.deadline_ms {
            builder = builder.deadline(Duration::from_millis(ms));
        }
        if let Some(store) = asked.settings.store {
            builder = self.stores.give(builder, store);
        }
        let events = Arc::<Mutex<Vec<Event>>>::default();
        let told = events.clone();
        let source = builder.observer(move |event| told.lock().expect("whole").push(event.clone()));
        Ok(Observed { source: source.build()?, events })
    }

    fn token(&mut self, source: &str, request: TokenRequest, background: Option<String>) -> Value {
        let source = self.sources[source].source.clone();
        let ask = move || match source.token_with(&request) {
            Ok(token) => about(&source, &token),
            Err(error) => facts(Some(&source), &error),
        };
        let Some(job) = background else { return ask() };
        self.jobs.insert(job, thread::spawn(ask));
        done(Ok(()))
    }

    fn call(
        &mut self,
        client: &str,
        background: Option<String>,
        call: impl FnOnce(&Client) -> Result<TokenSet, Error> + Send + 'static,
    ) -> Value {
        let client = self.clients[client].clone();
        let Some(job) = background else { return outcome(&client, call(&client)) };
        self.jobs.insert(job, thread::spawn(move || outcome(&client, call(&client))));
        done(Ok(()))
    }
}

/// Writes every line of the log to standard error, the most detailed too.
struct StderrLog;

impl log::Log for StderrLog {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        // One write for a line: a piece at a time, tracing would take most of the time.
        let line = format!("{} {}: {}\n", record.level(), record.target(), record.args());
        let _ = std::io::stderr().write_all(line.as_bytes());
    }

    fn flush(&self) {}
}

fn main() {
    log::set_logger(&StderrLog).expect("the only logger");
    log::set_max_level(log::LevelFilter::Trace);
    let mut driver = Driver::default();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("standard input can be read");
        let request = serde_json::from_str(&line).expect("a request of the protocol");
        let reply = driver.answer(request);
        println!("{reply}");
        std::io::stdout().flush().expect("somebody reads");
    }
}
