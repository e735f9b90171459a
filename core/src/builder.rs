//! The settings of a client, and the only home of their defaults.

use std::fmt;
use std::time::Duration;

use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE};
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Uri};

use crate::client::{Client, Parts};
use crate::endpoint::{Endpoint, Kind};
use crate::net::{ClientCertificate, Proxy, Roots, Settings, Transport};
use crate::retry::RetryPolicy;
use crate::wire::{self, Operation};
use crate::{Error, Secret, environment};

/// The version of this library, the same in every language.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
pub(crate) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
/// What is set to more, such as to the largest value there is, means as good as no limit, and
/// gets this: a clock cannot reach much further.
pub(crate) const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

impl Default for RetryPolicy {
    /// Four attempts, with waits of up to 0.25, 0.5 and 1 second; two where answers are lost.
    fn default() -> Self {
        Self {
            max_attempts: 4,
            max_lost_answers: 2,
            base_delay: Duration::from_millis(250),
            max_delay: Duration::from_secs(5),
        }
    }
}

/// Headers that the HTTP layer or this library sets.
const RESERVED: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    wire::SDK,
    wire::VENDOR_HOST,
];

/// Collects the settings of a [`Client`]. A bad one surfaces once, in [`build`](Self::build).
#[derive(Clone)]
#[must_use]
pub struct ClientBuilder {
    endpoint: Result<Endpoint, Error>,
    allow_http: bool,
    vendor_host: Option<String>,
    connect_timeout: Duration,
    attempt_timeout: Duration,
    deadline: Duration,
    retry: RetryPolicy,
    proxy: Proxy,
    roots: Result<Roots, Error>,
    client_certificate: Option<Result<ClientCertificate, Error>>,
    headers: Vec<(String, Secret)>,
    bearer: Option<Secret>,
    user_agent_suffix: Option<String>,
}

impl ClientBuilder {
    pub(crate) fn new(endpoint: Result<Endpoint, Error>) -> Self {
        Self {
            endpoint,
            allow_http: false,
            vendor_host: None,
            connect_timeout: CONNECT_TIMEOUT,
            attempt_timeout: ATTEMPT_TIMEOUT,
            deadline: DEADLINE,
            retry: RetryPolicy::default(),
            proxy: Proxy::default(),
            roots: Ok(Roots::default()),
            client_certificate: None,
            headers: Vec::new(),
            bearer: None,
            user_agent_suffix: None,
        }
    }

    /// Starts from the environment: exactly one of `FRONTEGG_BASE_URL`, `FRONTEGG_DOMAIN` and
    /// `FRONTEGG_REGION`, and `FRONTEGG_VENDOR_HOST`. An empty variable is as good as none.
    ///
    /// A privileged process (set-user-id, set-group-id or file capabilities) does not read the
    /// environment: there, [`build`](Self::build) fails with `invalid_argument`.
    pub fn from_env() -> Self {
        match environment::allowed() {
            Ok(()) => Self::from_variables(environment::variable),
            Err(error) => Self::new(Err(error)),
        }
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let read = |name| variable(name).filter(|value| !value.trim().is_empty());
        let (region, domain) = (read("FRONTEGG_REGION"), read("FRONTEGG_DOMAIN"));
        let url = read("FRONTEGG_BASE_URL");
        let endpoint = Endpoint::choose(region.as_deref(), domain.as_deref(), url.as_deref());
        let builder = Self::new(endpoint.map_err(|error| {
            Error::invalid_argument(format!(
                "FRONTEGG_BASE_URL, FRONTEGG_DOMAIN, FRONTEGG_REGION: {}",
                error.message()
            ))
        }));
        match read("FRONTEGG_VENDOR_HOST") {
            Some(host) => builder.vendor_host(host),
            None => builder,
        }
    }

    /// Allows plain `http` to a host that is not loopback. Secrets then cross the network in
    /// the clear. Off by default.
    pub fn allow_http(mut self, allow: bool) -> Self {
        self.allow_http = allow;
        self
    }

    /// The host name that stands for the workspace, sent as `frontegg-vendor-host` on
    /// refresh. By default that of an own domain; none for a region or a URL. The shared
    /// host of a region needs it.
    pub fn vendor_host(mut self, host: impl Into<String>) -> Self {
        self.vendor_host = Some(host.into());
        self
    }

    /// How long to connect at most, name resolution apart, TLS included. 5 s by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long one request takes at most, connecting included. 10 s by default.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// How long a call takes at most, with all its attempts and waits. 30 s by default.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// When and how often to repeat a request. Four attempts by default, two where answers are
    /// lost.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The proxy. From the environment by default.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    /// The certificate authorities to trust. The platform's by default. What
    /// [`Roots::pem`] and [`Roots::pem_file`] answer can be given as it is.
    pub fn roots(mut self, roots: impl IntoRoots) -> Self {
        self.roots = roots.into_roots();
        self
    }

    /// A client certificate chain and its private key, both in PEM. None by default.
    pub fn client_certificate(mut self, chain: &[u8], key: &[u8]) -> Self {
        self.client_certificate = Some(ClientCertificate::pem(chain, key));
        self
    }

    /// A header to send with every request, for gateways that ask for one. May be called
    /// repeatedly. Values are treated as secrets in every output.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// A token to send as `Authorization: Bearer`. None by default: Frontegg's calls want none.
    pub fn bearer(mut self, token: impl Into<Secret>) -> Self {
        self.bearer = Some(token.into());
        self
    }

    /// Names the calling program behind this library's own `User-Agent`.
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent_suffix = Some(suffix.into());
        self
    }

    /// Checks every setting. Opens no connection.
    pub fn build(self) -> Result<Client, Error> {
        let endpoint = self.endpoint.clone()?;
        if endpoint.is_exposed() && !self.allow_http {
            return Err(Error::invalid_argument(
                "plain http to a host that is not loopback is refused unless allow_http is set",
            ));
        }
        let proxy = self.proxy.resolve(&endpoint)?;
        if endpoint.is_plain() && proxy.is_some() && !self.allow_http {
            return Err(Error::invalid_argument(
                "plain http through a proxy, which would read the secret, is refused unless \
                 allow_http is set",
            ));
        }
        for (name, span) in [
            ("connect_timeout", self.connect_timeout),
            ("attempt_timeout", self.attempt_timeout),
            ("deadline", self.deadline),
        ] {
            if span.is_zero() {
                return Err(Error::invalid_argument(format!("{name} is zero")));
            }
        }
        for (name, number) in [
            ("max_attempts", self.retry.max_attempts),
            ("max_lost_answers", self.retry.max_lost_answers),
        ] {
            if number == 0 {
                return Err(Error::invalid_argument(format!("{name} is zero")));
            }
        }
        let vendor_host = self.checked_vendor_host(&endpoint)?;
        let headers = self.checked_headers()?;
        let mut refresh_headers = headers.clone();
        if let Some(host) = &vendor_host {
            let value = HeaderValue::from_str(host).map_err(|_| bad_vendor_host())?;
            refresh_headers.insert(wire::VENDOR_HOST, value);
        }
        let uri = |path: &str| -> Result<Uri, Error> {
            format!("{}{path}", endpoint.base_url())
                .parse()
                .map_err(|_| Error::invalid_argument("the base URL cannot be read as a URL"))
        };
        let mut roots = self.roots.clone()?;
        // A plain endpoint has no use for them, unless TLS leads to its proxy.
        if !endpoint.is_plain() || proxy.is_some() {
            roots = roots.or_from_environment()?;
        }
        let transport = Transport::new(Settings {
            service: endpoint.service(),
            is_plain: endpoint.is_plain(),
            connect_timeout: self.connect_timeout.min(LONGEST),
            proxy,
            roots,
            client_certificate: self.client_certificate.clone().transpose()?,
            user_agent: self.user_agent()?,
        });
        Ok(Client::from_parts(Parts {
            transport,
            authenticate: (uri(Operation::Authenticate.path())?, headers),
            refresh: (uri(Operation::Refresh.path())?, refresh_headers),
            attempt_timeout: self.attempt_timeout.min(LONGEST),
            deadline: self.deadline.min(LONGEST),
            retry: RetryPolicy { max_delay: self.retry.max_delay.min(LONGEST), ..self.retry },
            lacks_vendor_host: endpoint.kind() == Kind::Region && vendor_host.is_none(),
            endpoint,
        }))
    }

    fn checked_vendor_host(&self, endpoint: &Endpoint) -> Result<Option<String>, Error> {
        let host = match (&self.vendor_host, endpoint.kind()) {
            (Some(host), _) => host.trim().to_owned(),
            (None, Kind::Domain) => endpoint.host().to_owned(),
            (None, Kind::Region | Kind::Url) => return Ok(None),
        };
        let is_bare = !host.is_empty()
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte));
        if is_bare { Ok(Some(host)) } else { Err(bad_vendor_host()) }
    }

    fn checked_headers(&self) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            wire::SDK,
            HeaderValue::from_static(concat!("frontegg-token@", env!("CARGO_PKG_VERSION"))),
        );
        for (name, value) in &self.headers {
            let (name, value) = checked_header(name, value.expose())?;
            headers.append(name, value);
        }
        if let Some(token) = &self.bearer {
            if headers.contains_key(AUTHORIZATION) {
                return Err(Error::invalid_argument(
                    "give either bearer or an authorization header",
                ));
            }
            let token = environment::trimmed(token.expose());
            if token.is_empty() || token.contains(char::is_whitespace) {
                return Err(Error::invalid_argument("the bearer is empty or holds white space"));
            }
            let (name, value) = checked_header("authorization", &format!("Bearer {token}"))?;
            headers.insert(name, value);
        }
        Ok(headers)
    }

    fn user_agent(&self) -> Result<String, Error> {
        let own = format!("frontegg-token/{VERSION}");
        let Some(suffix) = self.user_agent_suffix.as_deref().map(str::trim) else {
            return Ok(own);
        };
        if suffix.is_empty() || !suffix.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(Error::invalid_argument("the user agent suffix is not printable ASCII"));
        }
        Ok(format!("{own} {suffix}"))
    }
}

fn bad_vendor_host() -> Error {
    Error::invalid_argument("the vendor host is not a bare host name")
}

/// The value is never repeated: it may be a secret.
fn checked_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let parsed = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| Error::invalid_argument("the name of an extra header is not valid"))?;
    if RESERVED.contains(&parsed.as_str()) {
        return Err(Error::invalid_argument(format!("the header {parsed} cannot be set")));
    }
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Error::invalid_argument(format!("the value of the header {parsed} is not valid"))
    })?;
    value.set_sensitive(true);
    Ok((parsed, value))
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("ClientBuilder")
            .field("endpoint", &self.endpoint)
            .field("vendor_host", &self.vendor_host)
            .field("connect_timeout", &self.connect_timeout)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("deadline", &self.deadline)
            .field("retry", &self.retry)
            .field("proxy", &self.proxy)
            .field("roots", &self.roots)
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

/// What [`ClientBuilder::roots`] takes: [`Roots`], or a `Result` of them whose error
/// surfaces in [`ClientBuilder::build`].
pub trait IntoRoots {
    /// The roots, or why there are none.
    fn into_roots(self) -> Result<Roots, Error>;
}

impl IntoRoots for Roots {
    fn into_roots(self) -> Result<Roots, Error> {
        Ok(self)
    }
}

impl IntoRoots for Result<Roots, Error> {
    fn into_roots(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests;
