//! The stores that sources share.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
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
        hang: Option<String>,
    },
}

/// Those with a name, which later sources can share.
#[derive(Default)]
pub(crate) struct Stores {
    named: HashMap<String, Arc<dyn TokenStore>>,
    own: HashMap<String, Arc<OwnStore>>,
}

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
            StoreSettings::Object(Kind::Own { name, hang }) => {
                let make = || Arc::new(OwnStore { hang: Mutex::new(hang), ..OwnStore::default() });
                builder.store(self.own.entry(name).or_insert_with(make).clone())
            }
        }
    }

    pub(crate) fn resume(&self, name: &str) {
        let store = &self.own[name];
        *store.hang.lock().expect("whole") = None;
        store.resumed.notify_all();
    }

    fn named(
        &mut self,
        name: String,
        make: impl FnOnce() -> Arc<dyn TokenStore>,
    ) -> Arc<dyn TokenStore> {
        self.named.entry(name).or_insert_with(make).clone()
    }
}

/// A store as a user would write it. Nothing is ever forgotten.
#[derive(Default)]
struct OwnStore {
    /// The operation that does not return.
    hang: Mutex<Option<String>>,
    resumed: Condvar,
    entries: Mutex<HashMap<String, Vec<u8>>>,
    leases: Mutex<HashMap<String, (String, Instant)>>,
}

impl OwnStore {
    fn begin(&self, operation: &str) {
        let hang = self.hang.lock().expect("whole");
        let hangs = |hang: &mut Option<String>| hang.as_deref() == Some(operation);
        drop(self.resumed.wait_while(hang, hangs).expect("whole"));
    }
}

impl TokenStore for OwnStore {
    fn load(&self, name: &str, _: Duration) -> Result<Option<Loaded>, Error> {
        self.begin("load");
        let entry = self.entries.lock().expect("whole").get(name).cloned();
        Ok(entry.map(|entry| Loaded::new(entry, None)))
    }

    fn save(&self, name: &str, change: &Change<'_>, _: Duration) -> Result<bool, Error> {
        self.begin("save");
        let mut entries = self.entries.lock().expect("whole");
        let current = entries.get(name).map(Vec::as_slice);
        if current.is_some() && current != change.replaces {
            return Ok(false);
        }
        entries.insert(name.to_owned(), change.entry.to_vec());
        Ok(true)
    }

    fn lease(&self, name: &str, owner: &str, span: Duration, _: Duration) -> Result<Lease, Error> {
        self.begin("lease");
        let (mut leases, now) = (self.leases.lock().expect("whole"), Instant::now());
        if leases.get(name).is_some_and(|(_, end)| now < *end) {
            return Ok(Lease::Held);
        }
        leases.insert(name.to_owned(), (owner.to_owned(), now + span));
        Ok(Lease::Acquired)
    }

    fn release(&self, name: &str, owner: &str, _: Duration) -> Result<(), Error> {
        self.begin("release");
        let mut leases = self.leases.lock().expect("whole");
        if leases.get(name).is_some_and(|(holder, _)| holder == owner) {
            leases.remove(name);
        }
        Ok(())
    }
}
