//! Connections of this process, kept for the next operation.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use redis::Value;
use rustls::ClientConfig;

use super::connection::Connection;
use super::fault::Fault;
use super::script::Script;
use super::target::Target;
use crate::clock::{Clock, Moment};
use crate::net::{ClientCertificate, Lookups, Roots, client_config, tls_error};
use crate::sync::{Mutex, lock};

/// How many idle connections are kept: operations seldom come more than one at a time.
const MAX_KEPT: usize = 4;
/// A connection that has been idle for longer is not used: what is between here and the server
/// may have forgotten it, and would let a request go nowhere. Suspension counts.
const MAX_IDLE: Duration = Duration::from_secs(30);

/// Whom a TLS connection trusts, and what it shows.
#[derive(Debug)]
pub(super) struct Trust {
    pub(super) roots: Roots,
    pub(super) client_certificate: Option<ClientCertificate>,
}

/// What holds sockets and locks.
#[derive(Default)]
pub(super) struct Pool {
    idle: Mutex<Vec<Idle>>,
    lookups: Lookups,
    tls: OnceLock<Arc<ClientConfig>>,
}

struct Idle {
    connection: Connection,
    since: Moment,
}

/// How long an operation may take.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// All of it.
    pub(super) until: Instant,
    /// To connect and log in, and then again for the answers.
    pub(super) share: Duration,
}

impl Limits {
    /// Until when the step may take that begins now.
    fn next(self) -> Instant {
        self.until.min(Instant::now() + self.share)
    }
}

impl Pool {
    /// Runs a script, over a kept connection if there is one. Where that breaks, as after a
    /// restart of the server, a new one takes its place, once: a script may come twice.
    pub(super) fn run(
        &self,
        target: &Target,
        trust: &Trust,
        limits: Limits,
        script: &Script,
        key: &str,
        arguments: &[&[u8]],
    ) -> Result<Value, Fault> {
        let mut kept = self.kept();
        loop {
            let is_kept = kept.is_some();
            let mut connection = match kept.take() {
                Some(connection) => connection,
                None => Connection::open(target, &self.lookups, || self.tls(trust), limits.next())?,
            };
            connection.set_until(limits.next());
            match script.run(&mut connection, key, arguments) {
                Ok(answer) => {
                    self.keep(connection);
                    return Ok(answer);
                }
                Err(Fault::Broken(_)) if is_kept => {
                    // The others are of no later day.
                    lock(&self.idle).clear();
                }
                Err(fault) => {
                    // What refuses may be the wrong server by now, after a failover.
                    if let Fault::Refused(..) = fault {
                        target.address.forget(&self.lookups);
                    }
                    return Err(fault);
                }
            }
        }
    }

    /// The connection that was used last, if it can be used still.
    fn kept(&self) -> Option<Connection> {
        let mut idle = lock(&self.idle);
        while let Some(Idle { mut connection, since }) = idle.pop() {
            if Clock::System.now().age_of(since) < MAX_IDLE && connection.is_usable() {
                return Some(connection);
            }
        }
        None
    }

    fn keep(&self, connection: Connection) {
        let mut idle = lock(&self.idle);
        if idle.len() < MAX_KEPT {
            idle.push(Idle { connection, since: Clock::System.now() });
        }
    }

    /// Made at the first need, since it reads the roots of the platform.
    fn tls(&self, trust: &Trust) -> Result<Arc<ClientConfig>, Fault> {
        if let Some(config) = self.tls.get() {
            return Ok(config.clone());
        }
        let config = client_config(&trust.roots, trust.client_certificate.as_ref())
            .map_err(|error| Fault::Tls(tls_error::sentence(&error)))?;
        Ok(self.tls.get_or_init(|| config).clone())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::mpsc::channel;
    use std::thread;

    use super::super::RedisStore;
    use super::*;
    use crate::clock::nanos;
    use crate::{Lease, TokenStore};

    #[test]
    fn a_connection_that_was_idle_for_long_is_not_used() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let (accepted, connections) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                accepted.send(()).unwrap();
                thread::spawn(move || {
                    while stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
                        stream.write_all(b"+OK\r\n").unwrap();
                    }
                });
            }
        });
        let store = RedisStore::new(url).unwrap();
        let ask = || {
            let minute = Duration::from_secs(60);
            assert_eq!(store.lease("name", "owner", minute, minute).unwrap(), Lease::Acquired);
            connections.try_iter().count()
        };
        assert_eq!([ask(), ask()], [1, 0]);
        for idle in lock(&store.pool.get(Pool::default).idle).iter_mut() {
            idle.since.boot -= nanos(MAX_IDLE);
        }
        assert_eq!([ask(), ask()], [1, 0]);
    }
}
