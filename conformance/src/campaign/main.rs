//! The program: many processes of every language on one store, killed and stopped at every step.

use std::process::ExitCode;

use clap::Parser;
use frontegg_conformance::Command;
use frontegg_conformance::campaign::{Kind, Plan};

/// Runs processes of every language that share one token
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A language and its driver; repeatable
    #[arg(long = "driver", value_name = "NAME=COMMAND", required = true)]
    drivers: Vec<Command>,
    /// What they share; repeatable
    #[arg(long = "store", value_enum, default_values_t = [Kind::None, Kind::File, Kind::Redis])]
    stores: Vec<Kind>,
    /// How many start at once
    #[arg(long, default_value_t = 24)]
    processes: usize,
    /// How often they do
    #[arg(long, default_value_t = 2)]
    rounds: usize,
    /// How many are killed at each step of a renewal
    #[arg(long, default_value_t = 2)]
    kills: usize,
    /// How many are stopped, until they have lost their lease
    #[arg(long, default_value_t = 1)]
    stops: usize,
    /// How many live through a day, whose costs are those of the simulated one
    #[arg(long, default_value_t = 10)]
    day: usize,
}

fn main() -> ExitCode {
    let Arguments { drivers, stores, processes, rounds, kills, stops, day } = Arguments::parse();
    for store in stores {
        let plan = Plan { drivers: &drivers, store, processes, rounds, kills, stops, day };
        if let Err(failure) = plan.run(&mut |line| println!("{line}")) {
            eprintln!("{store:?}: {failure}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
