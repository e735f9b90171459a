//! What the setters of a config share.

use frontegg_core::Error;
use frontegg_core::guard::guard;

use crate::border::accessor;

/// Settings, and the first value among them that was bad: setters have nobody to tell.
#[derive(Default)]
pub(crate) struct Collected<S> {
    settings: S,
    problem: Option<Error>,
}

impl<S> Collected<S> {
    pub(crate) fn new(settings: S) -> Self {
        Self { settings, problem: None }
    }

    /// The settings, unless one was bad.
    pub(crate) fn get(&self) -> Result<&S, Error> {
        match &self.problem {
            Some(problem) => Err(problem.clone()),
            None => Ok(&self.settings),
        }
    }

    pub(crate) fn set(&mut self, change: impl FnOnce(&mut S) -> Result<(), Error>) {
        if let Err(problem) = guard(|| change(&mut self.settings)) {
            accessor((), || {
                self.problem.get_or_insert(problem);
            });
        }
    }
}
