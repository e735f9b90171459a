//! Authenticate, look at the claims, refresh, and see what a rejected refresh token looks
//! like. The same story as in the other languages' examples.
//!
//! Run it with `FRONTEGG_BASE_URL` (or `FRONTEGG_DOMAIN`, or `FRONTEGG_REGION` and
//! `FRONTEGG_VENDOR_HOST`), `FRONTEGG_CLIENT_ID` and `FRONTEGG_SECRET` in the environment,
//! and `FRONTEGG_CA_FILE` for a service whose certificate is not publicly trusted.

use std::env;

use frontegg_token::{ClientBuilder, Credentials, Error, Roots, TokenSet};

fn main() -> Result<(), Error> {
    // The endpoint comes from the environment, every other setting is at its default.
    let mut builder = ClientBuilder::from_env();
    if let Ok(file) = env::var("FRONTEGG_CA_FILE") {
        builder = builder.roots(Roots::pem_file(file));
    }
    let client = builder.build()?;

    // An API token is a client id and a secret, made in the workspace's settings.
    let variable = |name| env::var(name).unwrap_or_default();
    let credentials =
        Credentials::new(variable("FRONTEGG_CLIENT_ID"), variable("FRONTEGG_SECRET"))?;

    // The access token is what the API wants; the refresh token is good for one renewal.
    let first = client.authenticate(&credentials)?;
    let claims = first.access_token().claims().expect("the access token is a JWT");
    println!(
        "authenticated: {}, sub {}, tenant {}, type {}",
        describe(&first),
        claims.subject().unwrap_or("?"),
        claims.tenant_id().unwrap_or("?"),
        claims.token_type().unwrap_or("?"),
    );

    let refresh_token = first.refresh_token().expect("an authentication answers one");
    let second = client.refresh(refresh_token)?;
    println!("refreshed: {}", describe(&second));

    // The same refresh token once more: it is consumed, and the service says so.
    match client.refresh(refresh_token) {
        Ok(_) => println!("this workspace does not rotate refresh tokens"),
        Err(error) => println!(
            "consumed refresh token: {}: {}, trace {}",
            error.code(),
            error.message(),
            error.trace_id().unwrap_or("none"),
        ),
    }
    Ok(())
}

/// Never print a whole token.
fn describe(tokens: &TokenSet) -> String {
    let start: String = tokens.access_token().as_str().chars().take(6).collect();
    match tokens.lifetime() {
        Some(lifetime) => format!("{start}… lives {} s", lifetime.as_secs()),
        None => format!("{start}… for one use"),
    }
}
