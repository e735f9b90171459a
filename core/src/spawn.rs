//! Starts threads: every thread of this library is started here, so that tests can have the
//! system refuse them.

use std::io;

use crate::guard::under_guard;
use crate::sync::thread;
use crate::{Code, Error};

/// Starts a thread. The system may refuse, for a limit to the number of processes or for want
/// of memory; nothing of `work` has run then.
pub(crate) fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<thread::JoinHandle<T>> {
    #[cfg(any(test, frontegg_testing))]
    let work = shortage::meet(work)?;
    // A panic ends the thread, and nothing else.
    thread::Builder::new().name(name.into()).spawn(|| under_guard(work))
}

/// What a call fails with that cannot do without the thread: passing, and certainly not sent.
pub(crate) fn no_thread(error: &io::Error) -> Error {
    let message = format!("the system gives no thread: {error}");
    Error::new(Code::Exhausted, message).with_unprocessed(true)
}

/// Threads that tests have refused.
#[cfg(any(test, frontegg_testing))]
pub(crate) mod shortage {
    use std::cell::RefCell;
    use std::io;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::sync::{Arc, LazyLock};

    /// The variable that has threads refused at random in this process: a seed.
    const VARIABLE: &str = "FRONTEGG_TESTING_NO_THREAD";

    thread_local! {
        static CURRENT: RefCell<Option<Arc<Shortage>>> = const { RefCell::new(None) };
    }

    static OF_PROCESS: LazyLock<Option<Shortage>> = LazyLock::new(|| {
        let seed = std::env::var(VARIABLE).ok()?;
        Some(Shortage::at_random(seed.parse().expect("the seed is a number")))
    });

    /// While it lasts, threads are refused to whoever is [under](Self::during) it, and to the
    /// threads that these start.
    pub(crate) struct Shortage {
        /// State of the generator; `None`: all are refused.
        seed: Option<AtomicU64>,
        is_over: AtomicBool,
    }

    impl Shortage {
        /// Half of the threads are refused.
        pub(crate) fn at_random(seed: u64) -> Self {
            Self { seed: Some(AtomicU64::new(seed)), is_over: AtomicBool::new(false) }
        }

        /// All threads are refused.
        #[cfg(test)]
        pub(crate) fn of_all() -> Arc<Self> {
            Arc::new(Self { seed: None, is_over: AtomicBool::new(false) })
        }

        /// There are threads again, for all who are under it.
        #[cfg(test)]
        pub(crate) fn end(&self) {
            self.is_over.store(true, Ordering::SeqCst);
        }

        /// Runs `work` under it.
        pub(crate) fn during<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
            struct Restore(Option<Arc<Shortage>>);
            impl Drop for Restore {
                fn drop(&mut self) {
                    CURRENT.set(self.0.take());
                }
            }
            let _restore = Restore(CURRENT.replace(Some(self.clone())));
            work()
        }

        fn refuses(&self) -> bool {
            if self.is_over.load(Ordering::SeqCst) {
                return false;
            }
            let Some(seed) = &self.seed else { return true };
            // SplitMix64.
            let step = 0x9e37_79b9_7f4a_7c15;
            let mut bits = seed.fetch_add(step, Ordering::SeqCst).wrapping_add(step);
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (bits ^ (bits >> 31)) & 1 == 1
        }
    }

    /// Refuses the thread, or gives it the shortage of the one that starts it.
    pub(super) fn meet<T>(work: impl FnOnce() -> T) -> io::Result<impl FnOnce() -> T> {
        let current = CURRENT.with_borrow(Clone::clone);
        let mut all = current.as_deref().into_iter().chain(OF_PROCESS.as_ref());
        if all.any(Shortage::refuses) {
            // As pthread_create(3) says it.
            #[cfg(unix)]
            return Err(io::Error::from_raw_os_error(libc::EAGAIN));
            #[cfg(not(unix))]
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        Ok(move || match current {
            Some(shortage) => shortage.during(work),
            None => work(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::shortage::Shortage;
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_system() {
        let refused = Shortage::of_all().during(|| spawn("refused", || ()).unwrap_err());
        let error = no_thread(&refused);
        assert_eq!(error.code(), Code::Exhausted);
        assert!(error.is_retryable() && error.is_unprocessed());
        assert_eq!(error.message(), format!("the system gives no thread: {refused}"));
    }

    #[test]
    fn a_shortage_holds_for_the_threads_of_threads_and_ends() {
        let shortage = Arc::new(Shortage::at_random(1));
        let refused = |shortage: &Arc<Shortage>| {
            shortage.during(|| (0..64).filter(|_| spawn("maybe", || ()).is_err()).count())
        };
        let here = refused(&shortage);
        assert!((10..54).contains(&here), "{here}");
        let within = shortage.during(|| {
            std::iter::repeat_with(|| {
                spawn("outer", || (0..64).filter(|_| spawn("inner", || ()).is_err()).count())
            })
            .find_map(Result::ok)
            .unwrap()
            .join()
            .unwrap()
        });
        assert!((10..54).contains(&within), "{within}");
        shortage.end();
        assert_eq!(refused(&shortage), 0);
    }
}
