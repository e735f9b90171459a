//! A store in Redis or Valkey, for a fleet.

mod connection;
mod fault;
mod known;
mod parameters;
mod pool;
mod script;
mod settings;
mod target;
mod url;

use std::fmt;
use std::time::Duration;

use redis::Value;

use self::fault::Fault;
use self::pool::{Limits, Pool, Trust};
use self::script::{Script, Scripts};
pub use self::settings::RedisStoreBuilder;
use self::target::Target;
use super::{Change, Lease, Loaded, TokenStore};
use crate::clock::from_now;
use crate::per_process::PerProcess;
use crate::{Error, LONGEST, Secret};

/// Tokens shared through a Redis or Valkey server, by processes on any hosts.
///
/// The URL is `redis://[[user]:password@]host[:port][/database]`, `rediss://…` for TLS, or
/// `unix:///path`, on Unix; `valkey` and `valkeys` mean the same. Special characters of a password
/// are percent-encoded, `/`, `?`, `#` and `%` at least. An empty password is none. Behind a `?`
/// stand settings, separated by `&`:
///
/// | parameter | means |
/// |---|---|
/// | `timeout` | such as `1s` or `500ms`, always with its unit: [`RedisStoreBuilder::timeout`] |
/// | `key_prefix` | [`RedisStoreBuilder::key_prefix`] |
/// | `ca_file` (`ssl_ca_certs`) | a PEM file of the authorities to trust, and no others |
/// | `cert_file`, `key_file` (`ssl_certfile`, `ssl_keyfile`) | PEM files of the client's certificate and its key, which may be one file |
/// | `ssl`, `tls` | `true`: TLS, as `rediss` has it |
/// | `db`, `user`, `password` | the same as in front of the host and behind it |
///
/// What code sets goes before what the URL says. What other clients put into URLs is ignored with
/// one warning in the log if it changes nothing here, such as `ssl_cert_reqs=required`, `protocol`,
/// `client_name` or the size of a pool. It is an error if it would weaken the connection or cannot
/// be met, such as `ssl_cert_reqs=none`, `socket_timeout` or `cluster`, and so is any parameter
/// that is not known.
///
/// The server is a single one or a primary, Redis 6.2 or later or Valkey, such as managed services
/// offer under one host name. Redis Cluster and Sentinel are not supported. A user of its own
/// needs the commands `eval`, `evalsha`, `get`, `set`, `del` and `pttl`, with `select` for a
/// database other than 0, and the keys that begin with the
/// [prefix](RedisStoreBuilder::key_prefix).
///
/// Connections are opened when they are needed, and up to four are kept. An operation ends within
/// the time that it is given, and within twice the [time-out](RedisStoreBuilder::timeout), whatever
/// the server does; where it fails, the next one tries anew. May be used from any thread, and
/// goes on in a forked child, with connections of its own.
pub struct RedisStore {
    target: Target,
    trust: Trust,
    timeout: Duration,
    key_prefix: String,
    scripts: Scripts,
    pool: PerProcess<Pool>,
}

impl RedisStore {
    /// A store with what the URL says, and the defaults. Contacts nobody; a bad URL is an
    /// `invalid_argument`, and nothing secret of it is told.
    pub fn new(url: impl Into<Secret>) -> Result<Self, Error> {
        Self::builder(url).build()
    }

    /// Starts from a URL.
    pub fn builder(url: impl Into<Secret>) -> RedisStoreBuilder {
        RedisStoreBuilder::new(url.into())
    }

    /// Where the entry of that name is. The braces would have a cluster keep its lease with it.
    fn entry_key(&self, name: &str) -> String {
        format!("{}{{{name}}}", self.key_prefix)
    }

    fn lease_key(&self, name: &str) -> String {
        format!("{}{{{name}}}:lease", self.key_prefix)
    }

    fn run(
        &self,
        script: &Script,
        key: &str,
        arguments: &[&[u8]],
        within: Duration,
    ) -> Result<Value, Fault> {
        let until = from_now(within);
        let limits = Limits { until, share: self.timeout };
        self.pool.get(Pool::default).run(&self.target, &self.trust, limits, script, key, arguments)
    }
}

impl TokenStore for RedisStore {
    fn load(&self, name: &str, within: Duration) -> Result<Option<Loaded>, Error> {
        match self.run(&self.scripts.load, &self.entry_key(name), &[], within)? {
            Value::Nil => Ok(None),
            Value::Array(parts) => match <[Value; 2]>::try_from(parts) {
                Ok([Value::BulkString(entry), Value::Int(left)]) => {
                    // Less than nothing means that nothing was said of its end.
                    let left = u64::try_from(left).ok().map(Duration::from_millis);
                    Ok(Some(Loaded { entry, left }))
                }
                _ => Err(Fault::Unintelligible.into()),
            },
            _ => Err(Fault::Unintelligible.into()),
        }
    }

    fn save(&self, name: &str, change: &Change<'_>, within: Duration) -> Result<bool, Error> {
        let keep = milliseconds(change.keep);
        let mut arguments = vec![change.entry, keep.as_bytes()];
        arguments.extend(change.replaces);
        Ok(was_set(&self.run(&self.scripts.save, &self.entry_key(name), &arguments, within)?)?)
    }

    fn lease(
        &self,
        name: &str,
        owner: &str,
        span: Duration,
        within: Duration,
    ) -> Result<Lease, Error> {
        let span = milliseconds(span);
        let arguments = [owner.as_bytes(), span.as_bytes()];
        let acquired =
            was_set(&self.run(&self.scripts.lease, &self.lease_key(name), &arguments, within)?)?;
        Ok(if acquired { Lease::Acquired } else { Lease::Held })
    }

    fn release(&self, name: &str, owner: &str, within: Duration) -> Result<(), Error> {
        match self.run(&self.scripts.release, &self.lease_key(name), &[owner.as_bytes()], within)? {
            Value::Int(_) => Ok(()),
            _ => Err(Fault::Unintelligible.into()),
        }
    }

    /// Twice the [time-out](RedisStoreBuilder::timeout): as long to connect as for the answers.
    fn timeout(&self) -> Duration {
        2 * self.timeout
    }

    /// Each ends within its time.
    fn concurrency(&self) -> usize {
        usize::MAX
    }
}

/// As the server counts: it knows neither none at all nor more than it can add to its clock.
fn milliseconds(time: Duration) -> String {
    time.min(LONGEST).as_millis().max(1).to_string()
}

/// What `SET` answered, or that it was not called.
fn was_set(answer: &Value) -> Result<bool, Fault> {
    match answer {
        Value::Okay => Ok(true),
        Value::Int(0) => Ok(false),
        _ => Err(Fault::Unintelligible),
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("address", &self.target.address)
            .field("timeout", &self.timeout)
            .field("key_prefix", &self.key_prefix)
            .finish_non_exhaustive()
    }
}
