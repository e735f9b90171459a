//! A local identity service with Frontegg's API-token endpoints, as a library and as a program.

mod answer;
mod api;
mod clock;
mod connection;
mod control;
mod delivery;
mod emulator;
mod fault;
mod http;
mod journal;
mod jwt;
mod options;
mod pki;
mod queue;
mod random;
mod refresh;
mod response;
mod server;
mod service;

pub use emulator::Emulator;
pub use fault::{
    Action, Close, CloseWhen, Delay, DelayWhen, Drip, Fault, Headers, Naming, On, Respond, Rewrite,
    Values,
};
pub use journal::{ApiTokenState, CallCounts, ClockState, Counts, Kind, Request, State};
pub use options::{Algorithm, ApiToken, Options, RequiredHeader, Secret, TokenKind};
