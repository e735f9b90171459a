//! `frontegg_token_store`: where sources share tokens.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::Arc;

use frontegg_core::{FileStore, MemoryStore, TokenStore};

use crate::border::{accessor, call, free};
use crate::error::frontegg_error;
#[cfg(feature = "redis")]
use crate::redis_config::frontegg_redis_config;
use crate::status::frontegg_status;
#[cfg(feature = "redis")]
use crate::text::is_null;
use crate::text::read;

/// A place where sources of the same API token share its tokens. What is in it is sealed with the
/// API token's secret, and never readable without. Any number of sources and threads may use one
/// store at once. Sources keep what they need of it: it can be freed while they use it. Owned by
/// the caller; free it with frontegg_token_store_free.
///
/// A store of another kind than these cannot be made in C: it is written in Rust.
pub struct frontegg_token_store(Arc<dyn TokenStore>);

impl frontegg_token_store {
    fn new(store: impl TokenStore + 'static) -> Self {
        Self(Arc::new(store))
    }

    pub(crate) fn share(&self) -> Arc<dyn TokenStore> {
        self.0.clone()
    }
}

/// A store in this process's memory, for sources that cannot be one source. A forked child has an
/// empty one. Never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_store_new_memory() -> Option<Box<frontegg_token_store>> {
    accessor(None, || Some(Box::new(frontegg_token_store::new(MemoryStore::new()))))
}

/// A store in files, for the processes of one user on one host, which is the caller's to free. The
/// directory is made on first use where it is missing, with its parents, for the user alone; it
/// should be on a local disk. Of one that is there the mode is never changed: where other users can
/// come into it, a subdirectory of this user's serves. NULL is the user's cache: `$XDG_CACHE_HOME/frontegg-token`, or
/// else `~/.cache/frontegg-token`; `~/Library/Caches/frontegg-token` on macOS,
/// `%LOCALAPPDATA%\frontegg-token` on Windows. No other thread may change the environment
/// meanwhile.
///
/// Fails with FRONTEGG_STATUS_INVALID_ARGUMENT where what is there is no directory, unless another
/// user put it there. That the directory cannot be made or used, or that the environment names no
/// place for caches, is no failure here, but one of the store when it is used: its sources go on
/// without it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_token_store_new_file(
    directory: *const c_char,
    store: Option<&mut MaybeUninit<Option<Box<frontegg_token_store>>>>,
    error: Option<&mut MaybeUninit<Option<Box<frontegg_error>>>>,
) -> frontegg_status {
    call(store, error, || {
        let store = if directory.is_null() {
            FileStore::new()
        } else {
            // SAFETY: the header's rule on strings.
            FileStore::in_directory(unsafe { read(directory, "the directory") }?)?
        };
        Ok(frontegg_token_store::new(store))
    })
}

/// A store in Redis or Valkey, for processes on any hosts, which is the caller's to free. This is
/// where a bad setting surfaces, as FRONTEGG_STATUS_INVALID_ARGUMENT. Does not block: connections
/// are opened when they are needed. The config stays the caller's: it can be freed at once, or
/// serve again.
#[cfg(feature = "redis")]
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_store_new_redis(
    config: Option<&frontegg_redis_config>,
    store: Option<&mut MaybeUninit<Option<Box<frontegg_token_store>>>>,
    error: Option<&mut MaybeUninit<Option<Box<frontegg_error>>>>,
) -> frontegg_status {
    call(store, error, || {
        let builder = config.ok_or_else(|| is_null("the config"))?.builder()?;
        Ok(frontegg_token_store::new(builder.build()?))
    })
}

/// Frees a store. Sources and configs that it was given to go on with it. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_token_store_free(store: Option<Box<frontegg_token_store>>) {
    free(store);
}
