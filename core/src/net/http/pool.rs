//! Idle connections.
//!
//! They are not left to ureq, which writes to the log under the lock of its pool (a logger that
//! makes a call would wait for itself), and counts their age by a clock that stops while the
//! machine is suspended.

use std::time::Duration;

use super::exchanging::Shown;
use crate::clock::{Clock, nanos};
use crate::net::channel::Channel;
use crate::net::head::Input;
use crate::sync::{Mutex, lock};

/// How many are kept; as many as a binding runs calls at once.
const MAX_KEPT: usize = 64;
/// How long an idle connection is kept: servers seldom keep theirs for less.
pub(crate) const KEPT_FOR: Duration = Duration::from_secs(15);

/// A connection to the service, between two exchanges or in one.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) channel: Box<dyn Channel>,
    pub(super) input: Input,
    pub(super) shown: Shown,
    pub(super) is_tls: bool,
}

impl Connection {
    pub(super) fn new(channel: Box<dyn Channel>, is_tls: bool) -> Self {
        Self { channel, input: Input::default(), shown: Shown::default(), is_tls }
    }
}

/// The idle connections of a client, the one that was used last at the end.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Vec<Idle>>);

#[derive(Debug)]
struct Idle {
    connection: Connection,
    /// By the boot-time clock, in nanoseconds.
    since: u64,
}

impl Pool {
    /// Takes the connection that was used last, if it has not been idle for longer than this
    /// and its peer is silent. Bytes that wait, or an end of stream, mean that the server has
    /// said something that nobody asked for.
    pub(super) fn take(&self, max_idle: Duration) -> Option<Connection> {
        let now = Clock::System.now().boot;
        let is_older = |idle: &Idle, span| now.saturating_sub(idle.since) > nanos(span);
        loop {
            let mut all = lock(&self.0);
            let outlived = all.iter().take_while(|idle| is_older(idle, KEPT_FOR)).count();
            let outlived: Vec<Idle> = all.drain(..outlived).collect();
            let last = all.pop_if(|idle| !is_older(idle, max_idle));
            // What follows may take its time, and is done without the lock.
            drop(all);
            drop(outlived);
            let mut connection = last?.connection;
            if connection.channel.is_silent() {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for the next exchange.
    pub(super) fn put(&self, connection: Connection) {
        let idle = Idle { connection, since: Clock::System.now().boot };
        let mut all = lock(&self.0);
        // The oldest goes, once the lock is free.
        let oldest = (all.len() == MAX_KEPT).then(|| all.remove(0));
        all.push(idle);
        drop(all);
        drop(oldest);
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Instant;

    use super::*;

    #[derive(Debug)]
    struct Peer(bool);

    impl Channel for Peer {
        fn read(&mut self, _: &mut [u8], _: Instant) -> io::Result<usize> {
            unreachable!("it is idle")
        }

        fn write_all(&mut self, _: &[u8], _: Instant) -> io::Result<()> {
            unreachable!("it is idle")
        }

        fn is_silent(&mut self) -> bool {
            self.0
        }
    }

    /// A pool with connections that have been idle for so many milliseconds, oldest first.
    fn pool(idle: &[(u64, bool)]) -> Pool {
        let pool = Pool::default();
        for (millis, is_silent) in idle {
            let channel = Box::new(Peer(*is_silent));
            pool.put(Connection::new(channel, false));
            let mut all = lock(&pool.0);
            let last = all.last_mut().unwrap();
            last.since = last.since.saturating_sub(millis * 1_000_000);
        }
        pool
    }

    fn kept(pool: &Pool) -> usize {
        lock(&pool.0).len()
    }

    #[test]
    fn the_youngest_is_taken_if_it_is_young_enough_and_silent() {
        let short = Duration::from_millis(100);
        let all = pool(&[(9_000, true), (50, false)]);
        assert!(all.take(short).is_none());
        assert_eq!(kept(&all), 1, "the one that is too old for this call is kept for others");
        assert!(all.take(KEPT_FOR).is_some());
        assert_eq!(kept(&all), 0);
        assert!(pool(&[(9_000, true), (10, true)]).take(short).is_some());
    }

    #[test]
    fn what_nobody_takes_any_more_is_dropped() {
        let all = pool(&[(16_000, true), (15_500, true), (9_000, true)]);
        assert!(all.take(Duration::from_millis(100)).is_none());
        assert_eq!(kept(&all), 1);
        let many = pool(&[(0, true); MAX_KEPT + 3]);
        assert_eq!(kept(&many), MAX_KEPT);
    }
}
