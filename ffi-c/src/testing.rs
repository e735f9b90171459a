//! Moves the clocks of all sources of this process; for the tests. No released artefact and no
//! header has these.

/// cbindgen:ignore
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_testing_advance_clock(milliseconds: u64) {
    frontegg_core::testing::advance_clock(milliseconds);
}

/// cbindgen:ignore
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_testing_step_wall_clock(milliseconds: i64) {
    frontegg_core::testing::step_wall_clock(milliseconds);
}
