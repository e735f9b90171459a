//! Which server, and as whom: what a URL says.

use std::fmt;

use redis::{ConnectionAddr, IntoConnectionInfo};
use rustls::pki_types::ServerName;
use socket2::SockAddr;

use crate::net::Key;
use crate::{Error, Secret};

#[derive(Debug)]
pub(super) struct Target {
    pub(super) address: Address,
    /// What its certificate has to be for, where TLS is wanted.
    pub(super) server_name: Option<ServerName<'static>>,
    pub(super) login: Login,
}

pub(super) enum Address {
    Tcp(Key),
    Unix(SockAddr),
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp((host, port)) => write!(f, "{host}:{port}"),
            Self::Unix(path) => fmt::Debug::fmt(&path.as_pathname(), f),
        }
    }
}

#[derive(Debug)]
pub(super) struct Login {
    pub(super) user: Option<Secret>,
    pub(super) password: Option<Secret>,
    pub(super) database: i64,
}

impl Target {
    /// Nothing of the URL is in an error: a password may be anywhere in a bad one.
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        let invalid = |why: &str| Error::invalid_argument(format!("the URL of Redis {why}"));
        let mut url = redis::parse_redis_url(url.trim())
            .ok_or_else(|| invalid("is not one of redis://, rediss:// and unix://"))?;
        let is_unix = !url.has_authority() || url.scheme().ends_with("unix");
        let known: &[&str] = if is_unix { &["db", "user", "pass"] } else { &[] };
        if url.fragment().is_some() || url.query_pairs().any(|(name, _)| !known.contains(&&*name)) {
            return Err(invalid("has a parameter that is not supported"));
        }
        // Here TLS is ours; the crate would refuse it.
        let plain = match url.scheme() {
            "rediss" => Some("redis"),
            "valkeys" => Some("valkey"),
            _ => None,
        };
        if let Some(plain) = plain {
            url.set_scheme(plain).map_err(|()| invalid("cannot be read"))?;
        }
        let info = url
            .into_connection_info()
            .map_err(|_| invalid("has no host or path, or its database is not a number"))?;
        let login = info.redis_settings();
        let login = Login {
            user: login.username().map(Secret::from),
            password: login.password().map(Secret::from),
            database: login.db(),
        };
        if login.user.is_some() && login.password.is_none() {
            return Err(invalid("has a user and no password: a password alone is `:password@`"));
        }
        if login.database < 0 {
            return Err(invalid("has a database below zero"));
        }
        let (address, server_name) = match info.addr() {
            ConnectionAddr::Tcp(host, port) => {
                let name = plain.map(|_| ServerName::try_from(host.clone())).transpose();
                let name = name.map_err(|_| invalid("has a host that no certificate can name"))?;
                (Address::Tcp((host.to_ascii_lowercase(), *port)), name)
            }
            ConnectionAddr::Unix(path) => {
                let path = SockAddr::unix(path)
                    .map_err(|_| invalid("has a path that is no address of a socket"))?;
                (Address::Unix(path), None)
            }
            _ => return Err(invalid("cannot be read")),
        };
        Ok(Self { address, server_name, login })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    fn tcp(url: &str) -> (String, u16, bool) {
        let target = Target::parse(url).unwrap();
        let Address::Tcp((host, port)) = target.address else { panic!("a path") };
        (host, port, target.server_name.is_some())
    }

    #[test]
    fn a_url_names_the_server() {
        assert_eq!(tcp("redis://Cache.example"), ("cache.example".into(), 6379, false));
        assert_eq!(tcp("rediss://cache.example:6380/"), ("cache.example".into(), 6380, true));
        assert_eq!(tcp("valkeys://[::1]:7"), ("::1".into(), 7, true));
        assert_eq!(tcp(" valkey://127.0.0.1 "), ("127.0.0.1".into(), 6379, false));
        for url in ["unix:///run/redis.sock", "redis+unix:///run/redis.sock?db=3"] {
            let target = Target::parse(url).unwrap();
            let Address::Unix(path) = target.address else { panic!("a host") };
            assert_eq!(path.as_pathname().unwrap().to_str(), Some("/run/redis.sock"));
        }
    }

    #[test]
    fn a_url_says_as_whom() {
        let login = |url: &str| {
            let login = Target::parse(url).unwrap().login;
            let text = |secret: Option<Secret>| secret.map(|secret| secret.expose().to_owned());
            (text(login.user), text(login.password), login.database)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(login("redis://host"), (None, None, 0));
        assert_eq!(login("rediss://:p%40s%2Fs@host/12"), (None, some("p@s/s"), 12));
        assert_eq!(login("redis://u:p@host"), (some("u"), some("p"), 0));
        assert_eq!(login("unix:///s?user=u&pass=p%26&db=2"), (some("u"), some("p&"), 2));
    }

    #[test]
    fn a_bad_url_is_refused_and_never_repeated() {
        for url in [
            "",
            "planted",
            "https://planted@host",
            "redis:planted",
            "redis://:planted@",
            "redis://planted@host",
            "redis://:planted@host/x",
            "redis://:planted@host/-1",
            "redis://:planted@host:99999",
            "redis://:planted@host?protocol=resp3",
            "rediss://:planted@host/#insecure",
            "rediss://:planted@a_*b",
            "unix:///s?user=planted",
            "unix:///s?pass=planted&db=x",
        ] {
            let error = Target::parse(url).expect_err(url);
            assert_eq!(error.code(), Code::InvalidArgument);
            assert!(!error.message().contains("planted"), "{error}");
        }
        let target = Target::parse("redis://planted:planted@host").unwrap();
        assert!(!format!("{target:?}").contains("planted"));
    }
}
