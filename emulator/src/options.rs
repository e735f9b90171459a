//! What an emulator can be told: at its start, and some of it while it runs.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::random;

/// Settings of an [`Emulator`](crate::Emulator). Also readable from JSON, where every member may be
/// left out.
///
/// Those marked *live* can be changed while it runs, with `POST /_emulator/options` or
/// [`Emulator::set_options`](crate::Emulator::set_options).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // independent switches, each a flag of the program
pub struct Options {
    /// Address to listen on.
    pub host: IpAddr,
    /// Port for HTTP; 0 for a free one.
    pub http_port: u16,
    /// Port for HTTPS; 0 for a free one.
    pub https_port: u16,
    /// Port that answers `/_emulator/` alone, uncounted and free of faults; 0 for a free one.
    pub control_port: u16,
    /// Threads that serve; 1 is right for tests.
    pub workers: usize,
    /// How access tokens are signed.
    pub algorithm: Algorithm,
    /// The key for HS256; made up if not given.
    pub hs256_secret: Option<Secret>,
    /// Claim `iss`; the HTTPS origin if not given.
    pub issuer: Option<String>,
    /// Claim `aud`.
    pub audience: String,
    /// Claim `applicationId`; left out if not given.
    pub application_id: Option<String>,
    /// The API tokens that exist; one is made up if there are none.
    pub api_tokens: Vec<ApiToken>,
    /// Host names that the certificate is good for, beside `localhost`, the loopback addresses and
    /// `host`.
    pub tls_names: Vec<String>,
    /// Listen also with every [faulty certificate](crate::TlsFault).
    pub tls_faults: bool,
    /// Listen also where a client certificate is required, once in TLS 1.2 alone.
    pub mtls: bool,
    /// How many requests the log keeps; 0 switches it off.
    pub request_log: usize,
    /// *Live*: seconds that an access token lives.
    pub access_token_lifetime: u64,
    /// *Live*: seconds that a refresh token lives.
    pub refresh_token_lifetime: u64,
    /// *Live*: refresh tokens of one API token alive at a time; one more evicts the earliest.
    pub refresh_token_cap: usize,
    /// *Live*: whether a refresh consumes its token and issues another; else it answers the same.
    pub rotation: bool,
    /// *Live*: authentications a second, of the whole workspace; 0 for no limit.
    pub rate_limit: u32,
    /// *Live*: whether every call is refused with 403, "Api tokens are disabled".
    pub api_tokens_disabled: bool,
    /// *Live*: a refresh must carry this `frontegg-vendor-host`, or it is refused with 401.
    pub vendor_host: Option<String>,
    /// *Live*: whether answers to the calls carry `Date`, by the service's clock.
    pub date: bool,
    /// *Live*: both calls must carry this header, or a "gateway" refuses them with 403 in plain
    /// text.
    pub required_header: Option<RequiredHeader>,
}

/// Members of [`Options`] that may change while the emulator runs.
const LIVE: [&str; 9] = [
    "access_token_lifetime",
    "refresh_token_lifetime",
    "refresh_token_cap",
    "rotation",
    "rate_limit",
    "api_tokens_disabled",
    "vendor_host",
    "date",
    "required_header",
];

impl Default for Options {
    fn default() -> Self {
        Options {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            http_port: 0,
            https_port: 0,
            control_port: 0,
            workers: 1,
            algorithm: Algorithm::default(),
            hs256_secret: None,
            issuer: None,
            audience: "frontegg-emulator".into(),
            application_id: None,
            api_tokens: Vec::new(),
            tls_names: Vec::new(),
            tls_faults: false,
            mtls: false,
            request_log: 10_000,
            access_token_lifetime: 86_400,
            refresh_token_lifetime: 180 * 86_400,
            refresh_token_cap: 100,
            rotation: true,
            rate_limit: 0,
            api_tokens_disabled: false,
            vendor_host: None,
            date: false,
            required_header: None,
        }
    }
}

impl Options {
    /// The options with `patch`'s members put in; only *live* ones may be named.
    pub(crate) fn patched(&self, patch: &Map<String, Value>) -> Result<Options, String> {
        if let Some(name) = patch.keys().find(|name| !LIVE.contains(&name.as_str())) {
            return Err(format!(
                "`{name}` is no option that can change; these can: {}",
                LIVE.join(", ")
            ));
        }
        let mut all = self.to_map();
        all.extend(patch.clone());
        serde_json::from_value(Value::Object(all)).map_err(|error| error.to_string())
    }

    /// The *live* options.
    pub(crate) fn live(&self) -> Map<String, Value> {
        let mut all = self.to_map();
        all.retain(|name, _| LIVE.contains(&name.as_str()));
        all
    }

    fn to_map(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            _ => unreachable!("options are a JSON object"),
        }
    }
}

/// How access tokens are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// RSA with a key of 2048 bits, published as a JWKS. What the service does.
    #[default]
    RS256,
    /// HMAC with a shared key: fifty times as fast, for load tests.
    HS256,
}

/// An API token (client credentials) that the emulator knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiToken {
    /// The client id: a UUID in the service, any text here.
    pub client_id: String,
    /// The secret that goes with it.
    pub secret: Secret,
    /// Whom it stands for.
    #[serde(rename = "type", default)]
    pub kind: TokenKind,
    /// Claim `tenantId`.
    #[serde(default = "random::uuid")]
    pub tenant_id: String,
    /// Claim `userId`, for a user's token.
    #[serde(default)]
    pub user_id: Option<String>,
    /// Claim `email`, for a user's token.
    #[serde(default)]
    pub email: Option<String>,
    /// Claim `roles`.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Claim `permissions`.
    #[serde(default)]
    pub permissions: Vec<String>,
}

impl ApiToken {
    /// A tenant's API token with these credentials.
    pub fn tenant(client_id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        ApiToken {
            client_id: client_id.into(),
            secret: secret.into(),
            kind: TokenKind::Tenant,
            tenant_id: random::uuid(),
            user_id: None,
            email: None,
            roles: vec!["viewer".into()],
            permissions: vec!["fe.secure.read.*".into()],
        }
    }

    /// A user's API token with these credentials.
    pub fn user(client_id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        ApiToken {
            kind: TokenKind::User,
            user_id: Some(random::uuid()),
            email: Some("user@example.com".into()),
            ..ApiToken::tenant(client_id, secret)
        }
    }

    /// A tenant's API token with made-up credentials, UUIDs as in the service.
    pub fn random() -> Self {
        ApiToken::tenant(random::uuid(), random::uuid())
    }
}

/// Whom an API token stands for: the claim `type` of its access tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenKind {
    /// An account (tenant).
    #[default]
    #[serde(rename = "tenantApiToken")]
    Tenant,
    /// A user of an account.
    #[serde(rename = "userApiToken")]
    User,
}

impl TokenKind {
    /// The name as in the claim `type`.
    pub fn as_str(self) -> &'static str {
        match self {
            TokenKind::Tenant => "tenantApiToken",
            TokenKind::User => "userApiToken",
        }
    }
}

/// A header that a gateway in front of the service insists on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequiredHeader {
    /// Its name, in any case.
    pub name: String,
    /// Its exact value.
    pub value: String,
}

/// Text that `Debug` does not show.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(text: T) -> Self {
        Secret(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}
