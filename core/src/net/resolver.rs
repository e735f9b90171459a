//! Remembered host names for ureq, which resolves on every call, and starts a thread to do so
//! wherever a time-out is set.

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::cork::not_sent;
use super::lookups::{Key, Lookups, Unresolved};

/// As many as ureq's list holds.
const MAX_ADDRESSES: usize = 16;

#[derive(Debug, Clone)]
pub(super) struct RememberingResolver(Lookups);

impl RememberingResolver {
    pub(super) fn new(lookups: Lookups) -> Self {
        Self(lookups)
    }

    /// Forgets a host whose addresses did not connect, so that the next call asks anew.
    pub(super) fn forget(&self, uri: &Uri) {
        if let Some(key) = key(uri) {
            self.0.forget(&key);
        }
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
        let limit = (!timeout.after.is_not_happening()).then(|| *timeout.after);
        let found = self.0.resolve(&key, limit, |address| {
            if result.len() < MAX_ADDRESSES {
                result.push(address);
            }
        });
        match found {
            Ok(()) => Ok(result),
            Err(Unresolved::NotFound) => Err(not_sent(ureq::Error::HostNotFound)),
            Err(Unresolved::Late) => Err(not_sent(ureq::Error::Timeout(timeout.reason))),
            Err(Unresolved::NoThread(error)) => Err(not_sent(error.into())),
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
