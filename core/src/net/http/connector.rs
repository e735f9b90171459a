//! How a connection to the service is made: names, addresses, a proxy, TLS.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout};

use super::Settings;
use super::exchanging::Exchanging;
use super::in_flight::InFlight;
use super::pool::{Connection, Pool};
use crate::Code;
use crate::net::channel::Channel;
use crate::net::failure::{Failure, Stage};
use crate::net::lookups::{Key, Lookups};
use crate::net::proxy_server::{ProxyServer, Scheme};
use crate::net::tls::{Tls, client_config};
use crate::net::{socks, tunnel};

/// Opens the connections of a client.
pub(super) struct NetConnector {
    pub(super) settings: Arc<Settings>,
    pub(super) lookups: Lookups,
    pub(super) pool: Arc<Pool>,
    /// Made at the first need, since it reads the roots of the platform.
    pub(super) tls: OnceLock<Arc<ClientConfig>>,
}

/// A connection that is being opened.
struct Opening<'a> {
    connector: &'a NetConnector,
    details: &'a ConnectionDetails<'a>,
    /// When the whole exchange has to be over.
    until: Instant,
}

impl NetConnector {
    fn tls(&self) -> Result<Arc<ClientConfig>, Failure> {
        if let Some(config) = self.tls.get() {
            return Ok(config.clone());
        }
        let settings = &self.settings;
        let config = client_config(&settings.roots, settings.client_certificate.as_ref());
        let config = config.map_err(|error| {
            Failure::from_io("no TLS", std::io::Error::other(error), Stage::BeforeSent)
        })?;
        Ok(self.tls.get_or_init(|| config).clone())
    }
}

impl Opening<'_> {
    fn open(&self) -> Result<Connection, Failure> {
        let settings = &self.connector.settings;
        let (host, port) = &settings.service;
        let (channel, until) = match &settings.proxy {
            None => self.reach(&settings.service, &address(host, *port))?,
            Some(proxy) => self.reach_through(proxy)?,
        };
        if settings.is_plain {
            return Ok(Connection::new(channel, false));
        }
        let what = format!("no TLS connection to {}", address(host, *port));
        let channel = self.encrypt(&what, host, channel, until)?;
        Ok(Connection::new(channel, true))
    }

    /// Connects to a host. Also returns until when what comes next may take.
    fn reach(&self, key: &Key, name: &str) -> Result<(Box<dyn Channel>, Instant), Failure> {
        let connect_timeout = self.connector.settings.connect_timeout;
        let lookups = &self.connector.lookups;
        let (socket, until) = lookups.dial(key, name, connect_timeout, self.until)?;
        // Held until it is registered, since the registry keeps no handle alive.
        let handle = socket.shutdown_handle();
        (self.details.register_shutdown)(Arc::downgrade(&handle))
            .map_err(|_| Failure::not_sent(Code::Connect, "the client is closed"))?;
        Ok((Box::new(socket), until))
    }

    fn reach_through(&self, proxy: &ProxyServer) -> Result<(Box<dyn Channel>, Instant), Failure> {
        let settings = &self.connector.settings;
        let (host, port) = &settings.service;
        let service = address(host, *port);
        // The name of the service first: a proxy does not wait for it.
        let first = if proxy.wants_address() {
            let addresses =
                self.connector.lookups.addresses(&settings.service, &service, self.until)?;
            // Version 4 of SOCKS knows no other.
            let fits = |it: &&SocketAddr| proxy.scheme != Scheme::Socks4 || it.is_ipv4();
            Some(*addresses.iter().find(fits).unwrap_or(&addresses[0]))
        } else {
            None
        };
        let key = (proxy.host.clone(), proxy.port);
        let (mut channel, until) = self.reach(&key, &proxy.to_string())?;
        match proxy.scheme {
            Scheme::Http => {}
            Scheme::Https => {
                let what = format!("no TLS connection to {proxy}");
                channel = self.encrypt(&what, &proxy.host, channel, until)?;
            }
            Scheme::Socks4 | Scheme::Socks4a | Scheme::Socks5 | Scheme::Socks5h => {
                let target =
                    first.map_or_else(|| socks::Target::of(host, *port), socks::Target::Address);
                socks::open(proxy, &mut *channel, target, until)?;
                return Ok((channel, until));
            }
        }
        let channel = tunnel::open(proxy, channel, &service, &settings.user_agent, until)?;
        Ok((channel, until))
    }

    fn encrypt(
        &self,
        what: &str,
        host: &str,
        channel: Box<dyn Channel>,
        until: Instant,
    ) -> Result<Box<dyn Channel>, Failure> {
        let config = self.connector.tls()?;
        // A dot at the end is not part of a certificate's names.
        let name = ServerName::try_from(host.strip_suffix('.').unwrap_or(host).to_owned());
        let name = name.map_err(|_| {
            Failure::not_sent(Code::Tls, format!("{what}: no certificate can name this host"))
        })?;
        let tls = Tls::connect(config, name, channel, until)
            .map_err(|error| Failure::from_io(what, error, Stage::BeforeSent))?;
        Ok(Box::new(tls))
    }
}

/// Host and port as they are written, an IPv6 address in brackets.
fn address(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

impl Connector for NetConnector {
    type Out = Exchanging;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Exchanging>, ureq::Error> {
        let connection = InFlight::with(|in_flight| {
            if let Some(idle) = self.pool.take(in_flight.max_idle) {
                return Some(idle);
            }
            let opening = Opening { connector: self, details, until: in_flight.until };
            opening.open().map_err(|failure| in_flight.outcome = Some(Err(failure))).ok()
        });
        // Without one, the reason lies with the exchange.
        Ok(connection.flatten().map(|it| Exchanging::new(it, self.pool.clone())))
    }
}

impl fmt::Debug for NetConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetConnector").finish_non_exhaustive()
    }
}

/// ureq asks for addresses on every call, even one that has a connection. They are looked up
/// where one is opened.
#[derive(Debug)]
pub(super) struct LaterResolver;

impl Resolver for LaterResolver {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}
