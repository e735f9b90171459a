//! Processes that are killed at every step of a renewal, while others wait for what it brings.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use serde_json::json;

use super::fleet::{Ground, ask_all, end_all};
use super::{Kind, Plan};

impl Plan<'_> {
    pub(super) fn kills(&self, tell: &mut dyn FnMut(&str)) -> Result<(), String> {
        // In Redis, every question is one that is being written.
        let (marking, writing) = match self.store {
            Kind::Redis => ("writing 4 KILL", "writing 5 KILL"),
            _ => ("writing 1 KILL", "writing 2 KILL"),
        };
        let steps = [
            ("before the lease", "lease 1 KILL"),
            ("with the lease", "leased 1 KILL"),
            ("while it marks the refresh token", marking),
            ("after that mark", "marked 1 KILL"),
            ("after the answer", "answered 1 KILL"),
            ("while it saves", writing),
            ("before it gives the lease back", "ending 1 KILL"),
        ];
        for (name, signal_at) in steps {
            self.kill_at(name, signal_at, tell)?;
        }
        Ok(())
    }

    fn kill_at(
        &self,
        name: &str,
        signal_at: &str,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), String> {
        let failed = |failure: String| format!("killed {name}: {failure}");
        let mut ground = Ground::new(self.store, self.brief())?;
        let others = self.drivers.iter().map(|command| ground.join(command, None));
        let mut others = others.collect::<Result<Vec<_>, _>>()?;
        let mut last = ask_all(&mut others).map_err(failed)?;
        let mut slowest = Duration::ZERO;
        for (killed, command) in (1..).zip(self.drivers.iter().cycle().take(self.kills)) {
            ground.outlive(&mut others)?;
            let mut victim = ground.join(command, Some(signal_at))?;
            victim.send(&json!({"op": "token", "source": "s"}))?;
            let status = victim.wait()?;
            victim.kill();
            if status.signal() != Some(9) {
                return Err(failed(format!("it was not: {status}")));
            }
            let start = Instant::now();
            let token = ask_all(&mut others).map_err(failed)?;
            slowest = start.elapsed().max(slowest);
            if token == last {
                return Err(failed("an expired token was served".into()));
            }
            last = token;
            ground.check().map_err(failed)?;
            let live = ground.live_refresh_tokens();
            if live > 1 + killed {
                return Err(failed(format!("{live} refresh tokens live after {killed} kills")));
            }
        }
        end_all(others)?;
        let (live, (authentications, refreshes)) =
            (ground.live_refresh_tokens(), ground.requests());
        tell(&format!(
            "{:?}: killed {name}, {} times: the others had their token after {slowest:.1?} at most; \
             {authentications} authentications, {refreshes} refreshes, {live} refresh tokens live",
            self.store, self.kills,
        ));
        Ok(())
    }
}
