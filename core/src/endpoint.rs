//! Where the service is: a region, an own domain, or a URL.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ureq::http::Uri;
use ureq::http::uri::Authority;

use crate::Error;

/// Frontegg's regions; each has a host of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Region {
    /// Europe: `api.frontegg.com`.
    Eu,
    /// United States: `api.us.frontegg.com`.
    Us,
    /// Canada: `api.ca.frontegg.com`.
    Ca,
    /// Australia: `api.au.frontegg.com`.
    Au,
}

impl Region {
    fn host(self) -> &'static str {
        match self {
            Region::Eu => "api.frontegg.com",
            Region::Us => "api.us.frontegg.com",
            Region::Ca => "api.ca.frontegg.com",
            Region::Au => "api.au.frontegg.com",
        }
    }
}

impl FromStr for Region {
    type Err = Error;

    /// `eu`, `us`, `ca` or `au`, in any case.
    fn from_str(name: &str) -> Result<Self, Error> {
        match name.trim().to_ascii_lowercase().as_str() {
            "eu" => Ok(Region::Eu),
            "us" => Ok(Region::Us),
            "ca" => Ok(Region::Ca),
            "au" => Ok(Region::Au),
            _ => Err(Error::invalid_argument("the region is none of eu, us, ca, au")),
        }
    }
}

/// How the host names the workspace, which decides on `frontegg-vendor-host`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A host that all workspaces of a region share.
    Region,
    /// A host that names the workspace.
    Domain,
    /// Whatever the user gave.
    Url,
}

/// The base of the identity service's URLs, valid by construction.
///
/// It always ends in `/identity`; a path prefix, a port and an IPv6 host are kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    base: String,
    authority: Authority,
    kind: Kind,
    plain: bool,
}

impl Endpoint {
    /// The shared host of a region. A refresh there wants a
    /// [`vendor_host`](crate::ClientBuilder::vendor_host).
    pub fn region(region: Region) -> Self {
        Self::parse(&format!("https://{}", region.host()), Kind::Region)
            .expect("the regions' hosts are valid")
    }

    /// An own domain: `acme` (for `acme.frontegg.com`) or a full host name such as
    /// `acme.us.frontegg.com` or `auth.example.com`, with a port if need be.
    ///
    /// Its host is sent as `frontegg-vendor-host` on refresh unless another is set.
    pub fn domain(domain: &str) -> Result<Self, Error> {
        let name = domain.trim();
        if name.is_empty() || name.contains(['/', '?', '#', '@']) {
            return Err(Error::invalid_argument("the domain is not a bare host name"));
        }
        let host = if name.contains(['.', ':']) || name == "localhost" {
            name.to_owned()
        } else {
            format!("{name}.frontegg.com")
        };
        Self::parse(&format!("https://{host}"), Kind::Domain)
    }

    /// Any `http` or `https` URL. Trailing slashes are dropped, and `/identity` is
    /// appended unless the path already ends in it.
    ///
    /// Plain `http` is for loopback hosts; any other needs
    /// [`allow_http`](crate::ClientBuilder::allow_http).
    pub fn url(url: &str) -> Result<Self, Error> {
        Self::parse(url.trim(), Kind::Url)
    }

    /// The one of the three that is given; for bindings and configuration files, where
    /// an endpoint is exactly one of `region`, `domain` and `base_url`.
    pub fn choose(
        region: Option<&str>,
        domain: Option<&str>,
        base_url: Option<&str>,
    ) -> Result<Self, Error> {
        match (region, domain, base_url) {
            (Some(region), None, None) => Ok(Self::region(region.parse()?)),
            (None, Some(domain), None) => Self::domain(domain),
            (None, None, Some(url)) => Self::url(url),
            _ => Err(Error::invalid_argument("give exactly one of region, domain and base_url")),
        }
    }

    fn parse(url: &str, kind: Kind) -> Result<Self, Error> {
        let bad = |why: &str| Error::invalid_argument(format!("the base URL {why}"));
        if url.contains(['?', '#']) {
            return Err(bad("has a query or a fragment"));
        }
        let uri: Uri = url.parse().map_err(|_| bad("cannot be read as a URL"))?;
        let plain = match uri.scheme_str() {
            Some("https") => false,
            Some("http") => true,
            _ => return Err(bad("is neither http nor https")),
        };
        let authority = uri.authority().ok_or_else(|| bad("has no host"))?.clone();
        // A user name in front of the host would be a secret in every log line.
        if authority.as_str().contains('@') {
            return Err(bad("carries credentials"));
        }
        if authority.host().is_empty() {
            return Err(bad("has no host"));
        }
        let written_port = authority.as_str().strip_prefix(authority.host()).unwrap_or_default();
        if !written_port.is_empty() && authority.port_u16().is_none_or(|port| port == 0) {
            return Err(bad("has a bad port"));
        }
        let path = uri.path().trim_end_matches('/');
        let path = path.strip_suffix("/identity").unwrap_or(path).trim_end_matches('/');
        let scheme = if plain { "http" } else { "https" };
        Ok(Self { base: format!("{scheme}://{authority}{path}/identity"), authority, kind, plain })
    }

    /// The base URL, such as `https://api.us.frontegg.com/identity`.
    pub fn base_url(&self) -> &str {
        &self.base
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The host name, without a port; an IPv6 address stands in brackets.
    pub(crate) fn host(&self) -> &str {
        self.authority.host()
    }

    /// Host, in lower case and without brackets, and port.
    pub(crate) fn service(&self) -> (String, u16) {
        let host = self.host().trim_start_matches('[').trim_end_matches(']');
        let port = self.authority.port_u16().unwrap_or(if self.plain { 80 } else { 443 });
        (host.to_ascii_lowercase(), port)
    }

    /// Whether requests are not encrypted.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    /// Whether requests would cross a network in the clear.
    pub(crate) fn is_exposed(&self) -> bool {
        self.plain && !is_loopback(self.host())
    }
}

/// Whether a host is this one, by its name or address; an IPv6 address may stand in brackets.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.strip_suffix('.').unwrap_or(bare).eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoint").field(&self.base).finish()
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self, Error> {
        Self::url(url)
    }
}

impl From<Region> for Endpoint {
    fn from(region: Region) -> Self {
        Self::region(region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(url: &str) -> String {
        Endpoint::url(url).unwrap().base_url().to_owned()
    }

    #[test]
    fn regions_have_their_hosts() {
        for (name, url) in [
            ("eu", "https://api.frontegg.com/identity"),
            ("US", "https://api.us.frontegg.com/identity"),
            ("ca", "https://api.ca.frontegg.com/identity"),
            (" au ", "https://api.au.frontegg.com/identity"),
        ] {
            assert_eq!(Endpoint::choose(Some(name), None, None).unwrap().base_url(), url);
        }
        assert!("mars".parse::<Region>().is_err());
    }

    #[test]
    fn domains_are_completed_only_where_they_are_bare() {
        for (domain, url) in [
            ("acme", "https://acme.frontegg.com/identity"),
            ("acme.us.frontegg.com", "https://acme.us.frontegg.com/identity"),
            ("auth.example.com", "https://auth.example.com/identity"),
            ("auth.example.com:8443", "https://auth.example.com:8443/identity"),
        ] {
            assert_eq!(Endpoint::domain(domain).unwrap().base_url(), url);
        }
        for bad in ["", "  ", "https://acme", "acme/x", "a b", "user@acme"] {
            assert!(Endpoint::domain(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn identity_is_appended_exactly_once_and_the_prefix_stays() {
        for (given, expected) in [
            ("https://a.example", "https://a.example/identity"),
            ("https://a.example/", "https://a.example/identity"),
            ("https://a.example/identity", "https://a.example/identity"),
            ("https://a.example/identity//", "https://a.example/identity"),
            ("https://a.example//identity/", "https://a.example/identity"),
            ("https://a.example/frontegg", "https://a.example/frontegg/identity"),
            ("https://a.example/frontegg/identity/", "https://a.example/frontegg/identity"),
            ("https://a.example/myidentity", "https://a.example/myidentity/identity"),
            ("https://a.example:8443/x", "https://a.example:8443/x/identity"),
            ("http://[::1]:8080", "http://[::1]:8080/identity"),
            ("HTTPS://a.example", "https://a.example/identity"),
        ] {
            assert_eq!(base(given), expected, "{given}");
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        for bad in [
            "",
            "a.example",
            "ftp://a.example",
            "https://",
            "https:///identity",
            "https://a.example?x=1",
            "https://a.example/#x",
            "https://user:pass@a.example",
            "https://a.example:99999",
            "https://a.example:0",
            "https://a.example:",
            "https://a b.example",
            "https://a.example/\r\nx: y",
        ] {
            let error = Endpoint::url(bad).expect_err(bad);
            assert_eq!(error.code(), crate::Code::InvalidArgument);
            assert!(!error.message().contains("pass"), "credentials in {error}");
        }
    }

    #[test]
    fn plain_http_is_exposed_unless_it_is_loopback() {
        for (url, exposed) in [
            ("http://localhost:1", false),
            ("http://127.0.0.1", false),
            ("http://127.8.8.8", false),
            ("http://[::1]:1", false),
            ("http://a.example", true),
            ("http://127.0.0.1.example.com", true),
            ("https://a.example", false),
        ] {
            assert_eq!(Endpoint::url(url).unwrap().is_exposed(), exposed, "{url}");
        }
    }

    #[test]
    fn exactly_one_way_to_name_the_endpoint() {
        assert!(Endpoint::choose(None, None, None).is_err());
        assert!(Endpoint::choose(Some("us"), Some("acme"), None).is_err());
    }
}
