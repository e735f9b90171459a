//! Whether and through which proxy to reach the service.

use std::fmt;
use std::str::FromStr;

use ureq::Proxy as UreqProxy;

use crate::endpoint::Endpoint;
use crate::{Error, Secret};

/// Whether and through which proxy to reach the service.
#[derive(Clone, Default)]
pub enum Proxy {
    /// `HTTPS_PROXY` (for a plain endpoint `HTTP_PROXY`), else `ALL_PROXY`, in upper or lower
    /// case, unless `NO_PROXY` names the host. Read when the client is built.
    #[default]
    Environment,
    /// None, whatever the environment says.
    None,
    /// This one: `http://`, `https://` (both by CONNECT), `socks4://` or `socks5://`, with a
    /// user name and password in front of the host if need be, percent-encoded.
    Url(Secret),
}

impl Proxy {
    pub(crate) fn resolve(&self, endpoint: &Endpoint) -> Result<Option<UreqProxy>, Error> {
        match self {
            Proxy::None => Ok(None),
            Proxy::Url(url) => parse(url.expose(), "the proxy").map(Some),
            Proxy::Environment => from_environment(endpoint, |name| std::env::var(name).ok()),
        }
    }
}

impl FromStr for Proxy {
    type Err = Error;

    /// `environment`, `none`, or a URL.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text.trim() {
            "environment" => Ok(Proxy::Environment),
            "none" => Ok(Proxy::None),
            url => parse(url, "the proxy").map(|_| Proxy::Url(url.into())),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Proxy::Environment => "environment",
            Proxy::None => "none",
            // It may hold a password.
            Proxy::Url(_) => "url",
        })
    }
}

/// `what` names the source; the URL itself may hold a password and is never repeated.
fn parse(url: &str, what: &str) -> Result<UreqProxy, Error> {
    UreqProxy::new(url)
        .map_err(|_| Error::invalid_argument(format!("{what} is not a valid proxy URL")))
}

fn from_environment(
    endpoint: &Endpoint,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<UreqProxy>, Error> {
    let either = |upper: &str| {
        let found = variable(upper).or_else(|| variable(&upper.to_ascii_lowercase()));
        found.filter(|value| !value.trim().is_empty())
    };
    if either("NO_PROXY").is_some_and(|list| excludes(&list, endpoint.host())) {
        return Ok(None);
    }
    let own = if endpoint.base_url().starts_with("https:") { "HTTPS_PROXY" } else { "HTTP_PROXY" };
    for name in [own, "ALL_PROXY"] {
        if let Some(url) = either(name) {
            return parse(url.trim(), name).map(Some);
        }
    }
    Ok(None)
}

/// Whether a `NO_PROXY` list names the host, as curl reads it: an entry stands for a host
/// and all below it, a leading dot or `*.` changes nothing, `*` is every host.
fn excludes(list: &str, host: &str) -> bool {
    let host = bare(host);
    list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        let entry = bare(entry.trim_start_matches('*').trim_start_matches('.'));
        host == entry || host.strip_suffix(&entry).is_some_and(|front| front.ends_with('.'))
    })
}

fn bare(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(url: &str, environment: &[(&str, &str)]) -> Option<String> {
        let endpoint = Endpoint::url(url).unwrap();
        let variable = |name: &str| {
            environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        from_environment(&endpoint, variable).unwrap().map(|proxy| proxy.host().to_owned())
    }

    #[test]
    fn the_environment_names_a_proxy_by_scheme() {
        let both = [("HTTPS_PROXY", "http://s:1"), ("HTTP_PROXY", "http://p:1")];
        assert_eq!(chosen("https://a.example", &both).as_deref(), Some("s"));
        assert_eq!(chosen("http://127.0.0.1", &both).as_deref(), Some("p"));
        assert_eq!(chosen("https://a.example", &[("all_proxy", "x:1")]).as_deref(), Some("x"));
        assert_eq!(chosen("https://a.example", &[("HTTPS_PROXY", " ")]), None);
        assert_eq!(chosen("https://a.example", &[]), None);
    }

    #[test]
    fn no_proxy_is_read_as_curl_reads_it() {
        for (list, host, excluded) in [
            ("a.example", "https://a.example", true),
            ("example", "https://a.example", true),
            (".example", "https://a.example", true),
            ("*.example", "https://a.example", true),
            ("A.EXAMPLE", "https://a.example", true),
            ("b.example, a.example", "https://a.example", true),
            ("*", "https://a.example", true),
            ("127.0.0.1", "https://127.0.0.1:8443", true),
            ("::1", "https://[::1]:8443", true),
            ("xample", "https://a.example", false),
            ("", "https://a.example", false),
        ] {
            let environment = [("HTTPS_PROXY", "http://p:1"), ("no_proxy", list)];
            assert_eq!(chosen(host, &environment).is_none(), excluded, "{list} {host}");
        }
    }

    #[test]
    fn a_bad_proxy_is_an_error_that_does_not_repeat_it() {
        for text in ["ftp://user:planted@p:1", "http://"] {
            let error = text.parse::<Proxy>().unwrap_err();
            assert!(!error.to_string().contains("planted"));
        }
        let proxy: Proxy = "http://user:planted@p:1".parse().unwrap();
        assert!(!format!("{proxy:?}").contains("planted"));
    }
}
