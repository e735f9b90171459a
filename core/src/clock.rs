//! Time as a token's lifetime needs it: by two clocks, of which either can end it.
//!
//! A step of the wall clock must not stretch a lifetime, so there is the clock since boot; a
//! suspended machine, or one whose clock since boot stands still, must not stop it, so the
//! boot-time clock counts suspension and the wall clock has a say as well.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A moment by both clocks, each in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Since boot, suspension included. Never steps; the clock for waits.
    pub(crate) boot: u64,
    /// Since 1970, by the system's clock. Can step, either way.
    pub(crate) wall: u64,
}

impl Moment {
    /// How long ago `earlier` was, by the clock that says more.
    pub(crate) fn age_of(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos_since(earlier))
    }

    pub(crate) fn nanos_since(self, earlier: Self) -> u64 {
        let boot = self.boot.saturating_sub(earlier.boot);
        boot.max(self.wall.saturating_sub(earlier.wall))
    }

    /// The wall clock's side, `later`.
    pub(crate) fn wall_after(self, later: Duration) -> Option<SystemTime> {
        (UNIX_EPOCH + Duration::from_nanos(self.wall)).checked_add(later)
    }
}

/// The moment by which something that may take so long must end.
pub(crate) fn from_now(span: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(span).unwrap_or_else(|| now + crate::LONGEST)
}

/// A span in nanoseconds; 584 years are as good as endless.
pub(crate) fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// The time, in nanoseconds, by a clock that all processes of this host read alike: since boot
/// where the system tells. No test moves it.
pub(crate) fn of_host() -> u64 {
    if cfg!(any(unix, windows)) { system::boot() } else { system::wall() }
}

/// Where a source reads the time.
#[derive(Debug, Clone, Default)]
pub(crate) enum Clock {
    /// The system's.
    #[default]
    System,
    /// A clock that tests move.
    #[cfg(test)]
    Manual(std::sync::Arc<Manual>),
}

impl Clock {
    /// The time, precisely.
    pub(crate) fn now(&self) -> Moment {
        match self {
            Clock::System => shifted(Moment { boot: system::boot(), wall: system::wall() }),
            #[cfg(test)]
            Clock::Manual(manual) => manual.now(),
        }
    }

    /// A number that changes within milliseconds, and with every suspension and step of a
    /// clock; it costs a fraction of the time itself. `None` where the system has none.
    #[inline]
    pub(crate) fn tick(&self) -> Option<u64> {
        match self {
            Clock::System => system::tick().map(shifted_tick),
            #[cfg(test)]
            Clock::Manual(manual) => Some(manual.tick()),
        }
    }
}

#[cfg(frontegg_testing)]
use crate::testing::{shifted, shifted_tick};

#[cfg(not(frontegg_testing))]
fn shifted(moment: Moment) -> Moment {
    moment
}

#[cfg(not(frontegg_testing))]
#[inline]
fn shifted_tick(tick: u64) -> u64 {
    tick
}

#[cfg(unix)]
mod system {
    use rustix::time::{ClockId, Timespec, clock_gettime};

    /// Counts suspension on Linux; the clock of this name does so elsewhere.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const BOOT: ClockId = ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const BOOT: ClockId = ClockId::Monotonic;

    pub(super) fn boot() -> u64 {
        nanos(clock_gettime(BOOT))
    }

    pub(super) fn wall() -> u64 {
        nanos(clock_gettime(ClockId::Realtime))
    }

    /// The kernel renews its coarse time with each timer interrupt, and whenever it resumes
    /// or its clock is set.
    #[allow(clippy::unnecessary_wraps)] // other systems have none
    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[inline]
    pub(super) fn tick() -> Option<u64> {
        Some(nanos(clock_gettime(ClockId::MonotonicCoarse)))
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn tick() -> Option<u64> {
        None
    }

    /// Before 1970 counts as 1970.
    #[inline]
    fn nanos(time: Timespec) -> u64 {
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        seconds
            .saturating_mul(1_000_000_000)
            .saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
    }
}

#[cfg(not(unix))]
mod system {
    use std::time::{SystemTime, UNIX_EPOCH};

    /// As the system counts, which all processes read alike: suspension included, and to some
    /// milliseconds.
    #[cfg(windows)]
    pub(super) fn boot() -> u64 {
        #[allow(unsafe_code)]
        #[link(name = "kernel32")]
        // SAFETY: it takes nothing, and cannot fail.
        unsafe extern "system" {
            safe fn GetTickCount64() -> u64;
        }
        GetTickCount64().saturating_mul(1_000_000)
    }

    /// Since this process began to ask.
    #[cfg(not(windows))]
    pub(super) fn boot() -> u64 {
        static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        super::nanos(START.get_or_init(std::time::Instant::now).elapsed())
    }

    pub(super) fn wall() -> u64 {
        super::nanos(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    pub(super) fn tick() -> Option<u64> {
        None
    }
}

/// A clock that stands still until it is moved.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct Manual(std::sync::Mutex<Moment>);

#[cfg(test)]
impl Manual {
    /// In the year 2026, an hour after boot.
    pub(crate) fn new() -> std::sync::Arc<Self> {
        let moment = Moment { boot: 3_600_000_000_000, wall: 1_780_000_000_000_000_000 };
        std::sync::Arc::new(Self(std::sync::Mutex::new(moment)))
    }

    pub(crate) fn now(&self) -> Moment {
        *self.0.lock().unwrap()
    }

    fn tick(&self) -> u64 {
        let now = self.now();
        now.boot.wrapping_mul(31).wrapping_add(now.wall)
    }

    /// Lets time pass, or the machine be suspended: both clocks go on.
    pub(crate) fn advance(&self, span: Duration) {
        let mut moment = self.0.lock().unwrap();
        moment.boot += nanos(span);
        moment.wall += nanos(span);
    }

    /// Sets the wall clock, so many seconds forward or back.
    pub(crate) fn step(&self, seconds: i64) {
        let mut moment = self.0.lock().unwrap();
        let wall = i128::from(moment.wall) + i128::from(seconds) * 1_000_000_000;
        moment.wall = u64::try_from(wall.max(0)).unwrap_or(u64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_that_of_the_clock_that_says_more() {
        let clock = Manual::new();
        let start = clock.now();
        clock.advance(Duration::from_secs(10));
        assert_eq!(clock.now().age_of(start), Duration::from_secs(10));
        clock.step(-3600 * 24 * 365 * 3);
        assert_eq!(clock.now().age_of(start), Duration::from_secs(10));
        clock.step(3600 * 24 * 365 * 6);
        assert_eq!(clock.now().age_of(start), Duration::from_secs(3600 * 24 * 365 * 3 + 10));
        assert_eq!(start.age_of(clock.now()), Duration::ZERO);
    }

    #[test]
    fn the_systems_clocks_go_on() {
        let (clock, patience) = (Clock::System, std::time::Instant::now());
        let (start, tick) = (clock.now(), clock.tick());
        assert!(start.boot > 0 && start.wall > 1_700_000_000_000_000_000);
        while clock.now().boot == start.boot || (tick.is_some() && clock.tick() == tick) {
            assert!(patience.elapsed() < Duration::from_secs(10));
        }
    }
}
