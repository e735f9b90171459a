//! Host names, resolved once and remembered for a minute.
//!
//! ureq resolves on every call, and starts a thread to do so wherever a time-out is set.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use std::{fmt, io, thread};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::cork::not_sent;
use super::signal::Signal;

const REMEMBERED: Duration = Duration::from_secs(60);
/// As many as ureq's list holds.
const MAX_ADDRESSES: usize = 16;

type Key = (String, u16);

/// One look-up, shared by all who ask while it runs and for a minute after.
struct Lookup {
    started: Instant,
    addresses: OnceLock<io::Result<Vec<SocketAddr>>>,
}

#[derive(Clone)]
pub(super) struct RememberingResolver {
    lookups: Arc<Mutex<HashMap<Key, Arc<Lookup>>>>,
    signal: Arc<Signal>,
}

impl RememberingResolver {
    pub(super) fn new(signal: Arc<Signal>) -> Self {
        Self { lookups: Arc::default(), signal }
    }

    /// Forgets a host whose addresses did not connect, so that the next call asks anew.
    pub(super) fn forget(&self, uri: &Uri) {
        if let Some(key) = key(uri) {
            self.lookups.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        }
    }

    /// The look-up that serves now: one that is under way, has answered within the last
    /// minute, or is started here.
    fn lookup(&self, key: &Key) -> io::Result<Arc<Lookup>> {
        let mut lookups = self.lookups.lock().unwrap_or_else(PoisonError::into_inner);
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

impl Resolver for RememberingResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let key = key(uri).ok_or_else(|| not_sent(ureq::Error::HostNotFound))?;
        let mut result = self.empty();
        if let Ok(address) = key.0.parse::<IpAddr>() {
            result.push(SocketAddr::new(address, key.1));
            return Ok(result);
        }
        let lookup = self.lookup(&key).map_err(|error| not_sent(error.into()))?;
        let wait = (!timeout.after.is_not_happening()).then(|| *timeout.after);
        self.signal.wait(wait, || lookup.addresses.get().is_some());
        match lookup.addresses.get() {
            Some(Ok(addresses)) if !addresses.is_empty() => {
                for address in addresses.iter().take(MAX_ADDRESSES) {
                    result.push(*address);
                }
                Ok(result)
            }
            Some(_) => Err(not_sent(ureq::Error::HostNotFound)),
            None => Err(not_sent(ureq::Error::Timeout(timeout.reason))),
        }
    }
}

/// Host (an IPv6 address without its brackets) and port.
fn key(uri: &Uri) -> Option<Key> {
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
    let port = uri.port_u16().or_else(|| match uri.scheme_str()? {
        "https" => Some(443),
        "http" => Some(80),
        "socks4" | "socks4a" | "socks5" | "socks" => Some(1080),
        _ => None,
    })?;
    Some((host.to_ascii_lowercase(), port))
}

impl fmt::Debug for RememberingResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RememberingResolver").finish_non_exhaustive()
    }
}
