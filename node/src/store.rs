//! The stores that sources share tokens by.

use std::sync::Arc;

use frontegg_token::{FileStore, MemoryStore, RedisStore, Secret, TokenStore};
use napi_derive::napi;

use crate::bridge::Bridge;
use crate::own_store::OwnStore;
use crate::settings::{roots, span};
use crate::{Thrown, guarded};

/// Settings of a store in Redis beside its URL: what the user gave and nothing else.
#[napi(object, object_to_js = false)]
pub struct RedisSettings {
    pub timeout: Option<f64>,
    pub key_prefix: Option<String>,
    pub roots: Option<String>,
    pub ca_pem: Option<String>,
    pub ca_file: Option<String>,
    pub client_certificate_chain: Option<String>,
    pub client_certificate_key: Option<String>,
}

/// A store of the core.
#[napi]
pub struct NativeStore {
    pub(crate) store: Arc<dyn TokenStore>,
}

#[napi]
impl NativeStore {
    /// In this directory, or in the user's cache.
    #[napi(factory)]
    pub fn file(directory: Option<String>) -> Result<Self, Thrown> {
        guarded(|| {
            let store = match directory {
                Some(directory) => FileStore::in_directory(directory)?,
                None => FileStore::new(),
            };
            Ok(Self { store: Arc::new(store) })
        })
    }

    /// In this process.
    #[napi(factory)]
    pub fn memory() -> Result<Self, Thrown> {
        guarded(|| Ok(Self { store: Arc::new(MemoryStore::new()) }))
    }

    /// Written in JavaScript, which knows it by this id. The timeout is in milliseconds.
    #[napi(factory)]
    pub fn own(bridge: &Bridge, id: u32, timeout: Option<f64>) -> Result<Self, Thrown> {
        guarded(|| {
            let store = OwnStore::new(bridge.questions(), id, timeout)?;
            Ok(Self { store: Arc::new(store) })
        })
    }

    /// In Redis or Valkey.
    #[napi(factory)]
    pub fn redis(url: String, settings: RedisSettings) -> Result<Self, Thrown> {
        guarded(|| {
            let mut builder = RedisStore::builder(Secret::new(url));
            if let Some(timeout) = span("timeout", settings.timeout)? {
                builder = builder.timeout(timeout);
            }
            let RedisSettings { roots: name, ca_pem, ca_file, .. } = &settings;
            if let Some(roots) = roots(name.as_ref(), ca_pem.as_ref(), ca_file.as_ref())? {
                builder = builder.roots(roots);
            }
            if let Some(prefix) = settings.key_prefix {
                builder = builder.key_prefix(prefix);
            }
            let pair = (settings.client_certificate_chain, settings.client_certificate_key);
            if let (Some(chain), Some(key)) = pair {
                builder = builder.client_certificate(chain.as_bytes(), key.as_bytes());
            }
            Ok(Self { store: Arc::new(builder.build()?) })
        })
    }
}
