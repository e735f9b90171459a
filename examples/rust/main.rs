//! Keeps a valid access token at hand, has it renewed once an API rejects it, and then makes by
//! hand the two calls of the service that this comes down to. The same story as in the other
//! languages' examples.
//!
//! Run it with `FRONTEGG_BASE_URL` (or `FRONTEGG_DOMAIN`, or `FRONTEGG_REGION` and
//! `FRONTEGG_VENDOR_HOST`), `FRONTEGG_CLIENT_ID` and `FRONTEGG_SECRET` in the environment,
//! and `FRONTEGG_CA_FILE` for a service whose certificate is not publicly trusted.

use std::env;
use std::time::SystemTime;

use frontegg_token::{
    AccessToken, Client, ClientBuilder, Credentials, Error, Origin, Roots, TokenSet, TokenSource,
};

fn main() -> Result<(), Error> {
    // The endpoint comes from the environment, every other setting is at its default.
    let mut builder = ClientBuilder::from_env();
    if let Ok(file) = env::var("FRONTEGG_CA_FILE") {
        builder = builder.roots(Roots::pem_file(file));
    }
    let client = builder.build()?;

    // An API token is a client id and a secret, made in the workspace's settings.
    let credentials = Credentials::from_env()?;

    keep_a_token_at_hand(&client, &credentials)?;
    make_the_two_calls(&client, &credentials)
}

/// What programs do: ask for a token whenever they need one.
fn keep_a_token_at_hand(client: &Client, credentials: &Credentials) -> Result<(), Error> {
    // One source for each API token, shared by the whole program.
    let source = TokenSource::builder(client.clone(), credentials.clone()).build()?;
    // Requests to the API carry it: `("authorization", token.authorization())`.
    let token = source.token()?;
    println!("token: {}", about(&token));
    let again = if source.token()? == token { "yes" } else { "no" };
    println!("the same token again: {again}");

    // An API answered 401 to it, so it is renewed before its time.
    source.invalidate(&token);
    println!("after a 401 elsewhere: {}", about(&source.token()?));

    let stats = source.stats();
    println!(
        "stats: {} authentication, {} refresh, {} failures",
        stats.authentications, stats.refreshes, stats.failures,
    );
    source.close();
    Ok(())
}

/// What a source does, by hand.
fn make_the_two_calls(client: &Client, credentials: &Credentials) -> Result<(), Error> {
    // The access token is what the API wants; the refresh token is good for one renewal.
    let first = client.authenticate(credentials)?;
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

/// What a source knows of its token.
fn about(token: &AccessToken) -> String {
    let origin = token.origin().map_or("?", Origin::as_str);
    let left =
        token.expires_at().map(|at| at.duration_since(SystemTime::now()).unwrap_or_default());
    let seconds = left.map_or("?".to_owned(), |left| left.as_secs_f64().round().to_string());
    format!("{} by {origin}, lives {seconds} s", start_of(token))
}

fn describe(tokens: &TokenSet) -> String {
    let start = start_of(tokens.access_token());
    match tokens.lifetime() {
        Some(lifetime) => format!("{start} lives {} s", lifetime.as_secs()),
        None => format!("{start} for one use"),
    }
}

/// Never print a whole token.
fn start_of(token: &AccessToken) -> String {
    token.as_str().chars().take(6).chain(['…']).collect()
}
