//! The steps that have to do with sources, and with their clock.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::matcher::Matcher;
use crate::reply::{Reply, To};
use crate::run::{Job, Run, now};
use crate::step::{Expect, Step};

/// How long a renewal in the background may take to land.
const LANDING: Duration = Duration::from_secs(20);
/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(2);

/// What a source has told its observer since the last step that asked, and the generation of
/// the latest of all.
#[derive(Default)]
pub(crate) struct Told {
    events: Vec<String>,
    generation: u64,
}

impl Run<'_> {
    pub(crate) fn new_source(&mut self, at: &str, step: &Step) -> Result<(), String> {
        let Step::NewSource {
            source,
            client,
            owner,
            client_id,
            secret,
            settings,
            from_env,
            client_settings,
            expect,
        } = step
        else {
            unreachable!("the step is one")
        };
        let mut request = json!({"op": "new_source", "source": source, "settings": settings});
        if *from_env {
            request["from_env"] = json!(true);
            if let Some(settings) = client_settings {
                request["client_settings"] = json!(settings);
            }
        } else {
            request["client"] = json!(client);
            self.add_credentials(&mut request, owner, client_id.as_ref(), secret.as_ref())?;
        }
        self.stage.fill(&mut request);
        let reply = self.ask(&request)?;
        if reply["ok"].is_object() {
            self.sources.push(source.clone());
            self.told.remove(source);
        }
        self.expect(at, &reply, expect, None, To::Other)
    }

    fn add_credentials(
        &mut self,
        request: &mut Value,
        owner: &str,
        client_id: Option<&String>,
        secret: Option<&String>,
    ) -> Result<(), String> {
        let (client_id, secret) = self.credentials(owner, client_id, secret)?;
        request["client_id"] = json!(client_id);
        request["secret"] = json!(secret);
        Ok(())
    }

    pub(crate) fn of_a_source(&mut self, at: &str, step: &Step) -> Result<(), String> {
        let simple = |op: &str, source: &str| json!({"op": op, "source": source});
        match step {
            Step::Token { .. } => self.token(at, step),
            Step::Peek { source, save, expect } => {
                let reply = self.ask(&simple("peek", source))?;
                self.expect(at, &reply, expect, save.as_ref(), To::Peek)
            }
            Step::Invalidate { source, token, access_token, expect } => {
                let token = match (token, access_token) {
                    (Some(name), None) => self.saved_token(name, "token")?,
                    (None, Some(text)) => self.stage.fill_text(text),
                    _ => return Err(format!("{at}: either `token` or `access_token`")),
                };
                let mut request = simple("invalidate", source);
                request["token"] = json!(token);
                let reply = self.ask(&request)?;
                self.expect(at, &reply, expect, None, To::Invalidate)
            }
            Step::SetCredentials { source, owner, client_id, secret, expect } => {
                let mut request = simple("set_credentials", source);
                self.add_credentials(&mut request, owner, client_id.as_ref(), secret.as_ref())?;
                let reply = self.ask(&request)?;
                self.expect(at, &reply, expect, None, To::Other)
            }
            Step::Stats { source, expect } => {
                let mut differences = self.stats(at, source, expect)?;
                self.failures.append(&mut differences);
                Ok(())
            }
            Step::UntilStats { source, expect } => {
                let give_up = Instant::now() + LANDING;
                loop {
                    let differences = self.stats(at, source, expect)?;
                    if differences.is_empty() {
                        return Ok(());
                    }
                    if Instant::now() > give_up {
                        return Err(differences.join(", "));
                    }
                    thread::sleep(LOOK);
                }
            }
            Step::Events { source, expect } => self.events(at, source, expect),
            Step::CloseSource { source } => {
                let reply = self.ask(&simple("close_source", source))?;
                self.expect(at, &reply, &Expect::default(), None, To::Other)
            }
            Step::DropSource { source } => {
                self.sources.retain(|known| known != source);
                self.drop_source(source)
            }
            _ => unreachable!("the step is one of a source"),
        }
    }

    pub(crate) fn drop_source(&mut self, source: &str) -> Result<(), String> {
        let reply = self.ask(&json!({"op": "drop_source", "source": source}))?;
        self.expect("drop_source", &reply, &Expect::default(), None, To::Other)
    }

    fn token(&mut self, at: &str, step: &Step) -> Result<(), String> {
        let Step::Token { source, min_validity_ms, timeout_ms, save, background, callers, expect } =
            step
        else {
            unreachable!("the step is one")
        };
        let mut request = json!({"op": "token", "source": source});
        for (name, ms) in [("min_validity_ms", min_validity_ms), ("timeout_ms", timeout_ms)] {
            if let Some(ms) = ms {
                request[name] = json!(ms);
            }
        }
        let began = self.client_time();
        if background.is_none() && callers.is_none() {
            let reply = self.ask(&request)?;
            return self.came(at, &[reply], began, expect, save.as_ref());
        }
        let name = background.clone().unwrap_or_else(|| format!("the callers of {at}"));
        let callers = callers.unwrap_or(1);
        for caller in 0..callers {
            request["background"] = json!(format!("{name} {caller}"));
            let reply = self.ask(&request)?;
            self.expect(at, &reply, &Expect::default(), None, To::Other)?;
        }
        self.jobs.insert(name.clone(), Job::Tokens { callers, began });
        if background.is_some() { Ok(()) } else { self.wait(at, &name, expect, save.as_ref()) }
    }

    /// Waits for all callers of a job.
    pub(crate) fn wait_for_tokens(
        &mut self,
        at: &str,
        (name, callers, began): (&str, usize, u64),
        expect: &Expect,
        save: Option<&String>,
    ) -> Result<(), String> {
        let jobs =
            (0..callers).map(|caller| json!({"op": "wait", "job": format!("{name} {caller}")}));
        let replies = jobs.map(|job| self.ask(&job)).collect::<Result<Vec<_>, _>>()?;
        self.came(at, &replies, began, expect, save)
    }

    /// Looks at what came of calls for a token that began at a time of the driver's clock.
    fn came(
        &mut self,
        at: &str,
        replies: &[Value],
        began: u64,
        expect: &Expect,
        save: Option<&String>,
    ) -> Result<(), String> {
        let mut first = None;
        for (caller, reply) in replies.iter().enumerate() {
            let mut reply =
                Reply::read(reply, To::Token).map_err(|error| format!("{at}: {error}"))?;
            let answer = reply.without_times_to_wait();
            match &first {
                Some(first) if *first != answer => {
                    return Err(format!("{at}: caller {caller} got {answer}, others {first}"));
                }
                Some(_) => {}
                None => {
                    first = Some(answer);
                    reply.count_from(began);
                    self.expect_read(at, reply, expect, save)?;
                }
            }
        }
        Ok(())
    }

    fn stats(
        &mut self,
        at: &str,
        source: &str,
        expect: &Map<String, Value>,
    ) -> Result<Vec<String>, String> {
        let reply = self.ask(&json!({"op": "stats", "source": source}))?;
        Reply::read(&reply, To::Stats).map_err(|error| format!("{at}: {error}"))?;
        let mut matcher = Matcher::new(&self.saved);
        matcher.members(&format!("{at}: stats"), expect, &reply["ok"]);
        Ok(matcher.differences)
    }

    fn events(&mut self, at: &str, source: &str, expect: &[String]) -> Result<(), String> {
        let give_up = Instant::now() + LANDING;
        loop {
            let reply = self.ask(&json!({"op": "events", "source": source}))?;
            Reply::read(&reply, To::Events).map_err(|error| format!("{at}: {error}"))?;
            let told = self.told.entry(source.to_owned()).or_default();
            for event in reply["ok"]["events"].as_array().into_iter().flatten() {
                let generation = event["generation"].as_u64().unwrap_or_default();
                if generation < told.generation {
                    return Err(format!("{at}: the generation goes back to {generation}"));
                }
                told.generation = generation;
                let kind = event["kind"].as_str().unwrap_or_default();
                told.events.push(match event["code"].as_str() {
                    Some(code) => format!("{kind}: {code}"),
                    None => kind.to_owned(),
                });
            }
            if told.events.len() < expect.len() && Instant::now() < give_up {
                thread::sleep(LOOK);
                continue;
            }
            let events = std::mem::take(&mut told.events);
            if events == expect {
                return Ok(());
            }
            return Err(format!("{at}: expected the events {expect:?}, got {events:?}"));
        }
    }

    /// Moves the driver's clocks: both on, or that of the wall alone.
    pub(crate) fn move_clock(&mut self, at: &str, op: &str, seconds: f64) -> Result<(), String> {
        #[allow(clippy::cast_possible_truncation)] // some centuries at most
        let ms = (seconds * 1000.0).round() as i64;
        let reply = self.ask(&json!({"op": op, "ms": ms}))?;
        self.client_ahead_ms += ms;
        self.spoilt = true;
        self.expect(at, &reply, &Expect::default(), None, To::Other)
    }

    /// The driver's wall clock, in milliseconds since 1970.
    fn client_time(&self) -> u64 {
        now().saturating_add_signed(self.client_ahead_ms)
    }
}
