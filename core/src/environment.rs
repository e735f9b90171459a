//! The variables of the environment, as far as this process may go by them.

/// The value of a variable; `None` where it is not set or not text.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

pub(crate) fn is_privileged() -> bool {
    false
}
