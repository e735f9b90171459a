//! Faults on purpose and a clock that can be moved, in what is built with `FRONTEGG_TESTING=1`,
//! which no released artefact is.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::clock::Moment;

/// The client id or refresh token that makes a call panic.
pub const PANIC: &str = "panic-on-purpose";

pub(crate) fn panic_on_purpose(argument: &str) {
    assert!(argument != PANIC, "a panic on purpose");
}

/// How far the clocks of this process are ahead of the system's, in nanoseconds.
static BOOT: AtomicU64 = AtomicU64::new(0);
static WALL: AtomicI64 = AtomicI64::new(0);

/// Lets so many milliseconds pass for all token sources of this process, as far as they read
/// the time; waits take as long as ever.
pub fn advance_clock(milliseconds: u64) {
    BOOT.fetch_add(milliseconds.saturating_mul(1_000_000), Ordering::SeqCst);
    step_wall_clock(i64::try_from(milliseconds).unwrap_or(i64::MAX / 1_000_000));
}

/// Sets their wall clock forward, or back, by so many milliseconds.
pub fn step_wall_clock(milliseconds: i64) {
    WALL.fetch_add(milliseconds.saturating_mul(1_000_000), Ordering::SeqCst);
}

pub(crate) fn shifted(moment: Moment) -> Moment {
    Moment {
        boot: moment.boot.saturating_add(BOOT.load(Ordering::SeqCst)),
        wall: moment.wall.saturating_add_signed(WALL.load(Ordering::SeqCst)),
    }
}

pub(crate) fn shifted_tick(tick: u64) -> u64 {
    let boot = BOOT.load(Ordering::SeqCst);
    tick.wrapping_add(boot).wrapping_add_signed(WALL.load(Ordering::SeqCst).wrapping_mul(3))
}

/// Where this process is to be killed or stopped: `marked 1 KILL` or `answered 2 STOP`, the
/// number being how many times it gets there.
const SIGNAL_AT: &str = "FRONTEGG_TESTING_SIGNAL_AT";

/// A renewal has come to this step: `lease`, `leased`, `marked`, `answered`, `writing`, `ending`.
#[cfg(unix)]
pub(crate) fn reached(step: &str) {
    use rustix::process::{Signal, getpid, kill_process};
    static TIMES: AtomicU64 = AtomicU64::new(0);
    let Ok(wanted) = std::env::var(SIGNAL_AT) else { return };
    let mut words = wanted.split(' ');
    if words.next() != Some(step) {
        return;
    }
    let times = TIMES.fetch_add(1, Ordering::SeqCst) + 1;
    if words.next().and_then(|word| word.parse().ok()) == Some(times) {
        let signal = if words.next() == Some("STOP") { Signal::STOP } else { Signal::KILL };
        let _ = kill_process(getpid(), signal);
    }
}

#[cfg(not(unix))]
pub(crate) fn reached(_: &str) {}
