//! `frontegg_client`: the two calls.

use std::ffi::{CString, c_char};
use std::mem::MaybeUninit;
use std::ptr;

use frontegg_core::{Client, Credentials, Error, RefreshToken};

use crate::border::{accessor, call, free};
use crate::config::frontegg_config;
use crate::error::frontegg_error;
use crate::status::frontegg_status;
use crate::text::{self, for_c, pointer};
use crate::token_set::frontegg_token_set;

/// The two calls of the service, stateless but for a pool of connections. Any number of
/// threads may use one client at once; make one, and share it. Owned by the caller; free it
/// with frontegg_client_free.
pub struct frontegg_client {
    base_url: CString,
    inner: Client,
}

impl frontegg_client {
    pub(crate) fn inner(&self) -> &Client {
        &self.inner
    }
}

/// Makes a client, which is the caller's to free. This is where a bad setting surfaces, as
/// FRONTEGG_STATUS_INVALID_ARGUMENT. Does not block: opens no connection, and loads the
/// platform's roots at the first call only. The config stays the caller's: it can be freed at
/// once, or serve again.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_client_new(
    config: Option<&frontegg_config>,
    client: Option<&mut MaybeUninit<Option<Box<frontegg_client>>>>,
    error: Option<&mut MaybeUninit<Option<Box<frontegg_error>>>>,
) -> frontegg_status {
    call(client, error, || {
        let inner = config.ok_or_else(|| text::is_null("the config"))?.builder()?.build()?;
        Ok(frontegg_client { base_url: for_c(inner.endpoint().base_url()), inner })
    })
}

/// Interrupts the calls under way in other threads, which fail with FRONTEGG_STATUS_CLOSED
/// as do all that follow, and closes the connections. A call that is connecting ends with
/// its time-out. May be called from any thread, repeatedly, and with NULL. The client still
/// has to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_client_close(client: Option<&frontegg_client>) {
    accessor((), || {
        if let Some(client) = client {
            client.inner.close();
        }
    });
}

/// Frees a client. No other thread may be in a call with it: close it and let the calls
/// end first. What the calls answered stays valid. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_client_free(client: Option<Box<frontegg_client>>) {
    free(client);
}

/// Where the client calls, such as `https://api.us.frontegg.com/identity`. NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_client_base_url(client: Option<&frontegg_client>) -> *const c_char {
    accessor(ptr::null(), || pointer(client.map(|client| &*client.base_url)))
}

/// Exchanges the client id and secret of an API token for a fresh token set, which is the
/// caller's to free. From any thread. Blocks for the config's deadline at most; repeats the
/// request after a passing failure. FRONTEGG_STATUS_INVALID_CREDENTIALS if the service knows
/// no such client id and secret; any other status but FRONTEGG_STATUS_REFRESH_REJECTED is
/// possible as well.
///
/// The service keeps 100 refresh tokens alive per API token: the authentication that makes
/// one more invalidates the earliest. So keep the token set, and refresh it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_client_authenticate(
    client: Option<&frontegg_client>,
    client_id: *const c_char,
    secret: *const c_char,
    token_set: Option<&mut MaybeUninit<Option<Box<frontegg_token_set>>>>,
    error: Option<&mut MaybeUninit<Option<Box<frontegg_error>>>>,
) -> frontegg_status {
    call(token_set, error, || {
        let client = open(client)?;
        // SAFETY: the header's rule on strings.
        let (client_id, secret) =
            unsafe { (text::read(client_id, "the client id")?, text::read(secret, "the secret")?) };
        Ok(client.authenticate(&Credentials::new(client_id, secret)?)?.into())
    })
}

/// Exchanges a refresh token for a fresh token set, which is the caller's to free. From any
/// thread. Blocks for the config's deadline at most; repeats the request only where the
/// service cannot have consumed the token. FRONTEGG_STATUS_REFRESH_REJECTED if the token was
/// consumed, has expired or was evicted; any other status but
/// FRONTEGG_STATUS_INVALID_CREDENTIALS is possible as well.
///
/// A refresh token is single-use: whatever comes of the call, do not present it again unless
/// frontegg_error_retryable says so, but authenticate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_client_refresh(
    client: Option<&frontegg_client>,
    refresh_token: *const c_char,
    token_set: Option<&mut MaybeUninit<Option<Box<frontegg_token_set>>>>,
    error: Option<&mut MaybeUninit<Option<Box<frontegg_error>>>>,
) -> frontegg_status {
    call(token_set, error, || {
        let client = open(client)?;
        // SAFETY: the header's rule on strings.
        let refresh_token = unsafe { text::read(refresh_token, "the refresh token") }?;
        Ok(client.refresh(&RefreshToken::new(refresh_token))?.into())
    })
}

fn open(client: Option<&frontegg_client>) -> Result<&Client, Error> {
    client.map(|client| &client.inner).ok_or_else(|| text::is_null("the client"))
}
