//! What a URL of Redis says: which server, as whom, and which settings.
//!
//! The URL is taken apart here and not by a general parser: those leave copies of the password
//! behind that nobody zeroes, and drop characters without a word.

use std::net::{Ipv4Addr, Ipv6Addr};
#[cfg(unix)]
use std::os::unix::ffi::OsStringExt;

use rustls::pki_types::ServerName;
use zeroize::{Zeroize, Zeroizing};

use super::parameters::Parameters;
use super::target::{Address, Login, Target};
use crate::{Error, Secret};

const PORT: u16 = 6379;

/// An error about the URL. Nothing of the URL is in it but the names of known parameters: a
/// password may be anywhere in a bad one.
pub(super) fn invalid(why: &str) -> Error {
    Error::invalid_argument(format!("the URL of Redis {why}"))
}

/// How the server is reached.
#[derive(Clone, Copy, PartialEq)]
enum Scheme {
    Tcp,
    Tls,
    Unix,
}

impl Scheme {
    fn parse(scheme: &str) -> Result<Self, Error> {
        Ok(match scheme.to_ascii_lowercase().as_str() {
            "redis" | "valkey" => Self::Tcp,
            "rediss" | "valkeys" => Self::Tls,
            "unix" | "redis+unix" | "valkey+unix" | "redis+socket" | "redis-socket" => Self::Unix,
            other if other.contains("sentinel") || other.contains("cluster") => {
                return Err(invalid("is of Redis Cluster or Sentinel, which are not supported"));
            }
            _ => return Err(invalid("is not one of redis://, rediss:// and unix://")),
        })
    }
}

/// A URL that was read.
#[derive(Debug)]
pub(super) struct Url {
    pub(super) target: Target,
    pub(super) parameters: Parameters,
}

impl Url {
    /// Reads a URL, and nothing else: no file that it names, no host.
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        let url = url.trim();
        Self::read(url).map_err(|error| {
            // The likeliest mistake, and the hardest to see from what comes of it.
            if has_open_delimiter(url) {
                invalid(
                    "has an `@` behind its host: a `/`, `?` or `#` of a password is written \
                     %2F, %3F or %23",
                )
            } else {
                error
            }
        })
    }

    fn read(url: &str) -> Result<Self, Error> {
        if url.chars().any(char::is_control) {
            return Err(invalid("has a line break or another control character in it"));
        }
        let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
        let scheme = Scheme::parse(scheme)?;
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            None if scheme == Scheme::Unix => ("", rest),
            None => return Err(invalid("has no `//` behind its scheme")),
        };
        if fragment.eq_ignore_ascii_case("insecure") {
            return Err(invalid("has `#insecure`: certificates are always checked"));
        }
        if !fragment.is_empty() {
            return Err(invalid("has a `#`: one of a password is written %23"));
        }
        let mut parameters = Parameters::parse(query)?;
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let is_tls = match (scheme, parameters.tls) {
            (Scheme::Tcp, tls) => tls.unwrap_or(false),
            (Scheme::Tls, Some(false)) => {
                return Err(invalid("says both rediss and that there is no TLS"));
            }
            (Scheme::Tls, _) => true,
            (Scheme::Unix, Some(true)) => return Err(invalid("asks for TLS over a Unix socket")),
            (Scheme::Unix, _) => false,
        };
        if let Some(name) = parameters.for_tls.as_ref().filter(|_| !is_tls) {
            return Err(invalid(&format!("has `{name}`, but no TLS: that takes rediss://")));
        }
        let login = login(user, &mut parameters, if scheme == Scheme::Unix { "" } else { path })?;
        let (address, server_name) =
            if scheme == Scheme::Unix { (unix(host, path)?, None) } else { tcp(host, is_tls)? };
        Ok(Self { target: Target { address, server_name, login }, parameters })
    }
}

/// Whether an `@` stands where none is to be expected, and none where one may be.
fn has_open_delimiter(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    !rest[..end].contains('@') && rest[end..].contains('@')
}

fn login(user: &str, parameters: &mut Parameters, path: &str) -> Result<Login, Error> {
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let one = |text: &str, parameter: Option<Secret>, what: &str| {
        let in_front = (!text.is_empty()).then(|| decode(text, false)).transpose()?;
        let parameter = parameter.filter(|parameter| !parameter.expose().is_empty());
        if in_front.is_some() && parameter.is_some() {
            return Err(invalid(&format!("has two {what}")));
        }
        Ok(in_front.or(parameter))
    };
    let mut user = one(user, parameters.user.take(), "users")?;
    let password = one(password, parameters.password.take(), "passwords")?;
    if password.is_none() && user.as_ref().is_some_and(|user| user.expose() == "default") {
        // Who does not log in is that user.
        user = None;
    }
    if user.is_some() && password.is_none() {
        return Err(invalid("has a user and no password: a password alone is `:password@`"));
    }
    let path = path.trim_matches('/');
    let in_path = (!path.is_empty()).then(|| database(path)).transpose()?;
    let database = match (in_path, parameters.database) {
        (Some(one), Some(other)) if one != other => return Err(invalid("has two databases")),
        (one, other) => one.or(other).unwrap_or(0),
    };
    Ok(Login { user, password, database })
}

pub(super) fn database(text: &str) -> Result<u32, Error> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| text.parse().ok()).flatten();
    number.ok_or_else(|| invalid("has a database that is not a number"))
}

fn tcp(host: &str, is_tls: bool) -> Result<(Address, Option<ServerName<'static>>), Error> {
    if host.contains(',') {
        return Err(invalid(
            "has more than one host: Redis Cluster and Sentinel are not supported",
        ));
    }
    let (host, port) = if let Some(rest) = host.strip_prefix('[') {
        let (host, port) = rest.split_once(']').unwrap_or_default();
        let address: Ipv6Addr =
            host.parse().map_err(|_| invalid("has a `[` without an IPv6 address and a `]`"))?;
        if address.is_unspecified() {
            return Err(invalid("has :: as its host, which is no address of a server"));
        }
        if !port.is_empty() && !port.starts_with(':') {
            return Err(invalid("has something else than a port behind its `]`"));
        }
        (address.to_string(), port.trim_start_matches(':'))
    } else {
        let (host, port) = host.split_once(':').unwrap_or((host, ""));
        (host.to_ascii_lowercase(), port)
    };
    let port = match port {
        "" => PORT,
        port if port.contains(':') => {
            return Err(invalid("has more than one `:` in its host: an IPv6 address is in [ ]"));
        }
        _ if host.is_empty() => return Err(invalid("has no host")),
        port if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            let port = port.parse().ok().filter(|port| *port != 0);
            port.ok_or_else(|| invalid("has a port that is not from 1 to 65535"))?
        }
        _ => return Err(invalid("has a port that is not a number")),
    };
    if host.is_empty() {
        return Err(invalid("has no host"));
    }
    let of_a_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    if !host.bytes().all(of_a_host) {
        return Err(invalid("has a host with characters that no host's name has"));
    }
    if host.parse() == Ok(Ipv4Addr::UNSPECIFIED) {
        return Err(invalid("has 0.0.0.0 as its host, which is no address of a server"));
    }
    let server_name = is_tls.then(|| ServerName::try_from(host.clone())).transpose();
    let server_name =
        server_name.map_err(|_| invalid("has a host that no certificate can name"))?;
    Ok((Address::Tcp((host, port)), server_name))
}

#[cfg(unix)]
fn unix(host: &str, path: &str) -> Result<Address, Error> {
    if !host.is_empty() && !host.eq_ignore_ascii_case("localhost") {
        return Err(invalid("has a host in front of its path: a path begins with unix:///"));
    }
    if !path.starts_with('/') || path.trim_matches('/').is_empty() {
        return Err(invalid("has no path of a socket: one begins with unix:///"));
    }
    let path = decoded(path, false);
    let address = (!path.contains(&0)).then(|| std::ffi::OsString::from_vec(path));
    let address = address.and_then(|path| socket2::SockAddr::unix(path).ok());
    Ok(Address::Unix(address.ok_or_else(|| invalid("has a path that is no address of a socket"))?))
}

#[cfg(not(unix))]
fn unix(_: &str, _: &str) -> Result<Address, Error> {
    Err(invalid("is of a Unix socket, which this platform does not have"))
}

/// The text behind a percent-encoded one, which may be a password.
pub(super) fn decode(text: &str, is_form: bool) -> Result<Secret, Error> {
    String::from_utf8(decoded(text, is_form)).map(Secret::new).map_err(|error| {
        error.into_bytes().zeroize();
        invalid("has percent-encoded characters that are not UTF-8")
    })
}

/// As browsers and other clients do, takes a `%` that encodes nothing for itself; in a form, a
/// `+` is a space. The buffer never grows, so that no copy stays behind.
fn decoded(text: &str, is_form: bool) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        bytes.push(match (first, digit(behind.first()), digit(behind.get(1))) {
            (b'%', Some(high), Some(low)) => {
                rest = &behind[2..];
                u8::try_from(high * 16 + low).unwrap_or(b'%')
            }
            (b'+', ..) if is_form => b' ',
            _ => first,
        });
    }
    std::mem::take(&mut *bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    fn tcp(url: &str) -> (String, u16, bool) {
        let target = Url::parse(url).expect(url).target;
        let Address::Tcp((host, port)) = target.address else { panic!("a path") };
        (host, port, target.server_name.is_some())
    }

    fn login(url: &str) -> (Option<String>, Option<String>, u32) {
        let login = Url::parse(url).expect(url).target.login;
        let text = |secret: Option<Secret>| secret.map(|secret| secret.expose().to_owned());
        (text(login.user), text(login.password), login.database)
    }

    #[test]
    fn a_url_names_the_server() {
        for (url, host, port, is_tls) in [
            ("redis://Cache.example", "cache.example", 6379, false),
            ("rediss://cache.example:6380/", "cache.example", 6380, true),
            ("valkeys://[::1]:7", "::1", 7, true),
            (" valkey://127.0.0.1\n", "127.0.0.1", 6379, false),
            ("REDIS://host", "host", 6379, false),
            ("Rediss://HOST:1//", "host", 1, true),
            ("redis://host:", "host", 6379, false),
            ("redis://host/?", "host", 6379, false),
            ("redis://host?&", "host", 6379, false),
            ("redis://host/#", "host", 6379, false),
            ("redis://host_of-1.svc.:0006379", "host_of-1.svc.", 6379, false),
            ("redis://[0:0:0:0:0:0:0:1]", "::1", 6379, false),
            ("redis://[2001:DB8::1]:6380/1", "2001:db8::1", 6380, false),
            ("redis://user:p@ss@host", "host", 6379, false),
            ("redis://host?ssl=true", "host", 6379, true),
            ("redis://host:6380?tls=1", "host", 6380, true),
            ("redis://host?ssl=False", "host", 6379, false),
            ("rediss://host?ssl=True", "host", 6379, true),
        ] {
            assert_eq!(tcp(url), (host.to_owned(), port, is_tls), "{url}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_url_names_a_socket() {
        for url in [
            "unix:///run/redis.sock",
            "UNIX:/run/redis.sock",
            "unix://localhost/run/redis.sock",
            "redis+unix:///run/redis.sock?db=3",
            "redis-socket:///run/redi%73.sock?timeout=1s",
            "unix://user:password@/run/redis.sock",
        ] {
            let target = Url::parse(url).expect(url).target;
            let Address::Unix(path) = target.address else { panic!("a host") };
            assert_eq!(path.as_pathname().unwrap().to_str(), Some("/run/redis.sock"), "{url}");
        }
    }

    #[test]
    fn a_url_says_as_whom() {
        let some = |text: &str| Some(text.to_owned());
        for (url, user, password, database) in [
            ("redis://host", None, None, 0),
            ("rediss://:p%40s%2Fs@host/12", None, some("p@s/s"), 12),
            ("redis://u:p@host", some("u"), some("p"), 0),
            ("redis://u%3a:p@ss@host/0/", some("u:"), some("p@ss"), 0),
            ("redis://:p:w@host", None, some("p:w"), 0),
            ("redis://:100%+%zz%2@host", None, some("100%+%zz%2"), 0),
            ("redis://:%C3%BC%00ü @host", None, some("ü\0ü "), 0),
            ("redis://:a,b&c=d;e$f!g*h(i)j'k[l]m@host", None, some("a,b&c=d;e$f!g*h(i)j'k[l]m"), 0),
            ("redis://:key+=@host", None, some("key+="), 0),
            ("redis://default:p@host", some("default"), some("p"), 0),
            // An empty password is none, and who does not log in is `default`.
            ("redis://default:@host", None, None, 0),
            ("redis://default@host", None, None, 0),
            ("redis://:@host/1", None, None, 1),
            ("redis://@host", None, None, 0),
            ("redis://host?password=&user=", None, None, 0),
            ("redis://host?db=3", None, None, 3),
            ("redis://host/3?database=3", None, None, 3),
            ("redis://host?username=u&password=p%2B+", some("u"), some("p+ "), 0),
            ("redis://u@host?password=p", some("u"), some("p"), 0),
        ] {
            assert_eq!(login(url), (user, password, database), "{url}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_url_of_a_socket_says_as_whom() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(login("unix:///s?user=u&pass=p%26&db=2"), (some("u"), some("p&"), 2));
        assert_eq!(login("unix://u:p@/s"), (some("u"), some("p"), 0));
        assert_eq!(login("unix:///s?password=p"), (None, some("p"), 0));
    }

    /// What is refused, and a word of why.
    const REFUSED: &[(&str, &str)] = &[
        ("", "is not one of redis://"),
        ("planted", "is not one of redis://"),
        ("https://planted@host", "is not one of redis://"),
        (
            "planted.host:6380,password=planted,ssl=True,abortConnect=False",
            "is not one of redis://",
        ),
        ("redis:planted", "no `//`"),
        ("redis:/planted", "no `//`"),
        ("redis-sentinel://:planted@host/planted", "Sentinel"),
        ("rediss+sentinel://planted", "Sentinel"),
        ("redis+cluster://planted", "Cluster"),
        ("redis://planted:1,planted:2", "more than one host"),
        ("redis://planted,planted", "more than one host"),
        ("redis://:planted@", "no host"),
        ("redis://:planted@/0", "no host"),
        ("redis://:planted@:6379", "no host"),
        ("redis:///planted", "a database that is not a number"),
        ("redis://planted@host", "a user and no password"),
        ("redis://planted:@host", "a user and no password"),
        ("redis://:planted@host/x", "a database that is not a number"),
        ("redis://:planted@host/-1", "a database that is not a number"),
        ("redis://:planted@host/+1", "a database that is not a number"),
        ("redis://:planted@host/0/planted", "a database that is not a number"),
        ("redis://:planted@host/99999999999", "a database that is not a number"),
        ("redis://:planted@host/1?db=2", "two databases"),
        ("redis://:planted@host?password=planted", "two passwords"),
        ("redis://:planted@host:99999", "not from 1 to 65535"),
        ("redis://:planted@host:0", "not from 1 to 65535"),
        ("redis://:planted@host:planted", "a port that is not a number"),
        ("redis://:planted@host:-1", "a port that is not a number"),
        ("redis://:planted@host:6379:6379", "an IPv6 address is in [ ]"),
        ("redis://:planted@::1", "an IPv6 address is in [ ]"),
        ("redis://:planted@fe80::1", "an IPv6 address is in [ ]"),
        ("redis://:planted@[::1", "without an IPv6 address"),
        ("redis://:planted@[planted]", "without an IPv6 address"),
        ("redis://:planted@[fe80::1%25eth0]", "without an IPv6 address"),
        ("redis://:planted@[::1]planted", "behind its `]`"),
        ("redis://:planted@[::1]6379", "behind its `]`"),
        ("redis://:planted@[::]", "no address of a server"),
        ("redis://:planted@0.0.0.0:6379", "no address of a server"),
        ("redis://:planted@%2Frun%2Fplanted", "characters that no host's name has"),
        ("redis://:planted@hö-planted", "characters that no host's name has"),
        ("redis://:planted@ho st", "characters that no host's name has"),
        ("redis://${PLANTED}", "characters that no host's name has"),
        ("rediss://:planted@a_*b", "characters that no host's name has"),
        ("rediss://:planted@-a..b", "no certificate can name"),
        ("redis://:plan\nted@host", "control character"),
        ("redis://:%ffplanted@host", "not UTF-8"),
        ("redis://:planted/planted@host", "%2F"),
        ("redis://:planted?planted@host", "%2F"),
        ("redis://:planted#planted@host", "%2F"),
        ("redis://planted:12/planted@host", "%2F"),
        ("redis://:planted@host#planted", "%23"),
        ("rediss://:planted@host/#insecure", "#insecure"),
        ("rediss://:planted@host?ssl=false", "both rediss and that there is no TLS"),
    ];

    #[test]
    fn a_bad_url_is_refused_and_never_repeated() {
        for (url, says) in REFUSED {
            let error = Url::parse(url).expect_err(url);
            assert_eq!(error.code(), Code::InvalidArgument);
            assert!(error.message().contains(says), "{url}: {error}");
            assert!(!format!("{error:?}").to_lowercase().contains("planted"), "{error:?}");
        }
        let url = Url::parse("redis://planted:planted@host?client_name=planted").unwrap();
        assert!(!format!("{url:?}").contains("planted"));
    }

    #[cfg(unix)]
    #[test]
    fn a_bad_url_of_a_socket_is_refused_and_never_repeated() {
        for (url, says) in [
            ("unix:///s?user=planted", "a user and no password"),
            ("unix:///s?pass=planted&db=x", "`db`, which is not a number"),
            ("unix://planted/s", "a path begins with unix:///"),
            ("unix://planted.sock", "a path begins with unix:///"),
            ("unix:planted.sock", "no path of a socket"),
            ("unix://:planted@", "no path of a socket"),
            ("unix:///", "no path of a socket"),
            ("unix:///planted?ssl=true", "TLS over a Unix socket"),
            ("unix:///planted?ssl_cert_reqs=required", "`ssl_cert_reqs`, but no TLS"),
            ("unix:///planted%00", "no address of a socket"),
        ] {
            let error = Url::parse(url).expect_err(url);
            assert_eq!(error.code(), Code::InvalidArgument);
            assert!(error.message().contains(says), "{url}: {error}");
            assert!(!error.message().contains("planted"), "{error}");
        }
    }
}
