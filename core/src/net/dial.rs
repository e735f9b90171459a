//! From a host's name to a connected socket.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::connect::connect;
use super::failure::{Failure, Stage};
use super::lookups::{Key, Lookups, Unresolved};
use super::socket::Socket;
use crate::Code;
use crate::clock::from_now;

impl Lookups {
    /// Connects to a host, which `name` names in errors: within `connect_timeout` once its
    /// addresses are known, and until `until` in any case.
    ///
    /// Also returns until when the rest of what belongs to connecting may take.
    pub(crate) fn dial(
        &self,
        key: &Key,
        name: &str,
        connect_timeout: Duration,
        until: Instant,
    ) -> Result<(Socket, Instant), Failure> {
        let addresses = self.addresses(key, name, until)?;
        let until = until.min(from_now(connect_timeout));
        let (socket, index) = connect(&addresses, until, &|| self.is_ended()).map_err(|error| {
            self.forget(key);
            Failure::from_io(&format!("no connection to {name}"), error, Stage::BeforeSent)
        })?;
        self.prefer(key, addresses[index]);
        Ok((socket, until))
    }

    /// Returns the addresses of a host, which `name` names in errors.
    pub(super) fn addresses(
        &self,
        key: &Key,
        name: &str,
        until: Instant,
    ) -> Result<Vec<SocketAddr>, Failure> {
        let limit = until.saturating_duration_since(Instant::now());
        self.resolve(key, limit).map_err(|why| {
            let (code, reason) = match why {
                Unresolved::NotFound(words) => (Code::Connect, words),
                Unresolved::Late => (Code::Timeout, "the time is up".to_owned()),
                Unresolved::Exhausted(words) => (Code::Exhausted, words),
            };
            Failure::not_sent(code, format!("no address of {name}: {reason}"))
        })
    }
}
