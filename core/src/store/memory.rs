//! For the sources of one process.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use crate::Error;
use crate::per_process::PerProcess;
use crate::sync::{Mutex, lock};

use super::{Change, Lease, Loaded, TokenStore};

/// Shares tokens among the sources of this process, where they cannot be one source. A forked
/// child starts with an empty one.
#[derive(Default)]
pub struct MemoryStore(PerProcess<Mutex<HashMap<String, Place>>>);

/// What there is under a name.
#[derive(Default)]
struct Place {
    entry: Option<(Vec<u8>, Instant)>,
    /// Its owner and its end.
    lease: Option<(String, Instant)>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn at<T>(&self, name: &str, act: impl FnOnce(&mut Place, Instant) -> T) -> T {
        let places = self.0.get(Mutex::default);
        let mut places = lock(&places);
        let place = places.entry(name.to_owned()).or_default();
        let now = Instant::now();
        place.entry.take_if(|(_, end)| *end <= now);
        place.lease.take_if(|(_, end)| *end <= now);
        act(place, now)
    }
}

impl TokenStore for MemoryStore {
    fn load(&self, name: &str, _: Duration) -> Result<Option<Loaded>, Error> {
        Ok(self.at(name, |place, now| {
            let (entry, end) = place.entry.as_ref()?;
            Some(Loaded { entry: entry.clone(), left: Some(end.saturating_duration_since(now)) })
        }))
    }

    fn save(&self, name: &str, change: &Change<'_>, _: Duration) -> Result<bool, Error> {
        Ok(self.at(name, |place, now| {
            let current = place.entry.as_ref().map(|(entry, _)| entry.as_slice());
            let replaced = current.is_none() || current == change.replaces;
            if replaced {
                let end = now + change.keep.min(crate::LONGEST);
                place.entry = Some((change.entry.to_vec(), end));
            }
            replaced
        }))
    }

    fn lease(&self, name: &str, owner: &str, span: Duration, _: Duration) -> Result<Lease, Error> {
        Ok(self.at(name, |place, now| {
            if place.lease.is_some() {
                return Lease::Held;
            }
            place.lease = Some((owner.to_owned(), now + span.min(crate::LONGEST)));
            Lease::Acquired
        }))
    }

    fn release(&self, name: &str, owner: &str, _: Duration) -> Result<(), Error> {
        self.at(name, |place, _| place.lease.take_if(|(holder, _)| holder == owner));
        Ok(())
    }

    fn never_blocks(&self) -> bool {
        true
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}
