//! Many processes that start at once on an empty store, and whose token expires for all.

use std::time::{Duration, Instant};

use super::Plan;
use super::fleet::{Ground, ask_all, end_all};

/// Some hundred processes on a few cores take their time.
const DEADLINE: Duration = Duration::from_secs(30);

impl Plan<'_> {
    pub(super) fn herd(&self, tell: &mut dyn FnMut(&str)) -> Result<(), String> {
        let (mut slowest, mut slowest_renewal) = (Duration::ZERO, Duration::ZERO);
        for round in 1..=self.rounds {
            let mut ground = Ground::new(self.store, DEADLINE)?;
            let mut drivers = ground.gather(self.drivers, self.processes)?;
            for refreshes in 0..2 {
                let start = Instant::now();
                ask_all(&mut drivers)?;
                let took = start.elapsed();
                let worst = if refreshes == 0 { &mut slowest } else { &mut slowest_renewal };
                *worst = took.max(*worst);
                if ground.requests() != (1, refreshes) {
                    let requests = ground.requests();
                    return Err(format!("round {round}: {requests:?} instead of (1, {refreshes})"));
                }
                ground.outlive(&mut drivers)?;
            }
            end_all(drivers)?;
        }
        tell(&format!(
            "{:?}: {} processes at once, {} times: 1 authentication, then 1 refresh; all have \
             their token after {slowest:.1?}, and the next one after {slowest_renewal:.1?}, at most",
            self.store, self.processes, self.rounds,
        ));
        Ok(())
    }
}
