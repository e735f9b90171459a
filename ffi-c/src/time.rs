//! Time as C counts it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Whole milliseconds, rounded.
pub(crate) fn milliseconds(span: Duration) -> i64 {
    let rounded = span.saturating_add(Duration::from_micros(500)).as_millis();
    i64::try_from(rounded).unwrap_or(i64::MAX)
}

/// Milliseconds since 1970; `None` for what was before.
pub(crate) fn since_1970(time: SystemTime) -> Option<i64> {
    time.duration_since(UNIX_EPOCH).ok().map(milliseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_rounded_and_saturate() {
        assert_eq!(milliseconds(Duration::from_micros(1_499)), 1);
        assert_eq!(milliseconds(Duration::from_micros(1_500)), 2);
        assert_eq!(milliseconds(Duration::MAX), i64::MAX);
    }
}
