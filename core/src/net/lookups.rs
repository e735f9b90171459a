//! Host names, resolved once and remembered for a minute.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use std::{fmt, io, thread};

use super::signal::Signal;

const REMEMBERED: Duration = Duration::from_secs(60);

/// Host (an IPv6 address without its brackets) and port.
pub(crate) type Key = (String, u16);

/// One look-up, shared by all who ask while it runs and for a minute after.
struct Lookup {
    started: Instant,
    addresses: OnceLock<io::Result<Vec<SocketAddr>>>,
}

/// Why there is no address.
pub(crate) enum Unresolved {
    NotFound,
    /// The time is up, or the wait was ended.
    Late,
    /// The system gives no thread.
    NoThread(io::Error),
}

#[derive(Clone, Default)]
pub(crate) struct Lookups {
    lookups: Arc<Mutex<HashMap<Key, Arc<Lookup>>>>,
    signal: Arc<Signal>,
}

impl Lookups {
    pub(super) fn new(signal: Arc<Signal>) -> Self {
        Self { lookups: Arc::default(), signal }
    }

    /// Hands each address of a host to `take`, waiting for them until the limit (`None`: as
    /// long as it takes).
    pub(crate) fn resolve(
        &self,
        key: &Key,
        limit: Option<Duration>,
        mut take: impl FnMut(SocketAddr),
    ) -> Result<(), Unresolved> {
        if let Ok(address) = key.0.parse::<IpAddr>() {
            take(SocketAddr::new(address, key.1));
            return Ok(());
        }
        let lookup = self.lookup(key).map_err(Unresolved::NoThread)?;
        self.signal.wait(limit, || lookup.addresses.get().is_some());
        match lookup.addresses.get() {
            Some(Ok(addresses)) if !addresses.is_empty() => {
                addresses.iter().copied().for_each(take);
                Ok(())
            }
            Some(_) => Err(Unresolved::NotFound),
            None => Err(Unresolved::Late),
        }
    }

    /// Forgets a host whose addresses did not connect, so that the next call asks anew.
    pub(crate) fn forget(&self, key: &Key) {
        self.all().remove(key);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Key, Arc<Lookup>>> {
        self.lookups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The look-up that serves now: one that is under way, has answered within the last
    /// minute, or is started here.
    fn lookup(&self, key: &Key) -> io::Result<Arc<Lookup>> {
        let mut lookups = self.all();
        if let Some(lookup) = lookups.get(key) {
            let serves = match lookup.addresses.get() {
                None => true,
                Some(answer) => answer.is_ok() && lookup.started.elapsed() < REMEMBERED,
            };
            if serves {
                return Ok(lookup.clone());
            }
        }
        let lookup = Arc::new(Lookup { started: Instant::now(), addresses: OnceLock::new() });
        lookups.insert(key.clone(), lookup.clone());
        drop(lookups);
        let (ours, signal, (host, port)) = (lookup.clone(), self.signal.clone(), key.clone());
        // The system's look-up cannot be interrupted; a thread of its own can be left behind.
        thread::Builder::new().name("frontegg-dns".into()).spawn(move || {
            let answer = (host.as_str(), port).to_socket_addrs();
            let _ = ours.addresses.set(answer.map(Iterator::collect));
            signal.wake_all();
        })?;
        Ok(lookup)
    }
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookups").finish_non_exhaustive()
    }
}
