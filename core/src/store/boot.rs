//! Which run of this machine's kernel this is: only within one do two readings of the clock since
//! boot tell how long it was in between.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Moment, nanos};
use crate::per_process::{Owned, PerProcess};

/// Two readings of one host's clocks agree this well on when it was booted, unless its wall clock
/// was set. Slowly corrected clocks drift by some seconds a day.
const TOLERANCE: Duration = Duration::from_secs(300);

/// What tells this boot from any other; empty where nothing does.
///
/// No lock is held while it is found out: a child that is forked meanwhile would wait for ever for
/// a thread that it does not have.
pub(super) fn id() -> Arc<Owned<String>> {
    id_from(system::id)
}

fn id_from(find: impl Fn() -> String) -> Arc<Owned<String>> {
    static ID: PerProcess<String> = PerProcess::new();
    ID.get(find)
}

/// Whether two moments are of the same boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Boot {
    Same,
    Other,
    /// Another one, or the wall clock was set in between.
    Unknown,
}

/// Compares by the ids; where one has none, by when the hosts were booted, as far as their clocks
/// tell.
pub(super) fn compare(one: (Moment, &str), other: (Moment, &str)) -> Boot {
    if !one.1.is_empty() && !other.1.is_empty() {
        return if one.1 == other.1 { Boot::Same } else { Boot::Other };
    }
    let booted = |moment: Moment| moment.wall.saturating_sub(moment.boot);
    let apart = booted(one.0).abs_diff(booted(other.0));
    if apart <= nanos(TOLERANCE) { Boot::Same } else { Boot::Unknown }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    pub(super) fn id() -> String {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        id.trim().to_owned()
    }
}

#[cfg(target_vendor = "apple")]
mod system {
    /// A UUID in text, with the zero at its end.
    #[allow(unsafe_code)]
    pub(super) fn id() -> String {
        let mut bytes = [0_u8; 64];
        let mut length = bytes.len();
        // SAFETY: the name ends with a zero, `bytes` has room for `length` bytes, and nothing is
        // set.
        let failed = unsafe {
            libc::sysctlbyname(
                c"kern.bootsessionuuid".as_ptr(),
                bytes.as_mut_ptr().cast(),
                &raw mut length,
                std::ptr::null_mut(),
                0,
            )
        };
        if failed != 0 {
            return String::new();
        }
        let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    }
}

/// Windows tells for how long it has run, and nothing that stays the same meanwhile.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
mod system {
    pub(super) fn id() -> String {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000_000_000;

    #[test]
    fn ids_are_believed_and_clocks_where_there_are_none() {
        let early = Moment { boot: HOUR, wall: 100 * HOUR };
        let later = |boot, wall| Moment { boot: boot * HOUR, wall: wall * HOUR };
        assert_eq!(compare((early, "a"), (later(9, 500), "a")), Boot::Same);
        assert_eq!(compare((early, "a"), (later(2, 101), "b")), Boot::Other);
        for ids in [("", ""), ("a", ""), ("", "b")] {
            let with = |moment| compare((early, ids.0), (moment, ids.1));
            assert_eq!(with(later(2, 101)), Boot::Same);
            let slewed = Moment { boot: 2 * HOUR, wall: 101 * HOUR - HOUR / 60 };
            assert_eq!(with(slewed), Boot::Same);
            // Set back by half an hour, or booted anew.
            let set_back = Moment { boot: 2 * HOUR, wall: 101 * HOUR - HOUR / 2 };
            assert_eq!(with(set_back), Boot::Unknown);
            assert_eq!(with(later(1, 200)), Boot::Unknown);
        }
    }

    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    #[test]
    fn this_system_has_one() {
        assert_eq!((id().len(), &system::id()), (36, &**id()));
    }

    #[cfg(unix)]
    mod fork {
        #![allow(unsafe_code)]

        use std::process::Command;
        use std::sync::mpsc::channel;
        use std::thread;
        use std::time::{Duration, Instant};

        use super::super::{id, id_from};

        const ALONE: &str = "FRONTEGG_TOKEN_TEST_BOOT";

        /// In a process of its own, where nobody has asked before.
        #[test]
        fn a_child_that_is_forked_while_it_is_found_out_does_not_wait_for_it() {
            if std::env::var_os(ALONE).is_none() {
                let this = std::env::current_exe().unwrap();
                let name = concat!(module_path!(), "::");
                let name = name.split_once("::").unwrap().1.to_owned()
                    + "a_child_that_is_forked_while_it_is_found_out_does_not_wait_for_it";
                let alone = Command::new(this).args(["--exact", &name]).env(ALONE, "").output();
                let alone = alone.unwrap();
                let told = String::from_utf8_lossy(&alone.stdout);
                assert!(alone.status.success() && told.contains("1 passed"), "{told}");
                return;
            }
            let (begins, began) = channel();
            let (goes_on, go_on) = channel::<()>();
            let go_on = std::sync::Mutex::new(go_on);
            let finder = thread::spawn(move || {
                id_from(|| {
                    begins.send(()).unwrap();
                    go_on.lock().unwrap().recv().unwrap();
                    "found".to_owned()
                });
            });
            began.recv().unwrap();
            // SAFETY: the child does what it is to be tried for, and ends.
            let child = unsafe { libc::fork() };
            if child == 0 {
                let is_found = id().len() == 36;
                // SAFETY: nothing of the test's harness is to run in it.
                unsafe { libc::_exit(i32::from(!is_found)) };
            }
            let (start, mut status) = (Instant::now(), 0);
            // SAFETY: it is this process's child, and `status` has room.
            while unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } == 0 {
                if start.elapsed() > Duration::from_secs(20) {
                    // SAFETY: as above; it was not waited for.
                    unsafe { libc::kill(child, libc::SIGKILL) };
                }
                thread::yield_now();
            }
            goes_on.send(()).unwrap();
            finder.join().unwrap();
            assert_eq!(status, 0, "the child waits for what its parent's thread does");
        }
    }
}
