//! The program: runs scenarios with drivers, and says what came of it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use frontegg_conformance::{Command, Suite, load};

/// Runs the conformance scenarios against the client of every language
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A language and its driver; repeatable
    #[arg(long = "driver", value_name = "NAME=COMMAND", required_unless_present = "list")]
    drivers: Vec<Command>,
    /// The folder of the scenarios
    #[arg(long, value_name = "FOLDER", default_value = "conformance/scenarios")]
    scenarios: PathBuf,
    /// Only scenarios whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Processes of each driver at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    jobs: usize,
    /// Names the scenarios and runs none
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut scenarios = match load(&arguments.scenarios) {
        Ok(scenarios) => scenarios,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(text) = &arguments.only {
        scenarios.retain(|named| named.name.contains(text));
    }
    if arguments.list {
        for named in &scenarios {
            println!("{}", named.name);
        }
        return ExitCode::SUCCESS;
    }
    if scenarios.is_empty() {
        eprintln!("no scenario has such a name");
        return ExitCode::FAILURE;
    }
    let report = Suite { drivers: arguments.drivers, scenarios, jobs: arguments.jobs }.run();
    println!("{report}");
    if report.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
