//! Processes that are stopped in the midst of a renewal until they have lost their lease, and
//! then go on.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::Plan;
use super::fleet::{Ground, ask_all, end_all, token};

impl Plan<'_> {
    pub(super) fn stops(&self, tell: &mut dyn FnMut(&str)) -> Result<(), String> {
        let steps = [
            ("with the lease", "leased 1 STOP"),
            ("after the mark", "marked 1 STOP"),
            ("after the answer", "answered 1 STOP"),
        ];
        for (name, signal_at) in steps {
            let failed = |failure: String| format!("stopped {name}: {failure}");
            for command in self.drivers.iter().cycle().take(self.stops) {
                let mut ground = Ground::new(self.store, self.brief())?;
                let others = self.drivers.iter().map(|command| ground.join(command, None));
                let mut others = others.collect::<Result<Vec<_>, _>>()?;
                ask_all(&mut others).map_err(failed)?;
                ground.outlive(&mut others)?;
                let mut stopped = ground.join(command, Some(signal_at))?;
                stopped.send(&json!({"op": "token", "source": "s"}))?;
                await_stop(stopped.id())?;
                // They wait until the lease is over, and renew.
                let newest = ask_all(&mut others).map_err(failed)?;
                let id = i32::try_from(stopped.id()).ok().and_then(Pid::from_raw);
                kill_process(id.expect("a process"), Signal::CONT)
                    .map_err(|error| error.to_string())?;
                // Its time may be up.
                let reply = stopped.receive()?;
                if reply["error"]["code"] != "timeout" {
                    token(&reply).map_err(failed)?;
                }
                // Whoever comes next has the newest.
                let mut newcomer = [ground.join(command, None)?];
                if ask_all(&mut newcomer).map_err(failed)? != newest {
                    return Err(failed("it has overwritten a newer token".into()));
                }
                ground.check().map_err(failed)?;
                end_all(others.into_iter().chain(newcomer).chain([stopped]).collect())?;
            }
            tell(&format!(
                "{:?}: stopped {name} past the lease, {} times: nothing newer is overwritten",
                self.store, self.stops,
            ));
        }
        Ok(())
    }
}

/// Waits until the process is stopped.
fn await_stop(id: u32) -> Result<(), String> {
    loop {
        let status = std::fs::read_to_string(format!("/proc/{id}/stat"));
        let status = status.map_err(|error| format!("the process is gone: {error}"))?;
        // After the name, which is in parentheses.
        match status.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()) {
            Some('T') => return Ok(()),
            Some('Z' | 'X') | None => return Err("the process has ended".into()),
            Some(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}
