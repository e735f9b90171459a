//! Log lines. They go to a logger of the host's, which may do anything: panic, block, or use
//! this library. So none is written under a lock, nor by a renewal that others wait for.

use std::cell::RefCell;
use std::fmt;

use log::{Level, Record};

use crate::guard::guard;

thread_local! {
    /// The lines of this thread that are to be written later.
    static HELD: RefCell<Option<Vec<Line>>> = const { RefCell::new(None) };
}

struct Line {
    level: Level,
    target: &'static str,
    text: String,
}

/// Lines that were held back.
#[must_use]
#[derive(Default)]
pub(crate) struct Lines(Vec<Line>);

/// Logs a line, as the macros of the crate `log` do: `log_line!(Warn, "…")`.
macro_rules! log_line {
    ($level:ident, $($text:tt)+) => {
        $crate::logs::write(::log::Level::$level, module_path!(), format_args!($($text)+))
    };
}
pub(crate) use log_line;

/// Hands a line to the logger, or keeps it for later under [`hold`]. A panic of the logger's is
/// caught and dropped.
pub(crate) fn write(level: Level, target: &'static str, text: fmt::Arguments<'_>) {
    if level > log::STATIC_MAX_LEVEL || level > log::max_level() {
        return;
    }
    if HELD.with_borrow(Option::is_some) {
        let line = Line { level, target, text: text.to_string() };
        HELD.with_borrow_mut(|held| held.as_mut().map(|held| held.push(line)));
        return;
    }
    let _ = guard(|| {
        let mut record = Record::builder();
        record.level(level).target(target).module_path_static(Some(target));
        log::logger().log(&record.args(text).build());
        Ok(())
    });
}

/// Does `work`, whose lines in this thread are held back.
pub(crate) fn hold<T>(work: impl FnOnce() -> T) -> (T, Lines) {
    struct Restore(Option<Vec<Line>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            HELD.set(self.0.take());
        }
    }
    let _restore = Restore(HELD.replace(Some(Vec::new())));
    let outcome = work();
    let lines = HELD.take().unwrap_or_default();
    (outcome, Lines(lines))
}

impl Lines {
    pub(crate) fn write(self) {
        for Line { level, target, text } in self.0 {
            write(level, target, format_args!("{text}"));
        }
    }
}
