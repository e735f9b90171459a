//! A worker of a fleet, which shares its token with all others through Redis or Valkey. It reads
//! a job a line, and calls an API for each.
//!
//! Run it with `FRONTEGG_TOKEN_STORE=rediss://user:password@cache.example.com:6379/0` in the
//! environment, and with what `main.rs` reads.

use std::env;
use std::error::Error;

use frontegg_token::{ClientBuilder, Origin, Roots, TokenSourceBuilder};

fn main() -> Result<(), Box<dyn Error>> {
    let mut builder = ClientBuilder::from_env();
    if let Ok(file) = env::var("FRONTEGG_CA_FILE") {
        builder = builder.roots(Roots::pem_file(file));
    }
    let source = TokenSourceBuilder::from_env_with(builder.build()?).build()?;

    for job in std::io::stdin().lines() {
        // From memory, but for the first time and when it is due: then whoever has the lease of
        // the store renews it for all.
        let mut token = source.token()?;
        // Here the worker calls the API, which may have revoked the token meanwhile.
        if job? == "answered 401" {
            source.invalidate(&token);
            token = source.token()?;
        }
        let text = token.as_str();
        let origin = token.origin().map_or("unknown", Origin::as_str);
        // Its end tells it from others. Never print a whole token.
        println!("…{} by {origin}", &text[text.len() - 6..]);
    }
    Ok(())
}
