//! What the headers of an answer say: its trace id, its time, and how long to wait.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ureq::http::HeaderMap;
use zeroize::Zeroizing;

use super::TRACE_ID;
use super::redaction::shows;

/// A longer wait is told as this one: as good as never, and something that every language's
/// clock can add.
const LONGEST_WAIT: Duration = crate::LONGEST.saturating_mul(100);

/// The `frontegg-trace-id`, unless it is something else.
pub(super) fn trace_id(headers: &HeaderMap, confidential: &[&str]) -> Option<String> {
    let value = headers.get(TRACE_ID)?.to_str().ok()?.trim();
    let is_id = !value.is_empty() && value.len() <= 128 && !value.contains("eyJ");
    let shows_a_secret = if value.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
        shows_in_digits(value, confidential)
    } else {
        shows(value, confidential)
    };
    (is_id && !shows_a_secret).then(|| value.to_owned())
}

/// The same as [`shows`] for hexadecimal digits, as trace ids are: a word can stand there as it
/// is, or as the digits of its bytes. Every answer has one, so this takes no more than it must.
fn shows_in_digits(id: &str, confidential: &[&str]) -> bool {
    /// So many digits in a row are no chance.
    const RUN: usize = 8;
    // What is no digit interrupts a run, but for dashes.
    let digits = |text: &str| -> Zeroizing<Vec<u8>> {
        let bytes = text.bytes().filter(|byte| *byte != b'-');
        Zeroizing::new(bytes.map(|byte| byte.to_ascii_lowercase()).collect())
    };
    let id = digits(id);
    let shows = |word: &[u8], step: usize| {
        let mut runs = word.windows(RUN).step_by(step);
        runs.any(|run| id.windows(RUN).any(|part| part == run))
    };
    confidential.iter().any(|word| {
        let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
        let of_bytes = word.bytes().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
        shows(&digits(word), 1) || shows(&Zeroizing::new(of_bytes.collect::<Vec<u8>>()), 2)
    })
}

/// The service's time when the answer left: its `Date`, and the `Age` that a cache on the way
/// added to it.
pub(super) fn answered_at(headers: &HeaderMap) -> Option<SystemTime> {
    let date = values(headers, "date").find_map(date)?;
    let age = values(headers, "age").find_map(|text| text.parse().ok()).unwrap_or(0_u32);
    date.checked_add(Duration::from_secs(age.into()))
}

/// The wait that an answer asks for: until the time in `X-Rate-Limit-Reset`, or else as long as
/// `Retry-After` says, in seconds or as a date. A time that has passed is no wait. Of several
/// values the longest counts: whoever comes too early is refused again.
///
/// `now` is the service's time, or else this host's.
pub(super) fn announced_wait(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let longest = |name: &str, read: fn(&str, SystemTime) -> Option<Duration>| {
        let waits = values(headers, name).filter_map(|text| whole_or_list(text, now, read));
        waits.max()
    };
    let wait = longest("x-rate-limit-reset", until).or_else(|| longest("retry-after", retry_after));
    Some(wait?.min(LONGEST_WAIT))
}

fn values<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().filter_map(|value| Some(value.to_str().ok()?.trim()))
}

/// Reads a value, or several that were joined by commas. A date has a comma of its own.
fn whole_or_list(
    text: &str,
    now: SystemTime,
    read: fn(&str, SystemTime) -> Option<Duration>,
) -> Option<Duration> {
    let read = |part: &str| read(part.trim_matches([' ', '\t', '"', '\'']), now);
    read(text).or_else(|| text.split(',').filter_map(read).max())
}

fn until(text: &str, now: SystemTime) -> Option<Duration> {
    let left = date(text)?.duration_since(now).unwrap_or_default();
    // The time is cut to a millisecond, and who comes that much too early is refused again.
    Some(if left.is_zero() { left } else { left + Duration::from_millis(1) })
}

fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    if let Some(at) = date(text) {
        return Some(at.duration_since(now).unwrap_or_default());
    }
    let wait = if text.starts_with(|c: char| c.is_ascii_digit() || c == '+' || c == '.')
        && let Ok(seconds) = text.parse::<f64>()
    {
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    } else {
        // With a unit: `90s`, `2 minutes`, `PT2M`.
        Duration::try_from(text.parse::<jiff::SignedDuration>().ok()?).ok()?
    };
    let begun = u64::from(wait.subsec_nanos() > 0);
    Some(Duration::from_secs(wait.as_secs().saturating_add(begun)))
}

/// A time in any form that HTTP or RFC 3339 knows.
fn date(text: &str) -> Option<SystemTime> {
    if let Ok(at) = httpdate::parse_http_date(text) {
        return Some(at);
    }
    let at: jiff::Timestamp = match text.parse() {
        Ok(at) => at,
        Err(_) => jiff::fmt::rfc2822::parse(text).ok()?.timestamp(),
    };
    // All before 1970 has passed, and some systems cannot express it.
    Some(UNIX_EPOCH + Duration::try_from(at.as_duration()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Sun, 07 Jun 2026 12:34:56 GMT";

    fn now() -> SystemTime {
        httpdate::parse_http_date(DATE).unwrap()
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn announced_by(pairs: &[(&'static str, &str)]) -> Option<Duration> {
        announced_wait(&headers(pairs), now())
    }

    #[test]
    fn a_trace_id_that_shows_a_secret_is_none() {
        const SECRET: &str = "d47e6aec-8073-44d6-97ab-f34c44a6d3e7";
        let read = |id: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(TRACE_ID, id.parse().unwrap());
            trace_id(&headers, &[SECRET, "opaque secret"])
        };
        for id in ["0123456789abcdef0123456789abcdef", "d47e6ae0-8073-44d7", "abc", "a trace"] {
            assert_eq!(read(id).as_deref(), Some(id));
        }
        for id in [
            SECRET,
            "d47e6aec807344d697abf34c44a6d3e7",
            "00D47E6AEC00000000000000000000000",
            "0006f70617175652073000000000000000",
            "6F-70-61-71-75-65",
            "x opaque secret",
        ] {
            assert_eq!(read(id), None, "{id}");
        }
    }

    #[test]
    fn announced_waits_are_read_in_every_form() {
        let ms = |ms| Some(Duration::from_millis(ms));
        for (pairs, expected) in [
            (&[("x-rate-limit-reset", "2026-06-07T12:34:57.250Z")][..], ms(1251)),
            (&[("x-rate-limit-reset", "2026-06-07T14:34:57+02:00")], ms(1001)),
            (&[("x-rate-limit-reset", "\"2026-06-07T12:34:57Z\"")], ms(1001)),
            (&[("x-rate-limit-reset", "Sun, 07 Jun 2026 12:34:58 GMT")], ms(2001)),
            (&[("x-rate-limit-reset", "2026-06-07T12:00:00Z")], ms(0)),
            (&[("x-rate-limit-reset", "0001-01-01T00:00:00Z")], ms(0)),
            (&[("retry-after", "Sun, 07 Jun 2026 12:35:00 GMT")], ms(4000)),
            (&[("retry-after", "Sun, 07 Jun 2026 14:35:00 +0200")], ms(4000)),
            (&[("retry-after", "2026-06-07T12:35:00Z")], ms(4000)),
            (&[("retry-after", "Sun, 07 Jun 2020 12:35:00 GMT")], ms(0)),
            (&[("retry-after", "9"), ("x-rate-limit-reset", "2026-06-07T12:34:57Z")], ms(1001)),
            (&[("x-rate-limit-reset", "1780000000"), ("retry-after", "3")], ms(3000)),
            (&[("retry-after", "soon"), ("retry-after", "5")], ms(5000)),
            (&[("retry-after", "20"), ("retry-after", "30"), ("retry-after", "5")], ms(30_000)),
            (&[], None),
        ] {
            assert_eq!(announced_by(pairs), expected, "{pairs:?}");
        }
    }

    #[test]
    fn a_wait_in_seconds_is_never_shorter_than_asked() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (value, expected) in [
            ("2", seconds(2)),
            ("0", seconds(0)),
            (" 120\t", seconds(120)),
            ("+5", seconds(5)),
            ("1.5", seconds(2)),
            (".2", seconds(1)),
            ("1.", seconds(1)),
            ("0.000000001", seconds(1)),
            ("1e2", seconds(100)),
            // A fraction in other countries, or a list.
            ("1,5", seconds(5)),
            ("5, 1", seconds(5)),
            ("soon, 7", seconds(7)),
            ("\"4\"", seconds(4)),
            ("90s", seconds(90)),
            ("2 minutes", seconds(120)),
            ("1500ms", seconds(2)),
            ("PT1M", seconds(60)),
            ("99999999999999999999999", Some(LONGEST_WAIT)),
            ("1e300", Some(LONGEST_WAIT)),
            ("18446744073709551615", Some(LONGEST_WAIT)),
            ("-1", None),
            ("-5s", None),
            ("", None),
            (",", None),
            ("soon", None),
            ("inf", None),
            ("NaN", None),
            ("0x10", None),
        ] {
            assert_eq!(announced_by(&[("retry-after", value)]), expected, "{value:?}");
        }
    }

    #[test]
    fn the_answer_s_time_is_its_date_and_the_age_that_a_cache_added() {
        let at = |pairs: &[(&'static str, &str)]| answered_at(&headers(pairs));
        let later = |seconds| Some(now() + Duration::from_secs(seconds));
        assert_eq!(at(&[("date", DATE)]), later(0));
        assert_eq!(at(&[("date", "Sunday, 07-Jun-26 12:34:56 GMT")]), later(0));
        assert_eq!(at(&[("date", "?"), ("date", DATE)]), later(0));
        assert_eq!(at(&[("date", DATE), ("age", "60")]), later(60));
        assert_eq!(at(&[("date", DATE), ("age", "-60")]), later(0));
        assert_eq!(at(&[("age", "60")]), None);
        assert_eq!(at(&[("date", "yesterday")]), None);
    }
}
