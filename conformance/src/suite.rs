//! All scenarios with all drivers, several at a time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;

use serde_json::{Value, json};

use crate::driver::{Command, Driver, Remains};
use crate::machine;
use crate::report::{Outcome, Report};
use crate::run::{self, Played};
use crate::scenario::Named;
use crate::secrets::{Found, Secrets};
use crate::stage::Stage;

/// What is to be run.
pub struct Suite {
    /// The drivers.
    pub drivers: Vec<Command>,
    /// The scenarios.
    pub scenarios: Vec<Named>,
    /// Processes of each driver at a time.
    pub jobs: usize,
}

impl Suite {
    /// Runs it.
    pub fn run(&self) -> Report {
        let (sender, outcomes) = mpsc::channel();
        let mut report = Report::new(self.drivers.iter().map(|driver| driver.name.clone()));
        thread::scope(|scope| {
            for command in &self.drivers {
                let table = sender.clone();
                scope.spawn(move || check_error_table(command, &table));
                let next = std::sync::Arc::new(AtomicUsize::new(0));
                for _ in 0..self.jobs.max(1) {
                    let (next, sender) = (next.clone(), sender.clone());
                    scope.spawn(move || {
                        let mut worker = Worker { command, sender: &sender, driver: None };
                        while let Some(named) =
                            self.scenarios.get(next.fetch_add(1, Ordering::Relaxed))
                        {
                            worker.play(named);
                        }
                        worker.retire();
                    });
                }
            }
            drop(sender);
            for outcome in outcomes {
                report.add(outcome);
            }
        });
        report
    }
}

/// Compares the error table that a language has with the one that all share.
fn check_error_table(command: &Command, outcomes: &Sender<Outcome>) {
    let compare = || -> Result<(), String> {
        let shared: Value = serde_json::from_str(include_str!("../errors.json"))
            .map_err(|error| format!("errors.json: {error}"))?;
        let rows = shared["errors"].as_array().ok_or("errors.json has no `errors`")?;
        let expected: Vec<Value> =
            rows.iter().map(|row| json!({"number": row["number"], "code": row["code"]})).collect();
        let mut driver = Driver::start(command, &BTreeMap::new())?;
        let reply = driver.ask(&json!({"op": "errors"}))?;
        let complaint = driver.end().complaint;
        let got = &reply["ok"]["errors"];
        if *got != json!(expected) {
            return Err(format!("expected {}, got {got}", json!(expected)));
        }
        complaint.map_or(Ok(()), Err)
    };
    let outcome = Outcome::new(command, "the error table");
    let _ = outcomes.send(match compare() {
        Ok(()) => outcome,
        Err(failure) => outcome.failed(vec![failure]),
    });
}

/// One process of a driver at a time, and what it has come to know.
struct Worker<'a> {
    command: &'a Command,
    sender: &'a Sender<Outcome>,
    driver: Option<(Driver, Vec<(String, Secrets)>)>,
}

impl Worker<'_> {
    fn play(&mut self, named: &Named) {
        let outcome = Outcome::new(self.command, &named.name);
        let outcome = if let Some(reason) = named.not_for(&self.command.name) {
            outcome.not_applicable(reason)
        } else if let Some(reason) = machine::lacks(&named.scenario) {
            outcome.not_applicable(reason)
        } else {
            match self.try_to_play(named) {
                Ok(failures) if failures.is_empty() => outcome,
                Ok(failures) => outcome.failed(failures),
                Err(failure) => outcome.failed(vec![failure]),
            }
        };
        let _ = self.sender.send(outcome);
    }

    fn try_to_play(&mut self, named: &Named) -> Result<Vec<String>, String> {
        let scenario = &named.scenario;
        let mut stage = Stage::new(scenario)?;
        let variables: BTreeMap<String, String> = scenario
            .env
            .iter()
            .map(|(name, value)| (name.clone(), stage.fill_text(value)))
            .collect();
        // A process of its own.
        let alone = !variables.is_empty() || !scenario.hosts.is_empty();
        if alone {
            self.retire();
        }
        let (mut driver, mut known) = if let Some(running) = self.driver.take() {
            running
        } else {
            let command = stage.command(self.command, scenario)?;
            (Driver::start(&command, &variables)?, Vec::new())
        };
        let Played { failures, spoilt } = run::run(scenario, &mut stage, &mut driver);
        known.push((named.name.clone(), stage.secrets.clone()));
        if failures.is_empty() {
            self.driver = Some((driver, known));
            if spoilt || alone {
                self.retire();
            }
        } else {
            // It may be in any state.
            self.search(&driver.kill(), &known);
        }
        Ok(failures)
    }

    /// Ends the process, and looks into all that it logged.
    fn retire(&mut self) {
        if let Some((driver, known)) = self.driver.take() {
            let remains = driver.end();
            self.search(&remains, &known);
        }
    }

    fn search(&self, remains: &Remains, known: &[(String, Secrets)]) {
        let mut failures = BTreeMap::<&str, Vec<String>>::new();
        if let (Some(complaint), Some((last, _))) = (&remains.complaint, known.last()) {
            failures.entry(last).or_default().push(complaint.clone());
        }
        for found in
            Secrets::search_all(known.iter().map(|(_, secrets)| secrets)).find(&remains.stderr)
        {
            let (name, secrets) = &known[found.owner];
            let failures = failures.entry(name).or_default();
            let begin = remains.stderr[..found.at].iter().rposition(|byte| *byte == b'\n');
            let line = &remains.stderr[begin.map_or(0, |end| end + 1)..found.at];
            // What is cut is not masked.
            let line = secrets.mask(&String::from_utf8_lossy(line));
            let line: String = line.chars().take(60).collect();
            let Found { what, form, length, .. } = found;
            failures.push(format!("{length} of {what} stand in the log, {form}, behind {line:?}"));
        }
        for (name, failures) in failures {
            let _ = self.sender.send(Outcome::new(self.command, name).failed(failures));
        }
    }
}
