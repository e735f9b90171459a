//! What every entry point goes through: nothing unwinds, and outputs are NULL until success.

use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::Arc;

use frontegg_core::Error;
use frontegg_core::guard::{guard, silence};

use crate::access_token::frontegg_access_token;
use crate::client::frontegg_client;
use crate::error::frontegg_error;
use crate::status::frontegg_status;
use crate::text;
use crate::token_set::frontegg_token_set;
use crate::token_source::frontegg_token_source;
use crate::token_store::frontegg_token_store;

/// Where a handle is to be put. The caller need not have initialised it.
pub(crate) type Slot<T> = MaybeUninit<Option<Box<T>>>;

/// Where a share of a handle is to be put, which [`give`] makes and [`free_share`] frees.
pub(crate) type SharedSlot<T> = MaybeUninit<Option<NonNull<T>>>;

/// Runs a call that makes a handle.
pub(crate) fn call<T>(
    output: Option<&mut Slot<T>>,
    error: Option<&mut Slot<frontegg_error>>,
    work: impl FnOnce() -> Result<T, Error>,
) -> frontegg_status {
    silence();
    put(output, error, || Ok(Box::new(work()?)))
}

/// Runs a call that answers a share of a handle.
pub(crate) fn call_shared<T>(
    output: Option<&mut SharedSlot<T>>,
    error: Option<&mut Slot<frontegg_error>>,
    work: impl FnOnce() -> Result<Arc<T>, Error>,
) -> frontegg_status {
    put(output, error, || Ok(give(work()?)))
}

fn put<P>(
    output: Option<&mut MaybeUninit<Option<P>>>,
    error: Option<&mut Slot<frontegg_error>>,
    work: impl FnOnce() -> Result<P, Error>,
) -> frontegg_status {
    let output = output.map(|slot| slot.write(None));
    attempt(error, || {
        let output = output.ok_or_else(|| text::is_null("the output"))?;
        *output = Some(work()?);
        Ok(())
    })
}

/// Runs a call that answers nothing but its status.
pub(crate) fn attempt(
    error: Option<&mut Slot<frontegg_error>>,
    work: impl FnOnce() -> Result<(), Error>,
) -> frontegg_status {
    let error = error.map(|slot| slot.write(None));
    match guard(work) {
        Ok(()) => frontegg_status::Ok,
        Err(failure) => fail(error, &failure),
    }
}

#[cold]
fn fail(error: Option<&mut Option<Box<frontegg_error>>>, failure: &Error) -> frontegg_status {
    let status = failure.code().into();
    accessor(status, || {
        if let Some(error) = error {
            *error = Some(Box::new(frontegg_error::new(failure)));
        }
        status
    })
}

/// Runs an accessor, or whatever else cannot fail; a panic answers `fallback`.
pub(crate) fn accessor<T>(fallback: T, work: impl FnOnce() -> T) -> T {
    guard(|| Ok(work())).unwrap_or(fallback)
}

/// Frees a handle that was taken over.
pub(crate) fn free<T>(handle: Option<Box<T>>) {
    accessor((), || drop(handle));
}

/// Makes a share the caller's.
pub(crate) fn give<T>(share: Arc<T>) -> NonNull<T> {
    NonNull::new(Arc::into_raw(share).cast_mut()).expect("what an Arc points to is somewhere")
}

/// Frees a share that was taken over.
///
/// # Safety
///
/// It is one that [`give`] has made, and has not been freed.
pub(crate) unsafe fn free_share<T>(share: Option<NonNull<T>>) {
    accessor((), || {
        // SAFETY: the caller's duty.
        drop(share.map(|share| unsafe { Arc::from_raw(share.as_ptr()) }));
    });
}

/// Handles that threads may share.
const _: () = {
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<frontegg_client>();
    is_shared::<frontegg_token_store>();
    is_shared::<frontegg_token_source>();
    is_shared::<frontegg_access_token>();
    is_shared::<frontegg_token_set>();
    is_shared::<frontegg_error>();
};
