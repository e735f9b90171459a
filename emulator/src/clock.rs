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

    pub(crate) fn both(&self) -> Now {
        Now { real: SystemTime::now(), service: self.now() }
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

/// The time, by both clocks.
#[derive(Clone, Copy)]
pub(crate) struct Now {
    pub(crate) real: SystemTime,
    pub(crate) service: SystemTime,
}

impl Now {
    /// Puts the times into a header's value.
    pub(crate) fn fill_in(self, template: &str) -> String {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let known =
                after.split_once('}').and_then(|(inner, after)| Some((self.time(inner)?, after)));
            let (time, after) = known.unwrap_or_else(|| ("{".to_owned(), after));
            filled.push_str(&time);
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    /// `rfc3339+0.3`, `httpdate-2`, `unix`, `service_httpdate`.
    fn time(self, inner: &str) -> Option<String> {
        let (format, seconds) = match inner.find(['+', '-']) {
            Some(at) => (&inner[..at], inner[at..].parse().ok()?),
            None => (inner, 0.0),
        };
        let (format, now) = match format.strip_prefix("service_") {
            Some(format) => (format, self.service),
            None => (format, self.real),
        };
        let at = shift(now, seconds);
        match format {
            "rfc3339" => Some(rfc3339(at)),
            "httpdate" => Some(http_date(at)),
            "unix" => Some(unix_seconds(at).to_string()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_times_and_all_else_stays() {
        let real = SystemTime::UNIX_EPOCH + Duration::from_millis(1_690_801_173_250);
        let now = Now { real, service: real + Duration::from_secs(60) };
        assert_eq!(now.fill_in("{rfc3339+0.3}"), "2023-07-31T10:59:33.550Z");
        assert_eq!(now.fill_in("{rfc3339-33.25}"), "2023-07-31T10:59:00.000Z");
        assert_eq!(now.fill_in("{httpdate+2}"), "Mon, 31 Jul 2023 10:59:35 GMT");
        assert_eq!(now.fill_in("{service_httpdate}"), "Mon, 31 Jul 2023 11:00:33 GMT");
        assert_eq!(now.fill_in("{service_unix-60} {unix}"), "1690801173 1690801173");
        assert_eq!(now.fill_in("a {b} {rfc3339+x} } {"), "a {b} {rfc3339+x} } {");
    }
}
