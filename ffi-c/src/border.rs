//! What every entry point goes through: nothing unwinds, and outputs are NULL until success.

use std::mem::MaybeUninit;

use frontegg_core::Error;
use frontegg_core::guard::guard;

use crate::client::frontegg_client;
use crate::error::frontegg_error;
use crate::status::frontegg_status;
use crate::text;
use crate::token_set::frontegg_token_set;

/// Where a handle is to be put. The caller need not have initialised it.
pub(crate) type Slot<T> = MaybeUninit<Option<Box<T>>>;

/// Runs a call that makes a handle.
pub(crate) fn call<T>(
    output: Option<&mut Slot<T>>,
    error: Option<&mut Slot<frontegg_error>>,
    work: impl FnOnce() -> Result<T, Error>,
) -> frontegg_status {
    let output = output.map(|slot| slot.write(None));
    let error = error.map(|slot| slot.write(None));
    let work = || {
        let output = output.ok_or_else(|| text::is_null("the output"))?;
        *output = Some(Box::new(work()?));
        Ok(())
    };
    let Err(failure) = guard(work) else { return frontegg_status::Ok };
    let status = failure.code().into();
    accessor(status, || {
        if let Some(error) = error {
            *error = Some(Box::new(frontegg_error::new(&failure)));
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

/// Handles that threads may share.
const _: () = {
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<frontegg_client>();
    is_shared::<frontegg_token_set>();
    is_shared::<frontegg_error>();
};
