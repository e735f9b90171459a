//! What came of a run.

use std::collections::BTreeMap;
use std::fmt;

use crate::driver::Command;

/// What came of one scenario with one driver. There may be several outcomes of the same: a log
/// is searched when its process has ended.
pub(crate) struct Outcome {
    driver: String,
    scenario: String,
    result: Result,
}

#[derive(Clone)]
enum Result {
    Passed,
    Failed(Vec<String>),
    NotApplicable(String),
}

impl Outcome {
    /// Passed, until something else is known.
    pub(crate) fn new(driver: &Command, scenario: &str) -> Self {
        let (driver, scenario) = (driver.name.clone(), scenario.to_owned());
        Outcome { driver, scenario, result: Result::Passed }
    }

    pub(crate) fn failed(self, failures: Vec<String>) -> Self {
        Outcome { result: Result::Failed(failures), ..self }
    }

    pub(crate) fn not_applicable(self, reason: &str) -> Self {
        Outcome { result: Result::NotApplicable(reason.to_owned()), ..self }
    }
}

/// What came of all: what failed and why, and a table by language. `Display` shows it.
pub struct Report {
    drivers: Vec<String>,
    /// By driver and scenario.
    results: BTreeMap<(String, String), Result>,
}

impl Report {
    pub(crate) fn new(drivers: impl Iterator<Item = String>) -> Self {
        Report { drivers: drivers.collect(), results: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, outcome: Outcome) {
        let key = (outcome.driver, outcome.scenario);
        let merged = match (self.results.remove(&key), outcome.result) {
            (Some(Result::Failed(mut first)), Result::Failed(second)) => {
                first.extend(second);
                Result::Failed(first)
            }
            (Some(failed @ Result::Failed(_)), _) => failed,
            (_, result) => result,
        };
        self.results.insert(key, merged);
    }

    /// How many passed.
    pub fn passed(&self) -> usize {
        self.count(None, |result| matches!(result, Result::Passed))
    }

    /// How many failed.
    pub fn failed(&self) -> usize {
        self.count(None, |result| matches!(result, Result::Failed(_)))
    }

    fn count(&self, driver: Option<&str>, kind: impl Fn(&Result) -> bool) -> usize {
        self.results
            .iter()
            .filter(|((name, _), _)| driver.is_none_or(|driver| driver == name))
            .filter(|(_, result)| kind(result))
            .count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((driver, scenario), result) in &self.results {
            match result {
                Result::Passed => {}
                Result::NotApplicable(reason) => {
                    writeln!(f, "not applicable  {driver}  {scenario}\n    {reason}")?;
                }
                Result::Failed(failures) => {
                    writeln!(f, "FAILED  {driver}  {scenario}")?;
                    for failure in failures {
                        writeln!(f, "    {failure}")?;
                    }
                }
            }
        }
        writeln!(f, "{:<16}{:>8}{:>8}{:>16}", "language", "passed", "failed", "not applicable")?;
        for driver in &self.drivers {
            let count = |kind: fn(&Result) -> bool| self.count(Some(driver), kind);
            writeln!(
                f,
                "{driver:<16}{:>8}{:>8}{:>16}",
                count(|result| matches!(result, Result::Passed)),
                count(|result| matches!(result, Result::Failed(_))),
                count(|result| matches!(result, Result::NotApplicable(_))),
            )?;
        }
        write!(f, "{} passed, {} failed", self.passed(), self.failed())
    }
}
