//! What the library logs while the tests run.

use std::sync::{Mutex, Once, PoisonError};

use ::log::{Level, LevelFilter, Log, Metadata, Record};

struct Lines(Mutex<Vec<(Level, String)>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if record.target().starts_with("frontegg_token") {
            let line = (record.level(), record.args().to_string());
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }

    fn flush(&self) {}
}

/// Lines are kept from now on, those of all tests together.
pub(crate) fn keep() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        ::log::set_logger(&LINES).expect("no other logger");
        ::log::set_max_level(LevelFilter::Trace);
    });
}

/// The lines so far.
pub(crate) fn lines() -> Vec<(Level, String)> {
    LINES.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
