//! Access tokens for programs that call Frontegg-protected APIs.
//!
//! A [`TokenSource`] keeps a valid access token of one API token at hand: it authenticates,
//! refreshes in good time, and goes on through every fault.
//!
//! ```no_run
//! use frontegg_token::{Client, Credentials, Region, TokenSource};
//!
//! # fn main() -> Result<(), frontegg_token::Error> {
//! let client = Client::builder(Region::Us).vendor_host("acme.frontegg.com").build()?;
//! let credentials = Credentials::new("client-id", "secret")?;
//! let source = TokenSource::builder(client, credentials).build()?;
//! let header = source.token()?.authorization().to_owned();
//! # Ok(())
//! # }
//! ```
//!
//! Beneath it, a [`Client`] makes the two calls of the service as they are:
//! [`Client::authenticate`] exchanges the client id and secret of an API token for a
//! [`TokenSet`], and [`Client::refresh`] exchanges a single-use refresh token for the next one.
//!
//! ```no_run
//! # use frontegg_token::{Client, Credentials, Error};
//! # fn calls(client: &Client, credentials: &Credentials) -> Result<(), Error> {
//! let tokens = client.authenticate(credentials)?;
//! println!("lives for {:?}", tokens.lifetime());
//! if let Some(refresh_token) = tokens.refresh_token() {
//!     let renewed = client.refresh(refresh_token)?;
//!     println!("and again for {:?}", renewed.lifetime());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Calls block their thread; no async runtime is started. Every failure is an [`Error`] with
//! a [`Code`] and facts that are the same in every language. Secrets and tokens are in no
//! output and are zeroed when dropped.
//!
//! This is an independent project; it is not made by Frontegg.

mod builder;
mod cancel;
mod claims;
mod client;
mod clock;
mod credentials;
mod endpoint;
mod environment;
mod error;
mod forks;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub mod guard;
pub mod interrupt;
mod logs;
mod net;
pub mod per_process;
mod reached;
mod retry;
mod source;
mod spawn;
mod store;
mod sync;
#[cfg(frontegg_testing)]
pub mod testing;
pub mod threads;
mod token;
mod wire;

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

pub(crate) use builder::LONGEST;
pub use builder::{ClientBuilder, IntoRoots, VERSION};
pub use claims::Claims;
pub use client::Client;
pub use credentials::{Credentials, Secret};
pub use endpoint::{Endpoint, Region};
pub use error::{CODES, Code, CodeInfo, Error};
pub use net::{Certificates, Proxy, Roots};
pub use retry::RetryPolicy;
pub use source::{
    Event, EventKind, Policy, Stats, TokenRef, TokenRequest, TokenSource, TokenSourceBuilder,
};
#[doc(hidden)]
pub use store::StoreIdentity;
pub use store::{Change, FileStore, IntoTokenStore, Lease, Loaded, MemoryStore, TokenStore};
#[cfg(feature = "redis")]
pub use store::{RedisStore, RedisStoreBuilder};
pub use token::{AccessToken, Origin, RefreshToken, TokenSet};
