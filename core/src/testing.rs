//! Faults on purpose, behind a feature that no released artefact carries.

/// The client id or refresh token that makes a call panic.
pub const PANIC: &str = "panic-on-purpose";

pub(crate) fn panic_on_purpose(argument: &str) {
    assert!(argument != PANIC, "a panic on purpose");
}
