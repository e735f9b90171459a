//! The service's clock, which tests may move, and the two ways to write a time.

use std::time::{Duration, SystemTime};

use time::OffsetDateTime;

/// The wall clock plus an offset.
#[derive(Default)]
pub(crate) struct Clock {
    offset_seconds: i64,
}

impl Clock {
    pub(crate) fn now(&self) -> SystemTime {
        #[allow(clippy::cast_precision_loss)]
        shift(SystemTime::now(), self.offset_seconds as f64)
    }

    pub(crate) fn offset_seconds(&self) -> i64 {
        self.offset_seconds
    }

    pub(crate) fn advance(&mut self, seconds: i64) {
        self.offset_seconds = self.offset_seconds.saturating_add(seconds).clamp(-CENTURY, CENTURY);
    }
}

/// How far a clock can be moved: nobody wants more, and every time stays in range.
const CENTURY: i64 = 100 * 366 * 86_400;

/// `at` moved by some seconds, forward or back; clamped to what the formats can write.
pub(crate) fn shift(at: SystemTime, seconds: f64) -> SystemTime {
    let far = Duration::from_secs(7_000 * 365 * 86_400);
    let by = Duration::try_from_secs_f64(seconds.abs()).unwrap_or(far).min(far);
    let moved = if seconds < 0.0 { at.checked_sub(by) } else { at.checked_add(by) };
    moved.unwrap_or(SystemTime::UNIX_EPOCH).max(SystemTime::UNIX_EPOCH)
}

/// Whole seconds since the epoch.
pub(crate) fn unix_seconds(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// RFC 3339 in UTC with milliseconds: `2026-06-07T12:34:56.789Z`.
pub(crate) fn rfc3339(at: SystemTime) -> String {
    let at = OffsetDateTime::from(at);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    )
}

/// RFC 1123 in GMT: `Mon, 31 Jul 2023 10:59:33 GMT`.
pub(crate) fn http_date(at: SystemTime) -> String {
    httpdate::fmt_http_date(at)
}
