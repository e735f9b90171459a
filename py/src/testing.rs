//! A clock that tests move. In no released wheel.

use pyo3::prelude::*;

/// Lets so many milliseconds pass for all sources of this process.
#[pyfunction]
pub(crate) fn testing_advance_clock(milliseconds: u64) {
    frontegg_token::testing::advance_clock(milliseconds);
}

/// Sets their wall clock forward, or back, by so many milliseconds.
#[pyfunction]
pub(crate) fn testing_step_wall_clock(milliseconds: i64) {
    frontegg_token::testing::step_wall_clock(milliseconds);
}
