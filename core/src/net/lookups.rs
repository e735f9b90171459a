//! Host names, resolved once and remembered for a minute.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use super::failure::is_exhaustion;
use super::signal::Signal;
use crate::clock::Clock;
use crate::spawn::spawn;

const REMEMBERED: Duration = Duration::from_secs(60);
/// A look-up that has not answered by then is left alone: the next call starts another.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(10);
/// How many look-ups of one name may run at once, those that were left alone included.
const MAX_RUNNING: usize = 4;

/// Host (an IPv6 address without its brackets) and port.
pub(crate) type Key = (String, u16);

/// One look-up, shared by all who ask while it runs and for a minute after.
struct Lookup {
    /// By the boot-time clock, in nanoseconds.
    started: u64,
    answer: OnceLock<Result<Vec<SocketAddr>, Unresolved>>,
    /// The index of the address that connected last.
    preferred: AtomicUsize,
    /// How many look-ups of this name run.
    running: Arc<AtomicUsize>,
}

/// Why there is no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unresolved {
    /// The system's answer, in its words.
    NotFound(String),
    /// The time is up, or the wait was ended.
    Late,
    /// The system gives no thread or no descriptor, in its words.
    Exhausted(String),
}

/// The addresses of the hosts that were asked for. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Lookups {
    lookups: Arc<Mutex<HashMap<Key, Arc<Lookup>>>>,
    signal: Arc<Signal>,
}

impl Lookups {
    pub(super) fn new(signal: Arc<Signal>) -> Self {
        Self { lookups: Arc::default(), signal }
    }

    /// Returns the addresses of a host, waiting for them for so long at most. The one that
    /// connected last comes first.
    pub(super) fn resolve(
        &self,
        key: &Key,
        limit: Duration,
    ) -> Result<Vec<SocketAddr>, Unresolved> {
        if let Ok(address) = key.0.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, key.1)]);
        }
        let lookup = self.lookup(key)?;
        self.signal.wait(limit, || lookup.answer.get().is_some());
        let mut addresses = lookup.answer.get().cloned().unwrap_or(Err(Unresolved::Late))?;
        let preferred = lookup.preferred.load(Ordering::Relaxed).min(addresses.len() - 1);
        addresses[..=preferred].rotate_right(1);
        Ok(addresses)
    }

    /// Notes that this address of the host connected.
    pub(super) fn prefer(&self, key: &Key, address: SocketAddr) {
        if let Some(lookup) = self.all().get(key)
            && let Some(Ok(addresses)) = lookup.answer.get()
            && let Some(index) = addresses.iter().position(|known| *known == address)
        {
            lookup.preferred.store(index, Ordering::Relaxed);
        }
    }

    /// Forgets a host whose addresses did not connect, so that the next call asks anew.
    pub(crate) fn forget(&self, key: &Key) {
        let mut lookups = self.all();
        // One that still runs will answer whoever asks next.
        if lookups.get(key).is_some_and(|lookup| lookup.answer.get().is_some()) {
            lookups.remove(key);
        }
    }

    /// Whether the call of this thread was ended.
    pub(super) fn is_ended(&self) -> bool {
        self.signal.is_ended()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Key, Arc<Lookup>>> {
        self.lookups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the look-up that serves now: one that runs, one that was answered within the
    /// last minute, or one that is started here.
    fn lookup(&self, key: &Key) -> Result<Arc<Lookup>, Unresolved> {
        let now = Clock::System.now().boot;
        let mut lookups = self.all();
        let mut running = Arc::new(AtomicUsize::new(0));
        if let Some(lookup) = lookups.get(key) {
            let age = Duration::from_nanos(now.saturating_sub(lookup.started));
            running = lookup.running.clone();
            let serves = match lookup.answer.get() {
                None => {
                    age < GIVEN_UP_AFTER || lookup.running.load(Ordering::Relaxed) >= MAX_RUNNING
                }
                Some(answer) => answer.is_ok() && age < REMEMBERED,
            };
            if serves {
                return Ok(lookup.clone());
            }
        }
        let lookup = Arc::new(Lookup {
            started: now,
            answer: OnceLock::new(),
            preferred: AtomicUsize::new(0),
            running: running.clone(),
        });
        lookups.insert(key.clone(), lookup.clone());
        running.fetch_add(1, Ordering::Relaxed);
        drop(lookups);
        let (ours, signal, (host, port)) = (lookup.clone(), self.signal.clone(), key.clone());
        // The system's look-up cannot be interrupted; a thread of its own can be left behind.
        let started = spawn("frontegg-dns", move || {
            let answer = resolve_by_system(&host, port);
            ours.running.fetch_sub(1, Ordering::Relaxed);
            let _ = ours.answer.set(answer);
            signal.wake_all();
        });
        if let Err(error) = started {
            // Nobody will answer: whoever joined it hears so too, and the next call asks anew.
            running.fetch_sub(1, Ordering::Relaxed);
            let failure = Unresolved::Exhausted(format!("the system gives no thread: {error}"));
            let _ = lookup.answer.set(Err(failure.clone()));
            self.signal.wake_all();
            return Err(failure);
        }
        Ok(lookup)
    }
}

fn resolve_by_system(host: &str, port: u16) -> Result<Vec<SocketAddr>, Unresolved> {
    match (host, port).to_socket_addrs() {
        Ok(addresses) => {
            let addresses = interleaved(addresses.collect());
            if addresses.is_empty() {
                return Err(Unresolved::NotFound("the name has no address".to_owned()));
            }
            Ok(addresses)
        }
        Err(error) if is_exhaustion(&error) => Err(Unresolved::Exhausted(error.to_string())),
        Err(error) => Err(Unresolved::NotFound(words(&error))),
    }
}

/// The system's words, without those that std puts before them.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    let front = "failed to lookup address information: ";
    text.strip_prefix(front).map(str::to_owned).unwrap_or(text)
}

/// Alternates the families of addresses, beginning with that of the first one (RFC 8305,
/// section 4): a family that is out of order delays by one attempt, not by all of its addresses.
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first) = addresses.first().map(SocketAddr::is_ipv6) else { return addresses };
    let count = addresses.len();
    let (one, other): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first);
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    let mut mixed = Vec::with_capacity(count);
    while mixed.len() < count {
        mixed.extend(one.next());
        mixed.extend(other.next());
    }
    mixed
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookups").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::nanos;

    const SOON: Duration = Duration::from_secs(20);

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn answered(lookups: &Lookups, key: &Key, addresses: Vec<SocketAddr>) {
        let answer = OnceLock::new();
        answer.set(Ok(addresses)).unwrap();
        let lookup = Lookup {
            started: Clock::System.now().boot,
            answer,
            preferred: AtomicUsize::new(0),
            running: Arc::default(),
        };
        lookups.all().insert(key.clone(), Arc::new(lookup));
    }

    #[test]
    fn families_alternate() {
        let [a, b, c, d] = ["[::1]:1", "[::2]:1", "127.0.0.1:1", "127.0.0.2:1"].map(address);
        assert_eq!(interleaved(vec![a, b, c, d]), [a, c, b, d]);
        assert_eq!(interleaved(vec![c, a, b]), [c, a, b]);
        assert_eq!(interleaved(vec![a, b]), [a, b]);
        assert_eq!(interleaved(vec![]), []);
    }

    #[test]
    fn the_address_that_connected_last_comes_first() {
        let lookups = Lookups::default();
        let key = ("a.example".to_owned(), 1);
        let all = ["127.0.0.1:1", "127.0.0.2:1", "127.0.0.3:1"].map(address);
        answered(&lookups, &key, all.to_vec());
        assert_eq!(lookups.resolve(&key, SOON).unwrap(), all);
        lookups.prefer(&key, all[2]);
        assert_eq!(lookups.resolve(&key, SOON).unwrap(), [all[2], all[0], all[1]]);
        lookups.prefer(&key, all[0]);
        assert_eq!(lookups.resolve(&key, SOON).unwrap(), all);
    }

    #[test]
    fn an_answer_is_remembered_until_it_is_forgotten() {
        let lookups = Lookups::default();
        let key = ("localhost".to_owned(), 7);
        answered(&lookups, &key, vec![address("192.0.2.1:7")]);
        assert_eq!(lookups.resolve(&key, SOON).unwrap(), [address("192.0.2.1:7")]);
        lookups.forget(&key);
        assert!(lookups.resolve(&key, SOON).unwrap().iter().all(|it| it.ip().is_loopback()));
    }

    #[test]
    fn what_is_not_found_is_told_in_the_systems_words_and_asked_anew() {
        let lookups = Lookups::default();
        let key = ("no-such-host.invalid".to_owned(), 1);
        for _ in 0..2 {
            let error = lookups.resolve(&key, SOON).unwrap_err();
            assert!(
                matches!(&error, Unresolved::NotFound(words) if !words.is_empty()),
                "{error:?}"
            );
        }
    }

    #[test]
    fn a_lookup_that_never_answers_is_joined_for_a_while_only() {
        let lookups = Lookups::default();
        let key = ("localhost".to_owned(), 9);
        let stuck = |age: Duration, running| Lookup {
            started: Clock::System.now().boot.saturating_sub(nanos(age)),
            answer: OnceLock::new(),
            preferred: AtomicUsize::new(0),
            running: Arc::new(AtomicUsize::new(running)),
        };
        let put = |lookup| lookups.all().insert(key.clone(), Arc::new(lookup));
        put(stuck(Duration::ZERO, 1));
        assert_eq!(lookups.resolve(&key, Duration::ZERO), Err(Unresolved::Late));
        put(stuck(GIVEN_UP_AFTER, MAX_RUNNING));
        assert_eq!(lookups.resolve(&key, Duration::ZERO), Err(Unresolved::Late));
        put(stuck(GIVEN_UP_AFTER, MAX_RUNNING - 1));
        assert!(!lookups.resolve(&key, SOON).unwrap().is_empty());
    }

    #[test]
    fn a_lookup_without_a_thread_fails_once() {
        use crate::spawn::shortage::Shortage;
        let lookups = Lookups::default();
        let key = ("localhost".to_owned(), 11);
        let refused = Shortage::of_all().during(|| lookups.resolve(&key, SOON)).unwrap_err();
        let Unresolved::Exhausted(words) = refused else { panic!("{refused:?}") };
        assert!(words.contains("gives no thread"), "{words}");
        assert!(!lookups.resolve(&key, SOON).unwrap().is_empty());
    }
}
