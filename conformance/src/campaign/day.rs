//! A day in the life of a fleet of real processes, which has to cost what the simulated day of
//! such a fleet does.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::driver::Driver;

use super::fleet::{Ground, LIFETIME, end_all, token};
use super::{Kind, Plan};

/// The table of the simulation.
const SIMULATED: &str = include_str!("../../../core/fleet.csv");
const DAY: u32 = 24 * 3600;
/// Time passes in steps of so many seconds: a renewal is up to a step later than it is due,
/// which is the tolerance to compare with.
const STEP: u32 = 60;
const DEADLINE: Duration = Duration::from_secs(30);

/// What a day costs, as the service counts.
#[derive(Debug)]
struct Costs {
    authentications: u64,
    refreshes: u64,
    live_refresh_tokens: u64,
}

impl Costs {
    fn of(ground: &Ground) -> Self {
        let state = ground.emulator.state();
        let own = &state.api_tokens[0];
        Self {
            authentications: own.authentications,
            refreshes: own.refreshes,
            live_refresh_tokens: own.live_refresh_tokens as u64,
        }
    }

    /// Those of a healthy day in the table.
    fn simulated(processes: usize, store: Kind) -> Option<Self> {
        let shared = if store == Kind::None { "none" } else { "store" };
        let start = format!("{processes},{shared},healthy,");
        let row = SIMULATED.lines().find_map(|line| line.strip_prefix(&start))?;
        let mut cells = row.split(',').map(|cell| cell.parse().ok());
        Some(Self {
            authentications: cells.next()??,
            refreshes: cells.next()??,
            live_refresh_tokens: cells.nth(3)??,
        })
    }

    fn is_like(&self, other: &Self) -> bool {
        // Twice what the steps can make of it.
        let near = |one: u64, other: u64| {
            one.abs_diff(other) <= one.max(other) * u64::from(STEP) / (u64::from(LIFETIME) / 2)
        };
        // Of those that share nothing, chance has a few refresh where the others authenticate.
        near(self.authentications, other.authentications)
            && near(self.authentications + self.refreshes, other.authentications + other.refreshes)
            && self.live_refresh_tokens == other.live_refresh_tokens
    }
}

impl Plan<'_> {
    pub(super) fn day(&self, tell: &mut dyn FnMut(&str)) -> Result<(), String> {
        let simulated = Costs::simulated(self.day, self.store)
            .ok_or_else(|| format!("nobody has simulated {} processes", self.day))?;
        let mut ground = Ground::with_slots(self.store, DEADLINE, 100)?;
        let mut drivers = ground.gather(self.drivers, self.day)?;
        for driver in &mut drivers {
            token(&driver.ask(&json!({"op": "token", "source": "s"}))?)?;
        }
        for _ in 0..DAY / STEP {
            ground.advance(&mut drivers, STEP)?;
            renew(&ground, &mut drivers)?;
        }
        let costs = Costs::of(&ground);
        end_all(drivers)?;
        ground.check()?;
        if !costs.is_like(&simulated) {
            return Err(format!("a day costs {costs:?}, and {simulated:?} when simulated"));
        }
        tell(&format!(
            "{:?}: a day of {} processes: {costs:?}; simulated: {simulated:?}",
            self.store, self.day,
        ));
        Ok(())
    }
}

/// Lets those renew who are due.
fn renew(ground: &Ground, drivers: &mut [Driver]) -> Result<(), String> {
    let now = since_epoch() + u128::from(ground.ahead) * 1000;
    for driver in &mut *drivers {
        driver.send(&json!({"op": "token", "source": "s"}))?;
    }
    let mut due = Vec::new();
    for driver in &mut *drivers {
        let reply = driver.receive()?;
        token(&reply)?;
        // Not known where a renewal came between the token and the question.
        let due_at = reply["ok"]["renewal_due_at_ms"].as_u64();
        if due_at.is_some_and(|at| u128::from(at) <= now) {
            due.push(driver);
        }
    }
    // More than is left of what is due: it is renewed in the background, and they wait for that.
    let fresh: Value =
        json!({"op": "token", "source": "s", "min_validity_ms": u64::from(LIFETIME) * 1000 / 2});
    due.iter_mut().try_for_each(|driver| driver.send(&fresh))?;
    due.iter_mut().try_for_each(|driver| token(&driver.receive()?).map(drop))
}

fn since_epoch() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |span| span.as_millis())
}
