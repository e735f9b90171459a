//! The clock of the core's token sources, moved by tests. No released artefact has it, nor
//! have the generated types.

use frontegg_token::testing;
use napi_derive::napi;

use crate::{Thrown, guarded};

/// Lets so many milliseconds pass.
#[napi(skip_typescript)]
pub fn testing_advance_clock(milliseconds: i64) -> Result<(), Thrown> {
    guarded(|| {
        testing::advance_clock(u64::try_from(milliseconds).unwrap_or(0));
        Ok(())
    })
}

/// Sets the wall clock forward, or back.
#[napi(skip_typescript)]
pub fn testing_step_wall_clock(milliseconds: i64) -> Result<(), Thrown> {
    guarded(|| {
        testing::step_wall_clock(milliseconds);
        Ok(())
    })
}
