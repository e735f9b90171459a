//! Runs the same scenarios against the client of every language.
//!
//! A scenario is a JSON file: what the service does, how the client is set up, what it is
//! asked, what must come of it, and what the service must have seen. This crate reads the
//! scenarios, plays the service, and drives a small program per language over standard input
//! and output. The format and the protocol are described in the `README.md` beside it.

pub mod campaign;
mod driver;
mod load;
mod machine;
mod matcher;
mod members;
mod proxy;
mod reply;
mod report;
mod run;
mod scenario;
mod secrets;
mod sources;
mod stage;
mod step;
mod suite;
mod template;

pub use driver::Command;
pub use load::load;
pub use report::Report;
pub use scenario::Named;
pub use suite::Suite;
