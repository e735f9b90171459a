//! The command line.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{ArgAction, Parser};
use frontegg_emulator::{Algorithm, ApiToken, Options, RequiredHeader};

/// A local identity service with Frontegg's API-token endpoints.
///
/// Prints one line of JSON once it serves: its addresses, the file with its CA's certificate, and
/// the credentials that it accepts. Ctrl-C ends it.
#[derive(Parser)]
#[command(
    name = "frontegg-emulator",
    version,
    after_long_help = "\
Endpoints, with any path in front of /identity:
  POST /identity/resources/auth/v2/api-token                authenticate
  POST /identity/resources/auth/v2/api-token/token/refresh  refresh
  (the same under v1, which answers in camelCase)
  GET  /.well-known/jwks.json                               keys

Control, on every HTTP and HTTPS port and, uncounted, on a port of its own:
  GET    /_emulator/health
  GET    /_emulator/state                              counts, live tokens, log of requests
  POST   /_emulator/reset
  POST   /_emulator/clock    {\"advance_seconds\": 60}
  POST   /_emulator/faults   {\"on\": \"refresh\", \"action\": {\"close\": {\"when\": \"after_processing\"}}}
  DELETE /_emulator/faults
  POST   /_emulator/release                            what a fault holds
  GET    /_emulator/options
  POST   /_emulator/options  {\"rate_limit\": 5}

Example:
  curl -s http://127.0.0.1:PORT/identity/resources/auth/v2/api-token \\
    -H 'content-type: application/json' -d '{\"clientId\": \"ID\", \"secret\": \"SECRET\"}'"
)]
#[allow(clippy::struct_excessive_bools)] // flags of a program are
pub(crate) struct Cli {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,

    /// Port for HTTP; 0 for a free one
    #[arg(long, visible_alias = "http-port", default_value_t = 0)]
    port: u16,

    /// Port for HTTPS; 0 for a free one
    #[arg(long, default_value_t = 0)]
    https_port: u16,

    /// Port that serves /_emulator/ alone; 0 for a free one
    #[arg(long, default_value_t = 0)]
    control_port: u16,

    /// Threads that serve
    #[arg(long, value_name = "N", default_value_t = 1)]
    workers: usize,

    /// How access tokens are signed; HS256 is for load tests
    #[arg(long, value_parser = ["RS256", "HS256"], ignore_case = true, default_value = "RS256")]
    algorithm: String,

    /// Key for HS256 [default: a random one]
    #[arg(long, value_name = "KEY")]
    hs256_secret: Option<String>,

    /// An API token that exists; repeatable. With :user it is a user's, else a tenant's
    /// [default: a random one]
    #[arg(long = "api-token", value_name = "ID:SECRET[:user]")]
    api_tokens: Vec<String>,

    /// The client id of an API token that exists; repeatable, each with its --secret
    #[arg(long = "client-id", value_name = "ID")]
    client_ids: Vec<String>,

    /// The secret for --client-id, in the same order
    #[arg(long = "secret", value_name = "SECRET")]
    secrets: Vec<String>,

    /// Claim iss [default: the HTTPS origin]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,

    /// Claim aud
    #[arg(long, value_name = "TEXT", default_value_t = Options::default().audience)]
    audience: String,

    /// Claim applicationId [default: none]
    #[arg(long, value_name = "ID")]
    application_id: Option<String>,

    /// Seconds that an access token lives
    #[arg(long, value_name = "SECONDS", default_value_t = Options::default().access_token_lifetime)]
    access_token_lifetime: u64,

    /// Seconds that a refresh token lives
    #[arg(long, value_name = "SECONDS", default_value_t = Options::default().refresh_token_lifetime)]
    refresh_token_lifetime: u64,

    /// Refresh tokens of one API token alive at a time; one more evicts the earliest
    #[arg(long, value_name = "N", default_value_t = Options::default().refresh_token_cap)]
    refresh_token_cap: usize,

    /// Whether a refresh consumes its token and issues another
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, default_value_t = true)]
    rotation: bool,

    /// Authentications a second of the whole workspace; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 0)]
    rate_limit: u32,

    /// Refuse every call with 403, "Api tokens are disabled"
    #[arg(long)]
    api_tokens_disabled: bool,

    /// The frontegg-vendor-host that a refresh must carry, or be refused with 401
    #[arg(long, value_name = "HOST")]
    vendor_host: Option<String>,

    /// Answers to the calls carry Date, by the service's clock
    #[arg(long)]
    date: bool,

    /// A header that both calls must carry, or a "gateway" refuses them with 403
    #[arg(long, value_name = "NAME:VALUE", value_parser = header)]
    required_header: Option<RequiredHeader>,

    /// A name that the certificate is good for, beside localhost, 127.0.0.1, ::1 and --host;
    /// repeatable
    #[arg(long = "tls-name", value_name = "NAME")]
    tls_names: Vec<String>,

    /// Listen also with every faulty certificate: expired, for another host, self-signed, …
    #[arg(long)]
    tls_faults: bool,

    /// Listen also where a client certificate is required, and write one
    #[arg(long)]
    mtls: bool,

    /// How many requests the log keeps; 0 switches it off
    #[arg(long, value_name = "N", default_value_t = Options::default().request_log)]
    request_log: usize,

    /// Keep no log of requests; the same as --request-log 0
    #[arg(long, conflicts_with = "request_log")]
    no_request_log: bool,

    /// Folder for the PEM files, which are removed at the end [default: a fresh private one]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// End when standard input does, so that no orphan outlives whoever started this
    #[arg(long)]
    pub(crate) exit_with_stdin: bool,
}

impl Cli {
    /// The options, and the folder for files.
    pub(crate) fn into_options(self) -> Result<(Options, Option<PathBuf>), String> {
        if self.client_ids.len() != self.secrets.len() {
            return Err("each --client-id needs its --secret, and the other way round".into());
        }
        let pairs = self.client_ids.into_iter().zip(self.secrets);
        let mut api_tokens =
            self.api_tokens.iter().map(|text| api_token(text)).collect::<Result<Vec<_>, _>>()?;
        api_tokens.extend(pairs.map(|(client_id, secret)| ApiToken::tenant(client_id, secret)));
        let hs256 = self.algorithm.eq_ignore_ascii_case("HS256");
        let options = Options {
            host: self.host,
            http_port: self.port,
            https_port: self.https_port,
            control_port: self.control_port,
            workers: self.workers,
            algorithm: if hs256 { Algorithm::HS256 } else { Algorithm::RS256 },
            hs256_secret: self.hs256_secret.map(Into::into),
            issuer: self.issuer,
            audience: self.audience,
            application_id: self.application_id,
            api_tokens,
            tls_names: self.tls_names,
            tls_faults: self.tls_faults,
            mtls: self.mtls,
            request_log: if self.no_request_log { 0 } else { self.request_log },
            access_token_lifetime: self.access_token_lifetime,
            refresh_token_lifetime: self.refresh_token_lifetime,
            refresh_token_cap: self.refresh_token_cap,
            rotation: self.rotation,
            rate_limit: self.rate_limit,
            api_tokens_disabled: self.api_tokens_disabled,
            vendor_host: self.vendor_host,
            date: self.date,
            required_header: self.required_header,
        };
        Ok((options, self.dir))
    }
}

/// Reads `ID:SECRET` or `ID:SECRET:user`. Not clap's to check, since it would repeat a wrong value,
/// and that may hold a secret.
fn api_token(text: &str) -> Result<ApiToken, String> {
    match text.split(':').collect::<Vec<_>>()[..] {
        [id, secret] if !id.is_empty() => Ok(ApiToken::tenant(id, secret)),
        [id, secret, "user"] if !id.is_empty() => Ok(ApiToken::user(id, secret)),
        _ => Err("--api-token takes ID:SECRET or ID:SECRET:user".into()),
    }
}

/// Reads `NAME:VALUE`.
fn header(text: &str) -> Result<RequiredHeader, String> {
    let (name, value) = text.split_once(':').ok_or("expected NAME:VALUE")?;
    Ok(RequiredHeader { name: name.trim().to_owned(), value: value.trim().to_owned() })
}
