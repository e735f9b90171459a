//! Tells a forked child from its parent.
//!
//! Not by the process's number: a child in another namespace may have the same. The kernel wipes a
//! page for the child, whoever makes it and however.

/// A number of this process: not that of its parent or of any ancestor.
#[cfg(unix)]
pub(crate) use unix::this_process;

#[cfg(not(unix))]
#[inline]
pub(crate) fn this_process() -> u64 {
    1
}

/// What a forked child comes to. It has a minute.
#[cfg(all(test, unix))]
#[allow(unsafe_code)]
pub(crate) fn in_child(look: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child uses nothing that another thread may have locked.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        log::set_max_level(log::LevelFilter::Off);
        // SAFETY: it ends the child.
        unsafe { libc::alarm(60) };
        let code = i32::from(!look());
        // SAFETY: it ends the child at once.
        unsafe { libc::_exit(code) }
    }
    let mut status = 0;
    // SAFETY: the status is ours to write to.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

#[cfg(unix)]
mod unix {
    use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

    /// Where the number is: 0 in a child that has not asked for it yet.
    static PLACE: AtomicPtr<AtomicU64> = AtomicPtr::new(std::ptr::null_mut());
    /// The largest number of this process and its ancestors.
    static LARGEST: AtomicU64 = AtomicU64::new(0);

    #[inline]
    pub(crate) fn this_process() -> u64 {
        let place = place();
        match place.load(Ordering::Acquire) {
            0 => number(place),
            number => number,
        }
    }

    /// Gives this process a number.
    #[cold]
    fn number(place: &AtomicU64) -> u64 {
        let new = LARGEST.fetch_add(1, Ordering::SeqCst) + 1;
        let given = place.compare_exchange(0, new, Ordering::SeqCst, Ordering::SeqCst);
        given.map_or_else(|number| number, |_| new)
    }

    #[inline]
    #[allow(unsafe_code)]
    fn place() -> &'static AtomicU64 {
        let place = PLACE.load(Ordering::Acquire);
        if place.is_null() {
            return make();
        }
        // SAFETY: it points to what `make` made, which is never freed.
        unsafe { &*place }
    }

    #[cold]
    fn make() -> &'static AtomicU64 {
        static FALLBACK: AtomicU64 = AtomicU64::new(0);
        let made = page().unwrap_or_else(|| {
            wipe_in_children(&FALLBACK);
            &FALLBACK
        });
        let made: *const AtomicU64 = made;
        let place = PLACE.compare_exchange(
            std::ptr::null_mut(),
            made.cast_mut(),
            Ordering::SeqCst,
            Ordering::SeqCst,
        );
        let _ = place; // Where another thread was first, its page serves, and ours stays unused.
        self::place()
    }

    /// A page that is wiped in each child.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[allow(unsafe_code)]
    fn page() -> Option<&'static AtomicU64> {
        use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};
        let length = rustix::param::page_size();
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping of its own, of zeros, that is never unmapped once it is used: as
        // large as a page, and aligned like one.
        unsafe {
            let page =
                mmap_anonymous(std::ptr::null_mut(), length, access, MapFlags::PRIVATE).ok()?;
            // Linux 4.14.
            if madvise(page, length, Advice::LinuxWipeOnFork).is_err() {
                let _ = munmap(page, length);
                return None;
            }
            Some(&*page.cast::<AtomicU64>())
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn page() -> Option<&'static AtomicU64> {
        None
    }

    /// Where the kernel does not: in children that are made by `fork`.
    #[allow(unsafe_code)]
    fn wipe_in_children(place: &'static AtomicU64) {
        static WIPED: AtomicPtr<AtomicU64> = AtomicPtr::new(std::ptr::null_mut());
        extern "C" fn wipe() {
            let place = WIPED.load(Ordering::SeqCst);
            // SAFETY: it points to a static, or nowhere.
            if let Some(place) = unsafe { place.as_ref() } {
                place.store(0, Ordering::SeqCst);
            }
        }
        let place: *const AtomicU64 = place;
        if WIPED.swap(place.cast_mut(), Ordering::SeqCst).is_null() {
            // SAFETY: the handler does nothing but store a number.
            let registered = unsafe { libc::pthread_atfork(None, None, Some(wipe)) };
            debug_assert_eq!(registered, 0);
        }
    }

    #[cfg(test)]
    mod tests {
        use super::super::in_child;
        use super::*;

        #[test]
        fn a_child_is_another_and_so_is_its_own() {
            let here = this_process();
            assert_eq!(this_process(), here);
            assert!(in_child(|| {
                let child = this_process();
                child != here
                    && this_process() == child
                    && in_child(|| this_process() != child && this_process() != here)
            }));
            assert_eq!(this_process(), here);
        }

        #[cfg(target_os = "linux")]
        #[test]
        #[ignore = "needs root, or namespaces of users: makes namespaces of processes"]
        fn a_child_with_the_same_number_in_another_namespace_is_another() {
            /// Has the next child be the first process of a namespace.
            #[allow(unsafe_code)]
            fn leave() -> bool {
                // SAFETY: these change nothing but the namespaces of children to come.
                unsafe {
                    libc::unshare(libc::CLONE_NEWPID) == 0
                        || libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWPID) == 0
                }
            }
            assert!(in_child(|| {
                leave()
                    && in_child(|| {
                        let parent = (std::process::id(), this_process());
                        leave()
                            && in_child(|| {
                                let child = (std::process::id(), this_process());
                                parent.0 == child.0 && parent.1 != child.1
                            })
                    })
            }));
        }

        #[test]
        fn a_child_is_another_where_the_kernel_does_not_wipe() {
            static PLACE: AtomicU64 = AtomicU64::new(7);
            wipe_in_children(&PLACE);
            assert!(in_child(|| PLACE.load(Ordering::SeqCst) == 0));
            assert_eq!(PLACE.load(Ordering::SeqCst), 7);
        }
    }
}
