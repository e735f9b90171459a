//! The stores that sources share.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use frontegg_token::{
    Change, Error, FileStore, Lease, Loaded, MemoryStore, RedisStore, Roots, TokenSourceBuilder,
    TokenStore,
};
use serde::Deserialize;

/// The name of a store, or what to make one of.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum StoreSettings {
    Name(String),
    Object(Kind),
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Kind {
    File {
        directory: Option<PathBuf>,
    },
    Redis {
        url: String,
        timeout_ms: Option<u64>,
        key_prefix: Option<String>,
        roots_pem: Option<String>,
    },
    Memory {
        name: String,
    },
    Own {
        name: String,
    },
}

/// Those with a name, which later sources can share.
#[derive(Default)]
pub(crate) struct Stores(HashMap<String, Arc<dyn TokenStore>>);

impl Stores {
    pub(crate) fn give(
        &mut self,
        builder: TokenSourceBuilder,
        settings: StoreSettings,
    ) -> TokenSourceBuilder {
        match settings {
            StoreSettings::Name(name) => builder.store(name.as_str()),
            StoreSettings::Object(Kind::File { directory: None }) => {
                builder.store(FileStore::new())
            }
            StoreSettings::Object(Kind::File { directory: Some(directory) }) => {
                builder.store(FileStore::in_directory(directory))
            }
            StoreSettings::Object(Kind::Redis { url, timeout_ms, key_prefix, roots_pem }) => {
                let mut store = RedisStore::builder(url);
                if let Some(ms) = timeout_ms {
                    store = store.timeout(Duration::from_millis(ms));
                }
                if let Some(prefix) = key_prefix {
                    store = store.key_prefix(prefix);
                }
                if let Some(pem) = roots_pem {
                    store = store.roots(Roots::pem(pem.as_bytes()));
                }
                builder.store(store.build())
            }
            StoreSettings::Object(Kind::Memory { name }) => {
                builder.store(self.named(name, || Arc::new(MemoryStore::new())))
            }
            StoreSettings::Object(Kind::Own { name }) => {
                builder.store(self.named(name, || Arc::new(OwnStore::default())))
            }
        }
    }

    fn named(
        &mut self,
        name: String,
        make: impl FnOnce() -> Arc<dyn TokenStore>,
    ) -> Arc<dyn TokenStore> {
        self.0.entry(name).or_insert_with(make).clone()
    }
}

/// A store as a user would write it. Nothing is ever forgotten.
#[derive(Default)]
struct OwnStore {
    entries: Mutex<HashMap<String, Vec<u8>>>,
    leases: Mutex<HashMap<String, (String, Instant)>>,
}

impl TokenStore for OwnStore {
    fn load(&self, name: &str, _: Duration) -> Result<Option<Loaded>, Error> {
        let entry = self.entries.lock().expect("whole").get(name).cloned();
        Ok(entry.map(|entry| Loaded::new(entry, None)))
    }

    fn save(&self, name: &str, change: &Change<'_>, _: Duration) -> Result<bool, Error> {
        let mut entries = self.entries.lock().expect("whole");
        let current = entries.get(name).map(Vec::as_slice);
        if current.is_some() && current != change.replaces {
            return Ok(false);
        }
        entries.insert(name.to_owned(), change.entry.to_vec());
        Ok(true)
    }

    fn lease(&self, name: &str, owner: &str, span: Duration, _: Duration) -> Result<Lease, Error> {
        let (mut leases, now) = (self.leases.lock().expect("whole"), Instant::now());
        if leases.get(name).is_some_and(|(_, end)| now < *end) {
            return Ok(Lease::Held);
        }
        leases.insert(name.to_owned(), (owner.to_owned(), now + span));
        Ok(Lease::Acquired)
    }

    fn release(&self, name: &str, owner: &str, _: Duration) -> Result<(), Error> {
        let mut leases = self.leases.lock().expect("whole");
        if leases.get(name).is_some_and(|(holder, _)| holder == owner) {
            leases.remove(name);
        }
        Ok(())
    }
}
