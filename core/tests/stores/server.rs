//! A redis-server of a test's own.

use std::ops::{Deref, DerefMut};

use frontegg_emulator::{RedisOptions, RedisServer};
use frontegg_token::{Error, RedisStore, RedisStoreBuilder, Roots};

use crate::LONG;

pub(crate) struct Server(RedisServer);

impl Server {
    /// One on a Unix socket alone.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(arguments: &[&str]) -> Self {
        Self::of(RedisOptions::default(), arguments)
    }

    /// One that listens on a port of loopback too.
    pub(crate) fn on_port(arguments: &[&str]) -> Self {
        Self::of(RedisOptions { tcp: true, ..RedisOptions::default() }, arguments)
    }

    /// One that listens with TLS too.
    pub(crate) fn secured(arguments: &[&str]) -> Self {
        Self::of(RedisOptions { tls: true, ..RedisOptions::default() }, arguments)
    }

    /// The same with a certificate for a host of another name.
    pub(crate) fn misnamed() -> Self {
        let options = RedisOptions { tls: true, tls_wrong_host: true, ..RedisOptions::default() };
        Self::of(options, &[])
    }

    /// One in a network namespace, which listens there at this address.
    pub(crate) fn in_namespace(name: &str, address: &str) -> Self {
        let namespace = Some(name.to_owned());
        let options = RedisOptions { tcp: true, namespace, ..RedisOptions::default() };
        Self::of(options, &["--bind", address, "--protected-mode", "no"])
    }

    fn of(mut options: RedisOptions, arguments: &[&str]) -> Self {
        options.arguments = arguments.iter().map(ToString::to_string).collect();
        Self(RedisServer::start(options).expect("redis-server starts"))
    }

    /// Of a store that has time, so that only faults fail it.
    pub(crate) fn builder(&self) -> RedisStoreBuilder {
        RedisStore::builder(self.url()).timeout(LONG)
    }

    pub(crate) fn store(&self) -> RedisStore {
        self.builder().build().unwrap()
    }

    pub(crate) fn roots(&self) -> Result<Roots, Error> {
        Roots::pem(self.ca_pem().expect("of a server with TLS").as_bytes())
    }

    /// What the server answers to a command of the test's.
    pub(crate) fn command<T: redis::FromRedisValue>(&self, words: &str) -> T {
        let mut words = words.split(' ');
        let mut command = redis::cmd(words.next().unwrap());
        for word in words {
            command.arg(word);
        }
        let client = redis::Client::open(self.url()).unwrap();
        command.query(&mut client.get_connection().unwrap()).unwrap()
    }

    /// Waits until nobody has a lease there: one is given back once its renewal's token is served.
    pub(crate) fn until_free(&self) {
        while !self.command::<Vec<String>>("KEYS *:lease").is_empty() {
            std::thread::yield_now();
        }
    }

    /// How many connections it has taken, other than to be asked this.
    pub(crate) fn connections(&self, asked_before: u64) -> u64 {
        let info: String = self.command("INFO stats");
        let line = info.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
        // One to see whether it was up, and this one.
        line.unwrap().parse::<u64>().unwrap() - 2 - asked_before
    }
}

impl Deref for Server {
    type Target = RedisServer;

    fn deref(&self) -> &RedisServer {
        &self.0
    }
}

impl DerefMut for Server {
    fn deref_mut(&mut self) -> &mut RedisServer {
        &mut self.0
    }
}

/// A server's URL with something else in the place of a part of it.
pub(crate) fn rewritten(url: Option<String>, from: &str, to: &str) -> String {
    url.expect("of a server with a port").replacen(from, to, 1)
}
