//! One scenario, played with one driver.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use frontegg_emulator::State;
use serde_json::{Map, Value, json};

use crate::driver::Driver;
use crate::matcher::{Matcher, Saved};
use crate::reply::{self, Reply, To};
use crate::scenario::Scenario;
use crate::secrets::Found;
use crate::sources::Told;
use crate::stage::Stage;
use crate::step::{Expect, RedisAction, Step};

/// How long what was done may take to show at the service.
const SETTLING: Duration = Duration::from_secs(5);
/// How long a request may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(30);
/// How far the time of receipt may be off, in milliseconds: rounding, not clocks.
const ROUNDING: u64 = 5;

/// What came of it.
pub(crate) struct Played {
    /// What was not as expected.
    pub(crate) failures: Vec<String>,
    /// Whether the driver is not as new, its clock being moved, say.
    pub(crate) spoilt: bool,
}

/// Plays it.
pub(crate) fn run(scenario: &Scenario, stage: &mut Stage, driver: &mut Driver) -> Played {
    let saved = Saved::from([("given".to_owned(), stage.given.clone())]);
    let mut run = Run {
        stage,
        driver,
        saved,
        clients: Vec::new(),
        sources: Vec::new(),
        jobs: BTreeMap::new(),
        told: BTreeMap::new(),
        client_ahead_ms: 0,
        spoilt: false,
        failures: Vec::new(),
    };
    match run.play(scenario) {
        Ok(()) => run.look_at_the_service(scenario),
        Err(failure) => run.failures.push(failure),
    }
    run.look_for_secrets("the service's log", run.stage.log_of_the_service().as_bytes());
    run.look_for_secrets("the store's files", &run.stage.files_of_the_store());
    let failures = std::mem::take(&mut run.failures);
    let failures = failures.iter().map(|failure| run.stage.secrets.mask(failure)).collect();
    Played { failures, spoilt: run.spoilt }
}

pub(crate) struct Run<'a> {
    pub(crate) stage: &'a mut Stage,
    driver: &'a mut Driver,
    pub(crate) saved: Saved,
    /// Clients that the driver holds.
    clients: Vec<String>,
    /// Sources that it holds.
    pub(crate) sources: Vec<String>,
    pub(crate) jobs: BTreeMap<String, Job>,
    /// By source.
    pub(crate) told: BTreeMap<String, Told>,
    /// How far its wall clock is ahead of the system's.
    pub(crate) client_ahead_ms: i64,
    pub(crate) spoilt: bool,
    pub(crate) failures: Vec<String>,
}

/// Calls in the background.
pub(crate) enum Job {
    /// One of the two calls of a client.
    Call,
    /// Calls for a token, and when they began by the driver's clock.
    Tokens { callers: usize, began: u64 },
}

impl Run<'_> {
    /// Goes through the steps; an error is one after which the rest makes no sense.
    fn play(&mut self, scenario: &Scenario) -> Result<(), String> {
        if let Some(settings) = &scenario.client {
            let reply = self.new_client("a", with_defaults(settings))?;
            self.expect("the client", &reply, &Expect::default(), None, To::Other)?;
        }
        if let Some(settings) = &scenario.source {
            let step = json!({"do": "new_source", "settings": settings});
            let step = serde_json::from_value(step).expect("a step");
            self.step("the source", &step)?;
        }
        for (index, step) in scenario.steps.iter().enumerate() {
            self.step(&format!("step {}", index + 1), step)?;
        }
        for source in std::mem::take(&mut self.sources) {
            self.drop_source(&source)?;
        }
        for client in std::mem::take(&mut self.clients) {
            let reply = self.ask(&json!({"op": "drop", "client": client}))?;
            self.expect("drop", &reply, &Expect::default(), None, To::Other)?;
        }
        Ok(())
    }

    fn step(&mut self, at: &str, step: &Step) -> Result<(), String> {
        let began = Instant::now();
        self.take(at, step)?;
        let took = began.elapsed();
        if let Some(within) = step.expect().and_then(|expect| expect.within_ms)
            && took > Duration::from_millis(within)
        {
            self.failures.push(format!("{at}: expected it within {within} ms, took {took:?}"));
        }
        Ok(())
    }

    fn take(&mut self, at: &str, step: &Step) -> Result<(), String> {
        match step {
            Step::NewClient { client, settings, expect } => {
                let reply = self.new_client(client, settings.clone())?;
                self.expect(at, &reply, expect, None, To::Other)
            }
            Step::Authenticate { client, owner, client_id, secret, save, background, expect } => {
                let (client_id, secret) =
                    self.credentials(owner, client_id.as_ref(), secret.as_ref())?;
                let request = json!({
                    "op": "authenticate", "client": client,
                    "client_id": client_id, "secret": secret,
                });
                self.call(at, request, background.as_ref(), expect, save.as_ref())
            }
            Step::Refresh { client, token, refresh_token, save, background, expect } => {
                let refresh_token = match refresh_token {
                    Some(given) => self.stage.fill_text(given),
                    None => self.saved_token(token, "refresh_token")?,
                };
                self.stage.secrets.add("a refresh token", &refresh_token);
                let request =
                    json!({"op": "refresh", "client": client, "refresh_token": refresh_token});
                self.call(at, request, background.as_ref(), expect, save.as_ref())
            }
            Step::Wait { job, save, expect } => self.wait(at, job, expect, save.as_ref()),
            Step::NewSource { .. } => self.new_source(at, step),
            Step::Token { .. }
            | Step::Peek { .. }
            | Step::Invalidate { .. }
            | Step::SetCredentials { .. }
            | Step::Stats { .. }
            | Step::UntilStats { .. }
            | Step::Events { .. }
            | Step::CloseSource { .. }
            | Step::DropSource { .. } => self.of_a_source(at, step),
            Step::AdvanceClientClock { seconds } => self.move_clock(at, "advance_clock", *seconds),
            Step::SetClientClock { seconds } => self.move_clock(at, "step_wall_clock", *seconds),
            Step::AdvanceClocks { seconds } => {
                self.stage.emulator.advance_clock(i64::from(*seconds));
                self.move_clock(at, "advance_clock", f64::from(*seconds))
            }
            Step::ResumeStore { name } => {
                let reply = self.ask(&json!({"op": "resume_store", "name": name}))?;
                self.expect(at, &reply, &Expect::default(), None, To::Other)
            }
            Step::Leave {} => {
                self.sources.clear();
                self.clients.clear();
                self.spoilt = true;
                Ok(())
            }
            Step::Repeat { times, steps } => {
                for time in 1..=*times {
                    for (index, step) in steps.iter().enumerate() {
                        self.step(&format!("{at}, time {time}, step {}", index + 1), step)?;
                    }
                }
                Ok(())
            }
            Step::Redis { action } => {
                let mut redis = self.stage.redis();
                let done = match action {
                    RedisAction::Kill => redis.kill(),
                    RedisAction::Restart => redis.restart(),
                    RedisAction::Pause => redis.pause(),
                    RedisAction::Resume => redis.resume(),
                };
                done.map_err(|error| format!("{at}: {error}"))
            }
            Step::Release {} => {
                self.stage.emulator.release();
                Ok(())
            }
            Step::Close { client } => {
                let reply = self.ask(&json!({"op": "close", "client": client}))?;
                self.expect(at, &reply, &Expect::default(), None, To::Other)
            }
            Step::Drop { client } => {
                self.clients.retain(|known| known != client);
                let reply = self.ask(&json!({"op": "drop", "client": client}))?;
                self.expect(at, &reply, &Expect::default(), None, To::Other)
            }
            Step::Faults { faults } => self.stage.add_faults(faults),
            Step::Options { options } => self.stage.set_options(options),
            Step::AdvanceClock { seconds } => {
                self.stage.emulator.advance_clock(*seconds);
                Ok(())
            }
            Step::UntilServiceSaw { requests } => {
                let all = self.stage.before.requests.len() + requests;
                let arrived = |state: &State| state.requests.len() >= all;
                let state = self.stage.emulator.wait_until(arrived, ARRIVAL);
                state.map(drop).ok_or_else(|| format!("{at}: the service has not seen that many"))
            }
            Step::Pause { ms } => {
                std::thread::sleep(Duration::from_millis(*ms));
                Ok(())
            }
        }
    }

    /// The credentials of an API token, or what is given instead of them.
    pub(crate) fn credentials(
        &mut self,
        owner: &str,
        client_id: Option<&String>,
        secret: Option<&String>,
    ) -> Result<(String, String), String> {
        let (right_id, right_secret) = self.stage.credentials(owner)?;
        let fill = |given: Option<&String>, right: &str| match given {
            Some(given) => self.stage.fill_text(given),
            None => right.to_owned(),
        };
        let (client_id, secret) = (fill(client_id, right_id), fill(secret, right_secret));
        self.stage.secrets.add("a client secret", &secret);
        Ok((client_id, secret))
    }

    /// The member `token` or `refresh_token` of what was kept.
    pub(crate) fn saved_token(&self, name: &str, member: &str) -> Result<String, String> {
        let token = self.saved.get(name).and_then(|kept| kept.get(member));
        let token = token.and_then(Value::as_str).map(String::from);
        token.ok_or_else(|| format!("no {member} was kept as {name}"))
    }

    pub(crate) fn wait(
        &mut self,
        at: &str,
        name: &str,
        expect: &Expect,
        save: Option<&String>,
    ) -> Result<(), String> {
        match self.jobs.remove(name) {
            None => Err(format!("{at}: no job is called {name}")),
            Some(Job::Call) => {
                let reply = self.ask(&json!({"op": "wait", "job": name}))?;
                self.expect(at, &reply, expect, save, To::Call)
            }
            Some(Job::Tokens { callers, began }) => {
                self.wait_for_tokens(at, (name, callers, began), expect, save)
            }
        }
    }

    fn new_client(&mut self, name: &str, settings: Map<String, Value>) -> Result<Value, String> {
        let mut settings = Value::Object(settings);
        self.stage.fill(&mut settings);
        if let Some(bearer) = settings.get("bearer").and_then(Value::as_str) {
            self.stage.secrets.add("the bearer", bearer);
        }
        let reply = self.ask(&json!({"op": "new_client", "client": name, "settings": settings}))?;
        if reply["ok"].is_object() {
            self.clients.push(name.to_owned());
        }
        Ok(reply)
    }

    fn call(
        &mut self,
        at: &str,
        mut request: Value,
        background: Option<&String>,
        expect: &Expect,
        save: Option<&String>,
    ) -> Result<(), String> {
        if let Some(job) = background {
            request["background"] = json!(job);
            let reply = self.ask(&request)?;
            self.jobs.insert(job.clone(), Job::Call);
            return self.expect(at, &reply, &Expect::default(), None, To::Other);
        }
        let before = now();
        let reply = self.ask(&request)?;
        if let Some(received) = reply["ok"]["received_at_ms"].as_u64()
            && !(before.saturating_sub(ROUNDING)..=now() + ROUNDING).contains(&received)
        {
            self.failures.push(format!("{at}: received_at_ms is not within the call"));
        }
        self.expect(at, &reply, expect, save, To::Call)
    }

    pub(crate) fn ask(&mut self, request: &Value) -> Result<Value, String> {
        let reply = self.driver.ask(request)?;
        if let Some(set) = reply["ok"].as_object() {
            self.stage.know_tokens(set);
        }
        self.look_for_secrets("a reply", reply::public(&reply).as_bytes());
        Ok(reply)
    }

    /// Compares a reply; an error is one without which the steps that follow make no sense.
    pub(crate) fn expect(
        &mut self,
        at: &str,
        reply: &Value,
        expect: &Expect,
        save: Option<&String>,
        to: To,
    ) -> Result<(), String> {
        let reply = Reply::read(reply, to).map_err(|error| format!("{at}: {error}"))?;
        self.expect_read(at, reply, expect, save)
    }

    /// The same for one that keeps to the protocol.
    pub(crate) fn expect_read(
        &mut self,
        at: &str,
        reply: Reply,
        expect: &Expect,
        save: Option<&String>,
    ) -> Result<(), String> {
        let (kind, mut expected, got) = match (&expect.error, reply) {
            (None, Reply::Ok(set)) => ("ok", expect.ok.clone().unwrap_or_default(), set),
            (Some(error), Reply::Error(facts)) => ("error", error.clone(), facts),
            (None, Reply::Error(facts)) => {
                return Err(format!("{at}: expected a success, got {}", Value::Object(facts)));
            }
            (Some(error), Reply::Ok(_)) => {
                let error = Value::Object(error.clone());
                return Err(format!("{at}: expected the error {error}, got a success"));
            }
        };
        let mut filled = Value::Object(std::mem::take(&mut expected));
        self.stage.fill(&mut filled);
        let Value::Object(expected) = filled else { unreachable!("an object stays one") };
        let mut matcher = Matcher::new(&self.saved);
        matcher.members(&format!("{at}: {kind}"), &expected, &Value::Object(got.clone()));
        self.failures.append(&mut matcher.differences);
        if let Some(name) = save {
            self.saved.insert(name.clone(), got);
        }
        Ok(())
    }

    fn look_at_the_service(&mut self, scenario: &Scenario) {
        let emulator = &self.stage.emulator;
        // What a client cannot see may take a moment: that it hung up, say.
        let right = |state: &State| self.differences(scenario, state).is_empty();
        if emulator.wait_until(right, SETTLING).is_none() {
            let mut differences = self.differences(scenario, &emulator.state());
            self.failures.append(&mut differences);
        }
        if self.stage.bystander_was_called() {
            self.failures.push("somebody called the bystander".into());
        }
        let seen = self.stage.proxy.as_ref().map(|proxy| json!(proxy.requests()));
        let mut matcher = Matcher::new(&self.saved);
        if let Some(Value::Array(seen)) = seen {
            let mut expected = json!(scenario.proxy_saw);
            self.stage.fill(&mut expected);
            list(&mut matcher, "proxy_saw", &expected, &seen);
        }
        self.failures.append(&mut matcher.differences);
    }

    fn differences(&self, scenario: &Scenario, state: &State) -> Vec<String> {
        let before = &self.stage.before;
        let mut matcher = Matcher::new(&self.saved);
        let mut expected = json!(scenario.service_saw);
        self.stage.fill(&mut expected);
        list(&mut matcher, "service_saw", &expected, &requests(before, state));
        let counts = counts(before, state);
        let mut counted = Map::from_iter([
            ("presented_twice".to_owned(), json!(0)),
            ("faults_left".to_owned(), json!(0)),
        ]);
        counted.extend(scenario.service_counted.clone());
        matcher.members("service_counted", &counted, &counts);
        matcher.differences
    }

    fn look_for_secrets(&mut self, place: &str, text: &[u8]) {
        for Found { what, form, .. } in self.stage.secrets.search().find(text) {
            let text = String::from_utf8_lossy(text);
            self.failures.push(format!("{what} stands in {place}, {form}: {text}"));
        }
    }
}

fn list(matcher: &mut Matcher<'_>, name: &str, expected: &Value, got: &[Value]) {
    let expected = expected.as_array().expect("a list stays one");
    if expected.len() != got.len() {
        let got = Value::Array(got.to_vec());
        let wanted = expected.len();
        matcher.differences.push(format!("{name}: expected {wanted} requests, got {got}"));
        return;
    }
    for (index, (expected, got)) in expected.iter().zip(got).enumerate() {
        let expected = expected.as_object().expect("an object stays one");
        matcher.members(&format!("{name}[{index}]"), expected, got);
    }
}

/// The requests of the scenario as the service logged them, and of each: whether it came on a
/// connection of its own, and how long after the answer to the one before.
fn requests(before: &State, state: &State) -> Vec<Value> {
    let mut seen = Vec::new();
    let requests = state.requests.iter().skip(before.requests.len());
    let mut answered = None;
    requests
        .map(|request| {
            let mut shown = json!(request);
            shown["new_connection"] = json!(!seen.contains(&request.connection));
            shown["waited_ms"] =
                json!(answered.map(|at| request.arrived_us.saturating_sub(at) / 1000));
            seen.push(request.connection);
            answered = request.answered_us;
            shown
        })
        .collect()
}

fn counts(before: &State, state: &State) -> Value {
    let (old, new) = (&before.counts, &state.counts);
    json!({
        "connections": new.connections - old.connections,
        "tls_handshakes": new.tls_handshakes - old.tls_handshakes,
        "tls_failures": new.tls_failures - old.tls_failures,
        "presented_twice": state.refresh_tokens_presented_twice,
        "faults_left": state.faults_pending,
        "live_refresh_tokens": state.api_tokens[0].live_refresh_tokens,
    })
}

/// The settings of the client `a` where a scenario does not say otherwise: it calls the
/// service, and hardly waits between its attempts.
fn with_defaults(settings: &Map<String, Value>) -> Map<String, Value> {
    let mut all = Map::from_iter([
        ("base_delay_ms".to_owned(), json!(1)),
        ("max_delay_ms".to_owned(), json!(2)),
    ]);
    let endpoints = ["base_url", "domain", "region", "from_env"];
    if !endpoints.iter().any(|name| settings.contains_key(*name)) {
        all.insert("base_url".to_owned(), json!("{base_url}"));
    }
    all.extend(settings.clone());
    all
}

pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
