//! A proxy as a URL names it.

use std::fmt;

use crate::{Error, Secret};

/// How a proxy is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
    Socks4,
    Socks4a,
    Socks5,
    Socks5h,
}

impl Scheme {
    fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "http" => Self::Http,
            "https" => Self::Https,
            "socks4" => Self::Socks4,
            "socks4a" => Self::Socks4a,
            "socks" | "socks5" => Self::Socks5,
            "socks5h" => Self::Socks5h,
            _ => return None,
        })
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            Self::Socks4 | Self::Socks4a | Self::Socks5 | Self::Socks5h => 1080,
        }
    }
}

/// A proxy as a URL names it.
#[derive(Debug, Clone)]
pub(crate) struct ProxyServer {
    pub(super) scheme: Scheme,
    /// An IPv6 address stands without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// User name and password.
    pub(super) credentials: Option<(Secret, Secret)>,
}

impl ProxyServer {
    /// `what` names the source; the URL itself may hold a password and is never repeated.
    pub(crate) fn parse(url: &str, what: &str) -> Result<Self, Error> {
        let bad =
            |why: &str| Error::invalid_argument(format!("{what} is not a proxy's URL: {why}"));
        let url = url.trim();
        if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(bad("it holds white space"));
        }
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let scheme = Scheme::parse(scheme).ok_or_else(|| {
            bad("its scheme is none of http, https, socks4, socks4a, socks5 and socks5h")
        })?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        // The last one: a password that should have been percent-encoded may hold others.
        let (user_info, address) = match authority.rsplit_once('@') {
            Some((user_info, address)) => (Some(user_info), address),
            None => (None, authority),
        };
        let (host, port) = split_port(address).ok_or_else(|| bad("its port is no number"))?;
        if host.is_empty()
            || host.contains(['@', ':']) && host.parse::<std::net::Ipv6Addr>().is_err()
        {
            return Err(bad("it has no host"));
        }
        let credentials = user_info
            .map(|user_info| {
                let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
                let decode = |text| {
                    percent_decoded(text)
                        .ok_or_else(|| bad("its user name or password is not well percent-encoded"))
                };
                Ok::<_, Error>((decode(user)?, decode(password)?))
            })
            .transpose()?;
        Ok(Self {
            scheme,
            host: host.to_ascii_lowercase(),
            port: port.unwrap_or_else(|| scheme.default_port()),
            credentials,
        })
    }

    /// Whether the service's name is resolved here rather than at the proxy.
    pub(super) fn wants_address(&self) -> bool {
        matches!(self.scheme, Scheme::Socks4 | Scheme::Socks5)
    }
}

/// Without its credentials: `the proxy proxy.example:3128`.
impl fmt::Display for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        if host.contains(':') {
            write!(f, "the proxy [{host}]:{}", self.port)
        } else {
            write!(f, "the proxy {host}:{}", self.port)
        }
    }
}

/// Host, without brackets, and port; `None` where a port is written that is none.
pub(super) fn split_port(address: &str) -> Option<(&str, Option<u16>)> {
    let (host, rest) = match address.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => address.split_at(address.rfind(':').unwrap_or(address.len())),
    };
    if rest.is_empty() {
        return Some((host, None));
    }
    let port = rest.strip_prefix(':').filter(|port| port.bytes().all(|it| it.is_ascii_digit()))?;
    let port = port.parse().ok().filter(|port| *port != 0)?;
    Some((host, Some(port)))
}

fn percent_decoded(text: &str) -> Option<Secret> {
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let value = digit(rest.next()?)? * 16 + digit(rest.next()?)?;
            bytes.push(u8::try_from(value).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    str::from_utf8(&bytes).ok().filter(|text| !text.contains(char::is_control)).map(Secret::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_scheme_host_and_port() {
        let parsed = |url: &str| {
            let proxy = ProxyServer::parse(url, "it").unwrap();
            (proxy.scheme, proxy.host, proxy.port)
        };
        assert_eq!(parsed("p"), (Scheme::Http, "p".into(), 80));
        assert_eq!(parsed("p:3128"), (Scheme::Http, "p".into(), 3128));
        assert_eq!(parsed("HTTP://P.example/"), (Scheme::Http, "p.example".into(), 80));
        assert_eq!(parsed("https://p"), (Scheme::Https, "p".into(), 443));
        assert_eq!(parsed("https://[::1]:7"), (Scheme::Https, "::1".into(), 7));
        assert_eq!(parsed("http://[fe80::1]"), (Scheme::Http, "fe80::1".into(), 80));
        for name in ["socks", "socks4", "socks4a", "socks5", "socks5h"] {
            assert_eq!(parsed(&format!("{name}://p")).2, 1080, "{name}");
        }
    }

    #[test]
    fn a_url_names_credentials() {
        let parsed = |url: &str| {
            let credentials = ProxyServer::parse(url, "it").unwrap().credentials;
            credentials.map(|(user, password)| format!("{} {}", user.expose(), password.expose()))
        };
        assert_eq!(parsed("http://p"), None);
        assert_eq!(parsed("http://u@p").as_deref(), Some("u "));
        assert_eq!(parsed("http://u:p%40s%3a+@p:1").as_deref(), Some("u p@s:+"));
        assert_eq!(parsed("u:p@ss@p:1").as_deref(), Some("u p@ss"));
        assert_eq!(parsed("http://:t%C3%BC@p").as_deref(), Some(" tü"));
    }

    #[test]
    fn a_bad_url_is_an_error_that_does_not_repeat_it() {
        for text in [
            "ftp://user:planted@p:1",
            "http://",
            "",
            "http://planted@",
            "http://planted@:3128",
            "http://user:planted@p:x",
            "http://user:planted@p:99999",
            "http://user:planted@p:0",
            "http://user:planted@p:+1",
            "http://user:planted@p:",
            "http://user:planted@[::1",
            "http://user:planted@[::1]x",
            "http://user:planted@[::1]:",
            "http://user:planted@a:b:1",
            "http://user:planted%4@p:1",
            "http://user:planted%zz@p:1",
            "http://user:planted%ff@p:1",
            "http://user:planted%0a@p:1",
            "http://user:pla nted@p:1",
            "socks5h://user:planted@p:port",
        ] {
            let error = ProxyServer::parse(text, "it").expect_err(text);
            assert_eq!(error.code(), crate::Code::InvalidArgument);
            assert!(!error.to_string().contains("planted"), "{error}");
        }
        let server = ProxyServer::parse("http://user:planted@p:1", "it").unwrap();
        assert!(!format!("{server:?} {server}").contains("planted"));
        assert_eq!(server.to_string(), "the proxy p:1");
    }
}
