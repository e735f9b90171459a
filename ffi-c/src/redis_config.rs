//! `frontegg_redis_config`: the settings of a store in Redis, one setter each.

use std::ffi::c_char;
use std::time::Duration;

use frontegg_core::{Error, RedisStore, RedisStoreBuilder, Roots};

use crate::border::{accessor, free};
use crate::collected::Collected;
use crate::text::{read, read_bytes};

/// The settings of a store in Redis or Valkey. All but the URL have a default, and a setting that
/// was set twice has the last value. Setters copy what they are given, and do nothing for a NULL
/// config. A bad value, which NULL is as well, surfaces in frontegg_token_store_new_redis; until
/// then it is kept, even if a good one follows. One thread at a time may use a config. Owned by the
/// caller; free it with frontegg_redis_config_free.
pub struct frontegg_redis_config(Collected<RedisStoreBuilder>);

impl frontegg_redis_config {
    pub(crate) fn builder(&self) -> Result<RedisStoreBuilder, Error> {
        self.0.get().cloned()
    }
}

fn set(
    config: Option<&mut frontegg_redis_config>,
    change: impl FnOnce(RedisStoreBuilder) -> Result<RedisStoreBuilder, Error>,
) {
    if let Some(config) = config {
        config.0.set(|builder| {
            *builder = change(builder.clone())?;
            Ok(())
        });
    }
}

/// A config for the server at this URL, every other setting at its default:
/// `redis://[[user]:password@]host[:port][/database]`, `rediss://...` for TLS, or `unix:///path`;
/// `valkey` and `valkeys` mean the same. Special characters of a password are percent-encoded. Behind
/// a `?` may stand `timeout=1s` (or `ms`), `key_prefix`, `ca_file`, `cert_file`, `key_file`, `db`,
/// `user` and `password`, separated by `&`; the setters below go before them. Parameters of other
/// clients are ignored with a warning where they change nothing, and bad values else. The URL is
/// treated as a secret. Never NULL.
///
/// The server is a single one or a primary, Redis 6.2 or later or Valkey; neither Redis Cluster nor
/// Sentinel. A user of its own needs the commands `eval`, `evalsha`, `get`, `set`, `del` and `pttl`,
/// with `select` for a database other than 0, and the keys that begin with the prefix.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_redis_config_new(
    url: *const c_char,
) -> Option<Box<frontegg_redis_config>> {
    accessor(None, || {
        let mut config = frontegg_redis_config(Collected::new(RedisStore::builder("")));
        // SAFETY: the header's rule on strings.
        set(Some(&mut config), |_| Ok(RedisStore::builder(unsafe { read(url, "the URL") }?)));
        Some(Box::new(config))
    })
}

/// Frees a config. Stores made from it stay as they are. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_redis_config_free(config: Option<Box<frontegg_redis_config>>) {
    free(config);
}

/// How long the server's answers may take, all those of one renewal together, and how long
/// connecting may take: beyond that, a source goes on without the store. 250 ms by default; 0 is a
/// bad value.
#[unsafe(no_mangle)]
pub extern "C" fn frontegg_redis_config_set_timeout_ms(
    config: Option<&mut frontegg_redis_config>,
    milliseconds: u64,
) {
    set(config, |builder| Ok(builder.timeout(Duration::from_millis(milliseconds))));
}

/// What all keys begin with. `frontegg-token:` by default.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_redis_config_set_key_prefix(
    config: Option<&mut frontegg_redis_config>,
    prefix: *const c_char,
) {
    // SAFETY: the header's rule on strings.
    set(config, |builder| Ok(builder.key_prefix(unsafe { read(prefix, "the key prefix") }?)));
}

/// The certificate authorities to trust, where the URL asks for TLS: `platform` (the default) or
/// `bundled`, as frontegg_config_set_roots has them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_redis_config_set_roots(
    config: Option<&mut frontegg_redis_config>,
    roots: *const c_char,
) {
    set(config, |builder| {
        // SAFETY: the header's rule on strings.
        Ok(builder.roots(unsafe { read(roots, "the roots") }?.parse::<Roots>()?))
    });
}

/// Trusts the certificate authorities in this PEM text of so many bytes, and no others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_redis_config_set_ca_pem(
    config: Option<&mut frontegg_redis_config>,
    pem: *const c_char,
    length: usize,
) {
    set(config, |builder| {
        // SAFETY: the header's rule on byte ranges.
        Ok(builder.roots(Roots::pem(unsafe { read_bytes(pem, length, "the CA's PEM") }?)?))
    });
}

/// Trusts the certificate authorities in this PEM file, and no others. It is read now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_redis_config_set_ca_file(
    config: Option<&mut frontegg_redis_config>,
    path: *const c_char,
) {
    set(config, |builder| {
        // SAFETY: the header's rule on strings.
        Ok(builder.roots(Roots::pem_file(unsafe { read(path, "the path of the CA file") }?)?))
    });
}

/// A client certificate chain and its private key, both PEM texts of so many bytes, to show where
/// the URL asks for TLS. None by default.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn frontegg_redis_config_set_client_certificate(
    config: Option<&mut frontegg_redis_config>,
    chain_pem: *const c_char,
    chain_length: usize,
    key_pem: *const c_char,
    key_length: usize,
) {
    set(config, |builder| {
        // SAFETY: the header's rule on byte ranges.
        let (chain, key) = unsafe {
            (
                read_bytes(chain_pem, chain_length, "the client certificate's PEM")?,
                read_bytes(key_pem, key_length, "the client key's PEM")?,
            )
        };
        Ok(builder.client_certificate(chain, key))
    });
}
