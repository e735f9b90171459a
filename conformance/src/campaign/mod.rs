//! Processes of every language that share one token by a store: many that start at once, some
//! that are killed, some that are stopped until they have lost their lease, and some that live
//! through a day.

mod day;
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
    /// Nothing: they live through a day, each for itself.
    None,
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
    /// How many live through a day.
    pub day: usize,
}

impl Plan<'_> {
    /// Runs it all, and tells what came of it, line by line. The first thing that is not as it
    /// has to be is an error.
    pub fn run(&self, tell: &mut dyn FnMut(&str)) -> Result<(), String> {
        if self.day > 0 {
            self.day(tell)?;
        }
        if self.store == Kind::None {
            return Ok(());
        }
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
