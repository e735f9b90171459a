//! Processes of every language that share one token by a store: many that start at once, some
//! that are killed, and some that are stopped until they have lost their lease.

mod fleet;
mod herd;
mod kills;
mod stops;

use std::time::Duration;

use clap::ValueEnum;

use crate::Command;

/// The store that the processes share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Files in a directory.
    File,
    /// A redis-server.
    Redis,
}

/// A campaign.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// The languages, which take turns.
    pub drivers: &'a [Command],
    /// What they share.
    pub store: Kind,
    /// How many start at once.
    pub processes: usize,
    /// How often they do.
    pub rounds: usize,
    /// How many are killed at each step of a renewal.
    pub kills: usize,
    /// How many are stopped, until they have lost their lease.
    pub stops: usize,
}

impl Plan<'_> {
    /// Runs it all, and tells what came of it, line by line. The first thing that is not as it
    /// has to be is an error.
    pub fn run(&self, tell: &mut dyn FnMut(&str)) -> Result<(), String> {
        if self.rounds > 0 {
            self.herd(tell)?;
        }
        if self.kills > 0 {
            self.kills(tell)?;
        }
        if self.stops > 0 {
            self.stops(tell)?;
        }
        Ok(())
    }

    /// As short as can be where a lease is to be outlived: those who wait for it have more time
    /// than it lasts.
    fn brief(&self) -> Duration {
        Duration::from_secs(if self.store == Kind::File { 14 } else { 5 })
    }
}
