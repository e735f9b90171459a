//! The processes, their service and their store.

use std::collections::BTreeMap;
use std::time::Duration;

use frontegg_emulator::{Algorithm, Emulator, Options, RedisOptions, RedisServer};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Command;
use crate::driver::Driver;

use super::Kind;

/// How long the service takes for a request.
const LATENCY_MS: u64 = 50;
/// How long a token lives.
pub(super) const LIFETIME: u32 = 3600;

/// A service and a store, and how far the clocks are ahead.
pub(super) struct Ground {
    pub(super) emulator: Emulator,
    store: Store,
    /// Seconds.
    pub(super) ahead: u32,
    deadline: Duration,
}

enum Store {
    None,
    /// In a directory that the first process makes in this one.
    File(TempDir),
    Redis(RedisServer),
}

impl Ground {
    /// `deadline`: that of the sources. What they lose of refresh tokens shows.
    pub(super) fn new(kind: Kind, deadline: Duration) -> Result<Self, String> {
        Self::with_slots(kind, deadline, 100_000)
    }

    /// `slots`: how many refresh tokens the service keeps.
    pub(super) fn with_slots(kind: Kind, deadline: Duration, slots: usize) -> Result<Self, String> {
        let emulator = Emulator::start(Options {
            algorithm: Algorithm::HS256,
            access_token_lifetime: LIFETIME.into(),
            refresh_token_cap: slots,
            request_log: 0,
            ..Options::default()
        })
        .map_err(|error| error.to_string())?;
        let delay = json!({"on": "any", "times": 0, "action": {"delay": {"ms": LATENCY_MS}}});
        emulator.add_faults([serde_json::from_value(delay).expect("a fault")])?;
        let store = match kind {
            Kind::None => Store::None,
            Kind::File => Store::File(TempDir::new().map_err(|error| error.to_string())?),
            Kind::Redis => {
                let server = RedisServer::start(RedisOptions::default());
                Store::Redis(server.map_err(|error| format!("redis-server: {error}"))?)
            }
        };
        Ok(Self { emulator, store, ahead: 0, deadline })
    }

    /// A process with a source, for which as much time has passed as for the others. It is
    /// killed or stopped where `signal_at` says.
    pub(super) fn join(
        &self,
        command: &Command,
        signal_at: Option<&str>,
    ) -> Result<Driver, String> {
        let mut driver = self.send(command, signal_at)?;
        Self::settle(&mut driver)?;
        Ok(driver)
    }

    /// The same without waiting until it is ready.
    pub(super) fn send(
        &self,
        command: &Command,
        signal_at: Option<&str>,
    ) -> Result<Driver, String> {
        let signal = signal_at.map(|at| ("FRONTEGG_TESTING_SIGNAL_AT".to_owned(), at.to_owned()));
        let mut driver = Driver::start(command, &BTreeMap::from_iter(signal))?;
        let mut settings = json!({"deadline_ms": ms(self.deadline)});
        match &self.store {
            Store::None => {}
            Store::File(directory) => {
                settings["store"] =
                    json!({"kind": "file", "directory": directory.path().join("store")});
            }
            Store::Redis(server) => {
                settings["store"] = json!({"kind": "redis", "url": server.url()});
            }
        }
        for request in [
            json!({"op": "new_client", "client": "a",
                   "settings": {"base_url": self.emulator.base_url()}}),
            json!({"op": "new_source", "source": "s", "client": "a",
                   "client_id": self.emulator.client_id(), "secret": self.emulator.secret(),
                   "settings": settings}),
            json!({"op": "advance_clock", "ms": u64::from(self.ahead) * 1000}),
        ] {
            driver.send(&request)?;
        }
        Ok(driver)
    }

    /// So many processes, of all languages in turn.
    pub(super) fn gather(
        &self,
        commands: &[Command],
        processes: usize,
    ) -> Result<Vec<Driver>, String> {
        let languages = commands.iter().cycle().take(processes);
        let drivers = languages.map(|command| self.send(command, None));
        let mut drivers = drivers.collect::<Result<Vec<_>, _>>()?;
        drivers.iter_mut().try_for_each(Self::settle)?;
        Ok(drivers)
    }

    /// Waits until it is ready.
    pub(super) fn settle(driver: &mut Driver) -> Result<(), String> {
        for _ in 0..3 {
            let reply = driver.receive()?;
            if !reply["ok"].is_object() {
                return Err(format!("a process is not ready: {reply}"));
            }
        }
        Ok(())
    }

    /// Lets a token's lifetime pass, for the service and for all of these.
    pub(super) fn outlive(&mut self, drivers: &mut [Driver]) -> Result<(), String> {
        self.advance(drivers, LIFETIME + 1)
    }

    /// The same of so many seconds.
    pub(super) fn advance(&mut self, drivers: &mut [Driver], seconds: u32) -> Result<(), String> {
        self.ahead += seconds;
        self.emulator.advance_clock(seconds.into());
        let request = json!({"op": "advance_clock", "ms": u64::from(seconds) * 1000});
        for driver in &mut *drivers {
            driver.send(&request)?;
        }
        drivers.iter_mut().try_for_each(|driver| driver.receive().map(drop))
    }

    /// How many authentications and refreshes the service has seen.
    pub(super) fn requests(&self) -> (u64, u64) {
        let counts = self.emulator.state().counts;
        (counts.authenticate.total, counts.refresh.total)
    }

    pub(super) fn live_refresh_tokens(&self) -> usize {
        self.emulator.state().api_tokens[0].live_refresh_tokens
    }

    /// That no refresh token was presented again.
    pub(super) fn check(&self) -> Result<(), String> {
        match self.emulator.state().refresh_tokens_presented_twice {
            0 => Ok(()),
            number => Err(format!("{number} refresh tokens were presented twice")),
        }
    }
}

fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).expect("some seconds")
}

/// Ends them all, of which each must end by itself.
pub(super) fn end_all(drivers: Vec<Driver>) -> Result<(), String> {
    drivers
        .into_iter()
        .map(|driver| driver.end().complaint)
        .try_for_each(|complaint| complaint.map_or(Ok(()), Err))
}

/// Asks them all for a token at once: all must have the same.
pub(super) fn ask_all(drivers: &mut [Driver]) -> Result<String, String> {
    for driver in &mut *drivers {
        driver.send(&json!({"op": "token", "source": "s"}))?;
    }
    let mut tokens = drivers.iter_mut().map(|driver| token(&driver.receive()?));
    let first = tokens.next().ok_or("there is nobody to ask")??;
    for token in tokens {
        if token? != first {
            return Err("they have different tokens".into());
        }
    }
    Ok(first)
}

/// The token of a reply.
pub(super) fn token(reply: &Value) -> Result<String, String> {
    let token = reply["ok"]["token"].as_str().map(String::from);
    token.ok_or_else(|| format!("no token, but {}", reply["error"]))
}
