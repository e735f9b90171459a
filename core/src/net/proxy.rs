//! Whether and through which proxy to reach the service.

use std::fmt;
use std::str::FromStr;

use crate::endpoint::{Endpoint, is_loopback};
use crate::{Error, Secret, environment};

use super::no_proxy::is_excluded;
use super::proxy_server::ProxyServer;

/// Whether and through which proxy to reach the service.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Proxy {
    /// `HTTPS_PROXY` (for a plain endpoint `HTTP_PROXY`), else `ALL_PROXY`, in upper or lower
    /// case, unless `NO_PROXY` names the host. Read when the client is built; an empty variable
    /// is none. A loopback host is reached directly, and a program that runs by CGI (where
    /// `REQUEST_METHOD` is set) ignores `HTTP_PROXY` in upper case, which a request can set.
    #[default]
    Environment,
    /// None, whatever the environment says.
    None,
    /// This one: `http://`, `https://` (both by CONNECT), `socks4://`, `socks4a://`, `socks5://`
    /// or `socks5h://`, with a user name and password in front of the host if need be,
    /// percent-encoded. Without a scheme, `http`. `socks4` and `socks5` resolve the service's
    /// name here, `socks4a` and `socks5h` at the proxy.
    ///
    /// A plain `http` endpoint, even on loopback, then needs
    /// [`allow_http`](crate::ClientBuilder::allow_http): the proxy would read its secrets.
    Url(Secret),
}

impl Proxy {
    /// The proxy for this endpoint, if there is one.
    pub(crate) fn resolve(&self, endpoint: &Endpoint) -> Result<Option<ProxyServer>, Error> {
        match self {
            Proxy::None => Ok(None),
            Proxy::Url(url) => ProxyServer::parse(url.expose(), "the proxy").map(Some),
            Proxy::Environment => from_environment(endpoint, environment::variable),
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
            url => ProxyServer::parse(url, "the proxy").map(|_| Proxy::Url(url.into())),
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

fn from_environment(
    endpoint: &Endpoint,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<ProxyServer>, Error> {
    let read = |name: &str| {
        variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    };
    let either = |upper: &str| {
        read(upper).map(|value| (upper.to_owned(), value)).or_else(|| {
            read(&upper.to_ascii_lowercase()).map(|it| (upper.to_ascii_lowercase(), it))
        })
    };
    // Nobody else's machine is asked for what is on this one, as in Go.
    if is_loopback(endpoint.host()) {
        return Ok(None);
    }
    let (host, port) = endpoint.service();
    if either("NO_PROXY").is_some_and(|(_, list)| is_excluded(&list, &host, port)) {
        return Ok(None);
    }
    let found = if !endpoint.is_plain() {
        either("HTTPS_PROXY")
    } else if variable("REQUEST_METHOD").is_some() {
        // By CGI, a request's header `Proxy` becomes HTTP_PROXY. Names of variables have no
        // case on Windows.
        if cfg!(windows) {
            None
        } else {
            read("http_proxy").map(|it| ("http_proxy".to_owned(), it))
        }
    } else {
        either("HTTP_PROXY")
    };
    match found.or_else(|| either("ALL_PROXY")) {
        Some((name, url)) => ProxyServer::parse(&url, &name).map(Some),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(url: &str, environment: &[(&str, &str)]) -> Option<String> {
        let endpoint = Endpoint::url(url).unwrap();
        let variable = |name: &str| {
            environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        from_environment(&endpoint, variable).unwrap().map(|proxy| proxy.host)
    }

    #[test]
    fn the_environment_names_a_proxy_by_scheme() {
        let both = [("HTTPS_PROXY", "http://s:1"), ("HTTP_PROXY", "http://p:1")];
        assert_eq!(chosen("https://a.example", &both).as_deref(), Some("s"));
        assert_eq!(chosen("http://a.example", &both).as_deref(), Some("p"));
        assert_eq!(chosen("https://a.example", &[("all_proxy", "x:1")]).as_deref(), Some("x"));
        assert_eq!(chosen("https://a.example", &[]), None);
    }

    #[test]
    fn an_empty_variable_is_none() {
        for empty in ["", " "] {
            let masked = [("HTTPS_PROXY", empty), ("https_proxy", "p:1")];
            assert_eq!(chosen("https://a.example", &masked).as_deref(), Some("p"));
            let masked = [("HTTPS_PROXY", "p:1"), ("NO_PROXY", empty), ("no_proxy", "a.example")];
            assert_eq!(chosen("https://a.example", &masked), None);
            assert_eq!(chosen("https://a.example", &[("HTTPS_PROXY", empty)]), None);
        }
    }

    #[test]
    fn loopback_is_reached_directly() {
        let all = [("HTTPS_PROXY", "p:1"), ("HTTP_PROXY", "p:1"), ("ALL_PROXY", "p:1")];
        for host in [
            "localhost",
            "LOCALHOST.",
            "127.0.0.1",
            "127.8.8.8:8443",
            "[::1]:1",
            "[::ffff:127.0.0.1]",
        ] {
            for scheme in ["http", "https"] {
                assert_eq!(chosen(&format!("{scheme}://{host}"), &all), None, "{host}");
            }
        }
    }

    #[test]
    fn a_request_by_cgi_does_not_choose_the_proxy() {
        let cgi = [("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "evil:1")];
        assert_eq!(chosen("http://a.example", &cgi), None);
        let lower = [("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "evil:1"), ("http_proxy", "p:1")];
        assert_eq!(chosen("http://a.example", &lower).as_deref(), Some("p"));
        let https = [("REQUEST_METHOD", "GET"), ("HTTPS_PROXY", "p:1")];
        assert_eq!(chosen("https://a.example", &https).as_deref(), Some("p"));
    }

    #[test]
    fn a_bad_proxy_of_the_environment_is_an_error_that_names_the_variable() {
        let endpoint = Endpoint::url("https://a.example").unwrap();
        for text in ["ftp://user:planted@p:1", "http://user:planted@p:x", "http://planted@"] {
            let variable = |name: &str| (name == "https_proxy").then(|| text.to_owned());
            let message = from_environment(&endpoint, variable).unwrap_err().to_string();
            assert!(message.contains("https_proxy") && !message.contains("planted"), "{message}");
        }
        let proxy: Proxy = "http://user:planted@p:1".parse().unwrap();
        assert!(!format!("{proxy:?}").contains("planted"));
    }
}
