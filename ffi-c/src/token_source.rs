//! `frontegg_token_source`: a valid token at hand.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use frontegg_core::{
    AccessToken, Credentials, Error, TokenRequest, TokenSource, TokenSourceBuilder,
};

use crate::access_token::frontegg_access_token;
use crate::border::{accessor, attempt, call, call_shared, give};
use crate::client::frontegg_client;
use crate::config::frontegg_config;
use crate::error::frontegg_error;
use crate::observed::Observed;
use crate::source_config::frontegg_source_config;
use crate::stats::frontegg_stats;
use crate::status::frontegg_status;
use crate::text;

/// As the time that a call waits: as long as the source's deadline says.
pub const FRONTEGG_SOURCE_DEADLINE: u64 = u64::MAX;

/// Keeps a valid access token of one API token at hand. Any number of threads may use one
/// source at once; make one for each API token, and share it. Nothing runs between calls.
/// Owned by the caller; free it with frontegg_token_source_free.
pub struct frontegg_token_source {
    inner: TokenSource,
    /// The token that was answered last: all who get it share one handle.
    latest: ArcSwapOption<frontegg_access_token>,
    observed: Option<Arc<Observed>>,
}

impl frontegg_token_source {
    fn new(
        builder: TokenSourceBuilder,
        config: Option<&frontegg_source_config>,
    ) -> Result<Self, Error> {
        let (builder, observed) = match config {
            Some(config) => config.apply(builder)?,
            None => (builder, None),
        };
        Ok(Self { inner: builder.build()?, latest: ArcSwapOption::const_empty(), observed })
    }

    /// A token as C reads it.
    #[inline]
    fn share(&self, token: &AccessToken) -> Arc<frontegg_access_token> {
        let latest = self.latest.load();
        match &*latest {
            Some(latest) if latest.is(token) => latest.clone(),
            _ => self.renew(token),
        }
    }

    #[cold]
    fn renew(&self, token: &AccessToken) -> Arc<frontegg_access_token> {
        let latest = Arc::new(frontegg_access_token::new(token));
        self.latest.store(Some(latest.clone()));
        latest
    }

    #[inline]
    fn token(&self) -> Result<Arc<frontegg_access_token>, Error> {
        let latest = self.latest.load();
        if let Some(latest) = latest.as_ref().filter(|it| self.inner.is_fresh(it.inner())) {
            return Ok(latest.clone());
        }
        match self.inner.fresh() {
            Some(token) => Ok(self.share(&token)),
            None => self.token_with(&TokenRequest::new()),
        }
    }

    #[cold]
    fn token_with(&self, request: &TokenRequest) -> Result<Arc<frontegg_access_token>, Error> {
        Ok(self.share(&self.inner.token_with(request)?))
    }

    fn close(&self) {
        self.inner.close();
        self.latest.store(None);
        // Whoever frees the source may free what the observer looks at.
        if let Some(observed) = &self.observed {
            observed.end();
        }
    }
}

fn open(source: Option<&frontegg_token_source>) -> Result<&frontegg_token_source, Error> {
    source.ok_or_else(|| text::is_null("the source"))
}

/// What the header promises of two strings.
///
/// # Safety
///
/// Each pointer is NULL, or that of a NUL-terminated string.
unsafe fn credentials(
    client_id: *const c_char,
    secret: *const c_char,
) -> Result<Credentials, Error> {
    // SAFETY: the caller's duty.
    let (client_id, secret) =
        unsafe { (text::read(client_id, "the client id")?, text::read(secret, "the secret")?) };
    Credentials::new(client_id, secret)
}

/// Makes a source for this API token, which is the caller's to free. With NULL for the config,
/// every setting is at its default; a bad one surfaces here, as
/// FRONTEGG_STATUS_INVALID_ARGUMENT. Does not block: contacts nobody until a token is asked for.
/// Client and config stay the caller's and can be freed at once; any number of sources may share
/// a client. A client that is closed can renew nothing any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_token_source_new(
    client: Option<&frontegg_client>,
    client_id: *const c_char,
    secret: *const c_char,
    config: Option<&frontegg_source_config>,
    source: Option<&mut MaybeUninit<Option<Box<frontegg_token_source>>>>,
    error: Option<&mut MaybeUninit<Option<Box<frontegg_error>>>>,
) -> frontegg_status {
    call(source, error, || {
        let client = client.ok_or_else(|| text::is_null("the client"))?.inner().clone();
        // SAFETY: the header's rule on strings.
        let credentials = unsafe { credentials(client_id, secret) }?;
        frontegg_token_source::new(TokenSource::builder(client, credentials), config)
    })
}

/// The same with a client of its own, the API token that `FRONTEGG_CLIENT_ID` and
/// `FRONTEGG_SECRET` name, and the shared store that `FRONTEGG_TOKEN_STORE` names, as
/// frontegg_source_config_set_store_name would; the config's own goes before. An empty variable is
/// as good as none. With NULL for the client's config, that is as frontegg_config_new_from_env
/// makes it. No other thread may change the environment meanwhile.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_source_new_from_env(
    client_config: Option<&frontegg_config>,
    config: Option<&frontegg_source_config>,
    source: Option<&mut MaybeUninit<Option<Box<frontegg_token_source>>>>,
    error: Option<&mut MaybeUninit<Option<Box<frontegg_error>>>>,
) -> frontegg_status {
    call(source, error, || {
        let builder = match client_config {
            None => TokenSourceBuilder::from_env(),
            Some(given) => TokenSourceBuilder::from_env_with(given.builder()?.build()?),
        };
        frontegg_token_source::new(builder, config)
    })
}

/// A valid access token, which is the caller's to free: at once if there is one, else by renewal.
/// From any thread. While the token is fresh, this takes no lock, allocates nothing and makes no
/// system call: do not keep the token, but ask each time that one is needed.
///
/// Blocks only where there is no token, or one in its last 30 s or the last tenth of its lifetime,
/// and then for the source's deadline at most; all who wait share one renewal, its token or its
/// error. An expired token is never answered. Any status is possible.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_source_token(
    source: Option<&frontegg_token_source>,
    token: Option<&mut MaybeUninit<Option<NonNull<frontegg_access_token>>>>,
    error: Option<&mut MaybeUninit<Option<Box<frontegg_error>>>>,
) -> frontegg_status {
    call_shared(token, error, || open(source)?.token())
}

/// The same with at least so much of its life left: beyond nine tenths of the lifetime that the
/// service gives, that is an invalid argument. Waits for `timeout_ms` at most, and fails with
/// FRONTEGG_STATUS_TIMEOUT then if nothing can be answered, while the renewal goes on; 0 does not
/// wait at all. FRONTEGG_SOURCE_DEADLINE leaves that to the source's deadline.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_source_token_with(
    source: Option<&frontegg_token_source>,
    min_validity_ms: u64,
    timeout_ms: u64,
    token: Option<&mut MaybeUninit<Option<NonNull<frontegg_access_token>>>>,
    error: Option<&mut MaybeUninit<Option<Box<frontegg_error>>>>,
) -> frontegg_status {
    call_shared(token, error, || {
        let mut request = TokenRequest::new().min_validity(Duration::from_millis(min_validity_ms));
        if timeout_ms != FRONTEGG_SOURCE_DEADLINE {
            request = request.timeout(Duration::from_millis(timeout_ms));
        }
        open(source)?.token_with(&request)
    })
}

/// The current token if it is valid, which is the caller's to free; else NULL, as for NULL. Never
/// blocks, and starts no renewal.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_source_peek(
    source: Option<&frontegg_token_source>,
) -> Option<NonNull<frontegg_access_token>> {
    accessor(None, || {
        let source = source?;
        Some(give(source.share(&source.inner.peek()?)))
    })
}

/// Tells that a resource server answered 401 to this token. It is dropped if it is still the
/// current one, so that a burst of late 401s causes one renewal; answers whether it was. Does not
/// block; the next call for a token renews. false for NULL.
///
/// Where tokens are rejected one after the other, renewing does not help: from the second one on,
/// the rejected token serves on for a while (1 s, doubling to 30 s) before it is renewed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_token_source_invalidate(
    source: Option<&frontegg_token_source>,
    token: *const c_char,
) -> bool {
    accessor(false, || {
        // SAFETY: the header's rule on strings.
        let token = unsafe { text::read(token, "the token") };
        matches!((source, token), (Some(source), Ok(token)) if source.inner.invalidate_str(token))
    })
}

/// Goes on with other credentials, such as a rotated secret. What was remembered of a rejection is
/// forgotten. A token of another client id is dropped; one of the same stays until it is due. Does
/// not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_token_source_set_credentials(
    source: Option<&frontegg_token_source>,
    client_id: *const c_char,
    secret: *const c_char,
    error: Option<&mut MaybeUninit<Option<Box<frontegg_error>>>>,
) -> frontegg_status {
    attempt(error, || {
        let source = open(source)?;
        // SAFETY: the header's rule on strings.
        source.inner.set_credentials(unsafe { credentials(client_id, secret) }?);
        source.latest.store(None);
        Ok(())
    })
}

/// Tells what the source has done so far: give `sizeof(frontegg_stats)` as the size. All zero for
/// a NULL source; nothing is written to a NULL. Does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_token_source_stats(
    source: Option<&frontegg_token_source>,
    stats: *mut frontegg_stats,
    size: usize,
) {
    accessor((), || {
        let known = source.map(|source| source.inner.stats().into()).unwrap_or_default();
        if !stats.is_null() {
            // SAFETY: it is not NULL, and the caller says how large it is.
            unsafe { frontegg_stats::write_to(&known, stats, size) };
        }
    });
}

/// What the shared store's last failure was, which is the caller's to free. NULL once the store
/// works again, where none has failed, and for NULL. Does not block.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_source_store_error(
    source: Option<&frontegg_token_source>,
) -> Option<Box<frontegg_error>> {
    accessor(None, || {
        let failure = source?.inner.stats().store_error?;
        Some(Box::new(frontegg_error::new(&failure)))
    })
}

/// Fails all calls with FRONTEGG_STATUS_CLOSED, those that wait at once, interrupts a renewal
/// under way, and blocks until its thread has ended, for half a second at most, and until its
/// observer is not called any more. The client stays open. May be called from any thread, repeatedly, and with NULL. The
/// source still has to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_source_close(source: Option<&frontegg_token_source>) {
    accessor((), || {
        if let Some(source) = source {
            source.close();
        }
    });
}

/// Closes a source, which blocks as frontegg_token_source_close does, and frees it. No other
/// thread may be in a call with it, and its observer is not called any more. Tokens that it
/// answered stay valid. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_source_free(source: Option<Box<frontegg_token_source>>) {
    accessor((), || {
        if let Some(source) = source {
            source.close();
        }
    });
}
